//! Why a driver is not the one that Windows takes.

use std::fmt;

use serde::Serialize;

use super::{MatchType, Standing};

/// The first thing in which a driver is worse than the winner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lost {
    /// Its signature counts for less.
    Signature,
    /// Its feature score is worse.
    FeatureScore {
        /// Its own.
        own: u8,
        /// The winner's.
        winner: u8,
    },
    /// Its ids match in a lesser way.
    MatchType {
        /// Its own.
        own: MatchType,
        /// The winner's.
        winner: MatchType,
    },
    /// It matches an id that stands further back.
    Position,
    /// Its date is older.
    Date,
    /// Its version is lower.
    Version,
    /// It is equal in everything: "Windows can select any driver".
    Tie,
}

impl Lost {
    /// Why `loser` comes behind `winner`.
    pub fn between(loser: &Standing, winner: &Standing) -> Lost {
        let (own, best) = (loser.rank, winner.rank);
        let types = (
            own.identifier_score().match_type(),
            best.identifier_score().match_type(),
        );
        if own.signature_score() != best.signature_score() {
            Lost::Signature
        } else if own.feature_score() != best.feature_score() {
            Lost::FeatureScore {
                own: own.feature_score(),
                winner: best.feature_score(),
            }
        } else if types.0 != types.1 {
            Lost::MatchType {
                own: types.0,
                winner: types.1,
            }
        } else if own != best {
            Lost::Position
        } else if loser.date != winner.date {
            Lost::Date
        } else if loser.version != winner.version {
            Lost::Version
        } else {
            Lost::Tie
        }
    }

    /// Its name in machine-readable output.
    pub fn name(self) -> &'static str {
        match self {
            Lost::Signature => "signature",
            Lost::FeatureScore { .. } => "feature-score",
            Lost::MatchType { .. } => "match-type",
            Lost::Position => "id-position",
            Lost::Date => "date",
            Lost::Version => "version",
            Lost::Tie => "tie",
        }
    }
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Lost::Signature => write!(f, "its signature counts for less"),
            Lost::FeatureScore { own, winner } => {
                write!(f, "feature score {own:02X}, the winner {winner:02X}")
            }
            Lost::MatchType { own, winner } => {
                write!(
                    f,
                    "matches a {}, the winner a {}",
                    own.words(),
                    winner.words()
                )
            }
            Lost::Position => write!(f, "matches a less specific id"),
            Lost::Date => write!(f, "older date"),
            Lost::Version => write!(f, "same date, lower version"),
            Lost::Tie => write!(f, "equal in all that Windows compares: it may take either"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::DriverVersion;
    use crate::rank::{DevicePlace, DriverPlace, IdentifierScore, Rank, Rules, SignatureClass};
    use wimwright_servicing::FileTime;

    #[test]
    fn the_first_difference_is_the_reason() {
        let standing = |signature, feature, device, driver, date, version| Standing {
            rank: Rank::new(
                Rules::SignersEqual,
                signature,
                feature,
                IdentifierScore::new(device, driver),
            ),
            date: FileTime(date),
            version: DriverVersion([version, 0, 0, 0]),
        };
        use DevicePlace::{Compatible, Hardware};
        use SignatureClass::{Authenticode, Microsoft, Unsigned};
        let plain = DriverPlace::Hardware;
        let winner = standing(Microsoft, 0xFE, Hardware(1), plain, 5, 5);
        for (loser, name, words) in [
            (
                standing(Unsigned, 0x00, Hardware(0), plain, 9, 9),
                "signature",
                "its signature counts for less",
            ),
            (
                standing(Authenticode, 0xFF, Hardware(0), plain, 9, 9),
                "feature-score",
                "feature score FF, the winner FE",
            ),
            (
                standing(Microsoft, 0xFE, Compatible(0), plain, 9, 9),
                "match-type",
                "matches a compatible id, the winner a hardware id",
            ),
            (
                standing(Microsoft, 0xFE, Hardware(2), plain, 9, 9),
                "id-position",
                "matches a less specific id",
            ),
            (
                standing(Microsoft, 0xFE, Hardware(1), plain, 4, 9),
                "date",
                "older date",
            ),
            (
                standing(Microsoft, 0xFE, Hardware(1), plain, 5, 4),
                "version",
                "same date, lower version",
            ),
            (
                standing(Authenticode, 0xFE, Hardware(1), plain, 5, 5),
                "tie",
                "equal in all that Windows compares: it may take either",
            ),
        ] {
            let lost = Lost::between(&loser, &winner);
            assert_eq!(lost.name(), name);
            assert_eq!(lost.to_string(), words);
            assert_eq!(loser.cmp(&winner).is_gt(), lost != Lost::Tie);
        }
    }
}
