//! `packages list`, `packages info`, `features list`.

use schemars::JsonSchema;
use serde::Serialize;
use wimwright_servicing::time;
use wimwright_servicing::update::deferral::{Deferred, Waiting};
use wimwright_servicing::update::mum::{Mum, Part};
use wimwright_servicing::update::store::{Feature, PackageStore, PendingSign, StoredPackage};

use super::Document;
use super::image::FindingEntry;

/// `packages list`.
#[derive(Debug, JsonSchema, Serialize)]
pub struct PackagesList {
    /// One entry for each image.
    pub images: Vec<ListedPackages>,
}

impl Document for PackagesList {
    const NAME: &'static str = "packages-list";
}

/// The packages of an image.
#[derive(Debug, JsonSchema, Serialize)]
pub struct ListedPackages {
    /// The image as it was named.
    pub image: String,
    /// The part of Windows that installs updates.
    #[serde(flatten)]
    pub state: UpdateState,
    /// Its packages, in the order of names.
    pub packages: Vec<ListedPackage>,
    /// Packages that wait in the image for its first boot, in order.
    pub first_boot: Vec<WaitingPackage>,
    /// What the user should know about the image.
    pub findings: Vec<FindingEntry>,
}

/// What an image's update state says of the image as a whole.
#[derive(Clone, Debug, Default, JsonSchema, Serialize)]
pub struct UpdateState {
    /// Version of the servicing stack; null where the image does not say it.
    pub servicing_stack: Option<String>,
    /// Where that is said.
    pub servicing_stack_evidence: Option<String>,
    /// What is left to be done at the next start.
    pub pending: Vec<PendingEntry>,
}

/// A sign that something is left to be done.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct PendingEntry {
    /// Where it is.
    pub place: String,
    /// What is there.
    pub what: String,
}

/// A package of an image.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct ListedPackage {
    /// `name~token~architecture~language~version`.
    pub package_name: String,
    /// Its name alone.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its architecture.
    pub architecture: String,
    /// Its language; empty where it has none.
    pub language: String,
    /// `installed`, `staged`, `superseded`, ...
    pub package_state: String,
    /// `Update`, `Security Update`, `Feature Pack`, ...; null where its
    /// description is not in the image.
    pub release_type: Option<String>,
    /// When it was installed or staged, ISO 8601.
    pub install_time: Option<String>,
    /// What brought it.
    pub install_client: Option<String>,
    /// Whether people see it; false for one that only others need.
    pub visible: bool,
}

/// A package that waits for the first boot.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct WaitingPackage {
    /// Its number, which it keeps; the order is that of the list.
    pub number: u32,
    /// What the user called it.
    pub name: String,
    /// The identity of what it installs, where that is known.
    pub package_name: Option<String>,
    /// What starts its installation.
    pub mechanism: String,
    /// Whether all is in place for it.
    pub complete: bool,
    /// What came of it, where the image was booted since.
    pub result: Option<String>,
}

/// `packages info`.
#[derive(Debug, JsonSchema, Serialize)]
pub struct PackagesInfo {
    /// One entry for each image.
    pub images: Vec<DescribedStoredPackage>,
}

impl Document for PackagesInfo {
    const NAME: &'static str = "packages-info";
}

/// A package of an image, described.
#[derive(Debug, JsonSchema, Serialize)]
pub struct DescribedStoredPackage {
    /// The image as it was named.
    pub image: String,
    /// What the registry says.
    #[serde(flatten)]
    pub package: ListedPackage,
    /// One line on it.
    pub description: Option<String>,
    /// Where to read more.
    pub support_information: Option<String>,
    /// Whether a restart may be needed: `possible`, `required`.
    pub restart: Option<String>,
    /// Packages that hold it.
    pub owners: Vec<String>,
    /// Parents that it asks for: any one of them.
    pub parents: Vec<String>,
    /// Its updates: features, and what else is installed as one.
    pub updates: Vec<UpdateEntry>,
    /// What the user should know about the image.
    pub findings: Vec<FindingEntry>,
}

/// An update of a package.
#[derive(Debug, JsonSchema, Serialize)]
pub struct UpdateEntry {
    /// Its name.
    pub name: String,
    /// Its name for people.
    pub display_name: Option<String>,
    /// Its state, where it has one of its own.
    pub state: Option<String>,
    /// Packages that it brings.
    pub packages: Vec<String>,
    /// Deployments that it brings.
    pub components: Vec<String>,
}

/// `features list`.
#[derive(Debug, JsonSchema, Serialize)]
pub struct FeaturesList {
    /// One entry for each image.
    pub images: Vec<ListedFeatures>,
}

impl Document for FeaturesList {
    const NAME: &'static str = "features-list";
}

/// The features of an image.
#[derive(Debug, JsonSchema, Serialize)]
pub struct ListedFeatures {
    /// The image as it was named.
    pub image: String,
    /// Its features, in the order of names.
    pub features: Vec<FeatureEntry>,
    /// What the user should know about the image.
    pub findings: Vec<FindingEntry>,
}

/// A feature.
#[derive(Debug, JsonSchema, Serialize)]
pub struct FeatureEntry {
    /// Its name.
    pub feature_name: String,
    /// `enabled`, `disabled`, `disabled-payload-removed`, `enable-pending`, ...
    pub state: String,
    /// Its name for people.
    pub display_name: Option<String>,
    /// One line on it.
    pub description: Option<String>,
    /// Whether it is on unless somebody turns it off; null where that hangs on
    /// other things.
    pub default_on: Option<bool>,
    /// Features that have to be on for it.
    pub parents: Vec<String>,
    /// The package that brings it.
    pub package_name: String,
}

impl UpdateState {
    pub(crate) fn new(store: &PackageStore) -> UpdateState {
        let stack = store.servicing_stack.as_ref();
        UpdateState {
            servicing_stack: stack.map(|stack| stack.version.to_string()),
            servicing_stack_evidence: stack.map(|stack| stack.evidence.clone()),
            pending: store.pending.iter().map(PendingEntry::from).collect(),
        }
    }
}

impl From<&PendingSign> for PendingEntry {
    fn from(sign: &PendingSign) -> PendingEntry {
        PendingEntry {
            place: sign.place.clone(),
            what: sign.what.clone(),
        }
    }
}

impl ListedPackage {
    pub(crate) fn new(package: &StoredPackage, mum: Option<&Mum>) -> ListedPackage {
        let identity = &package.identity;
        ListedPackage {
            package_name: identity.to_string(),
            name: identity.name.clone(),
            version: identity.version.to_string(),
            architecture: identity.architecture.clone(),
            language: identity.culture.clone(),
            package_state: package.state.to_string(),
            release_type: mum.and_then(|mum| mum.release_type.clone()),
            install_time: package.time.map(time::iso),
            install_client: package.client.clone(),
            visible: package.is_visible(),
        }
    }
}

impl WaitingPackage {
    pub(crate) fn all(deferred: Option<&Deferred>) -> Vec<WaitingPackage> {
        let each = deferred.iter().flat_map(|deferred| {
            let packages = deferred.packages.iter();
            packages.map(|package| WaitingPackage::new(package, deferred))
        });
        each.collect()
    }

    fn new(package: &Waiting, deferred: &Deferred) -> WaitingPackage {
        let result = package.result.map(|(outcome, code)| match code {
            Some(code) => format!("{} ({code})", outcome.name()),
            None => outcome.name().to_owned(),
        });
        WaitingPackage {
            number: package.number,
            name: package.name.clone(),
            package_name: package.identity.clone(),
            mechanism: deferred.mechanism.name().to_owned(),
            complete: package.complete && deferred.armed,
            result,
        }
    }
}

impl DescribedStoredPackage {
    pub(crate) fn new(
        image: &str,
        package: &StoredPackage,
        mum: Option<&Mum>,
        findings: Vec<FindingEntry>,
    ) -> DescribedStoredPackage {
        let text = |read: fn(&Mum) -> &Option<String>| mum.and_then(|mum| read(mum).clone());
        let parents = mum.iter().flat_map(|mum| &mum.parents);
        let parents = parents.flat_map(|parents| &parents.identities);
        let updates = mum.iter().flat_map(|mum| &mum.updates).map(|update| {
            let mut states = package.updates.iter();
            let state = states.find(|(name, _)| name.eq_ignore_ascii_case(&update.name));
            let named = |wanted: fn(&Part) -> bool| -> Vec<String> {
                let parts = update.parts.iter().filter(|part| wanted(part));
                parts.map(|part| part.identity().to_string()).collect()
            };
            UpdateEntry {
                name: update.name.clone(),
                display_name: update.display_name.clone(),
                state: state.map(|(_, state)| state.to_string()),
                packages: named(|part| matches!(part, Part::Package { .. })),
                components: named(|part| !matches!(part, Part::Package { .. })),
            }
        });
        DescribedStoredPackage {
            image: image.to_owned(),
            package: ListedPackage::new(package, mum),
            description: text(|mum| &mum.description),
            support_information: text(|mum| &mum.support_information),
            restart: text(|mum| &mum.restart),
            owners: package.owners.clone(),
            parents: parents.map(ToString::to_string).collect(),
            updates: updates.collect(),
            findings,
        }
    }
}

impl From<&Feature> for FeatureEntry {
    fn from(feature: &Feature) -> FeatureEntry {
        FeatureEntry {
            feature_name: feature.name.clone(),
            state: feature.state.to_string(),
            display_name: feature.display_name.clone(),
            description: feature.description.clone(),
            default_on: feature.default_on,
            parents: feature.parents.clone(),
            package_name: feature.package.to_string(),
        }
    }
}
