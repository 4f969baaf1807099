//! Hexadecimal data: bytes with commas between them, over as many lines as end
//! in a backslash.

use super::error::RegFileRule;
use super::lines::{Lines, is_over, shown, trim_start};

const COMMA: u16 = b',' as u16;
const BACKSLASH: u16 = b'\\' as u16;

/// Reads data from `rest` of a line and the lines behind it. A backslash that
/// ends a line stands behind a comma, and may have a comment behind it; blank
/// lines and comments may follow before the data goes on.
pub(super) fn read(rest: &[u16], lines: &mut Lines<'_>) -> Result<Vec<u8>, RegFileRule> {
    let mut bytes = Vec::new();
    let mut rest = trim_start(rest);
    // Whether a byte may come: at the beginning, and behind a comma.
    let mut open = true;
    loop {
        if is_over(rest) {
            return Ok(bytes);
        }
        match rest {
            [BACKSLASH, behind @ ..] if open => {
                if !is_over(behind) {
                    let found = shown(rest);
                    return Err(RegFileRule::HexByte { found });
                }
                match lines
                    .map(|line| trim_start(line.text))
                    .find(|line| !is_over(line))
                {
                    Some(next) if digit(next.first()).is_some() => rest = next,
                    Some(other) => {
                        let found = shown(other);
                        return Err(RegFileRule::HexByte { found });
                    }
                    // Windows from Vista on takes what it has.
                    None => return Ok(bytes),
                }
            }
            _ if open => {
                let (byte, behind) =
                    byte(rest).ok_or_else(|| RegFileRule::HexByte { found: shown(rest) })?;
                bytes.push(byte);
                open = false;
                rest = trim_start(behind);
            }
            [COMMA, behind @ ..] => {
                open = true;
                rest = trim_start(behind);
            }
            _ => {
                let found = shown(rest);
                return Err(RegFileRule::HexComma { found });
            }
        }
    }
}

/// A byte of one or two digits, and what stands behind it.
fn byte(text: &[u16]) -> Option<(u8, &[u16])> {
    let (first, behind) = text.split_first()?;
    let high = digit(Some(first))?;
    let Some(low) = digit(behind.first()) else {
        return Some((high, behind));
    };
    let behind = behind.get(1..)?;
    // Three digits are more than a byte.
    match digit(behind.first()) {
        Some(_) => None,
        None => Some((high << 4 | low, behind)),
    }
}

fn digit(unit: Option<&u16>) -> Option<u8> {
    let unit = char::from_u32(u32::from(*unit?))?;
    unit.to_digit(16).and_then(|digit| digit.try_into().ok())
}

/// A number of 1 to 8 hexadecimal digits, and what stands behind it.
pub(super) fn number(text: &[u16]) -> Option<(u32, &[u16])> {
    let digits = text.iter().take_while(|unit| digit(Some(unit)).is_some());
    let (digits, behind) = text.split_at_checked(digits.count())?;
    if digits.is_empty() || digits.len() > 8 {
        return None;
    }
    let number = digits.iter().try_fold(0_u32, |number, unit| {
        Some(number << 4 | u32::from(digit(Some(unit))?))
    })?;
    Some((number, behind))
}
