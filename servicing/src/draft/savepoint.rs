//! Places in a plan to come back to, and plans without detours.

use std::collections::HashSet;

use super::{Draft, DraftError};
use crate::plan::{Change, Subject};

/// A place in a draft's plan.
#[derive(Clone, Debug)]
pub struct Mark {
    steps: usize,
    operations: usize,
    undo: usize,
    files: usize,
    pub(super) sources: usize,
}

impl Draft {
    /// The place where the plan is now.
    pub fn mark(&self) -> Mark {
        Mark {
            steps: self.plan.steps.len(),
            operations: self.plan.operations.len(),
            undo: self.undo.len(),
            files: self.files.savepoint(),
            sources: self.sources.len(),
        }
    }

    /// Whether anything planned since `mark` writes.
    pub fn writes_since(&self, mark: &Mark) -> bool {
        let mut steps = self.plan.steps.iter().skip(mark.steps);
        steps.any(|step| step.change.writes())
    }

    /// Takes every change since `mark` back; sources and findings stay.
    pub(super) fn roll_back(&mut self, mark: &Mark) -> Result<(), DraftError> {
        let registry_touched = self
            .plan
            .steps
            .iter()
            .skip(mark.steps)
            .any(|step| step.change.writes() && !step.change.subject().is_of_files());
        self.plan.steps.truncate(mark.steps);
        self.plan.operations.truncate(mark.operations);
        self.undo.truncate(mark.undo);
        self.files.roll_back(mark.files);
        if registry_touched {
            self.hives.forget();
            self.hives.replay(&self.plan.steps, self.plan.time)?;
        }
        Ok(())
    }

    /// Plans what was planned since `mark` again, each value and file only as
    /// it was left. An operation that sets a value twice would otherwise change
    /// something on every run, although the second run ends where it began.
    ///
    /// # Errors
    /// [`DraftError`] when a hive cannot be edited again.
    pub fn settle(&mut self, mark: &Mark) -> Result<(), DraftError> {
        let mut seen = HashSet::new();
        let mut deleted = Vec::new();
        let mut twice = false;
        for step in self.plan.steps.iter().skip(mark.steps) {
            let subject = step.change.subject();
            if !step.change.writes() {
                continue;
            }
            // What is rebuilt after a deletion or a rename depends on it, and a
            // link on what was there when it was made: they stay as planned.
            if let Change::Rename { .. } | Change::Link { .. } = step.change {
                return Ok(());
            }
            if deleted.iter().any(|top| below(top, &subject)) {
                return Ok(());
            }
            if let Change::DeleteKey { .. } = step.change {
                deleted.push(subject.clone());
            }
            twice |= !seen.insert(subject);
        }
        if !twice {
            return Ok(());
        }
        let steps: Vec<_> = self.plan.steps.iter().skip(mark.steps).cloned().collect();
        self.roll_back(mark)?;
        let mut later = HashSet::new();
        let mut kept: Vec<_> = steps
            .into_iter()
            .rev()
            .filter(|step| match step.change {
                // The first edit of the hive plans it again.
                Change::RecoverHive { .. } => false,
                // A fact about something that is written follows from the
                // writing, which must stay.
                Change::Require { .. } => !seen.contains(&step.change.subject()),
                _ => later.insert(step.change.subject()),
            })
            .collect();
        kept.reverse();
        for step in kept {
            let _ = self.plan_change(step.change, &step.basis)?;
        }
        Ok(())
    }
}

/// Whether `subject` is the key `top` or lies in it.
fn below(top: &Subject, subject: &Subject) -> bool {
    let Subject::Key { hive, key: top } = top else {
        return false;
    };
    match subject {
        Subject::Key { hive: of, key }
        | Subject::KeySecurity { hive: of, key }
        | Subject::Value { hive: of, key, .. } => of == hive && key.starts_with(top),
        _ => false,
    }
}
