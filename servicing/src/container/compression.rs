//! How a file is packed, in the words that people use for it.

use std::fmt;
use std::str::FromStr;

use wimwright_wim::compress::{Codec, Level};
use wimwright_wim::{Header, Packing};

use super::ContainerError;

/// Chunks of a new file, unless something else is asked for: the size that
/// Windows writes.
const CHUNK_SIZE: u32 = 32 << 10;

/// How the resources of a file are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    None,
    /// XPRESS, which DISM calls `fast`.
    Xpress,
    /// LZX, which DISM calls `max`.
    Lzx,
    /// LZMS, which DISM calls `recovery`; it is read, not written.
    Lzms,
}

impl Compression {
    /// Its name: `none`, `xpress`, `lzx`, `lzms`.
    pub fn name(self) -> &'static str {
        match self {
            Compression::None => "none",
            Compression::Xpress => "xpress",
            Compression::Lzx => "lzx",
            Compression::Lzms => "lzms",
        }
    }

    pub(super) fn of(codec: Option<Codec>) -> Compression {
        match codec {
            None => Compression::None,
            Some(Codec::Xpress) => Compression::Xpress,
            Some(Codec::Lzx) => Compression::Lzx,
            Some(Codec::Lzms) => Compression::Lzms,
        }
    }

    fn codec(self) -> Option<Codec> {
        match self {
            Compression::None => None,
            Compression::Xpress => Some(Codec::Xpress),
            Compression::Lzx => Some(Codec::Lzx),
            Compression::Lzms => Some(Codec::Lzms),
        }
    }
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Compression {
    type Err = ContainerError;

    /// Reads a name, or one of those that DISM and ImageX have for it.
    fn from_str(text: &str) -> Result<Compression, ContainerError> {
        Ok(match text.to_ascii_lowercase().as_str() {
            "none" => Compression::None,
            "xpress" | "fast" => Compression::Xpress,
            "lzx" | "max" | "maximum" => Compression::Lzx,
            "lzms" | "recovery" => Compression::Lzms,
            _ => {
                return Err(ContainerError::Compression {
                    found: text.to_owned(),
                });
            }
        })
    }
}

/// What is asked for; what is not said stays as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PackingChoice {
    /// The compression.
    pub compression: Option<Compression>,
    /// Plain bytes in each chunk.
    pub chunk_size: Option<u32>,
}

impl PackingChoice {
    /// The packing of a file that is made from one with this header; `None`
    /// where LZMS would have to be written because nothing else was asked for.
    ///
    /// # Errors
    /// [`ContainerError::Lzms`] when LZMS was asked for,
    /// [`ContainerError::ChunkSize`].
    pub(super) fn packing(self, header: &Header) -> Result<Option<Packing>, ContainerError> {
        let was = Compression::of(header.codec());
        let compression = self.compression.unwrap_or(was);
        if compression == Compression::Lzms {
            return match self.compression {
                Some(_) => Err(ContainerError::Lzms),
                None => Ok(None),
            };
        }
        let Some(codec) = compression.codec() else {
            return match self.chunk_size {
                Some(size) => Err(ContainerError::ChunkSize { compression, size }),
                None => Ok(Some(Packing::STORED)),
            };
        };
        let default = match compression == was {
            true => header.chunk_size,
            false => CHUNK_SIZE,
        };
        let chunk_size = self.chunk_size.unwrap_or(default);
        if !codec.allows_chunk_size(chunk_size) {
            let size = chunk_size;
            return Err(ContainerError::ChunkSize { compression, size });
        }
        Ok(Some(Packing {
            codec: Some(codec),
            chunk_size,
            level: Level::Normal,
        }))
    }

    /// The packing of a file that is made from nothing: LZX, unless something
    /// else is asked for.
    ///
    /// # Errors
    /// [`ContainerError::Lzms`] when LZMS was asked for,
    /// [`ContainerError::ChunkSize`].
    pub fn of_new_file(self) -> Result<Packing, ContainerError> {
        let compression = self.compression.unwrap_or(Compression::Lzx);
        let codec = match (compression, compression.codec()) {
            (Compression::Lzms, _) => return Err(ContainerError::Lzms),
            (_, Some(codec)) => codec,
            (_, None) => {
                return match self.chunk_size {
                    Some(size) => Err(ContainerError::ChunkSize { compression, size }),
                    None => Ok(Packing::STORED),
                };
            }
        };
        let size = self.chunk_size.unwrap_or(CHUNK_SIZE);
        match codec.allows_chunk_size(size) {
            true => Ok(Packing {
                chunk_size: size,
                ..Packing::new(codec)
            }),
            false => Err(ContainerError::ChunkSize { compression, size }),
        }
    }

    /// LZX as Windows writes it, or with chunks of another size: what takes the
    /// place of LZMS.
    ///
    /// # Errors
    /// [`ContainerError::ChunkSize`].
    pub(super) fn instead_of_lzms(self) -> Result<Packing, ContainerError> {
        let size = self.chunk_size.unwrap_or(CHUNK_SIZE);
        match Codec::Lzx.allows_chunk_size(size) {
            true => Ok(Packing {
                chunk_size: size,
                ..Packing::new(Codec::Lzx)
            }),
            false => Err(ContainerError::ChunkSize {
                compression: Compression::Lzx,
                size,
            }),
        }
    }
}

/// The sizes of chunks that a compression has, for messages.
pub(super) fn chunk_sizes(compression: Compression) -> String {
    match compression.codec() {
        None => "it has no chunks".to_owned(),
        Some(codec) => {
            let sizes = codec.chunk_sizes();
            format!("powers of two from {} to {}", sizes.start(), sizes.end())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_file_is_packed_as_asked_for() {
        let choice = |compression, chunk_size| PackingChoice {
            compression,
            chunk_size,
        };
        let packed = |choice: PackingChoice| {
            let packing = choice.of_new_file().ok()?;
            Some((Compression::of(packing.codec), packing.chunk_size))
        };
        for (compression, size, expected) in [
            (None, None, Some((Compression::Lzx, 32_768))),
            (None, Some(65_536), Some((Compression::Lzx, 65_536))),
            (
                Some(Compression::Xpress),
                Some(4096),
                Some((Compression::Xpress, 4096)),
            ),
            (Some(Compression::Lzx), Some(4096), None),
            (Some(Compression::None), None, Some((Compression::None, 0))),
            (Some(Compression::None), Some(4096), None),
            (Some(Compression::Lzms), None, None),
        ] {
            assert_eq!(
                packed(choice(compression, size)),
                expected,
                "{compression:?} {size:?}"
            );
        }
    }

    #[test]
    fn compressions_have_the_names_of_dism_too() {
        for (text, expected) in [
            ("none", Compression::None),
            ("Fast", Compression::Xpress),
            ("max", Compression::Lzx),
            ("LZX", Compression::Lzx),
            ("recovery", Compression::Lzms),
        ] {
            assert_eq!(text.parse::<Compression>().unwrap(), expected, "{text}");
        }
        for text in ["", "zip", "lzx "] {
            assert!(text.parse::<Compression>().is_err(), "{text}");
        }
    }
}
