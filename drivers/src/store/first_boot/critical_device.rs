//! The critical device database of Windows 2000 to 7: which service the kernel
//! gives a device before anything can be installed (driverstore 3 and 4).

use std::collections::BTreeMap;

use wimwright_servicing::plan::{Basis, Change};
use wimwright_servicing::registry::{HiveName, KeyPath, RegData};
use wimwright_servicing::{Draft, Finding};

use crate::error::Error;

const DATABASE: &str = "Control\\CriticalDeviceDatabase";

const SEEN: Basis = Basis::verified("driverstore 4");
const STATED: Basis = Basis::stated("driverstore 11.3");

/// A device id and the service that drives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Binding {
    /// The id, as the package spells it.
    pub(crate) id: String,
    /// The service.
    pub(crate) service: String,
    /// The setup class, with braces.
    pub(crate) class: String,
    /// Filters above the device's driver.
    pub(crate) upper_filters: Vec<String>,
    /// Filters below it.
    pub(crate) lower_filters: Vec<String>,
}

/// The key's name: the first backslash of the id becomes `#`, any other one
/// `&` (the first is seen in every real database).
pub(crate) fn key_name(id: &str) -> String {
    let mut first = true;
    let name = id.chars().map(|c| match c {
        '\\' if std::mem::take(&mut first) => '#',
        '\\' => '&',
        other => other,
    });
    name.collect()
}

/// Whether an id stands for a vendor's device and not for a kind of devices:
/// an entry for `PCI\CC_0106` would take other controllers from their drivers.
pub(crate) fn is_specific(id: &str) -> bool {
    let id = id.to_ascii_uppercase();
    let vendor = id.contains("VEN_") || id.contains("VID_");
    let device = id.contains("DEV_") || id.contains("PID_");
    vendor && device
}

/// Enters the bindings into every control set that edits go to. A key that is
/// there is never changed: it binds the device that the image boots from now.
pub(crate) fn write(draft: &mut Draft, bindings: &[Binding]) -> Result<(), Error> {
    let mut kept: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for database in draft.facts().control_set_keys(DATABASE) {
        for binding in bindings {
            let key = database.join(&key_name(&binding.id));
            let there = service(draft, &key)?;
            match there {
                Some(service) if service.eq_ignore_ascii_case(&binding.service) => {}
                Some(service) => {
                    let ids = kept.entry(service).or_default();
                    if !ids.contains(&binding.id.as_str()) {
                        ids.push(&binding.id);
                    }
                }
                None => enter(draft, &key, binding)?,
            }
        }
    }
    for (service, ids) in kept {
        draft.report(Finding::warning(
            "bound-to-other-service",
            format!(
                "the critical device database gives {} to `{service}` already: that stays; to \
                 change it, delete the key and add the package again",
                some(&ids)
            ),
        ));
    }
    Ok(())
}

fn some(ids: &[&str]) -> String {
    let shown: Vec<String> = ids.iter().take(3).map(|id| format!("`{id}`")).collect();
    match ids.len().saturating_sub(3) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

fn service(draft: &Draft, key: &KeyPath) -> Result<Option<String>, Error> {
    let value = draft.value(HiveName::System, key, "Service")?;
    Ok(value.and_then(|data| data.as_text()))
}

fn enter(draft: &mut Draft, key: &KeyPath, binding: &Binding) -> Result<(), Error> {
    let hive = &HiveName::System;
    let class = RegData::sz(&binding.class);
    let _ = draft.set_value(hive, key, "ClassGUID", class, &SEEN)?;
    let service = RegData::sz(&binding.service);
    let _ = draft.set_value(hive, key, "Service", service, &SEEN)?;
    for (name, filters) in [
        ("UpperFilters", &binding.upper_filters),
        ("LowerFilters", &binding.lower_filters),
    ] {
        if !filters.is_empty() {
            let filters = RegData::multi_sz(filters);
            let _ = draft.set_value(hive, key, name, filters, &STATED)?;
        }
    }
    Ok(())
}

/// Takes out every binding to a service that goes away.
pub(crate) fn remove(draft: &mut Draft, service_name: &str) -> Result<(), Error> {
    let hive = &HiveName::System;
    for database in draft.facts().control_set_keys(DATABASE) {
        for name in draft.subkeys(hive, &database)? {
            let key = database.join(&name);
            let its = service(draft, &key)?;
            if its.is_some_and(|its| its.eq_ignore_ascii_case(service_name)) {
                let change = Change::DeleteKey {
                    hive: hive.clone(),
                    key,
                };
                let _ = draft.plan_change(change, &Basis::inferred("driverstore 8"))?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_named_as_in_real_databases() {
        for (id, name) in [
            ("PCI\\VEN_1000&DEV_0030", "PCI#VEN_1000&DEV_0030"),
            ("*PNP0A03", "*PNP0A03"),
            ("ACPI\\FixedButton", "ACPI#FixedButton"),
            ("USB\\VID_1&PID_2\\x", "USB#VID_1&PID_2&x"),
        ] {
            assert_eq!(key_name(id), name);
        }
    }

    #[test]
    fn ids_of_kinds_of_devices_are_not_specific() {
        for (id, specific) in [
            ("PCI\\VEN_1AF4&DEV_1001", true),
            ("pci\\ven_1af4&dev_1001&rev_00", true),
            ("USB\\VID_1AF4&PID_0001", true),
            ("PCI\\CC_0106", false),
            ("PCI\\VEN_8086&CC_0106", false),
            ("USB\\Class_08&SubClass_06", false),
            ("*PNP0600", false),
            ("ACPI\\PNP0A03", false),
        ] {
            assert_eq!(is_specific(id), specific, "{id}");
        }
    }
}
