//! `plan show` and `plan apply`: plans that were saved.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use wimwright_servicing::{DirectoryTree, Draft, DraftError, FileTree, Plan};

use super::write::{ENDING, Edit, Steps, heading, plan_text};
use crate::args::Writing;
use crate::context::Context;
use crate::exit::ExitCode;
use crate::refusal::Refusal;
use crate::render::json::{AppliedPlan, PlanApply, PlanDocument};

/// The longest plan that is read: with inline content of hexadecimal digits,
/// that of some thousand packages.
const MAX_PLAN: u64 = 256 * 1024 * 1024;

/// Runs `plan show FILE`.
pub(crate) fn show(file: &Path, context: &mut Context<'_>) -> anyhow::Result<ExitCode> {
    let plan = read(file)?;
    match context.json {
        true => context.document(&PlanDocument::new(&plan))?,
        false => context.text(&plan_text(&plan, context.verbose))?,
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
    let total = 2 + ENDING;
    context.progress("open", 0, total);
    let plan = read(file)?;
    let sources = sources(&plan)?;
    let mut edit = Edit::begin(image, writing, context)?;
    context.progress("plan", 1, total);
    let apply = |draft: &mut Draft| draft.apply_plan(&plan, sources.clone());
    let applied = edit.run::<(), DraftError>("plan apply", apply);
    applied.with_context(|| format!("plan `{}`", file.display()))?;
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
    for (index, image) in edited.iter().enumerate() {
        if edited.len() > 1 {
            context.text(&heading(&image.name, image.title.as_deref(), context))?;
        }
        context.findings(&image.findings);
        let text = ending.text(index, context);
        context.text(&text)?;
    }
    Ok(ExitCode::Done)
}

/// Reads a saved plan.
fn read(file: &Path) -> anyhow::Result<Plan> {
    let path = || file.to_owned();
    let named = || format!("plan `{}`", file.display());
    let opened = File::open(file).with_context(named)?;
    let len = opened.metadata().with_context(named)?.len();
    let max = MAX_PLAN;
    if len > max {
        return Err(Refusal::PlanTooLong {
            path: path(),
            len,
            max,
        }
        .into());
    }
    let mut bytes = Vec::new();
    opened
        .take(max)
        .read_to_end(&mut bytes)
        .with_context(named)?;
    let not_a_plan = |source| Refusal::NotAPlan {
        path: path(),
        source,
    };
    let document: serde_json::Value = serde_json::from_slice(&bytes).map_err(not_a_plan)?;
    // A report of this program is JSON too, and easily mistaken for the plan.
    let schema = document.get("schema").and_then(|schema| schema.as_str());
    if let Some(found) = schema.filter(|found| *found != "wimwright/plan/1") {
        let found = found.to_owned();
        return Err(Refusal::OtherDocument {
            path: path(),
            found,
        }
        .into());
    }
    Ok(serde_json::from_value(document).map_err(not_a_plan)?)
}

/// Opens the plan's sources again, by the names that they were given.
fn sources(plan: &Plan) -> anyhow::Result<Vec<Arc<dyn FileTree>>> {
    let mut trees: Vec<Arc<dyn FileTree>> = Vec::new();
    for source in &plan.sources {
        let tree =
            DirectoryTree::open(Path::new(&source.name)).map_err(|error| Refusal::PlanSource {
                name: source.name.clone(),
                source: error.source,
            })?;
        trees.push(Arc::new(tree));
    }
    Ok(trees)
}
