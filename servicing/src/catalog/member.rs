//! One member of a catalog: a file, known by its digest.
//!
//! ```text
//! SEQUENCE {
//!     tag         OCTET STRING     v1: UTF-16LE hex digits; v2: the digest
//!     attributes  SET OF SEQUENCE { type OBJECT IDENTIFIER, values SET } OPTIONAL }
//! ```
//!
//! Attributes read: the digest with its algorithm (`SPC_INDIRECT_DATA`), the
//! subject's kind (member info, v1 and v2), and named values (`File`,
//! `OSAttr`). Others are passed over. A v2 catalog lists the SHA-1 twin of a
//! file without `SPC_INDIRECT_DATA`; there the tag is the digest.

use std::fmt::{self, Write as _};

use der::{
    Tag,
    asn1::{BmpString, ObjectIdentifier},
};

use super::{
    CatalogVersion, Error,
    element::{Element, utf16le},
    oid,
};

/// `CRYPTCAT_ATTR_DATAASCII`: the value is text; unset, it is binary.
const VALUE_IS_TEXT: u32 = 0x0001_0000;

/// The hash function of a digest.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DigestAlgorithm {
    /// SHA-1.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
    /// Another one, by its object identifier.
    Other(ObjectIdentifier),
}

impl DigestAlgorithm {
    pub(super) fn from_identifier(identifier: ObjectIdentifier) -> Self {
        match identifier {
            oid::SHA1 => DigestAlgorithm::Sha1,
            oid::SHA256 => DigestAlgorithm::Sha256,
            oid::SHA384 => DigestAlgorithm::Sha384,
            oid::SHA512 => DigestAlgorithm::Sha512,
            other => DigestAlgorithm::Other(other),
        }
    }
}

impl fmt::Display for DigestAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DigestAlgorithm::Sha1 => f.write_str("SHA-1"),
            DigestAlgorithm::Sha256 => f.write_str("SHA-256"),
            DigestAlgorithm::Sha384 => f.write_str("SHA-384"),
            DigestAlgorithm::Sha512 => f.write_str("SHA-512"),
            DigestAlgorithm::Other(identifier) => identifier.fmt(f),
        }
    }
}

/// A digest and the function that made it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Digest {
    /// The hash function.
    pub algorithm: DigestAlgorithm,
    /// Its result.
    pub bytes: Vec<u8>,
}

/// How the digest of a member was made.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SubjectKind {
    /// A PE image: its Authenticode digest.
    Pe,
    /// Anything else: the digest of all bytes.
    Flat,
    /// A cabinet: the digest without its signature.
    Cabinet,
    /// A kind without a name here, as stored: a GUID (v1) or a number (v2).
    Other(String),
}

impl SubjectKind {
    /// From a v1 member info. The GUIDs are `wintrust.h`'s
    /// `CRYPT_SUBJTYPE_..._IMAGE`.
    fn from_guid(guid: String) -> Self {
        const KNOWN: [(&str, SubjectKind); 3] = [
            ("{C689AAB8-8E78-11D0-8C47-00C04FC295EE}", SubjectKind::Pe),
            ("{DE351A42-8E59-11D0-8C47-00C04FC295EE}", SubjectKind::Flat),
            (
                "{C689AABA-8E78-11D0-8C47-00C04FC295EE}",
                SubjectKind::Cabinet,
            ),
        ];
        let known = KNOWN
            .into_iter()
            .find(|(known, _)| guid.eq_ignore_ascii_case(known));
        known.map_or(SubjectKind::Other(guid), |(_, kind)| kind)
    }

    /// From a v2 member info. The two numbers are those of every v2 catalog
    /// seen, agreeing with the files; others have not been seen.
    fn from_number(number: u8) -> Self {
        match number {
            0 => SubjectKind::Pe,
            2 => SubjectKind::Flat,
            other => SubjectKind::Other(other.to_string()),
        }
    }
}

/// An attribute with a name, of a member or of the catalog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameValue {
    /// `File`, `OSAttr`, `HWID1`, ...
    pub name: String,
    /// How name and value are encoded, `mscat.h`'s `CRYPTCAT_ATTR_...` flags.
    pub flags: u32,
    /// The value as stored.
    pub value: Vec<u8>,
}

impl NameValue {
    /// Reads SEQUENCE { BMPString name, INTEGER flags, OCTET STRING value }.
    pub(super) fn read(sequence: &Element<'_>) -> Result<Self, Error> {
        let mut fields = sequence.inside();
        let name = bmp_text(
            fields.expect("attribute name", Tag::BmpString)?,
            "attribute name",
        )?;
        let flags = fields
            .expect("attribute flags", Tag::Integer)?
            .decode("attribute flags")?;
        let value = fields
            .expect("attribute value", Tag::OctetString)?
            .value
            .to_vec();
        Ok(NameValue { name, flags, value })
    }

    /// The value as text; `None` where it is binary or not UTF-16.
    pub fn text(&self) -> Option<String> {
        (self.flags & VALUE_IS_TEXT != 0)
            .then(|| utf16le(&self.value))
            .flatten()
    }
}

/// A file that the catalog lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The text by which Windows looks the member up: the digest in upper-case
    /// hexadecimal. Stored so in v1 (a tag may be any text there), made from
    /// the raw digest in v2.
    pub tag: String,
    /// The digest. `None` in a v1 member that names no digest and whose tag is
    /// not one either.
    pub digest: Option<Digest>,
    /// How the digest was made; `None` where the member does not say.
    pub kind: Option<SubjectKind>,
    /// Named attributes, in file order.
    pub attributes: Vec<NameValue>,
}

impl Member {
    pub(super) fn read(member: &Element<'_>, version: CatalogVersion) -> Result<Self, Error> {
        let mut fields = member.inside();
        let stored = fields.expect("member tag", Tag::OctetString)?;
        let (tag, of_tag) = match version {
            CatalogVersion::V1 => {
                let text = utf16le(stored.value).ok_or(Error::Text {
                    what: "member tag",
                    at: stored.at,
                    expected: "UTF-16",
                })?;
                let digest = from_hex(&text);
                (text, digest)
            }
            CatalogVersion::V2 => (to_hex(stored.value), Some(stored.value.to_vec())),
        };
        let mut read = Member {
            tag,
            digest: None,
            kind: None,
            attributes: Vec::new(),
        };
        if let Some(attributes) = fields.optional("member attributes", Tag::Set)? {
            let mut attributes = attributes.inside();
            while let Some(attribute) = attributes.next("member attribute")? {
                read.attribute(&attribute.tagged("member attribute", Tag::Sequence)?)?;
            }
        }
        read.digest = read.digest.or_else(|| of_tag.and_then(by_length));
        Ok(read)
    }

    fn attribute(&mut self, attribute: &Element<'_>) -> Result<(), Error> {
        let mut fields = attribute.inside();
        let kind = fields.expect("attribute type", Tag::ObjectIdentifier)?;
        let kind = kind.identifier("attribute type")?;
        let values = fields.expect("attribute values", Tag::Set)?;
        let mut values = values.inside();
        match kind {
            oid::INDIRECT_DATA => {
                self.digest = Some(indirect_data(
                    &values.expect("indirect data", Tag::Sequence)?,
                )?);
            }
            oid::MEMBER_INFO_V1 => {
                let info = values.expect("member info", Tag::Sequence)?;
                let guid = info.inside().expect("subject GUID", Tag::BmpString)?;
                self.kind = Some(SubjectKind::from_guid(bmp_text(guid, "subject GUID")?));
            }
            oid::MEMBER_INFO_V2 => {
                if let Some(Element {
                    tag: Tag::ContextSpecific { number, .. },
                    ..
                }) = values.next("member info")?
                {
                    self.kind = Some(SubjectKind::from_number(number.value()));
                }
            }
            oid::NAME_VALUE => {
                let value = values.expect("named attribute", Tag::Sequence)?;
                self.attributes.push(NameValue::read(&value)?);
            }
            _ => {}
        }
        Ok(())
    }

    /// The text of the attribute `name` (compared without ASCII case).
    pub fn attribute_text(&self, name: &str) -> Option<String> {
        let mut attributes = self.attributes.iter();
        attributes
            .find(|attribute| attribute.name.eq_ignore_ascii_case(name))?
            .text()
    }

    /// The `File` attribute: lower-case name without path. For a file that the
    /// INF renames this is the name at its destination.
    pub fn file_name(&self) -> Option<String> {
        self.attribute_text("File")
    }

    /// The `OSAttr` attribute: the systems that the file was tested for, a
    /// comma list of `platform:major.minor` with 2 for Windows NT.
    pub fn os_attribute(&self) -> Option<String> {
        self.attribute_text("OSAttr")
    }
}

/// SEQUENCE { SEQUENCE { type, .. }, SEQUENCE { algorithm, OCTET STRING } }.
fn indirect_data(data: &Element<'_>) -> Result<Digest, Error> {
    let mut fields = data.inside();
    fields.expect("indirect data type", Tag::Sequence)?;
    let mut digest = fields.expect("digest info", Tag::Sequence)?.inside();
    let algorithm = digest.expect("digest algorithm", Tag::Sequence)?;
    let algorithm = algorithm
        .inside()
        .expect("digest algorithm", Tag::ObjectIdentifier)?;
    let algorithm = algorithm.identifier("digest algorithm")?;
    let bytes = digest.expect("digest", Tag::OctetString)?.value.to_vec();
    Ok(Digest {
        algorithm: DigestAlgorithm::from_identifier(algorithm),
        bytes,
    })
}

/// A digest whose function only its length tells.
fn by_length(bytes: Vec<u8>) -> Option<Digest> {
    let algorithm = match bytes.len() {
        20 => DigestAlgorithm::Sha1,
        32 => DigestAlgorithm::Sha256,
        _ => return None,
    };
    Some(Digest { algorithm, bytes })
}

fn bmp_text(element: Element<'_>, what: &'static str) -> Result<String, Error> {
    let wrong = Error::Text {
        what,
        at: element.at,
        expected: "UCS-2",
    };
    let text = BmpString::from_ucs2(element.value)
        .map_err(|_| wrong)?
        .to_string();
    Ok(text.strip_suffix('\0').map(str::to_owned).unwrap_or(text))
}

fn to_hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02X}");
            text
        })
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else {
        return None;
    };
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let bytes = pairs
        .iter()
        .map(|&[high, low]| u8::try_from(digit(high)? * 16 + digit(low)?).ok());
    bytes.collect()
}
