//! What the XML data say of an image's size.

use std::collections::HashSet;

use super::Metadata;
use crate::hash::Hash;
use crate::xml::Element;

/// Counts of an image, as other writers count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImageCounts {
    /// Directories, the root included. A link to one is none, as wimlib
    /// counts.
    pub directories: u64,
    /// Everything else, each hard link by itself.
    pub files: u64,
    /// Bytes of all streams, each hard link by itself.
    pub total_bytes: u64,
    /// How many of those are there once more because of hard links.
    pub hard_link_bytes: u64,
}

impl ImageCounts {
    /// Counts an image; `size_of` gives the length of content.
    pub fn of(metadata: &Metadata, size_of: impl Fn(&Hash) -> u64) -> ImageCounts {
        let mut counts = ImageCounts::default();
        let mut groups: HashSet<u64> = HashSet::new();
        for (_, dentry) in metadata.walk() {
            match dentry.is_directory() && !dentry.is_reparse_point() {
                true => counts.directories += 1,
                false => counts.files += 1,
            }
            let streams = dentry.streams().filter(|stream| !stream.hash.is_zero());
            let bytes = streams.map(|stream| size_of(&stream.hash)).sum::<u64>();
            counts.total_bytes = counts.total_bytes.saturating_add(bytes);
            let group = dentry.link_group();
            if group != 0 && !groups.insert(group) {
                counts.hard_link_bytes = counts.hard_link_bytes.saturating_add(bytes);
            }
        }
        counts
    }

    /// Puts the counts into an image's element.
    pub fn write(&self, image: &mut Element) {
        for (name, count) in [
            ("DIRCOUNT", self.directories),
            ("FILECOUNT", self.files),
            ("TOTALBYTES", self.total_bytes),
            ("HARDLINKBYTES", self.hard_link_bytes),
        ] {
            image.set_text(name, &count.to_string());
        }
    }
}
