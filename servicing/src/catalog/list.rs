//! The certificate trust list inside a catalog.
//!
//! ```text
//! SEQUENCE {
//!     version            INTEGER DEFAULT v1
//!     subjectUsage       SEQUENCE OF OBJECT IDENTIFIER   (catalog list)
//!     listIdentifier     OCTET STRING OPTIONAL
//!     sequenceNumber     INTEGER OPTIONAL
//!     ctlThisUpdate      UTCTime or GeneralizedTime
//!     ctlNextUpdate      UTCTime or GeneralizedTime OPTIONAL
//!     subjectAlgorithm   SEQUENCE { OBJECT IDENTIFIER, .. }  (v1 or v2 members)
//!     trustedSubjects    SEQUENCE OF member OPTIONAL
//!     ctlExtensions      [0] SEQUENCE OF extension OPTIONAL }
//! ```
//!
//! Order and optionality follow `CTL_INFO` in the CryptoAPI documentation; in
//! real catalogs version, sequence number and next update do not occur.

use der::{Tag, asn1::GeneralizedTime, asn1::UtcTime};

use super::{
    CatalogVersion, Error, MAX_MEMBERS,
    element::{Element, Elements, context},
    member::{Member, NameValue},
    oid,
};

/// What the list says, members included.
pub(super) struct List {
    pub(super) version: CatalogVersion,
    pub(super) identifier: Vec<u8>,
    pub(super) this_update: Option<u64>,
    pub(super) members: Vec<Member>,
    pub(super) attributes: Vec<NameValue>,
}

impl List {
    pub(super) fn read(list: &Element<'_>) -> Result<Self, Error> {
        let mut fields = list.inside();
        fields.optional("list version", Tag::Integer)?;
        let mut usage = fields.expect("subject usage", Tag::Sequence)?.inside();
        usage.identifier("subject usage", oid::CATALOG_LIST, "a catalog list")?;
        let identifier = fields.optional("list identifier", Tag::OctetString)?;
        fields.optional("sequence number", Tag::Integer)?;
        let this_update = this_update(&mut fields)?;
        for tag in [Tag::UtcTime, Tag::GeneralizedTime] {
            fields.optional("next update", tag)?;
        }
        let version = version(&fields.expect("subject algorithm", Tag::Sequence)?)?;
        let members = match fields.optional("members", Tag::Sequence)? {
            Some(members) => read_members(&members, version)?,
            None => Vec::new(),
        };
        let attributes = match fields.optional("list extensions", context(0))? {
            Some(extensions) => read_attributes(&extensions)?,
            None => Vec::new(),
        };
        Ok(List {
            version,
            identifier: identifier
                .map(|element| element.value.to_vec())
                .unwrap_or_default(),
            this_update,
            members,
            attributes,
        })
    }
}

fn this_update(fields: &mut Elements<'_>) -> Result<Option<u64>, Error> {
    let what = "time of the list";
    let time = match fields.optional(what, Tag::GeneralizedTime)? {
        // Years that UTCTime cannot say; der reads them from 1970 on, and an
        // earlier one (1601, an empty FILETIME) is no reason to refuse.
        Some(time) => time
            .decode::<GeneralizedTime>(what)
            .map(|time| time.to_unix_duration()),
        None => fields
            .expect(what, Tag::UtcTime)?
            .decode::<UtcTime>(what)
            .map(|time| time.to_unix_duration()),
    };
    Ok(time.ok().map(|since_1970| since_1970.as_secs()))
}

fn version(algorithm: &Element<'_>) -> Result<CatalogVersion, Error> {
    let what = "subject algorithm";
    let element = algorithm.inside().expect(what, Tag::ObjectIdentifier)?;
    match element.identifier(what)? {
        oid::LIST_MEMBER_V1 => Ok(CatalogVersion::V1),
        oid::LIST_MEMBER_V2 => Ok(CatalogVersion::V2),
        found => Err(Error::Identified {
            what,
            at: element.at,
            expected: "catalog list members, version 1 or 2",
            found,
        }),
    }
}

fn read_members(members: &Element<'_>, version: CatalogVersion) -> Result<Vec<Member>, Error> {
    let mut inside = members.inside();
    let mut found = Vec::new();
    while let Some(member) = inside.next("member")? {
        if found.len() == MAX_MEMBERS {
            return Err(Error::TooManyMembers { at: members.at });
        }
        found.push(Member::read(
            &member.tagged("member", Tag::Sequence)?,
            version,
        )?);
    }
    Ok(found)
}

/// The name-value extensions; others (none were seen) are passed over.
fn read_attributes(extensions: &Element<'_>) -> Result<Vec<NameValue>, Error> {
    let mut extensions = extensions
        .inside()
        .expect("list extensions", Tag::Sequence)?
        .inside();
    let mut found = Vec::new();
    while let Some(extension) = extensions.next("list extension")? {
        let mut fields = extension.tagged("list extension", Tag::Sequence)?.inside();
        let kind = fields.expect("extension type", Tag::ObjectIdentifier)?;
        if kind.identifier("extension type")? != oid::NAME_VALUE {
            continue;
        }
        fields.optional("extension criticality", Tag::Boolean)?;
        let value = fields.expect("extension value", Tag::OctetString)?;
        let value = value.inside().expect("catalog attribute", Tag::Sequence)?;
        found.push(NameValue::read(&value)?);
    }
    Ok(found)
}
