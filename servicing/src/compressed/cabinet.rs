//! One file out of a cabinet.
//!
//! The `cab` crate reads headers, MSZIP and LZX; this file decides what is
//! asked of it and how much it may give. `cab` 0.6 and its LZX decoder `lzxd`
//! 0.2 answer some damage by panicking (a file offset behind the last block; a
//! repeat offset larger than the window). Such a panic is caught here and
//! becomes an error, for a damaged driver must not end the servicing of an
//! image; the process' panic hook still sees it. Cabinets of several parts are
//! refused: a driver source is whole.

use std::io::{BufReader, Cursor, Read, Seek, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind};

use cab::{Cabinet, CompressionType, FileEntry};

use super::{Error, MAX_EXPANDED};

/// File offset of the header's flags, and the two that make it part of a set.
const FLAGS: usize = 30;
const FLAG_HAS_PREVIOUS: u8 = 1;
const FLAG_HAS_NEXT: u8 = 2;
/// A data block holds its expanded length in 16 bits.
const MOST_PER_BLOCK: u64 = u16::MAX as u64;

/// Expands the file `wanted`, or the only one.
pub(super) fn expand(bytes: &[u8], wanted: &str) -> Result<Vec<u8>, Error> {
    expand_from(Cursor::new(bytes), bytes.len() as u64, wanted)
}

/// The same out of a cabinet of `len` bytes that is read piece by piece.
pub(super) fn expand_from(
    mut cabinet: impl Read + Seek,
    len: u64,
    wanted: &str,
) -> Result<Vec<u8>, Error> {
    let mut header = [0; FLAGS + 1];
    if len < header.len() as u64 {
        let (format, inside) = ("cabinet", "the header");
        return Err(Error::Truncated {
            format,
            len: len as usize,
            inside,
        });
    }
    let read = cabinet.read_exact(&mut header);
    read.and_then(|()| cabinet.seek(SeekFrom::Start(0)))
        .map_err(Error::Cabinet)?;
    let [.., flags] = header;
    if flags & (FLAG_HAS_PREVIOUS | FLAG_HAS_NEXT) != 0 {
        return Err(Error::Unsupported {
            format: "a cabinet of several parts",
        });
    }
    // Nothing of the reader is looked at after a panic.
    let read = AssertUnwindSafe(|| read_file(cabinet, wanted));
    catch_unwind(read).unwrap_or(Err(Error::DecoderPanicked))
}

fn read_file(cabinet: impl Read + Seek, wanted: &str) -> Result<Vec<u8>, Error> {
    let mut cabinet = Cabinet::new(BufReader::new(cabinet)).map_err(Error::Cabinet)?;
    let files: Vec<_> = cabinet
        .folder_entries()
        .flat_map(|folder| folder.file_entries().map(move |file| (folder, file)))
        .collect();
    let found = match files.as_slice() {
        [only] => Some(only),
        several => several
            .iter()
            .find(|(_, file)| base_name(file).eq_ignore_ascii_case(wanted)),
    };
    let Some((folder, file)) = found else {
        return Err(Error::NotInCabinet {
            wanted: wanted.to_owned(),
            count: files.len(),
        });
    };
    if matches!(folder.compression_type(), CompressionType::Quantum(..)) {
        return Err(Error::Unsupported {
            format: "a Quantum cabinet",
        });
    }
    let claimed = u64::from(file.uncompressed_size());
    let most = MAX_EXPANDED.min(u64::from(folder.num_data_blocks()) * MOST_PER_BLOCK);
    if claimed > most {
        return Err(Error::TooLong { claimed, most });
    }

    let name = file.name().to_owned();
    let mut expanded = Vec::new();
    // The reader stops at the claimed length; memory grows with what the data
    // really holds.
    let mut reader = cabinet.read_file(&name).map_err(Error::Cabinet)?;
    reader.read_to_end(&mut expanded).map_err(Error::Cabinet)?;
    let found = expanded.len() as u64;
    if found != claimed {
        return Err(Error::TooShort { claimed, found });
    }
    Ok(expanded)
}

/// The name of the file in a cabinet that holds only one.
pub(super) fn only_name(bytes: &[u8]) -> Option<String> {
    // Reads headers only, which `cab` checks; nothing to catch here.
    let cabinet = Cabinet::new(Cursor::new(bytes)).ok()?;
    let mut files = cabinet
        .folder_entries()
        .flat_map(|folder| folder.file_entries());
    let (Some(only), None) = (files.next(), files.next()) else {
        return None;
    };
    Some(base_name(only).to_owned())
}

/// The last component of a stored name; cabinets may store paths.
pub(super) fn base_name(file: &FileEntry) -> &str {
    file.name().rsplit(['\\', '/']).next().unwrap_or_default()
}
