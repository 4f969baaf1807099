//! `packages remove`: packages that wait, or are staged, are taken back.

use std::path::Path;

use wimwright_servicing::update::remove::{Removed, remove};

use crate::args::Writing;
use crate::commands::write::{ENDING, Edit, Steps};
use crate::context::Context;
use crate::exit::ExitCode;
use crate::render::json::{PackagesRemove, RemovedPackage, RemovedPackages};
use crate::render::text::printable;

/// Runs `packages remove IMAGE NAME...`.
pub(super) fn run(
    image: &Path,
    names: &[String],
    writing: &Writing,
    context: &mut Context<'_>,
) -> anyhow::Result<ExitCode> {
    let total = 1 + ENDING;
    context.progress("open", 0, total);
    let mut edit = Edit::begin(image, writing, context)?;
    context.progress("plan", 0, total);
    let results = edit.run("packages remove", |draft| remove(draft, names))?;
    for removed in results.iter().flatten() {
        context.log("result", &line(removed));
    }
    let edited = edit.images();
    let ending = edit.end(writing, context, Steps { done: 1, total })?;
    if context.json {
        let images = edited.into_iter().zip(&results).enumerate();
        let images = images.map(|(index, (image, results))| RemovedPackages {
            image: image.name,
            results: results.iter().map(RemovedPackage::from).collect(),
            findings: image.findings,
            done: ending.of_image(index),
        });
        context.document(&PackagesRemove {
            changed: ending.changed(),
            images: images.collect(),
            plan: ending.plan(),
            receipt: ending.receipt(),
        })?;
        return Ok(ExitCode::Done);
    }
    ending.show(&edited, &results, context, |results, _| {
        let lines = results.iter().map(|removed| format!("{}\n", line(removed)));
        lines.collect()
    })?;
    Ok(ExitCode::Done)
}

fn line(removed: &Removed) -> String {
    let removed = RemovedPackage::from(removed);
    let number = match removed.number {
        Some(number) => format!("  {number}"),
        None => String::new(),
    };
    let staged = match (removed.number, removed.staged.is_empty()) {
        (_, true) => "",
        (None, false) => " from the component store",
        (Some(_), false) => ", and from the component store",
    };
    format!("removed{number}  {}{staged}", printable(&removed.package))
}
