//! What the control set of the next boot starts with the kernel: drivers of
//! `Start` 0, which the loader loads, and 1, which the kernel starts itself.

use wimwright_servicing::registry::{HiveError, HiveName, RegistryError};
use wimwright_servicing::{Draft, FileTree as _, ImagePath};

use super::image_path::{Located, locate};
use super::service::Service;
use crate::error::Error;

/// More services than this are not read; Windows 11 has some 700.
const MAX_SERVICES: usize = 20_000;

/// A driver that starts with the kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KernelService {
    /// Its name, as the hive spells it.
    pub name: String,
    /// 0: the loader loads it; 1: the kernel starts it.
    pub start: u32,
    /// What `StartOverride` says instead; 3 and 4 keep it from being loaded.
    pub start_override: Option<u32>,
    /// Its load order group.
    pub group: Option<String>,
    /// `ImagePath` as it stands there.
    pub image_path: Option<String>,
    /// Its file in the image; `None` where the path leads elsewhere.
    pub file: Option<ImagePath>,
    /// Whether that file is there; `None` where the path leads elsewhere.
    pub present: Option<bool>,
    /// The published INFs that own it; from Windows 8 on.
    pub owners: Vec<String>,
}

impl KernelService {
    /// Whether the loader loads it.
    pub fn is_loaded(&self) -> bool {
        self.start_override.unwrap_or(self.start) == 0
    }
}

/// The drivers that start with the kernel, the loader's first, then by name.
///
/// # Errors
/// [`Error`] when SYSTEM or a directory cannot be read.
pub fn kernel_services(draft: &Draft) -> Result<Vec<KernelService>, Error> {
    let Some(hive) = draft.hive(HiveName::System)? else {
        return Ok(Vec::new());
    };
    let set = draft.facts().control_sets.default;
    let read = || -> Result<Vec<Service>, HiveError> {
        let mut found = Vec::new();
        let Some(services) = hive.key(&format!("{set}\\Services"))? else {
            return Ok(found);
        };
        for key in services.subkeys()?.take(MAX_SERVICES) {
            let name = key?.name()?.to_string_lossy();
            found.extend(Service::read(&hive, set, &name)?);
        }
        Ok(found)
    };
    let services = read()
        .map_err(|source| Error::Registry(RegistryError::in_hive(&HiveName::System, source)))?;
    let mut found = Vec::new();
    for service in services {
        let Some(start @ (0 | 1)) = service.start.filter(|_| service.is_driver()) else {
            continue;
        };
        let path = service.image_path.as_deref();
        let file = match locate(&draft.facts().windows, &service.name, path) {
            Located::At(file) => Some(file),
            Located::Elsewhere(_) => None,
        };
        found.push(KernelService {
            present: match &file {
                Some(file) => Some(draft.has_file(file)?),
                None => None,
            },
            file,
            start,
            start_override: service.start_override,
            group: service.group,
            image_path: service.image_path,
            // `!<package id>` is a note of Windows, and no owner.
            owners: { service.owners.into_iter() }
                .filter(|owner| !owner.is_empty() && !owner.starts_with('!'))
                .collect(),
            name: service.name,
        });
    }
    found.sort_by_cached_key(|service| (service.start, service.name.to_lowercase()));
    Ok(found)
}
