//! The cross-certificates by which Microsoft let vendors' drivers into 64-bit
//! kernels, from Vista until the last of them expired in 2021.
//!
//! "Cross-Certificates for Kernel Mode Code Signing" in the Windows driver
//! documentation lists them by SHA-1 thumbprint. Its column is headed "Root
//! certificate thumbprint", but the numbers are those of the cross-certificates:
//! the four that occur in real catalogs prove it. A thumbprint of SHA-1 is
//! enough to know a certificate again: nobody can make a second one for a given
//! one.

use super::certificate::Certificate;

/// Each with the root that it vouches for.
static PUBLISHED: [&str; 24] = [
    "55435515fdd2486575fdc5cf3bad00c913123d03", // Certum Trusted Network CA
    "ba3ea54d72c145d37c255e1ea40afbc63348b96e", // DigiCert Assured ID Root CA
    "c9833919f1f36a6348111e93026fd40eb96fbc34", // DigiCert Global Root CA
    "2f2513af3992db0a3f79709ff8143b3f7bd2d143", // DigiCert High Assurance EV Root CA
    "00a3e6009eaa739b3deef4b506649d8a1a7ad33a", // Entrust.net Certification Authority (2048)
    "d8fc248748585e173efbfb3075c4b4d60f9d8d08", // Entrust Root Certification Authority - G2
    "e86e8082990e3dfaed816d9eb1720f91a4f1a185", // GeoTrust Primary Certification Authority
    "b2bbbdfac8f1a8ad5895cd49384b22ca19db2d1f", // GeoTrust Primary Certification Authority - G3
    "cc1deebf6d55c2c9061ba16f10a0bfa6979a4a32", // GlobalSign Root CA
    "842c5cb34b73bbc5ed8564bdeda786967d7b42ef", // Go Daddy Root Certificate Authority - G2
    "894f1d2897aa4c074dcd85c5fc09ee73b95104d8", // NetLock Arany (Class Gold)
    "97dd74971620572941dc800c2fd80a48077d10b0", // NetLock Platina (Class Platinum)
    "41f28ce56fd8b9cb467fb5032a3cae1cdc9d8648", // Security Communication RootCA1
    "40c20a9a33fad036acbfe82d6cbbee1b429b86de", // Starfield Root Certificate Authority - G2
    "e6069e048dea8d817afc4188b1bef1d888d0af17", // StartCom Certification Authority
    "4262ff7d897066aae77580d33ad28803f9a11a62", // TC TrustCenter Class 2 CA II
    "5538e9fec14030b740152349e115a1165d29074a", // thawte Primary Root CA
    "ba57ca5e78dd2d1d7476aebee9953e396fd05546", // thawte Primary Root CA - G3
    "57534ccc33914c41f70e2cbb2103a1db18817d8b", // VeriSign Class 3 Public Primary Certification Authority - G5
    "9ed8cd5601f0105651ebbb3f57f03182e5fa7e01", // VeriSign Universal Root Certification Authority
    "a75ac657aa7a4cdfe5f9de393e69efcab659d250", // AddTrust External CA Root
    "d9612472ef0f2787e2b2d9e063a06b32fa5e333d", // Go Daddy Class 2 Certification Authority
    "f8fc7f3cdd5176add27cf97f73965909466d9a22", // Starfield Class 2 Certification Authority
    "ae1e25260130a30b1bc2202935653be5a723bef5", // UTN-USERFirst-Object
];

/// Whether this is one of the published cross-certificates.
pub(super) fn is_published(certificate: &Certificate<'_>) -> bool {
    let thumbprint = certificate.facts().thumbprint;
    let thumbprint = crate::hex::Hex(&thumbprint).to_string();
    PUBLISHED.contains(&thumbprint.as_str())
}
