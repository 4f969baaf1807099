//! Who claims to have signed a catalog.
//!
//! ```text
//! SignerInfo SEQUENCE {
//!     version          INTEGER
//!     sid              SEQUENCE { issuer Name, serialNumber INTEGER } or [0] key id
//!     digestAlgorithm  SEQUENCE { OBJECT IDENTIFIER, .. }, .. }
//! ```
//!
//! Only identification: the signature, its attributes and the time stamp are
//! not read, let alone checked.

use std::fmt;

use der::Tag;

use super::{
    DigestAlgorithm, Error,
    certificate::{CertificateNames, common_name},
    element::Element,
};

/// A certificate's serial number: a big-endian two's complement number, as
/// stored. RFC 5280 wants it positive and at most 20 bytes long; catalogs that
/// Windows accepts hold others.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SerialNumber(pub(super) Vec<u8>);

impl SerialNumber {
    /// The bytes as stored.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether the number is below zero.
    pub fn is_negative(&self) -> bool {
        self.0.first().is_some_and(|byte| byte & 0x80 != 0)
    }
}

/// Upper-case hexadecimal with a sign, as OpenSSL shows it: `-180ECE93`.
impl fmt::Display for SerialNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut magnitude = self.0.clone();
        if self.is_negative() {
            f.write_str("-")?;
            // Two's complement: invert all bits and add one.
            let mut carry = true;
            for byte in magnitude.iter_mut().rev() {
                (*byte, carry) = (!*byte).overflowing_add(u8::from(carry));
            }
        }
        let mut digits = magnitude.iter().skip_while(|byte| **byte == 0).peekable();
        if digits.peek().is_none() {
            return f.write_str("00");
        }
        digits.try_for_each(|byte| write!(f, "{byte:02X}"))
    }
}

/// One signer of a catalog, by name. These are claims: nothing was verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signer {
    /// Common name in the signer's certificate; `None` where the certificate is
    /// not in the file, cannot be read, or has none.
    pub common_name: Option<String>,
    /// Common name of who issued the certificate; `None` where it has none.
    pub issuer_common_name: Option<String>,
    /// Serial number of the certificate; `None` where the signer is named by a
    /// key identifier instead, which Authenticode does not do.
    pub serial: Option<SerialNumber>,
    /// The hash function that the signature is made over.
    pub digest_algorithm: DigestAlgorithm,
    /// Whether the file carries the signer's certificate.
    pub certificate_embedded: bool,
}

impl Signer {
    pub(super) fn read(info: &Element<'_>, certificates: &[Element<'_>]) -> Result<Self, Error> {
        let mut fields = info.tagged("signer info", Tag::Sequence)?.inside();
        fields.expect("signer info version", Tag::Integer)?;
        let what = "signer identifier";
        let sid = fields
            .next(what)?
            .ok_or(Error::Missing { what, at: info.at })?;
        let algorithm = fields
            .expect("signer's digest algorithm", Tag::Sequence)?
            .inside()
            .expect("signer's digest algorithm", Tag::ObjectIdentifier)?;
        let algorithm = algorithm.identifier("signer's digest algorithm")?;
        let mut signer = Signer {
            common_name: None,
            issuer_common_name: None,
            serial: None,
            digest_algorithm: DigestAlgorithm::from_identifier(algorithm),
            certificate_embedded: false,
        };
        if sid.tag != Tag::Sequence {
            return Ok(signer);
        }

        let mut sid = sid.inside();
        let issuer = sid.expect("signer's issuer", Tag::Sequence)?;
        let serial = sid.expect("signer's serial number", Tag::Integer)?.value;
        signer.issuer_common_name = common_name(&issuer);
        signer.serial = Some(SerialNumber(serial.to_vec()));
        // Issuer and serial number name one certificate; both are compared as
        // stored. One that cannot be read cannot be the signer's.
        let certificate = certificates
            .iter()
            .filter_map(|certificate| CertificateNames::read(certificate).ok())
            .find(|names| names.serial == serial && names.issuer.value == issuer.value);
        if let Some(names) = certificate {
            signer.certificate_embedded = true;
            signer.common_name = common_name(&names.subject);
        }
        Ok(signer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serial_numbers_show_sign_and_magnitude() {
        for (stored, shown) in [
            (&[0x00][..], "00"),
            (&[0x05], "05"),
            (&[0x00, 0xff], "FF"),
            (&[0xff], "-01"),
            (&[0x80], "-80"),
            (&[0xff, 0x00], "-0100"),
            (&[0xe7, 0xf1], "-180F"),
            (&[], "00"),
        ] {
            assert_eq!(
                SerialNumber(stored.to_vec()).to_string(),
                shown,
                "{stored:02x?}"
            );
        }
    }
}
