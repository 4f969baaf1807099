//! The hives of a draft: the image's, with the planned changes in them.
//!
//! An edited hive is a cache of base and plan: taking changes back drops it,
//! and it is built again by replaying the plan's steps.

use std::collections::BTreeMap;
use std::sync::Arc;

use wimwright_hive::{FileTime, Hive, Key, Security};

use crate::plan::{Change, State, Step};
use crate::registry::{Condition, HiveName, Hives, KeyPath, Loaded, RegData, RegistryError};
use crate::text::Text;

/// The image's hives under the planned changes.
pub(super) struct DraftHives {
    base: Arc<Hives>,
    edited: BTreeMap<HiveName, Arc<Hive>>,
}

impl DraftHives {
    pub(super) fn new(base: Arc<Hives>) -> DraftHives {
        DraftHives {
            base,
            edited: BTreeMap::new(),
        }
    }

    pub(super) fn base(&self) -> &Hives {
        &self.base
    }

    /// Every hive that a change was made to.
    pub(super) fn edited(&self) -> impl Iterator<Item = (&HiveName, &Arc<Hive>)> {
        self.edited.iter()
    }

    /// The hive with the planned changes in it; `None` where the image has
    /// none.
    pub(super) fn get(&self, name: &HiveName) -> Result<Option<Arc<Hive>>, RegistryError> {
        if let Some(hive) = self.edited.get(name) {
            return Ok(Some(Arc::clone(hive)));
        }
        Ok(self.base.load(name)?.map(|loaded| loaded.hive))
    }

    pub(super) fn condition(&self, name: &HiveName) -> Result<Option<Condition>, RegistryError> {
        Ok(self.base.load(name)?.map(|loaded| loaded.condition))
    }

    /// Forgets every edit; [`DraftHives::replay`] makes those of a plan again.
    pub(super) fn forget(&mut self) {
        self.edited.clear();
    }

    /// Makes the registry changes of `steps` again.
    pub(super) fn replay(&mut self, steps: &[Step], time: FileTime) -> Result<(), RegistryError> {
        for step in steps {
            self.edit(&step.change, time)?;
        }
        Ok(())
    }

    /// Carries out a registry change; any other change is none of its
    /// business.
    pub(super) fn edit(&mut self, change: &Change, time: FileTime) -> Result<(), RegistryError> {
        let name = match change {
            Change::CreateKey { hive, .. }
            | Change::DeleteKey { hive, .. }
            | Change::SetValue { hive, .. }
            | Change::DeleteValue { hive, .. }
            | Change::SetKeySecurity { hive, .. }
            | Change::RecoverHive { hive, .. } => hive,
            _ => return Ok(()),
        };
        let broken = |source| RegistryError::in_hive(name, source);
        let hive = self.editable(name)?;
        match change {
            Change::CreateKey { key, .. } => {
                let mut at = hive.root().id();
                for part in key.units().split(|unit| *unit == u16::from(b'\\')) {
                    (at, _) = hive
                        .create_subkey(at, part, Security::Inherit, time)
                        .map_err(broken)?;
                }
            }
            Change::DeleteKey { key, .. } => {
                if let Some(found) = key.find(hive).map_err(broken)? {
                    let id = found.id();
                    hive.delete_key_by_id(id, time).map_err(broken)?;
                }
            }
            Change::SetValue {
                key, name, data, ..
            } => {
                if let Some(found) = key.find(hive).map_err(broken)? {
                    let id = found.id();
                    let name: Vec<u16> = name.units().collect();
                    hive.set_value(id, &name, data.kind, &data.bytes, time)
                        .map_err(broken)?;
                }
            }
            Change::DeleteValue { key, name, .. } => {
                if let Some(found) = key.find(hive).map_err(broken)? {
                    let id = found.id();
                    let name: Vec<u16> = name.units().collect();
                    hive.delete_value(id, &name, time).map_err(broken)?;
                }
            }
            Change::SetKeySecurity {
                key, descriptor, ..
            } => {
                if let Some(found) = key.find(hive).map_err(broken)? {
                    let id = found.id();
                    hive.set_security(id, descriptor, time).map_err(broken)?;
                }
            }
            // Replay happened when the hive was loaded; entering it among the
            // edited ones is what makes the commit write it.
            _ => {}
        }
        Ok(())
    }

    fn editable(&mut self, name: &HiveName) -> Result<&mut Hive, RegistryError> {
        let hive = match self.edited.remove(name) {
            Some(hive) => hive,
            None => {
                let loaded: Loaded = self
                    .base
                    .load(name)?
                    .ok_or_else(|| RegistryError::Absent { hive: name.clone() })?;
                loaded.hive
            }
        };
        let slot = self.edited.entry(name.clone()).or_insert(hive);
        Ok(Arc::make_mut(slot))
    }
}

/// The value's state, as expectations compare it.
pub(super) fn value_state(
    hive: &Hive,
    key: &KeyPath,
    name: &Text,
) -> Result<Option<State>, wimwright_hive::Error> {
    let Some(key) = key.find(hive)? else {
        return Ok(None);
    };
    let name: Vec<u16> = name.units().collect();
    let Some(value) = key.value_units(&name)? else {
        return Ok(None);
    };
    Ok(Some(State::Value(RegData {
        kind: value.kind(),
        bytes: value.data()?.into_owned(),
    })))
}

/// The state of a key's security, as expectations compare it.
pub(super) fn security_state(
    hive: &Hive,
    key: &KeyPath,
) -> Result<Option<State>, wimwright_hive::Error> {
    let found = key.find(hive)?;
    let security = found.map(Key::security).transpose()?;
    Ok(security.map(|descriptor| State::Security(descriptor.to_vec())))
}

/// The steps' changes that bring a key back as it is, with all below it.
pub(super) fn rebuild(
    hive: &HiveName,
    path: &KeyPath,
    key: Key<'_>,
    changes: &mut Vec<Change>,
) -> Result<(), wimwright_hive::Error> {
    // Keys nest at most 512 deep (Windows' limit; the hive's check holds it).
    changes.push(Change::CreateKey {
        hive: hive.clone(),
        key: path.clone(),
    });
    changes.push(Change::SetKeySecurity {
        hive: hive.clone(),
        key: path.clone(),
        descriptor: key.security()?.to_vec(),
    });
    for value in key.values()? {
        let value = value?;
        let name: Vec<u16> = value.name()?.units().collect();
        changes.push(Change::SetValue {
            hive: hive.clone(),
            key: path.clone(),
            name: Text::from_units(&name),
            data: RegData {
                kind: value.kind(),
                bytes: value.data()?.into_owned(),
            },
        });
    }
    for below in key.subkeys()? {
        let below = below?;
        let mut units = path.units();
        units.push(u16::from(b'\\'));
        units.extend(below.name()?.units());
        let path = KeyPath::from(Text::from_units(&units));
        rebuild(hive, &path, below, changes)?;
    }
    Ok(())
}
