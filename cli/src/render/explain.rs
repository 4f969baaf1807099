//! Codes, checks and logs in words, for people.

use super::json::{
    CheckEntry, Explained, ExplainedCode, ExplainedLog, LogSection, MeaningEntry, StepEntry,
};
use super::text::{count, printable, wrapped};
use crate::context::Context;

/// The widest that sentences run.
const WIDTH: usize = 96;
/// Failures of a log that are shown without `--verbose`: the last ones.
const FAILURES: usize = 10;
/// Failures of a log that there are at most.
const KEPT: usize = 200;
/// Codes of a log that are explained without `--verbose`.
const CODES: usize = 6;
/// Errors that come again and again, without `--verbose`.
const REPEATED: usize = 5;

/// A check, a code, or an exit code.
pub(crate) fn known(explained: &Explained, context: &Context<'_>) -> String {
    let mut parts = Vec::new();
    if let Some(exit) = &explained.exit {
        let title = context.paint().strong(&format!("exit {}", exit.code));
        let mut text = format!("{title} of wimwright\n");
        text.push_str(&lines(&format!("{}.", upper(&exit.meaning)), 2, context));
        text.push_str(&lines(&format!("Then: {}.", exit.advice), 2, context));
        parts.push(text);
    }
    parts.extend(
        explained
            .checks
            .iter()
            .map(|check| of_check(check, context)),
    );
    parts.extend(explained.code.as_ref().map(|code| of_code(code, context)));
    parts.join("\n")
}

fn of_check(check: &CheckEntry, context: &Context<'_>) -> String {
    let number = check.number.as_ref().map(|number| format!("{number}, "));
    let mut text = format!(
        "{} ({}{} of `{}`, for {})\n",
        context.paint().strong(&check.name),
        number.unwrap_or_default(),
        check.severity.word(),
        check.command,
        check.applies_to
    );
    let expects = match check.command.as_str() {
        "drivers lint" | "generalize report" => "Finds",
        _ => "Expects",
    };
    for (label, said) in [
        (expects, &check.title),
        ("Why", &check.why),
        ("Remedy", &check.remedy),
        ("Source", &check.source),
    ] {
        let said = lines(said, 9, context);
        text.push_str(&format!("{label:<9}{}", said.trim_start()));
    }
    text
}

fn of_code(code: &ExplainedCode, context: &Context<'_>) -> String {
    let mut text = String::new();
    if let Some(setup) = &code.setup {
        text.push_str(&format!("{}\n", context.paint().strong(&code.code)));
        let operation = setup.operation.replace('_', " ").to_lowercase();
        let said = format!(
            "Windows Setup failed {} ({}), at the step \"{operation}\".",
            setup.when, setup.phase
        );
        text.push_str(&lines(&said, 2, context));
        if let Some(meaning) = &setup.meaning {
            text.push_str(&lines(meaning, 2, context));
        }
        text.push_str(&lines(
            &format!("Source: {} (stated)", setup.source),
            2,
            context,
        ));
    }
    for meaning in &code.meanings {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&of_meaning(&code.code, meaning, None, context));
    }
    if code.meanings.is_empty() && code.setup.is_none() {
        text.push_str(&format!("{}\n", context.paint().strong(&code.code)));
    }
    if code.meanings.is_empty() {
        let unknown = "No list here has this code: what follows is its structure, nothing more.";
        text.push_str(&lines(unknown, 2, context));
    }
    if let Some(structure) = &code.structure {
        text.push_str(&lines(&format!("Structure: {structure}."), 2, context));
    }
    text
}

/// A meaning of a code; in a log with the first line that names it.
fn of_meaning(
    code: &str,
    meaning: &MeaningEntry,
    line: Option<u64>,
    context: &Context<'_>,
) -> String {
    let name = meaning.name.as_deref().unwrap_or_default();
    // A short number that is a blue screen's, or an error's.
    let code = match meaning.family.as_str() {
        "stop" if !code.starts_with("STOP") => format!("STOP {code}"),
        _ => code.to_owned(),
    };
    let title = context.paint().strong(format!("{code} {name}").trim_end());
    let line_said = line.map(|line| format!(" (line {line})"));
    let mut text = format!("{title}{}\n", line_said.unwrap_or_default());
    text.push_str(&lines(&meaning.meaning, 2, context));
    let mut causes = meaning.causes.iter();
    match (causes.next(), causes.len()) {
        (Some(only), 0) => {
            let said = format!("Cause: {} ({})", only.text, only.certainty);
            text.push_str(&hanging(&said, 2, context));
        }
        (Some(_), _) => {
            text.push_str("  Causes, the likeliest first:\n");
            for (at, cause) in meaning.causes.iter().enumerate() {
                let said = format!("{}. {} ({})", at + 1, cause.text, cause.certainty);
                text.push_str(&hanging(&said, 4, context));
            }
        }
        (None, _) => {}
    }
    text.push_str(&steps(&meaning.steps, context));
    if line.is_none() || context.verbose {
        let source = format!("Source: {} ({})", meaning.source, meaning.certainty);
        text.push_str(&hanging(&source, 2, context));
    }
    text
}

fn steps(steps: &[StepEntry], context: &Context<'_>) -> String {
    if steps.is_empty() {
        return String::new();
    }
    let mut text = "  Here:\n".to_owned();
    for step in steps {
        text.push_str(&hanging(&format!("- {}", step.text), 4, context));
        if let Some(command) = &step.command {
            // Not wrapped: it is to be copied.
            text.push_str(&format!("        {command}\n"));
        }
    }
    text
}

/// A log.
pub(crate) fn log(log: &ExplainedLog, context: &Context<'_>) -> String {
    let mut text = head(log);
    let shown: Vec<(&LogSection, usize)> = match context.verbose {
        true => log.sections.iter().map(|section| (section, 1)).collect(),
        false => groups(log),
    };
    let skipped = match context.verbose {
        true => 0,
        false => shown.len().saturating_sub(FAILURES),
    };
    let kept = log.sections.iter().filter(|section| is_bad(section));
    let lost = (log.failed + log.with_errors).saturating_sub(kept.count() as u64);
    if lost > 0 {
        text.push_str(&format!("\nOf the failures the last {KEPT} are told.\n"));
    }
    if skipped > 0 {
        let others = count(skipped, "sort of failure", "sorts of failures");
        text.push_str(&format!(
            "\n{others} before are not shown; --verbose shows all\n"
        ));
    }
    for (section, alike) in shown.into_iter().skip(skipped) {
        text.push('\n');
        text.push_str(&of_section(section, alike, context));
    }
    text.push_str(&repeated(log, context));
    let mut others = Vec::new();
    for (at, told) in log.codes.iter().enumerate() {
        let explained = &told.explained;
        // Codes of warnings are often those of things that are tried first.
        let most = if told.main { CODES } else { CODES / 2 };
        let meaning = explained.meanings.first();
        let Some(meaning) = meaning.filter(|_| context.verbose || at < most) else {
            let name = meaning.and_then(|meaning| meaning.name.as_deref());
            let name = name.map(|name| format!(" {name}")).unwrap_or_default();
            others.push(format!(
                "{}{name} (line {})",
                explained.code, told.first_line
            ));
            continue;
        };
        text.push('\n');
        let line = Some(told.first_line);
        text.push_str(&of_meaning(&explained.code, meaning, line, context));
    }
    if !others.is_empty() {
        let others = format!(
            "Codes not explained here, `wimwright explain CODE` does: {}",
            others.join(", ")
        );
        text.push('\n');
        text.push_str(&lines(&others, 0, context));
    }
    text
}

fn head(log: &ExplainedLog) -> String {
    let kind = match log.log.as_str() {
        "cbs" => "log of servicing (CBS)",
        "dism" => "log of DISM",
        "setup" => "log of Windows Setup",
        "setupapi-xp" => "log of driver installation (SetupAPI, Windows 2000 to 2003)",
        _ => "log of driver installation (SetupAPI)",
    };
    let mut text = format!("{}: {kind}", printable(&log.name));
    if let Some(system) = &log.system {
        text.push_str(&format!(", {}", printable(system)));
    }
    text.push_str(&format!(
        "\n{} lines, {}",
        log.lines,
        log.encoding.to_uppercase()
    ));
    if let (Some(first), Some(last)) = (&log.first_time, &log.last_time) {
        text.push_str(&format!(", {} to {}", printable(first), printable(last)));
    }
    if log.cut_lines > 0 {
        text.push_str(&format!("; {} too long and were cut", log.cut_lines));
    }
    let mut counts = Vec::new();
    for (number, word) in [
        (log.failed, "failed"),
        (log.with_errors, "with errors and no result"),
        (log.succeeded, "succeeded"),
        (log.no_result, "without a result"),
    ] {
        if number > 0 {
            counts.push(format!("{number} {word}"));
        }
    }
    let all = log.failed + log.with_errors + log.succeeded + log.no_result;
    let all = usize::try_from(all).unwrap_or(usize::MAX);
    match counts.is_empty() {
        true => text.push_str("\nno sections and no errors\n"),
        false => text.push_str(&format!(
            "\n{}: {}\n",
            count(all, "section", "sections"),
            counts.join(", ")
        )),
    }
    text
}

fn is_bad(section: &LogSection) -> bool {
    matches!(section.outcome.as_str(), "failed" | "errors")
}

/// Failures of a log with those together that failed alike: the last one of
/// each sort, in order, and how many there are.
fn groups(log: &ExplainedLog) -> Vec<(&LogSection, usize)> {
    let mut groups: Vec<(String, &LogSection, usize)> = Vec::new();
    for section in log.sections.iter().filter(|section| is_bad(section)) {
        let cause = section.cause.as_ref().map(|cause| cause.text.as_str());
        let status = section.status.as_deref().unwrap_or_default();
        let key = [section.title.as_str(), status, cause.unwrap_or_default()].join("\n");
        // Ids, times and versions differ where the same fails again.
        let key: String = key.chars().filter(|c| !c.is_ascii_digit()).collect();
        match groups.iter().position(|(known, ..)| *known == key) {
            Some(at) => {
                let (key, _, alike) = groups.remove(at);
                groups.push((key, section, alike + 1));
            }
            None => groups.push((key, section, 1)),
        }
    }
    let groups = groups.into_iter();
    groups.map(|(_, section, alike)| (section, alike)).collect()
}

fn of_section(section: &LogSection, alike: usize, context: &Context<'_>) -> String {
    let paint = context.paint();
    let outcome = match section.outcome.as_str() {
        "failed" => paint.error("failed:"),
        "errors" => paint.warning("errors:"),
        "succeeded" => paint.good("succeeded:"),
        other => paint.strong(&format!("{other}:")),
    };
    let mut text = format!("{outcome} {}, ", printable(&section.title));
    match section.first_line == section.last_line {
        true => text.push_str(&format!("line {}", section.first_line)),
        false => text.push_str(&format!(
            "lines {} to {}",
            section.first_line, section.last_line
        )),
    }
    if let Some(started) = &section.started {
        text.push_str(&format!(", {}", printable(started)));
    }
    text.push('\n');
    if alike > 1 {
        let others = count(alike - 1, "other", "others");
        text.push_str(&format!("  {others} before it failed alike\n"));
    }
    let result = section.status.as_ref().map(|status| {
        let name = section.status_name.as_deref().unwrap_or_default();
        format!("{status} {name}").trim_end().to_owned()
    });
    for (label, value) in [
        ("command", &section.command),
        ("device", &section.device),
        ("driver", &section.driver),
        ("package", &section.package),
        ("result", &result.filter(|_| section.outcome == "failed")),
    ] {
        if let Some(value) = value {
            text.push_str(&format!("  {label:<8} {}\n", printable(value)));
        }
    }
    if let Some(cause) = &section.cause {
        let said = format!("line {}: {}", cause.line, printable(&cause.text));
        let said = lines(&said, 11, context);
        text.push_str(&format!("  {:<8} {}", "cause", said.trim_start()));
    }
    for fact in &section.facts {
        let said = format!("{} [{}, line {}]", fact.meaning, fact.name, fact.line);
        let said = lines(&said, 11, context);
        text.push_str(&format!("  {:<8} {}", "means", said.trim_start()));
    }
    if context.verbose {
        for error in &section.first_errors {
            if Some(error) != section.cause.as_ref() {
                let error = format!("{}: {}", error.line, printable(&error.text));
                text.push_str(&hanging(&error, 4, context));
            }
        }
    }
    let chosen = section.drivers.iter().filter(|driver| driver.selected);
    let shown = section.drivers.iter().filter(|_| context.verbose);
    for driver in shown.chain(chosen.filter(|_| !context.verbose)) {
        let rank = driver.rank.as_deref().unwrap_or("none");
        let mark = if driver.selected { ", chosen" } else { "" };
        let signer = driver.signer.as_ref().map(|signer| format!(", {signer}"));
        text.push_str(&format!(
            "  {:<8} {} (rank {}{}{mark})\n",
            "weighed",
            printable(&driver.inf),
            printable(rank),
            printable(&signer.unwrap_or_default()),
        ));
    }
    let mut once: Vec<&StepEntry> = Vec::new();
    for step in section.facts.iter().flat_map(|fact| &fact.steps) {
        if !once.contains(&step) {
            once.push(step);
        }
    }
    if is_bad(section) {
        let once: Vec<StepEntry> = once.into_iter().cloned().collect();
        text.push_str(&steps(&once, context));
    }
    text
}

fn repeated(log: &ExplainedLog, context: &Context<'_>) -> String {
    let most = match context.verbose {
        true => usize::MAX,
        false => REPEATED,
    };
    let mut text = String::new();
    for repeated in log.repeated.iter().take(most) {
        if text.is_empty() {
            text.push_str("\nErrors that come again and again:\n");
        }
        let said = format!(
            "{} times, lines {} to {}: {}",
            repeated.count,
            repeated.first_line,
            repeated.last_line,
            printable(&repeated.text)
        );
        text.push_str(&hanging(&said, 2, context));
    }
    text
}

fn lines(text: &str, indent: usize, context: &Context<'_>) -> String {
    let width = context.width().unwrap_or(WIDTH).clamp(40, WIDTH);
    wrapped(text, indent, width)
}

/// Lines of which all but the first stand two columns further in.
fn hanging(text: &str, indent: usize, context: &Context<'_>) -> String {
    let said = lines(text, indent + 2, context);
    let said = said.get(2..).unwrap_or_default();
    said.to_owned()
}

fn upper(text: &str) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => String::new(),
    }
}
