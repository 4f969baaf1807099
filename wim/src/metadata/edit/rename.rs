//! An entry that gets another name, or goes to another directory, with all
//! that is in it.

use super::super::Metadata;
use super::super::dentry::DentryId;
use super::super::entry::EntryFields;
use super::MetadataEditor;
use crate::error::{Error, FileOffset};

impl MetadataEditor {
    /// Takes an entry out of its directory and puts it, as `fields` say, at
    /// the end of another's list, or of the same. A directory keeps what is in
    /// it.
    ///
    /// `target` finds the directory once the entry is out: that moves entries.
    /// It must not lie in the entry itself, which the root no longer leads to
    /// then.
    ///
    /// # Errors
    /// [`Error::NoSuchEntry`], [`Error::TooLong`]. What was taken out is lost
    /// where the target is not found: check before.
    pub fn rename(
        &mut self,
        directory: DentryId,
        entry: DentryId,
        fields: &EntryFields<'_>,
        target: impl FnOnce(&Metadata) -> Option<DentryId>,
    ) -> Result<(), Error> {
        let range = self.range_of(directory, entry)?;
        let below = self.dentry(entry)?.subdir();
        let mut list = self.list_bytes(directory)?;
        list.drain(range);
        self.put_list(directory.0, &list, 0)?;
        let target = target(&self.metadata).ok_or(Error::NoSuchEntry {
            at: FileOffset(entry.offset()),
        })?;
        let mut list = self.list_bytes(target)?;
        fields.write(below, &mut list)?;
        // What is in it learns where its directory lies now.
        self.put_list(target.0, &list, 0)
    }
}
