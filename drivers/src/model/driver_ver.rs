//! `DriverVer`: date and version of a driver, which decide between equal ones.
//!
//! Facts of the page "INF DriverVer Directive"; real INFs are laxer than it.

use std::fmt;

use serde::{Serialize, Serializer};
use wimwright_inf::{Inf, Line};

use super::expansion::{At, expand};
use super::finding::{Findings, Rule};

/// A day, as `DriverVer` gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DriverDate {
    /// Year, 1601 to 30827.
    pub year: u16,
    /// Month, 1 to 12.
    pub month: u8,
    /// Day, 1 to 31.
    pub day: u8,
}

impl DriverDate {
    /// Reads `mm/dd/yyyy`; `-` may stand for `/`, and one digit for two.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.trim().split(['/', '-']).map(str::trim);
        let mut next = |len: std::ops::RangeInclusive<usize>| {
            let part = parts.next()?;
            let digits = part.bytes().all(|b| b.is_ascii_digit());
            (digits && len.contains(&part.len())).then(|| part.parse::<u16>().ok())?
        };
        let (month, day, year) = (next(1..=2)?, next(1..=2)?, next(4..=4)?);
        if parts.next().is_some() {
            return None;
        }
        let date = DriverDate {
            year,
            month: u8::try_from(month).ok()?,
            day: u8::try_from(day).ok()?,
        };
        let days = match month {
            2 if is_leap(year) => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            1..=12 => 31,
            _ => return None,
        };
        (year >= 1601 && (1..=days).contains(&day)).then_some(date)
    }

    /// The first moment of the day in UTC, in 100 ns since 1601, as the driver
    /// database stores it.
    pub fn filetime(self) -> u64 {
        let years = u64::from(self.year.saturating_sub(1601));
        let months = (1..self.month).map(|month| match month {
            2 if is_leap(self.year) => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        });
        // 1601 starts a cycle of 400 years, so leap days before a year are
        // counted from there.
        let days = years * 365 + years / 4 - years / 100
            + years / 400
            + months.sum::<u64>()
            + u64::from(self.day.saturating_sub(1));
        days * 24 * 60 * 60 * 10_000_000
    }
}

fn is_leap(year: u16) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

impl fmt::Display for DriverDate {
    /// ISO 8601.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl Serialize for DriverDate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A version of four numbers, compared from the left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DriverVersion(pub [u16; 4]);

impl DriverVersion {
    /// Reads `w.x.y.z` leniently: real INFs have fewer parts, which are then
    /// 0, and leading zeros.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.trim().split('.').map(str::trim);
        let mut version = [0; 4];
        for (at, slot) in version.iter_mut().enumerate() {
            match parts.next() {
                Some(part) if part.bytes().all(|b| b.is_ascii_digit()) => {
                    *slot = part.parse().ok()?;
                }
                None if at > 0 => break,
                _ => return None,
            }
        }
        parts.next().is_none().then_some(DriverVersion(version))
    }

    /// As one number, the first part in the upper bits; little-endian, these
    /// are the eight bytes of the driver database.
    pub fn as_u64(self) -> u64 {
        self.0
            .iter()
            .fold(0, |number, &part| number << 16 | u64::from(part))
    }
}

impl fmt::Display for DriverVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d] = self.0;
        write!(f, "{a}.{b}.{c}.{d}")
    }
}

impl Serialize for DriverVersion {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A `DriverVer` directive. What is missing or invalid is `None`; Windows
/// takes the date 00/00/0000 for it (page "INF DriverVer Directive").
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DriverVer {
    /// The date.
    pub date: Option<DriverDate>,
    /// The version.
    pub version: Option<DriverVersion>,
}

impl DriverVer {
    pub(crate) fn read(inf: &Inf, line: Line<'_>, at: At<'_>, findings: &mut Findings) -> Self {
        let mut field = |index| {
            let raw = line.raw_field(index).unwrap_or_default();
            expand(inf, raw, at, findings)
        };
        let (date_text, version_text) = (field(1), field(2));
        let (date, version) = (
            DriverDate::parse(&date_text),
            DriverVersion::parse(&version_text),
        );
        let problem = |text: &str, what: &str, form: &str| match text {
            "" => format!("DriverVer has no {what}"),
            _ => format!("`{text}` is no {what} of the form {form}"),
        };
        if date.is_none() {
            let message = problem(&date_text, "date", "mm/dd/yyyy");
            at.add(findings, Rule::BadDate, message);
        }
        if version.is_none() {
            let message = problem(&version_text, "version", "w.x.y.z");
            at.add(findings, Rule::BadVersion, message);
        }
        DriverVer { date, version }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_become_the_filetime_of_the_driver_database() {
        // Values of real `Version` blobs (pvscsi, stornvme, heci, vboxguest).
        for (text, filetime) in [
            ("08/02/2019", Some(132_091_776_000_000_000)),
            ("06/21/2006", Some(127_953_216_000_000_000)),
            ("03/28/2016", Some(131_035_968_000_000_000)),
            ("11/10/2015", Some(130_915_872_000_000_000)),
            ("01/01/1601", Some(0)),
            ("2-29-2024", Some(133_536_384_000_000_000)),
            (" 12/14/2020 ", Some(132_523_776_000_000_000)),
            ("02/29/2023", None),
            ("13/01/2020", None),
            ("00/00/0000", None),
            ("1/1/20", None),
            ("1/1/2020/1", None),
            ("", None),
            ("+1/01/2020", None),
        ] {
            let date = DriverDate::parse(text);
            assert_eq!(date.map(DriverDate::filetime), filetime, "`{text}`");
        }
    }

    #[test]
    fn versions_are_read_leniently() {
        for (text, version) in [
            ("100.85.104.20800", Some([100, 85, 104, 20800])),
            ("1.0.0", Some([1, 0, 0, 0])),
            ("3.4.2014.08", Some([3, 4, 2014, 8])),
            (" 2.08.30 ", Some([2, 8, 30, 0])),
            ("7", Some([7, 0, 0, 0])),
            ("1.2.3.65536", None),
            ("1.2.3.4.5", None),
            ("1..3", None),
            ("1.x", None),
            ("", None),
        ] {
            let got = DriverVersion::parse(text).map(|version| version.0);
            assert_eq!(got, version, "`{text}`");
        }
        let version = DriverVersion([1, 3, 15, 0]);
        assert_eq!(version.as_u64().to_le_bytes(), [0, 0, 15, 0, 3, 0, 1, 0]);
    }
}
