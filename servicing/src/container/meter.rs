//! How far work on a file is, to be looked at from another thread.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use wimwright_wim::{ReadAt, WriteAt};

/// Bytes that are done, of those that are to be done.
///
/// Both are for people: with compression nobody knows beforehand how many
/// bytes there will be, and `done` stops at `total`.
#[derive(Debug, Default)]
pub struct Meter {
    done: AtomicU64,
    total: AtomicU64,
}

impl Meter {
    /// Bytes that are done.
    pub fn done(&self) -> u64 {
        self.done.load(Ordering::Relaxed).min(self.total())
    }

    /// Bytes that are to be done; 0 while nobody knows.
    pub fn total(&self) -> u64 {
        self.total.load(Ordering::Relaxed)
    }

    pub(crate) fn begin(&self, total: u64) {
        self.done.store(0, Ordering::Relaxed);
        self.total.store(total, Ordering::Relaxed);
    }

    pub(crate) fn add(&self, bytes: u64) {
        self.done.fetch_add(bytes, Ordering::Relaxed);
    }
}

/// A file of which every write is counted.
pub(super) struct CountedFile {
    file: Arc<dyn WriteAt>,
    meter: Arc<Meter>,
}

impl CountedFile {
    pub(super) fn over(file: Arc<dyn WriteAt>, meter: &Arc<Meter>) -> Arc<dyn WriteAt> {
        let meter = Arc::clone(meter);
        Arc::new(CountedFile { file, meter })
    }
}

impl ReadAt for CountedFile {
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.file.read_exact_at(buffer, offset)
    }
}

impl WriteAt for CountedFile {
    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.file.write_all_at(bytes, offset)?;
        self.meter.add(bytes.len() as u64);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.file.set_len(len)
    }

    fn sync(&self) -> io::Result<()> {
        self.file.sync()
    }
}

/// Content of which every read is counted.
pub(super) struct CountedContent<R> {
    content: R,
    meter: Arc<Meter>,
}

impl<R> CountedContent<R> {
    pub(super) fn new(content: R, meter: &Arc<Meter>) -> CountedContent<R> {
        let meter = Arc::clone(meter);
        CountedContent { content, meter }
    }
}

impl<R: ReadAt> ReadAt for CountedContent<R> {
    fn len(&self) -> io::Result<u64> {
        self.content.len()
    }

    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.content.read_exact_at(buffer, offset)?;
        self.meter.add(buffer.len() as u64);
        Ok(())
    }
}
