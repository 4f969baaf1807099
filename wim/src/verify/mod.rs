//! Verification of a whole archive: structure, integrity table, references,
//! and the SHA-1 of every blob.

mod finding;
pub(crate) mod layout;
mod references;

use std::io;
use std::sync::{Mutex, PoisonError};

pub use finding::{Finding, Severity};
use references::References;

use crate::archive::{Archive, BlobConsumer, BlobId, Inner, OpenFile};
use crate::error::Error;

/// What was verified, and what was found.
#[derive(Debug, Default)]
pub struct Verification {
    /// Everything found, the header's findings first, blobs last.
    pub findings: Vec<Finding>,
    /// Images whose tree was walked.
    pub images: u32,
    /// Their entries.
    pub dentries: u64,
    /// Blobs read to their end.
    pub blobs: u64,
    /// Their plain bytes.
    pub bytes: u64,
}

impl Verification {
    /// The worst severity found.
    pub fn worst(&self) -> Option<Severity> {
        self.findings.iter().map(Finding::severity).max()
    }
}

/// What to verify.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct VerifyOptions {
    /// Read every blob and compare its hash. Without it only the structure is
    /// verified, which takes no time.
    pub contents: bool,
    /// Compare the integrity table, where there is one.
    pub integrity: bool,
}

impl Default for VerifyOptions {
    fn default() -> Self {
        VerifyOptions {
            contents: true,
            integrity: true,
        }
    }
}

impl Archive {
    /// Verifies the archive. `progress` is told, from any thread, how many
    /// more plain bytes of blobs were read.
    ///
    /// # Errors
    /// Only what keeps verification itself from going on; what is wrong with
    /// the archive is found, not an error.
    pub fn verify(
        &self,
        options: VerifyOptions,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<Verification, Error> {
        let archive = &**self.inner();
        let mut found = Verification::default();
        layout::header(archive, &mut found.findings);
        for file in &archive.files {
            layout::overlaps(file, &mut found.findings);
            if options.integrity {
                integrity(archive, file, &mut found.findings);
            }
        }
        let mut references = References::default();
        for image in 1..=self.image_count() {
            let before = found.findings.len();
            references.image(archive, image, &mut found.findings);
            let failed = found.findings.get(before);
            if !matches!(failed, Some(Finding::Metadata { .. })) {
                found.images += 1;
            }
        }
        found.dentries = references.dentries;
        let all_walked = found.images == self.image_count();
        if all_walked && self.image_count() > 0 && archive.files.len() == 1 {
            references.compare_counts(archive, &mut found.findings);
        }
        if options.contents {
            self.contents(&mut found, progress)?;
        }
        Ok(found)
    }

    fn contents(
        &self,
        found: &mut Verification,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<(), Error> {
        let blobs: Vec<_> = self.blobs().filter(|blob| blob.is_here).collect();
        let ids: Vec<_> = blobs.iter().map(|blob| blob.id).collect();
        let damaged = Mutex::new(Vec::new());
        let (damaged_ref, progress_ref) = (&damaged, progress);
        self.read_many(&ids, &|id| {
            Ok(Box::new(Judge {
                id,
                damaged: damaged_ref,
                progress: progress_ref,
            }))
        })?;
        let mut damaged = damaged.into_inner().unwrap_or_else(PoisonError::into_inner);
        // Threads come to an end in any order.
        damaged.sort_by_key(|(id, _)| *id);
        found.blobs = (ids.len() - damaged.len()) as u64;
        found.bytes = blobs
            .iter()
            .map(|blob| blob.size)
            .fold(0, u64::saturating_add);
        let hash = |id| self.blob(id).map(|blob| blob.hash).unwrap_or_default();
        let damaged = damaged.into_iter().map(|(id, error)| Finding::Blob {
            hash: hash(id),
            error,
        });
        found.findings.extend(damaged);
        Ok(())
    }
}

/// Takes note of damaged blobs; the bytes themselves are of no interest.
struct Judge<'v> {
    id: BlobId,
    damaged: &'v Mutex<Vec<(BlobId, Error)>>,
    progress: &'v (dyn Fn(u64) + Sync),
}

impl BlobConsumer for Judge<'_> {
    fn data(&mut self, bytes: &[u8]) -> io::Result<()> {
        (self.progress)(bytes.len() as u64);
        Ok(())
    }

    fn end(self: Box<Self>, outcome: Result<(), Error>) -> io::Result<()> {
        if let Err(error) = outcome {
            let mut damaged = self.damaged.lock().unwrap_or_else(PoisonError::into_inner);
            damaged.push((self.id, error));
        }
        Ok(())
    }
}

fn integrity(archive: &Inner, file: &OpenFile, findings: &mut Vec<Finding>) {
    let end = file.header.blob_table.end().unwrap_or(u64::MAX);
    let compared = file.integrity(&archive.pool).and_then(|table| match table {
        Some(table) => table.verify(&*file.file, end),
        None => Ok(Vec::new()),
    });
    match compared {
        Ok(ranges) => findings.extend(ranges.into_iter().map(|(start, end)| Finding::Integrity {
            file: file.name.clone(),
            start,
            end,
        })),
        Err(error) => findings.push(Finding::IntegrityTable {
            file: file.name.clone(),
            error,
        }),
    }
}
