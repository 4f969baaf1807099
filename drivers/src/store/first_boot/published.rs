//! Packages that Windows before 8 has installed itself: `Windows\INF\oemN.inf`,
//! and from Vista on a folder in the driver store.

use wimwright_servicing::{Blob, Draft, FileTree as _, ImagePath, TreeError};

use crate::error::Error;
use crate::store::published_name::OemNumber;

/// Bytes that are compared at a time.
const CHUNK: usize = 64 * 1024;

/// A package that Windows has published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Published {
    /// Its number; `None` where it is only in the store.
    pub(crate) number: Option<OemNumber>,
    /// Its folder in the store; `None` on Windows without one.
    pub(crate) package_id: Option<String>,
}

/// Every `oemN.inf` of the image, by number.
pub(crate) fn all(draft: &Draft) -> Result<Vec<(OemNumber, ImagePath)>, Error> {
    let root = draft.facts().windows.join("INF")?;
    let entries = draft.read_dir(&root)?.unwrap_or_default();
    let mut found: Vec<_> = entries
        .into_iter()
        .filter_map(|entry| {
            let number = OemNumber::parse(&entry.name.to_string(), ".inf")?;
            Some((number, root.child(entry.name)))
        })
        .collect();
    found.sort_by_key(|(number, _)| *number);
    Ok(found)
}

/// The folders of the driver store, by name, with their place.
pub(crate) fn store_folders(draft: &Draft) -> Result<Vec<(String, ImagePath)>, Error> {
    let below = "System32\\DriverStore\\FileRepository";
    let root = draft.facts().windows.join(below)?;
    let entries = draft.read_dir(&root)?.unwrap_or_default();
    let folders = entries.into_iter().map(|entry| {
        let name = entry.name.to_string();
        (name, root.child(entry.name))
    });
    Ok(folders.collect())
}

/// The INF's own name in a folder of the store: what stands before the
/// architecture, `x.inf_amd64_neutral_...` or, in Vista, `x.inf_...`.
pub(crate) fn inf_of_folder(folder: &str) -> Option<&str> {
    let end = folder.to_ascii_lowercase().rfind(".inf_")?;
    folder.get(..end + ".inf".len())
}

/// Where Windows has published the package of this INF.
pub(crate) fn of_inf(
    draft: &Draft,
    name: &str,
    inf: &dyn Blob,
) -> Result<Option<Published>, Error> {
    let mut package_id = None;
    for (folder, path) in store_folders(draft)? {
        let its = inf_of_folder(&folder).is_some_and(|own| own.eq_ignore_ascii_case(name));
        if its && same_content(draft, &path.join(name)?, inf)? {
            package_id = Some(folder);
            break;
        }
    }
    for (number, path) in all(draft)? {
        if same_content(draft, &path, inf)? {
            return Ok(Some(Published {
                number: Some(number),
                package_id,
            }));
        }
    }
    Ok(package_id.map(|id| Published {
        number: None,
        package_id: Some(id),
    }))
}

/// Whether the file at `path` holds just these bytes.
pub(crate) fn same_content(
    draft: &Draft,
    path: &ImagePath,
    other: &dyn Blob,
) -> Result<bool, Error> {
    let Some(blob) = draft.open(path)? else {
        return Ok(false);
    };
    let unreadable = |error| Error::Tree(TreeError::new(path, error));
    same_bytes(blob.as_ref(), other).map_err(unreadable)
}

fn same_bytes(a: &dyn Blob, b: &dyn Blob) -> std::io::Result<bool> {
    if a.len() != b.len() {
        return Ok(false);
    }
    let (mut left, mut right) = (vec![0; CHUNK], vec![0; CHUNK]);
    let mut at = 0;
    while at < a.len() {
        let len = (a.len() - at).min(CHUNK as u64) as usize;
        let (Some(left), Some(right)) = (left.get_mut(..len), right.get_mut(..len)) else {
            return Ok(false);
        };
        a.read_into(at, left)?;
        b.read_into(at, right)?;
        if left != right {
            return Ok(false);
        }
        at += len as u64;
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn store_folders_name_their_inf() {
        for (folder, inf) in [
            (
                "viostor.inf_amd64_neutral_0123456789abcdef",
                Some("viostor.inf"),
            ),
            ("msmouse.inf_3dfa3917", Some("msmouse.inf")),
            ("a.inf_b.inf_x86_neutral_1", Some("a.inf_b.inf")),
            ("Temp", None),
        ] {
            assert_eq!(inf_of_folder(folder), inf, "{folder}");
        }
    }
}
