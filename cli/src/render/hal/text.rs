//! What `hal audit` found, as text for someone who has never seen a HAL.

use std::collections::BTreeMap;
use wimwright_hal::audit::check::Severity;

use wimwright_hal::audit::{THEN, TargetVerdict};
use wimwright_hal::{Audit, Evidence, Finding, Verdict};

use super::Audited;
use crate::context::Context;
use crate::render::text::{Column, Table, count, printable, wrapped};

/// Text is wrapped to this where it does not go to a terminal.
const WIDTH: usize = 100;

fn width(context: &Context<'_>) -> usize {
    context.width().unwrap_or(WIDTH).clamp(40, 120)
}

/// One image.
pub(crate) fn image(audited: &Audited, given: bool, context: &Context<'_>) -> String {
    let width = width(context);
    let heading = printable(&audited.heading()).into_owned();
    let mut text = format!("{}\n", context.paint().strong(&heading));
    let parts = [
        ("Windows", Some(audited.windows())),
        ("HAL", audited.hal()),
        ("Files", audited.files()),
    ];
    for (label, said) in parts {
        if let Some(said) = said {
            let said = wrapped(&printable(&said), 11, width);
            text.push_str(&format!("  {label:<9}{}", said.trim_start()));
        }
    }
    if context.verbose {
        text.push_str(&evidence(&audited.audit.installed.evidence, 4, width));
    }
    text.push_str(&verdicts(&audited.audit, given, context));
    for (targets, finding) in alike(&audited.audit.findings) {
        let shown = finding.severity != Severity::Note || !context.quiet;
        // What is only true of a kind of computer that nobody named is noise.
        if shown && (given || targets.is_empty()) {
            text.push_str(&finding_text(&targets, finding, context));
        }
    }
    // One blank line, also where a table is the last.
    text.truncate(text.trim_end().len());
    text.push_str("\n\n");
    text
}

fn verdicts(audit: &Audit, given: bool, context: &Context<'_>) -> String {
    let (targets, width) = (&audit.targets, width(context));
    let Some(first) = targets.first() else {
        return String::new();
    };
    let mut all = targets.iter();
    if !given && all.all(|target| target.verdict == Verdict::NotImageBound) {
        return wrapped(&first.reason, 2, width);
    }
    let mut text = String::from("\n");
    for line in table(targets, given, context).lines() {
        text.push_str(&format!("  {line}\n"));
    }
    text.push('\n');
    for (names, target) in grouped(targets, given) {
        // What findings below say is left to them.
        let Some(reason) = untold(&target.reason, &audit.findings) else {
            continue;
        };
        let plain = target.verdict == Verdict::Boots && target.remedy.is_none();
        if plain && !context.verbose {
            continue;
        }
        let line = format!("{}: {reason}", names.join(", "));
        text.push_str(&wrapped(&printable(&line), 2, width));
        // That another image is needed goes without saying where nobody asked.
        let switch = matches!(target.verdict, Verdict::Boots | Verdict::NeedsHalSwitch);
        let remedy = target.remedy.as_ref().filter(|_| given || switch);
        if let Some(remedy) = remedy.and_then(|remedy| untold_remedy(remedy, &audit.findings)) {
            let remedy = format!("do: {remedy}");
            text.push_str(&wrapped(&printable(&remedy), 4, width));
        }
        if let Some(note) = target.by_itself.as_ref().filter(|_| given) {
            let note = format!("note: {note}");
            text.push_str(&wrapped(&printable(&note), 4, width));
        }
        if context.verbose {
            let source = format!("source: {} ({})", target.source, target.certainty);
            text.push_str(&wrapped(&source, 4, width));
            text.push_str(&evidence(&target.evidence, 4, width));
        }
    }
    text
}

/// The part of a reason that no finding says; `None` where they say all of it.
fn untold(reason: &str, findings: &[Finding]) -> Option<String> {
    let mut rest = reason.to_owned();
    for finding in findings {
        if rest == finding.message {
            return None;
        }
        rest = rest.replace(&format!("; and {}", finding.message), "");
        if let Some(then) = rest.strip_prefix(&format!("{}{THEN}", finding.message)) {
            rest = format!("once the error below is mended: {then}");
        }
    }
    Some(rest)
}

/// The part of a remedy that no finding says; `None` where one says all of it.
fn untold_remedy<'r>(remedy: &'r str, findings: &[Finding]) -> Option<&'r str> {
    let mut rest = findings
        .iter()
        .filter_map(|finding| remedy.strip_prefix(finding.remedy.as_str()));
    match rest.next() {
        None => Some(remedy),
        Some(rest) => rest.strip_prefix(" ; "),
    }
}

/// The computers, and what is not sure of them: once, for all images. Empty
/// where they are no more than classes.
pub(crate) fn computers(targets: &[TargetVerdict], context: &Context<'_>) -> String {
    let width = width(context);
    let is_class = |target: &TargetVerdict| target.hal.is_some_and(|hal| hal.id() == target.target);
    if targets.iter().all(is_class) {
        return String::new();
    }
    let mut text = format!("{}\n", context.paint().strong("Computers"));
    for target in targets {
        let line = match (target.hal, target.confidence) {
            (Some(hal), Some(confidence)) => {
                format!(
                    "{}: needs {hal} ({confidence}): {}",
                    target.target,
                    hal.plain()
                )
            }
            _ => format!("{}: which HAL it needs is not known", target.target),
        };
        text.push_str(&wrapped(&printable(&line), 2, width));
        for note in &target.notes {
            let note = format!("note: {note}");
            text.push_str(&wrapped(&printable(&note), 4, width));
        }
    }
    text.push('\n');
    text
}

fn table(targets: &[TargetVerdict], given: bool, context: &Context<'_>) -> String {
    let mut table = Table::new(&[
        Column::Cut("Computer"),
        Column::Whole("Needs"),
        Column::Whole("Verdict"),
        Column::Whole("Stop"),
        Column::Whole("Supported"),
    ]);
    for target in targets {
        let needs = match (target.hal, target.confidence) {
            _ if target.verdict == Verdict::NotImageBound => "ACPI".to_owned(),
            (Some(hal), Some(confidence)) if given => format!("{hal} ({confidence})"),
            (Some(hal), _) => hal.to_string(),
            _ => "not known".to_owned(),
        };
        let name = match target.hal {
            Some(hal) if !given => hal.description().to_owned(),
            _ => target.target.clone(),
        };
        let stop = target.stop_code.map(|code| code.to_string());
        let supported = match target.supported {
            Some(true) => "yes",
            Some(false) => "no",
            None => "-",
        };
        table.row(&[
            name,
            needs,
            target.verdict.name().to_owned(),
            stop.unwrap_or_else(|| "-".to_owned()),
            supported.to_owned(),
        ]);
    }
    // Two columns are the indent.
    let width = context.width().map(|width| width.saturating_sub(2));
    table.show(width, context.paint())
}

/// Targets that fare alike for the same reason, together.
fn grouped(targets: &[TargetVerdict], given: bool) -> Vec<(Vec<String>, &TargetVerdict)> {
    let mut groups: Vec<(Vec<String>, &TargetVerdict)> = Vec::new();
    for target in targets {
        let name = match target.hal {
            Some(hal) if !given => hal.id().to_owned(),
            _ => target.target.clone(),
        };
        let mut known = groups.iter_mut();
        let alike = known.find(|(_, other)| {
            let alike = (other.verdict, &other.reason) == (target.verdict, &target.reason);
            alike && (!given || other.remedy == target.remedy)
        });
        match alike {
            Some((names, _)) => names.push(name),
            None => groups.push((vec![name], target)),
        }
    }
    groups
}

/// Findings that say the same of several computers, together.
fn alike(findings: &[Finding]) -> Vec<(Vec<&str>, &Finding)> {
    let mut groups: Vec<(Vec<&str>, &Finding)> = Vec::new();
    for finding in findings {
        let mut known = groups.iter_mut();
        let group = known.find(|(_, other)| {
            (other.check, &other.message, &other.remedy)
                == (finding.check, &finding.message, &finding.remedy)
        });
        let target = finding.target.as_deref();
        match group {
            Some((targets, _)) => targets.extend(target),
            None => groups.push((target.into_iter().collect(), finding)),
        }
    }
    groups
}

fn finding_text(targets: &[&str], finding: &Finding, context: &Context<'_>) -> String {
    let (paint, width) = (context.paint(), width(context));
    let (word, painted) = match finding.severity {
        Severity::Note => ("note:", paint.strong("note:")),
        Severity::Warning => ("warning:", paint.warning("warning:")),
        Severity::Error => ("error:", paint.error("error:")),
    };
    let about = match targets {
        [] => String::new(),
        some => format!("{}: ", some.join(", ")),
    };
    let stop = finding.stop_code.map(|code| format!(", stop {code}"));
    let said = format!(
        "{word} {about}{}{} [{}]",
        finding.message,
        stop.unwrap_or_default(),
        finding.check
    );
    // Wrapped plain, for colours have no width.
    let said = wrapped(&printable(&said), 4, width);
    let said = said.trim_start();
    let rest = said.strip_prefix(word).unwrap_or(said);
    let mut text = format!("  {painted}{rest}");
    if finding.severity != Severity::Note || context.verbose {
        let remedy = format!("do: {}", finding.remedy);
        text.push_str(&wrapped(&printable(&remedy), 4, width));
    }
    if context.verbose {
        let source = format!("source: {}", finding.source);
        text.push_str(&wrapped(&source, 4, width));
        text.push_str(&evidence(&finding.evidence, 4, width));
    }
    text
}

fn evidence(pieces: &[Evidence], indent: usize, width: usize) -> String {
    let lines = pieces.iter().map(|piece| {
        let line = format!("{piece} [{}]", piece.kind.name());
        wrapped(&printable(&line), indent, width)
    });
    lines.collect()
}

/// What all of it comes to, counted.
#[derive(Default)]
pub(crate) struct Tally {
    images: usize,
    failed: usize,
    verdicts: BTreeMap<Verdict, usize>,
    findings: usize,
    /// Whether one of them has a HAL to speak of.
    bound: bool,
}

impl Tally {
    /// Counts an image.
    pub(crate) fn add(&mut self, audited: &Audited, given: bool) {
        self.images += 1;
        for target in &audited.audit.targets {
            *self.verdicts.entry(target.verdict).or_default() += 1;
        }
        let findings = audited.audit.findings.iter();
        let grave = findings.filter(|finding| {
            finding.severity != Severity::Note && (given || finding.target.is_none())
        });
        self.findings += grave.count();
        self.bound |= audited.hal().is_some();
    }

    /// Counts an image that could not be audited.
    pub(crate) fn add_failed(&mut self) {
        self.images += 1;
        self.failed += 1;
    }

    /// What it comes to, and what a HAL is.
    pub(crate) fn text(&self, given: bool, context: &Context<'_>) -> String {
        if context.quiet {
            return String::new();
        }
        let mut parts = vec![count(self.images, "image", "images")];
        if self.failed > 0 {
            parts.push(format!("{} not audited", self.failed));
        }
        if given {
            let verdicts = self.verdicts.iter();
            parts.extend(verdicts.map(|(verdict, number)| format!("{verdict} {number}")));
        }
        parts.push(count(self.findings, "finding", "findings"));
        let mut text = format!("{}\n", parts.join(", "));
        if self.bound {
            let about = "The HAL is the part of Windows that talks to interrupt controllers and \
                         processors. Windows 2000, XP and Server 2003 install one of several, and \
                         an image of them boots where its HAL fits. `wimwright explain hal-class` \
                         says more; --verbose shows what every verdict rests on.";
            text.push_str(&wrapped(about, 0, width(context)));
        }
        text
    }
}
