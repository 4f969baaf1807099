//! `drivers list`: the driver packages of an image.

use std::path::Path;

use wimwright_drivers::{DriverPackage, list};
use wimwright_servicing::Access;

use super::open;
use super::write::heading;
use crate::context::Context;
use crate::exit::ExitCode;
use crate::render::json::{DriverEntry, DriversList, FindingEntry, ListedDrivers, signature};
use crate::render::text::{Column, Table, printable};

/// Runs `drivers list IMAGE [--all]`.
pub(crate) fn run(image: &Path, all: bool, context: &mut Context<'_>) -> anyhow::Result<ExitCode> {
    let set = open::images(image, Access::Read, context)?;
    let mut listed = Vec::new();
    for image in set.images() {
        let mut draft = image.look(context.time);
        let packages =
            list(&mut draft, all).map_err(|error| open::in_image(image.name(), error))?;
        let findings = image.findings().iter().chain(draft.findings());
        let findings: Vec<FindingEntry> = findings.map(FindingEntry::from).collect();
        listed.push((image, packages, findings));
    }

    if context.json {
        let images = listed
            .into_iter()
            .map(|(image, packages, findings)| ListedDrivers {
                image: image.name().to_owned(),
                drivers: packages.iter().map(DriverEntry::from).collect(),
                findings,
            });
        context.document(&DriversList {
            images: images.collect(),
        })?;
        return Ok(ExitCode::Done);
    }
    for (image, packages, findings) in &listed {
        if listed.len() > 1 {
            context.text(&heading(image.name(), image.title(), context))?;
        }
        show(packages, all, context)?;
        context.findings(findings);
    }
    Ok(ExitCode::Done)
}

fn show(packages: &[DriverPackage], all: bool, context: &mut Context<'_>) -> anyhow::Result<()> {
    if packages.is_empty() {
        return context.text(match all {
            true => "no driver packages\n",
            false => "no third-party driver packages (--all shows those of Windows)\n",
        });
    }
    if context.verbose {
        for package in packages {
            context.text(&long(package))?;
        }
        return Ok(());
    }
    let table = table(packages).show(context.width(), context.paint());
    context.text(&table)
}

fn table(packages: &[DriverPackage]) -> Table {
    let mut table = Table::new(&[
        Column::Whole("Name"),
        Column::Cut("Original"),
        Column::Cut("Class"),
        Column::Cut("Provider"),
        Column::Whole("Date"),
        Column::Whole("Version"),
        Column::Whole("Boot"),
    ]);
    for package in packages {
        let class = package.class_name.as_ref();
        table.row(&[
            package.name().to_owned(),
            package.original_file_name.clone(),
            class.unwrap_or(&package.class_guid).clone(),
            package.provider_name.clone(),
            package.date.clone().unwrap_or_default(),
            package.version.clone().unwrap_or_default(),
            yes_no(package.boot_critical).to_owned(),
        ]);
    }
    table
}

fn yes_no(value: bool) -> &'static str {
    match value {
        true => "yes",
        false => "no",
    }
}

/// A package as `--verbose` shows it.
fn long(package: &DriverPackage) -> String {
    let mut text = format!("{}\n", printable(package.name()));
    let mut line = |label: &str, value: &str| {
        text.push_str(&format!("  {label:<16} {}\n", printable(value)));
    };
    line("Original", &package.original_file_name);
    line(
        "Package id",
        package.package_id.as_deref().unwrap_or("none"),
    );
    line("Inbox", yes_no(package.inbox));
    let class = package.class_name.as_deref().unwrap_or("unknown");
    line("Class", &format!("{class} {}", package.class_guid));
    line("Provider", &package.provider_name);
    line("Date", package.date.as_deref().unwrap_or("none"));
    line("Version", package.version.as_deref().unwrap_or("none"));
    line(
        "Architecture",
        package.architecture.as_deref().unwrap_or("unknown"),
    );
    line("Boot critical", yes_no(package.boot_critical));
    line("Signature", &signature(package.driver_signature));
    for id in &package.hardware_ids {
        line("Id", id);
    }
    text
}
