//! Whether a package is signed, by whom, and what that is worth.
//!
//! A package is signed by its catalog, which lists its files by digest. Each
//! fact is kept apart ([`SignatureFacts`]); what they come to is one of five
//! states ([`DriverSignature`]), of which three are DISM's. What a state means
//! for an image is policy, and stands apart ([`policy`]).

mod judge;
mod kernel;
mod policy;
mod score;
mod sha2;

use serde::Serialize;
use wimwright_servicing::catalog::verify::{SignerKind, TrustStore};
use wimwright_servicing::{FileTime, Finding};

pub(crate) use judge::{Asked, judge};
pub(crate) use kernel::report as report_kernel;
pub(crate) use policy::decide;
pub(crate) use score::{SignerScore, of_number};
pub(crate) use sha2::look_up as look_up_digest;

/// Whether a package's signature is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DriverSignature {
    /// Nobody checked, and the image does not say.
    Unknown,
    /// There is no catalog, or nobody signed it.
    Unsigned,
    /// There is a signature, but it does not fit the catalog, or the catalog
    /// does not list the package's files.
    Invalid,
    /// The signature fits and the files are listed, but nobody who is trusted
    /// vouches for the signer, or not at that time.
    Untrusted,
    /// Signed, by somebody whom a trusted authority vouches for.
    Signed,
}

/// How a file of a package stands to its catalog.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileSignature {
    /// The catalog lists it.
    Listed,
    /// The catalog would list it if its line ends were CR LF again.
    LineEndsChanged,
    /// The catalog does not list it.
    NotListed,
    /// It is a program so damaged that it has no digest.
    Damaged,
}

/// A file of a package, and how it stands to the catalog.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CheckedFile {
    /// Its path beside the INF.
    pub path: String,
    /// Whether this Windows copies it.
    pub needed: bool,
    /// How it stands.
    pub signature: FileSignature,
}

/// All that was found out about a package's catalog.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SignatureFacts {
    /// The catalog, as the INF names it.
    pub catalog: String,
    /// Why its signature does not fit; `None` where it does, or where nobody
    /// signed it.
    pub fault: Option<String>,
    /// Common name of the signer; a claim, unless the package is signed.
    pub signer_name: Option<String>,
    /// What kind of signer that is, by the chain of certificates; `None` where
    /// nobody signed.
    #[serde(skip)]
    pub signer_kind: Option<SignerKind>,
    /// The trusted authority that the chain ends at.
    pub trust_anchor: Option<String>,
    /// When it was signed, on the word of a time stamp that can be trusted.
    #[serde(skip)]
    pub time_stamp: Option<FileTime>,
    /// From when on the signer's certificate is valid.
    #[serde(skip)]
    pub certificate_from: Option<FileTime>,
    /// The hash function of the signature.
    pub digest_algorithm: Option<String>,
    /// Whether this Windows knows that function, by what is in the image;
    /// `None` where no image was asked, or it asks for no signatures.
    pub digest_supported: Option<bool>,
    /// Whether the catalog is for this version of Windows; `None` where it
    /// names none.
    pub for_this_windows: Option<bool>,
    /// The files of the package, the INF first.
    pub files: Vec<CheckedFile>,
}

/// A package's signature, judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PackageSignature {
    pub(crate) state: DriverSignature,
    /// Why it is not [`DriverSignature::Signed`].
    pub(crate) reason: Option<String>,
    /// What it rests on; `None` where there is no catalog.
    pub(crate) facts: Option<SignatureFacts>,
    /// What else the user should know.
    pub(crate) findings: Vec<Finding>,
}

impl PackageSignature {
    /// The signer's name, where the signature is good: what the image records.
    pub(crate) fn signer_name(&self) -> Option<&str> {
        let facts = self.facts.as_ref()?;
        let name = facts.signer_name.as_deref();
        name.filter(|_| self.state == DriverSignature::Signed)
    }

    /// The kind of the signer, as far as the chain shows it.
    pub(crate) fn kind(&self) -> Option<SignerKind> {
        self.facts.as_ref()?.signer_kind
    }

    pub(crate) fn score(&self) -> SignerScore {
        match (self.state, self.kind()) {
            (DriverSignature::Signed, Some(SignerKind::HardwareProgram { .. })) => {
                SignerScore::Whql
            }
            (DriverSignature::Signed, _) => SignerScore::Authenticode,
            _ => SignerScore::Unsigned,
        }
    }
}

/// Whom to trust, and at which time to ask.
#[derive(Clone, Copy, Debug)]
pub struct Trust<'t> {
    /// The trust anchors.
    pub anchors: &'t TrustStore,
    /// The time that counts where no time stamp does.
    pub now: FileTime,
}
