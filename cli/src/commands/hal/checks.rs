//! `hal audit --list`: the checks of the HAL and those of the way to the boot
//! disk, which the audit joins.

use wimwright_drivers::boot_path;
use wimwright_hal::audit::CHECKS;

use crate::context::Context;
use crate::exit::ExitCode;
use crate::refusal::Refusal;
use crate::render::json::{CheckEntry, HalChecks};
use crate::render::text::{Column, Table};

/// The checks of an audit.
pub(in crate::commands) fn of_audit() -> impl Iterator<Item = CheckEntry> {
    let of_disks = boot_path::CHECKS
        .iter()
        .map(|check| CheckEntry::from(*check));
    CHECKS.iter().map(CheckEntry::from).chain(of_disks)
}

/// That there is a check of this name.
pub(super) fn require(name: &str) -> Result<(), Refusal> {
    match of_audit().any(|check| check.name == name) {
        true => Ok(()),
        false => Err(Refusal::NoCheck {
            name: name.to_owned(),
        }),
    }
}

/// Runs `hal audit --list`.
pub(super) fn list(context: &mut Context<'_>) -> anyhow::Result<ExitCode> {
    let checks: Vec<CheckEntry> = of_audit().collect();
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
