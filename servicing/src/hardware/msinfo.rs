//! MSInfo reports: `.nfo` (XML) and the text that `msinfo32 /report` writes.
//!
//! Everything but the ids is of the language of Windows, so rows are told by
//! where they stand: a device is a row whose value is an instance id, named by
//! the row that its block begins with; in the summary the type of the system
//! (`x64-based PC`) stands behind manufacturer and model in every version
//! since XP, and processors behind it.

mod summary;

use self::summary::Summary;
use super::instance::{self, is_instance};
use super::text_file::Line;
use super::xml_file::{self, Piece};
use super::{Hardware, HardwareError, MAX_DEVICES};
use crate::Finding;

/// The root element of a report.
pub(super) const ROOT: &str = "MsInfo";

/// Reads a `.nfo` file into `hardware`.
pub(super) fn read_xml(text: &str, hardware: &mut Hardware) -> Result<(), HardwareError> {
    let mut rows = Rows::default();
    let mut cells: Vec<String> = Vec::new();
    let cut = xml_file::read(text, |path, piece| {
        let data = path.iter().rposition(|name| name == "Data");
        match piece {
            Piece::Open(_) if path.last().is_some_and(|name| name == "Category") => {
                rows.category();
            }
            Piece::Text(text) if data.is_some_and(|at| at + 2 == path.len()) => {
                cells.push((*text).to_owned());
            }
            Piece::Close if data.is_some_and(|at| at + 1 == path.len()) => {
                rows.row(&cells.iter().map(String::as_str).collect::<Vec<_>>());
                cells.clear();
            }
            _ => {}
        }
    })?;
    hardware.findings.extend(cut);
    rows.finish(hardware);
    Ok(())
}

/// Whether a text report goes on or begins here: a heading in brackets, or a
/// row whose value is an instance id.
pub(super) fn begins(line: &str) -> bool {
    let heading = line.starts_with('[') && line.ends_with(']') && line.len() > 2;
    let mut cells = line.split('\t').map(str::trim);
    heading || (cells.next().is_some() && cells.any(is_instance))
}

/// Whether a line belongs to the report.
pub(super) fn goes_on(line: &str) -> bool {
    line.is_empty() || line.contains('\t') || begins(line)
}

/// Reads a text report into `hardware`.
pub(super) fn read(lines: &[Line<'_>], hardware: &mut Hardware) {
    let mut rows = Rows::default();
    for line in lines {
        if line.text.starts_with('[') && !line.text.contains('\t') {
            rows.category();
        } else {
            let cells = line.text.split('\t').map(str::trim);
            let cells: Vec<&str> = cells.filter(|cell| !cell.is_empty()).collect();
            rows.row(&cells);
        }
    }
    rows.finish(hardware);
}

/// The rows of a report, one after another.
#[derive(Default)]
struct Rows {
    /// The first value of the block that is read: the name of a device.
    name: Option<String>,
    /// Instance ids, each with a name, in the order of the report.
    devices: Vec<(String, Option<String>)>,
    summary: Summary,
}

impl Rows {
    fn category(&mut self) {
        self.name = None;
        self.summary.category();
    }

    fn row(&mut self, cells: &[&str]) {
        let instance = cells.iter().position(|cell| is_instance(cell));
        match (instance, cells) {
            (_, []) => self.name = None,
            (Some(at), _) => {
                // In lists of item and value the block's name counts; in
                // tables of devices the other column does.
                let table = at == 0 || self.name.is_none();
                let beside = cells.iter().enumerate().find(|(index, _)| *index != at);
                let beside = beside.map(|(_, cell)| (*cell).to_owned());
                let name = if table { beside } else { self.name.clone() };
                // Each may stand in several categories.
                if let Some(cell) = cells
                    .get(at)
                    .filter(|_| self.devices.len() < 8 * MAX_DEVICES)
                {
                    self.devices.push(((*cell).to_owned(), name));
                }
            }
            (None, [item, value]) => {
                self.summary.row(item, value);
                self.name.get_or_insert_with(|| (*value).to_owned());
            }
            _ => {}
        }
    }

    fn finish(self, hardware: &mut Hardware) {
        let mut seen = std::collections::HashSet::new();
        for (id, name) in self.devices {
            if !seen.insert(id.to_ascii_uppercase()) {
                continue;
            }
            if let Some(mut device) = instance::device(&id) {
                device.description = name;
                hardware.add_device(device);
            }
        }
        if seen.iter().any(|id| id.starts_with("PCI\\")) {
            hardware.add_finding(Finding::note(
                "msinfo-without-classes",
                "an MSInfo report has no class codes and no compatible ids: drivers that match by \
                 class are not seen; `pnputil /enum-devices /ids` gives all ids",
            ));
        }
        self.summary.finish(hardware);
    }
}
