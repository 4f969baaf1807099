//! The driver database: names, packages, and the index of ids.

use wimwright_servicing::registry::{HiveError, Key, KeyPath};
use wimwright_servicing::{Draft, FileTree as _, ImagePath, Name, Text};

use super::inf::InfSays;
use crate::error::Error;
use crate::model::Guid;
use crate::store::node::Node;
use crate::store::package_id::PackageId;
use crate::store::version_blob::VersionBlob;
use crate::stored::{Stored, all, in_hive, key_at};

type HiveResult<T> = Result<T, HiveError>;

/// What virt-v2v calls the INF that it does not have (driverstore 2.16).
const GUESTOR: &str = "guestor.inf";
/// From this on, scores say that nobody known has signed (driverstore 2.6).
const UNSIGNED: u32 = 0x8000_0000;
/// The hash of its packages, in later versions.
const NO_HASH: &str = "_0000000000000000";

/// A key of `DriverInfFiles`.
pub(in crate::check) struct NameEntry {
    pub(in crate::check) node: Node,
    pub(in crate::check) name: String,
    /// The packages that its default value lists.
    pub(in crate::check) ids: Vec<String>,
    pub(in crate::check) active: Option<String>,
    pub(in crate::check) configurations: Vec<String>,
}

impl NameEntry {
    pub(in crate::check) fn key(&self) -> KeyPath {
        self.node.inf_file(&self.name)
    }

    pub(in crate::check) fn lists(&self, id: &str) -> bool {
        let mut ids = self.ids.iter().chain(&self.active);
        ids.any(|known| crate::stored::same(known, id))
    }

    pub(super) fn is_virt_v2vs(&self) -> bool {
        self.name.eq_ignore_ascii_case(GUESTOR)
            || self.active.as_deref().is_some_and(is_without_hash)
    }
}

/// The value `Version` of a package.
pub(in crate::check) enum VersionState {
    Missing,
    /// It has this many bytes.
    Damaged(usize),
    Read(VersionBlob),
}

/// A package.
pub(in crate::check) struct PackageEntry {
    pub(in crate::check) stored: Stored,
    /// Whether it has a key in `DriverPackages`.
    pub(in crate::check) has_key: bool,
    /// Its default value: the published name.
    pub(in crate::check) default: Option<String>,
    pub(in crate::check) version: VersionState,
    /// Which of the values that every package has are not there.
    pub(in crate::check) missing_values: Vec<&'static str>,
    pub(in crate::check) signer_score: Option<u32>,
    /// The catalog's name in the folder.
    pub(in crate::check) catalog: Option<String>,
    pub(in crate::check) oem_path: Option<String>,
    /// The sections that install devices, and the service that each gives them.
    pub(in crate::check) configurations: Option<Vec<(String, Option<String>)>>,
    /// The ids that are described, and the section that each is given.
    pub(in crate::check) descriptors: Option<Vec<(String, String)>>,
    /// Its folder, where its name can be one.
    pub(in crate::check) folder: Option<ImagePath>,
    pub(in crate::check) has_folder: bool,
    /// Its INF in the folder, where it is there.
    pub(in crate::check) inf: Option<ImagePath>,
    /// Whether the folder's name is that of the package in it: only then is
    /// what `add` writes for the folder about this package.
    pub(in crate::check) keeps_id: bool,
    /// A third party's package as `add` reads it, or why it cannot.
    pub(in crate::check) whole: Option<Result<(), String>>,
    /// What its INF says, for third parties' packages.
    pub(in crate::check) says: Option<InfSays>,
}

impl PackageEntry {
    /// Its key in the database.
    pub(in crate::check) fn key(&self) -> KeyPath {
        let id = self.stored.id.as_deref().unwrap_or_default();
        self.stored.node.package(id)
    }

    /// How users name it: by its published name, else by its id.
    pub(in crate::check) fn name(&self) -> &str {
        let name = self.stored.published.as_ref().or(self.stored.id.as_ref());
        name.map_or("", String::as_str)
    }

    /// Whether the database does not say that it is unsigned.
    pub(in crate::check) fn is_signed(&self) -> bool {
        self.signer_score.is_none_or(|score| score < UNSIGNED)
    }

    pub(in crate::check) fn is_virt_v2vs(&self) -> bool {
        self.stored.is_published_as(GUESTOR)
            || self
                .stored
                .id
                .as_deref()
                .is_some_and(|id| is_without_hash(id) || id.to_lowercase().starts_with(GUESTOR))
    }
}

fn is_without_hash(id: &str) -> bool {
    id.ends_with(NO_HASH)
}

/// A value of `DeviceIds`.
pub(in crate::check) struct IndexEntry {
    pub(in crate::check) node: Node,
    pub(in crate::check) key: KeyPath,
    /// The id, or the class.
    pub(in crate::check) id: String,
    pub(in crate::check) published: String,
    pub(in crate::check) kind: u32,
    pub(in crate::check) data: Vec<u8>,
    /// The class, where it is an entry of the class index.
    pub(in crate::check) class: Option<Guid>,
}

/// Names and index of a node; nothing where the image has none.
pub(super) fn of_node(
    draft: &Draft,
    node: Node,
) -> Result<(Vec<NameEntry>, Vec<IndexEntry>), Error> {
    let Some(hive) = draft.hive(node.hive())? else {
        return Ok((Vec::new(), Vec::new()));
    };
    let read = || -> HiveResult<_> {
        let (mut names, mut index) = (Vec::new(), Vec::new());
        if let Some(top) = key_at(&hive, &node.root().join("DriverInfFiles"))? {
            for key in top.subkeys()? {
                names.push(name_entry(node, key?)?);
            }
        }
        let top = node.root().join("DeviceIds");
        if let Some(key) = key_at(&hive, &top)? {
            let mut path = top.units();
            let below = path.len() + 1;
            collect(key, node, &mut path, below, &mut index)?;
        }
        Ok((names, index))
    };
    read().map_err(in_hive(node.hive()))
}

fn name_entry(node: Node, key: Key<'_>) -> HiveResult<NameEntry> {
    let strings = |name: &str| -> HiveResult<Vec<String>> {
        let value = key.value(name)?.and_then(|value| value.as_multi_string());
        let mut strings = value.unwrap_or_default();
        strings.retain(|string| !string.is_empty());
        Ok(strings)
    };
    Ok(NameEntry {
        node,
        name: key.name()?.to_string_lossy(),
        ids: strings("")?,
        active: text(key, "Active")?,
        configurations: strings("Configurations")?,
    })
}

/// Keys nest at most 512 deep: Windows' limit, which the hive's check holds.
fn collect(
    key: Key<'_>,
    node: Node,
    path: &mut Vec<u16>,
    below: usize,
    found: &mut Vec<IndexEntry>,
) -> HiveResult<()> {
    for child in key.subkeys()? {
        let child = child?;
        let len = path.len();
        path.push(u16::from(b'\\'));
        path.extend(child.name()?.units());
        if child.value_count() > 0 {
            let id = Text::from_units(path.get(below..).unwrap_or_default()).to_string();
            // A class has a key of its own at the top; the enumerators of some
            // devices are GUIDs, too, and have keys below.
            let class = id.parse::<Guid>().ok();
            for value in child.values()? {
                let value = value?;
                found.push(IndexEntry {
                    node,
                    key: KeyPath::from(Text::from_units(path)),
                    id: id.clone(),
                    published: value.name()?.to_string_lossy(),
                    kind: value.kind(),
                    data: value.data()?.into_owned(),
                    class,
                });
            }
        }
        collect(child, node, path, below, found)?;
        path.truncate(len);
    }
    Ok(())
}

/// Every package of both nodes.
pub(super) fn packages(draft: &Draft) -> Result<Vec<PackageEntry>, Error> {
    let mut found = Vec::new();
    for stored in all(draft)? {
        found.push(package(draft, stored)?);
    }
    Ok(found)
}

fn package(draft: &Draft, stored: Stored) -> Result<PackageEntry, Error> {
    let mut entry = PackageEntry {
        has_key: false,
        default: None,
        version: VersionState::Missing,
        missing_values: Vec::new(),
        signer_score: None,
        catalog: None,
        oem_path: None,
        configurations: None,
        descriptors: None,
        folder: stored.folder(draft)?,
        has_folder: false,
        inf: None,
        keeps_id: false,
        whole: None,
        says: None,
        stored,
    };
    if let Some(hive) = draft.hive(entry.stored.node.hive())? {
        let key = entry.key();
        let mut read = || match key_at(&hive, &key)? {
            Some(key) if entry.stored.id.is_some() => entry.read_key(key),
            _ => Ok(()),
        };
        read().map_err(in_hive(entry.stored.node.hive()))?;
    }
    entry.read_folder(draft)?;
    Ok(entry)
}

impl PackageEntry {
    fn read_key(&mut self, key: Key<'_>) -> HiveResult<()> {
        self.has_key = true;
        self.default = text(key, "")?;
        self.version = match key.value("Version")? {
            None => VersionState::Missing,
            Some(value) => {
                let bytes = value.data()?;
                let read = VersionBlob::decode(&bytes);
                read.map_or(VersionState::Damaged(bytes.len()), VersionState::Read)
            }
        };
        // What each of 620 packages of three real images has; the last one
        // third parties' packages only.
        for name in ["Provider", "SignerScore", "InfName"] {
            let wanted = name != "InfName" || !self.stored.inbox;
            if wanted && key.value(name)?.is_none() {
                self.missing_values.push(name);
            }
        }
        let score = key.value("SignerScore")?;
        self.signer_score = score.and_then(|value| value.as_u32());
        self.catalog = text(key, "Catalog")?;
        self.oem_path = text(key, "OemPath")?;
        if let Some(top) = key.subkey("Configurations")? {
            let mut sections = Vec::new();
            for section in top.subkeys()? {
                let section = section?;
                let name = section.name()?.to_string_lossy();
                sections.push((name, text(section, "Service")?));
            }
            self.configurations = Some(sections);
        }
        if let Some(top) = key.subkey("Descriptors")? {
            let mut ids = Vec::new();
            described(top, &mut Vec::new(), &mut ids)?;
            self.descriptors = Some(ids);
        }
        Ok(())
    }

    fn read_folder(&mut self, draft: &Draft) -> Result<(), Error> {
        let (Some(folder), Some(id)) = (&self.folder, &self.stored.id) else {
            return Ok(());
        };
        self.has_folder = draft.has_directory(folder)?;
        let original = self.stored.original.as_deref();
        let Some(name) = original.and_then(|name| Name::new(name).ok()) else {
            return Ok(());
        };
        let architecture = draft.facts().architecture;
        self.keeps_id = PackageId::kept(id, &name.to_string(), architecture).is_some();
        let inf = folder.child(name);
        if !draft.has_file(&inf)? {
            return Ok(());
        }
        if !self.stored.inbox {
            let (whole, says) = InfSays::of(draft, &self.stored, &inf)?;
            self.whole = Some(whole);
            self.says = says;
        }
        self.inf = Some(inf);
        Ok(())
    }
}

/// An id is the path of its key.
fn described(
    key: Key<'_>,
    path: &mut Vec<String>,
    found: &mut Vec<(String, String)>,
) -> HiveResult<()> {
    for below in key.subkeys()? {
        let below = below?;
        path.push(below.name()?.to_string_lossy());
        if let Some(section) = text(below, "Configuration")? {
            found.push((path.join("\\"), section));
        }
        described(below, path, found)?;
        path.pop();
    }
    Ok(())
}

/// A text; `None` where there is none, or an empty one.
fn text(key: Key<'_>, name: &str) -> HiveResult<Option<String>> {
    let value = key.value(name)?.and_then(|value| value.as_string());
    Ok(value.filter(|text| !text.is_empty()))
}
