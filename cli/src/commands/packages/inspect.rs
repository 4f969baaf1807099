//! `packages inspect`.

use std::path::Path;

use wimwright_servicing::update::container::{Container, extract};

use super::tree;
use crate::commands::metered::metered;
use crate::context::Context;
use crate::exit::ExitCode;
use crate::render::json::{ContainerEntry, ExtractedFiles, PackagesInspect};
use crate::render::text::{count, printable, size};

/// Runs `packages inspect FILE [--extract DIR]`.
pub(super) fn run(
    file: &Path,
    target: Option<&Path>,
    context: &mut Context<'_>,
) -> anyhow::Result<ExitCode> {
    let name = file.display().to_string();
    let failed = |error| anyhow::Error::from(error).context(format!("`{name}`"));
    let container = Container::open(file).map_err(failed)?;
    let extracted = match target {
        Some(target) => {
            let done = metered("extract", context, |meter| {
                extract(&container, target, meter)
            });
            let done = done.map_err(failed)?;
            Some(ExtractedFiles::new(target.display().to_string(), &done))
        }
        None => None,
    };
    let document = PackagesInspect {
        container: ContainerEntry::new(&container),
        extracted,
        file: name,
    };
    let code = code_of(&document);
    if context.json {
        context.document(&document)?;
        return Ok(code);
    }
    match &document.extracted {
        Some(extracted) => say_extracted(extracted, context)?,
        None => {
            let text = tree::text(&document.container, context.paint(), context.verbose);
            context.text(&text)?;
        }
    }
    Ok(code)
}

fn code_of(document: &PackagesInspect) -> ExitCode {
    let left_out = document.extracted.as_ref();
    if left_out.is_some_and(|extracted| !extracted.left_out.is_empty()) {
        return ExitCode::Partly;
    }
    let mut open = vec![&document.container];
    while let Some(container) = open.pop() {
        if !container.refused.is_empty()
            || container.index_fault.is_some()
            || container.members.iter().any(|member| !member.readable)
        {
            return ExitCode::Findings;
        }
        open.extend(&container.nested);
    }
    ExitCode::Done
}

fn say_extracted(extracted: &ExtractedFiles, context: &mut Context<'_>) -> anyhow::Result<()> {
    let files = count(extracted.files as usize, "file", "files");
    let done = format!(
        "{files}, {}, to `{}`",
        size(extracted.bytes),
        printable(&extracted.to)
    );
    context.log("result", &format!("extracted {done}"));
    for file in &extracted.left_out {
        let error = anyhow::anyhow!(
            "`{}`: folder {} is compressed with {}, which is not read",
            file.path,
            file.folder,
            file.compression
        );
        context.error(&error);
    }
    if !context.quiet {
        let text = format!("{}  {done}\n", context.paint().good("extracted"));
        context.text(&text)?;
    }
    Ok(())
}
