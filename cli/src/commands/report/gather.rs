//! Asks every part of the program what it knows of an image. What one of them
//! cannot read is a finding, and keeps none of the others from answering.

use wimwright_drivers::boot_path::kernel_services;
use wimwright_drivers::inventory;
use wimwright_hal::generalize::{self, Unchecked};
use wimwright_servicing::catalog::verify::TrustStore;
use wimwright_servicing::update::store::{PackageStore, features};
use wimwright_servicing::{Draft, FileTime, Finding, Generation, Image};

use crate::commands::{info, packages};
use crate::render::json::{
    Counts, DescribedImage, FeatureEntry, FindingEntry, ImageInfo, ImageReport, KernelServiceEntry,
    ReportedDriver, ReportedDrivers, ReportedImage, ReportedPackages,
};

/// What is known of an image.
pub(super) fn image(image: &Image, anchors: &TrustStore, time: FileTime) -> ImageReport {
    let mut draft = image.look(time);
    let mut findings = image.findings().to_vec();
    let mut report = ImageReport {
        image: image.name().to_owned(),
        title: image.title().map(str::to_owned),
        info: ImageInfo::new(image.name(), image.facts()),
        description: None,
        drivers: None,
        packages: None,
        features: None,
        kernel_services: None,
        generalization: None,
        findings: Vec::new(),
    };
    report.info.hives = info::hives(&draft, &mut findings);
    report.drivers = drivers(&mut draft, anchors, &mut findings);
    report.info.drivers = report.drivers.as_ref().map(|drivers| Counts {
        third_party: drivers.third_party.len(),
        inbox: drivers.inbox,
    });
    let described = read(
        generalize::describe(&draft),
        "contents-not-read",
        &mut findings,
    );
    report.description = described.map(|found| {
        findings.extend_from_slice(&found.findings);
        let title = image.title().map(str::to_owned);
        let mut described =
            DescribedImage::new(image.name().to_owned(), title, image.facts(), &found);
        described.drivers = report.info.drivers;
        described
    });
    report.packages = packages(&draft, &mut findings);
    report.features = listed_features(&draft, &mut findings);
    report.kernel_services = services(&draft, &mut findings);
    let state = read(generalize::report(&draft), "state-not-read", &mut findings);
    report.generalization = state.map(|found| {
        findings.extend(not_looked_for(&found.unchecked));
        let title = image.title().map(str::to_owned);
        ReportedImage::new(image.name().to_owned(), title, &found, Vec::new())
    });
    report.info.generalization = report.generalization.as_ref().map(|found| found.verdict);
    findings.extend_from_slice(draft.findings());
    findings.extend(image.name_findings());
    for finding in &findings {
        let known =
            |other: &FindingEntry| other.name == finding.name && other.message == finding.message;
        if !report.findings.iter().any(known) {
            report.findings.push(FindingEntry::from(finding));
        }
    }
    report
}

fn services(draft: &Draft, findings: &mut Vec<Finding>) -> Option<Vec<KernelServiceEntry>> {
    let found = read(kernel_services(draft), "services-not-read", findings)?;
    let missing: Vec<&str> = { found.iter() }
        .filter(|service| service.is_loaded() && service.present == Some(false))
        .map(|service| service.name.as_str())
        .collect();
    if let Some(shown) = missing
        .get(..missing.len().min(NAMED))
        .filter(|some| !some.is_empty())
    {
        let more = match missing.len() - shown.len() {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        findings.push(Finding::warning(
            "loader-file-missing",
            format!(
                "the loader is told to load drivers whose files are not in the image: {}{more}",
                shown.join(", ")
            ),
        ));
    }
    Some(found.iter().map(KernelServiceEntry::from).collect())
}

/// What of leftovers could not be looked for: one damaged hive keeps several
/// from it.
fn not_looked_for(unchecked: &[Unchecked]) -> Vec<Finding> {
    let mut reasons: Vec<(String, Vec<&str>)> = Vec::new();
    for one in unchecked {
        let reason = one.reason.to_string();
        match reasons.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, names)) => names.push(one.name),
            None => reasons.push((reason, vec![one.name])),
        }
    }
    { reasons.into_iter() }
        .map(|(reason, names)| {
            let text = format!("not looked for: {}: {reason}", names.join(", "));
            Finding::warning("leftovers-not-looked-for", text)
        })
        .collect()
}

/// More names than this are counted.
const NAMED: usize = 12;

/// The answer; an error becomes a finding.
fn read<T, E: Into<anyhow::Error>>(
    answer: Result<T, E>,
    name: &'static str,
    findings: &mut Vec<Finding>,
) -> Option<T> {
    answer
        .map_err(|error| findings.push(Finding::warning(name, format!("{:#}", error.into()))))
        .ok()
}

fn drivers(
    draft: &mut Draft,
    anchors: &TrustStore,
    findings: &mut Vec<Finding>,
) -> Option<ReportedDrivers> {
    let found = read(inventory(draft, anchors), "drivers-not-read", findings)?;
    for driver in &found.drivers {
        findings.extend_from_slice(&driver.details.findings);
    }
    Some(ReportedDrivers {
        third_party: found.drivers.iter().map(ReportedDriver::from).collect(),
        inbox: found.inbox,
    })
}

fn packages(draft: &Draft, findings: &mut Vec<Finding>) -> Option<ReportedPackages> {
    // Before Vista there are none: hotfixes stand among the updates.
    let old = draft.facts().generation == Generation::Nt5;
    let listed = match packages::list::read(draft, true) {
        Err(_) if old => return None,
        listed => read(listed, "packages-not-read", findings)?,
    };
    let (state, packages, first_boot, found) = listed;
    findings.extend(found);
    let (packages, hidden): (Vec<_>, Vec<_>) =
        packages.into_iter().partition(|package| package.visible);
    Some(ReportedPackages {
        state,
        packages,
        hidden: hidden.len(),
        first_boot,
    })
}

fn listed_features(draft: &Draft, findings: &mut Vec<Finding>) -> Option<Vec<FeatureEntry>> {
    // That there is no update state was said with the packages.
    let store = PackageStore::read(draft).ok()?;
    let (features, found) = read(features(draft, &store), "features-not-read", findings)?;
    findings.extend(found);
    Some(features.iter().map(FeatureEntry::from).collect())
}
