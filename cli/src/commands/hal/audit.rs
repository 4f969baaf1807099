//! `hal audit`: on which computers images boot, why not, and what to do.

use std::collections::VecDeque;

use wimwright_hal::{Audit, HalType, Target, audit};
use wimwright_servicing::{Access, ImageName, ImageSet, OpenError, Selector};

use super::boot_storage;
use super::checks;
use super::queue::{self, Event, Job};
use super::report::Report;
use super::target::{Computer, computers};
use crate::args::AuditWords;
use crate::commands::boot_predict::quoted;
use crate::commands::{open, report_file};
use crate::context::Context;
use crate::exit::ExitCode;
use crate::render::hal::Audited;

/// Runs `hal audit IMAGE... [--target FILE...]`.
pub(super) fn run(words: &AuditWords, context: &mut Context<'_>) -> anyhow::Result<ExitCode> {
    for name in &words.skip {
        checks::require(name)?;
    }
    if words.list {
        return checks::list(context);
    }
    if let Some(file) = &words.html {
        // Told before the work, not after it.
        report_file::check(file, words.force)?;
    }
    let given = !words.targets.is_empty();
    let computers = match given {
        true => computers(&words.targets, context)?,
        false => classes(),
    };
    let mut report = Report::new(given, words.html.is_some(), context.json)?;
    audit_all(words, &computers, context, &mut report)?;
    report.end(words, context)
}

/// One computer of each class.
fn classes() -> Vec<Computer> {
    let classes = HalType::CLASSES.into_iter().map(|class| Computer {
        target: Target::of_class(class),
        hardware: None,
    });
    classes.collect()
}

fn audit_all(
    words: &AuditWords,
    computers: &[Computer],
    context: &mut Context<'_>,
    report: &mut Report,
) -> anyhow::Result<()> {
    let references = context.references()?;
    let targets: Vec<Target> = computers
        .iter()
        .map(|computer| computer.target.clone())
        .collect();
    let mut jobs = Vec::new();
    // A word that names no image hides no other.
    let mut no_names = VecDeque::new();
    for (word, image) in words.images.iter().enumerate() {
        let order = (word, 0);
        match open::name(image) {
            Ok(name) => jobs.push(Job {
                order,
                image: whole_file(name),
            }),
            Err(error) => no_names.push_back((word, ImageName::Directory(image.clone()), error)),
        }
    }
    let time = context.time;
    let work = |image: &ImageName| -> Result<Option<Audited>, OpenError> {
        let set = ImageSet::open(image, &references, Access::Read)?;
        let opened = set.images().first();
        Ok(opened.map(|image| {
            let draft = image.look(time);
            let mut audit: Audit = audit(&draft, &targets, &words.skip);
            boot_storage::join(&draft, image.name(), computers, &words.skip, &mut audit);
            name_image(&mut audit, image.name());
            Audited {
                name: image.name().to_owned(),
                title: image.title().map(str::to_owned),
                audit,
            }
        }))
    };
    queue::run(jobs, work, |event| {
        let done = match event {
            Event::Progress(done, total) => {
                context.progress("audit", done, total);
                return Ok(());
            }
            Event::Next(done) => done,
        };
        while let Some((_, image, error)) = no_names.pop_front_if(|(word, ..)| *word < done.order.0)
        {
            report.take(Err((image, error)), context)?;
        }
        let outcome = match done.result {
            Ok(None) => return Ok(()),
            Ok(Some(audited)) => Ok(audited),
            Err(error) => {
                let error = open::in_image(&done.image.to_string(), error);
                Err((done.image, error))
            }
        };
        report.take(outcome, context)
    })?;
    for (_, image, error) in no_names {
        report.take(Err((image, error)), context)?;
    }
    Ok(())
}

/// `all` is what a file without a selector means here anyway.
fn whole_file(image: ImageName) -> ImageName {
    match image {
        ImageName::Wim {
            file,
            selector: Some(Selector::All),
        } => ImageName::Wim {
            file,
            selector: None,
        },
        other => other,
    }
}

/// Names the image in the commands that the audit tells.
fn name_image(audit: &mut Audit, image: &str) {
    let image = quoted(image);
    let named = |remedy: &mut String| {
        if remedy.contains("wimwright ") {
            *remedy = remedy.replace("IMAGE", &image);
        }
    };
    let verdicts = audit.targets.iter_mut();
    verdicts
        .filter_map(|verdict| verdict.remedy.as_mut())
        .for_each(named);
    let findings = audit.findings.iter_mut();
    findings.map(|finding| &mut finding.remedy).for_each(named);
}
