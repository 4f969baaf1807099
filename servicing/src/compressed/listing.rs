//! Cabinets read through a blob: what is in them, and one file out of them.
//!
//! A driver cache has cabinets of 20 to 80 MB (`driver.cab`, `sp3.cab`). Their
//! lists stand at the front, so that a listing reads a few pages; a file is
//! taken out without holding the cabinet in memory. Facts: Microsoft's Cabinet
//! SDK, read by the `cab` crate.

use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind};

use cab::Cabinet;

use super::cabinet::{self, base_name};
use super::{Error, Format, MAX_EXPANDED, expand};
use crate::blob::{Blob, read_all};

/// The largest compressed file that is held in memory because its format
/// cannot be read piece by piece.
const MAX_HELD: u64 = 512 << 20;
/// Lists of more files than this are cut: Windows' own driver cabinets hold a
/// few thousand, and a file's number has 16 bits.
const MAX_FILES: usize = 1 << 16;

/// A file of a cabinet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CabinetFile {
    /// Its name, without the folders that it may be stored with.
    pub name: String,
    /// Its length when expanded, in bytes, as the list claims it.
    pub len: u64,
}

/// The files of the cabinet in `blob`, in its order.
///
/// # Errors
/// [`Error`] when it is no cabinet, or its lists are damaged.
pub fn cabinet_files(blob: &dyn Blob) -> Result<Vec<CabinetFile>, Error> {
    let read = || {
        let cabinet = Cabinet::new(BufReader::new(Cursor::new(blob))).map_err(Error::Cabinet)?;
        let files = cabinet
            .folder_entries()
            .flat_map(|folder| folder.file_entries());
        let files = files.take(MAX_FILES).map(|file| CabinetFile {
            name: base_name(file).to_owned(),
            len: u64::from(file.uncompressed_size()),
        });
        Ok(files.collect())
    };
    catch_unwind(AssertUnwindSafe(read)).unwrap_or(Err(Error::DecoderPanicked))
}

/// Expands a compressed source as [`expand`] does, without holding a cabinet in
/// memory.
///
/// # Errors
/// As [`expand`].
pub fn expand_blob(blob: &dyn Blob, wanted_name: &str) -> Result<Vec<u8>, Error> {
    let mut start = [0; 8];
    let known = blob.len().min(start.len() as u64) as usize;
    if let Some(start) = start.get_mut(..known) {
        blob.read_into(0, start).map_err(Error::Cabinet)?;
    }
    if Format::of(&start) == Some(Format::Cabinet) {
        return cabinet::expand_from(Cursor::new(blob), blob.len(), wanted_name);
    }
    let bytes = read_all(blob, MAX_HELD.max(MAX_EXPANDED)).map_err(Error::Cabinet)?;
    expand(&bytes, wanted_name)
}

/// A blob as something with a position.
pub(super) struct Cursor<'b> {
    blob: &'b dyn Blob,
    at: u64,
}

impl<'b> Cursor<'b> {
    fn new(blob: &'b dyn Blob) -> Cursor<'b> {
        Cursor { blob, at: 0 }
    }
}

impl Read for Cursor<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.blob.len().saturating_sub(self.at);
        let len = left.min(buffer.len() as u64) as usize;
        let Some(part) = buffer.get_mut(..len).filter(|part| !part.is_empty()) else {
            return Ok(0);
        };
        self.blob.read_into(self.at, part)?;
        self.at += len as u64;
        Ok(len)
    }
}

impl Seek for Cursor<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(back) => self.blob.len().checked_add_signed(back),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = at.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}
