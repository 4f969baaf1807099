//! A delta's header: what the target is, and what it is made from.

use std::fmt;

use serde::{Serialize, Serializer};

use super::DeltaError;
use super::bits::BitReader;
use wimwright_hive::FileTime;

/// `CALG_MD5`.
pub(super) const MD5: u64 = 0x8003;
/// `DELTA_FLAG_E8`.
pub(super) const FLAG_X86_CALLS: u64 = 0x1;
/// `DELTA_FLAG_IGNORE_FILE_SIZE_LIMIT`.
const FLAG_NO_LIMIT: u64 = 0x2_0000;

/// What kind of file a delta makes: `DELTA_FILE_TYPE_*` of msdelta.h.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FileType(pub u64);

impl FileType {
    /// Any file, the basis as it is.
    pub const RAW: FileType = FileType(1);

    /// Its name in msdelta.h; `None` where it has none.
    pub fn name(self) -> Option<&'static str> {
        Some(match self.0 {
            0x1 => "RAW",
            0x2 => "I386",
            0x4 => "IA64",
            0x8 => "AMD64",
            0x10 => "CLI4_I386",
            0x20 => "CLI4_AMD64",
            0x40 => "CLI4_ARM",
            0x80 => "CLI4_ARM64",
            _ => return None,
        })
    }

    /// Why it is not read.
    pub(super) fn reason(self) -> &'static str {
        match self.name() {
            Some("RAW") => "it is",
            Some(_) => "for programs the basis is rewritten first, in ways that are not public",
            None => "it is not known",
        }
    }
}

impl fmt::Display for FileType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "{name} ({})", self.0),
            None => write!(f, "{:#x}", self.0),
        }
    }
}

impl Serialize for FileType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.name() {
            Some(name) => serializer.serialize_str(name),
            None => serializer.collect_str(self),
        }
    }
}

/// A delta's header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeltaHeader {
    /// Time of the target.
    pub time: FileTime,
    /// The set of types that it was chosen from.
    pub file_type_set: u64,
    /// The type.
    pub file_type: FileType,
    /// `DELTA_FLAG_*`.
    pub flags: u64,
    /// Length of the target, in bytes.
    pub target_len: u64,
    /// `CALG_*` of the hash.
    pub hash_algorithm: u64,
    /// The target's hash.
    pub hash: Vec<u8>,
    /// Length of the instructions for the basis, in bytes.
    pub prepare_len: u64,
}

impl DeltaHeader {
    /// Reads the header of the delta that `bytes` begin with; 512 bytes are
    /// enough.
    ///
    /// # Errors
    /// [`DeltaError`], where there is none.
    pub fn parse(bytes: &[u8]) -> Result<DeltaHeader, DeltaError> {
        DeltaHeader::fields(bytes).map(|(header, _)| header)
    }

    /// The header, and the patch behind it.
    pub(super) fn read(bytes: &[u8]) -> Result<(DeltaHeader, &[u8]), DeltaError> {
        let (header, mut reader) = DeltaHeader::fields(bytes)?;
        reader.bytes(header.prepare_len)?;
        let patch = reader.buffer()?;
        Ok((header, patch))
    }

    /// The header, and a reader that stands behind the length of the
    /// instructions for the basis.
    fn fields(bytes: &[u8]) -> Result<(DeltaHeader, BitReader<'_>), DeltaError> {
        let magic = bytes.get(..4).unwrap_or(bytes);
        match magic {
            b"PA30" => {}
            b"PA19" => return Err(DeltaError::Older),
            other => {
                let start = other.to_vec();
                return Err(DeltaError::Magic { start });
            }
        }
        let ends = DeltaError::Ends {
            bits: bytes.len() as u64 * 8,
        };
        let time = bytes.get(4..12).and_then(|time| time.try_into().ok());
        let time = FileTime(u64::from_le_bytes(time.ok_or(ends)?));
        let mut reader = BitReader::new(bytes.get(12..).unwrap_or_default())?;
        let header = DeltaHeader {
            time,
            file_type_set: reader.number()?,
            file_type: FileType(reader.number()?),
            flags: reader.number()?,
            target_len: reader.number()?,
            hash_algorithm: reader.number()?,
            hash: reader.buffer()?.to_vec(),
            prepare_len: reader.number()?,
        };
        Ok((header, reader))
    }

    /// Whether [`apply`](super::apply) can make its target.
    ///
    /// # Errors
    /// What stands against it.
    pub fn check_decodable(&self) -> Result<(), DeltaError> {
        if self.file_type != FileType::RAW {
            let file_type = self.file_type;
            return Err(DeltaError::Type { file_type });
        }
        if self.prepare_len > 0 {
            let len = self.prepare_len;
            return Err(DeltaError::Prepared { len });
        }
        let unknown = self.flags & !(FLAG_X86_CALLS | FLAG_NO_LIMIT);
        if unknown != 0 {
            let flags = self.flags;
            return Err(DeltaError::Flags { flags, unknown });
        }
        if self.hash_algorithm != MD5 {
            let algorithm = self.hash_algorithm;
            return Err(DeltaError::HashKind { algorithm });
        }
        Ok(())
    }
}
