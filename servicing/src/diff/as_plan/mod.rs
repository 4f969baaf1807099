//! A plan that makes one image of another: a bundle for `plan apply`.
//!
//! The plan is made on a draft of the first image, change by change, so it
//! holds what each of them expects. What a hive says beside keys, values and
//! security (class names, flags, dirty logs, its version) no plan can set:
//! there the hive's file is put in its place, whole.

mod contents;
mod files;
mod links;
mod metadata;
mod registry;

use std::path::Path;
use std::sync::Arc;

use contents::Contents;

use super::{FileDifference, ImageDifferences, Options};
use crate::bundle::{BundleError, THE_BUNDLE, write_content};
use crate::draft::{Draft, DraftError, SourceId};
use crate::path::ImagePath;
use crate::plan::{Basis, Change, Plan};
use crate::registry::RegistryError;
use crate::tree::{FileTree as _, TreeError};

/// The user says what the image is to become.
const BASIS: Basis = Basis::stated("diff");

/// Why no plan could be made.
#[derive(Debug, thiserror::Error)]
pub enum AsPlanError {
    /// A change cannot be planned.
    #[error(transparent)]
    Draft(#[from] DraftError),
    /// An image cannot be read.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// A hive cannot be read.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// Things that no plan for this kind of image can make.
    #[error("{} cannot be planned: {}", number(list.len()), shown(list))]
    Inexpressible {
        /// Which.
        list: Vec<Inexpressible>,
    },
}

/// As many as anybody reads in a line of errors.
const SHOWN: usize = 10;

fn number(count: usize) -> String {
    match count {
        1 => "a difference".to_owned(),
        _ => format!("{count} differences"),
    }
}

fn shown(list: &[Inexpressible]) -> String {
    let parts = list.iter().take(SHOWN);
    let parts = parts.map(|one| format!("`{}` is {}", one.what, one.reason));
    let mut text = parts.collect::<Vec<_>>().join("; ");
    if let Some(more) = list.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        text.push_str(&format!("; and {more} more"));
    }
    text
}

/// Something that a plan cannot make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inexpressible {
    /// What, by its path.
    pub what: String,
    /// Why not.
    pub reason: &'static str,
}

/// A plan with the content that it needs.
pub struct Bundle {
    plan: Plan,
    contents: Arc<Contents>,
}

impl Bundle {
    /// The plan. Its one source, where it has any, is the folder that it lies
    /// in.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Bytes of content that it needs.
    pub fn content_len(&self) -> u64 {
        let contents = self.contents.all();
        contents.iter().map(|(id, _)| id.len).sum()
    }

    /// Writes the content into `folder`, which is made, or is there and empty.
    /// The plan is for the caller to write, beside it.
    ///
    /// # Errors
    /// [`BundleError`]; nothing is left behind then.
    pub fn write_content(&self, folder: &Path) -> Result<(), BundleError> {
        let contents = self.contents.all();
        write_content(folder, contents.iter().map(|(id, blob)| (*id, blob)))
    }
}

/// Plans in `a` what makes it `b`, and gives the plan. `found` is how they
/// differ, with `options`: what was not compared is not planned. Files that come
/// get all that is known of them in `b` and can be held by `a`.
///
/// # Errors
/// [`AsPlanError`]; the draft is then not to be used.
pub fn as_plan(
    a: &mut Draft,
    b: &Draft,
    found: &ImageDifferences,
    options: &Options,
) -> Result<Bundle, AsPlanError> {
    let contents = Arc::new(Contents::default());
    let from = a.plan().steps.len();
    let source = a.add_source(THE_BUNDLE, Arc::clone(&contents) as _);
    let mut planner = Planner {
        holds_details: holds_details(a, b)?,
        a,
        b,
        options,
        source,
        contents: Arc::clone(&contents),
        inexpressible: Vec::new(),
    };
    let whole = planner.registry(&found.registry, &found.files)?;
    planner.files(&found.files, &whole)?;
    let list = std::mem::take(&mut planner.inexpressible);
    if !list.is_empty() {
        return Err(AsPlanError::Inexpressible { list });
    }
    let mut plan = a.plan().clone();
    plan.steps.drain(..from);
    if contents.all().is_empty() {
        plan.sources.clear();
    }
    plan.operations = vec![crate::plan::Operation {
        name: "diff --as-plan".to_owned(),
        from: 0,
        to: plan.steps.len(),
    }];
    Ok(Bundle { plan, contents })
}

/// Whether both images hold security, short names, streams and the like.
fn holds_details(a: &Draft, b: &Draft) -> Result<bool, TreeError> {
    let root = ImagePath::root();
    Ok(a.details(&root)?.is_some() && b.details(&root)?.is_some())
}

struct Planner<'d> {
    a: &'d mut Draft,
    b: &'d Draft,
    options: &'d Options,
    source: SourceId,
    contents: Arc<Contents>,
    /// Whether both images hold security, short names, streams and the like.
    holds_details: bool,
    inexpressible: Vec<Inexpressible>,
}

impl Planner<'_> {
    fn plan(&mut self, change: Change) -> Result<(), AsPlanError> {
        let _ = self.a.plan_change(change, &BASIS)?;
        Ok(())
    }

    fn refuse(&mut self, path: &ImagePath, reason: &'static str) {
        self.inexpressible.push(Inexpressible {
            what: path.to_string(),
            reason,
        });
    }
}

/// The paths that `found` is about in the second tree, with what differs.
fn by_path(found: &[FileDifference]) -> impl Iterator<Item = (&ImagePath, &super::FileChange)> {
    found.iter().map(|found| (&found.path, &found.change))
}
