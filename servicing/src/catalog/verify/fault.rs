//! What can be wrong with one signature: of a catalog, a time stamp or a
//! certificate.

use der::asn1::ObjectIdentifier;

use super::super::{DigestAlgorithm, Error, SerialNumber};
use crate::pe;

/// Why a signature is not valid, or cannot be judged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// A structure that cannot be read.
    #[error(transparent)]
    Unreadable(#[from] Error),
    /// A program whose headers cannot be read.
    #[error(transparent)]
    Program(pe::Error),
    /// A version number that the format does not have.
    #[error("{what} has the version number {found}, expected {expected}")]
    Version {
        /// The structure.
        what: &'static str,
        /// What stands there, in hexadecimal.
        found: String,
        /// What should.
        expected: &'static str,
    },
    /// More signers or certificates than are looked at.
    #[error("there are {found} {what}, more than the {limit} that are looked at")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many.
        found: usize,
        /// How many are looked at.
        limit: usize,
    },
    /// The signer is named by a key, which Authenticode does not do.
    #[error("the signer is named by a key identifier, expected issuer and serial number")]
    NamedByKey,
    /// The signer's certificate is not in the file.
    #[error("the certificate of the signer (serial number {serial}) is not in the file")]
    NoCertificate {
        /// Its serial number.
        serial: SerialNumber,
    },
    /// An algorithm that is not known here.
    #[error("the {what} {identifier} is not supported")]
    UnknownAlgorithm {
        /// Where it is named.
        what: &'static str,
        /// Which one.
        identifier: ObjectIdentifier,
    },
    /// Two fields that must agree name different hash functions.
    #[error("the digest is made with {digest}, but the signature with {signature}")]
    TwoHashFunctions {
        /// Of the digest.
        digest: DigestAlgorithm,
        /// Of the signature.
        signature: DigestAlgorithm,
    },
    /// The frame does not list the hash function of the signer.
    #[error("the list of hash functions lacks {digest}, which the signer uses")]
    HashNotAnnounced {
        /// Which one.
        digest: DigestAlgorithm,
    },
    /// The signer signed no attributes.
    #[error("the signer signed no attributes, which content of this type needs")]
    NoSignedAttributes,
    /// An attribute that must be there exactly once is not.
    #[error("the signed attributes hold {found} values of {attribute}, expected one")]
    AttributeCount {
        /// Which one.
        attribute: &'static str,
        /// How often.
        found: usize,
    },
    /// The signed attributes are about content of another type.
    #[error("the signature is about content of type {found}, expected {expected}")]
    ContentType {
        /// The type that is signed.
        expected: ObjectIdentifier,
        /// The type that the attribute names.
        found: ObjectIdentifier,
    },
    /// The content is not the one that was signed.
    #[error("the content was changed after it was signed: its digest is another one")]
    Changed,
    /// The key is no RSA key that counts: too short, too long, or not one at all.
    #[error("the public key is not an RSA key of 1024 to 8192 bits")]
    Key,
    /// The signature is not that of the key over what it should cover.
    #[error("the signature does not fit")]
    Mismatch,
}
