//! Packages of Windows before 8: published INFs, the folders of the driver
//! store, and what waits for the first boot. The INFs themselves say what they
//! are: nothing else in the image does in a form that is known.

use wimwright_servicing::{Draft, FileTree as _, Finding, Generation, ImagePath, Kind};

use super::DriverPackage;
use crate::error::Error;
use crate::inbox::model_at;
use crate::model::{DriverModel, InfKind, InstallSection, Version};
use crate::signature::DriverSignature;
use crate::store::first_boot::pending::{self, Pending};
use crate::store::first_boot::published::{self, inf_of_folder};
use crate::store::first_boot::text_setup;

pub(super) fn list(draft: &mut Draft, with_inbox: bool) -> Result<Vec<DriverPackage>, Error> {
    let mut packages = Vec::new();
    let mut folders = published::store_folders(draft)?;
    for (number, path) in published::all(draft)? {
        let Some(mut package) = read(draft, &path)? else {
            continue;
        };
        package.published_name = Some(number.to_string());
        if let Some(at) = published::store_folder(draft, &folders, &path)? {
            let (folder, place) = folders.swap_remove(at);
            if let Some(name) = inf_of_folder(&folder) {
                name.clone_into(&mut package.original_file_name);
                package.inf = place.join(name)?;
            }
            package.package_id = Some(folder);
        }
        packages.push(package);
    }
    if with_inbox {
        packages.extend(inbox(draft, folders)?);
    }
    for waiting in pending::all(draft)? {
        for name in &waiting.packages {
            packages.extend(of_waiting(draft, &waiting, name)?);
        }
    }
    Ok(packages)
}

/// Windows' own packages: the rest of the store, or without one every other
/// device INF.
fn inbox(
    draft: &mut Draft,
    folders: Vec<(String, ImagePath)>,
) -> Result<Vec<DriverPackage>, Error> {
    let mut packages = Vec::new();
    for (folder, place) in folders {
        let Some(name) = inf_of_folder(&folder) else {
            continue;
        };
        if let Some(mut package) = read(draft, &place.join(name)?)? {
            package.published_name = Some(name.to_owned());
            package.package_id = Some(folder);
            package.inbox = true;
            packages.push(package);
        }
    }
    if draft.facts().generation != Generation::Nt5 {
        return Ok(packages);
    }
    let root = draft.facts().windows.join("INF")?;
    let own = published::all(draft)?;
    for entry in draft.read_dir(&root)?.unwrap_or_default() {
        let path = root.child(entry.name.clone());
        let is_own = own.iter().any(|(_, published)| *published == path);
        if entry.kind != Kind::File || !entry.name.ends_with(".inf") || is_own {
            continue;
        }
        if let Some(mut package) = read(draft, &path)? {
            package.published_name = Some(entry.name.to_string());
            package.inbox = true;
            packages.push(package);
        }
    }
    Ok(packages)
}

/// A package that waits for the first boot.
fn of_waiting(
    draft: &mut Draft,
    waiting: &Pending,
    name: &str,
) -> Result<Option<DriverPackage>, Error> {
    if name.eq_ignore_ascii_case(text_setup::FILE_NAME) {
        return of_text_setup(draft, waiting);
    }
    let package = read(draft, &waiting.path.join(name)?)?;
    Ok(package.map(|mut package| {
        package.package_id = Some(waiting.public_name());
        package
    }))
}

fn of_text_setup(draft: &mut Draft, waiting: &Pending) -> Result<Option<DriverPackage>, Error> {
    let Some((package, chosen)) = text_setup::of_pending(draft, waiting)? else {
        draft.report(Finding::warning(
            "broken-driver-package",
            format!(
                "`{}` holds a txtsetup.oem that cannot be used; `drivers check` says what mends it",
                waiting.path
            ),
        ));
        return Ok(None);
    };
    let path = waiting.path.join(&package.inf_name())?;
    let mut listed = described(draft, chosen.version.as_ref(), path);
    listed.package_id = Some(waiting.public_name());
    listed.boot_critical = true;
    listed.hardware_ids = chosen.device_ids();
    Ok(Some(listed))
}

/// What the INF at `path` says of itself; `None` where it is no device INF.
pub(crate) fn read(draft: &Draft, path: &ImagePath) -> Result<Option<DriverPackage>, Error> {
    let model = model_at(draft, path)?;
    Ok(model.and_then(|model| of_model(draft, &model, path)))
}

/// What the INF at `path` says of itself by its model; `None` where it is no
/// device INF.
pub(crate) fn of_model(
    draft: &Draft,
    model: &DriverModel,
    path: &ImagePath,
) -> Option<DriverPackage> {
    if model.version.kind != InfKind::Device {
        return None;
    }
    let mut package = described(draft, Some(&model.version), path.clone());
    let mut installs = model.installs.iter();
    package.boot_critical = installs.any(InstallSection::has_boot_start_service);
    for device in &model.models {
        for id in device.hardware_id.iter().chain(&device.compatible_ids) {
            if !package.hardware_ids.contains(id) {
                package.hardware_ids.push(id.clone());
            }
        }
    }
    Some(package)
}

fn described(draft: &Draft, version: Option<&Version>, inf: ImagePath) -> DriverPackage {
    let driver_ver = version.and_then(|version| version.driver_ver.as_ref());
    let name = inf.file_name();
    DriverPackage {
        published_name: None,
        original_file_name: name.map_or_else(String::new, ToString::to_string),
        inbox: false,
        class_name: version.and_then(|version| version.class.clone()),
        class_guid: version
            .and_then(|version| version.class_guid)
            .map_or_else(String::new, |guid| guid.to_string()),
        provider_name: version
            .and_then(|version| version.provider.clone())
            .unwrap_or_default(),
        date: driver_ver
            .and_then(|ver| ver.date)
            .map(|date| date.to_string()),
        version: driver_ver
            .and_then(|ver| ver.version)
            .map(|version| version.to_string()),
        boot_critical: false,
        driver_signature: DriverSignature::Unknown,
        package_id: None,
        architecture: Some(draft.facts().architecture.name().to_owned()),
        hardware_ids: Vec::new(),
        inf,
    }
}
