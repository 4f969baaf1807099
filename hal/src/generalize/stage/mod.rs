//! Staging: an answer file where this Windows looks for it, and nothing in its
//! way.
//!
//! From Vista on that is `Panther\unattend.xml`, the file that Microsoft names
//! for mounted images: it comes before `System32\Sysprep`, so that a spent file
//! left there would hide a new one anywhere else. Before Vista it is
//! `\Sysprep\sysprep.inf`. Setup's own values are not touched, but for
//! `UnattendFile`, which would lead Windows to another file.

mod audit_mode;
mod check;
mod error;
mod sealed;
mod unattend;

use std::sync::Arc;

pub use error::StageError;

use wimwright_servicing::plan::{Change, Content};
use wimwright_servicing::{
    Applied, ContentId, Draft, FileTree, Finding, Generation, ImagePath, MemoryTree, plan::Basis,
    read_all,
};

use super::answer_file::MAX_LEN;
use super::look::Look;
use super::{State, Verdict, state};
use crate::kind::HalType;

/// That the file in `Panther` may be replaced in a mounted image, and the order
/// in which Windows looks.
const PLACED: Basis = Basis::stated("hal-sysprep B3");

/// What a plan calls the source of a file that it must not carry.
const SECRET_SOURCE: &str = "(an answer file with secrets, made while staging)";

/// An answer file that somebody gave.
#[derive(Clone)]
pub struct AnswerSource {
    /// What the user called the folder that it is in: a saved plan finds it
    /// again by that.
    pub name: String,
    /// The folder.
    pub tree: Arc<dyn FileTree>,
    /// The file in it.
    pub path: ImagePath,
}

impl AnswerSource {
    /// The file's bytes.
    fn bytes(&self) -> Result<Vec<u8>, StageError> {
        let blob = self.tree.open(&self.path)?;
        let blob = blob.ok_or_else(|| StageError::NoFile { name: self.shown() })?;
        if blob.len() > MAX_LEN {
            return Err(StageError::TooLong {
                name: self.shown(),
                len: blob.len(),
            });
        }
        let bytes = read_all(blob.as_ref(), MAX_LEN);
        Ok(bytes.map_err(|error| wimwright_servicing::TreeError::new(&self.path, error))?)
    }

    fn shown(&self) -> String {
        self.path.to_string()
    }
}

/// What is staged.
#[derive(Clone, Default)]
pub struct StageOptions {
    /// The answer file.
    pub answer_file: Option<AnswerSource>,
    /// The HAL that mini-setup is to switch to (`UpdateHAL`, `UpdateUPHAL`);
    /// Windows 2000, XP and Server 2003.
    pub hal: Option<HalType>,
    /// Has the first boot go into audit mode and run Sysprep there; Vista and
    /// later.
    pub arm_audit: bool,
    /// Replaces answer files that were not used yet.
    pub force: bool,
}

/// A driver of `[SysprepMassStorage]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MassStorage {
    /// Its INF, as the section names it.
    pub inf: String,
    /// Where that is in the image; `None` where it is not there.
    pub path: Option<ImagePath>,
    /// The hardware ids that the section names it for.
    pub hardware_ids: Vec<String>,
}

/// What staging came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StageReport {
    /// What the image is.
    pub verdict: Verdict,
    /// The files that Windows will read, where they are in the image.
    pub placed: Vec<String>,
    /// What was in the way and is not any more.
    pub removed: Vec<String>,
    /// The passes that the file has settings for and that are still to come.
    pub passes: Vec<String>,
    /// Mass storage drivers that a sealed image cannot take from its
    /// `[SysprepMassStorage]`, because sysprep.exe has run, each INF once.
    pub mass_storage: Vec<MassStorage>,
    /// Whether anything changed.
    pub changed: bool,
}

/// Plans an answer file. A second run changes nothing. What the user should know
/// becomes findings of the draft.
///
/// # Errors
/// [`StageError`] says why nothing is staged.
pub fn stage(draft: &mut Draft, options: &StageOptions) -> Result<StageReport, StageError> {
    if options.answer_file.is_none() && options.hal.is_none() {
        return Err(StageError::Nothing);
    }
    let state = state::read(&Look::new(draft))?;
    refuse_half_done(&state)?;
    let mut staging = Staging {
        report: StageReport {
            verdict: state.verdict,
            placed: Vec::new(),
            removed: Vec::new(),
            passes: Vec::new(),
            mass_storage: Vec::new(),
            changed: false,
        },
        options,
    };
    match draft.facts().generation {
        Generation::Nt5 => sealed::stage(&mut staging, draft, &state)?,
        Generation::Nt6 | Generation::DriverDatabase => {
            unattend::stage(&mut staging, draft, &state)?;
        }
    }
    Ok(staging.report)
}

/// What nobody should deploy is not made ready for it.
fn refuse_half_done(state: &State) -> Result<(), StageError> {
    if state.is_half_done() {
        return Err(StageError::HalfDone);
    }
    match state.verdict {
        Verdict::Inconsistent => Err(StageError::Inconsistent {
            differences: state.differences.clone(),
        }),
        _ => Ok(()),
    }
}

/// Staging that is being planned.
struct Staging<'o> {
    report: StageReport,
    options: &'o StageOptions,
}

impl Staging<'_> {
    /// Puts the file that was given.
    fn put_given(
        &mut self,
        draft: &mut Draft,
        path: &ImagePath,
        given: &AnswerSource,
    ) -> Result<(), StageError> {
        let source = draft.add_source(given.name.clone(), Arc::clone(&given.tree));
        let applied = draft.put_file(path, source, &given.path, None, &PLACED)?;
        self.placed(path, applied);
        Ok(())
    }

    /// Puts a file that is made here and holds no secret.
    fn put_made(
        &mut self,
        draft: &mut Draft,
        path: &ImagePath,
        bytes: Vec<u8>,
        basis: &Basis,
    ) -> Result<(), StageError> {
        let change = Change::PutFile {
            path: path.clone(),
            content: Content::Inline(bytes),
        };
        let applied = draft.plan_change(change, basis)?;
        self.placed(path, applied);
        Ok(())
    }

    /// Puts a file that is made here of one with passwords or product keys: a
    /// plan that is saved or shown does not hold them, and cannot be applied
    /// later for that.
    fn put_secret(
        &mut self,
        draft: &mut Draft,
        path: &ImagePath,
        bytes: Vec<u8>,
    ) -> Result<(), StageError> {
        let mut tree = MemoryTree::new();
        tree.insert(&path.to_string(), bytes)?;
        let source = draft.add_source(SECRET_SOURCE, Arc::new(tree));
        let applied = draft.put_file(path, source, path, None, &PLACED)?;
        if applied == Applied::Changed {
            let message = format!(
                "`{path}` holds passwords or a product key, so that a saved plan does not carry \
                 it and cannot be applied later: stage it in one go"
            );
            note(draft, "answer-file-not-in-plan", message);
        }
        self.placed(path, applied);
        Ok(())
    }

    fn placed(&mut self, path: &ImagePath, applied: Applied) {
        self.report.changed |= applied == Applied::Changed;
        self.report.placed.push(path.to_string());
    }

    fn remove(
        &mut self,
        draft: &mut Draft,
        change: Change,
        what: String,
    ) -> Result<(), StageError> {
        let applied = draft.plan_change(change, &PLACED)?;
        self.report.changed |= applied == Applied::Changed;
        self.report.removed.push(what);
        Ok(())
    }
}

/// Whether a file of the image holds exactly these bytes.
fn holds(draft: &Draft, path: &ImagePath, bytes: &[u8]) -> Result<bool, StageError> {
    let Some(blob) = draft.open(path)? else {
        return Ok(false);
    };
    if blob.len() != bytes.len() as u64 {
        return Ok(false);
    }
    let id = ContentId::of_blob(blob.as_ref());
    let id = id.map_err(|error| wimwright_servicing::TreeError::new(path, error))?;
    Ok(id == ContentId::of(bytes))
}

fn warn(draft: &mut Draft, name: &'static str, message: impl Into<String>) {
    draft.report(Finding::warning(name, message));
}

fn note(draft: &mut Draft, name: &'static str, message: impl Into<String>) {
    draft.report(Finding::note(name, message));
}
