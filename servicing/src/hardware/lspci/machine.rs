//! The machine-readable layouts: `lspci -nmm`, one line a function, and
//! `lspci -nvmm`, one line a field. Both leave out what is 0.

use super::{Function, PciClass, PciFunction, address, hex8, hex16};
use crate::hardware::text_file::Line;

/// Fields of `-vmm`.
const FIELDS: [&str; 11] = [
    "Class",
    "Vendor",
    "Device",
    "SVendor",
    "SDevice",
    "Rev",
    "ProgIf",
    "Driver",
    "Module",
    "NUMANode",
    "IOMMUGroup",
];

/// Whether a function of `-vmm` begins here.
pub(super) fn begins(line: &str) -> bool {
    let slot = line.strip_prefix("Slot:").map(str::trim);
    slot.is_some_and(|slot| address(&format!("{slot} x")).is_some())
}

/// Whether a line is one of its fields.
pub(super) fn goes_on(line: &str) -> bool {
    let field = line.split_once(':').map(|(field, _)| field);
    field.is_some_and(|field| FIELDS.contains(&field) || field == "PhySlot")
}

/// A function in one of the two layouts; `None` where it is neither.
pub(super) fn function(block: &[Line<'_>]) -> Option<Function> {
    let (head, body) = block.split_first()?;
    if begins(head.text) {
        return fields(head, body);
    }
    let (at, rest) = address(head.text)?;
    if !rest.starts_with('"') {
        return None;
    }
    let pieces = pieces(rest);
    let text = |index: usize| pieces.get(index * 2 + 1).map(String::as_str);
    // Between the quoted words: `-r04 -p01`.
    let words = pieces.iter().step_by(2).flat_map(|text| text.split(' '));
    let option = |letter: &str| {
        let mut words = words.clone();
        words.find_map(|word| hex8(word.strip_prefix(letter)?))
    };
    let revision = option("-r").unwrap_or(0);
    let interface = option("-p").unwrap_or(0);
    let subsystem = (text(3).and_then(number), text(4).and_then(number));
    let numbers = numbers(text(0)?, text(1)?, text(2)?, revision, interface, subsystem)?;
    Some(Function {
        location: at.to_owned(),
        numbers,
        description: text(2).and_then(name),
        ..Function::default()
    })
}

/// What is outside of quotes and within them, by turns. A name may hold quotes,
/// behind a backslash.
fn pieces(text: &str) -> Vec<String> {
    // There are five words.
    const MOST: usize = 16;
    let (mut pieces, mut piece) = (Vec::new(), String::new());
    let mut characters = text.chars();
    while let Some(character) = characters.next().filter(|_| pieces.len() < MOST) {
        match character {
            '"' => pieces.push(std::mem::take(&mut piece)),
            '\\' => piece.extend(characters.next()),
            other => piece.push(other),
        }
    }
    pieces.push(piece);
    pieces
}

fn fields(head: &Line<'_>, body: &[Line<'_>]) -> Option<Function> {
    let (_, at) = head.pair()?;
    let field = |name: &str| {
        let mut pairs = body.iter().filter_map(|line| line.pair());
        pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
    };
    let subsystem = (
        field("SVendor").and_then(number),
        field("SDevice").and_then(number),
    );
    let numbers = numbers(
        field("Class")?,
        field("Vendor")?,
        field("Device")?,
        field("Rev").and_then(hex8).unwrap_or(0),
        field("ProgIf").and_then(hex8).unwrap_or(0),
        subsystem,
    )?;
    Some(Function {
        location: at.to_owned(),
        numbers,
        description: field("Device").and_then(name),
        driver: field("Driver").map(str::to_owned),
        ..Function::default()
    })
}

fn numbers(
    class: &str,
    vendor: &str,
    device: &str,
    revision: u8,
    interface: u8,
    subsystem: (Option<u16>, Option<u16>),
) -> Option<PciFunction> {
    let class = number(class)?;
    let subsystem = match subsystem {
        (Some(by), id) => Some((by, id.unwrap_or(0))),
        // A bridge keeps its subsystem where this layout does not look.
        _ if class == 0x0604 => None,
        _ => Some((0, 0)),
    };
    Some(PciFunction {
        vendor: number(vendor)?,
        device: number(device)?,
        subsystem,
        revision: Some(revision),
        class: Some(PciClass {
            base: (class >> 8) as u8,
            sub: class as u8,
            interface: Some(interface),
        }),
        express_type: None,
    })
}

/// `0106` (`-n`) or `SATA controller [0106]` (`-nn`).
fn number(text: &str) -> Option<u16> {
    let inner = text
        .strip_suffix(']')
        .and_then(|text| text.rsplit_once('['));
    let digits = inner.map_or(text, |(_, digits)| digits);
    hex16(digits).filter(|_| digits.len() == 4)
}

/// The name in front of the number, where there is one.
fn name(text: &str) -> Option<String> {
    let (name, _) = text.rsplit_once('[')?;
    Some(name.trim().to_owned()).filter(|name| !name.is_empty())
}
