//! How well a driver fits a device, as Windows counts it: lower is better.
//!
//! Pure arithmetic. A [`Rank`] is made of a signature, a feature score and of
//! how the ids of device and driver meet; between equal ranks the newer date
//! wins, then the higher version ([`Standing`]).
//!
//! Sources: Microsoft's pages "How Windows Ranks Driver Packages", "Identifier
//! Score", "Feature Score", "Signature Score", "Overview of the Driver
//! Selection Process", "Driver Rank Example", and for Windows before Vista
//! "How Windows Ranks Drivers (Windows Server 2003, Windows XP, and Windows
//! 2000)" with its rank constants. Windows keeps the rank of each device's
//! driver in its `DriverRank` property; on 8.1 and 10 they agree with these
//! sums (`tests/match_oracle.rs`).

mod identifier;
mod lost;
mod signature;
mod standing;

use std::fmt;

use serde::{Serialize, Serializer};
use wimwright_servicing::WindowsVersion;

pub use identifier::{DevicePlace, DriverPlace, IdentifierScore, MatchType, device_places};
pub use lost::Lost;
pub use signature::SignatureClass;
pub use standing::Standing;

/// The rules that a Windows ranks by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rules {
    /// 2000, XP and 2003: `0x0000THHH`, the signature in the upper bits of T,
    /// no feature score.
    Nt5,
    /// Vista and 2008: a signature of Microsoft is better than any other,
    /// because the policy `AllSignersEqual` is off by default.
    SignersDiffer,
    /// Windows 7 and later: all valid signatures are equal.
    SignersEqual,
}

impl Rules {
    /// Those of a Windows, with its policies as they come.
    pub fn of(version: WindowsVersion) -> Rules {
        match (version.major, version.minor) {
            (..=5, _) => Rules::Nt5,
            (6, 0) => Rules::SignersDiffer,
            _ => Rules::SignersEqual,
        }
    }
}

/// A driver's rank for one device: `0xSSGGTHHH`, the lowest is the best.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rank(u32);

impl Rank {
    /// Where the signature stands, in either form: T is 3 at most from Vista
    /// on, and before that nothing stands above it.
    const SIGNATURE: u32 = 0xFF00_C000;
    const FEATURE: u32 = 0x00FF_0000;
    const IDENTIFIER: u32 = 0x0000_3FFF;

    /// The sum of its parts.
    pub fn new(
        rules: Rules,
        signature: SignatureClass,
        feature_score: u8,
        identifier: IdentifierScore,
    ) -> Rank {
        let feature = match rules {
            Rules::Nt5 => 0,
            Rules::SignersDiffer | Rules::SignersEqual => u32::from(feature_score) << 16,
        };
        Rank(signature.score(rules) | feature | u32::from(identifier.number()))
    }

    /// As Windows writes it in `DriverRank` and in its logs.
    pub fn number(self) -> u32 {
        self.0
    }

    /// The bits of the signature, in their place.
    pub fn signature_score(self) -> u32 {
        self.0 & Rank::SIGNATURE
    }

    /// The feature score; 0 before Vista, which has none.
    pub fn feature_score(self) -> u8 {
        (((self.0 & Rank::FEATURE) >> 16) & 0xFF) as u8
    }

    /// How the ids met.
    pub fn identifier_score(self) -> IdentifierScore {
        IdentifierScore::from_bits((self.0 & Rank::IDENTIFIER) as u16)
    }
}

impl fmt::Display for Rank {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{:08X}", self.0)
    }
}

impl Serialize for Rank {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rank(
        rules: Rules,
        signature: SignatureClass,
        feature: u8,
        device: DevicePlace,
        driver: DriverPlace,
    ) -> u32 {
        Rank::new(
            rules,
            signature,
            feature,
            IdentifierScore::new(device, driver),
        )
        .number()
    }

    /// The tables of both "Driver Rank Example" pages: a device with two
    /// hardware and two compatible ids, a models line with one hardware id and
    /// two compatible ones.
    #[test]
    fn the_documented_examples() {
        let drivers = [
            DriverPlace::Hardware,
            DriverPlace::Compatible(0),
            DriverPlace::Compatible(1),
        ];
        for (device, expected) in [
            (DevicePlace::Hardware(0), [0x0000, 0x1000, 0x1000]),
            (DevicePlace::Hardware(1), [0x0001, 0x1001, 0x1001]),
            (DevicePlace::Compatible(0), [0x2000, 0x3000, 0x3100]),
            (DevicePlace::Compatible(1), [0x2001, 0x3001, 0x3101]),
        ] {
            for (driver, identifier) in drivers.into_iter().zip(expected) {
                let signed = SignatureClass::Microsoft;
                let xp = rank(Rules::Nt5, signed, 0xFF, device, driver);
                assert_eq!(xp, identifier, "{device:?} {driver:?}");
                let later = rank(Rules::SignersEqual, signed, 0x20, device, driver);
                assert_eq!(later, 0x0020_0000 + identifier, "{device:?} {driver:?}");
            }
        }
    }

    /// "Driver Package Rank Information in the SetupAPI Log", all three of its
    /// editions, and the feature score of "Feature Score".
    #[test]
    fn the_ranks_of_the_documented_logs() {
        let inbox = SignatureClass::Microsoft;
        let hardware = DriverPlace::Hardware;
        for (rules, feature, device, driver, logged) in [
            // HardwareID ROOT\UPDATE, Signer Score - INBOX, Vista.
            (
                Rules::SignersDiffer,
                0xFF,
                DevicePlace::Hardware(0),
                hardware,
                0x0DFF_0000,
            ),
            // Configuration USB\Class_03&SubClass_01: the second id of the
            // device, the second compatible one of input.inf's line.
            (
                Rules::SignersEqual,
                0xFF,
                DevicePlace::Compatible(1),
                DriverPlace::Compatible(1),
                0x00FF_3101,
            ),
            // HardwareID GenCdRom, the sixth of the device.
            (
                Rules::SignersEqual,
                0xFF,
                DevicePlace::Hardware(5),
                hardware,
                0x00FF_0005,
            ),
            (
                Rules::SignersEqual,
                0xFD,
                DevicePlace::Hardware(0),
                hardware,
                0x00FD_0000,
            ),
        ] {
            assert_eq!(rank(rules, inbox, feature, device, driver), logged);
        }
    }

    #[test]
    fn the_parts_of_a_rank_come_out_again() {
        for rules in [Rules::Nt5, Rules::SignersDiffer, Rules::SignersEqual] {
            for signature in SignatureClass::ALL {
                let identifier =
                    IdentifierScore::new(DevicePlace::Compatible(7), DriverPlace::Compatible(3));
                let rank = Rank::new(rules, signature, 0x80, identifier);
                assert_eq!(rank.identifier_score(), identifier);
                assert_eq!(rank.signature_score(), signature.score(rules));
                let feature = if rules == Rules::Nt5 { 0 } else { 0x80 };
                assert_eq!(rank.feature_score(), feature);
            }
        }
    }

    /// An unsigned driver with the best match is worse than a signed one with
    /// the worst, under all rules.
    #[test]
    fn a_signature_outweighs_every_match() {
        for rules in [Rules::Nt5, Rules::SignersDiffer, Rules::SignersEqual] {
            let best = (DevicePlace::Hardware(0), DriverPlace::Hardware);
            let worst = (DevicePlace::Compatible(255), DriverPlace::Compatible(15));
            let unsigned = rank(rules, SignatureClass::Unsigned, 0, best.0, best.1);
            let signed = rank(rules, SignatureClass::Authenticode, 0xFF, worst.0, worst.1);
            assert!(signed < unsigned, "{rules:?}");
        }
    }

    #[test]
    fn each_windows_has_its_rules() {
        for (major, minor, rules) in [
            (5, 1, Rules::Nt5),
            (5, 2, Rules::Nt5),
            (6, 0, Rules::SignersDiffer),
            (6, 1, Rules::SignersEqual),
            (10, 0, Rules::SignersEqual),
        ] {
            let build = 1;
            let version = WindowsVersion {
                major,
                minor,
                build,
            };
            assert_eq!(Rules::of(version), rules);
        }
    }

    #[test]
    fn a_rank_is_written_as_windows_logs_it() {
        let identifier =
            IdentifierScore::new(DevicePlace::Compatible(1), DriverPlace::Compatible(1));
        let rank = Rank::new(
            Rules::SignersEqual,
            SignatureClass::Microsoft,
            0xFF,
            identifier,
        );
        assert_eq!(rank.to_string(), "0x00FF3101");
    }
}
