//! CFHEADER: what a file of the set says of itself.

use super::error::CabinetError;
use super::input::Input;

const SIGNATURE: &[u8; 4] = b"MSCF";
/// Length of the part that is always there.
pub(super) const FIXED_LEN: u64 = 36;

const HAS_PREVIOUS: u16 = 1;
const HAS_NEXT: u16 = 2;
const HAS_RESERVE: u16 = 4;

/// The header of a cabinet's file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Header {
    /// Length of the cabinet; a signature may follow.
    pub len: u32,
    /// Number of the set; its parts have the same.
    pub set: u16,
    /// Number of the part in the set, from 0 on.
    pub index: u16,
    /// How many folders it has.
    pub folders: u16,
    /// How many files.
    pub files: u16,
    /// File name of the part before.
    pub previous: Option<String>,
    /// File name of the part behind.
    pub next: Option<String>,
    /// Length of the reserved area in the header.
    pub reserve: u16,
    /// Length of the reserved area in each folder's entry.
    pub folder_reserve: u8,
    /// Length of the reserved area in each data block.
    pub block_reserve: u8,
    /// Offset of the first file's entry.
    pub(super) files_at: u32,
}

impl Header {
    /// Reads the header from its beginning; afterwards `input` stands at the
    /// first folder's entry.
    pub(super) fn read(input: &mut Input) -> Result<Header, CabinetError> {
        let start = input.position();
        let truncated = |structure, at, input: &Input| CabinetError::Truncated {
            structure,
            at,
            len: input.end(),
        };
        let left = usize::try_from(input.end() - start).unwrap_or(usize::MAX);
        let signature = input.take(left.min(4))?.unwrap_or_default();
        if signature != SIGNATURE {
            return Err(CabinetError::Signature {
                start: signature.to_vec(),
            });
        }
        let Some(fixed) = input.array::<32>()? else {
            return Err(truncated("the header", start, input));
        };
        let [
            _,
            _,
            _,
            _, // reserved1
            len0,
            len1,
            len2,
            len3,
            _,
            _,
            _,
            _, // reserved2
            at0,
            at1,
            at2,
            at3,
            _,
            _,
            _,
            _, // reserved3
            minor,
            major,
            folders0,
            folders1,
            files0,
            files1,
            flags0,
            flags1,
            set0,
            set1,
            index0,
            index1,
        ] = fixed;
        let flags = u16::from_le_bytes([flags0, flags1]);
        let mut header = Header {
            len: u32::from_le_bytes([len0, len1, len2, len3]),
            set: u16::from_le_bytes([set0, set1]),
            index: u16::from_le_bytes([index0, index1]),
            folders: u16::from_le_bytes([folders0, folders1]),
            files: u16::from_le_bytes([files0, files1]),
            previous: None,
            next: None,
            reserve: 0,
            folder_reserve: 0,
            block_reserve: 0,
            files_at: u32::from_le_bytes([at0, at1, at2, at3]),
        };
        if major != 1 {
            return Err(CabinetError::Version { major, minor });
        }
        if header.folders == 0 {
            return Err(CabinetError::Empty { what: "folder" });
        }
        if header.files == 0 {
            return Err(CabinetError::Empty { what: "file" });
        }
        if flags & HAS_RESERVE != 0 {
            let at = input.position();
            let Some([low, high, folder, block]) = input.array()? else {
                return Err(truncated("the reserve's lengths", at, input));
            };
            header.reserve = u16::from_le_bytes([low, high]);
            header.folder_reserve = folder;
            header.block_reserve = block;
            if input.take(usize::from(header.reserve))?.is_none() {
                return Err(truncated("the header's reserve", at, input));
            }
        }
        for (flag, what, disk) in [
            (
                HAS_PREVIOUS,
                "the previous part's name",
                "the previous disk's name",
            ),
            (HAS_NEXT, "the next part's name", "the next disk's name"),
        ] {
            if flags & flag != 0 {
                let name = lossy(&text(input, what)?);
                text(input, disk)?;
                match flag {
                    HAS_PREVIOUS => header.previous = Some(name),
                    _ => header.next = Some(name),
                }
            }
        }
        if u64::from(header.len) > input.end() {
            return Err(CabinetError::Length {
                claimed: header.len,
                len: input.end(),
            });
        }
        Ok(header)
    }
}

/// A text as it can be shown: the names of parts are file names, in practice
/// ASCII.
fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Reads a text that ends with a NUL.
pub(super) fn text(input: &mut Input, what: &'static str) -> Result<Vec<u8>, CabinetError> {
    let at = input.position();
    let mut text = Vec::new();
    loop {
        match input.array()? {
            Some([0]) => return Ok(text),
            Some([byte]) if text.len() < 255 => text.push(byte),
            Some(_) => return Err(CabinetError::LongText { what, at }),
            None => {
                return Err(CabinetError::Truncated {
                    structure: what,
                    at,
                    len: input.end(),
                });
            }
        }
    }
}
