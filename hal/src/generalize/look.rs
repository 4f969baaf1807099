//! What the parts of this module read of an image, in one way.

use std::sync::Arc;

use wimwright_servicing::registry::{HiveName, KeyPath, RegData};
use wimwright_servicing::{Draft, Entry, FileTree as _, ImageFacts, ImagePath, Kind};

use crate::survey::Part;

/// More entries of one directory or key than this are counted, not named.
pub(super) const MAX_NAMED: usize = 8;

/// An image as it is asked.
pub(crate) struct Look<'d> {
    /// The image.
    pub draft: &'d Draft,
    /// What it is.
    pub facts: Arc<ImageFacts>,
}

impl<'d> Look<'d> {
    pub(super) fn new(draft: &'d Draft) -> Look<'d> {
        Look {
            draft,
            facts: Arc::clone(draft.facts()),
        }
    }

    /// A key of the control set that the next boot takes.
    pub(super) fn control_set(&self, below: &str) -> String {
        format!("{}\\{below}", self.facts.control_sets.default)
    }

    /// A value.
    pub(super) fn value(&self, hive: &HiveName, key: &str, name: &str) -> Part<Option<RegData>> {
        Ok(self.draft.value(hive, &KeyPath::from(key), name)?)
    }

    /// A text that is not empty.
    pub(super) fn text(&self, hive: &HiveName, key: &str, name: &str) -> Part<Option<String>> {
        let text = self.value(hive, key, name)?.and_then(|data| data.as_text());
        Ok(text.filter(|text| !text.trim().is_empty()))
    }

    /// A number.
    pub(super) fn number(&self, hive: &HiveName, key: &str, name: &str) -> Part<Option<u32>> {
        Ok(self
            .value(hive, key, name)?
            .and_then(|data| data.as_dword()))
    }

    /// The names of a key's subkeys; none where it is not there.
    pub(super) fn subkeys(&self, hive: &HiveName, key: &str) -> Part<Vec<String>> {
        Ok(self.draft.subkeys(hive, &KeyPath::from(key))?)
    }

    /// The names of a key's values; none where it is not there.
    pub(super) fn value_names(&self, hive: &HiveName, key: &str) -> Part<Vec<String>> {
        Ok(self.draft.value_names(hive, &KeyPath::from(key))?)
    }

    /// Whether a key is there.
    pub(super) fn has_key(&self, hive: &HiveName, key: &str) -> Part<bool> {
        Ok(self.draft.has_key(hive, &KeyPath::from(key))?)
    }

    /// A path below the Windows directory.
    pub(super) fn windows(&self, below: &str) -> Part<ImagePath> {
        Ok(self.facts.windows.join(below)?)
    }

    /// Whether a file is there.
    pub(super) fn has_file(&self, path: &ImagePath) -> Part<bool> {
        Ok(self.draft.has_file(path)?)
    }

    /// A file of a directory, as it is spelled there.
    pub(super) fn spelled(&self, directory: &ImagePath, name: &str) -> Part<Option<ImagePath>> {
        let path = directory.join(name)?;
        if !self.has_file(&path)? {
            return Ok(None);
        }
        // The exact spelling is the one that was found.
        let (mut exact, mut other) = (false, None);
        for entry in self.entries(directory)? {
            let own = entry.name.to_string();
            exact |= own == name;
            if other.is_none() && entry.name.is(name) {
                other = Some(directory.child(entry.name));
            }
        }
        Ok(other.filter(|_| !exact).or(Some(path)))
    }

    /// The length of a file in bytes; `None` where there is none.
    pub(super) fn file_len(&self, path: &ImagePath) -> Part<Option<u64>> {
        let found = self.draft.metadata(path)?;
        Ok(found
            .filter(|found| found.kind == Kind::File)
            .map(|found| found.len))
    }

    /// What a directory holds; nothing where it is not there.
    pub(super) fn entries(&self, directory: &ImagePath) -> Part<Vec<Entry>> {
        Ok(self.draft.read_dir(directory)?.unwrap_or_default())
    }

    /// The files of a directory whose names `is` takes.
    pub(super) fn files(
        &self,
        directory: &ImagePath,
        is: impl Fn(&str) -> bool,
    ) -> Part<Vec<ImagePath>> {
        let mut found = Vec::new();
        for entry in self.entries(directory)? {
            let name = entry.name.to_string();
            if entry.kind == Kind::File && is(&name.to_ascii_lowercase()) {
                found.push(directory.child(entry.name));
            }
        }
        Ok(found)
    }

    /// The beginning of a file, at most `limit` bytes; `None` where there is
    /// none.
    pub(super) fn head(&self, path: &ImagePath, limit: usize) -> Part<Option<Vec<u8>>> {
        let Some(blob) = self.draft.open(path)? else {
            return Ok(None);
        };
        let len = usize::try_from(blob.len()).map_or(limit, |len| len.min(limit));
        let mut bytes = vec![0; len];
        let read = blob.read_into(0, &mut bytes);
        read.map_err(|error| wimwright_servicing::TreeError::new(path, error))?;
        Ok(Some(bytes))
    }

    /// The end of a file, at most `limit` bytes, and how many bytes come before
    /// it; `None` where there is none.
    pub(super) fn tail(&self, path: &ImagePath, limit: usize) -> Part<Option<(Vec<u8>, u64)>> {
        let Some(blob) = self.draft.open(path)? else {
            return Ok(None);
        };
        let len = usize::try_from(blob.len()).map_or(limit, |len| len.min(limit));
        let from = blob.len().saturating_sub(len as u64);
        let mut bytes = vec![0; len];
        let read = blob.read_into(from, &mut bytes);
        read.map_err(|error| wimwright_servicing::TreeError::new(path, error))?;
        Ok(Some((bytes, from)))
    }

    /// The profiles' folders that are a person's: neither Windows' own nor the
    /// one that new users get.
    pub(super) fn people(&self) -> Part<Vec<(ImagePath, Option<String>)>> {
        let profiles = self.draft.profiles()?.into_iter();
        let own = |name: &str| {
            OWN_PROFILES
                .iter()
                .any(|own| own.eq_ignore_ascii_case(name))
        };
        Ok(profiles
            .filter(|profile| {
                let of_service = profile.sid.as_deref().is_some_and(|sid| {
                    !sid.starts_with("S-1-5-21-") && !sid.starts_with("S-1-12-1-")
                });
                !profile.is_default && !of_service && !own(&profile.name())
            })
            .map(|profile| (profile.folder, profile.sid))
            .collect())
    }
}

/// Profiles that Windows itself makes.
const OWN_PROFILES: [&str; 9] = [
    "Default",
    "Default User",
    "Default.migrated",
    "All Users",
    "Public",
    "LocalService",
    "NetworkService",
    "defaultuser0",
    "systemprofile",
];

/// The names, and how many more there are than are named.
pub(super) fn named<S: AsRef<str>>(names: &[S]) -> String {
    let shown: Vec<&str> = names.iter().take(MAX_NAMED).map(AsRef::as_ref).collect();
    let mut text = shown.join(", ");
    if names.len() > MAX_NAMED {
        text.push_str(&format!(" and {} more", names.len() - MAX_NAMED));
    }
    text
}

/// `1 file`, `3 files`.
pub(super) fn count(number: usize, one: &str, many: &str) -> String {
    match number {
        1 => format!("1 {one}"),
        _ => format!("{number} {many}"),
    }
}
