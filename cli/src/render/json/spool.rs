//! The entries of a long list, out of memory until the document is written.

use std::fmt;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Seek as _, Write as _};
use std::marker::PhantomData;
use std::sync::{Mutex, PoisonError};

use serde::de::DeserializeOwned;
use serde::ser::{Error as _, SerializeSeq as _};
use serde::{Serialize, Serializer};

/// Entries that are collected, in a file without a name.
pub(crate) struct Spool<T> {
    file: BufWriter<File>,
    of: PhantomData<T>,
}

impl<T: Serialize> Spool<T> {
    /// An empty one.
    ///
    /// # Errors
    /// When there is no room for temporary files.
    pub(crate) fn new() -> io::Result<Spool<T>> {
        Ok(Spool {
            file: BufWriter::new(tempfile::tempfile()?),
            of: PhantomData,
        })
    }

    /// Adds an entry.
    ///
    /// # Errors
    /// When there is no room for it.
    pub(crate) fn push(&mut self, entry: &T) -> io::Result<()> {
        serde_json::to_writer(&mut self.file, entry)?;
        self.file.write_all(b"\n")
    }

    /// The entries, to be written once.
    ///
    /// # Errors
    /// When the last of them cannot be stored.
    pub(crate) fn finish(self) -> io::Result<Spooled<T>> {
        let mut file = self
            .file
            .into_inner()
            .map_err(io::IntoInnerError::into_error)?;
        file.rewind()?;
        Ok(Spooled {
            file: Mutex::new(BufReader::new(file)),
            of: PhantomData,
        })
    }
}

/// Entries that were collected: a list that is written as it is read.
pub struct Spooled<T> {
    file: Mutex<BufReader<File>>,
    of: PhantomData<T>,
}

impl<T> fmt::Debug for Spooled<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spooled").finish_non_exhaustive()
    }
}

impl<T: DeserializeOwned + Serialize> Serialize for Spooled<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let entries = serde_json::Deserializer::from_reader(&mut *file).into_iter::<T>();
        let mut list = serializer.serialize_seq(None)?;
        for entry in entries {
            list.serialize_element(&entry.map_err(S::Error::custom)?)?;
        }
        list.end()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

    use super::*;

    #[test]
    fn entries_are_written_as_the_list_that_they_are() {
        for count in [0_u32, 1, 1000] {
            let list: Vec<(u32, String)> = (0..count).map(|n| (n, format!("a\n{n}"))).collect();
            let mut spool = Spool::new().unwrap();
            for entry in &list {
                spool.push(entry).unwrap();
            }
            let spooled = serde_json::to_string_pretty(&spool.finish().unwrap()).unwrap();
            assert_eq!(spooled, serde_json::to_string_pretty(&list).unwrap());
        }
    }
}
