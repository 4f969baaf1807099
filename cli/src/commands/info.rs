//! `info`: what an image is.

use std::path::Path;

use wimwright_drivers::list;
use wimwright_hal::generalize::state;
use wimwright_servicing::registry::HiveName;
use wimwright_servicing::{Access, Draft, Finding, Generation, ImageFacts, ImageName, ProductType};

use super::{container, open};
use crate::context::Context;
use crate::exit::ExitCode;
use crate::refusal::Refusal;
use crate::render::json::{
    Counts, FindingEntry, HiveEntry, HiveState, ImageInfo, Info, VerdictOfState,
};
use crate::render::text::printable;

/// Runs `info IMAGE` or `info FILE.wim [--xml]`.
pub(crate) fn run(image: &Path, xml: bool, context: &mut Context<'_>) -> anyhow::Result<ExitCode> {
    if let Ok(ImageName::Wim {
        file,
        selector: None,
    }) = ImageName::parse(image.as_os_str())
    {
        return container::info(&file, xml, context);
    }
    if xml {
        let name = image.display().to_string();
        return Err(Refusal::XmlOfImage { name }.into());
    }
    let set = open::images(image, Access::Read, context)?;
    let mut images = Vec::new();
    for image in set.images() {
        let mut draft = image.look(context.time);
        let mut findings = image.findings().to_vec();
        let mut info = ImageInfo::new(image.name(), image.facts());
        info.hives = hives(&draft, &mut findings);
        info.drivers = counts(&mut draft, &mut findings);
        info.generalization = generalization(&draft, &mut findings);
        findings.extend_from_slice(draft.findings());
        findings.extend(image.name_findings());
        info.findings = findings.iter().map(FindingEntry::from).collect();
        images.push(info);
    }
    if context.json {
        context.document(&Info { images })?;
        return Ok(ExitCode::Done);
    }
    for (index, (info, image)) in images.iter().zip(set.images()).enumerate() {
        let mut text = match index {
            0 => String::new(),
            _ => "\n".to_owned(),
        };
        text.push_str(&self::text(info, image.title(), image.facts()));
        for finding in &info.findings {
            text.push_str(&context.paint().finding(finding));
            text.push('\n');
        }
        context.text(&text)?;
    }
    Ok(ExitCode::Done)
}

/// The hives that servicing needs: what is wrong with one of them matters.
pub(super) fn hives(draft: &Draft, findings: &mut Vec<Finding>) -> Vec<HiveEntry> {
    [HiveName::System, HiveName::Software, HiveName::Drivers]
        .iter()
        .map(|hive| hive_entry(draft, hive, findings))
        .collect()
}

fn hive_entry(draft: &Draft, hive: &HiveName, findings: &mut Vec<Finding>) -> HiveEntry {
    match draft.hive_condition(hive) {
        Ok(condition) => HiveEntry::new(hive, condition),
        // One bad hive must not hide what the others say.
        Err(error) => {
            let reason = format!("{:#}", anyhow::Error::from(error));
            findings.push(Finding::warning("damaged-hive", reason.clone()));
            HiveEntry {
                name: hive.to_string(),
                state: HiveState::Damaged,
                detail: Some(reason),
            }
        }
    }
}

/// How many driver packages the image has, where it has a driver database.
fn counts(draft: &mut Draft, findings: &mut Vec<Finding>) -> Option<Counts> {
    if draft.facts().generation != Generation::DriverDatabase {
        return None;
    }
    match list(draft, true) {
        Ok(packages) => {
            let inbox = packages.iter().filter(|package| package.inbox).count();
            Some(Counts {
                third_party: packages.len() - inbox,
                inbox,
            })
        }
        Err(error) => {
            let reason = format!("{:#}", anyhow::Error::from(error));
            findings.push(Finding::warning("drivers-not-counted", reason));
            None
        }
    }
}

fn generalization(draft: &Draft, findings: &mut Vec<Finding>) -> Option<VerdictOfState> {
    match state(draft) {
        Ok(state) => Some(state.verdict.into()),
        Err(error) => {
            findings.push(Finding::warning("state-not-read", error.to_string()));
            None
        }
    }
}

fn text(info: &ImageInfo, title: Option<&str>, facts: &ImageFacts) -> String {
    let mut text = String::new();
    let mut line = |label: &str, value: &str| {
        text.push_str(&format!("{label:<18} {}\n", printable(value)));
    };
    line("Image", &info.image);
    if let Some(title) = title {
        line("Name", title);
    }
    let revision = info.revision.map(|revision| format!(".{revision}"));
    let version = format!("{}{}", info.version, revision.unwrap_or_default());
    let version = match &info.product_name {
        Some(name) => format!("{version} ({name})"),
        None => version,
    };
    line("Windows version", &version);
    line("Edition", info.edition.as_deref().unwrap_or("not said"));
    if let Some(kind) = &info.installation_type {
        line("Installation type", kind);
    }
    line("Architecture", &info.architecture);
    line(
        "Product type",
        match facts.product_type {
            Some(ProductType::Workstation) => "workstation",
            Some(ProductType::Server) => "server",
            Some(ProductType::DomainController) => "domain controller",
            None => "not said",
        },
    );
    line(
        "Service pack",
        info.service_pack.as_deref().unwrap_or("none"),
    );
    if info.windows_pe {
        line("Windows PE", "yes");
    }
    line(
        "Generalization",
        info.generalization
            .map_or("not known", VerdictOfState::name),
    );
    line("Windows directory", &info.windows_directory);
    line(
        "Driver store",
        match facts.generation {
            Generation::Nt5 => "none (Windows 2000, XP, 2003)",
            Generation::Nt6 => "binary index (Windows Vista, 7, 2008)",
            Generation::DriverDatabase => "driver database in the registry (Windows 8 and later)",
        },
    );
    let drivers = match info.drivers {
        Some(counts) => format!("{} third party, {} inbox", counts.third_party, counts.inbox),
        None => "not counted".to_owned(),
    };
    line("Driver packages", &drivers);
    let sets = &info.control_sets;
    let set = |set: &Option<String>| set.clone().unwrap_or_else(|| "none".to_owned());
    line(
        "Control sets",
        &format!(
            "default {}, current {}, last known good {}, failed {}",
            sets.default,
            set(&sets.current),
            set(&sets.last_known_good),
            set(&sets.failed)
        ),
    );
    for hive in &info.hives {
        let state = match hive.state {
            HiveState::Clean => "clean",
            HiveState::DirtyReplayed => "dirty, its log was replayed",
            HiveState::DirtyLost => "dirty, its last changes are lost",
            HiveState::Absent => "not there",
            HiveState::Damaged => "damaged",
        };
        let detail = hive.detail.as_ref().map(|detail| format!(": {detail}"));
        line(
            &format!("Hive {}", hive.name),
            &format!("{state}{}", detail.unwrap_or_default()),
        );
    }
    text
}
