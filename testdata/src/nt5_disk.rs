//! What a Windows 2000, XP or Server 2003 that was installed on one computer
//! has to reach its disk there, and no other: as the real hives of XP SP3 and
//! XP x64 have it.

use wimwright_hive::Hive;

use crate::image::Data;
use crate::nt5::{Nt5, SET};
use crate::pe::{AMD64, Pe, X86};

/// The class of IDE controllers.
const HDC: &str = "{4D36E96A-E325-11CE-BFC1-08002BE10318}";
/// The class of disks.
const DISK_DRIVE: &str = "{4D36E967-E325-11CE-BFC1-08002BE10318}";

/// The services that start with the kernel, each a file of its name.
const BOOT_DRIVERS: [&str; 8] = [
    "ACPI", "atapi", "disk", "ftdisk", "intelide", "MountMgr", "PartMgr", "pci",
];

/// Below System32, where the hive's services that start with the kernel have
/// their files.
fn boot_drivers(system: Vec<u8>) -> Result<Vec<String>, wimwright_hive::Error> {
    let hive = Hive::open(system)?;
    let mut files = Vec::new();
    let Some(services) = hive.key(&format!("{SET}\\Services"))? else {
        return Ok(files);
    };
    for service in services.subkeys()? {
        let service = service?;
        let start = service.value("Start")?.and_then(|value| value.as_u32());
        if start != Some(0) {
            continue;
        }
        let path = service.value("ImagePath")?;
        let path = path.and_then(|value| value.as_string());
        let name = service.name()?.to_string_lossy();
        let path = path.unwrap_or_else(|| format!("system32\\drivers\\{name}.sys"));
        let path = path.to_lowercase().replace('\\', "/");
        files.extend(path.strip_prefix("system32/").map(str::to_owned));
    }
    Ok(files)
}

impl Nt5 {
    /// Puts a file for every driver that the hive which it is made around starts
    /// with the kernel.
    pub fn put_boot_drivers(&mut self) {
        let Some(system) = self.system.clone() else {
            return;
        };
        let machine = if self.windows.minor == 2 { AMD64 } else { X86 };
        let driver = Pe {
            machine,
            ..Pe::default()
        };
        let driver = driver.build();
        let named = boot_drivers(system).unwrap_or_else(|error| panic!("SYSTEM: {error}"));
        for path in named {
            self.put(&format!("Windows/System32/{path}"), &driver);
        }
    }

    /// Gives it the way to a disk behind the IDE controller of Intel's PIIX4,
    /// and behind no other controller.
    pub fn put_disk(&mut self) {
        let x64 = self.windows.minor == 2;
        let driver = Pe {
            machine: if x64 { AMD64 } else { X86 },
            ..Pe::default()
        };
        let driver = driver.build();
        for name in BOOT_DRIVERS {
            let key = format!("{SET}\\Services\\{name}");
            self.number(&key, "Start", 0);
            self.number(&key, "Type", 1);
            self.number(&key, "ErrorControl", 1);
            let file = name.to_lowercase();
            self.put(&format!("Windows/System32/drivers/{file}.sys"), &driver);
        }
        // The loader reads the file system of the boot volume by itself.
        self.put("Windows/System32/drivers/ntfs.sys", &driver);
        for (id, service, class) in [
            ("pci#ven_8086&dev_7111", "intelide", HDC),
            ("primary_ide_channel", "atapi", HDC),
            ("secondary_ide_channel", "atapi", HDC),
            ("gendisk", "disk", DISK_DRIVE),
        ] {
            let key = format!("{SET}\\Control\\CriticalDeviceDatabase\\{id}");
            self.text(&key, "Service", service);
            self.text(&key, "ClassGUID", class);
        }
        for (device, service) in [
            ("ACPI\\PNP0A03\\2&daba3ff&0", "pci"),
            ("Root\\ftdisk\\0000", "ftdisk"),
        ] {
            self.text(&format!("{SET}\\Enum\\{device}"), "Service", service);
        }
        let class = format!("{SET}\\Control\\Class\\{DISK_DRIVE}");
        let partitions = Data::Multi(vec!["PartMgr"]);
        self.values.push((class, "UpperFilters", partitions));
    }
}
