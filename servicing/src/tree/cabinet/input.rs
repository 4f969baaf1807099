//! A part of a cabinet's file, from front to back.

use std::io;
use std::sync::Arc;

use crate::blob::Blob;

/// What is read at once, in bytes: little at first, for cabinets can have
/// thousands of small folders.
const AHEAD_AT_FIRST: u64 = 16 * 1024;
const AHEAD: u64 = 256 * 1024;

/// Reads a range of a blob from front to back.
pub(super) struct Input {
    blob: Arc<dyn Blob>,
    /// Where the next byte lies that was not handed out.
    at: u64,
    end: u64,
    buffer: Vec<u8>,
    /// What of the buffer was handed out.
    used: usize,
    ahead: u64,
}

impl Input {
    /// Of `blob`, from `at` on, up to `end`.
    pub(super) fn new(blob: Arc<dyn Blob>, at: u64, end: u64) -> Input {
        Input {
            blob,
            at,
            end,
            buffer: Vec::new(),
            used: 0,
            ahead: AHEAD_AT_FIRST,
        }
    }

    /// Where the next byte lies.
    pub(super) fn position(&self) -> u64 {
        self.at
    }

    /// Where it ends.
    pub(super) fn end(&self) -> u64 {
        self.end
    }

    /// The next `count` bytes; `None` where it ends before.
    pub(super) fn take(&mut self, count: usize) -> io::Result<Option<&[u8]>> {
        if self.buffer.len() - self.used < count && !self.fill(count)? {
            return Ok(None);
        }
        let start = self.used;
        self.used += count;
        self.at += count as u64;
        Ok(self.buffer.get(start..self.used))
    }

    /// The `count` bytes that were taken last.
    pub(super) fn last(&self, count: usize) -> &[u8] {
        let start = self.used.saturating_sub(count);
        self.buffer.get(start..self.used).unwrap_or_default()
    }

    /// The next `N` bytes.
    pub(super) fn array<const N: usize>(&mut self) -> io::Result<Option<[u8; N]>> {
        let bytes = self.take(N)?;
        Ok(bytes.and_then(<[u8]>::first_chunk).copied())
    }

    /// Reads on until `count` bytes are there.
    fn fill(&mut self, count: usize) -> io::Result<bool> {
        let there = self.buffer.len() - self.used;
        let left = self.end.saturating_sub(self.at);
        if (count as u64) > left {
            return Ok(false);
        }
        self.buffer.drain(..self.used);
        self.used = 0;
        let whole = left.min(self.ahead.max(count as u64)) as usize;
        self.ahead = AHEAD.min(self.ahead * 2);
        self.buffer.resize(whole, 0);
        let rest = self.buffer.get_mut(there..).unwrap_or_default();
        self.blob.read_into(self.at + there as u64, rest)?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blob::MemoryBlob;

    #[test]
    fn bytes_come_in_order_and_end_where_the_range_does() {
        let bytes: Vec<u8> = (0..700_000_u32).map(|n| (n / 256) as u8).collect();
        let blob = Arc::new(MemoryBlob::new(bytes.clone()));
        let mut input = Input::new(blob, 3, 600_000);
        let mut at = 3;
        for count in [0, 1, 7, 65_543, 300_000, 100] {
            assert_eq!(input.position(), at as u64);
            assert_eq!(input.take(count).unwrap(), Some(&bytes[at..at + count]));
            at += count;
        }
        assert_eq!(input.take(600_000 - at + 1).unwrap(), None);
        assert_eq!(input.take(600_000 - at).unwrap(), Some(&bytes[at..600_000]));
        assert_eq!(input.array::<1>().unwrap(), None);
    }
}
