//! ACPI tables: as files of `/sys/firmware/acpi/tables`, put one behind the
//! other, and as the text that `acpidump` writes.
//!
//! The tables are kept whole; what processors and interrupt controllers there
//! are is read from the MADT. Layouts: ACPI specification 6.5, sections 5.2.6
//! (header), 5.2.9 (FADT), 5.2.12 (MADT).

mod dump;
mod madt;

use std::sync::Arc;

pub(super) use self::dump::{begins, goes_on, read as read_dump};
use super::Hardware;
use crate::Finding;

/// Bytes of the header that all tables but the FACS begin with.
const HEADER: usize = 36;

/// Most tables of one computer that are kept; servers have some 60.
const MAX_TABLES: usize = 1024;

/// The signature and the length that a table says of itself.
fn header(bytes: &[u8]) -> Option<(&str, usize)> {
    let signature = std::str::from_utf8(bytes.get(..4)?).ok()?;
    let known = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    let length = u32::from_le_bytes(bytes.get(4..8)?.try_into().ok()?);
    let least = if signature == "FACS" { 64 } else { HEADER };
    let length = usize::try_from(length)
        .ok()
        .filter(|length| *length >= least)?;
    signature.bytes().all(known).then_some((signature, length))
}

/// Whether a file holds tables: the first is there whole.
pub(super) fn is_binary(bytes: &[u8]) -> bool {
    header(bytes).is_some_and(|(_, length)| length <= bytes.len())
}

/// Reads tables that stand one behind the other into `hardware`.
pub(super) fn read_binary(bytes: &[u8], hardware: &mut Hardware) {
    let mut rest = bytes;
    while !rest.is_empty() {
        let table = header(rest).and_then(|(_, length)| rest.get(..length));
        let Some(table) = table else {
            let at = bytes.len() - rest.len();
            hardware.add_finding(Finding::warning(
                "acpi-truncated",
                format!("what stands at byte {at} of the file is no whole ACPI table"),
            ));
            break;
        };
        push(table, hardware);
        rest = rest.get(table.len()..).unwrap_or_default();
    }
    facts(hardware);
}

/// Keeps a table, once.
fn push(table: &[u8], hardware: &mut Hardware) {
    let tables = &mut hardware.acpi_tables;
    if tables.iter().any(|known| known.as_ref() == table) || tables.len() >= MAX_TABLES {
        return;
    }
    tables.push(Arc::from(table));
    let Some((signature, _)) = header(table).filter(|(signature, _)| *signature != "FACS") else {
        return;
    };
    let sum = table.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
    if sum != 0 {
        hardware.add_finding(Finding::warning(
            "acpi-checksum",
            format!("the bytes of the ACPI table `{signature}` add up to {sum:#04x} instead of 0"),
        ));
    }
}

/// What the tables say of firmware and processors.
fn facts(hardware: &mut Hardware) {
    let tables = hardware.acpi_tables.clone();
    let table = |name: &str| {
        let mut tables = tables.iter();
        tables.find(|table| table.starts_with(name.as_bytes()))
    };
    if tables.is_empty() {
        return;
    }
    hardware.firmware.acpi = Some(true);
    match table("APIC") {
        Some(madt) => madt::read(madt, hardware),
        // Only where the list of all tables is there is one that is not
        // there missing.
        None if table("RSDT").or(table("XSDT")).is_some() => {
            hardware.firmware.io_apic = Some(false);
        }
        None => {}
    }
    let flags = table("FACP").and_then(|fadt| fadt.get(112..116)?.try_into().ok());
    let flags = flags.map_or(0, u32::from_le_bytes);
    if flags & 1 << 20 != 0 {
        hardware.add_finding(Finding::note(
            "acpi-hardware-reduced",
            "the computer has the hardware-reduced form of ACPI: Windows 7 and older do not run",
        ));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

    use super::*;

    /// A table with a right checksum.
    fn table(signature: &str, body: &[u8]) -> Vec<u8> {
        let length = (HEADER + body.len()) as u32;
        let mut table = signature.as_bytes().to_vec();
        table.extend(length.to_le_bytes());
        table.resize(HEADER, 0);
        table.extend(body);
        let sum = table.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
        table[9] = sum.wrapping_neg();
        table
    }

    fn madt(entries: &[&[u8]]) -> Vec<u8> {
        table(
            "APIC",
            &[&[0, 0, 0xE0, 0xFE, 1, 0, 0, 0], entries.concat().as_slice()].concat(),
        )
    }

    fn read(bytes: &[u8]) -> Hardware {
        assert!(is_binary(bytes));
        let mut hardware = Hardware::default();
        read_binary(bytes, &mut hardware);
        hardware
    }

    const LOCAL: [u8; 8] = [0, 8, 1, 0, 1, 0, 0, 0];
    const ABSENT: [u8; 8] = [0, 8, 2, 1, 0, 0, 0, 0];
    const IO: [u8; 12] = [1, 12, 2, 0, 0, 0, 0xC0, 0xFE, 0, 0, 0, 0];

    #[test]
    fn enabled_processors_and_io_apics_are_counted() {
        let x2 = [9, 16, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0];
        let hardware = read(&madt(&[&LOCAL, &ABSENT, &x2, &IO]));
        assert_eq!(hardware.processors.logical, Some(2));
        assert_eq!(hardware.firmware.io_apic, Some(true));
        assert_eq!(hardware.firmware.acpi, Some(true));
        assert!(hardware.findings.is_empty(), "{:?}", hardware.findings);
        let hardware = read(&madt(&[&LOCAL]));
        assert_eq!(hardware.firmware.io_apic, Some(false));
    }

    #[test]
    fn no_madt_says_something_only_where_all_tables_are_listed() {
        let dsdt = table("DSDT", b"aml");
        assert_eq!(read(&dsdt).firmware.io_apic, None);
        let both = [table("RSDT", &[0; 4]), dsdt].concat();
        let hardware = read(&both);
        assert_eq!(hardware.firmware.io_apic, Some(false));
        assert_eq!(hardware.acpi_tables.len(), 2);
    }

    #[test]
    fn damage_is_told() {
        let names = |bytes: &[u8]| -> Vec<&str> {
            let findings = read(bytes).findings;
            findings.iter().map(|finding| finding.name).collect()
        };
        let mut wrong = madt(&[&LOCAL]);
        wrong[20] ^= 1;
        assert_eq!(names(&wrong), ["acpi-checksum"]);
        let cut = [madt(&[&LOCAL]), b"DSDT\0\x10\0\0".to_vec()].concat();
        assert_eq!(names(&cut), ["acpi-truncated"]);
        let looping = madt(&[&[0, 0]]);
        assert_eq!(names(&looping), ["acpi-madt"]);
        let mut fadt = table("FACP", &[0; 100]);
        fadt[114] |= 1 << 4;
        fadt[9] = fadt[9].wrapping_sub(1 << 4);
        assert_eq!(names(&fadt), ["acpi-hardware-reduced"]);
    }

    #[test]
    fn text_is_no_table() {
        for text in [
            "Handle 0x0001, DMI type 1, 27 bytes",
            "APIC",
            "APIC @ 0x00000000 and so on",
        ] {
            assert!(!is_binary(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn both_layouts_of_acpidump_give_the_bytes() {
        let bytes = madt(&[&LOCAL, &IO]);
        let rows = |base: usize, behind: &str| -> String {
            let rows = bytes.chunks(16).enumerate().map(|(index, row)| {
                let hex: Vec<String> = row.iter().map(|byte| format!("{byte:02X}")).collect();
                format!(
                    "    {:04X}: {:<47}  {behind}\n",
                    base + index * 16,
                    hex.join(" ")
                )
            });
            rows.collect()
        };
        let plain = format!("APIC @ 0x00000000BFFE1D00\n{}\n", rows(0, "APIC...."));
        let decoded = format!(
            "APIC\n----\nRaw Table Data: Length 64 (0x40)\n\n{}\n",
            rows(0, "// APIC....")
        );
        for text in [plain, decoded] {
            let hardware = Hardware::read("x", text.as_bytes()).unwrap();
            assert_eq!(hardware.acpi_tables.len(), 1, "{text}");
            assert_eq!(hardware.acpi_tables[0].as_ref(), bytes, "{text}");
            assert_eq!(hardware.processors.logical, Some(1));
        }
    }
}
