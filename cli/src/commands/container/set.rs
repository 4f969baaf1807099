//! `set`: what a WIM file says of its images.

use std::path::Path;

use wimwright_servicing::Access;
use wimwright_servicing::container::{Edits, set};

use super::images;
use crate::context::Context;
use crate::exit::ExitCode;
use crate::refusal::Refusal;
use crate::render::json::{WimSet, WimSetImage};
use crate::render::text::printable;

/// Runs `set WIM:SEL ...`.
pub(super) fn run(
    image: &Path,
    edits: &Edits,
    context: &mut Context<'_>,
) -> anyhow::Result<ExitCode> {
    if *edits == Edits::default() {
        return Err(Refusal::NothingToSet.into());
    }
    let (wim, images) = images(image, Access::Write, context)?;
    let done = set(&wim, &images, edits)?;
    let file = wim.path().display();
    let named = images.iter().map(|index| WimSetImage {
        image: format!("{file}:{index}"),
    });
    let document = WimSet {
        changed: done.changed,
        images: named.collect(),
        boot_index: done.boot,
        integrity_table: done.check,
    };
    if context.json {
        context.document(&document)?;
        return Ok(ExitCode::Done);
    }
    let outcome = match document.changed {
        true => context.paint().good("changed"),
        false => "unchanged".to_owned(),
    };
    let mut text = String::new();
    for image in &document.images {
        text.push_str(&format!("{outcome}  {}\n", printable(&image.image)));
    }
    context.log("result", &text);
    context.text(&text)?;
    Ok(ExitCode::Done)
}
