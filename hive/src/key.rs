//! Key nodes (`nk`), and [`Key`], a key of a hive in memory.
//!
//! The record's fixed part is 76 bytes, then comes the name. The volatile
//! subkey count and list are leftovers of the running system in every real
//! hive; they are neither read nor repaired here.

use std::fmt;

use crate::cell::Cells;
use crate::error::Error;
use crate::field::{le_u16, le_u32, le_u64};
use crate::hive::FileTime;
use crate::name::{Name, StoredName};
use crate::offset::CellOffset;
use crate::security::SecurityRecord;
use crate::subkeys::{self, Subkeys};
use crate::value::{self, Value, Values, plain_data};

/// Length of the record before the name, in bytes.
pub(crate) const FIXED_LEN: usize = 76;

/// Positions of the fields that edits write.
pub(crate) mod field_at {
    pub(crate) const LAST_WRITTEN: usize = 4;
    pub(crate) const SUBKEY_COUNT: usize = 20;
    pub(crate) const SUBKEY_LIST: usize = 28;
    pub(crate) const VALUE_COUNT: usize = 36;
    pub(crate) const VALUE_LIST: usize = 40;
    pub(crate) const SECURITY: usize = 44;
    pub(crate) const LONGEST_SUBKEY_NAME: usize = 52;
    pub(crate) const LONGEST_VALUE_NAME: usize = 60;
    pub(crate) const LONGEST_VALUE_DATA: usize = 64;
}

/// Flags of a key node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KeyFlags(pub u16);

impl KeyFlags {
    /// The root key of its hive. Tools other than Windows often leave it out.
    pub const ROOT: KeyFlags = KeyFlags(0x04);
    /// The key must not be deleted.
    pub const NO_DELETE: KeyFlags = KeyFlags(0x08);
    /// The key is a symbolic link to another key.
    pub const SYMBOLIC_LINK: KeyFlags = KeyFlags(0x10);
    /// The name is stored as Latin-1.
    pub const LATIN1_NAME: KeyFlags = KeyFlags(0x20);
    /// The value count is a handle in disguise; the key holds no values.
    pub const PREDEFINED_HANDLE: KeyFlags = KeyFlags(0x40);

    /// Whether all flags of `other` are set.
    pub fn contains(self, other: KeyFlags) -> bool {
        self.0 & other.0 == other.0
    }
}

/// A handle of a key: stays valid through edits until that key is deleted.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub(crate) CellOffset);

impl KeyId {
    /// Where the key's cell lies.
    pub fn offset(self) -> CellOffset {
        self.0
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({})", self.0.in_file())
    }
}

/// A key node record inside its cell.
#[derive(Clone, Copy)]
pub(crate) struct KeyNode<'a> {
    fixed: &'a [u8; FIXED_LEN],
    rest: &'a [u8],
}

impl<'a> KeyNode<'a> {
    /// Reads the record in the cell at `at`; the name is checked when asked
    /// for.
    #[inline]
    pub(crate) fn parse(cell: &'a [u8], at: CellOffset) -> Result<Self, Error> {
        match cell.split_first_chunk() {
            Some((fixed, rest)) if cell.starts_with(b"nk") => Ok(KeyNode { fixed, rest }),
            _ => Err(wrong_record(cell, at, "nk", "key node", FIXED_LEN)),
        }
    }

    #[inline]
    pub(crate) fn flags(self) -> KeyFlags {
        KeyFlags(le_u16::<2, FIXED_LEN>(self.fixed))
    }

    pub(crate) fn last_written(self) -> FileTime {
        FileTime(le_u64::<4, 8, FIXED_LEN>(self.fixed))
    }

    pub(crate) fn parent(self) -> u32 {
        le_u32::<16, FIXED_LEN>(self.fixed)
    }

    #[inline]
    pub(crate) fn subkey_count(self) -> u32 {
        le_u32::<{ field_at::SUBKEY_COUNT }, FIXED_LEN>(self.fixed)
    }

    /// The subkey list, where the count says that there is one.
    #[inline]
    pub(crate) fn subkey_list(self, at: CellOffset) -> Result<Option<CellOffset>, Error> {
        if self.subkey_count() == 0 {
            return Ok(None);
        }
        named(
            le_u32::<{ field_at::SUBKEY_LIST }, FIXED_LEN>(self.fixed),
            at,
            "subkey list",
        )
        .map(Some)
    }

    #[inline]
    pub(crate) fn value_count(self) -> u32 {
        if self.flags().contains(KeyFlags::PREDEFINED_HANDLE) {
            return 0;
        }
        le_u32::<{ field_at::VALUE_COUNT }, FIXED_LEN>(self.fixed)
    }

    /// The value list, where the count says that there is one.
    #[inline]
    pub(crate) fn value_list(self, at: CellOffset) -> Result<Option<CellOffset>, Error> {
        if self.value_count() == 0 {
            return Ok(None);
        }
        named(
            le_u32::<{ field_at::VALUE_LIST }, FIXED_LEN>(self.fixed),
            at,
            "value list",
        )
        .map(Some)
    }

    #[inline]
    pub(crate) fn security(self, at: CellOffset) -> Result<CellOffset, Error> {
        named(
            le_u32::<{ field_at::SECURITY }, FIXED_LEN>(self.fixed),
            at,
            "security descriptor",
        )
    }

    /// The class name's cell and length in bytes, where there is one.
    #[inline]
    pub(crate) fn class(self) -> Option<(CellOffset, usize)> {
        let length = usize::from(le_u16::<74, FIXED_LEN>(self.fixed));
        let at = CellOffset::from_field(le_u32::<48, FIXED_LEN>(self.fixed))?;
        (length > 0).then_some((at, length))
    }

    /// Largest subkey name, in bytes as UTF-16; the upper half of the field
    /// holds flags.
    pub(crate) fn longest_subkey_name(self) -> u16 {
        le_u16::<{ field_at::LONGEST_SUBKEY_NAME }, FIXED_LEN>(self.fixed)
    }

    pub(crate) fn longest_value_name(self) -> u32 {
        le_u32::<{ field_at::LONGEST_VALUE_NAME }, FIXED_LEN>(self.fixed)
    }

    pub(crate) fn longest_value_data(self) -> u32 {
        le_u32::<{ field_at::LONGEST_VALUE_DATA }, FIXED_LEN>(self.fixed)
    }

    #[inline]
    pub(crate) fn name(self, at: CellOffset) -> Result<Name<'a>, Error> {
        stored_name(
            self.rest,
            le_u16::<72, FIXED_LEN>(self.fixed),
            self.flags().contains(KeyFlags::LATIN1_NAME),
            at,
            FIXED_LEN,
        )
    }
}

/// A name of `length` bytes at the start of what follows a record's fixed
/// part.
#[inline]
pub(crate) fn stored_name(
    rest: &[u8],
    length: u16,
    is_latin1: bool,
    at: CellOffset,
    fixed: usize,
) -> Result<Name<'_>, Error> {
    let bytes = rest
        .get(..usize::from(length))
        .ok_or_else(|| Error::RecordTooLong {
            at: at.in_file(),
            what: "name",
            needed: u64::from(length) + fixed as u64,
            available: (rest.len() + fixed) as u64,
        })?;
    if is_latin1 {
        Ok(Name::Latin1(bytes))
    } else if length.is_multiple_of(2) {
        Ok(Name::Utf16(bytes))
    } else {
        Err(Error::NameOdd {
            at: at.in_file(),
            length,
        })
    }
}

/// An offset field that has to name a cell.
#[inline]
pub(crate) fn named(field: u32, at: CellOffset, what: &'static str) -> Result<CellOffset, Error> {
    CellOffset::from_field(field).ok_or(Error::CellMissing {
        at: at.in_file(),
        what,
    })
}

/// Why `cell` is not the record `what` with the signature `expected`.
#[cold]
pub(crate) fn wrong_record(
    cell: &[u8],
    at: CellOffset,
    expected: &'static str,
    what: &'static str,
    needed: usize,
) -> Error {
    if cell.starts_with(expected.as_bytes()) {
        return Error::RecordTooLong {
            at: at.in_file(),
            what,
            needed: needed as u64,
            available: cell.len() as u64,
        };
    }
    let found = cell.first_chunk().copied().unwrap_or_default();
    Error::Signature {
        at: at.in_file(),
        expected,
        found,
    }
}

/// A key of a hive in memory.
#[derive(Clone, Copy)]
#[doc(alias = "nk")]
pub struct Key<'h> {
    cells: Cells<'h>,
    at: CellOffset,
    root: CellOffset,
    node: KeyNode<'h>,
}

impl<'h> Key<'h> {
    #[inline]
    pub(crate) fn read(cells: Cells<'h>, at: CellOffset, root: CellOffset) -> Result<Self, Error> {
        let node = KeyNode::parse(cells.get(at)?, at)?;
        Ok(Key {
            cells,
            at,
            root,
            node,
        })
    }

    /// A handle that outlives borrows of the hive.
    pub fn id(self) -> KeyId {
        KeyId(self.at)
    }

    /// The key's own name, without a path.
    ///
    /// # Errors
    /// When the record is damaged, as for all methods here: not to be expected
    /// once the hive has been opened.
    #[inline]
    pub fn name(self) -> Result<Name<'h>, Error> {
        self.node.name(self.at)
    }

    /// The key above; `None` for the root.
    ///
    /// The answer is the record's own claim, which
    /// [`Finding::Parent`](crate::Finding::Parent) may contradict.
    ///
    /// # Errors
    /// As [`Key::name`].
    pub fn parent(self) -> Result<Option<Key<'h>>, Error> {
        if self.at == self.root {
            return Ok(None);
        }
        let parent = named(self.node.parent(), self.at, "parent")?;
        Key::read(self.cells, parent, self.root).map(Some)
    }

    /// Flags of the record.
    pub fn flags(self) -> KeyFlags {
        self.node.flags()
    }

    /// When the key, its values or its list of subkeys changed last.
    pub fn last_written(self) -> FileTime {
        self.node.last_written()
    }

    /// The class name; most keys have none.
    ///
    /// # Errors
    /// As [`Key::name`].
    pub fn class_name(self) -> Result<Option<Name<'h>>, Error> {
        let Some((at, length)) = self.node.class() else {
            return Ok(None);
        };
        let class = plain_data(self.cells.get(at)?, at, length)?;
        Ok(Some(Name::Utf16(class)))
    }

    /// The key's security descriptor, in self-relative form.
    ///
    /// # Errors
    /// As [`Key::name`].
    pub fn security(self) -> Result<&'h [u8], Error> {
        let at = self.node.security(self.at)?;
        SecurityRecord::parse(self.cells.get(at)?, at)?.descriptor(at)
    }

    /// Number of subkeys.
    pub fn subkey_count(self) -> u32 {
        self.node.subkey_count()
    }

    /// The subkeys in the registry's order.
    ///
    /// # Errors
    /// As [`Key::name`].
    #[inline]
    pub fn subkeys(self) -> Result<SubkeysOf<'h>, Error> {
        Ok(SubkeysOf {
            cells: self.cells,
            root: self.root,
            offsets: Subkeys::of(self.cells, self.node, self.at)?,
        })
    }

    /// The subkey of this name, compared as the registry does.
    ///
    /// # Errors
    /// As [`Key::name`].
    pub fn subkey(self, name: &str) -> Result<Option<Key<'h>>, Error> {
        self.subkey_stored(&StoredName::from_text(name))
    }

    /// The subkey of this name, given in UTF-16 units.
    ///
    /// # Errors
    /// As [`Key::name`].
    pub fn subkey_units(self, name: &[u16]) -> Result<Option<Key<'h>>, Error> {
        self.subkey_stored(&StoredName::from_units(name))
    }

    pub(crate) fn subkey_stored(self, name: &StoredName) -> Result<Option<Key<'h>>, Error> {
        subkeys::find(self.cells, self.node, self.at, name.as_name())?
            .map(|at| Key::read(self.cells, at, self.root))
            .transpose()
    }

    /// The key at a `\`-separated path below this one; an empty path is the
    /// key itself.
    ///
    /// # Errors
    /// As [`Key::name`].
    pub fn path(self, path: &str) -> Result<Option<Key<'h>>, Error> {
        let mut key = self;
        for component in components(path) {
            match key.subkey(component)? {
                Some(subkey) => key = subkey,
                None => return Ok(None),
            }
        }
        Ok(Some(key))
    }

    /// Number of values.
    pub fn value_count(self) -> u32 {
        self.node.value_count()
    }

    /// The values in the order in which they were added.
    ///
    /// # Errors
    /// As [`Key::name`].
    #[inline]
    pub fn values(self) -> Result<Values<'h>, Error> {
        Values::of(self.cells, self.node, self.at)
    }

    /// The value of this name, compared as the registry does; the empty name
    /// is the default value's.
    ///
    /// # Errors
    /// As [`Key::name`].
    pub fn value(self, name: &str) -> Result<Option<Value<'h>>, Error> {
        self.value_stored(&StoredName::from_text(name))
    }

    /// The value of this name, given in UTF-16 units.
    ///
    /// # Errors
    /// As [`Key::name`].
    pub fn value_units(self, name: &[u16]) -> Result<Option<Value<'h>>, Error> {
        self.value_stored(&StoredName::from_units(name))
    }

    fn value_stored(self, name: &StoredName) -> Result<Option<Value<'h>>, Error> {
        value::find(self.cells, self.node, self.at, name.as_name())?
            .map(|(_, at)| Value::read(self.cells, at))
            .transpose()
    }

    pub(crate) fn node(self) -> KeyNode<'h> {
        self.node
    }
}

impl fmt::Debug for Key<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key")
            .field("at", &self.at.in_file())
            .field("name", &self.name().map(Name::to_string_lossy))
            .finish_non_exhaustive()
    }
}

/// The components of a `\`-separated path; empty ones do not count.
pub(crate) fn components(path: &str) -> impl Iterator<Item = &str> {
    path.split('\\').filter(|component| !component.is_empty())
}

/// Iterates over the subkeys of a key.
pub struct SubkeysOf<'h> {
    cells: Cells<'h>,
    root: CellOffset,
    offsets: Subkeys<'h>,
}

impl<'h> Iterator for SubkeysOf<'h> {
    type Item = Result<Key<'h>, Error>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let at = self.offsets.next()?;
        Some(at.and_then(|at| Key::read(self.cells, at, self.root)))
    }
}
