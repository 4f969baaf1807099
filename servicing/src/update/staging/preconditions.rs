//! What has to hold before a package may be staged: of the image, and of every
//! file.

use super::super::package::{FileRole, Package, PackageFile, Verified};
use super::super::store::{CBS_KEY, PackageStore};
use super::super::store_names::COMPONENTS;
use super::contents::Contents;
use super::error::StageError;
use crate::draft::Draft;
use crate::registry::{HiveName, KeyPath};
use crate::tree::FileTree as _;

/// Whether the image has a component store whose form is known, and nothing to
/// finish.
///
/// # Errors
/// [`StageError`] says what is in the way.
pub(in crate::update) fn check_image(
    draft: &Draft,
    store: &PackageStore,
) -> Result<(), StageError> {
    let facts = draft.facts();
    let version = &facts.version;
    if (version.major, version.minor) < (6, 1) {
        return Err(StageError::OldStore {
            found: format!("{}.{}", version.major, version.minor),
        });
    }
    if let Some(sign) = store.pending.first() {
        return Err(StageError::Pending {
            what: sign.what.clone(),
            place: sign.place.clone(),
        });
    }
    let missing = |missing: String| Err(StageError::NoStore { missing });
    if !draft.has_key(HiveName::Components, &KeyPath::from(COMPONENTS))? {
        return missing(format!("key `{COMPONENTS}` of COMPONENTS"));
    }
    if !draft.has_key(HiveName::Software, &KeyPath::from(CBS_KEY))? {
        return missing(format!("key `{CBS_KEY}` of SOFTWARE"));
    }
    for folder in ["WinSxS\\Manifests", "servicing\\Packages"] {
        let path = facts.windows.join(folder)?;
        if !draft.has_directory(&path)? {
            return missing(format!("`{path}`"));
        }
    }
    Ok(())
}

/// Whether the package is for the image's architecture. Components may be for
/// others: 32-bit ones go into 64-bit images.
///
/// # Errors
/// [`StageError::Architecture`].
pub(in crate::update) fn check_architecture(
    draft: &Draft,
    package: &Package,
) -> Result<(), StageError> {
    let image = draft.facts().architecture.name();
    let of = &package.identity().architecture;
    if of.eq_ignore_ascii_case(image) || of.eq_ignore_ascii_case("neutral") {
        return Ok(());
    }
    Err(StageError::Architecture {
        package: of.clone(),
        image,
    })
}

/// Whether every file that goes into the store can be had, and is the one that
/// was signed for.
///
/// # Errors
/// [`StageError::NotExpanded`] or [`StageError::NotVerified`], the latter first.
pub(in crate::update) fn check_files(
    package: &Package,
    contents: &Contents<'_>,
) -> Result<(), StageError> {
    let staged = |file: &PackageFile| {
        let folder = file.name.split(['\\', '/']).next().unwrap_or_default();
        file.role == FileRole::Payload
            && contents
                .components
                .contains_key(&folder.to_ascii_lowercase())
    };
    let (mut wrong, mut unread) = (Vec::new(), Vec::new());
    package.verify_files(|file| {
        if !staged(&file) {
            return;
        }
        match file.verified {
            Verified::Matches => {}
            Verified::NotExpanded => unread.push(file),
            Verified::Differs | Verified::NoDigest => wrong.push(file),
        }
    })?;
    if let Some(first) = wrong.first() {
        let nothing = || match first.verified {
            Verified::NoDigest => "its manifest has no digest of it".to_owned(),
            _ => "it is not the file that was signed for".to_owned(),
        };
        return Err(StageError::NotVerified {
            file: first.name.clone(),
            reason: first.reason.clone().unwrap_or_else(nothing),
            more: wrong.len() - 1,
        });
    }
    if let Some(first) = unread.first() {
        let reason = first.reason.clone().unwrap_or_default();
        // Where it is this file's own fault, it is named once.
        let own = format!("`{}`: ", first.name);
        let reason = reason.strip_prefix(&own).unwrap_or(&reason);
        return Err(StageError::NotExpanded {
            file: first.name.clone(),
            reason: reason.to_owned(),
            more: unread.len() - 1,
            beyond_us: unread.iter().all(|file| file.beyond_us),
        });
    }
    Ok(())
}
