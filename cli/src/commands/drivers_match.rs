//! `drivers match`: which driver of an image each device of a computer gets.

use std::collections::HashSet;

use wimwright_drivers::matching::{
    DriverIndex, PackagesMatch, Scope, match_computer, match_packages, read_packages,
};
use wimwright_drivers::{self as drivers, AddOptions, Package, takes};
use wimwright_servicing::hardware::Hardware;
use wimwright_servicing::{Access, Image};

use super::write::heading;
use super::{hardware, open, report_file, trust};
use crate::args::MatchWords;
use crate::context::Context;
use crate::exit::ExitCode;
use crate::render::json::{
    DriversMatch, FindingEntry, MatchedComputer, MatchedDevice, MatchedImage, WeighedPackage,
};
use crate::render::{drivers_match as text, html};

/// Runs `drivers match IMAGE... --hardware FILE...`.
pub(super) fn run(words: &MatchWords, context: &mut Context<'_>) -> anyhow::Result<ExitCode> {
    if let Some(file) = &words.html {
        report_file::check(file, words.force)?;
    }
    let computers = computers(&words.hardware, context)?;
    let mut packages = Vec::new();
    for folder in &words.packages {
        packages.extend(open::packages(folder, true)?);
    }
    let weighed = (!words.packages.is_empty()).then_some(packages.as_slice());
    let mut options = AddOptions::default();
    options.force_unsigned = words.force_unsigned;
    options.trust = trust::store(&words.trust)?;

    let mut images = Vec::new();
    for word in &words.images {
        let set = open::images(word, Access::Read, context)?;
        for image in set.images() {
            let found = of_image(image, &computers, weighed, &options, context);
            images.push(found.map_err(|error| open::in_image(image.name(), error))?);
        }
    }
    let found = DriversMatch { images };
    let code = match found.images.iter().any(|image| image.missing > 0) {
        true => ExitCode::Findings,
        false => ExitCode::Done,
    };
    if let Some(file) = &words.html {
        report_file::write(file, &html::drivers_match(&found), words.force)?;
    }
    if context.json {
        context.document(&found)?;
        return Ok(code);
    }
    let matrix = text::matrix(&found.images, context);
    context.text(&matrix)?;
    for image in &found.images {
        if found.images.len() > 1 {
            context.text(&heading(&image.image, image.title.as_deref(), context))?;
        }
        let body = text::image(image, context);
        context.text(&body)?;
        context.findings(&image.findings);
    }
    Ok(code)
}

/// The computers, each with a name of its own.
pub(super) fn computers(
    files: &[std::path::PathBuf],
    context: &mut Context<'_>,
) -> anyhow::Result<Vec<Hardware>> {
    let mut computers = hardware::read(files, context)?;
    let mut names = HashSet::new();
    for computer in &mut computers {
        let given = computer.name.clone();
        let mut number = 2;
        while !names.insert(computer.name.clone()) {
            computer.name = format!("{given} ({number})");
            number += 1;
        }
    }
    Ok(computers)
}

fn of_image(
    image: &Image,
    computers: &[Hardware],
    packages: Option<&[Package]>,
    options: &AddOptions,
    context: &Context<'_>,
) -> Result<MatchedImage, drivers::Error> {
    let draft = image.look(context.time);
    let index = DriverIndex::of_image(&draft, Scope::Everything)?;
    let (found, weighed) = match packages {
        Some(packages) => {
            let packages: Vec<Package> = packages
                .iter()
                .filter(|package| takes(draft.facts(), package))
                .cloned()
                .collect();
            let read = read_packages(&draft, &index, &packages, options)?;
            let PackagesMatch {
                verdicts,
                computers,
            } = match_packages(&index, &read, computers)?;
            let weighed = verdicts.iter().map(WeighedPackage::from).collect();
            (computers, Some(weighed))
        }
        None => {
            let found = computers
                .iter()
                .map(|computer| match_computer(&[&index], computer));
            (found.collect::<Result<_, _>>()?, None)
        }
    };
    let all = image.findings().iter().chain(draft.findings());
    let all = all.chain(index.findings());
    Ok(MatchedImage {
        image: image.name().to_owned(),
        title: image.title().map(str::to_owned),
        drivers: index.drivers().len(),
        missing: found.iter().map(|computer| computer.missing()).sum(),
        devices: found
            .iter()
            .flat_map(|computer| {
                let devices = computer.devices.iter();
                devices.map(|(device, found)| MatchedDevice::new(&computer.name, device, found))
            })
            .collect(),
        computers: computers
            .iter()
            .zip(&found)
            .map(|(computer, found)| MatchedComputer {
                name: computer.name.clone(),
                devices: found.devices.len(),
                missing: found.missing(),
                findings: computer.findings.iter().map(FindingEntry::from).collect(),
            })
            .collect(),
        packages: weighed,
        findings: all.map(FindingEntry::from).collect(),
    })
}
