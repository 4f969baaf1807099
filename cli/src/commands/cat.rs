//! `cat`: the content of a file of an image.

use std::io;
use std::path::Path;

use wimwright_servicing::{ImagePath, Kind, TreeError, for_each_chunk};

use super::open;
use crate::context::Context;
use crate::exit::ExitCode;
use crate::refusal::Refusal;

/// Runs `cat IMAGE PATH`.
pub(crate) fn run(image: &Path, path: &str, context: &mut Context<'_>) -> anyhow::Result<ExitCode> {
    if context.json {
        return Err(Refusal::CatJson.into());
    }
    let tree = open::files(image, context)?.tree();
    let path = ImagePath::parse(path)?;
    let no_content = |what| Refusal::NoContent {
        path: path.to_string(),
        what,
    };
    match tree.metadata(&path)?.map(|found| found.kind) {
        Some(Kind::File) => {}
        Some(Kind::Directory) => return Err(no_content("a directory").into()),
        Some(Kind::Link) => return Err(no_content("a link that is not followed").into()),
        None => {
            let path = path.to_string();
            return Err(Refusal::NotInImage { path }.into());
        }
    }
    let Some(blob) = tree.open(&path)? else {
        let path = path.to_string();
        return Err(Refusal::NotInImage { path }.into());
    };
    let mut written = Ok(());
    let read = for_each_chunk(blob.as_ref(), |chunk| {
        // Kept apart: an error of standard output is not one of the image.
        written = context.bytes(chunk);
        match written.is_err() || context.nobody_reads() {
            true => Err(io::ErrorKind::BrokenPipe.into()),
            false => Ok(()),
        }
    });
    written?;
    if !context.nobody_reads() {
        read.map_err(|error| TreeError::new(&path, error))?;
    }
    Ok(ExitCode::Done)
}
