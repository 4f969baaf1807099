//! A log, from wherever it lies.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use anyhow::Context as _;
use wimwright_servicing::explain::logs::{LogError, LogReader};
use wimwright_servicing::{ImagePath, Kind, TreeError, for_each_chunk};

use super::super::open;
use crate::context::Context;
use crate::exit::ExitCode;
use crate::refusal::Refusal;
use crate::render::explain as text;
use crate::render::json::{Explained, ExplainedKind, ExplainedLog};

/// Explains a file of this machine.
pub(super) fn of_file(path: &Path, context: &mut Context<'_>) -> anyhow::Result<ExitCode> {
    let name = path.display().to_string();
    let named = || format!("log `{name}`");
    let file = File::open(path).with_context(named)?;
    let reader = read(file).with_context(named)?;
    finish(&name, reader, context)
}

/// Explains standard input.
pub(super) fn of_input(context: &mut Context<'_>) -> anyhow::Result<ExitCode> {
    let reader = read(io::stdin().lock()).context("standard input")?;
    finish("standard input", reader, context)
}

/// Explains a file of an image.
pub(super) fn in_image(
    image: &Path,
    path: &OsStr,
    context: &mut Context<'_>,
) -> anyhow::Result<ExitCode> {
    let given = path.to_string_lossy();
    // A word that is no image at all was not meant as one.
    if !image.exists() && !image.to_string_lossy().contains(".wim") {
        let word = format!("{} {given}", image.display());
        let near = Vec::new();
        return Err(Refusal::NothingToExplain { word, near }.into());
    }
    let tree = open::files(image, context)?.tree();
    let path = ImagePath::parse(&given)?;
    let what = match tree.metadata(&path)?.map(|found| found.kind) {
        Some(Kind::File) => None,
        Some(Kind::Directory) => Some("a directory"),
        Some(Kind::Link) => Some("a link that is not followed"),
        None => {
            let path = path.to_string();
            return Err(Refusal::NotInImage { path }.into());
        }
    };
    if let Some(what) = what {
        let path = path.to_string();
        return Err(Refusal::NoContent { path, what }.into());
    }
    let Some(blob) = tree.open(&path)? else {
        let path = path.to_string();
        return Err(Refusal::NotInImage { path }.into());
    };
    let mut reader = LogReader::new();
    let mut refused = None;
    let read = for_each_chunk(blob.as_ref(), |chunk| {
        reader.feed(chunk).map_err(|error| {
            refused = Some(error);
            io::ErrorKind::InvalidData.into()
        })
    });
    let name = path.to_string();
    match refused {
        Some(error) => return Err(no_log(&name, error)),
        None => read.map_err(|error| TreeError::new(&path, error))?,
    }
    finish(&name, Ok(reader), context)
}

/// Reads to the end, or to where it is clear that this is no log.
fn read(mut from: impl Read) -> io::Result<Result<LogReader, LogError>> {
    let mut reader = LogReader::new();
    let mut buffer = vec![0; 256 << 10];
    loop {
        let length = match from.read(&mut buffer) {
            Ok(0) => return Ok(Ok(reader)),
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let piece = buffer.get(..length).unwrap_or_default();
        if let Err(error) = reader.feed(piece) {
            return Ok(Err(error));
        }
    }
}

fn finish(
    name: &str,
    reader: Result<LogReader, LogError>,
    context: &mut Context<'_>,
) -> anyhow::Result<ExitCode> {
    let log = reader.and_then(LogReader::finish);
    let log = log.map_err(|error| no_log(name, error))?;
    let code = match log.has_failures() {
        true => ExitCode::Findings,
        false => ExitCode::Done,
    };
    let entry = ExplainedLog::new(name, &log);
    if context.json {
        let mut explained = Explained::new(name, ExplainedKind::Log);
        explained.log = Some(entry);
        context.document(&explained)?;
    } else {
        let text = text::log(&entry, context);
        context.text(&text)?;
    }
    Ok(code)
}

fn no_log(name: &str, source: LogError) -> anyhow::Error {
    let name = name.to_owned();
    Refusal::NotALog { name, source }.into()
}
