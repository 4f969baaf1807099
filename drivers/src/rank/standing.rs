//! The order of drivers that match one device (page "Overview of the Driver
//! Selection Process").

use std::cmp::{Ordering, Reverse};

use wimwright_servicing::FileTime;

use super::Rank;
use crate::model::DriverVersion;

/// All that Windows compares of a driver; the smallest is the one it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Standing {
    /// Its rank.
    pub rank: Rank,
    /// The date of its `DriverVer`; `FileTime(0)` without a valid one, which
    /// is older than every date.
    pub date: FileTime,
    /// The version of its `DriverVer`; zero without one.
    pub version: DriverVersion,
}

impl Ord for Standing {
    fn cmp(&self, other: &Standing) -> Ordering {
        let key = |standing: &Standing| {
            let Standing {
                rank,
                date,
                version,
            } = *standing;
            (rank, Reverse(date.0), Reverse(version))
        };
        key(self).cmp(&key(other))
    }
}

impl PartialOrd for Standing {
    fn partial_cmp(&self, other: &Standing) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rank::{DevicePlace, DriverPlace, IdentifierScore, Rules, SignatureClass};

    #[test]
    fn rank_goes_before_date_and_date_before_version() {
        let standing = |position, date, version| Standing {
            rank: Rank::new(
                Rules::SignersEqual,
                SignatureClass::Microsoft,
                0xFF,
                IdentifierScore::new(DevicePlace::Hardware(position), DriverPlace::Hardware),
            ),
            date: FileTime(date),
            version: DriverVersion([version, 0, 0, 0]),
        };
        let in_order = [
            standing(0, 1, 1),
            standing(1, 9, 3),
            standing(1, 9, 2),
            standing(1, 8, 7),
            standing(1, 0, 9),
            standing(2, 99, 99),
        ];
        assert!(in_order.is_sorted());
        let mut shuffled = in_order;
        shuffled.reverse();
        shuffled.sort();
        assert_eq!(shuffled, in_order);
    }
}
