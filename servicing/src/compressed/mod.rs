//! Compressed driver sources: `viostor.sy_` for `viostor.sys`.
//!
//! Setup looks for the last character replaced by `_` where a file that an INF
//! names is missing, and expands what it finds. Two containers are in use:
//!
//! | magic | made by | read here |
//! |---|---|---|
//! | `SZDD` | COMPRESS.EXE, LZSS | yes |
//! | `SZ ` | QBasic 4.5's installer, LZSS | yes |
//! | `KWAJ` | MS-DOS 6's COMPRESS.EXE | refused by name |
//! | `MSCF` | cabinet: stored, MSZIP, LZX | yes |
//! | `MSCF` | cabinet: Quantum, or part of a set | refused by name |
//!
//! Facts: Stuart Caie's description "COMPRESS.EXE file formats: SZDD and KWAJ"
//! (libmspack), `SetupDecompressOrCopyFile` for the lookup, and Wine's LZEXPAND for names
//! with short extensions. Digests in catalogs are those of expanded files.
//!
//! Not done here: nothing is compressed; of a cabinet one file is taken out by
//! name, which decodes all that its folder holds before it.

#![deny(clippy::indexing_slicing)]

mod cabinet;
mod listing;
mod szdd;

use std::sync::Arc;

pub use listing::{CabinetFile, cabinet_files, expand_blob};

use crate::blob::{Blob, MemoryBlob};

/// Largest file that is expanded, in bytes. The largest driver files (graphics
/// and modem firmware) stay below 100 MiB; a cabinet of a few KiB can claim
/// 2 GiB.
pub const MAX_EXPANDED: u64 = 256 << 20;

/// Why a compressed source cannot be expanded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// None of the containers begins so.
    #[error("the file is not compressed in a known way: it begins with {start:02x?}")]
    UnknownFormat {
        /// The first bytes, eight at most.
        start: Vec<u8>,
    },
    /// A format that is recognised but not read.
    #[error("the file is compressed as {format}, which is not read")]
    Unsupported {
        /// Name of the format.
        format: &'static str,
    },
    /// The file ends inside a structure.
    #[error("the {format} file ends at {len:#x}, inside {inside}")]
    Truncated {
        /// Name of the format.
        format: &'static str,
        /// Length of the file.
        len: usize,
        /// The structure.
        inside: &'static str,
    },
    /// An SZDD header with a compression mode that nobody knows.
    #[error("the SZDD header names compression mode {mode:#04x}, expected 0x41")]
    SzddMode {
        /// The mode byte.
        mode: u8,
    },
    /// The header claims more than is expanded, or than the data can hold.
    #[error("the header claims {claimed} bytes, but at most {most} are possible here")]
    TooLong {
        /// Length that the header claims.
        claimed: u64,
        /// The limit: [`MAX_EXPANDED`], or what this much data can expand to.
        most: u64,
    },
    /// The data ends before the claimed length is reached.
    #[error("the header claims {claimed} bytes, but the data expands to {found}")]
    TooShort {
        /// Length that the header claims.
        claimed: u64,
        /// Length that was reached.
        found: u64,
    },
    /// A cabinet without the wanted file.
    #[error("the cabinet has no file `{wanted}` among its {count}")]
    NotInCabinet {
        /// Name that was asked for.
        wanted: String,
        /// How many files the cabinet holds.
        count: usize,
    },
    /// The file cannot be read.
    #[error("it cannot be read")]
    Read(#[source] std::io::Error),
    /// The cabinet is damaged.
    #[error("the cabinet cannot be read")]
    Cabinet(#[source] crate::cabinet::CabinetError),
}

/// The container of a compressed source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// `SZDD`, from COMPRESS.EXE.
    Szdd,
    /// `SZ `, the variant of QBasic's installer.
    SzddQBasic,
    /// `KWAJ`; recognised, not read.
    Kwaj,
    /// `MSCF`, a cabinet.
    Cabinet,
}

impl Format {
    /// Recognises the container by its first bytes; `None` means that the file
    /// is most likely not compressed, whatever its name says.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        const MAGICS: [(&[u8], Format); 4] = [
            (b"SZDD\x88\xf0\x27\x33", Format::Szdd),
            (b"SZ \x88\xf0\x27\x33\xd1", Format::SzddQBasic),
            (b"KWAJ\x88\xf0\x27\xd1", Format::Kwaj),
            (b"MSCF", Format::Cabinet),
        ];
        let mut magics = MAGICS.into_iter();
        magics
            .find(|(magic, _)| bytes.starts_with(magic))
            .map(|(_, format)| format)
    }
}

/// Expands a compressed source. `wanted_name` is the name that the INF gives
/// (`viostor.sys`); it only picks the file in a cabinet that holds several.
/// The single file of a one-file cabinet is taken whatever it is called there,
/// because Setup found the cabinet by the name outside.
///
/// Data behind the claimed length is passed over, as LZEXPAND does.
///
/// # Errors
/// An unknown or unsupported format, damage, or a file longer than
/// [`MAX_EXPANDED`]. What is returned has exactly the length that the header
/// claims.
pub fn expand(bytes: &[u8], wanted_name: &str) -> Result<Vec<u8>, Error> {
    match Format::of(bytes) {
        Some(Format::Szdd | Format::SzddQBasic) => szdd::expand(bytes),
        Some(Format::Cabinet) => {
            let blob: Arc<dyn Blob> = Arc::new(MemoryBlob::new(bytes));
            cabinet::expand(&blob, wanted_name)
        }
        Some(Format::Kwaj) => Err(Error::Unsupported { format: "KWAJ" }),
        None => Err(Error::UnknownFormat {
            start: bytes.iter().take(8).copied().collect(),
        }),
    }
}

/// The name under which `name` lies when it is compressed: the last character
/// of a three-character extension becomes `_`, a shorter one gets it appended.
///
/// ```text
/// viostor.sys -> viostor.sy_     readme.c -> readme.c_     kernel -> kernel._
/// ```
///
/// Setup's second try, `$` in place of `_`, has not been seen on any medium.
pub fn compressed_name(name: &str) -> String {
    // Wine's LZEXPAND looks for the first dot, which for 8.3 names is the last.
    match name.rsplit_once('.') {
        None => format!("{name}._"),
        Some((_, extension)) if extension.chars().count() < 3 => format!("{name}_"),
        Some(_) => {
            let mut compressed = name.to_owned();
            compressed.pop();
            compressed.push('_');
            compressed
        }
    }
}

/// The name of the expanded file, from the compressed one's name and contents:
/// an SZDD header holds the missing last character, a one-file cabinet the
/// whole name.
///
/// `None` where the contents do not tell: the header's character is optional
/// (and mscompress leaves it out), other formats have none.
pub fn restored_name(compressed_name: &str, bytes: &[u8]) -> Option<String> {
    match Format::of(bytes)? {
        Format::Szdd => {
            let stem = compressed_name.strip_suffix(['_', '$'])?;
            Some(format!("{stem}{}", szdd::missing_character(bytes)?))
        }
        Format::Cabinet => cabinet::only_name(bytes),
        Format::SzddQBasic | Format::Kwaj => None,
    }
}

#[cfg(test)]
mod tests;
