//! The two ACPI tables that decide the HAL: MADT and FADT.
//!
//! Format: ACPI specification, "Multiple APIC Description Table" and "Fixed ACPI
//! Description Table". Windows of the NT 5 generation knows the entries of ACPI
//! 1.0 only, so that processors which are told as x2APIC alone are unseen by it
//! (recalled).

/// Length of the header that every table begins with.
const HEADER: usize = 36;
/// Where the MADT's flags stand, and its entries begin.
const MADT_FLAGS: usize = 40;
const MADT_ENTRIES: usize = 44;
/// Where the FADT's flags stand.
const FADT_FLAGS: usize = 112;
/// Bit 0 of the MADT's flags: there are two 8259s as well.
const PCAT_COMPAT: u32 = 1;
/// Bit 20 of the FADT's flags: hardware-reduced ACPI.
const HW_REDUCED: u32 = 1 << 20;

/// What a MADT says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Madt {
    /// Enabled processors told as local APICs.
    pub processors: u32,
    /// Enabled processors told as local x2APICs.
    pub x2apic_processors: u32,
    /// I/O APICs.
    pub io_apics: u32,
    /// Whether the two interrupt controllers of the PC/AT are there as well.
    pub pcat_compat: bool,
}

/// What the tables of a computer say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tables {
    /// The MADT; `None` where the file holds none.
    pub madt: Option<Madt>,
    /// Whether there is a FADT, without which there is no ACPI.
    pub fadt: bool,
    /// Whether the FADT says that the hardware is reduced.
    pub hardware_reduced: Option<bool>,
    /// Whether the file holds so many tables that one which is missing is not
    /// there: a FADT and the DSDT that it needs.
    pub complete: bool,
}

impl Tables {
    /// Reads what the raw tables say; damaged ones say nothing.
    pub fn read<B: AsRef<[u8]>>(tables: &[B]) -> Tables {
        let mut found = Tables::default();
        let mut dsdt = false;
        for table in tables {
            let table = table.as_ref();
            match table.get(..4) {
                Some(b"APIC") => found.madt = found.madt.or_else(|| madt(table)),
                Some(b"FACP") => {
                    found.fadt = true;
                    let flags = u32_at(table, FADT_FLAGS);
                    found.hardware_reduced = flags.map(|flags| flags & HW_REDUCED != 0);
                }
                Some(b"DSDT") => dsdt = true,
                _ => {}
            }
        }
        found.complete = found.fadt && dsdt;
        found
    }
}

fn madt(table: &[u8]) -> Option<Madt> {
    // What the table claims beyond the file is not there.
    let claimed = u32_at(table, 4)? as usize;
    let table = table.get(..claimed.min(table.len()))?;
    if table.len() < HEADER {
        return None;
    }
    let mut madt = Madt {
        pcat_compat: u32_at(table, MADT_FLAGS)? & PCAT_COMPAT != 0,
        ..Madt::default()
    };
    let mut rest = table.get(MADT_ENTRIES..).unwrap_or_default();
    while let [kind, len, ..] = rest {
        let Some(entry) = rest
            .get(..usize::from(*len))
            .filter(|entry| entry.len() >= 2)
        else {
            break;
        };
        let enabled = |at| u32_at(entry, at).is_some_and(|flags| flags & 1 != 0);
        match kind {
            0 if enabled(4) => madt.processors += 1,
            1 => madt.io_apics += 1,
            9 if enabled(8) => madt.x2apic_processors += 1,
            _ => {}
        }
        rest = rest.get(entry.len()..).unwrap_or_default();
    }
    Some(madt)
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let field = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_le_bytes(field.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(signature: &[u8; 4], body: &[u8]) -> Vec<u8> {
        let mut table = signature.to_vec();
        table.extend((HEADER as u32 + body.len() as u32).to_le_bytes());
        table.resize(HEADER, 0);
        table.extend(body);
        table
    }

    fn entries(flags: u32, entries: &[&[u8]]) -> Vec<u8> {
        let mut body = 0xfee0_0000_u32.to_le_bytes().to_vec();
        body.extend(flags.to_le_bytes());
        body.extend(entries.concat());
        table(b"APIC", &body)
    }

    #[test]
    fn processors_are_counted_where_they_are_enabled() {
        let bytes = entries(
            1,
            &[
                &[0, 8, 0, 0, 1, 0, 0, 0],
                &[0, 8, 1, 1, 1, 0, 0, 0],
                &[0, 8, 2, 2, 0, 0, 0, 0],
                &[1, 12, 2, 0, 0, 0, 0xc0, 0xfe, 0, 0, 0, 0],
                &[2, 10, 0, 0, 2, 0, 0, 0, 0, 0],
                &[9, 16, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 3, 0, 0, 0],
            ],
        );
        let found = Tables::read(&[bytes]);
        assert_eq!(
            found.madt,
            Some(Madt {
                processors: 2,
                x2apic_processors: 1,
                io_apics: 1,
                pcat_compat: true,
            })
        );
        assert!(!found.complete && !found.fadt);
    }

    #[test]
    fn damaged_tables_end_where_the_damage_is() {
        let whole = entries(
            0,
            &[
                &[0, 8, 0, 0, 1, 0, 0, 0],
                &[0, 0],
                &[0, 8, 1, 1, 1, 0, 0, 0],
            ],
        );
        assert_eq!(Tables::read(&[&whole]).madt.unwrap().processors, 1);
        for len in 0..whole.len() {
            let _ = Tables::read(&[&whole[..len]]);
        }
    }

    #[test]
    fn a_fadt_says_whether_the_hardware_is_reduced() {
        let mut body = vec![0; 100];
        let at = FADT_FLAGS - HEADER;
        body[at..at + 4].copy_from_slice(&HW_REDUCED.to_le_bytes());
        let found = Tables::read(&[table(b"FACP", &body), table(b"DSDT", &[])]);
        assert_eq!(found.hardware_reduced, Some(true));
        assert!(found.complete && found.madt.is_none());
    }
}
