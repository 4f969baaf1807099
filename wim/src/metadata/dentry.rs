//! A directory entry ("dentry") as it lies in a metadata resource: nothing is
//! copied, and each question reads its field.

use super::stream::{Streams, stream_entries};
use super::tagged::TaggedItems;
use crate::error::{Error, FileOffset};
use crate::field::{align8, bytes_at, u16_at, u32_at, u64_at};
use crate::hash::Hash;
use crate::utf16::Utf16;
use crate::xml::FileTime;

/// Bytes before the names.
pub(super) const FIXED_LEN: usize = 102;

/// Positions of fields in a dentry.
pub(super) const ATTRIBUTES_AT: usize = 8;
pub(super) const SECURITY_AT: usize = 12;
pub(super) const SUBDIR_AT: usize = 16;
pub(super) const TIMES_AT: usize = 40;
pub(super) const HASH_AT: usize = 64;
pub(super) const UNKNOWN_AT: usize = 84;
pub(super) const LINK_AT: usize = 88;
pub(super) const STREAM_COUNT_AT: usize = 96;
pub(super) const SHORT_NAME_LEN_AT: usize = 98;
pub(super) const NAME_LEN_AT: usize = 100;

/// Attribute bits: those that say what the fields of a dentry mean, and those
/// that every writer of files sets; all others are data.
pub mod attribute {
    /// A directory.
    pub const DIRECTORY: u32 = 0x10;
    /// Changed since the last backup: what every new file has.
    pub const ARCHIVE: u32 = 0x20;
    /// No other attribute is set.
    pub const NORMAL: u32 = 0x80;
    /// A reparse point: a link or something like it.
    pub const REPARSE_POINT: u32 = 0x400;
    /// Encrypted: the content is what the system exports, not plain data.
    pub const ENCRYPTED: u32 = 0x4000;
}

/// Where a dentry lies: bytes from the start of the metadata resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DentryId(pub(super) u32);

impl DentryId {
    /// The position in the unpacked metadata resource, in bytes.
    pub fn offset(self) -> u64 {
        u64::from(self.0)
    }
}

/// A file or directory of an image.
#[derive(Clone, Copy)]
pub struct Dentry<'a> {
    /// The metadata resource from the dentry on.
    bytes: &'a [u8],
    id: DentryId,
    fixed: &'a [u8; FIXED_LEN],
    /// The stored length, padding not included.
    length: usize,
    /// Length up to the next dentry: padded, extra streams included.
    extent: u32,
}

/// What is found where a dentry may be.
pub(super) enum Found<'a> {
    Dentry(Dentry<'a>),
    /// The end of a list.
    End,
}

impl<'a> Dentry<'a> {
    /// Reads the dentry at `at` and checks that all of it lies in the resource.
    pub(super) fn read(metadata: &'a [u8], at: u32) -> Result<Found<'a>, Error> {
        let offset = FileOffset(u64::from(at));
        let bytes = metadata.get(at as usize..).unwrap_or_default();
        let available = bytes.len() as u64;
        let claimed = u64_at(bytes, 0).ok_or(Error::DentryCut { at: offset })?;
        // Eight bytes is the length of the length: some writers count it.
        if claimed == 0 || claimed == 8 {
            return Ok(Found::End);
        }
        let padded = align8(claimed).filter(|padded| *padded <= available);
        let fixed = bytes.first_chunk::<FIXED_LEN>();
        let (Some(padded), Some(fixed), true) = (padded, fixed, claimed >= FIXED_LEN as u64) else {
            return Err(Error::DentryLength {
                at: offset,
                claimed,
                available,
            });
        };
        let length = claimed as usize;
        let dentry = Dentry {
            bytes,
            id: DentryId(at),
            fixed,
            length,
            extent: padded as u32,
        };
        let [name, short] = [NAME_LEN_AT, SHORT_NAME_LEN_AT].map(|at| dentry.u16(at));
        if !name.is_multiple_of(2) || !short.is_multiple_of(2) || dentry.names_end() > length {
            return Err(Error::DentryNameLength {
                at: offset,
                length: claimed,
                name,
                short,
            });
        }
        let extent = stream_entries(bytes, padded as usize, dentry.u16(STREAM_COUNT_AT), offset)?;
        Ok(Found::Dentry(Dentry { extent, ..dentry }))
    }

    fn u16(&self, at: usize) -> u16 {
        u16_at(self.fixed, at).unwrap_or_default()
    }

    fn u32(&self, at: usize) -> u32 {
        u32_at(self.fixed, at).unwrap_or_default()
    }

    fn u64(&self, at: usize) -> u64 {
        u64_at(self.fixed, at).unwrap_or_default()
    }

    /// Where it lies.
    pub fn id(&self) -> DentryId {
        self.id
    }

    /// Its name; empty for the root.
    pub fn name(&self) -> Utf16<'a> {
        self.utf16(FIXED_LEN, self.u16(NAME_LEN_AT))
    }

    /// Its short (8.3) name; empty for most.
    pub fn short_name(&self) -> Utf16<'a> {
        self.utf16(self.short_name_at(), self.u16(SHORT_NAME_LEN_AT))
    }

    fn utf16(&self, at: usize, length: u16) -> Utf16<'a> {
        let bytes = self.bytes.get(at..at + usize::from(length));
        Utf16::new(bytes.unwrap_or_default())
    }

    fn short_name_at(&self) -> usize {
        FIXED_LEN + with_nul(self.u16(NAME_LEN_AT))
    }

    /// Where the names end, the last NUL not counted: a writer may leave it
    /// out.
    fn names_end(&self) -> usize {
        match self.u16(SHORT_NAME_LEN_AT) {
            0 => FIXED_LEN + usize::from(self.u16(NAME_LEN_AT)),
            short => self.short_name_at() + usize::from(short),
        }
    }

    /// The attribute bits.
    pub fn attributes(&self) -> u32 {
        self.u32(ATTRIBUTES_AT)
    }

    /// Whether it is a directory.
    pub fn is_directory(&self) -> bool {
        self.attributes() & attribute::DIRECTORY != 0
    }

    /// Whether it is a reparse point.
    pub fn is_reparse_point(&self) -> bool {
        self.attributes() & attribute::REPARSE_POINT != 0
    }

    /// Number of its security descriptor.
    pub fn security_id(&self) -> Option<u32> {
        let id = self.u32(SECURITY_AT);
        (id != u32::MAX).then_some(id)
    }

    /// Where the list of its children lies; 0 where there is none.
    pub(super) fn subdir(&self) -> u64 {
        self.u64(SUBDIR_AT)
    }

    /// When it was created.
    pub fn created(&self) -> FileTime {
        FileTime(self.u64(TIMES_AT))
    }

    /// When it was last read.
    pub fn accessed(&self) -> FileTime {
        FileTime(self.u64(TIMES_AT + 8))
    }

    /// When it was last written.
    pub fn written(&self) -> FileTime {
        FileTime(self.u64(TIMES_AT + 16))
    }

    /// The hash in the dentry itself. What it belongs to depends on the other
    /// streams: ask [`streams`](Self::streams) or [`content`](Self::content).
    pub fn main_hash(&self) -> Hash {
        bytes_at(self.fixed, HASH_AT).map(Hash).unwrap_or_default()
    }

    /// The field at 0x54, whose meaning is not known.
    pub fn unknown(&self) -> u32 {
        self.u32(UNKNOWN_AT)
    }

    /// Two unused fields.
    pub fn unused(&self) -> [u64; 2] {
        [self.u64(24), self.u64(32)]
    }

    /// Number of the group of hard links it is in; 0 where it has no other
    /// name. Reparse points have no such field.
    pub fn link_group(&self) -> u64 {
        match self.is_reparse_point() {
            true => 0,
            false => self.u64(LINK_AT),
        }
    }

    /// What kind of reparse point it is.
    pub fn reparse(&self) -> Option<Reparse> {
        self.is_reparse_point().then(|| Reparse {
            tag: self.u32(LINK_AT),
            reserved: self.u16(LINK_AT + 4),
            flags: self.u16(LINK_AT + 6),
        })
    }

    /// The streams with what they are; empty unnamed ones of directories are
    /// left out.
    pub fn streams(&self) -> Streams<'a> {
        let extra = self.bytes.get(self.padded_len()..self.extent as usize);
        Streams::new(
            self.attributes(),
            self.main_hash(),
            extra.unwrap_or_default(),
        )
    }

    /// The hash of the unnamed data: [`Hash::ZERO`] where there are none.
    pub fn content(&self) -> Hash {
        let data = self.streams().find(|stream| stream.is_content());
        data.map(|stream| stream.hash).unwrap_or_default()
    }

    /// How many streams are stored beside the main hash.
    pub fn extra_stream_count(&self) -> u16 {
        self.u16(STREAM_COUNT_AT)
    }

    /// Pieces of data with a tag each, behind the names.
    pub fn tagged_items(&self) -> TaggedItems<'a> {
        TaggedItems::new(self.tagged_bytes())
    }

    /// The bytes behind the names, where tagged items are.
    pub fn tagged_bytes(&self) -> &'a [u8] {
        let names = self.short_name_at() + with_nul(self.u16(SHORT_NAME_LEN_AT));
        self.bytes
            .get(names.next_multiple_of(8)..self.length)
            .unwrap_or_default()
    }

    fn padded_len(&self) -> usize {
        self.length.next_multiple_of(8)
    }

    /// All its bytes, extra streams and padding included.
    pub fn raw(&self) -> &'a [u8] {
        self.bytes.get(..self.extent as usize).unwrap_or_default()
    }

    /// Where the next dentry of its list lies.
    pub(super) fn next(&self) -> u32 {
        // It was checked that the extent lies in the resource.
        self.id.0.saturating_add(self.extent)
    }
}

/// The second meaning of the link group's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reparse {
    /// The tag that says who handles it.
    pub tag: u32,
    /// Unused; kept.
    pub reserved: u16,
    /// Bit 0: its target was not made relative to the image's root.
    pub flags: u16,
}

/// Bytes that a name takes up: a NUL follows unless it is empty.
pub(super) fn with_nul(length: u16) -> usize {
    match length {
        0 => 0,
        length => usize::from(length) + 2,
    }
}
