//! The part of a package that the first boot needs before Windows can install
//! anything: drivers that start with the kernel (write-list 11.3, rows 4 to 6).

use wimwright_servicing::plan::Basis;
use wimwright_servicing::{Draft, FileTree as _, Finding, ImagePath};

use super::content::Content;
use super::critical_device::{self, Binding, is_specific};
use crate::add::read::ReadPackage;
use crate::add::refusal::Stop;
use crate::error::Error;
use crate::model::{
    AssociatedService, InstallSection, Model, Operation, RegistryChange, Service, StartType, dirid,
};
use crate::store::writer::files::takes_place;
use crate::store::writer::services::{self, Publisher};

const STATED: Basis = Basis::stated("driverstore 11.3");

/// Drivers of a package that start with the kernel.
pub(crate) struct Boot<'p> {
    /// The install sections that bring one.
    installs: Vec<&'p InstallSection>,
    /// Which devices they drive.
    bindings: Vec<Binding>,
}

/// A service that the package itself brings and the boot loader loads.
fn starts_with_kernel(service: &Service) -> bool {
    // Services of included INFs are Windows' own, and there already.
    service.from.is_none() && service.is_driver() && service.start == Some(StartType::Boot)
}

/// A copy of a package's file outside its folder.
pub(crate) struct Placed<'p> {
    /// Where it goes in the image.
    pub(crate) path: ImagePath,
    /// The package's file.
    pub(crate) found: &'p crate::add::read::FoundFile,
    flags: u32,
}

impl<'p> Boot<'p> {
    /// What of `package` starts with the kernel.
    pub(crate) fn of(package: &'p ReadPackage) -> Boot<'p> {
        let model = &package.model;
        let installs = model
            .installs
            .iter()
            .filter(|install| install.services.iter().any(starts_with_kernel));
        // In capitals, as nearly all real entries have it.
        let class = model.version.class_guid;
        let class = class.map(|guid| guid.to_string().to_uppercase());
        let mut bindings: Vec<Binding> = Vec::new();
        for device in &model.models {
            let bound = model
                .install_of(device)
                .and_then(|install| Some((install, boot_service(install)?)));
            let (Some((install, service)), Some(class)) = (bound, &class) else {
                continue;
            };
            for id in ids(device) {
                if bindings
                    .iter()
                    .any(|known| known.id.eq_ignore_ascii_case(id))
                {
                    continue;
                }
                bindings.push(Binding {
                    id: id.to_owned(),
                    service: service.to_owned(),
                    class: class.clone(),
                    upper_filters: filters(&install.hardware, "UpperFilters"),
                    lower_filters: filters(&install.hardware, "LowerFilters"),
                });
            }
        }
        Boot {
            installs: installs.collect(),
            bindings,
        }
    }

    /// The services' names, each once.
    pub(crate) fn services(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for service in self.own_services() {
            if !names
                .iter()
                .any(|name| name.eq_ignore_ascii_case(&service.name))
            {
                names.push(service.name.clone());
            }
        }
        names
    }

    fn own_services(&self) -> impl Iterator<Item = &'p Service> {
        let services = self.installs.iter().flat_map(|install| &install.services);
        services.filter(|service| starts_with_kernel(service))
    }

    /// The event logs of the services, as keys below `Services\EventLog`.
    pub(crate) fn event_logs(&self) -> Vec<String> {
        self.own_services()
            .filter_map(|service| service.event_log.as_ref())
            .map(|log| format!("{}\\{}", log.log, log.name))
            .collect()
    }

    /// The devices that they drive.
    pub(crate) fn device_ids(&self) -> Vec<&str> {
        self.bindings
            .iter()
            .map(|binding| binding.id.as_str())
            .collect()
    }

    /// The files that must lie outside the package's folder.
    pub(crate) fn files(
        &self,
        draft: &mut Draft,
        package: &'p ReadPackage,
    ) -> Result<Vec<Placed<'p>>, Error> {
        let windows = draft.facts().windows.clone();
        let mut files = Vec::new();
        let copies = self
            .installs
            .iter()
            .flat_map(|install| install.all_copy_files())
            .filter(|copy| copy.from.is_none());
        for copy in copies {
            let found = package.files.iter().find(|found| {
                found.file.name.eq_ignore_ascii_case(&copy.source)
                    && found.file.destinations.contains(&copy.destination)
            });
            let Some(found) = found else { continue };
            let location = match copy.destination.location(&package.model.target) {
                Ok(location) => location,
                Err(error) => {
                    draft.report(Finding::warning(
                        "not-copied",
                        format!("`{}` is not copied: {error}", found.file.name),
                    ));
                    continue;
                }
            };
            let below = ImagePath::parse(&location.path)?;
            let path = match location.root {
                dirid::Root::Package => continue,
                dirid::Root::SystemDrive => below,
                dirid::Root::Windows => windows.join_path(&below),
            };
            files.push(Placed {
                path,
                found,
                flags: copy.flags,
            });
        }
        Ok(files)
    }

    /// Plans files, services and bindings. With `only_missing` nothing that is
    /// there is replaced.
    pub(crate) fn write(
        &self,
        draft: &mut Draft,
        package: &ReadPackage,
        content: &Content,
        only_missing: bool,
    ) -> Result<(), Stop> {
        for placed in self.files(draft, package)? {
            let stays = only_missing && draft.has_file(&placed.path).map_err(Error::from)?;
            if stays || !takes_place(draft, &placed.path, placed.found, placed.flags)? {
                continue;
            }
            let found = placed.found;
            let expand = found.expand.as_deref();
            content.put(
                draft,
                &placed.path,
                &found.from,
                expand,
                &found.blob,
                &STATED,
            )?;
        }
        let folder = package.folder();
        let publisher = Publisher {
            published: None,
            package_folder: &folder,
            target: &package.model.target,
            only_missing,
        };
        for service in self.own_services() {
            services::write(draft, service, &publisher)?;
        }
        critical_device::write(draft, &self.bindings)?;
        Ok(())
    }
}

/// The function driver of a section's devices, where it is one of these.
fn boot_service(install: &InstallSection) -> Option<&str> {
    let AssociatedService::Named(name) = &install.associated_service else {
        return None;
    };
    let mut services = install.services.iter();
    let found = services.find(|service| service.name.eq_ignore_ascii_case(name));
    found.filter(|service| starts_with_kernel(service))?;
    Some(name)
}

/// The ids that a model is bound by: the one it names first, and those among
/// the others that mean no other vendor's device.
fn ids(model: &Model) -> impl Iterator<Item = &str> {
    let first = model.hardware_id.iter().map(String::as_str);
    let others = model.compatible_ids.iter().map(String::as_str);
    first.chain(others.filter(|id| is_specific(id)))
}

/// The filters that `.HW` sets.
fn filters(hardware: &[RegistryChange], wanted: &str) -> Vec<String> {
    let mut found = Vec::new();
    for change in hardware.iter().filter(|change| change.subkey.is_empty()) {
        match &change.operation {
            Operation::AppendStrings { name, strings } if name.eq_ignore_ascii_case(wanted) => {
                found.extend(strings.iter().cloned());
            }
            Operation::SetValue { name, data, .. } if name.eq_ignore_ascii_case(wanted) => {
                let strings = data.as_strings().or_else(|| Some(vec![data.as_text()?]));
                found.extend(strings.unwrap_or_default());
            }
            _ => {}
        }
    }
    found
}
