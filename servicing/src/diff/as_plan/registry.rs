//! The registry: changes of keys and values, or a hive's whole file.

use std::collections::{BTreeMap, BTreeSet};

use wimwright_hive::KeyFlags;

use super::super::{FileChange, FileDifference, HiveChange, RegistryDifference};
use super::{AsPlanError, Planner};
use crate::plan::Change;
use crate::registry::{
    Condition, HiveName, KeyDetail, KeyPath, OF_STORAGE, RegChange, RegDifference, RegistryError,
};

impl Planner<'_> {
    /// Plans what differs in the registry; gives the hives that are to be put
    /// in place whole.
    pub(super) fn registry(
        &mut self,
        found: &[RegistryDifference],
        files: &[FileDifference],
    ) -> Result<BTreeSet<HiveName>, AsPlanError> {
        let mut by_hive: BTreeMap<HiveName, Vec<&RegDifference>> = BTreeMap::new();
        let mut whole = self.otherwise_stored(files)?;
        for difference in found {
            match &difference.change {
                HiveChange::Key(change) => {
                    by_hive
                        .entry(difference.hive.clone())
                        .or_default()
                        .push(change);
                }
                // A hive that one image has alone is a file like others.
                HiveChange::Added { .. } | HiveChange::Removed { .. } => {}
            }
        }
        for (hive, changes) in by_hive {
            if whole.contains(&hive) {
                continue;
            }
            if self.needs_its_file(&hive, &changes)? {
                whole.insert(hive);
                continue;
            }
            self.keys(&hive, &changes)?;
        }
        Ok(whole)
    }

    /// The hives of which more differs than keys and values say.
    fn otherwise_stored(
        &self,
        files: &[FileDifference],
    ) -> Result<BTreeSet<HiveName>, AsPlanError> {
        let mut paths = BTreeSet::new();
        for file in files {
            if let FileChange::HiveCondition { .. } | FileChange::HiveVersion { .. } = file.change {
                paths.insert(&file.path);
            }
        }
        let mut whole = BTreeSet::new();
        if paths.is_empty() {
            return Ok(whole);
        }
        let hives = self.b.hives()?;
        for hive in hives {
            if paths.contains(&self.b.hive_file(&hive)?) {
                whole.insert(hive);
            }
        }
        Ok(whole)
    }

    /// Whether something differs that no change of keys and values makes the
    /// same.
    fn needs_its_file(
        &self,
        hive: &HiveName,
        changes: &[&RegDifference],
    ) -> Result<bool, AsPlanError> {
        if self.b.hive_condition(hive)? != Some(Condition::Clean) {
            return Ok(true);
        }
        let Some(there) = self.b.hive(hive)? else {
            return Ok(true);
        };
        let broken = |source| RegistryError::in_hive(hive, source);
        for change in changes {
            match &change.what {
                RegChange::Detail(KeyDetail::ValueSpelling { .. }) => {}
                RegChange::Detail(_) => return Ok(true),
                RegChange::KeyAdded => {
                    if let Some(key) = change.key.find(&there).map_err(broken)? {
                        let KeyFlags(flags) = key.flags();
                        if flags & !OF_STORAGE != 0 || key.class_name().map_err(broken)?.is_some() {
                            return Ok(true);
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(false)
    }

    fn keys(&mut self, hive: &HiveName, changes: &[&RegDifference]) -> Result<(), AsPlanError> {
        let mut deleted: Vec<&KeyPath> = Vec::new();
        for change in changes {
            let key = &change.key;
            if deleted.iter().any(|top| key.starts_with(top)) {
                continue;
            }
            let (hive, key) = (hive.clone(), key.clone());
            let planned = match &change.what {
                RegChange::KeyAdded => {
                    self.plan(Change::CreateKey {
                        hive: hive.clone(),
                        key: key.clone(),
                    })?;
                    match self.security_there(&hive, &key)? {
                        Some(descriptor) => Change::SetKeySecurity {
                            hive,
                            key,
                            descriptor,
                        },
                        None => continue,
                    }
                }
                RegChange::KeyRemoved => {
                    deleted.push(&change.key);
                    Change::DeleteKey { hive, key }
                }
                RegChange::ValueAdded { name, new } | RegChange::ValueChanged { name, new, .. } => {
                    Change::SetValue {
                        hive,
                        key,
                        name: name.clone(),
                        data: new.clone(),
                    }
                }
                RegChange::ValueRemoved { name, .. } => Change::DeleteValue {
                    hive,
                    key,
                    name: name.clone(),
                },
                RegChange::SecurityChanged { new, .. } => Change::SetKeySecurity {
                    hive,
                    key,
                    descriptor: new.clone(),
                },
                RegChange::Detail(KeyDetail::ValueSpelling { old, new }) => {
                    let data = self.b.value(&hive, &key, &new.to_string())?;
                    let Some(data) = data else { continue };
                    self.plan(Change::DeleteValue {
                        hive: hive.clone(),
                        key: key.clone(),
                        name: old.clone(),
                    })?;
                    Change::SetValue {
                        hive,
                        key,
                        name: new.clone(),
                        data,
                    }
                }
                // Such hives are put in place whole.
                RegChange::Detail(_) => continue,
            };
            self.plan(planned)?;
        }
        Ok(())
    }

    /// The security of a key of the second image.
    fn security_there(
        &self,
        hive: &HiveName,
        key: &KeyPath,
    ) -> Result<Option<Vec<u8>>, AsPlanError> {
        let Some(there) = self.b.hive(hive)? else {
            return Ok(None);
        };
        let broken = |source| RegistryError::in_hive(hive, source);
        let found = key.find(&there).map_err(broken)?;
        let security = found.map(|key| key.security()).transpose();
        let security = security.map_err(broken)?;
        Ok(security.map(<[u8]>::to_vec))
    }
}
