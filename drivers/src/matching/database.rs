//! Drivers of the driver database (Windows 8 and later; driverstore 2.3 to
//! 2.11).

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use wimwright_servicing::registry::{Hive, HiveError, Key, KeyPath};
use wimwright_servicing::{Draft, FileTime, Finding};

use super::driver::Driver;
use super::index::{Listing, Part, Scope, Section};
use super::parallel::on_all_cores;
use crate::error::Error;
use crate::list::boot_services;
use crate::model::{DriverVersion, Guid};
use crate::rank::SignatureClass;
use crate::store::device_id::DeviceIdFlags;
use crate::store::node::Node;
use crate::store::version_blob::VersionBlob;
use crate::stored::{in_hive, key_at};

type Nodes = Vec<(Node, Arc<Hive>)>;

/// The drivers of the nodes that `scope` names, each node at once with the
/// others.
pub(super) fn read(draft: &Draft, scope: Scope) -> Result<(Nodes, Vec<Part>), Error> {
    let mut nodes = Vec::new();
    for node in Node::ALL {
        if scope == Scope::SystemNode && node != Node::System {
            continue;
        }
        nodes.extend(draft.hive(node.hive())?.map(|hive| (node, hive)));
    }
    let boot_services = boot_services(draft)?;
    let parts = on_all_cores(&nodes, |(node, hive)| {
        of_node(*node, hive, &boot_services).map_err(in_hive(node.hive()))
    })?;
    Ok((nodes, parts))
}

fn of_node(node: Node, hive: &Hive, boot_services: &BTreeSet<String>) -> Result<Part, HiveError> {
    let mut part = Part::default();
    let Some(root) = key_at(hive, &node.root())? else {
        return Ok(part);
    };
    let Some(packages) = root.subkey("DriverPackages")? else {
        return Ok(part);
    };
    let mut numbers = HashMap::new();
    let files = root.subkey("DriverInfFiles")?;
    for file in files.iter().map(|files| files.subkeys()) {
        for file in file? {
            let file = file?;
            let name = file.name()?.to_string_lossy();
            let Some(active) = text(file, "Active")? else {
                continue;
            };
            let Some(package) = packages.subkey(&active)? else {
                part.findings.push(Finding::warning(
                    "active-package-missing",
                    format!(
                        "{node}: `{name}` stands for the package `{active}`, which is not there: \
                         Windows has no driver of that name"
                    ),
                ));
                continue;
            };
            numbers.insert(name.to_lowercase(), part.drivers.len());
            part.drivers
                .push(driver(node, name, active, package, boot_services)?);
        }
    }
    if let Some(ids) = root.subkey("DeviceIds")? {
        collect(ids, &mut Vec::new(), &numbers, &mut part.ids)?;
    }
    Ok(part)
}

fn text(key: Key<'_>, name: &str) -> Result<Option<String>, HiveError> {
    let value = key.value(name)?.and_then(|value| value.as_string());
    Ok(value.filter(|text| !text.is_empty()))
}

fn list(key: Key<'_>, name: &str) -> Result<Vec<String>, HiveError> {
    let value = key.value(name)?.and_then(|value| value.as_multi_string());
    Ok(value.unwrap_or_default())
}

fn number(key: Key<'_>, name: &str) -> Result<Option<u32>, HiveError> {
    Ok(key.value(name)?.and_then(|value| value.as_u32()))
}

fn driver(
    node: Node,
    name: String,
    id: String,
    key: Key<'_>,
    boot_services: &BTreeSet<String>,
) -> Result<Driver, HiveError> {
    let version = match key.value("Version")? {
        Some(value) => VersionBlob::decode(&value.data()?),
        None => None,
    };
    let extension_id = match key.value("ExtensionId")? {
        Some(value) => <[u8; 16]>::try_from(&*value.data()?).ok().map(Guid),
        None => None,
    };
    let mut boot_critical = number(key, "BootCritical")? == Some(1);
    if let Some(configurations) = key.subkey("Configurations")? {
        for section in configurations.subkeys()? {
            let service = text(section?, "Service")?;
            boot_critical |=
                service.is_some_and(|service| boot_services.contains(&service.to_lowercase()));
        }
    }
    // A package without a score is one that another tool wrote.
    let score = number(key, "SignerScore")?;
    Ok(Driver {
        original_file_name: text(key, "InfName")?.unwrap_or_else(|| name.clone()),
        published_name: Some(name),
        package_id: Some(id),
        given: None,
        source: node.into(),
        inbox: version.is_some_and(|version| version.inbox()),
        class: version.map(|version| version.class),
        class_name: None,
        provider_name: text(key, "Provider")?.unwrap_or_default(),
        date: version.map_or(FileTime(0), |version| version.date),
        version: version.map_or(DriverVersion::default(), |version| version.version),
        signature: score.map_or(SignatureClass::Unknown, SignatureClass::of_signer_score),
        extension_id,
        boot_critical,
    })
}

/// Every id of the index with the drivers under it. A class's key holds values
/// without bytes, which are no lines. Keys nest at most 512 deep: Windows'
/// limit, which the hive's check holds.
fn collect(
    key: Key<'_>,
    path: &mut Vec<String>,
    numbers: &HashMap<String, usize>,
    found: &mut Vec<(String, Listing)>,
) -> Result<(), HiveError> {
    for below in key.subkeys()? {
        let below = below?;
        path.push(below.name()?.to_string_lossy());
        let mut id = None;
        for value in below.values()? {
            let value = value?;
            let Some(flags) = DeviceIdFlags::decode(&value.data()?) else {
                continue;
            };
            let name = value.name()?.to_string_lossy().to_lowercase();
            if let Some(&driver) = numbers.get(&name) {
                let id = id.get_or_insert_with(|| path.join("\\")).clone();
                let section = None;
                found.push((
                    id,
                    Listing {
                        driver,
                        section,
                        flags,
                    },
                ));
            }
        }
        collect(below, path, numbers, found)?;
        path.pop();
    }
    Ok(())
}

/// The section that a package uses for an id; `None` where the package is not
/// for it. A package that Windows did not configure in advance has none on
/// record (driverstore 2.4). One that it did configure serves just the ids that
/// it describes: of 4,755 lines in the index of 10 2004 a single one has no
/// descriptor, and there Windows chose another driver.
pub(super) fn section(
    node: Node,
    hive: &Hive,
    package: &str,
    id: &str,
) -> Result<Option<Section>, Error> {
    let read = || -> Result<Option<Section>, HiveError> {
        let root = node.package(package);
        let below = |path: &str| KeyPath::from(format!("{root}\\{path}"));
        if key_at(hive, &below("Descriptors"))?.is_none() {
            return Ok(Some(Section::default()));
        }
        let Some(descriptor) = key_at(hive, &below(&format!("Descriptors\\{id}")))? else {
            return Ok(None);
        };
        let Some(name) = text(descriptor, "Configuration")? else {
            return Ok(Some(Section::default()));
        };
        let configuration = key_at(hive, &below(&format!("Configurations\\{name}")))?;
        Ok(Some(Section {
            exclude_ids: match configuration {
                Some(key) => list(key, "ExcludeIds")?,
                None => Vec::new(),
            },
            name: Some(name),
            ..Section::default()
        }))
    };
    read().map_err(in_hive(node.hive()))
}
