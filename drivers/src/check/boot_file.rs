//! The files of services that start with the kernel.

use wimwright_servicing::plan::Basis;
use wimwright_servicing::registry::HiveName;
use wimwright_servicing::{Draft, FileTree as _, ImagePath, Kind, TreeError, pe};

use super::fault::{Fix, in_hive};
use super::survey::ServiceEntry;
use super::{Check, EVERY, Fault, Severity, Survey};
use crate::add::read::runs_on;
use crate::error::Error;
use crate::store::first_boot::pending;
use crate::stored::same;

pub(super) static CHECK: Check = Check {
    name: "boot-file",
    severity: Severity::Error,
    description: "services that start with the kernel have their file, for the image's processor",
    effect: "the boot loader cannot load the driver: Windows stops before it starts, or with 0x7B",
    source: "driverstore 2.12",
    generations: EVERY,
    run,
};

/// How much of a file is looked at for its headers.
const PE_HEADERS: u64 = 64 * 1024;

fn run(draft: &Draft, survey: &Survey, found: &mut Vec<Fault>) -> Result<(), Error> {
    let windows = &draft.facts().windows;
    let mut seen: Vec<ImagePath> = Vec::new();
    for service in &survey.services {
        if !service.starts_with_kernel() {
            continue;
        }
        let Some(path) = service.file(windows) else {
            continue;
        };
        if seen.contains(&path) {
            // The same service in two control sets.
            continue;
        }
        let Some(wrong) = wrong(draft, &path)? else {
            continue;
        };
        let message = format!("`{path}` {wrong}");
        let place = in_hive(HiveName::System, &service.key);
        let fault = Fault::new(&CHECK, place, message);
        found.push(match in_store(draft, survey, service, &path)? {
            Some(from) => {
                let does = format!("copy it from `{from}`");
                let basis = Basis::stated("driverstore 2.14");
                let to = path.clone();
                fault.repaired_by(does, vec![Fix::Copy { from, to, basis }])
            }
            None => fault.not_mended(
                "no package of the image has such a file: add the package of the driver again \
                 (`drivers add`), or copy the file from an image of the same build",
            ),
        });
        seen.push(path);
    }
    Ok(())
}

/// What keeps the boot loader from loading a file; `None` where nothing does.
fn wrong(draft: &Draft, path: &ImagePath) -> Result<Option<String>, Error> {
    let Some(machine) = machine(draft, path)? else {
        return Ok(Some("is not there".to_owned()));
    };
    let architecture = draft.facts().architecture;
    Ok(match machine {
        None => Some("is no program that Windows can load".to_owned()),
        Some(machine) if runs_on(machine, architecture) => None,
        Some(machine) => Some(format!(
            "is for {machine}, and this Windows is for {architecture}"
        )),
    })
}

/// The processor that a file is for: the outer `None` where there is no file,
/// the inner one where it is no program.
fn machine(draft: &Draft, path: &ImagePath) -> Result<Option<Option<pe::Machine>>, Error> {
    let Some(blob) = draft.open(path)? else {
        return Ok(None);
    };
    let mut headers = vec![0; blob.len().min(PE_HEADERS) as usize];
    let read = blob.read_into(0, &mut headers);
    read.map_err(|error| TreeError::new(path, error))?;
    let facts = pe::PeFacts::read(&headers).ok().flatten();
    Ok(Some(facts.map(|facts| facts.machine)))
}

/// The same file in the store, in a package that brings the service: the only
/// one of that name that this Windows can load.
fn in_store(
    draft: &Draft,
    survey: &Survey,
    service: &ServiceEntry,
    path: &ImagePath,
) -> Result<Option<ImagePath>, Error> {
    let Some(name) = path.file_name() else {
        return Ok(None);
    };
    let mut candidates = Vec::new();
    for folder in bringing(draft, survey, service)? {
        let mut files = Vec::new();
        draft.walk(&folder, &mut |path, kind| {
            if kind == Kind::File && path.file_name() == Some(name) {
                files.push(path.clone());
            }
            Ok(())
        })?;
        for file in files {
            if wrong(draft, &file)?.is_none() {
                candidates.push(file);
            }
        }
    }
    Ok(match candidates.len() {
        1 => candidates.pop(),
        _ => None,
    })
}

/// The folders of the packages that bring a service.
fn bringing(
    draft: &Draft,
    survey: &Survey,
    service: &ServiceEntry,
) -> Result<Vec<ImagePath>, Error> {
    let mut folders = Vec::new();
    for entry in survey.packages().filter(|entry| entry.has_folder) {
        let published = entry.stored.published.as_deref().unwrap_or_default();
        let owns = service.owners.iter().any(|owner| same(owner, published));
        let mut sections = entry.configurations.iter().flatten();
        let gives = |(_, of): &(String, Option<String>)| {
            of.as_deref().is_some_and(|of| same(of, &service.name))
        };
        if owns || sections.any(gives) {
            folders.extend(entry.folder.clone());
        }
    }
    for waiting in &survey.waiting {
        let services = pending::boot_services(draft, &waiting.pending)?;
        if services.iter().any(|name| same(name, &service.name)) {
            folders.push(waiting.pending.path.clone());
        }
    }
    Ok(folders)
}
