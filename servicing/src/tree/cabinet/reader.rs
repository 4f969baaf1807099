//! A folder's plain bytes, block after block.

use wimwright_wim::compress::CabinetLzx;

use super::BLOCK;
use super::block::{HEAD_LEN, Head, sum};
use super::error::{BlockError, FolderError, MemberError};
use super::folder::{Compression, Folder, Segment};
use super::input::Input;
use super::mszip::Mszip;

/// Decodes a folder from front to back.
pub(super) struct FolderReader {
    number: usize,
    /// What was not begun, the next one last.
    segments: Vec<Segment>,
    /// The part that is being read.
    part: Option<OpenPart>,
    codec: Codec,
    /// Pieces of a block that began in a part before.
    pieces: Vec<u8>,
    /// How many blocks were decoded.
    blocks: u32,
    /// How many plain bytes.
    plain: u64,
    /// Length of a block that has to be the last.
    short: Option<usize>,
}

/// What of the folder lies in the part that is being read.
struct OpenPart {
    input: Input,
    /// How many blocks are left in it.
    left: u16,
    /// Length of the reserve of each.
    reserve: usize,
}

enum Codec {
    Stored,
    Mszip(Box<Mszip>),
    Lzx(Box<CabinetLzx>),
}

impl FolderReader {
    /// Of the folder with this number.
    pub(super) fn new(folder: &Folder, number: usize) -> Result<FolderReader, MemberError> {
        let unread = || MemberError::Method {
            folder: number,
            method: folder.compression.to_string(),
        };
        let codec = match folder.compression {
            Compression::Stored => Codec::Stored,
            Compression::Mszip => Codec::Mszip(Box::new(Mszip::new(folder.most()))),
            Compression::Lzx { window } => {
                let decoder = CabinetLzx::new(window.into(), folder.most()).ok_or_else(unread)?;
                Codec::Lzx(Box::new(decoder))
            }
            Compression::Quantum { .. } | Compression::Unknown { .. } => return Err(unread()),
        };
        Ok(FolderReader {
            number,
            segments: folder.segments.iter().rev().cloned().collect(),
            part: None,
            codec,
            pieces: Vec::new(),
            blocks: 0,
            plain: 0,
            short: None,
        })
    }

    /// How many plain bytes were handed out.
    pub(super) fn position(&self) -> u64 {
        self.plain
    }

    /// The plain bytes of the next block; `None` at the end of the folder.
    pub(super) fn next(&mut self) -> Result<Option<&[u8]>, FolderError> {
        let (folder, block) = (self.number, self.blocks);
        self.next_block().map_err(|source| FolderError {
            folder,
            block,
            source,
        })
    }

    /// That the folder ends before byte `wanted`.
    pub(super) fn ends_before(&self, wanted: u64) -> FolderError {
        FolderError {
            folder: self.number,
            block: self.blocks,
            source: BlockError::FolderEnds {
                found: self.plain,
                wanted,
            },
        }
    }

    fn next_block(&mut self) -> Result<Option<&[u8]>, BlockError> {
        let Some((compressed, length)) = self.gather()? else {
            return Ok(None);
        };
        // Stored data has no history that would have to lie in a known place.
        if !matches!(self.codec, Codec::Stored) {
            if let Some(found) = self.short {
                return Err(BlockError::ShortBefore { found });
            }
            if length < BLOCK {
                self.short = Some(length);
            }
        }
        self.blocks += 1;
        self.plain += length as u64;
        let data = match (&self.part, self.pieces.is_empty()) {
            (Some(part), true) => part.input.last(compressed),
            _ => self.pieces.as_slice(),
        };
        match &mut self.codec {
            Codec::Stored if data.len() == length => Ok(Some(data)),
            Codec::Stored => Err(BlockError::PlainLength {
                found: data.len(),
                claimed: length,
            }),
            Codec::Mszip(mszip) => mszip.decode(data, length).map(Some),
            Codec::Lzx(lzx) => lzx.decode(data, length).map(Some).map_err(BlockError::Lzx),
        }
    }

    /// Reads the next block, from several parts if it lies in them: how many
    /// bytes it has, in `pieces` or else taken from the part last, and how
    /// many plain bytes it gives.
    fn gather(&mut self) -> Result<Option<(usize, usize)>, BlockError> {
        self.pieces.clear();
        loop {
            let Some(part) = self.part.as_mut().filter(|part| part.left > 0) else {
                match self.segments.pop() {
                    Some(next) => self.part = Some(OpenPart::new(next)),
                    None if self.pieces.is_empty() => return Ok(None),
                    None => return Err(BlockError::HalfBlock),
                }
                continue;
            };
            part.left -= 1;
            let is_last = part.left == 0 && !self.segments.is_empty();
            let (head, data) = part.block()?;
            let length = usize::from(head.plain);
            // A piece of a block stands at the end of a part.
            let is_piece = length == 0 && is_last;
            if is_piece || !self.pieces.is_empty() {
                self.pieces.extend_from_slice(data);
                if self.pieces.len() > usize::from(u16::MAX) {
                    return Err(BlockError::LongPieces {
                        found: self.pieces.len(),
                    });
                }
            }
            if !is_piece {
                return Ok(Some((data.len(), length)));
            }
        }
    }
}

impl OpenPart {
    fn new(segment: Segment) -> OpenPart {
        OpenPart {
            input: Input::new(segment.part, segment.data_at, segment.end),
            left: segment.blocks,
            reserve: segment.reserve.into(),
        }
    }

    /// Reads a block as it stands in the part.
    fn block(&mut self) -> Result<(Head, &[u8]), BlockError> {
        let input = &mut self.input;
        let (at, len) = (input.position(), input.end());
        let truncated = || BlockError::Truncated { at, len };
        let head = Head::of(input.array::<HEAD_LEN>()?.ok_or_else(truncated)?);
        if usize::from(head.plain) > BLOCK {
            return Err(BlockError::TooLong {
                claimed: head.plain,
            });
        }
        let reserved = sum(input.take(self.reserve)?.ok_or_else(truncated)?);
        let data = input.take(head.compressed.into())?.ok_or_else(truncated)?;
        if head.checksum != 0 {
            let computed = head.checksum_of(data);
            // Makers differ in whether the reserve counts.
            if head.checksum != computed && head.checksum != computed ^ reserved {
                return Err(BlockError::Checksum {
                    stored: head.checksum,
                    computed,
                });
            }
        }
        Ok((head, data))
    }
}
