//! `Configurations\<section>`: what the kernel does with a device before it is
//! installed (write-list rows 17 and 18).

use std::collections::BTreeMap;

use wimwright_servicing::Draft;
use wimwright_servicing::plan::Basis;
use wimwright_servicing::registry::{HiveName, KeyPath, RegData};

use super::Placed;
use super::device_property::{Of, property};
use super::recorded::record;
use crate::add::read::ReadPackage;
use crate::error::Error;
use crate::model::{
    AssociatedService, InstallSection, Operation, PropertyOperation, RegistryChange, Root,
};

const SEEN: Basis = Basis::verified("driverstore 2.8");

/// The first build of Windows 11.
const WINDOWS_11: u32 = 22_000;
/// Type of a stored device property: this plus its `DEVPROPTYPE`.
const PROPERTY: u32 = 0xFFFF_0000;

/// Writes one section of the package.
pub(super) fn write(
    draft: &mut Draft,
    package: &ReadPackage,
    placed: &Placed<'_>,
    install: &InstallSection,
) -> Result<(), Error> {
    let hive = &placed.node.hive();
    let key = placed.node.package(package.id.as_str());
    let key = key.join("Configurations").join(&install.name);
    let facts = draft.facts();
    let scope = match (facts.version.major, facts.version.build) {
        (..10, _) => None,
        (_, WINDOWS_11..) => Some((0xF7F, Basis::stated("driverstore 2.8"))),
        // One bit each for the section itself, its .HW and its .Services. Of
        // 1,394 sections of 1709 and 2004, 1,351 have just these bits; none with
        // device values lacks the second, none with a service the third.
        _ => Some((
            1 | u32::from(install.has_hardware) << 1 | u32::from(install.has_services) << 2,
            SEEN,
        )),
    };
    let mut set = |name: &str, data: RegData, basis: &Basis| {
        draft.set_value(hive, &key, name, data, basis).map(|_| ())
    };
    let finish = if install.coinstallers.is_some() {
        0x400
    } else {
        0
    };
    set("ConfigFlags", RegData::dword(finish), &SEEN)?;
    if let Some((scope, basis)) = scope {
        set("ConfigScope", RegData::dword(scope), &basis)?;
    }
    if let AssociatedService::Named(service) = &install.associated_service {
        set("Service", RegData::sz(service), &SEEN)?;
    }
    if !install.includes.is_empty() {
        set("IncludedInfs", RegData::multi_sz(&install.includes), &SEEN)?;
    }
    if !install.exclude_ids.is_empty() {
        set("ExcludeIds", RegData::multi_sz(&install.exclude_ids), &SEEN)?;
    }
    if install.reboot {
        set("Reboot", RegData::dword(1), &SEEN)?;
    }
    // Filters stand beside the service, not among the device's values.
    let (filters, device): (Vec<_>, Vec<_>) =
        install.hardware.iter().cloned().partition(is_filter_list);
    record_plain(draft, hive, &key, &filters)?;
    let device = properties(draft, package, placed, &key, &device, Of::Hardware)?;
    record(draft, hive, &key.join("Device"), &device)?;
    let software = properties(
        draft,
        package,
        placed,
        &key,
        &install.registry,
        Of::Software,
    )?;
    record(draft, hive, &key.join("Driver"), &software)?;
    for service in &install.services {
        let below = key.join("Services").join(&service.name);
        record(draft, hive, &below, &service.registry)?;
    }
    for property in &install.properties {
        if property.operation != PropertyOperation::Set {
            continue;
        }
        let below = format!("Properties\\{}\\{:04X}", property.category, property.id);
        let data = RegData {
            kind: PROPERTY | property.kind,
            bytes: property.data.clone(),
        };
        let _ = draft.set_value(hive, &key.join(&below), "", data, &SEEN)?;
    }
    for interface in &install.interfaces {
        let below = format!("Interfaces\\{}", interface.class);
        let _ = draft.create_key(hive, &key.join(&below), &SEEN)?;
    }
    for filter in &install.filters {
        let level = filter.level.as_deref().or(filter.position.as_deref());
        let below = format!("Filters\\{}", level.unwrap_or("Upper"));
        let basis = Basis::stated("driverstore 2.8");
        let key = key.join(&below);
        let _ = draft.set_value(hive, &key, &filter.service, RegData::none(), &basis)?;
    }
    Ok(())
}

/// Writes those of `changes` that are device properties, and returns the rest.
fn properties(
    draft: &mut Draft,
    package: &ReadPackage,
    placed: &Placed<'_>,
    key: &KeyPath,
    changes: &[RegistryChange],
    of: Of,
) -> Result<Vec<RegistryChange>, Error> {
    let published = placed.number.to_string();
    let mut rest = Vec::new();
    for change in changes {
        let raw = match change.from {
            None => package.raw_data(change.line),
            Some(_) => None,
        };
        let Some(property) = property(change, of, raw, &published) else {
            rest.push(change.clone());
            continue;
        };
        if let Some(data) = property.data {
            let key = key.join(&property.key);
            let hive = &placed.node.hive();
            let _ = draft.set_value(hive, &key, "", data, &property.basis)?;
        }
    }
    Ok(rest)
}

fn is_filter_list(change: &RegistryChange) -> bool {
    let name = match &change.operation {
        Operation::SetValue { name, .. } | Operation::AppendStrings { name, .. } => name,
        _ => return false,
    };
    change.root == Root::Relative
        && change.subkey.is_empty()
        && (name.eq_ignore_ascii_case("UpperFilters") || name.eq_ignore_ascii_case("LowerFilters"))
}

/// Filter lists stand as plain MULTI_SZ, however the INF asks for them (seen
/// on every list of three images).
fn record_plain(
    draft: &mut Draft,
    hive: &HiveName,
    key: &KeyPath,
    filters: &[RegistryChange],
) -> Result<(), Error> {
    let mut lists: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for change in filters {
        match &change.operation {
            Operation::AppendStrings { name, strings } => {
                lists
                    .entry(filter_name(name))
                    .or_default()
                    .extend(strings.iter().cloned());
            }
            Operation::SetValue { name, data, .. } => {
                let strings = data.as_strings().or_else(|| Some(vec![data.as_text()?]));
                lists
                    .entry(filter_name(name))
                    .or_default()
                    .extend(strings.unwrap_or_default());
            }
            _ => {}
        }
    }
    for (name, strings) in lists {
        let _ = draft.set_value(hive, key, name, RegData::multi_sz(&strings), &SEEN)?;
    }
    Ok(())
}

fn filter_name(name: &str) -> &'static str {
    match name.eq_ignore_ascii_case("UpperFilters") {
        true => "UpperFilters",
        false => "LowerFilters",
    }
}
