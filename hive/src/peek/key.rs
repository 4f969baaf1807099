//! Keys and values of a [`Peek`]: each holds a copy of its own record.

use std::fmt;

use crate::big_data;
use crate::cell::CellSource as _;
use crate::error::Error;
use crate::hive::FileTime;
use crate::key::{FIXED_LEN, KeyFlags, KeyId, KeyNode, components, named};
use crate::name::{Name, StoredName};
use crate::offset::CellOffset;
use crate::security::SecurityRecord;
use crate::subkeys::{self, List, ListKind};
use crate::value::{self, Place, ValueRecord, decode, kind};

use super::{Peek, ReadAt};

/// A key of a hive that is read page by page.
#[doc(alias = "nk")]
pub struct PeekKey<'p, R> {
    peek: &'p Peek<R>,
    at: CellOffset,
    cell: Vec<u8>,
}

impl<R> fmt::Debug for PeekKey<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PeekKey")
            .field("at", &self.at.in_file())
            .finish_non_exhaustive()
    }
}

impl<'p, R: ReadAt> PeekKey<'p, R> {
    pub(super) fn read(peek: &'p Peek<R>, at: CellOffset) -> Result<Self, Error> {
        let cell = peek.cell(at)?;
        KeyNode::parse(&cell, at)?.name(at)?;
        Ok(PeekKey { peek, at, cell })
    }

    fn node(&self) -> Result<KeyNode<'_>, Error> {
        KeyNode::parse(&self.cell, self.at)
    }

    /// A handle, the same as that of the key in a [`Hive`](crate::Hive).
    pub fn id(&self) -> KeyId {
        KeyId(self.at)
    }

    /// The key's own name, without a path.
    ///
    /// # Errors
    /// When a record is damaged or cannot be read, as for all methods here.
    pub fn name(&self) -> Result<Name<'_>, Error> {
        self.node()?.name(self.at)
    }

    /// The key above; `None` for the root.
    ///
    /// # Errors
    /// As [`PeekKey::name`].
    pub fn parent(&self) -> Result<Option<PeekKey<'p, R>>, Error> {
        if self.at == self.peek.layout.root {
            return Ok(None);
        }
        let parent = named(self.node()?.parent(), self.at, "parent")?;
        PeekKey::read(self.peek, parent).map(Some)
    }

    /// Flags of the record.
    ///
    /// # Errors
    /// As [`PeekKey::name`].
    pub fn flags(&self) -> Result<KeyFlags, Error> {
        Ok(self.node()?.flags())
    }

    /// When the key, its values or its list of subkeys changed last.
    ///
    /// # Errors
    /// As [`PeekKey::name`].
    pub fn last_written(&self) -> Result<FileTime, Error> {
        Ok(self.node()?.last_written())
    }

    /// The class name, in UTF-16 units; most keys have none.
    ///
    /// # Errors
    /// As [`PeekKey::name`].
    pub fn class_name(&self) -> Result<Option<Vec<u16>>, Error> {
        let Some((at, length)) = self.node()?.class() else {
            return Ok(None);
        };
        let cell = self.peek.cell(at)?;
        let class = value::plain_data(&cell, at, length)?;
        Ok(Some(Name::Utf16(class).units().collect()))
    }

    /// The key's security descriptor, in self-relative form.
    ///
    /// # Errors
    /// As [`PeekKey::name`].
    pub fn security(&self) -> Result<Vec<u8>, Error> {
        let at = self.node()?.security(self.at)?;
        let cell = self.peek.cell(at)?;
        Ok(SecurityRecord::parse(&cell, at)?.descriptor(at)?.to_vec())
    }

    /// Number of subkeys.
    ///
    /// # Errors
    /// As [`PeekKey::name`].
    pub fn subkey_count(&self) -> Result<u32, Error> {
        Ok(self.node()?.subkey_count())
    }

    /// The subkeys in the registry's order; each is read when it comes.
    ///
    /// # Errors
    /// As [`PeekKey::name`].
    pub fn subkeys(
        &self,
    ) -> Result<impl Iterator<Item = Result<PeekKey<'p, R>, Error>> + use<'p, R>, Error> {
        let mut offsets = Vec::new();
        if let Some(at) = self.node()?.subkey_list(self.at)? {
            let cell = self.peek.cell(at)?;
            let list = List::parse(&cell, at)?;
            if list.kind == ListKind::Ri {
                for (at, _) in list.iter() {
                    let cell = self.peek.cell(at)?;
                    let leaf = List::parse_leaf(&cell, at)?;
                    self.extend(&mut offsets, leaf, at)?;
                }
            } else {
                self.extend(&mut offsets, list, at)?;
            }
        }
        let peek = self.peek;
        Ok(offsets.into_iter().map(move |at| PeekKey::read(peek, at)))
    }

    /// Adds a leaf's offsets, as long as so many keys fit into the hive.
    fn extend(
        &self,
        offsets: &mut Vec<CellOffset>,
        leaf: List<'_>,
        at: CellOffset,
    ) -> Result<(), Error> {
        offsets.extend(leaf.iter().map(|(at, _)| at));
        if offsets.len() > self.peek.layout.bins_size as usize / FIXED_LEN {
            return Err(Error::CellShared { at: at.in_file() });
        }
        Ok(())
    }

    /// The subkey of this name, compared as the registry does.
    ///
    /// # Errors
    /// As [`PeekKey::name`].
    pub fn subkey(&self, name: &str) -> Result<Option<PeekKey<'p, R>>, Error> {
        self.subkey_stored(&StoredName::from_text(name))
    }

    /// The subkey of this name, given in UTF-16 units.
    ///
    /// # Errors
    /// As [`PeekKey::name`].
    pub fn subkey_units(&self, name: &[u16]) -> Result<Option<PeekKey<'p, R>>, Error> {
        self.subkey_stored(&StoredName::from_units(name))
    }

    fn subkey_stored(&self, name: &StoredName) -> Result<Option<PeekKey<'p, R>>, Error> {
        subkeys::find(self.peek, self.node()?, self.at, name.as_name())?
            .map(|at| PeekKey::read(self.peek, at))
            .transpose()
    }

    /// The key at a `\`-separated path below this one; an empty path is the
    /// key itself.
    ///
    /// # Errors
    /// As [`PeekKey::name`].
    pub fn path(self, path: &str) -> Result<Option<PeekKey<'p, R>>, Error> {
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
    ///
    /// # Errors
    /// As [`PeekKey::name`].
    pub fn value_count(&self) -> Result<u32, Error> {
        Ok(self.node()?.value_count())
    }

    /// The values in the order in which they were added; each is read when it
    /// comes.
    ///
    /// # Errors
    /// As [`PeekKey::name`].
    pub fn values(
        &self,
    ) -> Result<impl Iterator<Item = Result<PeekValue<'p, R>, Error>> + use<'p, R>, Error> {
        let node = self.node()?;
        let mut offsets = Vec::new();
        if let Some(at) = node.value_list(self.at)? {
            let cell = self.peek.cell(at)?;
            let list = value::list_offsets(&cell, at, node.value_count())?;
            offsets.extend(
                list.iter()
                    .map(|&offset| CellOffset(u32::from_le_bytes(offset))),
            );
        }
        let peek = self.peek;
        Ok(offsets.into_iter().map(move |at| PeekValue::read(peek, at)))
    }

    /// The value of this name, compared as the registry does; the empty name
    /// is the default value's.
    ///
    /// # Errors
    /// As [`PeekKey::name`].
    pub fn value(&self, name: &str) -> Result<Option<PeekValue<'p, R>>, Error> {
        self.value_stored(&StoredName::from_text(name))
    }

    /// The value of this name, given in UTF-16 units.
    ///
    /// # Errors
    /// As [`PeekKey::name`].
    pub fn value_units(&self, name: &[u16]) -> Result<Option<PeekValue<'p, R>>, Error> {
        self.value_stored(&StoredName::from_units(name))
    }

    fn value_stored(&self, name: &StoredName) -> Result<Option<PeekValue<'p, R>>, Error> {
        value::find(self.peek, self.node()?, self.at, name.as_name())?
            .map(|(_, at)| PeekValue::read(self.peek, at))
            .transpose()
    }
}

/// A value of a hive that is read page by page.
#[doc(alias = "vk")]
pub struct PeekValue<'p, R> {
    peek: &'p Peek<R>,
    at: CellOffset,
    cell: Vec<u8>,
}

impl<R> fmt::Debug for PeekValue<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PeekValue")
            .field("at", &self.at.in_file())
            .finish_non_exhaustive()
    }
}

impl<'p, R: ReadAt> PeekValue<'p, R> {
    fn read(peek: &'p Peek<R>, at: CellOffset) -> Result<Self, Error> {
        let cell = peek.cell(at)?;
        ValueRecord::parse(&cell, at)?.name(at)?;
        Ok(PeekValue { peek, at, cell })
    }

    fn record(&self) -> Result<ValueRecord<'_>, Error> {
        ValueRecord::parse(&self.cell, self.at)
    }

    /// The name; empty for a key's default value.
    ///
    /// # Errors
    /// When a record is damaged or cannot be read, as for all methods here.
    pub fn name(&self) -> Result<Name<'_>, Error> {
        self.record()?.name(self.at)
    }

    /// The type, one of [`kind`] or any other number.
    ///
    /// # Errors
    /// As [`PeekValue::name`].
    pub fn kind(&self) -> Result<u32, Error> {
        Ok(self.record()?.kind())
    }

    /// Length of the data, in bytes.
    ///
    /// # Errors
    /// As [`PeekValue::name`].
    pub fn data_len(&self) -> Result<usize, Error> {
        Ok(self.record()?.data_len())
    }

    /// The data.
    ///
    /// # Errors
    /// As [`PeekValue::name`].
    pub fn data(&self) -> Result<Vec<u8>, Error> {
        let record = self.record()?;
        match record.place(self.at)? {
            Place::InRecord(length) => Ok(record.data_in_record(length).to_vec()),
            Place::Nowhere => Ok(Vec::new()),
            Place::Cell(at, length) => {
                let mut cell = self.peek.cell(at)?;
                if value::is_segmented(self.peek.layout.minor, length, cell.len()) {
                    return big_data::collect(self.peek, &cell, at, length);
                }
                value::plain_data(&cell, at, length)?;
                cell.truncate(length);
                Ok(cell)
            }
        }
    }

    /// A string value's text up to its first NUL; `None` for other types.
    ///
    /// # Errors
    /// As [`PeekValue::name`].
    pub fn as_string(&self) -> Result<Option<String>, Error> {
        let is_string = matches!(self.kind()?, kind::SZ | kind::EXPAND_SZ | kind::LINK);
        is_string
            .then(|| Ok(decode::string(&self.data()?)))
            .transpose()
    }

    /// A list value's strings; `None` for other types.
    ///
    /// # Errors
    /// As [`PeekValue::name`].
    pub fn as_multi_string(&self) -> Result<Option<Vec<String>>, Error> {
        let is_list = self.kind()? == kind::MULTI_SZ;
        is_list
            .then(|| Ok(decode::multi_string(&self.data()?)))
            .transpose()
    }

    /// A 32-bit number of either byte order; `None` for other types or
    /// lengths.
    ///
    /// # Errors
    /// As [`PeekValue::name`].
    pub fn as_u32(&self) -> Result<Option<u32>, Error> {
        Ok(decode::dword(self.kind()?, &self.data()?))
    }

    /// A 64-bit number; `None` for other types or lengths.
    ///
    /// # Errors
    /// As [`PeekValue::name`].
    pub fn as_u64(&self) -> Result<Option<u64>, Error> {
        Ok(decode::qword(self.kind()?, &self.data()?))
    }
}
