//! PKCS#7 signed data: what is signed, by whom, with which certificates at
//! hand.
//!
//! ```text
//! ContentInfo SEQUENCE { OBJECT IDENTIFIER signedData, [0] SignedData }
//! SignedData  SEQUENCE {
//!     version           INTEGER
//!     digestAlgorithms  SET OF AlgorithmIdentifier
//!     contentInfo       SEQUENCE { OBJECT IDENTIFIER, [0] content }
//!     certificates      [0] OPTIONAL
//!     crls              [1] OPTIONAL
//!     signerInfos       SET OF SignerInfo }
//! ```
//!
//! The same frame holds a catalog (RFC 2315, the content is any value) and a
//! time stamp token (RFC 5652, the content is an octet string); what a
//! signature covers is in both the content without its header.

use der::{Tag, asn1::ObjectIdentifier};

use super::{
    Error,
    element::{Element, Elements, context},
    oid,
};

/// The parts of signed data, undecoded.
pub(super) struct SignedData<'a> {
    /// The value of its version number.
    pub(super) version: &'a [u8],
    pub(super) digest_algorithms: Vec<Element<'a>>,
    pub(super) content_type: ObjectIdentifier,
    pub(super) content: Element<'a>,
    pub(super) certificates: Vec<Element<'a>>,
    pub(super) signer_infos: Vec<Element<'a>>,
}

impl<'a> SignedData<'a> {
    /// Reads a catalog file.
    pub(super) fn of_file(bytes: &'a [u8]) -> Result<Self, Error> {
        let mut file = Elements::new(bytes, 0);
        let content_info = file.expect("content info", Tag::Sequence)?;
        file.finish("content info")?;
        SignedData::read(
            &content_info,
            oid::CERTIFICATE_TRUST_LIST,
            "a certificate trust list",
            Tag::Sequence,
        )
    }

    /// Reads a content info whose content must be of the type `wanted`, which
    /// is written as an element with `content_tag`.
    pub(super) fn read(
        content_info: &Element<'a>,
        wanted: ObjectIdentifier,
        expected: &'static str,
        content_tag: Tag,
    ) -> Result<Self, Error> {
        let mut content_info = content_info.tagged("content info", Tag::Sequence)?.inside();
        content_info.identifier("content type", oid::SIGNED_DATA, "PKCS#7 signed data")?;
        let mut content = content_info.expect("content", context(0))?.inside();
        content_info.finish("content")?;
        let mut signed = content.expect("signed data", Tag::Sequence)?.inside();
        content.finish("signed data")?;

        let version = signed.expect("signed data version", Tag::Integer)?.value;
        let digest_algorithms = elements_of(signed.expect("digest algorithms", Tag::Set)?)?;
        let mut encapsulated = signed.expect("signed content", Tag::Sequence)?.inside();
        encapsulated.identifier("signed content type", wanted, expected)?;
        let mut inside = encapsulated.expect("content", context(0))?.inside();
        encapsulated.finish("content")?;
        let content = inside.expect("content", content_tag)?;
        inside.finish("content")?;
        let certificates = signed.optional("certificates", context(0))?;
        let certificates = certificates.map(elements_of).transpose()?;
        signed.optional("revocation lists", context(1))?;
        let signer_infos = elements_of(signed.expect("signer infos", Tag::Set)?)?;
        signed.finish("signer infos")?;
        Ok(SignedData {
            version,
            digest_algorithms,
            content_type: wanted,
            content,
            certificates: certificates.unwrap_or_default(),
            signer_infos,
        })
    }
}

/// What a SET OF or SEQUENCE OF holds, undecoded.
pub(super) fn elements_of(set: Element<'_>) -> Result<Vec<Element<'_>>, Error> {
    let mut inside = set.inside();
    let mut found = Vec::new();
    while let Some(element) = inside.next("element of a set")? {
        found.push(element);
    }
    Ok(found)
}
