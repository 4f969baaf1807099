//! The way from a controller to the boot volume, device by device, as the
//! kernel builds it.

use std::sync::Arc;

use wimwright_servicing::hardware::{Bus, Device, Hardware};
use wimwright_servicing::registry::{ControlSet, Hive, HiveName};
use wimwright_servicing::{Draft, Generation};

use super::binding::{Binding, Lookup, Registry};
use super::controllers::{ancestors, disks_behind, enumerator};
use super::driver::PathDriver;
use super::file::Files;
use super::filter::{DISK_DRIVE, HDC, PARTITIONS, VOLUME};
use super::obstacle::{Mend, Obstacle, Part};
use super::{check, instance};
use crate::error::Error;
use crate::stored::in_hive;

/// One control set of an image, walked.
pub(super) struct Walk<'d> {
    pub(super) draft: &'d Draft,
    pub(super) hive: Arc<Hive>,
    pub(super) set: ControlSet,
    pub(super) files: Files<'d>,
    /// The drivers that were met, in the order of the way.
    pub(super) drivers: Vec<PathDriver>,
}

impl<'d> Walk<'d> {
    pub(super) fn new(draft: &'d Draft, hive: Arc<Hive>, set: ControlSet) -> Walk<'d> {
        Walk {
            draft,
            hive,
            set,
            files: Files::new(draft),
            drivers: Vec::new(),
        }
    }

    fn registry(&self) -> Registry<'_> {
        let facts = self.draft.facts();
        Registry {
            hive: &self.hive,
            set: self.set,
            generation: facts.generation,
            version: facts.version,
        }
    }

    /// Checks the buses that a controller hangs on.
    pub(super) fn buses(
        &mut self,
        hardware: &Hardware,
        controller: &Device,
    ) -> Result<Vec<Obstacle>, Error> {
        let mut obstacles = Vec::new();
        let part = Part::Bus;
        // A computer without ACPI has other roots; then the image is of 2000 to
        // 2003, and knows none of ACPI's devices.
        let acpi = self.of_all(&["*PNP0C08"], &["ACPI_HAL\\PNP0C08"])?;
        let root = match enumerator(controller.id()).to_ascii_uppercase().as_str() {
            "PCI" => Some(self.of_all(
                &["*PNP0A08", "*PNP0A03"],
                &["ACPI\\PNP0A08", "ACPI\\PNP0A03", "PCI_HAL\\PNP0A03"],
            )?),
            "VMBUS" => Some(self.of_all(&["ACPI\\VMBus"], &["ACPI\\VMBus"])?),
            _ => None,
        };
        let optional = self.draft.facts().generation == Generation::Nt5;
        for (id, lookup, optional) in [
            ("*PNP0C08", Some(acpi), optional),
            (enumerator(controller.id()), root, false),
        ] {
            match lookup {
                Some(Lookup::None) if optional => {}
                Some(lookup) => {
                    let what = format!("the bus driver for `{id}`");
                    let (_, found) = self.device(part, &what, id, lookup)?;
                    obstacles.extend(found);
                }
                None => {}
            }
        }
        let above = ancestors(hardware, controller).filter(|bus| is_own_bus(bus));
        let above: Vec<&Device> = above.collect();
        for bus in above.into_iter().rev() {
            let lookup = self.of_device(bus)?;
            let (_, found) = self.device(part, &what(bus), bus.id(), lookup)?;
            obstacles.extend(found);
        }
        Ok(obstacles)
    }

    /// Checks a controller; its driver, and what is wrong.
    pub(super) fn controller(
        &mut self,
        controller: &Device,
    ) -> Result<(Option<Binding>, Vec<Obstacle>), Error> {
        let lookup = self.of_device(controller)?;
        let none = matches!(lookup, Lookup::None);
        let what = what(controller);
        let (binding, mut obstacles) =
            self.device(Part::Controller, &what, controller.id(), lookup)?;
        if none {
            let inbox = self.inbox_ide(controller)?;
            for obstacle in &mut obstacles {
                if !inbox.is_empty() {
                    obstacle.mends.clone_from(&inbox);
                }
            }
        }
        Ok((binding, obstacles))
    }

    /// Checks the channels of an IDE controller whose driver is one of class
    /// HDC; other drivers have the disks below themselves.
    pub(super) fn channels(
        &mut self,
        controller: &Device,
        binding: &Binding,
    ) -> Result<Vec<Obstacle>, Error> {
        let is_ide = matches!(controller.pci_class(), Some((0x01, 0x01, _)));
        let class = binding.class.as_deref();
        // The instance of a device that Setup has not finished names no class.
        if !is_ide || class.is_some_and(|class| !class.eq_ignore_ascii_case(HDC)) {
            return Ok(Vec::new());
        }
        let part = Part::Channel;
        let known = "PCIIDE\\IDEChannel";
        if let Some(prefix) = &binding.children {
            let mut obstacles = Vec::new();
            let mut seen = false;
            for channel in 0..2 {
                let name = format!("{prefix}&{channel}");
                let found = instance::named(&self.hive, self.set, known, &name);
                if let Some(found) = found.map_err(in_hive(HiveName::System))? {
                    seen = true;
                    let what = format!("IDE channel {channel}");
                    obstacles.extend(self.device(part, &what, known, Lookup::Bound(found))?.1);
                }
            }
            if seen {
                return Ok(obstacles);
            }
        }
        // Which of its two channels has the disk is not known: each has a name
        // of its own before Vista, and one name for both after.
        let names: &[&str] = match self.draft.facts().generation {
            Generation::Nt5 => &["Primary_IDE_Channel", "Secondary_IDE_Channel"],
            _ => &["Internal_IDE_Channel"],
        };
        let mut obstacles = Vec::new();
        for name in names {
            let lookup = self.of_all(&[name, "*PNP0600"], &[])?;
            let what = format!("the IDE channel `{name}`");
            obstacles.extend(self.device(part, &what, name, lookup)?.1);
        }
        Ok(obstacles)
    }

    /// Checks the disks behind a controller: those that the file shows, else
    /// one that has nothing but the id of all disks.
    pub(super) fn disk(
        &mut self,
        hardware: &Hardware,
        controller: &Device,
    ) -> Result<Vec<Obstacle>, Error> {
        let mut obstacles: Vec<Obstacle> = Vec::new();
        let any = self.of_all(&["GenDisk"], &[])?;
        let any = self.or_known(any, "IDE", "Disk")?;
        let any = self.or_known(any, "SCSI", "Disk")?;
        let disks = disks_behind(hardware, controller);
        if disks.is_empty() {
            let (_, found) = self.device(Part::Disk, "the disk", "GenDisk", any)?;
            obstacles.extend(found);
        } else if let Some(disk) = disks.first() {
            let lookup = match self.of_device(disk)? {
                Lookup::None => any,
                found => found,
            };
            let (_, found) = self.device(Part::Disk, &what(disk), "GenDisk", lookup)?;
            obstacles.extend(found);
        }
        obstacles.extend(self.class_filters(Part::Disk, DISK_DRIVE)?);
        obstacles.extend(self.partitions()?);
        Ok(obstacles)
    }

    /// Checks the volume manager and the volume, which are the same behind
    /// every disk.
    pub(super) fn volume(&mut self) -> Result<Vec<Obstacle>, Error> {
        let mut obstacles = Vec::new();
        let generation = self.draft.facts().generation;
        let manager = match generation {
            Generation::Nt5 => "ROOT\\FTDISK",
            _ => "ROOT\\VOLMGR",
        };
        let lookup = self.of_all(&[manager], &[manager])?;
        let (_, found) = self.device(Part::VolumeManager, "the volume manager", manager, lookup)?;
        obstacles.extend(found);
        // It has no device of its own: it waits for volumes.
        obstacles.extend(self.driver(Part::VolumeManager, "MountMgr", None, None)?);
        let lookup = self.of_all(&["STORAGE\\Volume"], &[])?;
        let lookup = self.or_known(lookup, "STORAGE", "Volume")?;
        // Volumes of XP and 2003 may have no driver but their class' filters.
        if !matches!((generation, &lookup), (Generation::Nt5, Lookup::None)) {
            let id = "STORAGE\\Volume";
            obstacles.extend(self.device(Part::Volume, "the volume", id, lookup)?.1);
        }
        obstacles.extend(self.class_filters(Part::Volume, VOLUME)?);
        Ok(obstacles)
    }

    /// Partitions are found by a filter of all disks, which stands in every real
    /// hive of XP to 10.
    fn partitions(&self) -> Result<Option<Obstacle>, Error> {
        let class = format!("{}\\Control\\Class\\{DISK_DRIVE}", self.set);
        let lists = self.class_lists(&class)?;
        let upper = lists.iter().find(|list| list.value == "UpperFilters");
        let upper = upper.map(|list| list.services.clone()).unwrap_or_default();
        let is = |name: &String| name.eq_ignore_ascii_case(PARTITIONS);
        if upper.iter().any(is) {
            return Ok(None);
        }
        let key = format!("SYSTEM\\{class}");
        let message = format!(
            "no partition of a disk is found: UpperFilters of `{key}` does not name `{PARTITIONS}`"
        );
        let mut data = vec![PARTITIONS.to_owned()];
        data.extend(upper);
        let found = Obstacle::stops(&check::FILTER, Part::Disk, message);
        Ok(Some(found.mended_by([Mend::SetValue {
            key,
            name: "UpperFilters".to_owned(),
            kind: "multi-sz",
            data,
        }])))
    }

    fn of_all(&self, ids: &[&str], known: &[&str]) -> Result<Lookup, Error> {
        let found = self.registry().of_all(ids, known);
        found.map_err(in_hive(HiveName::System))
    }

    /// What `found` is, and where that is nothing, a device of that kind that
    /// the image was used with.
    fn or_known(&self, found: Lookup, enumerator: &str, kind: &str) -> Result<Lookup, Error> {
        if !matches!(found, Lookup::None | Lookup::Broken(_)) {
            return Ok(found);
        }
        let known = instance::of_kind(&self.hive, self.set, enumerator, kind);
        let known = known.map_err(in_hive(HiveName::System))?;
        Ok(known.map_or(found, Lookup::OnlyIfSame))
    }

    fn of_device(&self, device: &Device) -> Result<Lookup, Error> {
        let found = self.registry().of_device(device);
        found.map_err(in_hive(HiveName::System))
    }

    /// Checks a device: what drives it, the driver, the filters.
    fn device(
        &mut self,
        part: Part,
        what: &str,
        id: &str,
        lookup: Lookup,
    ) -> Result<(Option<Binding>, Vec<Obstacle>), Error> {
        let mend = || [Mend::AddDriver { id: id.to_owned() }];
        let mut obstacles = Vec::new();
        let binding = match lookup {
            Lookup::Bound(binding) => binding,
            Lookup::OnlyIfSame(binding) => {
                let message = format!(
                    "`SYSTEM\\{}` gives {what} its driver only if it is the very one that the image \
                     was used with, and the description does not tell",
                    binding.at
                );
                obstacles.push(Obstacle::may(&check::BOUND, part, message).mended_by(mend()));
                binding
            }
            Lookup::Broken(why) => {
                let message = format!("nothing in the image drives {what}: {why}");
                let found = Obstacle::stops(&check::BOUND, part, message);
                return Ok((None, vec![found.mended_by(mend())]));
            }
            Lookup::Untold(entry) => {
                let message = format!(
                    "none of the ids that are told of {what} has a driver in the image; `{entry}` \
                     has one, and the description does not say whether the device has that id \
                     (`lspci -nnvk` does)"
                );
                let found = Obstacle::may(&check::BOUND, part, message);
                return Ok((None, vec![found]));
            }
            Lookup::None => {
                let message = format!(
                    "nothing in the image drives {what}: none of its ids is in {}",
                    self.database()
                );
                let found = Obstacle::stops(&check::BOUND, part, message);
                return Ok((None, vec![found.mended_by(mend())]));
            }
        };
        if binding.disabled {
            let key = format!("SYSTEM\\{}", binding.at);
            let message = format!("the image has {what} disabled: ConfigFlags of `{key}`");
            let found = Obstacle::stops(&check::ENABLED, part, message);
            obstacles.push(found.mended_by([Mend::SetValue {
                key,
                name: "ConfigFlags".to_owned(),
                kind: "dword",
                data: vec!["0".to_owned()],
            }]));
        }
        match binding.service.clone() {
            Some(service) => {
                obstacles.extend(self.driver(part, &service, Some(&binding), None)?);
            }
            None => {
                let message = format!(
                    "`SYSTEM\\{}` gives {what} no driver: it names no Service",
                    binding.at
                );
                let found = Obstacle::stops(&check::BOUND, part, message);
                obstacles.push(found.mended_by(mend()));
            }
        }
        obstacles.extend(self.device_filters(part, &binding)?);
        // The classes of disks and volumes are checked with the layer that they
        // are, once.
        if matches!(part, Part::Controller | Part::Channel)
            && let Some(class) = binding.class.clone()
        {
            obstacles.extend(self.class_filters(part, &class)?);
        }
        Ok((Some(binding), obstacles))
    }

    /// Where drivers are looked up before anything can be installed.
    fn database(&self) -> String {
        match self.draft.facts().generation {
            Generation::DriverDatabase => "`SYSTEM\\DriverDatabase\\DeviceIds`".to_owned(),
            _ => format!("`SYSTEM\\{}\\Control\\CriticalDeviceDatabase`", self.set),
        }
    }

    /// The standard IDE driver of 2000 to 7 takes any IDE controller; where the
    /// image has it ready, an entry for the controller's class is enough
    /// (Microsoft's KB 314082).
    fn inbox_ide(&mut self, controller: &Device) -> Result<Vec<Mend>, Error> {
        let before = self.draft.facts().generation == Generation::DriverDatabase;
        let is_ide = matches!(controller.pci_class(), Some((0x01, 0x01, _)));
        if before || !is_ide {
            return Ok(Vec::new());
        }
        let met = self.drivers.len();
        let ready = self.driver(Part::Controller, "pciide", None, None)?;
        self.drivers.truncate(met);
        if !ready.is_empty() {
            return Ok(Vec::new());
        }
        let key = format!(
            "SYSTEM\\{}\\Control\\CriticalDeviceDatabase\\PCI#CC_0101",
            self.set
        );
        let set = |name: &str, data: &str| Mend::SetValue {
            key: key.clone(),
            name: name.to_owned(),
            kind: "sz",
            data: vec![data.to_owned()],
        };
        Ok(vec![
            set("ClassGUID", &HDC.to_uppercase()),
            set("Service", "pciide"),
        ])
    }
}

/// Whether a device above a controller needs a driver of its own. Those that
/// the firmware or the image itself lists (ACPI, ROOT) do not: some have none,
/// and the buses among them were looked at.
fn is_own_bus(device: &Device) -> bool {
    let enumerator = enumerator(device.id());
    let listed = ["ACPI", "ACPI_HAL", "PCI_HAL", "ROOT", "HTREE", "SWD"];
    device.id().contains('\\')
        && !listed
            .iter()
            .any(|known| known.eq_ignore_ascii_case(enumerator))
}

/// A device for people.
fn what(device: &Device) -> String {
    let kind = match (device.bus, device.pci_class()) {
        (_, Some((0x01, 0x01, _))) => "the IDE controller",
        (_, Some((0x01, 0x04, _))) => "the RAID controller",
        (_, Some((0x01, 0x06, _))) => "the SATA controller",
        (_, Some((0x01, 0x07, _))) => "the SAS controller",
        (_, Some((0x01, 0x08, _))) => "the NVMe controller",
        (_, Some((0x01, ..))) => "the storage controller",
        (_, Some((0x0c, 0x03, _))) => "the USB controller",
        (Bus::Pci, Some((0x06, ..))) => "the bridge",
        _ => "the device",
    };
    format!("{kind} `{}`", device.id())
}
