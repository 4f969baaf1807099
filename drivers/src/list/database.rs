//! Packages of the driver database (Windows 8 and later).

use std::collections::{BTreeMap, BTreeSet};

use wimwright_servicing::registry::{Hive, Key, Value};
use wimwright_servicing::{Architecture, Draft, Finding, ImagePath, time};

use super::{DriverPackage, HiveResult, boot_services, in_hive};
use crate::error::Error;
use crate::model::Guid;
use crate::signature;
use crate::store::node::Node;
use crate::store::version_blob::VersionBlob;

pub(super) fn list(draft: &mut Draft, with_inbox: bool) -> Result<Vec<DriverPackage>, Error> {
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
    let store = draft
        .facts()
        .windows
        .join("System32\\DriverStore\\FileRepository")?;
    for package in &mut packages {
        let id = package.package_id.as_deref().unwrap_or_default();
        // Names come from the registry: what is no path has no file.
        let folder = store.join(id);
        let inf = folder.and_then(|folder| folder.join(&package.original_file_name));
        package.inf = inf.unwrap_or_default();
    }
    Ok(packages)
}

/// The active package of a published name; `None` where there is none that can
/// be read.
pub(crate) fn published(draft: &Draft, name: &str) -> Result<Option<DriverPackage>, Error> {
    for node in Node::ALL {
        let id = draft.value(node.hive(), &node.inf_file(name), "Active")?;
        let Some(id) = id.and_then(|data| data.as_text()) else {
            continue;
        };
        let Some(hive) = draft.hive(node.hive())? else {
            continue;
        };
        let read = || {
            let path = node.package(&id);
            let key = hive.key(path.as_text().as_str().unwrap_or_default())?;
            key.map(|key| read_package(key, &BTreeSet::new()))
                .transpose()
        };
        let read = read().map_err(|source| in_hive(node.hive(), source))?;
        return Ok(read.and_then(Result::ok));
    }
    Ok(None)
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
                    "{node}: package `{}` {reason}: Windows' own tools stop at it; `drivers check` \
                     says what mends it",
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
        let name = package.published_name.as_deref().unwrap_or_default();
        let ids = by_name.get(&name.to_lowercase());
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
    let score = key.value("SignerScore")?.and_then(|value| value.as_u32());
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
        date: Some(time::date(version.date)),
        version: Some(version.version.to_string()),
        boot_critical: marked == Some(1) || starts_at_boot,
        driver_signature: signature::of_number(score),
        architecture: architecture.map(|known| known.name().to_owned()),
        hardware_ids: Vec::new(),
        inf: ImagePath::root(),
        published_name: Some(published_name),
        package_id: Some(package_id),
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
