//! Whether an image takes a package with such a signature: as DISM decides.
//!
//! 64-bit Windows since Vista loads signed drivers only, so a package that is
//! not signed is refused there unless the user insists; 32-bit Windows takes
//! it, with a warning (DismAddDriver; driverstore 9). Windows before Vista
//! loads any driver, whatever its architecture.

use wimwright_servicing::{Architecture, Finding, Generation, ImageFacts};

use super::{DriverSignature, PackageSignature};
use crate::add::refusal::Refusal;

/// Refuses the package, or says what the user should know.
pub(crate) fn decide(
    signature: &PackageSignature,
    facts: &ImageFacts,
    force: bool,
) -> Result<Option<Finding>, Refusal> {
    if signature.state == DriverSignature::Signed {
        return Ok(None);
    }
    let reason = signature.reason.clone().unwrap_or_default();
    let name = match signature.state {
        DriverSignature::Invalid => "signature-invalid",
        DriverSignature::Untrusted => "signature-untrusted",
        _ => "unsigned",
    };
    let of = facts.architecture;
    if !demands_signatures(facts) {
        return Ok(Some(Finding::warning(
            name,
            format!("the package is not signed as it should be: {reason}"),
        )));
    }
    if !force {
        return Err(Refusal::NotSigned {
            reason,
            architecture: of,
        });
    }
    Ok(Some(Finding::warning(
        name,
        format!(
            "added although it is not signed as it should be: {reason}. Windows on {of} does not \
             load an unsigned kernel driver unless test signing is on (`bcdedit /set testsigning \
             on`, impossible with Secure Boot); a boot driver that it does not load stops the boot"
        ),
    )))
}

/// Whether this Windows loads signed kernel drivers only.
pub(crate) fn demands_signatures(facts: &ImageFacts) -> bool {
    facts.generation != Generation::Nt5 && facts.architecture != Architecture::X86
}
