//! LZX as cabinets use it: one stream through all blocks of a folder.
//!
//! Where it differs from the form of WIM files (facts: Microsoft's "LZX Data
//! Compression Format" of the Cabinet SDK, \[MS-PATCH\], and what makecab
//! writes):
//!
//! * The window, 32 KiB to 2 MiB, slides over the folder; code word lengths,
//!   recent offsets and a begun block go on from frame to frame. A frame is
//!   the plain data of one data block: 32 KiB, the last one less. Its bits
//!   begin at a fresh unit.
//! * The first bit of the stream tells whether E8 translation was used; 32
//!   bits of a file size follow it if so. It works on each frame by itself,
//!   in the first 32,768 frames.
//! * A block's size always has 24 bits.

use super::codes::{Block, Codes, Run, not_overrun};
use super::e8;
use crate::compress::CodecError;
use crate::compress::bit_reader::BitReader;

/// Plain bytes of a frame.
const FRAME: usize = 32_768;
/// Windows have 2^15 to 2^21 bytes.
const WINDOW_ORDERS: std::ops::RangeInclusive<u32> = 15..=21;
/// Longest match, and what copying one may write behind it.
const SLACK: usize = 257 + 32;
/// Frames in which calls are translated: positions below 1 GiB.
const TRANSLATED_FRAMES: u32 = 32_768;
/// Frames that are too short for an instruction and its tail.
const SHORTEST_TRANSLATED: usize = 11;

/// Decodes the LZX stream of a cabinet's folder, one data block after another.
///
/// It owns twice the window, or as much as the folder can have; at most 4 MiB
/// and a bit.
#[derive(Debug)]
pub struct CabinetLzx {
    window: usize,
    codes: Codes,
    recent: [u32; 3],
    /// The block that is being decoded, and how much of it is left.
    block: Block,
    block_left: usize,
    /// Whether its size is odd.
    is_odd: bool,
    /// Whether the byte behind an uncompressed block of odd length is due.
    padding_due: bool,
    /// The file size of E8 translation; `None` before the first frame.
    translation: Option<i32>,
    frames: u32,
    /// The last plain bytes, at least a window of them once there are.
    plain: Vec<u8>,
    /// End of the frames decoded, in `plain`.
    done: usize,
    /// End of what is decoded: a match may have gone past the frame.
    at: usize,
    /// A frame in which calls were translated back: the window keeps the
    /// others.
    translated: Vec<u8>,
}

impl CabinetLzx {
    /// A decoder at the beginning of a folder whose window has
    /// 2^`window_order` bytes, and which has at most `most` plain bytes. `None`
    /// for orders that LZX does not know (15 to 21 are).
    pub fn new(window_order: u32, most: u64) -> Option<CabinetLzx> {
        if !WINDOW_ORDERS.contains(&window_order) {
            return None;
        }
        let window = 1_usize << window_order;
        let sliding = 2 * window.max(8 * FRAME);
        let kept = usize::try_from(most).map_or(sliding, |most| most.min(sliding));
        Some(CabinetLzx {
            window,
            codes: Codes::new(1 << window_order),
            recent: [1; 3],
            block: Block::Verbatim,
            block_left: 0,
            is_odd: false,
            padding_due: false,
            translation: None,
            frames: 0,
            plain: vec![0; kept.max(FRAME) + SLACK],
            done: 0,
            at: 0,
            translated: Vec::with_capacity(FRAME),
        })
    }

    /// Decodes the next data block into `length` plain bytes, at most 32 KiB.
    /// After an error the stream cannot go on.
    ///
    /// Bytes behind what the frame needs are passed over.
    ///
    /// # Errors
    /// The first rule that the compressed bytes break; positions are those
    /// in the decoder's window. They may also give wrong data without an error.
    pub fn decode(&mut self, compressed: &[u8], length: usize) -> Result<&[u8], CodecError> {
        if length > FRAME {
            return Err(CodecError::PlainTooLong {
                chunk_size: FRAME as u32,
                wanted: length,
            });
        }
        self.make_room(length);
        let mut bits = BitReader::new(compressed, 0);
        let size = match self.translation {
            Some(size) => size,
            None => {
                let size = match bits.read(1) {
                    0 => 0,
                    _ => bits.read(32).cast_signed(),
                };
                self.translation = Some(size);
                size
            }
        };
        let start = self.done;
        let end = start + length;
        while self.at < end {
            if self.block_left == 0 {
                self.begin_block(&mut bits, end)?;
            }
            self.go_on(&mut bits, end)?;
            not_overrun(&bits, self.at - start, length)?;
        }
        self.done = end;
        let first = self.frames < TRANSLATED_FRAMES;
        let position = self.frames.wrapping_mul(FRAME as u32).cast_signed();
        self.frames = self.frames.saturating_add(1);
        let frame = self.plain.get(start..end).unwrap_or_default();
        if size == 0 || !first || length < SHORTEST_TRANSLATED {
            return Ok(frame);
        }
        self.translated.clear();
        self.translated.extend_from_slice(frame);
        e8::from_absolute_in(&mut self.translated, position, size);
        Ok(&self.translated)
    }

    /// Moves the last window to the front where a frame does not fit behind.
    fn make_room(&mut self, length: usize) {
        if self.done + length + SLACK <= self.plain.len() {
            return;
        }
        // A frame fits then: either there is room for a window and more, or
        // for all that was promised.
        let from = self.done.saturating_sub(self.window);
        self.plain.copy_within(from..self.at, 0);
        self.done -= from;
        self.at -= from;
    }

    /// Reads a block's header, its codes or its recent offsets.
    fn begin_block(&mut self, bits: &mut BitReader<'_>, end: usize) -> Result<(), CodecError> {
        let at = self.at;
        if std::mem::take(&mut self.padding_due) {
            bits.restart_at(1);
        }
        let block = Block::read(bits, at)?;
        let size = bits.read(24) as usize;
        if size == 0 {
            not_overrun(bits, at, end)?;
            let room = (1 << 24) - 1;
            return Err(CodecError::BlockSize { at, size, room });
        }
        match block {
            Block::Uncompressed => {
                let start = bits.align();
                let offsets = bits.bytes_from(start).first_chunk::<12>();
                let Some(offsets) = offsets else {
                    return Err(CodecError::EndsEarly {
                        at,
                        wanted: end,
                        available: bits.input_len(),
                    });
                };
                for (offset, field) in self.recent.iter_mut().zip(offsets.as_chunks::<4>().0) {
                    *offset = u32::from_le_bytes(*field);
                }
                bits.restart_at(start + 12);
            }
            Block::Verbatim | Block::Aligned => self.codes.read(block, bits, at)?,
        }
        self.block = block;
        self.block_left = size;
        self.is_odd = !size.is_multiple_of(2);
        Ok(())
    }

    /// Decodes the block as far as the frame goes.
    fn go_on(&mut self, bits: &mut BitReader<'_>, end: usize) -> Result<(), CodecError> {
        let start = self.at;
        let block_end = start + self.block_left;
        let stop = end.min(block_end);
        let run = Run {
            start,
            stop,
            end: block_end,
        };
        let plain = &mut self.plain;
        self.at = match self.block {
            Block::Verbatim => self
                .codes
                .matches::<false>(bits, plain, run, &mut self.recent)?,
            Block::Aligned => self
                .codes
                .matches::<true>(bits, plain, run, &mut self.recent)?,
            Block::Uncompressed => {
                // No bits are read ahead here: the frame or the data begins.
                let place = bits.position();
                let data = bits.bytes_from(place).get(..stop - start);
                let room = plain.get_mut(start..stop);
                let (Some(data), Some(room)) = (data, room) else {
                    return Err(CodecError::EndsEarly {
                        at: start,
                        wanted: end,
                        available: bits.input_len(),
                    });
                };
                room.copy_from_slice(data);
                bits.restart_at(place + data.len());
                stop
            }
        };
        self.block_left = block_end - self.at;
        if self.block == Block::Uncompressed && self.block_left == 0 && self.is_odd {
            // The byte that makes it even is the last of this data block, or
            // else the first of the next.
            self.padding_due = bits.position() >= bits.input_len() && self.at == end;
            bits.restart_at((bits.position() + 1).min(bits.input_len()));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compress::bit_writer::BitWriter;

    /// Bits as a frame's beginning: value and count.
    fn bits(fields: &[(u32, u32)]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut writer = BitWriter::new(&mut out);
        for &(value, count) in fields {
            writer.put(value, count);
        }
        writer.finish();
        out
    }

    /// The header of an uncompressed block. `first` are the bits in front.
    fn uncompressed(first: &[(u32, u32)], size: u32) -> Vec<u8> {
        let mut fields = first.to_vec();
        fields.extend([(3, 3), (size >> 8, 16), (size & 0xff, 8)]);
        let mut header = bits(&fields);
        header.extend([1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0]);
        header
    }

    const PLAIN: &[(u32, u32)] = &[(0, 1)];

    fn decoder() -> CabinetLzx {
        CabinetLzx::new(15, 1 << 30).unwrap()
    }

    #[test]
    fn only_the_windows_of_the_format_are_there() {
        for order in 0..40 {
            assert_eq!(
                CabinetLzx::new(order, 0).is_some(),
                (15..=21).contains(&order)
            );
        }
    }

    #[test]
    fn an_uncompressed_block_goes_over_frames() {
        let data: Vec<u8> = (0..100_000_u32).map(|n| ((n * 7) >> 3) as u8).collect();
        let mut decoder = decoder();
        let mut first = uncompressed(PLAIN, 100_000);
        first.extend(&data[..FRAME]);
        assert_eq!(decoder.decode(&first, FRAME).unwrap(), &data[..FRAME]);
        for frame in data[FRAME..].chunks(FRAME) {
            assert_eq!(decoder.decode(frame, frame.len()).unwrap(), frame);
        }
    }

    #[test]
    fn the_byte_behind_an_odd_block_lies_here_or_in_the_next_frame() {
        for here in [true, false] {
            let mut decoder = decoder();
            let mut first = uncompressed(PLAIN, 3);
            first.extend(b"odd");
            let mut second = Vec::new();
            match here {
                true => first.push(b'!'),
                false => second.push(b'!'),
            }
            second.extend(uncompressed(&[], 4));
            second.extend(b"even");
            assert_eq!(decoder.decode(&first, 3).unwrap(), b"odd");
            assert_eq!(decoder.decode(&second, 4).unwrap(), b"even", "{here}");
        }
        // Two blocks in one frame.
        let mut both = uncompressed(PLAIN, 3);
        both.extend(b"odd!");
        both.extend(uncompressed(&[], 4));
        both.extend(b"even");
        assert_eq!(decoder().decode(&both, 7).unwrap(), b"oddeven");
    }

    /// Calls are translated back frame by frame, by the place in the folder,
    /// and the window keeps what was decoded.
    #[test]
    fn calls_are_translated_by_their_place_in_the_folder() {
        let size = 60_000;
        let translated: &[(u32, u32)] = &[(1, 1), (0, 16), (size, 16)];
        let mut plain = vec![0_u8; 2 * FRAME];
        // A call in each frame, to place 50,000 of the file.
        for at in [100, FRAME + 7] {
            plain[at] = 0xE8;
            plain[at + 1..at + 5].copy_from_slice(&50_000_i32.to_le_bytes());
        }
        let mut expected = plain.clone();
        for at in [100_i32, FRAME as i32 + 7] {
            let operand = at as usize + 1;
            expected[operand..operand + 4].copy_from_slice(&(50_000 - at).to_le_bytes());
        }
        let mut decoder = decoder();
        let mut first = uncompressed(translated, plain.len() as u32);
        first.extend(&plain[..FRAME]);
        assert!(decoder.decode(&first, FRAME).unwrap() == &expected[..FRAME]);
        assert!(decoder.decode(&plain[FRAME..], FRAME).unwrap() == &expected[FRAME..]);
        assert_eq!(decoder.plain[100..105], plain[100..105]);
    }

    #[test]
    fn each_rule_has_its_error() {
        let ends_early = |at, wanted, available| CodecError::EndsEarly {
            at,
            wanted,
            available,
        };
        let mut short = uncompressed(PLAIN, 10);
        short.extend(b"12345");
        for (frame, length, error) in [
            (vec![], 1, CodecError::BlockType { at: 0, kind: 0 }),
            (
                bits(&[(0, 1), (5, 3)]),
                1,
                CodecError::BlockType { at: 0, kind: 5 },
            ),
            (
                bits(&[(0, 1), (1, 3), (0, 16), (0, 8), (0, 4)]),
                1,
                CodecError::BlockSize {
                    at: 0,
                    size: 0,
                    room: (1 << 24) - 1,
                },
            ),
            (short, 10, ends_early(0, 10, 21)),
            (
                uncompressed(PLAIN, 10)[..8].to_vec(),
                10,
                ends_early(0, 10, 8),
            ),
            (
                vec![],
                FRAME + 1,
                CodecError::PlainTooLong {
                    chunk_size: FRAME as u32,
                    wanted: FRAME + 1,
                },
            ),
        ] {
            assert_eq!(decoder().decode(&frame, length), Err(error));
        }
    }

    /// A window that slides many times gives what a copy from it has to.
    #[test]
    fn the_window_slides() {
        let mut decoder = decoder();
        let frames: Vec<Vec<u8>> = (0..40_u32)
            .map(|frame| {
                (0..FRAME as u32)
                    .map(|n| ((n * 31 + frame * 7) >> 2) as u8)
                    .collect()
            })
            .collect();
        for (number, data) in frames.iter().enumerate() {
            let first = if number == 0 { PLAIN } else { &[] };
            let mut frame = uncompressed(first, FRAME as u32);
            frame.extend(data);
            assert!(decoder.decode(&frame, FRAME).unwrap() == data);
            let kept = decoder.done.min(decoder.window);
            let last: Vec<u8> = frames[..=number].concat();
            assert!(decoder.plain[decoder.done - kept..decoder.done] == last[last.len() - kept..]);
        }
    }
}
