//! Adding update packages to an image: which way each goes, and why.
//!
//! A package is judged by itself, so that one that is refused does not keep the
//! others out: its signature, the processor that it is for, the Windows that it
//! is for. What can be added goes into the image in one step, in the order in
//! which Windows has to install it.

mod given;

pub use given::{Given, GivenError};

use super::deferral::{
    self, DeferError, DeferResult, FirstBootState, Mechanism, PackageKind, Payload,
};
use super::package::CatalogState;
use crate::draft::{Draft, DraftError};
use crate::facts::{Architecture, Generation, ImageFacts};

/// Which way packages are to go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum How {
    /// The surest way for each.
    #[default]
    Auto,
    /// All wait for the first boot.
    FirstBoot,
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
    /// What installs it.
    pub way: Option<Way>,
    /// Its place in the order of what waits.
    pub number: Option<u32>,
    /// Who signed it, as far as that is known; a claim where it is not trusted.
    pub signer: Option<String>,
}

impl AddResult {
    fn refused(given: &Given, reason: impl Into<String>) -> AddResult {
        AddResult {
            package: given.name().to_owned(),
            identity: given.identity(),
            outcome: AddOutcome::Refused,
            reason: reason.into(),
            way: None,
            number: None,
            signer: given.signer(),
        }
    }

    fn deferred(given: &Given, done: Option<&DeferResult>) -> AddResult {
        let Some(done) = done else {
            return AddResult::refused(given, "it was not planned");
        };
        let (outcome, reason) = match done.unchanged {
            true => (
                AddOutcome::Unchanged,
                "it waits for the first boot already".to_owned(),
            ),
            false => (
                AddOutcome::FirstBoot,
                format!(
                    "Windows installs it at the first boot: {}",
                    done.mechanism.reason()
                ),
            ),
        };
        AddResult {
            outcome,
            reason,
            way: Some(Way::FirstBoot(done.mechanism)),
            number: Some(done.number),
            ..AddResult::refused(given, "")
        }
    }
}

/// Plans that the packages of `given` get into an image. The results stand in
/// the order of `given`; where an image takes none, each says why.
///
/// # Errors
/// A change that cannot be planned, for a reason that is not the packages'.
pub fn add(
    draft: &mut Draft,
    given: &[Given],
    options: &AddOptions,
) -> Result<Vec<AddResult>, DraftError> {
    let facts = draft.facts().clone();
    let judged: Vec<Option<String>> = given
        .iter()
        .map(|package| refusal(package, &facts, options.force_unsigned))
        .collect();
    let mut accepted = in_order(given);
    accepted.retain(|at| matches!(judged.get(*at), Some(None)));
    let payloads: Vec<Payload> = accepted
        .iter()
        .filter_map(|at| Some(given.get(*at)?.payload()))
        .collect();
    let deferred = match payloads.is_empty() {
        true => Ok(Vec::new()),
        false => match options.how {
            How::Auto | How::FirstBoot => deferral::defer(draft, &payloads, &options.state),
        },
    };
    let deferred = match deferred {
        Ok(deferred) => Ok(deferred),
        Err(DeferError::Draft(error)) => return Err(error),
        Err(other) => Err(chain(&other)),
    };
    let results = given.iter().zip(judged).enumerate();
    let results = results.map(|(at, (package, refusal))| {
        let place = accepted.iter().position(|accepted| *accepted == at);
        match (refusal, &deferred, place) {
            (Some(reason), _, _) => AddResult::refused(package, reason),
            (None, Err(reason), _) => AddResult::refused(package, reason.clone()),
            (None, Ok(deferred), place) => {
                let done = place.and_then(|place| deferred.get(place));
                AddResult::deferred(package, done)
            }
        }
    });
    Ok(results.collect())
}

/// What an answer file for Setup would do with the packages of `given` for this
/// image. Nothing is planned: the file is the caller's to write, from
/// [`Given::answer_packages`] of those that are not refused, in the order in
/// which [`in_order`] puts them.
pub fn by_answer_file(facts: &ImageFacts, given: &[Given], force_unsigned: bool) -> Vec<AddResult> {
    let results = given.iter().map(|package| {
        let refusal = refusal(package, facts, force_unsigned);
        let refusal = refusal.or_else(|| {
            let none = facts.windows_pe
                || facts.generation == Generation::Nt5
                || package.kind() == PackageKind::HotfixExe;
            none.then(|| {
                "answer files name packages for Setup of Windows Vista and later".to_owned()
            })
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

/// The places of `given` in the order in which Windows has to install them.
pub fn in_order(given: &[Given]) -> Vec<usize> {
    let mut places: Vec<usize> = (0..given.len()).collect();
    // A servicing stack goes first; where nothing says otherwise, the order is
    // that of the words.
    places.sort_by_key(|at| given.get(*at).map(Given::rank));
    places
}

/// Why a package does not get into an image; `None` where it does.
fn refusal(given: &Given, facts: &ImageFacts, force_unsigned: bool) -> Option<String> {
    if let Some(reason) = wrong_processor(given, facts) {
        return Some(reason);
    }
    match given.signature() {
        _ if force_unsigned => None,
        (CatalogState::Signed, _) => None,
        (_, reason) => Some(reason),
    }
}

/// Why it is not for this image's processor.
fn wrong_processor(given: &Given, facts: &ImageFacts) -> Option<String> {
    let wanted = given.architecture()?;
    let is = facts.architecture;
    let known = Architecture::from_name(&wanted);
    // Neutral ones are for any.
    (known.is_some() && known != Some(is))
        .then(|| format!("it is for {wanted}, and the image is {}", is.name()))
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
            AddOutcome::Unchanged => "unchanged",
            AddOutcome::Refused => "refused",
        }
    }
}
