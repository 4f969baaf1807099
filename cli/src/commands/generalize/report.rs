//! `generalize report`: is an image generalized, and what must not be cloned.

use std::path::Path;

use wimwright_hal::Unreadable;
use wimwright_hal::audit::check::Severity;
use wimwright_hal::generalize::{Report, leftovers, report};
use wimwright_servicing::Access;

use crate::commands::open;
use crate::commands::write::heading;
use crate::context::Context;
use crate::exit::ExitCode;
use crate::render::generalize::{kinds, text};
use crate::render::json::{
    FindingEntry, GeneralizeLeftovers, GeneralizeReport, LeftoverKindEntry, ReportedImage,
};

/// Runs `generalize report IMAGE`.
pub(super) fn run(image: &Path, context: &mut Context<'_>) -> anyhow::Result<ExitCode> {
    let set = open::images(image, Access::Read, context)?;
    let mut reports = Vec::new();
    for image in set.images() {
        let draft = image.look(context.time);
        let found: Result<Report, Unreadable> = report(&draft);
        let found = found.map_err(|error| open::in_image(image.name(), error))?;
        let findings = image.findings().iter().chain(draft.findings());
        let findings: Vec<FindingEntry> = findings.map(FindingEntry::from).collect();
        reports.push((image.name().to_owned(), image.title(), found, findings));
    }
    let clean = reports.iter().all(|(_, _, report, _)| is_clean(report));
    let code = match clean {
        true => ExitCode::Done,
        false => ExitCode::Findings,
    };
    if context.json {
        let images = reports.into_iter().map(|(name, title, report, findings)| {
            ReportedImage::new(name, title.map(str::to_owned), &report, findings)
        });
        context.document(&GeneralizeReport {
            images: images.collect(),
        })?;
        return Ok(code);
    }
    let several = reports.len() > 1;
    for (name, title, report, findings) in &reports {
        if several {
            context.text(&heading(name, *title, context))?;
        }
        let text = text(report, context);
        context.text(&text)?;
        context.findings(findings);
    }
    Ok(code)
}

/// Whether nothing has to be looked at before the image is deployed.
fn is_clean(report: &Report) -> bool {
    let mut grave = report
        .leftovers
        .iter()
        .filter(|found| found.leftover.severity > Severity::Note);
    report.state.verdict.is_armed() && grave.next().is_none() && report.unchecked.is_empty()
}

/// Runs `generalize report --list`.
pub(super) fn list(context: &mut Context<'_>) -> anyhow::Result<ExitCode> {
    if context.json {
        let leftovers = leftovers::all().map(LeftoverKindEntry::from);
        context.document(&GeneralizeLeftovers {
            leftovers: leftovers.collect(),
        })?;
        return Ok(ExitCode::Done);
    }
    let text = kinds(context);
    context.text(&text)?;
    Ok(ExitCode::Done)
}
