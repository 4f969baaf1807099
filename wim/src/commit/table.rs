//! The blob table after a commit: what images name, and nothing else.

use std::collections::BTreeMap;

use super::references::ImageReferences;
use crate::archive::{Inner, Place};
use crate::blob_table::BlobEntry;

/// Entries of the file that stay, with their references counted anew.
///
/// All solid resources that stay come in one run, since two runs with nothing
/// between them would be one; offsets are counted through it.
pub(super) fn kept_entries(archive: &Inner, references: &ImageReferences) -> Vec<BlobEntry> {
    let part = archive.main().header.part;
    let mut kept = Vec::new();
    let mut solid_blobs: BTreeMap<u32, Vec<BlobEntry>> = BTreeMap::new();
    for (id, blob) in archive.blobs.iter() {
        let count = references.count(&blob.hash);
        // Of two entries for the same content the one that is read stays.
        if count == 0 || archive.blobs.find(&blob.hash) != Some(id) {
            continue;
        }
        let entry = BlobEntry {
            resource: blob.resource,
            part,
            references: count,
            hash: blob.hash,
        };
        match blob.place {
            Place::Alone { file: 0 } => kept.push(entry),
            Place::Solid { solid } => {
                let here = archive.solids.get(solid as usize);
                if here.is_some_and(|solid| solid.file == 0) {
                    solid_blobs.entry(solid).or_default().push(entry);
                }
            }
            // Other files stay as they are.
            Place::Alone { .. } | Place::Missing => {}
        }
    }
    let mut start = 0;
    let mut located = Vec::new();
    for (number, blobs) in solid_blobs {
        let Some(solid) = archive.solids.get(number as usize) else {
            continue;
        };
        kept.extend(
            archive
                .main()
                .entries
                .iter()
                .filter(|entry| entry.is_solid_resource() && entry.resource == solid.header),
        );
        located.extend(blobs.into_iter().map(|mut entry| {
            // The stored form has the length in the place of the stored size.
            entry.resource.offset += start;
            entry.resource.stored_size = entry.resource.size;
            entry.resource.size = 0;
            entry
        }));
        start += solid.size;
    }
    kept.extend(located);
    kept
}
