//! What `report` found, as text: a summary, of which the page says more.

use super::generalize::severities;
use super::json::{DescribedImage, ImageReport, ReportedDriver, ThicknessEntry};
use super::text::{count, printable, wrapped};
use crate::context::Context;

/// An image.
pub(crate) fn text(report: &ImageReport, context: &Context<'_>) -> String {
    let width = context.width().unwrap_or(100).clamp(40, 120);
    let mut text = String::new();
    for (label, value) in lines(report) {
        let value = wrapped(&printable(&value), 19, width);
        text.push_str(&format!("{label:<19}{}", value.trim_start()));
    }
    text
}

/// What the summary says, by labels.
pub(crate) fn lines(report: &ImageReport) -> Vec<(&'static str, String)> {
    let mut lines = vec![("Image", report.image.clone())];
    if let Some(title) = &report.title {
        lines.push(("Name", title.clone()));
    }
    lines.push(("Windows", windows(report)));
    if let Some(described) = &report.description {
        let kind = kind(described.kind);
        lines.push(("Kind", format!("{kind}: {}", described.reason)));
    }
    if let Some(state) = &report.generalization {
        let verdict = state.verdict.name();
        lines.push(("Generalization", format!("{verdict}: {}", state.reason)));
        lines.push(("Left in it", severities(&state.leftovers)));
    }
    lines.push(("Driver packages", drivers(report)));
    lines.push(("Update packages", packages(report)));
    if let Some(features) = &report.features {
        let on = features.iter().filter(|one| one.state == "enabled").count();
        let said = match features.len() {
            0 => "none".to_owned(),
            all => format!("{all}, {on} of them enabled"),
        };
        lines.push(("Features", said));
    }
    lines.push(("Programs", programs(report.description.as_ref())));
    lines.push(("Kernel drivers", services(report)));
    lines
}

/// Version, service pack, edition and architecture.
fn windows(report: &ImageReport) -> String {
    let info = &report.info;
    let mut text = info.version.clone();
    if let Some(revision) = info.revision {
        text.push_str(&format!(".{revision}"));
    }
    if let Some(name) = &info.product_name {
        text.push_str(&format!(" ({name})"));
    }
    for part in [&info.service_pack, &info.edition].into_iter().flatten() {
        text.push_str(&format!(", {part}"));
    }
    format!("{text}, {}", info.architecture)
}

/// A kind of image, in words.
pub(crate) fn kind(kind: ThicknessEntry) -> &'static str {
    match kind {
        ThicknessEntry::Thin => "thin (core)",
        ThicknessEntry::Hybrid => "hybrid",
        ThicknessEntry::Thick => "thick",
    }
}

fn drivers(report: &ImageReport) -> String {
    let Some(drivers) = &report.drivers else {
        return "not read".to_owned();
    };
    let own = &drivers.third_party;
    let mut text = format!("{} third party", own.len());
    let mut states: Vec<(&str, usize)> = Vec::new();
    for state in own.iter().map(signature_words) {
        match states.iter_mut().find(|(known, _)| *known == state) {
            Some((_, number)) => *number += 1,
            None => states.push((state, 1)),
        }
    }
    states.sort_unstable();
    let states: Vec<String> = { states.iter() }
        .map(|(state, number)| format!("{number} {state}"))
        .collect();
    if !states.is_empty() {
        text.push_str(&format!(" ({})", states.join(", ")));
    }
    // Before Windows 8 not every image says which came with it.
    if drivers.inbox > 0 {
        text.push_str(&format!(", {} inbox", drivers.inbox));
    }
    text
}

/// Whether a driver is signed, for people. What was judged and what the image
/// records are not the same.
fn signature_words(driver: &ReportedDriver) -> &str {
    let judged = driver.signature.is_some() || driver.signature_reason.is_some();
    match driver.driver.driver_signature.as_str() {
        "unknown" => "of unknown signature",
        "invalid" => "with an invalid signature",
        "signed" if !judged => "recorded as signed",
        "unsigned" if !judged => "recorded as unsigned",
        state => state,
    }
}

/// Who signed a driver, and what kind of signer that is; or why it is not
/// signed.
pub(crate) fn signer(driver: &ReportedDriver) -> String {
    let facts = driver.signature.as_ref();
    let kind = facts.and_then(|facts| facts.signer_kind);
    match (driver.signer(), kind, &driver.signature_reason) {
        (Some(name), Some(kind), _) => format!("{name} ({})", kind.words()),
        (Some(name), None, _) => name.to_owned(),
        (None, _, Some(reason)) => reason.clone(),
        (None, _, None) => match driver.driver.driver_signature.as_str() {
            // The image's own word; its files were not there to be judged.
            "signed" => "the image records that it is signed, not by whom".to_owned(),
            "unsigned" => "the image records that it is not signed".to_owned(),
            _ => "the image does not say, and its catalog is not in it".to_owned(),
        },
    }
}

fn packages(report: &ImageReport) -> String {
    let Some(packages) = &report.packages else {
        return match &report.description {
            Some(described) if report.info.generation == "nt5" => {
                count(described.updates.len(), "hotfix", "hotfixes")
            }
            _ => "not read".to_owned(),
        };
    };
    let installed = { packages.packages.iter() }
        .filter(|package| ["installed", "permanent"].contains(&package.package_state.as_str()))
        .count();
    let mut text = match packages.packages.len() {
        0 => "none".to_owned(),
        all => format!("{all}, {installed} of them installed"),
    };
    if packages.hidden > 0 {
        text.push_str(&format!("; {} more that only others need", packages.hidden));
    }
    if !packages.first_boot.is_empty() {
        let waits = count(packages.first_boot.len(), "package waits", "packages wait");
        text.push_str(&format!("; {waits} for the first boot"));
    }
    if !packages.state.pending.is_empty() {
        text.push_str("; work is pending");
    }
    text
}

fn programs(described: Option<&DescribedImage>) -> String {
    let Some(described) = described else {
        return "not read".to_owned();
    };
    let mut text = count(described.programs.len(), "program", "programs");
    if described.provisioned_apps > 0 {
        let apps = described.provisioned_apps;
        text.push_str(&format!("; {apps} apps that every new user gets"));
    }
    text
}

fn services(report: &ImageReport) -> String {
    let Some(services) = &report.kernel_services else {
        return "not read".to_owned();
    };
    let starting: Vec<_> = services.iter().filter(|one| one.starts()).collect();
    let of = |start: &str| starting.iter().filter(|one| one.start == start).count();
    let missing = starting.iter().filter(|one| one.present == Some(false));
    let mut text = format!(
        "{} that the loader loads, {} that the kernel starts",
        of("boot"),
        of("system")
    );
    if services.len() > starting.len() {
        let off = services.len() - starting.len();
        text.push_str(&format!("; {off} that StartOverride keeps from it"));
    }
    match missing.count() {
        0 => {}
        some => text.push_str(&format!(
            "; {} not there",
            count(some, "file is", "files are")
        )),
    }
    text
}
