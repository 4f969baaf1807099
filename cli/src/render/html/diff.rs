//! `diff` as a page.

use wimwright_servicing::Finding;

use super::super::diff::{Differences, Line, Mark as Sign, Section, sections};
use super::super::json::{DiffedImage, LeftOut};
use super::{Cell, Mark, Page, escaped};
use crate::context::Context;

/// From this many rows on a part is closed until it is asked for.
const MANY: usize = 300;

/// What a page says beside the differences.
pub(crate) struct DiffPage<'a> {
    pub(crate) images: &'a [DiffedImage; 2],
    pub(crate) left_out: &'a [LeftOut],
    pub(crate) findings: &'a [Finding],
}

/// The page.
pub(crate) fn diff(found: &Differences, about: &DiffPage<'_>, context: &Context<'_>) -> String {
    let mut page = Page::new("Differences of two images");
    let [old, new] = about.images;
    page.raw(&format!(
        "<p>How <code>{}</code> became <code>{}</code>: <b>added</b> is only in the second, \
         <b>removed</b> only in the first.</p>",
        escaped(&old.image),
        escaped(&new.image)
    ));
    let sections = sections(found, context.verbose);
    if sections.is_empty() {
        page.element("p", "No differences.");
    }
    let links: String = sections
        .iter()
        .map(|section| {
            format!(
                "<li><a href=\"#{0}\">{0}</a>: {1}</li>",
                section.title,
                escaped(&section.summary)
            )
        })
        .collect();
    if !links.is_empty() {
        page.raw(&format!("<ul>{links}</ul>"));
    }
    for section in &sections {
        of_section(&mut page, section);
    }
    findings(&mut page, about);
    left_out(&mut page, about.left_out);
    page.finish()
}

fn of_section(page: &mut Page, section: &Section) {
    page.raw(&format!("<h2 id=\"{0}\">{0}</h2>", section.title));
    let open = match section.lines.len() {
        ..MANY => " open",
        _ => "",
    };
    page.raw(&format!(
        "<details{open}><summary>{}</summary>",
        escaped(&section.summary)
    ));
    let rows: Vec<Vec<Cell>> = section.lines.iter().map(row).collect();
    page.table(&["Change", "Where", "What"], &rows);
    page.raw("</details>");
}

fn row(line: &Line) -> Vec<Cell> {
    let (word, mark) = match line.mark {
        Sign::Added => ("added", Mark::Good),
        Sign::Removed => ("removed", Mark::Bad),
        Sign::Changed => ("changed", Mark::Plain),
    };
    // What parts the two in a line of text is of no use in cells.
    let what = line.what.trim_start_matches([' ', ':']);
    vec![
        Cell::text(word).marked(mark),
        Cell::code(&line.at),
        Cell::text(what),
    ]
}

fn findings(page: &mut Page, about: &DiffPage<'_>) {
    let of_images = about.images.iter().flat_map(|image| {
        let findings = image.findings.iter();
        findings.map(|finding| format!("{}: {}", image.image, finding.message))
    });
    let own = about.findings.iter().map(|finding| finding.message.clone());
    let all: String = of_images
        .chain(own)
        .map(|finding| format!("<li>{}</li>", escaped(&finding)))
        .collect();
    if !all.is_empty() {
        page.element("h2", "What is odd");
        page.raw(&format!("<ul>{all}</ul>"));
    }
}

fn left_out(page: &mut Page, left_out: &[LeftOut]) {
    page.element("h2", "Not compared");
    let list: String = left_out
        .iter()
        .map(|left| {
            format!(
                "<li><code>{}</code>: {}</li>",
                escaped(&left.name),
                escaped(&left.reason)
            )
        })
        .collect();
    page.raw(&format!("<ul class=\"note\">{list}</ul>"));
}
