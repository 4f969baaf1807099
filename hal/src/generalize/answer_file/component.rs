//! In which passes Microsoft documents settings of a component.
//!
//! The image does not say it: the list of components with their passes is part
//! of the Windows System Image Manager's catalogs, which are made from manifests
//! that an image holds only in packed form. These are the components that answer
//! files of the public really use. Source: Microsoft, Unattended Windows Setup
//! Reference, the section "Valid configuration passes" of each component.

use super::Pass;
use super::Pass::{
    AuditSystem, AuditUser, Generalize, OfflineServicing, OobeSystem, Specialize, WindowsPe,
};

/// A component whose passes are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Known {
    /// Its name.
    pub name: &'static str,
    /// The passes in which it has settings.
    pub passes: &'static [Pass],
}

const fn row(name: &'static str, passes: &'static [Pass]) -> Known {
    Known { name, passes }
}

const ALL: [Known; 11] = [
    row("Microsoft-Windows-Setup", &[WindowsPe]),
    row("Microsoft-Windows-International-Core-WinPE", &[WindowsPe]),
    row("Microsoft-Windows-PnpCustomizationsWinPE", &[WindowsPe]),
    row(
        "Microsoft-Windows-PnpCustomizationsNonWinPE",
        &[OfflineServicing, AuditSystem],
    ),
    row("Microsoft-Windows-PnpSysprep", &[Generalize]),
    row("Microsoft-Windows-Security-SPP", &[Generalize]),
    row(
        "Microsoft-Windows-UnattendedJoin",
        &[OfflineServicing, Specialize],
    ),
    row(
        "Microsoft-Windows-Deployment",
        &[Generalize, Specialize, AuditSystem, AuditUser, OobeSystem],
    ),
    row(
        "Microsoft-Windows-Shell-Setup",
        &[
            OfflineServicing,
            Generalize,
            Specialize,
            AuditSystem,
            AuditUser,
            OobeSystem,
        ],
    ),
    row(
        "Microsoft-Windows-International-Core",
        &[Specialize, OobeSystem],
    ),
    row("Microsoft-Windows-TCPIP", &[WindowsPe, Specialize]),
];

/// What is known of a component; `None` where nothing is.
pub(crate) fn known(name: &str) -> Option<&'static Known> {
    ALL.iter()
        .find(|known| known.name.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_are_listed_once_with_their_passes_in_order() {
        for (index, row) in ALL.iter().enumerate() {
            let again = ALL.iter().skip(index + 1);
            assert!(
                again.clone().all(|other| other.name != row.name),
                "{}",
                row.name
            );
            assert!(
                !row.passes.is_empty() && row.passes.is_sorted(),
                "{}",
                row.name
            );
        }
    }
}
