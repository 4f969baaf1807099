//! What the image will do at its first boot that keeps a package from being
//! installed, told while something can still be done about it.

use wimwright_servicing::catalog::{Catalog, DigestAlgorithm, MAX_CATALOG_LEN};
use wimwright_servicing::registry::{HiveName, KeyPath};
use wimwright_servicing::{Draft, FileTree as _, Finding, Generation, read_all};

use crate::add::read::ReadPackage;
use crate::add::refusal::Stop;
use crate::error::Error;
use crate::signature::SignerScore;

/// The answer file of mini-setup, at its usual place.
const SYSPREP_INF: &str = "sysprep\\sysprep.inf";
const MAX_ANSWER_FILE: u64 = 1024 * 1024;

/// Windows 7 updates that brought SHA-2 signatures to the kernel: the first,
/// and the one that replaced it (RHBZ#1624878, driverstore 9).
const SHA2_UPDATES: [&str; 2] = ["KB3033929", "KB4474419"];

/// Tells what stands against the package.
pub(crate) fn report(draft: &mut Draft, package: &ReadPackage) -> Result<(), Stop> {
    let facts = draft.facts();
    if facts.generation == Generation::Nt5 {
        mini_setup(draft, package)?;
    } else {
        sha2(draft, package)?;
    }
    Ok(())
}

/// Windows 2000, XP and 2003: prompts of mini-setup, and its own list of driver
/// folders.
fn mini_setup(draft: &mut Draft, package: &ReadPackage) -> Result<(), Error> {
    let answers = draft.read(
        &wimwright_servicing::ImagePath::parse(SYSPREP_INF)?,
        MAX_ANSWER_FILE,
    )?;
    let answers = answers
        .map(|bytes| wimwright_inf::Inf::parse(&bytes, &wimwright_inf::ParseOptions::default()));
    let answer = |key: &str| -> Option<String> {
        let section = answers.as_ref()?.section("Unattended")?;
        let line = section.line_for_key(key)?;
        line.field(1).map(|text| text.into_owned())
    };
    let ignored = answer("DriverSigningPolicy")
        .is_some_and(|policy| policy.trim().eq_ignore_ascii_case("Ignore"));
    if package.signer.score == SignerScore::Unsigned && !ignored {
        draft.report(Finding::warning(
            "unsigned-prompts",
            format!(
                "the package is unsigned: mini-setup stops and asks about it, unless \
                 `{SYSPREP_INF}` has in [Unattended] the line `DriverSigningPolicy=Ignore`"
            ),
        ));
    }
    if let Some(list) = answer("OemPnPDriversPath") {
        let [root, _] = super::folder::roots(Generation::Nt5);
        let ours = format!("{}\\{root}\\{}", draft.facts().windows, package.id);
        if !list.to_lowercase().contains(&ours.to_lowercase()) {
            draft.report(Finding::warning(
                "mini-setup-driver-path",
                format!(
                    "`{SYSPREP_INF}` sets OemPnPDriversPath, from which mini-setup makes \
                     DevicePath anew: add `;{ours}` to that line"
                ),
            ));
        }
    }
    Ok(())
}

/// Windows Vista and 7 as shipped know no SHA-2 signatures.
fn sha2(draft: &mut Draft, package: &ReadPackage) -> Result<(), Stop> {
    let Some(found) = &package.catalog else {
        return Ok(());
    };
    let bytes = read_all(found.blob.as_ref(), MAX_CATALOG_LEN as u64);
    // It was read and parsed before; only its digest is wanted now.
    let catalog = bytes.ok().and_then(|bytes| Catalog::parse(&bytes).ok());
    let newer = catalog.is_some_and(|catalog| {
        let mut signers = catalog.signers.iter();
        signers.any(|signer| signer.digest_algorithm != DigestAlgorithm::Sha1)
    });
    if !newer || has_update(draft)? {
        return Ok(());
    }
    draft.report(Finding::warning(
        "sha2-signature",
        format!(
            "the catalog is signed with SHA-2, which this Windows does not know as shipped, and \
             none of {} is in the image: until one is, the driver counts as unsigned, and 64-bit \
             Windows does not load it",
            SHA2_UPDATES.join(", ")
        ),
    ));
    Ok(())
}

fn has_update(draft: &Draft) -> Result<bool, Error> {
    let key = "Microsoft\\Windows\\CurrentVersion\\Component Based Servicing\\Packages";
    let packages = draft.subkeys(HiveName::Software, &KeyPath::from(key))?;
    let known = |name: &String| SHA2_UPDATES.iter().any(|update| name.contains(update));
    Ok(packages.iter().any(known))
}
