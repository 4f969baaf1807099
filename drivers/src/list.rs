//! Which driver packages an image holds.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use wimwright_servicing::registry::{Hive, HiveError, HiveName, Key, RegistryError, Value};
use wimwright_servicing::{Architecture, Draft, Finding, Generation, time};

use crate::error::Error;
use crate::model::Guid;
use crate::store::node::Node;
use crate::store::version_blob::VersionBlob;

/// Whether a package's signature was checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DriverSignature {
    /// Nobody checked.
    NotVerified,
}

/// A driver package of an image. Names follow PowerShell's DISM objects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DriverPackage {
    /// `oem7.inf`, or the INF's own name for Windows' packages.
    pub published_name: String,
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
    /// The driver's date, ISO.
    pub date: String,
    /// The driver's version.
    pub version: String,
    /// Whether the image needs it to boot: its service starts at boot, or
    /// Windows marked it so.
    pub boot_critical: bool,
    /// Whether its signature was checked.
    pub driver_signature: DriverSignature,
    /// Its folder in the driver store.
    pub package_id: String,
    /// The processor architecture it is for.
    pub architecture: Option<String>,
    /// The ids that it serves, hardware and compatible ones.
    pub hardware_ids: Vec<String>,
}

/// Refuses images whose driver store this version cannot handle.
///
/// # Errors
/// [`Error::Generation`] and [`Error::NoDatabase`].
pub(crate) fn require_database(draft: &Draft) -> Result<(), Error> {
    let facts = draft.facts();
    let version = facts.version;
    if facts.generation != Generation::DriverDatabase {
        return Err(Error::Generation {
            generation: facts.generation,
            version,
        });
    }
    if !draft.has_key(HiveName::System, &Node::System.root())? {
        return Err(Error::NoDatabase { version });
    }
    Ok(())
}

/// The packages of an image: third parties' only, or with Windows' own.
///
/// # Errors
/// [`Error`] when the image has no driver database or it cannot be read. A
/// package that cannot be read is a finding.
pub fn list(draft: &mut Draft, with_inbox: bool) -> Result<Vec<DriverPackage>, Error> {
    require_database(draft)?;
    let boot_services = boot_services(draft)?;
    let mut packages = Vec::new();
    for node in Node::ALL {
        let Some(hive) = draft.hive(node.hive())? else {
            continue;
        };
        let mut findings = Vec::new();
        let read = read_node(node, &hive, with_inbox, &boot_services, &mut findings);
        packages.extend(read.map_err(|source| in_hive(node.hive(), source))?);
        for finding in findings {
            draft.report(finding);
        }
    }
    let class_names = class_names(draft)?;
    for package in &mut packages {
        package.class_name = class_names.get(&package.class_guid).cloned();
    }
    packages.sort_by_cached_key(|package| published_order(&package.published_name));
    Ok(packages)
}

fn in_hive(hive: HiveName, source: HiveError) -> Error {
    Error::Registry(RegistryError::Hive { hive, source })
}

/// `oem2.inf` before `oem10.inf`.
pub(crate) fn published_order(name: &str) -> (String, u32) {
    let lower = name.to_lowercase();
    match crate::store::published_name::OemNumber::parse(&lower, ".inf") {
        Some(number) => ("oem".to_owned(), number.0),
        None => (lower, 0),
    }
}

type HiveResult<T> = Result<T, HiveError>;

/// Names of services that start at boot, in lower case.
fn boot_services(draft: &Draft) -> Result<BTreeSet<String>, Error> {
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
fn class_names(draft: &Draft) -> Result<BTreeMap<String, String>, Error> {
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

fn read_node(
    node: Node,
    hive: &Hive,
    with_inbox: bool,
    boot_services: &BTreeSet<String>,
    findings: &mut Vec<Finding>,
) -> HiveResult<Vec<DriverPackage>> {
    let Some(root) = hive.key(node.root().as_text().as_str().unwrap_or_default())? else {
        return Ok(Vec::new());
    };
    let mut packages = Vec::new();
    let Some(keys) = root.subkey("DriverPackages")? else {
        return Ok(packages);
    };
    for key in keys.subkeys()? {
        let key = key?;
        match read_package(key, boot_services)? {
            Ok(package) => {
                if with_inbox || !package.inbox {
                    packages.push(package);
                }
            }
            Err(reason) => findings.push(Finding::warning(
                "broken-driver-package",
                format!(
                    "{node}: package `{}` {reason}: Windows' own tools stop at it",
                    key.name()?.to_string_lossy()
                ),
            )),
        }
    }
    let mut by_name: BTreeMap<String, Vec<String>> = BTreeMap::new();
    if let Some(ids) = root.subkey("DeviceIds")? {
        let mut path = Vec::new();
        collect_ids(ids, &mut path, &mut by_name)?;
    }
    for package in &mut packages {
        let ids = by_name.get(&package.published_name.to_lowercase());
        package.hardware_ids = ids.cloned().unwrap_or_default();
    }
    Ok(packages)
}

fn text(value: Option<Value<'_>>) -> Option<String> {
    value.and_then(|value| value.as_string())
}

/// Reads one package; the inner error says what it lacks.
fn read_package(
    key: Key<'_>,
    boot_services: &BTreeSet<String>,
) -> HiveResult<Result<DriverPackage, &'static str>> {
    let package_id = key.name()?.to_string_lossy();
    let Some(published_name) = text(key.value("")?) else {
        return Ok(Err("has no published name"));
    };
    let Some(version) = key.value("Version")? else {
        return Ok(Err("has no `Version`"));
    };
    let Some(version) = VersionBlob::decode(&version.data()?) else {
        return Ok(Err("has a `Version` that is not 48 bytes"));
    };
    let marked = key.value("BootCritical")?.and_then(|value| value.as_u32());
    let mut starts_at_boot = false;
    if let Some(configurations) = key.subkey("Configurations")? {
        for section in configurations.subkeys()? {
            if let Some(service) = text(section?.value("Service")?) {
                starts_at_boot |= boot_services.contains(&service.to_lowercase());
            }
        }
    }
    let architecture = Architecture::ALL
        .into_iter()
        .find(|known| known.number() == version.architecture);
    Ok(Ok(DriverPackage {
        original_file_name: text(key.value("InfName")?).unwrap_or_else(|| published_name.clone()),
        inbox: version.inbox(),
        class_name: None,
        class_guid: version.class.to_string(),
        provider_name: text(key.value("Provider")?).unwrap_or_default(),
        date: time::date(version.date),
        version: version.version.to_string(),
        boot_critical: marked == Some(1) || starts_at_boot,
        driver_signature: DriverSignature::NotVerified,
        architecture: architecture.map(|known| known.name().to_owned()),
        hardware_ids: Vec::new(),
        published_name,
        package_id,
    }))
}

/// Which ids each published INF (lower case) is listed under. Class GUIDs
/// stand among the ids and are left out: they index packages, not devices.
fn collect_ids(
    key: Key<'_>,
    path: &mut Vec<String>,
    by_name: &mut BTreeMap<String, Vec<String>>,
) -> HiveResult<()> {
    for below in key.subkeys()? {
        let below = below?;
        let name = below.name()?.to_string_lossy();
        if path.is_empty() && name.parse::<Guid>().is_ok() {
            continue;
        }
        path.push(name);
        for value in below.values()? {
            let published = value?.name()?.to_string_lossy().to_lowercase();
            by_name.entry(published).or_default().push(path.join("\\"));
        }
        collect_ids(below, path, by_name)?;
        path.pop();
    }
    Ok(())
}
