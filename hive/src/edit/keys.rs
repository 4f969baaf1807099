//! Keys: new ones, and whole subtrees that go.

use crate::base_block::MinorVersion;
use crate::big_data::BigData;
use crate::check::MAX_DEPTH;
use crate::error::Error;
use crate::hive::{FileTime, Hive};
use crate::key::{FIXED_LEN, Key, KeyFlags, KeyId, KeyNode, components, field_at};
use crate::name::{Name, StoredName};
use crate::offset::{CellOffset, NO_CELL};
use crate::subkeys::{List, ListKind, Subkeys};
use crate::value::{self, Place, ValueRecord};

use super::Security;

/// Most UTF-16 units in a key name.
const MAX_NAME_UNITS: usize = 255;

/// Checks a new key's name.
pub(super) fn require_key_name(name: &[u16]) -> Result<(), Error> {
    let length = name.len();
    let is_allowed = (1..=MAX_NAME_UNITS).contains(&length) && !name.contains(&u16::from(b'\\'));
    if is_allowed {
        Ok(())
    } else {
        Err(Error::KeyName { length })
    }
}

/// The record of a new key without subkeys and values.
pub(super) fn new_node(
    name: Name<'_>,
    parent: CellOffset,
    security: CellOffset,
    now: FileTime,
) -> Vec<u8> {
    let (flags, bytes) = match name {
        Name::Latin1(bytes) => (KeyFlags::LATIN1_NAME.0, bytes),
        Name::Utf16(bytes) => (0, bytes),
    };
    let mut node = Vec::with_capacity(FIXED_LEN + bytes.len());
    node.extend(b"nk");
    node.extend(flags.to_le_bytes());
    node.extend(now.0.to_le_bytes());
    for field in [
        0, // access bits: nobody has accessed it
        parent.0, 0, 0, NO_CELL, NO_CELL, // no subkeys, no volatile ones
        0, NO_CELL, // no values
        security.0, NO_CELL, // no class name
        0, 0, 0, 0, 0, // largest names and data, work area
    ] {
        node.extend(field.to_le_bytes());
    }
    // At most 255 units, so the length fits; no class name.
    node.extend(u16::try_from(bytes.len()).unwrap_or(0).to_le_bytes());
    node.extend([0, 0]);
    node.extend(bytes);
    node
}

/// The cells that belong to one key alone.
struct Belongings {
    cells: Vec<CellOffset>,
    security: CellOffset,
    subkeys: Vec<CellOffset>,
}

impl Hive {
    /// Creates the key at a `\`-separated path below the root, and the parents
    /// it needs, all with this security. Returns its handle, and whether it
    /// was missing.
    ///
    /// # Errors
    /// [`Error::Differencing`], [`Error::KeyName`], [`Error::Descriptor`],
    /// [`Error::TooDeep`], [`Error::WrongParent`], [`Error::Full`].
    pub fn create_key(
        &mut self,
        path: &str,
        security: Security<'_>,
        now: FileTime,
    ) -> Result<(KeyId, bool), Error> {
        self.begin_edit()?;
        for component in components(path) {
            require_key_name(&component.encode_utf16().collect::<Vec<_>>())?;
        }
        let mut key = self.root().id();
        let mut is_new = false;
        for component in components(path) {
            let name = StoredName::from_text(component);
            (key, is_new) = self.create_subkey_stored(key, &name, security, now)?;
        }
        Ok((key, is_new))
    }

    /// Creates a subkey; its name is given in UTF-16 units. Returns its
    /// handle, and whether it was missing. The parent's time changes with it.
    ///
    /// # Errors
    /// As [`Hive::create_key`], and [`Error::NoSuchKey`].
    pub fn create_subkey(
        &mut self,
        parent: KeyId,
        name: &[u16],
        security: Security<'_>,
        now: FileTime,
    ) -> Result<(KeyId, bool), Error> {
        self.begin_edit()?;
        require_key_name(name)?;
        self.create_subkey_stored(parent, &StoredName::from_units(name), security, now)
    }

    fn create_subkey_stored(
        &mut self,
        parent: KeyId,
        name: &StoredName,
        security: Security<'_>,
        now: FileTime,
    ) -> Result<(KeyId, bool), Error> {
        let key = self.key_by_id(parent)?;
        if let Some(existing) = key.subkey_stored(name)? {
            return Ok((existing.id(), false));
        }
        let name = name.as_name();
        if let Some(existing) = self.position_of(parent.0, name)?.existing {
            // Behind a wrong hash or hint, where a search does not find it.
            return Ok((KeyId(existing), false));
        }
        self.require_depth(parent)?;
        let descriptor = match security {
            Security::Descriptor(descriptor) => descriptor.len(),
            Security::Inherit => 0,
        };
        self.require_room(descriptor + FIXED_LEN + 2 * MAX_NAME_UNITS)?;
        let security = self.security_for(key_security(self, parent)?, security)?;
        self.touch();
        // First, so that the new cells go to this page if they fit.
        self.stamp(parent.0, now);
        let node = new_node(name, parent.0, security, now);
        let at = self.allocate_record(&node)?;
        self.insert_subkey(parent.0, at, name)?;
        let node = self.key_by_id(parent)?.node();
        let longest = u16::try_from(name.len() * 2)
            .unwrap_or(0)
            .max(node.longest_subkey_name());
        let count = node.subkey_count() + 1;
        self.write_field(parent.0, field_at::SUBKEY_COUNT, count);
        self.write(
            parent.0,
            field_at::LONGEST_SUBKEY_NAME,
            &longest.to_le_bytes(),
        );
        Ok((KeyId(at), true))
    }

    /// Refuses a subkey below the deepest level allowed.
    fn require_depth(&self, parent: KeyId) -> Result<(), Error> {
        let mut key = Some(self.key_by_id(parent)?);
        for _ in 0..MAX_DEPTH {
            let Some(above) = key else { return Ok(()) };
            key = parent_of(above)?;
        }
        match key {
            None => Ok(()),
            Some(_) => Err(Error::TooDeep {
                at: parent.0.in_file(),
                limit: MAX_DEPTH,
            }),
        }
    }

    /// Deletes the key at a `\`-separated path with everything below it.
    /// Returns whether it was there.
    ///
    /// # Errors
    /// [`Error::Differencing`], [`Error::DeleteRoot`], [`Error::WrongParent`].
    pub fn delete_key(&mut self, path: &str, now: FileTime) -> Result<bool, Error> {
        self.begin_edit()?;
        match self.key(path)?.map(Key::id) {
            Some(key) => self.delete_key_by_id(key, now),
            None => Ok(false),
        }
    }

    /// Deletes a key with everything below it. Handles of what is gone name
    /// nothing any more, until room is used again.
    ///
    /// # Errors
    /// [`Error::Differencing`], [`Error::DeleteRoot`], [`Error::NoSuchKey`],
    /// [`Error::WrongParent`].
    pub fn delete_key_by_id(&mut self, key: KeyId, now: FileTime) -> Result<bool, Error> {
        self.begin_edit()?;
        let Some(parent) = parent_of(self.key_by_id(key)?)? else {
            return Err(Error::DeleteRoot);
        };
        if !parent
            .subkeys()?
            .any(|subkey| subkey.is_ok_and(|subkey| subkey.id() == key))
        {
            let (at, parent) = (key.0.in_file(), parent.id().0.in_file());
            return Err(Error::WrongParent { at, parent });
        }
        let parent = parent.id().0;
        // Read everything before the first cell is freed.
        let mut pending = vec![key.0];
        let mut doomed = Vec::new();
        while let Some(at) = pending.pop() {
            let belongings = self.belongings(at)?;
            pending.extend(&belongings.subkeys);
            doomed.push(belongings);
        }
        self.touch();
        self.remove_subkey(parent, key.0)?;
        let count = self
            .key_by_id(KeyId(parent))?
            .subkey_count()
            .saturating_sub(1);
        self.write_field(parent, field_at::SUBKEY_COUNT, count);
        self.stamp(parent, now);
        for belongings in doomed {
            for at in belongings.cells {
                self.free(at);
            }
            self.release_security(belongings.security)?;
        }
        Ok(true)
    }

    fn belongings(&self, at: CellOffset) -> Result<Belongings, Error> {
        let cells = self.cells();
        let node = KeyNode::parse(cells.get(at)?, at)?;
        let mut owned = vec![at];
        owned.extend(node.class().map(|(class, _)| class));
        if let Some(list) = node.value_list(at)? {
            owned.push(list);
            for &value in value::list_offsets(cells.get(list)?, list, node.value_count())? {
                let value = CellOffset(u32::from_le_bytes(value));
                owned.push(value);
                owned.extend(self.data_cells(value)?);
            }
        }
        if let Some(list) = node.subkey_list(at)? {
            owned.push(list);
            let parsed = List::parse(cells.get(list)?, list)?;
            if parsed.kind == ListKind::Ri {
                owned.extend(parsed.iter().map(|(leaf, _)| leaf));
            }
        }
        Ok(Belongings {
            cells: owned,
            security: node.security(at)?,
            subkeys: Subkeys::of(cells, node, at)?.collect::<Result<_, _>>()?,
        })
    }

    /// The cells that hold a value's data: none, one, or the segments with
    /// their record and list.
    pub(super) fn data_cells(&self, value: CellOffset) -> Result<Vec<CellOffset>, Error> {
        let cells = self.cells();
        let record = ValueRecord::parse(cells.get(value)?, value)?;
        let Place::Cell(at, length) = record.place(value)? else {
            return Ok(Vec::new());
        };
        let cell = cells.get(at)?;
        if !value::is_segmented(self.layout.minor, length, cell.len()) {
            return Ok(vec![at]);
        }
        let data = BigData::parse(cell, at, length)?;
        let mut owned = vec![at, data.list];
        owned.extend(data.segments(cells.get(data.list)?)?);
        Ok(owned)
    }

    /// The form of new leaves: hashes from 1.5 on, hints before.
    pub(super) fn leaf_kind(&self) -> ListKind {
        if self.layout.minor >= MinorVersion::V1_5 {
            ListKind::Lh
        } else {
            ListKind::Lf
        }
    }
}

/// The key above, where the record names one at all.
fn parent_of(key: Key<'_>) -> Result<Option<Key<'_>>, Error> {
    key.parent().map_err(|_| Error::WrongParent {
        at: key.id().0.in_file(),
        parent: CellOffset(key.node().parent()).in_file(),
    })
}

/// The security record of a key.
pub(super) fn key_security(hive: &Hive, key: KeyId) -> Result<CellOffset, Error> {
    hive.key_by_id(key)?.node().security(key.0)
}
