//! The packages that an image's driver database knows, whole ones and broken
//! ones.
//!
//! `list` shows what is whole. Whoever takes a package out must see the rest,
//! too: a package without its values, a published name without a package
//! (driverstore 2.16).

mod device_ids;
mod folder;
mod named;

use std::collections::BTreeMap;
use std::sync::Arc;

use wimwright_servicing::registry::{Hive, HiveError, HiveName, Key, KeyPath, RegistryError};
use wimwright_servicing::{Draft, ImagePath, Name};

pub(crate) use device_ids::keys_that_list;
pub(crate) use folder::folder_tree;
pub(crate) use named::{Unfit, named};

use crate::add::read::{self, ReadPackage};
use crate::add::refusal::Stop;
use crate::error::Error;
use crate::package::Package;
use crate::store::node::Node;
use crate::store::published_name::OemNumber;
use crate::store::version_blob::VersionBlob;

/// `SignerScore` of packages that came with Windows (driverstore 2.6).
const INBOX_SCORE: u32 = 0x0D00_0003;

/// Where packages lie, below the Windows directory.
const REPOSITORY: &str = "System32\\DriverStore\\FileRepository";

/// A package of the driver database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stored {
    /// Where its entries are.
    pub(crate) node: Node,
    /// `oem7.inf`; `None` where nothing says it.
    pub(crate) published: Option<String>,
    /// Its folder in the store; `None` where only the published name is left.
    pub(crate) id: Option<String>,
    /// The INF's name before it was published, where something says it.
    pub(crate) original: Option<String>,
    /// Whether it came with Windows.
    pub(crate) inbox: bool,
}

impl Stored {
    /// The number of its published name; `None` for names of other forms.
    pub(crate) fn number(&self) -> Option<OemNumber> {
        OemNumber::parse(self.published.as_deref()?, ".inf")
    }

    /// Whether it is published under `name`.
    pub(crate) fn is_published_as(&self, name: &str) -> bool {
        let published = self.published.as_deref();
        published.is_some_and(|known| known.eq_ignore_ascii_case(name))
    }

    /// Whether its id is `id`.
    pub(crate) fn has_id(&self, id: &str) -> bool {
        self.id.as_deref().is_some_and(|known| same(known, id))
    }

    /// Its folder in the image, whether it is there or not; `None` where its id
    /// is no name that a folder can have.
    pub(crate) fn folder(&self, draft: &Draft) -> Result<Option<ImagePath>, Error> {
        let name = self.id.as_deref().and_then(|id| Name::new(id).ok());
        let repository = draft.facts().windows.join(REPOSITORY)?;
        Ok(name.map(|name| repository.child(name)))
    }

    /// Reads the package from its folder as `add` would; the inner error says
    /// why that cannot be done.
    pub(crate) fn read(&self, draft: &Draft) -> Result<Result<Whole, String>, Error> {
        let (Some(id), Some(folder)) = (&self.id, self.folder(draft)?) else {
            return Ok(Err("the database names no folder of it".to_owned()));
        };
        let inf = inf_of_id(id).or(self.original.as_deref());
        let Some(inf) = inf.and_then(|inf| Name::new(inf).ok()) else {
            return Ok(Err(format!("`{id}` does not say which INF it is of")));
        };
        let inf = ImagePath::root().child(inf);
        let Some(tree) = folder_tree(draft, &folder)? else {
            return Ok(Err(format!("`{folder}` is not there")));
        };
        let package = Package::new(id.as_str(), id.as_str(), Arc::new(tree), inf);
        match read::read(draft, &package) {
            Ok(read) => Ok(Ok(Whole { package, read })),
            Err(Stop::Refused(refusal)) => Ok(Err(refusal.chain())),
            Err(Stop::Failed(error)) => Err(error),
        }
    }
}

/// A package of the store that could be read.
pub(crate) struct Whole {
    pub(crate) package: Package,
    pub(crate) read: ReadPackage,
}

/// Names of Windows are the same without case.
pub(crate) fn same(left: &str, right: &str) -> bool {
    match left.is_ascii() && right.is_ascii() {
        true => left.eq_ignore_ascii_case(right),
        false => left.to_lowercase() == right.to_lowercase(),
    }
}

/// `viostor.inf` of `viostor.inf_amd64_0123456789abcdef`.
fn inf_of_id(id: &str) -> Option<&str> {
    let inf = id.rsplitn(3, '_').nth(2)?;
    (!inf.is_empty()).then_some(inf)
}

/// The key at `path`; `None` where there is none.
pub(crate) fn key_at<'h>(hive: &'h Hive, path: &KeyPath) -> Result<Option<Key<'h>>, HiveError> {
    let mut key = hive.root();
    for part in path.units().split(|unit| *unit == u16::from(b'\\')) {
        match key.subkey_units(part)? {
            Some(below) => key = below,
            None => return Ok(None),
        }
    }
    Ok(Some(key))
}

pub(crate) fn in_hive(hive: HiveName) -> impl Fn(HiveError) -> Error {
    move |source| Error::Registry(RegistryError::in_hive(&hive, source))
}

/// Every package of both nodes, third parties' and Windows' own.
pub(crate) fn all(draft: &Draft) -> Result<Vec<Stored>, Error> {
    let mut found = Vec::new();
    for node in Node::ALL {
        if let Some(hive) = draft.hive(node.hive())? {
            found.extend(of_node(node, &hive).map_err(in_hive(node.hive()))?);
        }
    }
    Ok(found)
}

fn of_node(node: Node, hive: &Hive) -> Result<Vec<Stored>, HiveError> {
    let Some(root) = key_at(hive, &node.root())? else {
        return Ok(Vec::new());
    };
    // Which ids each published name lists, and under which name each id is.
    let mut lists: Vec<(String, Vec<String>)> = Vec::new();
    let mut listed: BTreeMap<String, String> = BTreeMap::new();
    if let Some(files) = root.subkey("DriverInfFiles")? {
        for key in files.subkeys()? {
            let key = key?;
            let name = key.name()?.to_string_lossy();
            let ids = listed_ids(key)?;
            for id in &ids {
                listed
                    .entry(id.to_lowercase())
                    .or_insert_with(|| name.clone());
            }
            lists.push((name, ids));
        }
    }
    let mut found = Vec::new();
    if let Some(packages) = root.subkey("DriverPackages")? {
        for key in packages.subkeys()? {
            let key = key?;
            let id = key.name()?.to_string_lossy();
            let listed = listed.get(&id.to_lowercase());
            found.push(of_package(node, key, id, listed)?);
        }
    }
    for (name, ids) in lists {
        let missing: Vec<Option<String>> = match ids.is_empty() {
            true => vec![None],
            false => ids.into_iter().map(Some).collect(),
        };
        for id in missing {
            let known = match &id {
                Some(id) => found.iter().any(|stored| stored.has_id(id)),
                None => found.iter().any(|stored| stored.is_published_as(&name)),
            };
            if !known {
                found.push(Stored {
                    node,
                    original: id.as_deref().and_then(inf_of_id).map(str::to_owned),
                    inbox: OemNumber::parse(&name, ".inf").is_none(),
                    published: Some(name.clone()),
                    id,
                });
            }
        }
    }
    Ok(found)
}

/// The packages that a published name stands for.
fn listed_ids(key: Key<'_>) -> Result<Vec<String>, HiveError> {
    let mut ids = Vec::new();
    if let Some(value) = key.value("")? {
        ids.extend(value.as_multi_string().unwrap_or_default());
    }
    let active = key.value("Active")?.and_then(|value| value.as_string());
    if let Some(active) = active
        && !ids.iter().any(|id| same(id, &active))
    {
        ids.push(active);
    }
    ids.retain(|id| !id.is_empty());
    Ok(ids)
}

fn of_package(
    node: Node,
    key: Key<'_>,
    id: String,
    listed: Option<&String>,
) -> Result<Stored, HiveError> {
    let text = |name| -> Result<Option<String>, HiveError> {
        let value = key.value(name)?.and_then(|value| value.as_string());
        Ok(value.filter(|text| !text.is_empty()))
    };
    let published = text("")?.or_else(|| listed.cloned());
    let inf_name = text("InfName")?;
    let version = match key.value("Version")? {
        Some(value) => VersionBlob::decode(&value.data()?),
        None => None,
    };
    let inbox = match version {
        Some(version) => version.inbox(),
        // What is broken is Windows' own only where something says so.
        None => {
            let score = key.value("SignerScore")?.and_then(|value| value.as_u32());
            let oem = published.as_deref();
            let oem = oem.is_none_or(|name| OemNumber::parse(name, ".inf").is_some());
            score == Some(INBOX_SCORE) || (inf_name.is_none() && !oem)
        }
    };
    Ok(Stored {
        node,
        original: inf_name.or_else(|| inf_of_id(&id).map(str::to_owned)),
        inbox,
        published,
        id: Some(id),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_inf_is_the_first_part_of_an_id() {
        for (id, inf) in [
            ("viostor.inf_amd64_0123456789abcdef", Some("viostor.inf")),
            ("my_own.inf_x86_0123456789abcdef", Some("my_own.inf")),
            ("msmouse.inf_3dfa3917", None),
            ("_amd64_0123456789abcdef", None),
            ("viostor", None),
        ] {
            assert_eq!(inf_of_id(id), inf, "{id}");
        }
    }
}
