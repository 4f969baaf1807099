//! `report` as a page: what an image is, what is in it, and what is odd.

mod contents;
mod drivers;
mod state;
mod updates;

use wimwright_servicing::{FileTime, time};

use super::super::json::{FindingEntry, ImageReport, Level, Report};
use super::super::report::lines;
use super::{Page, escaped};

/// The page.
pub(crate) fn report(report: &Report, time: FileTime) -> String {
    let several = report.images.len() > 1;
    let title = match report.images.as_slice() {
        [only] => match &only.title {
            Some(title) => format!("{title}: report of a Windows image"),
            None => "Report of a Windows image".to_owned(),
        },
        _ => "Report of Windows images".to_owned(),
    };
    let mut page = Page::new(&title);
    let made = format!(
        "Made by wimwright {} on {}. Everything here was read from the image; what could not be \
         read is among the findings.",
        env!("CARGO_PKG_VERSION"),
        time::date(time)
    );
    page.raw(&format!("<p class=\"note\">{}</p>", escaped(&made)));
    if several {
        let links: String = { report.images.iter().enumerate() }
            .map(|(number, image)| {
                let name = escaped(&heading(image));
                format!("<li><a href=\"#image-{}\">{name}</a></li>", number + 1)
            })
            .collect();
        page.raw(&format!("<ul>{links}</ul>"));
    }
    for (number, image) in report.images.iter().enumerate() {
        of_image(&mut page, number + 1, image, several);
    }
    page.finish()
}

fn heading(image: &ImageReport) -> String {
    match &image.title {
        Some(title) => format!("{} ({title})", image.image),
        None => image.image.clone(),
    }
}

/// A part of the page, as the list of parts names it.
struct Part {
    id: &'static str,
    title: &'static str,
    write: fn(&mut Page, &ImageReport),
}

const PARTS: [Part; 8] = [
    Part {
        id: "findings",
        title: "Findings",
        write: findings,
    },
    Part {
        id: "generalization",
        title: "Generalization",
        write: state::generalization,
    },
    Part {
        id: "drivers",
        title: "Drivers of third parties",
        write: drivers::third_party,
    },
    Part {
        id: "kernel",
        title: "What starts with the kernel",
        write: drivers::kernel_services,
    },
    Part {
        id: "packages",
        title: "Update packages",
        write: updates::packages,
    },
    Part {
        id: "features",
        title: "Features",
        write: updates::features,
    },
    Part {
        id: "programs",
        title: "Programs and contents",
        write: contents::contents,
    },
    Part {
        id: "registry",
        title: "Registry",
        write: contents::registry,
    },
];

fn of_image(page: &mut Page, number: usize, image: &ImageReport, several: bool) {
    if several {
        let name = escaped(&heading(image));
        page.raw(&format!("<h2 id=\"image-{number}\">{name}</h2>"));
    }
    page.facts(&lines(image));
    let links: Vec<String> = PARTS
        .iter()
        .map(|part| format!("<a href=\"#{}-{number}\">{}</a>", part.id, part.title))
        .collect();
    page.raw(&format!("<p>{}</p>", links.join(" · ")));
    let level = if several { "h3" } else { "h2" };
    for part in &PARTS {
        page.raw(&format!(
            "<{level} id=\"{}-{number}\">{}</{level}>",
            part.id, part.title
        ));
        (part.write)(page, image);
    }
}

fn findings(page: &mut Page, image: &ImageReport) {
    if image.findings.is_empty() {
        page.element("p", "Nothing odd was found.");
        return;
    }
    let line = |finding: &FindingEntry| {
        let severity = match finding.severity {
            Level::Warning => "<strong>warning:</strong>",
            Level::Note => "note:",
        };
        let (message, name) = (escaped(&finding.message), escaped(&finding.name));
        format!("<li>{severity} {message} <code>[{name}]</code></li>")
    };
    // What matters comes first.
    let (grave, others): (Vec<_>, Vec<_>) =
        { image.findings.iter() }.partition(|finding| finding.severity == Level::Warning);
    let list: String = grave.into_iter().chain(others).map(line).collect();
    page.raw(&format!("<ul>{list}</ul>"));
}
