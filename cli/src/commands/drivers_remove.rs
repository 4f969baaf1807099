//! `drivers remove`: driver packages out of an image.

use std::path::Path;

use wimwright_drivers::{RemoveOptions, remove};

use super::write::{ENDING, Edit, Steps};
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
    let results = edit.run("drivers remove", |draft| remove(draft, names, &options))?;
    let results: Vec<RemovedResult> = results.into_iter().map(RemovedResult::from).collect();
    for result in &results {
        context.log("result", &line(result, Paint(false)));
        for finding in &result.findings {
            context.log("finding", &Paint(false).finding(finding));
        }
    }
    // All are removed, or none.
    let refused = |result: &RemovedResult| result.outcome == RemoveOutcome::Refused;
    let code = match results.iter().any(refused) {
        true => ExitCode::Refused,
        false => ExitCode::Done,
    };
    let findings = edit.findings();
    let image = edit.name.clone();
    let ending = edit.end(writing, context, Steps { done: 1, total })?;

    let removed = Removed {
        image,
        results,
        findings,
    };
    if context.json {
        context.document(&DriversRemove {
            changed: ending.changed(),
            images: vec![removed],
            plan: ending.plan(),
            receipt: ending.receipt(),
        })?;
        return Ok(code);
    }
    let mut text = String::new();
    for result in &removed.results {
        text.push_str(&line(result, context.paint()));
        text.push('\n');
        let findings = result.findings.iter();
        for finding in findings.filter(|finding| context.shows(finding)) {
            text.push_str(&format!("    {}\n", context.paint().finding(finding)));
        }
    }
    context.text(&text)?;
    context.findings(&removed.findings);
    let text = match code {
        ExitCode::Done => ending.text(context),
        _ => "nothing was changed\n".to_owned(),
    };
    context.text(&text)?;
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
