//! Taking packages back: those that wait for the first boot, those that are
//! staged, and those that are both.

use super::deferral::{self, DeferError, Waiting};
use super::identity::Identity;
use super::staging::{StageError, Unstaged, unstage};
use super::store::{PackageState, PackageStore, StoreError};
use crate::draft::{Draft, DraftError};

/// Why packages cannot be taken back.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RemoveError {
    /// Of those that wait.
    #[error(transparent)]
    Defer(#[from] DeferError),
    /// Of those that are staged.
    #[error(transparent)]
    Stage(#[from] StageError),
    /// The image's packages cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A change cannot be planned.
    #[error(transparent)]
    Draft(#[from] DraftError),
    /// Neither waits a package of that name, nor is one staged.
    #[error("no package `{name}` waits for the first boot or is staged")]
    Neither {
        /// The name that was asked for.
        name: String,
    },
}

impl RemoveError {
    /// What the user can do about it, where that is known.
    pub fn hint(&self) -> Option<String> {
        match self {
            RemoveError::Defer(error) => error.hint(),
            RemoveError::Stage(StageError::Draft(error)) | RemoveError::Draft(error) => {
                error.hint()
            }
            RemoveError::Neither { .. } => {
                Some("`packages list IMAGE` names the packages of an image".to_owned())
            }
            _ => None,
        }
    }
}

/// A package that was taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Removed {
    /// What waited.
    pub waiting: Option<Waiting>,
    /// What was staged.
    pub staged: Option<Unstaged>,
}

/// Plans that packages are taken back: all that are named, or none. Each of
/// `names` is the name of a file that waits, its number, or an identity. What
/// waits and is staged goes from both places.
///
/// # Errors
/// [`RemoveError`].
pub fn remove(draft: &mut Draft, names: &[String]) -> Result<Vec<Removed>, RemoveError> {
    draft.attempt(|draft| plan(draft, names))
}

fn plan(draft: &mut Draft, names: &[String]) -> Result<Vec<Removed>, RemoveError> {
    let store = match PackageStore::read(draft) {
        Ok(store) => Some(store),
        // An image before Vista.
        Err(StoreError::NoState) => None,
        Err(error) => return Err(error.into()),
    };
    let is_staged = |identity: &Identity| {
        let found = store.as_ref().and_then(|store| store.package(identity));
        found.is_some_and(|package| package.state == PackageState::STAGED)
    };
    let mut removed: Vec<Removed> = Vec::new();
    for name in names {
        let waiting = match deferral::withdraw(draft, std::slice::from_ref(name)) {
            Ok(waiting) => waiting.into_iter().next(),
            Err(DeferError::NotWaiting { .. }) => None,
            Err(error) => return Err(error.into()),
        };
        let identity = match &waiting {
            Some(waiting) => waiting.identity.as_deref(),
            None => Some(name.as_str()),
        };
        let identity = identity.and_then(|name| Identity::from_package_name(name).ok());
        let staged = match identity {
            Some(identity) if waiting.is_none() || is_staged(&identity) => {
                match unstage(draft, &identity) {
                    Ok(staged) => Some(staged),
                    // What waits may be one that Windows staged: that stays.
                    Err(StageError::NotOurs { .. }) if waiting.is_some() => None,
                    Err(StageError::NoPackage { .. }) => None,
                    Err(error) => return Err(error.into()),
                }
            }
            _ => None,
        };
        if waiting.is_none() && staged.is_none() {
            let is_known = |one: &Removed| {
                let waited = one.waiting.as_ref();
                waited.is_some_and(|one| {
                    one.name.eq_ignore_ascii_case(name)
                        || one.number.to_string() == *name
                        || one.identity.as_deref() == Some(name.as_str())
                })
            };
            // Named twice.
            if removed.iter().any(is_known) {
                continue;
            }
            return Err(RemoveError::Neither { name: name.clone() });
        }
        removed.push(Removed { waiting, staged });
    }
    Ok(removed)
}
