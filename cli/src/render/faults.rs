//! Faults of driver stores, for people: check by check, with what each does
//! and what mends it.

use super::json::{FaultEntry, FaultSeverity};
use super::text::{count, printable, wrapped};
use crate::context::Context;

/// How many faults of one check are shown without `--verbose`.
const SHOWN: usize = 5;
/// The widest that sentences run.
const WIDTH: usize = 96;

/// Faults, under the check that found them.
pub(crate) fn list(faults: &[FaultEntry], context: &Context<'_>) -> String {
    let shown: Vec<&FaultEntry> = faults
        .iter()
        .filter(|fault| !context.quiet || fault.severity > FaultSeverity::Note)
        .collect();
    let mut text = String::new();
    for of_check in shown.chunk_by(|left, right| left.check == right.check) {
        let Some(first) = of_check.first() else {
            continue;
        };
        let severity = severity(first.severity, context);
        text.push_str(&format!("{severity} {}: {}\n", first.check, first.effect));
        if context.verbose {
            let rule = format!("rule: {} [{}]", first.rule, first.source);
            text.push_str(&lines(&rule, 2, context));
        }
        for of_mend in by_mend(of_check) {
            text.push_str(&group(&of_mend, context));
        }
    }
    text
}

/// Faults of one check with those together that the same mends.
fn by_mend<'f>(faults: &[&'f FaultEntry]) -> Vec<Vec<&'f FaultEntry>> {
    let mut groups: Vec<Vec<&FaultEntry>> = Vec::new();
    for fault in faults {
        let same = |group: &&mut Vec<&FaultEntry>| {
            group
                .first()
                .is_some_and(|first| mend(first) == mend(fault))
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.push(fault),
            None => groups.push(vec![fault]),
        }
    }
    groups
}

fn group(faults: &[&FaultEntry], context: &Context<'_>) -> String {
    let most = match context.verbose {
        true => usize::MAX,
        false => SHOWN,
    };
    let mut text = String::new();
    for fault in faults.iter().take(most) {
        let line = format!("{}: {}", fault.place, fault.message);
        text.push_str(&lines(&line, 2, context));
    }
    if let Some(more) = faults.len().checked_sub(most).filter(|more| *more > 0) {
        text.push_str(&format!("  and {more} more (--verbose lists them)\n"));
    }
    if let Some(fault) = faults.first() {
        text.push_str(&mend_lines(fault, context));
    }
    text
}

/// What was mended.
pub(crate) fn mended(faults: &[FaultEntry], done: bool, context: &Context<'_>) -> String {
    let word = match done {
        true => "mended",
        false => "to mend",
    };
    let word = context.paint().good(word);
    let mut text = String::new();
    for fault in faults {
        let place = printable(&fault.place);
        text.push_str(&format!("{word}  {place}: {}\n", printable(&fault.message)));
    }
    text
}

/// How many there are, and what to do next.
pub(crate) fn summary(
    faults: &[FaultEntry],
    image: &str,
    repaired: bool,
    context: &Context<'_>,
) -> String {
    if context.quiet {
        return String::new();
    }
    if faults.is_empty() {
        return match repaired {
            true => "nothing is left that is wrong with the driver store\n".to_owned(),
            false => "the driver store is in order\n".to_owned(),
        };
    }
    let of = |severity| {
        faults
            .iter()
            .filter(|fault| fault.severity == severity)
            .count()
    };
    let parts: Vec<String> = [
        (FaultSeverity::Error, "error", "errors"),
        (FaultSeverity::Warning, "warning", "warnings"),
        (FaultSeverity::Note, "note", "notes"),
    ]
    .into_iter()
    .map(|(severity, one, many)| (of(severity), one, many))
    .filter(|(number, _, _)| *number > 0)
    .map(|(number, one, many)| count(number, one, many))
    .collect();
    let mut text = parts.join(", ");
    let command = faults.iter().find(|fault| fault.repairable);
    let repairable = faults.iter().filter(|fault| fault.repairable).count();
    match (repaired, command.and_then(|fault| fault.command.as_ref())) {
        (true, _) => text.push_str(&format!(" left in {}", printable(image))),
        (false, Some(command)) => {
            let these = match repairable == faults.len() {
                true => "mended by".to_owned(),
                false => format!("{repairable} of them mended by"),
            };
            text.push_str(&format!("; {these}: {command}"));
        }
        (false, None) => {}
    }
    text.push('\n');
    text
}

fn severity(severity: FaultSeverity, context: &Context<'_>) -> String {
    let paint = context.paint();
    match severity {
        FaultSeverity::Error => paint.error("error:"),
        FaultSeverity::Warning => paint.warning("warning:"),
        FaultSeverity::Note => paint.strong("note:"),
    }
}

fn mend(fault: &FaultEntry) -> (&str, Option<&str>) {
    (&fault.mend, fault.command.as_deref())
}

fn mend_lines(fault: &FaultEntry, context: &Context<'_>) -> String {
    let mut text = match (fault.repairable, &fault.command) {
        (true, _) => return lines(&format!("mend with --repair: {}", fault.mend), 4, context),
        (false, Some(command)) => format!("    mend: {}\n", printable(command)),
        (false, None) => return lines(&format!("mend: {}", fault.mend), 4, context),
    };
    if !fault.mend.is_empty() {
        text.push_str(&lines(&fault.mend, 10, context));
    }
    text
}

fn lines(text: &str, indent: usize, context: &Context<'_>) -> String {
    let width = context
        .width()
        .map_or(WIDTH, |width| width.clamp(40, WIDTH));
    wrapped(&printable(text), indent, width)
}
