//! Four-part versions of packages and components: `6.1.7601.17514`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A version of four numbers, compared from the left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AssemblyVersion(pub [u16; 4]);

/// What is no version.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no version of four numbers below 65536")]
pub struct VersionError(pub String);

impl AssemblyVersion {
    /// `0.0.0.0`, which stands for any version where a version is asked for.
    pub const ANY: AssemblyVersion = AssemblyVersion([0; 4]);

    /// The first two numbers, `6.1`: versions that differ here stand beside
    /// each other and do not replace one another (cbs, section 7).
    pub fn family(self) -> (u16, u16) {
        let [major, minor, ..] = self.0;
        (major, minor)
    }

    /// The third number.
    pub fn build(self) -> u16 {
        self.0[2]
    }

    /// The fourth number.
    pub fn revision(self) -> u16 {
        self.0[3]
    }
}

impl FromStr for AssemblyVersion {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<AssemblyVersion, VersionError> {
        let refused = || VersionError(text.chars().take(64).collect());
        let mut numbers = [0; 4];
        let mut parts = text.trim().split('.');
        for number in &mut numbers {
            let part = parts.next().ok_or_else(refused)?;
            // `parse` alone would take "+1".
            if part.is_empty() || !part.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(refused());
            }
            *number = part.parse().map_err(|_| refused())?;
        }
        match parts.next() {
            None => Ok(AssemblyVersion(numbers)),
            Some(_) => Err(refused()),
        }
    }
}

impl fmt::Display for AssemblyVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, build, revision] = self.0;
        write!(f, "{major}.{minor}.{build}.{revision}")
    }
}

impl Serialize for AssemblyVersion {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for AssemblyVersion {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<AssemblyVersion, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

    use super::*;

    #[test]
    fn four_numbers_and_nothing_else() {
        let version: AssemblyVersion = "6.1.7601.17514".parse().unwrap();
        assert_eq!(version, AssemblyVersion([6, 1, 7601, 17514]));
        assert_eq!(version.to_string(), "6.1.7601.17514");
        for bad in [
            "",
            "6.1",
            "6.1.7601",
            "6.1.7601.65536",
            "6.1.7601.1.1",
            "6.1.+1.1",
            "6..1.1",
        ] {
            assert!(bad.parse::<AssemblyVersion>().is_err(), "{bad}");
        }
    }

    #[test]
    fn versions_compare_by_number_from_the_left() {
        let parse = |text: &str| text.parse::<AssemblyVersion>().unwrap();
        assert!(parse("6.1.7601.9") < parse("6.1.7601.10"));
        assert!(parse("6.2.0.0") > parse("6.1.65535.65535"));
    }
}
