//! Which content an image names, and how often.

use std::collections::HashMap;

use crate::hash::Hash;
use crate::metadata::Metadata;

/// What an image names.
#[derive(Default)]
pub(crate) struct ImageReferences(HashMap<Hash, u32>);

impl ImageReferences {
    pub(crate) fn of(metadata: &Metadata) -> ImageReferences {
        let mut counts = HashMap::new();
        for (_, dentry) in metadata.walk() {
            for stream in dentry.streams().filter(|stream| !stream.hash.is_zero()) {
                let count: &mut u32 = counts.entry(stream.hash).or_default();
                *count = count.saturating_add(1);
            }
        }
        ImageReferences(counts)
    }

    pub(crate) fn contains(&self, hash: &Hash) -> bool {
        self.0.contains_key(hash)
    }

    /// How often content is named.
    pub(crate) fn count(&self, hash: &Hash) -> u32 {
        self.0.get(hash).copied().unwrap_or_default()
    }

    /// Adds what another image names.
    pub(crate) fn add(&mut self, other: &ImageReferences) {
        for (hash, count) in &other.0 {
            let sum = self.0.entry(*hash).or_default();
            *sum = sum.saturating_add(*count);
        }
    }
}
