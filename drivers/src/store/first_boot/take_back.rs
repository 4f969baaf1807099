//! Takes a waiting package out of the image again: its folder, its place in
//! `DevicePath` or WinPE's script, its catalog, and what was put in place for
//! the first boot, as far as nobody else needs it.

use std::sync::Arc;

use wimwright_inf::{Inf, same_name};
use wimwright_servicing::plan::{Basis, Change};
use wimwright_servicing::registry::HiveName;
use wimwright_servicing::{Draft, FileTree as _, Finding, ImagePath};

use super::boot::Boot;
use super::content::{Content, PlacedFiles};
use super::pending::{self, Pending};
use super::published::same_content;
use super::{catalog, critical_device, device_path, startnet, text_setup};
use crate::add::refusal::Stop;
use crate::error::Error;
use crate::inbox::{MAX_INF, model_at, parse_options};
use crate::model::{DriverModel, dirid};
use crate::store::published_name::OemNumber;
use crate::store::writer::files::DRIVER_CATALOGS;

const INFERRED: Basis = Basis::inferred("driverstore 8");

/// What a waiting package has put in place for the first boot.
#[derive(Default)]
struct InPlace {
    services: Vec<String>,
    /// Keys below `Services\EventLog`.
    event_logs: Vec<String>,
    files: PlacedFiles,
}

/// Who uses a service: devices of the image, by name of the service.
pub(crate) type Users<'u> = &'u dyn Fn(&str) -> Vec<String>;

/// Plans the folder `gone` out of the image, with all its packages.
pub(crate) fn take_back(draft: &mut Draft, gone: &Pending, users: Users<'_>) -> Result<(), Stop> {
    let mut in_place = InPlace::default();
    for inf in &gone.packages {
        in_place.add(draft, gone, inf)?;
        if draft.facts().windows_pe {
            startnet::remove(draft, &gone.variable_path, inf)?;
        }
    }
    device_path::remove(draft, &gone.variable_path)?;
    let change = Change::Remove {
        path: gone.path.clone(),
    };
    let _ = draft.plan_change(change, &INFERRED)?;
    remove_if_empty(draft, gone.path.parent())?;

    let services = unneeded(draft, &in_place.services, users)?;
    in_place.remove(draft, &services)?;
    catalog::remove(draft, &gone.name)?;
    // A service that another waiting package brings as well is now that one's:
    // of several the last one added wins, as when they were added. Text mode
    // setup only fills in what no INF has set.
    let others = pending::all(draft)?;
    for of_text_setup in [false, true] {
        for other in others.iter().rev() {
            restore(draft, other, &in_place.services, of_text_setup)?;
        }
    }
    Ok(())
}

impl InPlace {
    /// What a package of the folder has put in place.
    fn add(&mut self, draft: &mut Draft, gone: &Pending, inf: &str) -> Result<(), Stop> {
        if inf.eq_ignore_ascii_case(text_setup::FILE_NAME) {
            if let Some((_, chosen)) = text_setup::of_pending(draft, gone)? {
                self.services.extend(chosen.services());
                self.files.extend(chosen.placed(draft)?);
            }
            return Ok(());
        }
        let Some((_, read)) = pending::read(draft, gone, inf)? else {
            draft.report(Finding::warning(
                "broken-driver-package",
                format!(
                    "`{}\\{inf}` cannot be read as a package of this image: what it may have put \
                     in place for the first boot stays",
                    gone.path
                ),
            ));
            return Ok(());
        };
        let boot = Boot::of(&read);
        self.services.extend(boot.services());
        self.event_logs.extend(boot.event_logs());
        for placed in boot.files(draft, &read)? {
            self.files
                .push((placed.path, Arc::clone(&placed.found.blob)));
        }
        Ok(())
    }

    /// Removes `services`, and the files that no other service runs.
    fn remove(&self, draft: &mut Draft, services: &[&str]) -> Result<(), Stop> {
        for (path, blob) in &self.files {
            if !draft.has_file(path).map_err(Error::from)? || runs(draft, services, path)? {
                continue;
            }
            if same_content(draft, path, blob.as_ref())? {
                let change = Change::Remove { path: path.clone() };
                let _ = draft.plan_change(change, &INFERRED)?;
                remove_if_empty(draft, path.parent())?;
            } else {
                draft.report(Finding::warning(
                    "other-file-kept",
                    format!("`{path}` is not the package's own file any more: it stays"),
                ));
            }
        }
        for service in services {
            delete_keys(draft, &format!("Services\\{service}"))?;
            critical_device::remove(draft, service)?;
        }
        if services.len() == self.services.len() {
            for log in &self.event_logs {
                delete_keys(draft, &format!("Services\\EventLog\\{log}"))?;
            }
        }
        Ok(())
    }
}

/// Those of `services` that nobody else needs; tells of the others.
fn unneeded<'s>(
    draft: &mut Draft,
    services: &'s [String],
    users: Users<'_>,
) -> Result<Vec<&'s str>, Error> {
    let mut gone = Vec::new();
    for service in services {
        match needed(draft, service, users)? {
            None => gone.push(service.as_str()),
            Some(reason) => draft.report(Finding::warning(
                "service-kept",
                format!("service `{service}` stays, with its file: {reason}"),
            )),
        }
    }
    Ok(gone)
}

/// Plans a published INF out of an image of Windows 2000, XP or 2003, which
/// keeps nothing else of a package: the INF, its compiled form, its catalog, and
/// the services that only it brings.
pub(crate) fn take_back_published(
    draft: &mut Draft,
    number: OemNumber,
    path: &ImagePath,
    users: Users<'_>,
) -> Result<(), Stop> {
    let model = model_at(draft, path)?;
    let services = model.as_ref().map(own_services).unwrap_or_default();
    let names: Vec<String> = services.iter().map(|(name, _)| name.clone()).collect();
    let windows = draft.facts().windows.clone();
    let catalog = number.catalog();
    for below in [
        format!("INF\\{number}"),
        format!("INF\\oem{}.PNF", number.0),
        format!("System32\\CatRoot\\{DRIVER_CATALOGS}\\{catalog}"),
    ] {
        let path = windows.join(&below).map_err(Error::from)?;
        let _ = draft.plan_change(Change::Remove { path }, &INFERRED)?;
    }
    let gone = unneeded(draft, &names, users)?;
    for (service, file) in &services {
        if !gone.contains(&service.as_str()) {
            continue;
        }
        if let Some(file) = file {
            let path = windows.join(file).map_err(Error::from)?;
            let there = draft.has_file(&path).map_err(Error::from)?;
            if there && !runs(draft, &gone, &path)? {
                let _ = draft.plan_change(Change::Remove { path }, &INFERRED)?;
            }
        }
        delete_keys(draft, &format!("Services\\{service}"))?;
        critical_device::remove(draft, service)?;
    }
    Ok(())
}

/// The driver services that the INF itself brings, each with its file below the
/// Windows directory.
fn own_services(model: &DriverModel) -> Vec<(String, Option<String>)> {
    let mut found: Vec<(String, Option<String>)> = Vec::new();
    let services = model.installs.iter().flat_map(|install| &install.services);
    for service in services.filter(|service| service.from.is_none() && service.is_driver()) {
        if found
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case(&service.name))
        {
            continue;
        }
        let binary = service.binary.as_ref().and_then(|binary| {
            let location = binary.destination.as_ref()?.location(&model.target).ok()?;
            (location.root == dirid::Root::Windows).then_some(location.path)
        });
        found.push((service.name.clone(), binary));
    }
    found
}

fn delete_keys(draft: &mut Draft, below: &str) -> Result<(), Error> {
    for key in draft.facts().control_set_keys(below) {
        let hive = HiveName::System;
        let _ = draft.plan_change(Change::DeleteKey { hive, key }, &INFERRED)?;
    }
    Ok(())
}

/// Removes a directory that nothing is left in. Whether it was there, empty,
/// before the package came is not known; an empty one means nothing to Windows.
fn remove_if_empty(draft: &mut Draft, directory: Option<ImagePath>) -> Result<(), Error> {
    let Some(path) = directory.filter(|path| !path.is_root()) else {
        return Ok(());
    };
    if draft.read_dir(&path)?.is_some_and(|left| left.is_empty()) {
        let _ = draft.plan_change(Change::Remove { path }, &INFERRED)?;
    }
    Ok(())
}

/// Why a service is needed beyond the waiting packages.
fn needed(draft: &Draft, service: &str, users: Users<'_>) -> Result<Option<String>, Error> {
    if let Some(device) = users(service).first() {
        return Ok(Some(format!("the image's device `{device}` uses it")));
    }
    let root = draft.facts().windows.join("INF")?;
    let options = parse_options(draft)?;
    for entry in draft.read_dir(&root)?.unwrap_or_default() {
        if !entry.name.ends_with(".inf") {
            continue;
        }
        let path = root.child(entry.name.clone());
        let Some(bytes) = draft.read(&path, MAX_INF)? else {
            continue;
        };
        let adds = Inf::try_parse(&bytes, &options).is_ok_and(|inf| adds_service(&inf, service));
        if adds {
            return Ok(Some(format!("`{path}` brings it, too")));
        }
    }
    Ok(None)
}

fn adds_service(inf: &Inf, service: &str) -> bool {
    let mut lines = inf.sections().flat_map(|section| section.lines());
    lines.any(|line| {
        line.has_equals()
            && line.key().is_some_and(|key| same_name(&key, "AddService"))
            && line.field(1).is_some_and(|name| same_name(&name, service))
    })
}

/// Whether a service of the image, other than those that go, runs the file at
/// `path`.
fn runs(draft: &Draft, gone: &[&str], path: &ImagePath) -> Result<bool, Error> {
    let Some(name) = path.file_name().map(ToString::to_string) else {
        return Ok(false);
    };
    for services in draft.facts().control_set_keys("Services") {
        for service in draft.subkeys(HiveName::System, &services)? {
            if gone.iter().any(|gone| gone.eq_ignore_ascii_case(&service)) {
                continue;
            }
            let image = draft.value(HiveName::System, &services.join(&service), "ImagePath")?;
            let image = image.and_then(|data| data.as_text()).unwrap_or_default();
            let file = image.rsplit('\\').next().unwrap_or_default();
            if file.eq_ignore_ascii_case(&name) {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// Puts in place again what another waiting package needs at boot, if it shares
/// one of the services that went away.
fn restore(
    draft: &mut Draft,
    other: &Pending,
    services: &[String],
    of_text_setup: bool,
) -> Result<(), Stop> {
    let shares = |own: &[String]| {
        own.iter()
            .any(|name| services.iter().any(|gone| gone.eq_ignore_ascii_case(name)))
    };
    for inf in &other.packages {
        let is_text_setup = inf.eq_ignore_ascii_case(text_setup::FILE_NAME);
        if is_text_setup != of_text_setup {
            continue;
        }
        if is_text_setup {
            if let Some((_, chosen)) = text_setup::of_pending(draft, other)?
                && shares(&chosen.services())
            {
                chosen.apply(draft, &Content::Image)?;
            }
        } else if let Some((_, read)) = pending::read(draft, other, inf)? {
            let boot = Boot::of(&read);
            if shares(&boot.services()) {
                boot.write(draft, &read, &Content::Image, true)?;
            }
        }
    }
    Ok(())
}
