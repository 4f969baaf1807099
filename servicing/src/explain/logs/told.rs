//! The codes of a log, so that each is explained once.

use super::reader::Log;
use crate::explain::code::{Code, explain};

/// A code that a log names where something went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogCode {
    /// The code, as it was first written.
    pub code: Code,
    /// The first line that names it.
    pub first_line: u64,
    /// How many lines do.
    pub count: u64,
    /// Whether a section ended with it, or the line that says why names it.
    /// The others stand in warnings, and in errors that follow.
    pub main: bool,
}

impl Log {
    /// The codes of what went wrong, those that matter first, each meaning
    /// once: `Error 2` and `0x80070002` are the same.
    pub fn codes(&self) -> Vec<LogCode> {
        let mut found: Vec<LogCode> = Vec::new();
        for section in self
            .sections
            .iter()
            .filter(|section| section.outcome.is_bad())
        {
            let cause = section.cause.as_ref().map_or(0, |line| line.number);
            for used in &section.codes {
                let ends = section
                    .status
                    .as_ref()
                    .is_some_and(|status| status.value == used.code.value);
                let main = ends || used.first_line == cause;
                match found
                    .iter_mut()
                    .find(|known| is_same(&known.code, &used.code))
                {
                    Some(known) => {
                        known.count = known.count.saturating_add(used.count);
                        known.main |= main;
                    }
                    None => found.push(LogCode {
                        code: used.code,
                        first_line: used.first_line,
                        count: used.count,
                        main,
                    }),
                }
            }
        }
        // A code that no line names: the footer alone does.
        for section in self
            .sections
            .iter()
            .filter(|section| section.outcome.is_bad())
        {
            let Some(status) = section.status.filter(|status| status.value != 0) else {
                continue;
            };
            if !found.iter().any(|known| is_same(&known.code, &status)) {
                found.push(LogCode {
                    code: status,
                    first_line: section.last_line,
                    count: 1,
                    main: true,
                });
            }
        }
        found.sort_by_key(|code| !code.main);
        found
    }
}

/// Whether two codes mean the same.
fn is_same(left: &Code, right: &Code) -> bool {
    if left.value == right.value {
        return true;
    }
    let first = |code: &Code| explain(*code).entries.first().copied();
    match (first(left), first(right)) {
        (Some(left), Some(right)) => std::ptr::eq(left, right),
        _ => false,
    }
}
