//! Errors that a log says again and again, counted.

use std::collections::HashMap;

/// An error that stands more than once in a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repeated {
    /// What it says, the first time; numbers differ in the others.
    pub text: String,
    /// How often.
    pub count: u64,
    /// The first line that says it.
    pub first_line: u64,
    /// The last.
    pub last_line: u64,
}

/// How many different errors are told apart; the rest are only counted.
const DIFFERENT: usize = 512;
/// How many are given.
const GIVEN: usize = 20;

/// Counts errors.
#[derive(Debug, Default)]
pub(super) struct Repeats {
    found: HashMap<String, Repeated>,
}

impl Repeats {
    /// Counts one.
    pub(super) fn add(&mut self, number: u64, text: &str) {
        let shape = shape(text);
        if let Some(known) = self.found.get_mut(&shape) {
            known.count = known.count.saturating_add(1);
            known.last_line = number;
        } else if self.found.len() < DIFFERENT {
            let repeated = Repeated {
                text: short(text),
                count: 1,
                first_line: number,
                last_line: number,
            };
            self.found.insert(shape, repeated);
        }
    }

    /// Those that came more than once, the commonest first.
    pub(super) fn finish(self) -> Vec<Repeated> {
        let mut all: Vec<Repeated> = self.found.into_values().collect();
        all.retain(|repeated| repeated.count > 1);
        all.sort_by_key(|repeated| (std::cmp::Reverse(repeated.count), repeated.first_line));
        all.truncate(GIVEN);
        all
    }
}

/// Characters of a message that are kept.
const SHORT: usize = 400;

/// A message, cut where it is too long to be shown.
pub(super) fn short(text: &str) -> String {
    match text.char_indices().nth(SHORT) {
        Some((end, _)) => format!("{}\u{2026}", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// What is the same in two messages that differ by their numbers: ids, times,
/// addresses, but not the codes of errors.
fn shape(text: &str) -> String {
    let mut shape = String::new();
    for word in text.split_inclusive(|c: char| !c.is_ascii_alphanumeric() && c != '_') {
        let hex = word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
        let number = hex.bytes().all(|byte| byte.is_ascii_hexdigit())
            && hex.bytes().any(|byte| byte.is_ascii_digit());
        match number && !hex.is_empty() {
            true => shape.push('#'),
            false => shape.push_str(word),
        }
        if shape.len() > SHORT {
            break;
        }
    }
    shape
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_that_differ_by_numbers_are_one_and_by_codes_are_not() {
        let mut repeats = Repeats::default();
        for number in 1..=300 {
            repeats.add(
                number,
                &format!("PID={number} Failed at {number} (hr:0x80070490)"),
            );
        }
        repeats.add(301, "PID=4 Failed at 5 (hr:0x80070002)");
        let found = repeats.finish();
        assert_eq!(found.len(), 1);
        let first = found
            .first()
            .map(|one| (one.count, one.first_line, one.last_line));
        assert_eq!(first, Some((300, 1, 300)));
    }

    #[test]
    fn a_log_of_nothing_but_different_errors_costs_little() {
        let mut repeats = Repeats::default();
        for number in 0..5000_u64 {
            let word: String = format!("{number:08}")
                .bytes()
                .map(|b| (b + 40) as char)
                .collect();
            repeats.add(number, &word);
        }
        assert!(repeats.found.len() <= DIFFERENT);
        assert!(short(&"\u{e4}".repeat(5000)).chars().count() <= SHORT + 1);
    }
}
