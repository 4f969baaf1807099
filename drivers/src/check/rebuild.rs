//! What adding a package would write, as far as the image lacks it.
//!
//! The package is read from its folder and written with the writer of `add`, in
//! a savepoint that is taken back. What of that is in the scope, and was not
//! there, is the mend. What is there is left alone, whoever wrote it.

use std::sync::Arc;

use wimwright_servicing::catalog::verify::TrustStore;
use wimwright_servicing::plan::{Basis, Change, Expect, Subject};
use wimwright_servicing::registry::{HiveName, KeyPath};
use wimwright_servicing::{Blob, Draft, DraftError, FileTree as _, ImagePath};

use super::fault::Scope;
use crate::add::read::ReadPackage;
use crate::add::refusal::Stop;
use crate::error::Error;
use crate::signature::Trust;
use crate::store::node::Node;
use crate::store::writer::{self, Placed};
use crate::stored::{Stored, Whole};

/// What is to be planned.
#[derive(Default)]
pub(super) struct Missing {
    pub(super) changes: Vec<(Change, Basis)>,
    pub(super) files: Vec<(ImagePath, Arc<dyn Blob>, Basis)>,
}

/// What of a package is missing within the scopes; nothing where the package
/// cannot be read any more.
pub(super) fn missing(
    draft: &mut Draft,
    stored: &Stored,
    scopes: &[Scope],
) -> Result<Missing, Error> {
    let mut found = Missing::default();
    let (Some(number), Ok(mut whole)) = (stored.number(), stored.read(draft)?) else {
        return Ok(found);
    };
    // Who signed it is recorded, too.
    let anchors = TrustStore::default();
    let trust = Trust {
        anchors: &anchors,
        now: draft.time(),
    };
    match whole.read.judge(&whole.package, trust) {
        Ok(_) => {}
        Err(Stop::Refused(_)) => return Ok(found),
        Err(Stop::Failed(error)) => return Err(error),
    }
    let Whole { package, read } = &whole;
    let Some(class) = read.model.version.class_guid else {
        return Ok(found);
    };
    let tried = draft.attempt(|draft| -> Result<(), Tried> {
        let source = draft.add_source(package.name(), Arc::clone(package.tree()));
        let from = draft.plan().steps.len();
        let placed = Placed {
            package,
            number,
            node: stored.node,
            class,
        };
        let _ = writer::write(draft, read, &placed, source)?;
        found = collect(draft, from, stored.node, read, scopes)?;
        Err(Tried::Done)
    });
    match tried {
        Ok(()) | Err(Tried::Done | Tried::Stopped(Stop::Refused(_))) => Ok(found),
        Err(Tried::Stopped(Stop::Failed(error))) => Err(error),
    }
}

fn collect(
    draft: &Draft,
    from: usize,
    node: Node,
    read: &ReadPackage,
    scopes: &[Scope],
) -> Result<Missing, Error> {
    let mut found = Missing::default();
    let inside = Inside::of(draft, node, read, scopes)?;
    for step in draft.plan().steps.iter().skip(from) {
        let new = step.change.writes() && step.expect == Expect::Absent;
        if !new || !inside.holds(&step.change.subject()) {
            continue;
        }
        match &step.change {
            // The plan's source goes with the savepoint.
            Change::PutFile { path, .. } => {
                if let Some(blob) = draft.open(path)? {
                    found.files.push((path.clone(), blob, step.basis.clone()));
                }
            }
            change => found.changes.push((change.clone(), step.basis.clone())),
        }
    }
    Ok(found)
}

/// Where the scopes are.
struct Inside<'s> {
    hive: HiveName,
    scopes: &'s [Scope],
    /// Keys of the services that are meant.
    services: Vec<KeyPath>,
    /// What the package has in the store and is published as: not what its
    /// services run.
    store: Vec<ImagePath>,
}

impl<'s> Inside<'s> {
    fn of(
        draft: &Draft,
        node: Node,
        read: &ReadPackage,
        scopes: &'s [Scope],
    ) -> Result<Inside<'s>, Error> {
        let facts = draft.facts();
        let mut services = Vec::new();
        for scope in scopes {
            if let Scope::Service(name) = scope {
                services.extend(facts.control_set_keys(&format!("Services\\{name}")));
                services.extend(event_logs(draft, read, name));
            }
        }
        let below = ["INF", "System32\\CatRoot", "System32\\DriverStore"];
        let store = below.iter().map(|below| facts.windows.join(below));
        Ok(Inside {
            hive: node.hive(),
            scopes,
            services,
            store: store.collect::<Result<_, _>>()?,
        })
    }

    fn holds(&self, subject: &Subject) -> bool {
        let services = !self.services.is_empty();
        match subject {
            Subject::Path(path) => services && !self.store.iter().any(|top| path.starts_with(top)),
            Subject::Key { hive, key } => self.holds_key(hive, key, false),
            Subject::Value { hive, key, .. } => self.holds_key(hive, key, true),
            _ => false,
        }
    }

    fn holds_key(&self, hive: &HiveName, key: &KeyPath, value: bool) -> bool {
        // The records of the files that the services run.
        if *hive == HiveName::Software {
            return !self.services.is_empty();
        }
        let service =
            *hive == HiveName::System && self.services.iter().any(|top| key.starts_with(top));
        let scoped = self.scopes.iter().any(|scope| match scope {
            Scope::Key(top) => key.starts_with(top),
            Scope::Values(top) => value && key == top,
            Scope::Service(_) => false,
        });
        service || (*hive == self.hive && scoped)
    }
}

/// The keys of a service's event log.
fn event_logs(draft: &Draft, read: &ReadPackage, service: &str) -> Vec<KeyPath> {
    let installs = read.model.installs.iter();
    let own = installs
        .flat_map(|install| &install.services)
        .filter(|own| own.name.eq_ignore_ascii_case(service));
    let logs = own.filter_map(|own| own.event_log.as_ref());
    logs.flat_map(|log| {
        let below = format!("Services\\EventLog\\{}\\{}", log.log, log.name);
        draft.facts().control_set_keys(&below)
    })
    .collect()
}

/// How an attempt ends that is not meant to last.
enum Tried {
    Done,
    Stopped(Stop),
}

impl From<DraftError> for Tried {
    fn from(error: DraftError) -> Tried {
        Tried::Stopped(Stop::Failed(error.into()))
    }
}

impl From<Stop> for Tried {
    fn from(stop: Stop) -> Tried {
        Tried::Stopped(stop)
    }
}

impl From<Error> for Tried {
    fn from(error: Error) -> Tried {
        Tried::Stopped(Stop::Failed(error))
    }
}
