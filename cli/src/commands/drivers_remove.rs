//! `drivers remove`: driver packages out of an image.

use std::path::Path;

use wimwright_drivers::{RemoveOptions, remove};

use super::write::{ENDING, Edit, Ending, Steps, heading};
use crate::args::Writing;
use crate::context::Context;
use crate::exit::ExitCode;
use crate::render::json::{DriversRemove, RemoveOutcome, Removed, RemovedResult};
use crate::render::text::{Paint, printable};

/// Runs `drivers remove IMAGE NAME... [--force]`.
pub(crate) fn run(
    image: &Path,
    names: &[String],
    force: bool,
    writing: &Writing,
    context: &mut Context<'_>,
) -> anyhow::Result<ExitCode> {
    let total = 1 + ENDING;
    context.progress("open", 0, total);
    let mut edit = Edit::begin(image, writing, context)?;
    let mut options = RemoveOptions::default();
    options.force = force;
    context.progress("plan", 0, total);
    let results = edit.run("drivers remove", |draft| {
        let removed = remove(draft, names, &options)?.into_iter();
        Ok::<_, wimwright_drivers::Error>(removed.map(RemovedResult::from).collect::<Vec<_>>())
    })?;
    for result in results.iter().flatten() {
        context.log("result", &line(result, Paint(false)));
        for finding in &result.findings {
            context.log("finding", &Paint(false).finding(finding));
        }
    }
    let refused = |result: &RemovedResult| result.outcome == RemoveOutcome::Refused;
    let edited = edit.images();
    let refused = results.iter().flatten().any(refused);
    // All are removed, or none: from any of the images.
    let ending = match refused && edited.len() > 1 {
        true => Ending::Done(Vec::new()),
        false => edit.end(writing, context, Steps { done: 1, total })?,
    };
    let code = match refused {
        true => ExitCode::Refused,
        false => ExitCode::Done,
    };

    if context.json {
        let images = edited.into_iter().zip(results).enumerate();
        let images = images.map(|(index, (image, results))| Removed {
            image: image.name,
            results,
            findings: image.findings,
            done: ending.of_image(index),
        });
        context.document(&DriversRemove {
            changed: ending.changed(),
            images: images.collect(),
            plan: ending.plan(),
            receipt: ending.receipt(),
        })?;
        return Ok(code);
    }
    for (index, (image, results)) in edited.iter().zip(&results).enumerate() {
        if edited.len() > 1 {
            context.text(&heading(&image.name, image.title.as_deref(), context))?;
        }
        let mut text = String::new();
        for result in results {
            text.push_str(&line(result, context.paint()));
            text.push('\n');
            let findings = result.findings.iter();
            for finding in findings.filter(|finding| context.shows(finding)) {
                text.push_str(&format!("    {}\n", context.paint().finding(finding)));
            }
        }
        context.text(&text)?;
        context.findings(&image.findings);
        if !refused {
            let text = ending.text(index, context);
            context.text(&text)?;
        }
    }
    if refused {
        context.text("nothing was changed\n")?;
    }
    Ok(code)
}

fn line(result: &RemovedResult, paint: Paint) -> String {
    let mut text = match result.outcome {
        RemoveOutcome::Removed => paint.good("removed"),
        RemoveOutcome::Refused => paint.error("refused"),
    };
    let name = match &result.published_name {
        Some(published) => published,
        None => &result.name,
    };
    let parts = [
        Some(name),
        result.original_file_name.as_ref(),
        result.package_id.as_ref(),
    ];
    for part in parts.into_iter().flatten() {
        text.push_str("  ");
        text.push_str(&printable(part));
    }
    if let Some(reason) = &result.reason {
        text.push_str(": ");
        text.push_str(&printable(reason));
    }
    text
}
