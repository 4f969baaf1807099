//! What the programs that install packages say with their exit codes.
//!
//! | code | name | source |
//! |---|---|---|
//! | 3010, 1641 | `ERROR_SUCCESS_REBOOT_REQUIRED`, `..._INITIATED` | winerror.h |
//! | 2359301, 2359302 | `WU_S_REBOOT_REQUIRED`, `WU_S_ALREADY_INSTALLED` | Microsoft, WUA success and error codes; KB 949545 |
//! | 0x80240017 | `WU_E_NOT_APPLICABLE` | the same |
//! | 0x80240016 | `WU_E_INSTALL_NOT_ALLOWED`: another installation, or a restart, first | the same |
//! | 0x800f081e | `CBS_E_NOT_APPLICABLE` | err.exe |
//! | 0x000f0803 | `CBS_S_STACK_SHUTDOWN_REQUIRED` | TechNet cc732334, common CBS errors |
//! | 0x800f0806, 0x000f0801 | `CBS_E_PENDING`, `CBS_S_BUSY` | the same |
//! | 1618 | `ERROR_INSTALL_ALREADY_RUNNING` | winerror.h |
//!
//! cmd.exe writes them as signed decimal numbers.

use std::fmt;

/// What a package's exit code means for the packages behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// It is installed.
    Installed,
    /// It is installed; a restart completes it.
    Restart,
    /// It was installed before.
    Already,
    /// Windows does not want it.
    NotApplicable,
    /// It was not installed: the code says why.
    Failed,
    /// It asked three times for a restart before it.
    GaveUp,
    /// Its file was not there.
    Missing,
}

impl Outcome {
    pub(super) const ALL: [Outcome; 7] = [
        Outcome::Installed,
        Outcome::Restart,
        Outcome::Already,
        Outcome::NotApplicable,
        Outcome::Failed,
        Outcome::GaveUp,
        Outcome::Missing,
    ];

    /// Its kebab-case name, which result files have.
    pub fn name(self) -> &'static str {
        match self {
            Outcome::Installed => "installed",
            Outcome::Restart => "restart",
            Outcome::Already => "already",
            Outcome::NotApplicable => "not-applicable",
            Outcome::Failed => "failed",
            Outcome::GaveUp => "gave-up",
            Outcome::Missing => "missing",
        }
    }

    /// The outcome of that name.
    pub(super) fn from_name(name: &str) -> Option<Outcome> {
        Outcome::ALL.into_iter().find(|one| one.name() == name)
    }

    /// Whether nothing is left to do for the package.
    pub fn is_settled(self) -> bool {
        !matches!(self, Outcome::Failed | Outcome::GaveUp | Outcome::Missing)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Outcome::Installed => "installed",
            Outcome::Restart => "installed, a restart completes it",
            Outcome::Already => "was installed already",
            Outcome::NotApplicable => "not applicable to that Windows",
            Outcome::Failed => "failed",
            Outcome::GaveUp => "given up: it asked for a restart three times",
            Outcome::Missing => "its file was missing",
        })
    }
}

/// The codes whose meaning is known; `None` asks for a restart, or the end of
/// another installation, before the package is tried again.
pub(super) const CODES: [(i32, Option<Outcome>); 12] = [
    (0, Some(Outcome::Installed)),
    (3010, Some(Outcome::Restart)),
    (1641, Some(Outcome::Restart)),
    (0x0024_0005, Some(Outcome::Restart)),
    (0x000f_0803, Some(Outcome::Restart)),
    (0x0024_0006, Some(Outcome::Already)),
    (0x8024_0017_u32.cast_signed(), Some(Outcome::NotApplicable)),
    (0x800f_081e_u32.cast_signed(), Some(Outcome::NotApplicable)),
    (0x8024_0016_u32.cast_signed(), None),
    (0x800f_0806_u32.cast_signed(), None),
    (0x000f_0801, None),
    (1618, None),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_the_numbers_that_scripts_compare() {
        let decimal = |number: &str| {
            let found = CODES.iter().find(|(code, _)| code.to_string() == number);
            found.map(|(_, outcome)| *outcome)
        };
        for (number, outcome) in [
            ("0", Some(Some(Outcome::Installed))),
            ("3010", Some(Some(Outcome::Restart))),
            ("2359302", Some(Some(Outcome::Already))),
            ("-2145124329", Some(Some(Outcome::NotApplicable))),
            ("-2146498530", Some(Some(Outcome::NotApplicable))),
            ("-2145124330", Some(None)),
            ("5", None),
        ] {
            assert_eq!(decimal(number), outcome, "{number}");
        }
        for outcome in Outcome::ALL {
            assert_eq!(Outcome::from_name(outcome.name()), Some(outcome));
        }
    }
}
