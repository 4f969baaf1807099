//! Security records: found by content, counted, linked into the ring, freed.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use crate::acl;
use crate::error::Error;
use crate::hive::{FileTime, Hive};
use crate::key::{KeyId, KeyNode, field_at as key_field_at};
use crate::offset::CellOffset;
use crate::security::{SecurityRecord, field_at};

use super::Security;
use super::keys::key_security;

/// Security records by a hash of their descriptor. Empty until it is needed.
#[derive(Clone, Default)]
pub(super) struct SecurityIndex {
    by_hash: HashMap<u64, Vec<CellOffset>>,
    /// The record that keys below a key with this one inherit: many keys are
    /// made under few parents. Forgotten when any record goes.
    inherited: HashMap<CellOffset, CellOffset>,
}

fn hash(descriptor: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    descriptor.hash(&mut hasher);
    hasher.finish()
}

/// A new record that nothing names yet, linked between two neighbours.
pub(super) fn new_record(
    descriptor: &[u8],
    neighbours: Option<(CellOffset, CellOffset)>,
) -> Vec<u8> {
    let (previous, next) = neighbours.unwrap_or((CellOffset(0), CellOffset(0)));
    let mut record = b"sk\0\0".to_vec();
    // Checked before: a descriptor is far below 4 GiB.
    let length = u32::try_from(descriptor.len()).unwrap_or(0);
    record.extend(
        [next.0, previous.0, 0, length]
            .map(u32::to_le_bytes)
            .concat(),
    );
    record.extend(descriptor);
    record
}

impl Hive {
    /// Makes the only record of a new hive a ring of one, named by the root.
    pub(super) fn link_first_record(&mut self, record: CellOffset, root: CellOffset) {
        for field in [field_at::NEXT, field_at::PREVIOUS] {
            self.write_field(record, field, record.0);
        }
        self.write_field(record, field_at::COUNT, 1);
        self.write_field(root, key_field_at::SECURITY, record.0);
    }

    /// Changes a key's security descriptor, given in self-relative form.
    /// Returns whether it was another.
    ///
    /// # Errors
    /// [`Error::Differencing`], [`Error::Descriptor`], [`Error::NoSuchKey`],
    /// [`Error::Full`].
    pub fn set_security(
        &mut self,
        key: KeyId,
        descriptor: &[u8],
        now: FileTime,
    ) -> Result<bool, Error> {
        self.begin_edit()?;
        acl::require_valid(descriptor)?;
        if self.key_by_id(key)?.security()? == descriptor {
            return Ok(false);
        }
        self.require_room(descriptor.len())?;
        let old = key_security(self, key)?;
        let new = self.security_for(old, Security::Descriptor(descriptor))?;
        self.touch();
        self.write_field(key.0, key_field_at::SECURITY, new.0);
        self.release_security(old)?;
        self.stamp(key.0, now);
        Ok(true)
    }

    /// The record for one more key below a key that has the record `parent`;
    /// it is counted.
    pub(super) fn security_for(
        &mut self,
        parent: CellOffset,
        security: Security<'_>,
    ) -> Result<CellOffset, Error> {
        match security {
            Security::Descriptor(descriptor) => {
                acl::require_valid(descriptor)?;
                self.record_with(parent, descriptor)
            }
            Security::Inherit => {
                if let Some(&at) = self.edit.security.inherited.get(&parent) {
                    return self.count_up(at);
                }
                let at = match acl::inherited_security(self.descriptor(parent)?) {
                    Some(descriptor) => self.record_with(parent, &descriptor)?,
                    None => self.count_up(parent)?,
                };
                self.edit.security.inherited.insert(parent, at);
                Ok(at)
            }
        }
    }

    /// The record with this descriptor, counted: `likely`, another one, or a
    /// new one.
    fn record_with(&mut self, likely: CellOffset, descriptor: &[u8]) -> Result<CellOffset, Error> {
        if self.descriptor(likely)? == descriptor {
            return self.count_up(likely);
        }
        self.index_security()?;
        let same_hash = self.edit.security.by_hash.get(&hash(descriptor));
        for &at in same_hash.into_iter().flatten() {
            if self.descriptor(at)? == descriptor {
                return self.count_up(at);
            }
        }
        self.add_record(descriptor)
    }

    fn descriptor(&self, at: CellOffset) -> Result<&[u8], Error> {
        SecurityRecord::parse(self.cells().get(at)?, at)?.descriptor(at)
    }

    fn record(&self, at: CellOffset) -> Result<SecurityRecord<'_>, Error> {
        SecurityRecord::parse(self.cells().get(at)?, at)
    }

    /// The record that the root key names: where the ring starts.
    fn first_record(&self) -> Result<CellOffset, Error> {
        let root = self.layout.root;
        KeyNode::parse(self.cells().get(root)?, root)?.security(root)
    }

    fn index_security(&mut self) -> Result<(), Error> {
        if !self.edit.security.by_hash.is_empty() {
            return Ok(());
        }
        let mut by_hash: HashMap<u64, Vec<CellOffset>> = HashMap::new();
        let first = self.first_record()?;
        let mut at = first;
        // The structure check has followed the ring to its end.
        loop {
            by_hash
                .entry(hash(self.descriptor(at)?))
                .or_default()
                .push(at);
            at = self.record(at)?.next();
            if at == first {
                break;
            }
        }
        self.edit.security.by_hash = by_hash;
        Ok(())
    }

    fn count_up(&mut self, at: CellOffset) -> Result<CellOffset, Error> {
        let count = self.record(at)?.count();
        self.touch();
        self.write_field(at, field_at::COUNT, count.saturating_add(1));
        Ok(at)
    }

    /// Adds a record in front of the root's, at the ring's end.
    fn add_record(&mut self, descriptor: &[u8]) -> Result<CellOffset, Error> {
        self.touch();
        let next = self.first_record()?;
        let previous = self.record(next)?.previous();
        let at = self.allocate_record(&new_record(descriptor, Some((previous, next))))?;
        self.write_field(at, field_at::COUNT, 1);
        self.write_field(previous, field_at::NEXT, at.0);
        self.write_field(next, field_at::PREVIOUS, at.0);
        self.edit
            .security
            .by_hash
            .entry(hash(descriptor))
            .or_default()
            .push(at);
        Ok(at)
    }

    /// Counts one key less; a record that no key names any more goes.
    pub(super) fn release_security(&mut self, at: CellOffset) -> Result<(), Error> {
        let record = self.record(at)?;
        let (count, previous, next) = (record.count(), record.previous(), record.next());
        // Where the hive's counts were wrong before, others may still name a
        // record that counts none: then it stays.
        if count > 1 || !self.edit.counts_are_right {
            self.write_field(at, field_at::COUNT, count.saturating_sub(1));
            return Ok(());
        }
        let hash = hash(record.descriptor(at)?);
        if let Some(same_hash) = self.edit.security.by_hash.get_mut(&hash) {
            same_hash.retain(|&other| other != at);
        }
        self.edit.security.inherited.clear();
        self.write_field(previous, field_at::NEXT, next.0);
        self.write_field(next, field_at::PREVIOUS, previous.0);
        self.free(at);
        Ok(())
    }
}
