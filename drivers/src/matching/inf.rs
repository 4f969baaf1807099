//! What an INF says to whoever chooses a driver: its models as lines under ids.

use std::collections::HashMap;

use wimwright_inf::Inf;

use super::driver::{Driver, Source};
use super::index::{Listing, Part, Section};
use crate::model::{DriverModel, InfKind, InstallSection, Model, ModelOptions, Target};
use crate::rank::SignatureClass;
use crate::store::device_id::DeviceIdFlags;

/// What is known of an INF beside its text.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) published_name: Option<String>,
    pub(super) original_file_name: String,
    pub(super) package_id: Option<String>,
    pub(super) given: Option<String>,
    pub(super) source: Source,
    pub(super) inbox: bool,
}

/// What the INF says to a Windows; `None` where it is no driver for it. INFs
/// that it includes are not looked at: what decides stands in its own sections.
pub(super) fn model(inf: &Inf, target: &Target) -> Option<DriverModel> {
    let model = DriverModel::read(inf, target, &ModelOptions::default(), &|_| None);
    let usable = model.version.kind == InfKind::Device && !model.models.is_empty();
    usable.then_some(model)
}

/// The INF as a driver.
pub(super) fn part(model: &DriverModel, known: Known, signature: SignatureClass) -> Part {
    let version = &model.version;
    let (date, number) = Driver::dated(version.driver_ver.as_ref());
    let mut installs = model.installs.iter();
    let driver = Driver {
        published_name: known.published_name,
        original_file_name: known.original_file_name,
        package_id: known.package_id,
        given: known.given,
        source: known.source,
        inbox: known.inbox,
        class: version.class_guid,
        class_name: version.class.clone(),
        provider_name: version.provider.clone().unwrap_or_default(),
        date,
        version: number,
        signature,
        extension_id: version.extension_id,
        boot_critical: installs.any(InstallSection::has_boot_start_service),
    };
    let sections: Vec<Section> = model.installs.iter().map(section).collect();
    let by_name: HashMap<String, usize> = model
        .installs
        .iter()
        .enumerate()
        .map(|(at, install)| (install.name.to_lowercase(), at))
        .collect();
    let mut ids = Vec::new();
    for line in &model.models {
        let section = by_name.get(&line.actual_section.to_lowercase()).copied();
        let install = section.and_then(|at| model.installs.get(at));
        ids.extend(lines(line, section, install));
    }
    Part {
        drivers: vec![driver],
        sections,
        ids,
        findings: Vec::new(),
    }
}

fn section(install: &InstallSection) -> Section {
    let components = install.components.iter().flat_map(|made| &made.ids);
    Section {
        name: Some(install.name.clone()),
        exclude_ids: install.exclude_ids.clone(),
        version: install.driver_ver.clone(),
        // Page "INF AddComponent Directive": the hardware ids have `SWC\`
        // before them.
        components: components.map(|id| format!("SWC\\{id}")).collect(),
        copy_infs: install.copy_infs.clone(),
    }
}

/// A models line under each of its ids.
fn lines(
    line: &Model,
    section: Option<usize>,
    install: Option<&InstallSection>,
) -> impl Iterator<Item = (String, Listing)> {
    let feature_score = install.map_or(crate::model::DEFAULT_FEATURE_SCORE, |install| {
        install.feature_score
    });
    let flags = move |hardware: bool, index: usize| DeviceIdFlags {
        hardware,
        compatible: !hardware,
        feature_score,
        index: u16::try_from(index).unwrap_or(u16::MAX),
    };
    let first = line.hardware_id.iter().map(move |id| (id, flags(true, 0)));
    let others = line.compatible_ids.iter().enumerate();
    let others = others.map(move |(index, id)| (id, flags(false, index)));
    first.chain(others).map(move |(id, flags)| {
        let listing = Listing {
            driver: 0,
            section,
            flags,
        };
        (id.clone(), listing)
    })
}
