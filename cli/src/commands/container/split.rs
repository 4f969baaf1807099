//! `split`: a WIM file into parts.

use std::path::Path;

use wimwright_servicing::container::split;
use wimwright_servicing::{Access, Overwrite, WimFile};

use super::metered::metered;
use super::whole_file;
use crate::context::Context;
use crate::exit::ExitCode;
use crate::render::json::{FindingEntry, WimPart, WimSplit};
use crate::render::text::{count, printable, size};

/// Runs `split WIM OUT.swm --size N`.
pub(super) fn run(
    word: &Path,
    first: &Path,
    part_size: u64,
    overwrite: Overwrite,
    context: &mut Context<'_>,
) -> anyhow::Result<ExitCode> {
    let file = whole_file(word)?;
    let wim = WimFile::open(&file, &context.references()?, Access::Read)?;
    let done = metered("split", context, |meter| {
        split(&wim, first, part_size, overwrite, meter)
    })?;
    let parts = done.parts.iter().map(|part| WimPart {
        wim: part.file.display().to_string(),
        size: part.length,
    });
    let document = WimSplit {
        changed: true,
        wim: file.display().to_string(),
        parts: parts.collect(),
        findings: done.findings.iter().map(FindingEntry::from).collect(),
    };
    for part in &document.parts {
        context.log("result", &format!("part {}", part.wim));
    }
    if context.json {
        context.document(&document)?;
        return Ok(ExitCode::Done);
    }
    let mut text = String::new();
    for part in &document.parts {
        text.push_str(&format!("{}  {}\n", printable(&part.wim), size(part.size)));
    }
    let parts = count(document.parts.len(), "part", "parts");
    text.push_str(&format!("{}: {parts}\n", printable(&document.wim)));
    context.text(&text)?;
    context.findings(&document.findings);
    Ok(ExitCode::Done)
}
