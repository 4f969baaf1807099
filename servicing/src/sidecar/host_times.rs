//! Windows times as the filesystem of an applied tree keeps them.
//!
//! Not every filesystem holds every Windows time: ext4 begins in 1901, FAT
//! counts two seconds at a time. Whether a file was written to since it was
//! applied is told by its time, so what became of a time has to be known.

use wimwright_wim::{Element, FileTime};

/// Seconds from 1601-01-01 to 1970-01-01.
const UNIX_EPOCH_SECONDS: i64 = 11_644_473_600;
const TICKS_PER_SECOND: u64 = 10_000_000;
const NANOSECONDS: i128 = 1_000_000_000;

/// A time of the host: seconds since 1970-01-01 UTC, and nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HostTime {
    /// Seconds since 1970, negative before.
    pub seconds: i64,
    /// Nanoseconds of the second, below 1,000,000,000.
    pub nanoseconds: u32,
}

impl HostTime {
    /// The same moment, exact to its 100 ns.
    pub fn of(time: FileTime) -> HostTime {
        let seconds = (time.0 / TICKS_PER_SECOND) as i64 - UNIX_EPOCH_SECONDS;
        let nanoseconds = (time.0 % TICKS_PER_SECOND) as u32 * 100;
        HostTime {
            seconds,
            nanoseconds,
        }
    }
}

/// Which times a filesystem holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostTimes {
    /// The first second.
    pub first: i64,
    /// The last second.
    pub last: i64,
    /// Nanoseconds from one time to the next, from 1 on.
    pub step: u32,
}

impl Default for HostTimes {
    /// One that holds every Windows time.
    fn default() -> HostTimes {
        HostTimes {
            first: HostTime::of(FileTime(0)).seconds,
            last: HostTime::of(FileTime(u64::MAX)).seconds,
            step: 1,
        }
    }
}

impl HostTimes {
    /// What becomes of a time when the filesystem is given it: Linux puts the
    /// first or last whole second in place of what lies outside, and rounds
    /// down.
    pub fn held(&self, time: FileTime) -> HostTime {
        self.held_host(HostTime::of(time))
    }

    /// The same of a time of the host.
    pub(crate) fn held_host(&self, time: HostTime) -> HostTime {
        let whole = |seconds| HostTime {
            seconds,
            nanoseconds: 0,
        };
        if time.seconds >= self.last {
            return whole(self.last);
        }
        if time.seconds <= self.first {
            return whole(self.first);
        }
        let exact = i128::from(time.seconds) * NANOSECONDS + i128::from(time.nanoseconds);
        let held = exact - exact.rem_euclid(i128::from(self.step.max(1)));
        HostTime {
            seconds: held.div_euclid(NANOSECONDS) as i64,
            nanoseconds: held.rem_euclid(NANOSECONDS) as u32,
        }
    }

    /// Says it in the sidecar's XML data.
    pub(super) fn write(&self, element: &mut Element) {
        element.set_text("WIMWRIGHT/TIMES/FIRST", &self.first.to_string());
        element.set_text("WIMWRIGHT/TIMES/LAST", &self.last.to_string());
        element.set_text("WIMWRIGHT/TIMES/STEP", &self.step.to_string());
    }

    /// Reads what [`HostTimes::write`] wrote.
    pub(super) fn read(element: &Element) -> Option<HostTimes> {
        let text = |name: &str| element.text(&format!("WIMWRIGHT/TIMES/{name}"));
        Some(HostTimes {
            first: text("FIRST")?.parse().ok()?,
            last: text("LAST")?.parse().ok()?,
            step: text("STEP")?.parse().ok().filter(|step| *step > 0)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2020-01-01 00:00:01.2345678
    const TIME: FileTime = FileTime(132_223_104_012_345_678);

    #[test]
    fn times_are_kept_as_the_filesystem_keeps_them() {
        let ext4 = HostTimes {
            first: -0x8000_0000,
            last: 0x3_7FFF_FFFF,
            step: 1,
        };
        let fat = HostTimes {
            first: 315_532_800,
            last: 4_354_819_199,
            step: 2_000_000_000,
        };
        for (times, time, seconds, nanoseconds) in [
            (HostTimes::default(), TIME, 1_577_836_801, 234_567_800),
            (HostTimes::default(), FileTime(0), -11_644_473_600, 0),
            (HostTimes::default(), FileTime(7), -11_644_473_600, 0),
            (ext4, TIME, 1_577_836_801, 234_567_800),
            (ext4, FileTime(0), -0x8000_0000, 0),
            (ext4, FileTime(u64::MAX), 0x3_7FFF_FFFF, 0),
            (fat, TIME, 1_577_836_800, 0),
            (fat, FileTime(1), 315_532_800, 0),
        ] {
            let expected = HostTime {
                seconds,
                nanoseconds,
            };
            assert_eq!(times.held(time), expected, "{times:?} {time:?}");
        }
    }

    #[test]
    fn they_are_read_back_from_xml() {
        let times = HostTimes {
            first: -5,
            last: 7,
            step: 100,
        };
        let mut element = Element::new("IMAGE");
        assert_eq!(HostTimes::read(&element), None);
        times.write(&mut element);
        assert_eq!(HostTimes::read(&element), Some(times));
        element.set_text("WIMWRIGHT/TIMES/STEP", "0");
        assert_eq!(HostTimes::read(&element), None);
    }
}
