//! Folders and files that belong to driver packages.

use std::collections::BTreeMap;

use wimwright_servicing::{Draft, FileTree as _, ImagePath, Kind};

use crate::error::Error;
use crate::store::published_name::OemNumber;
use crate::store::writer::files::DRIVER_CATALOGS;

/// Folders and files by name in lower case.
pub(in crate::check) struct Files {
    /// Folders of the driver store.
    pub(in crate::check) folders: BTreeMap<String, ImagePath>,
    /// Files of `Windows\INF`.
    pub(in crate::check) infs: BTreeMap<String, ImagePath>,
    /// Catalogs of drivers.
    pub(in crate::check) catalogs: BTreeMap<String, ImagePath>,
}

impl Files {
    pub(super) fn of(draft: &Draft) -> Result<Files, Error> {
        let catalogs = format!("System32\\CatRoot\\{DRIVER_CATALOGS}");
        let repository = "System32\\DriverStore\\FileRepository";
        Ok(Files {
            folders: entries(draft, repository, Kind::Directory)?,
            infs: entries(draft, "INF", Kind::File)?,
            catalogs: entries(draft, &catalogs, Kind::File)?,
        })
    }

    /// A file of `Windows\INF`.
    pub(in crate::check) fn inf(&self, name: &str) -> Option<&ImagePath> {
        self.infs.get(&name.to_lowercase())
    }

    /// A catalog of drivers.
    pub(in crate::check) fn catalog(&self, name: &str) -> Option<&ImagePath> {
        self.catalogs.get(&name.to_lowercase())
    }

    /// The numbers of published INFs that lie in `Windows\INF`.
    pub(in crate::check) fn published(&self) -> impl Iterator<Item = (OemNumber, &ImagePath)> {
        numbered(&self.infs, ".inf")
    }

    /// The numbers of published catalogs.
    pub(in crate::check) fn published_catalogs(
        &self,
    ) -> impl Iterator<Item = (OemNumber, &ImagePath)> {
        numbered(&self.catalogs, ".cat")
    }
}

fn numbered<'f>(
    files: &'f BTreeMap<String, ImagePath>,
    ending: &'static str,
) -> impl Iterator<Item = (OemNumber, &'f ImagePath)> {
    files
        .iter()
        .filter_map(move |(name, path)| Some((OemNumber::parse(name, ending)?, path)))
}

fn entries(draft: &Draft, below: &str, kind: Kind) -> Result<BTreeMap<String, ImagePath>, Error> {
    let top = draft.facts().windows.join(below)?;
    let entries = draft.read_dir(&top)?.unwrap_or_default().into_iter();
    let fitting = entries.filter(|entry| entry.kind == kind);
    Ok(fitting
        .map(|entry| {
            let name = entry.name.to_string().to_lowercase();
            (name, top.child(entry.name))
        })
        .collect())
}
