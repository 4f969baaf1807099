//! MSZIP: each data block a deflate stream that may copy from the 32 KiB
//! before it.

use flate2::{Decompress, FlushDecompress, Status};

use super::BLOCK;
use super::error::BlockError;

/// Plain bytes kept behind each other, so that the block before need not be
/// moved for each block.
const KEPT: usize = 16 * BLOCK;

/// Decodes the blocks of a folder, one after another.
pub(super) struct Mszip {
    inflate: Decompress,
    plain: Vec<u8>,
    /// End of what was decoded, in `plain`.
    at: usize,
}

impl Mszip {
    /// For a folder of at most `most` plain bytes.
    pub(super) fn new(most: u64) -> Mszip {
        let kept = usize::try_from(most).map_or(KEPT, |most| most.min(KEPT));
        Mszip {
            inflate: Decompress::new(false),
            plain: vec![0; kept],
            at: 0,
        }
    }

    /// Decodes a block into `length` plain bytes, at most [`BLOCK`].
    pub(super) fn decode(&mut self, block: &[u8], length: usize) -> Result<&[u8], BlockError> {
        let Some(stream) = block.strip_prefix(b"CK") else {
            return Err(BlockError::Magic {
                start: block.iter().take(2).copied().collect(),
            });
        };
        if self.at + length > self.plain.len() {
            let from = self.at.saturating_sub(BLOCK);
            self.plain.copy_within(from..self.at, 0);
            self.at -= from;
        }
        let (before, room) = self.plain.split_at_mut(self.at);
        let history = before
            .get(self.at.saturating_sub(BLOCK)..)
            .unwrap_or_default();
        let room = room.get_mut(..length).unwrap_or_default();
        let damaged = |error: flate2::DecompressError| BlockError::Deflate {
            fault: error.message().unwrap_or("invalid data").to_owned(),
        };
        self.inflate.reset(false);
        if !history.is_empty() {
            self.inflate.set_dictionary(history).map_err(damaged)?;
        }
        let status = self
            .inflate
            .decompress(stream, room, FlushDecompress::Finish)
            .map_err(damaged)?;
        let found = usize::try_from(self.inflate.total_out()).unwrap_or(usize::MAX);
        if found != length {
            return Err(BlockError::PlainLength {
                found,
                claimed: length,
            });
        }
        if status != Status::StreamEnd {
            return Err(BlockError::Deflate {
                fault: "it goes on behind its last byte".to_owned(),
            });
        }
        let start = self.at;
        self.at += length;
        Ok(self.plain.get(start..self.at).unwrap_or_default())
    }
}
