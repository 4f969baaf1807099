//! Which driver the image gives a device before anything can be installed.

use wimwright_servicing::hardware::Device;
use wimwright_servicing::registry::{ControlSet, Hive, HiveError, Key};
use wimwright_servicing::{Generation, WindowsVersion};

use super::instance::{self, Instance, Same};
use super::{critical, database};
use crate::rank::{DevicePlace, device_places};

/// A device's driver.
#[derive(Clone, Debug, Default)]
pub(super) struct Binding {
    /// Its service; `None` for a device that needs none.
    pub(super) service: Option<String>,
    /// The setup class, with braces.
    pub(super) class: Option<String>,
    /// Filters of this device: their service, and the value that names them.
    pub(super) filters: Vec<FilterList>,
    /// The id that it was found by.
    pub(super) id: String,
    /// The key that says so, without its hive.
    pub(super) at: String,
    /// The package that brings it, and who signed that.
    pub(super) package: Option<BoundPackage>,
    /// How the instances of devices below begin, where the image knows this
    /// very device.
    pub(super) children: Option<String>,
    /// Whether the image disables the device.
    pub(super) disabled: bool,
}

/// A package of the driver database.
#[derive(Clone, Debug)]
pub(super) struct BoundPackage {
    /// Its published name.
    pub(super) inf: String,
    /// `SignerScore`.
    pub(super) score: Option<u32>,
}

/// A list of filter drivers.
#[derive(Clone, Debug)]
pub(super) struct FilterList {
    /// The key that has it, without its hive.
    pub(super) key: String,
    /// `UpperFilters` or `LowerFilters`.
    pub(super) value: &'static str,
    /// The services.
    pub(super) services: Vec<String>,
}

/// What a lookup came to.
#[derive(Clone, Debug)]
pub(super) enum Lookup {
    /// The device has a driver.
    Bound(Binding),
    /// It has one only if it is the very device that the image was used with,
    /// and that cannot be told.
    OnlyIfSame(Binding),
    /// A database names a package for it that is not there or says nothing of
    /// it; what is wrong.
    Broken(String),
    /// Nothing drives it by the ids that are told; this one would, and the
    /// description does not say whether the device has it.
    Untold(String),
    /// Nothing drives it.
    None,
}

/// The filter lists of a key.
pub(super) fn filters(key: Key<'_>, at: &str) -> Result<Vec<FilterList>, HiveError> {
    let mut lists = Vec::new();
    for value in ["UpperFilters", "LowerFilters"] {
        let found = key.value(value)?;
        let services = found.and_then(|found| {
            // One name as plain text works, too.
            let many = found.as_multi_string();
            many.or_else(|| Some(vec![found.as_string()?]))
        });
        let mut services = services.unwrap_or_default();
        services.retain(|service| !service.is_empty());
        if !services.is_empty() {
            lists.push(FilterList {
                key: at.to_owned(),
                value,
                services,
            });
        }
    }
    Ok(lists)
}

/// Where drivers are looked up: one control set of one hive.
#[derive(Clone, Copy)]
pub(super) struct Registry<'h> {
    pub(super) hive: &'h Hive,
    pub(super) set: ControlSet,
    pub(super) generation: Generation,
    pub(super) version: WindowsVersion,
}

impl Registry<'_> {
    /// The driver of a device with these ids, by the image's database.
    fn by_ids(&self, ids: &[(&str, DevicePlace)]) -> Result<Lookup, HiveError> {
        match self.generation {
            Generation::Nt5 | Generation::Nt6 => critical::find(self.hive, self.set, ids),
            Generation::DriverDatabase => database::find(self.hive, self.version, ids),
        }
    }

    /// The driver of a device of a computer: what the image knows of this very
    /// device wins, as it does for the kernel.
    pub(super) fn of_device(&self, device: &Device) -> Result<Lookup, HiveError> {
        let ids: Vec<_> = device_places(device).collect();
        let mut maybe: Option<Instance> = None;
        for known in instance::of_id(self.hive, self.set, device.id())? {
            match known.is(device) {
                Same::Yes => return Ok(Lookup::Bound(known.binding)),
                Same::Unknown => maybe = maybe.or(Some(known)),
                Same::No => {}
            }
        }
        match (self.by_ids(&ids)?, maybe) {
            (Lookup::Bound(binding), Some(known))
                if known.binding.disabled || !same_service(&binding, &known.binding) =>
            {
                Ok(Lookup::OnlyIfSame(known.binding))
            }
            (Lookup::Bound(binding), _) => Ok(Lookup::Bound(binding)),
            (_, Some(known)) => Ok(Lookup::OnlyIfSame(known.binding)),
            (Lookup::None, None) => Ok(match self.untold(device)? {
                Some(id) => Lookup::Untold(id),
                None => Lookup::None,
            }),
            (other, None) => Ok(other),
        }
    }

    /// The driver of a device that every computer has: by its ids, else as the
    /// image knows it under one of these keys of `Enum`.
    pub(super) fn of_all(&self, ids: &[&str], known: &[&str]) -> Result<Lookup, HiveError> {
        let places = ids.iter().enumerate();
        let places: Vec<_> = places
            .map(|(at, id)| (*id, DevicePlace::Hardware(at)))
            .collect();
        let found = self.by_ids(&places)?;
        if let Lookup::Bound(_) = found {
            return Ok(found);
        }
        for id in known {
            let mut instances = instance::of_id(self.hive, self.set, id)?.into_iter();
            if let Some(known) = instances.next() {
                return Ok(Lookup::Bound(known.binding));
            }
        }
        Ok(found)
    }
}

fn same_service(left: &Binding, right: &Binding) -> bool {
    match (&left.service, &right.service) {
        (Some(left), Some(right)) => left.eq_ignore_ascii_case(right),
        (None, None) => true,
        _ => false,
    }
}
