//! What a change rests on: how this tool stays honest about Windows.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

/// How sure the fact behind a change is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Certainty {
    /// Seen in real images, or proved on them.
    Verified,
    /// Stated by a named source, not checked.
    Stated,
    /// General knowledge without a source at hand.
    Recalled,
    /// Concluded from other facts.
    Inferred,
}

impl fmt::Display for Certainty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Certainty::Verified => "verified",
            Certainty::Stated => "stated",
            Certainty::Recalled => "recalled",
            Certainty::Inferred => "inferred",
        })
    }
}

/// Why a change is believed to be what Windows would do.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Basis {
    /// How sure.
    pub certainty: Certainty,
    /// The section of the reference that says so, like `driverstore 2.4`.
    pub section: Cow<'static, str>,
}

impl Basis {
    /// Seen in real images, or proved on them.
    pub const fn verified(section: &'static str) -> Basis {
        Basis::new(Certainty::Verified, section)
    }

    /// Stated by a named source.
    pub const fn stated(section: &'static str) -> Basis {
        Basis::new(Certainty::Stated, section)
    }

    /// Known without a source at hand.
    pub const fn recalled(section: &'static str) -> Basis {
        Basis::new(Certainty::Recalled, section)
    }

    /// Concluded from other facts.
    pub const fn inferred(section: &'static str) -> Basis {
        Basis::new(Certainty::Inferred, section)
    }

    const fn new(certainty: Certainty, section: &'static str) -> Basis {
        Basis {
            certainty,
            section: Cow::Borrowed(section),
        }
    }
}

/// How many changes rest on what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BasisCount {
    /// Seen in real images.
    pub verified: usize,
    /// Stated by a source.
    pub stated: usize,
    /// General knowledge.
    pub recalled: usize,
    /// Concluded.
    pub inferred: usize,
}

impl BasisCount {
    /// Counts one more.
    pub fn add(&mut self, certainty: Certainty) {
        *match certainty {
            Certainty::Verified => &mut self.verified,
            Certainty::Stated => &mut self.stated,
            Certainty::Recalled => &mut self.recalled,
            Certainty::Inferred => &mut self.inferred,
        } += 1;
    }
}

impl fmt::Display for BasisCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} verified, {} stated, {} recalled, {} inferred",
            self.verified, self.stated, self.recalled, self.inferred
        )
    }
}
