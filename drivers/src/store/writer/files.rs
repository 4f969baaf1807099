//! The files of a package: its folder in the store, the published INF and
//! catalog, and the copies outside the store that must be there at boot
//! (write-list rows 1 to 3 and 23).

use wimwright_servicing::plan::Basis;
use wimwright_servicing::registry::HiveName;
use wimwright_servicing::{Blob, Draft, FileTree as _, Finding, ImagePath, SourceId, pe, read_all};

use super::Placed;
use super::lockdown;
use super::services::is_shared;
use crate::add::read::{FoundFile, ReadPackage};
use crate::add::refusal::Stop;
use crate::error::Error;
use crate::model::{Destination, copy_flag, dirid};

const SEEN: Basis = Basis::verified("driverstore 11.1");
const CONCLUDED: Basis = Basis::inferred("driverstore 11.2");

/// Where Windows keeps the catalogs of drivers, below `System32\CatRoot`.
pub(crate) const DRIVER_CATALOGS: &str = "{F750E6C3-38EE-11D1-85E5-00C04FC295EE}";

/// The largest file whose version is compared with another's.
const MAX_COMPARED: u64 = 256 * 1024 * 1024;

/// Puts the package into the store and publishes it.
pub(super) fn stage(
    draft: &mut Draft,
    package: &ReadPackage,
    placed: &Placed<'_>,
    source: SourceId,
) -> Result<(), Stop> {
    let windows = draft.facts().windows.clone();
    let at = |below: &str| windows.join(below).map_err(Error::from);
    let folder = at(&package.folder())?;
    let inf_name = placed.package.inf_name();
    let inf = placed.package.inf();
    let in_folder = |name: &str| folder.join(name).map_err(Error::from);
    let _ = draft.put_file(&in_folder(&inf_name)?, source, inf, None, &SEEN)?;
    for found in &package.files {
        let path = in_folder(&found.file.path())?;
        let expand = found.expand.as_deref();
        let _ = draft.put_file(&path, source, &found.from, expand, &SEEN)?;
    }
    let published = at(&format!("INF\\{}", placed.number))?;
    let _ = draft.put_file(&published, source, inf, None, &SEEN)?;
    if let Some(catalog) = &package.catalog {
        let path = in_folder(&catalog.name)?;
        let _ = draft.put_file(&path, source, &catalog.from, None, &SEEN)?;
        let name = placed.number.catalog();
        let path = at(&format!("System32\\CatRoot\\{DRIVER_CATALOGS}\\{name}"))?;
        let _ = draft.put_file(&path, source, &catalog.from, None, &SEEN)?;
    }
    Ok(())
}

/// Copies a file of the package to where its INF sends it, and records whose
/// it is. Files that stay in the store are left alone.
pub(super) fn reflect(
    draft: &mut Draft,
    package: &ReadPackage,
    published: &str,
    source: SourceId,
    found: &FoundFile,
    destination: &Destination,
    flags: u32,
) -> Result<(), Stop> {
    let location = match destination.location(&package.model.target) {
        Ok(location) => location,
        Err(error) => {
            draft.report(Finding::warning(
                "not-copied",
                format!("`{}` is not copied: {error}", found.file.name),
            ));
            return Ok(());
        }
    };
    let windows = draft.facts().windows.clone();
    let below = ImagePath::parse(&location.path).map_err(Error::from)?;
    let path = match location.root {
        dirid::Root::Package => return Ok(()),
        dirid::Root::SystemDrive => below.clone(),
        dirid::Root::Windows => windows.join_path(&below),
    };
    let expand = found.expand.as_deref();
    // A file of several packages is that of the last one added; see services.
    let owners = lockdown::key(&below);
    let shared = location.root == dirid::Root::Windows
        && is_shared(draft, &HiveName::Software, &owners, published)?;
    let stays = shared && draft.has_file(&path).map_err(Error::from)?;
    if !stays && takes_place(draft, &path, found, flags)? {
        let basis = match draft.metadata(&path).map_err(Error::from)? {
            None => &SEEN,
            Some(_) => &CONCLUDED,
        };
        let _ = draft.put_file(&path, source, &found.from, expand, basis)?;
    }
    if location.root == dirid::Root::Windows {
        let origin = format!("{}\\{}", package.folder(), found.file.path());
        let origin = ImagePath::parse(&origin).map_err(Error::from)?;
        let locked_down = package.model.version.pnp_lockdown;
        lockdown::write(draft, &below, &origin, published, locked_down)?;
    }
    Ok(())
}

/// Whether the package's file takes the place of what is at `path`.
pub(crate) fn takes_place(
    draft: &mut Draft,
    path: &ImagePath,
    found: &FoundFile,
    flags: u32,
) -> Result<bool, Stop> {
    let there = draft.open(path).map_err(Error::from)?;
    let Some(there) = there else {
        // REPLACEONLY adds no file.
        return Ok(flags & copy_flag::REPLACE_ONLY == 0);
    };
    if flags & copy_flag::NO_OVERWRITE != 0 {
        return Ok(false);
    }
    let (old, new) = (version(there.as_ref()), version(found.blob.as_ref()));
    if let (Some(old), Some(new)) = (old, new)
        && new < old
    {
        draft.report(Finding::note(
            "newer-file-kept",
            format!(
                "`{path}` is version {} and stays; the package has {}",
                show(old),
                show(new)
            ),
        ));
        return Ok(false);
    }
    Ok(true)
}

fn version(blob: &dyn Blob) -> Option<[u16; 4]> {
    let bytes = read_all(blob, MAX_COMPARED).ok()?;
    let facts = pe::PeFacts::read(&bytes).ok()??;
    let fixed = facts.version.ok()??.fixed?;
    Some(fixed.file_version.0)
}

fn show(version: [u16; 4]) -> String {
    version.map(|part| part.to_string()).join(".")
}
