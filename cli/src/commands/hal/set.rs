//! `hal set`: the other HAL of a supported pair.

use std::path::Path;

use wimwright_hal::{HalType, Media, SetError, SetReport, set};

use crate::args::Writing;
use crate::commands::open;
use crate::commands::write::{ENDING, Edit, Steps};
use crate::context::Context;
use crate::exit::ExitCode;
use crate::render::json::{HalSet, HalSetEntry, SwitchedFile};
use crate::render::text::printable;

/// Runs `hal set IMAGE HAL [--source DIR]`.
pub(super) fn run(
    image: &Path,
    to: HalType,
    source: Option<&Path>,
    writing: &Writing,
    context: &mut Context<'_>,
) -> anyhow::Result<ExitCode> {
    let total = 1 + ENDING;
    context.progress("open", 0, total);
    let mut edit = Edit::begin(image, writing, context)?;
    let media = match source {
        Some(folder) => Some(Media {
            name: folder.display().to_string(),
            tree: open::open_folder(folder)?,
        }),
        None => None,
    };
    context.progress("plan", 0, total);
    let reports = edit.run("hal set", |draft| {
        let report = set(draft, to, media.as_ref())?;
        Ok::<SetReport, SetError>(report)
    })?;
    for report in &reports {
        context.log("result", &line(report));
    }
    let edited = edit.images();
    let ending = edit.end(writing, context, Steps { done: 1, total })?;

    if context.json {
        let images = edited.into_iter().zip(reports).enumerate();
        let images = images.map(|(index, (image, report))| HalSetEntry {
            image: image.name,
            from: report.from.id().to_owned(),
            to: report.to.id().to_owned(),
            files: report
                .files
                .iter()
                .map(|(path, from)| SwitchedFile {
                    path: path.to_string(),
                    from: from.clone(),
                })
                .collect(),
            findings: image.findings,
            done: ending.of_image(index),
        });
        context.document(&HalSet {
            changed: ending.changed(),
            images: images.collect(),
            plan: ending.plan(),
            receipt: ending.receipt(),
        })?;
        return Ok(ExitCode::Done);
    }
    ending.show(&edited, &reports, context, |report, _| {
        let mut text = format!("{}\n", line(report));
        for (path, from) in &report.files {
            let line = format!("  {path}: {from}");
            text.push_str(&format!("{}\n", printable(&line)));
        }
        text
    })?;
    Ok(ExitCode::Done)
}

fn line(report: &SetReport) -> String {
    let (from, to) = (report.from, report.to);
    match (report.changed, from == to) {
        (false, _) => format!("unchanged: the HAL is {to} ({})", to.description()),
        (true, true) => format!("mended: HAL, kernels and registry are {to} now"),
        (true, false) => format!(
            "switched: {from} ({}) -> {to} ({})",
            from.description(),
            to.description()
        ),
    }
}
