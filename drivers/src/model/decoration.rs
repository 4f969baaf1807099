//! Decorations: the part of a models section's name that says for which
//! Windows it is (`NTamd64.10.0...16299`).
//!
//! Form: `nt[architecture][.[major][.[minor][.[product type][.[suite
//! mask][.[build]]]]]]`; numbers may be hexadecimal (page "INF Manufacturer
//! Section").

use std::fmt;

use serde::Serialize;
use wimwright_inf::number;

use super::target::{Architecture, Target};

/// The first build that reads a build number in a decoration (page "INF
/// Manufacturer Section"); earlier ones take the whole decoration for invalid.
pub const FIRST_BUILD_WITH_BUILD_NUMBERS: u32 = 14310;

/// A parsed decoration. A part that is absent or empty is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
pub struct Decoration {
    /// Architecture; without one x86 is meant from Server 2003 SP1 on.
    pub architecture: Option<Architecture>,
    /// Lowest major version.
    pub major: Option<u32>,
    /// Lowest minor version.
    pub minor: Option<u32>,
    /// Product type that must be equal.
    pub product_type: Option<u32>,
    /// Suite bits that must all be set.
    pub suite_mask: Option<u32>,
    /// Lowest build of exactly this version.
    pub build: Option<u32>,
}

/// Why a text is no decoration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DecorationError {
    /// It does not start with `nt`.
    #[error("decoration `{0}` does not start with `nt`")]
    NotNt(String),
    /// It has a stampinf variable in it.
    #[error("decoration `{0}` has a variable of stampinf in it")]
    Template(String),
    /// The architecture is none that Windows 2000 or later runs on.
    #[error("decoration names the unknown architecture `{0}`")]
    UnknownArchitecture(String),
    /// A part is no number.
    #[error("decoration has `{0}` where a number belongs")]
    NotANumber(String),
    /// More parts than the form has.
    #[error("decoration `{0}` has more than six parts")]
    TooManyParts(String),
}

impl Decoration {
    /// Reads a decoration.
    ///
    /// # Errors
    /// One [`DecorationError`] per rule of the form.
    pub fn parse(text: &str) -> Result<Self, DecorationError> {
        if text.contains('$') {
            return Err(DecorationError::Template(text.to_owned()));
        }
        let mut parts = text.split('.');
        let platform = parts.next().unwrap_or_default().trim();
        let architecture = match platform.get(..2) {
            Some(nt) if nt.eq_ignore_ascii_case("nt") => {
                match platform.get(2..).unwrap_or_default() {
                    "" => None,
                    name => Some(
                        Architecture::from_name(name)
                            .ok_or_else(|| DecorationError::UnknownArchitecture(name.to_owned()))?,
                    ),
                }
            }
            _ => return Err(DecorationError::NotNt(text.to_owned())),
        };
        let mut numbers = [None; 5];
        for slot in &mut numbers {
            let Some(part) = parts.next().map(str::trim) else {
                break;
            };
            if !part.is_empty() {
                *slot = Some(
                    number(part)
                        .and_then(|value| u32::try_from(value).ok())
                        .ok_or_else(|| DecorationError::NotANumber(part.to_owned()))?,
                );
            }
        }
        if parts.next().is_some() {
            return Err(DecorationError::TooManyParts(text.to_owned()));
        }
        let [major, minor, product_type, suite_mask, build] = numbers;
        Ok(Decoration {
            architecture,
            major,
            minor,
            product_type,
            suite_mask,
            build,
        })
    }

    /// The version, with 0 for absent parts: a decoration without a version
    /// fits every one, and loses against each that names one.
    pub fn version(&self) -> (u32, u32) {
        (self.major.unwrap_or(0), self.minor.unwrap_or(0))
    }

    /// The first rule by which the decoration does not fit the target.
    pub fn mismatch(&self, target: &Target) -> Option<Mismatch> {
        if !target.at_least(5, 1) {
            return Some(Mismatch::DecorationUnknown);
        }
        if self.build.is_some() && target.build < FIRST_BUILD_WITH_BUILD_NUMBERS {
            return Some(Mismatch::BuildNumberUnknown);
        }
        let version = (target.major, target.minor);
        if self.version() > version {
            return Some(Mismatch::Version);
        }
        // "evaluated only when the OS major/minor version of the
        // TargetOSVersion matches the current OS version exactly"
        if self.major.is_some()
            && self.version() == version
            && self.build.is_some_and(|build| build > target.build)
        {
            return Some(Mismatch::Build);
        }
        if self
            .product_type
            .is_some_and(|product_type| product_type != target.product_type.number())
        {
            return Some(Mismatch::ProductType);
        }
        if self
            .suite_mask
            .is_some_and(|mask| mask & target.suite_mask != mask)
        {
            return Some(Mismatch::SuiteMask);
        }
        None
    }
}

/// How a decoration of the right architecture can fail to fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mismatch {
    /// It is decorated, and the target is Windows 2000, which reads models
    /// sections without decoration only (page "INF Manufacturer section").
    DecorationUnknown,
    /// It asks for a later version.
    Version,
    /// It asks for a later build of the same version.
    Build,
    /// It has a build number, and the target is older than that form.
    BuildNumberUnknown,
    /// It asks for another product type.
    ProductType,
    /// It asks for suites that the target is not.
    SuiteMask,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Mismatch::DecorationUnknown => "Windows XP or later, for 2000 knows no decorations",
            Mismatch::Version => "a later version",
            Mismatch::Build => "a later build",
            Mismatch::BuildNumberUnknown => {
                "a build number, which Windows before build 14310 does not understand"
            }
            Mismatch::ProductType => "another product type",
            Mismatch::SuiteMask => "another product suite",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoration(
        architecture: Option<Architecture>,
        numbers: [Option<u32>; 5],
    ) -> Result<Decoration, DecorationError> {
        let [major, minor, product_type, suite_mask, build] = numbers;
        Ok(Decoration {
            architecture,
            major,
            minor,
            product_type,
            suite_mask,
            build,
        })
    }

    #[test]
    fn decorations_are_read_by_their_parts() {
        use Architecture::{Amd64, Arm64, X86};
        for (text, expected) in [
            ("NT", decoration(None, [None; 5])),
            ("NTamd64", decoration(Some(Amd64), [None; 5])),
            ("ntARM64", decoration(Some(Arm64), [None; 5])),
            (
                "NTamd64.6.3",
                decoration(Some(Amd64), [Some(6), Some(3), None, None, None]),
            ),
            (
                "NTx86.10",
                decoration(Some(X86), [Some(10), None, None, None, None]),
            ),
            (
                "NTamd64.10.0...16299",
                decoration(Some(Amd64), [Some(10), Some(0), None, None, Some(16299)]),
            ),
            (
                "NTx86...1",
                decoration(Some(X86), [None, None, Some(1), None, None]),
            ),
            (
                "NTx86....0x80",
                decoration(Some(X86), [None, None, None, Some(0x80), None]),
            ),
            (
                "NT.10.0.1..16299",
                decoration(None, [Some(10), Some(0), Some(1), None, Some(16299)]),
            ),
            ("", Err(DecorationError::NotNt(String::new()))),
            ("x86", Err(DecorationError::NotNt("x86".to_owned()))),
            (
                "NT$ARCH$",
                Err(DecorationError::Template("NT$ARCH$".to_owned())),
            ),
            (
                "NTalpha",
                Err(DecorationError::UnknownArchitecture("alpha".to_owned())),
            ),
            ("NTx86.x", Err(DecorationError::NotANumber("x".to_owned()))),
            (
                "NT.1.2.3.4.5.6",
                Err(DecorationError::TooManyParts("NT.1.2.3.4.5.6".to_owned())),
            ),
        ] {
            assert_eq!(Decoration::parse(text), expected, "`{text}`");
        }
    }

    #[test]
    fn a_decoration_says_why_it_does_not_fit() {
        let w10 = Target::workstation(10, 0, 19041, Architecture::Amd64);
        let rtm = Target::workstation(10, 0, 10240, Architecture::Amd64);
        let xp = Target::workstation(5, 1, 2600, Architecture::X86);
        let datacenter = Target {
            suite_mask: 0x82,
            ..xp
        };
        for (text, target, expected) in [
            ("NTamd64", &w10, None),
            ("NTamd64.10.0...19041", &w10, None),
            ("NTamd64.10.0...19042", &w10, Some(Mismatch::Build)),
            (
                "NTamd64.10.0...10240",
                &rtm,
                Some(Mismatch::BuildNumberUnknown),
            ),
            // An older version's build does not count.
            ("NTamd64.6.3...99999", &w10, None),
            ("NTamd64.10.1", &w10, Some(Mismatch::Version)),
            ("NTamd64.10.0.3", &w10, Some(Mismatch::ProductType)),
            ("NTamd64.10.0.1", &w10, None),
            ("NTx86....0x80", &xp, Some(Mismatch::SuiteMask)),
            ("NTx86....0x80", &datacenter, None),
            ("NTx86....0x81", &datacenter, Some(Mismatch::SuiteMask)),
        ] {
            let decoration = Decoration::parse(text).unwrap();
            assert_eq!(decoration.mismatch(target), expected, "`{text}`");
        }
    }
}
