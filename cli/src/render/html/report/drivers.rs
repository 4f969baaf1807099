//! Driver packages, and what starts with the kernel.

use super::super::super::json::{ImageReport, KernelServiceEntry, ReportedDriver};
use super::super::super::report::signer;
use super::super::super::text::{count, size};
use super::super::{Cell, Mark, Page, escaped};

/// Third parties' packages, and the checksums of their files.
pub(super) fn third_party(page: &mut Page, image: &ImageReport) {
    let Some(drivers) = &image.drivers else {
        page.element("p", "They could not be read; the findings say why.");
        return;
    };
    if drivers.third_party.is_empty() {
        page.element("p", "There are none.");
    } else {
        let rows: Vec<Vec<Cell>> = drivers.third_party.iter().map(row).collect();
        let header = [
            "Package",
            "Class",
            "Provider",
            "Version",
            "Boot",
            "Signature",
            "Files",
        ];
        page.table(&header, &rows);
        checksums(page, &drivers.third_party);
    }
    if drivers.inbox > 0 {
        let inbox = count(drivers.inbox, "package", "packages");
        page.element("p", &format!("{inbox} more came with Windows."));
    }
}

fn row(part: &ReportedDriver) -> Vec<Cell> {
    let driver = &part.driver;
    let original = match driver.name() == driver.original_file_name {
        true => String::new(),
        false => format!(
            "<br/><span class=\"name\">{}</span>",
            escaped(&driver.original_file_name)
        ),
    };
    let class = driver.class_name.as_ref().unwrap_or(&driver.class_guid);
    let version: Vec<&str> = [driver.version.as_deref(), driver.date.as_deref()]
        .into_iter()
        .flatten()
        .collect();
    let mark = match driver.driver_signature.as_str() {
        "signed" if part.signature.is_some() => Mark::Good,
        "signed" | "unknown" => Mark::Plain,
        _ => Mark::Bad,
    };
    let signature = format!(
        "<strong>{}</strong>: {}",
        escaped(&driver.driver_signature),
        escaped(&signer(part))
    );
    vec![
        Cell::raw(format!(
            "<code class=\"name\">{}</code>{original}",
            escaped(driver.name())
        )),
        Cell::text(class),
        Cell::text(&driver.provider_name),
        Cell::text(&version.join(", ")),
        Cell::text(if driver.boot_critical { "yes" } else { "no" }),
        Cell::raw(signature).marked(mark),
        Cell::text(&part.files.len().to_string()),
    ]
}

/// The files of all packages, a table behind one line.
fn checksums(page: &mut Page, drivers: &[ReportedDriver]) {
    let rows: Vec<Vec<Cell>> = { drivers.iter() }
        .flat_map(|part| &part.files)
        .map(|file| {
            vec![
                Cell::code(&file.path.to_string()),
                Cell::text(&size(file.len)),
                Cell::code(&file.sha256),
                Cell::code(&file.sha1),
            ]
        })
        .collect();
    if rows.is_empty() {
        return;
    }
    let number = count(rows.len(), "file", "files");
    page.raw(&format!(
        "<details><summary>Checksums of {number}</summary>"
    ));
    page.table(&["File", "Size", "SHA-256", "SHA-1"], &rows);
    page.raw("</details>");
}

/// What the loader and the kernel start.
pub(super) fn kernel_services(page: &mut Page, image: &ImageReport) {
    let Some(services) = &image.kernel_services else {
        page.element("p", "That could not be read; the findings say why.");
        return;
    };
    let set = &image.info.control_sets.default;
    let said = format!(
        "Drivers of {set}, which the next boot takes: those that the loader loads (boot), then \
         those that the kernel starts itself (system)."
    );
    page.element("p", &said);
    let rows: Vec<Vec<Cell>> = services.iter().map(service).collect();
    page.table(&["Service", "Start", "Group", "File", "Package"], &rows);
}

fn service(service: &KernelServiceEntry) -> Vec<Cell> {
    let start = match service.start_override {
        Some(other) => format!("{}, but StartOverride says {other}", service.start),
        None => service.start.clone(),
    };
    let path = service.file.as_ref().or(service.image_path.as_ref());
    let path = path.map_or("", String::as_str);
    let file = match service.present {
        Some(true) => Cell::code(path),
        Some(false) => {
            let cell = Cell::raw(format!("<code>{}</code> is not there", escaped(path)));
            let mark = if service.starts() {
                Mark::Bad
            } else {
                Mark::Plain
            };
            cell.marked(mark)
        }
        None => Cell::raw(format!("<code>{}</code> leads elsewhere", escaped(path))),
    };
    vec![
        Cell::code(&service.name),
        Cell::text(&start),
        Cell::text(service.group.as_deref().unwrap_or_default()),
        file,
        Cell::text(&service.owners.join(", ")),
    ]
}
