//! The part of what is left that is removed offline.

use wimwright_servicing::{Applied, Draft, DraftError};

use super::leftovers::{self, Cleaning};
use super::look::named;
use super::seal::{self, OnlyInsideWindows};
use super::{Verdict, report};
use crate::survey::Unreadable;

/// What was removed of a kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cleaned {
    /// Which kind.
    pub name: &'static str,
    /// How many files, folders, keys and values.
    pub removed: usize,
    /// Where they were.
    pub places: Vec<String>,
    /// What of it stays, and why.
    pub kept: Vec<Kept>,
}

/// What stays of a kind that can be cleaned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Where it is.
    pub place: String,
    /// Why it stays.
    pub reason: &'static str,
}

/// Why an image is not cleaned; nothing was planned then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CleanError {
    /// No kind has this name.
    #[error("no leftover is called `{name}`")]
    UnknownName {
        /// The name.
        name: String,
    },
    /// This kind is not cleaned offline.
    #[error("`{name}` is not cleaned offline: {instead}")]
    NotOffline {
        /// The kind.
        name: &'static str,
        /// What to do instead.
        instead: &'static str,
    },
    /// The state of an image is no leftover.
    #[error(transparent)]
    State(#[from] OnlyInsideWindows),
    /// Cleaning would hide what is wrong with it.
    #[error("the image is neither installed nor generalized, and cleaning would hide that: {}", differences.join("; "))]
    Inconsistent {
        /// What contradicts the rest.
        differences: Vec<String>,
    },
    /// Sysprep stopped midway.
    #[error(
        "Sysprep or Setup stopped midway in this image: no copy of it gets to its welcome, cleaned or not"
    )]
    HalfDone,
    /// It belongs to a domain.
    #[error(
        "the image belongs to a domain ({}): cleaning would not make it one that can be cloned",
        named(places)
    )]
    Joined {
        /// Where that stands.
        places: Vec<String>,
    },
    /// The image cannot be read.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// A change could not be planned.
    #[error(transparent)]
    Draft(#[from] DraftError),
}

impl CleanError {
    /// What the user can do about it, where we know.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            CleanError::UnknownName { .. } => {
                "`generalize report --list` lists the names".to_owned()
            }
            CleanError::Inconsistent { .. } => {
                "`generalize report` shows what contradicts what; go back to the state before \
                 Sysprep, and run it again inside Windows"
                    .to_owned()
            }
            CleanError::HalfDone => {
                "go back to the state before Sysprep; `generalize report` shows which provider \
                 failed"
                    .to_owned()
            }
            CleanError::Joined { .. } => {
                "leave the domain inside Windows, then run Sysprep /generalize".to_owned()
            }
            CleanError::State(error) => error.hint(),
            CleanError::Draft(error) => return error.hint(),
            _ => return None,
        })
    }
}

/// Plans that what is left is removed, of the kinds that are named, or of all
/// that can be cleaned. A second run changes nothing.
///
/// # Errors
/// [`CleanError`] says why the image is not cleaned.
pub fn clean<S: AsRef<str>>(draft: &mut Draft, only: &[S]) -> Result<Vec<Cleaned>, CleanError> {
    for name in only {
        let name = name.as_ref();
        if seal::is_state_value(name) {
            return Err(OnlyInsideWindows.into());
        }
        let Some(leftover) = leftovers::find(name) else {
            let name = name.to_owned();
            return Err(CleanError::UnknownName { name });
        };
        if let Cleaning::Not(instead) = leftover.cleaning {
            let name = leftover.name;
            return Err(CleanError::NotOffline { name, instead });
        }
    }
    let report = report(draft)?;
    if report.state.is_half_done() {
        return Err(CleanError::HalfDone);
    }
    if report.state.verdict == Verdict::Inconsistent {
        let differences = report.state.differences;
        return Err(CleanError::Inconsistent { differences });
    }
    if let Some(joined) = report.found(leftovers::MEMBERSHIP) {
        let places = joined.items.iter().map(|item| item.place.clone());
        let places = places.collect();
        return Err(CleanError::Joined { places });
    }
    // What could not be looked for is not known to be clean.
    for unchecked in report.unchecked {
        let named = only.iter().any(|name| name.as_ref() == unchecked.name);
        if named || unchecked.name == leftovers::MEMBERSHIP {
            return Err(unchecked.reason.into());
        }
    }
    let mut all = Vec::new();
    for found in report.leftovers {
        let name = found.leftover.name;
        let asked = only.is_empty() || only.iter().any(|only| only.as_ref() == name);
        if !asked || !found.leftover.cleaning.is_offline() {
            continue;
        }
        let mut cleaned = Cleaned {
            name,
            removed: 0,
            places: Vec::new(),
            kept: Vec::new(),
        };
        let basis = found.leftover.basis();
        for item in found.items {
            if let Some(reason) = item.kept {
                let place = item.place;
                cleaned.kept.push(Kept { place, reason });
                continue;
            }
            for removal in &item.removals {
                if removal.plan(draft, &basis)? == Applied::Changed {
                    cleaned.removed += 1;
                }
            }
            cleaned.places.push(item.place);
        }
        all.push(cleaned);
    }
    Ok(all)
}
