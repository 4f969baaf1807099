//! Images on their way: copied out of their source into a new file, and changed
//! there in one transaction.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use wimwright_servicing::capture::{self, CaptureOptions, ImageDescription, NewFile};
use wimwright_servicing::container::{ExportOptions, Footprint, Meter, export, footprint};
use wimwright_servicing::{
    Access, BeginOptions, FileTime, Finding, ImageName, ImageSet, Overwrite, Plan, Receipt,
    Selector, Transaction, WimFile, winre,
};

use super::problem::Problem;
use super::recipe::{Form, Node, Recipe, SourceRecipe};
use super::steps::Opened;
use crate::commands::open::in_image;
use crate::refusal::Refusal;
use crate::render::json::BuiltStep;

/// What all images of a build need.
pub(super) struct Bench<'b> {
    pub(super) recipe: &'b Recipe,
    /// What the steps read, by number; `None` for steps that nobody needs.
    pub(super) opened: &'b [Option<Opened>],
    pub(super) references: &'b [PathBuf],
    /// The one time that everything written carries.
    pub(super) time: FileTime,
    /// The same input gives the same bytes.
    pub(super) reproducible: bool,
}

/// What became of one image.
pub(super) struct Done {
    pub(super) title: Option<String>,
    pub(super) steps: Vec<BuiltStep>,
    pub(super) findings: Vec<Finding>,
    /// What would be done; of a dry run alone.
    pub(super) plan: Option<Plan>,
    /// What was done; `None` of a dry run.
    pub(super) receipt: Option<Receipt>,
}

impl Bench<'_> {
    fn source(&self, node: &Node) -> anyhow::Result<&SourceRecipe> {
        let source = self.recipe.sources.get(node.source);
        source.context("a node has a source")
    }

    /// Copies the images of a node's source into a new file at `to`, and does
    /// the node's steps to them.
    pub(super) fn make_of_source(&self, node: &Node, to: &Path) -> anyhow::Result<Vec<Done>> {
        let source = self.source(node)?;
        let about = || format!("source `{}`", source.name);
        let found = match &source.image {
            ImageName::Wim { file, selector } => self
                .export(source, file, selector.as_ref(), node.form, to)
                .with_context(about)?,
            ImageName::Directory(folder) => self.capture(source, folder, node.form, to)?,
        };
        let mut done = self.edit(node, to)?;
        if let Some(first) = done.first_mut() {
            first.findings.splice(0..0, found);
        }
        Ok(done)
    }

    /// Copies a file that others made into a new one at `to`, and does the
    /// node's steps to its images.
    pub(super) fn make_of_file(
        &self,
        node: &Node,
        (file, form): (&Path, Form),
        to: &Path,
    ) -> anyhow::Result<Vec<Done>> {
        copy(file, form, to, node.form)?;
        self.edit(node, to)
    }

    fn export(
        &self,
        source: &SourceRecipe,
        file: &Path,
        selector: Option<&Selector>,
        form: Form,
        to: &Path,
    ) -> anyhow::Result<Vec<Finding>> {
        let wim = WimFile::open(file, self.references, Access::Read)?;
        let images = Selector::resolve(selector, file, wim.archive())?;
        let options = ExportOptions {
            packing: form.packing(),
            check: Some(form.check),
            name: source.image_name.clone(),
            description: source.description.clone(),
            ..ExportOptions::default()
        };
        let meter = Arc::new(Meter::default());
        let done = export(&wim, &images, to, Overwrite::Refuse, &options, &meter)?;
        Ok(done.findings)
    }

    fn capture(
        &self,
        source: &SourceRecipe,
        folder: &Path,
        form: Form,
        to: &Path,
    ) -> anyhow::Result<Vec<Finding>> {
        let new = NewFile {
            packing: form.packing().of_new_file()?,
            overwrite: Overwrite::Refuse,
            integrity: form.check,
        };
        let image = ImageDescription {
            name: source.image_name.clone(),
            description: source.description.clone(),
            flags: None,
            boot: false,
            time: self.time,
        };
        let done = capture::capture(
            folder,
            to,
            &new,
            &image,
            &self.capture_options(source),
            &mut |_, _| {},
        );
        let done = done.with_context(|| format!("source `{}`", source.name))?;
        none_lost(source, done.lost, &done.findings)?;
        Ok(done.findings)
    }

    fn capture_options(&self, source: &SourceRecipe) -> CaptureOptions {
        CaptureOptions {
            exclusions: source.exclusions.clone(),
            fix_links: true,
            reproducible: self.reproducible,
        }
    }

    /// Does a node's steps to the images of a file.
    pub(super) fn edit(&self, node: &Node, file: &Path) -> anyhow::Result<Vec<Done>> {
        let source = self.source(node)?;
        let name = ImageName::Wim {
            file: file.to_owned(),
            selector: Some(Selector::All),
        };
        let (transaction, planned) = self.run(source, &name, &node.steps, Access::Write)?;
        let commit = || -> anyhow::Result<Vec<Receipt>> { Ok(transaction.prepare()?.commit()?) };
        let receipts = commit().with_context(|| format!("source `{}`", source.name))?;
        let done = planned.into_iter().zip(receipts);
        Ok(done
            .map(|(done, receipt)| Done {
                plan: None,
                receipt: Some(receipt),
                ..done
            })
            .collect())
    }

    /// Plans all that a node is made by; nothing is written.
    pub(super) fn plan(&self, node: &Node) -> anyhow::Result<Vec<Done>> {
        let source = self.source(node)?;
        let parent = node.parent.and_then(|parent| self.recipe.nodes.get(parent));
        let before = parent.map_or(&[][..], |parent| &parent.steps);
        let steps: Vec<usize> = before.iter().chain(&node.steps).copied().collect();
        let (transaction, done) = self.run(source, &source.image, &steps, Access::Read)?;
        let checked = transaction.check();
        checked.with_context(|| format!("source `{}`", source.name))?;
        Ok(done)
    }

    /// How many bytes the images of a source take: stored, of a directory plain.
    pub(super) fn size(&self, source: &SourceRecipe) -> anyhow::Result<u64> {
        let about = || format!("source `{}`", source.name);
        match &source.image {
            ImageName::Wim { file, selector } => {
                let size = || -> anyhow::Result<Footprint> {
                    let wim = WimFile::open(file, self.references, Access::Read)?;
                    let images = Selector::resolve(selector.as_ref(), file, wim.archive())?;
                    Ok(footprint(&wim, &images)?)
                };
                Ok(size().with_context(about)?.stored)
            }
            ImageName::Directory(folder) => {
                let options = self.capture_options(source);
                let found = capture::preview(folder, Path::new(""), &options);
                let found = found.with_context(about)?;
                none_lost(source, found.lost, &found.findings)?;
                Ok(found.bytes)
            }
        }
    }

    /// Runs steps on drafts of images.
    fn run(
        &self,
        source: &SourceRecipe,
        image: &ImageName,
        steps: &[usize],
        access: Access,
    ) -> anyhow::Result<(Transaction, Vec<Done>)> {
        let about = || format!("source `{}`", source.name);
        let steps = steps
            .iter()
            .filter_map(|at| Some((self.recipe.steps.get(*at)?, self.opened.get(*at)?.as_ref()?)));
        let steps: Vec<_> = steps.collect();
        let references = match access {
            Access::Read => self.references,
            Access::Write => &[],
        };
        let set = match steps.iter().all(|(_, opened)| opened.is_of_files()) {
            true => ImageSet::open_files(image, references, access),
            false => ImageSet::open(image, references, access),
        };
        let set = set.with_context(about)?;
        let own = set.images().len();
        let findings: Vec<Vec<Finding>> = set
            .images()
            .iter()
            .map(|image| image.findings().to_vec())
            .collect();
        let mut transaction = set.begin(BeginOptions {
            time: self.time,
            accept_dirty_hive: source.accept_dirty_hive,
            strict: self.recipe.strict,
        });
        let is_for_winre = steps.iter().any(|(_, opened)| opened.is_for_winre());
        if is_for_winre && transaction.include_nested(winre).with_context(about)? == 0 {
            return Err(Refusal::NoWinre {
                image: source.given.clone(),
            }
            .into());
        }
        let mut results: Vec<Vec<BuiltStep>> = transaction.titles().map(|_| Vec::new()).collect();
        for (step, opened) in steps {
            let about = || format!("source `{}`, step `{}`", source.name, step.word());
            let mut number = 0;
            let done = transaction.run(step.word(), |draft| {
                number += 1;
                match number <= own || opened.is_for_winre() {
                    true => opened.plan(draft).map(Some),
                    false => Ok(None),
                }
            });
            for (of_image, done) in results.iter_mut().zip(done) {
                let Some(results) = done.with_context(about)? else {
                    continue;
                };
                opened.check(&source.name, step, &results)?;
                of_image.push(BuiltStep {
                    step: step.word().to_owned(),
                    results,
                });
            }
        }
        let names = transaction.name_findings();
        let titles = transaction.titles().map(|title| title.map(str::to_owned));
        let drafts = transaction.drafts().map(|(_, draft)| draft);
        let none = std::iter::repeat_with(Vec::new);
        let images = drafts.zip(titles).zip(results).zip(names);
        let images = images.zip(findings.into_iter().chain(none));
        let done = images.map(|((((draft, title), steps), names), mut findings)| {
            for finding in draft.findings().iter().chain(&names) {
                if !findings.contains(finding) {
                    findings.push(finding.clone());
                }
            }
            Done {
                title,
                steps,
                findings,
                plan: Some(draft.plan().clone()),
                receipt: None,
            }
        });
        let done = done.collect();
        Ok((transaction, done))
    }
}

/// What is not captured would be missing in what is built, and nobody would
/// look for it there.
fn none_lost(source: &SourceRecipe, lost: u64, findings: &[Finding]) -> Result<(), Problem> {
    if lost == 0 {
        return Ok(());
    }
    let first = findings.first().map(|finding| finding.message.clone());
    Err(Problem::Lost {
        name: source.name.clone(),
        lost,
        first: first.unwrap_or_default(),
    })
}

/// Copies a file: as it is where it has the form that is wanted, else packed
/// anew.
pub(super) fn copy(file: &Path, form: Form, to: &Path, wanted: Form) -> anyhow::Result<()> {
    if form == wanted {
        fs::copy(file, to).with_context(|| format!("`{}`", to.display()))?;
        return Ok(());
    }
    add(file, to, wanted)
}

/// Adds all images of a file to another one, which is made where it is missing.
pub(super) fn add(file: &Path, to: &Path, form: Form) -> anyhow::Result<()> {
    let wim = WimFile::open(file, &[], Access::Read)?;
    let images = Selector::resolve(Some(&Selector::All), file, wim.archive())?;
    let options = match to.exists() {
        true => ExportOptions::default(),
        false => ExportOptions {
            packing: form.packing(),
            check: Some(form.check),
            ..ExportOptions::default()
        },
    };
    let meter = Arc::new(Meter::default());
    export(&wim, &images, to, Overwrite::Refuse, &options, &meter)
        .map_err(|error| in_image(&file.display().to_string(), error))?;
    Ok(())
}
