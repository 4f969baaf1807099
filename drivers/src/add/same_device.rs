//! Other third parties' packages in the image that serve the same devices: of
//! two, Windows takes the one that ranks better, which need not be this one
//! (driverstore 10, item 13).

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use wimwright_servicing::{
    ContentId, Draft, FileTree as _, Finding, Generation, ImagePath, TreeError,
};

use super::read::ReadPackage;
use crate::error::Error;
use crate::list::{DriverPackage, database, files};
use crate::store::first_boot::{pending, published};
use crate::store::node::Node;
use crate::store::published_name::OemNumber;

/// INFs that were read for an earlier package, by content: a folder of
/// hundreds would else be read hundreds of times.
#[derive(Clone, Debug, Default)]
pub(super) struct KnownInfs(Arc<Mutex<HashMap<ContentId, Option<Arc<DriverPackage>>>>>);

/// Another package with the ids that it shares.
type Shared = BTreeMap<String, (Arc<DriverPackage>, Vec<String>)>;

/// Tells of packages that share ids with `package`, without those of the same
/// INF, which are told of as other versions.
pub(super) fn report(
    draft: &mut Draft,
    package: &ReadPackage,
    inf_name: &str,
    known: &KnownInfs,
) -> Result<(), Error> {
    let models = package.model.models.iter();
    let mut ids: Vec<String> = models
        .flat_map(|model| model.hardware_id.iter().chain(&model.compatible_ids))
        .map(|id| id.to_lowercase())
        .collect();
    ids.sort_unstable();
    ids.dedup();
    let generation = draft.facts().generation;
    let mut shared = match generation {
        Generation::DriverDatabase => in_database(draft, &ids)?,
        Generation::Nt5 | Generation::Nt6 => in_files(draft, &ids, known)?,
    };
    shared.retain(|_, (other, _)| {
        let same_inf = other.original_file_name.eq_ignore_ascii_case(inf_name);
        !same_inf && other.package_id.as_deref() != Some(package.id.as_str())
    });
    for (other, ids) in shared.values() {
        draft.report(told(other, ids, generation));
    }
    Ok(())
}

/// The published packages that the driver database lists under one of `ids`.
fn in_database(draft: &Draft, ids: &[String]) -> Result<Shared, Error> {
    let mut names: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for node in Node::ALL {
        for id in ids {
            for name in draft.value_names(node.hive(), &node.device_id(id))? {
                if OemNumber::parse(&name, ".inf").is_some() {
                    names.entry(name).or_default().push(id.clone());
                }
            }
        }
    }
    let mut shared = Shared::new();
    for (name, ids) in names {
        if let Some(other) = database::published(draft, &name)? {
            shared.insert(name, (Arc::new(other), ids));
        }
    }
    Ok(shared)
}

/// The published and waiting packages whose INF names one of `ids`.
fn in_files(draft: &Draft, ids: &[String], known: &KnownInfs) -> Result<Shared, Error> {
    let mut infs: Vec<(String, ImagePath)> = Vec::new();
    for (number, path) in published::all(draft)? {
        infs.push((number.to_string(), path));
    }
    for waiting in pending::all(draft)? {
        for name in &waiting.packages {
            infs.push((waiting.public_name(), waiting.path.join(name)?));
        }
    }
    let mut shared = Shared::new();
    for (name, path) in infs {
        let Some(other) = known.read(draft, &path)? else {
            continue;
        };
        let both: Vec<String> = other
            .hardware_ids
            .iter()
            .filter(|id| ids.binary_search(&id.to_lowercase()).is_ok())
            .cloned()
            .collect();
        if !both.is_empty() {
            let mut named = other.as_ref().clone();
            match name.starts_with(crate::store::first_boot::folder::PREFIX) {
                true => named.package_id = Some(name.clone()),
                false => named.published_name = Some(name.clone()),
            }
            shared.insert(name, (Arc::new(named), both));
        }
    }
    Ok(shared)
}

impl KnownInfs {
    /// What the INF at `path` says of itself.
    fn read(&self, draft: &Draft, path: &ImagePath) -> Result<Option<Arc<DriverPackage>>, Error> {
        let Some(blob) = draft.open(path)? else {
            return Ok(None);
        };
        let id = ContentId::of_blob(blob.as_ref()).map_err(|error| TreeError::new(path, error))?;
        let known = |infs: &Mutex<HashMap<_, _>>| {
            let infs = infs.lock().unwrap_or_else(PoisonError::into_inner);
            infs.get(&id).cloned()
        };
        if let Some(known) = known(&self.0) {
            return Ok(known);
        }
        // Read without the lock: nobody must wait for it.
        let read = files::read(draft, path)?.map(Arc::new);
        let mut infs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        infs.insert(id, read.clone());
        Ok(read)
    }
}

fn told(other: &DriverPackage, ids: &[String], generation: Generation) -> Finding {
    let first = ids.first().map_or("", String::as_str);
    let more = match ids.len().saturating_sub(1) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let version = other.version.as_deref().unwrap_or("without version");
    let date = other.date.as_deref().unwrap_or("without date");
    let rule = match generation {
        Generation::Nt5 => "signed before unsigned, then the better match, then the newer date",
        _ => "the better match, then the newer date, then the higher version",
    };
    Finding::warning(
        "same-device",
        format!(
            "`{first}`{more} is served by `{}` (`{}`, {date}, {version}), too: Windows takes \
             {rule}",
            other.name(),
            other.original_file_name
        ),
    )
}
