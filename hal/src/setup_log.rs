//! `repair\setup.log`: which file of the media Setup installed as what.
//!
//! ```text
//! \WINDOWS\system32\hal.dll = "halmacpi.dll","293a1"
//! ```
//!
//! Written once, at installation, so it tells history: a HAL that was changed
//! later differs from it. Source: descriptions of the file on itprotoday and
//! bucarotechelp; no real one was at hand.

use wimwright_inf::{Inf, ParseOptions};

/// The largest log that is read, in bytes.
pub(crate) const MAX_LEN: u64 = 8 << 20;

/// What Setup installed, by the names on its media.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SetupLog {
    /// As `hal.dll`.
    pub hal: Option<String>,
    /// As `ntoskrnl.exe`.
    pub ntoskrnl: Option<String>,
    /// As `ntkrnlpa.exe`.
    pub ntkrnlpa: Option<String>,
}

impl SetupLog {
    /// Reads the text of a log.
    pub(crate) fn parse(bytes: &[u8]) -> SetupLog {
        let options = ParseOptions {
            continuation: false,
            ..ParseOptions::default()
        };
        let log = Inf::parse(bytes, &options);
        let mut found = SetupLog::default();
        for line in log.sections().flat_map(|section| section.lines()) {
            let Some(installed) = line.raw_key() else {
                continue;
            };
            let name = installed.rsplit('\\').next().unwrap_or_default();
            let slot = match name.trim().to_ascii_lowercase().as_str() {
                "hal.dll" => &mut found.hal,
                "ntoskrnl.exe" => &mut found.ntoskrnl,
                "ntkrnlpa.exe" => &mut found.ntkrnlpa,
                _ => continue,
            };
            // Copies of the same file in other folders follow the first.
            if slot.is_none() {
                *slot = line.raw_field(1).map(str::to_owned);
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_media_names_are_read() {
        let log = SetupLog::parse(
            b"[Paths]\r\nTargetDirectory = \"\\WINDOWS\"\r\n[Files.WinNt]\r\n\
              \\WINDOWS\\system32\\hal.dll = \"halmacpi.dll\",\"293a1\"\r\n\
              \\WINDOWS\\system32\\NTOSKRNL.EXE = \"ntkrnlmp.exe\",\"215a13\"\r\n\
              \\WINDOWS\\system32\\halves.dll = \"x.dll\",\"0\"\r\n",
        );
        assert_eq!(log.hal.as_deref(), Some("halmacpi.dll"));
        assert_eq!(log.ntoskrnl.as_deref(), Some("ntkrnlmp.exe"));
        assert_eq!(log.ntkrnlpa, None);
        assert_eq!(SetupLog::parse(b"\xff\xfe"), SetupLog::default());
    }
}
