//! Whether the image's Windows knows the hash function of a signature: Vista
//! and 7 as shipped know SHA-1 only, until an update brings SHA-2 to the checks
//! of setup and of the kernel (driverstore 9; RHBZ#1624878).

use wimwright_servicing::catalog::DigestAlgorithm;
use wimwright_servicing::registry::{HiveName, KeyPath};
use wimwright_servicing::{Draft, FileTree as _, Finding, Generation, pe};

use super::PackageSignature;
use crate::error::Error;

/// The updates for Windows 7 and 2008 R2: the first, and the one that replaced
/// it.
const UPDATES_OF_7: [&str; 2] = ["KB3033929", "KB4474419"];
/// The updates for Server 2008 ("Update to add SHA-2 code signing support for
/// Windows Server 2008 SP2", Microsoft).
const UPDATES_OF_VISTA: [&str; 2] = ["KB4039648", "KB4474419"];

/// `CurrentState` of a package that is installed (cbs; seen in installers that
/// look for these updates); of one that a newer one replaced, and of one that
/// the next boot installs (both recalled).
const INSTALLED: [u32; 3] = [0x70, 0x50, 0x60];

/// Revisions of 6.1.7601 that KB3033929 gave `wintrust.dll`, one for each
/// branch of updates (its file list, as scanners of vulnerabilities look for
/// it). Rollups bring later ones without naming the update.
const GENERAL_BRANCH: std::ops::Range<u16> = 18_741..20_000;
const LIMITED_BRANCH: std::ops::RangeFrom<u16> = 22_948..;

/// The largest `wintrust.dll` that is read; real ones have some 200 KiB.
const MAX_DLL: u64 = 4 << 20;

/// Finds out whether this Windows knows the hash function, and tells of one
/// that it does not.
pub(crate) fn look_up(signature: &mut PackageSignature, draft: &Draft) -> Result<(), Error> {
    let Some(facts) = &mut signature.facts else {
        return Ok(());
    };
    let Some(digest) = &facts.digest_algorithm else {
        return Ok(());
    };
    let image = draft.facts();
    let known = *digest == DigestAlgorithm::Sha1.to_string()
        || match image.generation {
            // It asks for no signatures.
            Generation::Nt5 => return Ok(()),
            Generation::DriverDatabase => true,
            Generation::Nt6 => has_update(draft)?,
        };
    facts.digest_supported = Some(known);
    if !known {
        signature.findings.push(Finding::warning(
            "sha2-signature",
            format!(
                "the catalog is signed with {digest}, which this Windows does not know as shipped, \
                 and none of {} is in the image: until one is, the driver counts as unsigned, and \
                 64-bit Windows does not load it",
                updates(image.version.minor).join(", ")
            ),
        ));
    }
    Ok(())
}

fn updates(minor: u32) -> [&'static str; 2] {
    match minor {
        0 => UPDATES_OF_VISTA,
        _ => UPDATES_OF_7,
    }
}

fn has_update(draft: &Draft) -> Result<bool, Error> {
    let key = "Microsoft\\Windows\\CurrentVersion\\Component Based Servicing\\Packages";
    let key = KeyPath::from(key);
    let updates = updates(draft.facts().version.minor);
    for package in draft.subkeys(HiveName::Software, &key)? {
        // `Package_for_KB3033929~31bf3856ad364e35~amd64~~6.1.1.1`.
        let named = package.split('~').next().unwrap_or_default();
        if !updates.iter().any(|update| named.ends_with(update)) {
            continue;
        }
        let state = draft.value(HiveName::Software, &key.join(&package), "CurrentState")?;
        let state = state.and_then(|state| state.as_dword());
        if state.is_some_and(|state| INSTALLED.contains(&state)) {
            return Ok(true);
        }
    }
    has_newer_file(draft)
}

fn has_newer_file(draft: &Draft) -> Result<bool, Error> {
    let path = draft.facts().windows.join("System32\\wintrust.dll")?;
    let too_long = |len| len > MAX_DLL;
    if draft.open(&path)?.is_none_or(|blob| too_long(blob.len())) {
        return Ok(false);
    }
    let bytes = draft.read(&path, MAX_DLL)?.unwrap_or_default();
    // A damaged one is no proof.
    let version = pe::PeFacts::read(&bytes).ok().flatten();
    let version = version.and_then(|facts| facts.version.ok().flatten());
    let version = version.and_then(|version| version.fixed);
    Ok(version.is_some_and(|fixed| is_newer(fixed.file_version.0)))
}

fn is_newer(version: [u16; 4]) -> bool {
    match version {
        [6, 1, 7601, revision] => {
            GENERAL_BRANCH.contains(&revision) || LIMITED_BRANCH.contains(&revision)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_branch_of_updates_has_its_own_first_revision() {
        for (version, newer) in [
            ([6, 1, 7601, 17_514], false),
            ([6, 1, 7601, 18_740], false),
            ([6, 1, 7601, 18_741], true),
            ([6, 1, 7601, 18_839], true),
            // Hotfixes of the years before.
            ([6, 1, 7601, 21_863], false),
            ([6, 1, 7601, 22_947], false),
            ([6, 1, 7601, 22_948], true),
            // Rollups.
            ([6, 1, 7601, 24_520], true),
            ([6, 1, 7600, 20_000], false),
            ([6, 0, 6002, 24_000], false),
        ] {
            assert_eq!(is_newer(version), newer, "{version:?}");
        }
    }
}
