//! A certificate, as far as signatures and chains need it.
//!
//! RFC 5280, section 4.1, read leniently where drivers of the past need it:
//! serial numbers may be negative or long, versions and unknown extensions are
//! passed over unless an extension is marked critical.

use der::{
    Tag,
    asn1::{GeneralizedTime, ObjectIdentifier, UtcTime},
};
use sha2::{Digest as _, Sha256};

use super::{
    super::{
        Error, SerialNumber,
        certificate::common_name,
        element::{Element, Elements, context},
        oid,
    },
    Fault,
    algorithm::{Form, check_signature, octets, signature_hash},
};

/// `keyCertSign`: bit 5 of the key usage.
const KEY_CERT_SIGN: u8 = 0b0000_0100;

/// What a verdict says of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateFacts {
    /// Common name of its subject; `None` where it has none.
    pub common_name: Option<String>,
    /// Common name of who issued it; `None` where that has none.
    pub issuer_common_name: Option<String>,
    /// Its serial number.
    pub serial: SerialNumber,
    /// SHA-256 of the whole certificate, as it is.
    pub sha256: [u8; 32],
    /// First second of its validity, since 1970, UTC.
    pub not_before: u64,
    /// Last second of its validity, since 1970, UTC.
    pub not_after: u64,
    /// SHA-1 of the whole certificate: the name that Windows shows as its
    /// thumbprint.
    pub thumbprint: [u8; 20],
}

impl CertificateFacts {
    /// Whether the certificate is valid at `time`, in seconds since 1970.
    pub fn covers(&self, time: u64) -> bool {
        (self.not_before..=self.not_after).contains(&time)
    }
}

/// Basic constraints.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Constraints {
    pub(super) authority: bool,
    pub(super) path_len: Option<u64>,
}

/// A certificate, its parts undecoded where nobody needs them.
#[derive(Clone, Debug)]
pub(super) struct Certificate<'a> {
    /// All of it.
    raw: &'a [u8],
    /// The part that its issuer signed.
    signed: &'a [u8],
    pub(super) serial: &'a [u8],
    pub(super) issuer: Element<'a>,
    pub(super) subject: Element<'a>,
    not_before: u64,
    not_after: u64,
    key: Element<'a>,
    algorithm: Element<'a>,
    signature: &'a [u8],
    pub(super) constraints: Constraints,
    key_usage: Option<u8>,
    /// Extended key usage; `None` where the certificate does not restrict it.
    pub(super) purposes: Option<Vec<ObjectIdentifier>>,
    /// A critical extension that is not understood here.
    pub(super) not_understood: Option<ObjectIdentifier>,
}

impl<'a> Certificate<'a> {
    pub(super) fn read(certificate: &Element<'a>) -> Result<Self, Error> {
        let mut parts = certificate.tagged("certificate", Tag::Sequence)?.inside();
        let signed = parts.expect("certificate to be signed", Tag::Sequence)?;
        let algorithm = parts.expect("certificate signature algorithm", Tag::Sequence)?;
        let what = "certificate signature";
        let signature = octets(&parts.expect(what, Tag::BitString)?, what)?;
        parts.finish("certificate")?;

        let mut fields = signed.inside();
        fields.optional("certificate version", context(0))?;
        let serial = fields.expect("certificate serial number", Tag::Integer)?;
        let inner = fields.expect("certificate signature algorithm", Tag::Sequence)?;
        if inner.raw != algorithm.raw {
            // RFC 5280, 4.1.1.2: both must be the same, or the outer one could
            // be exchanged.
            return Err(Error::Missing {
                what: "the signature algorithm that the certificate names inside",
                at: algorithm.at,
            });
        }
        let issuer = fields.expect("certificate issuer", Tag::Sequence)?;
        let mut validity = fields
            .expect("certificate validity", Tag::Sequence)?
            .inside();
        let (not_before, not_after) = (time(&mut validity)?, time(&mut validity)?);
        let subject = fields.expect("certificate subject", Tag::Sequence)?;
        let key = fields.expect("public key", Tag::Sequence)?;
        let mut read = Certificate {
            raw: certificate.raw,
            signed: signed.raw,
            serial: serial.value,
            issuer,
            subject,
            not_before,
            not_after,
            key,
            algorithm,
            signature,
            constraints: Constraints::default(),
            key_usage: None,
            purposes: None,
            not_understood: None,
        };
        while let Some(element) = fields.next("certificate field")? {
            // [1] and [2] are unique identifiers, which nobody uses.
            if element.tag == context(3) {
                let mut list = element.inside();
                let list = list.expect("certificate extensions", Tag::Sequence)?;
                read.extensions(list.inside())?;
            }
        }
        Ok(read)
    }

    fn extensions(&mut self, mut list: Elements<'a>) -> Result<(), Error> {
        while let Some(extension) = list.next("certificate extension")? {
            let mut fields = extension
                .tagged("certificate extension", Tag::Sequence)?
                .inside();
            let kind = fields.expect("extension type", Tag::ObjectIdentifier)?;
            let kind = kind.identifier("extension type")?;
            let critical = fields.optional("extension criticality", Tag::Boolean)?;
            let critical = critical.is_some_and(|flag| flag.value != [0]);
            let value = fields.expect("extension value", Tag::OctetString)?;
            let mut value = value.inside();
            match kind {
                oid::BASIC_CONSTRAINTS => {
                    let mut fields = value.expect("basic constraints", Tag::Sequence)?.inside();
                    let authority = fields.optional("authority flag", Tag::Boolean)?;
                    let path_len = fields.optional("path length", Tag::Integer)?;
                    self.constraints = Constraints {
                        authority: authority.is_some_and(|flag| flag.value != [0]),
                        path_len: path_len
                            .map(|len| len.decode::<u64>("path length"))
                            .transpose()?,
                    };
                }
                oid::KEY_USAGE => {
                    let bits = value.expect("key usage", Tag::BitString)?;
                    // The number of unused bits, then the bits.
                    self.key_usage = Some(bits.value.get(1).copied().unwrap_or(0));
                }
                oid::EXTENDED_KEY_USAGE => {
                    let mut list = value.expect("purposes", Tag::Sequence)?.inside();
                    let mut purposes = Vec::new();
                    while let Some(purpose) = list.next("purpose")? {
                        purposes.push(purpose.identifier("purpose")?);
                    }
                    self.purposes = Some(purposes);
                }
                // Says under which policy a certificate was issued; restricts
                // nothing by itself.
                oid::CERTIFICATE_POLICIES => {}
                other if critical => self.not_understood = Some(other),
                _ => {}
            }
        }
        Ok(())
    }

    /// Whether this is the certificate that a signer names.
    pub(super) fn is_named(&self, issuer: &Element<'_>, serial: &[u8]) -> bool {
        self.serial == serial && self.issuer.raw == issuer.raw
    }

    /// Whether it names itself as its issuer.
    pub(super) fn is_self_issued(&self) -> bool {
        self.issuer.raw == self.subject.raw
    }

    /// Whether the same certificate.
    pub(super) fn is(&self, other: &Certificate<'_>) -> bool {
        self.raw == other.raw
    }

    /// Whether its key may sign certificates.
    pub(super) fn may_issue(&self) -> bool {
        self.constraints.authority && self.key_usage.is_none_or(|bits| bits & KEY_CERT_SIGN != 0)
    }

    /// Whether it may be used for `purpose`: it says so, or restricts nothing.
    pub(super) fn is_for(&self, purpose: ObjectIdentifier) -> bool {
        self.purposes.as_ref().is_none_or(|purposes| {
            purposes.contains(&purpose) || purposes.contains(&oid::ANY_EXTENDED_KEY_USAGE)
        })
    }

    /// Whether it says that it is for `purpose`.
    pub(super) fn names_purpose(&self, purpose: ObjectIdentifier) -> bool {
        self.purposes
            .as_ref()
            .is_some_and(|purposes| purposes.contains(&purpose))
    }

    /// Whether the signature of this certificate is by the key of `issuer`.
    pub(super) fn check_issued_by(&self, issuer: &Certificate<'_>) -> Result<(), Fault> {
        let hash = signature_hash(&self.algorithm, "certificate signature algorithm", None)?;
        issuer.check_signature(&hash, &[self.signed], self.signature, Form::DigestInfo)
    }

    /// Whether `signature` is by this certificate's key over `message`.
    pub(super) fn check_signature(
        &self,
        hash: &super::super::DigestAlgorithm,
        message: &[&[u8]],
        signature: &[u8],
        form: Form,
    ) -> Result<(), Fault> {
        check_signature(&self.key, hash, message, signature, form)
    }

    /// Whether both hold the same key.
    pub(super) fn has_key_of(&self, other: &Certificate<'_>) -> bool {
        self.key.raw == other.key.raw
    }

    pub(super) fn facts(&self) -> CertificateFacts {
        CertificateFacts {
            common_name: common_name(&self.subject),
            issuer_common_name: common_name(&self.issuer),
            serial: SerialNumber(self.serial.to_vec()),
            sha256: Sha256::digest(self.raw).into(),
            not_before: self.not_before,
            not_after: self.not_after,
            thumbprint: sha1::Sha1::digest(self.raw).into(),
        }
    }
}

/// A time as RFC 5280 writes it, in seconds since 1970.
pub(super) fn time(fields: &mut Elements<'_>) -> Result<u64, Error> {
    let what = "time";
    let since_1970 = match fields.optional(what, Tag::GeneralizedTime)? {
        Some(time) => time.decode::<GeneralizedTime>(what)?.to_unix_duration(),
        None => {
            let time = fields.expect(what, Tag::UtcTime)?;
            time.decode::<UtcTime>(what)?.to_unix_duration()
        }
    };
    Ok(since_1970.as_secs())
}
