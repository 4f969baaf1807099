//! `export`: images into a new WIM file, or into one that exists.

use std::path::Path;

use wimwright_servicing::container::{ExportOptions, export};
use wimwright_servicing::{Access, Overwrite};

use super::metered::metered;
use super::{images, numbered};
use crate::context::Context;
use crate::exit::ExitCode;
use crate::render::json::{FindingEntry, WimExport, WimExportedImage};
use crate::render::text::{printable, size};

/// Runs `export IMAGE WIM`.
pub(super) fn run(
    image: &Path,
    destination: &Path,
    overwrite: Overwrite,
    options: &ExportOptions,
    context: &mut Context<'_>,
) -> anyhow::Result<ExitCode> {
    let (source, images) = images(image, Access::Read, context)?;
    let done = metered("export", context, |meter| {
        export(&source, &images, destination, overwrite, options, meter)
    })?;
    let file = source.path().display();
    let exported = done.images.iter().map(|image| WimExportedImage {
        image: format!("{file}:{}", image.source),
        image_index: image.index,
        image_name: image.name.clone(),
    });
    let document = WimExport {
        changed: true,
        wim: destination.display().to_string(),
        appended: done.appended,
        compression: done.compression.name().to_owned(),
        chunk_size: done.chunk_size,
        size: done.length,
        images: exported.collect(),
        findings: done.findings.iter().map(FindingEntry::from).collect(),
    };
    for image in &document.images {
        let line = format!(
            "exported {} to {}:{}",
            image.image, document.wim, image.image_index
        );
        context.log("result", &line);
    }
    if context.json {
        context.document(&document)?;
        return Ok(ExitCode::Done);
    }
    let mut text = String::new();
    let outcome = context.paint().good("exported");
    for image in &document.images {
        let to = numbered(image.image_index, image.image_name.as_deref());
        let from = printable(&image.image).into_owned();
        text.push_str(&format!("{outcome}  {from}  as image {to}\n"));
    }
    let how = match document.appended {
        true => "images added",
        false => "new file",
    };
    text.push_str(&format!(
        "{}: {how}, compression {}, {}\n",
        printable(&document.wim),
        document.compression,
        size(document.size)
    ));
    context.text(&text)?;
    context.findings(&document.findings);
    Ok(ExitCode::Done)
}
