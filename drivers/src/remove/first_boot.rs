//! Removing from Windows before 8: what waits for the first boot, and from 2000,
//! XP and 2003 the INFs that Windows has published.

use wimwright_servicing::{Draft, FileTree as _, Finding, Generation, ImagePath};

use super::devices::Installed;
use super::refusal::{Boots, Refusal};
use super::{RemoveOptions, RemoveOutcome, RemoveResult, Stopped};
use crate::add::refusal::Stop;
use crate::error::Error;
use crate::inbox::model_at;
use crate::model::StartType;
use crate::store::first_boot::folder::PREFIX;
use crate::store::first_boot::pending::{self, Pending};
use crate::store::first_boot::published;
use crate::store::first_boot::take_back::{take_back, take_back_published};
use crate::store::published_name::OemNumber;
use crate::stored::Unfit;

/// What a name names.
enum Named {
    Waiting(Pending),
    Published(OemNumber, ImagePath),
}

/// A name with what is to be done about it.
struct Chosen {
    name: String,
    named: Option<Named>,
    original: Option<String>,
    done: Result<Vec<Finding>, Refusal>,
}

/// As [`remove`](super::remove): all names, or none.
pub(super) fn remove(
    draft: &mut Draft,
    names: &[String],
    options: &RemoveOptions,
) -> Result<Vec<RemoveResult>, Error> {
    let mut chosen: Vec<Chosen> = Vec::new();
    for name in names {
        let one = choose(draft, name)?;
        let public = one.public_name();
        let known = |other: &Chosen| other.named.is_some() && other.public_name() == public;
        if !chosen.iter().any(known) {
            chosen.push(one);
        }
    }
    let operation = format!("drivers remove {}", names.join(" "));
    let planned = draft.operation(operation, |draft| {
        let installed = Installed::read(draft)?;
        for one in &mut chosen {
            if one.done.is_ok() {
                one.done = one.remove(draft, options, &installed)?;
            }
        }
        match chosen.iter().any(|one| one.done.is_err()) {
            true => Err(Stopped::Refused),
            false => Ok(()),
        }
    });
    match planned {
        Ok(()) => {}
        Err(Stopped::Refused) => {
            let refused = chosen.iter().find(|one| one.done.is_err());
            let other = refused.map_or_else(String::new, |one| one.name.clone());
            for one in chosen.iter_mut().filter(|one| one.done.is_ok()) {
                let other = other.clone();
                one.done = Err(Refusal::Together { other });
            }
        }
        Err(Stopped::Failed(error)) => return Err(error),
    }
    Ok(chosen.into_iter().map(Chosen::result).collect())
}

fn choose(draft: &Draft, name: &str) -> Result<Chosen, Error> {
    let mut chosen = Chosen {
        name: name.to_owned(),
        named: None,
        original: None,
        done: Ok(Vec::new()),
    };
    let folder = name.strip_prefix(PREFIX).unwrap_or(name);
    for waiting in pending::all(draft)? {
        if waiting.name.eq_ignore_ascii_case(folder) {
            chosen.original = waiting.packages.first().cloned();
            chosen.named = Some(Named::Waiting(waiting));
            return Ok(chosen);
        }
    }
    let wanted = OemNumber::parse(name, ".inf").or_else(|| OemNumber::parse(name, ""));
    for (number, path) in published::all(draft)? {
        if Some(number) == wanted {
            chosen.named = Some(Named::Published(number, path));
            if draft.facts().generation != Generation::Nt5 {
                chosen.done = Err(Refusal::InIndex {
                    name: number.to_string(),
                });
            }
            return Ok(chosen);
        }
    }
    let inbox = is_windows_own(draft, name)?;
    let name = name.to_owned();
    chosen.done = Err(match inbox {
        true => Unfit::Inbox {
            name,
            verb: "removed",
        }
        .into(),
        false => Unfit::Absent { name }.into(),
    });
    Ok(chosen)
}

/// Whether an INF of that name, or a folder of the store, came with Windows.
fn is_windows_own(draft: &Draft, name: &str) -> Result<bool, Error> {
    let folders = published::store_folders(draft)?;
    if folders
        .iter()
        .any(|(folder, _)| folder.eq_ignore_ascii_case(name))
    {
        return Ok(true);
    }
    let Ok(path) = draft.facts().windows.join(&format!("INF\\{name}")) else {
        return Ok(false);
    };
    Ok(name.to_lowercase().ends_with(".inf") && draft.has_file(&path)?)
}

impl Chosen {
    fn public_name(&self) -> Option<String> {
        self.named.as_ref().map(|named| match named {
            Named::Waiting(waiting) => waiting.public_name(),
            Named::Published(number, _) => number.to_string(),
        })
    }

    fn remove(
        &self,
        draft: &mut Draft,
        options: &RemoveOptions,
        installed: &Installed,
    ) -> Result<Result<Vec<Finding>, Refusal>, Error> {
        let Some(named) = &self.named else {
            return Ok(Ok(Vec::new()));
        };
        let mut findings = Vec::new();
        if let Some(boots) = needed_at_boot(draft, named, installed)? {
            if !options.force {
                return Ok(Err(Refusal::BootCritical(boots)));
            }
            let message = boots.to_string();
            findings.push(Finding::warning("boot-driver-removed", message));
        }
        let reported = draft.findings().len();
        let users = |service: &str| installed.users_of(service).to_vec();
        let done = match named {
            Named::Waiting(waiting) => take_back(draft, waiting, &users),
            Named::Published(number, path) => take_back_published(draft, *number, path, &users),
        };
        findings.extend(draft.take_findings(reported));
        match done {
            Ok(()) => Ok(Ok(findings)),
            Err(Stop::Refused(refusal)) => Ok(Err(Refusal::Unreadable {
                reason: refusal.chain(),
            })),
            Err(Stop::Failed(error)) => Err(error),
        }
    }

    fn result(self) -> RemoveResult {
        let (published_name, package_id) = match &self.named {
            Some(Named::Waiting(waiting)) => (None, Some(waiting.public_name())),
            Some(Named::Published(number, _)) => (Some(number.to_string()), None),
            None => (None, None),
        };
        let (outcome, reason, findings) = match self.done {
            Ok(findings) => (RemoveOutcome::Removed, None, findings),
            Err(refusal) => (
                RemoveOutcome::Refused,
                Some(refusal.to_string()),
                Vec::new(),
            ),
        };
        RemoveResult {
            name: self.name,
            published_name,
            package_id,
            original_file_name: self.original,
            outcome,
            reason,
            findings,
        }
    }
}

/// The services that start with the kernel and that no other waiting package
/// brings, with the devices of the image that use them.
fn needed_at_boot(
    draft: &mut Draft,
    named: &Named,
    installed: &Installed,
) -> Result<Option<Boots>, Error> {
    let mut services = match named {
        Named::Waiting(waiting) => pending::boot_services(draft, waiting)?,
        Named::Published(_, path) => {
            let model = model_at(draft, path)?;
            let installs = model.iter().flat_map(|model| &model.installs);
            installs
                .flat_map(|install| &install.services)
                .filter(|service| service.start == Some(StartType::Boot))
                .map(|service| service.name.clone())
                .collect()
        }
    };
    services.sort_unstable();
    services.dedup();
    for other in pending::all(draft)? {
        if matches!(named, Named::Waiting(own) if own.path == other.path) {
            continue;
        }
        let theirs = pending::boot_services(draft, &other)?;
        services.retain(|own| !theirs.iter().any(|name| name.eq_ignore_ascii_case(own)));
    }
    if services.is_empty() {
        return Ok(None);
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
