//! MSInfo reports: `.nfo` (XML) and the text that `msinfo32 /report` writes.
//!
//! Everything but the ids is of the language of Windows, so rows are told by
//! where they stand: a device is a row whose value is an instance id, named by
//! the row that its block begins with; in the summary the type of the system
//! (`x64-based PC`) stands behind manufacturer and model in every version
//! since XP, and processors behind it.

mod summary;

use std::collections::{HashMap, HashSet};

use self::summary::Summary;
use super::instance::{self, is_instance};
use super::text_file::Line;
use super::xml_file::{self, Piece};
use super::{Device, Hardware, HardwareError, MAX_DEVICES};
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
            Piece::Text(text)
                if data.is_some_and(|at| at + 2 == path.len()) && cells.len() < 64 =>
            {
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

/// Whether a text report begins here, or a part of it: a heading in brackets,
/// or a row whose value is an instance id.
pub(super) fn begins(line: &str) -> bool {
    let heading = line.starts_with('[') && line.ends_with(']') && line.len() > 2;
    let mut cells = line.split('\t').map(str::trim);
    heading || (cells.next().is_some() && cells.any(is_instance))
}

/// Whether a part of a report may begin here, where no other form goes on: a
/// row of item and value. Reports are quoted in pieces.
pub(super) fn may_begin(line: &str) -> bool {
    let row = line.split_once('\t');
    row.is_some_and(|(item, value)| !item.is_empty() && !value.trim_start().starts_with(':'))
}

/// Whether a line belongs to the report.
pub(super) fn goes_on(line: &str) -> bool {
    line.is_empty() || may_begin(line) || begins(line)
}

/// Reads a text report into `hardware`.
pub(super) fn read(lines: &[Line<'_>], hardware: &mut Hardware) {
    let mut rows = Rows::default();
    let mut last = 0;
    for line in lines {
        if line.number > last + 1 {
            rows.row(&[]);
        }
        last = line.number;
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
    /// Instance ids in the order of the report.
    found: Vec<Found>,
    summary: Summary,
}

/// An instance id, and what stands beside and above it.
struct Found {
    instance: String,
    /// The cell beside it: the title of a row of item and value, the name of
    /// the device in a table.
    beside: Option<String>,
    /// The name of the block.
    above: Option<String>,
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
            // Each may stand in several categories.
            (Some(at), _) if self.found.len() < 8 * MAX_DEVICES => {
                let beside = cells.iter().enumerate().find(|(index, _)| *index != at);
                self.found.extend(cells.get(at).map(|instance| Found {
                    instance: (*instance).to_owned(),
                    beside: beside.map(|(_, cell)| (*cell).to_owned()),
                    above: self.name.clone(),
                }));
            }
            (None, [item, value]) => {
                self.summary.row(value);
                // What was quoted has lost the blank lines between blocks.
                if self.name.is_none() || *item == "Name" {
                    self.name = Some((*value).to_owned());
                }
            }
            _ => {}
        }
    }

    fn finish(self, hardware: &mut Hardware) {
        let mut counts: HashMap<&str, usize> = HashMap::new();
        for beside in self
            .found
            .iter()
            .filter_map(|found| found.beside.as_deref())
        {
            *counts.entry(beside).or_default() += 1;
        }
        // The title of rows comes back with every device.
        let title = |text: &str| {
            counts.get(text).is_some_and(|count| *count > 1)
                || text.to_ascii_uppercase().contains("PNP")
        };
        let mut seen = HashSet::new();
        for found in &self.found {
            if !seen.insert(found.instance.to_ascii_uppercase()) {
                continue;
            }
            let Some(device) = instance::device(&found.instance) else {
                continue;
            };
            let beside = found.beside.as_deref();
            let name = match beside.is_none_or(title) {
                true => found.above.as_deref(),
                false => beside,
            };
            hardware.add_device(Device {
                description: name.map(str::to_owned),
                ..device
            });
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
