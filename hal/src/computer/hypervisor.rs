//! Whether a computer is a virtual one, and of which hypervisor.
//!
//! Told by what its firmware calls the maker and model, else by the PCI vendors
//! of its devices (the vendor ids of the PCI ID repository). The services of
//! guests are those that VMware's migration guide (VCL) disables and that a real
//! XP x64 in VirtualBox has.

use std::fmt;

use wimwright_servicing::hardware::Hardware;

/// A hypervisor whose guests carry services of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Hypervisor {
    /// VMware.
    VmWare,
    /// VirtualBox.
    VirtualBox,
    /// Hyper-V and Virtual PC.
    HyperV,
    /// Xen.
    Xen,
    /// Parallels.
    Parallels,
    /// QEMU, with KVM or without.
    Qemu,
}

impl fmt::Display for Hypervisor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Hypervisor::VmWare => "VMware",
            Hypervisor::VirtualBox => "VirtualBox",
            Hypervisor::HyperV => "Hyper-V",
            Hypervisor::Xen => "Xen",
            Hypervisor::Parallels => "Parallels",
            Hypervisor::Qemu => "QEMU",
        })
    }
}

/// What kind of computer it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Machine {
    /// A virtual one.
    Virtual(Hypervisor),
    /// A physical one.
    Physical,
    /// Nothing is known of it.
    Unknown,
}

impl Hypervisor {
    /// The one whose guests have this service.
    pub fn of_service(service: &str) -> Option<Hypervisor> {
        Some(match service.to_ascii_lowercase().as_str() {
            "vmscsi" | "vmx_svga" | "vmxnet" | "vmtools" | "vmci" => Hypervisor::VmWare,
            "vboxguest" | "vboxservice" | "vboxvideo" => Hypervisor::VirtualBox,
            "vmbus" | "s3cap" => Hypervisor::HyperV,
            "xenevtchn" => Hypervisor::Xen,
            "prl_tg" => Hypervisor::Parallels,
            _ => return None,
        })
    }
}

impl Machine {
    /// What the facts say.
    pub fn of(hardware: &Hardware) -> Machine {
        let firmware = &hardware.firmware;
        let names = [&firmware.manufacturer, &firmware.model].into_iter();
        let names: Vec<&str> = names.flatten().map(String::as_str).collect();
        let named = names.join(" ").to_ascii_lowercase();
        for (word, hypervisor) in [
            ("vmware", Hypervisor::VmWare),
            ("virtualbox", Hypervisor::VirtualBox),
            ("innotek", Hypervisor::VirtualBox),
            ("microsoft corporation virtual machine", Hypervisor::HyperV),
            ("xen", Hypervisor::Xen),
            ("parallels", Hypervisor::Parallels),
            ("qemu", Hypervisor::Qemu),
            ("kvm", Hypervisor::Qemu),
        ] {
            if named.contains(word) {
                return Machine::Virtual(hypervisor);
            }
        }
        for device in &hardware.devices {
            let id = device.id().to_ascii_uppercase();
            for (vendor, hypervisor) in [
                ("PCI\\VEN_15AD&", Hypervisor::VmWare),
                ("PCI\\VEN_80EE&", Hypervisor::VirtualBox),
                ("PCI\\VEN_1414&DEV_5353", Hypervisor::HyperV),
                ("PCI\\VEN_5853&", Hypervisor::Xen),
                ("PCI\\VEN_1AB8&", Hypervisor::Parallels),
                ("PCI\\VEN_1234&DEV_1111", Hypervisor::Qemu),
                ("PCI\\VEN_1B36&", Hypervisor::Qemu),
            ] {
                if id.starts_with(vendor) {
                    return Machine::Virtual(hypervisor);
                }
            }
        }
        match firmware.manufacturer.is_some() {
            true => Machine::Physical,
            false => Machine::Unknown,
        }
    }
}
