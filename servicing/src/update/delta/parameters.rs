//! The codes that a delta uses, and from where on.
//!
//! One bit says whether all symbols weigh the same. If not: the number of
//! blocks, where each begins (as differences), 39 lengths of four bits for the
//! code that the lengths are written in, and for each block 872 lengths, as
//! differences from the block before:
//!
//! | symbol | meaning |
//! |---|---|
//! | 0-16 | this length |
//! | 17-19 | that of the block before, plus 1, 2, 3 |
//! | 20-22 | that of the block before, minus 1, 2, 3 |
//! | 23-30 | the length before once more, so many times |
//! | 31-38 | those of the block before, so many |

use super::DeltaError;
use super::bits::BitReader;
use super::huffman::Huffman;

/// Symbols of the main code: 256 bytes, and 43 slots with 8 lengths each.
const MAIN: usize = 0x258;
/// Symbols of the code for lengths.
const LENGTH: usize = 0x100;
/// Symbols of the code for the lowest four bits of a distance.
const ALIGNED: usize = 0x10;
const ALL: usize = MAIN + LENGTH + ALIGNED;
/// Symbols of the code that the lengths are written in.
const PRE: usize = 39;

/// Most blocks; real deltas have a few dozen for a megabyte.
const MAX_BLOCKS: u64 = 1 << 14;

/// The three codes of a block.
pub(super) struct Codes {
    pub(super) main: Huffman,
    pub(super) length: Huffman,
    pub(super) aligned: Huffman,
}

impl Codes {
    fn of(lengths: &[u8]) -> Result<Codes, DeltaError> {
        let part = |from: usize, len: usize| lengths.get(from..from + len).unwrap_or_default();
        Ok(Codes {
            main: Huffman::new(part(0, MAIN), "the main code")?,
            length: Huffman::new(part(MAIN, LENGTH), "the code for lengths")?,
            aligned: Huffman::new(part(MAIN + LENGTH, ALIGNED), "the code for low bits")?,
        })
    }

    fn even() -> Result<Codes, DeltaError> {
        Ok(Codes {
            main: Huffman::even(MAIN, "the main code")?,
            length: Huffman::even(LENGTH, "the code for lengths")?,
            aligned: Huffman::even(ALIGNED, "the code for low bits")?,
        })
    }
}

/// All blocks of a delta. Codes are made where they are needed: lengths are
/// small, codes are not.
pub(super) struct Blocks {
    /// Where each begins, in bytes of the window, and its lengths; `None`
    /// stands for those of a code in which all weigh the same.
    blocks: Vec<(u64, Option<Vec<u8>>)>,
    next: usize,
}

impl Blocks {
    pub(super) fn read(reader: &mut BitReader<'_>) -> Result<Blocks, DeltaError> {
        if reader.bits(1)? == 1 {
            return Ok(Blocks {
                blocks: vec![(0, None)],
                next: 0,
            });
        }
        let count = reader.number()?;
        if count == 0 || count > MAX_BLOCKS {
            return Err(DeltaError::Blocks { count });
        }
        let mut starts = Vec::new();
        let mut start = 0_u64;
        for _ in 0..count {
            start = start.saturating_add(reader.number()?);
            starts.push(start);
        }
        let mut pre = [0_u8; PRE];
        for length in &mut pre {
            *length = reader.bits(4)? as u8;
        }
        let pre = Huffman::new(&pre, "the code that lengths are written in")?;
        let mut before = vec![0_u8; ALL];
        let mut blocks = Vec::new();
        for start in starts {
            let lengths = lengths(reader, &pre, &before)?;
            before.clone_from(&lengths);
            blocks.push((start, Some(lengths)));
        }
        Ok(Blocks { blocks, next: 0 })
    }

    /// The codes that begin at or before `position`, if they are new there, and
    /// where the next ones begin.
    pub(super) fn at(&mut self, position: u64) -> Result<(Option<Codes>, u64), DeltaError> {
        let mut found = None;
        while let Some((start, lengths)) = self.blocks.get(self.next) {
            // The first one is in force whatever it says.
            if *start > position && self.next > 0 {
                break;
            }
            found = Some(lengths);
            self.next += 1;
        }
        let codes = match found {
            None => None,
            Some(Some(lengths)) => Some(Codes::of(lengths)?),
            Some(None) => Some(Codes::even()?),
        };
        let until = self
            .blocks
            .get(self.next)
            .map_or(u64::MAX, |(start, _)| *start);
        Ok((codes, until))
    }
}

fn lengths(
    reader: &mut BitReader<'_>,
    pre: &Huffman,
    before: &[u8],
) -> Result<Vec<u8>, DeltaError> {
    const WHAT: &str = "the lengths of a code";
    let broken = || DeltaError::Code { what: WHAT };
    let mut lengths: Vec<u8> = Vec::with_capacity(ALL);
    while lengths.len() < ALL {
        let symbol = pre.read(reader, WHAT)?;
        let above = before.get(lengths.len()).copied().unwrap_or_default();
        match symbol {
            0..=16 => lengths.push(symbol as u8),
            17..=19 => {
                let more = above + (symbol - 16) as u8;
                // No code is longer; a sum of sums must not grow without end.
                lengths.push(Some(more).filter(|more| *more <= 16).ok_or_else(broken)?);
            }
            20..=22 => {
                let less = above.checked_sub((symbol - 19) as u8);
                lengths.push(less.ok_or_else(broken)?);
            }
            _ => {
                let code = u32::from((symbol - 23) & 7);
                let count = match code {
                    0..=2 => code + 1,
                    _ => 1 << (code - 1) | reader.bits(code - 1)?,
                } as usize;
                if lengths.len() + count > ALL {
                    return Err(broken());
                }
                match symbol {
                    23..=30 => {
                        let last = *lengths.last().ok_or_else(broken)?;
                        lengths.resize(lengths.len() + count, last);
                    }
                    _ => {
                        let from = lengths.len();
                        let copied = before.get(from..from + count).ok_or_else(broken)?;
                        lengths.extend_from_slice(copied);
                    }
                }
            }
        }
    }
    Ok(lengths)
}
