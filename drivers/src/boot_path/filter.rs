//! Filter drivers: of a device's setup class, and of the device itself. All of
//! them must load, or the device does not start (hal-sysprep A9).

use wimwright_servicing::registry::HiveName;

use super::binding::{Binding, FilterList, filters};
use super::check;
use super::obstacle::{Mend, Obstacle, Part};
use super::walk::Walk;
use crate::error::Error;
use crate::stored::in_hive;

/// Setup classes on the way (devguid.h), as braces and lower case have them.
pub(super) const DISK_DRIVE: &str = "{4d36e967-e325-11ce-bfc1-08002be10318}";
/// IDE and AHCI controllers, and IDE channels.
pub(super) const HDC: &str = "{4d36e96a-e325-11ce-bfc1-08002be10318}";
/// All other storage controllers.
pub(super) const SCSI_ADAPTER: &str = "{4d36e97b-e325-11ce-bfc1-08002be10318}";
/// Volumes.
pub(super) const VOLUME: &str = "{71a27cdd-812a-11d0-bec7-08002be2092f}";

impl Walk<'_> {
    /// Checks the filters of a class.
    pub(super) fn class_filters(
        &mut self,
        part: Part,
        class: &str,
    ) -> Result<Vec<Obstacle>, Error> {
        let lists = self.class_lists(&format!("{}\\Control\\Class\\{class}", self.set))?;
        let whose = format!("all devices of {part}'s class");
        self.filters(part, &lists, &whose)
    }

    /// The filter lists of a class, by the path of its key.
    pub(super) fn class_lists(&self, at: &str) -> Result<Vec<FilterList>, Error> {
        let read = || match self.hive.key(at)? {
            Some(key) => filters(key, at),
            None => Ok(Vec::new()),
        };
        read().map_err(in_hive(HiveName::System))
    }

    /// Checks the filters of one device.
    pub(super) fn device_filters(
        &mut self,
        part: Part,
        binding: &Binding,
    ) -> Result<Vec<Obstacle>, Error> {
        let whose = part.to_string();
        self.filters(part, &binding.filters, &whose)
    }

    fn filters(
        &mut self,
        part: Part,
        lists: &[FilterList],
        whose: &str,
    ) -> Result<Vec<Obstacle>, Error> {
        let mut obstacles = Vec::new();
        for list in lists {
            for service in &list.services {
                let of = format!("SYSTEM\\{}: {}", list.key, list.value);
                for found in self.driver(part, service, None, Some(&of))? {
                    obstacles.push(of_filter(found, list, service, whose));
                }
            }
        }
        Ok(obstacles)
    }
}

/// The filter that finds the partitions of disks: taking it out of the list
/// only breaks something else.
pub(super) const PARTITIONS: &str = "partmgr";

/// An obstacle of a filter: without its service nothing helps but to take its
/// name out of the list.
fn of_filter(found: Obstacle, list: &FilterList, service: &str, whose: &str) -> Obstacle {
    let key = format!("SYSTEM\\{}", list.key);
    let message = format!(
        "`{service}` filters {whose} ({} of `{key}`), and {}",
        list.value, found.message
    );
    let no_service = found.check.name == check::SERVICE.name;
    let mends = match no_service && !service.eq_ignore_ascii_case(PARTITIONS) {
        true => vec![without(list, service, key)],
        false => found.mends,
    };
    Obstacle {
        check: &check::FILTER,
        message,
        mends,
        ..found
    }
}

/// The list without one name.
fn without(list: &FilterList, service: &str, key: String) -> Mend {
    let left = list.services.iter();
    let left: Vec<String> = left.filter(|name| *name != service).cloned().collect();
    let name = list.value.to_owned();
    match left.is_empty() {
        true => Mend::DeleteValue { key, name },
        false => Mend::SetValue {
            key,
            name,
            kind: "multi-sz",
            data: left,
        },
    }
}
