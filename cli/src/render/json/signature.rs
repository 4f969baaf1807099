//! What a package's signature was judged by.

use schemars::JsonSchema;
use serde::Serialize;
use wimwright_drivers::{self as drivers, DriverSignature, FileSignature};
use wimwright_servicing::catalog::verify::SignerKind;
use wimwright_servicing::time;

/// What a package's signature was judged by, each fact by itself.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct SignatureEntry {
    /// The catalog, as the INF names it.
    pub catalog: String,
    /// Why its signature does not fit; null where it does, or where nobody
    /// signed it.
    pub fault: Option<String>,
    /// Common name of the signer; a claim, unless the package is signed.
    pub signer_name: Option<String>,
    /// What kind of signer that is; null where nobody signed.
    pub signer_kind: Option<SignerKindName>,
    /// The trusted authority that the chain of certificates ends at.
    pub trust_anchor: Option<String>,
    /// When it was signed, `2021-09-09T15:37:05Z`, on the word of a time stamp
    /// that can be trusted.
    pub time_stamp: Option<String>,
    /// The hash function of the signature.
    pub digest_algorithm: Option<String>,
    /// Whether this Windows knows that function, by what is in the image; null
    /// where no image was asked, or it asks for no signatures.
    pub digest_supported: Option<bool>,
    /// Whether the catalog was signed for this version of Windows; null where
    /// it names none.
    pub for_this_windows: Option<bool>,
    /// The files of the package, the INF first.
    pub files: Vec<CheckedFile>,
}

/// A kind of signer.
#[derive(Clone, Copy, Debug, JsonSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SignerKindName {
    /// Microsoft's hardware program, after tests (WHQL).
    HardwareProgram,
    /// Microsoft's hardware program, on the vendor's word.
    HardwareProgramAttested,
    /// Microsoft, as part of Windows.
    Windows,
    /// A vendor, with a cross-certificate of Microsoft's.
    CrossSigned,
    /// A vendor for whom a public authority vouches.
    Vendor,
    /// Somebody whom the user trusts.
    UserTrusted,
    /// A certificate of the driver kit for tests.
    Test,
    /// A certificate that vouches for itself.
    SelfSigned,
    /// Somebody for whom nobody known vouches.
    Unknown,
}

/// A file of a package, and how it stands to the catalog.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct CheckedFile {
    /// Its path beside the INF.
    pub path: String,
    /// Whether this Windows copies it.
    pub needed: bool,
    /// How it stands.
    pub signature: FileSignatureName,
}

/// How a file stands to its catalog.
#[derive(Clone, Copy, Debug, JsonSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileSignatureName {
    /// The catalog lists it.
    Listed,
    /// The catalog would list it if its line ends were CR LF again.
    LineEndsChanged,
    /// The catalog does not list it.
    NotListed,
    /// It is a program so damaged that it has no digest.
    Damaged,
}

/// `driver_signature` in words.
pub(crate) fn signature(signature: DriverSignature) -> String {
    match signature {
        DriverSignature::Unknown => "unknown",
        DriverSignature::Unsigned => "unsigned",
        DriverSignature::Invalid => "invalid",
        DriverSignature::Untrusted => "untrusted",
        DriverSignature::Signed => "signed",
    }
    .to_owned()
}

impl From<&drivers::SignatureFacts> for SignatureEntry {
    fn from(facts: &drivers::SignatureFacts) -> SignatureEntry {
        let facts = facts.clone();
        let files = facts.files.into_iter().map(|file| CheckedFile {
            path: file.path,
            needed: file.needed,
            signature: match file.signature {
                FileSignature::Listed => FileSignatureName::Listed,
                FileSignature::LineEndsChanged => FileSignatureName::LineEndsChanged,
                FileSignature::NotListed => FileSignatureName::NotListed,
                FileSignature::Damaged => FileSignatureName::Damaged,
            },
        });
        SignatureEntry {
            catalog: facts.catalog,
            fault: facts.fault,
            signer_name: facts.signer_name,
            signer_kind: facts.signer_kind.map(SignerKindName::from),
            trust_anchor: facts.trust_anchor,
            time_stamp: facts.time_stamp.map(time::iso),
            digest_algorithm: facts.digest_algorithm,
            digest_supported: facts.digest_supported,
            for_this_windows: facts.for_this_windows,
            files: files.collect(),
        }
    }
}

impl From<SignerKind> for SignerKindName {
    fn from(kind: SignerKind) -> SignerKindName {
        match kind {
            SignerKind::HardwareProgram { attested: false } => SignerKindName::HardwareProgram,
            SignerKind::HardwareProgram { attested: true } => {
                SignerKindName::HardwareProgramAttested
            }
            SignerKind::Windows => SignerKindName::Windows,
            SignerKind::CrossSigned => SignerKindName::CrossSigned,
            SignerKind::Vendor => SignerKindName::Vendor,
            SignerKind::UserTrusted => SignerKindName::UserTrusted,
            SignerKind::Test => SignerKindName::Test,
            SignerKind::SelfSigned => SignerKindName::SelfSigned,
            _ => SignerKindName::Unknown,
        }
    }
}

impl SignerKindName {
    /// In words, for people.
    pub(crate) fn words(self) -> &'static str {
        match self {
            SignerKindName::HardwareProgram => "Microsoft's hardware program, tested",
            SignerKindName::HardwareProgramAttested => "Microsoft's hardware program, attested",
            SignerKindName::Windows => "part of Windows",
            SignerKindName::CrossSigned => "vendor, cross-signed by Microsoft",
            SignerKindName::Vendor => "vendor",
            SignerKindName::UserTrusted => "trusted by you",
            SignerKindName::Test => "test certificate",
            SignerKindName::SelfSigned => "self-signed",
            SignerKindName::Unknown => "nobody known vouches for it",
        }
    }
}

impl FileSignatureName {
    /// In words, for people.
    pub(crate) fn words(self) -> &'static str {
        match self {
            FileSignatureName::Listed => "as it was signed",
            FileSignatureName::LineEndsChanged => "its line ends were changed",
            FileSignatureName::NotListed => "changed, or never signed",
            FileSignatureName::Damaged => "a damaged program",
        }
    }
}
