//! What a delta says the target is: bytes, and copies from what came before.
//!
//! The window is the basis and behind it the target so far; a distance counts
//! back from the next byte of the target. Below 256 a symbol is a byte, else a
//! slot and a length:
//!
//! | slot | distance |
//! |---|---|
//! | 0-2 | the length of the basis, and a signed number of 14, 16, 18 bits |
//! | 3 | the length of the basis: the same place there |
//! | 4-6 | one of the last three |
//! | 7 | slots 43 to 70 |
//! | 8-10 | 1, 2, 3 |
//! | 11- | two top bits by the slot, and so many more bits |

use super::bits::BitReader;
use super::parameters::{Blocks, Codes};
use super::{DeltaError, MAX_WINDOW};

/// Appends the target to nothing.
pub(super) fn read(
    reader: &mut BitReader<'_>,
    basis: &[u8],
    target_len: usize,
) -> Result<Vec<u8>, DeltaError> {
    let mut blocks = Blocks::read(reader)?;
    let mut target: Vec<u8> = Vec::with_capacity(target_len);
    let mut recent = [0_u64; 3];
    let (first, mut until) = blocks.at(basis.len() as u64)?;
    let mut codes = first.ok_or(DeltaError::Blocks { count: 0 })?;
    while target.len() < target_len {
        // Blocks begin at places in the window, not in the target.
        let position = (basis.len() + target.len()) as u64;
        if position >= until {
            let (next, then) = blocks.at(position)?;
            codes = next.unwrap_or(codes);
            until = then;
        }
        let symbol = codes.main.read(reader, "the main code")?;
        if let Ok(byte) = u8::try_from(symbol) {
            target.push(byte);
            continue;
        }
        let (slot, short) = ((symbol - 256) >> 3, (symbol - 256) & 7);
        let distance = distance(reader, &codes, slot, basis.len() as u64, &mut recent)?;
        let len = match short {
            0 => length(reader, &codes)?,
            short => u64::from(short) + 1,
        };
        copy(basis, &mut target, target_len, distance, len)?;
    }
    Ok(target)
}

fn distance(
    reader: &mut BitReader<'_>,
    codes: &Codes,
    slot: u16,
    basis: u64,
    recent: &mut [u64; 3],
) -> Result<u64, DeltaError> {
    let slot = match slot {
        7 => far_slot(reader)?,
        slot => u32::from(slot),
    };
    let near = |delta: i64| basis.checked_add_signed(delta).ok_or(DeltaError::Distance);
    let signed = |reader: &mut BitReader<'_>, bits: u32, bias: i64| {
        let raw = i64::from(reader.bits(bits)?) - (1 << (bits - 1));
        near(match raw < 0 {
            true => raw - bias,
            false => raw + bias,
        })
    };
    let distance = match slot {
        0 => signed(reader, 14, 0)?,
        1 => signed(reader, 16, 0x2000)?,
        2 => signed(reader, 18, 0xa000)?,
        3 => basis,
        4..=6 => recent.get(slot as usize - 4).copied().unwrap_or_default(),
        8..=10 => u64::from(slot - 7),
        _ => {
            let slot = slot.checked_sub(11).ok_or(DeltaError::Distance)?;
            let top = u64::from(2 | slot & 1);
            let bits = (slot >> 1) + 1;
            let low = match bits {
                0..=3 => reader.bits(bits)?,
                _ => {
                    let middle = reader.bits(bits - 4)?;
                    let low = codes.aligned.read(reader, "the code for low bits")?;
                    middle << 4 | u32::from(low)
                }
            };
            top << bits | u64::from(low)
        }
    };
    // The one used last comes first; one that is among them moves there.
    let at = recent.iter().position(|known| *known == distance);
    let moved = at.unwrap_or(2);
    recent.copy_within(0..moved, 1);
    recent[0] = distance;
    Ok(distance)
}

/// Slots that the main code has no symbols for.
fn far_slot(reader: &mut BitReader<'_>) -> Result<u32, DeltaError> {
    Ok(match reader.bits(1)? {
        0 => 43 + reader.bits(2)?,
        _ => match reader.bits(1)? {
            0 => 47 + reader.bits(3)?,
            _ => 55 + reader.bits(4)?,
        },
    })
}

/// A length that does not fit the symbol.
fn length(reader: &mut BitReader<'_>, codes: &Codes) -> Result<u64, DeltaError> {
    let coded = codes.length.read(reader, "the code for lengths")?;
    if coded > 0 {
        return Ok(u64::from(coded) + 8);
    }
    let bits = reader.zeros(24)? + 8;
    let low = u64::from(reader.bits(bits.min(32))?);
    Ok((1 << bits | low) + 8)
}

/// Copies `len` bytes from `distance` back.
fn copy(
    basis: &[u8],
    target: &mut Vec<u8>,
    target_len: usize,
    distance: u64,
    len: u64,
) -> Result<(), DeltaError> {
    let len = usize::try_from(len)
        .ok()
        .filter(|len| *len <= target_len - target.len());
    let mut len = len.ok_or(DeltaError::TooLong {
        claimed: target_len as u64,
    })?;
    let distance = usize::try_from(distance).ok();
    let distance = distance.filter(|distance| (1..=MAX_WINDOW as usize).contains(distance));
    let distance = distance.ok_or(DeltaError::Distance)?;
    let here = target.len();
    if distance > here {
        // It begins in the basis, and may go on into the target.
        let from = (basis.len() + here).checked_sub(distance);
        let from = from.ok_or(DeltaError::Distance)?;
        let part = basis.get(from..).ok_or(DeltaError::Distance)?;
        let part = part.get(..len).unwrap_or(part);
        target.extend_from_slice(part);
        len -= part.len();
        if len == 0 {
            return Ok(());
        }
    }
    let from = target.len() - distance.min(target.len());
    if distance >= len {
        target.extend_from_within(from..from + len);
        return Ok(());
    }
    // What is copied is copied again.
    target.reserve(len);
    while len > 0 {
        let part = len.min(target.len() - from);
        target.extend_from_within(from..from + part);
        len -= part;
    }
    Ok(())
}
