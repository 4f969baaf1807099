//! The table of the MultiProcessor Specification: as bytes (the table itself,
//! or a piece of memory that holds it, as `dd if=/dev/mem` gives), and as the
//! text that `mptable` writes.
//!
//! Layout: MultiProcessor Specification 1.4, sections 4.1 (floating pointer),
//! 4.2 (header), 4.3 (entries), 5 (default configurations).

use super::Hardware;
use super::text_file::Line;
use crate::Finding;

/// The floating pointer: it stands on a multiple of its own length.
const POINTER: &[u8; 4] = b"_MP_";
const POINTER_LEN: usize = 16;
/// Where it names one of the default configurations; 0 where there is a table.
const POINTER_DEFAULT: usize = 11;
const TABLE: &[u8; 4] = b"PCMP";
const HEADER: usize = 44;
/// The largest piece of memory that is searched, in bytes: all that real mode
/// reaches.
const MAX_MEMORY: usize = 1 << 20;
/// Both default configurations have so many processors, and one I/O APIC.
const DEFAULT_PROCESSORS: u32 = 2;

/// What a table says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Found {
    processors: u32,
    io_apics: u32,
}

/// Whether a file is a table, or a piece of memory with one.
pub(super) fn is_binary(bytes: &[u8]) -> bool {
    bytes.starts_with(TABLE) || bytes.starts_with(POINTER) || pointer(bytes).is_some()
}

/// Reads it into `hardware`.
pub(super) fn read_binary(bytes: &[u8], hardware: &mut Hardware) {
    let places = bytes.windows(TABLE.len()).enumerate();
    let places = places.filter(|(_, window)| window == TABLE);
    let mut tables = places.filter_map(|(at, _)| table(bytes.get(at..)?));
    if let Some(entries) = tables.next() {
        put(count(entries, hardware), hardware);
        return;
    }
    match pointer(bytes).and_then(|pointer| pointer.get(POINTER_DEFAULT)) {
        Some(1..=7) => put(
            Found {
                processors: DEFAULT_PROCESSORS,
                io_apics: 1,
            },
            hardware,
        ),
        _ => hardware.add_finding(Finding::warning(
            "mp-table",
            "an MP table is named, and none that is whole is in the file",
        )),
    }
}

/// The floating pointer in a piece of memory.
fn pointer(bytes: &[u8]) -> Option<&[u8]> {
    let memory = bytes.get(..bytes.len().min(MAX_MEMORY))?;
    let mut places = memory.chunks_exact(POINTER_LEN);
    places.find(|place| place.starts_with(POINTER) && sum(place) == 0)
}

/// The entries of a table that is there whole.
fn table(bytes: &[u8]) -> Option<&[u8]> {
    let len = bytes.get(4..6)?.try_into().ok()?;
    let table = bytes.get(..usize::from(u16::from_le_bytes(len)))?;
    (sum(table) == 0).then(|| table.get(HEADER..))?
}

fn sum(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |sum, byte| sum.wrapping_add(*byte))
}

/// Counts what is enabled. Processors have 20 bytes; buses, I/O APICs and
/// interrupts 8.
fn count(entries: &[u8], hardware: &mut Hardware) -> Found {
    let mut found = Found::default();
    let mut rest = entries;
    while let Some(kind) = rest.first() {
        let len = match kind {
            0 => 20,
            1..=4 => 8,
            _ => 0,
        };
        let entry = rest.get(..len).filter(|entry| !entry.is_empty());
        let Some(entry) = entry else {
            hardware.add_finding(Finding::warning(
                "mp-table",
                format!("the MP table has an entry of type {kind} that is none or is cut off"),
            ));
            break;
        };
        let enabled = entry.get(3).is_some_and(|flags| flags & 1 != 0);
        match kind {
            0 => found.processors += u32::from(enabled),
            2 => found.io_apics += u32::from(enabled),
            _ => {}
        }
        rest = rest.get(len..).unwrap_or_default();
    }
    found
}

fn put(found: Found, hardware: &mut Hardware) {
    hardware.firmware.mp_table = Some(found.io_apics > 0);
    if found.processors > 0 {
        hardware.processors.logical.get_or_insert(found.processors);
    }
}

/// Whether the text of `mptable` begins with this line.
pub(super) fn begins(line: &str) -> bool {
    let name = line.split(',').next().unwrap_or_default();
    name == "MPTable" || line == "MP Floating Pointer Structure:"
}

/// Whether a line belongs to it.
pub(super) fn goes_on(line: &str) -> bool {
    let rule = |c: char| c == '-' || c == '=';
    line.starts_with([' ', '\t', '#'])
        || line.starts_with("MPTABLE HOSED!")
        || line.chars().all(rule)
        || line.ends_with(':')
        || line.contains(":\t")
        || line.contains(":  ")
}

/// Reads the text of `mptable`.
pub(super) fn read(lines: &[Line<'_>], hardware: &mut Hardware) {
    let mut found = Found::default();
    let mut heading = "";
    let mut is_there = false;
    for line in lines {
        let text = line.text.trim();
        if line.indent() == 0 {
            heading = text.split(':').next().unwrap_or_default();
        }
        if text.starts_with("MPTABLE HOSED!") {
            hardware.add_finding(Finding::warning("mp-table", "`mptable` found it damaged"));
            return;
        }
        if text.starts_with("MP default config type:") {
            found = Found {
                processors: DEFAULT_PROCESSORS,
                io_apics: 1,
            };
            is_there = true;
        }
        if let Some(("signature", "'PCMP'")) = line.pair() {
            is_there = true;
        }
        let usable = line.indent() > 0 && text.split(&[' ', '\t', ',']).any(|it| it == "usable");
        match heading {
            "Processors" => found.processors += u32::from(usable),
            "I/O APICs" => found.io_apics += u32::from(usable),
            _ => {}
        }
    }
    if is_there {
        put(found, hardware);
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        reason = "a panic is how a test fails"
    )]

    use super::*;

    fn with_sum(mut bytes: Vec<u8>, at: usize) -> Vec<u8> {
        bytes[at] = sum(&bytes).wrapping_neg();
        bytes
    }

    /// A table with this many processors of which the last is disabled, and an
    /// I/O APIC or none.
    fn made(processors: u8, io_apic: bool) -> Vec<u8> {
        let mut entries = Vec::new();
        for number in 0..processors {
            let mut entry = vec![0, number, 0x14, u8::from(number + 1 < processors)];
            entry.resize(20, 0);
            entries.extend(entry);
        }
        entries.extend([1, 0, b'I', b'S', b'A', b' ', b' ', b' ']);
        if io_apic {
            entries.extend([2, 4, 0x11, 1, 0, 0, 0xC0, 0xFE]);
        }
        let len = (HEADER + entries.len()) as u16;
        let mut table = TABLE.to_vec();
        table.extend(len.to_le_bytes());
        table.resize(HEADER, 0);
        table.extend(entries);
        with_sum(table, 7)
    }

    fn pointer_to(default: u8) -> Vec<u8> {
        let mut pointer = POINTER.to_vec();
        pointer.extend(0xF_5A00_u32.to_le_bytes());
        pointer.extend([1, 4, 0, default, 0, 0, 0, 0]);
        with_sum(pointer, 10)
    }

    fn read(bytes: &[u8]) -> Hardware {
        Hardware::read("mp", bytes).unwrap()
    }

    #[test]
    fn enabled_processors_and_io_apics_are_counted() {
        let one = read(&made(3, true));
        assert_eq!(one.processors.logical, Some(2));
        assert_eq!(one.firmware.mp_table, Some(true));
        assert_eq!(one.firmware.acpi, None);
        assert_eq!(read(&made(2, false)).firmware.mp_table, Some(false));
    }

    #[test]
    fn it_is_found_in_a_piece_of_memory_and_a_default_configuration_has_two() {
        let mut memory = vec![0; 0x1_0000];
        memory[0x5020..0x5030].copy_from_slice(&pointer_to(0));
        let table = made(5, true);
        memory[0x5a07..0x5a07 + table.len()].copy_from_slice(&table);
        assert_eq!(read(&memory).processors.logical, Some(4));
        let both = [pointer_to(5), vec![0; 32]].concat();
        assert_eq!(read(&both).processors.logical, Some(2));
        assert_eq!(read(&both).firmware.mp_table, Some(true));
    }

    #[test]
    fn damage_is_told_and_gives_nothing() {
        let mut wrong = made(2, true);
        wrong[50] ^= 1;
        let mut cut = made(3, true);
        cut.truncate(60);
        for bytes in [wrong, cut, pointer_to(0)] {
            let error = Hardware::read("mp", &bytes).unwrap_err();
            assert!(error.to_string().contains("MP table"), "{error}");
        }
        let whole = made(2, true);
        for len in 0..whole.len() {
            let _ = Hardware::read("mp", &whole[..len]);
        }
        let mut odd = made(2, true);
        let last = odd.len() - 8;
        odd[last] = 9;
        odd[7] = 0;
        let odd = read(&with_sum(odd, 7));
        assert_eq!(odd.findings.len(), 1, "{:?}", odd.findings);
    }

    #[test]
    fn the_text_of_mptable_says_the_same() {
        // The form of the program; the numbers of no computer in particular.
        let text = "=====\n\nMPTable, version 2.0.15 Linux\n\n-----\n\n\
            MP Floating Pointer Structure:\n\n  location:\t\t\tBIOS\n  signature:\t\t\t'_MP_'\n\
            -----\n\nMP Config Table Header:\n\n  signature:\t\t\t'PCMP'\n  version:\t\t\t1.4\n\
            -----\n\nMP Config Base Table Entries:\n\n--\n\
            Processors:\tAPIC ID\tVersion\tState\t\tFamily\tModel\tStep\tFlags\n\
            \t\t 0\t 0x11\t BSP, usable\t 6\t 8\t 6\t 0x383fbff\n\
            \t\t 1\t 0x11\t AP, usable\t 6\t 8\t 6\t 0x383fbff\n\
            \t\t 2\t 0x11\t AP, unusable\t 6\t 8\t 6\t 0x383fbff\n--\n\
            Bus:\t\tBus ID\tType\n\t\t 0\t PCI   \n--\n\
            I/O APICs:\tAPIC ID\tVersion\tState\t\tAddress\n\t\t 4\t 0x11\t usable\t\t 0xfec00000\n--\n\
            I/O Ints:\tType\tPolarity    Trigger\tBus ID\t IRQ\tAPIC ID\tINT#\n\
            \t\tExtINT\t conforms    conforms\t 1\t 0\t 4\t 0\n";
        let found = read(text.as_bytes());
        assert_eq!(found.processors.logical, Some(2));
        assert_eq!(found.firmware.mp_table, Some(true));
        let hosed = text.replace("Bus:\t", "MPTABLE HOSED! record type = 55\nBus:\t");
        let error = Hardware::read("mp", hosed.as_bytes()).unwrap_err();
        assert!(error.to_string().contains("damaged"), "{error}");
    }
}
