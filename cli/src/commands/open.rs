//! What the words of a command name: images and driver packages.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use wimwright_drivers::{Package, find_infs, find_packages};
use wimwright_servicing::{
    Access, DirectoryTree, FileTree, Image, ImageFiles, ImageName, ImagePath, ImageSet, OpenError,
};

use crate::context::Context;
use crate::refusal::Refusal;

/// Opens the one image that `image` names.
pub(crate) fn image(image: &Path, access: Access, context: &Context<'_>) -> anyhow::Result<Image> {
    let mut images = images(image, access, context)?.into_images();
    match (images.pop(), images.is_empty()) {
        (Some(image), true) => Ok(image),
        _ => Err(one_image_only(image)),
    }
}

/// Opens the images that `image` names.
pub(crate) fn images(
    image: &Path,
    access: Access,
    context: &Context<'_>,
) -> anyhow::Result<ImageSet> {
    let in_image = |error: OpenError| in_image(&image.display().to_string(), error);
    let name = name(image)?;
    ImageSet::open(&name, &context.references()?, access).map_err(in_image)
}

/// Opens the images that `image` names to change their files alone, Windows or
/// not.
pub(crate) fn images_for_files(
    image: &Path,
    access: Access,
    context: &Context<'_>,
) -> anyhow::Result<ImageSet> {
    let in_image = |error: OpenError| in_image(&image.display().to_string(), error);
    let name = name(image)?;
    ImageSet::open_files(&name, &context.references()?, access).map_err(in_image)
}

/// The same for the one image that `image` names.
#[cfg(all(feature = "fuse", target_os = "linux"))]
pub(crate) fn image_for_files(
    image: &Path,
    access: Access,
    context: &Context<'_>,
) -> anyhow::Result<Image> {
    let mut images = images_for_files(image, access, context)?.into_images();
    match (images.pop(), images.is_empty()) {
        (Some(image), true) => Ok(image),
        _ => Err(one_image_only(image)),
    }
}

/// The files of the images that `image` names, Windows or not.
pub(crate) fn all_files(image: &Path, context: &Context<'_>) -> anyhow::Result<Vec<ImageFiles>> {
    let in_image = |error: OpenError| in_image(&image.display().to_string(), error);
    let name = name(image)?;
    ImageFiles::open(&name, &context.references()?).map_err(in_image)
}

/// The files of the one image that `image` names, Windows or not.
pub(crate) fn files(image: &Path, context: &Context<'_>) -> anyhow::Result<ImageFiles> {
    let mut files = all_files(image, context)?;
    match (files.pop(), files.is_empty()) {
        (Some(only), true) => Ok(only),
        _ => Err(one_image_only(image)),
    }
}

/// What the word names.
pub(crate) fn name(image: &Path) -> anyhow::Result<ImageName> {
    // What it is called stands in the error already.
    ImageName::parse(image.as_os_str()).map_err(|error| anyhow::Error::from(OpenError::from(error)))
}

fn one_image_only(image: &Path) -> anyhow::Error {
    let image = image.display().to_string();
    Refusal::OneImage { image }.into()
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

/// The packages that `given` names: of a folder all in it, or all below it with
/// `recurse`; or the one of an INF or a `txtsetup.oem`.
pub(crate) fn packages(given: &Path, recurse: bool) -> anyhow::Result<Vec<Package>> {
    named(given, &["inf", "oem"], |tree| find_packages(tree, recurse))
}

/// The INFs that `given` names, like [`packages`], with the `.inx` files that a
/// build makes INFs of.
pub(crate) fn infs(given: &Path, recurse: bool) -> anyhow::Result<Vec<Package>> {
    named(given, &["inf", "inx", "oem"], |tree| {
        find_infs(tree, recurse)
    })
}

fn named(
    given: &Path,
    extensions: &[&str],
    find: impl Fn(&dyn FileTree) -> Result<Vec<ImagePath>, wimwright_drivers::Error>,
) -> anyhow::Result<Vec<Package>> {
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
        let infs = find(tree.as_ref())?;
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
    let is_inf = given.extension().is_some_and(|end| {
        let mut known = extensions.iter();
        known.any(|known| end.eq_ignore_ascii_case(known))
    });
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

/// A folder with driver files, or files of Windows' media, as a tree.
pub(crate) fn open_folder(folder: &Path) -> anyhow::Result<Arc<dyn FileTree>> {
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
