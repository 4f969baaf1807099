//! Tables as `acpidump` writes them: rows of sixteen bytes behind an offset.
//!
//! ```text
//! APIC @ 0x00000000BFFE1D00
//!     0000: 41 50 49 43 6C 00 00 00 01 15 30 35 32 38 31 30  APICl.....052810
//! ```
//!
//! Output that a disassembler was put over has the same rows, with `//` in
//! front of the characters.

use super::{facts, header, push};
use crate::Finding;
use crate::hardware::Hardware;
use crate::hardware::text_file::Line;

/// A row: its offset and its bytes.
fn row(line: &str) -> Option<(usize, Vec<u8>)> {
    let (offset, rest) = line.trim_start().split_once(':')?;
    let hexadecimal = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !(4..=8).contains(&offset.len()) || !hexadecimal(offset) {
        return None;
    }
    let rest = rest.strip_prefix(' ')?;
    // The characters stand behind the sixteenth byte, or behind more than one
    // blank where there are fewer.
    let words = rest.split(' ').take(16);
    let bytes = words.map_while(|word| {
        let two = word.len() == 2 && hexadecimal(word);
        u8::from_str_radix(word, 16).ok().filter(|_| two)
    });
    let bytes: Vec<u8> = bytes.collect();
    let offset = usize::from_str_radix(offset, 16).ok()?;
    (!bytes.is_empty()).then_some((offset, bytes))
}

/// Whether a table begins with this line.
pub(in crate::hardware) fn begins(line: &str) -> bool {
    let titled = line
        .split_once(" @ 0x")
        .is_some_and(|(name, _)| name.len() == 4);
    // A hexadecimal dump of anything else does not begin with a signature.
    titled || row(line).is_some_and(|(at, bytes)| at == 0 && header(&bytes).is_some())
}

/// Whether a line belongs to the table before it.
pub(in crate::hardware) fn goes_on(line: &str) -> bool {
    line.is_empty() || row(line).is_some() || begins(line)
}

/// Reads tables into `hardware`.
pub(in crate::hardware) fn read(lines: &[Line<'_>], hardware: &mut Hardware) {
    let mut table = Vec::new();
    let mut first = 0;
    for line in lines {
        let Some((offset, bytes)) = row(line.text) else {
            continue;
        };
        if offset == 0 {
            finish(&table, first, hardware);
            table.clear();
            first = line.number;
        }
        if offset == table.len() {
            table.extend(bytes);
        }
    }
    finish(&table, first, hardware);
    facts(hardware);
}

fn finish(table: &[u8], line: usize, hardware: &mut Hardware) {
    // The RSDP has no length where others have it, and nothing that counts.
    let Some((signature, length)) = header(table) else {
        return;
    };
    match table.get(..length) {
        Some(table) => push(table, hardware),
        None => hardware.add_finding(Finding::warning(
            "acpi-truncated",
            format!(
                "the ACPI table `{signature}` at line {line} claims {length} bytes, and {} are \
                 there",
                table.len()
            ),
        )),
    }
}
