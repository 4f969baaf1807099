//! `explain`: what a check looks at, why, and what to do; and the list of all,
//! those of the HAL and those of the way to the boot disk.

use wimwright_drivers::boot_path;
use wimwright_hal::audit::{CHECKS, find};

use crate::context::Context;
use crate::exit::ExitCode;
use crate::refusal::Refusal;
use crate::render::json::{CheckEntry, Explained, HalChecks};
use crate::render::text::{Column, Table, wrapped};

/// Runs `explain CHECK`.
pub(super) fn run(word: &str, context: &mut Context<'_>) -> anyhow::Result<ExitCode> {
    let check = known(word.trim_matches(['[', ']']))?;
    if context.json {
        context.document(&Explained { check })?;
        return Ok(ExitCode::Done);
    }
    let width = context.width().unwrap_or(80).clamp(40, 100);
    let mut text = format!(
        "{} ({}, for {})\n",
        context.paint().strong(&check.name),
        check.severity.word(),
        check.applies_to
    );
    for (label, said) in [
        ("Expects", &check.title),
        ("Why", &check.why),
        ("Remedy", &check.remedy),
        ("Source", &check.source),
    ] {
        let said = wrapped(said, 9, width);
        text.push_str(&format!("{label:<9}{}", said.trim_start()));
    }
    context.text(&text)?;
    Ok(ExitCode::Done)
}

/// The check with this name.
fn known(name: &str) -> Result<CheckEntry, Refusal> {
    if let Some(check) = find(name) {
        return Ok(CheckEntry::from(check));
    }
    let mut of_disks = boot_path::CHECKS.iter();
    let found = of_disks.find(|check| check.name == name);
    found
        .map(|check| CheckEntry::from(*check))
        .ok_or_else(|| Refusal::NoCheck {
            name: name.to_owned(),
        })
}

/// That there is a check of this name.
pub(super) fn require(name: &str) -> Result<(), Refusal> {
    known(name).map(|_| ())
}

/// Runs `hal audit --list`.
pub(super) fn list(context: &mut Context<'_>) -> anyhow::Result<ExitCode> {
    let of_disks = boot_path::CHECKS
        .iter()
        .map(|check| CheckEntry::from(*check));
    let checks: Vec<CheckEntry> = CHECKS
        .iter()
        .map(CheckEntry::from)
        .chain(of_disks)
        .collect();
    if context.json {
        context.document(&HalChecks { checks })?;
        return Ok(ExitCode::Done);
    }
    let mut table = Table::new(&[
        Column::Whole("Check"),
        Column::Whole("Finds"),
        Column::Cut("Expects that"),
    ]);
    for check in checks {
        let severity = check.severity.word().to_owned();
        table.row(&[check.name, severity, check.title]);
    }
    let text = table.show(context.width(), context.paint());
    context.text(&text)?;
    Ok(ExitCode::Done)
}
