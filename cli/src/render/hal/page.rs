//! What `hal audit` found, as one page: a table of images and computers, and
//! below it what every verdict rests on. One file that loads nothing.

use std::fmt::{Display, Write as _};

use wimwright_hal::audit::TargetVerdict;
use wimwright_hal::audit::check::Severity;
use wimwright_hal::{Evidence, Finding, Verdict};
use wimwright_servicing::{FileTime, ImageName, time};

use super::Audited;
use crate::render::html::escaped;
use crate::render::text::count;

/// Its looks: no colour alone says anything, and it prints.
const STYLE: &str = "
:root { --line: #c8ccd2; --ink: #1c2126; --soft: #58606a; --page: #fff; --band: #f3f5f7;
  --good: #d9f2df; --fair: #fff1c9; --switch: #d8e8fb; --bad: #fbd9d6; --none: #eceef0; }
@media (prefers-color-scheme: dark) { :root { --line: #444b54; --ink: #e6e9ec; --soft: #a3acb6;
  --page: #16191d; --band: #20252a; --good: #1d4429; --fair: #4f430f; --switch: #1b3c5e;
  --bad: #5c211e; --none: #2b3036; } }
* { box-sizing: border-box }
body { margin: 0 auto; padding: 1.5rem; max-width: 90rem; background: var(--page);
  color: var(--ink); font: 15px/1.45 system-ui, sans-serif }
h1 { font-size: 1.5rem; margin: 0 0 .25rem }
h2 { font-size: 1.15rem; margin: 2rem 0 .5rem }
h3 { font-size: 1rem; margin: 1.25rem 0 .25rem; overflow-wrap: anywhere }
p { margin: .35rem 0; max-width: 60rem }
a { color: inherit }
.soft { color: var(--soft) }
.scroll { overflow: auto; max-height: 85vh; border: 1px solid var(--line) }
table { border-collapse: separate; border-spacing: 0; width: 100% }
th, td { border-right: 1px solid var(--line); border-bottom: 1px solid var(--line);
  padding: .4rem .6rem; text-align: left; vertical-align: top }
thead th { position: sticky; top: 0; background: var(--band); z-index: 2 }
tbody th { position: sticky; left: 0; background: var(--band); font-weight: 500;
  overflow-wrap: anywhere; min-width: 12rem }
thead th:first-child { left: 0; z-index: 3 }
td small, th small { display: block; color: var(--soft); font-weight: 400 }
td a { text-decoration: none } td a:hover { text-decoration: underline }
.boots { background: var(--good) } .boots-degraded { background: var(--fair) }
.needs-hal-switch { background: var(--switch) } .will-not-boot { background: var(--bad) }
.not-image-bound, .unknown, .failed { background: var(--none) }
ul { margin: .25rem 0; padding-left: 1.2rem } li { margin: .3rem 0; overflow-wrap: anywhere }
code { font: .92em ui-monospace, monospace } summary { cursor: pointer; color: var(--soft) }
.legend span { display: inline-block; padding: .1rem .5rem; margin: .15rem .3rem .15rem 0;
  border: 1px solid var(--line) }
@media print { .scroll { max-height: none; overflow: visible }
  thead th, tbody th { position: static } }
";

const ABOUT: &str = "The HAL (hardware abstraction layer) is the part of Windows that talks to \
interrupt controllers, timers and processors. Windows 2000, XP and Server 2003 install one of \
several, and an image of them boots on computers that its HAL fits; Windows Vista and later choose \
at boot.";

/// An image that was audited, or why it was not.
type Outcome<E> = Result<Audited, (ImageName, E)>;

/// The page.
pub(crate) fn page<E: Display>(results: &[Outcome<E>], given: bool, now: FileTime) -> String {
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>HAL audit</title><style>{STYLE}</style></head>\n<body>\
         <h1>HAL audit</h1><p class=\"soft\">{} UTC, {} on {}</p><p>{ABOUT}</p>",
        escaped(time::iso(now).split('.').next().unwrap_or_default()),
        count(results.len(), "image", "images"),
        match given {
            true => "the computers that were named",
            false => "the six kinds of PC",
        }
    );
    page.push_str("<p class=\"legend\">");
    for verdict in Verdict::ALL {
        let _ = write!(
            page,
            "<span class=\"{0}\"><b>{0}</b> {1}</span>",
            verdict.name(),
            escaped(verdict.plain())
        );
    }
    page.push_str(
        "</p><p class=\"soft\">Below a verdict stand the stop code to expect and the check that \
         decides it; <code>wimwright explain CHECK</code> says more.</p>\n",
    );
    table(&mut page, results, given);
    if given {
        computers(&mut page, results);
    }
    page.push_str("<h2>What the verdicts rest on</h2>\n");
    for (number, result) in results.iter().enumerate() {
        match result {
            Ok(audited) => details(&mut page, number, audited, given),
            Err((image, error)) => {
                let _ = writeln!(
                    page,
                    "<h3 id=\"i{number}\">{}</h3><p>not audited: {}</p>",
                    escaped(&image.to_string()),
                    escaped(&format!("{error:#}"))
                );
            }
        }
    }
    page.push_str("</body></html>\n");
    page
}

fn table<E>(page: &mut String, results: &[Outcome<E>], given: bool) {
    let mut audited = results.iter().filter_map(|result| result.as_ref().ok());
    let columns = audited.next().map(|first| first.audit.targets.as_slice());
    let columns = columns.unwrap_or_default();
    page.push_str("<div class=\"scroll\"><table><thead><tr><th scope=\"col\">Image</th>");
    for target in columns {
        let needs = match (target.hal, target.confidence) {
            (Some(hal), Some(confidence)) if given => format!("{hal}, {confidence}"),
            (Some(hal), _) => hal.description().to_owned(),
            _ => "HAL not known".to_owned(),
        };
        let _ = write!(
            page,
            "<th scope=\"col\">{}<small>{}</small></th>",
            escaped(&target.target),
            escaped(&needs)
        );
    }
    page.push_str("</tr></thead><tbody>\n");
    for (number, result) in results.iter().enumerate() {
        match result {
            Ok(audited) => row(page, number, audited),
            Err((image, _)) => {
                let _ = writeln!(
                    page,
                    "<tr><th scope=\"row\"><a href=\"#i{number}\">{}</a></th>\
                     <td class=\"failed\" colspan=\"{}\"><b>not audited</b></td></tr>",
                    escaped(&image.to_string()),
                    columns.len().max(1)
                );
            }
        }
    }
    page.push_str("</tbody></table></div>\n");
}

/// What each computer needs, and what is not sure of that.
fn computers<E>(page: &mut String, results: &[Outcome<E>]) {
    let mut audited = results.iter().filter_map(|result| result.as_ref().ok());
    let targets = audited.next().map(|first| first.audit.targets.as_slice());
    page.push_str("<h2>The computers</h2><ul>");
    for target in targets.unwrap_or_default() {
        let needs = match (target.hal, target.confidence) {
            (Some(hal), Some(confidence)) => {
                format!("needs the HAL {hal} ({confidence}): {}", hal.plain())
            }
            _ => "which HAL it needs is not known".to_owned(),
        };
        let _ = write!(
            page,
            "<li><b>{}</b>: {}",
            escaped(&target.target),
            escaped(&needs)
        );
        for note in &target.notes {
            let _ = write!(page, "<br><span class=\"soft\">{}</span>", escaped(note));
        }
        page.push_str("</li>");
    }
    page.push_str("</ul>\n");
}

fn row(page: &mut String, number: usize, audited: &Audited) {
    let hal = audited.audit.installed.hal;
    let hal = hal.map(|hal| format!("; {hal}")).unwrap_or_default();
    let _ = write!(
        page,
        "<tr><th scope=\"row\"><a href=\"#i{number}\">{}</a><small>{}{hal}</small></th>",
        escaped(&audited.heading()),
        escaped(&audited.windows())
    );
    for target in &audited.audit.targets {
        let stop = target.stop_code.map(|code| match target.verdict {
            Verdict::WillNotBoot => format!("stop {code}, "),
            _ => format!("stop {code} possible, "),
        });
        let by = match target.verdict {
            Verdict::Boots | Verdict::NotImageBound => "",
            _ => target.check,
        };
        let _ = write!(
            page,
            "<td class=\"{0}\" title=\"{1}\"><a href=\"#i{number}\"><b>{0}</b></a>\
             <small>{2}{by}</small></td>",
            target.verdict.name(),
            escaped(&target.reason),
            stop.unwrap_or_default()
        );
    }
    page.push_str("</tr>\n");
}

fn details(page: &mut String, number: usize, audited: &Audited, given: bool) {
    let _ = write!(
        page,
        "<h3 id=\"i{number}\">{}</h3><p>Windows {}",
        escaped(&audited.heading()),
        escaped(&audited.windows())
    );
    for (label, said) in [("HAL", audited.hal()), ("Files", audited.files())] {
        if let Some(said) = said {
            let _ = write!(page, "<br>{label}: {}", escaped(&said));
        }
    }
    page.push_str("</p><ul>");
    for target in &audited.audit.targets {
        if target.verdict != Verdict::Boots || target.remedy.is_some() {
            verdict(page, target);
        }
    }
    for finding in &audited.audit.findings {
        let targets = &audited.audit.targets;
        // What decides a verdict stands there.
        let told = targets.iter().any(|target| {
            finding.target.as_ref() == Some(&target.target)
                && finding.check == target.check
                && target.reason.contains(&finding.message)
        });
        if !told && (given || finding.target.is_none()) {
            one_finding(page, finding);
        }
    }
    page.push_str("</ul>");
    evidence(page, &audited.audit.installed.evidence);
    page.push('\n');
}

fn verdict(page: &mut String, target: &TargetVerdict) {
    let _ = write!(
        page,
        "<li><b>{}</b>: {}, {}",
        escaped(&target.target),
        target.verdict.name(),
        escaped(&target.reason)
    );
    if let Some(remedy) = &target.remedy {
        let _ = write!(page, "<br>do: {}", escaped(remedy));
    }
    if let Some(note) = &target.by_itself {
        let _ = write!(page, "<br>note: {}", escaped(note));
    }
    let _ = write!(
        page,
        "<br><span class=\"soft\">source: {} ({})</span>",
        escaped(target.source),
        target.certainty
    );
    evidence(page, &target.evidence);
    page.push_str("</li>");
}

fn one_finding(page: &mut String, finding: &Finding) {
    let about = finding.target.as_ref();
    let about = about.map(|target| format!("{target}: "));
    let stop = finding.stop_code.map(|code| format!(", stop {code}"));
    let _ = write!(
        page,
        "<li><b>{}</b>: {}{}{} <code>{}</code>",
        finding.severity,
        escaped(&about.unwrap_or_default()),
        escaped(&finding.message),
        stop.unwrap_or_default(),
        finding.check
    );
    if finding.severity != Severity::Note {
        let _ = write!(page, "<br>do: {}", escaped(&finding.remedy));
    }
    evidence(page, &finding.evidence);
    page.push_str("</li>");
}

fn evidence(page: &mut String, pieces: &[Evidence]) {
    if pieces.is_empty() {
        return;
    }
    page.push_str("<details><summary>Evidence</summary><ul>");
    for piece in pieces {
        let _ = write!(
            page,
            "<li><code>{}</code>: {} <span class=\"soft\">({}; {})</span></li>",
            escaped(&piece.path),
            escaped(&piece.value),
            piece.kind.name(),
            escaped(piece.source)
        );
    }
    page.push_str("</ul></details>");
}
