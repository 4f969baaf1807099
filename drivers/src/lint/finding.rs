//! Findings of lint, and how they are collected.

use std::collections::HashSet;
use std::fmt;

use serde::Serialize;
use wimwright_inf::{Line, Position, Section};

use super::rule::{LintMode, LintRule};
use crate::model::Severity;

/// How many findings are kept for one INF. A hostile file could break a rule
/// with every byte; nobody reads more than this.
pub const MAX_FINDINGS: usize = 1000;

/// One broken rule, and where.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct LintFinding {
    /// Line of the file, counted from 1; 0 where the whole file is meant.
    pub line: u32,
    /// Character of the line, counted from 1; 0 where the whole file is meant.
    pub column: u32,
    /// The rule.
    pub rule: LintRule,
    /// How much it weighs in the mode that was asked for.
    pub severity: Severity,
    /// The section; empty where none is meant.
    pub section: String,
    /// One sentence for a person: lower case, no full stop.
    pub message: String,
}

impl fmt::Display for LintFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let LintFinding {
            line,
            column,
            message,
            ..
        } = self;
        write!(f, "{line}:{column}: {} {message}", self.rule.id())
    }
}

/// Collects findings, each once.
#[derive(Debug)]
pub(super) struct Found {
    mode: LintMode,
    known: HashSet<LintFinding>,
}

impl Found {
    pub(super) fn new(mode: LintMode) -> Self {
        Found {
            mode,
            known: HashSet::new(),
        }
    }

    /// Adds a finding, if the mode asks for the rule. The message is a
    /// closure, because past the limit nobody needs its text.
    pub(super) fn add(
        &mut self,
        rule: LintRule,
        section: &str,
        at: Option<Position>,
        message: impl FnOnce() -> String,
    ) {
        let Some(severity) = rule.severity(self.mode) else {
            return;
        };
        if self.is_full() {
            return;
        }
        self.known.insert(LintFinding {
            line: at.map_or(0, |at| at.line),
            column: at.map_or(0, |at| at.column),
            rule,
            severity,
            section: section.to_owned(),
            message: message(),
        });
    }

    /// Whether no more are kept.
    pub(super) fn is_full(&self) -> bool {
        self.known.len() >= MAX_FINDINGS
    }

    /// Adds a finding about a field of a line; field 0 is its key.
    pub(super) fn at_field(
        &mut self,
        rule: LintRule,
        section: Section<'_>,
        line: Line<'_>,
        field: usize,
        message: impl FnOnce() -> String,
    ) {
        if !self.is_full() {
            self.add(rule, section.name(), Some(line.position(field)), message);
        }
    }

    /// Adds a finding about a section, at its header.
    pub(super) fn at_header(
        &mut self,
        rule: LintRule,
        section: Section<'_>,
        message: impl FnOnce() -> String,
    ) {
        self.add(
            rule,
            section.name(),
            Some(section.header_position()),
            message,
        );
    }

    /// The findings in the order of the file, and whether there were more.
    pub(super) fn into_sorted(self) -> (Vec<LintFinding>, bool) {
        let full = self.is_full();
        let mut findings: Vec<_> = self.known.into_iter().collect();
        findings.sort_unstable();
        (findings, full)
    }
}
