//! A draft: a tree seen through a plan, and the only door to change it.
//!
//! Operations and saved plans alike go through [`Draft::apply`]: it checks the
//! expectation against the draft as it is now, applies the change, and keeps
//! the way back. Nothing here touches the image. A draft is itself a tree.

mod again;
mod content;
mod error;
mod files;
mod inverse;
mod links;
mod look;
mod net_changes;
mod registry;
mod savepoint;
mod structure;

use std::borrow::Borrow;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

pub use error::DraftError;
use files::Files;
#[cfg(all(feature = "fuse", target_os = "linux"))]
pub(crate) use files::{Overlay, Planned};
use inverse::{expected_details, expected_times};
use registry::DraftHives;
pub use savepoint::Mark;
use wimwright_hive::{FileTime, Hive};

use crate::backend::FileChange;
use crate::blob::{Blob, ContentId};
use crate::bundle::THE_BUNDLE;
use crate::facts::ImageFacts;
use crate::finding::Finding;
use crate::path::ImagePath;
use crate::plan::{
    Basis, Change, Content, Expect, FORMAT, FileDetails, Operation, Plan, Recovered, ReparsePoint,
    Source, State, Step, Subject,
};
use crate::registry::{Condition, HiveName, Hives, KeyPath, Loaded, RegData, RegistryError};
use crate::text::Text;
use crate::tree::{Entry, FileTree, Metadata, TreeError};

/// A source of content that a draft knows, to be named in changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourceId(usize);

impl SourceId {
    /// Its place among the plan's sources.
    pub(crate) fn index(self) -> usize {
        self.0
    }
}

/// What applying a change did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "whether anything changed decides what the user is told"]
pub enum Applied {
    /// The draft is different now.
    Changed,
    /// It was true already; recorded as a requirement.
    AlreadyTrue,
}

/// How a draft treats its image.
#[derive(Clone, Copy, Debug, Default)]
pub struct DraftOptions {
    /// Edit a dirty hive whose logs do not help, as it is.
    pub accept_dirty_hive: bool,
}

/// A tree seen through a plan.
pub struct Draft {
    files: Files,
    hives: DraftHives,
    facts: Arc<ImageFacts>,
    plan: Plan,
    undo: Vec<Step>,
    /// What files held that the plan replaces or removes, by what it is.
    displaced: HashMap<ContentId, Arc<dyn Blob>>,
    sources: Vec<Arc<dyn FileTree>>,
    findings: Vec<Finding>,
    options: DraftOptions,
}

impl Draft {
    /// A draft over `base` without changes; `time` goes into everything that
    /// carries one.
    pub fn new(
        base: Arc<dyn FileTree>,
        hives: Arc<Hives>,
        facts: Arc<ImageFacts>,
        time: FileTime,
        options: DraftOptions,
    ) -> Draft {
        Draft {
            files: Files::new(base),
            hives: DraftHives::new(hives),
            facts,
            plan: Plan::new(time),
            undo: Vec::new(),
            displaced: HashMap::new(),
            sources: Vec::new(),
            findings: Vec::new(),
            options,
        }
    }

    /// What the image is.
    pub fn facts(&self) -> &Arc<ImageFacts> {
        &self.facts
    }

    /// The plan so far.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The time that the plan writes.
    pub fn time(&self) -> FileTime {
        self.plan.time
    }

    /// What the user should know beside the plan.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Adds something that the user should know; the same thing once.
    pub fn report(&mut self, finding: Finding) {
        if !self.findings.contains(&finding) {
            self.findings.push(finding);
        }
    }

    /// Takes away what was reported since there were `from` findings, for a
    /// result that carries its own.
    pub fn take_findings(&mut self, from: usize) -> Vec<Finding> {
        self.findings.split_off(from.min(self.findings.len()))
    }

    /// The plan that takes the plan back. What files held that are replaced or
    /// removed comes from its one source, a bundle with that content.
    pub fn undo(&self) -> Plan {
        let mut undo = Plan::new(self.plan.time);
        undo.steps = self.undo.iter().rev().cloned().collect();
        undo.steps.extend(self.times_of_hives());
        let from_bundle = |step: &Step| {
            let contents = step.change.contents();
            let mut contents = contents.into_iter();
            contents.any(|content| matches!(content, Content::Source { .. }))
        };
        if undo.steps.iter().any(from_bundle) {
            undo.sources.push(Source {
                name: THE_BUNDLE.to_owned(),
            });
        }
        undo
    }

    /// What a file held that the plan replaces or removes.
    pub(crate) fn displaced_content(&self, id: ContentId) -> Option<&Arc<dyn Blob>> {
        self.displaced.get(&id)
    }

    /// Makes `tree` a source of file content, under the name that the user
    /// gave.
    pub fn add_source(&mut self, name: impl Into<String>, tree: Arc<dyn FileTree>) -> SourceId {
        self.plan.sources.push(Source { name: name.into() });
        self.sources.push(tree);
        SourceId(self.sources.len() - 1)
    }

    /// Runs an operation; what it planned stands under `name`.
    pub fn operation<T, E>(
        &mut self,
        name: impl Into<String>,
        run: impl FnOnce(&mut Draft) -> Result<T, E>,
    ) -> Result<T, E>
    where
        E: From<DraftError>,
    {
        let from = self.plan.steps.len();
        let done = self.attempt(run)?;
        self.plan.operations.push(Operation {
            name: name.into(),
            from,
            to: self.plan.steps.len(),
        });
        Ok(done)
    }

    /// Runs `run`; when it fails, everything that it planned is taken back:
    /// changes, sources and findings.
    ///
    /// # Errors
    /// What `run` gave.
    pub fn attempt<T, E>(&mut self, run: impl FnOnce(&mut Draft) -> Result<T, E>) -> Result<T, E>
    where
        E: From<DraftError>,
    {
        let mark = self.mark();
        let findings = self.findings.len();
        let error = match run(self) {
            Ok(done) => return Ok(done),
            Err(error) => error,
        };
        self.roll_back(&mark)?;
        self.plan.sources.truncate(mark.sources);
        self.sources.truncate(mark.sources);
        self.findings.truncate(findings);
        Err(error)
    }

    /// Applies a saved plan: every step, or none.
    ///
    /// # Errors
    /// [`DraftError`] at the first step whose expectation does not hold.
    pub fn apply_plan(
        &mut self,
        plan: &Plan,
        sources: Vec<Arc<dyn FileTree>>,
    ) -> Result<(), DraftError> {
        if plan.format != FORMAT {
            return Err(DraftError::Format { found: plan.format });
        }
        self.plan.time = plan.time;
        self.attempt(|draft| {
            let offset = draft.sources.len();
            for (source, tree) in plan.sources.iter().zip(sources) {
                draft.add_source(source.name.clone(), tree);
            }
            let from = draft.plan.steps.len();
            for step in &plan.steps {
                let mut step = step.clone();
                for content in step.change.contents_mut() {
                    if let Content::Source { source, .. } = content {
                        *source += offset;
                    }
                }
                let _ = draft.apply(step)?;
            }
            let shifted = plan.operations.iter().map(|operation| Operation {
                name: operation.name.clone(),
                from: operation.from + from,
                to: operation.to + from,
            });
            draft.plan.operations.extend(shifted);
            Ok(())
        })
    }

    /// Applies one change, if its expectation holds.
    ///
    /// # Errors
    /// [`DraftError`]; the draft is then as before.
    pub fn apply(&mut self, step: Step) -> Result<Applied, DraftError> {
        let subject = step.change.subject();
        let found = match (&step.change, &step.expect) {
            // Reading the whole file to hear that there is one is not needed.
            (Change::Rename { .. }, Expect::Absent | Expect::Present | Expect::Anything) => {
                self.kind_state(&subject)?
            }
            (Change::Remove { .. }, Expect::Empty) => self.kind_state(&subject)?,
            _ => self.state(&subject)?,
        };
        let as_expected = match step.expect {
            Expect::Empty => self.is_empty(&subject)?,
            _ => step.expect.holds(found.as_ref()),
        };
        if !as_expected {
            return Err(DraftError::Stale {
                subject: Box::new(subject),
                expected: Box::new(step.expect),
                found: found.map(Box::new),
            });
        }
        self.take(step, subject, found)
    }

    /// Takes a step whose expectation holds.
    fn take(
        &mut self,
        step: Step,
        subject: Subject,
        found: Option<State>,
    ) -> Result<Applied, DraftError> {
        if self.is_made(&step.change, found.as_ref())? {
            let expect = match step.change {
                // What a file holds was not looked at.
                Change::Rename { .. } => Expect::Present,
                _ => Expect::as_found(found),
            };
            self.plan.steps.push(Step {
                change: Change::Require { fact: subject },
                expect,
                basis: step.basis,
            });
            return Ok(Applied::AlreadyTrue);
        }
        if let Some(hive) = edited_hive(&step.change) {
            self.recover(hive)?;
        }
        let undo = self.inverse(&step.change, found)?;
        self.carry_out(&step.change)?;
        let undo = self.expecting(undo)?;
        self.plan.steps.push(step);
        self.undo.extend(undo);
        Ok(Applied::Changed)
    }

    /// Whether all that a plan changes is as it would leave it, so that there is
    /// nothing to do.
    ///
    /// # Errors
    /// When what is there cannot be read.
    pub fn is_carried_out(&self, plan: &Plan) -> Result<bool, DraftError> {
        let mut seen = HashSet::new();
        for step in plan.steps.iter().rev().filter(|step| step.change.writes()) {
            let subject = step.change.subject();
            // What a later change made of it is what counts.
            if !seen.insert(subject.clone()) {
                continue;
            }
            let made = match &step.change {
                Change::Rename { from, to } if from != to => {
                    self.files.metadata(from)?.is_none() && self.files.metadata(to)?.is_some()
                }
                // Removed, or in something that is.
                change => self.is_made(change, self.state(&subject)?.as_ref())?,
            };
            if !made {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether a change is true already, with `found` there now.
    fn is_made(&self, change: &Change, found: Option<&State>) -> Result<bool, DraftError> {
        Ok(match change {
            Change::Require { .. } => true,
            Change::PutFile { content, .. } => found == Some(&State::File(content.id())),
            Change::MakeDirectory { .. } => found == Some(&State::Directory),
            Change::CreateKey { .. } => found == Some(&State::Key),
            Change::SetValue { data, .. } => {
                matches!(found, Some(State::Value(is)) if is == data)
            }
            Change::Remove { .. } | Change::DeleteKey { .. } | Change::DeleteValue { .. } => {
                found.is_none()
            }
            Change::Rename { from, to } => from == to && self.is_spelled(to)?,
            Change::Link { path, to } => self.files.same_file(path, to)?,
            Change::SetKeySecurity { descriptor, .. } => {
                matches!(found, Some(State::Security(is)) if is == descriptor)
            }
            Change::SetAttributes { attributes, .. } => {
                found == Some(&State::Attributes(Some(*attributes)))
            }
            Change::SetTimes { times, .. } => {
                matches!(found, Some(State::Times(is)) if is.only(*times) == *times)
            }
            Change::SetDetails { details, .. } => {
                let asked = details.ids();
                matches!(found, Some(State::Details(is)) if is.clone().only(&asked) == asked)
            }
            // What is there is not looked at: nothing may be there.
            Change::MakeLink { .. } => false,
            Change::RecoverHive { hive, .. } => {
                found == Some(&State::Clean) || self.recovery_planned(hive)
            }
        })
    }

    /// Plans a change that expects what is there now.
    ///
    /// # Errors
    /// As [`Draft::apply`].
    pub fn plan_change(&mut self, change: Change, basis: &Basis) -> Result<Applied, DraftError> {
        let subject = change.subject();
        let (found, expect) = match &change {
            // A rename changes no content, so it expects none.
            Change::Rename { .. } => match self.kind_state(&subject)? {
                Some(State::File(_)) => (None, Expect::Present),
                found => (found.clone(), Expect::as_found(found)),
            },
            Change::SetTimes { times, .. } => {
                let found = self.state(&subject)?;
                let expect = expected_times(found.clone(), *times);
                (found, expect)
            }
            Change::SetDetails { details, .. } => {
                let found = self.state(&subject)?;
                let expect = expected_details(found.clone(), &details.ids());
                (found, expect)
            }
            _ => {
                let found = self.state(&subject)?;
                (found.clone(), Expect::as_found(found))
            }
        };
        let step = Step {
            change,
            expect,
            basis: basis.clone(),
        };
        self.take(step, subject, found)
    }

    /// Plans a value, creating its key where missing.
    ///
    /// # Errors
    /// As [`Draft::apply`].
    pub fn set_value(
        &mut self,
        hive: impl Borrow<HiveName>,
        key: &KeyPath,
        name: &str,
        data: RegData,
        basis: &Basis,
    ) -> Result<Applied, DraftError> {
        let hive = hive.borrow();
        if !self.has_key(hive, key)? {
            let _ = self.create_key(hive, key, basis)?;
        }
        let change = Change::SetValue {
            hive: hive.clone(),
            key: key.clone(),
            name: Text::from(name),
            data,
        };
        self.plan_change(change, basis)
    }

    /// Plans a key.
    ///
    /// # Errors
    /// As [`Draft::apply`].
    pub fn create_key(
        &mut self,
        hive: impl Borrow<HiveName>,
        key: &KeyPath,
        basis: &Basis,
    ) -> Result<Applied, DraftError> {
        let (hive, key) = (hive.borrow().clone(), key.clone());
        self.plan_change(Change::CreateKey { hive, key }, basis)
    }

    /// Plans that a file of a source stands at `path`. With `expand` the
    /// source's file is a compressed one, and this the name taken out of it.
    ///
    /// # Errors
    /// As [`Draft::apply`], and when the source has no such file.
    pub fn put_file(
        &mut self,
        path: &ImagePath,
        source: SourceId,
        from: &ImagePath,
        expand: Option<&str>,
        basis: &Basis,
    ) -> Result<Applied, DraftError> {
        let blob = self.source_blob(source.0, from, expand, path)?;
        let id = ContentId::of_blob(blob.as_ref())
            .map_err(|error| DraftError::Tree(TreeError::new(from, error)))?;
        let change = Change::PutFile {
            path: path.clone(),
            content: Content::Source {
                source: source.0,
                path: from.clone(),
                expand: expand.map(str::to_owned),
                id,
            },
        };
        self.plan_change(change, basis)
    }

    /// Plans that a file which the image held before the plan stands at `path`,
    /// too. With `expand` it is a compressed one, and this the name taken out of
    /// it.
    ///
    /// # Errors
    /// As [`Draft::apply`], and when the image has no such file.
    pub fn put_from_image(
        &mut self,
        path: &ImagePath,
        from: &ImagePath,
        expand: Option<&str>,
        basis: &Basis,
    ) -> Result<Applied, DraftError> {
        let blob = self.image_blob(from, expand)?;
        let id = ContentId::of_blob(blob.as_ref())
            .map_err(|error| DraftError::Tree(TreeError::new(from, error)))?;
        let change = Change::PutFile {
            path: path.clone(),
            content: Content::Image {
                path: from.clone(),
                expand: expand.map(str::to_owned),
                id,
            },
        };
        self.plan_change(change, basis)
    }

    /// Records a fact that the plan relies on, as it is now.
    ///
    /// # Errors
    /// When the fact cannot be read.
    pub fn require(&mut self, fact: Subject, basis: &Basis) -> Result<(), DraftError> {
        let _ = self.plan_change(Change::Require { fact }, basis)?;
        Ok(())
    }

    /// What the planned files come to, for a backend.
    pub(crate) fn file_changes(&self) -> Result<Vec<FileChange>, TreeError> {
        self.files.net_changes()
    }

    /// Every hive that the plan edits.
    pub(crate) fn edited_hives(&self) -> impl Iterator<Item = (&HiveName, &Arc<Hive>)> {
        self.hives.edited()
    }

    /// Where the file of a hive lies, and the hive without the plan.
    pub(crate) fn base_hive(&self, hive: &HiveName) -> Result<(ImagePath, Loaded), DraftError> {
        let base = self.hives.base();
        let loaded = base.load(hive)?.ok_or_else(|| absent(hive))?;
        Ok((base.path(hive)?, loaded))
    }

    /// What a planned file holds; `None` for all that is not planned.
    pub(crate) fn planned_content(&self, path: &ImagePath) -> Option<ContentId> {
        self.files.planned_content(path)
    }

    /// The path in the tree without the plan of what `path` shows, where that
    /// is not new.
    pub(crate) fn origin(&self, path: &ImagePath) -> Option<ImagePath> {
        self.files.origin(path)
    }

    /// The image's files as they are without the plan, where content of
    /// [`Draft::put_from_image`] is taken from.
    pub fn base_tree(&self) -> Arc<dyn FileTree> {
        Arc::clone(self.files.base())
    }

    /// The tree without the plan.
    pub(crate) fn base(&self) -> &Arc<dyn FileTree> {
        self.files.base()
    }

    fn recovery_planned(&self, hive: &HiveName) -> bool {
        let mut steps = self.plan.steps.iter();
        steps.any(
            |step| matches!(&step.change, Change::RecoverHive { hive: planned, .. } if planned == hive),
        )
    }

    /// Plans what a hive needs before its first edit.
    fn recover(&mut self, hive: &HiveName) -> Result<(), DraftError> {
        let how = match self.hives.condition(hive)? {
            None => return Err(absent(hive).into()),
            // First, for it is what nearly every edit meets, and the plan may be
            // long.
            Some(Condition::Clean) => return Ok(()),
            Some(_) if self.recovery_planned(hive) => return Ok(()),
            Some(Condition::Replayed(applied)) => Recovered::Replayed { applied },
            Some(Condition::Unrecovered(reason)) if self.options.accept_dirty_hive => {
                self.report(Finding::warning(
                    "dirty-hive-accepted",
                    format!("hive {hive} is taken as it is, without its last changes: {reason}"),
                ));
                Recovered::AcceptedDirty
            }
            Some(Condition::Unrecovered(reason)) => {
                let hive = hive.clone();
                return Err(RegistryError::Dirty { hive, reason }.into());
            }
        };
        let change = Change::RecoverHive {
            hive: hive.clone(),
            how,
        };
        self.carry_out(&change)?;
        self.plan.steps.push(Step {
            change,
            expect: Expect::Exactly(State::Dirty),
            basis: Basis::verified("hives 5"),
        });
        Ok(())
    }

    fn carry_out(&mut self, change: &Change) -> Result<(), DraftError> {
        match change {
            Change::PutFile { path, content } => {
                self.make_way(path)?;
                let blob = self.content_blob(content, path)?;
                self.files.put(path, blob, content.id())?;
            }
            Change::MakeDirectory { path } => {
                self.make_way(path)?;
                self.files.make_directory(path);
            }
            Change::Remove { path } => self.files.remove(path)?,
            Change::Rename { from, to } => self.rename(from, to)?,
            Change::Link { path, to } => self.link(path, to)?,
            Change::SetAttributes { path, attributes } => self.set_attributes(path, *attributes)?,
            Change::SetTimes { path, times } => self.set_times(path, *times)?,
            Change::SetDetails { path, details } => self.set_details(path, details)?,
            Change::MakeLink { path, link } => self.make_link(path, link)?,
            Change::SetValue { hive, key, .. } | Change::SetKeySecurity { hive, key, .. }
                if !self.has_key(hive, key)? =>
            {
                return Err(DraftError::Conflict {
                    subject: Box::new(change.subject()),
                    reason: "the key is not there",
                });
            }
            _ => self.hives.edit(change, self.plan.time)?,
        }
        Ok(())
    }

    /// Makes the directories above `path`, and refuses what is in the way.
    fn make_way(&mut self, path: &ImagePath) -> Result<(), DraftError> {
        if path.is_root() {
            return Err(conflict(path, "this is the image root"));
        }
        match self.files.metadata(path)?.map(|found| found.kind) {
            Some(crate::tree::Kind::Directory) => {
                return Err(conflict(path, "a directory is in the way"));
            }
            Some(crate::tree::Kind::Link) => return Err(conflict(path, "a link is in the way")),
            Some(crate::tree::Kind::File) | None => {}
        }
        self.make_above(path)
    }

    /// Makes the directories above `path`.
    fn make_above(&mut self, path: &ImagePath) -> Result<(), DraftError> {
        let names = path.names();
        for depth in 1..names.len() {
            let above = ImagePath::from_names(names.iter().take(depth).cloned());
            match self.files.metadata(&above)?.map(|found| found.kind) {
                Some(crate::tree::Kind::Directory) => {}
                Some(_) => return Err(conflict(&above, "this is not a directory")),
                None => self.files.make_directory(&above),
            }
        }
        Ok(())
    }
}

/// The change cannot stand on what is at `path`.
fn conflict(path: &ImagePath, reason: &'static str) -> DraftError {
    DraftError::Conflict {
        subject: Box::new(Subject::Path(path.clone())),
        reason,
    }
}

fn absent(hive: &HiveName) -> RegistryError {
    RegistryError::Absent { hive: hive.clone() }
}

fn edited_hive(change: &Change) -> Option<&HiveName> {
    match change {
        Change::CreateKey { hive, .. }
        | Change::DeleteKey { hive, .. }
        | Change::SetValue { hive, .. }
        | Change::DeleteValue { hive, .. }
        | Change::SetKeySecurity { hive, .. } => Some(hive),
        _ => None,
    }
}

impl FileTree for Draft {
    fn metadata(&self, path: &ImagePath) -> Result<Option<Metadata>, TreeError> {
        self.files.metadata(path)
    }

    fn read_dir(&self, path: &ImagePath) -> Result<Option<Vec<Entry>>, TreeError> {
        self.files.read_dir(path)
    }

    fn open(&self, path: &ImagePath) -> Result<Option<Arc<dyn Blob>>, TreeError> {
        self.files.open(path)
    }

    fn same_file(&self, one: &ImagePath, other: &ImagePath) -> Result<bool, TreeError> {
        self.files.same_file(one, other)
    }

    fn names(&self, path: &ImagePath) -> Result<Vec<ImagePath>, TreeError> {
        self.files.names(path)
    }

    fn details(&self, path: &ImagePath) -> Result<Option<FileDetails<Arc<dyn Blob>>>, TreeError> {
        self.files.details(path)
    }

    fn reparse_point(
        &self,
        path: &ImagePath,
    ) -> Result<Option<ReparsePoint<Arc<dyn Blob>>>, TreeError> {
        self.files.reparse_point(path)
    }

    fn link_target(&self, path: &ImagePath) -> Result<Option<Text>, TreeError> {
        self.files.link_target(path)
    }
}
