//! Every check and rule by name, whichever command has it.

use wimwright_drivers::{LintRule, check};
use wimwright_hal::generalize::leftovers;

use super::super::hal::checks::of_audit;
use crate::render::json::CheckEntry;

/// Every list of checks; a new one belongs here.
fn all() -> impl Iterator<Item = CheckEntry> {
    let of_stores = check::CHECKS.iter().map(|check| CheckEntry::from(*check));
    let of_infs = LintRule::ALL.iter().map(|rule| CheckEntry::from(*rule));
    let left_over = leftovers::all().map(CheckEntry::from);
    of_audit().chain(of_stores).chain(of_infs).chain(left_over)
}

/// The checks with this name or number: commands may share one.
pub(super) fn find(name: &str) -> Vec<CheckEntry> {
    let is_it = |check: &CheckEntry| {
        check.name.eq_ignore_ascii_case(name) || check.number.as_deref() == Some(name)
    };
    all().filter(is_it).collect()
}

/// Names that are like a word: they share its beginning or its end.
pub(super) fn near(word: &str) -> Vec<String> {
    const MOST: usize = 4;
    let word = word.to_ascii_lowercase();
    let mut near: Vec<String> = all().map(|check| check.name).collect();
    near.retain(|name| {
        let parts = word.split('-').filter(|part| part.len() > 3);
        let mut parts = parts.map(|part| name.split('-').any(|own| own == part));
        word.len() > 3 && (name.contains(&word) || parts.any(|same| same))
    });
    near.truncate(MOST);
    near
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_command_has_two_checks_of_a_name() {
        let names: Vec<_> = all().map(|check| (check.command, check.name)).collect();
        let once: BTreeSet<_> = names.iter().collect();
        assert_eq!(once.len(), names.len());
        assert!(names.len() > 150, "{}", names.len());
        let commands: Vec<String> = find("boot-file")
            .into_iter()
            .map(|one| one.command)
            .collect();
        assert_eq!(commands, ["boot predict", "drivers check"]);
    }

    #[test]
    fn a_word_that_is_almost_one_finds_it() {
        assert!(
            near("not-found")
                .iter()
                .any(|name| name == "section-not-found")
        );
        assert!(near("x").is_empty());
    }
}
