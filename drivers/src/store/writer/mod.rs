//! Puts a package into the store of Windows 8 and later: the complete
//! write-lists 11.1 and 11.2, from what the INF says.

mod applied;
mod configuration;
mod database;
mod device_property;
pub(crate) mod files;
pub(crate) mod lockdown;
mod recorded;
pub(crate) mod services;

use wimwright_servicing::plan::Basis;
use wimwright_servicing::registry::{HiveName, RegData};
use wimwright_servicing::{Draft, SourceId};

use crate::add::read::ReadPackage;
use crate::add::refusal::Stop;
use crate::error::Error;
use crate::model::{Guid, Service, StartType};
use crate::package::Package;
use crate::store::node::Node;
use crate::store::published_name::OemNumber;

/// Where a package goes.
pub(crate) struct Placed<'a> {
    pub(crate) package: &'a Package,
    pub(crate) number: OemNumber,
    pub(crate) node: Node,
    pub(crate) class: Guid,
}

/// Plans everything of the package; says whether anything is to be written.
pub(crate) fn write(
    draft: &mut Draft,
    package: &ReadPackage,
    placed: &Placed<'_>,
    source: SourceId,
) -> Result<bool, Stop> {
    let mark = draft.mark();
    files::stage(draft, package, placed, source)?;
    database::write(draft, package, placed)?;
    let published = placed.number.to_string();
    reflect(draft, package, placed.node, &published, source)?;
    // Sections may set one value twice; only what is left of it counts.
    draft.settle(&mark)?;
    let changed = draft.writes_since(&mark);
    if changed {
        update_date(draft)?;
    }
    Ok(changed)
}

/// What must be there before the device is installed: services that start with
/// the system, and the package's own drivers of classes that the kernel sees
/// early. The rest is done when the device shows up.
pub(crate) fn reflect(
    draft: &mut Draft,
    package: &ReadPackage,
    node: Node,
    published: &str,
    source: SourceId,
) -> Result<(), Stop> {
    let folder = package.folder();
    let publisher = services::Publisher {
        published: Some(published),
        package_folder: &folder,
        target: &package.model.target,
        only_missing: false,
    };
    for install in &package.model.installs {
        let mut any = false;
        for service in &install.services {
            if !is_reflected(package, node, service) {
                continue;
            }
            any = true;
            services::write(draft, service, &publisher)?;
            let wdf = install.wdf.iter().flat_map(|wdf| &wdf.kmdf);
            for kmdf in wdf.filter(|kmdf| kmdf.service.eq_ignore_ascii_case(&service.name)) {
                let Some(version) = &kmdf.library_version else {
                    continue;
                };
                let below = format!("Services\\{}\\Parameters\\Wdf", service.name);
                for key in draft.facts().control_set_keys(&below) {
                    let _ = draft.set_value(
                        HiveName::System,
                        &key,
                        "KmdfLibraryVersion",
                        RegData::sz(version),
                        &Basis::verified("driverstore 2.12"),
                    )?;
                }
            }
        }
        if !any {
            continue;
        }
        for copy in install.all_copy_files().filter(|copy| copy.from.is_none()) {
            let found = package.files.iter().find(|found| {
                found.file.name.eq_ignore_ascii_case(&copy.source)
                    && found.file.destinations.contains(&copy.destination)
            });
            if let Some(found) = found {
                let to = &copy.destination;
                files::reflect(draft, package, published, source, found, to, copy.flags)?;
            }
        }
    }
    Ok(())
}

fn is_reflected(package: &ReadPackage, node: Node, service: &Service) -> bool {
    // Services of included INFs are Windows' own, and there already.
    if service.from.is_some() {
        return false;
    }
    if matches!(service.start, Some(StartType::Boot | StartType::System)) {
        return true;
    }
    let binary = service
        .binary
        .as_ref()
        .and_then(|binary| binary.destination.as_ref());
    let own = binary.is_some_and(|binary| {
        package
            .files
            .iter()
            .any(|found| found.file.destinations.contains(binary))
    });
    node == Node::System && own
}

/// `UpdateDate` of each database that has one (row 5).
pub(crate) fn update_date(draft: &mut Draft) -> Result<(), Error> {
    let now = RegData::binary(draft.time().0.to_le_bytes());
    for node in Node::ALL {
        let root = node.root();
        if draft.value(node.hive(), &root, "UpdateDate")?.is_some() {
            let basis = Basis::verified("driverstore 2.1");
            let _ = draft.set_value(node.hive(), &root, "UpdateDate", now.clone(), &basis)?;
        }
    }
    Ok(())
}
