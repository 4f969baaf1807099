//! Packages installed offline: **only** those whose components are simple, for
//! which nothing is left to Windows but to find them in use.
//!
//! ```text
//! choice       which updates apply: at most one branch, the other stays staged
//! simple       nothing but files, registry values and their security; else refused by name
//! component    hard links, registry, the version that wins
//! registry     where keys of manifests lie, what their data are
//! ```
//!
//! What a newer version would have to take away (a file, a key of the version in
//! use), a file that somebody replaced, a component of the boot path, a feature,
//! a macro without a known place: all that is refused, and left to the first
//! boot. What is planned is read back before it may be written. Facts: cbs,
//! sections 6.5, 7 and 11; much of it is recalled, so `--strict` refuses it.
//!
//! Values whose data are not known (`PackageDetect`, `ComponentDetect`,
//! `UpdateDetect`) are not written, and files get the security that their folder
//! in the store hands down, not the descriptor of the manifest.

mod choice;
mod component;
mod error;
mod registry;
mod simple;

pub use error::InstallError;

use super::identity::Identity;
use super::key_form::PackageMark;
use super::manifest::Manifest;
use super::package::Package;
use super::staging::contents::Contents;
use super::staging::packages_key::CLIENT;
use super::staging::{self, StageOptions, components_hive, files, packages_key, preconditions};
use super::store::{PackageState, PackageStore};
use super::store_names;
use crate::draft::Draft;
use crate::finding::Finding;
use crate::path::ImagePath;
use crate::plan::Basis;
use component::Outcome;

/// Where catalogs are looked up that say who signed a file.
const CATALOGS: Basis = Basis::stated("cbs 6.1");

/// What installing came to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Installed {
    /// The package.
    pub identity: Identity,
    /// Whether the image had it installed before.
    pub unchanged: bool,
    /// It and the packages that it brings, by name.
    pub packages: Vec<String>,
    /// Components whose version is in use from now on.
    pub in_use: Vec<String>,
    /// Components of which the image has a higher version in use.
    pub lower: Vec<String>,
    /// Components that stay in the store: of updates that do not apply.
    pub staged_only: usize,
}

/// Plans that `package` is installed: all of it, or nothing. One that this
/// program staged goes on from there.
///
/// Whether its parents are there is not asked here
/// ([`applicability`](super::applicability)).
///
/// # Errors
/// [`InstallError`] says what keeps it from being installed;
/// [`InstallError::can_wait`], whether Windows could install it all the same.
pub fn install(
    draft: &mut Draft,
    package: &Package,
    options: StageOptions<'_>,
) -> Result<Installed, InstallError> {
    draft.attempt(|draft| plan(draft, package, options))
}

fn plan(
    draft: &mut Draft,
    package: &Package,
    options: StageOptions<'_>,
) -> Result<Installed, InstallError> {
    let store = PackageStore::read(draft)?;
    preconditions::check_image(draft, &store)?;
    preconditions::check_architecture(draft, package)?;
    if let Some(known) = staging::present(&store, package.identity())? {
        let client = known.client.clone().unwrap_or_default();
        match known.state {
            PackageState::STAGED if client == CLIENT => {}
            PackageState::STAGED => {
                let identity = Box::new(known.identity.clone());
                return Err(InstallError::NotOurs { identity, client });
            }
            _ => return Ok(unchanged(&known.identity)),
        }
    }
    let contents = Contents::of(package, options)?;
    preconditions::check_files(package, &contents)?;
    let applying = choice::deployments(draft, package, &contents)?;

    // All that can be refused by a manifest, before anything is planned.
    let mut components: Vec<(&String, Manifest)> = Vec::new();
    for (name, staged) in &contents.components {
        let applies = !staged.pulled_in_by.is_disjoint(&applying);
        if applies && !staged.component.deployment {
            let manifest = package.manifest(staged.component)?;
            simple::check(name, &manifest)?;
            components.push((name, manifest));
        }
    }
    let (_, source) = files::put(draft, package, &contents, options)?;
    let marks = [PackageMark::Pinned, PackageMark::Staged];
    components_hive::set(draft, package, &contents, &marks)?;
    components_hive::mark(draft, &contents, &applying, PackageMark::Installed)?;
    let state = PackageState::INSTALLED;
    packages_key::set(draft, package.name(), &contents, state)?;
    let windows = draft.facts().windows.clone();
    for staged in &contents.packages {
        let mum = &staged.mum.mum;
        let catalog = package.catalogs().get(staged.catalog);
        if let Some(catalog) = catalog.filter(|_| mum.deployments().next().is_some()) {
            let from = ImagePath::parse(&catalog.name)?;
            let to = store_names::cat_root(&windows, &mum.identity)?;
            let _ = draft.put_file(&to, source, &from, None, &CATALOGS)?;
        }
    }
    let mut installed = Installed {
        packages: staging::names(&contents),
        staged_only: 0,
        ..unchanged(package.identity())
    };
    installed.unchanged = false;
    let mut own_security = 0;
    for (name, manifest) in &components {
        own_security += manifest
            .files
            .iter()
            .filter(|file| file.security.is_some())
            .count();
        match component::install(draft, name, manifest)? {
            Outcome::InUse => installed.in_use.push((*name).clone()),
            Outcome::Loses => installed.lower.push((*name).clone()),
        }
    }
    let deployments = contents.components.values();
    let deployments = deployments.filter(|one| one.component.deployment).count();
    installed.staged_only = contents.components.len() - deployments - components.len();
    staging::read_again(draft, &contents)?;
    if own_security > 0 {
        draft.report(Finding::note(
            "file-security-inherited",
            format!(
                "{own_security} files of `{}` have the security that their folder hands down, not \
                 the descriptor that their manifests name",
                package.name()
            ),
        ));
    }
    Ok(installed)
}

fn unchanged(identity: &Identity) -> Installed {
    Installed {
        identity: identity.clone(),
        unchanged: true,
        packages: vec![identity.package_name()],
        in_use: Vec::new(),
        lower: Vec::new(),
        staged_only: 0,
    }
}
