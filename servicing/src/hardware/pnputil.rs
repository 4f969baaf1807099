//! `pnputil /enum-devices /ids`: ids as Windows reports them, as text.
//!
//! ```text
//! Instance ID:                PCI\VEN_8086&DEV_2F34&SUBSYS_2F348086&REV_02\3&103a9d54&0&81
//! Device Description:         Intel(R) Xeon(R) PCIe Ring Interface - 2F34
//! Class Name:                 System
//! Class GUID:                 {4d36e97d-e325-11ce-bfc1-08002be10318}
//! Manufacturer Name:          INTEL
//! Status:                     Stopped
//! Driver Name:                oem6.inf
//! Hardware IDs:               PCI\VEN_8086&DEV_2F34&SUBSYS_2F348086&REV_02
//!                             PCI\VEN_8086&DEV_2F34&SUBSYS_2F348086
//! Compatible IDs:             PCI\VEN_8086&DEV_2F34&REV_02
//! ```
//!
//! Titles are of the language of Windows; what a line is follows from its
//! place and from what its value looks like.

mod xml;

pub(super) use xml::{ROOT, read as read_xml};

use super::instance::{self, is_instance};
use super::text_file::Line;
use super::{Bus, Device, Hardware, IdOrigin, InstalledDriver, MAX_DEVICES};
use crate::Finding;

/// From this column on a line without a title goes on with the list above it.
const VALUES: usize = 16;

/// Whether a device begins with this line: a title and an instance id.
pub(super) fn begins(line: Line<'_>) -> bool {
    line.indent() == 0 && line.pair().is_some_and(|(_, value)| is_instance(value))
}

/// Whether a line belongs to the device before it.
pub(super) fn goes_on(line: Line<'_>) -> bool {
    line.text.is_empty() || line.indent() > 0 || line.text.contains(':')
}

/// A device while it is read.
#[derive(Default)]
struct Entry {
    device: Device,
    driver: Option<InstalledDriver>,
    disconnected: bool,
    /// Fields read so far.
    fields: usize,
}

/// Reads devices into `hardware`.
pub(super) fn read(lines: &[Line<'_>], hardware: &mut Hardware) {
    let mut entries: Vec<Entry> = Vec::new();
    let mut list: Option<List> = None;
    let mut last = 0;
    for line in lines {
        // A blank line ends a device; instance ids stand in its relations, too.
        if line.number > last + 1 {
            list = None;
        }
        last = line.number;
        if begins(*line) && list.is_none() && entries.len() < MAX_DEVICES {
            entries.push(Entry::default());
        }
        let Some(entry) = entries.last_mut() else {
            continue;
        };
        let text = line.text.trim();
        match (line.indent(), line.pair()) {
            (0, Some((title, value))) => list = Some(entry.field(title, value)),
            (VALUES.., _) => entry.id(list, text),
            (_, Some((title, value))) => entry.nested(title, value),
            _ => {}
        }
    }
    push(entries, hardware);
}

/// Adds what is connected and says how many are not.
fn push(entries: Vec<Entry>, hardware: &mut Hardware) {
    let gone = entries.iter().filter(|entry| entry.disconnected).count();
    if gone > 0 {
        hardware.add_finding(Finding::note(
            "disconnected-devices",
            format!("{gone} devices that are not connected were left out"),
        ));
    }
    let mut bare = 0_usize;
    for entry in entries.into_iter().filter(|entry| !entry.disconnected) {
        let instance = entry.device.location.as_deref().unwrap_or_default();
        let derived = match entry.device.ids().next() {
            Some(_) => None,
            None => instance::device(instance),
        };
        bare += usize::from(derived.is_some());
        let ids = derived.unwrap_or_else(|| Device {
            bus: Bus::of_id(instance),
            origin: IdOrigin::Reported,
            hardware_ids: entry.device.hardware_ids,
            compatible_ids: entry.device.compatible_ids,
            ..Device::default()
        });
        hardware.add_device(Device {
            description: entry.device.description,
            location: entry.device.location,
            class_guid: entry.device.class_guid,
            parent: entry.device.parent,
            installed: entry.driver,
            ..ids
        });
    }
    if bare > 0 {
        hardware.add_finding(Finding::note(
            "pnputil-without-ids",
            format!(
                "{bare} devices are listed without their ids, and what their instance ids say of \
                 them is not all: `pnputil /enum-devices /ids` gives the rest"
            ),
        ));
    }
}

/// The list that a line without a title goes on with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum List {
    Hardware,
    Compatible,
    Other,
}

impl Entry {
    /// A field with a title; says which list it begins.
    fn field(&mut self, title: &str, value: &str) -> List {
        self.fields += 1;
        let lower = title.to_ascii_lowercase();
        let device = &mut self.device;
        if self.fields == 1 {
            device.location = Some(value.to_owned());
        } else if self.fields == 2 && !value.is_empty() {
            device.description = Some(value.to_owned());
        } else if device.class_guid.is_none() && is_guid(value) {
            device.class_guid = Some(value.to_ascii_lowercase());
        } else if lower == "status" {
            self.disconnected = value.eq_ignore_ascii_case("disconnected");
        } else if self.driver.is_none() && value.to_ascii_lowercase().ends_with(".inf") {
            self.driver = Some(InstalledDriver {
                name: value.to_owned(),
                ..InstalledDriver::default()
            });
        } else if is_instance(value) {
            if lower.starts_with("parent") {
                device.parent = Some(value.to_owned());
            }
        } else if is_id(value) {
            let list = match self.device.hardware_ids.is_empty() {
                true if !lower.starts_with("compatible") => List::Hardware,
                _ if self.device.compatible_ids.is_empty() => List::Compatible,
                _ => List::Other,
            };
            self.id(Some(list), value);
            return list;
        }
        List::Other
    }

    fn id(&mut self, list: Option<List>, id: &str) {
        match list {
            Some(List::Hardware) => self.device.hardware_ids.push(id.to_owned()),
            Some(List::Compatible) => self.device.compatible_ids.push(id.to_owned()),
            _ => {}
        }
    }

    /// A field of one of the matching drivers (`/drivers`).
    fn nested(&mut self, title: &str, value: &str) {
        let matching = title.eq_ignore_ascii_case("Matching Device ID");
        if let Some(driver) = self.driver.as_mut().filter(|_| matching) {
            // The drivers are listed best first.
            driver.matched_id.get_or_insert_with(|| value.to_owned());
        }
    }
}

/// `{4d36e97d-e325-11ce-bfc1-08002be10318}`.
fn is_guid(text: &str) -> bool {
    text.len() == 38 && text.starts_with('{') && text.ends_with('}')
}

/// What may stand in a list of ids: these have no blanks, and nearly all have
/// a separator, a star or an underscore; `GenDisk` has none of them.
fn is_id(text: &str) -> bool {
    let generic = text
        .strip_prefix("Gen")
        .and_then(|rest| rest.chars().next());
    let marked = text.contains(['\\', '_']) || text.starts_with('*');
    !text.contains(' ') && (marked || generic.is_some_and(|next| next.is_ascii_uppercase()))
}
