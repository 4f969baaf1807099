//! What a file is, told from its header and tables alone: no content is read.

use std::fmt;

use sha2::{Digest as _, Sha256};

use super::ContainerError;
use super::contents;
use crate::wim_file::WimFile;

/// The digest of the headers, the blob table and the XML data of a WIM file.
///
/// The blob table holds the SHA-1 of every content, the metadata of the images
/// among them: where two files have the same fingerprint, their images hold the
/// same, unless one is damaged (`verify` tells that).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fingerprint(pub [u8; 32]);

impl Fingerprint {
    /// That of a file, with the parts or references that it was opened with.
    pub fn of(wim: &WimFile) -> Fingerprint {
        let archive = wim.archive();
        let mut hasher = Sha256::new();
        for (_, header) in archive.files() {
            hasher.update(header.to_bytes());
        }
        for blob in archive.blobs() {
            hasher.update(blob.hash.0);
            hasher.update(blob.size.to_le_bytes());
            hasher.update([u8::from(blob.is_here)]);
        }
        hasher.update(archive.xml().to_bytes());
        Fingerprint(hasher.finalize().into())
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// What images take in their file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Footprint {
    /// Bytes of their content, each once.
    pub plain: u64,
    /// Bytes that it has in the file. What lies in solid resources is counted
    /// plain, for it has no size of its own.
    pub stored: u64,
}

/// How large `images` (numbers from 1 on) are; their metadata are read, and no
/// content.
///
/// # Errors
/// [`ContainerError`], where the images cannot be read, or content is not here.
pub fn footprint(wim: &WimFile, images: &[u32]) -> Result<Footprint, ContainerError> {
    let contents = contents::of_images(wim, images)?;
    let blobs = contents.blobs.iter();
    let stored = blobs
        .filter_map(|id| wim.archive().blob(*id))
        .map(|blob| match blob.solid {
            Some(_) => blob.size,
            None => blob.resource.stored_size,
        });
    Ok(Footprint {
        plain: contents.bytes,
        stored: stored.fold(0, u64::saturating_add),
    })
}
