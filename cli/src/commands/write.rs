//! What the writing commands share: begin, save the plan, commit or not.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use wimwright_servicing::{
    Access, BeginOptions, BundleError, CommitError, Draft, DraftError, Finding, ImageSet, Plan,
    Prepared, Receipt, Transaction, winre,
};

use super::{open, saved_plan};
use crate::args::Writing;
use crate::context::Context;
use crate::refusal::Refusal;
use crate::render::json::{FindingEntry, OfImage, PlanDocument, ReceiptDocument, document_text};
use crate::render::text::{count, printable, printable_lines};

/// Images that are being written to.
pub(crate) struct Edit {
    /// What the user named.
    given: String,
    images: Vec<Opened>,
    transaction: Transaction,
    undo_out: Option<PathBuf>,
}

/// One of the images, as it was opened.
struct Opened {
    name: String,
    title: Option<String>,
    findings: Vec<Finding>,
}

/// An image that was written to, and what the user should know about it.
pub(crate) struct Edited {
    /// The image as it was named.
    pub(crate) name: String,
    /// What its WIM file calls it.
    pub(crate) title: Option<String>,
    pub(crate) findings: Vec<FindingEntry>,
}

/// What a writing command came to, image by image.
pub(crate) enum Ending {
    /// Nothing was written, because that was asked for.
    Planned(Vec<Plan>),
    /// It was committed.
    Done(Vec<Receipt>),
}

impl Edit {
    /// Opens images to write to them, or to plan that only.
    pub(crate) fn begin(
        image: &Path,
        writing: &Writing,
        context: &Context<'_>,
    ) -> anyhow::Result<Edit> {
        // A dry run locks nobody out, and works where nothing can be written.
        let access = match writing.dry_run {
            true => Access::Read,
            false => Access::Write,
        };
        let set = open::images(image, access, context)?;
        Edit::of(set, image, writing, context)
    }

    /// Opens images to change their files alone, whether there is a Windows in
    /// them or not.
    pub(crate) fn begin_files(
        image: &Path,
        writing: &Writing,
        context: &Context<'_>,
    ) -> anyhow::Result<Edit> {
        let access = match writing.dry_run {
            true => Access::Read,
            false => Access::Write,
        };
        let set = open::images_for_files(image, access, context)?;
        Edit::of(set, image, writing, context)
    }

    fn of(
        set: ImageSet,
        image: &Path,
        writing: &Writing,
        context: &Context<'_>,
    ) -> anyhow::Result<Edit> {
        let given = image.display().to_string();
        let images = set.images().iter().map(|image| Opened {
            name: image.name().to_owned(),
            title: image.title().map(str::to_owned),
            findings: image.findings().to_vec(),
        });
        let images = images.collect();
        let mut transaction = set.begin(BeginOptions {
            time: context.time,
            accept_dirty_hive: writing.accept_dirty_hive,
            strict: writing.strict,
        });
        if writing.rebuild && !transaction.rebuild() {
            return Err(Refusal::NothingToRebuild { image: given }.into());
        }
        Ok(Edit {
            given,
            images,
            transaction,
            undo_out: writing.undo_out.clone(),
        })
    }

    /// How many images there are.
    pub(crate) fn len(&self) -> usize {
        self.images.len()
    }

    /// Takes the recovery environments that the images hold as images of their
    /// own, to be changed with them. Gives how many there are.
    pub(crate) fn include_winre(&mut self) -> anyhow::Result<usize> {
        let included = self.transaction.include_nested(winre);
        let included = included.map_err(|error| open::in_image(&self.given, error))?;
        let names = self.transaction.drafts().map(|(name, _)| name.to_owned());
        let titles = self.transaction.titles();
        let new = names.zip(titles).skip(self.images.len());
        let new: Vec<Opened> = new
            .map(|(name, title)| Opened {
                name,
                title: title.map(str::to_owned),
                findings: Vec::new(),
            })
            .collect();
        self.images.extend(new);
        Ok(included)
    }

    /// Runs an operation on each image; what fails for one fails for all.
    pub(crate) fn run<T, E>(
        &mut self,
        name: &str,
        operation: impl FnMut(&mut Draft) -> Result<T, E>,
    ) -> anyhow::Result<Vec<T>>
    where
        E: From<DraftError> + Into<anyhow::Error>,
    {
        let done = self.transaction.run(name, operation).into_iter();
        let named = done.zip(&self.images);
        named
            .map(|(done, image)| done.map_err(|error| open::in_image(&image.name, error)))
            .collect()
    }

    /// What the user should know of each image and its plan.
    pub(crate) fn images(&self) -> Vec<Edited> {
        let names = self.transaction.name_findings();
        let drafts = self.transaction.drafts().zip(names);
        let images = self.images.iter().zip(drafts);
        images
            .map(|(image, ((_, draft), names))| {
                let planned = draft.findings().iter();
                let new = planned.filter(|finding| !image.findings.contains(finding));
                let all = image.findings.iter().chain(new).chain(&names);
                Edited {
                    name: image.name.clone(),
                    title: image.title.clone(),
                    findings: all.map(FindingEntry::from).collect(),
                }
            })
            .collect()
    }

    /// Saves the plan where that was asked for, and commits unless the run is
    /// dry.
    pub(crate) fn end(
        self,
        writing: &Writing,
        context: &mut Context<'_>,
        steps: Steps,
    ) -> anyhow::Result<Ending> {
        let drafts = self.transaction.drafts();
        let plans: Vec<Plan> = drafts.map(|(_, draft)| draft.plan().clone()).collect();
        if writing.dry_run {
            // What a commit would refuse is refused now.
            let checked = self.transaction.check();
            checked.map_err(|error| open::in_image(&self.given, error))?;
        }
        for plan in &plans {
            context.log("plan", &plan.to_string());
        }
        match (&writing.plan_out, plans.as_slice()) {
            (Some(file), [plan]) => save(file, plan)?,
            (Some(_), _) => return Err(Refusal::OnePlan { image: self.given }.into()),
            (None, _) => {}
        }
        Ok(match writing.dry_run {
            true => Ending::Planned(plans),
            false => Ending::Done(self.commit(context, steps)?),
        })
    }

    /// Carries the plans out.
    pub(crate) fn commit(
        self,
        context: &mut Context<'_>,
        steps: Steps,
    ) -> anyhow::Result<Vec<Receipt>> {
        let in_image = |error: CommitError| open::in_image(&self.given, error);
        context.progress("prepare", steps.done, steps.total);
        let prepared = self.transaction.prepare().map_err(in_image)?;
        context.progress("commit", steps.done + 1, steps.total);
        let bundle = self.undo_out.filter(|_| prepared.writes());
        if let Some(bundle) = &bundle {
            keep(bundle, &prepared)?;
        }
        let receipts = match prepared.commit() {
            Ok(receipts) => receipts,
            Err(error) => {
                // What is not going to happen is not undone. A commit that the
                // next open finishes is.
                if let Some(bundle) = bundle.filter(|_| !error.will_be_finished()) {
                    saved_plan::discard(&bundle);
                }
                return Err(in_image(error));
            }
        };
        context.progress("done", steps.total, steps.total);
        Ok(receipts)
    }
}

/// The line above what is said of one of several images.
pub(crate) fn heading(name: &str, title: Option<&str>, context: &Context<'_>) -> String {
    let title = title.map(|title| format!(" ({title})"));
    let line = format!("{name}{}", title.unwrap_or_default());
    format!("{}\n", context.paint().strong(&printable(&line)))
}

/// How far a command is when it comes to its end.
#[derive(Clone, Copy)]
pub(crate) struct Steps {
    pub(crate) done: u64,
    pub(crate) total: u64,
}

/// The steps of [`Edit::end`].
pub(crate) const ENDING: u64 = 2;

/// Keeps what takes the commit back.
fn keep(bundle: &Path, prepared: &Prepared) -> anyhow::Result<()> {
    let kept = prepared.keep_displaced(bundle);
    kept.map_err(|error| match error {
        BundleError::Occupied { path } => Refusal::BundleThere { path }.into(),
        error => anyhow::Error::from(error),
    })?;
    let undo: Vec<&Plan> = prepared
        .receipts()
        .iter()
        .map(|receipt| &receipt.undo)
        .collect();
    let written = saved_plan::write(bundle, &undo);
    if written.is_err() {
        saved_plan::discard(bundle);
    }
    written
}

/// Writes a plan to be applied later.
fn save(file: &Path, plan: &Plan) -> anyhow::Result<()> {
    let text = document_text(&PlanDocument::new(plan))?;
    fs::write(file, text).with_context(|| format!("plan file `{}`", file.display()))
}

impl Ending {
    /// Whether an image changed, or would have.
    pub(crate) fn changed(&self) -> bool {
        match self {
            Ending::Planned(plans) => plans.iter().any(Plan::writes),
            Ending::Done(receipts) => receipts.iter().any(|receipt| receipt.plan.writes()),
        }
    }

    /// How many images there are.
    fn len(&self) -> usize {
        match self {
            Ending::Planned(plans) => plans.len(),
            Ending::Done(receipts) => receipts.len(),
        }
    }

    /// The plan of the only image, where it was not carried out.
    pub(crate) fn plan(&self) -> Option<PlanDocument<'_>> {
        match self {
            Ending::Planned(plans) if plans.len() == 1 => plans.first().map(PlanDocument::new),
            _ => None,
        }
    }

    /// The receipt of the only image, where its plan was carried out.
    pub(crate) fn receipt(&self) -> Option<ReceiptDocument> {
        match self {
            Ending::Done(receipts) if receipts.len() == 1 => {
                receipts.first().map(ReceiptDocument::from)
            }
            _ => None,
        }
    }

    /// Plan or receipt of one of several images.
    pub(crate) fn of_image(&self, index: usize) -> OfImage<'_> {
        let several = self.len() > 1;
        match self {
            Ending::Planned(plans) if several => OfImage {
                plan: plans.get(index).map(PlanDocument::new),
                receipt: None,
            },
            Ending::Done(receipts) if several => OfImage {
                plan: None,
                receipt: receipts.get(index).map(ReceiptDocument::from),
            },
            _ => OfImage::default(),
        }
    }

    /// Shows people what became of each image: what `told` says of its result, its
    /// findings, and the plan or what was written. Where there are several, each
    /// has its name above.
    ///
    /// # Errors
    /// Standard output cannot be written.
    pub(crate) fn show<T>(
        &self,
        images: &[Edited],
        results: &[T],
        context: &mut Context<'_>,
        told: impl Fn(&T, &Context<'_>) -> String,
    ) -> anyhow::Result<()> {
        for (index, (image, result)) in images.iter().zip(results).enumerate() {
            if images.len() > 1 {
                context.text(&heading(&image.name, image.title.as_deref(), context))?;
            }
            let text = told(result, context);
            context.text(&text)?;
            context.findings(&image.findings);
            let text = self.text(index, context);
            context.text(&text)?;
        }
        Ok(())
    }

    /// What happened to an image, for people: the plan, or what was written.
    pub(crate) fn text(&self, index: usize, context: &Context<'_>) -> String {
        match self {
            Ending::Planned(plans) => {
                let plan = plans.get(index);
                let mut text =
                    plan.map_or_else(String::new, |plan| plan_text(plan, context.verbose));
                if index + 1 == plans.len() {
                    text.push_str("dry run: nothing was written\n");
                }
                text
            }
            Ending::Done(receipts) => {
                let mut text = String::new();
                let Some(receipt) = receipts.get(index) else {
                    return text;
                };
                if context.verbose {
                    text.push_str(&plan_text(&receipt.plan, true));
                }
                if !context.quiet {
                    text.push_str(&summary(receipt));
                }
                text
            }
        }
    }
}

/// A plan for people; `with_sections` names the reference for every line.
pub(crate) fn plan_text(plan: &Plan, with_sections: bool) -> String {
    printable_lines(&match with_sections {
        true => format!("{plan:#}"),
        false => plan.to_string(),
    })
}

/// What was written, in a few lines.
pub(crate) fn summary(receipt: &Receipt) -> String {
    if !receipt.plan.writes() {
        return "nothing to change\n".to_owned();
    }
    let done = ReceiptDocument::from(receipt);
    let registry = &done.registry;
    let removed = done
        .files
        .iter()
        .filter(|file| file.after.is_none())
        .count();
    let written = done.files.len() - removed;
    let mut parts = Vec::new();
    if written > 0 {
        parts.push(count(written, "file written", "files written"));
    }
    for (number, one, many) in [
        (
            removed,
            "file or folder removed",
            "files and folders removed",
        ),
        (
            done.renamed.len(),
            "file or folder renamed",
            "files and folders renamed",
        ),
        (
            done.restamped.len(),
            "file or folder with new attributes or times",
            "files and folders with new attributes or times",
        ),
        (registry.keys_created, "key created", "keys created"),
        (registry.values_set, "value set", "values set"),
        (registry.keys_deleted, "key deleted", "keys deleted"),
        (registry.values_deleted, "value deleted", "values deleted"),
        (
            registry.security_set,
            "key with other security",
            "keys with other security",
        ),
    ] {
        if number > 0 {
            parts.push(count(number, one, many));
        }
    }
    if parts.is_empty() {
        // Directories alone.
        parts.push(count(written, "file written", "files written"));
    }
    let mut text = parts.join(", ");
    if !registry.hives.is_empty() {
        let hives = count(registry.hives.len(), "hive", "hives");
        text.push_str(&format!(" in {hives} ({})", registry.hives.join(", ")));
    }
    text.push_str(&format!("\nbasis: {}\n", receipt.basis));
    for exception in &receipt.read_back_exceptions {
        let exception = printable(exception);
        text.push_str(&format!("not compared by the second reader: {exception}\n"));
    }
    text
}
