//! Packages put into an image's component store: staged, or installed.

use super::{AddError, Given, chain};
use crate::draft::{Draft, DraftError};
use crate::finding::Finding;
use crate::update::installing::{InstallError, install};
use crate::update::staging::{StageError, StageOptions, stage};

/// What came of a package that was to go into the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum InStore {
    /// It is staged; with how many components that are new.
    Staged(usize),
    /// It was staged before.
    StagedBefore,
    /// It is installed; with how many components in use, and in the store only.
    Installed(usize, usize),
    /// It was installed before.
    InstalledBefore,
    /// It cannot, but Windows can install it.
    CanWait(String),
    /// It cannot.
    Refused(String),
}

const PROGRAM: &str = "hotfix programs of Windows XP and Server 2003 install themselves; there is no \
                       component store to put them into";

/// Stages all packages of a file, or none.
pub(super) fn staged(
    draft: &mut Draft,
    given: &Given,
    force_unsigned: bool,
) -> Result<InStore, AddError> {
    if given.is_program() {
        return Ok(InStore::CanWait(PROGRAM.to_owned()));
    }
    let done = draft.attempt(|draft| {
        let mut new = None;
        for (package, source) in given.packages_with_sources() {
            let options = StageOptions {
                accept_untrusted: force_unsigned,
                source_name: Some(&source),
            };
            let staged = stage(draft, package, options)?;
            if !staged.unchanged {
                new = Some(new.unwrap_or(0) + staged.new_components.len());
            }
        }
        Ok(new)
    });
    match done {
        Ok(None) => Ok(InStore::StagedBefore),
        Ok(Some(new)) => {
            not_certified(draft);
            Ok(InStore::Staged(new))
        }
        Err(error) => refused(error),
    }
}

/// Installs all packages of a file, or none.
pub(super) fn installed(
    draft: &mut Draft,
    given: &Given,
    force_unsigned: bool,
) -> Result<InStore, AddError> {
    if given.is_program() {
        return Ok(InStore::CanWait(PROGRAM.to_owned()));
    }
    let done = draft.attempt(|draft| -> Result<_, InstallError> {
        let mut counts = None;
        for (package, source) in given.packages_with_sources() {
            let options = StageOptions {
                accept_untrusted: force_unsigned,
                source_name: Some(&source),
            };
            let done = install(draft, package, options)?;
            if !done.unchanged {
                let (in_use, stored) = counts.unwrap_or((0, 0));
                let more = done.lower.len() + done.staged_only;
                counts = Some((in_use + done.in_use.len(), stored + more));
            }
        }
        Ok(counts)
    });
    match done {
        Ok(None) => Ok(InStore::InstalledBefore),
        Ok(Some((in_use, stored))) => {
            not_certified(draft);
            Ok(InStore::Installed(in_use, stored))
        }
        Err(InstallError::Stage(error)) => refused(error),
        Err(InstallError::Draft(error)) => Err(error.into()),
        Err(InstallError::Tree(error)) => Err(DraftError::from(error).into()),
        Err(InstallError::Hive(error)) => Err(DraftError::from(error).into()),
        Err(InstallError::Path(error)) => Err(DraftError::from(error).into()),
        Err(InstallError::Store(error)) => Err(error.into()),
        Err(error) => Ok(match error.can_wait() {
            true => InStore::CanWait(chain(&error)),
            false => InStore::Refused(chain(&error)),
        }),
    }
}

/// What an error says of the package; those of the image are passed on.
fn refused(error: StageError) -> Result<InStore, AddError> {
    match error {
        StageError::Draft(error) => Err(error.into()),
        StageError::Tree(error) => Err(DraftError::from(error).into()),
        StageError::Registry(error) => Err(DraftError::from(error).into()),
        StageError::Path(error) => Err(DraftError::from(error).into()),
        StageError::Store(error) => Err(error.into()),
        error => Ok(match error.can_wait() {
            true => InStore::CanWait(chain(&error)),
            false => InStore::Refused(chain(&error)),
        }),
    }
}

/// Nobody but Windows can tell whether a store is as it wants it.
fn not_certified(draft: &mut Draft) {
    draft.report(Finding::note(
        "store-not-certified",
        "the component store was written by this program, and read back whole; Windows itself has \
         not seen it: let it check the store once (dism /online /cleanup-image /scanhealth)",
    ));
}
