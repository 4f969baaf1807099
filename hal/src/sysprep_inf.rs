//! What `Sysprep\sysprep.inf` says of the HAL.
//!
//! `[Unattended] UpdateUPHAL` switches an image for several processors down
//! when mini-setup finds one, `UpdateHAL` loads the HAL for several whatever is
//! found; both are read in this file only. Source: `ref.chm` and `deploy.chm` of
//! XP SP3's deployment tools, which write the value with and without quotation
//! marks.

use wimwright_inf::{Inf, ParseOptions};

use crate::kind::{HalType, Processors};

/// The largest answer file that is read, in bytes.
pub(crate) const MAX_LEN: u64 = 1 << 20;

/// The HAL lines of a sysprep.inf.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SysprepInf {
    /// The value of `UpdateHAL`, as it stands there.
    pub update_hal: Option<String>,
    /// The value of `UpdateUPHAL`.
    pub update_up_hal: Option<String>,
}

impl SysprepInf {
    /// Reads the text of an answer file.
    pub(crate) fn parse(bytes: &[u8]) -> SysprepInf {
        // A plain profile file: no continued lines.
        let options = ParseOptions {
            continuation: false,
            ..ParseOptions::default()
        };
        let inf = Inf::parse(bytes, &options);
        let section = inf.section("Unattended");
        let value = |key: &str| {
            let line = section?.line_for_key(key)?;
            // Without quotation marks the comma separates fields.
            let fields: Vec<&str> = line.raw_fields().collect();
            Some(fields.join(","))
        };
        SysprepInf {
            update_hal: value("UpdateHAL"),
            update_up_hal: value("UpdateUPHAL"),
        }
    }
}

/// The HAL id that a value begins with.
pub(crate) fn id_of(value: &str) -> &str {
    value.split(',').next().unwrap_or_default().trim()
}

/// The line that has mini-setup switch to `to`; `None` for a type that no line
/// exists for.
pub(crate) fn line(to: HalType) -> Option<String> {
    to.partner()?;
    let key = match to.processors() {
        Processors::One => "UpdateUPHAL",
        Processors::Several => "UpdateHAL",
    };
    let id = to.id().to_ascii_uppercase();
    Some(format!("{key} = \"{id},%WINDIR%\\Inf\\Hal.inf\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_with_and_without_quotation_marks() {
        for text in [
            "[Unattended]\nUpdateUPHAL = ACPIAPIC_UP,%WINDIR%\\Inf\\Hal.inf\n",
            "[unattended]\r\nupdateuphal=\"ACPIAPIC_UP,%WINDIR%\\Inf\\Hal.inf\"\r\n",
        ] {
            let found = SysprepInf::parse(text.as_bytes());
            let value = found.update_up_hal.unwrap();
            assert_eq!(value, "ACPIAPIC_UP,%WINDIR%\\Inf\\Hal.inf");
            assert_eq!(id_of(&value), "ACPIAPIC_UP");
            assert_eq!(found.update_hal, None);
        }
        assert_eq!(
            SysprepInf::parse(b"[GuiUnattended]\nUpdateHAL=x\n"),
            SysprepInf::default()
        );
    }

    #[test]
    fn there_are_lines_for_the_two_pairs_only() {
        let written: Vec<_> = HalType::ALL.into_iter().filter_map(line).collect();
        assert_eq!(
            written,
            [
                "UpdateUPHAL = \"ACPIAPIC_UP,%WINDIR%\\Inf\\Hal.inf\"",
                "UpdateHAL = \"ACPIAPIC_MP,%WINDIR%\\Inf\\Hal.inf\"",
                "UpdateUPHAL = \"MPS_UP,%WINDIR%\\Inf\\Hal.inf\"",
                "UpdateHAL = \"MPS_MP,%WINDIR%\\Inf\\Hal.inf\"",
            ]
        );
    }
}
