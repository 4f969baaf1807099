//! Cabinets read through a blob: what is in them, and one file out of them.
//!
//! A driver cache has cabinets of 20 to 80 MB (`driver.cab`, `sp3.cab`). Their
//! lists stand at the front, so that a listing reads a few pages; a file is
//! taken out without holding the cabinet in memory.

use std::sync::Arc;

use super::cabinet::{self, base_name};
use super::{Error, Format, MAX_EXPANDED, expand};
use crate::blob::{Blob, read_all};

/// The largest compressed file that is held in memory because its format
/// cannot be read piece by piece.
const MAX_HELD: u64 = 512 << 20;

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
pub fn cabinet_files(blob: &Arc<dyn Blob>) -> Result<Vec<CabinetFile>, Error> {
    let cabinet = cabinet::open(blob)?;
    let files = cabinet.members().iter().map(|member| CabinetFile {
        name: base_name(member).to_owned(),
        len: member.len,
    });
    Ok(files.collect())
}

/// Expands a compressed source as [`expand`] does, without holding a cabinet in
/// memory.
///
/// # Errors
/// As [`expand`].
pub fn expand_blob(blob: &Arc<dyn Blob>, wanted_name: &str) -> Result<Vec<u8>, Error> {
    let mut start = [0; 8];
    let known = blob.len().min(start.len() as u64) as usize;
    if let Some(start) = start.get_mut(..known) {
        blob.read_into(0, start).map_err(Error::Read)?;
    }
    if Format::of(&start) == Some(Format::Cabinet) {
        return cabinet::expand(blob, wanted_name);
    }
    let bytes = read_all(blob.as_ref(), MAX_HELD.max(MAX_EXPANDED)).map_err(Error::Read)?;
    expand(&bytes, wanted_name)
}
