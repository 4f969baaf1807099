//! The published catalog: the boot loader finds the signatures of boot drivers
//! in `CatRoot` before the service that answers for them runs (driverstore 4).

use std::collections::BTreeSet;

use wimwright_servicing::plan::{Basis, Change};
use wimwright_servicing::{Blob, Draft, FileTree as _, ImagePath};

use super::content::Content;
use super::published::same_content;
use crate::add::read::FoundCatalog;
use crate::add::refusal::{Refusal, Stop};
use crate::error::Error;
use crate::store::published_name::{OemNumber, lowest_free};
use crate::store::writer::files::DRIVER_CATALOGS;

const RECALLED: Basis = Basis::recalled("driverstore 11.3");

fn root(draft: &Draft) -> Result<ImagePath, Error> {
    let below = format!("System32\\CatRoot\\{DRIVER_CATALOGS}");
    Ok(draft.facts().windows.join(&below)?)
}

/// Every `oemN.cat` of the image, by number.
fn numbered(draft: &Draft) -> Result<Vec<(OemNumber, ImagePath)>, Error> {
    let root = root(draft)?;
    let entries = draft.read_dir(&root)?.unwrap_or_default();
    let mut found: Vec<_> = entries
        .into_iter()
        .filter_map(|entry| {
            let number = OemNumber::parse(&entry.name.to_string(), ".cat")?;
            Some((number, root.child(entry.name)))
        })
        .collect();
    found.sort_by_key(|(number, _)| *number);
    Ok(found)
}

/// The published copies of a catalog.
fn copies(draft: &Draft, catalog: &dyn Blob) -> Result<Vec<ImagePath>, Error> {
    let mut copies = Vec::new();
    for (_, path) in numbered(draft)? {
        if same_content(draft, &path, catalog)? {
            copies.push(path);
        }
    }
    Ok(copies)
}

/// Publishes a catalog under the lowest free number, unless it is published.
pub(crate) fn install(
    draft: &mut Draft,
    catalog: &FoundCatalog,
    content: &Content,
) -> Result<(), Stop> {
    if !copies(draft, catalog.blob.as_ref())?.is_empty() {
        return Ok(());
    }
    let mut taken: BTreeSet<OemNumber> = numbered(draft)?
        .into_iter()
        .map(|(number, _)| number)
        .collect();
    // A number that has an INF has a catalog, too, or may get one.
    let infs = draft.facts().windows.join("INF").map_err(Error::from)?;
    let infs = draft.read_dir(&infs).map_err(Error::from)?;
    taken.extend(
        infs.unwrap_or_default()
            .iter()
            .filter_map(|entry| OemNumber::parse(&entry.name.to_string(), ".inf")),
    );
    let number = lowest_free(&taken).ok_or(Refusal::NoFreeName)?;
    let path = root(draft)?.join(&number.catalog()).map_err(Error::from)?;
    content.put(draft, &path, &catalog.from, None, &catalog.blob, &RECALLED)
}

/// Takes the published copy of a catalog away.
pub(crate) fn remove(draft: &mut Draft, catalog: &dyn Blob) -> Result<(), Error> {
    for path in copies(draft, catalog)? {
        let _ = draft.plan_change(Change::Remove { path }, &RECALLED)?;
    }
    Ok(())
}
