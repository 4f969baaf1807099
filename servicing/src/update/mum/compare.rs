//! How a `parent` compares versions.
//!
//! ```text
//! <parent buildCompare="EQ" serviceCompare="GE" integrate="separate" disposition="detect">
//! ```
//!
//! Four attributes are in use (`buildCompare`, `serviceCompare`,
//! `distributionCompare`, `revisionCompare`) with `EQ` and `GE`. Logs of
//! Windows 10 say what they come to there: `VersionComp: EQ, BuildComp: EQ,
//! RevisionComp: GE` for parent `10.0.22621.1`, and version `10.0.22621.3085`
//! is found to fit: major and minor are compared, then the third number, then
//! the fourth.
//!
//! In Windows 6.x four fields lie in the last two numbers. How `7601.17514` is
//! divided is not documented; two readings are in use here ([`Reading`]), and
//! where they disagree nobody is told that a parent fits or not.

use serde::Serialize;

use super::super::version::AssemblyVersion;

/// How two numbers have to compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum Compare {
    /// Equal.
    #[serde(rename = "EQ")]
    Equal,
    /// What is there is at least what is asked for.
    #[serde(rename = "GE")]
    AtLeast,
}

impl Compare {
    /// Reads an attribute's value.
    pub(super) fn from_word(word: &str) -> Option<Compare> {
        match word.to_ascii_uppercase().as_str() {
            "EQ" => Some(Compare::Equal),
            "GE" => Some(Compare::AtLeast),
            _ => None,
        }
    }

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Compare::Equal => "EQ",
            Compare::AtLeast => "GE",
        }
    }

    fn holds(self, asked: u32, there: u32) -> bool {
        match self {
            Compare::Equal => there == asked,
            Compare::AtLeast => there >= asked,
        }
    }
}

/// How the last two numbers of a version are divided into fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reading {
    /// Build is the third number; service, distribution and revision are the
    /// fourth.
    Whole,
    /// Build is the third number without its last digit, service that digit
    /// (the service pack); distribution the thousands of the fourth number,
    /// revision the rest.
    Digits,
}

/// What the attributes of a `parent` ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct VersionCompare {
    /// `buildCompare`; equal where it is not given.
    pub build: Option<Compare>,
    /// `serviceCompare`.
    pub service: Option<Compare>,
    /// `distributionCompare`.
    pub distribution: Option<Compare>,
    /// `revisionCompare`; at least where it is not given.
    pub revision: Option<Compare>,
}

/// Whether a version fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fits {
    /// It does.
    Yes,
    /// It does not.
    No,
    /// The readings of the version's fields disagree.
    Unclear,
}

impl VersionCompare {
    /// Whether version `there` is what is asked for by `asked`.
    pub fn fits(self, asked: AssemblyVersion, there: AssemblyVersion) -> Fits {
        if asked == there {
            return Fits::Yes;
        }
        // Packages that fit every release ask for 0.0.0.0 or 10.0.0.0.
        let (major, minor) = asked.family();
        if (major, minor) != (0, 0) && there.family() != (major, minor) {
            return Fits::No;
        }
        let whole = self.holds(Reading::Whole, asked, there);
        // From Windows 10 on service and distribution are not in a version.
        let digits = match major {
            6 => self.holds(Reading::Digits, asked, there),
            _ => whole,
        };
        match (whole, digits) {
            (true, true) => Fits::Yes,
            (false, false) => Fits::No,
            _ => Fits::Unclear,
        }
    }

    fn holds(self, reading: Reading, asked: AssemblyVersion, there: AssemblyVersion) -> bool {
        let fields = |version: AssemblyVersion| {
            let (build, revision) = (u32::from(version.build()), u32::from(version.revision()));
            match reading {
                Reading::Whole => [build, 0, 0, revision],
                Reading::Digits => [build / 10, build % 10, revision / 1000, revision % 1000],
            }
        };
        let build = self.build.unwrap_or(Compare::Equal);
        let compares = match reading {
            Reading::Whole => [
                build,
                Compare::AtLeast,
                Compare::AtLeast,
                self.revision.unwrap_or(Compare::AtLeast),
            ],
            Reading::Digits => [
                build,
                self.service.unwrap_or(Compare::Equal),
                self.distribution.unwrap_or(Compare::AtLeast),
                self.revision.unwrap_or(Compare::AtLeast),
            ],
        };
        for ((compare, asked), there) in compares.iter().zip(fields(asked)).zip(fields(there)) {
            if !compare.holds(asked, there) {
                return false;
            }
            // A higher number on the left makes those on the right of no
            // account, as in any comparison of versions.
            if there > asked {
                return true;
            }
        }
        true
    }

    /// The attributes as they are written: `buildCompare EQ, serviceCompare GE`.
    pub fn words(self) -> String {
        let named = [
            ("buildCompare", self.build),
            ("serviceCompare", self.service),
            ("distributionCompare", self.distribution),
            ("revisionCompare", self.revision),
        ];
        let words: Vec<String> = named
            .iter()
            .filter_map(|(name, compare)| Some(format!("{name} {}", (*compare)?.word())))
            .collect();
        match words.is_empty() {
            true => "the same build, any revision from it on".to_owned(),
            false => words.join(", "),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

    use super::*;

    fn fits(compare: VersionCompare, asked: &str, there: &str) -> Fits {
        compare.fits(asked.parse().unwrap(), there.parse().unwrap())
    }

    fn compare(words: [&str; 4]) -> VersionCompare {
        let [build, service, distribution, revision] = words.map(Compare::from_word);
        VersionCompare {
            build,
            service,
            distribution,
            revision,
        }
    }

    #[test]
    fn parents_of_real_packages_and_what_windows_logged_of_them() {
        // A language package of Windows 11 and a parent that the log calls
        // found; a feature on demand that is installed on build 19041.1.
        let same = compare(["EQ", "", "", ""]);
        assert_eq!(fits(same, "10.0.22621.1", "10.0.22621.3085"), Fits::Yes);
        assert_eq!(fits(same, "10.0.22621.1", "10.0.22631.1"), Fits::No);
        let from = compare(["GE", "", "", "GE"]);
        assert_eq!(fits(from, "10.0.17637.1000", "10.0.19041.1"), Fits::Yes);
        assert_eq!(fits(from, "10.0.17637.1000", "10.0.17134.1"), Fits::No);
        assert_eq!(fits(from, "10.0.0.0", "10.0.26100.1"), Fits::Yes);
        assert_eq!(fits(from, "0.0.0.0", "10.0.26100.1"), Fits::Yes);
        // WinPE's language pack: nothing but this very version.
        let exact = compare(["EQ", "EQ", "EQ", "EQ"]);
        assert_eq!(fits(exact, "10.0.26100.5600", "10.0.26100.5600"), Fits::Yes);
        assert_eq!(fits(exact, "10.0.26100.5600", "10.0.26100.5601"), Fits::No);
        // A rollup names no build and revisions from 1742 on.
        let rollup = compare(["", "", "", "GE"]);
        assert_eq!(fits(rollup, "10.0.26100.1742", "10.0.26100.1"), Fits::No);
        assert_eq!(
            fits(rollup, "10.0.26100.1742", "10.0.26100.4000"),
            Fits::Yes
        );
    }

    #[test]
    fn windows_7_service_packs_and_where_nobody_knows() {
        let from = compare(["EQ", "GE", "", ""]);
        assert_eq!(fits(from, "6.1.7601.17514", "6.1.7601.17514"), Fits::Yes);
        assert_eq!(fits(from, "6.1.7601.17514", "6.1.7600.16385"), Fits::No);
        assert_eq!(fits(from, "6.1.7601.17514", "6.2.9200.16384"), Fits::No);
        // A later service pack: by one reading of the fields the same build.
        assert_eq!(
            fits(from, "6.0.6001.18000", "6.0.6002.18005"),
            Fits::Unclear
        );
    }

    #[test]
    fn the_words_are_those_of_the_package() {
        assert_eq!(
            compare(["EQ", "GE", "", ""]).words(),
            "buildCompare EQ, serviceCompare GE"
        );
        assert!(compare(["", "", "", ""]).words().contains("same build"));
    }
}
