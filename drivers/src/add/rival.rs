//! Other packages of the image that serve devices which a package serves.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use wimwright_servicing::{ContentId, Draft, FileTree as _, Generation, ImagePath, TreeError};

use super::read::ReadPackage;
use crate::error::Error;
use crate::inbox::model_at;
use crate::list::{DriverPackage, database, files};
use crate::model::Guid;
use crate::store::device_id::{DeviceIdFlags, ListedIds, listed_ids};
use crate::store::first_boot::{pending, published};
use crate::store::node::Node;

/// A package of the image that serves at least one device of another one.
pub(super) struct Rival {
    pub(super) package: DriverPackage,
    /// The ids that it shares, as the other one spells them, and how it lists
    /// them.
    pub(super) ids: Vec<(String, DeviceIdFlags)>,
    /// `ExtensionId`, where it is an extension INF.
    pub(super) extension_id: Option<Guid>,
    /// Whether its INF is the very one of the other package.
    pub(super) same_content: bool,
}

/// INFs that were read for an earlier package, by content: a folder of
/// hundreds would else be read hundreds of times.
#[derive(Clone, Debug, Default)]
pub(super) struct KnownInfs(Arc<Mutex<HashMap<ContentId, Option<Arc<KnownInf>>>>>);

/// What an INF of the image says.
#[derive(Debug)]
struct KnownInf {
    package: DriverPackage,
    ids: ListedIds,
    extension_id: Option<Guid>,
}

/// The packages that share ids with `package`, in order of their names: Windows'
/// own only where the image has a driver database, which lists them by id.
pub(super) fn all(
    draft: &Draft,
    package: &ReadPackage,
    known: &KnownInfs,
) -> Result<Vec<Rival>, Error> {
    let ids = listed_ids(&package.model);
    match draft.facts().generation {
        Generation::DriverDatabase => in_database(draft, &ids, package),
        Generation::Nt5 | Generation::Nt6 => in_files(draft, &ids, package, known),
    }
}

/// The published packages that the driver database lists under one of `ids`.
fn in_database(draft: &Draft, ids: &ListedIds, package: &ReadPackage) -> Result<Vec<Rival>, Error> {
    let mut names: BTreeMap<String, Vec<(String, DeviceIdFlags)>> = BTreeMap::new();
    for node in Node::ALL {
        for (id, _) in ids.values() {
            let key = node.device_id(id);
            for name in draft.value_names(node.hive(), &key)? {
                let value = draft.value(node.hive(), &key, &name)?;
                let flags = value.and_then(|value| DeviceIdFlags::decode(&value.bytes));
                // What cannot be read says only that the id is listed.
                let flags = flags.unwrap_or(DeviceIdFlags::NOT_SAID);
                let known = names.entry(name.to_lowercase()).or_default();
                known.push((id.clone(), flags));
            }
        }
    }
    let mut rivals = Vec::new();
    for (name, ids) in names {
        let Some(other) = database::published(draft, &name)? else {
            continue;
        };
        let id = other.package_id.clone().unwrap_or_default();
        rivals.push(Rival {
            extension_id: extension_id(draft, &id)?,
            same_content: id == package.id.as_str(),
            package: other,
            ids,
        });
    }
    Ok(rivals)
}

/// `ExtensionId` of a package of the driver database.
fn extension_id(draft: &Draft, id: &str) -> Result<Option<Guid>, Error> {
    for node in Node::ALL {
        let value = draft.value(node.hive(), &node.package(id), "ExtensionId")?;
        if let Some(bytes) = value.and_then(|value| value.bytes.try_into().ok()) {
            return Ok(Some(Guid(bytes)));
        }
    }
    Ok(None)
}

/// The published and waiting packages whose INF names one of `ids`.
fn in_files(
    draft: &Draft,
    ids: &ListedIds,
    package: &ReadPackage,
    known: &KnownInfs,
) -> Result<Vec<Rival>, Error> {
    let mut infs: Vec<(String, bool, ImagePath)> = Vec::new();
    for (number, path) in published::all(draft)? {
        infs.push((number.to_string(), false, path));
    }
    for waiting in pending::all(draft)? {
        for name in &waiting.packages {
            infs.push((waiting.public_name(), true, waiting.path.join(name)?));
        }
    }
    infs.sort();
    let own = ContentId::of_blob(package.inf_blob.as_ref());
    let own = own.map_err(|error| TreeError::new(&ImagePath::root(), error))?;
    let mut rivals = Vec::new();
    for (name, waits, path) in infs {
        let Some((content, other)) = known.read(draft, &path)? else {
            continue;
        };
        let both: Vec<(String, DeviceIdFlags)> = ids
            .iter()
            .filter_map(|(lower, (id, _))| {
                let (_, flags) = other.ids.get(lower)?;
                Some((id.clone(), *flags))
            })
            .collect();
        if both.is_empty() {
            continue;
        }
        let mut named = other.package.clone();
        match waits {
            true => named.package_id = Some(name),
            false => named.published_name = Some(name),
        }
        rivals.push(Rival {
            package: named,
            ids: both,
            extension_id: other.extension_id,
            same_content: content == own,
        });
    }
    Ok(rivals)
}

impl KnownInfs {
    /// What the INF at `path` says of itself; `None` where it is none of a
    /// device.
    fn read(
        &self,
        draft: &Draft,
        path: &ImagePath,
    ) -> Result<Option<(ContentId, Arc<KnownInf>)>, Error> {
        let Some(blob) = draft.open(path)? else {
            return Ok(None);
        };
        let id = ContentId::of_blob(blob.as_ref()).map_err(|error| TreeError::new(path, error))?;
        let known = {
            let infs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            infs.get(&id).cloned()
        };
        let read = match known {
            Some(known) => known,
            None => {
                // Read without the lock: nobody must wait for it.
                let read = KnownInf::read(draft, path)?.map(Arc::new);
                let mut infs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                infs.insert(id, read.clone());
                read
            }
        };
        Ok(read.map(|read| (id, read)))
    }
}

impl KnownInf {
    fn read(draft: &Draft, path: &ImagePath) -> Result<Option<KnownInf>, Error> {
        let Some(model) = model_at(draft, path)? else {
            return Ok(None);
        };
        let package = files::of_model(draft, &model, path);
        Ok(package.map(|package| KnownInf {
            package,
            ids: listed_ids(&model),
            extension_id: model.version.extension_id,
        }))
    }
}
