//! Packages put into an image's component store: **staged**, and no more.
//!
//! ```text
//! preconditions     the image has a store and nothing to finish; every file is had and signed for
//! contents          packages, deployments, components that go into the store
//! files             WinSxS, Manifests, Catalogs, servicing\Packages
//! components_hive   COMPONENTS: components, deployments, catalogs
//! packages_key      SOFTWARE: Component Based Servicing\Packages, state 0x40
//! remove            takes all of it back
//! ```
//!
//! A staged package is there for Windows to install, and **nothing of it is in
//! use**: no file in `System32`, no registry value, no version that wins. What
//! is planned is read back before it may be written
//! ([`consistency`]).
//!
//! Nobody but Windows can tell whether it takes the store so. Values whose data
//! are not known (`PackageIndex`), and those left out (`CF` of components,
//! `FileMaps`, `VersionedIndex`), are told by the basis of the changes:
//! `--strict` refuses them. Facts: cbs, section 6.

pub(super) mod components_hive;
pub(super) mod contents;
mod error;
pub(super) mod files;
pub(super) mod packages_key;
pub(super) mod preconditions;
mod remove;

pub use error::StageError;
pub use remove::{Unstaged, unstage};

use super::consistency::{self, Scope};
use super::identity::Identity;
use super::key_form::PackageMark;
use super::package::Package;
use super::store::{PackageState, PackageStore, StoredPackage};
use crate::draft::Draft;
use contents::Contents;

/// How packages are staged.
#[derive(Clone, Copy, Debug, Default)]
pub struct StageOptions<'s> {
    /// Whether catalogs will do that nobody signed, or somebody whom nobody
    /// vouches for. What they list has to fit all the same.
    pub accept_untrusted: bool,
    /// What the plan calls the package, to open it again by; its own name where
    /// that is not given.
    pub source_name: Option<&'s str>,
}

/// What staging came to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Staged {
    /// The package.
    pub identity: Identity,
    /// Its state in the image from now on.
    pub state: PackageState,
    /// Whether the image had it in that state, or a further one, before.
    pub unchanged: bool,
    /// It and the packages that it brings, by name.
    pub packages: Vec<String>,
    /// Components that are new in the store.
    pub new_components: Vec<String>,
    /// How many components the store had already.
    pub known_components: usize,
    /// How many files are new in the image.
    pub new_files: usize,
}

/// Plans that `package` is staged: all of it, or nothing. A package that is
/// staged or installed already is left alone.
///
/// Whether it applies to the image is not asked here
/// ([`applicability`](super)).
///
/// # Errors
/// [`StageError`] says what keeps it from being staged;
/// [`StageError::can_wait`], whether Windows could install it all the same.
pub fn stage(
    draft: &mut Draft,
    package: &Package,
    options: StageOptions<'_>,
) -> Result<Staged, StageError> {
    draft.attempt(|draft| plan(draft, package, options))
}

fn plan(draft: &mut Draft, package: &Package, options: StageOptions) -> Result<Staged, StageError> {
    let store = PackageStore::read(draft)?;
    preconditions::check_image(draft, &store)?;
    preconditions::check_architecture(draft, package)?;
    if let Some(known) = present(&store, package.identity())? {
        return Ok(unchanged(known));
    }
    let contents = Contents::of(package, options)?;
    preconditions::check_files(package, &contents)?;
    let (new_files, _) = files::put(draft, package, &contents, options)?;
    let marks = [PackageMark::Pinned, PackageMark::Staged];
    let new_components = components_hive::set(draft, package, &contents, &marks)?;
    let state = PackageState::STAGED;
    packages_key::set(draft, package.name(), &contents, state)?;
    read_again(draft, &contents)?;
    Ok(Staged {
        identity: package.identity().clone(),
        state,
        unchanged: false,
        packages: names(&contents),
        known_components: contents.components.len() - new_components.len(),
        new_components,
        new_files,
    })
}

/// The package in the image, where that is at least staged.
///
/// # Errors
/// [`StageError::State`] for a state that nothing is known to follow from.
pub(super) fn present<'s>(
    store: &'s PackageStore,
    identity: &Identity,
) -> Result<Option<&'s StoredPackage>, StageError> {
    let Some(known) = store.package(identity) else {
        return Ok(None);
    };
    let state = known.state;
    match state {
        PackageState::STAGED | PackageState::SUPERSEDED => Ok(Some(known)),
        installed if installed.is_installed() => Ok(Some(known)),
        state => Err(StageError::State { state }),
    }
}

pub(super) fn unchanged(known: &StoredPackage) -> Staged {
    Staged {
        identity: known.identity.clone(),
        state: known.state,
        unchanged: true,
        packages: vec![known.identity.package_name()],
        new_components: Vec::new(),
        known_components: 0,
        new_files: 0,
    }
}

pub(super) fn names(contents: &Contents<'_>) -> Vec<String> {
    let packages = contents.packages.iter();
    packages
        .map(|package| package.mum.mum.identity.package_name())
        .collect()
}

/// Reads back what was planned: every reference has to lead somewhere, every
/// digest to fit.
///
/// # Errors
/// [`StageError::Inconsistent`].
pub(super) fn read_again(draft: &Draft, contents: &Contents<'_>) -> Result<(), StageError> {
    let scope = Scope {
        components: contents.components.keys().cloned().collect(),
        deployments: contents.deployments.keys().cloned().collect(),
        packages: contents
            .packages
            .iter()
            .map(|package| package.mum.mum.identity.clone())
            .collect(),
    };
    let mut found = consistency::check_only(draft, &scope)?;
    if found.is_empty() {
        return Ok(());
    }
    let first = Box::new(found.swap_remove(0));
    Err(StageError::Inconsistent {
        found: first,
        more: found.len(),
    })
}
