//! The version resource (`VS_VERSION_INFO`) of a PE image.
//!
//! Format: the Win32 documentation of `VS_VERSIONINFO`, `VS_FIXEDFILEINFO`,
//! `StringFileInfo`, `StringTable` and `String`. Every level is the same block:
//! length, value length, type, UTF-16 name, value, children, each of the last
//! three on a multiple of four.
//!
//! Read by hand and not with goblin's `VersionInfo`: that one (0.10.7) mixes
//! the strings of all translations, knows twelve names only, and returns the
//! file's date where it promises its version.
//!
//! The first version resource is read, in the first language it is stored in;
//! `VarFileInfo` is not.

use super::{
    Error,
    headers::{Headers, u16_at, u32_at},
    resource,
};

/// `RT_VERSION`, the resource type.
const TYPE_VERSION: u32 = 16;
/// `dwSignature` of `VS_FIXEDFILEINFO`.
const FIXED_SIGNATURE: u32 = 0xfeef_04bd;
/// Characters in the name of a string table.
const TRANSLATION_LEN: usize = 8;
/// Length, value length and type, before a block's name.
const BLOCK_HEADER_LEN: usize = 6;

/// Four 16-bit numbers, most significant first: `10.0.19041.1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VersionNumber(pub [u16; 4]);

impl VersionNumber {
    /// From the two 32-bit fields of the resource.
    fn from_fields(high: u32, low: u32) -> Self {
        let [a, b, c, d] = high.to_be_bytes();
        let [e, f, g, h] = low.to_be_bytes();
        VersionNumber([[a, b], [c, d], [e, f], [g, h]].map(u16::from_be_bytes))
    }
}

impl std::fmt::Display for VersionNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let VersionNumber([major, minor, build, revision]) = self;
        write!(f, "{major}.{minor}.{build}.{revision}")
    }
}

/// The language-independent part, `VS_FIXEDFILEINFO`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(alias = "VS_FIXEDFILEINFO")]
pub struct FixedVersion {
    /// Version of the file.
    pub file_version: VersionNumber,
    /// Version of the product it came with.
    pub product_version: VersionNumber,
    /// `dwFileFlags` without the bits that `dwFileFlagsMask` leaves out; bit 0
    /// marks a checked (debug) build.
    pub file_flags: u32,
}

/// One text of the resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionString {
    /// Language and code page as stored: eight hex digits, e.g. `040904B0`.
    pub translation: String,
    /// `FileVersion`, `OriginalFilename`, ...
    pub name: String,
    /// The text up to its first NUL.
    pub value: String,
}

/// A whole version resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionResource {
    /// The numbers; `None` where the resource carries texts only.
    pub fixed: Option<FixedVersion>,
    /// The texts of all translations, in file order.
    pub strings: Vec<VersionString>,
}

impl VersionResource {
    /// The first text named `name` (compared without ASCII case), in whichever
    /// translation.
    pub fn string(&self, name: &str) -> Option<&str> {
        let mut strings = self.strings.iter();
        let found = strings.find(|string| string.name.eq_ignore_ascii_case(name));
        found.map(|string| string.value.as_str())
    }

    /// `Ok(None)` where the image has no version resource.
    pub(super) fn read(bytes: &[u8], headers: &Headers) -> Result<Option<Self>, Error> {
        let Some((at, len)) = resource::find(bytes, headers, TYPE_VERSION, |_| true)? else {
            return Ok(None);
        };
        let root = Block::read(bytes, at, at + len)?;
        if root.name != "VS_VERSION_INFO" {
            return Err(Error::VersionKey {
                at,
                found: root.name,
            });
        }
        let mut strings = Vec::new();
        for info in root.children(bytes) {
            let info = info?;
            if info.name != "StringFileInfo" {
                continue;
            }
            for table in info.children(bytes) {
                let table = table?;
                // Every string keeps a copy, so a hostile name must not be long.
                let translation: String = table.name.chars().take(TRANSLATION_LEN).collect();
                for string in table.children(bytes) {
                    let string = string?;
                    strings.push(VersionString {
                        translation: translation.clone(),
                        value: string.text(bytes),
                        name: string.name,
                    });
                }
            }
        }
        Ok(Some(VersionResource {
            fixed: fixed_version(bytes, &root),
            strings,
        }))
    }
}

fn fixed_version(bytes: &[u8], root: &Block) -> Option<FixedVersion> {
    let value = bytes.get(root.value_at..root.end)?;
    let field = |index: usize| u32_at(value, index * 4);
    if field(0)? != FIXED_SIGNATURE {
        return None;
    }
    Some(FixedVersion {
        file_version: VersionNumber::from_fields(field(2)?, field(3)?),
        product_version: VersionNumber::from_fields(field(4)?, field(5)?),
        file_flags: field(6)? & field(7)?,
    })
}

/// One block of the resource. Offsets are file offsets; `start` is where
/// multiples of four are counted from.
struct Block {
    name: String,
    start: usize,
    value_at: usize,
    children_at: usize,
    end: usize,
}

impl Block {
    /// Reads the block at `at`, which must end before `limit`.
    fn read(bytes: &[u8], at: usize, limit: usize) -> Result<Self, Error> {
        let available = limit.saturating_sub(at);
        let too_long = |claimed| Error::VersionBlock {
            at,
            claimed,
            available,
        };
        let (Some(len), Some(value_len), Some(kind)) = (
            u16_at(bytes, at),
            u16_at(bytes, at + 2),
            u16_at(bytes, at + 4),
        ) else {
            return Err(too_long(BLOCK_HEADER_LEN));
        };
        let len = usize::from(len);
        if len < BLOCK_HEADER_LEN || len > available {
            return Err(too_long(len));
        }
        let end = at + len;
        let (name, after_name) = text(bytes, at + BLOCK_HEADER_LEN, end);
        let value_at = aligned(at, after_name).min(end);
        // Texts count their value in characters, the root in bytes.
        let value_len = usize::from(value_len) * if kind == 1 { 2 } else { 1 };
        let children_at = aligned(at, value_at + value_len).min(end);
        Ok(Block {
            name,
            start: at,
            value_at,
            children_at,
            end,
        })
    }

    /// The blocks inside, up to the first that cannot be read.
    fn children(&self, bytes: &[u8]) -> impl Iterator<Item = Result<Block, Error>> {
        let (start, end) = (self.start, self.end);
        let mut next = Some(self.children_at);
        std::iter::from_fn(move || {
            let at = next?;
            // A length of zero is padding at the end of a parent.
            if at + BLOCK_HEADER_LEN > end || u16_at(bytes, at) == Some(0) {
                return None;
            }
            let child = Block::read(bytes, at, end);
            next = child.as_ref().ok().map(|child| aligned(start, child.end));
            Some(child)
        })
    }

    /// The value as text. The end of the block bounds it, not `wValueLength`:
    /// resource compilers disagree whether that counts bytes or characters.
    fn text(&self, bytes: &[u8]) -> String {
        text(bytes, self.value_at, self.end).0
    }
}

/// The next multiple of four, counted from `start`.
fn aligned(start: usize, at: usize) -> usize {
    start + (at - start).next_multiple_of(4)
}

/// UTF-16LE text from `at` up to a NUL or `end`, and where it ends behind the
/// NUL. Lone surrogates become U+FFFD: these texts are shown and compared, not
/// written back.
fn text(bytes: &[u8], at: usize, end: usize) -> (String, usize) {
    let stored = bytes.get(at..end).unwrap_or_default();
    let (units, _) = stored.as_chunks::<2>();
    let units = units.iter().map(|unit| u16::from_le_bytes(*unit));
    let text: Vec<u16> = units.take_while(|&unit| unit != 0).collect();
    (
        String::from_utf16_lossy(&text),
        (at + text.len() * 2 + 2).min(end.max(at)),
    )
}

#[cfg(test)]
mod tests {
    use super::super::{PeFacts, tests::corpus_files};
    use super::*;

    #[test]
    fn viostor_has_the_version_that_its_inf_promises() {
        let test = "viostor_has_the_version_that_its_inf_promises";
        let Some(corpus) = wimwright_testdata::corpus(test) else {
            return;
        };
        let path = corpus.join("drivers/virtio-viostor-w10-amd64/viostor.sys");
        let facts = PeFacts::read(&wimwright_testdata::read(&path))
            .unwrap()
            .unwrap();
        let version = facts.version.unwrap().unwrap();
        // DriverVer = 08/30/2021,100.85.104.20800
        let fixed = version.fixed.unwrap();
        assert_eq!(fixed.product_version.to_string(), "100.85.104.20800");
        assert_eq!(version.string("originalfilename"), Some("viostor.sys"));
        assert_eq!(version.string("no such name"), None);
    }

    /// goblin shows the fixed block and, by name, the strings.
    #[test]
    fn version_resources_of_the_corpus_equal_what_goblin_reads() {
        let test = "version_resources_of_the_corpus_equal_what_goblin_reads";
        let mut compared = 0;
        for path in corpus_files(test, &["sys", "dll"]) {
            let bytes = wimwright_testdata::read(&path);
            let ours = PeFacts::read(&bytes).unwrap().unwrap().version.unwrap();
            let image = goblin::pe::PE::parse(&bytes).unwrap();
            let theirs = image
                .resource_data
                .and_then(|resources| resources.version_info);
            assert_eq!(ours.is_some(), theirs.is_some(), "{}", path.display());
            let (Some(ours), Some(theirs)) = (ours, theirs) else {
                continue;
            };
            let fixed = ours.fixed.unwrap();
            let expected = theirs.fixed_info.unwrap();
            assert_eq!(
                fixed.file_version,
                VersionNumber::from_fields(expected.file_version_ms, expected.file_version_ls)
            );
            assert_eq!(
                fixed.product_version,
                VersionNumber::from_fields(
                    expected.product_version_ms,
                    expected.product_version_ls
                )
            );
            assert_eq!(
                fixed.file_flags,
                expected.file_flags & expected.file_flags_mask
            );
            let texts = theirs.string_info;
            for (name, expected) in [
                ("FileVersion", texts.file_version()),
                ("ProductVersion", texts.product_version()),
                ("OriginalFilename", texts.original_filename()),
                ("InternalName", texts.internal_name()),
                ("CompanyName", texts.company_name()),
            ] {
                assert_eq!(
                    ours.string(name).map(str::to_owned),
                    expected,
                    "{name} of {}",
                    path.display()
                );
            }
            compared += 1;
        }
        assert!(
            compared == 0 || compared > 40,
            "only {compared} images with versions"
        );
    }
}
