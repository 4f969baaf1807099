//! Packages that wait in the image for the first boot.

use std::sync::Arc;

use wimwright_servicing::{Draft, FileTree as _, ImagePath, Kind};

use super::boot::Boot;
use super::device_path;
use super::folder::{Folder, PREFIX, roots};
use super::text_setup;
use crate::add::read::{self, ReadPackage};
use crate::add::refusal::Stop;
use crate::error::Error;
use crate::package::Package;
use crate::stored::folder_tree;

/// A folder with packages that wait.
#[derive(Clone, Debug)]
pub(crate) struct Pending {
    /// What stands behind `pending:`: the folder's own name where it is one of
    /// ours, else its place in the image.
    pub(crate) name: String,
    /// Where it lies.
    pub(crate) path: ImagePath,
    /// How Windows names it, for `DevicePath` and scripts.
    pub(crate) variable_path: String,
    /// Its INFs, and its `txtsetup.oem`.
    pub(crate) packages: Vec<String>,
}

impl Pending {
    /// The name that users give to it.
    pub(crate) fn public_name(&self) -> String {
        format!("{PREFIX}{}", self.name)
    }
}

/// Every folder that waits, those of `DevicePath` in the order of that list.
pub(crate) fn all(draft: &Draft) -> Result<Vec<Pending>, Error> {
    let mut found: Vec<Pending> = Vec::new();
    let windows = draft.facts().windows.clone();
    let listed = device_path::directories(draft)?;
    let own_roots: Vec<(&str, ImagePath)> = roots(draft.facts().generation)
        .into_iter()
        .map(|root| Ok((root, windows.join(root)?)))
        .collect::<Result<_, Error>>()?;
    for (spelled, path) in listed {
        if found.iter().any(|known| known.path == path) {
            continue;
        }
        let parent = path.parent().unwrap_or_default();
        let ours = own_roots.iter().any(|(_, root)| *root == parent);
        let name = match (ours, path.file_name()) {
            (true, Some(name)) => name.to_string(),
            _ => path.to_string(),
        };
        found.extend(look(draft, name, path, spelled)?);
    }
    // What is not listed there: packages of WinPE, and of text mode setup.
    for (root_name, root) in own_roots {
        for entry in draft.read_dir(&root)?.unwrap_or_default() {
            let name = entry.name.to_string();
            let path = root.child(entry.name);
            if entry.kind != Kind::Directory || found.iter().any(|known| known.path == path) {
                continue;
            }
            let variable = format!("%SystemRoot%\\{root_name}\\{name}");
            let mut waiting = look(draft, name, path, variable)?;
            if let Some(waiting) = &mut waiting {
                let is_setup = |name: &String| name.eq_ignore_ascii_case(text_setup::FILE_NAME);
                // The INFs beside a `txtsetup.oem` are part of that package.
                if waiting.packages.iter().any(is_setup) {
                    waiting.packages.retain(is_setup);
                }
            }
            found.extend(waiting);
        }
    }
    Ok(found)
}

/// The folder at `path`, where it holds a package.
fn look(
    draft: &Draft,
    name: String,
    path: ImagePath,
    variable_path: String,
) -> Result<Option<Pending>, Error> {
    let mut packages = Vec::new();
    for entry in draft.read_dir(&path)?.unwrap_or_default() {
        let file = entry.kind == Kind::File;
        if file && (entry.name.ends_with(".inf") || entry.name.is(text_setup::FILE_NAME)) {
            packages.push(entry.name.to_string());
        }
    }
    Ok((!packages.is_empty()).then_some(Pending {
        name,
        path,
        variable_path,
        packages,
    }))
}

/// A package of a waiting folder, as one that could be added again.
pub(crate) fn package(draft: &Draft, pending: &Pending, inf: &str) -> Result<Package, Error> {
    let tree = folder_tree(draft, &pending.path)?.unwrap_or_default();
    let folder = pending.path.file_name();
    let folder = folder.map_or_else(String::new, ToString::to_string);
    let inf = ImagePath::parse(inf)?;
    Ok(Package::new(
        pending.path.to_string(),
        folder,
        Arc::new(tree),
        inf,
    ))
}

/// Reads an INF package of a waiting folder; `None` where it is no package for
/// this image.
pub(crate) fn read(
    draft: &Draft,
    pending: &Pending,
    inf: &str,
) -> Result<Option<(Package, ReadPackage)>, Error> {
    let package = package(draft, pending, inf)?;
    match read::read(draft, &package) {
        Ok(read) => Ok(Some((package, read))),
        Err(Stop::Refused(_)) => Ok(None),
        Err(Stop::Failed(error)) => Err(error),
    }
}

/// The services of a waiting folder that start with the kernel.
pub(crate) fn boot_services(draft: &Draft, pending: &Pending) -> Result<Vec<String>, Error> {
    let mut services = Vec::new();
    for inf in &pending.packages {
        if inf.eq_ignore_ascii_case(text_setup::FILE_NAME) {
            services.extend(text_setup::services(draft, pending)?);
        } else if let Some((_, read)) = read(draft, pending, inf)? {
            services.extend(Boot::of(&read).services());
        }
    }
    Ok(services)
}

/// Whether another folder than `own` brings one of these services, too.
pub(crate) fn others_share(
    draft: &Draft,
    own: &Folder,
    services: &[String],
) -> Result<bool, Error> {
    if services.is_empty() {
        return Ok(false);
    }
    for pending in all(draft)? {
        if pending.path == *own.path() {
            continue;
        }
        let theirs = boot_services(draft, &pending)?;
        if theirs
            .iter()
            .any(|name| services.iter().any(|own| own.eq_ignore_ascii_case(name)))
        {
            return Ok(true);
        }
    }
    Ok(false)
}
