//! The driver cache: where Windows finds the HAL and kernels that it was not
//! installed with.
//!
//! Searched in this order: loose files in `Driver Cache\i386` (hotfixes put
//! them there), the cabinets of the service packs there, highest first and none
//! above the installed one, `driver.cab`, and `ServicePackFiles\i386`. Source:
//! MSFN topic 140878, MergeIDE, a public recovery agent's code; for the last
//! folder general knowledge. The level of what lies in a cabinet is told by the
//! cabinet's name and, where the file is taken out, by its version.

use std::fmt;

use wimwright_servicing::compressed::{CabinetFile, cabinet_files};
use wimwright_servicing::{FileTree, ImageFacts, ImagePath, Kind, Name, PathError, TreeError};

/// A place with files of Windows' media.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The directory or cabinet.
    pub path: ImagePath,
    /// What kind of place it is.
    pub kind: PlaceKind,
    /// The names of the HALs and kernels in it, as spelled there.
    pub files: Vec<String>,
}

/// What kind of place it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum PlaceKind {
    /// Loose files, as hotfixes leave them.
    Loose,
    /// The cabinet of a service pack.
    ServicePack(u8),
    /// `driver.cab`, of the release.
    Release,
    /// `ServicePackFiles`.
    ServicePackFiles,
}

impl Place {
    /// The name under which it has a file, in whichever case, plain or
    /// compressed.
    pub(crate) fn has(&self, name: &str) -> Option<&str> {
        let mut files = self.files.iter();
        let compressed = wimwright_servicing::compressed::compressed_name(name);
        let found = files
            .find(|file| file.eq_ignore_ascii_case(name) || file.eq_ignore_ascii_case(&compressed));
        found.map(String::as_str)
    }

    /// Whether its files are taken out of a cabinet.
    pub(crate) fn is_cabinet(&self) -> bool {
        matches!(self.kind, PlaceKind::ServicePack(_) | PlaceKind::Release)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.path.fmt(f)
    }
}

/// Why the driver cache could not be read.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// A directory or cabinet cannot be read.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// A cabinet is damaged.
    #[error("cabinet `{path}`")]
    Cabinet {
        /// Which.
        path: ImagePath,
        /// What is wrong with it.
        #[source]
        source: wimwright_servicing::compressed::Error,
    },
    /// A name that is no path.
    #[error(transparent)]
    Path(#[from] PathError),
}

/// The places of an image, in the order in which they are searched. Of each
/// cabinet only the list is read.
///
/// # Errors
/// [`CacheError`] for a place that cannot be read.
pub(crate) fn places(tree: &dyn FileTree, facts: &ImageFacts) -> Result<Vec<Place>, CacheError> {
    let mut places = Vec::new();
    let cache = facts.windows.join("Driver Cache")?;
    // `i386` on x86; what the folder is called on x64 is not known, so that
    // whatever is there is looked into.
    for folder in folders(tree, &cache)? {
        add_folder(tree, folder, PlaceKind::Loose, &mut places)?;
    }
    for folder in folders(tree, &facts.windows.join("ServicePackFiles")?)? {
        add_folder(tree, folder, PlaceKind::ServicePackFiles, &mut places)?;
    }
    Ok(places)
}

/// The places of a folder with files of the media: its root, and what it calls
/// `i386` or `amd64`.
///
/// # Errors
/// [`CacheError`] for a place that cannot be read.
pub(crate) fn places_of_media(tree: &dyn FileTree) -> Result<Vec<Place>, CacheError> {
    let mut places = Vec::new();
    for folder in ["", "i386", "amd64"] {
        let folder = match folder {
            "" => ImagePath::root(),
            name => ImagePath::parse(name)?,
        };
        add_folder(tree, folder, PlaceKind::Loose, &mut places)?;
    }
    Ok(places)
}

/// Adds the loose files of a folder, and the cabinets in it.
fn add_folder(
    tree: &dyn FileTree,
    folder: ImagePath,
    loose_kind: PlaceKind,
    places: &mut Vec<Place>,
) -> Result<(), CacheError> {
    let mut cabinets = Vec::new();
    let mut loose = Vec::new();
    for name in files(tree, &folder)? {
        match cabinet_kind(&name) {
            Some(kind) => cabinets.push((kind, folder.child(name))),
            None if is_wanted(&name.to_string()) => loose.push(name.to_string()),
            None => {}
        }
    }
    if !loose.is_empty() {
        places.push(Place {
            path: folder,
            kind: loose_kind,
            files: loose,
        });
    }
    cabinets.sort_by_key(|(kind, _)| match kind {
        PlaceKind::ServicePack(pack) => (0, u8::MAX - pack),
        _ => (1, 0),
    });
    for (kind, path) in cabinets {
        let files = listed(tree, &path)?;
        places.push(Place { path, kind, files });
    }
    Ok(())
}

fn folders(tree: &dyn FileTree, top: &ImagePath) -> Result<Vec<ImagePath>, TreeError> {
    let entries = tree.read_dir(top)?.unwrap_or_default().into_iter();
    let folders = entries.filter(|entry| entry.kind == Kind::Directory);
    Ok(folders.map(|entry| top.child(entry.name)).collect())
}

fn files(tree: &dyn FileTree, folder: &ImagePath) -> Result<Vec<Name>, TreeError> {
    let entries = tree.read_dir(folder)?.unwrap_or_default().into_iter();
    let files = entries.filter(|entry| entry.kind == Kind::File);
    Ok(files.map(|entry| entry.name).collect())
}

/// Whether a file's name is that of a HAL or kernel of the media, plain or
/// compressed.
fn is_wanted(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let ending = [".dll", ".exe", ".dl_", ".ex_"];
    ending.iter().any(|ending| lower.ends_with(ending))
        && (crate::HalType::from_media_name(&lower).is_some()
            || crate::Kernel::from_media_name(&lower).is_some())
}

fn cabinet_kind(name: &Name) -> Option<PlaceKind> {
    let name = name.to_string().to_ascii_lowercase();
    if name == "driver.cab" {
        return Some(PlaceKind::Release);
    }
    let pack = name.strip_prefix("sp")?.strip_suffix(".cab")?;
    Some(PlaceKind::ServicePack(pack.parse().ok()?))
}

/// The HALs and kernels that a cabinet lists.
fn listed(tree: &dyn FileTree, path: &ImagePath) -> Result<Vec<String>, CacheError> {
    let Some(blob) = tree.open(path)? else {
        return Ok(Vec::new());
    };
    let files = cabinet_files(&blob).map_err(|source| CacheError::Cabinet {
        path: path.clone(),
        source,
    })?;
    let names = files.into_iter().map(|CabinetFile { name, .. }| name);
    Ok(names.filter(|name| is_wanted(name)).collect())
}
