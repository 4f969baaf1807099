//! `DeviceIds\<id>`: what one published INF says of one id, in four bytes.

use std::collections::BTreeMap;

use crate::model::{DEFAULT_FEATURE_SCORE, DriverModel};

/// The value of a published INF under a device id (driverstore 2.11).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeviceIdFlags {
    /// Listed as the hardware id of a models line.
    pub hardware: bool,
    /// Listed among the compatible ids of a models line.
    pub compatible: bool,
    /// The install section's feature score; 0xFF where it sets none.
    pub feature_score: u8,
    /// The lowest place among the compatible ids of a line, from 0.
    pub index: u16,
}

/// The ids that a driver serves, by their lower case: as its INF spells them
/// first, and how it lists them.
pub(crate) type ListedIds = BTreeMap<String, (String, DeviceIdFlags)>;

/// The ids of all models lines of a driver.
pub(crate) fn listed_ids(driver: &DriverModel) -> ListedIds {
    let mut all = ListedIds::new();
    for model in &driver.models {
        let install = driver.install_of(model);
        let feature_score = install.map_or(DEFAULT_FEATURE_SCORE, |install| install.feature_score);
        let listed = model.hardware_id.iter().map(|id| (id, true, 0)).chain(
            model
                .compatible_ids
                .iter()
                .zip(0..)
                .map(|(id, index)| (id, false, index)),
        );
        for (id, hardware, index) in listed {
            let flags = DeviceIdFlags {
                hardware,
                compatible: !hardware,
                feature_score,
                index,
            };
            all.entry(id.to_lowercase())
                .and_modify(|(_, known)| *known = known.merge(flags))
                .or_insert_with(|| (id.clone(), flags));
        }
    }
    all
}

impl DeviceIdFlags {
    /// Of an INF that is listed under an id with nothing that can be read.
    pub(crate) const NOT_SAID: DeviceIdFlags = DeviceIdFlags {
        hardware: false,
        compatible: false,
        feature_score: DEFAULT_FEATURE_SCORE,
        index: 0,
    };

    /// Reads the value; `None` where it is not four bytes.
    pub fn decode(bytes: &[u8]) -> Option<DeviceIdFlags> {
        let [flags, feature_score, low, high] = *bytes else {
            return None;
        };
        Some(DeviceIdFlags {
            hardware: flags & 1 != 0,
            compatible: flags & 2 != 0,
            feature_score,
            index: u16::from_le_bytes([low, high]),
        })
    }

    /// The value's bytes.
    pub fn encode(self) -> [u8; 4] {
        let flags = u8::from(self.hardware) | u8::from(self.compatible) << 1;
        let [low, high] = self.index.to_le_bytes();
        [flags, self.feature_score, low, high]
    }

    /// Both at once: an id that several lines list.
    #[must_use]
    pub fn merge(self, other: DeviceIdFlags) -> DeviceIdFlags {
        DeviceIdFlags {
            hardware: self.hardware || other.hardware,
            compatible: self.compatible || other.compatible,
            feature_score: self.feature_score.min(other.feature_score),
            index: self.index.min(other.index),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_values_of_real_images_are_read_and_written_to_the_byte() {
        for bytes in [
            [1, 0xFF, 0, 0],
            [2, 0xFF, 0, 0],
            [3, 0xFF, 0, 0],
            [2, 0xFE, 0, 0],
            [2, 0xFF, 2, 0],
        ] {
            assert_eq!(DeviceIdFlags::decode(&bytes).unwrap().encode(), bytes);
        }
        let first = DeviceIdFlags::decode(&[1, 0xFF, 0, 0]).unwrap();
        let second = DeviceIdFlags::decode(&[2, 0x80, 3, 0]).unwrap();
        assert_eq!(first.merge(second).encode(), [3, 0x80, 0, 0]);
    }
}
