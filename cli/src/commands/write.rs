//! What the writing commands share: begin, save the plan, commit or not.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use wimwright_servicing::{
    Access, BeginOptions, CommitError, Draft, DraftError, Finding, Plan, Receipt, Transaction,
};

use super::open;
use crate::args::Writing;
use crate::context::Context;
use crate::render::json::{FindingEntry, PlanDocument, ReceiptDocument, document_text};
use crate::render::text::{count, printable, printable_lines};

/// An image that is being written to.
pub(crate) struct Edit {
    /// The image as it was named.
    pub(crate) name: String,
    transaction: Transaction,
    findings: Vec<Finding>,
}

/// What a writing command came to.
pub(crate) enum Ending {
    /// Nothing was written, because that was asked for.
    Planned(Plan),
    /// It was committed.
    Done(Box<Receipt>),
}

impl Edit {
    /// Opens an image to write to it, or to plan that only.
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
        let image = open::image(image, access)?;
        Ok(Edit {
            name: image.name().to_owned(),
            findings: image.findings().to_vec(),
            transaction: image.begin(BeginOptions {
                time: context.time,
                accept_dirty_hive: writing.accept_dirty_hive,
                strict: writing.strict,
            }),
        })
    }

    /// Runs an operation on the image.
    pub(crate) fn run<T, E>(
        &mut self,
        name: &str,
        operation: impl FnMut(&mut Draft) -> Result<T, E>,
    ) -> anyhow::Result<T>
    where
        E: From<DraftError> + Into<anyhow::Error>,
    {
        let done = self.transaction.run(name, operation).pop();
        let done = done.context("the transaction has no image")?;
        done.map_err(|error| open::in_image(&self.name, error))
    }

    /// What the user should know, about the image and about the plan.
    pub(crate) fn findings(&self) -> Vec<FindingEntry> {
        let drafts = self.transaction.drafts();
        let planned = drafts.flat_map(|(_, draft)| draft.findings());
        let new = planned.filter(|finding| !self.findings.contains(finding));
        let names = self.transaction.name_findings();
        self.findings
            .iter()
            .chain(new)
            .chain(&names)
            .map(FindingEntry::from)
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
        let mut drafts = self.transaction.drafts();
        let plan = drafts.next().map(|(_, draft)| draft.plan().clone());
        drop(drafts);
        let plan = plan.unwrap_or_else(|| Plan::new(context.time));
        if writing.dry_run {
            // What a commit would refuse is refused now.
            let checked = self.transaction.check();
            checked.map_err(|error| open::in_image(&self.name, error))?;
        }
        context.log("plan", &plan.to_string());
        if let Some(file) = &writing.plan_out {
            save(file, &plan)?;
        }
        Ok(match writing.dry_run {
            true => Ending::Planned(plan),
            false => Ending::Done(Box::new(self.commit(context, steps)?)),
        })
    }

    /// Carries the plan out.
    pub(crate) fn commit(self, context: &mut Context<'_>, steps: Steps) -> anyhow::Result<Receipt> {
        let in_image = |error: CommitError| open::in_image(&self.name, error);
        context.progress("prepare", steps.done, steps.total);
        let prepared = self.transaction.prepare().map_err(in_image)?;
        context.progress("commit", steps.done + 1, steps.total);
        let receipt = prepared.commit().map_err(in_image)?;
        context.progress("done", steps.total, steps.total);
        Ok(receipt)
    }
}

/// How far a command is when it comes to its end.
#[derive(Clone, Copy)]
pub(crate) struct Steps {
    pub(crate) done: u64,
    pub(crate) total: u64,
}

/// The steps of [`Edit::end`].
pub(crate) const ENDING: u64 = 2;

/// Writes a plan to be applied later.
fn save(file: &Path, plan: &Plan) -> anyhow::Result<()> {
    let text = document_text(&PlanDocument::new(plan))?;
    fs::write(file, text).with_context(|| format!("plan file `{}`", file.display()))
}

impl Ending {
    /// Whether the image changed, or would have.
    pub(crate) fn changed(&self) -> bool {
        match self {
            Ending::Planned(plan) => plan.writes(),
            Ending::Done(receipt) => receipt.plan.writes(),
        }
    }

    /// The plan, where it was not carried out.
    pub(crate) fn plan(&self) -> Option<PlanDocument<'_>> {
        match self {
            Ending::Planned(plan) => Some(PlanDocument::new(plan)),
            Ending::Done(_) => None,
        }
    }

    /// The receipt, where the plan was carried out.
    pub(crate) fn receipt(&self) -> Option<ReceiptDocument> {
        match self {
            Ending::Planned(_) => None,
            Ending::Done(receipt) => Some(ReceiptDocument::from(receipt.as_ref())),
        }
    }

    /// What happened, for people: the plan, or what was written.
    pub(crate) fn text(&self, context: &Context<'_>) -> String {
        match self {
            Ending::Planned(plan) => {
                let mut text = plan_text(plan, context.verbose);
                text.push_str("dry run: nothing was written\n");
                text
            }
            Ending::Done(receipt) => {
                let mut text = String::new();
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
    let mut parts = vec![count(written, "file written", "files written")];
    for (number, one, many) in [
        (
            removed,
            "file or folder removed",
            "files and folders removed",
        ),
        (registry.keys_created, "key created", "keys created"),
        (registry.values_set, "value set", "values set"),
        (registry.keys_deleted, "key deleted", "keys deleted"),
        (registry.values_deleted, "value deleted", "values deleted"),
    ] {
        if number > 0 {
            parts.push(count(number, one, many));
        }
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
