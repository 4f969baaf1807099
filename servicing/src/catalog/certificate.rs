//! The few fields of an embedded certificate that tell whose it is.
//!
//! ```text
//! Certificate    SEQUENCE { TBSCertificate, .. }
//! TBSCertificate SEQUENCE {
//!     version       [0] OPTIONAL
//!     serialNumber  INTEGER
//!     signature     SEQUENCE
//!     issuer        Name
//!     validity      SEQUENCE
//!     subject       Name, .. }
//! Name           SEQUENCE OF SET OF SEQUENCE { OBJECT IDENTIFIER, text }
//! ```
//!
//! RFC 5280 says more about each field; nothing of that is demanded here.
//! Certificates that drivers of the past were signed with have negative serial
//! numbers, texts of every string type, and worse.

use der::Tag;

use super::{
    Error,
    element::{Element, context},
    oid,
};

/// Names and serial number of a certificate, undecoded.
pub(super) struct CertificateNames<'a> {
    pub(super) serial: &'a [u8],
    pub(super) issuer: Element<'a>,
    pub(super) subject: Element<'a>,
}

impl<'a> CertificateNames<'a> {
    pub(super) fn read(certificate: &Element<'a>) -> Result<Self, Error> {
        let certificate = certificate.tagged("certificate", Tag::Sequence)?;
        let mut fields = certificate
            .inside()
            .expect("certificate to be signed", Tag::Sequence)?
            .inside();
        fields.optional("certificate version", context(0))?;
        let serial = fields
            .expect("certificate serial number", Tag::Integer)?
            .value;
        fields.expect("certificate signature algorithm", Tag::Sequence)?;
        let issuer = fields.expect("certificate issuer", Tag::Sequence)?;
        fields.expect("certificate validity", Tag::Sequence)?;
        let subject = fields.expect("certificate subject", Tag::Sequence)?;
        Ok(CertificateNames {
            serial,
            issuer,
            subject,
        })
    }
}

/// The common name in a distinguished name: the last one, which is the most
/// specific. `None` where there is none that can be read.
pub(super) fn common_name(name: &Element<'_>) -> Option<String> {
    let mut found = None;
    let mut sets = name.inside();
    while let Ok(Some(set)) = sets.next("relative name") {
        let mut attributes = set.inside();
        while let Ok(Some(attribute)) = attributes.next("name attribute") {
            let mut fields = attribute.inside();
            let (Ok(Some(kind)), Ok(Some(value))) = (
                fields.next("name attribute type"),
                fields.next("name attribute value"),
            ) else {
                continue;
            };
            if kind.identifier("name attribute type") == Ok(oid::COMMON_NAME) {
                found = text(&value).or(found);
            }
        }
    }
    found
}

/// A directory string of any type. TeletexString is read as Latin-1, which is
/// what certificate authorities put into it whatever T.61 says.
fn text(value: &Element<'_>) -> Option<String> {
    match value.tag {
        Tag::Utf8String | Tag::PrintableString | Tag::Ia5String | Tag::VisibleString => {
            String::from_utf8(value.value.to_vec()).ok()
        }
        Tag::TeletexString => Some(value.value.iter().map(|&byte| char::from(byte)).collect()),
        Tag::BmpString => {
            let (units, []) = value.value.as_chunks::<2>() else {
                return None;
            };
            let units: Vec<u16> = units.iter().map(|unit| u16::from_be_bytes(*unit)).collect();
            String::from_utf16(&units).ok()
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::element::Elements;
    use super::*;

    fn name_with(tag: u8, value: &[u8]) -> Vec<u8> {
        let wrap = |tag: u8, inner: &[u8]| [&[tag, inner.len() as u8], inner].concat();
        let attribute = [&[0x06, 0x03, 0x55, 0x04, 0x03][..], &wrap(tag, value)].concat();
        wrap(0x30, &wrap(0x31, &wrap(0x30, &attribute)))
    }

    #[test]
    fn common_names_of_every_string_type_are_read() {
        for (tag, value, expected) in [
            (0x0c, "Zo\u{eb}".as_bytes(), Some("Zo\u{eb}")),
            (0x13, b"Plain", Some("Plain")),
            (0x14, b"Zo\xeb", Some("Zo\u{eb}")),
            (0x16, b"Plain", Some("Plain")),
            (0x1e, b"\0Z\0o\0\xeb", Some("Zo\u{eb}")),
            (0x1e, b"\0Z\0", None),
            (0x0c, b"\xff", None),
            (0x02, b"\x05", None),
        ] {
            let name = name_with(tag, value);
            let name = Elements::new(&name, 0)
                .expect("name", Tag::Sequence)
                .unwrap();
            assert_eq!(common_name(&name).as_deref(), expected, "tag {tag:#x}");
        }
    }
}
