//! `optimize`: a WIM file written anew.

use std::path::Path;

use wimwright_servicing::container::{OptimizeOptions, optimize};

use super::metered::metered;
use super::whole_file;
use crate::context::Context;
use crate::exit::ExitCode;
use crate::render::json::WimOptimize;
use crate::render::text::{printable, size};

/// Runs `optimize WIM`.
pub(super) fn run(
    word: &Path,
    options: &OptimizeOptions,
    context: &mut Context<'_>,
) -> anyhow::Result<ExitCode> {
    let file = whole_file(word)?;
    let done = metered("optimize", context, |meter| optimize(&file, options, meter))?;
    let document = WimOptimize {
        changed: done.changed,
        wim: file.display().to_string(),
        compression: done.compression.name().to_owned(),
        chunk_size: done.chunk_size,
        size_before: done.length_before,
        size: done.length,
    };
    if context.json {
        context.document(&document)?;
        return Ok(ExitCode::Done);
    }
    let name = printable(&document.wim).into_owned();
    let text = match document.changed {
        true => format!(
            "{}  {name}: {} before, {} now, compression {}\n",
            context.paint().good("optimized"),
            size(document.size_before),
            size(document.size),
            document.compression
        ),
        false => format!(
            "unchanged  {name}: {}, nothing to gain\n",
            size(document.size)
        ),
    };
    context.log("result", &text);
    context.text(&text)?;
    Ok(ExitCode::Done)
}
