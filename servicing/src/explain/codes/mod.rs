//! The codes themselves, as data: one file for those who number them alike.
//!
//! An entry says what failed, the usual causes in the order of how often they
//! are it, and what can be done about an image. Its name and meaning rest on
//! its source; each cause says for itself how sure it is. Commands stand in
//! the form in which they are typed, behind the program's name, with `IMAGE`,
//! `FILE` and the like for what the user fills in.

mod catalogs;
mod dism;
mod kernel;
mod servicing;
mod setup;
mod setup_api;
mod stops;
mod update;
mod windows;

use super::code::{Code, Reading};
use crate::plan::Certainty;

pub use setup::{Pair, SetupStep};

/// Who numbers a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// Results that belong to no family below: servicing, DISM, Windows
    /// Update, certificates.
    Hresult,
    /// Windows' own errors, 0 to 0xFFFF, also as `0x8007nnnn`.
    Win32,
    /// SetupAPI, `0xE000nnnn`, also as `0x800Fnnnn`.
    SetupApi,
    /// Statuses of the kernel.
    NtStatus,
    /// Blue screens.
    Stop,
}

impl Family {
    /// Its name in documents.
    pub fn name(self) -> &'static str {
        match self {
            Family::Hresult => "hresult",
            Family::Win32 => "win32",
            Family::SetupApi => "setupapi",
            Family::NtStatus => "ntstatus",
            Family::Stop => "stop",
        }
    }
}

/// What is known of a code.
#[derive(Debug)]
pub struct Entry {
    /// Who numbers it.
    pub family: Family,
    /// Its number there.
    pub value: u32,
    /// Its name in the headers of Windows; empty where no page gives one.
    pub name: &'static str,
    /// What failed: a sentence.
    pub meaning: &'static str,
    /// How sure name and meaning are.
    pub sure: Certainty,
    /// Where they are said: the address of a public page.
    pub source: &'static str,
    /// The usual causes, the likeliest first: clauses without a full stop.
    pub causes: &'static [Cause],
    /// What can be done here, in order.
    pub steps: &'static [Step],
}

impl Entry {
    /// The number as it is written where it is met.
    pub fn code(&self) -> Code {
        let reading = match self.family {
            Family::Stop => Reading::Stop,
            Family::Win32 => Reading::Decimal,
            Family::Hresult | Family::SetupApi | Family::NtStatus => Reading::Hex,
        };
        Code {
            reading,
            ..Code::hex(self.value)
        }
    }
}

/// A usual cause.
#[derive(Debug)]
pub struct Cause {
    /// What it is.
    pub text: &'static str,
    /// How sure it is that this is one.
    pub sure: Certainty,
}

/// Something to do.
#[derive(Debug)]
pub struct Step {
    /// What and why: a clause without a full stop.
    pub text: &'static str,
    /// The command, behind the program's name.
    pub command: Option<&'static str>,
}

/// Public pages that several files cite.
mod page {
    /// \[MS-ERREF\] 2.2: Windows' errors.
    pub(super) const WIN32: &str = "https://learn.microsoft.com/openspecs/windows_protocols/\
        ms-erref/18d8fbe8-a967-4f1c-ae50-99ca8e491d2d";
    /// \[MS-ERREF\] 2.1.1: HRESULTs.
    pub(super) const HRESULT: &str = "https://learn.microsoft.com/openspecs/windows_protocols/\
        ms-erref/705fb797-2175-4a90-b5a3-3918024b10b8";
    /// \[MS-ERREF\] 2.3.1: statuses.
    pub(super) const NTSTATUS: &str = "https://learn.microsoft.com/openspecs/windows_protocols/\
        ms-erref/596a1078-e883-4972-9bbc-49e60bebca55";
    /// KB 947821.
    pub(super) const FIX: &str = "https://learn.microsoft.com/troubleshoot/windows-server/\
        installing-updates-features-roles/fix-windows-update-errors";
    /// Microsoft's guidance on updates that are not applicable.
    pub(super) const GUIDANCE: &str = "https://learn.microsoft.com/troubleshoot/windows-server/\
        installing-updates-features-roles/troubleshoot-windows-server-update-guidance";
    /// Updates in virtual machines of Azure, with a table of codes.
    pub(super) const AZURE: &str = "https://learn.microsoft.com/troubleshoot/azure/\
        virtual-machines/windows/troubleshoot-windows-update-failures-azure-vm";
}

/// Defines a file's entries.
///
/// `number "NAME" certainty source; "meaning"`, then causes as
/// `| certainty "text"` and steps as `> "text" "command"`.
macro_rules! codes {
    ($family:ident: $(
        $value:literal $name:literal $sure:ident $source:expr; $meaning:literal
        $(| $certain:ident $cause:literal)*
        $(> $step:literal $($command:literal)?)*
        ;
    )+) => {
        /// The entries of this file, by number.
        pub(super) static CODES: &[$crate::explain::codes::Entry] = &[$(
            $crate::explain::codes::Entry {
                family: $crate::explain::codes::Family::$family,
                value: $value,
                name: $name,
                meaning: $meaning,
                sure: $crate::plan::Certainty::$sure,
                source: $source,
                causes: &[$(
                    $crate::explain::codes::Cause {
                        text: $cause,
                        sure: $crate::plan::Certainty::$certain,
                    },
                )*],
                steps: &[$(
                    $crate::explain::codes::Step {
                        text: $step,
                        command: codes!(@command $($command)?),
                    },
                )*],
            },
        )+];
    };
    (@command) => { None };
    (@command $command:literal) => { Some($command) };
}
use codes;

/// All lists, each by number.
static LISTS: &[&[Entry]] = &[
    catalogs::CODES,
    dism::CODES,
    servicing::CODES,
    update::CODES,
    setup::CODES,
    windows::CODES,
    setup_api::CODES,
    kernel::CODES,
    stops::CODES,
];

/// Every entry there is.
pub fn entries() -> impl Iterator<Item = &'static Entry> {
    LISTS.iter().copied().flatten()
}

/// The entry with this number.
pub(super) fn find(family: Family, value: u32) -> Option<&'static Entry> {
    LISTS.iter().copied().find_map(|list| {
        let of_family = list.first().is_some_and(|entry| entry.family == family);
        let at = list.binary_search_by_key(&value, |entry| entry.value);
        list.get(at.ok()?).filter(|_| of_family)
    })
}

/// The entry with this name, like `CBS_E_NOT_APPLICABLE`, without regard to
/// case.
pub fn by_name(name: &str) -> Option<&'static Entry> {
    let named = !name.is_empty();
    entries().find(|entry| named && entry.name.eq_ignore_ascii_case(name))
}

/// What is known of a result and an extend code of Windows Setup together.
pub(super) fn find_pair(result: u32, extend: u32) -> Option<&'static Pair> {
    let mut pairs = setup::PAIRS.iter();
    pairs.find(|pair| (pair.result, pair.extend) == (result, extend))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn lists_are_in_order_and_of_one_family() {
        for list in LISTS {
            for pair in list.windows(2) {
                let [left, right] = pair else { continue };
                assert!(left.value < right.value, "{} {}", left.name, right.name);
                assert_eq!(left.family, right.family, "{}", right.name);
            }
        }
        let all: Vec<_> = entries().map(|entry| (entry.family, entry.value)).collect();
        let once: BTreeSet<_> = all.iter().collect();
        assert_eq!(once.len(), all.len(), "two lists have the same number");
    }

    #[test]
    fn the_promised_number_of_codes_is_there() {
        let of = |family| entries().filter(|entry| entry.family == family).count();
        assert!(of(Family::Stop) >= 20);
        let errors = entries().count() - of(Family::Stop);
        assert!(errors >= 100, "{errors}");
    }

    #[test]
    fn every_entry_says_what_it_must() {
        let mut names = BTreeSet::new();
        for entry in entries() {
            let name = entry.name;
            assert!(name.is_empty() || names.insert(name), "{name} twice");
            let plain = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
            assert!(name.chars().all(plain), "{name}");
            assert!(entry.meaning.ends_with('.'), "{name}");
            assert!(entry.source.starts_with("https://"), "{name}");
            assert!(!entry.causes.is_empty(), "{name}");
            assert!(!entry.steps.is_empty(), "{name}");
            let clauses = entry.causes.iter().map(|cause| cause.text);
            for clause in clauses.chain(entry.steps.iter().map(|step| step.text)) {
                assert!(
                    !clause.ends_with('.') && !clause.is_empty(),
                    "{name}: {clause}"
                );
            }
            // What is certain has a source of its own kind: Microsoft's.
            if entry.sure == Certainty::Stated {
                let known = [
                    "learn.microsoft.com",
                    "technet.microsoft.com",
                    "support.microsoft.com",
                ];
                let host = entry.source.strip_prefix("https://").unwrap_or_default();
                assert!(known.iter().any(|known| host.starts_with(known)), "{name}");
            }
        }
    }

    #[test]
    fn names_lead_to_their_entries() {
        let found = by_name("cbs_e_not_applicable");
        assert_eq!(found.map(|entry| entry.value), Some(0x800F_081E));
        assert!(by_name("NO_SUCH_NAME").is_none());
        for entry in entries() {
            let found = find(entry.family, entry.value);
            assert!(
                found.is_some_and(|found| std::ptr::eq(found, entry)),
                "{}",
                entry.name
            );
        }
    }
}
