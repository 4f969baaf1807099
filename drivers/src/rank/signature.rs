//! What a signature counts for: `SS` of the rank (page "Signature Score", and
//! the `SIGNERSCORE_*` and `DRIVER_*_RANK` constants of setupapi.h).

use serde::{Deserialize, Serialize};

use super::Rules;

/// The kind of a driver's signature, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SignatureClass {
    /// One of Microsoft's: Windows' own drivers and WHQL.
    Microsoft,
    /// A valid one of somebody else.
    Authenticode,
    /// None, and the install section is one for NT (`.nt...`).
    Unsigned,
    /// None, and the install section may be one for Windows 9x.
    UnsignedNotForNt,
    /// Nobody knows.
    Unknown,
}

impl SignatureClass {
    /// All of them.
    pub const ALL: [SignatureClass; 5] = [
        SignatureClass::Microsoft,
        SignatureClass::Authenticode,
        SignatureClass::Unsigned,
        SignatureClass::UnsignedNotForNt,
        SignatureClass::Unknown,
    ];

    /// What `SignerScore` of a package in the driver database means.
    pub fn of_signer_score(score: u32) -> SignatureClass {
        match score {
            // The lower digits tell logo, inbox and WHQL apart; the rank masks
            // them out.
            0x0D00_0000..=0x0DFF_FFFF => SignatureClass::Microsoft,
            0x0F00_0000 => SignatureClass::Authenticode,
            0x8000_0000 => SignatureClass::Unsigned,
            0xC000_0000 => SignatureClass::UnsignedNotForNt,
            _ => SignatureClass::Unknown,
        }
    }

    /// That of an unsigned driver that is installed by `section`.
    pub fn unsigned(section: &str) -> SignatureClass {
        let decoration = section.rsplit_once('.').map(|(_, decoration)| decoration);
        let start = decoration.and_then(|decoration| decoration.get(..2));
        match start.is_some_and(|start| start.eq_ignore_ascii_case("nt")) {
            true => SignatureClass::Unsigned,
            false => SignatureClass::UnsignedNotForNt,
        }
    }

    /// Its bits in a rank.
    pub fn score(self, rules: Rules) -> u32 {
        match (self, rules) {
            (SignatureClass::Microsoft | SignatureClass::Authenticode, Rules::SignersEqual) => 0,
            (SignatureClass::Microsoft | SignatureClass::Authenticode, Rules::Nt5) => 0,
            (SignatureClass::Microsoft, Rules::SignersDiffer) => 0x0D00_0000,
            (SignatureClass::Authenticode, Rules::SignersDiffer) => 0x0F00_0000,
            (SignatureClass::Unsigned, Rules::Nt5) => 0x8000,
            (SignatureClass::UnsignedNotForNt | SignatureClass::Unknown, Rules::Nt5) => 0xC000,
            (SignatureClass::Unsigned, _) => 0x8000_0000,
            (SignatureClass::UnsignedNotForNt, _) => 0xC000_0000,
            (SignatureClass::Unknown, _) => 0xFF00_0000,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scores_of_the_driver_database() {
        for (score, class) in [
            (0x0D00_0001, SignatureClass::Microsoft),
            (0x0D00_0003, SignatureClass::Microsoft),
            (0x0D00_0005, SignatureClass::Microsoft),
            (0x0F00_0000, SignatureClass::Authenticode),
            (0x8000_0000, SignatureClass::Unsigned),
            (0xC000_0000, SignatureClass::UnsignedNotForNt),
            (0xFF00_0000, SignatureClass::Unknown),
            (0, SignatureClass::Unknown),
        ] {
            assert_eq!(SignatureClass::of_signer_score(score), class, "{score:#x}");
        }
    }

    #[test]
    fn better_classes_have_lower_scores() {
        for rules in [Rules::Nt5, Rules::SignersDiffer, Rules::SignersEqual] {
            let scores = SignatureClass::ALL.map(|class| class.score(rules));
            assert!(scores.is_sorted(), "{rules:?}: {scores:x?}");
        }
    }

    #[test]
    fn a_section_says_whether_it_is_for_nt() {
        for (section, class) in [
            ("Inst.NTamd64", SignatureClass::Unsigned),
            ("Inst.nt", SignatureClass::Unsigned),
            ("Inst", SignatureClass::UnsignedNotForNt),
            ("Inst.Note", SignatureClass::UnsignedNotForNt),
            ("Inst.n", SignatureClass::UnsignedNotForNt),
        ] {
            assert_eq!(SignatureClass::unsigned(section), class, "{section}");
        }
    }
}
