//! The published catalog: the boot loader finds the signatures of boot drivers
//! in `CatRoot` before the service that answers for them runs (driverstore 4).
//!
//! Windows calls the catalog of a published package `oemN.cat`, after its INF. A
//! package that waits has no number yet, and one taken for it could be given to
//! another package by the first boot, whose catalog would then replace it. So it
//! is called after the package's folder; the catalogs of Windows' updates have
//! names of their own as well.

use wimwright_servicing::plan::{Basis, Change};
use wimwright_servicing::{Draft, ImagePath};

use super::content::Content;
use super::folder::Folder;
use crate::add::read::FoundCatalog;
use crate::add::refusal::Stop;
use crate::error::Error;
use crate::store::writer::files::DRIVER_CATALOGS;

const INFERRED: Basis = Basis::inferred("driverstore 11.3");

/// Where the catalog of a waiting folder is published.
pub(crate) fn path(draft: &Draft, folder: &str) -> Result<ImagePath, Error> {
    let below = format!("System32\\CatRoot\\{DRIVER_CATALOGS}\\{folder}.cat");
    Ok(draft.facts().windows.join(&below)?)
}

/// Publishes the catalog of a waiting package.
pub(crate) fn install(
    draft: &mut Draft,
    folder: &Folder,
    catalog: &FoundCatalog,
    content: &Content,
) -> Result<(), Stop> {
    let path = path(draft, folder.name())?;
    content.put(draft, &path, &catalog.from, None, &catalog.blob, &INFERRED)
}

/// Takes it away again.
pub(crate) fn remove(draft: &mut Draft, folder: &str) -> Result<(), Error> {
    let Ok(path) = path(draft, folder) else {
        // A folder of somebody else, whose name is a path.
        return Ok(());
    };
    let _ = draft.plan_change(Change::Remove { path }, &INFERRED)?;
    Ok(())
}
