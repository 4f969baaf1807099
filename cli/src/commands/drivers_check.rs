//! `drivers check`: what is wrong with the driver store, and what mends it.

use std::path::Path;

use wimwright_drivers::check::{Fault, Mend, RepairOptions, check, repair};
use wimwright_servicing::Access;

use super::open;
use super::write::{ENDING, Edit, Ending, Steps, heading};
use crate::args::{StoreCommand, Writing};
use crate::context::Context;
use crate::exit::ExitCode;
use crate::render::faults;
use crate::render::json::{
    CheckedImage, DriversCheck, FaultEntry, FaultSeverity, FindingEntry, OfImage,
};
use crate::render::text::printable;

/// Runs `drivers check IMAGE [--repair]`.
pub(crate) fn run(command: &StoreCommand, context: &mut Context<'_>) -> anyhow::Result<ExitCode> {
    let StoreCommand::Check {
        image,
        repair,
        remove_lost,
        writing,
    } = command;
    match repair {
        false => look(image, context),
        true => mend(image, *remove_lost, writing, context),
    }
}

fn look(image: &Path, context: &mut Context<'_>) -> anyhow::Result<ExitCode> {
    let set = open::images(image, Access::Read, context)?;
    let mut images = Vec::new();
    for image in set.images() {
        let draft = image.look(context.time);
        let faults = check(&draft).map_err(|error| open::in_image(image.name(), error))?;
        let findings = image.findings().iter().chain(draft.findings());
        images.push(CheckedImage {
            image: image.name().to_owned(),
            faults: entries(&faults, image.name()),
            mended: Vec::new(),
            findings: findings.map(FindingEntry::from).collect(),
            done: OfImage::default(),
        });
    }
    let code = code(&images);
    if context.json {
        context.document(&DriversCheck {
            changed: false,
            images,
            plan: None,
            receipt: None,
        })?;
        return Ok(code);
    }
    for (checked, image) in images.iter().zip(set.images()) {
        if images.len() > 1 {
            context.text(&heading(image.name(), image.title(), context))?;
        }
        context.text(&faults::list(&checked.faults, context))?;
        context.text(&faults::summary(
            &checked.faults,
            image.name(),
            false,
            context,
        ))?;
        context.findings(&checked.findings);
    }
    Ok(code)
}

fn mend(
    image: &Path,
    remove_lost: bool,
    writing: &Writing,
    context: &mut Context<'_>,
) -> anyhow::Result<ExitCode> {
    let total = 1 + ENDING;
    context.progress("open", 0, total);
    let mut edit = Edit::begin(image, writing, context)?;
    let mut options = RepairOptions::default();
    options.remove_lost = remove_lost;
    context.progress("plan", 0, total);
    let repaired = edit.run("drivers check --repair", |draft| repair(draft, &options))?;
    for fault in repaired.iter().flat_map(|repaired| &repaired.mended) {
        context.log("mended", &format!("{}: {}", fault.place, fault.message));
    }
    let edited = edit.images();
    let ending = edit.end(writing, context, Steps { done: 1, total })?;
    let images: Vec<CheckedImage<'_>> = edited
        .iter()
        .zip(&repaired)
        .enumerate()
        .map(|(index, (image, repaired))| CheckedImage {
            image: image.name.clone(),
            faults: entries(&repaired.left, &image.name),
            mended: entries(&repaired.mended, &image.name),
            findings: image.findings.clone(),
            done: ending.of_image(index),
        })
        .collect();
    let code = code(&images);
    if context.json {
        context.document(&DriversCheck {
            changed: ending.changed(),
            images,
            plan: ending.plan(),
            receipt: ending.receipt(),
        })?;
        return Ok(code);
    }
    let done = matches!(ending, Ending::Done(_));
    for (index, (checked, image)) in images.iter().zip(&edited).enumerate() {
        if images.len() > 1 {
            context.text(&heading(&image.name, image.title.as_deref(), context))?;
        }
        context.text(&faults::mended(&checked.mended, done, context))?;
        context.text(&faults::list(&checked.faults, context))?;
        context.text(&faults::summary(
            &checked.faults,
            &image.name,
            true,
            context,
        ))?;
        context.findings(&checked.findings);
        let text = ending.text(index, context);
        context.text(&text)?;
    }
    Ok(code)
}

/// Notes are no findings.
fn code(images: &[CheckedImage<'_>]) -> ExitCode {
    let mut faults = images.iter().flat_map(|image| &image.faults);
    match faults.any(|fault| fault.severity > FaultSeverity::Note) {
        true => ExitCode::Findings,
        false => ExitCode::Done,
    }
}

fn entries(faults: &[Fault], image: &str) -> Vec<FaultEntry> {
    let image = quoted(image);
    faults.iter().map(|fault| entry(fault, &image)).collect()
}

fn entry(fault: &Fault, image: &str) -> FaultEntry {
    let (mend, command) = match &fault.mend {
        Mend::Repair(does) => {
            let command = format!("wimwright drivers check {image} --repair");
            (does.clone(), Some(command))
        }
        Mend::Command { words, note } => {
            let words = words.iter().map(|word| match word.as_str() {
                "IMAGE" => image.to_owned(),
                word => quoted(word),
            });
            let words: Vec<String> = words.collect();
            (
                note.replace("IMAGE", image),
                Some(format!("wimwright {}", words.join(" "))),
            )
        }
        Mend::Manual(why) => (why.clone(), None),
    };
    FaultEntry {
        check: fault.check.name.to_owned(),
        rule: fault.check.description.to_owned(),
        source: fault.check.source.to_owned(),
        severity: fault.check.severity.into(),
        place: fault.place.clone(),
        message: fault.message.clone(),
        effect: fault.check.effect.to_owned(),
        repairable: fault.is_repairable(),
        mend,
        command,
    }
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_./:@%+=,-".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", printable(word).replace('\'', "'\\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_for_the_shell() {
        for (word, shown) in [
            ("install.wim:2", "install.wim:2"),
            ("my images/a", "'my images/a'"),
            ("Windows\\INF\\oem1.inf", "'Windows\\INF\\oem1.inf'"),
            ("it's", "'it'\\''s'"),
            ("", "''"),
        ] {
            assert_eq!(quoted(word), shown);
        }
    }
}
