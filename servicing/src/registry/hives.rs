//! The hives of a tree, loaded when asked for.
//!
//! A dirty hive is replayed from its logs in memory as it is loaded, so that
//! everyone reads its true state. Whether it may be edited is another
//! question, and [`Condition`] answers it.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use wimwright_hive::{Error as HiveError, Hive};

use super::RegistryError;
use super::hive_name::{HiveName, config};
use crate::blob::ContentId;
use crate::path::{ImagePath, PathError};
use crate::tree::{FileTree, TreeError};

/// The largest hive that is loaded: Windows' own limit is about 2 GiB
/// (recalled), and a cell's offset has 32 bits.
const MAX_HIVE: u64 = 1 << 31;
/// The largest log that is loaded: logs hold pages of their hive.
const MAX_LOG: u64 = 1 << 31;

/// What the names of a hive's logs have behind the hive's own; they lie beside
/// it: `NTUSER.DAT.LOG1`.
pub(crate) const LOG_ENDINGS: [&str; 3] = [".LOG", ".LOG1", ".LOG2"];

/// In which state a hive was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// Its last write was complete.
    Clean,
    /// It was dirty and its logs were replayed; says what they held.
    Replayed(String),
    /// It is dirty and could not be recovered; says why. What it shows lacks
    /// its last changes.
    Unrecovered(String),
}

/// A loaded hive.
#[derive(Clone)]
pub struct Loaded {
    /// The hive, after replay where that was needed.
    pub hive: Arc<Hive>,
    /// What its file holds, before any replay.
    pub file: ContentId,
    /// How it was found.
    pub condition: Condition,
}

/// Hives that several images have in common, by what their files and logs hold:
/// the editions in one WIM file often share theirs.
pub(crate) type SharedHives = Arc<Mutex<HashMap<Vec<ContentId>, Loaded>>>;

/// The hives of one tree.
pub struct Hives {
    tree: Arc<dyn FileTree>,
    windows: ImagePath,
    config: ImagePath,
    loaded: Mutex<BTreeMap<HiveName, Option<Loaded>>>,
    shared: Option<SharedHives>,
}

impl Hives {
    /// The hives of `tree`, whose Windows directory is `windows`.
    pub fn new(tree: Arc<dyn FileTree>, windows: &ImagePath) -> Result<Hives, PathError> {
        Ok(Hives {
            tree,
            config: config(windows)?,
            windows: windows.clone(),
            loaded: Mutex::default(),
            shared: None,
        })
    }

    /// The same, for one of several images whose hives may be the same.
    pub(crate) fn sharing(self, shared: &SharedHives) -> Hives {
        Hives {
            shared: Some(Arc::clone(shared)),
            ..self
        }
    }

    /// What a hive's file and logs hold, in order, where that is known without
    /// reading them.
    fn contents(&self, path: &ImagePath) -> Result<Option<Vec<ContentId>>, TreeError> {
        let logs = LOG_ENDINGS.iter().filter_map(|end| path.with_suffix(end));
        let mut ids = Vec::new();
        for path in std::iter::once(path.clone()).chain(logs) {
            let Some(blob) = self.tree.open(&path)? else {
                continue;
            };
            match blob.known_id() {
                Some(id) => ids.push(id),
                None if blob.is_empty() => ids.push(ContentId::of(&[])),
                None => return Ok(None),
            }
        }
        Ok((!ids.is_empty()).then_some(ids))
    }

    /// Where the file of `hive` lies.
    ///
    /// # Errors
    /// [`RegistryError::OtherName`] for a hive named by its file that has a
    /// name of its own: edits under two names would undo each other.
    pub fn path(&self, hive: &HiveName) -> Result<ImagePath, RegistryError> {
        if let HiveName::File(path) = hive {
            let name = HiveName::of_file(path, &self.windows)?;
            if name != *hive {
                return Err(RegistryError::OtherName {
                    path: path.clone(),
                    name,
                });
            }
        }
        Ok(hive.path_in(&self.config)?)
    }

    /// The hive as the image holds it, replayed; `None` where the image has
    /// no such file.
    ///
    /// # Errors
    /// [`RegistryError`] when the file cannot be read, is no hive, or is
    /// damaged.
    pub fn load(&self, name: &HiveName) -> Result<Option<Loaded>, RegistryError> {
        // The lock is held while reading: two threads that want the same hive
        // must not both read and check 11 MB.
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = loaded.get(name) {
            return Ok(known.clone());
        }
        let found = match &self.shared {
            Some(shared) => self.read_shared(name, shared)?,
            None => self.read(name)?,
        };
        loaded.insert(name.clone(), found.clone());
        Ok(found)
    }

    fn read_shared(
        &self,
        name: &HiveName,
        shared: &SharedHives,
    ) -> Result<Option<Loaded>, RegistryError> {
        let contents = self.contents(&self.path(name)?);
        let contents = contents.map_err(|source| RegistryError::Tree {
            hive: name.clone(),
            source,
        })?;
        let Some(contents) = contents else {
            return self.read(name);
        };
        let known = || shared.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(loaded) = known().get(&contents) {
            return Ok(Some(loaded.clone()));
        }
        let found = self.read(name)?;
        if let Some(loaded) = &found {
            known().insert(contents, loaded.clone());
        }
        Ok(found)
    }

    /// Forgets a hive, which is read again when it is asked for: who goes
    /// through all of them must not keep all of them.
    pub(crate) fn release(&self, name: &HiveName) {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        loaded.remove(name);
    }

    fn read(&self, name: &HiveName) -> Result<Option<Loaded>, RegistryError> {
        let path = self.path(name)?;
        let in_tree = |source| RegistryError::Tree {
            hive: name.clone(),
            source,
        };
        if self.tree.has_directory(&path).map_err(in_tree)? {
            return Err(RegistryError::NotAFile {
                hive: name.clone(),
                path,
            });
        }
        let Some(bytes) = self.tree.read(&path, MAX_HIVE).map_err(in_tree)? else {
            return Ok(None);
        };
        let mut logs = Vec::new();
        for ending in LOG_ENDINGS {
            let Some(log) = path.with_suffix(ending) else {
                break;
            };
            logs.extend(self.tree.read(&log, MAX_LOG).map_err(in_tree)?);
        }
        let broken = |source| RegistryError::in_hive(name, source);
        let file = ContentId::of(&bytes);
        match Hive::open_with_logs(bytes, &logs) {
            Ok((hive, recovery)) => Ok(Some(Loaded {
                hive: Arc::new(hive),
                file,
                condition: recovery.map_or(Condition::Clean, |recovery| {
                    Condition::Replayed(format!(
                        "{} pages of log entries {} to {}",
                        recovery.pages,
                        recovery.applied.start(),
                        recovery.applied.end()
                    ))
                }),
            })),
            // Rare, so that the file is read again rather than kept twice.
            Err(HiveError::NoUsableLog(refusals)) => Ok(Some(Loaded {
                hive: {
                    let bytes = self.tree.read(&path, MAX_HIVE).map_err(in_tree)?;
                    let bytes = bytes.unwrap_or_default();
                    Arc::new(Hive::open_accepting_dirty(bytes).map_err(broken)?)
                },
                file,
                condition: Condition::Unrecovered(match refusals.as_slice() {
                    [] => "no log lies beside it".to_owned(),
                    some => {
                        let reasons: Vec<String> = some.iter().map(ToString::to_string).collect();
                        format!("its logs cannot be used: {}", reasons.join("; "))
                    }
                }),
            })),
            Err(error) => Err(broken(error)),
        }
    }
}
