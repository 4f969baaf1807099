//! `delete`: images out of a WIM file.

use std::path::Path;

use wimwright_servicing::Access;
use wimwright_servicing::container::delete;

use super::{images, numbered};
use crate::context::Context;
use crate::exit::ExitCode;
use crate::render::json::{WimDelete, WimDeletedImage};
use crate::render::text::{count, printable, size};

/// Runs `delete WIM:SEL`.
pub(super) fn run(
    image: &Path,
    check: Option<bool>,
    context: &mut Context<'_>,
) -> anyhow::Result<ExitCode> {
    let (wim, images) = images(image, Access::Write, context)?;
    let file = wim.path().display().to_string();
    let done = delete(wim, &images, check)?;
    for image in &done.images {
        context.log("result", &format!("deleted {file}:{}", image.index));
    }
    if context.json {
        let deleted = done.images.into_iter().map(|image| WimDeletedImage {
            image: format!("{file}:{}", image.index),
            image_name: image.name,
        });
        context.document(&WimDelete {
            changed: true,
            images: deleted.collect(),
            wim: file,
            image_count: done.left,
            boot_index: done.boot,
            size_before: done.length_before,
            size: done.length,
            unused_bytes: done.unused,
        })?;
        return Ok(ExitCode::Done);
    }
    let mut text = String::new();
    let outcome = context.paint().good("deleted");
    for image in &done.images {
        let which = numbered(image.index, image.name.as_deref());
        text.push_str(&format!("{outcome}  image {which}\n"));
    }
    let left = count(done.left as usize, "image is", "images are");
    text.push_str(&format!(
        "{}: {left} left, {}, {} of them unused\n",
        printable(&file),
        size(done.length),
        size(done.unused)
    ));
    match (done.boot_before, done.boot) {
        (Some(before), None) => text.push_str(&format!(
            "no image is bootable any more: image {before} was\n"
        )),
        (Some(before), Some(now)) if before != now => text.push_str(&format!(
            "the bootable image, {before} before, is image {now} now\n"
        )),
        _ => {}
    }
    context.text(&text)?;
    Ok(ExitCode::Done)
}
