//! The object identifiers that a catalog is recognised and read by.
//!
//! Names as in `wincrypt.h` (`szOID_...`), `wintrust.h` (`SPC_..._OBJID`) and
//! `mscat.h` (`szOID_CATALOG_...`); 1.3.6.1.4.1.311 is Microsoft's arc.

use der::asn1::ObjectIdentifier;

const fn oid(text: &str) -> ObjectIdentifier {
    ObjectIdentifier::new_unwrap(text)
}

/// `szOID_RSA_signedData`.
pub(super) const SIGNED_DATA: ObjectIdentifier = oid("1.2.840.113549.1.7.2");
/// `szOID_CTL`.
pub(super) const CERTIFICATE_TRUST_LIST: ObjectIdentifier = oid("1.3.6.1.4.1.311.10.1");
/// `szOID_CATALOG_LIST`: the subject usage that makes a trust list a catalog.
pub(super) const CATALOG_LIST: ObjectIdentifier = oid("1.3.6.1.4.1.311.12.1.1");
/// `szOID_CATALOG_LIST_MEMBER`: subjects are tagged as in v1.
pub(super) const LIST_MEMBER_V1: ObjectIdentifier = oid("1.3.6.1.4.1.311.12.1.2");
/// `szOID_CATALOG_LIST_MEMBER2`: subjects are tagged as in v2.
pub(super) const LIST_MEMBER_V2: ObjectIdentifier = oid("1.3.6.1.4.1.311.12.1.3");
/// `CAT_NAMEVALUE_OBJID`.
pub(super) const NAME_VALUE: ObjectIdentifier = oid("1.3.6.1.4.1.311.12.2.1");
/// `CAT_MEMBERINFO_OBJID`: the subject's kind as a GUID.
pub(super) const MEMBER_INFO_V1: ObjectIdentifier = oid("1.3.6.1.4.1.311.12.2.2");
/// `CAT_MEMBERINFO2_OBJID`: the subject's kind as a context tag.
pub(super) const MEMBER_INFO_V2: ObjectIdentifier = oid("1.3.6.1.4.1.311.12.2.3");
/// `SPC_INDIRECT_DATA_OBJID`: the digest, with its algorithm.
pub(super) const INDIRECT_DATA: ObjectIdentifier = oid("1.3.6.1.4.1.311.2.1.4");

/// `id-at-commonName`.
pub(super) const COMMON_NAME: ObjectIdentifier = oid("2.5.4.3");
/// `szOID_OIWSEC_sha1`.
pub(super) const SHA1: ObjectIdentifier = oid("1.3.14.3.2.26");
/// `szOID_NIST_sha256`.
pub(super) const SHA256: ObjectIdentifier = oid("2.16.840.1.101.3.4.2.1");
