//! CFFOLDER: where a folder's data lies and how it is compressed.

use std::fmt;
use std::sync::Arc;

use super::BLOCK;
use super::error::CabinetError;
use super::header::Header;
use super::input::Input;
use crate::blob::Blob;

/// How a folder is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Compression {
    /// Not at all.
    Stored,
    /// Deflate, in blocks that go on from each other.
    Mszip,
    /// Quantum; recognised, not read.
    Quantum {
        /// Compression level, 1 to 7.
        level: u8,
        /// The window has 2^`window` bytes.
        window: u8,
    },
    /// LZX.
    Lzx {
        /// The window has 2^`window` bytes, 15 to 21.
        window: u8,
    },
    /// Something that nobody knows.
    Unknown {
        /// The field.
        field: u16,
    },
}

impl Compression {
    /// Reads the field: the method in its lowest bits, the window above.
    fn of_field(field: u16) -> Compression {
        let window = (field >> 8 & 0x1f) as u8;
        match field & 0x0f {
            0 => Compression::Stored,
            1 => Compression::Mszip,
            2 => Compression::Quantum {
                level: (field >> 4 & 0x0f) as u8,
                window,
            },
            3 if (15..=21).contains(&window) => Compression::Lzx { window },
            _ => Compression::Unknown { field },
        }
    }

    /// Whether folders compressed so are read.
    pub fn is_read(self) -> bool {
        matches!(
            self,
            Compression::Stored | Compression::Mszip | Compression::Lzx { .. }
        )
    }
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Compression::Stored => f.write_str("stored"),
            Compression::Mszip => f.write_str("MSZIP"),
            Compression::Quantum { level, window } => write!(f, "Quantum:{level}:{window}"),
            Compression::Lzx { window } => write!(f, "LZX:{window}"),
            Compression::Unknown { field } => write!(f, "method {field:#06x}"),
        }
    }
}

/// A folder, through all parts that it lies in.
#[derive(Clone)]
pub struct Folder {
    /// How it is compressed.
    pub compression: Compression,
    /// Its data, part by part.
    pub(super) segments: Vec<Segment>,
}

impl fmt::Debug for Folder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Folder")
            .field("compression", &self.compression)
            .field("blocks", &self.blocks())
            .finish_non_exhaustive()
    }
}

/// What of a folder lies in one part.
#[derive(Clone)]
pub(super) struct Segment {
    pub(super) part: Arc<dyn Blob>,
    /// Offset of the first data block.
    pub(super) data_at: u64,
    /// Where the cabinet ends.
    pub(super) end: u64,
    pub(super) blocks: u16,
    /// Length of the reserved area in each block.
    pub(super) reserve: u8,
}

impl Folder {
    /// Reads the entries of all folders of a part.
    pub(super) fn read_all(
        input: &mut Input,
        header: &Header,
        part: &Arc<dyn Blob>,
    ) -> Result<Vec<Folder>, CabinetError> {
        let mut folders = Vec::with_capacity(usize::from(header.folders));
        for _ in 0..header.folders {
            let at = input.position();
            let truncated = CabinetError::Truncated {
                structure: "a folder's entry",
                at,
                len: input.end(),
            };
            let Some([at0, at1, at2, at3, blocks0, blocks1, field0, field1]) = input.array()?
            else {
                return Err(truncated);
            };
            if input.take(usize::from(header.folder_reserve))?.is_none() {
                return Err(truncated);
            }
            folders.push(Folder {
                compression: Compression::of_field(u16::from_le_bytes([field0, field1])),
                segments: vec![Segment {
                    part: Arc::clone(part),
                    data_at: u32::from_le_bytes([at0, at1, at2, at3]).into(),
                    end: header.len.into(),
                    blocks: u16::from_le_bytes([blocks0, blocks1]),
                    reserve: header.block_reserve,
                }],
            });
        }
        Ok(folders)
    }

    /// How many data blocks it has; one that lies in two parts counts twice.
    pub fn blocks(&self) -> u32 {
        let blocks = self.segments.iter().map(|segment| segment.blocks);
        blocks.map(u32::from).sum()
    }

    /// The most plain bytes that it can have.
    pub fn most(&self) -> u64 {
        u64::from(self.blocks()) * BLOCK as u64
    }
}
