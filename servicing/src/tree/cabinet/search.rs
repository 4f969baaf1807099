//! Cabinets inside other files: self-extracting programs carry theirs behind
//! the code.

use std::io;
use std::sync::Arc;

use super::error::CabinetError;
use super::header::FIXED_LEN;
use super::set::Cabinet;
use crate::blob::{Blob, PartOfBlob};

/// What is looked through at once, in bytes.
const WINDOW: u64 = 1 << 20;
/// Most cabinets that are looked for. Hotfixes hold one.
const MOST: usize = 64;

/// A cabinet inside a file.
pub struct Found {
    /// Where it begins.
    pub at: u64,
    /// Its bytes, up to the end of the file: a signature may follow it.
    pub blob: Arc<dyn Blob>,
    /// It, where it is one file.
    pub cabinet: Cabinet,
}

/// Looks for the cabinets inside a file, from `from` on. What begins like one
/// but is none is passed over: the letters stand in many programs. Cabinets
/// inside cabinets are not found; parts of sets are passed over.
///
/// # Errors
/// What reading gave.
pub fn find_cabinets(blob: &Arc<dyn Blob>, from: u64) -> io::Result<Vec<Found>> {
    let mut found = Vec::new();
    let mut at = from;
    let mut buffer = Vec::new();
    while found.len() < MOST && at.saturating_add(FIXED_LEN) <= blob.len() {
        let window = (blob.len() - at).min(WINDOW + FIXED_LEN);
        buffer.resize(window as usize, 0);
        blob.read_into(at, &mut buffer)?;
        let starts = memchr::memmem::find_iter(&buffer, b"MSCF");
        let mut next = at + window - (FIXED_LEN - 1).min(window - 1);
        for start in starts {
            let head = buffer.get(start..).unwrap_or_default();
            let start = at + start as u64;
            if start >= next {
                break;
            }
            if !is_likely(head, blob.len() - start) {
                continue;
            }
            let rest: Arc<dyn Blob> = Arc::new(PartOfBlob::new(Arc::clone(blob), start));
            match Cabinet::open(&rest) {
                Ok(cabinet) => {
                    let len = cabinet.parts().first().map_or(0, |part| part.header.len);
                    found.push(Found {
                        at: start,
                        blob: rest,
                        cabinet,
                    });
                    next = start + u64::from(len).max(FIXED_LEN);
                    break;
                }
                Err(CabinetError::Read(error)) => return Err(error),
                Err(_) => {}
            }
        }
        at = next;
    }
    Ok(found)
}

/// Whether the fixed part of a header is that of a cabinet with `room` bytes
/// at most: length and offset fit, the format is 1.3. (Some makers write to
/// reserved fields.)
fn is_likely(head: &[u8], room: u64) -> bool {
    let field = |at: usize| {
        let bytes = head.get(at..).and_then(<[u8]>::first_chunk);
        bytes.map_or(0, |bytes| u64::from(u32::from_le_bytes(*bytes)))
    };
    let (len, files_at) = (field(8), field(16));
    head.get(24..26) == Some(&[3, 1])
        && (FIXED_LEN..=room).contains(&len)
        && (FIXED_LEN..len).contains(&files_at)
}
