//! Copying out of Windows before 8: packages that wait for the first boot, and
//! from Vista on those of the driver store.

use wimwright_servicing::{Draft, ImagePath};

use super::{ExportOutcome, ExportedPackage, files_of};
use crate::error::Error;
use crate::store::first_boot::pending;
use crate::store::first_boot::published::{self, inf_of_folder};
use crate::store::published_name::OemNumber;
use crate::stored::Unfit;

/// As [`export`](super::export).
pub(super) fn export(draft: &Draft, names: &[String]) -> Result<Vec<ExportedPackage>, Error> {
    let known = all(draft)?;
    if names.is_empty() {
        return known.iter().map(|one| one.exported(draft, None)).collect();
    }
    let mut exported: Vec<ExportedPackage> = Vec::new();
    for name in names {
        match known.iter().find(|one| one.is_named(name)) {
            Some(one) => {
                let package = one.exported(draft, Some(name))?;
                let twice = |other: &ExportedPackage| {
                    other.package_id.is_some() && other.package_id == package.package_id
                };
                if !exported.iter().any(twice) {
                    exported.push(package);
                }
            }
            None => exported.push(ExportedPackage {
                name: name.clone(),
                published_name: None,
                package_id: None,
                original_file_name: None,
                outcome: ExportOutcome::Refused,
                reason: Some(Unfit::Absent { name: name.clone() }.to_string()),
                files: Vec::new(),
            }),
        }
    }
    Ok(exported)
}

/// A package that can be named.
struct Known {
    /// `oem7.inf`, or `pending:...`.
    name: String,
    published: Option<OemNumber>,
    original: Option<String>,
    /// Its folder, and the name to give to the copy.
    folder: Option<(ImagePath, String)>,
}

fn all(draft: &Draft) -> Result<Vec<Known>, Error> {
    let mut known = Vec::new();
    let store = published::store_folders(draft)?;
    for (number, path) in published::all(draft)? {
        let found = published::store_folder(draft, &store, &path)?;
        let found = found.and_then(|at| store.get(at));
        known.push(Known {
            name: number.to_string(),
            published: Some(number),
            original: found.and_then(|(folder, _)| inf_of_folder(folder).map(str::to_owned)),
            folder: found.map(|(folder, place)| (place.clone(), folder.clone())),
        });
    }
    for waiting in pending::all(draft)? {
        let own = waiting.path.file_name();
        let own = own.map_or_else(String::new, ToString::to_string);
        known.push(Known {
            name: waiting.public_name(),
            published: None,
            original: waiting.packages.first().cloned(),
            folder: Some((waiting.path, own)),
        });
    }
    Ok(known)
}

impl Known {
    fn is_named(&self, name: &str) -> bool {
        let number = OemNumber::parse(name, ".inf").or_else(|| OemNumber::parse(name, ""));
        let folder = self.folder.as_ref();
        self.name.eq_ignore_ascii_case(name)
            || self.published.is_some() && self.published == number
            || folder.is_some_and(|(_, folder)| folder.eq_ignore_ascii_case(name))
    }

    fn exported(&self, draft: &Draft, name: Option<&str>) -> Result<ExportedPackage, Error> {
        let found = match &self.folder {
            Some((path, _)) => files_of(draft, path)?,
            None => Err(
                "this Windows keeps the INF of a package alone: its files lie among its own"
                    .to_owned(),
            ),
        };
        let (outcome, reason, files) = match found {
            Ok(files) => (ExportOutcome::Exported, None, files),
            Err(reason) => (ExportOutcome::Refused, Some(reason), Vec::new()),
        };
        Ok(ExportedPackage {
            name: name.unwrap_or(&self.name).to_owned(),
            published_name: self.published.map(|number| number.to_string()),
            package_id: self.folder.as_ref().map(|(_, folder)| folder.clone()),
            original_file_name: self.original.clone(),
            outcome,
            reason,
            files,
        })
    }
}
