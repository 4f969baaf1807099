//! A plan as a person reviews it: by operation, files before registry, each
//! with old and new value, and how sure we are.

use std::fmt;

use super::{Change, Content, Expect, Operation, Plan, Recovered, State, Step};

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = 0;
        for operation in &self.operations {
            // Operations may nest; the inner one has its steps already.
            let from = operation.from.max(shown);
            let steps = self.steps.get(from..operation.to).unwrap_or_default();
            shown = shown.max(operation.to);
            if !steps.is_empty() {
                show_operation(f, operation, steps)?;
            }
        }
        if let Some(rest @ [_, ..]) = self.steps.get(shown..) {
            show_steps(f, rest)?;
        }
        if !self.writes() {
            return writeln!(f, "nothing to change");
        }
        writeln!(f, "basis: {}", self.basis())
    }
}

fn show_operation(f: &mut fmt::Formatter<'_>, operation: &Operation, steps: &[Step]) -> fmt::Result {
    writeln!(f, "{}", operation.name)?;
    show_steps(f, steps)
}

fn show_steps(f: &mut fmt::Formatter<'_>, steps: &[Step]) -> fmt::Result {
    let already = steps.iter().filter(|step| !step.change.writes()).count();
    for step in steps.iter().filter(|step| step.change.writes()) {
        show_step(f, step)?;
    }
    if already > 0 {
        writeln!(f, "    {already} already so, or relied on")?;
    }
    Ok(())
}

fn show_step(f: &mut fmt::Formatter<'_>, step: &Step) -> fmt::Result {
    let sign = match (&step.change, &step.expect) {
        (
            Change::Remove { .. } | Change::DeleteKey { .. } | Change::DeleteValue { .. },
            _,
        ) => '-',
        (_, Expect::Absent) => '+',
        _ => '~',
    };
    write!(f, "  {sign} {}", step.change.subject())?;
    match &step.change {
        Change::PutFile { content, .. } => {
            write!(f, "  {} bytes", content.id().len)?;
            if let Content::Source { path, expand, .. } = content {
                let expanded = if expand.is_some() { ", expanded" } else { "" };
                write!(f, " from {path}{expanded}")?;
            }
        }
        Change::SetValue { data, .. } => match &step.expect {
            Expect::Exactly(State::Value(old)) => write!(f, " = {old} -> {data}")?,
            _ => write!(f, " = {data}")?,
        },
        Change::DeleteValue { .. } => {
            if let Expect::Exactly(State::Value(old)) = &step.expect {
                write!(f, " = {old}")?;
            }
        }
        Change::RecoverHive { how, .. } => match how {
            Recovered::Replayed { applied } => write!(f, "  replayed: {applied}")?,
            Recovered::AcceptedDirty => write!(f, "  accepted without its last changes")?,
        },
        _ => {}
    }
    writeln!(f, "  [{}, {}]", step.basis.certainty, step.basis.section)
}
