//! The state of a package or feature.

use std::fmt;

use serde::{Serialize, Serializer};

/// A state, as the registry keeps it: `CurrentState` (states of Microsoft's
/// "CBS Servicing States Chart"). Negative numbers say that the package is
/// broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PackageState(pub i32);

impl PackageState {
    /// Not there.
    pub const ABSENT: PackageState = PackageState(0);
    /// To be removed at the next start.
    pub const UNINSTALL_PENDING: PackageState = PackageState(0x05);
    /// Known, and no more: its files are not in the store.
    pub const RESOLVED: PackageState = PackageState(0x20);
    /// In the store, and not in use.
    pub const STAGED: PackageState = PackageState(0x40);
    /// In the store; a newer one is in use.
    pub const SUPERSEDED: PackageState = PackageState(0x50);
    /// To be installed at the next start.
    pub const INSTALL_PENDING: PackageState = PackageState(0x60);
    /// Some of it is in use.
    pub const PARTIALLY_INSTALLED: PackageState = PackageState(0x65);
    /// In use.
    pub const INSTALLED: PackageState = PackageState(0x70);
    /// In use, and not to be removed.
    pub const PERMANENT: PackageState = PackageState(0x80);

    /// From a value of the registry. Some values hold more in their upper half
    /// (`Owners`: visibility); the state is the lower one then.
    pub fn from_value(value: u32) -> PackageState {
        let signed = value as i32;
        match signed < 0 {
            true => PackageState(signed),
            false => PackageState(signed & 0xffff),
        }
    }

    /// Whether it is in use.
    pub fn is_installed(self) -> bool {
        matches!(self, PackageState::INSTALLED | PackageState::PERMANENT)
    }

    /// Whether something is left to be done at the next start.
    pub fn is_pending(self) -> bool {
        matches!(
            self,
            PackageState::UNINSTALL_PENDING | PackageState::INSTALL_PENDING
        )
    }

    /// Whether Windows marked it as broken.
    pub fn is_broken(self) -> bool {
        self.0 < 0
    }

    /// Its name; `None` where the number has none.
    pub fn name(self) -> Option<&'static str> {
        Some(match self.0 {
            0 => "absent",
            0x05 => "uninstall-pending",
            0x10 => "resolving",
            0x20 => "resolved",
            0x30 => "staging",
            0x40 => "staged",
            0x50 => "superseded",
            0x60 => "install-pending",
            0x65 => "partially-installed",
            0x70 => "installed",
            0x80 => "permanent",
            _ => return None,
        })
    }
}

impl fmt::Display for PackageState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(name) = self.name() {
            return f.write_str(name);
        }
        let whole = PackageState(self.0.saturating_neg());
        match (self.is_broken(), whole.name()) {
            (true, Some(name)) => write!(f, "broken-{name}"),
            _ => write!(f, "unknown-{:#x}", self.0 as u32),
        }
    }
}

impl Serialize for PackageState {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_have_the_names_of_the_chart_and_broken_ones_say_so() {
        let said = |value: u32| PackageState::from_value(value).to_string();
        assert_eq!(said(0x70), "installed");
        assert_eq!(said(0x0002_0070), "installed");
        assert_eq!(said(0x40), "staged");
        assert_eq!(said(-112_i32 as u32), "broken-installed");
        assert_eq!(said(0x33), "unknown-0x33");
        assert!(!PackageState::from_value(-112_i32 as u32).is_installed());
    }
}
