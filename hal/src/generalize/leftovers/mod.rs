//! What must not be cloned: leftovers of the computer that an image was made on,
//! each as data with where it is, why it matters and whether it can be cleaned
//! offline.
//!
//! Key and file names of Windows' own parts come from real hives, Microsoft's
//! pages and the strings of its tools, those of agents from what their makers
//! tell people to do before cloning; each entry says which, and how sure it is.

mod accounts;
mod agents;
mod answers;
mod blockers;
mod caches;
mod digital_product_id;
mod domain;
mod find;
mod identity;
mod logs;
mod network;
mod pattern;
mod pending;

pub(crate) use domain::MEMBERSHIP;
pub(crate) use find::{Find, Removal};

use std::cmp::Reverse;

use wimwright_servicing::plan::{Basis, Certainty};

use super::answer_file;
use super::look::Look;
use super::state::Verdict;
use crate::audit::check::{Applies, Severity};
use crate::survey::{Part, Unreadable};

/// Whether something can be cleaned offline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cleaning {
    /// `generalize clean` does, and how.
    Offline(&'static str),
    /// It does not; what to do instead.
    Not(&'static str),
}

impl Cleaning {
    /// How, or what to do instead.
    pub fn text(self) -> &'static str {
        match self {
            Cleaning::Offline(text) | Cleaning::Not(text) => text,
        }
    }

    /// Whether `generalize clean` does it.
    pub fn is_offline(self) -> bool {
        matches!(self, Cleaning::Offline(_))
    }
}

/// A kind of leftover.
#[derive(Clone, Copy)]
pub struct Leftover {
    /// Its kebab-case name.
    pub name: &'static str,
    /// What it is.
    pub title: &'static str,
    /// Where it is looked for.
    pub place: &'static str,
    /// Why it matters in a copy.
    pub why: &'static str,
    /// How much it matters: an error keeps Sysprep or the copies from working.
    pub severity: Severity,
    /// Which Windows it is looked for in.
    pub applies: Applies,
    /// Whether it can be cleaned offline.
    pub cleaning: Cleaning,
    /// Whether the first boot of a generalized image makes it anew, so that it
    /// is none there.
    pub made_anew: bool,
    /// Where that is said.
    pub source: &'static str,
    /// How sure it is.
    pub certainty: Certainty,
    pub(crate) find: Find,
}

impl std::fmt::Debug for Leftover {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Leftover")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl Leftover {
    /// What removing it rests on.
    pub(super) fn basis(&self) -> Basis {
        let section = "hal-sysprep B6";
        match self.certainty {
            Certainty::Verified => Basis::verified(section),
            Certainty::Stated => Basis::stated(section),
            Certainty::Recalled => Basis::recalled(section),
            Certainty::Inferred => Basis::inferred(section),
        }
    }
}

/// All kinds, in the order in which they are listed.
pub const LEFTOVERS: &[&[Leftover]] = &[
    identity::ALL,
    domain::ALL,
    accounts::ALL,
    network::ALL,
    agents::ALL,
    logs::ALL,
    caches::ALL,
    pending::ALL,
    blockers::ALL,
    answers::ALL,
];

/// All kinds, one after the other.
pub fn all() -> impl Iterator<Item = &'static Leftover> {
    LEFTOVERS.iter().copied().flatten()
}

/// The kind with this name.
pub fn find(name: &str) -> Option<&'static Leftover> {
    all().find(|leftover| leftover.name == name)
}

/// One thing of a kind that an image holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Where it is.
    pub place: String,
    /// What is there; passwords and keys are never shown whole.
    pub value: String,
    pub(super) removals: Vec<Removal>,
    /// Why this one stays, where others of its kind can be cleaned.
    pub kept: Option<&'static str>,
}

impl Item {
    pub(super) fn new(place: impl Into<String>, value: impl Into<String>) -> Item {
        Item {
            place: place.into(),
            value: answer_file::without_keys(&value.into()),
            removals: Vec::new(),
            kept: None,
        }
    }

    pub(super) fn removing(mut self, removal: Removal) -> Item {
        self.removals.push(removal);
        self
    }

    /// Whether `generalize clean` would remove it.
    pub fn is_cleanable(&self) -> bool {
        !self.removals.is_empty() && self.kept.is_none()
    }
}

/// What an image holds of a kind.
#[derive(Clone, Debug)]
pub struct Found {
    /// Which kind.
    pub leftover: &'static Leftover,
    /// Each thing; at least one.
    pub items: Vec<Item>,
}

/// A kind that could not be looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unchecked {
    /// Its name.
    pub name: &'static str,
    /// Why.
    pub reason: Unreadable,
}

/// Looks for all kinds that there are for this Windows; the gravest come first.
pub(super) fn look_for(look: &Look<'_>, verdict: Verdict) -> (Vec<Found>, Vec<Unchecked>) {
    let (mut found, mut unchecked) = (Vec::new(), Vec::new());
    for leftover in all() {
        if !leftover.applies.to(&look.facts) || (leftover.made_anew && verdict.is_armed()) {
            continue;
        }
        let items: Part<Vec<Item>> = leftover.find.items(look);
        match items {
            Ok(items) if items.is_empty() => {}
            Ok(items) => found.push(Found { leftover, items }),
            Err(reason) => unchecked.push(Unchecked {
                name: leftover.name,
                reason,
            }),
        }
    }
    found.sort_by_key(|found| Reverse(found.leftover.severity));
    (found, unchecked)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn kinds_are_named_once_and_say_everything() {
        let names: BTreeSet<&str> = all().map(|leftover| leftover.name).collect();
        assert_eq!(names.len(), all().count());
        assert!(names.len() >= 40, "{}", names.len());
        for leftover in all() {
            let kebab = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            assert!(leftover.name.chars().all(kebab), "{}", leftover.name);
            let texts = [
                leftover.title,
                leftover.place,
                leftover.why,
                leftover.cleaning.text(),
                leftover.source,
            ];
            for text in texts {
                assert!(text.len() > 6, "{}: {text:?}", leftover.name);
                assert!(!text.ends_with('.'), "{}: {text:?}", leftover.name);
            }
            assert_eq!(find(leftover.name).unwrap().title, leftover.title);
        }
        assert!(find("none").is_none());
    }
}
