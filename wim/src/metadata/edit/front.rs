//! What lies at the front of metadata: security data, and the root right
//! behind them. When they grow, others have to move.

use std::collections::BTreeMap;

use super::super::dentry::DentryId;
use super::super::gaps::List;
use super::super::security::SecurityTable;
use super::MetadataEditor;
use crate::error::Error;

/// Bytes left free behind the root when lists have to move for it.
const SECURITY_ROOM: u32 = 2048;

impl MetadataEditor {
    /// Puts security data and the root entry at the front; lists that are in
    /// the way move.
    pub(super) fn put_front(&mut self, security: &[u8], root: &[u8]) -> Result<(), Error> {
        let root_at = self.checked_len(security.len() as u64)?;
        let end = self.checked_len(security.len() as u64 + root.len() as u64 + 8)?;
        let old_end = match self.metadata.root() {
            Some(root) => root.next() + 8,
            None => self.metadata.security.end,
        };
        let in_the_way = |lists: &BTreeMap<u32, List>, end: u32| {
            lists
                .range(..end)
                .next()
                .map(|(start, list)| (*start, list.parent))
        };
        if in_the_way(&self.lists, end).is_some() {
            let limit = end + SECURITY_ROOM;
            if self.metadata.bytes.len() < limit as usize {
                let old = self.metadata.bytes.len() as u32;
                self.metadata.bytes.resize(limit as usize, 0);
                self.gaps.free(old, limit);
            }
            while let Some((_, parent)) = in_the_way(&self.lists, limit) {
                let list = self.list_bytes(DentryId(parent))?;
                self.put_list(parent, &list, limit)?;
            }
        }
        self.forget_empty_lists(end);
        if self.metadata.bytes.len() < end as usize {
            self.metadata.bytes.resize(end as usize, 0);
        }
        // The root may have got another list offset just now.
        let subdir = self.metadata.root().map(|root| root.subdir());
        self.gaps.free(0, old_end);
        self.gaps.take(0, end);
        self.write(0, security);
        self.write(root_at, root);
        if !root.is_empty() {
            self.write(end - 8, &[0; 8]);
            self.set_subdir(root_at, subdir.unwrap_or_default());
            self.metadata.root = Some(DentryId(root_at));
            let list = u32::try_from(subdir.unwrap_or_default()).unwrap_or_default();
            if let Some(list) = self.lists.get_mut(&list) {
                list.parent = root_at;
            }
        }
        self.metadata.security = SecurityTable::parse(&self.metadata.bytes)?;
        Ok(())
    }

    /// Makes directories without entries forget lists in front of `end`: some
    /// writers give them one that is nothing but its closing zero.
    fn forget_empty_lists(&mut self, end: u32) {
        let directories = self.metadata.walk().map(|(_, dentry)| dentry);
        let empty = directories.filter(|dentry| {
            let list = u32::try_from(dentry.subdir()).unwrap_or_default();
            dentry.is_directory() && (1..end).contains(&list) && !self.lists.contains_key(&list)
        });
        let empty: Vec<_> = empty.map(|dentry| dentry.id().0).collect();
        for dentry in empty {
            self.set_subdir(dentry, 0);
        }
    }
}
