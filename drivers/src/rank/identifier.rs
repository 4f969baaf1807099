//! How an id of a device and an id of a driver meet: `THHH` of the rank (page
//! "Identifier Score").

use serde::{Deserialize, Serialize};
use wimwright_servicing::hardware::Device;

use crate::store::device_id::DeviceIdFlags;

/// Where a device lists an id. Positions count from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DevicePlace {
    /// Among its hardware ids.
    Hardware(usize),
    /// Among its compatible ids.
    Compatible(usize),
}

/// Where a driver's INF lists an id. Positions count from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DriverPlace {
    /// As the hardware id of a models line.
    Hardware,
    /// Among the compatible ids of a models line.
    Compatible(u16),
}

/// Which lists an id was found in, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MatchType {
    /// A hardware id of the device, the hardware id of the INF.
    HardwareHardware,
    /// A hardware id of the device, a compatible id of the INF.
    HardwareCompatible,
    /// A compatible id of the device, the hardware id of the INF.
    CompatibleHardware,
    /// A compatible id of both.
    CompatibleCompatible,
}

impl MatchType {
    /// In words, the device's side first.
    pub fn words(self) -> &'static str {
        match self {
            MatchType::HardwareHardware => "hardware id",
            MatchType::HardwareCompatible => "hardware id that its INF calls compatible",
            MatchType::CompatibleHardware => "compatible id",
            MatchType::CompatibleCompatible => "compatible id that its INF calls compatible, too",
        }
    }
}

/// `THHH`; the lowest is the best.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IdentifierScore(u16);

impl IdentifierScore {
    /// That of an id that stands in these places.
    ///
    /// Lists that are too long for their digits are not documented; their ends
    /// count as the last place that has a number.
    pub fn new(device: DevicePlace, driver: DriverPlace) -> IdentifierScore {
        let upto = |position: usize, most: u16| u16::try_from(position).unwrap_or(most).min(most);
        IdentifierScore(match (device, driver) {
            (DevicePlace::Hardware(at), DriverPlace::Hardware) => upto(at, 0xFFF),
            (DevicePlace::Hardware(at), DriverPlace::Compatible(_)) => 0x1000 + upto(at, 0xFFF),
            (DevicePlace::Compatible(at), DriverPlace::Hardware) => 0x2000 + upto(at, 0xFFF),
            (DevicePlace::Compatible(at), DriverPlace::Compatible(index)) => {
                0x3000 + upto(at, 0xFF) + index.min(0xF) * 0x100
            }
        })
    }

    pub(super) fn from_bits(bits: u16) -> IdentifierScore {
        IdentifierScore(bits & 0x3FFF)
    }

    /// The four digits as a number.
    pub fn number(self) -> u16 {
        self.0
    }

    /// The kind of the match.
    pub fn match_type(self) -> MatchType {
        match self.0 >> 12 {
            0 => MatchType::HardwareHardware,
            1 => MatchType::HardwareCompatible,
            2 => MatchType::CompatibleHardware,
            _ => MatchType::CompatibleCompatible,
        }
    }

    /// The place of the id in the device's list, from 0.
    pub fn device_position(self) -> u16 {
        match self.match_type() {
            MatchType::CompatibleCompatible => self.0 & 0xFF,
            _ => self.0 & 0xFFF,
        }
    }
}

/// A device's ids, each with its place.
pub fn device_places(device: &Device) -> impl Iterator<Item = (&str, DevicePlace)> {
    let hardware = device.hardware_ids.iter().enumerate();
    let compatible = device.compatible_ids.iter().enumerate();
    hardware
        .map(|(at, id)| (id.as_str(), DevicePlace::Hardware(at)))
        .chain(compatible.map(|(at, id)| (id.as_str(), DevicePlace::Compatible(at))))
}

impl DeviceIdFlags {
    /// The places where the INF lists the id, the better one first.
    pub fn places(self) -> impl Iterator<Item = DriverPlace> {
        let hardware = self.hardware.then_some(DriverPlace::Hardware);
        let compatible = self
            .compatible
            .then_some(DriverPlace::Compatible(self.index));
        hardware.into_iter().chain(compatible)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_those_of_the_page() {
        let most = [
            (DevicePlace::Hardware(9_999), DriverPlace::Hardware, 0x0FFF),
            (
                DevicePlace::Hardware(usize::MAX),
                DriverPlace::Compatible(2),
                0x1FFF,
            ),
            (DevicePlace::Compatible(4096), DriverPlace::Hardware, 0x2FFF),
            (
                DevicePlace::Compatible(256),
                DriverPlace::Compatible(u16::MAX),
                0x3FFF,
            ),
        ];
        for (device, driver, expected) in most {
            let score = IdentifierScore::new(device, driver);
            assert_eq!(score.number(), expected);
        }
    }

    #[test]
    fn an_id_is_found_in_its_list() {
        let device = Device {
            hardware_ids: vec!["A".to_owned(), "B".to_owned()],
            compatible_ids: vec!["C".to_owned()],
            ..Device::default()
        };
        let places: Vec<_> = device_places(&device).collect();
        assert_eq!(
            places,
            [
                ("A", DevicePlace::Hardware(0)),
                ("B", DevicePlace::Hardware(1)),
                ("C", DevicePlace::Compatible(0)),
            ]
        );
    }

    #[test]
    fn an_id_of_two_lines_has_both_places() {
        let flags = DeviceIdFlags::decode(&[3, 0xFF, 2, 0]).unwrap();
        let places: Vec<_> = flags.places().collect();
        assert_eq!(places, [DriverPlace::Hardware, DriverPlace::Compatible(2)]);
    }
}
