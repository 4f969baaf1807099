//! `generalize clean`: what is left of one computer, as far as offline goes.

use std::path::Path;

use wimwright_hal::generalize::{Cleaned, clean};

use crate::args::Writing;
use crate::commands::write::{ENDING, Edit, Steps};
use crate::context::Context;
use crate::exit::ExitCode;
use crate::render::json::{CleanedEntry, CleanedImage, GeneralizeClean};
use crate::render::text::printable;

/// Runs `generalize clean IMAGE [--only NAME...]`.
pub(super) fn run(
    image: &Path,
    only: &[String],
    writing: &Writing,
    context: &mut Context<'_>,
) -> anyhow::Result<ExitCode> {
    let total = 1 + ENDING;
    context.progress("open", 0, total);
    let mut edit = Edit::begin(image, writing, context)?;
    context.progress("plan", 0, total);
    let results = edit.run("generalize clean", |draft| clean(draft, only))?;
    for cleaned in results.iter().flatten() {
        context.log("result", &line(cleaned, writing.dry_run));
    }
    let edited = edit.images();
    let ending = edit.end(writing, context, Steps { done: 1, total })?;
    if context.json {
        let images = edited.into_iter().zip(&results).enumerate();
        let images = images.map(|(index, (image, results))| CleanedImage {
            image: image.name,
            cleaned: results.iter().map(CleanedEntry::from).collect(),
            findings: image.findings,
            done: ending.of_image(index),
        });
        context.document(&GeneralizeClean {
            changed: ending.changed(),
            images: images.collect(),
            plan: ending.plan(),
            receipt: ending.receipt(),
        })?;
        return Ok(ExitCode::Done);
    }
    ending.show(&edited, &results, context, |results, _| {
        let mut text = String::new();
        for cleaned in results {
            text.push_str(&format!("{}\n", line(cleaned, writing.dry_run)));
            for kept in &cleaned.kept {
                let kept = format!("  stays: {}: {}", kept.place, kept.reason);
                text.push_str(&format!("{}\n", printable(&kept)));
            }
        }
        text
    })?;
    Ok(ExitCode::Done)
}

fn line(cleaned: &Cleaned, dry_run: bool) -> String {
    let places = cleaned.places.join(", ");
    let line = match (cleaned.removed, dry_run) {
        (0, _) => format!("{}: nothing to remove", cleaned.name),
        (some, true) => format!("{}: {some} to remove: {places}", cleaned.name),
        (some, false) => format!("{}: {some} removed: {places}", cleaned.name),
    };
    printable(&line).into_owned()
}
