//! Files of a package that goes: its folder in the store, what it is published
//! as, and its copies outside the store.

use wimwright_servicing::plan::{Basis, Change, Content};
use wimwright_servicing::registry::{HiveName, KeyPath};
use wimwright_servicing::{Draft, FileTree as _, Finding, ImagePath, TreeError, read_all};

use super::owners::Owned;
use super::part::Part;
use super::reflected::{ReflectedFile, content};
use crate::error::Error;
use crate::store::published_name::OemNumber;
use crate::store::writer::files::DRIVER_CATALOGS;
use crate::store::writer::lockdown;
use crate::stored::Stored;

const STORE: Basis = Basis::inferred("driverstore 8");

/// The largest file that goes into a plan itself.
const MAX_INLINE: u64 = 256 * 1024 * 1024;

/// Folders that stay even when they are empty: there is no Windows without
/// them. (The store itself and the folder of the catalogs are never looked at.)
const KEPT: &[&str] = &["INF", "System32", "System32\\drivers"];

/// Removes the package's folder.
pub(super) fn remove_folder(draft: &mut Draft, stored: &Stored) -> Result<(), Error> {
    match stored.folder(draft)? {
        Some(folder) => remove(draft, &folder),
        None => Ok(()),
    }
}

/// Removes what a name was published as: the INF, what Windows compiled of it,
/// and the catalog.
pub(super) fn remove_published(draft: &mut Draft, published: &str) -> Result<(), Error> {
    let windows = draft.facts().windows.clone();
    let inf = windows.join(&format!("INF\\{published}"))?;
    remove(draft, &inf)?;
    if let Some((stem, _)) = published.rsplit_once('.') {
        remove(draft, &windows.join(&format!("INF\\{stem}.PNF"))?)?;
    }
    if let Some(number) = OemNumber::parse(published, ".inf") {
        remove(draft, &catalog_of(&windows, number)?)?;
    }
    Ok(())
}

/// Publishes the INF and catalog of another package in place of what is there.
pub(super) fn publish(
    draft: &mut Draft,
    published: &str,
    package: &Stored,
    catalog: Option<&str>,
) -> Result<(), Error> {
    let windows = draft.facts().windows.clone();
    let Some(folder) = package.folder(draft)? else {
        return Ok(());
    };
    if let Some(inf) = &package.original {
        let to = windows.join(&format!("INF\\{published}"))?;
        copy(draft, &folder.join(inf)?, &to)?;
    }
    let catalog = catalog.zip(OemNumber::parse(published, ".inf"));
    if let Some((catalog, number)) = catalog {
        let to = catalog_of(&windows, number)?;
        copy(draft, &folder.join(catalog)?, &to)?;
    }
    Ok(())
}

fn catalog_of(windows: &ImagePath, number: OemNumber) -> Result<ImagePath, Error> {
    let catalog = number.catalog();
    Ok(windows.join(&format!("System32\\CatRoot\\{DRIVER_CATALOGS}\\{catalog}"))?)
}

fn copy(draft: &mut Draft, from: &ImagePath, to: &ImagePath) -> Result<(), Error> {
    if let Some(blob) = draft.open(from)? {
        let id = content(blob.as_ref(), from)?;
        put(draft, to, &ReflectedFile { id, blob })?;
    }
    Ok(())
}

/// Takes the package's copies outside the store back. With `in_use` they stay,
/// and only the records of whose they are go.
pub(super) fn take_back(
    draft: &mut Draft,
    part: &Part,
    in_use: bool,
    findings: &mut Vec<Finding>,
) -> Result<(), Error> {
    let mut recorded = Vec::new();
    for owned in &part.files {
        let source = source(draft, owned)?;
        if owned.alone() {
            let (hive, key) = (owned.hive.clone(), owned.key.clone());
            let _ = draft.plan_change(Change::DeleteKey { hive, key }, &STORE)?;
        } else {
            owned.give_up(draft, &STORE)?;
            let _ = part.take_out_of(draft, &owned.hive, &owned.key, &STORE)?;
        }
        let Some(path) = owned.file(draft) else {
            continue;
        };
        if !in_use {
            one(draft, part, owned, &path, source.as_ref(), findings)?;
        }
        recorded.push(path);
    }
    let top = KeyPath::from(lockdown::FILES);
    let _ = super::part::delete_if_empty(draft, &HiveName::Software, &top, &STORE)?;
    // Files that no record can be about: those outside the Windows directory.
    let windows = draft.facts().windows.clone();
    for path in part.paths() {
        let elsewhere = path.below(&windows).is_none() && !recorded.contains(path);
        if elsewhere && !in_use && is_own(draft, part, path)? {
            remove_with_folders(draft, path)?;
        }
    }
    Ok(())
}

/// One file that the image records as the package's.
fn one(
    draft: &mut Draft,
    part: &Part,
    owned: &Owned,
    path: &ImagePath,
    source: Option<&ImagePath>,
    findings: &mut Vec<Finding>,
) -> Result<(), Error> {
    let Some(there) = draft.open(path)? else {
        return Ok(());
    };
    let there = content(there.as_ref(), path)?;
    let own = match part.own_file(path) {
        Some(own) => Some(own.id),
        None => match source {
            Some(source) => match draft.open(source)? {
                Some(blob) => Some(content(blob.as_ref(), source)?),
                None => None,
            },
            None => None,
        },
    };
    if own == Some(there) {
        if owned.alone() {
            return remove_with_folders(draft, path);
        }
        return match part.file_of_others(path) {
            Some(file) => put(draft, path, file),
            None => Ok(()),
        };
    }
    if owned.alone() {
        let why = match own {
            Some(_) => "it is not the file of the package",
            None => "the package's own file is not in the store, to compare it with",
        };
        findings.push(Finding::warning(
            "file-kept",
            format!("`{path}` stays: {why}"),
        ));
    }
    Ok(())
}

/// Where in the store a recorded file comes from.
fn source(draft: &Draft, owned: &Owned) -> Result<Option<ImagePath>, Error> {
    let source = draft.value(&owned.hive, &owned.key, "Source")?;
    let Some(source) = source.and_then(|data| data.as_text()) else {
        return Ok(None);
    };
    let Some((root, below)) = source.split_once('\\') else {
        return Ok(None);
    };
    let in_windows = root.eq_ignore_ascii_case("%SystemRoot%");
    Ok(match in_windows {
        true => draft.facts().windows.join(below).ok(),
        false => None,
    })
}

fn is_own(draft: &Draft, part: &Part, path: &ImagePath) -> Result<bool, Error> {
    let (Some(own), Some(there)) = (part.own_file(path), draft.open(path)?) else {
        return Ok(false);
    };
    Ok(content(there.as_ref(), path)? == own.id)
}

fn put(draft: &mut Draft, path: &ImagePath, file: &ReflectedFile) -> Result<(), Error> {
    if let Some(there) = draft.open(path)?
        && content(there.as_ref(), path)? == file.id
    {
        return Ok(());
    }
    let bytes = read_all(file.blob.as_ref(), MAX_INLINE);
    let bytes = bytes.map_err(|error| TreeError::new(path, error))?;
    let change = Change::PutFile {
        path: path.clone(),
        content: Content::Inline(bytes),
    };
    let _ = draft.plan_change(change, &STORE)?;
    Ok(())
}

fn remove(draft: &mut Draft, path: &ImagePath) -> Result<(), Error> {
    if draft.metadata(path)?.is_some() {
        let path = path.clone();
        let _ = draft.plan_change(Change::Remove { path }, &STORE)?;
    }
    Ok(())
}

/// Removes a file, and the folders above it that are empty then: Windows has
/// none there that is, so a package brought them.
fn remove_with_folders(draft: &mut Draft, path: &ImagePath) -> Result<(), Error> {
    remove(draft, path)?;
    let windows = draft.facts().windows.clone();
    let mut kept = vec![ImagePath::root(), windows.clone()];
    for below in KEPT {
        kept.push(windows.join(below)?);
    }
    let mut folder = path.parent();
    while let Some(above) = folder.filter(|folder| !kept.contains(folder)) {
        if draft
            .read_dir(&above)?
            .is_none_or(|entries| !entries.is_empty())
        {
            break;
        }
        remove(draft, &above)?;
        folder = above.parent();
    }
    Ok(())
}
