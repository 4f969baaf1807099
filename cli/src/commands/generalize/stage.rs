//! `generalize stage`: an answer file where Windows looks for it.

use std::path::Path;

use anyhow::Context as _;
use wimwright_drivers as drivers;
use wimwright_drivers::{AddOptions, Package, add};
use wimwright_hal::generalize::{AnswerSource, MassStorage, StageOptions, StageReport, stage};
use wimwright_servicing::{Draft, ImagePath};

use crate::args::StageWords;
use crate::commands::open;
use crate::commands::write::{ENDING, Edit, Steps};
use crate::context::Context;
use crate::exit::ExitCode;
use crate::refusal::Refusal;
use crate::render::json::{AddedResult, GeneralizeStage, Outcome, StagedDriver, StagedImage};
use crate::render::text::printable;

/// Runs `generalize stage IMAGE --answer-file FILE`.
pub(super) fn run(words: &StageWords, context: &mut Context<'_>) -> anyhow::Result<ExitCode> {
    let writing = &words.writing;
    let answer_file = match &words.answer_file {
        Some(file) => Some(source(file)?),
        None => None,
    };
    let total = 1 + ENDING;
    context.progress("open", 0, total);
    let mut edit = Edit::begin(&words.image, writing, context)?;
    let options = StageOptions {
        answer_file,
        hal: words.hal,
        arm_audit: words.arm_audit,
        force: words.force,
    };
    context.progress("plan", 0, total);
    let reports = edit.run("generalize stage", |draft| stage(draft, &options))?;
    // What sysprep.exe would have made of the section, had it not run already.
    let name = words.image.display().to_string();
    let mut of_image = reports.iter();
    let staged = match reports.iter().any(|report| !report.mass_storage.is_empty()) {
        true => edit.run("generalize stage: mass storage", |draft| {
            let wanted = of_image.next().map(|report| &report.mass_storage);
            storage(draft, &name, wanted.map_or(&[], Vec::as_slice))
        })?,
        false => reports.iter().map(|_| Vec::new()).collect(),
    };
    for report in &reports {
        context.log("result", &lines(report).join("; "));
    }
    let refused = staged
        .iter()
        .flatten()
        .any(|driver| driver.outcome == "refused");
    let code = match refused {
        true => ExitCode::Partly,
        false => ExitCode::Done,
    };
    let edited = edit.images();
    let ending = edit.end(writing, context, Steps { done: 1, total })?;
    let reports: Vec<_> = reports.into_iter().zip(staged).collect();
    if context.json {
        let all = edited.into_iter().zip(reports).enumerate();
        let images = all.map(|(index, (image, (report, drivers)))| StagedImage {
            image: image.name,
            verdict: report.verdict.into(),
            placed: report.placed,
            removed: report.removed,
            passes: report.passes,
            drivers,
            findings: image.findings,
            done: ending.of_image(index),
        });
        context.document(&GeneralizeStage {
            changed: ending.changed(),
            images: images.collect(),
            plan: ending.plan(),
            receipt: ending.receipt(),
        })?;
        return Ok(code);
    }
    ending.show(&edited, &reports, context, |(report, drivers), _| {
        let mut text = String::new();
        for line in lines(report) {
            text.push_str(&format!("{}\n", printable(&line)));
        }
        for driver in drivers {
            let reason = driver.reason.as_ref().map(|reason| format!(": {reason}"));
            let line = format!(
                "mass storage driver {}: {}{}",
                driver.inf,
                driver.outcome,
                reason.unwrap_or_default()
            );
            text.push_str(&format!("{}\n", printable(&line)));
        }
        text
    })?;
    Ok(code)
}

/// The answer file in its folder.
pub(in crate::commands) fn source(file: &Path) -> anyhow::Result<AnswerSource> {
    let missing = || Refusal::Missing {
        path: file.to_owned(),
    };
    if !file.is_file() {
        return Err(missing().into());
    }
    let name = file.file_name().and_then(|name| name.to_str());
    let name = name.ok_or_else(missing)?;
    let folder = match file.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    Ok(AnswerSource {
        name: folder.display().to_string(),
        tree: open::open_folder(folder)?,
        path: ImagePath::parse(name).with_context(|| format!("`{}`", file.display()))?,
    })
}

fn lines(report: &StageReport) -> Vec<String> {
    let mut lines = Vec::new();
    let word = match report.changed {
        true => "staged",
        false => "unchanged",
    };
    for path in &report.placed {
        lines.push(format!("{word}: {path}"));
    }
    for path in &report.removed {
        lines.push(format!("removed: {path}"));
    }
    lines.push(format!("for the passes: {}", report.passes.join(", ")));
    lines
}

/// Puts the drivers of `[SysprepMassStorage]` in place.
pub(in crate::commands) fn storage(
    draft: &mut Draft,
    image: &str,
    wanted: &[MassStorage],
) -> Result<Vec<StagedDriver>, drivers::Error> {
    let mut staged = Vec::new();
    let options = AddOptions::default();
    for wanted in wanted {
        let mut driver = StagedDriver {
            inf: wanted.inf.clone(),
            hardware_ids: wanted.hardware_ids.clone(),
            outcome: "refused".to_owned(),
            reason: Some("the image does not have it".to_owned()),
        };
        if let Some(path) = &wanted.path {
            let folder = path.parent().and_then(|folder| folder.file_name().cloned());
            let folder = folder.map_or_else(String::new, |name| name.to_string());
            let package = Package::new(image, folder, draft.base_tree(), path.clone());
            let result = AddedResult::from(add(draft, &package, &options)?);
            driver.outcome = match result.outcome {
                Outcome::Refused => "refused",
                Outcome::Unchanged => "unchanged",
                Outcome::Superseded => "superseded",
                _ => "pending",
            }
            .to_owned();
            driver.reason = result.reason;
        }
        staged.push(driver);
    }
    Ok(staged)
}
