//! `packages inspect`.

use std::path::{Path, PathBuf};

use wimwright_servicing::update::container::{Container, extract};
use wimwright_servicing::update::package::Trust;

use super::{tree, understood};
use crate::commands::metered::metered;
use crate::commands::trust;
use crate::context::Context;
use crate::exit::ExitCode;
use crate::render::json::{
    ContainerEntry, ExtractedFiles, PackageVerdictEntry, PackagesInspect, UnderstoodPackage,
};
use crate::render::text::{count, printable, size};

/// Runs `packages inspect FILE [--extract DIR]`.
pub(super) fn run(
    file: &Path,
    target: Option<&Path>,
    trusted: &[PathBuf],
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
    let (package, further_packages, package_fault) = match target {
        // Whoever takes files out wants no report on them.
        Some(_) => (None, Vec::new(), None),
        None => understand(&container, trusted, context)?,
    };
    let document = PackagesInspect {
        package,
        further_packages,
        package_fault,
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
            let package = document.package.iter();
            for package in package.chain(&document.further_packages) {
                let text = understood::text(package, context);
                context.text(&format!("{text}\n"))?;
            }
            if let Some(fault) = &document.package_fault {
                let name = &document.file;
                context.error(&anyhow::anyhow!(
                    "`{name}` is no package that can be understood: {fault}"
                ));
            }
            let text = tree::text(&document.container, context.paint(), context.verbose);
            context.text(&text)?;
        }
    }
    Ok(code)
}

type Understood = (
    Option<UnderstoodPackage>,
    Vec<UnderstoodPackage>,
    Option<String>,
);

/// The packages in the container: the one, or the last of several, which those
/// before it serve; or why they are not understood.
fn understand(
    container: &Container,
    trusted: &[PathBuf],
    context: &mut Context<'_>,
) -> anyhow::Result<Understood> {
    let anchors = trust::store(trusted)?;
    let trust = Trust {
        anchors: &anchors,
        now: context.time,
    };
    match understood::of(container, trust, context) {
        Ok(mut packages) => Ok((packages.pop(), packages, None)),
        // What it is as a container is worth telling all the same.
        Err(error) => Ok((None, Vec::new(), Some(format!("{error:#}")))),
    }
}

fn code_of(document: &PackagesInspect) -> ExitCode {
    let packages = document.package.iter().chain(&document.further_packages);
    let damaged = packages
        .into_iter()
        .any(|package| package.verdict == PackageVerdictEntry::Damaged);
    if document.package_fault.is_some() || damaged {
        return ExitCode::Findings;
    }
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
