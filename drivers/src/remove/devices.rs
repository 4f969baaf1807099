//! Which devices of an image were installed with a driver.
//!
//! An image that was booted once knows its devices: `Enum` has a key for each,
//! which names its service and, through `Driver`, its key in `Control\Class`,
//! which names the published INF.

use std::collections::BTreeMap;

use wimwright_servicing::Draft;
use wimwright_servicing::registry::{HiveError, HiveName, Key};

use crate::error::Error;
use crate::stored::{in_hive, key_at};

type HiveResult<T> = Result<T, HiveError>;

/// What the image's devices and setup classes use.
#[derive(Debug, Default)]
pub(super) struct Installed {
    /// Users of a service, by its name in lower case.
    services: BTreeMap<String, Vec<String>>,
    /// Devices of a published INF, by its name in lower case.
    infs: BTreeMap<String, Vec<String>>,
}

impl Installed {
    /// Reads both control sets that edits go to.
    pub(super) fn read(draft: &Draft) -> Result<Installed, Error> {
        let mut installed = Installed::default();
        if let Some(hive) = draft.hive(HiveName::System)? {
            for (enumerators, classes) in draft
                .facts()
                .control_set_keys("Enum")
                .iter()
                .zip(&draft.facts().control_set_keys("Control\\Class"))
            {
                let mut read = || -> HiveResult<()> {
                    let classes = key_at(&hive, classes)?;
                    installed.read_classes(classes)?;
                    match key_at(&hive, enumerators)? {
                        Some(key) => installed.read_devices(key, classes),
                        None => Ok(()),
                    }
                };
                read().map_err(in_hive(HiveName::System))?;
            }
        }
        Ok(installed)
    }

    /// Devices, and classes whose every device is filtered, that use a service.
    pub(super) fn users_of(&self, service: &str) -> &[String] {
        let users = self.services.get(&service.to_lowercase());
        users.map_or(&[], Vec::as_slice)
    }

    /// Devices that were installed from a published INF.
    pub(super) fn devices_of(&self, published: &str) -> &[String] {
        let devices = self.infs.get(&published.to_lowercase());
        devices.map_or(&[], Vec::as_slice)
    }

    fn read_classes(&mut self, classes: Option<Key<'_>>) -> HiveResult<()> {
        let Some(classes) = classes else {
            return Ok(());
        };
        for class in classes.subkeys()? {
            let class = class?;
            let filters = filters(class)?;
            if !filters.is_empty() {
                let name = format!("Control\\Class\\{}", class.name()?.to_string_lossy());
                for filter in filters {
                    enter(&mut self.services, &filter, &name);
                }
            }
        }
        Ok(())
    }

    fn read_devices(&mut self, top: Key<'_>, classes: Option<Key<'_>>) -> HiveResult<()> {
        for enumerator in top.subkeys()? {
            let enumerator = enumerator?;
            for device in enumerator.subkeys()? {
                let device = device?;
                for instance in device.subkeys()? {
                    let instance = instance?;
                    let mut used = filters(instance)?;
                    used.extend(text(instance, "Service")?);
                    let inf = match (text(instance, "Driver")?, classes) {
                        (Some(driver), Some(classes)) => match classes.path(&driver)? {
                            Some(key) => text(key, "InfPath")?,
                            None => None,
                        },
                        _ => None,
                    };
                    if used.is_empty() && inf.is_none() {
                        continue;
                    }
                    let name = format!(
                        "{}\\{}\\{}",
                        enumerator.name()?.to_string_lossy(),
                        device.name()?.to_string_lossy(),
                        instance.name()?.to_string_lossy()
                    );
                    for service in used {
                        enter(&mut self.services, &service, &name);
                    }
                    if let Some(inf) = inf {
                        enter(&mut self.infs, &inf, &name);
                    }
                }
            }
        }
        Ok(())
    }
}

fn enter(list: &mut BTreeMap<String, Vec<String>>, name: &str, user: &str) {
    let users = list.entry(name.to_lowercase()).or_default();
    if !users.iter().any(|known| known == user) {
        users.push(user.to_owned());
    }
}

fn text(key: Key<'_>, name: &str) -> HiveResult<Option<String>> {
    let value = key.value(name)?.and_then(|value| value.as_string());
    Ok(value.filter(|text| !text.is_empty()))
}

fn filters(key: Key<'_>) -> HiveResult<Vec<String>> {
    let mut all = Vec::new();
    for name in ["UpperFilters", "LowerFilters"] {
        let value = key.value(name)?;
        all.extend(
            value
                .and_then(|value| value.as_multi_string())
                .unwrap_or_default(),
        );
    }
    Ok(all)
}

/// Whether a service starts at boot, in the control set that the
/// next boot takes.
pub(super) fn starts_at_boot(draft: &Draft, service: &str) -> Result<bool, Error> {
    let set = draft.facts().control_sets.default;
    let key = format!("{set}\\Services\\{service}");
    let start = draft.value(HiveName::System, &key.into(), "Start")?;
    Ok(start.and_then(|data| data.as_dword()) == Some(0))
}
