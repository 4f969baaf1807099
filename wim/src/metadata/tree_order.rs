//! Metadata written anew: tree order, no gaps, every entry as it is.

use super::dentry::SUBDIR_AT;
use super::{Metadata, security};
use crate::error::Error;

impl Metadata {
    /// The same metadata in tree order and without gaps, every entry as it is.
    ///
    /// # Errors
    /// [`Error::TooLong`].
    pub fn in_tree_order(&self) -> Result<Metadata, Error> {
        let count = self.security_count();
        let descriptors: Vec<_> = (0..count)
            .map(|id| self.security(id).unwrap_or_default().to_vec())
            .collect();
        let mut bytes = security::to_bytes(&descriptors)?;
        let Some(root) = self.root() else {
            return Metadata::parse(bytes);
        };
        let put_subdir = |bytes: &mut Vec<u8>, dentry: usize, list: u64| {
            if let Some(field) = bytes.get_mut(dentry + SUBDIR_AT..dentry + SUBDIR_AT + 8) {
                field.copy_from_slice(&list.to_le_bytes());
            }
        };
        let mut open = vec![(root, bytes.len())];
        bytes.extend_from_slice(root.raw());
        bytes.extend_from_slice(&[0; 8]);
        while let Some((directory, at)) = open.pop() {
            let list = bytes.len() as u64;
            let mut below = Vec::new();
            for child in self.children(&directory) {
                if child.is_directory() {
                    below.push((child, bytes.len()));
                }
                bytes.extend_from_slice(child.raw());
            }
            if bytes.len() as u64 == list {
                put_subdir(&mut bytes, at, 0);
                continue;
            }
            put_subdir(&mut bytes, at, list);
            bytes.extend_from_slice(&[0; 8]);
            open.extend(below.into_iter().rev());
        }
        Metadata::parse(bytes)
    }
}
