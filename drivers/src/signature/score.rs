//! What a signature is worth in the driver database.

use super::DriverSignature;

/// `SIGNERSCORE_*` of setupapi.h, as far as third parties' packages have them
/// (driverstore 2.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SignerScore {
    /// 0x0D000005.
    Whql,
    /// 0x0F000000.
    Authenticode,
    /// 0x80000000.
    Unsigned,
}

impl SignerScore {
    /// The number in the database.
    pub(crate) fn number(self) -> u32 {
        match self {
            SignerScore::Whql => 0x0D00_0005,
            SignerScore::Authenticode => 0x0F00_0000,
            SignerScore::Unsigned => UNSIGNED,
        }
    }
}

const UNSIGNED: u32 = 0x8000_0000;

/// What an image says of a package's signature by recording this score.
pub(crate) fn of_number(score: Option<u32>) -> DriverSignature {
    match score {
        None => DriverSignature::Unknown,
        // Worse numbers stand for "suspect" and "unknown".
        Some(UNSIGNED) => DriverSignature::Unsigned,
        Some(score) if score < UNSIGNED => DriverSignature::Signed,
        Some(_) => DriverSignature::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recorded_scores_say_what_windows_made_of_the_signature() {
        for (score, signature) in [
            (Some(SignerScore::Whql.number()), DriverSignature::Signed),
            (
                Some(SignerScore::Authenticode.number()),
                DriverSignature::Signed,
            ),
            // Inbox.
            (Some(0x0D00_0003), DriverSignature::Signed),
            (
                Some(SignerScore::Unsigned.number()),
                DriverSignature::Unsigned,
            ),
            (Some(0xFF00_0000), DriverSignature::Unknown),
            (None, DriverSignature::Unknown),
        ] {
            assert_eq!(of_number(score), signature, "{score:x?}");
        }
    }
}
