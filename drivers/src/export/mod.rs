//! Which files of an image make up its driver packages, to be copied out.
//!
//! An exported package is its folder in the store, named by package id, as
//! Windows' own tools export it (driverstore 8): `add` knows such a folder
//! again and keeps the id.

mod first_boot;

use serde::Serialize;
use wimwright_servicing::{Draft, FileTree as _, Generation, ImagePath, Kind};

use crate::error::Error;
use crate::list::require_store;
use crate::store::first_boot::text_setup::FILE_NAME;
use crate::stored::{Stored, all, named};

/// What became of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExportOutcome {
    /// Its files are there to be copied.
    Exported,
    /// It cannot be exported; the reason says why.
    Refused,
}

/// A file of a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportedFile {
    /// Where it lies in the image.
    pub image_path: ImagePath,
    /// Where it goes, below the package's folder.
    pub relative: ImagePath,
}

/// A package to be copied out, or a name that names none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportedPackage {
    /// As the user named it; its published name where all are exported.
    pub name: String,
    /// `oem7.inf`, where the image says it.
    pub published_name: Option<String>,
    /// The name of its folder, where the image says it.
    pub package_id: Option<String>,
    /// The INF's name before it was published, where the image says it.
    pub original_file_name: Option<String>,
    /// What became of it.
    pub outcome: ExportOutcome,
    /// Why it was refused.
    pub reason: Option<String>,
    /// Its files, in order; empty for a refused one.
    pub files: Vec<ExportedFile>,
}

/// Finds the files of third parties' packages: of those that `names` names (as
/// [`remove`](crate::remove) reads names), or of all. One that is refused does
/// not keep the others from being exported.
///
/// # Errors
/// [`Error`] for what is wrong with the image itself.
pub fn export(draft: &Draft, names: &[String]) -> Result<Vec<ExportedPackage>, Error> {
    require_store(draft)?;
    if draft.facts().generation != Generation::DriverDatabase {
        return first_boot::export(draft, names);
    }
    let mut chosen: Vec<(String, Result<Stored, String>)> = Vec::new();
    if names.is_empty() {
        for stored in all(draft)?.into_iter().filter(|stored| !stored.inbox) {
            let name = stored.published.clone().or_else(|| stored.id.clone());
            chosen.push((name.unwrap_or_default(), Ok(stored)));
        }
        chosen.sort_by_cached_key(|(name, stored)| {
            let number = stored.as_ref().ok().and_then(Stored::number);
            (number.is_none(), number, name.clone())
        });
    }
    for name in names {
        match named(draft, name, "exported")? {
            Err(unfit) => chosen.push((name.clone(), Err(unfit.to_string()))),
            Ok(found) => {
                for stored in found {
                    let known = |(_, known): &(_, Result<Stored, _>)| known.as_ref() == Ok(&stored);
                    if !chosen.iter().any(known) {
                        chosen.push((name.clone(), Ok(stored)));
                    }
                }
            }
        }
    }
    chosen
        .into_iter()
        .map(|(name, stored)| match stored {
            Ok(stored) => exported(draft, name, stored),
            Err(reason) => Ok(ExportedPackage {
                name,
                published_name: None,
                package_id: None,
                original_file_name: None,
                outcome: ExportOutcome::Refused,
                reason: Some(reason),
                files: Vec::new(),
            }),
        })
        .collect()
}

fn exported(draft: &Draft, name: String, stored: Stored) -> Result<ExportedPackage, Error> {
    let found = files(draft, &stored)?;
    let (outcome, reason, files) = match found {
        Ok(files) => (ExportOutcome::Exported, None, files),
        Err(reason) => (ExportOutcome::Refused, Some(reason), Vec::new()),
    };
    Ok(ExportedPackage {
        name,
        published_name: stored.published,
        package_id: stored.id,
        original_file_name: stored.original,
        outcome,
        reason,
        files,
    })
}

/// The files of a package; the inner error says why there are none.
fn files(draft: &Draft, stored: &Stored) -> Result<Result<Vec<ExportedFile>, String>, Error> {
    match stored.folder(draft)? {
        Some(folder) => files_of(draft, &folder),
        None => Ok(Err(
            "the driver database names no folder of it; `drivers check` says what mends it"
                .to_owned(),
        )),
    }
}

/// The files of a package's folder; the inner error says why there are none.
fn files_of(draft: &Draft, folder: &ImagePath) -> Result<Result<Vec<ExportedFile>, String>, Error> {
    if !draft.has_directory(folder)? {
        return Ok(Err(format!(
            "its folder `{folder}` is not there: the image holds the driver's entries, but not \
             its files; `drivers check` says what mends it"
        )));
    }
    let mut files = Vec::new();
    let mut link = None;
    draft.walk(folder, &mut |path, kind| {
        match (kind, path.below(folder)) {
            (Kind::File, Some(relative)) => files.push(ExportedFile {
                image_path: path.clone(),
                relative,
            }),
            (Kind::Link, _) => link = Some(path.clone()),
            _ => {}
        }
        Ok(())
    })?;
    if let Some(link) = link {
        return Ok(Err(format!("`{link}` is a link, which is not followed")));
    }
    let inf = |file: &ExportedFile| {
        file.relative.names().len() == 1
            && file
                .relative
                .file_name()
                .is_some_and(|name| name.ends_with(".inf") || name.is(FILE_NAME))
    };
    if !files.iter().any(inf) {
        return Ok(Err(format!("its folder `{folder}` holds no INF")));
    }
    Ok(Ok(files))
}
