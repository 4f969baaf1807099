//! `registry import`: `.reg` files into an image.

use std::path::{Path, PathBuf};

use wimwright_servicing::registry::{Locator, import};

use super::reg_file;
use crate::args::{Locating, Reading, Writing};
use crate::commands::write::{ENDING, Edit, Steps};
use crate::context::Context;
use crate::exit::ExitCode;
use crate::render::json::{ImportedFile, ImportedFiles, RegistryImport};
use crate::render::text::{count, printable};

/// Runs `registry import IMAGE FILE...`.
pub(super) fn run(
    image: &Path,
    files: &[PathBuf],
    reading: &Reading,
    locating: &Locating,
    writing: &Writing,
    context: &mut Context<'_>,
) -> anyhow::Result<ExitCode> {
    let total = 2 + ENDING;
    context.progress("read", 0, total);
    let given = reg_file::read(files)?;
    // Said before anything is opened.
    Locator::new(locating.options())?;
    context.progress("open", 1, total);
    let mut edit = Edit::begin(image, writing, context)?;
    let imported = edit.run::<_, anyhow::Error>("registry import", |draft| {
        // It keeps the profiles of the image that it looked into.
        let locator = Locator::new(locating.options())?;
        let files = reg_file::parse(&given, reading, draft)?;
        Ok(import(draft, &locator, &files)?)
    })?;
    let edited = edit.images();
    let ending = edit.end(writing, context, Steps { done: 2, total })?;

    let images = edited.iter().zip(imported).enumerate();
    let images: Vec<ImportedFiles<'_>> = images
        .map(|(index, (image, (files, _)))| ImportedFiles {
            image: image.name.clone(),
            results: files.iter().map(ImportedFile::from).collect(),
            findings: image.findings.clone(),
            done: ending.of_image(index),
        })
        .collect();
    if context.json {
        context.document(&RegistryImport {
            changed: ending.changed(),
            images,
            plan: ending.plan(),
            receipt: ending.receipt(),
        })?;
        return Ok(ExitCode::Done);
    }
    ending.show(&edited, &images, context, |imported, _| {
        imported.results.iter().map(line).collect()
    })?;
    Ok(ExitCode::Done)
}

/// What a file asks for.
fn line(result: &ImportedFile) -> String {
    let mut parts = Vec::new();
    for (number, one, many) in [
        (result.keys, "key", "keys"),
        (result.values, "value", "values"),
        (result.deleted_keys, "key to delete", "keys to delete"),
        (result.deleted_values, "value to delete", "values to delete"),
        (result.skipped_lines, "line skipped", "lines skipped"),
    ] {
        if number > 0 {
            parts.push(count(number, one, many));
        }
    }
    let said = match parts.is_empty() {
        true => "nothing".to_owned(),
        false => parts.join(", "),
    };
    format!("{}: {said}\n", printable(&result.file))
}
