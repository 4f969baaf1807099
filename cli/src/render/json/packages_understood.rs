//! What `packages inspect` understands of a package.

use schemars::JsonSchema;
use serde::Serialize;
use wimwright_servicing::update::package::{
    CatalogState, FileRole, JudgedPackage, Package, PackageFile, PackageVerdict, Verified,
};
use wimwright_servicing::update::payload::Stored;

use super::packages_check::{CatalogStateEntry, PackageKindEntry};

/// A package, understood.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct UnderstoodPackage {
    /// The container that it is in.
    pub package: String,
    /// `name~token~architecture~language~version`.
    pub identity: String,
    /// What kind of package it is.
    pub kind: PackageKindEntry,
    /// Its short name: `KB2999226`.
    pub identifier: Option<String>,
    /// `Update`, `Security Update`, `Feature Pack`, ...
    pub release_type: Option<String>,
    /// One line on it.
    pub description: Option<String>,
    /// Where to read more.
    pub support_information: Option<String>,
    /// Whether a restart may be needed: `possible`, `required`.
    pub restart: Option<String>,
    /// How its payload is stored, if not as usual: `PSFX`.
    pub format: Option<String>,
    /// The least servicing stack; null where any will do.
    pub servicing_stack: Option<String>,
    /// The servicing stack that it brings.
    pub brings_servicing_stack: Option<String>,
    /// What has to be in an image: any one of these.
    pub parents: Vec<ParentEntry>,
    /// Packages that it brings.
    pub packages: Vec<String>,
    /// Features that it brings.
    pub features: Vec<String>,
    /// Components and deployments that it brings.
    pub components: Vec<ComponentEntry>,
    /// Its files, expanded and compared with what vouches for them.
    pub files: Vec<PackageFileEntry>,
    /// Who signed it, and what that covers.
    pub catalog: CatalogEntry,
    /// What all of it comes to.
    pub verdict: PackageVerdictEntry,
    /// Why it is not `complete`, the gravest reason first.
    pub reasons: Vec<String>,
}

/// A parent that a package asks for.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct ParentEntry {
    /// `name~token~architecture~language~version`.
    pub identity: String,
    /// How versions compare.
    pub compare: String,
    /// The state that it has to have, as the package writes it.
    pub disposition: Option<String>,
}

/// A component of a package.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct ComponentEntry {
    /// The name of its folder and manifest.
    pub name: String,
    /// Whether it is a deployment, which pulls in others.
    pub deployment: bool,
    /// How many files it has.
    pub files: usize,
    /// How many registry keys it has.
    pub registry_keys: usize,
    /// What its manifest has beyond files, registry keys and their security:
    /// work for installers that are part of Windows.
    pub beyond: Vec<String>,
}

/// A file of a package.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct PackageFileEntry {
    /// Its path.
    pub name: String,
    /// What it is for.
    pub role: FileRoleEntry,
    /// Its length in bytes; null where that is not known.
    pub size: Option<u64>,
    /// SHA-256 of its content; null where it cannot be had.
    pub sha256: Option<String>,
    /// Whether it can be had here.
    pub decodable: bool,
    /// How it is stored.
    pub stored: StoredEntry,
    /// What is known of its content.
    pub verified: VerifiedEntry,
    /// Why it cannot be had, or is not what it should be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What a file is for.
#[derive(Clone, Copy, Debug, JsonSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileRoleEntry {
    /// What the package is.
    Mum,
    /// Signatures.
    Catalog,
    /// A component.
    Manifest,
    /// A file of a component.
    Payload,
    /// Anything else.
    Other,
}

/// How a file is stored.
#[derive(Clone, Copy, Debug, JsonSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum StoredEntry {
    /// As it is.
    Plain,
    /// As a copy of another file.
    Copy,
    /// As a difference from another file, or by itself.
    Delta,
}

/// What is known of a file's content.
#[derive(Clone, Copy, Debug, JsonSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum VerifiedEntry {
    /// It is what was signed for.
    Matches,
    /// It is not.
    Differs,
    /// Nothing vouches for it.
    NoDigest,
    /// It cannot be had here.
    NotExpanded,
}

/// Who signed a package, and what that covers.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct CatalogEntry {
    /// What the signatures are worth, the worst that counts.
    pub state: CatalogStateEntry,
    /// Common names of the signers.
    pub signer: Vec<String>,
    /// How many descriptions (mums and manifests) the catalogs cover.
    pub covered: usize,
    /// Descriptions that no valid catalog covers.
    pub missing: Vec<String>,
    /// The catalogs.
    pub catalogs: Vec<OneCatalog>,
}

/// A catalog of a package.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct OneCatalog {
    /// Its path.
    pub name: String,
    /// What its signature is worth.
    pub state: CatalogStateEntry,
    /// Why it is not `signed`.
    pub reason: Option<String>,
    /// Common name of the signer.
    pub signer: Option<String>,
    /// The authority that vouches for the signer.
    pub anchor: Option<String>,
}

/// What can be done with a package here.
#[derive(Clone, Copy, Debug, JsonSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PackageVerdictEntry {
    /// Signed, covered, and all its files can be had.
    Complete,
    /// The same, but some files can be expanded by Windows only.
    NeedsWindows,
    /// Nobody who is trusted vouches for it, or nobody signed it.
    Untrusted,
    /// Something is missing, changed or not covered.
    Damaged,
}

impl UnderstoodPackage {
    pub(crate) fn new(
        package: &Package,
        files: &[PackageFile],
        judged: JudgedPackage,
    ) -> UnderstoodPackage {
        let mum = package.mum();
        let parents = mum.parents.iter().flat_map(|parents| {
            parents.identities.iter().map(|identity| ParentEntry {
                identity: identity.to_string(),
                compare: parents.compare.words(),
                disposition: parents.disposition.clone(),
            })
        });
        let mums = || package.mums().iter().map(|entry| &entry.mum);
        let features = mums().flat_map(|mum| &mum.updates);
        let features = features.filter(|update| update.selectable.is_some());
        let inner = mums().filter(|inner| !std::ptr::eq(*inner, mum));
        UnderstoodPackage {
            package: package.name().to_owned(),
            identity: package.identity().to_string(),
            kind: package.kind().into(),
            identifier: mum.identifier.clone(),
            release_type: mum.release_type.clone(),
            description: mum.description.clone(),
            support_information: mum.support_information.clone(),
            restart: mum.restart.clone(),
            format: mum
                .format
                .as_ref()
                .map(|format| format.package_format.clone()),
            servicing_stack: package.needs_servicing_stack().map(|one| one.to_string()),
            brings_servicing_stack: package
                .brings_servicing_stack()
                .map(|stack| stack.version.to_string()),
            parents: parents.collect(),
            packages: inner.map(|mum| mum.identity.to_string()).collect(),
            features: features.map(|update| update.name.clone()).collect(),
            components: components(package),
            files: files.iter().map(PackageFileEntry::from).collect(),
            catalog: CatalogEntry::new(package),
            verdict: judged.verdict.into(),
            reasons: judged.reasons,
        }
    }
}

fn components(package: &Package) -> Vec<ComponentEntry> {
    let components = package.components().iter();
    let entries = components.map(|component| ComponentEntry {
        name: component.name.clone(),
        deployment: component.deployment,
        files: component.files.len(),
        registry_keys: component.keys,
        beyond: component.beyond.clone(),
    });
    entries.collect()
}

impl CatalogEntry {
    fn new(package: &Package) -> CatalogEntry {
        let missing: Vec<String> = package
            .uncovered()
            .iter()
            .map(ToString::to_string)
            .collect();
        let all = package.mums().len() + package.components().len();
        let catalogs = package.catalogs().iter().map(|catalog| OneCatalog {
            name: catalog.name.clone(),
            state: catalog.state.into(),
            reason: catalog.reason.clone(),
            signer: catalog.signer.clone(),
            anchor: catalog.anchor.clone(),
        });
        let mut signer: Vec<String> = package
            .catalogs()
            .iter()
            .filter_map(|one| one.signer.clone())
            .collect();
        signer.sort();
        signer.dedup();
        // A catalog that covers nothing decides nothing; without any, nobody
        // signed.
        let state = match package.catalogs().is_empty() {
            true => CatalogState::Unsigned,
            false => package.signature(),
        };
        CatalogEntry {
            state: state.into(),
            signer,
            covered: all.saturating_sub(missing.len()),
            missing,
            catalogs: catalogs.collect(),
        }
    }
}

impl From<&PackageFile> for PackageFileEntry {
    fn from(file: &PackageFile) -> PackageFileEntry {
        PackageFileEntry {
            name: file.name.clone(),
            role: match file.role {
                FileRole::Mum => FileRoleEntry::Mum,
                FileRole::Catalog => FileRoleEntry::Catalog,
                FileRole::Manifest => FileRoleEntry::Manifest,
                FileRole::Payload => FileRoleEntry::Payload,
                FileRole::Other => FileRoleEntry::Other,
            },
            size: file.size,
            sha256: file.sha256.clone(),
            decodable: file.decodable,
            stored: match file.stored {
                Stored::Plain => StoredEntry::Plain,
                Stored::Copy => StoredEntry::Copy,
                Stored::Delta => StoredEntry::Delta,
            },
            verified: match file.verified {
                Verified::Matches => VerifiedEntry::Matches,
                Verified::Differs => VerifiedEntry::Differs,
                Verified::NoDigest => VerifiedEntry::NoDigest,
                Verified::NotExpanded => VerifiedEntry::NotExpanded,
            },
            reason: file.reason.clone(),
        }
    }
}

impl From<PackageVerdict> for PackageVerdictEntry {
    fn from(verdict: PackageVerdict) -> PackageVerdictEntry {
        match verdict {
            PackageVerdict::Complete => PackageVerdictEntry::Complete,
            PackageVerdict::NeedsWindows => PackageVerdictEntry::NeedsWindows,
            PackageVerdict::Untrusted => PackageVerdictEntry::Untrusted,
            PackageVerdict::Damaged => PackageVerdictEntry::Damaged,
        }
    }
}
