//! Whether an image is generalized, and what must not be cloned.

use super::super::super::json::{AnswerFileEntry, ImageReport, LeftoverEntry, SeverityEntry};
use super::super::{Cell, Mark, Page, escaped};

/// The verdict with its evidence, answer files, and leftovers.
pub(super) fn generalization(page: &mut Page, image: &ImageReport) {
    let Some(state) = &image.generalization else {
        page.element("p", "That could not be read; the findings say why.");
        return;
    };
    page.raw(&format!(
        "<p><strong>{}</strong>: {}</p>",
        escaped(state.verdict.name()),
        escaped(&state.reason)
    ));
    if !state.passes.is_empty() {
        page.element(
            "p",
            &format!("The next boot runs {}.", state.passes.join(", then ")),
        );
    }
    for difference in &state.differences {
        page.element("p", difference);
    }
    let evidence: String = { state.evidence.iter() }
        .map(|piece| {
            let (path, value) = (escaped(&piece.path), escaped(&piece.value));
            format!("<li><code>{path}</code>: {value}</li>")
        })
        .collect();
    if !evidence.is_empty() {
        page.raw(&format!(
            "<details><summary>What that rests on</summary><ul>{evidence}</ul></details>"
        ));
    }
    if !state.answer_files.is_empty() {
        page.element("p", "Answer files, in the order in which Windows looks:");
        let files: String = state.answer_files.iter().map(answer_file).collect();
        page.raw(&format!("<ul>{files}</ul>"));
    }
    if state.leftovers.is_empty() {
        page.element("p", "Nothing is left that must not be cloned.");
    } else {
        page.element("p", "Left in it that must not be cloned:");
        let rows: Vec<Vec<Cell>> = state.leftovers.iter().map(leftover).collect();
        page.table(&["What", "Where", "Found", "Why, and what to do"], &rows);
    }
    for unchecked in &state.unchecked {
        let said = format!("Not looked for: {}: {}", unchecked.name, unchecked.reason);
        page.element("p", &said);
    }
}

fn answer_file(file: &AnswerFileEntry) -> String {
    let passes: Vec<&str> = file.passes.iter().map(|pass| pass.pass.as_str()).collect();
    let said = match &file.error {
        Some(error) => format!("cannot be used: {error}"),
        None if passes.is_empty() => String::new(),
        None => format!("passes {}", passes.join(", ")),
    };
    let passwords = match file.passwords {
        0 => "",
        _ => "; passwords can be read in it",
    };
    let path = escaped(&file.path);
    format!("<li><code>{path}</code> {}{passwords}</li>", escaped(&said))
}

fn leftover(found: &LeftoverEntry) -> Vec<Cell> {
    let (severity, mark) = match found.severity {
        SeverityEntry::Error => ("error", Mark::Bad),
        SeverityEntry::Warning => ("warning", Mark::Bad),
        SeverityEntry::Note => ("note", Mark::Plain),
    };
    let cleaned = match found.cleanable {
        true => "<code>generalize clean</code> removes it: ",
        false => "",
    };
    let what = format!("{severity}: <code>{}</code>", escaped(&found.name));
    let (why, remedy) = (escaped(&found.why), escaped(&found.remedy));
    vec![
        Cell::raw(what).marked(mark),
        Cell::code(&found.place),
        Cell::text(&found.value),
        Cell::raw(format!("{why}<br/>{cleaned}{remedy}")),
    ]
}
