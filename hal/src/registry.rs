//! What the registry says of the HAL: the device of class Computer, wherever it
//! hangs, and its driver's key.
//!
//! Setup and Plug and Play keep the HAL as the driver of a device below
//! `Enum\Root`: `ACPI_HAL\0000` in ACPI installations, `PCI_HAL\0000` in others.
//! The key's name is not relied on: every device below `Enum\Root` whose class
//! is {4D36E966-..} is taken (one in both real XP installations that were read).
//! Both control sets that count are read: the one that the next boot takes, and
//! the one that the last boot took where that is another.

use wimwright_servicing::registry::{ControlSet, Hive, HiveError, Key};

/// The class of computers.
const COMPUTER: &str = "{4D36E966-E325-11CE-BFC1-08002BE10318}";
/// More devices of that class than this are not listed: one is normal.
const MAX_COMPUTERS: usize = 16;

/// The HAL as one control set has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RegistryHal {
    /// Which control set.
    pub control_set: ControlSet,
    /// The devices of class Computer.
    pub computers: Vec<Computer>,
    /// Whether there are devices below the ACPI HAL (`Enum\ACPI_HAL`).
    pub acpi_tree: bool,
    /// When the service `ACPI` starts; 0 is at boot.
    pub acpi_start: Option<u32>,
    /// What the first device below the ACPI HAL says of itself, by the value's
    /// place in the hive.
    pub acpi_device: Vec<(String, String)>,
}

/// A device of class Computer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Computer {
    /// Its key, from the hive's root.
    pub key: String,
    /// Its `HardwareID`.
    pub hardware_ids: Vec<String>,
    /// Its driver's key, from the hive's root; `None` where it names none.
    pub driver_key: Option<String>,
    /// `MatchingDeviceId` there.
    pub matching_id: Option<String>,
    /// `InfSection` there.
    pub section: Option<String>,
    /// All that both keys say of the HAL, these included, by the value's place
    /// in the hive.
    pub told: Vec<(String, String)>,
}

/// What the device says, and the key of its driver.
const OF_DEVICE: [&str; 8] = [
    "HardwareID",
    "CompatibleIDs",
    "Service",
    "Class",
    "ClassGUID",
    "Driver",
    "DeviceDesc",
    "Mfg",
];
const OF_DRIVER: [&str; 7] = [
    "MatchingDeviceId",
    "InfSection",
    "InfPath",
    "DriverDesc",
    "ProviderName",
    "DriverVersion",
    "DriverDate",
];

impl RegistryHal {
    /// Reads it from the SYSTEM hive.
    ///
    /// # Errors
    /// [`HiveError`] where a record is damaged.
    pub(crate) fn read(system: &Hive, control_set: ControlSet) -> Result<RegistryHal, HiveError> {
        let mut found = RegistryHal {
            control_set,
            computers: Vec::new(),
            acpi_tree: system
                .key(&format!("{control_set}\\Enum\\ACPI_HAL"))?
                .is_some(),
            acpi_start: number(system, &format!("{control_set}\\Services\\ACPI"), "Start")?,
            acpi_device: acpi_device(system, control_set)?,
        };
        let root = format!("{control_set}\\Enum\\Root");
        let Some(key) = system.key(&root)? else {
            return Ok(found);
        };
        for device in key.subkeys()? {
            let device = device?;
            for instance in device.subkeys()? {
                let instance = instance?;
                let class = text(instance, "ClassGUID")?;
                if class.is_some_and(|class| class.eq_ignore_ascii_case(COMPUTER))
                    && found.computers.len() < MAX_COMPUTERS
                {
                    let (device, name) = (device.name()?, instance.name()?);
                    let key = format!(
                        "{root}\\{}\\{}",
                        device.to_string_lossy(),
                        name.to_string_lossy()
                    );
                    let computer = Computer::read(system, control_set, key, instance)?;
                    found.computers.push(computer);
                }
            }
        }
        Ok(found)
    }

    /// The id that the one device reports first; `None` where there is none,
    /// or more than one.
    pub(crate) fn hardware_id(&self) -> Option<&str> {
        match self.computers.as_slice() {
            [one] => one.hardware_ids.first().map(String::as_str),
            _ => None,
        }
    }
}

impl Computer {
    fn read(
        system: &Hive,
        control_set: ControlSet,
        key: String,
        instance: Key<'_>,
    ) -> Result<Computer, HiveError> {
        let ids = instance.value("HardwareID")?;
        let ids = ids.and_then(|value| value.as_multi_string());
        let mut computer = Computer {
            hardware_ids: ids.unwrap_or_default(),
            told: told(instance, &key, &OF_DEVICE)?,
            key,
            ..Computer::default()
        };
        let Some(driver) = text(instance, "Driver")? else {
            return Ok(computer);
        };
        let path = format!("{control_set}\\Control\\Class\\{driver}");
        if let Some(key) = system.key(&path)? {
            computer.matching_id = text(key, "MatchingDeviceId")?;
            computer.section = text(key, "InfSection")?;
            computer.told.extend(told(key, &path, &OF_DRIVER)?);
        }
        computer.driver_key = Some(path);
        Ok(computer)
    }
}

/// The texts of a key that are there, of those with these names.
fn told(key: Key<'_>, path: &str, names: &[&str]) -> Result<Vec<(String, String)>, HiveError> {
    let mut told = Vec::new();
    for name in names {
        let Some(value) = key.value(name)? else {
            continue;
        };
        let text = match value.as_multi_string() {
            Some(several) => Some(several.join(", ")),
            None => value.as_string().map(plain),
        };
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            told.push((format!("{path}\\{name}"), text));
        }
    }
    Ok(told)
}

/// The first device below the ACPI HAL: `Enum\ACPI_HAL\PNP0C08\0` in real
/// installations.
fn acpi_device(system: &Hive, control_set: ControlSet) -> Result<Vec<(String, String)>, HiveError> {
    let top = format!("{control_set}\\Enum\\ACPI_HAL");
    let Some(tree) = system.key(&top)? else {
        return Ok(Vec::new());
    };
    let Some(device) = tree.subkeys()?.next().transpose()? else {
        return Ok(Vec::new());
    };
    let Some(instance) = device.subkeys()?.next().transpose()? else {
        return Ok(Vec::new());
    };
    let path = format!(
        "{top}\\{}\\{}",
        device.name()?.to_string_lossy(),
        instance.name()?.to_string_lossy()
    );
    told(instance, &path, &["HardwareID", "Service"])
}

/// The text of an indirect string: what stands behind the last semicolon of
/// `@hal.inf,%id%;ACPI x64-based PC`.
fn plain(text: String) -> String {
    match text
        .strip_prefix('@')
        .and_then(|rest| rest.rsplit_once(';'))
    {
        Some((_, plain)) => plain.to_owned(),
        None => text,
    }
}

/// A text of a key, where there is one and it is not empty.
pub(crate) fn text(key: Key<'_>, name: &str) -> Result<Option<String>, HiveError> {
    let value = key.value(name)?;
    let text = value.and_then(|value| value.as_string());
    Ok(text.filter(|text| !text.is_empty()))
}

/// A number of a key that may not be there.
pub(crate) fn number(system: &Hive, key: &str, name: &str) -> Result<Option<u32>, HiveError> {
    let Some(key) = system.key(key)? else {
        return Ok(None);
    };
    Ok(key.value(name)?.and_then(|value| value.as_u32()))
}
