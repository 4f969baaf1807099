//! What a draft shows of the registry, with the planned changes in it.

use std::borrow::Borrow;
use std::sync::Arc;

use wimwright_hive::{Error as HiveError, Hive, Key};

use super::{Draft, DraftError, registry};
use crate::path::ImagePath;
use crate::plan::{State, Subject};
use crate::registry::{
    Condition, DiffOptions, HiveName, KeyPath, RegData, RegDifference, RegistryError, diff_keys,
};
use crate::text::Text;
use crate::tree::{FileTree as _, TreeError};

impl Draft {
    /// A hive with the planned changes in it; `None` where the image has none.
    ///
    /// # Errors
    /// [`RegistryError`] when it cannot be read.
    pub fn hive(&self, name: impl Borrow<HiveName>) -> Result<Option<Arc<Hive>>, RegistryError> {
        self.hives.get(name.borrow())
    }

    /// Whether a hive is dirty and could not be recovered.
    ///
    /// # Errors
    /// [`RegistryError`] when it cannot be read.
    pub fn hive_condition(
        &self,
        name: impl Borrow<HiveName>,
    ) -> Result<Option<Condition>, RegistryError> {
        self.hives.condition(name.borrow())
    }

    /// Where the file of a hive lies, or would lie.
    ///
    /// # Errors
    /// [`RegistryError::OtherName`] for a hive named by its file that has a
    /// name of its own.
    pub fn hive_file(&self, name: impl Borrow<HiveName>) -> Result<ImagePath, RegistryError> {
        self.hives.base().path(name.borrow())
    }

    /// Lets go of the memory of a hive that is not needed soon again.
    pub(crate) fn release_hive(&self, name: &HiveName) {
        self.hives.base().release(name);
    }

    /// A value as planned; `None` where the hive, key or value is not there.
    ///
    /// # Errors
    /// [`RegistryError`] when the hive cannot be read.
    pub fn value(
        &self,
        hive: impl Borrow<HiveName>,
        key: &KeyPath,
        name: &str,
    ) -> Result<Option<RegData>, RegistryError> {
        let hive = hive.borrow();
        let Some(open) = self.hives.get(hive)? else {
            return Ok(None);
        };
        let state = registry::value_state(&open, key, &Text::from(name));
        match state.map_err(|source| RegistryError::in_hive(hive, source))? {
            Some(State::Value(data)) => Ok(Some(data)),
            _ => Ok(None),
        }
    }

    /// Whether a key is there, as planned.
    ///
    /// # Errors
    /// [`RegistryError`] when the hive cannot be read.
    pub fn has_key(
        &self,
        hive: impl Borrow<HiveName>,
        key: &KeyPath,
    ) -> Result<bool, RegistryError> {
        let hive = hive.borrow();
        let Some(open) = self.hives.get(hive)? else {
            return Ok(false);
        };
        let found = key.find(&open);
        Ok(found
            .map_err(|source| RegistryError::in_hive(hive, source))?
            .is_some())
    }

    /// The names of a key's subkeys, as planned; empty where it is not there.
    ///
    /// # Errors
    /// [`RegistryError`] when the hive cannot be read.
    pub fn subkeys(
        &self,
        hive: impl Borrow<HiveName>,
        key: &KeyPath,
    ) -> Result<Vec<String>, RegistryError> {
        self.names(hive.borrow(), key, |key| {
            let names = key.subkeys()?;
            names
                .map(|below| Ok(below?.name()?.to_string_lossy()))
                .collect()
        })
    }

    /// The names of a key's values, as planned; empty where it is not there.
    ///
    /// # Errors
    /// [`RegistryError`] when the hive cannot be read.
    pub fn value_names(
        &self,
        hive: impl Borrow<HiveName>,
        key: &KeyPath,
    ) -> Result<Vec<String>, RegistryError> {
        self.names(hive.borrow(), key, |key| {
            let names = key.values()?;
            names
                .map(|value| Ok(value?.name()?.to_string_lossy()))
                .collect()
        })
    }

    fn names(
        &self,
        hive: &HiveName,
        key: &KeyPath,
        read: impl FnOnce(Key<'_>) -> Result<Vec<String>, HiveError>,
    ) -> Result<Vec<String>, RegistryError> {
        let Some(open) = self.hives.get(hive)? else {
            return Ok(Vec::new());
        };
        let names = match key.find(&open) {
            Ok(Some(key)) => read(key),
            Ok(None) => Ok(Vec::new()),
            Err(error) => Err(error),
        };
        names.map_err(|source| RegistryError::in_hive(hive, source))
    }

    /// What the plan comes to in the registry: for each hive that it edits, how
    /// the hive differs from the image's.
    ///
    /// # Errors
    /// [`DraftError`] when a hive cannot be read.
    pub fn registry_changes(
        &self,
        options: DiffOptions,
    ) -> Result<Vec<(HiveName, Vec<RegDifference>)>, DraftError> {
        let mut all = Vec::new();
        for (name, edited) in self.edited_hives() {
            let (_, base) = self.base_hive(name)?;
            let sides = (Some(base.hive.root()), Some(edited.root()));
            let found = diff_keys(sides.0, sides.1, options);
            let found = found.map_err(|source| RegistryError::in_hive(name, source))?;
            all.push((name.clone(), found));
        }
        Ok(all)
    }

    /// What is there, as expectations compare it.
    pub(super) fn state(&self, subject: &Subject) -> Result<Option<State>, DraftError> {
        let (hive, state) = match subject {
            Subject::Path(path) => return Ok(self.files.state(path)?),
            Subject::Attributes(path) => {
                let found = self.files.metadata(path)?;
                return Ok(found.map(|found| State::Attributes(found.attributes)));
            }
            Subject::Times(path) => {
                let found = self.files.metadata(path)?;
                return Ok(found.map(|found| State::Times(found.times())));
            }
            Subject::Details(path) => {
                if self.files.metadata(path)?.is_none() {
                    return Ok(None);
                }
                let found = self.files.details(path)?.unwrap_or_default();
                let known = found.identified();
                let known = known.map_err(|error| TreeError::new(path, error))?;
                return Ok(Some(State::Details(known)));
            }
            Subject::Hive(hive) => {
                return Ok(self
                    .hives
                    .condition(hive)?
                    .map(|condition| match condition {
                        Condition::Clean => State::Clean,
                        _ => State::Dirty,
                    }));
            }
            Subject::Key { hive, key } => {
                return Ok(self.has_key(hive, key)?.then_some(State::Key));
            }
            Subject::KeySecurity { hive, key } => match self.hives.get(hive)? {
                Some(open) => (hive, registry::security_state(&open, key)),
                None => return Ok(None),
            },
            Subject::Value { hive, key, name } => match self.hives.get(hive)? {
                Some(open) => (hive, registry::value_state(&open, key, name)),
                None => return Ok(None),
            },
        };
        Ok(state.map_err(|source| RegistryError::in_hive(hive, source))?)
    }
}
