//! Which times the target's filesystem holds, found out by setting some.

use std::fs::File;
use std::io;

use rustix::fs::{Timespec, Timestamps, fstat, futimens};
use wimwright_wim::FileTime;

use crate::sidecar::{HostTime, HostTimes};

/// Steps between times that filesystems have, in nanoseconds, the finest
/// first.
const STEPS: [u32; 6] = [
    1,
    1_000,
    1_000_000,
    10_000_000,
    1_000_000_000,
    2_000_000_000,
];

/// An odd second of 2009, and its last 100 ns.
const FINE: HostTime = HostTime {
    seconds: 1_234_567_891,
    nanoseconds: 999_999_900,
};

/// Sets the times of `file` and looks what becomes of them.
///
/// # Errors
/// What the host refused.
pub(super) fn times_of(file: &File) -> io::Result<HostTimes> {
    let whole = HostTimes::default();
    let times = HostTimes {
        first: after_setting(file, HostTime::of(FileTime(0)))?.seconds,
        last: after_setting(file, HostTime::of(FileTime(u64::MAX)))?.seconds,
        step: 1,
    };
    let fine = after_setting(file, FINE)?;
    let kept = |step: &u32| {
        HostTimes {
            step: *step,
            ..whole
        }
        .held_host(FINE)
            == fine
    };
    Ok(HostTimes {
        step: STEPS.into_iter().find(kept).unwrap_or(1),
        ..times
    })
}

fn after_setting(file: &File, time: HostTime) -> io::Result<HostTime> {
    let timespec = Timespec {
        tv_sec: time.seconds,
        tv_nsec: time.nanoseconds.into(),
    };
    futimens(
        file,
        &Timestamps {
            last_access: timespec,
            last_modification: timespec,
        },
    )?;
    let found = fstat(file)?;
    Ok(HostTime {
        seconds: found.st_mtime,
        nanoseconds: u32::try_from(found.st_mtime_nsec).unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_found_out_is_what_happens() {
        let file = tempfile::tempfile().unwrap();
        let times = times_of(&file).unwrap();
        for ticks in [
            0,
            1,
            119_600_064_000_000_000,
            132_223_104_012_345_678,
            u64::MAX / 2,
            u64::MAX,
        ] {
            let time = FileTime(ticks);
            let held = after_setting(&file, HostTime::of(time)).unwrap();
            assert_eq!(times.held(time), held, "{ticks}: {times:?}");
        }
    }
}
