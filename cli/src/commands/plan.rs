//! `plan show`, `plan apply` and `undo`: plans that were saved.

use std::path::Path;

use wimwright_servicing::{Draft, DraftError};

use super::saved_plan::{self, SavedPlan};
use super::write::{ENDING, Edit, Steps, heading, plan_text};
use crate::args::Writing;
use crate::context::Context;
use crate::exit::ExitCode;
use crate::refusal::Refusal;
use crate::render::json::{AppliedPlan, PlanApply, PlanDocument};

/// Runs `plan show FILE`.
pub(crate) fn show(file: &Path, context: &mut Context<'_>) -> anyhow::Result<ExitCode> {
    let plans = saved_plan::read(file)?;
    if context.json {
        let [SavedPlan { plan, .. }] = plans.as_slice() else {
            return Err(Refusal::OnePlanFile {
                path: file.to_owned(),
            }
            .into());
        };
        context.document(&PlanDocument::new(plan))?;
        return Ok(ExitCode::Done);
    }
    for (index, saved) in plans.iter().enumerate() {
        if plans.len() > 1 {
            let title = format!("image {} of {}", index + 1, plans.len());
            context.text(&heading(&title, None, context))?;
        }
        context.text(&plan_text(&saved.plan, context.verbose))?;
    }
    Ok(ExitCode::Done)
}

/// Runs `plan apply IMAGE FILE`.
pub(crate) fn apply(
    image: &Path,
    file: &Path,
    writing: &Writing,
    context: &mut Context<'_>,
) -> anyhow::Result<ExitCode> {
    let plans = saved_plan::read(file)?;
    carry_out("plan apply", image, (file, &plans), writing, context)
}

/// Runs `undo IMAGE DIR`.
pub(crate) fn undo(
    image: &Path,
    bundle: &Path,
    writing: &Writing,
    context: &mut Context<'_>,
) -> anyhow::Result<ExitCode> {
    if bundle.is_file() {
        return Err(Refusal::NoPlanInside {
            path: bundle.to_owned(),
        }
        .into());
    }
    let plans = saved_plan::read(bundle)?;
    carry_out("undo", image, (bundle, &plans), writing, context)
}

/// Applies a plan to each of as many images; a single one to all there are.
fn carry_out(
    name: &str,
    image: &Path,
    (file, plans): (&Path, &[SavedPlan]),
    writing: &Writing,
    context: &mut Context<'_>,
) -> anyhow::Result<ExitCode> {
    let is_undo = name == "undo";
    let total = 2 + ENDING;
    context.progress("open", 0, total);
    let mut sources = Vec::new();
    for saved in plans {
        sources.push(saved.sources()?);
    }
    let steps = || plans.iter().flat_map(|saved| &saved.plan.steps);
    let of_files = steps().all(|step| step.change.subject().is_of_files());
    let mut edit = match of_files {
        true => Edit::begin_files(image, writing, context)?,
        false => Edit::begin(image, writing, context)?,
    };
    // The recovery environments that were changed with the images come last.
    if plans.len() > edit.len() {
        edit.include_winre()?;
    }
    let one_for_all = plans.len() == 1 && !is_undo;
    if plans.len() != edit.len() && !one_for_all {
        return Err(Refusal::OtherCount {
            path: file.to_owned(),
            plans: plans.len(),
            image: image.display().to_string(),
            images: edit.len(),
        }
        .into());
    }
    context.progress("plan", 1, total);
    let mut each = plans.iter().zip(&sources).cycle();
    let apply = |draft: &mut Draft| {
        let Some((saved, sources)) = each.next() else {
            return Ok(());
        };
        // What is undone already is no reason to complain.
        match is_undo && draft.is_carried_out(&saved.plan)? {
            true => Ok(()),
            false => draft.apply_plan(&saved.plan, sources.clone()),
        }
    };
    let applied = edit.run::<(), DraftError>(name, apply);
    applied.map_err(|error| match is_undo {
        true => not_as_left(error),
        false => error.context(format!("plan `{}`", file.display())),
    })?;
    let edited = edit.images();
    let ending = edit.end(writing, context, Steps { done: 2, total })?;

    if context.json {
        let images = edited.into_iter().enumerate();
        let images = images.map(|(index, image)| AppliedPlan {
            image: image.name,
            findings: image.findings,
            done: ending.of_image(index),
        });
        context.document(&PlanApply {
            changed: ending.changed(),
            images: images.collect(),
            plan: ending.plan(),
            receipt: ending.receipt(),
        })?;
        return Ok(ExitCode::Done);
    }
    ending.show(&edited, &edited, context, |_, _| String::new())?;
    Ok(ExitCode::Done)
}

/// Says of an expectation that does not hold what it means for an undo.
fn not_as_left(error: anyhow::Error) -> anyhow::Error {
    match error.downcast::<DraftError>() {
        Ok(source @ DraftError::Stale { .. }) => Refusal::NotAsLeft { source }.into(),
        Ok(other) => other.into(),
        Err(error) => error,
    }
}
