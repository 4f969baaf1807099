//! `files put`, `files delete`, `files rename`, `files script`.

use std::io::Read as _;
use std::path::Path;

use anyhow::Context as _;
use wimwright_servicing::files::{
    DeleteOptions, FilesError, HostSource, Script, delete, put, rename, run_script,
};
use wimwright_servicing::{Draft, ImagePath};

use super::write::{ENDING, Edit, Steps};
use crate::args::{FilesCommand, FilesWriting};
use crate::context::Context;
use crate::exit::ExitCode;
use crate::render::json::{EditedFiles, FilesEdit};

/// The longest script that is read.
const MAX_SCRIPT: u64 = 64 * 1024 * 1024;

/// Runs a command on files.
pub(crate) fn run(command: &FilesCommand, context: &mut Context<'_>) -> anyhow::Result<ExitCode> {
    match command {
        FilesCommand::Put {
            image,
            from,
            to,
            writing,
        } => {
            let to = ImagePath::parse(to)?;
            let source = HostSource::open(from)?;
            edit(image, "files put", writing, context, |draft| {
                put(draft, &source, &to)
            })
        }
        FilesCommand::Delete {
            image,
            paths,
            recurse,
            force,
            writing,
        } => {
            let paths = paths.iter().map(|path| ImagePath::parse(path));
            let paths = paths.collect::<Result<Vec<_>, _>>()?;
            let options = DeleteOptions {
                recurse: *recurse,
                missing_is_fine: *force,
            };
            edit(image, "files delete", writing, context, |draft| {
                paths
                    .iter()
                    .try_for_each(|path| delete(draft, path, options).map(drop))
            })
        }
        FilesCommand::Rename {
            image,
            from,
            to,
            force,
            writing,
        } => {
            let (from, to) = (ImagePath::parse(from)?, ImagePath::parse(to)?);
            edit(image, "files rename", writing, context, |draft| {
                rename(draft, &from, &to, *force).map(drop)
            })
        }
        FilesCommand::Script {
            image,
            recurse,
            force,
            writing,
        } => {
            let mut text = Vec::new();
            std::io::stdin()
                .take(MAX_SCRIPT + 1)
                .read_to_end(&mut text)
                .context("standard input")?;
            let options = DeleteOptions {
                recurse: *recurse,
                missing_is_fine: *force,
            };
            let script = Script::parse(&text, options).context("standard input")?;
            edit(image, "files script", writing, context, |draft| {
                run_script(draft, &script)
            })
        }
    }
}

fn edit(
    image: &Path,
    operation: &str,
    writing: &FilesWriting,
    context: &mut Context<'_>,
    mut change: impl FnMut(&mut Draft) -> Result<(), FilesError>,
) -> anyhow::Result<ExitCode> {
    let total = 1 + ENDING;
    context.progress("open", 0, total);
    let writing = writing.writing();
    let mut edit = Edit::begin_files(image, &writing, context)?;
    edit.run::<_, FilesError>(operation, &mut change)?;
    let edited = edit.images();
    let ending = edit.end(&writing, context, Steps { done: 1, total })?;

    if context.json {
        let images = edited.into_iter().enumerate();
        let images = images.map(|(index, image)| EditedFiles {
            image: image.name,
            findings: image.findings,
            done: ending.of_image(index),
        });
        context.document(&FilesEdit {
            changed: ending.changed(),
            images: images.collect(),
            plan: ending.plan(),
            receipt: ending.receipt(),
        })?;
        return Ok(ExitCode::Done);
    }
    ending.show(&edited, &edited, context, |_, _| String::new())?;
    Ok(ExitCode::Done)
}
