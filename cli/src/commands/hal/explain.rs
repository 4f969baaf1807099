//! `explain`: what a check looks at, why, and what to do; and the list of all.

use wimwright_hal::audit::{CHECKS, check::Check, find};

use crate::context::Context;
use crate::exit::ExitCode;
use crate::refusal::Refusal;
use crate::render::json::{CheckEntry, Explained, HalChecks};
use crate::render::text::{Column, Table, wrapped};

/// Runs `explain CHECK`.
pub(super) fn run(word: &str, context: &mut Context<'_>) -> anyhow::Result<ExitCode> {
    let name = word.trim_matches(['[', ']']);
    let check = known(name)?;
    if context.json {
        let check = CheckEntry::from(check);
        context.document(&Explained { check })?;
        return Ok(ExitCode::Done);
    }
    let width = context.width().unwrap_or(80).clamp(40, 100);
    let mut text = format!(
        "{} ({}, for {})\n",
        context.paint().strong(check.name),
        check.severity,
        check.applies.plain()
    );
    for (label, said) in [
        ("Expects", check.title),
        ("Why", check.why),
        ("Remedy", check.remedy),
        ("Source", check.source),
    ] {
        let said = wrapped(said, 9, width);
        text.push_str(&format!("{label:<9}{}", said.trim_start()));
    }
    context.text(&text)?;
    Ok(ExitCode::Done)
}

/// The check with this name.
pub(super) fn known(name: &str) -> Result<&'static Check, Refusal> {
    find(name).ok_or_else(|| Refusal::NoCheck {
        name: name.to_owned(),
    })
}

/// Runs `hal audit --list`.
pub(super) fn list(context: &mut Context<'_>) -> anyhow::Result<ExitCode> {
    if context.json {
        let checks = CHECKS.iter().map(CheckEntry::from).collect();
        context.document(&HalChecks { checks })?;
        return Ok(ExitCode::Done);
    }
    let mut table = Table::new(&[
        Column::Whole("Check"),
        Column::Whole("Finds"),
        Column::Cut("Expects that"),
    ]);
    for check in CHECKS {
        let severity = check.severity.to_string();
        table.row(&[check.name.to_owned(), severity, check.title.to_owned()]);
    }
    let text = table.show(context.width(), context.paint());
    context.text(&text)?;
    Ok(ExitCode::Done)
}
