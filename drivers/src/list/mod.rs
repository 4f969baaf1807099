//! Which driver packages an image holds.

pub(crate) mod database;
pub(crate) mod files;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use wimwright_servicing::registry::{HiveError, HiveName, RegistryError};
use wimwright_servicing::{Draft, Generation, ImagePath};

use crate::error::Error;
use crate::signature::DriverSignature;
use crate::store::node::Node;
use crate::store::published_name::OemNumber;

/// A driver package of an image. Names follow PowerShell's DISM objects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DriverPackage {
    /// `oem7.inf`, or the INF's own name for Windows' packages; `None` for one
    /// that waits for the first boot.
    pub published_name: Option<String>,
    /// The INF's name before it was published.
    pub original_file_name: String,
    /// Whether it came with Windows.
    pub inbox: bool,
    /// The setup class's name, where the image knows it.
    pub class_name: Option<String>,
    /// The setup class.
    pub class_guid: String,
    /// Who made it.
    pub provider_name: String,
    /// The driver's date, ISO; `None` where its INF has none.
    pub date: Option<String>,
    /// The driver's version; `None` where its INF has none.
    pub version: Option<String>,
    /// Whether the image needs it to boot: its service starts at boot, or
    /// Windows marked it so.
    pub boot_critical: bool,
    /// What the image records of its signature: `Signed`, `Unsigned`, or
    /// `Unknown` where it records nothing.
    pub driver_signature: DriverSignature,
    /// Its folder in the driver store, or `pending:` and the folder that waits
    /// for the first boot; `None` for published INFs of Windows without a store.
    pub package_id: Option<String>,
    /// The processor architecture it is for.
    pub architecture: Option<String>,
    /// The ids that it serves, hardware and compatible ones.
    pub hardware_ids: Vec<String>,
    /// Its INF in the image.
    #[serde(skip)]
    pub(crate) inf: ImagePath,
}

impl DriverPackage {
    /// The name to give to commands: the published one, or `pending:...`.
    pub fn name(&self) -> &str {
        let name = self.published_name.as_ref().or(self.package_id.as_ref());
        name.map_or("", String::as_str)
    }
}

/// Refuses images whose version and driver store contradict each other: what is
/// written to the wrong kind of store has no effect, and the image stops with
/// 0x7B.
///
/// # Errors
/// [`Error::NoDatabase`] and [`Error::UnexpectedDatabase`].
pub(crate) fn require_store(draft: &Draft) -> Result<(), Error> {
    let facts = draft.facts();
    let version = facts.version;
    let has_database = draft.has_key(HiveName::System, &Node::System.root())?;
    match facts.generation {
        Generation::DriverDatabase if !has_database => Err(Error::NoDatabase { version }),
        Generation::Nt5 | Generation::Nt6 if has_database => {
            Err(Error::UnexpectedDatabase { version })
        }
        _ => Ok(()),
    }
}

/// The packages of an image: third parties' only, or with Windows' own. Before
/// Windows 8 they are the published INFs, the folders of the driver store, and
/// the folders that wait for the first boot.
///
/// # Errors
/// [`Error`] when the image has no driver database where it must have one, or
/// it cannot be read. A package that cannot be read is a finding.
pub fn list(draft: &mut Draft, with_inbox: bool) -> Result<Vec<DriverPackage>, Error> {
    require_store(draft)?;
    let mut packages = match draft.facts().generation {
        Generation::DriverDatabase => database::list(draft, with_inbox)?,
        Generation::Nt5 | Generation::Nt6 => files::list(draft, with_inbox)?,
    };
    let class_names = class_names(draft)?;
    for package in &mut packages {
        let named = class_names.get(&package.class_guid).cloned();
        package.class_name = named.or(package.class_name.take());
    }
    packages.sort_by_cached_key(order);
    Ok(packages)
}

/// The order in which packages are listed.
pub(crate) fn order(package: &DriverPackage) -> (String, u32, Option<String>) {
    match &package.published_name {
        Some(name) => published_order(name),
        // What waits comes behind, in order of its name.
        None => ("\u{7f}".to_owned(), 0, package.package_id.clone()),
    }
}

fn in_hive(hive: HiveName, source: HiveError) -> Error {
    Error::Registry(RegistryError::Hive { hive, source })
}

/// `oem2.inf` before `oem10.inf`.
fn published_order(name: &str) -> (String, u32, Option<String>) {
    let lower = name.to_lowercase();
    match OemNumber::parse(&lower, ".inf") {
        Some(number) => ("oem".to_owned(), number.0, None),
        None => (lower, 0, None),
    }
}

type HiveResult<T> = Result<T, HiveError>;

/// Names of services that start at boot, in lower case.
pub(crate) fn boot_services(draft: &Draft) -> Result<BTreeSet<String>, Error> {
    let Some(hive) = draft.hive(HiveName::System)? else {
        return Ok(BTreeSet::new());
    };
    let set = draft.facts().control_sets.default;
    let read = || -> HiveResult<BTreeSet<String>> {
        let mut names = BTreeSet::new();
        let Some(services) = hive.key(&format!("{set}\\Services"))? else {
            return Ok(names);
        };
        for service in services.subkeys()? {
            let service = service?;
            let start = service.value("Start")?.and_then(|value| value.as_u32());
            if start == Some(0) {
                names.insert(service.name()?.to_string_lossy().to_lowercase());
            }
        }
        Ok(names)
    };
    read().map_err(|source| in_hive(HiveName::System, source))
}

/// Class names by GUID, from the control set's class keys.
pub(crate) fn class_names(draft: &Draft) -> Result<BTreeMap<String, String>, Error> {
    let Some(hive) = draft.hive(HiveName::System)? else {
        return Ok(BTreeMap::new());
    };
    let set = draft.facts().control_sets.default;
    let read = || -> HiveResult<BTreeMap<String, String>> {
        let mut names = BTreeMap::new();
        let Some(classes) = hive.key(&format!("{set}\\Control\\Class"))? else {
            return Ok(names);
        };
        for class in classes.subkeys()? {
            let class = class?;
            if let Some(name) = class.value("Class")?.and_then(|value| value.as_string()) {
                names.insert(class.name()?.to_string_lossy().to_lowercase(), name);
            }
        }
        Ok(names)
    };
    read().map_err(|source| in_hive(HiveName::System, source))
}
