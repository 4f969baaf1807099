//! Removes driver packages from an image.
//!
//! Everything that `add` and Windows wrote for a package goes: its entries in
//! the driver database, its folder in the store, the published INF and catalog,
//! its services and its files outside the store. What other packages own as
//! well becomes theirs alone, and what devices of the image use stays. Devices
//! themselves are never touched.
//!
//! How Windows removes a package was never observed: the basis of these changes
//! is inferred from what it writes.

mod database;
mod devices;
mod files;
mod first_boot;
mod owners;
mod part;
mod reflected;
mod refusal;
mod services;

use serde::Serialize;
use wimwright_servicing::{Draft, DraftError, Finding, Generation};

use crate::error::Error;
use crate::list::{list, require_store};
use crate::store::writer::update_date;
use crate::stored::{Stored, all, named};
pub(crate) use database::{delete_id, free_number};
use devices::Installed;
use part::Part;
use refusal::{Boots, Refusal, quoted};

/// How packages are removed.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct RemoveOptions {
    /// Remove drivers that the image may need to boot, too.
    pub force: bool,
}

/// What became of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RemoveOutcome {
    /// It will not be in the image any more.
    Removed,
    /// It stays; the reason says why.
    Refused,
}

/// The result for one package, or for a name that names none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RemoveResult {
    /// As the user named it.
    pub name: String,
    /// `oem7.inf`, where the image says it.
    pub published_name: Option<String>,
    /// Its folder in the store, where the image says it.
    pub package_id: Option<String>,
    /// The INF's name before it was published, where the image says it.
    pub original_file_name: Option<String>,
    /// What became of it.
    pub outcome: RemoveOutcome,
    /// Why it was refused.
    pub reason: Option<String>,
    /// What the user should know about it.
    pub findings: Vec<Finding>,
}

/// A package to be removed, or why it is not.
struct Chosen {
    name: String,
    stored: Option<Stored>,
    done: Result<Vec<Finding>, Refusal>,
}

/// Plans packages out of the image of `draft`: by published name (`oem7.inf`,
/// `oem7`) all packages under it, or one by its package id; `pending:...` names
/// one that waits for the first boot. Either all are
/// removed, or none: when one is refused the draft is left as it was, which is
/// a result, not an error.
///
/// # Errors
/// [`Error`] for what is wrong with the image itself.
pub fn remove(
    draft: &mut Draft,
    names: &[String],
    options: &RemoveOptions,
) -> Result<Vec<RemoveResult>, Error> {
    require_store(draft)?;
    if draft.facts().generation != Generation::DriverDatabase {
        return first_boot::remove(draft, names, options);
    }
    let mut chosen = choose(draft, names)?;
    let name = format!("drivers remove {}", names.join(" "));
    let planned = draft.operation(name, |draft| {
        let installed = Installed::read(draft)?;
        for one in &mut chosen {
            if let (Some(stored), Ok(findings)) = (&one.stored, &mut one.done) {
                match remove_one(draft, stored, options, &installed)? {
                    Ok(found) => *findings = found,
                    Err(refusal) => one.done = Err(refusal),
                }
            }
        }
        match chosen.iter().any(|one| one.done.is_err()) {
            true => Err(Stopped::Refused),
            false => Ok(()),
        }
    });
    match planned {
        Ok(()) => {}
        Err(Stopped::Refused) => refuse_the_others(&mut chosen),
        Err(Stopped::Failed(error)) => return Err(error),
    }
    Ok(chosen.into_iter().map(result).collect())
}

/// Why nothing is removed.
enum Stopped {
    Refused,
    Failed(Error),
}

impl From<Error> for Stopped {
    fn from(error: Error) -> Stopped {
        Stopped::Failed(error)
    }
}

impl From<DraftError> for Stopped {
    fn from(error: DraftError) -> Stopped {
        Stopped::Failed(error.into())
    }
}

/// What each name names. A package that is named twice is removed once.
fn choose(draft: &Draft, names: &[String]) -> Result<Vec<Chosen>, Error> {
    let mut chosen: Vec<Chosen> = Vec::new();
    for name in names {
        let name = name.clone();
        match named(draft, &name, "removed")? {
            Err(unfit) => chosen.push(Chosen {
                name,
                stored: None,
                done: Err(unfit.into()),
            }),
            Ok(found) => {
                for stored in found {
                    if !chosen
                        .iter()
                        .any(|one| one.stored.as_ref() == Some(&stored))
                    {
                        chosen.push(Chosen {
                            name: name.clone(),
                            stored: Some(stored),
                            done: Ok(Vec::new()),
                        });
                    }
                }
            }
        }
    }
    Ok(chosen)
}

fn refuse_the_others(chosen: &mut [Chosen]) {
    let refused = chosen.iter().find(|one| one.done.is_err());
    let Some(other) = refused.map(|one| one.name.clone()) else {
        return;
    };
    for one in chosen.iter_mut().filter(|one| one.done.is_ok()) {
        let other = other.clone();
        one.done = Err(Refusal::Together { other });
    }
}

fn result(one: Chosen) -> RemoveResult {
    let (published_name, package_id, original_file_name) = match one.stored {
        Some(stored) => (stored.published, stored.id, stored.original),
        None => (None, None, None),
    };
    let (outcome, reason, findings) = match one.done {
        Ok(findings) => (RemoveOutcome::Removed, None, findings),
        Err(refusal) => (
            RemoveOutcome::Refused,
            Some(refusal.to_string()),
            Vec::new(),
        ),
    };
    RemoveResult {
        name: one.name,
        published_name,
        package_id,
        original_file_name,
        outcome,
        reason,
        findings,
    }
}

fn remove_one(
    draft: &mut Draft,
    stored: &Stored,
    options: &RemoveOptions,
    installed: &Installed,
) -> Result<Result<Vec<Finding>, Refusal>, Error> {
    let mut findings = Vec::new();
    let known = all(draft)?;
    let published = stored.published.as_deref();
    let siblings: Vec<&Stored> = known
        .iter()
        .filter(|other| {
            published.is_some_and(|name| other.is_published_as(name))
                && other.id.is_some()
                && *other != stored
        })
        .collect();
    if let Some(boots) = boot_critical(draft, stored, siblings.is_empty(), installed)? {
        if !options.force {
            return Ok(Err(Refusal::BootCritical(boots)));
        }
        let message = boots.to_string();
        findings.push(Finding::warning("boot-driver-removed", message));
    }
    let mark = draft.mark();
    match published {
        Some(published) if siblings.is_empty() => {
            let devices = installed.devices_of(published);
            if !devices.is_empty() {
                findings.push(Finding::warning(
                    "device-installed",
                    format!(
                        "installed with this driver, and keeps its entries in `Enum` and \
                         `Control\\Class`: {}",
                        quoted(devices)
                    ),
                ));
            }
            let part = Part::of(draft, stored, published, &known, &mut findings)?;
            let in_use = services::take_back(draft, &part, installed, &mut findings)?;
            files::take_back(draft, &part, in_use, &mut findings)?;
            database::delete_package(draft, stored)?;
            database::delete_published(draft, published)?;
            files::remove_published(draft, published)?;
        }
        Some(published) => leave_to(draft, stored, published, &siblings, &mut findings)?,
        None => database::delete_package(draft, stored)?,
    }
    files::remove_folder(draft, stored)?;
    if draft.writes_since(&mark) {
        update_date(draft)?;
    }
    Ok(Ok(findings))
}

/// One of several packages under a published name: the name, the services and
/// the files outside the store stay with the others.
fn leave_to(
    draft: &mut Draft,
    gone: &Stored,
    published: &str,
    others: &[&Stored],
    findings: &mut Vec<Finding>,
) -> Result<(), Error> {
    let mut only = database::described_ids(draft, gone)?;
    for other in others {
        let theirs = database::described_ids(draft, other)?;
        only.retain(|id| !theirs.iter().any(|known| crate::stored::same(id, known)));
    }
    database::delete_package(draft, gone)?;
    database::leave_to(draft, gone, published, others, &only)?;
    if let Some(other) = others.last() {
        let catalog = match other.read(draft)? {
            Ok(whole) => whole.read.catalog.map(|catalog| catalog.name),
            Err(_) => None,
        };
        files::publish(draft, published, other, catalog.as_deref())?;
    }
    let ids: Vec<String> = others.iter().filter_map(|other| other.id.clone()).collect();
    findings.push(Finding::note(
        "published-name-kept",
        format!(
            "`{published}` stands for {} as well: it stays, with its services and their files",
            quoted(&ids)
        ),
    ));
    Ok(())
}

/// Why the image may need the package to boot: `list` calls it boot critical,
/// or nobody else owns one of its services that start at boot.
fn boot_critical(
    draft: &mut Draft,
    stored: &Stored,
    last: bool,
    installed: &Installed,
) -> Result<Option<Boots>, Error> {
    let reported = draft.findings().len();
    let listed = list(draft, true)?;
    let _ = draft.take_findings(reported);
    let id = stored.id.as_deref().unwrap_or_default();
    let mut critical = listed.iter().any(|package| {
        package.boot_critical
            && package
                .package_id
                .as_deref()
                .is_some_and(|own| crate::stored::same(own, id))
    });
    let mut services: Vec<String> = Vec::new();
    let mut enter = |service: String| {
        if !services
            .iter()
            .any(|known| crate::stored::same(known, &service))
        {
            services.push(service);
        }
    };
    if let Some(published) = &stored.published
        && last
    {
        for owned in owners::services(draft, published)? {
            if owned.alone() && devices::starts_at_boot(draft, &owned.name)? {
                critical = true;
                enter(owned.name);
            }
        }
    }
    if !critical {
        return Ok(None);
    }
    for service in database::configured_services(draft, stored)? {
        if devices::starts_at_boot(draft, &service)? {
            enter(service);
        }
    }
    let mut devices: Vec<String> = Vec::new();
    for service in &services {
        for user in installed.users_of(service) {
            if !devices.contains(user) {
                devices.push(user.clone());
            }
        }
    }
    Ok(Some(Boots { services, devices }))
}
