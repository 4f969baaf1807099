//! Adding update packages to an image: which way each goes, and why.
//!
//! A package is judged by itself, so that one that is refused does not keep the
//! others out: its signature, the processor that it is for, the Windows that it
//! is for. What can be added goes into the image in one step, in the order in
//! which Windows has to install it.

mod given;
mod into_store;
mod judge;

pub use given::{Given, GivenError};
use into_store::InStore;

use super::deferral::{
    self, DeferError, DeferResult, FirstBootState, Mechanism, PackageKind, Payload, Place,
};
use super::package::Trust;
use super::store::StoreError;
use crate::catalog::verify::TrustStore;
use crate::draft::{Draft, DraftError};
use crate::facts::{Generation, ImageFacts};
use judge::Judgement;

/// Why packages cannot be added, for a reason that is not theirs.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AddError {
    /// A change cannot be planned.
    #[error(transparent)]
    Draft(#[from] DraftError),
    /// What waits in the image cannot be read.
    #[error(transparent)]
    Defer(#[from] DeferError),
    /// What the image has cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Which way packages are to go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum How {
    /// The surest way for each.
    #[default]
    Auto,
    /// All wait for the first boot.
    FirstBoot,
    /// All go into the component store, and nothing applies them.
    Stage,
    /// All are installed offline.
    Install,
}

/// How packages are added.
#[derive(Clone, Debug)]
pub struct AddOptions {
    /// Which way.
    pub how: How,
    /// What the next boot of the image does.
    pub state: FirstBootState,
    /// Packages are added although nobody who is trusted signed them.
    pub force_unsigned: bool,
}

/// What became of a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AddOutcome {
    /// It waits for the first boot.
    FirstBoot,
    /// It is in the component store. It waits for the first boot as well where
    /// its way says so; else nothing applies it.
    Staged,
    /// It is installed.
    Installed,
    /// It did so before.
    Unchanged,
    /// It was not added.
    Refused,
}

/// What will install a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Way {
    /// The first boot of the image.
    FirstBoot(Mechanism),
    /// Setup that is started from WinPE with an answer file.
    AnswerFile,
}

impl Way {
    /// Its kebab-case name.
    pub fn name(self) -> &'static str {
        match self {
            Way::FirstBoot(mechanism) => mechanism.name(),
            Way::AnswerFile => "answer-file",
        }
    }
}

/// What became of a package, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AddResult {
    /// What the user called it.
    pub package: String,
    /// The identity of what it installs, where that is known.
    pub identity: Option<String>,
    /// What became of it.
    pub outcome: AddOutcome,
    /// Why, as a sentence without its full stop.
    pub reason: String,
    /// What could not be told of it; Windows will.
    pub doubt: Option<String>,
    /// Why it only waits and is not in the component store as well.
    pub not_staged: Option<String>,
    /// What installs it.
    pub way: Option<Way>,
    /// Its place in the order of what waits.
    pub number: Option<u32>,
    /// Who signed it, as far as that is known; a claim where it is not trusted.
    pub signer: Option<String>,
}

impl AddError {
    /// What the user can do about it, where that is known.
    pub fn hint(&self) -> Option<String> {
        match self {
            AddError::Draft(error) => error.hint(),
            AddError::Defer(error) => error.hint(),
            AddError::Store(StoreError::Registry(error)) => error.hint(),
            AddError::Store(_) => None,
        }
    }
}

impl AddResult {
    fn refused(given: &Given, reason: impl Into<String>) -> AddResult {
        AddResult {
            package: given.name().to_owned(),
            identity: given.identity(),
            outcome: AddOutcome::Refused,
            reason: reason.into(),
            doubt: None,
            not_staged: None,
            way: None,
            number: None,
            signer: given.signer(),
        }
    }

    /// What the store and the queue of the first boot made of a package.
    fn of(
        given: &Given,
        in_store: Option<&InStore>,
        deferred: Option<&DeferResult>,
        unclear: Option<String>,
    ) -> AddResult {
        let first_boot = |deferred: &DeferResult| {
            let mechanism = deferred.mechanism.reason();
            format!("Windows installs it at the first boot: {mechanism}")
        };
        let waits_already = || "it waits for the first boot already".to_owned();
        let not_applied = "nothing at boot applies it";
        let (outcome, reason) = match (in_store, deferred) {
            (Some(InStore::Refused(reason)), _) => (AddOutcome::Refused, reason.clone()),
            (Some(InStore::Staged(new)), Some(done)) => (
                AddOutcome::Staged,
                format!(
                    "{new} components are new in the store; {}",
                    first_boot(done)
                ),
            ),
            (Some(InStore::Staged(new)), None) => (
                AddOutcome::Staged,
                format!("{new} components are new in the store, not applied: {not_applied}"),
            ),
            (Some(InStore::StagedBefore), None) => (
                AddOutcome::Unchanged,
                format!("it is staged already; {not_applied}"),
            ),
            (Some(InStore::Installed(in_use, 0)), _) => (
                AddOutcome::Installed,
                format!("{in_use} components are in use"),
            ),
            (Some(InStore::Installed(in_use, stored)), _) => (
                AddOutcome::Installed,
                format!(
                    "{in_use} components are in use; {stored} are in the store only, for the image \
                     has higher versions or another branch"
                ),
            ),
            (Some(InStore::InstalledBefore), _) => {
                (AddOutcome::Unchanged, "it is installed already".to_owned())
            }
            (Some(InStore::CanWait(reason)), None) => (
                AddOutcome::Refused,
                format!("{reason}; `--how first-boot` leaves it to Windows"),
            ),
            (_, Some(done)) if done.unchanged => (AddOutcome::Unchanged, waits_already()),
            (_, Some(done)) => (AddOutcome::FirstBoot, first_boot(done)),
            (None, None) => (AddOutcome::Refused, "it was not planned".to_owned()),
        };
        let not_staged = match in_store {
            Some(InStore::CanWait(reason)) if outcome == AddOutcome::FirstBoot => {
                Some(reason.clone())
            }
            _ => None,
        };
        AddResult {
            outcome,
            reason,
            not_staged,
            way: deferred.map(|done| Way::FirstBoot(done.mechanism)),
            number: deferred.map(|done| done.number),
            doubt: unclear
                .map(|rules| format!("whether it applies is for Windows to say: {rules}")),
            ..AddResult::refused(given, "")
        }
    }
}

/// Plans that the packages of `given` get into an image. The results stand in
/// the order of `given`; where an image takes none, each says why.
///
/// # Errors
/// [`AddError`]: the image cannot be read, or a change not be planned, for a
/// reason that is not the packages'.
pub fn add(
    draft: &mut Draft,
    given: &[Given],
    options: &AddOptions,
) -> Result<Vec<AddResult>, AddError> {
    draft.attempt(|draft| plan(draft, given, options))
}

fn plan(
    draft: &mut Draft,
    given: &[Given],
    options: &AddOptions,
) -> Result<Vec<AddResult>, AddError> {
    let mark = draft.mark();
    let waiting = waiting(draft)?;
    let numbers: Vec<u32> = waiting.iter().map(|(number, _)| *number).collect();
    let waiting: Vec<Given> = waiting.into_iter().map(|(_, given)| given).collect();
    let judged = judge::judge(draft, &waiting, given, options.force_unsigned)?;
    let done = draft.attempt(|draft| into_image(draft, given, options, &judged, &numbers));
    let done = match done {
        Ok(done) => {
            draft.settle(&mark)?;
            Ok(done)
        }
        Err(Stop::Image(reason)) => Err(reason),
        Err(Stop::Error(error)) => return Err(error),
    };
    let results = given.iter().zip(judged.packages).enumerate();
    let results = results.map(|(at, (package, judgement))| match (judgement, &done) {
        (Judgement::Refused(reason), _) => AddResult::refused(package, reason),
        (Judgement::There(reason), _) => AddResult {
            outcome: AddOutcome::Unchanged,
            ..AddResult::refused(package, reason)
        },
        (Judgement::Taken(_), Err(reason)) => AddResult::refused(package, reason.clone()),
        (Judgement::Taken(unclear), Ok(done)) => {
            let place = done.waits.iter().position(|waits| *waits == at);
            let deferred = place.and_then(|place| done.deferred.get(place));
            let in_store = done.in_store.get(at).and_then(Option::as_ref);
            AddResult::of(package, in_store, deferred, unclear)
        }
    });
    Ok(results.collect())
}

/// What keeps all packages out of an image.
enum Stop {
    /// The image takes none.
    Image(String),
    /// It cannot be read or planned.
    Error(AddError),
}

impl<E: Into<AddError>> From<E> for Stop {
    fn from(error: E) -> Stop {
        Stop::Error(error.into())
    }
}

/// What was planned for packages that are taken.
struct Done {
    /// What came of the store, by place among those given.
    in_store: Vec<Option<InStore>>,
    /// Places of those that wait.
    waits: Vec<usize>,
    /// What came of those.
    deferred: Vec<DeferResult>,
}

/// Plans the packages that are taken: into the store in their order, and into
/// the queue of the first boot.
fn into_image(
    draft: &mut Draft,
    given: &[Given],
    options: &AddOptions,
    judged: &judge::Judged,
    numbers: &[u32],
) -> Result<Done, Stop> {
    let is_taken = |at: usize| matches!(judged.packages.get(at), Some(Judgement::Taken(_)));
    let mut in_store: Vec<Option<InStore>> = vec![None; given.len()];
    let in_order = judged.order.iter();
    for at in in_order.filter_map(|at| at.checked_sub(numbers.len())) {
        let (Some(package), Some(place)) = (given.get(at), in_store.get_mut(at)) else {
            continue;
        };
        if is_taken(at) {
            *place = match options.how {
                How::FirstBoot => None,
                How::Auto | How::Stage => {
                    Some(into_store::staged(draft, package, options.force_unsigned)?)
                }
                How::Install => Some(into_store::installed(
                    draft,
                    package,
                    options.force_unsigned,
                )?),
            };
        }
    }
    let waits = |at: &usize| {
        let in_store = in_store.get(*at).and_then(Option::as_ref);
        is_taken(*at)
            && match options.how {
                How::FirstBoot => true,
                // In the store alone nothing would ever apply it.
                How::Auto => !matches!(in_store, Some(InStore::Refused(_))),
                How::Stage | How::Install => false,
            }
    };
    let waits: Vec<usize> = (0..given.len()).filter(waits).collect();
    let payloads = waits
        .iter()
        .filter_map(|at| Some(given.get(*at)?.payload()));
    let payloads: Vec<Payload> = payloads.collect();
    let mut done = Done {
        in_store,
        waits,
        deferred: Vec::new(),
    };
    if payloads.is_empty() {
        return Ok(done);
    }
    done.deferred = match deferral::defer(draft, &payloads, &options.state) {
        Ok(deferred) => deferred,
        Err(
            error @ (DeferError::Draft(_)
            | DeferError::Registry(_)
            | DeferError::Tree(_)
            | DeferError::Queue { .. }),
        ) => return Err(error.into()),
        // Of the image, and so of every package.
        Err(refused) => return Err(Stop::Image(chain(&refused))),
    };
    let number = |at: usize| match at.checked_sub(numbers.len()) {
        None => numbers.get(at).copied(),
        Some(at) => {
            let place = done.waits.iter().position(|waits| *waits == at)?;
            Some(done.deferred.get(place)?.number)
        }
    };
    let order: Vec<u32> = judged.order.iter().filter_map(|at| number(*at)).collect();
    deferral::arrange(draft, &order)?;
    Ok(done)
}

/// The packages that wait in the image, with their numbers, as far as they can
/// be opened: those behind them may need what they bring.
fn waiting(draft: &Draft) -> Result<Vec<(u32, Given)>, AddError> {
    // Who signed them was asked when they were added.
    let anchors = TrustStore::default();
    let trust = Trust {
        anchors: &anchors,
        now: draft.time(),
    };
    let waiting = deferral::deferred(draft)?.map_or_else(Vec::new, |found| found.packages);
    let open = waiting.into_iter().filter(|one| one.result.is_none());
    let given = open.filter_map(|one| {
        let place = Place {
            folder: String::new(),
            tree: draft.base_tree(),
            path: one.path,
        };
        let given = Given::open(one.name, place, trust).ok()?;
        Some((one.number, given))
    });
    Ok(given.collect())
}

/// What an answer file for Setup would do with the packages of `given` for this
/// image. Nothing is planned: the file is the caller's to write, from
/// [`Given::answer_packages`] of those that are not refused, in the order in
/// which [`Given::rank`] puts them.
pub fn by_answer_file(facts: &ImageFacts, given: &[Given], force_unsigned: bool) -> Vec<AddResult> {
    let results = given.iter().map(|package| {
        let refusal = judge::refusal(package, facts, force_unsigned);
        let refusal = refusal.or_else(|| {
            let none = facts.windows_pe
                || facts.generation == Generation::Nt5
                || package.kind() == PackageKind::HotfixExe;
            none.then(|| {
                "answer files name packages for Setup of Windows Vista and later".to_owned()
            })
        });
        let refusal = refusal.or_else(|| {
            let packages = package.answer_packages();
            let other = packages.iter().find(|(one, _)| !is_cabinet(&one.cabinet));
            let (other, _) = other?;
            Some(format!(
                "`{}` in it is no cabinet, which answer files name",
                other.cabinet
            ))
        });
        match refusal {
            Some(reason) => AddResult::refused(package, reason),
            None => AddResult {
                outcome: AddOutcome::FirstBoot,
                reason: "Setup that is started from WinPE installs it, in the pass \
                         offlineServicing; a plain first boot never reads that section"
                    .to_owned(),
                way: Some(Way::AnswerFile),
                ..AddResult::refused(package, "")
            },
        }
    });
    results.collect()
}

fn is_cabinet(name: &str) -> bool {
    name.rsplit_once('.')
        .is_some_and(|(_, ending)| ending.eq_ignore_ascii_case("cab"))
}

/// An error with its causes, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(&format!(": {cause}"));
        source = cause.source();
    }
    text
}

impl AddOutcome {
    /// Its kebab-case name.
    pub fn name(self) -> &'static str {
        match self {
            AddOutcome::FirstBoot => "first-boot",
            AddOutcome::Staged => "staged",
            AddOutcome::Installed => "installed",
            AddOutcome::Unchanged => "unchanged",
            AddOutcome::Refused => "refused",
        }
    }
}
