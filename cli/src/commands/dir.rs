//! `dir`: what a directory of an image holds.

use std::path::Path;

use wimwright_servicing::{FileTree, ImagePath, Kind, TreeError, time};

use super::open;
use super::write::heading;
use crate::context::Context;
use crate::exit::ExitCode;
use crate::refusal::Refusal;
use crate::render::json::{Dir, DirEntry, DirKind, Directory};
use crate::render::text::printable;

/// Runs `dir IMAGE [PATH] [-r]`.
pub(crate) fn run(
    image: &Path,
    path: Option<&str>,
    recurse: bool,
    context: &mut Context<'_>,
) -> anyhow::Result<ExitCode> {
    let path = ImagePath::parse(path.unwrap_or_default())?;
    let images = open::all_files(image, context)?;
    let mut listed = Vec::new();
    for image in &images {
        if images.len() > 1 && !context.json {
            context.text(&heading(image.name(), image.title(), context))?;
        }
        let entries = list(image.tree().as_ref(), &path, recurse, context);
        let entries = entries.map_err(|error| match images.len() {
            1 => error,
            _ => open::in_image(image.name(), error),
        })?;
        listed.push(Directory {
            image: image.name().to_owned(),
            path: path.to_string(),
            entries,
        });
    }
    if context.json {
        context.document(&Dir { images: listed })?;
    }
    Ok(ExitCode::Done)
}

/// Shows what is at `path` as it comes, or collects it for JSON.
fn list(
    tree: &dyn FileTree,
    path: &ImagePath,
    recurse: bool,
    context: &mut Context<'_>,
) -> anyhow::Result<Vec<DirEntry>> {
    let missing = || Refusal::NotInImage {
        path: path.to_string(),
    };
    let found = tree.metadata(path)?.ok_or_else(missing)?;

    let mut entries = Vec::new();
    let shown = Shown {
        json: context.json,
        full: recurse || found.kind != Kind::Directory,
    };
    let mut show = |path: &ImagePath, context: &mut Context<'_>| -> anyhow::Result<()> {
        let entry = entry(tree, path)?;
        match shown.json {
            true => entries.push(entry),
            false => context.text(&shown.line(&entry))?,
        }
        Ok(())
    };
    if found.kind != Kind::Directory {
        show(path, context)?;
    } else if recurse {
        walk(tree, path, &mut |path| {
            show(path, context)?;
            Ok(!context.nobody_reads())
        })?;
    } else {
        for entry in tree.read_dir(path)?.unwrap_or_default() {
            show(&path.child(entry.name), context)?;
        }
    }
    Ok(entries)
}

/// Calls `each` for everything below `top` until it says that this is enough.
fn walk(
    tree: &dyn FileTree,
    top: &ImagePath,
    each: &mut dyn FnMut(&ImagePath) -> anyhow::Result<bool>,
) -> anyhow::Result<()> {
    let mut stopped = None;
    let walked = tree.walk(top, &mut |path, _| match each(path) {
        Ok(true) => Ok(()),
        other => {
            stopped = Some(other.map(drop));
            let enough = std::io::Error::other("stopped");
            Err(TreeError::new(path, enough))
        }
    });
    match stopped {
        Some(why) => why,
        None => Ok(walked?),
    }
}

fn entry(tree: &dyn FileTree, path: &ImagePath) -> Result<DirEntry, TreeError> {
    let found = tree.metadata(path)?;
    let kind = found.as_ref().map_or(Kind::Link, |found| found.kind);
    Ok(DirEntry {
        path: path.clone(),
        kind: DirKind::from(kind),
        size: found
            .as_ref()
            .filter(|found| found.kind == Kind::File)
            .map(|found| found.len),
        modified: found.and_then(|found| found.modified).map(time::iso),
    })
}

struct Shown {
    json: bool,
    /// Whole paths rather than names.
    full: bool,
}

impl Shown {
    fn line(&self, entry: &DirEntry) -> String {
        let size = match (entry.kind, entry.size) {
            (DirKind::Directory, _) => "<DIR>".to_owned(),
            (DirKind::Link, _) => "<LINK>".to_owned(),
            (DirKind::File, size) => size.unwrap_or_default().to_string(),
        };
        // To the second: what is behind it is in the JSON.
        let modified = entry.modified.as_deref().unwrap_or("-");
        let modified = match modified.split_once('.') {
            Some((seconds, _)) => format!("{seconds}Z"),
            None => modified.to_owned(),
        };
        let name = match (self.full, entry.path.file_name()) {
            (false, Some(name)) => name.to_string(),
            _ => entry.path.to_string(),
        };
        format!("{modified:<20}  {size:>12}  {}\n", printable(&name))
    }
}
