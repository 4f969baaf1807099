//! The update state of an image: packages, servicing stack, what is pending.
//!
//! ```text
//! SOFTWARE\..\Component Based Servicing
//!   Packages\<name>              CurrentState, Visibility, InstallTime*, Owners, Updates
//!   Version                      folder of the servicing stack, by version
//!   PackagesPending, SessionsPending, RebootPending, value Unserviceable
//! SOFTWARE\..\SideBySide\Winners (Vista: COMPONENTS\Winners)   versions in use
//! servicing\Packages, servicing\Version, WinSxS\pending.xml
//! ```
//!
//! Facts: cbs, section 6; no hive of a real image was at hand, so what is not
//! there is never an error: an image without these keys has no update state.

mod features;
mod stack;
mod state;

use std::collections::HashMap;
use std::sync::Arc;

use serde::Serialize;

pub use features::{Feature, FeatureState, features};
pub use stack::{ServicingStack, base_manifest};
pub use state::PackageState;

use super::identity::Identity;
use super::key_form::winners_name;
use super::mum::{Mum, MumError};
use super::version::AssemblyVersion;
use crate::draft::Draft;
use crate::finding::Finding;
use crate::path::{ImagePath, PathError};
use crate::registry::{Hive, HiveName, Key, RegistryError};
use crate::tree::{FileTree as _, TreeError};
use wimwright_hive::FileTime;

/// Component based servicing, in SOFTWARE.
pub const CBS_KEY: &str = "Microsoft\\Windows\\CurrentVersion\\Component Based Servicing";

/// Versions of components in use, in SOFTWARE.
pub const WINNERS_KEY: &str = "Microsoft\\Windows\\CurrentVersion\\SideBySide\\Winners";

/// Most packages that are read; a Windows 11 has some 3,500.
const MAX_PACKAGES: usize = 1 << 17;

/// Longest mum, in bytes.
const MAX_MUM: u64 = super::xml::MAX_XML;

/// Why the update state of an image cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// A hive.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// A file.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// A name that is no path.
    #[error(transparent)]
    Path(#[from] PathError),
    /// The image has no component based servicing.
    #[error(
        "the image has no update state: there is no key `{CBS_KEY}` in SOFTWARE, as from Windows \
         Vista on"
    )]
    NoState,
    /// A mum of the image.
    #[error("`{path}`")]
    Mum {
        /// Where.
        path: ImagePath,
        /// Why.
        #[source]
        source: MumError,
    },
}

/// A package of an image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StoredPackage {
    /// Which.
    pub identity: Identity,
    /// Its state.
    pub state: PackageState,
    /// Whether people see it: 1, or 2 for one that only others need.
    pub visibility: Option<u32>,
    /// When it was installed or staged.
    #[serde(skip)]
    pub time: Option<FileTime>,
    /// What brought it: `DISM Package Manager Provider`, ...
    pub client: Option<String>,
    /// Packages that hold it.
    pub owners: Vec<String>,
    /// Its updates with states of their own.
    pub updates: Vec<(String, PackageState)>,
}

impl StoredPackage {
    /// Whether people see it, and not only other packages need it.
    pub fn is_visible(&self) -> bool {
        self.visibility != Some(2)
    }
}

/// A sign that something is left to be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PendingSign {
    /// Where it is.
    pub place: String,
    /// What is there.
    pub what: String,
}

/// The update state of an image.
#[derive(Clone, Debug)]
pub struct PackageStore {
    /// Its packages, in the order of names.
    pub packages: Vec<StoredPackage>,
    /// Its servicing stack.
    pub servicing_stack: Option<ServicingStack>,
    /// What is left to be done at the next start.
    pub pending: Vec<PendingSign>,
    /// What is odd in the state.
    pub findings: Vec<Finding>,
    by_name: HashMap<String, Vec<usize>>,
}

impl PackageStore {
    /// Reads the state, as planned.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn read(draft: &Draft) -> Result<PackageStore, StoreError> {
        let software = draft.hive(HiveName::Software)?;
        let software = software.ok_or(StoreError::NoState)?;
        let Some(cbs) = key(&software, CBS_KEY)? else {
            return Err(StoreError::NoState);
        };
        let mut store = PackageStore {
            packages: Vec::new(),
            servicing_stack: stack::read(draft, &software)?,
            pending: Vec::new(),
            findings: Vec::new(),
            by_name: HashMap::new(),
        };
        if let Some(packages) = subkey(cbs, "Packages")? {
            store.read_packages(packages)?;
        }
        store.pending = pending(draft, cbs)?;
        Ok(store)
    }

    fn read_packages(&mut self, packages: Key<'_>) -> Result<(), StoreError> {
        for package in packages.subkeys().map_err(broken)? {
            let package = package.map_err(broken)?;
            let name = package.name().map_err(broken)?.to_string_lossy();
            let identity = match Identity::from_package_name(&name) {
                Ok(identity) => identity,
                Err(error) => {
                    self.findings.push(Finding::warning(
                        "package-name",
                        format!("a package of the image is left out: {error}"),
                    ));
                    continue;
                }
            };
            if self.packages.len() >= MAX_PACKAGES {
                self.findings.push(Finding::warning(
                    "many-packages",
                    format!("only the first {MAX_PACKAGES} packages of the image are looked at"),
                ));
                break;
            }
            let lower = identity.name.to_ascii_lowercase();
            let places = self.by_name.entry(lower).or_default();
            places.push(self.packages.len());
            self.packages.push(stored_package(package, identity)?);
        }
        Ok(())
    }

    /// The packages of that name, whatever their version, language or
    /// architecture.
    pub fn named<'s>(&'s self, name: &str) -> impl Iterator<Item = &'s StoredPackage> {
        let places = self.by_name.get(&name.to_ascii_lowercase());
        let places = places.map(Vec::as_slice).unwrap_or_default();
        places.iter().filter_map(|at| self.packages.get(*at))
    }

    /// The package with that identity.
    pub fn package<'s>(&'s self, identity: &Identity) -> Option<&'s StoredPackage> {
        self.family(identity)
            .find(|package| package.identity.version == identity.version)
    }

    /// The packages that are the same in all but version.
    pub fn family<'s>(&'s self, identity: &Identity) -> impl Iterator<Item = &'s StoredPackage> {
        self.named(&identity.name)
            .filter(|package| package.identity.is_same_package_family(identity))
    }

    /// The packages that a user's word may mean: the one of that whole name,
    /// else those of that name without version and the rest, else those whose
    /// name has the word in it.
    pub fn matching(&self, word: &str) -> Vec<&StoredPackage> {
        let whole = |one: &&StoredPackage| one.identity.to_string().eq_ignore_ascii_case(word);
        if let Some(found) = self.packages.iter().find(whole) {
            return vec![found];
        }
        let named: Vec<&StoredPackage> = self.named(word).collect();
        if !named.is_empty() {
            return named;
        }
        let word = word.to_ascii_lowercase();
        let part = |one: &&StoredPackage| {
            let name = one.identity.to_string().to_ascii_lowercase();
            name.contains(&word)
        };
        self.packages.iter().filter(part).collect()
    }

    /// The languages of installed packages, each once, in order.
    pub fn languages(&self) -> Vec<&str> {
        let installed = self.packages.iter().filter(|one| one.state.is_installed());
        let mut languages: Vec<&str> = installed
            .map(|one| one.identity.culture.as_str())
            .filter(|culture| !culture.is_empty())
            .collect();
        languages.sort_by_key(|language| language.to_ascii_lowercase());
        languages.dedup_by(|a, b| a.eq_ignore_ascii_case(b));
        languages
    }
}

fn stored_package(key: Key<'_>, identity: Identity) -> Result<StoredPackage, StoreError> {
    let number = |name: &str| -> Result<Option<u32>, StoreError> {
        let value = key.value(name).map_err(broken)?;
        Ok(value.and_then(|value| value.as_u32()))
    };
    let client = key.value("InstallClient").map_err(broken)?;
    let state = number("CurrentState")?;
    let time = match (number("InstallTimeHigh")?, number("InstallTimeLow")?) {
        (Some(high), Some(low)) => Some(FileTime(u64::from(high) << 32 | u64::from(low))),
        _ => None,
    };
    let mut owners = Vec::new();
    if let Some(key) = subkey(key, "Owners")? {
        for value in key.values().map_err(broken)? {
            let value = value.map_err(broken)?;
            owners.push(value.name().map_err(broken)?.to_string_lossy());
        }
    }
    let mut updates = Vec::new();
    if let Some(key) = subkey(key, "Updates")? {
        for value in key.values().map_err(broken)? {
            let value = value.map_err(broken)?;
            if let Some(state) = value.as_u32() {
                let name = value.name().map_err(broken)?.to_string_lossy();
                updates.push((name, PackageState::from_value(state)));
            }
        }
    }
    Ok(StoredPackage {
        identity,
        state: PackageState::from_value(state.unwrap_or_default()),
        visibility: number("Visibility")?,
        time,
        client: client.and_then(|value| value.as_string()),
        owners,
        updates,
    })
}

fn pending(draft: &Draft, cbs: Key<'_>) -> Result<Vec<PendingSign>, StoreError> {
    let mut signs = Vec::new();
    let path = draft.facts().windows.join("WinSxS\\pending.xml")?;
    if draft.has_file(&path)? {
        signs.push(PendingSign {
            place: path.to_string(),
            what: "operations for the next start".to_owned(),
        });
    }
    // The keys themselves may stay behind empty.
    for (name, what) in [
        ("SessionsPending", "session"),
        ("PackagesPending", "package"),
    ] {
        let Some(key) = subkey(cbs, name)? else {
            continue;
        };
        for inner in key.subkeys().map_err(broken)? {
            let inner = inner.map_err(broken)?.name().map_err(broken)?;
            signs.push(PendingSign {
                place: format!("HKLM\\SOFTWARE\\{CBS_KEY}\\{name}"),
                what: format!("{what} `{}`", inner.to_string_lossy()),
            });
        }
    }
    for name in ["RebootPending", "RebootInProgress"] {
        if subkey(cbs, name)?.is_some() {
            signs.push(PendingSign {
                place: format!("HKLM\\SOFTWARE\\{CBS_KEY}\\{name}"),
                what: "a restart that updates asked for".to_owned(),
            });
        }
    }
    let unserviceable = cbs.value("Unserviceable").map_err(broken)?;
    if unserviceable.is_some_and(|value| value.as_u32() != Some(0)) {
        signs.push(PendingSign {
            place: format!("HKLM\\SOFTWARE\\{CBS_KEY}"),
            what: "`Unserviceable`: Windows takes no updates".to_owned(),
        });
    }
    Ok(signs)
}

/// The version of a component that is in use, of those that share major and
/// minor version with `identity`; `None` where the image has none.
///
/// # Errors
/// [`StoreError::Registry`].
pub fn winner(draft: &Draft, identity: &Identity) -> Result<Option<AssemblyVersion>, StoreError> {
    let name = winners_name(identity);
    let (major, minor) = identity.version.family();
    // Vista keeps them in COMPONENTS.
    for (hive, root) in [
        (HiveName::Software, WINNERS_KEY),
        (HiveName::Components, "Winners"),
    ] {
        let Some(hive) = draft.hive(&hive)? else {
            continue;
        };
        let Some(key) = key(&hive, &format!("{root}\\{name}\\{major}.{minor}"))? else {
            continue;
        };
        let version = key.value("").map_err(broken)?;
        let version = version.and_then(|value| value.as_string());
        if let Some(version) = version.and_then(|text| text.parse().ok()) {
            return Ok(Some(version));
        }
    }
    Ok(None)
}

/// Where the mum of a package of the image lies.
///
/// # Errors
/// [`PathError`], where its name is no name of a file.
pub fn mum_path(draft: &Draft, identity: &Identity) -> Result<ImagePath, PathError> {
    let name = format!("servicing\\Packages\\{identity}.mum");
    draft.facts().windows.join(&name)
}

/// The mum of a package of the image; `None` where it is not there.
///
/// # Errors
/// [`StoreError`].
pub fn mum(draft: &Draft, identity: &Identity) -> Result<Option<Mum>, StoreError> {
    let path = mum_path(draft, identity)?;
    let Some(bytes) = draft.read(&path, MAX_MUM)? else {
        return Ok(None);
    };
    let mum = Mum::parse(&bytes).map_err(|source| StoreError::Mum { path, source })?;
    Ok(Some(mum))
}

fn key<'h>(hive: &'h Arc<Hive>, path: &str) -> Result<Option<Key<'h>>, StoreError> {
    hive.key(path).map_err(broken)
}

fn subkey<'h>(key: Key<'h>, name: &str) -> Result<Option<Key<'h>>, StoreError> {
    key.subkey(name).map_err(broken)
}

fn broken(source: wimwright_hive::Error) -> StoreError {
    StoreError::Registry(RegistryError::in_hive(&HiveName::Software, source))
}
