//! `capture` and `append`: a directory becomes an image.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use wimwright_servicing::Overwrite;
use wimwright_servicing::capture::{
    self, CaptureOptions, Exclusions, ImageDescription, NewFile, preview,
};

use crate::args::{CaptureCommand, CaptureWords};
use crate::context::Context;
use crate::exit::ExitCode;
use crate::refusal::Refusal;
use crate::render::json::{Append, Capture, CapturedImage};
use crate::render::text::{count, printable, size};

/// Bytes of an exclusion list at most: those of Windows have some hundred.
const MAX_LIST: u64 = 1 << 20;
/// Between two words of progress.
const PAUSE: Duration = Duration::from_millis(100);

/// Runs `capture DIR WIM` or `append DIR WIM`.
pub(super) fn run(command: &CaptureCommand, context: &mut Context<'_>) -> anyhow::Result<ExitCode> {
    let (CaptureCommand::Capture { words, .. } | CaptureCommand::Append { words, .. }) = command;
    let options = CaptureOptions {
        exclusions: exclusions(words)?,
        fix_links: !words.no_rpfix,
        reproducible: context.reproducible,
    };
    let image = match words.dry_run {
        true => {
            let found = preview(&words.directory, &words.wim, &options)?;
            CapturedImage::planned(words.directory.display().to_string(), &found)
        }
        false => {
            let done = write(command, words, &options, context)?;
            CapturedImage::done(words.directory.display().to_string(), &words.wim, &done)
        }
    };
    let code = match image.lost {
        0 => ExitCode::Done,
        _ => ExitCode::Partly,
    };
    show(command, words, &image, context)?;
    context.findings(&image.findings);
    if context.json {
        let (changed, dry_run) = (!words.dry_run, words.dry_run);
        let wim = words.wim.display().to_string();
        let images = vec![image];
        match command {
            CaptureCommand::Capture { .. } => context.document(&Capture {
                changed,
                dry_run,
                wim,
                images,
            })?,
            CaptureCommand::Append { .. } => context.document(&Append {
                changed,
                dry_run,
                wim,
                images,
            })?,
        }
    }
    Ok(code)
}

/// Captures, telling how far it is.
fn write(
    command: &CaptureCommand,
    words: &CaptureWords,
    options: &CaptureOptions,
    context: &mut Context<'_>,
) -> anyhow::Result<capture::Captured> {
    let image = ImageDescription {
        name: words.name.clone(),
        description: words.description.clone(),
        flags: words.flags.clone(),
        boot: words.boot,
        time: context.time,
    };
    let mut told: Option<Instant> = None;
    let mut progress = |done: u64, total: u64| {
        // There may be a hundred thousand files.
        if done == total || told.is_none_or(|told| told.elapsed() >= PAUSE) {
            told = Some(Instant::now());
            context.progress_bytes("capture", done, total);
        }
    };
    let (directory, wim) = (&words.directory, &words.wim);
    let done = match command {
        CaptureCommand::Capture {
            packing,
            check,
            force,
            ..
        } => {
            let file = NewFile {
                packing: packing.choice().of_new_file()?,
                overwrite: match force {
                    true => Overwrite::Replace,
                    false => Overwrite::Refuse,
                },
                integrity: *check,
            };
            capture::capture(directory, wim, &file, &image, options, &mut progress)
        }
        CaptureCommand::Append { checking, .. } => {
            let check = checking.wanted();
            capture::append(directory, wim, &image, check, options, &mut progress)
        }
    };
    Ok(done?)
}

fn exclusions(words: &CaptureWords) -> anyhow::Result<Exclusions> {
    let mut exclusions = match words.no_default_excludes {
        true => Exclusions::nothing(),
        false => Exclusions::windows(),
    };
    if let Some(path) = &words.exclude_file {
        let list = read_list(path)?;
        exclusions
            .add(&list)
            .map_err(|source| Refusal::ExclusionList {
                path: path.clone(),
                source,
            })?;
    }
    Ok(exclusions)
}

pub(super) fn read_list(path: &Path) -> anyhow::Result<Vec<u8>> {
    let mut list = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAX_LIST + 1).read_to_end(&mut list))
        .with_context(|| format!("exclusion list `{}`", path.display()))?;
    match list.len() as u64 > MAX_LIST {
        false => Ok(list),
        true => Err(Refusal::ExclusionListTooLong {
            path: path.to_owned(),
            max: MAX_LIST,
        }
        .into()),
    }
}

fn show(
    command: &CaptureCommand,
    words: &CaptureWords,
    image: &CapturedImage,
    context: &mut Context<'_>,
) -> anyhow::Result<()> {
    let done = match words.dry_run {
        true => "would capture",
        false => "captured",
    };
    let to = match (image.image_index, &image.image_name) {
        (Some(index), Some(name)) => format!("image {index} `{name}` of `{}`", words.wim.display()),
        _ => format!("an image of `{}`", words.wim.display()),
    };
    let head = format!("{done} `{}` as {to}", image.source);
    context.log("result", &head);
    if context.json || (context.quiet && !words.dry_run) {
        return Ok(());
    }
    let painted = context.paint().good(done);
    let (source, to) = (printable(&image.source), printable(&to));
    let mut text = format!("{painted}  `{source}` as {to}\n");
    text.push_str(&format!(
        "  {}, {}, {}\n",
        count(image.directories as usize, "directory", "directories"),
        count(image.files as usize, "file", "files"),
        size(image.bytes)
    ));
    if image.excluded > 0 {
        let left_out = count(image.excluded as usize, "entry", "entries");
        text.push_str(&format!("  {left_out} left out by exclusion lists\n"));
    }
    if let Some(length) = image.size {
        let what = match command {
            CaptureCommand::Capture { .. } => "the new file has",
            CaptureCommand::Append { .. } => "the file has",
        };
        text.push_str(&format!("  {what} {}\n", size(length)));
    }
    context.text(&text)
}
