//! What `generalize report` found, as text.

use wimwright_hal::audit::check::Severity;
use wimwright_hal::generalize::answer_file::{AnswerFile, Says};
use wimwright_hal::generalize::{Found, LogSummary, Report, Verdict, leftovers};

use super::json::{LeftoverEntry, SeverityEntry};
use super::text::{Column, Table, count, printable, wrapped};
use crate::context::Context;

/// Text is wrapped to this where it does not go to a terminal.
const WIDTH: usize = 100;

fn width(context: &Context<'_>) -> usize {
    context.width().unwrap_or(WIDTH).clamp(40, 120)
}

/// A report.
pub(crate) fn text(report: &Report, context: &Context<'_>) -> String {
    let (paint, width) = (context.paint(), width(context));
    let state = &report.state;
    let word = state.verdict.name();
    let word = match state.verdict {
        Verdict::Generalized | Verdict::VendorMedia => paint.good(word),
        Verdict::NotGeneralized => paint.warning(word),
        Verdict::Inconsistent => paint.error(word),
    };
    let mut text = format!("{word}\n");
    text.push_str(&wrapped(&printable(&state.reason), 2, width));
    let passes = state.next_boot.passes();
    if !passes.is_empty() {
        let passes = format!("next: {}", passes.join(", then "));
        text.push_str(&wrapped(&passes, 2, width));
    }
    if context.verbose {
        for piece in &state.evidence {
            text.push_str(&wrapped(&printable(&piece.to_string()), 4, width));
        }
        for noted in &state.passes_noted {
            let line = format!(
                "SYSTEM\\Setup\\Status\\UnattendPasses\\{}: {}",
                noted.pass, noted.status
            );
            text.push_str(&wrapped(&printable(&line), 4, width));
        }
    }
    answer_files(report, context, &mut text);
    logs(&report.logs, context, &mut text);
    found(report, context, &mut text);
    text
}

fn section(title: &str, context: &Context<'_>, text: &mut String) {
    text.push_str(&format!("\n{}\n", context.paint().strong(title)));
}

fn answer_files(report: &Report, context: &Context<'_>, text: &mut String) {
    let answers = &report.answer_files;
    if answers.files.is_empty() {
        return;
    }
    let width = width(context);
    section(
        "Answer files, in the order in which Windows looks",
        context,
        text,
    );
    for file in &answers.files {
        let line = format!("{}: {}", file.path, said(file));
        text.push_str(&wrapped(&printable(&line), 2, width));
    }
    for winner in &answers.winners {
        let mut line = format!("{} is taken from {}", winner.pass, winner.path);
        if winner.processed {
            line.push_str(": processed already, so that nothing of it is applied");
        }
        if !winner.hidden.is_empty() {
            line.push_str(&format!("; not read for it: {}", winner.hidden.join(", ")));
        }
        text.push_str(&wrapped(&printable(&line), 4, width));
    }
}

fn said(file: &AnswerFile) -> String {
    match &file.says {
        Says::Nothing(reason) => format!("cannot be used: {reason}"),
        Says::Sealed(sealed) => format!("sections {}", sealed.sections.join(", ")),
        Says::Unattend(unattend) => {
            let passes: Vec<String> = unattend
                .passes
                .iter()
                .map(|pass| match pass.processed {
                    true => format!("{} (processed)", pass.name),
                    false => pass.name.clone(),
                })
                .collect();
            format!("passes {}", passes.join(", "))
        }
    }
}

fn logs(logs: &[LogSummary], context: &Context<'_>, text: &mut String) {
    if logs.is_empty() {
        return;
    }
    let width = width(context);
    section("Logs of Setup and Sysprep", context, text);
    for log in logs {
        let mut line = log.path.clone();
        if let Some(phase) = &log.last_phase {
            line.push_str(&format!(", last phase {phase}"));
        }
        if let Some(time) = &log.last_time {
            line.push_str(&format!(", last line of {time}"));
        }
        line.push_str(&format!(", {}", count(log.errors, "error", "errors")));
        text.push_str(&wrapped(&printable(&line), 2, width));
        if let Some(provider) = &log.failing_provider {
            let code = log.code.as_ref().map(|code| format!(", code {code}"));
            let line = format!("failed: {provider}{}", code.unwrap_or_default());
            text.push_str(&wrapped(&printable(&line), 4, width));
        }
        if let Some(line) = &log.line {
            let number = log.line_number.map(|number| format!("line {number}: "));
            let line = format!("{}{line}", number.unwrap_or_default());
            text.push_str(&wrapped(&printable(&line), 4, width));
        }
    }
}

fn found(report: &Report, context: &Context<'_>, text: &mut String) {
    let width = width(context);
    let shown: Vec<&Found> = report
        .leftovers
        .iter()
        .filter(|found| !context.quiet || found.leftover.severity != Severity::Note)
        .collect();
    if shown.is_empty() {
        let nothing = if report.leftovers.is_empty() {
            "\nNothing is left that must not be cloned.\n"
        } else {
            ""
        };
        text.push_str(nothing);
    } else {
        section("Left in it that must not be cloned", context, text);
    }
    for found in shown {
        let leftover = found.leftover;
        let severity = match leftover.severity {
            Severity::Note => context.paint().strong("note:"),
            Severity::Warning => context.paint().warning("warning:"),
            Severity::Error => context.paint().error("error:"),
        };
        text.push_str(&format!(
            "  {severity} {} [{}]\n",
            leftover.title, leftover.name
        ));
        for item in &found.items {
            let line = format!("{}: {}", item.place, item.value);
            text.push_str(&wrapped(&printable(&line), 6, width));
        }
        let why = format!("why: {}", leftover.why);
        text.push_str(&wrapped(&why, 4, width));
        let cleaned = found.items.iter().any(|item| item.is_cleanable());
        let remedy = leftover.cleaning.text();
        if cleaned {
            let line = format!("`generalize clean` removes it: {remedy}");
            text.push_str(&wrapped(&line, 4, width));
        } else if found.items.iter().all(|item| item.kept.is_none()) {
            text.push_str(&wrapped(&format!("remedy: {remedy}"), 4, width));
        }
        for kept in found.items.iter().filter_map(|item| item.kept) {
            text.push_str(&wrapped(&format!("stays: {kept}"), 4, width));
        }
        if context.verbose {
            let source = format!("source: {} ({})", leftover.source, leftover.certainty);
            text.push_str(&wrapped(&source, 4, width));
        }
    }
    if !context.quiet {
        summary(report, text);
    }
    // One damaged hive keeps several from being looked for.
    let mut reasons: Vec<(String, Vec<&str>)> = Vec::new();
    for unchecked in &report.unchecked {
        let reason = unchecked.reason.to_string();
        match reasons.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, names)) => names.push(unchecked.name),
            None => reasons.push((reason, vec![unchecked.name])),
        }
    }
    for (reason, names) in reasons {
        let line = format!("not looked for: {}: {reason}", names.join(", "));
        text.push_str(&wrapped(&printable(&line), 2, width));
    }
}

/// How much is left, and how much of it can be removed here.
fn summary(report: &Report, text: &mut String) {
    if report.leftovers.is_empty() {
        return;
    }
    let of = |severity: Severity| {
        let found = report.leftovers.iter();
        { found }
            .filter(|found| found.leftover.severity == severity)
            .count()
    };
    let cleanable = report.leftovers.iter();
    let cleanable = { cleanable }
        .filter(|found| found.items.iter().any(|item| item.is_cleanable()))
        .count();
    text.push_str(&format!(
        "\n{}, {}, {}; `generalize clean` removes {}.\n",
        count(of(Severity::Error), "error", "errors"),
        count(of(Severity::Warning), "warning", "warnings"),
        count(of(Severity::Note), "note", "notes"),
        match cleanable {
            0 => "none of it".to_owned(),
            some if some == report.leftovers.len() => "all of it".to_owned(),
            some => count(some, "kind of it", "kinds of it"),
        }
    ));
}

/// How many things are left, by how much they matter.
pub(crate) fn severities(leftovers: &[LeftoverEntry]) -> String {
    let of = |severity: SeverityEntry| {
        let found = leftovers.iter();
        found.filter(|found| found.severity == severity).count()
    };
    match leftovers.len() {
        0 => "nothing that must not be cloned".to_owned(),
        _ => format!(
            "{}, {}, {}",
            count(of(SeverityEntry::Error), "error", "errors"),
            count(of(SeverityEntry::Warning), "warning", "warnings"),
            count(of(SeverityEntry::Note), "note", "notes")
        ),
    }
}

/// What is looked for.
pub(crate) fn kinds(context: &Context<'_>) -> String {
    let mut table = Table::new(&[
        Column::Whole("Name"),
        Column::Whole("Cleaned"),
        Column::Whole("Grave"),
        Column::Cut("What it is"),
        Column::Cut("Where"),
    ]);
    for leftover in leftovers::all() {
        let cleaned = if leftover.cleaning.is_offline() {
            "yes"
        } else {
            "no"
        };
        table.row(&[
            leftover.name.to_owned(),
            cleaned.to_owned(),
            leftover.severity.to_string(),
            leftover.title.to_owned(),
            leftover.place.to_owned(),
        ]);
    }
    let mut text = table.show(context.width(), context.paint());
    if context.verbose {
        for leftover in leftovers::all() {
            text.push_str(&format!("\n{}\n", context.paint().strong(leftover.name)));
            for (label, said) in [
                ("why", leftover.why),
                ("remedy", leftover.cleaning.text()),
                ("source", leftover.source),
            ] {
                text.push_str(&wrapped(&format!("{label}: {said}"), 2, width(context)));
            }
        }
    }
    text
}
