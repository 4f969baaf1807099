//! Devices that the image knows already: `Enum\<id>\<instance>`. The kernel
//! gives such a device the service that is written there.

use wimwright_servicing::hardware::Device;
use wimwright_servicing::registry::{ControlSet, Hive, HiveError, Key};

use super::binding::{Binding, filters};

/// `CONFIGFLAG_DISABLED` of regstr.h.
const DISABLED: u32 = 1;

/// A device that the image was used with.
#[derive(Clone, Debug)]
pub(super) struct Instance {
    /// Its id: `PCI\VEN_..\3&172e68dd&0&F9`.
    path: String,
    pub(super) binding: Binding,
}

/// Whether two devices are one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Same {
    Yes,
    No,
    /// What is known of the other one does not tell.
    Unknown,
}

/// The instances of a device id that have a service.
pub(super) fn of_id(hive: &Hive, set: ControlSet, id: &str) -> Result<Vec<Instance>, HiveError> {
    let mut found = Vec::new();
    if id.is_empty() {
        return Ok(found);
    }
    let top = format!("{set}\\Enum\\{id}");
    let Some(key) = hive.key(&top)? else {
        return Ok(found);
    };
    for below in key.subkeys()? {
        let below = below?;
        let name = below.name()?.to_string_lossy();
        let path = format!("{id}\\{name}");
        if let Some(binding) = binding(below, id, format!("{top}\\{name}"))? {
            found.push(Instance { path, binding });
        }
    }
    Ok(found)
}

/// The first device of a kind: one whose id below `enumerator` begins with
/// `kind`.
pub(super) fn of_kind(
    hive: &Hive,
    set: ControlSet,
    enumerator: &str,
    kind: &str,
) -> Result<Option<Binding>, HiveError> {
    let Some(key) = hive.key(&format!("{set}\\Enum\\{enumerator}"))? else {
        return Ok(None);
    };
    for below in key.subkeys()? {
        let name = below?.name()?.to_string_lossy();
        let front = name.get(..kind.len());
        if !front.is_some_and(|front| front.eq_ignore_ascii_case(kind)) {
            continue;
        }
        let mut known = of_id(hive, set, &format!("{enumerator}\\{name}"))?.into_iter();
        if let Some(known) = known.next() {
            return Ok(Some(known.binding));
        }
    }
    Ok(None)
}

/// The one instance of that name.
pub(super) fn named(
    hive: &Hive,
    set: ControlSet,
    id: &str,
    name: &str,
) -> Result<Option<Binding>, HiveError> {
    let at = format!("{set}\\Enum\\{id}\\{name}");
    match hive.key(&at)? {
        Some(key) => binding(key, id, at),
        None => Ok(None),
    }
}

fn binding(key: Key<'_>, id: &str, at: String) -> Result<Option<Binding>, HiveError> {
    let text = |name| -> Result<Option<String>, HiveError> {
        let value = key.value(name)?.and_then(|value| value.as_string());
        Ok(value.filter(|text| !text.is_empty()))
    };
    let Some(service) = text("Service")? else {
        return Ok(None);
    };
    let flags = key.value("ConfigFlags")?.and_then(|value| value.as_u32());
    Ok(Some(Binding {
        service: Some(service),
        class: text("ClassGUID")?,
        filters: filters(key, &at)?,
        id: id.to_owned(),
        children: text("ParentIdPrefix")?,
        disabled: flags.unwrap_or_default() & DISABLED != 0,
        package: None,
        at,
    }))
}

impl Instance {
    /// Whether `device`, which has the same most telling id, is this one: by
    /// its instance id, or by its place on the PCI bus.
    pub(super) fn is(&self, device: &Device) -> Same {
        let Some(location) = device.location.as_deref() else {
            return Same::Unknown;
        };
        if location.eq_ignore_ascii_case(&self.path) {
            return Same::Yes;
        }
        if location.contains('\\') {
            return Same::No;
        }
        match (slot_of_location(location), slot_of_instance(&self.path)) {
            (Some(theirs), Some(ours)) if theirs == ours => Same::Yes,
            (Some(_), Some(_)) => Same::No,
            _ => Same::Unknown,
        }
    }
}

/// Device and function of a PCI address, `0000:00:1f.1`, as one byte.
fn slot_of_location(location: &str) -> Option<u8> {
    let (device, function) = location.rsplit(':').next()?.split_once('.')?;
    let device = u8::from_str_radix(device, 16).ok().filter(|it| *it < 32)?;
    let function = u8::from_str_radix(function, 16).ok().filter(|it| *it < 8)?;
    location.contains(':').then_some(device << 3 | function)
}

/// The same of a PCI instance id: the last part begins with the device's own
/// place, that of each bridge above it follows (`00:1f.1` is `..&F9`, and
/// `03:00.0` behind `00:17.0` is `..&00B8` in real hives).
fn slot_of_instance(path: &str) -> Option<u8> {
    if !path.get(..4)?.eq_ignore_ascii_case("PCI\\") {
        return None;
    }
    let last = path.rsplit(['&', '\\']).next()?;
    u8::from_str_radix(last.get(..2)?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_told_by_its_place_or_its_instance() {
        let known = |path: &str| Instance {
            path: path.to_owned(),
            binding: Binding::default(),
        };
        let at = |location: Option<&str>| Device {
            location: location.map(str::to_owned),
            ..Device::default()
        };
        let ide = known("PCI\\VEN_8086&DEV_24CB&SUBSYS_01261028&REV_01\\3&172e68dd&0&F9");
        assert_eq!(ide.is(&at(Some("00:1f.1"))), Same::Yes);
        assert_eq!(ide.is(&at(Some("0000:00:1f.1"))), Same::Yes);
        assert_eq!(ide.is(&at(Some("00:1f.2"))), Same::No);
        assert_eq!(ide.is(&at(None)), Same::Unknown);
        assert_eq!(ide.is(&at(Some("slot 3"))), Same::Unknown);
        let same = "pci\\ven_8086&dev_24cb&subsys_01261028&rev_01\\3&172E68DD&0&F9";
        assert_eq!(ide.is(&at(Some(same))), Same::Yes);
        let other = "PCI\\VEN_8086&DEV_24CB&SUBSYS_01261028&REV_01\\3&11583659&0&FA";
        assert_eq!(ide.is(&at(Some(other))), Same::No);
        let nvme = known("PCI\\VEN_15AD&DEV_07F0&SUBSYS_07F015AD&REV_00\\4&3b50545d&0&00B8");
        assert_eq!(nvme.is(&at(Some("0000:0b:00.0"))), Same::Yes);
    }
}
