//! A driver's service, as far as it decides whether the loader takes it.

use wimwright_servicing::registry::{ControlSet, Hive, HiveError};

/// `SERVICE_KERNEL_DRIVER`, `SERVICE_FILE_SYSTEM_DRIVER` and
/// `SERVICE_RECOGNIZER_DRIVER` of winnt.h: what is loaded into the kernel.
const DRIVER_TYPES: [u32; 3] = [1, 2, 8];

/// A service.
#[derive(Clone, Debug)]
pub(super) struct Service {
    /// Its name, as the hive spells it.
    pub(super) name: String,
    /// `Type`.
    pub(super) kind: Option<u32>,
    /// `Start`.
    pub(super) start: Option<u32>,
    /// What `StartOverride` says for the hardware that the image was last used
    /// with.
    pub(super) start_override: Option<u32>,
    /// `Group`.
    pub(super) group: Option<String>,
    /// `ImagePath`.
    pub(super) image_path: Option<String>,
    /// `BootFlags`: on which ways of booting the loader takes it although its
    /// `Start` is not 0.
    pub(super) boot_flags: u32,
    /// The published INFs that own it; from Windows 8 on.
    pub(super) owners: Vec<String>,
}

impl Service {
    /// Reads `name` of a control set; `None` where there is no such service.
    pub(super) fn read(
        hive: &Hive,
        set: ControlSet,
        name: &str,
    ) -> Result<Option<Service>, HiveError> {
        // A name with a backslash would lead to another key.
        if name.is_empty() || name.contains('\\') {
            return Ok(None);
        }
        let Some(key) = hive.key(&format!("{set}\\Services\\{name}"))? else {
            return Ok(None);
        };
        let number = |name| -> Result<Option<u32>, HiveError> {
            Ok(key.value(name)?.and_then(|value| value.as_u32()))
        };
        let text = |name| -> Result<Option<String>, HiveError> {
            Ok(key.value(name)?.and_then(|value| value.as_string()))
        };
        let start_override = match key.subkey("StartOverride")? {
            Some(below) => below.value(&configuration(hive)?)?,
            None => None,
        };
        let owners = key.value("Owners")?;
        Ok(Some(Service {
            name: key.name()?.to_string_lossy(),
            kind: number("Type")?,
            start: number("Start")?,
            start_override: start_override.and_then(|value| value.as_u32()),
            group: text("Group")?.filter(|group| !group.is_empty()),
            image_path: text("ImagePath")?,
            boot_flags: number("BootFlags")?.unwrap_or_default(),
            owners: owners
                .and_then(|owners| owners.as_multi_string())
                .unwrap_or_default(),
        }))
    }

    /// Whether it is something that the loader can load.
    pub(super) fn is_driver(&self) -> bool {
        self.kind.is_some_and(|kind| DRIVER_TYPES.contains(&kind))
    }
}

/// The hardware configuration that the image was last used with: the number by
/// which `StartOverride` names its values. In all real hives of 8.1 and 10 it
/// is 0, as the values are named, while the current hardware profile is 1.
fn configuration(hive: &Hive) -> Result<String, HiveError> {
    let key = hive.key("HardwareConfig")?;
    let id = match key {
        Some(key) => key.value("LastId")?.and_then(|value| value.as_u32()),
        None => None,
    };
    Ok(id.unwrap_or(0).to_string())
}
