//! `drivers match` as a page.

use super::super::drivers_match::{tally, why};
use super::super::json::{DriversMatch, MatchState, MatchedDevice, MatchedDriver, MatchedImage};
use super::super::text::{count, size};
use super::{Cell, Mark, Page, escaped};

/// The page.
pub(crate) fn drivers_match(found: &DriversMatch) -> String {
    let mut page = Page::new("Drivers for computers");
    page.element(
        "p",
        "Which device of each computer gets a driver from each image, by the rules by which \
         Windows ranks drivers.",
    );
    matrix(&mut page, &found.images);
    for (number, image) in found.images.iter().enumerate() {
        of_image(&mut page, number, image);
    }
    page.finish()
}

/// Computers down, images across; each cell leads to its devices.
fn matrix(page: &mut Page, images: &[MatchedImage]) {
    let names: Vec<&str> = images.iter().map(|image| image.image.as_str()).collect();
    let header = [&["Computer"], names.as_slice()].concat();
    let computers = images.first().map_or(&[][..], |image| &image.computers);
    let rows: Vec<Vec<Cell>> = computers
        .iter()
        .enumerate()
        .map(|(row, computer)| {
            let cells = images.iter().enumerate().filter_map(|(column, image)| {
                let found = image.computers.get(row)?;
                let mark = match found.missing {
                    0 => Mark::Good,
                    _ => Mark::Bad,
                };
                let text = escaped(&tally(found.devices, found.missing));
                let link = format!("<a href=\"#{}\">{text}</a>", anchor(column, row));
                Some(Cell::raw(link).marked(mark))
            });
            std::iter::once(Cell::text(&computer.name))
                .chain(cells)
                .collect()
        })
        .collect();
    page.table(&header, &rows);
}

fn anchor(image: usize, computer: usize) -> String {
    format!("i{image}c{computer}")
}

fn of_image(page: &mut Page, number: usize, image: &MatchedImage) {
    let name = match &image.title {
        Some(title) => format!("{} ({title})", image.image),
        None => image.image.clone(),
    };
    page.element("h2", &name);
    page.element(
        "p",
        &count(image.drivers, "driver in the image", "drivers in the image"),
    );
    for (row, computer) in image.computers.iter().enumerate() {
        page.raw(&format!(
            "<h3 id=\"{}\">{}: {}</h3>",
            anchor(number, row),
            escaped(&computer.name),
            escaped(&tally(computer.devices, computer.missing))
        ));
        let devices = image.devices.iter();
        let devices = devices.filter(|device| device.computer == computer.name);
        let rows: Vec<Vec<Cell>> = devices.map(row_of).collect();
        page.table(&["Device", "Driver", "Found by", "Others that fit"], &rows);
    }
    if let Some(packages) = &image.packages {
        page.element("h3", "Packages");
        let rows: Vec<Vec<Cell>> = packages
            .iter()
            .map(|package| {
                let (verdict, mark) = match (package.needed, &package.refused) {
                    (true, _) => ("needed", Mark::Good),
                    (_, Some(_)) => ("refused", Mark::Bad),
                    _ => ("superfluous", Mark::Plain),
                };
                vec![
                    Cell::code(&package.inf),
                    Cell::text(verdict).marked(mark),
                    Cell::text(&package.bytes.map(size).unwrap_or_default()),
                    Cell::text(&why(package)),
                ]
            })
            .collect();
        page.table(&["Package", "Verdict", "Size", "Why"], &rows);
    }
    if !image.findings.is_empty() {
        let findings = image.findings.iter();
        let findings: String = findings
            .map(|finding| format!("<li>{}</li>", escaped(&finding.message)))
            .collect();
        page.raw(&format!("<ul class=\"note\">{findings}</ul>"));
    }
}

fn row_of(device: &MatchedDevice) -> Vec<Cell> {
    let description = device.description.as_deref().unwrap_or_default();
    let what = match description {
        "" => format!("<code>{}</code>", escaped(&device.id)),
        name => format!("{}<br/><code>{}</code>", escaped(name), escaped(&device.id)),
    };
    let driver = match (&device.best, device.state) {
        (Some(best), _) => Cell::raw(described(best)).marked(Mark::Good),
        (None, MatchState::WithoutIds) => Cell::text("no ids to find one by"),
        (None, _) => Cell::text("no driver").marked(Mark::Bad),
    };
    let found_by = match &device.best {
        Some(best) => Cell::raw(format!(
            "{}<br/><code>{}</code><br/>rank <code>{}</code>",
            escaped(best.match_words),
            escaped(&best.matched_id),
            escaped(&best.rank)
        )),
        None => Cell::text(""),
    };
    let others = device.candidates.iter().skip(1);
    let others: Vec<String> = others
        .map(|driver| {
            let reason = driver.reason.as_deref().unwrap_or_default();
            format!("<li>{}: {}</li>", described(driver), escaped(reason))
        })
        .chain(device.extensions.iter().map(|driver| {
            format!(
                "<li>{}: an extension, applied as well</li>",
                described(driver)
            )
        }))
        .collect();
    let others = match others.len() {
        0 => Cell::text(""),
        number => Cell::raw(format!(
            "<details><summary>{number}</summary><ul>{}</ul></details>",
            others.concat()
        )),
    };
    vec![Cell::raw(what), driver, found_by, others]
}

fn described(driver: &MatchedDriver) -> String {
    let parts = [
        Some(driver.provider_name.as_str()),
        driver.date.as_deref(),
        driver.version.as_deref(),
    ];
    let parts: Vec<&str> = parts
        .into_iter()
        .flatten()
        .filter(|part| !part.is_empty())
        .collect();
    let original = match driver.name() == driver.original_file_name {
        true => String::new(),
        false => format!(" ({})", driver.original_file_name),
    };
    format!(
        "<code>{}</code>{} {}",
        escaped(driver.name()),
        escaped(&original),
        escaped(&parts.join(" "))
    )
}
