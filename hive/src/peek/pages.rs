//! Pages of a hive that is not in memory: fetched once, kept for a while, with
//! a log's pages laid over them.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::Error;
use crate::offset::FileOffset;

use super::ReadAt;

/// Length of a page, in bytes: the chunk size of most compressed images.
const PAGE: u64 = 32 * 1024;

/// Most pages kept: 8 MiB.
const MAX_KEPT: usize = 256;

pub(super) struct Pages<R> {
    reader: R,
    /// By page number; later ones win.
    overlay: HashMap<u64, Vec<Patch>>,
    kept: Mutex<Kept>,
}

/// Bytes of a log: position in their page, and what is there.
type Patch = (usize, Box<[u8]>);

#[derive(Default)]
struct Kept {
    pages: HashMap<u64, Arc<[u8]>>,
    /// From the page that was fetched first on.
    order: VecDeque<u64>,
    fetched: usize,
}

impl<R: ReadAt> Pages<R> {
    pub(super) fn new(reader: R) -> Self {
        Pages {
            reader,
            overlay: HashMap::new(),
            kept: Mutex::default(),
        }
    }

    /// Lays bytes over what the reader has there.
    pub(super) fn lay_over(&mut self, at: FileOffset, bytes: &[u8]) {
        for (page, position, part) in split(at, bytes.len()) {
            let part = bytes.get(part).unwrap_or_default();
            self.overlay
                .entry(page)
                .or_default()
                .push((position, part.into()));
        }
    }

    pub(super) fn fetched(&self) -> usize {
        self.kept
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .fetched
    }

    /// Fills `buf` with the bytes from `at` on; zeros where neither reader nor
    /// log has any.
    pub(super) fn read(&self, at: FileOffset, buf: &mut [u8]) -> Result<(), Error> {
        for (number, position, part) in split(at, buf.len()) {
            let page = self.page(number)?;
            let length = part.len();
            let from = page.get(position..).and_then(|rest| rest.get(..length));
            if let (Some(from), Some(to)) = (from, buf.get_mut(part)) {
                to.copy_from_slice(from);
            }
        }
        Ok(())
    }

    fn page(&self, number: u64) -> Result<Arc<[u8]>, Error> {
        // Not held while the reader works: that may run other work.
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(page) = kept.pages.get(&number) {
            return Ok(Arc::clone(page));
        }
        drop(kept);
        let page = self.fetch(number)?;
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.fetched += 1;
        if kept.pages.insert(number, Arc::clone(&page)).is_none() {
            kept.order.push_back(number);
        }
        if kept.order.len() > MAX_KEPT
            && let Some(oldest) = kept.order.pop_front()
        {
            kept.pages.remove(&oldest);
        }
        Ok(page)
    }

    fn fetch(&self, number: u64) -> Result<Arc<[u8]>, Error> {
        let start = number * PAGE;
        let mut page = vec![0; PAGE as usize];
        let available = self.reader.len().saturating_sub(start).min(PAGE);
        let filled = page
            .get_mut(..usize::try_from(available).unwrap_or(0))
            .unwrap_or_default();
        if !filled.is_empty() {
            self.reader
                .read_at(start, filled)
                .map_err(Error::io("reading a page of the hive"))?;
        }
        for (position, bytes) in self.overlay.get(&number).into_iter().flatten() {
            let place = page
                .get_mut(*position..)
                .and_then(|rest| rest.get_mut(..bytes.len()));
            if let Some(place) = place {
                place.copy_from_slice(bytes);
            }
        }
        Ok(page.into())
    }
}

/// Cuts `length` bytes at `at` at the ends of pages: page number, position in
/// the page, and which of the bytes.
fn split(
    at: FileOffset,
    length: usize,
) -> impl Iterator<Item = (u64, usize, std::ops::Range<usize>)> {
    let mut done = 0;
    std::iter::from_fn(move || {
        let left = length.checked_sub(done).filter(|&left| left > 0)?;
        let at = at.0 + done as u64;
        let position = at % PAGE;
        let part = left.min(usize::try_from(PAGE - position).ok()?);
        let range = done..done + part;
        done += part;
        Some((at / PAGE, usize::try_from(position).ok()?, range))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_cross_pages_and_see_the_log_over_the_file() {
        let file: Vec<u8> = (0..100_000_u32).map(|at| at as u8).collect();
        let mut pages = Pages::new(&file);
        pages.lay_over(FileOffset(32_760), &[200; 20]);
        pages.lay_over(FileOffset(32_770), &[201; 4]);
        let mut expected = file.clone();
        expected[32_760..32_780].fill(200);
        expected[32_770..32_774].fill(201);
        expected.resize(140_000, 0);
        for (at, length) in [
            (0, 10),
            (32_700, 200),
            (0, 100_000),
            (99_990, 40_000),
            (65_536, 0),
        ] {
            let mut found = vec![9; length];
            pages.read(FileOffset(at as u64), &mut found).unwrap();
            assert!(found == expected[at..at + length], "{length} bytes at {at}");
        }
        assert_eq!(pages.fetched(), 5, "each page once");
    }

    #[test]
    fn no_more_than_the_limit_is_kept() {
        let file = vec![7; (MAX_KEPT + 10) * PAGE as usize];
        let pages = Pages::new(&file);
        for _ in 0..2 {
            for page in 0..(MAX_KEPT + 10) as u64 {
                let mut byte = [0];
                pages.read(FileOffset(page * PAGE), &mut byte).unwrap();
                assert_eq!(byte, [7]);
            }
        }
        let kept = pages.kept.lock().unwrap();
        assert_eq!((kept.pages.len(), kept.order.len()), (MAX_KEPT, MAX_KEPT));
    }
}
