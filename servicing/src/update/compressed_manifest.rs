//! Manifests and files as images keep them from Windows 8.1 on.
//!
//! | magic | then |
//! |---|---|
//! | `DCM\1` | a delta against the base manifest of the image's servicing stack |
//! | `DCN\1` | a delta without basis |
//! | `DCD\1` | four 16-bit numbers, the basis' version (last one first), and a delta against that version of the same file |
//! | `DCS\1` | number of blocks, length; blocks of LZMS, each with the length of what follows and its plain length |
//! | none of these | the file itself: Windows 7, and some in every later image |
//!
//! The base manifest is resource 614, name 1, of the servicing stack's
//! `wcp.dll`: it is read from the image and never brought along. Facts: cbs,
//! section 5 (stated there; no such file of a real image was at hand).

#![deny(clippy::indexing_slicing)]

use wimwright_wim::compress::{Codec, CodecError, Decoder};

use super::delta::{self, DeltaError};
use super::version::AssemblyVersion;
use crate::pe;

/// Type and name of the base manifest among the resources of `wcp.dll`.
const BASE_RESOURCE: (u32, u32) = (614, 1);

/// Longest expanded file, in bytes.
pub const MAX_EXPANDED: u64 = delta::MAX_WINDOW;

/// Most blocks of a `DCS` file.
const MAX_BLOCKS: u32 = 1 << 16;

/// How a file is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Storage {
    /// As it is.
    Plain,
    /// `DCM`: against the base manifest.
    BaseManifest,
    /// `DCN`: by itself.
    ByItself,
    /// `DCD`: against that version of the file.
    Version(AssemblyVersion),
    /// `DCS`: in blocks.
    Blocks,
}

/// Why a file cannot be expanded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExpandError {
    /// One of the containers, of a kind that is not read.
    #[error("the file is stored as `{}`, which is not read", .magic.escape_ascii())]
    Kind {
        /// Its first four bytes.
        magic: [u8; 4],
    },
    /// The header or a block ends too early.
    #[error("the file ends after {len} bytes, within {what}")]
    Ends {
        /// Within what.
        what: &'static str,
        /// Its length in bytes.
        len: usize,
    },
    /// No base manifest is at hand.
    #[error("the file needs the base manifest of the image's servicing stack, which was not found")]
    NoBaseManifest,
    /// The file that it is a difference from is not at hand.
    #[error("the file needs version {version} of itself, which was not found")]
    NoBasis {
        /// That version.
        version: AssemblyVersion,
    },
    /// Its delta cannot be applied.
    #[error(transparent)]
    Delta(#[from] DeltaError),
    /// More or longer blocks than are read.
    #[error("{what}: {claimed}, more than the {most} that are read")]
    TooMuch {
        /// Of what.
        what: &'static str,
        /// How much it claims.
        claimed: u64,
        /// How much is read.
        most: u64,
    },
    /// Blocks that do not add up to the file.
    #[error("the blocks have {found} bytes, expected {expected}")]
    Length {
        /// What the header promises.
        expected: u64,
        /// What the blocks claim.
        found: u64,
    },
    /// A block that cannot be unpacked.
    #[error("block {index}")]
    Block {
        /// Which, from 0.
        index: u32,
        /// Why.
        #[source]
        source: CodecError,
    },
}

/// How the file in `bytes` is stored.
///
/// # Errors
/// [`ExpandError::Kind`] and [`ExpandError::Ends`].
pub fn storage(bytes: &[u8]) -> Result<Storage, ExpandError> {
    let Some(&[d, c, letter, 1]) = bytes.first_chunk::<4>() else {
        return Ok(Storage::Plain);
    };
    match [d, c, letter] {
        [b'D', b'C', b'M'] => Ok(Storage::BaseManifest),
        [b'D', b'C', b'N'] => Ok(Storage::ByItself),
        [b'D', b'C', b'S'] => Ok(Storage::Blocks),
        [b'D', b'C', b'D'] => {
            let numbers = bytes.get(4..12).and_then(|part| part.try_into().ok());
            let numbers: [u8; 8] = numbers.ok_or(ExpandError::Ends {
                what: "the header",
                len: bytes.len(),
            })?;
            let [a, b, c, d, e, f, g, h] = numbers;
            let version = [[g, h], [e, f], [c, d], [a, b]].map(u16::from_le_bytes);
            Ok(Storage::Version(AssemblyVersion(version)))
        }
        [b'D', b'C', b'H' | b'X'] => Err(ExpandError::Kind {
            magic: [d, c, letter, 1],
        }),
        _ => Ok(Storage::Plain),
    }
}

/// What files may be differences from.
#[derive(Clone, Copy, Default)]
pub struct Bases<'a> {
    /// The base manifest, see [`base_manifest`].
    pub manifest: Option<&'a [u8]>,
    /// Another version of the same file.
    pub version: Option<&'a dyn Fn(AssemblyVersion) -> Option<Vec<u8>>>,
}

/// The file that is stored in `bytes`.
///
/// # Errors
/// [`ExpandError`].
pub fn expand(bytes: &[u8], bases: Bases<'_>) -> Result<Vec<u8>, ExpandError> {
    let from = |at: usize| bytes.get(at..).unwrap_or_default();
    match storage(bytes)? {
        Storage::Plain => Ok(bytes.to_vec()),
        Storage::ByItself => Ok(delta::apply(from(4), &[])?),
        Storage::BaseManifest => {
            let basis = bases.manifest.ok_or(ExpandError::NoBaseManifest)?;
            Ok(delta::apply(from(4), basis)?)
        }
        Storage::Version(version) => {
            let basis = bases.version.and_then(|find| find(version));
            let basis = basis.ok_or(ExpandError::NoBasis { version })?;
            Ok(delta::apply(from(12), &basis)?)
        }
        Storage::Blocks => blocks(bytes),
    }
}

/// The base manifest in a `wcp.dll`, which may itself be stored compressed.
///
/// # Errors
/// What is wrong with it.
pub fn base_manifest(wcp: &[u8]) -> Result<Option<Vec<u8>>, BaseManifestError> {
    let plain = expand(wcp, Bases::default())?;
    let (kind, name) = BASE_RESOURCE;
    let found = pe::resource(&plain, kind, name)?;
    Ok(found.map(<[u8]>::to_vec))
}

/// Why a `wcp.dll` cannot be read.
#[derive(Clone, Debug, thiserror::Error)]
pub enum BaseManifestError {
    /// As it is stored.
    #[error(transparent)]
    Expand(#[from] ExpandError),
    /// As a program.
    #[error(transparent)]
    Pe(#[from] pe::Error),
}

fn blocks(bytes: &[u8]) -> Result<Vec<u8>, ExpandError> {
    let len = bytes.len();
    let number = |at: usize, what: &'static str| {
        let field = at.checked_add(4).and_then(|end| bytes.get(at..end));
        let field = field.and_then(|field| field.try_into().ok());
        field
            .map(u32::from_le_bytes)
            .ok_or(ExpandError::Ends { what, len })
    };
    let count = number(4, "the header")?;
    let expected = u64::from(number(8, "the header")?);
    for (what, claimed, most) in [
        ("number of blocks", u64::from(count), u64::from(MAX_BLOCKS)),
        ("length of the file", expected, MAX_EXPANDED),
    ] {
        if claimed > most {
            return Err(ExpandError::TooMuch {
                what,
                claimed,
                most,
            });
        }
    }
    let mut plain: Vec<u8> = Vec::new();
    let mut at = 12;
    for index in 0..count {
        // The length counts the field behind it.
        let packed_len = number(at, "a block's header")? as usize;
        let plain_len = number(at + 4, "a block's header")?;
        let found = plain.len() as u64 + u64::from(plain_len);
        if found > expected {
            return Err(ExpandError::Length { expected, found });
        }
        let packed = packed_len
            .checked_sub(4)
            .and_then(|packed| bytes.get(at + 8..(at + 8).checked_add(packed)?));
        let packed = packed.ok_or(ExpandError::Ends {
            what: "a block",
            len,
        })?;
        at += 4 + packed_len;
        if packed.len() == plain_len as usize {
            plain.extend_from_slice(packed);
            continue;
        }
        let failed = |source| ExpandError::Block { index, source };
        let sizes = Codec::Lzms.chunk_sizes();
        let chunk = plain_len.max(*sizes.start()).checked_next_power_of_two();
        let mut decoder = Decoder::new(Codec::Lzms, chunk.unwrap_or(u32::MAX)).map_err(failed)?;
        let start = plain.len();
        plain.resize(start + plain_len as usize, 0);
        let into = plain.get_mut(start..).unwrap_or_default();
        decoder.decode(packed, into).map_err(failed)?;
    }
    let found = plain.len() as u64;
    match found == expected {
        true => Ok(plain),
        false => Err(ExpandError::Length { expected, found }),
    }
}
