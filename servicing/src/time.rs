//! Windows times as text: ISO 8601 in UTC, exact to their 100 ns.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use wimwright_hive::FileTime;

const TICKS_PER_SECOND: u64 = 10_000_000;
/// Seconds from 1601-01-01 to 1970-01-01.
const UNIX_EPOCH_SECONDS: u64 = 11_644_473_600;

/// The Windows time of a Unix time in seconds.
pub fn from_unix_seconds(seconds: u64) -> FileTime {
    FileTime(
        seconds
            .saturating_add(UNIX_EPOCH_SECONDS)
            .saturating_mul(TICKS_PER_SECOND),
    )
}

/// A time of a WIM file.
pub(crate) fn from_wim(time: wimwright_wim::FileTime) -> FileTime {
    FileTime(time.0)
}

/// A time for a WIM file.
pub(crate) fn to_wim(time: FileTime) -> wimwright_wim::FileTime {
    wimwright_wim::FileTime(time.0)
}

/// The Unix time in seconds of a Windows time; 0 for times before 1970.
pub fn to_unix_seconds(time: FileTime) -> u64 {
    (time.0 / TICKS_PER_SECOND).saturating_sub(UNIX_EPOCH_SECONDS)
}

/// The Windows time of the host's clock reading.
pub fn from_system(time: SystemTime) -> FileTime {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let ticks = u64::from(since.subsec_nanos() / 100);
    FileTime(from_unix_seconds(since.as_secs()).0.saturating_add(ticks))
}

fn timestamp(time: FileTime) -> Option<Timestamp> {
    let ticks = i128::from(time.0) - i128::from(UNIX_EPOCH_SECONDS * TICKS_PER_SECOND);
    Timestamp::from_nanosecond(ticks * 100).ok()
}

/// The host's clock reading of a Windows time; `None` where the host's clock
/// does not reach.
pub(crate) fn to_system(time: FileTime) -> Option<SystemTime> {
    let epoch = UNIX_EPOCH_SECONDS * TICKS_PER_SECOND;
    let (ticks, after) = match time.0.checked_sub(epoch) {
        Some(ticks) => (ticks, true),
        None => (epoch - time.0, false),
    };
    let nanoseconds = u32::try_from(ticks % TICKS_PER_SECOND * 100).ok()?;
    let distance = Duration::new(ticks / TICKS_PER_SECOND, nanoseconds);
    match after {
        true => UNIX_EPOCH.checked_add(distance),
        false => UNIX_EPOCH.checked_sub(distance),
    }
}

/// `2021-08-30T12:00:00Z` of a Windows time; after the year 9999, where ISO
/// ends, `filetime:` and the number.
pub fn iso(time: FileTime) -> String {
    match timestamp(time) {
        Some(timestamp) => timestamp.to_string(),
        None => format!("filetime:{}", time.0),
    }
}

/// `2021-08-30` of a Windows time.
pub fn date(time: FileTime) -> String {
    let mut text = iso(time);
    if let Some(end) = text.find('T') {
        text.truncate(end);
    }
    text
}

/// Reads what [`iso`] writes.
pub fn parse_iso(text: &str) -> Option<FileTime> {
    if let Some(number) = text.strip_prefix("filetime:") {
        return number.parse().ok().map(FileTime);
    }
    let nanoseconds = text.parse::<Timestamp>().ok()?.as_nanosecond();
    let ticks = nanoseconds / 100 + i128::from(UNIX_EPOCH_SECONDS * TICKS_PER_SECOND);
    u64::try_from(ticks).ok().map(FileTime)
}

/// Windows times in JSON.
pub(crate) mod json {
    use serde::{Deserialize, Deserializer, Serializer};
    use wimwright_hive::FileTime;

    pub(crate) fn serialize<S: Serializer>(
        time: &FileTime,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&super::iso(*time))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<FileTime, D::Error> {
        use serde::de::Error as _;
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        super::parse_iso(&text).ok_or_else(|| {
            D::Error::custom(format!("`{text}` is not a time like 2021-08-30T12:00:00Z"))
        })
    }
}

/// Windows times in JSON that may be missing.
pub(crate) mod optional_json {
    use serde::{Deserialize, Deserializer, Serializer};
    use wimwright_hive::FileTime;

    #[derive(Deserialize)]
    struct Time(#[serde(with = "super::json")] FileTime);

    pub(crate) fn serialize<S: Serializer>(
        time: &Option<FileTime>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match time {
            Some(time) => super::json::serialize(time, serializer),
            None => serializer.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<FileTime>, D::Error> {
        let time = Option::<Time>::deserialize(deserializer)?;
        Ok(time.map(|Time(time)| time))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_and_read_in_iso_8601() {
        for (ticks, text) in [
            (0, "1601-01-01T00:00:00Z"),
            // The DriverVer dates of worked Version blobs.
            (132_091_776_000_000_000, "2019-08-02T00:00:00Z"),
            (127_953_216_000_000_000, "2006-06-21T00:00:00Z"),
            (131_035_968_000_000_000, "2016-03-28T00:00:00Z"),
            (130_915_872_000_000_001, "2015-11-10T00:00:00.0000001Z"),
            (u64::MAX, "filetime:18446744073709551615"),
        ] {
            assert_eq!(iso(FileTime(ticks)), text);
            assert_eq!(parse_iso(text), Some(FileTime(ticks)), "{text}");
        }
        assert_eq!(date(FileTime(132_091_776_000_000_000)), "2019-08-02");
        let time = FileTime(132_091_776_000_000_000);
        assert_eq!(from_unix_seconds(to_unix_seconds(time)), time);
        assert_eq!(to_unix_seconds(FileTime(0)), 0);
    }

    #[test]
    fn the_host_shows_a_time_as_windows_does() {
        for ticks in [
            0,
            1,
            UNIX_EPOCH_SECONDS * TICKS_PER_SECOND,
            130_915_872_000_000_001,
        ] {
            let system = to_system(FileTime(ticks)).unwrap();
            // Before 1970 the way back ends at 1970.
            let epoch = UNIX_EPOCH_SECONDS * TICKS_PER_SECOND;
            assert_eq!(from_system(system), FileTime(ticks.max(epoch)), "{ticks}");
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "2021-02-30T00:00:00Z",
            "1600-12-31T00:00:00Z",
            "2021-01-01",
        ] {
            assert_eq!(parse_iso(text), None, "{text}");
        }
    }
}
