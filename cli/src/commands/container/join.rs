//! `join`: parts into one WIM file.

use std::path::{Path, PathBuf};

use wimwright_servicing::Overwrite;
use wimwright_servicing::container::join;

use super::metered::metered;
use crate::context::Context;
use crate::exit::ExitCode;
use crate::render::json::{FindingEntry, WimJoin};
use crate::render::text::{count, printable, size};

/// Runs `join PART... WIM`.
pub(super) fn run(
    parts: &[PathBuf],
    destination: &Path,
    overwrite: Overwrite,
    check: Option<bool>,
    context: &mut Context<'_>,
) -> anyhow::Result<ExitCode> {
    let done = metered("join", context, |meter| {
        join(parts, destination, overwrite, check, meter)
    })?;
    let document = WimJoin {
        changed: true,
        wim: destination.display().to_string(),
        total_parts: done.parts,
        image_count: done.images,
        size: done.length,
        findings: done.findings.iter().map(FindingEntry::from).collect(),
    };
    context.log("result", &format!("joined {}", document.wim));
    if context.json {
        context.document(&document)?;
        return Ok(ExitCode::Done);
    }
    let text = format!(
        "{}: {} of {}, {}\n",
        printable(&document.wim),
        count(document.image_count as usize, "image", "images"),
        count(usize::from(document.total_parts), "part", "parts"),
        size(document.size)
    );
    context.text(&text)?;
    context.findings(&document.findings);
    Ok(ExitCode::Done)
}
