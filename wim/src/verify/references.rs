//! The trees of all images: what they name, and whether it is there.

use std::collections::{HashMap, HashSet};

use super::Finding;
use crate::archive::{BlobId, Inner, Place};
use crate::hash::Hash;
use crate::metadata::{Dentry, Metadata};

/// What the images name.
#[derive(Default)]
pub(super) struct References {
    /// How often each blob is named.
    counts: HashMap<BlobId, u64>,
    /// Where in the findings content stands that is not here.
    dangling: HashMap<Hash, usize>,
    pub(super) dentries: u64,
}

impl References {
    /// Goes through the tree of an image.
    pub(super) fn image(&mut self, archive: &Inner, index: u32, findings: &mut Vec<Finding>) {
        let metadata = match archive.metadata_bytes(index).and_then(Metadata::parse) {
            Ok(metadata) => metadata,
            Err(error) => {
                findings.push(Finding::Metadata {
                    image: index,
                    error,
                });
                return;
            }
        };
        self.dentries += metadata.dentry_count();
        let mut above: Vec<Dentry<'_>> = Vec::new();
        for (depth, dentry) in metadata.walk() {
            above.truncate(depth);
            above.push(dentry);
            let at = dentry.id();
            for stream in dentry.streams().filter(|stream| !stream.hash.is_zero()) {
                self.stream(archive, index, stream.hash, &above, findings);
            }
            if let Some(id) = dentry.security_id()
                && metadata.security(id).is_none()
            {
                findings.push(Finding::SecurityId {
                    image: index,
                    at,
                    path: path(&above),
                    id,
                    count: metadata.security_count(),
                });
            }
            let mut names = HashSet::new();
            for child in metadata.children(&dentry) {
                if !names.insert(child.name()) {
                    above.push(child);
                    findings.push(Finding::SameName {
                        image: index,
                        at: child.id(),
                        path: path(&above),
                    });
                    above.pop();
                }
            }
        }
    }

    fn stream(
        &mut self,
        archive: &Inner,
        image: u32,
        hash: Hash,
        above: &[Dentry<'_>],
        findings: &mut Vec<Finding>,
    ) {
        let found = archive.blobs.find(&hash);
        let blob = found.and_then(|id| archive.blobs.get(id).map(|blob| (id, blob)));
        if let Some((id, blob)) = blob
            && blob.place != Place::Missing
        {
            *self.counts.entry(id).or_default() += 1;
            return;
        }
        let known = self.dangling.get(&hash);
        match known.and_then(|known| findings.get_mut(*known)) {
            Some(Finding::Dangling { references, .. }) => *references += 1,
            _ => {
                let Some(dentry) = above.last() else { return };
                self.dangling.insert(hash, findings.len());
                findings.push(Finding::Dangling {
                    hash,
                    image,
                    at: dentry.id(),
                    path: path(above),
                    references: 1,
                });
            }
        }
    }

    /// Compares the stored counts, where all images could be read.
    pub(super) fn compare_counts(&self, archive: &Inner, findings: &mut Vec<Finding>) {
        let mut first = None;
        let mut wrong = 0;
        for (id, blob) in archive
            .blobs
            .iter()
            .filter(|(_, blob)| blob.place != Place::Missing)
        {
            let counted = self.counts.get(&id).copied().unwrap_or_default();
            if counted != u64::from(blob.references) {
                wrong += 1;
                first.get_or_insert((blob.hash, blob.references, counted));
            }
        }
        if let Some((hash, stored, counted)) = first {
            findings.push(Finding::ReferenceCount {
                hash,
                stored,
                counted,
                blobs: wrong,
            });
        }
    }
}

fn path(above: &[Dentry<'_>]) -> String {
    let names = above.iter().skip(1);
    names.map(|dentry| format!("\\{}", dentry.name())).collect()
}
