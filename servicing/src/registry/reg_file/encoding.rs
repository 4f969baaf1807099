//! Bytes to UTF-16 units and back, by byte order mark or code page.
//!
//! The parser works on units, so that names and text with lone surrogates come
//! through unharmed.

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};

use super::error::RegFileRule;
use crate::draft::Draft;
use crate::registry::{HiveName, RegistryError};

/// An ANSI code page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodePage(&'static Encoding);

impl CodePage {
    /// Western Europe, 1252.
    pub const WESTERN: CodePage = CodePage(WINDOWS_1252);

    /// The code page of this number, as the registry names it: `1252`, `932`,
    /// `65001`. `None` for those that no Windows has as its ANSI code page.
    pub fn by_number(number: &str) -> Option<CodePage> {
        let label = match number.trim() {
            "932" => "shift_jis".to_owned(),
            "936" => "gbk".to_owned(),
            "949" => "euc-kr".to_owned(),
            "950" => "big5".to_owned(),
            "65001" => "utf-8".to_owned(),
            other => format!("windows-{other}"),
        };
        Encoding::for_label(label.as_bytes()).map(CodePage)
    }

    /// The code page in which an image reads ANSI text
    /// (`Control\Nls\CodePage`, `ACP`); 1252 where it does not say.
    ///
    /// # Errors
    /// [`RegistryError`] when SYSTEM cannot be read.
    pub fn of_image(draft: &Draft) -> Result<CodePage, RegistryError> {
        let keys = draft.facts().control_set_keys("Control\\Nls\\CodePage");
        let page = match keys.first() {
            Some(key) => draft.value(HiveName::System, key, "ACP")?,
            None => None,
        };
        let page = page.and_then(|data| data.as_text());
        let page = page.as_deref().and_then(CodePage::by_number);
        Ok(page.unwrap_or(CodePage::WESTERN))
    }

    /// The encoding, for other readers of ANSI text.
    pub fn encoding(self) -> &'static Encoding {
        self.0
    }

    /// Its name, like `windows-1252`.
    pub fn name(self) -> &'static str {
        self.0.name()
    }

    /// The units that `bytes` spell; `None` where some mean nothing.
    pub(super) fn decode(self, bytes: &[u8]) -> Option<Vec<u16>> {
        let text = self
            .0
            .decode_without_bom_handling_and_without_replacement(bytes)?;
        Some(text.encode_utf16().collect())
    }

    /// The bytes that spell `units`; `None` where the code page cannot.
    pub(super) fn encode(self, units: &[u16]) -> Option<Vec<u8>> {
        let text = String::from_utf16(units).ok()?;
        let (bytes, _, lost) = self.0.encode(&text);
        (!lost).then(|| bytes.into_owned())
    }
}

/// How the bytes of a `.reg` file were read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegFileEncoding {
    /// UTF-16, little endian: what regedit writes.
    Utf16Le,
    /// UTF-16, big endian.
    Utf16Be,
    /// UTF-8 with a byte order mark.
    Utf8,
    /// UTF-8 without one: regedit reads such a file as ANSI.
    Utf8WithoutMark,
    /// ANSI; plain ASCII is this.
    Ansi(CodePage),
}

/// The units of a file. `stated` is the code page that the user named, `ansi`
/// the one to take else.
pub(super) fn decode(
    bytes: &[u8],
    stated: Option<CodePage>,
    ansi: CodePage,
) -> Result<(Vec<u16>, RegFileEncoding), RegFileRule> {
    let undecodable = |encoding: &str| RegFileRule::Undecodable {
        encoding: encoding.to_owned(),
    };
    let wide = |bytes: &[u8], read: fn([u8; 2]) -> u16| match bytes.as_chunks() {
        (pairs, []) => Ok(pairs.iter().map(|pair| read(*pair)).collect()),
        _ => Err(undecodable("UTF-16: a byte is missing at the end")),
    };
    match bytes {
        [0xFF, 0xFE, body @ ..] => Ok((wide(body, u16::from_le_bytes)?, RegFileEncoding::Utf16Le)),
        [0xFE, 0xFF, body @ ..] => Ok((wide(body, u16::from_be_bytes)?, RegFileEncoding::Utf16Be)),
        // regedit wants the mark; `iconv -t UTF-16LE` writes none.
        [1..=127, 0, 1..=127, 0, ..] => {
            Ok((wide(bytes, u16::from_le_bytes)?, RegFileEncoding::Utf16Le))
        }
        [0xEF, 0xBB, 0xBF, body @ ..] => {
            let units = CodePage(UTF_8).decode(body);
            Ok((
                units.ok_or_else(|| undecodable("UTF-8"))?,
                RegFileEncoding::Utf8,
            ))
        }
        _ => {
            // What is valid UTF-8 beyond ASCII is hardly ever meant as ANSI:
            // reading it as regedit does would write mojibake.
            let utf8 = stated.is_none() && !bytes.is_ascii() && str::from_utf8(bytes).is_ok();
            let (page, encoding) = match utf8 {
                true => (CodePage(UTF_8), RegFileEncoding::Utf8WithoutMark),
                false => {
                    let page = stated.unwrap_or(ansi);
                    (page, RegFileEncoding::Ansi(page))
                }
            };
            let units = page.decode(bytes);
            Ok((units.ok_or_else(|| undecodable(page.name()))?, encoding))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_start_of_the_file_tells_its_encoding() {
        let page = |number| CodePage::by_number(number).unwrap();
        let ansi = RegFileEncoding::Ansi;
        for (bytes, stated, text, encoding) in [
            (
                &b"\xFF\xFEa\0\xE4\0"[..],
                None,
                "aä",
                RegFileEncoding::Utf16Le,
            ),
            (b"\xFE\xFF\0a\0\xE4", None, "aä", RegFileEncoding::Utf16Be),
            (b"a\0b\0", None, "ab", RegFileEncoding::Utf16Le),
            (b"\xEF\xBB\xBFa\xC3\xA4", None, "aä", RegFileEncoding::Utf8),
            (b"a\xC3\xA4", None, "aä", RegFileEncoding::Utf8WithoutMark),
            (b"a\xC3\xA4", Some("1252"), "aÃ¤", ansi(page("1252"))),
            (b"a\xE4", None, "aä", ansi(CodePage::WESTERN)),
            (b"a\xE4", Some("1251"), "aд", ansi(page("1251"))),
            (b"a\x83\x65", Some("932"), "aテ", ansi(page("932"))),
            (b"plain", None, "plain", ansi(CodePage::WESTERN)),
        ] {
            let stated = stated.map(page);
            let (units, found) = decode(bytes, stated, CodePage::WESTERN).unwrap();
            assert_eq!(String::from_utf16(&units).unwrap(), text, "{bytes:02x?}");
            assert_eq!(found, encoding, "{bytes:02x?}");
        }
        // Half a unit, a lone UTF-8 byte behind the mark, half a character.
        for (bytes, stated) in [
            (&b"\xFF\xFEa\0b"[..], None),
            (b"\xEF\xBB\xBFa\xC3", None),
            (b"a\x83", Some("932")),
        ] {
            assert!(decode(bytes, stated.map(page), CodePage::WESTERN).is_err());
        }
    }

    #[test]
    fn only_ansi_code_pages_are_known() {
        for (number, name) in [
            ("1252", Some("windows-1252")),
            ("874", Some("windows-874")),
            ("949", Some("EUC-KR")),
            ("65001", Some("UTF-8")),
            ("437", None),
            ("", None),
        ] {
            let found = CodePage::by_number(number).map(CodePage::name);
            assert_eq!(found, name, "{number}");
        }
    }
}
