//! The strings by which a HAL knows itself.
//!
//! Each HAL holds its name once in 8-bit characters and once in UTF-16, and the
//! hardware id that it reports in UTF-16, all with a NUL behind them (seen in
//! all HALs of XP SP1, SP3 and x64). Three traps:
//!
//! * the HALs for one processor with an APIC hold the id for several as well,
//!   because they report it when they see more processors: the id for several
//!   means something only where the other one is missing;
//! * one name is the end of another (`MPS 1.4 - ..`, `UP MPS 1.4 - ..`) and has
//!   no NUL before it;
//! * names are beginnings of other strings, so that the NUL counts.

use crate::kind::HalType;

/// The name that the one HAL of x64 gives itself.
pub(super) const X64_NAME: &str = "ACPI x64 platform";

/// Whether `bytes` hold `text` with a NUL behind it, in UTF-16LE.
pub(super) fn has_wide(bytes: &[u8], text: &str) -> bool {
    let units = text.encode_utf16().chain([0]);
    let wanted: Vec<u8> = units.flat_map(u16::to_le_bytes).collect();
    has(bytes, &wanted)
}

/// Whether `bytes` hold `text` with a NUL behind it, in 8-bit characters.
fn has_narrow(bytes: &[u8], text: &str) -> bool {
    let mut wanted = text.as_bytes().to_vec();
    wanted.push(0);
    has(bytes, &wanted)
}

fn has(bytes: &[u8], wanted: &[u8]) -> bool {
    memchr::memmem::find(bytes, wanted).is_some()
}

/// Whether the name stands there, in either form.
pub(super) fn has_name(bytes: &[u8], name: &str) -> bool {
    has_wide(bytes, name) || has_narrow(bytes, name)
}

/// The HAL types whose names stand in `bytes`.
pub(super) fn names(bytes: &[u8]) -> Vec<HalType> {
    let found = HalType::ALL.into_iter();
    let mut found: Vec<HalType> = found
        .filter(|kind| has_name(bytes, kind.hal_name()))
        .collect();
    // The name of halmps is the end of halapic's.
    if found.contains(&HalType::MpsUp) {
        found.retain(|kind| *kind != HalType::MpsMp);
    }
    found
}

/// The HAL types whose hardware ids stand in `bytes`, but for those that stand
/// there only because the HAL for one processor may report them.
pub(super) fn ids(bytes: &[u8]) -> Vec<HalType> {
    let found = HalType::ALL.into_iter();
    let mut found: Vec<HalType> = found.filter(|kind| has_wide(bytes, kind.id())).collect();
    for (one, several) in [
        (HalType::AcpiApicUp, HalType::AcpiApicMp),
        (HalType::MpsUp, HalType::MpsMp),
    ] {
        if found.contains(&one) {
            found.retain(|kind| *kind != several);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wide(text: &str) -> Vec<u8> {
        let units = text.encode_utf16().chain([0]);
        units.flat_map(u16::to_le_bytes).collect()
    }

    #[test]
    fn ids_for_several_processors_count_only_alone() {
        for (strings, found) in [
            (
                &["acpiapic_mp", "acpiapic_up"][..],
                &[HalType::AcpiApicUp][..],
            ),
            (&["acpiapic_mp"], &[HalType::AcpiApicMp]),
            (&["mps_mp", "mps_up"], &[HalType::MpsUp]),
            (&["mps_mp"], &[HalType::MpsMp]),
            (&["acpiapic_mpx"], &[]),
            (
                &["e_isa_up", "mps_mp"],
                &[HalType::StandardPc, HalType::MpsMp],
            ),
        ] {
            let bytes: Vec<u8> = strings.iter().flat_map(|text| wide(text)).collect();
            assert_eq!(ids(&bytes), found, "{strings:?}");
        }
        assert_eq!(ids(b"acpiapic_mp\0"), [], "ids are never 8-bit");
    }

    #[test]
    fn a_name_that_ends_another_is_not_that_other() {
        for (bytes, found) in [
            (wide("UP MPS 1.4 - APIC platform"), HalType::MpsUp),
            (b"x UP MPS 1.4 - APIC platform\0".to_vec(), HalType::MpsUp),
            (b"MPS 1.4 - APIC platform\0".to_vec(), HalType::MpsMp),
            (wide("ACPI Compatible Eisa/Isa HAL"), HalType::AcpiPic),
        ] {
            assert_eq!(names(&bytes), [found]);
        }
        // A HAL of NT 4 for another stepping of the 486.
        assert_eq!(names(b"PC Compatible Eisa/Isa HAL (486 C Stepping)\0"), []);
    }
}
