//! Whether an image's component store is whole: every reference leads somewhere,
//! every digest fits.
//!
//! ```text
//! store         COMPONENTS and SOFTWARE, read once
//! components    key <-> manifest <-> files, digests
//! deployments   key <-> components <-> packages
//! catalogs      key <-> file, what they cover
//! packages      key <-> description <-> catalog <-> what they bring
//! in_use        versions that win <-> components, hard links
//! ```
//!
//! What is checked is what this program knows of a store (cbs, section 6). No
//! store of a real image was at hand: a finding there may be something that
//! Windows lives with.

mod catalogs;
mod components;
mod deployments;
mod in_use;
mod packages;
mod rule;
mod store;

use std::collections::BTreeSet;
use std::fmt;

pub use rule::Rule;
use serde::Serialize;

use super::identity::Identity;
use super::store::StoreError;
use crate::draft::Draft;
use store::Store;

/// Something in a store that does not hold together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Inconsistency {
    /// The rule that it breaks.
    pub rule: Rule,
    /// Where: a file, or a key.
    pub place: String,
    /// What is wrong there.
    pub message: String,
}

impl fmt::Display for Inconsistency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inconsistency {
            rule,
            place,
            message,
        } = self;
        write!(f, "{rule}: `{place}` {message}")
    }
}

/// A part of a store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// Names of components.
    pub components: BTreeSet<String>,
    /// Short names of deployments.
    pub deployments: BTreeSet<String>,
    /// Packages.
    pub packages: Vec<Identity>,
}

/// Checks the whole store. Every file in it is read.
///
/// # Errors
/// [`StoreError`], where the image cannot be read; what is damaged in it is a
/// finding.
pub fn check(draft: &Draft) -> Result<Vec<Inconsistency>, StoreError> {
    check_in(draft, None)
}

/// Checks a part of the store, and what it refers to.
///
/// # Errors
/// As [`check`].
pub fn check_only(draft: &Draft, scope: &Scope) -> Result<Vec<Inconsistency>, StoreError> {
    check_in(draft, Some(scope))
}

fn check_in(draft: &Draft, scope: Option<&Scope>) -> Result<Vec<Inconsistency>, StoreError> {
    let store = Store::read(draft)?;
    let mut check = Check {
        draft,
        scope,
        found: BTreeSet::new(),
    };
    let manifests = components::check(&mut check, &store)?;
    deployments::check(&mut check, &store, &manifests)?;
    catalogs::check(&mut check, &store, &manifests)?;
    packages::check(&mut check, &store)?;
    in_use::check(&mut check, &store, &manifests)?;
    Ok(check.found.into_iter().collect())
}

/// What all parts share.
struct Check<'d> {
    draft: &'d Draft,
    scope: Option<&'d Scope>,
    found: BTreeSet<Inconsistency>,
}

impl Check<'_> {
    fn add(&mut self, rule: Rule, place: impl fmt::Display, message: impl fmt::Display) {
        self.found.insert(Inconsistency {
            rule,
            place: place.to_string(),
            message: message.to_string(),
        });
    }

    /// Whether everything is looked at.
    fn is_whole(&self) -> bool {
        self.scope.is_none()
    }

    fn has_component(&self, name: &str) -> bool {
        self.scope
            .is_none_or(|scope| scope.components.contains(name))
    }

    fn has_deployment(&self, name: &str) -> bool {
        self.scope
            .is_none_or(|scope| scope.deployments.contains(name))
    }

    fn has_package(&self, identity: &Identity) -> bool {
        self.scope
            .is_none_or(|scope| scope.packages.contains(identity))
    }
}
