//! Text between quotation marks: names and `REG_SZ` data.

use super::error::RegFileRule;
use super::lines::{Line, Lines, shown};

const QUOTE: u16 = b'"' as u16;
const BACKSLASH: u16 = b'\\' as u16;

/// Reads text up to its closing quotation mark, and gives what stands behind
/// it. `rest` begins behind the opening one.
///
/// Only `\\` and `\"` are escapes. Windows takes other characters behind a
/// backslash as they are (and drops a value with `\0`): whoever writes
/// `"C:\new"` does not mean `C:new`, so that is an error here.
fn read<'t>(rest: &'t [u16], text: &mut Vec<u16>) -> Result<Option<&'t [u16]>, RegFileRule> {
    let mut rest = rest;
    loop {
        match rest {
            [] => return Ok(None),
            [QUOTE, behind @ ..] => return Ok(Some(behind)),
            [BACKSLASH, escaped @ (QUOTE | BACKSLASH), behind @ ..] => {
                text.push(*escaped);
                rest = behind;
            }
            [BACKSLASH, behind @ ..] => {
                let found = shown(behind.get(..1).unwrap_or_default());
                return Err(RegFileRule::Escape { found });
            }
            [unit, behind @ ..] => {
                text.push(*unit);
                rest = behind;
            }
        }
    }
}

/// A name; it ends in its line.
pub(super) fn name(rest: &[u16]) -> Result<(Vec<u16>, &[u16]), RegFileRule> {
    let mut text = Vec::new();
    match read(rest, &mut text)? {
        Some(behind) => Ok((text, behind)),
        None => Err(RegFileRule::NameNotClosed),
    }
}

/// Text data. regedit writes line ends in a value as they are, so such text
/// goes on in the next line (wixtoolset/issues 4477 shows an export).
pub(super) fn data<'t>(
    rest: &'t [u16],
    line: Line<'t>,
    lines: &mut Lines<'t>,
) -> Result<(Vec<u16>, &'t [u16]), RegFileRule> {
    let (mut text, mut rest, mut line) = (Vec::new(), rest, line);
    loop {
        if let Some(behind) = read(rest, &mut text)? {
            return Ok((text, behind));
        }
        text.extend(line.end);
        line = lines.next().ok_or(RegFileRule::TextNotClosed)?;
        rest = line.text;
    }
}
