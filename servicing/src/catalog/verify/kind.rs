//! What kind of signer a certificate makes.

use super::{
    super::{certificate::common_name, oid},
    AnchorName, Chain, ChainEnd, Purpose, TrustStore,
    certificate::Certificate,
    cross_certificates,
};

/// How the tools of the driver kit name the certificates that they make for
/// tests.
const TEST_CERTIFICATE: &str = "WDKTestCert";

/// The kind of a signer, as Windows tells them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SignerKind {
    /// Microsoft's hardware program (WHQL): every Windows loads such drivers.
    HardwareProgram {
        /// Attested by the vendor, not tested: Windows 10 and later only.
        attested: bool,
    },
    /// Microsoft, as part of Windows.
    Windows,
    /// A vendor with a cross-certificate in the file: such drivers were let
    /// into 64-bit kernels until Windows 10 1607.
    CrossSigned,
    /// A vendor whom a public authority vouches for, without a
    /// cross-certificate.
    Vendor,
    /// Somebody whom the user trusts.
    UserTrusted,
    /// A certificate of the driver kit for tests.
    Test,
    /// A certificate that vouches for itself.
    SelfSigned,
    /// Somebody for whom nobody known vouches.
    Unknown,
}

impl SignerKind {
    pub(super) fn of(
        signer: &Certificate<'_>,
        chain: &Chain,
        pool: &[Certificate<'_>],
        trust: &TrustStore,
    ) -> Self {
        // Under the very root that the chain ends at; any file may carry any
        // cross-certificate.
        let crosses = |certificate: &Certificate<'_>, anchor: &AnchorName| {
            cross_certificates::is_published(certificate) && trust.has_key_of(anchor, certificate)
        };
        let anchor = match &chain.end {
            ChainEnd::Anchor(anchor) => anchor,
            ChainEnd::SelfSigned => {
                let name = common_name(&signer.subject).unwrap_or_default();
                return match name.starts_with(TEST_CERTIFICATE) {
                    true => SignerKind::Test,
                    false => SignerKind::SelfSigned,
                };
            }
            _ => return SignerKind::Unknown,
        };
        match anchor.purpose {
            Purpose::User => SignerKind::UserTrusted,
            Purpose::Microsoft if signer.names_purpose(oid::HARDWARE_PROGRAM) => {
                SignerKind::HardwareProgram {
                    attested: signer.names_purpose(oid::HARDWARE_PROGRAM_ATTESTED),
                }
            }
            Purpose::Microsoft if signer.names_purpose(oid::WINDOWS_COMPONENT) => {
                SignerKind::Windows
            }
            _ if pool.iter().any(|other| crosses(other, anchor)) => SignerKind::CrossSigned,
            _ => SignerKind::Vendor,
        }
    }
}
