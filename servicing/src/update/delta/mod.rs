//! Files stored as differences: Microsoft's `PA30`.
//!
//! ```text
//! "PA30", FILETIME
//! stream   numbers: set of file types, file type, flags, length, hash algorithm
//!          buffers: hash, what prepares the basis, the patch        header
//! patch    bit: a table of shifts; codes                            parameters
//!          bytes and copies until the target is complete            content
//! ```
//!
//! What is decoded here is file type RAW: the basis (nothing, or a file) is
//! used as it is. For the types of programs the basis is rewritten first, in
//! ways that are not publicly described; such a delta is refused by the name
//! of its type. The same goes for its predecessor `PA19`.
//!
//! Facts: the public description `msdelta-pa30-format` of the format, Microsoft's
//! documentation of `GetDeltaInfo` for the header, and cbs, section 5, where
//! the description was checked on real files. Slots 0 to 2 (copies from near
//! the same place in the basis) did not occur there.

#![deny(clippy::indexing_slicing)]

mod bits;
mod content;
mod header;
#[expect(
    clippy::indexing_slicing,
    reason = "tables with one entry for each length of code"
)]
mod huffman;
mod parameters;
mod x86_calls;

use md5::{Digest as _, Md5};
use serde::Serialize;

use bits::BitReader;
pub use header::{DeltaHeader, FileType};

/// Longest basis and target together, in bytes. Both are in memory while a
/// delta is applied; the largest programs of Windows have some 60 MiB.
pub const MAX_WINDOW: u64 = 144 << 20;

/// Why a delta cannot be applied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum DeltaError {
    /// It does not begin as one.
    #[error("this is no delta: it begins with {start:02x?}, expected `PA30`")]
    Magic {
        /// Its first bytes.
        start: Vec<u8>,
    },
    /// The older format.
    #[error("a delta of the older kind `PA19` is not read")]
    Older,
    /// A type of file whose basis would have to be rewritten first.
    #[error("a delta of type {file_type} is not read: {reason}", reason = file_type.reason())]
    Type {
        /// The type.
        file_type: FileType,
    },
    /// RAW, but with instructions to rewrite the basis.
    #[error("a delta with {len} bytes of instructions for its basis is not read")]
    Prepared {
        /// How many.
        len: u64,
    },
    /// A flag that changes the target in a way that is not known.
    #[error("a delta with flags {flags:#x} is not read: {unknown:#x} is not known")]
    Flags {
        /// All of them.
        flags: u64,
        /// Those that are not known.
        unknown: u64,
    },
    /// A table of shifts of the basis.
    #[error("a delta with a table of shifts is not read")]
    Shifted,
    /// Basis and target are larger than is decoded.
    #[error("basis and target have {len} bytes, more than the {MAX_WINDOW} that are decoded")]
    TooLarge {
        /// Their length together.
        len: u64,
    },
    /// A hash of a kind that is not known.
    #[error("the target's hash is of kind {algorithm:#x}, expected MD5 ({expected:#x})", expected = header::MD5)]
    HashKind {
        /// Its number.
        algorithm: u64,
    },
    /// The target is not what the delta promises: the basis is another file
    /// than the one it was made from, or the delta is damaged.
    #[error(
        "the result has MD5 {found}, expected {expected}: the basis is another file than the one \
         that the delta was made from, or the delta is damaged"
    )]
    Hash {
        /// What the header promises.
        expected: String,
        /// What came out.
        found: String,
    },
    /// A stream ends too early.
    #[error("the stream ends after {bits} bits, within a value")]
    Ends {
        /// Its length in bits.
        bits: u64,
    },
    /// A number with more digits than there are.
    #[error("the number at bit {bit} is too long")]
    Number {
        /// Where it begins.
        bit: u64,
    },
    /// More blocks, or fewer, than there can be.
    #[error("the delta has {count} blocks")]
    Blocks {
        /// How many it claims.
        count: u64,
    },
    /// A prefix code that is none, or bits that are not in it.
    #[error("{what} is broken")]
    Code {
        /// Which.
        what: &'static str,
    },
    /// A copy from before the start.
    #[error("a copy leads out of basis and target")]
    Distance,
    /// A copy beyond the end.
    #[error("a copy goes beyond the {claimed} bytes that the target has")]
    TooLong {
        /// The target's length.
        claimed: u64,
    },
}

/// Makes the target of a delta from its basis; that of a delta without basis
/// is empty.
///
/// # Errors
/// [`DeltaError`]; what comes out has the hash that the delta promises.
pub fn apply(delta: &[u8], basis: &[u8]) -> Result<Vec<u8>, DeltaError> {
    let (header, patch) = DeltaHeader::read(delta)?;
    header.check_decodable()?;
    let window = header.target_len.saturating_add(basis.len() as u64);
    if window > MAX_WINDOW {
        return Err(DeltaError::TooLarge { len: window });
    }
    let mut reader = BitReader::new(patch)?;
    if reader.bits(1)? == 1 {
        return Err(DeltaError::Shifted);
    }
    let mut target = content::read(&mut reader, basis, header.target_len as usize)?;
    if header.flags & header::FLAG_X86_CALLS != 0 {
        x86_calls::undo(&mut target);
    }
    let found = Md5::digest(&target);
    if *found != *header.hash {
        return Err(DeltaError::Hash {
            expected: hex(&header.hash),
            found: hex(&found),
        });
    }
    Ok(target)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
