//! `PCI\` ids.
//!
//! The lists are those of "Identifiers for PCI Devices" (Windows driver
//! documentation); the order, what a missing subsystem changes and the device
//! types are from real hives.

use super::{Enumerator, Ids};

/// A class code; the interface only where it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PciClass {
    /// Base class, such as 1 for storage.
    pub base: u8,
    /// Sub-class, such as 6 for SATA.
    pub sub: u8,
    /// Programming interface, such as 1 for AHCI.
    pub interface: Option<u8>,
}

/// The numbers of a PCI function.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct PciFunction {
    /// Vendor id.
    pub vendor: u16,
    /// Device id.
    pub device: u16,
    /// Subsystem vendor and subsystem id; both 0 where the function says that
    /// it has none, `None` where it is not known.
    pub subsystem: Option<(u16, u16)>,
    /// Revision id, where known.
    pub revision: Option<u8>,
    /// Class code, where known.
    pub class: Option<PciClass>,
    /// The device/port type of the PCI Express capability (0 endpoint, 4 root
    /// port, ...), where the function has one and Windows controls the
    /// hierarchy natively; Windows leaves the type out where firmware does not
    /// grant it that.
    pub express_type: Option<u8>,
}

impl PciFunction {
    /// Its ids. Lists are shorter where a number is not known; nothing is
    /// filled in.
    pub fn ids(&self, enumerator: Enumerator) -> Ids {
        let vendor = format!("PCI\\VEN_{:04X}", self.vendor);
        let device = format!("{vendor}&DEV_{:04X}", self.device);
        let revision = self.revision.map(|byte| format!("&REV_{byte:02X}"));
        let classes: Vec<String> = self.class.map_or_else(Vec::new, PciClass::suffixes);
        let mut ids = Ids::default();

        if let Some((by, id)) = self.subsystem {
            let subsystem = format!("{device}&SUBSYS_{id:04X}{by:04X}");
            if let Some(revision) = &revision {
                ids.hardware.push(format!("{subsystem}{revision}"));
            }
            ids.hardware.push(subsystem);
        }
        let plain = revision
            .iter()
            .map(|revision| format!("{device}{revision}"));
        let plain: Vec<String> = plain.chain([device.clone()]).collect();
        let of_class = classes.iter().map(|class| format!("{device}&{class}"));
        // Without a subsystem the plain ids are as good as the device can be
        // named; with one they are only compatible.
        if self.subsystem == Some((0, 0)) {
            ids.hardware.extend(plain);
            ids.hardware.extend(of_class);
        } else {
            ids.hardware.extend(of_class);
            ids.compatible.extend(plain);
        }
        ids.compatible
            .extend(classes.iter().map(|class| format!("{vendor}&{class}")));
        ids.compatible.push(vendor);
        let express = self
            .express_type
            .filter(|_| enumerator >= Enumerator::Vista);
        for class in &classes {
            if let Some(express) = express {
                ids.compatible.push(format!("PCI\\{class}&DT_{express:X}"));
            }
            ids.compatible.push(format!("PCI\\{class}"));
        }
        ids
    }
}

impl PciClass {
    /// `CC_ccsspp` where the interface is known, and `CC_ccss`.
    fn suffixes(self) -> Vec<String> {
        let short = format!("CC_{:02X}{:02X}", self.base, self.sub);
        let long = self.interface.map(|byte| format!("{short}{byte:02X}"));
        long.into_iter().chain([short]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_in_no_id() {
        let function = PciFunction {
            vendor: 0x8086,
            device: 0x1e03,
            class: Some(PciClass {
                base: 1,
                sub: 6,
                interface: None,
            }),
            ..PciFunction::default()
        };
        let ids = function.ids(Enumerator::Windows10);
        assert_eq!(ids.hardware, ["PCI\\VEN_8086&DEV_1E03&CC_0106"]);
        assert_eq!(
            ids.compatible,
            [
                "PCI\\VEN_8086&DEV_1E03",
                "PCI\\VEN_8086&CC_0106",
                "PCI\\VEN_8086",
                "PCI\\CC_0106"
            ]
        );
    }
}
