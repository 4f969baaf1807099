//! Tagged items: data behind the names of a dentry, each piece with a number
//! that says what it is.
//!
//! They are copied as they are; only their borders are known here.

use crate::field::{align8, u32_at};

/// Numbers of known items.
pub mod tag {
    /// The object id of the file, 16 to 64 bytes.
    pub const OBJECT_ID: u32 = 1;
    /// Extended attributes.
    pub const EXTENDED_ATTRIBUTES: u32 = 2;
    /// wimlib's owner, group, mode and device number: four u32.
    pub const WIMLIB_UNIX_DATA: u32 = 0x337D_D873;
    /// wimlib's Linux extended attributes.
    pub const WIMLIB_LINUX_XATTRS: u32 = 0x337D_D874;
}

/// A piece of data with a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaggedItem<'a> {
    /// What it is: one of [`tag`], or unknown.
    pub tag: u32,
    /// The data.
    pub data: &'a [u8],
}

/// The items of a dentry; ends where an item would pass the end.
#[derive(Clone)]
pub struct TaggedItems<'a>(&'a [u8]);

impl<'a> TaggedItems<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> TaggedItems<'a> {
        TaggedItems(bytes)
    }
}

impl<'a> Iterator for TaggedItems<'a> {
    type Item = TaggedItem<'a>;

    fn next(&mut self) -> Option<TaggedItem<'a>> {
        let tag = u32_at(self.0, 0)?;
        let length = u32_at(self.0, 4)?;
        let data = self.0.get(8..)?.get(..usize::try_from(length).ok()?)?;
        let step = usize::try_from(align8(u64::from(length))?).ok()?;
        self.0 = self.0.get(step.checked_add(8)?..).unwrap_or_default();
        Some(TaggedItem { tag, data })
    }
}

/// Appends an item in its stored form.
pub fn push_tagged(bytes: &mut Vec<u8>, tag: u32, data: &[u8]) {
    bytes.extend_from_slice(&tag.to_le_bytes());
    bytes.extend_from_slice(&(data.len() as u32).to_le_bytes());
    bytes.extend_from_slice(data);
    bytes.resize(bytes.len().next_multiple_of(8), 0);
}
