//! One signature in signed data: whose it is, and whether it fits.
//!
//! ```text
//! SignerInfo SEQUENCE {
//!     version              INTEGER                      1
//!     sid                  SEQUENCE { issuer, serialNumber }
//!     digestAlgorithm      AlgorithmIdentifier
//!     signedAttributes     [0] SET OF Attribute         (RFC 2315 demands them here)
//!     signatureAlgorithm   AlgorithmIdentifier
//!     signature            OCTET STRING
//!     unsignedAttributes   [1] SET OF Attribute OPTIONAL }
//! Attribute SEQUENCE { OBJECT IDENTIFIER, SET OF value }
//! ```
//!
//! RFC 2315, sections 9.2 and 9.3: the signature covers the signed attributes,
//! written as a plain SET, and one of them is the digest of the content.

use der::{Tag, asn1::ObjectIdentifier};

use super::{
    super::{
        DigestAlgorithm, SerialNumber,
        element::{Element, context},
        oid,
        signed_data::elements_of,
    },
    Fault,
    algorithm::{Form, hash_function, signature_hash},
    certificate::Certificate,
};

/// A signer info, its parts undecoded.
pub(super) struct SignerInfo<'a> {
    issuer: Element<'a>,
    serial: &'a [u8],
    pub(super) digest: DigestAlgorithm,
    signed: Option<Element<'a>>,
    algorithm: Element<'a>,
    /// The signature; what a time stamp covers.
    pub(super) signature: &'a [u8],
    unsigned: Option<Element<'a>>,
}

impl<'a> SignerInfo<'a> {
    pub(super) fn read(info: &Element<'a>) -> Result<Self, Fault> {
        let mut fields = info.tagged("signer info", Tag::Sequence)?.inside();
        let version = fields.expect("signer info version", Tag::Integer)?.value;
        // 3 goes with a signer named by key.
        check_version("the signer info", version, &[1], "1")?;
        let what = "signer identifier";
        let sid = fields.next(what)?;
        let sid = sid.filter(|sid| sid.tag == Tag::Sequence);
        let mut sid = sid.ok_or(Fault::NamedByKey)?.inside();
        let issuer = sid.expect("signer's issuer", Tag::Sequence)?;
        let serial = sid.expect("signer's serial number", Tag::Integer)?.value;
        sid.finish(what)?;
        let digest = fields.expect("digest algorithm", Tag::Sequence)?;
        let digest = hash_function(&digest, "digest algorithm")?;
        let signed = fields.optional("signed attributes", context(0))?;
        let algorithm = fields.expect("signature algorithm", Tag::Sequence)?;
        let signature = fields.expect("signature", Tag::OctetString)?.value;
        let unsigned = fields.optional("unsigned attributes", context(1))?;
        fields.finish("signer info")?;
        Ok(SignerInfo {
            issuer,
            serial,
            digest,
            signed,
            algorithm,
            signature,
            unsigned,
        })
    }

    /// The certificate that the signer names, among `certificates`.
    pub(super) fn certificate<'c>(
        &self,
        certificates: &'c [Certificate<'a>],
    ) -> Result<&'c Certificate<'a>, Fault> {
        let mut certificates = certificates.iter();
        certificates
            .find(|certificate| certificate.is_named(&self.issuer, self.serial))
            .ok_or_else(|| Fault::NoCertificate {
                serial: SerialNumber(self.serial.to_vec()),
            })
    }

    /// Whether the signature is by `certificate` over `content` of that type.
    pub(super) fn check(
        &self,
        content_type: ObjectIdentifier,
        content: &[u8],
        certificate: &Certificate<'_>,
        form: Form,
    ) -> Result<(), Fault> {
        let hash = signature_hash(&self.algorithm, "signature algorithm", Some(&self.digest))?;
        // Without them, somebody's signed attributes of another file could pass
        // for content.
        let signed = self.signed.ok_or(Fault::NoSignedAttributes)?;
        let named = one(signed, oid::CONTENT_TYPE, "the content type")?;
        let named = named.identifier("content type attribute")?;
        if named != content_type {
            return Err(Fault::ContentType {
                expected: content_type,
                found: named,
            });
        }
        let stated = one(signed, oid::MESSAGE_DIGEST, "the message digest")?
            .tagged("message digest", Tag::OctetString)?;
        if self.digest.digest(&[content]).as_deref() != Some(stated.value) {
            return Err(Fault::Changed);
        }
        // The implicit tag [0] gives way to that of a SET; nothing else of the
        // encoding changes.
        let after_tag = signed.raw.get(1..).unwrap_or_default();
        certificate.check_signature(&hash, &[&[0x31], after_tag], self.signature, form)
    }

    /// The signed attribute `kind`, where there is exactly one.
    pub(super) fn signed_attribute(&self, kind: ObjectIdentifier) -> Option<Element<'a>> {
        one(self.signed?, kind, "").ok()
    }

    /// The values of the unsigned attribute `kind`.
    pub(super) fn unsigned_attribute(
        &self,
        kind: ObjectIdentifier,
    ) -> Result<Vec<Element<'a>>, Fault> {
        match self.unsigned {
            Some(set) => values(set, kind),
            None => Ok(Vec::new()),
        }
    }
}

/// The one value of the one attribute `kind`. Two could let two readers see
/// two contents.
fn one<'a>(
    set: Element<'a>,
    kind: ObjectIdentifier,
    attribute: &'static str,
) -> Result<Element<'a>, Fault> {
    match values(set, kind)?.as_slice() {
        [value] => Ok(*value),
        other => Err(Fault::AttributeCount {
            attribute,
            found: other.len(),
        }),
    }
}

fn values(set: Element<'_>, wanted: ObjectIdentifier) -> Result<Vec<Element<'_>>, Fault> {
    let mut found = Vec::new();
    let mut attributes = set.inside();
    while let Some(attribute) = attributes.next("attribute")? {
        let mut fields = attribute.tagged("attribute", Tag::Sequence)?.inside();
        let kind = fields.expect("attribute type", Tag::ObjectIdentifier)?;
        let values = fields.expect("attribute values", Tag::Set)?;
        if kind.identifier("attribute type")? == wanted {
            found.extend(elements_of(values)?);
        }
    }
    Ok(found)
}

/// Refuses other version numbers than those in `known`.
pub(super) fn check_version(
    what: &'static str,
    found: &[u8],
    known: &[u8],
    expected: &'static str,
) -> Result<(), Fault> {
    match found {
        [version] if known.contains(version) => Ok(()),
        other => Err(Fault::Version {
            what,
            found: crate::hex::Hex(other).to_string(),
            expected,
        }),
    }
}
