//! `describe`: thin, hybrid or thick.

use std::path::Path;

use wimwright_drivers::list;
use wimwright_hal::generalize::{Description, describe};
use wimwright_servicing::{Access, Finding};

use super::open;
use crate::context::Context;
use crate::exit::ExitCode;
use crate::render::json::{Counts, Describe, DescribedImage, FindingEntry};
use crate::render::text::{count, printable, size, wrapped};

/// Runs `describe IMAGE`.
pub(super) fn run(image: &Path, context: &mut Context<'_>) -> anyhow::Result<ExitCode> {
    let set = open::images(image, Access::Read, context)?;
    let mut images = Vec::new();
    for image in set.images() {
        let mut draft = image.look(context.time);
        let description: Description =
            describe(&draft).map_err(|error| open::in_image(image.name(), error))?;
        let title = image.title().map(str::to_owned);
        let mut described =
            DescribedImage::new(image.name().to_owned(), title, image.facts(), &description);
        let mut findings = image.findings().to_vec();
        findings.extend_from_slice(&description.findings);
        match list(&mut draft, true) {
            Ok(packages) => {
                let inbox = packages.iter().filter(|package| package.inbox).count();
                described.drivers = Some(Counts {
                    third_party: packages.len() - inbox,
                    inbox,
                });
            }
            // Drivers that cannot be listed must not hide what the rest is.
            Err(error) => {
                let reason = format!("{:#}", anyhow::Error::from(error));
                findings.push(Finding::warning("drivers-not-counted", reason));
            }
        }
        described.findings = findings.iter().map(FindingEntry::from).collect();
        images.push(described);
    }
    if context.json {
        context.document(&Describe { images })?;
        return Ok(ExitCode::Done);
    }
    for (index, image) in images.iter().enumerate() {
        let gap = if index > 0 { "\n" } else { "" };
        let text = format!("{gap}{}", text(image, context));
        context.text(&text)?;
        context.findings(&image.findings);
    }
    Ok(ExitCode::Done)
}

/// How many names are shown without `--verbose`.
const SHOWN: usize = 10;

fn text(image: &DescribedImage, context: &Context<'_>) -> String {
    let width = context.width().unwrap_or(100).clamp(40, 120);
    let mut text = String::new();
    let mut line = |label: &str, value: &str| {
        let value = wrapped(&printable(value), 19, width);
        text.push_str(&format!("{label:<19}{}", value.trim_start()));
    };
    let kind = match image.kind {
        crate::render::json::ThicknessEntry::Thin => "thin (core)",
        crate::render::json::ThicknessEntry::Hybrid => "hybrid",
        crate::render::json::ThicknessEntry::Thick => "thick",
    };
    line("Image", &image.image);
    if let Some(title) = &image.title {
        line("Name", title);
    }
    let edition = image.edition.as_deref().unwrap_or("edition not said");
    line(
        "Windows",
        &format!("{}, {edition}, {}", image.version, image.architecture),
    );
    line("Kind", &format!("{kind}: {}", image.reason));
    let names: Vec<String> = image
        .programs
        .iter()
        .map(|program| match &program.version {
            Some(version) => format!("{} {version}", program.name),
            None => program.name.clone(),
        })
        .collect();
    line("Programs", &shown(&names, context.verbose));
    if image.provisioned_apps > 0 {
        let apps = format!("{} that every new user gets", image.provisioned_apps);
        line("Apps", &apps);
    }
    line("Updates", &shown(&image.updates, context.verbose));
    let drivers = match &image.drivers {
        // Before Windows 8 nothing says which came with it.
        Some(counts) if counts.inbox == 0 => format!("{} third party", counts.third_party),
        Some(counts) => format!("{} third party, {} inbox", counts.third_party, counts.inbox),
        None => "not counted".to_owned(),
    };
    line("Driver packages", &drivers);
    line("Languages", &shown(&image.languages, true));
    line("Profiles", &shown(&image.profiles, context.verbose));
    let sizes = image.sizes;
    let files = usize::try_from(sizes.files).unwrap_or(usize::MAX);
    line(
        "Size",
        &format!(
            "{} in {}: Windows {}, programs {}, profiles {}",
            size(sizes.total),
            count(files, "file", "files"),
            size(sizes.windows),
            size(sizes.programs),
            size(sizes.profiles)
        ),
    );
    text
}

fn shown(names: &[String], all: bool) -> String {
    match names.len() {
        0 => "none".to_owned(),
        some if all || some <= SHOWN => format!("{some}: {}", names.join(", ")),
        some => {
            let first = names.get(..SHOWN).unwrap_or_default().join(", ");
            format!("{some}: {first}, ... (--verbose lists all)")
        }
    }
}
