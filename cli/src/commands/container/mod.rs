//! WIM files as containers.

mod delete;
mod export;
mod info;
mod join;
mod optimize;
mod set;
mod split;
mod verify;

use std::path::{Path, PathBuf};

use wimwright_servicing::container::{Edits, ExportOptions, OptimizeOptions};
use wimwright_servicing::{Access, ImageName, Overwrite, Selector, WimFile};

pub(super) use self::info::run as info;
use super::metered;
use crate::args::ContainerCommand;
use crate::context::Context;
use crate::exit::ExitCode;
use crate::refusal::Refusal;
use crate::render::text::printable;

/// Runs a command for containers.
pub(super) fn run(
    command: &ContainerCommand,
    context: &mut Context<'_>,
) -> anyhow::Result<ExitCode> {
    match command {
        ContainerCommand::Verify { wim } => verify::run(wim, context),
        ContainerCommand::Export {
            image,
            wim,
            repacking,
            boot,
            name,
            description,
            force,
            checking,
        } => {
            let options = ExportOptions {
                packing: repacking.choice(),
                recompress: repacking.recompress,
                boot: *boot,
                check: checking.wanted(),
                name: name.clone(),
                description: description.clone(),
            };
            export::run(image, wim, overwrite(*force), &options, context)
        }
        ContainerCommand::Delete { image, checking } => {
            delete::run(image, checking.wanted(), context)
        }
        ContainerCommand::Split {
            wim,
            first,
            size,
            force,
        } => split::run(wim, first, *size, overwrite(*force), context),
        ContainerCommand::Join {
            parts,
            wim,
            force,
            checking,
        } => join::run(parts, wim, overwrite(*force), checking.wanted(), context),
        ContainerCommand::Optimize {
            wim,
            repacking,
            checking,
        } => {
            let options = OptimizeOptions {
                packing: repacking.choice(),
                recompress: repacking.recompress,
                check: checking.wanted(),
            };
            optimize::run(wim, &options, context)
        }
        ContainerCommand::Set {
            image,
            name,
            description,
            display_name,
            display_description,
            flags,
            boot,
            no_boot,
            checking,
        } => {
            let edits = Edits {
                name: name.clone(),
                description: description.clone(),
                display_name: display_name.clone(),
                display_description: display_description.clone(),
                flags: flags.clone(),
                boot: match (boot, no_boot) {
                    (true, _) => Some(true),
                    (_, true) => Some(false),
                    _ => None,
                },
                check: checking.wanted(),
            };
            set::run(image, &edits, context)
        }
    }
}

fn overwrite(force: bool) -> Overwrite {
    match force {
        true => Overwrite::Replace,
        false => Overwrite::Refuse,
    }
}

/// The WIM file that a word names, with what selects images of it.
fn named(word: &Path) -> anyhow::Result<(PathBuf, Option<Selector>)> {
    match ImageName::parse(word.as_os_str())? {
        ImageName::Wim { file, selector } => Ok((file, selector)),
        ImageName::Directory(path) => Err(Refusal::NotAWimFile { path }.into()),
    }
}

/// The WIM file that a word names, which may select no image of it.
fn whole_file(word: &Path) -> anyhow::Result<PathBuf> {
    match named(word)? {
        (file, None) => Ok(file),
        (_, Some(_)) => Err(Refusal::WholeFile {
            name: word.display().to_string(),
        }
        .into()),
    }
}

/// Opens the file of the images that a word names; gives their numbers, too.
fn images(
    word: &Path,
    access: Access,
    context: &Context<'_>,
) -> anyhow::Result<(WimFile, Vec<u32>)> {
    let (file, selector) = named(word)?;
    let wim = WimFile::open(&file, &context.references()?, access)?;
    let images = Selector::resolve(selector.as_ref(), &file, wim.archive())?;
    Ok((wim, images))
}

/// `1  Windows 10 Pro`, or the number alone.
fn numbered(index: u32, name: Option<&str>) -> String {
    match name {
        Some(name) if !name.is_empty() => format!("{index}  {}", printable(name)),
        _ => index.to_string(),
    }
}
