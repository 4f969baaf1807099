//! `hal audit`: on which computers images boot, why not, and what to do.

use wimwright_hal::{Audit, HalType, Target, audit};
use wimwright_servicing::{Access, ImageName, ImageSet, OpenError, Selector};

use super::boot_storage;
use super::checks;
use super::queue::{self, Job};
use super::target::{Computer, computers};
use crate::args::AuditWords;
use crate::commands::boot_predict::quoted;
use crate::commands::{open, report_file};
use crate::context::Context;
use crate::exit::{self, ExitCode};
use crate::render::hal::{Audited, page, text};
use crate::render::json::{AuditedImage, HalAudit};

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
    let results = audit_all(words, &computers, context)?;

    let mut code = ExitCode::Done;
    for result in &results {
        code = worse(code, code_of(result, given));
    }
    if let Some(file) = &words.html {
        let page = page::page(&results, given, context.time);
        report_file::write(file, &page, words.force)?;
    }
    if context.json {
        // What is in the document is let go where it was.
        let images = results.into_iter().map(|result| match result {
            Ok(audited) => AuditedImage::new(audited.name, audited.title, &audited.audit),
            Err((image, error)) => AuditedImage::failed(image.to_string(), format!("{error:#}")),
        });
        context.document(&HalAudit {
            targets_given: given,
            images: images.collect(),
        })?;
    } else {
        let text = text::computers(&results, given, context);
        context.text(&text)?;
        for result in &results {
            match result {
                Ok(audited) => {
                    let text = text::image(audited, given, context);
                    context.text(&text)?;
                }
                Err((_, error)) => context.error(error),
            }
        }
        let text = text::summary(&results, given, context);
        context.text(&text)?;
        if let Some(file) = words.html.as_ref().filter(|_| !context.quiet) {
            context.text(&format!("page written: {}\n", file.display()))?;
        }
    }
    Ok(code)
}

/// One computer of each class.
fn classes() -> Vec<Computer> {
    let classes = HalType::CLASSES.into_iter().map(|class| Computer {
        target: Target::of_class(class),
        hardware: None,
    });
    classes.collect()
}

/// An image that was audited, or why it was not.
type Outcome = Result<Audited, (ImageName, anyhow::Error)>;

fn audit_all(
    words: &AuditWords,
    computers: &[Computer],
    context: &mut Context<'_>,
) -> anyhow::Result<Vec<Outcome>> {
    let references = context.references()?;
    let targets: Vec<Target> = computers
        .iter()
        .map(|computer| computer.target.clone())
        .collect();
    let mut jobs = Vec::new();
    let mut outcomes = Vec::new();
    for (word, image) in words.images.iter().enumerate() {
        let order = (word, 0);
        match open::name(image) {
            Ok(name) => jobs.push(Job {
                order,
                image: whole_file(name),
            }),
            // A word that names no image hides no other.
            Err(error) => {
                let image = ImageName::Directory(image.clone());
                outcomes.push((order, Err((image, error))));
            }
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
    let results = queue::run(jobs, work, |done, total| {
        context.progress("audit", done, total);
    });
    for done in results {
        let outcome = match done.result {
            Ok(None) => continue,
            Ok(Some(audited)) => Ok(audited),
            Err(error) => {
                let error = open::in_image(&done.image.to_string(), error);
                Err((done.image, error))
            }
        };
        outcomes.push((done.order, outcome));
    }
    outcomes.sort_by_key(|(order, _)| *order);
    Ok(outcomes.into_iter().map(|(_, outcome)| outcome).collect())
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

fn code_of(result: &Outcome, given: bool) -> ExitCode {
    match result {
        Ok(audited) if audited.is_clean(given) => ExitCode::Done,
        Ok(_) => ExitCode::Findings,
        Err((_, error)) => exit::code_of(error),
    }
}

/// Of two codes the one that says more: what could not be read, before what was
/// refused, before findings.
fn worse(one: ExitCode, other: ExitCode) -> ExitCode {
    match (one as u8) < other as u8 {
        true => other,
        false => one,
    }
}
