//! Whom we trust: the root certificates that come with the program, and those
//! that the user adds.

use sha2::{Digest as _, Sha256};

use super::{
    super::{Error, certificate::common_name, element::Elements},
    certificate::Certificate,
    chain::Usage,
    roots::{ROOTS, SOURCE},
};

/// What a trust anchor may vouch for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Microsoft's own signatures and time stamps.
    Microsoft,
    /// Publishers of software, and time stamps.
    Publisher,
    /// Time stamps only.
    TimeStamp,
    /// Everything: the user added it.
    User,
}

/// A trust anchor, by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnchorName {
    /// Common name of the certificate; `None` where it has none.
    pub name: Option<String>,
    /// SHA-256 of the certificate.
    pub sha256: [u8; 32],
    /// What it may vouch for.
    pub purpose: Purpose,
    /// Where it comes from: the programme that lists it, or what the user gave.
    pub source: String,
}

/// The certificates that end a chain well.
#[derive(Clone, Debug)]
pub struct TrustStore {
    anchors: Vec<Anchor>,
}

#[derive(Clone, Debug)]
struct Anchor {
    der: Vec<u8>,
    purpose: Purpose,
    source: String,
}

/// The built-in roots: Microsoft's, those of the authorities that Microsoft
/// cross-signed for drivers, and those of old time stamps.
impl Default for TrustStore {
    fn default() -> Self {
        let anchors = ROOTS.iter().map(|root| Anchor {
            der: root.der.to_vec(),
            purpose: root.purpose,
            source: SOURCE.to_owned(),
        });
        TrustStore {
            anchors: anchors.collect(),
        }
    }
}

impl TrustStore {
    /// A store without any anchor.
    pub fn empty() -> Self {
        TrustStore {
            anchors: Vec::new(),
        }
    }

    /// Trusts the certificate in `der` and all that it issues. `source` says
    /// where it comes from.
    ///
    /// # Errors
    /// Bytes that are not one DER certificate.
    pub fn add(&mut self, der: &[u8], source: impl Into<String>) -> Result<AnchorName, Error> {
        let anchor = Anchor {
            der: der.to_vec(),
            purpose: Purpose::User,
            source: source.into(),
        };
        let name = Trusted::read(&anchor)?.name();
        self.anchors.push(anchor);
        Ok(name)
    }

    /// The anchors, by name.
    pub fn names(&self) -> Vec<AnchorName> {
        self.trusted().map(|trusted| trusted.name()).collect()
    }

    /// The anchor that is this very certificate, or holds its name and key.
    pub(super) fn same(&self, certificate: &Certificate<'_>, usage: Usage) -> Option<AnchorName> {
        let mut trusted = self.trusted();
        let found = trusted.find(|trusted| {
            trusted.is_for(usage)
                && trusted.certificate.subject.raw == certificate.subject.raw
                && trusted.certificate.has_key_of(certificate)
        });
        found.map(|trusted| trusted.name())
    }

    /// Whether the anchor of that name holds the key of `certificate`.
    pub(super) fn has_key_of(&self, anchor: &AnchorName, certificate: &Certificate<'_>) -> bool {
        self.trusted()
            .any(|trusted| trusted.certificate.has_key_of(certificate) && trusted.name() == *anchor)
    }

    /// The anchors with the name of the certificate's issuer.
    pub(super) fn issuers_of(
        &self,
        certificate: &Certificate<'_>,
        usage: Usage,
    ) -> Vec<Trusted<'_>> {
        self.trusted()
            .filter(|trusted| {
                trusted.is_for(usage) && trusted.certificate.subject.raw == certificate.issuer.raw
            })
            .collect()
    }

    fn trusted(&self) -> impl Iterator<Item = Trusted<'_>> {
        // Each was read when it came in; the tests read the built-in ones.
        self.anchors
            .iter()
            .filter_map(|anchor| Trusted::read(anchor).ok())
    }
}

/// An anchor, read.
pub(super) struct Trusted<'t> {
    pub(super) certificate: Certificate<'t>,
    anchor: &'t Anchor,
}

impl<'t> Trusted<'t> {
    fn read(anchor: &'t Anchor) -> Result<Self, Error> {
        let mut file = Elements::new(&anchor.der, 0);
        let what = "certificate";
        let certificate = file.next(what)?.ok_or(Error::Missing { what, at: 0 })?;
        file.finish(what)?;
        Ok(Trusted {
            certificate: Certificate::read(&certificate)?,
            anchor,
        })
    }

    fn is_for(&self, usage: Usage) -> bool {
        usage == Usage::Time || self.anchor.purpose != Purpose::TimeStamp
    }

    pub(super) fn name(&self) -> AnchorName {
        AnchorName {
            name: common_name(&self.certificate.subject),
            sha256: Sha256::digest(&self.anchor.der).into(),
            purpose: self.anchor.purpose,
            source: self.anchor.source.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_root_is_read_and_signed_itself() {
        let store = TrustStore::default();
        assert_eq!(store.names().len(), ROOTS.len());
        for trusted in store.trusted() {
            let certificate = &trusted.certificate;
            assert!(certificate.is_self_issued(), "{:?}", trusted.name());
            // Two of 1997 are signed with MD5, which is not computed here: a
            // root's own signature proves nothing anyway.
            match certificate.check_issued_by(certificate) {
                Ok(()) => {}
                Err(super::super::Fault::UnknownAlgorithm { identifier, .. }) => {
                    assert_eq!(identifier.to_string(), "1.2.840.113549.1.1.4");
                }
                Err(other) => panic!("{:?}: {other}", trusted.name()),
            }
        }
    }

    #[test]
    fn what_is_no_certificate_is_not_trusted() {
        let mut store = TrustStore::empty();
        for bytes in [&b""[..], b"-----BEGIN CERTIFICATE-----", &[0x30, 0x00]] {
            assert!(store.add(bytes, "test").is_err(), "{bytes:02x?}");
        }
        let two = [ROOTS[0].der, ROOTS[1].der].concat();
        assert!(store.add(&two, "test").is_err());
        assert_eq!(store.names(), []);
    }
}
