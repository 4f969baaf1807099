//! What packages put outside the store, asked of the writer itself.
//!
//! A package's services and files outside the store may be shared with other
//! packages. To take back what it wrote, and only that, the writer is let loose
//! on a draft that lacks those services and files, what it planned is noted,
//! and the draft is taken back to where it was.

use std::collections::HashMap;
use std::sync::Arc;

use wimwright_servicing::plan::{Basis, Change, Subject};
use wimwright_servicing::registry::{HiveName, KeyPath, RegData};
use wimwright_servicing::{
    Blob, ContentId, Draft, DraftError, FileTree as _, ImagePath, Text, TreeError,
};

use crate::add::refusal::Stop;
use crate::error::Error;
use crate::store::node::Node;
use crate::store::writer;
use crate::stored::Whole;

use super::owners::Owned;

const TRIED: Basis = Basis::inferred("driverstore 8");

/// A package whose part is asked for.
pub(super) struct Writing {
    pub(super) whole: Whole,
    pub(super) node: Node,
    pub(super) published: String,
}

/// Which services and files are thought away first.
pub(super) struct Without<'a> {
    pub(super) owned: &'a [Owned],
    pub(super) files: &'a [ImagePath],
}

/// A file as the writer would leave it.
#[derive(Clone)]
pub(super) struct ReflectedFile {
    pub(super) id: ContentId,
    pub(super) blob: Arc<dyn Blob>,
}

/// A registry value: its hive, key and name.
pub(super) type Place = (HiveName, KeyPath, String);

/// What packages put outside the store.
#[derive(Default)]
pub(super) struct Reflected {
    /// In the order in which they are written.
    pub(super) places: Vec<Place>,
    values: HashMap<(HiveName, KeyPath, String), RegData>,
    /// Those that are created, with those above them.
    pub(super) keys: Vec<(HiveName, KeyPath)>,
    pub(super) paths: Vec<ImagePath>,
    files: HashMap<ImagePath, ReflectedFile>,
}

impl Reflected {
    /// What the packages put there, one after the other; the inner error says
    /// why one of them cannot be asked.
    pub(super) fn by(
        draft: &mut Draft,
        without: &Without<'_>,
        packages: &[&Writing],
    ) -> Result<Result<Reflected, String>, Error> {
        let mut reflected = Reflected::default();
        let tried = draft.attempt(|draft| -> Result<(), Tried> {
            for owned in without.owned {
                let (hive, key) = (owned.hive.clone(), owned.key.clone());
                let _ = draft.plan_change(Change::DeleteKey { hive, key }, &TRIED)?;
            }
            for path in without.files {
                let path = path.clone();
                let _ = draft.plan_change(Change::Remove { path }, &TRIED)?;
            }
            let from = draft.plan().steps.len();
            for writing in packages {
                let Whole { package, read } = &writing.whole;
                let source = draft.add_source(package.name(), Arc::clone(package.tree()));
                writer::reflect(draft, read, writing.node, &writing.published, source)?;
            }
            reflected = Reflected::since(draft, from)?;
            Err(Tried::Done)
        });
        match tried {
            Ok(()) | Err(Tried::Done) => Ok(Ok(reflected)),
            Err(Tried::Stopped(Stop::Refused(refusal))) => Ok(Err(refusal.chain())),
            Err(Tried::Stopped(Stop::Failed(error))) => Err(error),
        }
    }

    /// What the steps from there on leave in the draft. Steps that found their
    /// work done count as well.
    fn since(draft: &Draft, from: usize) -> Result<Reflected, Stop> {
        let mut reflected = Reflected::default();
        let steps = draft.plan().steps.iter().skip(from);
        for subject in steps.map(|step| step.change.subject()) {
            match subject {
                Subject::Value { hive, key, name } => {
                    let name = name.to_string();
                    let data = draft.value(&hive, &key, &name).map_err(Error::from)?;
                    let place = (hive, key, name);
                    if let Some(data) = data
                        && reflected.values.insert(place.clone(), data).is_none()
                    {
                        reflected.places.push(place);
                    }
                }
                Subject::Key { hive, key } => {
                    // A key is created with those above it.
                    for key in with_those_above(&key) {
                        let new = !reflected.keys.contains(&(hive.clone(), key.clone()));
                        if new && draft.has_key(&hive, &key).map_err(Error::from)? {
                            reflected.keys.push((hive.clone(), key));
                        }
                    }
                }
                Subject::Path(path) => {
                    let blob = draft.open(&path).map_err(Error::from)?;
                    let Some(blob) = blob else { continue };
                    let id = content(blob.as_ref(), &path)?;
                    let file = ReflectedFile { id, blob };
                    if reflected.files.insert(path.clone(), file).is_none() {
                        reflected.paths.push(path);
                    }
                }
                // Drivers leave attributes and times to what writes the files, and
                // security to what a key inherits.
                Subject::Hive(_)
                | Subject::Attributes(_)
                | Subject::Times(_)
                | Subject::Details(_)
                | Subject::KeySecurity { .. } => {}
            }
        }
        Ok(reflected)
    }

    /// What a value would be.
    pub(super) fn value(&self, place: &Place) -> Option<&RegData> {
        self.values.get(place)
    }

    /// What a file would be.
    pub(super) fn file(&self, path: &ImagePath) -> Option<&ReflectedFile> {
        self.files.get(path)
    }

    /// Whether the key would be there with owners of its own.
    pub(super) fn owns(&self, hive: &HiveName, key: &KeyPath) -> bool {
        let place = (hive.clone(), key.clone(), "Owners".to_owned());
        self.values.contains_key(&place)
    }
}

/// A key, and every key above it.
fn with_those_above(key: &KeyPath) -> Vec<KeyPath> {
    let mut keys = vec![key.clone()];
    let mut units = key.units();
    while let Some(end) = units.iter().rposition(|unit| *unit == u16::from(b'\\')) {
        units.truncate(end);
        keys.push(KeyPath::from(Text::from_units(&units)));
    }
    keys
}

/// The identity of a file's content.
pub(super) fn content(blob: &dyn Blob, path: &ImagePath) -> Result<ContentId, Error> {
    ContentId::of_blob(blob).map_err(|error| Error::Tree(TreeError::new(path, error)))
}

/// How an attempt ends that is not meant to last.
enum Tried {
    Done,
    Stopped(Stop),
}

impl From<DraftError> for Tried {
    fn from(error: DraftError) -> Tried {
        Tried::Stopped(Stop::Failed(error.into()))
    }
}

impl From<Stop> for Tried {
    fn from(stop: Stop) -> Tried {
        Tried::Stopped(stop)
    }
}
