//! `plan diff`: how two saved plans differ.

use std::path::Path;

use wimwright_servicing::plan::{PlanDifference, Step, StepList};

use super::saved_plan;
use super::write::heading;
use crate::context::Context;
use crate::exit::ExitCode;
use crate::refusal::Refusal;
use crate::render::json::{DifferentPlans, PlanDiff};
use crate::render::text::printable_lines;

/// Runs `plan diff A B`.
pub(crate) fn run(a: &Path, b: &Path, context: &mut Context<'_>) -> anyhow::Result<ExitCode> {
    let (first, second) = (saved_plan::read(a)?, saved_plan::read(b)?);
    if first.len() != second.len() {
        return Err(Refusal::PlanCounts {
            a: a.to_owned(),
            of_a: first.len(),
            b: b.to_owned(),
            of_b: second.len(),
        }
        .into());
    }
    let pairs = first.iter().zip(&second);
    let found = pairs.map(|(a, b)| PlanDifference::between(&a.plan, &b.plan));
    let found: Vec<PlanDifference> = found.collect();
    let same = found.iter().all(PlanDifference::is_empty);
    let code = match same {
        true => ExitCode::Done,
        false => ExitCode::Findings,
    };
    if context.json {
        let images = found.into_iter().map(DifferentPlans::from).collect();
        context.document(&PlanDiff { same, images })?;
        return Ok(code);
    }
    if same {
        context.text("the plans do the same\n")?;
    }
    let several = found.len() > 1;
    for (index, found) in found.iter().enumerate() {
        if several && !found.is_empty() {
            let title = format!("image {} of {}", index + 1, first.len());
            context.text(&heading(&title, None, context))?;
        }
        let (of_a, of_b): (Vec<Step>, Vec<Step>) = found.other.iter().cloned().unzip();
        for (steps, title) in [
            (&found.only_first, format!("only {} changes", a.display())),
            (&found.only_second, format!("only {} changes", b.display())),
            (&of_a, format!("otherwise in {}", a.display())),
            (&of_b, format!("otherwise in {}", b.display())),
        ] {
            if !steps.is_empty() {
                context.text(&heading(&title, None, context))?;
                context.text(&printable_lines(&StepList(steps).to_string()))?;
            }
        }
    }
    Ok(code)
}
