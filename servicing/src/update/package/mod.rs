//! A package as a whole: what it is, what is in it, who vouches for it.
//!
//! ```text
//! update.mum                       the top; or the only one that no other brings
//!   package, component             by name: other mums and manifests in the same container
//! *.cat                            cover mums and manifests                  signatures
//! <component>\<file>               payload, digests in the manifests         files
//! ```
//!
//! Memory grows with the number of components, not with their contents: of a
//! manifest only what decides something is kept.

mod files;
mod signatures;
mod verdict;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde::Serialize;

pub use files::{FileRole, PackageFile, Verified};
pub use signatures::{CatalogState, PackageCatalog, Trust};
pub use verdict::{JudgedPackage, PackageVerdict};

use super::compressed_manifest::{self, Bases, ExpandError};
use super::identity::Identity;
use super::key_form::component_name;
use super::manifest::{FileDigest, Manifest, ManifestError};
use super::mum::{Mum, MumError};
use super::payload::{Payload, PayloadError};
use super::version::AssemblyVersion;
use crate::blob::read_all;
use crate::path::ImagePath;
use crate::tree::FileTree;
use signatures::Signatures;

/// Longest mum, manifest or catalog, in bytes.
const MAX_DESCRIPTION: u64 = super::xml::MAX_XML;

/// Most components that are kept of one package.
const MAX_COMPONENTS: usize = 1 << 18;

/// Why a package cannot be understood.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PackageError {
    /// There is no mum in it.
    #[error("this is no update package: there is no `update.mum`, nor any other `.mum`, in it")]
    NoMum,
    /// Several mums, and none that brings the others.
    #[error("the package has several tops: {names}; expected one that brings the others")]
    SeveralTops {
        /// Their names.
        names: String,
    },
    /// A mum that is none.
    #[error("`{path}`")]
    Mum {
        /// Where.
        path: ImagePath,
        /// Why.
        #[source]
        source: MumError,
    },
    /// A manifest that is none.
    #[error("`{path}`")]
    Manifest {
        /// Where.
        path: ImagePath,
        /// Why.
        #[source]
        source: ManifestError,
    },
    /// A manifest that is stored in a way that cannot be read here.
    #[error("`{path}`")]
    Expand {
        /// Where.
        path: ImagePath,
        /// Why.
        #[source]
        source: ExpandError,
    },
    /// A manifest under the name of another component.
    #[error("`{path}` is the manifest of component `{found}`")]
    Name {
        /// Where.
        path: ImagePath,
        /// The name that its identity has.
        found: String,
    },
    /// A file of the package cannot be had.
    #[error(transparent)]
    Payload(#[from] PayloadError),
    /// A file cannot be read.
    #[error("`{path}`")]
    Read {
        /// Where.
        path: ImagePath,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// More components than are kept.
    #[error("the package has more than {MAX_COMPONENTS} components")]
    TooMany,
}

/// A mum of a package.
#[derive(Clone, Debug)]
pub struct PackageMum {
    /// Where it lies.
    pub path: ImagePath,
    /// What it says.
    pub mum: Mum,
    /// The catalog that covers it, by place in [`Package::catalogs`].
    pub covered_by: Option<usize>,
}

/// A component or deployment of a package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PackageComponent {
    /// Which it is.
    pub identity: Identity,
    /// The name of its folder and manifest.
    pub name: String,
    /// Whether it is a deployment.
    pub deployment: bool,
    /// Components that a deployment pulls in.
    pub installs: Vec<Identity>,
    /// Its files.
    pub files: Vec<ManifestFile>,
    /// How many registry keys it has.
    pub keys: usize,
    /// Elements of its manifest beyond files, keys and their security, by
    /// path: what Windows has installers for.
    pub beyond: Vec<String>,
    /// The catalog that covers its manifest, by place in
    /// [`Package::catalogs`].
    pub covered_by: Option<usize>,
    /// Where its manifest lies.
    #[serde(skip)]
    pub manifest: ImagePath,
}

/// A file that a manifest names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ManifestFile {
    /// Its name in the component's folder.
    pub name: String,
    /// Its digest.
    pub digest: Option<FileDigest>,
}

/// A package, opened.
pub struct Package {
    name: String,
    payload: Arc<Payload>,
    mums: Vec<PackageMum>,
    by_package: HashMap<String, usize>,
    top: usize,
    /// Places of the top mum and those that it brings, however deep.
    brought: Vec<usize>,
    components: Vec<PackageComponent>,
    by_name: HashMap<String, usize>,
    catalogs: Vec<PackageCatalog>,
}

/// What kind of package it is, for the order in which packages go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PackageKind {
    /// It brings a servicing stack.
    ServicingStack,
    /// A cumulative update.
    Cumulative,
    /// A language pack.
    LanguagePack,
    /// A feature on demand or other feature.
    Feature,
    /// Any other update.
    Update,
}

impl PackageMum {
    /// Where its catalog lies, if it has one of its own.
    pub fn catalog_path(&self) -> Option<ImagePath> {
        let name = self.path.file_name()?.to_string();
        let stem = name.get(..name.len().checked_sub(4)?)?;
        let above = self.path.parent()?;
        above.join(&format!("{stem}.cat")).ok()
    }
}

impl Package {
    /// Opens the package whose container's members these are.
    ///
    /// # Errors
    /// [`PackageError`].
    pub fn open(
        name: impl Into<String>,
        members: Arc<dyn FileTree>,
        trust: Trust<'_>,
    ) -> Result<Package, PackageError> {
        Package::over(name, Payload::open(members)?, trust)
    }

    /// The same for files whose index lies elsewhere.
    ///
    /// # Errors
    /// [`PackageError`].
    pub fn over(
        name: impl Into<String>,
        payload: Payload,
        trust: Trust<'_>,
    ) -> Result<Package, PackageError> {
        let payload = Arc::new(payload);
        let mut named: BTreeMap<&str, Vec<ImagePath>> = BTreeMap::new();
        for path in payload.files()? {
            if let Some(end) = ["mum", "cat", "manifest"].into_iter().find(|end| {
                // Descriptions lie on top; deeper files are payload.
                path.names().len() == 1 && has_ending(&path, end)
            }) {
                named.entry(end).or_default().push(path);
            }
        }
        let of = |end: &str| named.get(end).map(Vec::as_slice).unwrap_or_default();
        let mut signatures = Signatures::default();
        for path in of("cat") {
            let bytes = read(&payload, path)?;
            signatures.add(path.to_string(), &bytes, trust);
        }
        let mut mums = Vec::new();
        for path in of("mum") {
            let bytes = read(&payload, path)?;
            let mum = Mum::parse(&bytes).map_err(|source| PackageError::Mum {
                path: path.clone(),
                source,
            })?;
            mums.push(PackageMum {
                path: path.clone(),
                mum,
                covered_by: signatures.covering(&bytes),
            });
        }
        let top = top(&mums)?;
        let places = mums.iter().enumerate();
        let by_package = places.map(|(at, entry)| (package_key(&entry.mum.identity), at));
        let mut package = Package {
            by_package: by_package.collect(),
            brought: vec![top],
            name: name.into(),
            payload: Arc::clone(&payload),
            mums,
            top,
            components: Vec::new(),
            by_name: HashMap::new(),
            catalogs: Vec::new(),
        };
        package.follow();
        for path in of("manifest") {
            package.add_component(path, &signatures)?;
        }
        package.catalogs = signatures.catalogs;
        Ok(package)
    }

    /// Finds what the top brings.
    fn follow(&mut self) {
        let mut seen = vec![false; self.mums.len()];
        let mut brought = Vec::new();
        let mut open = vec![self.top];
        while let Some(at) = open.pop() {
            match seen.get_mut(at) {
                Some(seen @ false) => *seen = true,
                _ => continue,
            }
            brought.push(at);
            let inner = self.mums.get(at).into_iter();
            let inner = inner.flat_map(|entry| entry.mum.packages());
            let inner = inner.filter_map(|identity| self.by_package.get(&package_key(identity)));
            let inner: Vec<usize> = inner.copied().collect();
            open.extend(inner.into_iter().rev());
        }
        self.brought = brought;
    }

    fn add_component(
        &mut self,
        path: &ImagePath,
        signatures: &Signatures,
    ) -> Result<(), PackageError> {
        if self.components.len() >= MAX_COMPONENTS {
            return Err(PackageError::TooMany);
        }
        let bytes = read(&self.payload, path)?;
        // Catalogs list what is in the container, compressed or not.
        let covered_by = signatures.covering(&bytes);
        let manifest = self.parse_manifest(path, &bytes)?;
        let name = component_name(&manifest.identity);
        let expected = format!("{name}.manifest");
        if !path.to_string().eq_ignore_ascii_case(&expected) {
            return Err(PackageError::Name {
                path: path.clone(),
                found: name,
            });
        }
        self.by_name.insert(name.clone(), self.components.len());
        self.components.push(PackageComponent {
            name,
            deployment: manifest.deployment,
            installs: manifest.installs().cloned().collect(),
            keys: manifest.keys.len(),
            files: manifest
                .files
                .into_iter()
                .map(|file| ManifestFile {
                    name: file.name,
                    digest: file.digest,
                })
                .collect(),
            beyond: manifest.beyond,
            covered_by,
            manifest: path.clone(),
            identity: manifest.identity,
        });
        Ok(())
    }

    fn parse_manifest(&self, path: &ImagePath, bytes: &[u8]) -> Result<Manifest, PackageError> {
        let plain = compressed_manifest::expand(bytes, Bases::default());
        let plain = plain.map_err(|source| PackageError::Expand {
            path: path.clone(),
            source,
        })?;
        Manifest::parse(&plain).map_err(|source| PackageError::Manifest {
            path: path.clone(),
            source,
        })
    }

    /// What it was opened as.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What its top mum says.
    pub fn mum(&self) -> &Mum {
        // `top` is a place in the list.
        &self.top_entry().mum
    }

    /// Its top mum.
    #[expect(
        clippy::indexing_slicing,
        reason = "`top` was found in the list, which does not change"
    )]
    pub fn top_entry(&self) -> &PackageMum {
        &self.mums[self.top]
    }

    /// Which package it is.
    pub fn identity(&self) -> &Identity {
        &self.mum().identity
    }

    /// All its mums, its own among them.
    pub fn mums(&self) -> &[PackageMum] {
        &self.mums
    }

    /// The mum of that package.
    pub fn mum_of(&self, identity: &Identity) -> Option<&PackageMum> {
        let at = self.by_package.get(&package_key(identity))?;
        self.mums.get(*at)
    }

    /// Its components and deployments, in the order of names.
    pub fn components(&self) -> &[PackageComponent] {
        &self.components
    }

    /// The component of that name ([`component_name`]).
    pub fn component(&self, name: &str) -> Option<&PackageComponent> {
        let at = self.by_name.get(&name.to_ascii_lowercase())?;
        self.components.get(*at)
    }

    /// The manifest of a component as it lies in the store of Windows 7: plain.
    /// The registry has the SHA-256 of these bytes.
    ///
    /// # Errors
    /// [`PackageError`].
    pub fn manifest_bytes(&self, component: &PackageComponent) -> Result<Vec<u8>, PackageError> {
        let path = &component.manifest;
        let bytes = read(&self.payload, path)?;
        compressed_manifest::expand(&bytes, Bases::default()).map_err(|source| {
            PackageError::Expand {
                path: path.clone(),
                source,
            }
        })
    }

    /// The whole manifest of a component.
    ///
    /// # Errors
    /// [`PackageError`].
    pub fn manifest(&self, component: &PackageComponent) -> Result<Manifest, PackageError> {
        let path = &component.manifest;
        let bytes = read(&self.payload, path)?;
        self.parse_manifest(path, &bytes)
    }

    /// Its catalogs.
    pub fn catalogs(&self) -> &[PackageCatalog] {
        &self.catalogs
    }

    /// Its files.
    pub fn payload(&self) -> &Arc<Payload> {
        &self.payload
    }

    /// What kind of package it is.
    pub fn kind(&self) -> PackageKind {
        let top = self.mum();
        let release = top.release_type.as_deref().unwrap_or_default();
        let stack = self.brought().any(|entry| entry.mum.is_servicing_stack());
        if top.is_cumulative() {
            // One that brings its servicing stack along is still cumulative.
            PackageKind::Cumulative
        } else if stack || self.brings_servicing_stack().is_some() {
            PackageKind::ServicingStack
        } else if release.eq_ignore_ascii_case("Language Pack") {
            PackageKind::LanguagePack
        } else if ["Feature Pack", "OnDemand Pack", "Foundation"]
            .iter()
            .any(|known| release.eq_ignore_ascii_case(known))
        {
            PackageKind::Feature
        } else {
            PackageKind::Update
        }
    }

    /// The servicing stack that it brings.
    pub fn brings_servicing_stack(&self) -> Option<&Identity> {
        let stacks = self.components.iter().filter(|component| {
            let name = &component.identity.name;
            name.eq_ignore_ascii_case(SERVICING_STACK)
        });
        stacks
            .map(|component| &component.identity)
            .max_by_key(|identity| identity.version)
    }

    /// The top mum and those that it brings, however deep. A container may have
    /// others: a second top for systems that stay on an older branch
    /// (`update-bf.mum`).
    pub fn brought(&self) -> impl Iterator<Item = &PackageMum> {
        self.brought.iter().filter_map(|at| self.mums.get(*at))
    }

    /// The least servicing stack that it, or what it brings, asks for.
    pub fn needs_servicing_stack(&self) -> Option<AssemblyVersion> {
        let asked = self
            .brought()
            .filter_map(|entry| entry.mum.servicing_stack.as_ref());
        asked.map(|stack| stack.version).max()
    }

    /// Why its signature is not worth anything; `None` where it is.
    pub fn signature_reason(&self) -> Option<String> {
        if self.signature() == CatalogState::Signed {
            return None;
        }
        let mut catalogs = self.catalogs.iter();
        let bad = catalogs.find_map(|catalog| catalog.reason.clone());
        Some(bad.unwrap_or_else(|| match self.catalogs.is_empty() {
            true => "it has no catalog".to_owned(),
            false => "no catalog of it covers all its descriptions".to_owned(),
        }))
    }

    /// Descriptions that no catalog covers, or only one whose signature does
    /// not fit.
    pub fn uncovered(&self) -> Vec<ImagePath> {
        let covered = |by: Option<usize>| {
            let catalog = by.and_then(|at| self.catalogs.get(at));
            catalog.is_some_and(|catalog| catalog.state != CatalogState::Invalid)
        };
        let mums = self
            .mums
            .iter()
            .map(|entry| (&entry.path, entry.covered_by));
        let manifests = self.components.iter();
        let manifests = manifests.map(|component| (&component.manifest, component.covered_by));
        mums.chain(manifests)
            .filter(|(_, by)| !covered(*by))
            .map(|(path, _)| path.clone())
            .collect()
    }

    /// The worst of the catalogs that cover something, and all that is not
    /// covered, as one state.
    pub fn signature(&self) -> CatalogState {
        let used = self.mums.iter().map(|entry| entry.covered_by);
        let used = used.chain(self.components.iter().map(|one| one.covered_by));
        let states = used.map(|by| {
            let catalog = by.and_then(|at| self.catalogs.get(at));
            catalog.map_or(CatalogState::Unsigned, |catalog| catalog.state)
        });
        states.max().unwrap_or(CatalogState::Unsigned)
    }

    /// Components that the package's deployments pull in, and packages that its
    /// mums bring, which are not in it.
    pub fn missing(&self) -> Vec<String> {
        let mut missing = Vec::new();
        for entry in &self.mums {
            for inner in entry.mum.packages() {
                if self.mum_of(inner).is_none() {
                    missing.push(format!("{inner}.mum"));
                }
            }
            for (_, deployment) in entry.mum.deployments() {
                let name = component_name(deployment);
                if self.component(&name).is_none() {
                    missing.push(format!("{name}.manifest"));
                }
            }
        }
        for component in &self.components {
            for inner in &component.installs {
                let name = component_name(inner);
                if self.component(&name).is_none() {
                    missing.push(format!("{name}.manifest"));
                }
            }
        }
        missing.sort();
        missing.dedup();
        missing
    }
}

/// Name of the component that is the servicing stack.
pub(super) const SERVICING_STACK: &str = "Microsoft-Windows-ServicingStack";

/// A package's name for looking up.
fn package_key(identity: &Identity) -> String {
    identity.package_name().to_ascii_lowercase()
}

/// The mum that stands for the package.
fn top(mums: &[PackageMum]) -> Result<usize, PackageError> {
    let named = |name: &str| {
        let mut places = mums.iter();
        places.position(|entry| entry.path.to_string().eq_ignore_ascii_case(name))
    };
    if let Some(at) = named("update.mum") {
        return Ok(at);
    }
    let brought = |entry: &PackageMum| {
        mums.iter().any(|other| {
            other.mum.packages().any(|inner| {
                inner.version == entry.mum.identity.version
                    && inner.is_same_package_family(&entry.mum.identity)
            })
        })
    };
    let tops: Vec<usize> = mums
        .iter()
        .enumerate()
        .filter(|(_, entry)| !brought(entry))
        .map(|(at, _)| at)
        .collect();
    match tops.as_slice() {
        [only] => Ok(*only),
        [] => Err(PackageError::NoMum),
        several => {
            let names = several.iter().filter_map(|at| mums.get(*at));
            let names: Vec<String> = names
                .take(4)
                .map(|entry| format!("`{}`", entry.path))
                .collect();
            let names = names.join(", ");
            Err(PackageError::SeveralTops { names })
        }
    }
}

fn has_ending(path: &ImagePath, end: &str) -> bool {
    let name = path
        .file_name()
        .map(ToString::to_string)
        .unwrap_or_default();
    name.rsplit_once('.')
        .is_some_and(|(_, ending)| ending.eq_ignore_ascii_case(end))
}

fn read(payload: &Payload, path: &ImagePath) -> Result<Vec<u8>, PackageError> {
    let blob = payload.read_file(path)?;
    read_all(blob.as_ref(), MAX_DESCRIPTION).map_err(|source| PackageError::Read {
        path: path.clone(),
        source,
    })
}
