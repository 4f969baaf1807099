//! Which codecs there are, and the chunk sizes each allows.

use std::fmt;
use std::ops::RangeInclusive;

use super::CodecError;

/// A codec that a WIM file can name. Data stored as it is has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Codec {
    /// LZ77 and Huffman codes; `dism /compress:fast`.
    Xpress,
    /// LZX with a window of one chunk; `dism /compress:max`.
    Lzx,
    /// LZMS, mostly in solid resources; `dism /compress:recovery`.
    Lzms,
}

impl Codec {
    /// The smallest and the largest chunk size in bytes; every power of two
    /// between them is allowed. These are the sizes that Windows and wimlib
    /// accept.
    pub const fn chunk_sizes(self) -> RangeInclusive<u32> {
        match self {
            Codec::Xpress => 1 << 12..=1 << 16,
            Codec::Lzx => 1 << 15..=1 << 21,
            Codec::Lzms => 1 << 15..=1 << 30,
        }
    }

    /// Whether chunks of `size` bytes are allowed.
    pub fn allows_chunk_size(self, size: u32) -> bool {
        size.is_power_of_two() && self.chunk_sizes().contains(&size)
    }

    pub(super) fn check_chunk_size(self, size: u32) -> Result<(), CodecError> {
        if self.allows_chunk_size(size) {
            return Ok(());
        }
        Err(CodecError::ChunkSize {
            codec: self,
            size,
            smallest: *self.chunk_sizes().start(),
            largest: *self.chunk_sizes().end(),
        })
    }
}

impl fmt::Display for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Codec::Xpress => "XPRESS",
            Codec::Lzx => "LZX",
            Codec::Lzms => "LZMS",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunk_sizes_are_powers_of_two_within_the_codecs_bounds() {
        for (codec, size, allowed) in [
            (Codec::Xpress, 2048, false),
            (Codec::Xpress, 4096, true),
            (Codec::Xpress, 12_288, false),
            (Codec::Xpress, 65_536, true),
            (Codec::Xpress, 131_072, false),
            (Codec::Lzx, 16_384, false),
            (Codec::Lzx, 32_768, true),
            (Codec::Lzx, 2_097_152, true),
            (Codec::Lzx, 4_194_304, false),
            (Codec::Lzms, 32_768, true),
            (Codec::Lzms, 1 << 30, true),
            (Codec::Lzms, 1 << 31, false),
            (Codec::Lzms, 0, false),
        ] {
            assert_eq!(codec.allows_chunk_size(size), allowed, "{codec} {size}");
            assert_eq!(codec.check_chunk_size(size).is_ok(), allowed);
        }
    }
}
