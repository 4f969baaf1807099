//! The XML form (`/format xml`), whose element names are the same in every
//! language.

use super::{Entry, push};
use crate::hardware::xml_file::{self, Piece};
use crate::hardware::{Hardware, HardwareError, InstalledDriver, MAX_DEVICES};

/// The root element.
pub(in crate::hardware) const ROOT: &str = "PnpUtil";

/// Reads a document into `hardware`.
pub(in crate::hardware) fn read(text: &str, hardware: &mut Hardware) -> Result<(), HardwareError> {
    let mut entries: Vec<Entry> = Vec::new();
    let (mut matching, mut count) = (String::new(), 0);
    let cut = xml_file::read(text, |path, piece| {
        let mut names = path.iter().skip(1).map(String::as_str);
        // `/enum-drivers /devices` has devices, too, below its drivers.
        if names.next() != Some("Device") {
            return;
        }
        let (field, leaf) = (names.next(), names.next_back());
        match (piece, field, entries.last_mut()) {
            (Piece::Open(attributes), None, _) if count < MAX_DEVICES => {
                count += 1;
                let mut entry = Entry::default();
                let mut attributes = attributes.iter();
                let instance = attributes.find(|(name, _)| name == "InstanceId");
                entry.device.location = instance.map(|(_, instance)| instance.clone());
                entries.push(entry);
            }
            (Piece::Text(text), Some("MatchingDrivers"), Some(entry)) => match leaf {
                Some("DriverName") => (*text).clone_into(&mut matching),
                Some("MatchingDeviceId") => entry.matched(&matching, text),
                _ => {}
            },
            (Piece::Open(attributes), Some("MatchingDrivers"), _) => {
                let mut attributes = attributes.iter();
                if let Some((_, name)) = attributes.find(|(name, _)| name == "DriverName") {
                    matching.clone_from(name);
                }
            }
            (Piece::Text(text), Some(field), Some(entry)) => entry.element(field, text),
            _ => {}
        }
    })?;
    hardware.findings.extend(cut);
    push(entries, hardware);
    Ok(())
}

impl Entry {
    /// A text in an element below the device, or in one within that.
    fn element(&mut self, name: &str, text: &str) {
        let device = &mut self.device;
        match name {
            "DeviceDescription" => device.description = Some(text.to_owned()),
            "ClassGuid" => device.class_guid = Some(text.to_ascii_lowercase()),
            "Status" => self.disconnected = text.eq_ignore_ascii_case("Disconnected"),
            "DriverName" => {
                self.driver = Some(InstalledDriver {
                    name: text.to_owned(),
                    ..InstalledDriver::default()
                });
            }
            "ParentInstanceId" => device.parent = Some(text.to_owned()),
            _ if name.starts_with("HardwareId") => device.hardware_ids.push(text.to_owned()),
            _ if name.starts_with("CompatibleId") => device.compatible_ids.push(text.to_owned()),
            _ => {}
        }
    }

    /// The id that a driver matches, where it is the installed one.
    fn matched(&mut self, driver: &str, id: &str) {
        if let Some(installed) = &mut self.driver
            && installed.name.eq_ignore_ascii_case(driver)
        {
            installed.matched_id.get_or_insert_with(|| id.to_owned());
        }
    }
}
