//! What else the SYSTEM hive says that bears on other computers: services that
//! fit one kind of machine only, processors, mini-setup.
//!
//! Key and value names are those of real XP installations; the values of a
//! sysprepped image are named in `sysprep.exe` of XP SP3 and in public scripts
//! (see [`MiniSetup`]).

use wimwright_servicing::registry::{ControlSet, Hive, HiveError};

use crate::registry::{number, text};

/// Services that the checks ask for, beside the HAL's own.
pub(crate) const SERVICES: &[&str] = &[
    // Drivers of processors.
    "intelppm",
    "amdk8",
    "AmdK8",
    "AmdPPM",
    "AmdK7",
    "AmdK6",
    "crusoe",
    "p3",
    "processr",
    // APM.
    "NtApm",
    // AGP filters of Windows.
    "agp440",
    "agpCPQ",
    "alim1541",
    "amdagp",
    "sisagp",
    "viaagp",
    "uagp35",
    "gagp30kx",
    // Guests of hypervisors.
    "vmscsi",
    "vmx_svga",
    "vmxnet",
    "VMTools",
    "vmci",
    "VBoxGuest",
    "VBoxService",
    "VBoxVideo",
    "prl_tg",
    "xenevtchn",
    "vmbus",
    "s3cap",
];

/// A service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Service {
    /// Its name, as spelled in the registry's path that was asked for.
    pub name: &'static str,
    /// Its key, from the hive's root.
    pub key: String,
    /// When it starts: 0 boot, 1 system, 2 automatic, 3 on demand, 4 never.
    pub start: Option<u32>,
}

/// Facts of the SYSTEM hive, of the control set that the next boot takes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SystemFacts {
    /// `Control\Windows\CSDVersion`: the service pack in its second byte.
    pub csd_version: Option<u32>,
    /// `LicensedProcessors`: sockets that may be used.
    pub licensed_processors: Option<u32>,
    /// Those of [`SERVICES`] that are there.
    pub services: Vec<Service>,
    /// The drive letters of `MountedDevices` with what they stand for.
    pub drive_letters: Vec<(String, Vec<u8>)>,
    /// What the key `Setup` says.
    pub setup: SetupKey,
    /// `SystemStartOptions`: the options of boot.ini that the last boot was
    /// with, without their slashes.
    pub start_options: Option<String>,
    /// What tells of the service pack and of the computer that the image was
    /// made on, by the value's place in the hive.
    pub told: Vec<(String, String)>,
}

/// Values of `Control`, and below it, that tell of the computer the image was made on
/// and of its last boot.
const TOLD: [(&str, &str); 9] = [
    ("Windows", "CSDVersion"),
    ("", "SystemStartOptions"),
    (
        "Session Manager\\Memory Management",
        "PhysicalAddressExtension",
    ),
    ("Session Manager\\Environment", "NUMBER_OF_PROCESSORS"),
    ("Session Manager\\Environment", "PROCESSOR_IDENTIFIER"),
    ("Session Manager\\Environment", "PROCESSOR_ARCHITECTURE"),
    ("Session Manager", "LicensedProcessors"),
    ("Session Manager", "RegisteredProcessors"),
    ("Biosinfo", "SystemBiosDate"),
];

/// The key `SYSTEM\Setup`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SetupKey {
    /// `CmdLine`, of either type.
    pub command: String,
    /// `SetupType`.
    pub setup_type: Option<u32>,
    /// `SystemSetupInProgress`.
    pub in_progress: Option<u32>,
    /// `MiniSetupInProgress`.
    pub mini_setup: Option<u32>,
}

/// Whether an NT 5 image waits for mini-setup, the first boot after Sysprep.
///
/// Source: strings of `sysprep.exe` of XP SP3 and two public scripts that test
/// for them; no sysprepped image was at hand. A `CmdLine` alone says nothing: a
/// real installation of XP x64 keeps `setup -newsetup` from its setup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MiniSetup {
    /// It does: command and progress both say so.
    Waits,
    /// It does not.
    No,
    /// Some signs are there and others are not.
    Unclear,
}

impl SetupKey {
    /// What the values come to.
    pub(crate) fn mini_setup(&self) -> MiniSetup {
        let command = self.command.to_ascii_lowercase();
        // SP3's sysprep writes `setup.exe -newsetup -mini`, older ones
        // `setup -newsetup -mini`; a factory-style welcome runs msoobe.
        let commanded = command.contains("-newsetup -mini") || command.contains("msoobe");
        let set = |value: Option<u32>| value.is_some_and(|number| number != 0);
        let running = set(self.in_progress) || set(self.mini_setup);
        match (commanded, running, set(self.setup_type)) {
            (true, true, _) => MiniSetup::Waits,
            (false, false, false) => MiniSetup::No,
            // Left over by an update: `msoobe.exe /update` of a real XP.
            (true, false, false) => MiniSetup::No,
            _ => MiniSetup::Unclear,
        }
    }
}

impl SystemFacts {
    /// Reads them.
    ///
    /// # Errors
    /// [`HiveError`] where a record is damaged.
    pub(crate) fn read(system: &Hive, control_set: ControlSet) -> Result<SystemFacts, HiveError> {
        let control = format!("{control_set}\\Control");
        let manager = format!("{control}\\Session Manager");
        let mut facts = SystemFacts {
            csd_version: number(system, &format!("{control}\\Windows"), "CSDVersion")?,
            licensed_processors: number(system, &manager, "LicensedProcessors")?,
            ..SystemFacts::default()
        };
        if let Some(key) = system.key(&control)? {
            facts.start_options = text(key, "SystemStartOptions")?;
        }
        for (key, name) in TOLD {
            let key = match key {
                "" => control.clone(),
                key => format!("{control}\\{key}"),
            };
            let value = match system.key(&key)? {
                Some(key) => key.value(name)?,
                None => None,
            };
            let told = value.and_then(|value| match (name, value.as_u32()) {
                ("CSDVersion", Some(number)) => Some(format!("{number:#x}")),
                (_, Some(number)) => Some(number.to_string()),
                (_, None) => value.as_string(),
            });
            if let Some(told) = told {
                facts.told.push((format!("{key}\\{name}"), told));
            }
        }
        for name in SERVICES {
            let path = format!("{control_set}\\Services\\{name}");
            let Some(key) = system.key(&path)? else {
                continue;
            };
            let start = key.value("Start")?.and_then(|value| value.as_u32());
            let known = facts.services.iter();
            if { known }.all(|known| !known.name.eq_ignore_ascii_case(name)) {
                facts.services.push(Service {
                    name,
                    key: path,
                    start,
                });
            }
        }
        if let Some(key) = system.key("MountedDevices")? {
            for value in key.values()? {
                let value = value?;
                let name = value.name()?.to_string_lossy();
                if let Some(letter) = name.strip_prefix("\\DosDevices\\") {
                    let letter = letter.to_owned();
                    facts
                        .drive_letters
                        .push((letter, value.data()?.into_owned()));
                }
            }
            facts.drive_letters.sort();
        }
        if let Some(key) = system.key("Setup")? {
            let of = |name| -> Result<Option<u32>, HiveError> {
                Ok(key.value(name)?.and_then(|value| value.as_u32()))
            };
            let command = key.value("CmdLine")?;
            // XP has it as text or as a list of texts.
            let command = command.map(|value| match value.as_multi_string() {
                Some(lines) => lines.join(" "),
                None => value.as_string().unwrap_or_default(),
            });
            facts.setup = SetupKey {
                command: command.unwrap_or_default(),
                setup_type: of("SetupType")?,
                in_progress: of("SystemSetupInProgress")?,
                mini_setup: of("MiniSetupInProgress")?,
            };
        }
        Ok(facts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mini_setup_needs_its_command_and_its_progress() {
        let key = |command: &str, setup_type, in_progress, mini_setup| SetupKey {
            command: command.to_owned(),
            setup_type,
            in_progress,
            mini_setup,
        };
        for (setup, found) in [
            // As in the real XP SP3, XP x64 and the updated XP in VMware.
            (key("", Some(0), Some(0), None), MiniSetup::No),
            (
                key("setup -newsetup", Some(0), Some(0), None),
                MiniSetup::No,
            ),
            (
                key(
                    "C:\\WINDOWS\\System32\\oobe\\msoobe.exe /update",
                    Some(0),
                    Some(0),
                    None,
                ),
                MiniSetup::No,
            ),
            (
                key("setup.exe -newsetup -mini", Some(1), Some(1), Some(1)),
                MiniSetup::Waits,
            ),
            (
                key("Setup -NewSetup -Mini", Some(2), Some(1), None),
                MiniSetup::Waits,
            ),
            (
                key(
                    "%SystemRoot%\\System32\\oobe\\msoobe.exe /f",
                    Some(2),
                    Some(1),
                    None,
                ),
                MiniSetup::Waits,
            ),
            // Text-mode setup ended, the installation goes on.
            (
                key("setup -newsetup", Some(1), Some(1), None),
                MiniSetup::Unclear,
            ),
            (
                key("setup -newsetup -mini", Some(1), Some(0), None),
                MiniSetup::Unclear,
            ),
            (key("", Some(0), Some(0), Some(1)), MiniSetup::Unclear),
        ] {
            assert_eq!(setup.mini_setup(), found, "{setup:?}");
        }
    }
}
