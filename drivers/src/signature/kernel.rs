//! What the kernel makes of a signature that is good for installing: not every
//! signer may sign for every kernel.
//!
//! "Driver Signing changes in Windows 10, version 1607" (Microsoft) and
//! "Cross-Certificates for Kernel Mode Code Signing" (Windows driver
//! documentation). This is about the catalog; a driver may carry a second
//! signature of its own, which is not looked at here.

use wimwright_servicing::catalog::verify::SignerKind;
use wimwright_servicing::{Finding, ImageFacts, time};

use super::{DriverSignature, PackageSignature, policy::demands_signatures};

/// Windows 10 1607, the first that asks for Microsoft's own signature.
const FIRST_STRICT_BUILD: u32 = 14_393;

/// 2015-07-29 in seconds since 1970: it does not ask those whose certificate
/// is older.
const STRICT_SINCE: u64 = 1_438_128_000;

/// Tells what the kernel will say to the drivers of the package.
pub(crate) fn report(
    signature: &PackageSignature,
    facts: &ImageFacts,
    has_kernel_driver: bool,
) -> Option<Finding> {
    if signature.state != DriverSignature::Signed
        || !has_kernel_driver
        || !demands_signatures(facts)
    {
        return None;
    }
    let from = signature.facts.as_ref()?.certificate_from?;
    let strict =
        facts.version.build >= FIRST_STRICT_BUILD && time::to_unix_seconds(from) >= STRICT_SINCE;
    match signature.kind()? {
        SignerKind::CrossSigned if strict => Some(Finding::note(
            "cross-signed",
            "the vendor signed it, not Microsoft, with a certificate from after 2015-07-28: since \
             Windows 10 1607, a new installation with Secure Boot does not load such a kernel driver",
        )),
        SignerKind::Vendor => Some(Finding::warning(
            "not-cross-signed",
            "the vendor signed it without a cross-certificate of Microsoft's: 64-bit Windows does \
             not load such a kernel driver, unless the driver carries another signature of its own",
        )),
        SignerKind::UserTrusted => Some(Finding::warning(
            "signer-trusted-by-you",
            "the signer is trusted on your word: 64-bit Windows loads such a kernel driver only with \
             test signing on, and installs it only where that certificate is trusted",
        )),
        _ => None,
    }
}
