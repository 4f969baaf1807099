//! Takes a waiting package out of the image again: its folder, its place in
//! `DevicePath` or WinPE's script, its catalog, and what was put in place for
//! the first boot, as far as nobody else needs it.

use std::sync::Arc;

use wimwright_inf::{Inf, same_name};
use wimwright_servicing::plan::{Basis, Change};
use wimwright_servicing::registry::HiveName;
use wimwright_servicing::{Blob, Draft, FileTree as _, Finding, ImagePath};

use super::boot::Boot;
use super::content::{Content, PlacedFiles};
use super::pending::{self, Pending};
use super::published::same_content;
use super::{catalog, critical_device, device_path, startnet, text_setup};
use crate::add::refusal::Stop;
use crate::error::Error;
use crate::inbox::{MAX_INF, parse_options};

const INFERRED: Basis = Basis::inferred("driverstore 8");

/// What a waiting package has put in place for the first boot.
#[derive(Default)]
struct InPlace {
    services: Vec<String>,
    /// Keys below `Services\EventLog`.
    event_logs: Vec<String>,
    files: PlacedFiles,
    catalogs: Vec<Arc<dyn Blob>>,
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

    // What is left decides what may go.
    let others = pending::all(draft)?;
    let mut kept: Vec<&str> = Vec::new();
    for service in &in_place.services {
        if let Some(reason) = needed(draft, service, users)? {
            draft.report(Finding::warning(
                "service-kept",
                format!("service `{service}` stays, with its file: {reason}"),
            ));
            kept.push(service);
        }
    }
    in_place.remove(draft, &kept)?;
    for blob in &in_place.catalogs {
        if !has_catalog(draft, &others, blob.as_ref())? {
            catalog::remove(draft, blob.as_ref())?;
        }
    }
    // A service that another waiting package brings as well is now that one's:
    // of several the last one added wins, as when they were added.
    for other in others.iter().rev() {
        restore(draft, other, &in_place.services)?;
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
        self.catalogs
            .extend(read.catalog.as_ref().map(|found| Arc::clone(&found.blob)));
        Ok(())
    }

    /// Removes it, except services that stay and what they run.
    fn remove(&self, draft: &mut Draft, kept: &[&str]) -> Result<(), Stop> {
        for (path, blob) in &self.files {
            if !draft.has_file(path).map_err(Error::from)? || runs(draft, kept, path)? {
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
        let gone = self
            .services
            .iter()
            .filter(|service| !kept.contains(&service.as_str()));
        for service in gone {
            delete_keys(draft, &format!("Services\\{service}"))?;
            critical_device::remove(draft, service)?;
        }
        if kept.is_empty() {
            for log in &self.event_logs {
                delete_keys(draft, &format!("Services\\EventLog\\{log}"))?;
            }
        }
        Ok(())
    }
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

/// Whether a service that stays runs the file at `path`.
fn runs(draft: &Draft, kept: &[&str], path: &ImagePath) -> Result<bool, Error> {
    let Some(name) = path.file_name().map(ToString::to_string) else {
        return Ok(false);
    };
    for service in kept {
        for key in draft
            .facts()
            .control_set_keys(&format!("Services\\{service}"))
        {
            let image = draft.value(HiveName::System, &key, "ImagePath")?;
            let image = image.and_then(|data| data.as_text()).unwrap_or_default();
            let file = image.rsplit('\\').next().unwrap_or_default();
            if file.eq_ignore_ascii_case(&name) {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

fn has_catalog(draft: &Draft, others: &[Pending], catalog: &dyn Blob) -> Result<bool, Error> {
    for other in others {
        for entry in draft.read_dir(&other.path)?.unwrap_or_default() {
            let path = other.path.child(entry.name.clone());
            if entry.name.ends_with(".cat") && same_content(draft, &path, catalog)? {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// Puts in place again what another waiting package needs at boot, if it shares
/// one of the services that went away.
fn restore(draft: &mut Draft, other: &Pending, services: &[String]) -> Result<(), Stop> {
    let shares = |own: &[String]| {
        own.iter()
            .any(|name| services.iter().any(|gone| gone.eq_ignore_ascii_case(name)))
    };
    for inf in &other.packages {
        if inf.eq_ignore_ascii_case(text_setup::FILE_NAME) {
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
