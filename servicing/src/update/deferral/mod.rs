//! Packages that wait in an image for its first boot, where Windows itself
//! installs them.
//!
//! It is the honest way for what cannot be installed offline with certainty: the
//! package goes into the image as it is, and Windows does what only it can.
//!
//! ```text
//! Windows\Setup\Scripts\wimwright\    queue: which packages, in which order
//!     queue.json                      read back by `deferred`
//!     run.cmd                         script: installs them, once, and removes itself
//!     01.msu 02.cab ...               payload: the packages, under names of ours
//! SetupComplete.cmd | service | sysprep.inf | cmdlines.txt      what starts the script
//! ```
//!
//! What starts it follows from the [state](FirstBootState) of the image, which
//! the caller knows. Everything is planned in one draft; [`withdraw`] takes back
//! what [`defer`] made, and leaves no trace where nothing else waits.

pub mod answer_file;
mod error;
mod exit_code;
mod insertion;
mod oem_key;
mod payload;
mod pending;
mod queue;
mod script;
mod service;
mod setup_complete;
mod state;
mod sysprep_inf;
mod trigger;

use std::collections::HashSet;

pub use error::DeferError;
pub use exit_code::Outcome;
pub use payload::{PackageKind, Payload, Place};
pub use state::{FirstBootState, Mechanism};

use crate::draft::{Applied, Draft};
use crate::finding::Finding;
use crate::path::ImagePath;
use crate::plan::{Basis, Change, Content};
use crate::tree::FileTree;
use payload::Installer;
use queue::{Entry, Queue};

/// The folder and its files are our own; that Windows' programs install such
/// files is stated.
const BASIS: Basis = Basis::stated("cbs 11");

/// A package that waits, or waited, in an image.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Waiting {
    /// Its number, from 1, which it keeps: the order is that of the list.
    pub number: u32,
    /// What the user called it.
    pub name: String,
    /// What it is.
    pub kind: PackageKind,
    /// The identity of what it installs, where that was known.
    pub identity: Option<String>,
    /// Length in bytes.
    pub size: u64,
    /// SHA-256 in hexadecimal digits.
    pub sha256: String,
    /// The file in the image.
    pub path: ImagePath,
    /// Whether that file is there with its length.
    pub complete: bool,
    /// What came of it, where the image was booted since.
    pub result: Option<(Outcome, Option<i32>)>,
}

/// What waits in an image.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Deferred {
    /// What starts the installation.
    pub mechanism: Mechanism,
    /// Whether that is in place, as it was made.
    pub armed: bool,
    /// The packages, in order.
    pub packages: Vec<Waiting>,
}

/// What became of a package that was to wait.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeferResult {
    /// Its number among what waits.
    pub number: u32,
    /// What the user called it.
    pub name: String,
    /// What starts its installation.
    pub mechanism: Mechanism,
    /// Whether it waited before.
    pub unchanged: bool,
}

/// Plans that `packages` wait for the first boot, in that order, behind what
/// waits already. All of them, or none; a second run changes nothing.
///
/// # Errors
/// [`DeferError`] says why they cannot wait in this image.
pub fn defer(
    draft: &mut Draft,
    packages: &[Payload],
    state: &FirstBootState,
) -> Result<Vec<DeferResult>, DeferError> {
    draft.attempt(|draft| plan(draft, packages, state))
}

fn plan(
    draft: &mut Draft,
    packages: &[Payload],
    state: &FirstBootState,
) -> Result<Vec<DeferResult>, DeferError> {
    let facts = draft.facts().clone();
    let mechanism = state::mechanism(&facts, state)?;
    let mechanism = trigger::refined(draft, mechanism)?;
    refuse_odd_name(&facts.windows)?;
    pending::refuse(draft)?;
    let installers = packages.iter().map(|package| {
        let installer = package.kind.installer(&facts);
        installer.ok_or_else(|| DeferError::OtherWindows {
            name: package.name.clone(),
            kind: package.kind,
            version: facts.version,
        })
    });
    let installers: Vec<Installer> = installers.collect::<Result<_, _>>()?;

    let folder = queue::folder(&facts)?;
    let mut queue = match Queue::read(draft, &facts)? {
        Some(queue) => queue,
        None => Queue::new(mechanism, missing_above(draft, &folder)?),
    };
    let mut results = Vec::new();
    for (package, installer) in packages.iter().zip(installers) {
        let (size, sha256) = package.digest()?;
        let waiting = queue.packages.iter().find(|entry| entry.sha256 == sha256);
        let known = waiting.is_some();
        let entry = match waiting {
            Some(entry) => entry.clone(),
            None => {
                let number = queue.next_number();
                Entry {
                    number,
                    file: queue::file_name(number, package.kind),
                    name: package.name.clone(),
                    kind: package.kind,
                    installer,
                    size,
                    sha256,
                    identity: package.identity.clone(),
                }
            }
        };
        // What ran already has no file any more, and needs none.
        let ran = known && queue::result(draft, &facts, entry.number)?.is_some();
        let changed = !ran && put_payload(draft, package, &folder.join(&entry.file)?)?;
        results.push(DeferResult {
            number: entry.number,
            name: package.name.clone(),
            mechanism,
            unchanged: known && !changed,
        });
        if !known {
            queue.packages.push(entry);
        }
    }
    if queue.packages.len() > queue::MAX_PACKAGES {
        return Err(DeferError::Queue {
            path: queue::file(&facts)?,
            reason: format!("more than {} packages would wait", queue::MAX_PACKAGES),
        });
    }
    if queue.mechanism != mechanism {
        trigger::remove(draft, &queue)?;
        queue.insertion = None;
        queue.mechanism = mechanism;
    }
    trigger::put(draft, &mut queue)?;
    write(draft, &queue)?;
    if mechanism == Mechanism::SetupComplete
        && let Some(finding) = oem_key::finding(draft)?
    {
        draft.report(finding);
    }
    if mechanism == Mechanism::GuiRunOnce {
        draft.report(Finding::note(
            "first-logon-installs",
            "the packages are installed at the first logon, which must be an administrator's; with \
             InstallFilesPath in sysprep.inf, mini-setup would install them before",
        ));
    }
    Ok(results)
}

/// Plans that what waits is installed in the order of these numbers; packages
/// that are not named keep their places among each other, behind the named ones.
///
/// # Errors
/// [`DeferError`] where the queue cannot be read.
pub fn arrange(draft: &mut Draft, numbers: &[u32]) -> Result<(), DeferError> {
    let Some(mut queue) = Queue::read(draft, &draft.facts().clone())? else {
        return Ok(());
    };
    queue.packages.sort_by_key(|entry| {
        let place = numbers.iter().position(|number| *number == entry.number);
        place.unwrap_or(usize::MAX)
    });
    write(draft, &queue)
}

/// A folder whose name cmd.exe could read as something else.
fn refuse_odd_name(windows: &ImagePath) -> Result<(), DeferError> {
    let plain = |name: &str| {
        name.chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_.~$".contains(c))
    };
    match windows.names() {
        [name] if name.as_text().as_str().is_some_and(plain) => Ok(()),
        _ => Err(DeferError::WindowsName {
            windows: windows.clone(),
        }),
    }
}

/// The folders above `path` that are not there, the outermost first.
fn missing_above(draft: &Draft, path: &ImagePath) -> Result<Vec<ImagePath>, DeferError> {
    let mut missing = Vec::new();
    let mut above = path.parent();
    while let Some(folder) = above.filter(|folder| !folder.is_root()) {
        if draft.metadata(&folder)?.is_some() {
            break;
        }
        above = folder.parent();
        missing.insert(0, folder);
    }
    Ok(missing)
}

fn put_payload(draft: &mut Draft, package: &Payload, path: &ImagePath) -> Result<bool, DeferError> {
    let Place {
        folder,
        tree,
        path: from,
    } = &package.place;
    let source = draft.add_source(folder.clone(), tree.clone());
    let applied = draft.put_file(path, source, from, None, &BASIS)?;
    Ok(applied == Applied::Changed)
}

/// Plans queue and script.
fn write(draft: &mut Draft, queue: &Queue) -> Result<(), DeferError> {
    let facts = draft.facts().clone();
    let folder = queue::folder(&facts)?;
    let lines = queue.packages.iter().map(|entry| script::Line {
        number: queue::digits(entry.number),
        file: &entry.file,
        installer: entry.installer,
    });
    let windows = script::Windows {
        vista: (facts.version.major, facts.version.minor) == (6, 0),
        delayed_start: service::can_be_delayed(&facts),
    };
    let script = script::text(&lines.collect::<Vec<_>>(), windows);
    for (path, bytes) in [
        (queue::file(&facts)?, queue.bytes()?),
        (folder.join(queue::SCRIPT)?, script.into_bytes()),
    ] {
        put(draft, path, bytes)?;
    }
    Ok(())
}

/// Plans a file with these bytes.
fn put(draft: &mut Draft, path: ImagePath, bytes: Vec<u8>) -> Result<(), DeferError> {
    let change = Change::PutFile {
        path,
        content: Content::Inline(bytes),
    };
    let _ = draft.plan_change(change, &BASIS)?;
    Ok(())
}

fn remove(draft: &mut Draft, path: ImagePath) -> Result<(), DeferError> {
    let _ = draft.plan_change(Change::Remove { path }, &BASIS)?;
    Ok(())
}

/// Removes folders that were made, the innermost first, where nothing is in
/// them.
fn remove_made(draft: &mut Draft, made: &[ImagePath]) -> Result<(), DeferError> {
    for folder in made.iter().rev() {
        match draft.read_dir(folder)? {
            Some(entries) if entries.is_empty() => remove(draft, folder.clone())?,
            _ => break,
        }
    }
    Ok(())
}

/// What waits in an image; `None` where nothing does.
///
/// # Errors
/// A queue that cannot be read.
pub fn deferred(draft: &Draft) -> Result<Option<Deferred>, DeferError> {
    let facts = draft.facts();
    let Some(queue) = Queue::read(draft, facts)? else {
        return Ok(None);
    };
    let folder = queue::folder(facts)?;
    let packages = queue.packages.iter().map(|entry| {
        let path = folder.join(&entry.file)?;
        let there = draft.metadata(&path)?;
        Ok(Waiting {
            number: entry.number,
            name: entry.name.clone(),
            kind: entry.kind,
            identity: entry.identity.clone(),
            size: entry.size,
            sha256: entry.sha256.clone(),
            complete: there.is_some_and(|found| found.len == entry.size),
            result: queue::result(draft, facts, entry.number)?,
            path,
        })
    });
    let packages = packages.collect::<Result<_, DeferError>>()?;
    let script = draft.has_file(&folder.join(queue::SCRIPT)?)?;
    Ok(Some(Deferred {
        mechanism: queue.mechanism,
        armed: script && trigger::is_there(draft, &queue)?,
        packages,
    }))
}

/// Plans that packages wait no more. Each of `names` is a name as the user gave
/// it, the number, or the identity. With the last package everything goes that
/// was made for it.
///
/// # Errors
/// [`DeferError`]: a name that nothing or that several packages have; nothing is
/// changed then.
pub fn withdraw(draft: &mut Draft, names: &[String]) -> Result<Vec<Waiting>, DeferError> {
    draft.attempt(|draft| plan_withdrawal(draft, names))
}

fn plan_withdrawal(draft: &mut Draft, names: &[String]) -> Result<Vec<Waiting>, DeferError> {
    let facts = draft.facts().clone();
    let waiting = deferred(draft)?.map_or_else(Vec::new, |deferred| deferred.packages);
    let mut chosen: Vec<Waiting> = Vec::new();
    for name in names {
        let found = named(&waiting, name)?;
        if !chosen.iter().any(|other| other.number == found.number) {
            chosen.push(found.clone());
        }
    }
    let Some(mut queue) = Queue::read(draft, &facts)? else {
        return Ok(chosen);
    };
    let gone: HashSet<u32> = chosen.iter().map(|waiting| waiting.number).collect();
    queue.packages.retain(|entry| !gone.contains(&entry.number));
    let folder = queue::folder(&facts)?;
    if queue.packages.is_empty() {
        trigger::remove(draft, &queue)?;
        remove(draft, folder)?;
        remove_made(draft, &queue.made)?;
        return Ok(chosen);
    }
    for waiting in &chosen {
        // The package, and what a boot noted of it.
        let start = format!("{}.", queue::digits(waiting.number));
        for entry in draft.read_dir(&folder)?.unwrap_or_default() {
            if entry.name.to_string().starts_with(&start) {
                remove(draft, folder.child(entry.name))?;
            }
        }
    }
    trigger::put(draft, &mut queue)?;
    write(draft, &queue)?;
    Ok(chosen)
}

/// The package that `name` means.
fn named<'a>(waiting: &'a [Waiting], name: &str) -> Result<&'a Waiting, DeferError> {
    let number = name.parse().ok();
    if let Some(found) = waiting.iter().find(|one| Some(one.number) == number) {
        return Ok(found);
    }
    let alike: Vec<&Waiting> = waiting
        .iter()
        .filter(|one| {
            let identity = one.identity.as_deref().unwrap_or_default();
            one.name.eq_ignore_ascii_case(name) || identity.eq_ignore_ascii_case(name)
        })
        .collect();
    match alike.as_slice() {
        [one] => Ok(one),
        [] => Err(DeferError::NotWaiting {
            name: name.to_owned(),
        }),
        several => {
            let numbers = several.iter().map(|one| one.number.to_string());
            Err(DeferError::Ambiguous {
                name: name.to_owned(),
                count: several.len(),
                numbers: numbers.collect::<Vec<_>>().join(", "),
            })
        }
    }
}
