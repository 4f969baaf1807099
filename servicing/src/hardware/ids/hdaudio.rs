//! `HDAUDIO\` ids.
//!
//! "Plug and Play Identifiers for HD Audio Codecs" (Windows driver
//! documentation); the order and the ids of the controller are from real hives.

use super::{Enumerator, Ids};

/// A function group of a High Definition Audio codec.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct HdAudioFunction {
    /// The kind of function group: 1 audio, 2 modem.
    pub function: u8,
    /// Vendor id of the codec.
    pub vendor: u16,
    /// Device id of the codec.
    pub device: u16,
    /// Subsystem id as one number, vendor first.
    pub subsystem: u32,
    /// Revision as one number, such as 0x1001.
    pub revision: u16,
    /// Vendor and device id of the PCI controller, where known.
    pub controller: Option<(u16, u16)>,
}

impl HdAudioFunction {
    /// Its ids. The form for Windows 8 and later is that of 10, the only one
    /// of them that could be compared; older ones leave the controller out.
    pub fn ids(&self, enumerator: Enumerator) -> Ids {
        let function = format!("HDAUDIO\\FUNC_{:02X}", self.function);
        let vendor = format!("VEN_{:04X}", self.vendor);
        let device = format!("{vendor}&DEV_{:04X}", self.device);
        let revision = format!("REV_{:04X}", self.revision);
        let subsystem = format!("SUBSYS_{:08X}", self.subsystem);
        let hardware = vec![
            format!("{function}&{device}&{subsystem}&{revision}"),
            format!("{function}&{device}&{subsystem}"),
        ];

        let controllers = match self.controller {
            Some((by, id)) if enumerator >= Enumerator::Windows8 => vec![
                format!("&CTLR_VEN_{by:04X}&CTLR_DEV_{id:04X}"),
                format!("&CTLR_VEN_{by:04X}"),
            ],
            _ => Vec::new(),
        };
        let mut compatible = Vec::new();
        for codec in [
            format!("&{device}&{revision}"),
            format!("&{device}"),
            format!("&{vendor}"),
        ] {
            let with = controllers.iter();
            compatible.extend(with.map(|controller| format!("{function}{controller}{codec}")));
            compatible.push(format!("{function}{codec}"));
        }
        let alone = controllers.iter();
        compatible.extend(alone.map(|controller| format!("{function}{controller}")));
        if enumerator >= Enumerator::Windows8 {
            compatible.push(format!("{function}&GF&{device}&{subsystem}&{revision}"));
        }
        compatible.push(function);
        Ids {
            hardware,
            compatible,
        }
    }
}
