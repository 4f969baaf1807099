//! Which control sets an image has, and which ones an edit goes to.
//!
//! Offline there is no `CurrentControlSet`: `Select` says which numbered set
//! the next boot takes (`Default`) and which the last one took (`Current`).

use std::fmt;

use serde::Serialize;
use wimwright_hive::Hive;

use super::RegistryError;
use super::hive_name::HiveName;

/// A numbered control set, resolved: `ControlSet001`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct ControlSet(pub u32);

impl fmt::Display for ControlSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ControlSet{:03}", self.0)
    }
}

/// What `SYSTEM\Select` says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ControlSets {
    /// The set that the next boot takes.
    pub default: ControlSet,
    /// The set that the last boot took; `None` before the first boot.
    pub current: Option<ControlSet>,
    /// The last set that booted to a logon.
    pub last_known_good: Option<ControlSet>,
    /// The set that failed to boot, if one did.
    pub failed: Option<ControlSet>,
}

impl ControlSets {
    /// Reads `Select`.
    ///
    /// # Errors
    /// [`RegistryError`] when the hive cannot be read there, when `Select`
    /// lacks `Default`, or when the set it names is not there.
    pub fn read(system: &Hive) -> Result<ControlSets, RegistryError> {
        let broken = |source| RegistryError::in_hive(&HiveName::System, source);
        let missing = |what: &str| RegistryError::Select { what: what.into() };
        let select = system
            .key("Select")
            .map_err(broken)?
            .ok_or_else(|| missing("there is no key `Select`"))?;
        let read = |name: &str| -> Result<Option<ControlSet>, RegistryError> {
            let value = select.value(name).map_err(broken)?;
            // 0 means that there is none.
            let number = value
                .and_then(|value| value.as_u32())
                .filter(|set| *set != 0);
            Ok(number.map(ControlSet))
        };
        let sets = ControlSets {
            default: read("Default")?.ok_or_else(|| missing("`Select` has no number `Default`"))?,
            current: read("Current")?,
            last_known_good: read("LastKnownGood")?,
            failed: read("Failed")?,
        };
        for set in sets.targets() {
            if system.key(&set.to_string()).map_err(broken)?.is_none() {
                return Err(missing(&format!(
                    "`Select` names {set}, which is not there"
                )));
            }
        }
        Ok(sets)
    }

    /// The sets that an edit goes to: the default one, and the current one
    /// where it differs. Never the failed or last known good one: they are the
    /// way back.
    pub fn targets(&self) -> Vec<ControlSet> {
        let mut targets = vec![self.default];
        targets.extend(self.current.filter(|current| *current != self.default));
        targets
    }
}
