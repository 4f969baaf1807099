//! What a large PE image says of itself, without reading all of it.
//!
//! A kernel has 2 to 10 MB, of which its headers, its resources and its debug
//! directory say what it is. Only these are read, into a buffer that is as long
//! as the file and zero everywhere else, so that every offset means the same as
//! in the file and the same code reads both.

use std::io;

use super::{Error, PeFacts, debug, headers::Headers};
use crate::blob::Blob;

/// Where headers are looked for first, and where at most.
const HEADERS: u64 = 8 * 1024;
const MOST_HEADERS: u64 = 64 * 1024;
/// The most of the resources that is read: kernels have some 100 KiB of them,
/// mostly messages.
const MOST_RESOURCES: u64 = 4 << 20;
/// The largest image that is looked at. The buffer is not touched where
/// nothing is read into it.
const MOST: u64 = 64 << 20;

/// Why an image could not be looked at.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Its content cannot be read.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It begins as a PE image and cannot be read further.
    #[error(transparent)]
    Pe(#[from] Error),
}

impl PeFacts {
    /// Reads the facts of a PE image of which only the parts that say them are
    /// read. `None`: not a PE image, see [`PeFacts::read`].
    ///
    /// # Errors
    /// What reading gave, or the headers do not decode. An image of more than
    /// 64 MiB is refused.
    pub fn of_blob(blob: &dyn Blob) -> Result<Option<PeFacts>, ReadError> {
        let len = blob.len();
        if len > MOST {
            return Err(ReadError::Io(io::Error::new(
                io::ErrorKind::FileTooLarge,
                format!("{len} bytes, more than the {MOST} of any kernel"),
            )));
        }
        let mut image = vec![0; len as usize];
        fill(blob, &mut image, 0, HEADERS)?;
        let mut headers = Headers::read(&image);
        if !matches!(&headers, Ok(Some(_))) && len > HEADERS {
            fill(blob, &mut image, HEADERS, MOST_HEADERS - HEADERS)?;
            headers = Headers::read(&image);
        }
        let Some(headers) = headers? else {
            return Ok(None);
        };
        if let Some(table) = headers.optional.data_directories.get_resource_table() {
            let size = u64::from(table.size).min(MOST_RESOURCES);
            // The directory alone has to lie in a section; how much of what
            // follows is there, reading shows.
            if let Some(at) = headers.file_offset(&image, table.virtual_address, 1) {
                fill(blob, &mut image, at as u64, size)?;
            }
        }
        if let Ok(Some(directory)) = debug::directory(&image, &headers) {
            fill(blob, &mut image, directory.at as u64, directory.len as u64)?;
            for record in debug::records(&image, &directory) {
                fill(blob, &mut image, record.at as u64, record.len as u64)?;
            }
        }
        Ok(PeFacts::read(&image)?)
    }
}

/// Reads a part of the blob to the same place of the buffer, as far as both go.
fn fill(blob: &dyn Blob, image: &mut [u8], at: u64, len: u64) -> io::Result<()> {
    let end = at.saturating_add(len).min(blob.len());
    let (Ok(start), Ok(stop)) = (usize::try_from(at), usize::try_from(end)) else {
        return Ok(());
    };
    match image.get_mut(start..stop) {
        Some(part) if !part.is_empty() => blob.read_into(at, part),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::super::tests::corpus_files;
    use super::*;
    use crate::blob::MemoryBlob;

    /// A blob that counts what is read of it.
    struct Counted(MemoryBlob, AtomicU64);

    impl Blob for Counted {
        fn len(&self) -> u64 {
            self.0.len()
        }

        fn read_into(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
            self.1.fetch_add(buffer.len() as u64, Ordering::Relaxed);
            self.0.read_into(offset, buffer)
        }
    }

    #[test]
    fn a_part_of_the_file_says_the_same_as_all_of_it() {
        let test = "a_part_of_the_file_says_the_same_as_all_of_it";
        let (mut whole, mut read) = (0, 0);
        for path in corpus_files(test, &["sys", "dll"]) {
            let bytes = wimwright_testdata::read(&path);
            whole += bytes.len() as u64;
            let expected = PeFacts::read(&bytes).unwrap();
            let blob = Counted(MemoryBlob::new(bytes), AtomicU64::new(0));
            let found = PeFacts::of_blob(&blob).unwrap();
            assert_eq!(found, expected, "{}", path.display());
            read += blob.1.load(Ordering::Relaxed);
        }
        assert!(
            whole == 0 || read < whole,
            "{read} of {whole} bytes were read"
        );
    }

    #[test]
    fn what_is_no_image_is_none() {
        for bytes in [&b""[..], b"MZ", b"[Version]"] {
            let blob = MemoryBlob::new(bytes.to_vec());
            assert_eq!(PeFacts::of_blob(&blob).unwrap(), None);
        }
    }
}
