//! `report`: all that is known of an image, on one page and as a bill of
//! materials.

mod gather;

use std::path::{Path, PathBuf};

use wimwright_servicing::Access;

use super::{open, report_file, trust};
use crate::args::{ReportWords, SbomFormat};
use crate::context::Context;
use crate::exit::ExitCode;
use crate::refusal::Refusal;
use crate::render::json::Report;
use crate::render::text::printable;
use crate::render::{html, report as text, sbom};

/// Runs `report IMAGE`.
pub(super) fn run(words: &ReportWords, context: &mut Context<'_>) -> anyhow::Result<ExitCode> {
    let sboms = formats(words)?;
    let named: Vec<&Path> = { words.html.iter().chain(&words.sbom) }
        .map(PathBuf::as_path)
        .collect();
    for (index, path) in named.iter().enumerate() {
        if named.iter().take(index).any(|before| before == path) {
            let path = path.to_path_buf();
            return Err(Refusal::SameFile { path }.into());
        }
        report_file::check(path, words.force)?;
    }
    let anchors = trust::store(&words.trust)?;
    let set = open::images(&words.image, Access::Read, context)?;
    let total = set.images().len() as u64;
    let mut report = Report {
        images: Vec::new(),
        files: named
            .iter()
            .map(|path| path.display().to_string())
            .collect(),
    };
    for (done, image) in set.images().iter().enumerate() {
        context.progress(image.name(), done as u64, total);
        report
            .images
            .push(gather::image(image, &anchors, context.time));
    }

    let mut files: Vec<(&Path, String)> = Vec::new();
    if let Some(path) = &words.html {
        files.push((path, html::report(&report, context.time)));
    }
    let named = words.image.file_name().unwrap_or(words.image.as_os_str());
    let bill = sbom::Bill::new(&named.to_string_lossy(), &report.images, context.time);
    for (path, format) in sboms {
        let text = match format {
            SbomFormat::Spdx => sbom::spdx(&bill)?,
            SbomFormat::Cyclonedx => sbom::cyclonedx(&bill)?,
        };
        files.push((path, text));
    }
    let texts: Vec<(&Path, &str)> = { files.iter() }
        .map(|(path, text)| (*path, text.as_str()))
        .collect();
    report_file::write_all(&texts, words.force)?;

    if context.json {
        context.document(&report)?;
        return Ok(ExitCode::Done);
    }
    for (index, image) in report.images.iter().enumerate() {
        let gap = if index > 0 { "\n" } else { "" };
        let text = format!("{gap}{}", text::text(image, context));
        context.text(&text)?;
        context.findings(&image.findings);
    }
    if !context.quiet {
        for file in &report.files {
            let line = format!("wrote {}\n", printable(file));
            context.text(&line)?;
        }
    }
    Ok(ExitCode::Done)
}

/// The bills of materials with their formats.
fn formats(words: &ReportWords) -> anyhow::Result<Vec<(&Path, SbomFormat)>> {
    let each = words.sbom.iter().map(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let format = SbomFormat::of_name(&name).or(words.sbom_format);
        let format = format.ok_or_else(|| Refusal::SbomFormat { path: path.clone() })?;
        Ok((path.as_path(), format))
    });
    each.collect()
}
