//! `diff --as-plan`: a bundle that makes the first image what the second is.

use std::path::Path;

use wimwright_servicing::diff::{self as images, AsPlanError, ImageDifferences, Options};
use wimwright_servicing::{BundleError, Draft, Finding};

use super::super::{open, saved_plan};
use super::{Asked, Found};
use crate::args::DiffPart;
use crate::refusal::Refusal;
use crate::render::json::DiffPlan;
use crate::render::text::{count, printable, size};

/// Refuses what cannot be planned or written, before the images are compared.
pub(super) fn check(bundle: &Path, asked: &Asked<'_>) -> anyhow::Result<()> {
    if !asked.wants(DiffPart::Files) && !asked.wants(DiffPart::Registry) {
        return Err(Refusal::PlanOfNothing.into());
    }
    let empty = match bundle.read_dir() {
        Ok(mut entries) => entries.next().is_none(),
        Err(_) => bundle.symlink_metadata().is_err(),
    };
    match empty {
        true => Ok(()),
        false => Err(Refusal::BundleThere {
            path: bundle.to_owned(),
        }
        .into()),
    }
}

/// Plans what differs, and writes the bundle; nothing where nothing differs.
pub(super) fn write(
    bundle: &Path,
    names: &[String; 2],
    drafts: &mut [Draft; 2],
    options: &Options,
    found: &mut Found,
) -> anyhow::Result<()> {
    let files = found.differences.files.is_some();
    let registry = found.differences.registry.is_some();
    let differences = ImageDifferences {
        files: found.differences.files.take().unwrap_or_default(),
        registry: found.differences.registry.take().unwrap_or_default(),
        findings: Vec::new(),
    };
    let [old, new] = drafts;
    let made = images::as_plan(old, new, &differences, options);
    found.differences.files = files.then_some(differences.files);
    found.differences.registry = registry.then_some(differences.registry);
    let made = made.map_err(|error| match error {
        // What stands in the second image cannot be put into the first.
        AsPlanError::Inexpressible { .. } => anyhow::Error::from(error),
        error => open::in_image(&names[0], error),
    })?;
    if !made.plan().writes() {
        found.missing.push(Finding::note(
            "nothing-to-plan",
            "nothing differs that a plan is made of: no bundle was written",
        ));
        return Ok(());
    }
    made.write_content(bundle).map_err(|error| match error {
        BundleError::Occupied { path } => Refusal::BundleThere { path }.into(),
        error => anyhow::Error::from(error),
    })?;
    if let Err(error) = saved_plan::write(bundle, &[made.plan()]) {
        saved_plan::discard(bundle);
        return Err(error);
    }
    let steps = made.plan().steps.iter();
    found.plan = Some(DiffPlan {
        directory: bundle.display().to_string(),
        changes: steps.filter(|step| step.change.writes()).count(),
        content_bytes: made.content_len(),
    });
    Ok(())
}

/// What is said of a bundle that was written.
pub(super) fn told(plan: &DiffPlan) -> String {
    format!(
        "plan: {}, {} of content, in `{}`; `plan show` shows it, `plan apply` carries it out\n",
        count(plan.changes, "change", "changes"),
        size(plan.content_bytes),
        printable(&plan.directory)
    )
}
