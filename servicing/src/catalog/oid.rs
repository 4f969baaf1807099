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
/// `szOID_NIST_sha384`.
pub(super) const SHA384: ObjectIdentifier = oid("2.16.840.1.101.3.4.2.2");
/// `szOID_NIST_sha512`.
pub(super) const SHA512: ObjectIdentifier = oid("2.16.840.1.101.3.4.2.3");

/// `szOID_RSA_RSA`.
pub(super) const RSA: ObjectIdentifier = oid("1.2.840.113549.1.1.1");
/// `szOID_RSA_SHA1RSA`.
pub(super) const SHA1_RSA: ObjectIdentifier = oid("1.2.840.113549.1.1.5");
/// `szOID_OIWSEC_sha1RSASign`: what the older makecert writes for the same.
pub(super) const SHA1_RSA_OIW: ObjectIdentifier = oid("1.3.14.3.2.29");
/// `szOID_RSA_SHA256RSA`.
pub(super) const SHA256_RSA: ObjectIdentifier = oid("1.2.840.113549.1.1.11");
/// `szOID_RSA_SHA384RSA`.
pub(super) const SHA384_RSA: ObjectIdentifier = oid("1.2.840.113549.1.1.12");
/// `szOID_RSA_SHA512RSA`.
pub(super) const SHA512_RSA: ObjectIdentifier = oid("1.2.840.113549.1.1.13");

/// `szOID_RSA_contentType`.
pub(super) const CONTENT_TYPE: ObjectIdentifier = oid("1.2.840.113549.1.9.3");
/// `szOID_RSA_messageDigest`.
pub(super) const MESSAGE_DIGEST: ObjectIdentifier = oid("1.2.840.113549.1.9.4");
/// `szOID_RSA_signingTime`.
pub(super) const SIGNING_TIME: ObjectIdentifier = oid("1.2.840.113549.1.9.5");
/// `szOID_RSA_counterSign`: the older form of a time stamp.
pub(super) const COUNTER_SIGNATURE: ObjectIdentifier = oid("1.2.840.113549.1.9.6");
/// `szOID_RSA_data`: what a counter-signature calls its content.
pub(super) const DATA: ObjectIdentifier = oid("1.2.840.113549.1.7.1");
/// `szOID_RFC3161_counterSign`: the newer form, a time stamp token.
pub(super) const TIME_STAMP_TOKEN: ObjectIdentifier = oid("1.3.6.1.4.1.311.3.3.1");
/// `szOID_TIMESTAMP_TOKEN`: the content of such a token, RFC 3161 `TSTInfo`.
pub(super) const TIME_STAMP_INFO: ObjectIdentifier = oid("1.2.840.113549.1.9.16.1.4");

/// `szOID_KEY_USAGE`.
pub(super) const KEY_USAGE: ObjectIdentifier = oid("2.5.29.15");
/// `szOID_BASIC_CONSTRAINTS2`.
pub(super) const BASIC_CONSTRAINTS: ObjectIdentifier = oid("2.5.29.19");
/// `szOID_CERT_POLICIES`.
pub(super) const CERTIFICATE_POLICIES: ObjectIdentifier = oid("2.5.29.32");
/// `szOID_ENHANCED_KEY_USAGE`.
pub(super) const EXTENDED_KEY_USAGE: ObjectIdentifier = oid("2.5.29.37");
/// `szOID_ANY_ENHANCED_KEY_USAGE`.
pub(super) const ANY_EXTENDED_KEY_USAGE: ObjectIdentifier = oid("2.5.29.37.0");
/// `szOID_PKIX_KP_CODE_SIGNING`.
pub(super) const CODE_SIGNING: ObjectIdentifier = oid("1.3.6.1.5.5.7.3.3");
/// `szOID_PKIX_KP_TIMESTAMP_SIGNING`.
pub(super) const TIME_STAMPING: ObjectIdentifier = oid("1.3.6.1.5.5.7.3.8");
/// `szOID_WHQL_CRYPTO`: signs drivers for Microsoft's hardware program.
pub(super) const HARDWARE_PROGRAM: ObjectIdentifier = oid("1.3.6.1.4.1.311.10.3.5");
/// `szOID_ATTEST_WHQL_CRYPTO`: of these, drivers that their vendor attests and
/// Microsoft did not test.
pub(super) const HARDWARE_PROGRAM_ATTESTED: ObjectIdentifier = oid("1.3.6.1.4.1.311.10.3.5.1");
/// `szOID_NT5_CRYPTO`: signs parts of Windows itself.
pub(super) const WINDOWS_COMPONENT: ObjectIdentifier = oid("1.3.6.1.4.1.311.10.3.6");
/// `szOID_KP_LIFETIME_SIGNING`: a time stamp does not outlive the certificate.
pub(super) const LIFETIME_SIGNING: ObjectIdentifier = oid("1.3.6.1.4.1.311.10.3.13");
