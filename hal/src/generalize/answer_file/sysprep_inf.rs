//! `sysprep.inf`: what it says, and lines put into it without touching the
//! others.
//!
//! Source of the section names: `ref.chm` of XP SP3's deployment tools. The file
//! is a plain profile file: ANSI, or UTF-16 with a mark, no continued lines.

use wimwright_inf::{Inf, ParseOptions};

use super::secrets::{Masked, Secret, is_password};
use super::utf16;

/// Sections that mini-setup or sysprep.exe reads.
pub(crate) const SECTIONS: [&str; 24] = [
    "Unattended",
    "GuiUnattended",
    "UserData",
    "Display",
    "RegionalSettings",
    "Networking",
    "Identification",
    "Components",
    "GuiRunOnce",
    "SetupMgr",
    "Sysprep",
    "SysprepMassStorage",
    "TapiLocation",
    "TerminalServices",
    "LicenseFilePrintData",
    "OEM_Ads",
    "Branding",
    "Proxy",
    "URL",
    "FavoritesEx",
    "Shell",
    "Homenet",
    "Win2K",
    "NetAdapters",
];

/// Sections whose names follow from others: adapters, protocols, services.
const FAMILIES: [&str; 6] = [
    "params.",
    "MS_",
    "NetProtocols",
    "NetClients",
    "NetServices",
    "Sysprep",
];

/// What a sysprep.inf says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SealedAnswers {
    /// Its sections, as spelled.
    pub sections: Vec<String>,
    /// `[Unattended] UpdateHAL` and `UpdateUPHAL`, as they stand there.
    pub update_hal: Option<String>,
    /// The same for one processor.
    pub update_up_hal: Option<String>,
    /// The lines of `[SysprepMassStorage]`: hardware id and INF.
    pub mass_storage: Vec<(String, String)>,
    /// Passwords that can be read in it.
    pub secrets: Vec<Secret>,
    /// Product keys.
    pub product_keys: Vec<Masked>,
}

impl SealedAnswers {
    /// Reads a file; any bytes give one.
    pub fn parse(bytes: &[u8]) -> SealedAnswers {
        let options = ParseOptions {
            continuation: false,
            ..ParseOptions::default()
        };
        let inf = Inf::parse(bytes, &options);
        let hal = crate::sysprep_inf::SysprepInf::parse(bytes);
        let mut found = SealedAnswers {
            update_hal: hal.update_hal,
            update_up_hal: hal.update_up_hal,
            ..SealedAnswers::default()
        };
        for section in inf.sections() {
            found.sections.push(section.name().to_owned());
            let storage = section.name().eq_ignore_ascii_case("SysprepMassStorage");
            for line in section.lines() {
                let (Some(key), Some(value)) = (line.raw_key(), line.raw_field(1)) else {
                    continue;
                };
                if storage {
                    let pair = (key.to_owned(), value.to_owned());
                    found.mass_storage.push(pair);
                } else if is_password(key) && !value.is_empty() && value != "*" {
                    let place = format!("[{}] {key}", section.name());
                    found.secrets.push(Secret { place });
                } else if key.eq_ignore_ascii_case("ProductID")
                    || key.eq_ignore_ascii_case("ProductKey")
                {
                    found.product_keys.push(Masked::of(value));
                }
            }
        }
        found
    }

    /// The sections that nothing reads, as far as is known.
    pub(crate) fn unknown_sections(&self) -> Vec<&str> {
        let known = |name: &&str| {
            SECTIONS
                .iter()
                .any(|known| known.eq_ignore_ascii_case(name))
                || FAMILIES.iter().any(|family| {
                    let head = name.get(..family.len());
                    head.is_some_and(|head| head.eq_ignore_ascii_case(family))
                })
        };
        let names = self.sections.iter().map(String::as_str);
        names.filter(|name| !known(name)).collect()
    }
}

/// The file with `key = value` in a section, in place of lines of these keys;
/// everything else stays as it is, encoding and line ends included. `line` is
/// the whole line, ASCII only.
pub(crate) fn with_line(bytes: &[u8], section: &str, replaces: &[&str], line: &str) -> Vec<u8> {
    let (mark, text, wide) = match utf16(bytes) {
        Some(text) => {
            let big = bytes.first() == Some(&0xFE);
            (bytes.get(..2).unwrap_or_default(), text, Some(big))
        }
        // Every byte stands for itself: code pages are none of our business.
        None => (
            &[][..],
            bytes.iter().map(|byte| char::from(*byte)).collect(),
            None,
        ),
    };
    let end = match text.contains("\r\n") || !text.contains('\n') {
        true => "\r\n",
        false => "\n",
    };
    let mut lines: Vec<&str> = Vec::new();
    let mut is_in = false;
    let mut header = None;
    for old in text.split_inclusive('\n') {
        let bare = old.trim();
        if let Some(name) = bare
            .strip_prefix('[')
            .and_then(|name| name.split(']').next())
        {
            is_in = name.trim().eq_ignore_ascii_case(section);
            lines.push(old);
            if is_in && header.is_none() {
                header = Some(lines.len());
            }
            continue;
        }
        let key = bare
            .split('=')
            .next()
            .unwrap_or_default()
            .trim()
            .trim_matches('"');
        let replaced = is_in
            && bare.contains('=')
            && replaces.iter().any(|known| known.eq_ignore_ascii_case(key));
        if !replaced {
            lines.push(old);
        }
    }
    let mut new = String::new();
    for (index, old) in lines.iter().enumerate() {
        if header == Some(index) {
            new.push_str(&format!("{line}{end}"));
        }
        new.push_str(old);
        if header == Some(index + 1) && !old.ends_with('\n') {
            new.push_str(end);
        }
    }
    if header == Some(lines.len()) {
        new.push_str(&format!("{line}{end}"));
    } else if header.is_none() {
        if !new.is_empty() && !new.ends_with('\n') {
            new.push_str(end);
        }
        new.push_str(&format!("[{section}]{end}{line}{end}"));
    }
    let mut out = mark.to_vec();
    match wide {
        None => out.extend(new.chars().map(|c| c as u8)),
        Some(big) => out.extend(new.encode_utf16().flat_map(|unit| match big {
            true => unit.to_be_bytes(),
            false => unit.to_le_bytes(),
        })),
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_secrets_keys_and_storage_are_read() {
        let found = SealedAnswers::parse(
            b"[Unattended]\r\nUpdateHAL=ACPIAPIC_MP,%WINDIR%\\Inf\\Hal.inf\r\n\
              [GuiUnattended]\r\nAdminPassword=secret\r\nEncryptedAdminPassword=No\r\n\
              [UserData]\r\nProductKey=ABCDE-FGHIJ-KLMNO-PQRST-UVW42\r\n\
              [Identification]\r\nDomainAdminPassword=*\r\n\
              [params.MS_TCPIP.Adapter1]\r\nDHCP=Yes\r\n[Typo]\r\n\
              [SysprepMassStorage]\r\nPCI\\VEN_8086&DEV_2922=\"C:\\Drivers\\iaahci.inf\",\"\\\",\"x\"\r\n",
        );
        assert_eq!(
            found.update_hal.as_deref(),
            Some("ACPIAPIC_MP,%WINDIR%\\Inf\\Hal.inf")
        );
        assert_eq!(
            found.secrets,
            [Secret {
                place: "[GuiUnattended] AdminPassword".to_owned()
            }]
        );
        assert_eq!(
            found.product_keys,
            [Masked::of("ABCDE-FGHIJ-KLMNO-PQRST-UVW42")]
        );
        assert_eq!(found.unknown_sections(), ["Typo"]);
        assert_eq!(
            found.mass_storage,
            [(
                "PCI\\VEN_8086&DEV_2922".to_owned(),
                "C:\\Drivers\\iaahci.inf".to_owned()
            )]
        );
    }

    #[test]
    fn a_line_is_put_in_and_nothing_else_changes() {
        const LINE: &str = "UpdateHAL = \"x\"";
        let keys = ["UpdateHAL", "UpdateUPHAL"];
        for (before, after) in [
            (&b""[..], &b"[Unattended]\r\nUpdateHAL = \"x\"\r\n"[..]),
            (
                b"[unattended]\nA=1\nupdatehal=old\n[Other]\nUpdateHAL=stays\n\xE4=\xF6",
                b"[unattended]\nUpdateHAL = \"x\"\nA=1\n[Other]\nUpdateHAL=stays\n\xE4=\xF6",
            ),
            (
                b"[Unattended]\r\nUpdateUPHAL=old\r\n; UpdateHAL=comment\r\n",
                b"[Unattended]\r\nUpdateHAL = \"x\"\r\n; UpdateHAL=comment\r\n",
            ),
            (b"[Unattended]", b"[Unattended]\r\nUpdateHAL = \"x\"\r\n"),
            (
                b"[A]\r\nb=c",
                b"[A]\r\nb=c\r\n[Unattended]\r\nUpdateHAL = \"x\"\r\n",
            ),
        ] {
            let found = with_line(before, "Unattended", &keys, LINE);
            assert_eq!(
                String::from_utf8_lossy(&found),
                String::from_utf8_lossy(after)
            );
            assert_eq!(found, after);
            // Put in again, it is the same.
            assert_eq!(with_line(&found, "Unattended", &keys, LINE), after);
        }
        let units = |text: &str| -> Vec<u8> {
            let units = std::iter::once(0xFEFF).chain(text.encode_utf16());
            units.flat_map(u16::to_be_bytes).collect()
        };
        let found = with_line(&units("[Unattended]\r\nÄ=ü\r\n"), "Unattended", &keys, LINE);
        assert_eq!(found, units("[Unattended]\r\nUpdateHAL = \"x\"\r\nÄ=ü\r\n"));
    }
}
