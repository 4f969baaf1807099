//! `demo`: a sample image, a real driver package, and the one put into the
//! other.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use wimwright_drivers::{self as drivers, AddOptions, add};

use super::drivers_add::results_text;
use super::open;
use super::write::{ENDING, Edit, Steps, plan_text, summary};
use crate::args::Writing;
use crate::context::Context;
use crate::exit::ExitCode;
use crate::refusal::Refusal;
use crate::render::json::{Added, AddedResult, Demo, DemoPart, OfImage, Origin, ReceiptDocument};
use crate::render::text::{printable, wrapped};
use crate::sample;

/// The image below the demo's directory.
const IMAGE: &str = "image";
/// The driver package below it.
const PACKAGE: &str = "viostor";
/// The package's licence.
const LICENSE: &str = "viostor-LICENSE.txt";

/// Runs `demo [DIR]`.
pub(crate) fn run(directory: &Path, context: &mut Context<'_>) -> anyhow::Result<ExitCode> {
    require_empty(directory)?;
    let (image, package) = (directory.join(IMAGE), directory.join(PACKAGE));
    let total = 2 + ENDING;
    context.progress("make the sample", 0, total);
    sample::write_image(&image)?;
    sample::write_package(&package)?;
    sample::write(&directory.join(LICENSE), sample::PACKAGE_LICENSE)?;

    context.progress("plan viostor.inf", 1, total);
    let writing = Writing::default();
    let mut edit = Edit::begin(&image, &writing, context)?;
    let packages = open::packages(&package, false)?;
    let results = edit.run("drivers add", |draft| {
        let added = packages
            .iter()
            .map(|package| add(draft, package, &AddOptions::default()));
        added.collect::<Result<Vec<_>, drivers::Error>>()
    })?;
    let results = results.into_iter().flatten().map(AddedResult::from);
    let findings = edit.images().into_iter().flat_map(|image| image.findings);
    let (results, findings) = (results.collect(), findings.collect());
    // A directory holds one image.
    let mut receipts = edit.commit(context, Steps { done: 2, total })?;
    let receipt = receipts.pop().context("nothing was committed")?;

    let demo = Demo {
        directory: directory.display().to_string(),
        package: package.display().to_string(),
        parts: parts(),
        changed: receipt.plan.writes(),
        images: vec![Added {
            image: image.display().to_string(),
            results,
            findings,
            done: OfImage::default(),
        }],
        receipt: ReceiptDocument::from(&receipt),
    };
    if context.json {
        context.document(&demo)?;
        return Ok(ExitCode::Done);
    }
    let mut text = format!("A sample image is in {}\n", shown(&image));
    text.push_str(&format!("A driver package is in {}\n", shown(&package)));
    text.push_str("\nThe plan:\n");
    text.push_str(&plan_text(&receipt.plan, context.verbose));
    text.push_str("\nThe result:\n");
    for added in &demo.images {
        text.push_str(&results_text(&added.results, context));
    }
    context.text(&text)?;
    for added in &demo.images {
        context.findings(&added.findings);
    }
    let mut text = summary(&receipt);
    text.push_str(&explanation(&demo));
    context.text(&text)?;
    Ok(ExitCode::Done)
}

/// Refuses a directory that holds anything.
fn require_empty(directory: &Path) -> anyhow::Result<()> {
    let named = || format!("`{}`", directory.display());
    if !directory.try_exists().with_context(named)? {
        return Ok(());
    }
    let mut entries = fs::read_dir(directory).with_context(named)?;
    if entries.next().is_none() {
        return Ok(());
    }
    let directory = directory.to_owned();
    let made_before = [IMAGE, PACKAGE, LICENSE];
    Err(
        match made_before.iter().all(|part| directory.join(part).exists()) {
            true => Refusal::DemoThere { directory },
            false => Refusal::DemoNotEmpty { directory },
        }
        .into(),
    )
}

fn shown(path: &Path) -> String {
    printable(&path.display().to_string()).into_owned()
}

fn parts() -> Vec<DemoPart> {
    let part = |path: &str, origin, description: &str| DemoPart {
        path: path.to_owned(),
        origin,
        description: description.to_owned(),
    };
    vec![
        part(
            PACKAGE,
            Origin::Real,
            "viostor 100.85.104.20800, the storage driver of virtio-win by Red Hat, signed by \
             Microsoft; byte for byte as published (BSD-3-Clause)",
        ),
        part(
            "image/Windows/System32/config/SYSTEM",
            Origin::Completed,
            "a SYSTEM hive written by Windows 10, cut down to 1100 keys (from qthivex, GPL-3.0); \
             the product type, the processor architecture, the code page and the empty keys of \
             the driver database were added",
        ),
        part(
            "image/Windows/System32/config/SOFTWARE",
            Origin::Made,
            "only what says that this is Windows 10 Pro, build 19045.2006",
        ),
        part(
            "image/Windows/System32/config/DRIVERS",
            Origin::Made,
            "an empty driver database",
        ),
        part(
            "image/Windows",
            Origin::Made,
            "directories only: no program of Windows is in the image, and it cannot boot",
        ),
    ]
}

/// What is real, what is made, and how to go on.
fn explanation(demo: &Demo) -> String {
    let mut text = "\nWhat is real here, and what is not:\n".to_owned();
    for part in &demo.parts {
        let origin = match part.origin {
            Origin::Real => "real",
            Origin::Completed => "real, completed",
            Origin::Made => "made",
        };
        text.push_str(&format!("  {}: {origin}\n", part.path));
        text.push_str(&wrapped(&part.description, 4, 80));
    }
    let directory = printable(&demo.directory);
    text.push_str(&format!(
        "\nLook around:\n  \
         wimwright info {directory}/{IMAGE}\n  \
         wimwright drivers list {directory}/{IMAGE}\n  \
         wimwright drivers add {directory}/{IMAGE} {directory}/{PACKAGE}    (a second time: \
         unchanged)\n\
         With an image of your own, `FILE.wim:1` or a directory:\n  \
         wimwright drivers add IMAGE PACKAGE --dry-run    (the plan; nothing is written)\n  \
         wimwright drivers add IMAGE PACKAGE\n"
    ));
    text
}
