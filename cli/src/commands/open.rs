//! What the words of a command name: images and driver packages.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use wimwright_drivers::{Package, find_packages};
use wimwright_servicing::backend::DirectoryBackend;
use wimwright_servicing::{Access, DirectoryTree, FileTree, Image, ImagePath};

use crate::refusal::Refusal;

/// Opens the image that `image` names.
pub(crate) fn image(image: &Path, access: Access) -> anyhow::Result<Image> {
    check_image(image)?;
    Image::open(image, access).map_err(|error| in_image(&image.display().to_string(), error))
}

/// The files of the image that `image` names, Windows or not.
pub(crate) fn files(image: &Path) -> anyhow::Result<Arc<dyn FileTree>> {
    Ok(directory(image)?)
}

/// The directory that `image` names, Windows or not.
pub(crate) fn directory(image: &Path) -> anyhow::Result<Arc<DirectoryTree>> {
    check_image(image)?;
    let name = image.display().to_string();
    let backend = DirectoryBackend::open(image).map_err(|error| in_image(&name, error))?;
    Ok(backend.tree())
}

/// An error with the image that it is about, unless it names that itself.
pub(crate) fn in_image(name: &str, error: impl Into<anyhow::Error>) -> anyhow::Error {
    let error = error.into();
    // What the command line refuses itself is about its words.
    let said = error.is::<Refusal>() || format!("{error:#}").contains(&format!("`{name}`"));
    match said {
        true => error,
        false => error.context(format!("image `{name}`")),
    }
}

/// Refuses what is no directory, as helpfully as can be.
fn check_image(image: &Path) -> anyhow::Result<()> {
    match fs::metadata(image) {
        Ok(found) if found.is_dir() => Ok(()),
        Ok(_) => {
            let path = image.to_owned();
            Err(match is_wim(image) {
                true => Refusal::Wim { path },
                false => Refusal::NotADirectory { path },
            }
            .into())
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(match wim_of_selector(image) {
                Some(path) => Refusal::Wim { path },
                None => Refusal::Missing {
                    path: image.to_owned(),
                },
            }
            .into())
        }
        Err(error) => Err(in_image(&image.display().to_string(), error)),
    }
}

/// Whether a file is a WIM, by its first bytes or, unreadable, by its name.
fn is_wim(path: &Path) -> bool {
    let mut magic = [0; 8];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut magic));
    // `WLPWM` begins the pipable form that wimlib writes.
    let known = [*b"MSWIM\0\0\0", *b"WLPWM\0\0\0"];
    let named = ["wim", "esd", "swm"];
    let named = |ending: &str| named.iter().any(|wim| wim.eq_ignore_ascii_case(ending));
    match read {
        Ok(()) => known.contains(&magic),
        Err(_) => path
            .extension()
            .is_some_and(|end| end.to_str().is_some_and(named)),
    }
}

/// The WIM of `FILE.wim:SELECTOR`.
fn wim_of_selector(image: &Path) -> Option<PathBuf> {
    let (file, _) = image.to_str()?.rsplit_once(':')?;
    let file = PathBuf::from(file);
    (file.is_file() && is_wim(&file)).then_some(file)
}

/// The packages that `given` names: of a folder all in it, or all below it with
/// `recurse`; or the one of an INF or a `txtsetup.oem`.
pub(crate) fn packages(given: &Path, recurse: bool) -> anyhow::Result<Vec<Package>> {
    let found = match fs::metadata(given) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let path = given.to_owned();
            return Err(Refusal::Missing { path }.into());
        }
        Err(error) => return Err(error).with_context(|| format!("`{}`", given.display())),
    };
    if found.is_dir() {
        let tree = open_folder(given)?;
        let infs = find_packages(tree.as_ref(), recurse)?;
        if infs.is_empty() {
            let path = given.to_owned();
            return Err(Refusal::NoInf { path }.into());
        }
        let packages = infs
            .into_iter()
            .map(|inf| package(given, &tree, inf))
            .collect();
        return Ok(packages);
    }
    let is_inf = given
        .extension()
        .is_some_and(|end| end.eq_ignore_ascii_case("inf") || end.eq_ignore_ascii_case("oem"));
    let name = given.file_name().and_then(|name| name.to_str());
    match name.filter(|_| is_inf && found.is_file()) {
        Some(name) => {
            let folder = match given.parent() {
                Some(folder) if folder != Path::new("") => folder,
                _ => Path::new("."),
            };
            let tree = open_folder(folder)?;
            Ok(vec![package(folder, &tree, ImagePath::parse(name)?)])
        }
        None => Err(Refusal::NotAPackage {
            path: given.to_owned(),
        }
        .into()),
    }
}

/// A folder with driver files as a tree.
fn open_folder(folder: &Path) -> anyhow::Result<Arc<dyn FileTree>> {
    let tree = DirectoryTree::open(folder).map_err(|error| error.source);
    Ok(Arc::new(
        tree.with_context(|| format!("`{}`", folder.display()))?,
    ))
}

fn package(top: &Path, tree: &Arc<dyn FileTree>, inf: ImagePath) -> Package {
    // The folder's own name tells an exported package, and stays what it is
    // however the folder was named: `.`, `../x`.
    let folder = match inf.parent().and_then(|folder| folder.file_name().cloned()) {
        Some(name) => name.to_string(),
        None => {
            let real = fs::canonicalize(top).ok();
            let name = real.as_deref().unwrap_or(top).file_name();
            name.map_or_else(String::new, |name| name.to_string_lossy().into_owned())
        }
    };
    Package::new(top.display().to_string(), folder, Arc::clone(tree), inf)
}
