//! Plans in files: one alone, or one an image in a bundle, beside the content
//! that they need.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use wimwright_servicing::update::container::Container;
use wimwright_servicing::{DirectoryTree, FileTree, Plan};

use crate::refusal::Refusal;
use crate::render::json::{PlanDocument, document_text};

/// The longest plan that is read: with inline content of hexadecimal digits,
/// that of some thousand packages.
const MAX_PLAN: u64 = 256 * 1024 * 1024;

/// A plan that was read, with the place that its sources are named from.
pub(crate) struct SavedPlan {
    pub(crate) plan: Plan,
    base: PathBuf,
}

impl SavedPlan {
    /// Opens the plan's sources again, by the names that they were given.
    pub(crate) fn sources(&self) -> anyhow::Result<Vec<Arc<dyn FileTree>>> {
        let mut trees: Vec<Arc<dyn FileTree>> = Vec::new();
        for source in &self.plan.sources {
            if let Some(package) = package(&self.base, &source.name)? {
                trees.push(package);
                continue;
            }
            let tree = DirectoryTree::open(&self.base.join(&source.name)).map_err(|error| {
                Refusal::PlanSource {
                    name: source.name.clone(),
                    source: error.source,
                }
            })?;
            trees.push(Arc::new(tree));
        }
        Ok(trees)
    }
}

/// The files of an update package that a source names: a file, and behind `::`
/// the cabinet in it. `None` where it names no file.
fn package(base: &Path, name: &str) -> anyhow::Result<Option<Arc<dyn FileTree>>> {
    let (file, inner) = match name.rsplit_once("::") {
        Some((file, inner)) => (file, Some(inner)),
        None => (name, None),
    };
    let file = base.join(file);
    if !file.is_file() {
        return Ok(None);
    }
    let about = || format!("the plan's package `{name}`");
    let container = Container::open(&file).with_context(about)?;
    let packages = container.packages();
    let is_meant = |one: &&&Container| match inner {
        None => true,
        Some(inner) => one.name().rsplit(['/', '\\']).next() == Some(inner),
    };
    let package = packages.iter().find(is_meant);
    let package = package.with_context(|| format!("{} is not there any more", about()))?;
    Ok(Some(Arc::new(package.payload().with_context(about)?)))
}

/// The plans of a bundle, one an image; or that of a file.
pub(crate) fn read(path: &Path) -> anyhow::Result<Vec<SavedPlan>> {
    if !path.is_dir() {
        let plan = read_file(path)?;
        let base = PathBuf::new();
        return Ok(vec![SavedPlan { plan, base }]);
    }
    let mut plans = Vec::new();
    let single = path.join(file_name(0, 1));
    let several = (0..).map(|index| path.join(file_name(index, 2)));
    let files: Vec<PathBuf> = match single.exists() {
        true => vec![single],
        false => several.take_while(|file| file.exists()).collect(),
    };
    for file in files {
        plans.push(SavedPlan {
            plan: read_file(&file)?,
            base: path.to_owned(),
        });
    }
    match plans.is_empty() {
        true => Err(Refusal::NoPlanInside {
            path: path.to_owned(),
        }
        .into()),
        false => Ok(plans),
    }
}

/// Writes plans into a bundle.
pub(crate) fn write(bundle: &Path, plans: &[&Plan]) -> anyhow::Result<()> {
    for (index, plan) in plans.iter().enumerate() {
        let path = bundle.join(file_name(index, plans.len()));
        let text = document_text(&PlanDocument::new(plan))?;
        let written = File::create_new(&path).and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.sync_all()
        });
        written.with_context(|| format!("plan `{}`", path.display()))?;
    }
    Ok(())
}

/// Removes a bundle that was just written and is not needed.
pub(crate) fn discard(bundle: &Path) {
    // Where it cannot be removed it is of no use, but does no harm either; why
    // the command failed is told.
    let _ = fs::remove_dir_all(bundle);
}

fn file_name(index: usize, of: usize) -> String {
    match of {
        1 => "plan.json".to_owned(),
        _ => format!("plan-{}.json", index + 1),
    }
}

fn read_file(file: &Path) -> anyhow::Result<Plan> {
    let path = || file.to_owned();
    let named = || format!("plan `{}`", file.display());
    let opened = File::open(file).with_context(named)?;
    let len = opened.metadata().with_context(named)?.len();
    let max = MAX_PLAN;
    if len > max {
        return Err(Refusal::PlanTooLong {
            path: path(),
            len,
            max,
        }
        .into());
    }
    let mut bytes = Vec::new();
    opened
        .take(max)
        .read_to_end(&mut bytes)
        .with_context(named)?;
    let not_a_plan = |source| Refusal::NotAPlan {
        path: path(),
        source,
    };
    let document: serde_json::Value = serde_json::from_slice(&bytes).map_err(not_a_plan)?;
    // A report of this program is JSON too, and easily mistaken for the plan.
    let schema = document.get("schema").and_then(|schema| schema.as_str());
    if let Some(found) = schema.filter(|found| *found != "wimwright/plan/1") {
        let found = found.to_owned();
        return Err(Refusal::OtherDocument {
            path: path(),
            found,
        }
        .into());
    }
    Ok(serde_json::from_value(document).map_err(not_a_plan)?)
}
