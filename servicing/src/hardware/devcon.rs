//! `devcon hwids *`: ids as Windows reports them.
//!
//! ```text
//! PCI\VEN_8086&DEV_7111&SUBSYS_00000000&REV_01\3&267A616A&0&09
//!     Name: Intel(R) 82371AB/EB PCI Bus Master IDE Controller
//!     Hardware IDs:
//!         PCI\VEN_8086&DEV_7111&SUBSYS_00000000&REV_01
//!     Compatible IDs:
//!         PCI\VEN_8086&CC_01018A
//! ```
//!
//! Words are of the language of Windows, so the columns tell what is what:
//! instance ids stand at the margin, titles at the fourth column, ids at the
//! eighth. Old versions write `Hardware ID's:`.

use super::instance::is_instance;
use super::text_file::Line;
use super::{Bus, Device, Hardware, IdOrigin};

/// Whether a device begins with this line and the one behind it.
pub(super) fn begins(line: &str, next: Option<Line<'_>>) -> bool {
    is_instance(line) && next.is_some_and(|next| next.indent() >= 4 && next.pair().is_some())
}

/// Whether a line belongs to the device before it.
pub(super) fn goes_on(line: Line<'_>) -> bool {
    line.indent() >= 4
}

/// Reads devices into `hardware`.
pub(super) fn read(lines: &[Line<'_>], hardware: &mut Hardware) {
    let mut lists: Vec<(&str, Vec<String>)> = Vec::new();
    let mut device: Option<Device> = None;
    let mut finish = |device: Option<Device>, lists: Vec<(&str, Vec<String>)>| {
        if let Some(device) = device {
            hardware.add_device(with_ids(device, lists));
        }
    };
    for line in lines {
        let text = line.text.trim();
        if line.indent() == 0 && is_instance(text) {
            finish(device.take(), std::mem::take(&mut lists));
            device = Some(Device {
                location: Some(text.to_owned()),
                origin: IdOrigin::Reported,
                ..Device::default()
            });
            continue;
        }
        let Some(device) = device.as_mut() else {
            continue;
        };
        match (line.indent(), line.pair()) {
            (8.., _) => {
                if let Some((_, ids)) = lists.last_mut() {
                    ids.push(text.to_owned());
                }
            }
            (4.., Some((title, ""))) => lists.push((title, Vec::new())),
            (4.., Some((_, name))) if device.description.is_none() => {
                device.description = Some(name.to_owned());
            }
            _ => {}
        }
    }
    finish(device, lists);
}

/// The first list holds hardware ids, but where a device has only compatible
/// ones.
fn with_ids(mut device: Device, lists: Vec<(&str, Vec<String>)>) -> Device {
    for (index, (title, ids)) in lists.into_iter().enumerate() {
        let compatible = index > 0 || title.to_ascii_lowercase().starts_with("compatible");
        match compatible {
            true => device.compatible_ids = ids,
            false => device.hardware_ids = ids,
        }
    }
    device.bus = Bus::of_id(device.location.as_deref().unwrap_or_default());
    device
}
