//! SZDD: LZSS with a window of 4096 bytes.
//!
//! ```text
//! SZDD header                         QBasic header
//! 0   8  magic                        0   8  magic
//! 8   1  mode, 'A'                    8   4  expanded length
//! 9   1  missing character or 0       12     data
//! 10  4  expanded length
//! 14     data
//! ```
//!
//! Data: a control byte, then eight items, lowest bit first. Bit set: one byte
//! as it is. Bit clear: two bytes, `pppppppp PPPPllll`: copy `l + 3` bytes from
//! window position `P p`. The window begins filled with spaces, and writing
//! begins 16 bytes before its end, 18 in the QBasic variant.

use super::{Error, Format, MAX_EXPANDED};

/// Length of the window.
const WINDOW: usize = 4096;
/// Mode byte of the only compression mode there is.
const MODE: u8 = b'A';
const SHORTEST_COPY: usize = 3;
/// Eight copies of 18 bytes, from 17 bytes of data: less than 9 for each.
const MOST_PER_CONTROL: usize = 8 * (0x0f + SHORTEST_COPY);
const MOST_PER_BYTE: u64 = 9;

struct Header {
    missing: u8,
    claimed: u32,
    /// File offset of the data.
    data_at: usize,
    /// Window position where writing begins.
    window_at: usize,
}

fn header(bytes: &[u8]) -> Result<Header, Error> {
    let field = |at: usize| {
        bytes
            .get(at..at + 4)
            .and_then(|field| field.try_into().ok())
    };
    let truncated = Error::Truncated {
        format: "SZDD",
        len: bytes.len(),
        inside: "the header",
    };
    if Format::of(bytes) == Some(Format::SzddQBasic) {
        let Some(claimed) = field(8).map(u32::from_le_bytes) else {
            return Err(truncated);
        };
        return Ok(Header {
            missing: 0,
            claimed,
            data_at: 12,
            window_at: WINDOW - 18,
        });
    }
    let (Some(&mode), Some(&missing), Some(claimed)) = (
        bytes.get(8),
        bytes.get(9),
        field(10).map(u32::from_le_bytes),
    ) else {
        return Err(truncated);
    };
    if mode != MODE {
        return Err(Error::SzddMode { mode });
    }
    Ok(Header {
        missing,
        claimed,
        data_at: 14,
        window_at: WINDOW - 16,
    })
}

/// The last character of the file's name, where the header tells it. Only
/// graphic ASCII is believed: the byte is in the code page of whoever
/// compressed the file.
pub(super) fn missing_character(bytes: &[u8]) -> Option<char> {
    let missing = header(bytes).ok()?.missing;
    missing.is_ascii_graphic().then_some(char::from(missing))
}

/// Expands a whole file of either variant.
pub(super) fn expand(bytes: &[u8]) -> Result<Vec<u8>, Error> {
    let header = header(bytes)?;
    let data = bytes.get(header.data_at..).unwrap_or_default();
    let claimed = u64::from(header.claimed);
    let possible = (data.len() as u64).saturating_mul(MOST_PER_BYTE);
    let most = MAX_EXPANDED.min(possible);
    if claimed > most {
        return Err(Error::TooLong { claimed, most });
    }
    // At most MAX_EXPANDED, so it fits.
    let len = claimed as usize;

    let mut expanded = Vec::with_capacity(len + MOST_PER_CONTROL);
    // Whether the data ended early shows in the length alone: the last control
    // byte may have bits left over.
    let _ = decode(data, header.window_at, len, &mut expanded);
    expanded.truncate(len);
    let found = expanded.len() as u64;
    if found < claimed {
        return Err(Error::TooShort { claimed, found });
    }
    Ok(expanded)
}

/// Decodes until `expanded` holds `len` bytes, and to the end of that control
/// byte's items. `None`: the data ended first.
///
/// There is no window beside `expanded`: a window position is a distance back
/// from the place where the window would be written next, and what lies before
/// the first byte is a space.
fn decode(data: &[u8], window_at: usize, len: usize, expanded: &mut Vec<u8>) -> Option<()> {
    let mut input = data.iter().copied();
    while expanded.len() < len {
        let control = input.next()?;
        for bit in 0..8 {
            if control >> bit & 1 == 1 {
                expanded.push(input.next()?);
                continue;
            }
            let (low, high) = (usize::from(input.next()?), usize::from(input.next()?));
            let from = low | (high & 0xf0) << 4;
            let write_at = (window_at + expanded.len()) % WINDOW;
            // The position that is written next still holds the oldest byte.
            let distance = match (WINDOW + write_at - from) % WINDOW {
                0 => WINDOW,
                distance => distance,
            };
            for _ in 0..(high & 0x0f) + SHORTEST_COPY {
                let source = expanded.len().checked_sub(distance);
                let byte = source.and_then(|at| expanded.get(at)).copied();
                expanded.push(byte.unwrap_or(b' '));
            }
        }
    }
    Some(())
}
