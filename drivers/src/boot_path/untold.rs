//! Ids that a PCI device has and its description does not tell: a listing
//! without programming interfaces, subsystems or revisions gives fewer of them,
//! and an entry for one of the others may drive the device all the same.

use wimwright_servicing::Generation;
use wimwright_servicing::hardware::Device;
use wimwright_servicing::registry::HiveError;

use super::binding::Registry;

/// What of a device's numbers is not told.
#[derive(Debug, PartialEq, Eq)]
struct Untold {
    /// `VEN_8086&DEV_3A02`.
    device: String,
    /// `CC_0106`, where the interface behind it is not told.
    class: Option<String>,
    subsystem: bool,
    revision: bool,
}

impl Untold {
    /// `None` for what is no PCI device, and for one of which all is told.
    fn of(device: &Device) -> Option<Untold> {
        let ids = || device.ids().map(str::to_ascii_uppercase);
        let id = ids().find_map(|id| {
            let mut parts = id.strip_prefix("PCI\\")?.split('&');
            let (vendor, device) = (parts.next()?, parts.next()?);
            let both = vendor.starts_with("VEN_") && device.starts_with("DEV_");
            both.then(|| format!("{vendor}&{device}"))
        })?;
        let class = match device.pci_class() {
            Some((base, sub, None)) => Some(format!("CC_{base:02X}{sub:02X}")),
            _ => None,
        };
        let lacks = |what: &str| !ids().any(|id| id.contains(what));
        let untold = Untold {
            device: id,
            class,
            subsystem: lacks("&SUBSYS_"),
            revision: lacks("&REV_"),
        };
        let something = untold.class.is_some() || untold.subsystem || untold.revision;
        something.then_some(untold)
    }

    /// Whether `name`, an id without its enumerator, may be one of the device's.
    fn may_be(&self, name: &str) -> bool {
        let name = name.to_ascii_uppercase();
        let part = |prefix: &str| name.split('&').any(|part| part.starts_with(prefix));
        // What is told was looked up, so an entry that differs there is not its.
        let told = (part("SUBSYS_") && !self.subsystem) || (part("REV_") && !self.revision);
        let of_class = |class: &String| {
            let longer = class.len() + 2;
            let mut parts = name.split('&');
            parts.any(|part| part.starts_with(class.as_str()) && part.len() == longer)
        };
        let interface = self.class.as_ref().is_some_and(of_class);
        if told || (part("CC_") && !interface) {
            return false;
        }
        match name.strip_prefix(&self.device) {
            Some(rest) => rest.starts_with('&'),
            None => interface && name.starts_with("CC_"),
        }
    }
}

impl Registry<'_> {
    /// An id that has an entry, and may be one of those that the description of
    /// `device` does not tell.
    pub(super) fn untold(&self, device: &Device) -> Result<Option<String>, HiveError> {
        let Some(untold) = Untold::of(device) else {
            return Ok(None);
        };
        let (key, prefix) = match self.generation {
            Generation::DriverDatabase => ("DriverDatabase\\DeviceIds\\PCI".to_owned(), ""),
            Generation::Nt5 | Generation::Nt6 => (
                format!("{}\\Control\\CriticalDeviceDatabase", self.set),
                "PCI#",
            ),
        };
        let Some(key) = self.hive.key(&key)? else {
            return Ok(None);
        };
        for below in key.subkeys()? {
            let name = below?.name()?.to_string_lossy().to_ascii_uppercase();
            if let Some(id) = name.strip_prefix(prefix)
                && untold.may_be(id)
            {
                return Ok(Some(format!("PCI\\{id}")));
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(ids: &[&str]) -> Device {
        Device {
            hardware_ids: ids.iter().map(|id| (*id).to_owned()).collect(),
            ..Device::default()
        }
    }

    #[test]
    fn only_ids_of_untold_numbers_may_be_its() {
        let bare = device(&["PCI\\VEN_8086&DEV_3A02&CC_0106", "PCI\\CC_0106"]);
        let bare = Untold::of(&bare).unwrap();
        for (id, expected) in [
            ("CC_010601", true),
            ("CC_0106", false),
            ("CC_010400", false),
            ("VEN_8086&DEV_3A02&SUBSYS_00000000", true),
            ("ven_8086&dev_3a02&cc_010601", true),
            ("VEN_8086&DEV_3A02&CC_0104", false),
            ("VEN_8086&DEV_3A02&REV_01", true),
            ("VEN_8086&DEV_3A03&REV_01", false),
            ("VEN_8086&DEV_3A02", false),
        ] {
            assert_eq!(bare.may_be(id), expected, "{id}");
        }
        let with_interface = device(&["PCI\\VEN_8086&DEV_3A02&CC_010601"]);
        let with_interface = Untold::of(&with_interface).unwrap();
        assert!(!with_interface.may_be("CC_010601"));
        assert!(with_interface.may_be("VEN_8086&DEV_3A02&SUBSYS_00000000"));
    }

    #[test]
    fn of_a_whole_description_nothing_is_untold() {
        let whole = device(&["PCI\\VEN_8086&DEV_3A02&SUBSYS_0&REV_00", "PCI\\CC_010601"]);
        assert_eq!(Untold::of(&whole), None);
        assert_eq!(Untold::of(&device(&["*PNP0A03"])), None);
    }
}
