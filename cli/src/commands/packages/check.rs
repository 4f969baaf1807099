//! `packages check`: whether an image takes packages, in which order, and why.

use std::path::{Path, PathBuf};

use wimwright_servicing::Access;
use wimwright_servicing::update::Package;
use wimwright_servicing::update::batch;
use wimwright_servicing::update::package::Trust;
use wimwright_servicing::update::store::PackageStore;

use super::{list, opened};
use crate::commands::write::heading;
use crate::commands::{open, trust};
use crate::context::Context;
use crate::exit::ExitCode;
use crate::render::json::{
    ApplicabilityEntry, CatalogStateEntry, CheckedPackage, CheckedPackages, FindingEntry,
    PackagesCheck, RuleOutcome, UnreadablePackage, UpdateState,
};
use crate::render::text::{Paint, printable, wrapped};

/// Columns of text where nobody says how many there are.
const WIDTH: usize = 100;

/// Runs `packages check IMAGE FILE...`.
pub(super) fn run(
    image: &Path,
    files: &[PathBuf],
    trusted: &[PathBuf],
    context: &mut Context<'_>,
) -> anyhow::Result<ExitCode> {
    let anchors = trust::store(trusted)?;
    let trust = Trust {
        anchors: &anchors,
        now: context.time,
    };
    let total = files.len() as u64 + 1;
    let mut packages: Vec<Package> = Vec::new();
    let mut unreadable = Vec::new();
    for (done, file) in files.iter().enumerate() {
        context.progress(&format!("read {}", file.display()), done as u64, total);
        // What one file names badly must not spoil the others.
        match opened::packages(file, trust) {
            Ok(found) => packages.extend(found),
            Err(error) => unreadable.push(UnreadablePackage {
                file: file.display().to_string(),
                reason: format!("{error:#}"),
            }),
        }
    }
    context.progress("check", total - 1, total);
    let set = open::images(image, Access::Read, context)?;
    let mut images = Vec::new();
    let mut titles = Vec::new();
    for image in set.images() {
        let draft = image.look(context.time);
        let evaluated = PackageStore::read(&draft).and_then(|store| {
            let batch = batch::evaluate(&draft, &store, &packages)?;
            Ok((store, batch))
        });
        let (store, batch) = evaluated.map_err(|error| open::in_image(image.name(), error))?;
        let findings = image.findings().iter().chain(draft.findings());
        let findings = findings.chain(&store.findings).map(FindingEntry::from);
        images.push(CheckedPackages::new(
            image.name(),
            UpdateState::new(&store),
            &packages,
            &batch,
            findings.collect(),
        ));
        titles.push(image.title().map(str::to_owned));
    }
    let document = PackagesCheck { images, unreadable };
    let code = code(&document);
    if context.json {
        context.document(&document)?;
        return Ok(code);
    }
    let several = document.images.len() > 1;
    for (image, title) in document.images.iter().zip(&titles) {
        if several {
            context.text(&heading(&image.image, title.as_deref(), context))?;
        }
        let width = context.width().unwrap_or(WIDTH);
        let text = text(image, context.verbose, width, context.paint());
        context.text(&text)?;
        context.findings(&image.findings);
    }
    for file in &document.unreadable {
        let text = format!("`{}`: {}", file.file, file.reason);
        context.error(&anyhow::anyhow!(text));
    }
    Ok(code)
}

/// Whether all of them can be added without force, or are there.
fn code(document: &PackagesCheck) -> ExitCode {
    let fine = |package: &CheckedPackage| match package.verdict {
        ApplicabilityEntry::Applicable => package.signature == CatalogStateEntry::Signed,
        verdict => verdict == ApplicabilityEntry::Installed,
    };
    let mut images = document.images.iter();
    let all = images.all(|image| image.cycle.is_empty() && image.packages.iter().all(fine));
    match all && document.unreadable.is_empty() {
        true => ExitCode::Done,
        false => ExitCode::Findings,
    }
}

fn text(image: &CheckedPackages, verbose: bool, width: usize, paint: Paint) -> String {
    let mut text = list::state(&image.state, paint);
    if !image.cycle.is_empty() {
        let label = paint.error("no order");
        text.push_str(&format!(
            "{label}: these need each other, and stand as they were given\n"
        ));
        for edge in &image.cycle {
            let line = format!("{} after {}: {}", edge.after, edge.before, edge.reason);
            text.push_str(&wrapped(&printable(&line), 2, width));
        }
    }
    for (index, package) in image.packages.iter().enumerate() {
        let verdict = verdict(package, paint);
        let file = printable(&package.file);
        text.push_str(&format!("\n{}. {file}: {verdict}\n", index + 1));
        text.push_str(&format!("   {}\n", printable(&package.package_name)));
        for edge in &package.after {
            let line = format!("after {}: {}", edge.before, edge.reason);
            text.push_str(&wrapped(&printable(&line), 3, width));
        }
        if let Some(reason) = &package.signature_reason {
            let label = paint.error("no  ");
            let line = format!("signature: {reason}");
            let line = wrapped(&printable(&line), 9, width);
            text.push_str(&format!("   {label}  {}", line.trim_start()));
            text.push_str(
                "         hint   --trust FILE adds a certificate of yours; `packages add \
                 --force-unsigned` takes\n                it unchecked\n",
            );
        }
        for rule in &package.rules {
            // What holds is told on one line, unless somebody wants it all.
            let label = match rule.outcome {
                RuleOutcome::Holds => paint.good("ok  "),
                RuleOutcome::Fails => paint.error("no  "),
                RuleOutcome::Unclear => paint.warning("?   "),
            };
            if rule.outcome == RuleOutcome::Holds && !verbose {
                let line = format!("{}: {}", rule.rule, rule.found);
                let line = wrapped(&printable(&line), 9, width);
                text.push_str(&format!("   {label}  {}", line.trim_start()));
                continue;
            }
            text.push_str(&format!("   {label}  {}\n", rule.rule));
            for (word, value) in [("asked", &rule.asked), ("found", &rule.found)] {
                let line = wrapped(&printable(value), 16, width);
                text.push_str(&format!("         {word}  {}", line.trim_start()));
            }
            if let Some(hint) = &rule.hint {
                let line = wrapped(&printable(hint), 16, width);
                text.push_str(&format!("         hint   {}", line.trim_start()));
            }
        }
    }
    text
}

fn verdict(package: &CheckedPackage, paint: Paint) -> String {
    match package.verdict {
        ApplicabilityEntry::Applicable if package.signature != CatalogStateEntry::Signed => {
            paint.warning("applicable, but not trusted")
        }
        ApplicabilityEntry::Applicable => paint.good("applicable"),
        ApplicabilityEntry::Installed => paint.good("installed already"),
        ApplicabilityEntry::Superseded => paint.warning("superseded: a newer one is there"),
        ApplicabilityEntry::NotApplicable => paint.error("not applicable"),
        ApplicabilityEntry::Blocked => paint.error("blocked"),
        ApplicabilityEntry::Unclear => paint.warning("unclear: Windows itself has to be asked"),
    }
}
