//! Content that is being changed: its old bytes, and the pages that differ in
//! an unlinked file beside them.

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::sync::{Arc, PoisonError, RwLock};

use crate::blob::Blob;

/// Unit in which changes are remembered, in bytes.
const PAGE: u64 = 4096;

/// A blob that can be written to. What it was made of stays as it is; what
/// differs goes to scratch space that nobody else sees, and that is gone with
/// it.
pub struct Patched {
    base: Arc<dyn Blob>,
    scratch: File,
    state: RwLock<State>,
}

struct State {
    len: u64,
    /// What of the base still counts, from its start.
    base_len: u64,
    /// Pages that are in the scratch file, at their own place.
    pages: BTreeSet<u64>,
}

impl Patched {
    /// `base`, not changed yet.
    ///
    /// # Errors
    /// When no scratch file can be made.
    pub fn new(base: Arc<dyn Blob>) -> io::Result<Patched> {
        let len = base.len();
        Ok(Patched {
            base,
            scratch: tempfile::tempfile()?,
            state: RwLock::new(State {
                len,
                base_len: len,
                pages: BTreeSet::new(),
            }),
        })
    }

    /// The ranges that may differ from the base, in order, growth included.
    pub fn dirty(&self) -> Vec<Range<u64>> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        let mut ranges: Vec<Range<u64>> = Vec::new();
        let mut add = |range: Range<u64>| match ranges.last_mut() {
            Some(last) if last.end >= range.start => last.end = last.end.max(range.end),
            _ => ranges.push(range),
        };
        let grown = state.base_len.min(state.len);
        for page in &state.pages {
            let start = page * PAGE;
            if start < state.len {
                add(start..(start + PAGE).min(state.len));
            }
        }
        if grown < state.len {
            // Pages between are zeros that no page stands for.
            ranges.retain(|range| range.start < grown);
            if let Some(last) = ranges.last_mut()
                && last.end >= grown
            {
                last.end = state.len;
            } else {
                ranges.push(grown..state.len);
            }
        }
        ranges
    }

    /// Writes `bytes` from `offset` on; it grows where they pass its end.
    ///
    /// # Errors
    /// What reading the base or writing the scratch file gave.
    pub fn write_at(&self, mut offset: u64, mut bytes: &[u8]) -> io::Result<()> {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let end = offset
            .checked_add(bytes.len() as u64)
            .ok_or(io::ErrorKind::FileTooLarge)?;
        while !bytes.is_empty() {
            let page = offset / PAGE;
            let within = offset % PAGE;
            let take = (PAGE - within).min(bytes.len() as u64);
            let (now, rest) = bytes
                .split_at_checked(take as usize)
                .ok_or(io::ErrorKind::UnexpectedEof)?;
            if take < PAGE && !state.pages.contains(&page) {
                let old = self.base_page(&state, page)?;
                self.scratch.write_all_at(&old, page * PAGE)?;
            }
            self.scratch.write_all_at(now, offset)?;
            state.pages.insert(page);
            offset += take;
            bytes = rest;
        }
        state.len = state.len.max(end);
        Ok(())
    }

    /// Cuts it, or fills it up with zeros, to `len` bytes.
    ///
    /// # Errors
    /// What writing the scratch file gave.
    pub fn set_len(&self, len: u64) -> io::Result<()> {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        if len < state.len {
            state.base_len = state.base_len.min(len);
            let behind = state.pages.split_off(&len.div_ceil(PAGE));
            drop(behind);
            // What is cut off must not come back when it grows again.
            let last = len / PAGE;
            if !len.is_multiple_of(PAGE) && state.pages.contains(&last) {
                let zeros = vec![0; (PAGE - len % PAGE) as usize];
                self.scratch.write_all_at(&zeros, len)?;
            }
        }
        state.len = len;
        Ok(())
    }

    /// A page of the base, zeros behind its end.
    fn base_page(&self, state: &State, page: u64) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; PAGE as usize];
        let start = page * PAGE;
        let there = state.base_len.saturating_sub(start).min(PAGE) as usize;
        if let Some(part) = bytes.get_mut(..there)
            && there > 0
        {
            self.base.read_into(start, part)?;
        }
        Ok(bytes)
    }
}

impl Blob for Patched {
    fn len(&self) -> u64 {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        state.len
    }

    fn read_into(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        let end = offset.checked_add(buffer.len() as u64);
        let end = end.filter(|end| *end <= state.len);
        let end = end.ok_or(io::ErrorKind::UnexpectedEof)?;
        let mut at = offset;
        let mut rest = buffer;
        while at < end {
            // As far as pages of one kind go.
            let here = state.pages.contains(&(at / PAGE));
            let mut stop = (at / PAGE + 1) * PAGE;
            match here {
                true => {
                    while stop < end && state.pages.contains(&(stop / PAGE)) {
                        stop += PAGE;
                    }
                }
                false => {
                    let next = state.pages.range(at / PAGE..).next();
                    stop = next.map_or(end, |page| page * PAGE);
                }
            }
            let stop = stop.min(end);
            let (part, behind) = std::mem::take(&mut rest)
                .split_at_mut_checked((stop - at) as usize)
                .ok_or(io::ErrorKind::UnexpectedEof)?;
            rest = behind;
            match here {
                true => self.scratch.read_exact_at(part, at)?,
                false => {
                    let there = state.base_len.saturating_sub(at).min(stop - at) as usize;
                    let (old, zeros) = part
                        .split_at_mut_checked(there)
                        .ok_or(io::ErrorKind::UnexpectedEof)?;
                    if !old.is_empty() {
                        self.base.read_into(at, old)?;
                    }
                    zeros.fill(0);
                }
            }
            at = stop;
        }
        Ok(())
    }
}

impl wimwright_wim::ReadAt for Patched {
    fn len(&self) -> io::Result<u64> {
        Ok(Blob::len(self))
    }

    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.read_into(offset, buffer)
    }
}

impl wimwright_wim::WriteAt for Patched {
    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.write_at(offset, bytes)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        Patched::set_len(self, len)
    }

    /// Scratch space need not outlive anything.
    fn sync(&self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blob::{MemoryBlob, read_all};

    #[test]
    fn random_writes_and_cuts_read_back_as_a_vector_has_them() {
        // A small generator of our own keeps the run the same.
        let mut seed = 88_172_645_463_325_252_u64;
        let mut random = |below: u64| {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            seed % below
        };
        for _ in 0..40 {
            let old: Vec<u8> = (0..random(30_000)).map(|n| n as u8 ^ 0x5A).collect();
            let patched = Patched::new(Arc::new(MemoryBlob::new(old.clone()))).unwrap();
            let mut model = old.clone();
            for _ in 0..30 {
                let at = random(40_000);
                match random(4) {
                    0 => {
                        patched.set_len(at).unwrap();
                        model.resize(at as usize, 0);
                    }
                    _ => {
                        let bytes = vec![random(256) as u8; random(9000) as usize];
                        patched.write_at(at, &bytes).unwrap();
                        let end = at as usize + bytes.len();
                        if model.len() < end {
                            model.resize(end, 0);
                        }
                        model[at as usize..end].copy_from_slice(&bytes);
                    }
                }
                assert_eq!(read_all(&patched, u64::MAX).unwrap(), model);
                let dirty = patched.dirty();
                let clean = |at: usize| !dirty.iter().any(|range| range.contains(&(at as u64)));
                for (at, byte) in model.iter().enumerate() {
                    assert!(!clean(at) || old.get(at) == Some(byte), "{at}: {dirty:?}");
                }
            }
        }
    }
}
