//! `packages add --answer-file`: the file that Setup reads, and the cabinets
//! beside it.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use tempfile::NamedTempFile;
use wimwright_servicing::update::add::Given;
use wimwright_servicing::update::deferral::answer_file::{AnswerPackage, with_packages};
use wimwright_servicing::{Blob, ContentId, for_each_chunk};

use crate::refusal::Refusal;
use crate::render::json::AnswerFileWritten;
use crate::render::text::printable;

/// Writes the packages that are wanted into the answer file, and their cabinets
/// beside it: all of them, or nothing.
pub(super) fn write(
    file: &Path,
    given: &[Given],
    wanted: &[bool],
    dry_run: bool,
) -> anyhow::Result<AnswerFileWritten> {
    let folder = match file.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let mut packages: Vec<AnswerPackage> = Vec::new();
    let mut cabinets = Vec::new();
    let mut given: Vec<&Given> = given
        .iter()
        .zip(wanted)
        .filter_map(|(given, wanted)| wanted.then_some(given))
        .collect();
    given.sort_by_key(|given| given.rank());
    for given in given {
        for (package, blob) in given.answer_packages() {
            let path = folder.join(&package.cabinet);
            if !is_there(&path, blob.as_ref())? {
                cabinets.push((path, blob));
            }
            packages.push(package);
        }
    }
    let existing = match fs::read(file) {
        Ok(bytes) => Some(bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error).with_context(|| format!("`{}`", file.display())),
    };
    let text = match packages.is_empty() {
        true => None,
        false => with_packages(existing.as_deref(), &packages)?,
    };
    let written = AnswerFileWritten {
        path: file.display().to_string(),
        changed: text.is_some() || !cabinets.is_empty(),
        cabinets: cabinets
            .iter()
            .map(|(path, _)| path.display().to_string())
            .collect(),
    };
    if dry_run {
        return Ok(written);
    }
    // Beside their names first; the answer file gets its own last.
    let new_file = || {
        NamedTempFile::new_in(folder)
            .with_context(|| format!("no file can be made in `{}`", folder.display()))
    };
    let mut staged: Vec<(PathBuf, NamedTempFile)> = Vec::new();
    for (path, blob) in cabinets {
        let mut new = new_file()?;
        for_each_chunk(blob.as_ref(), |chunk| new.write_all(chunk))?;
        staged.push((path, new));
    }
    if let Some(text) = text {
        let mut new = new_file()?;
        new.write_all(&text)?;
        staged.push((file.to_owned(), new));
    }
    for (path, new) in staged {
        new.as_file().sync_all()?;
        new.persist(&path)
            .with_context(|| format!("`{}`", path.display()))?;
    }
    Ok(written)
}

/// Whether the cabinet lies there already; another file of that name is
/// refused.
fn is_there(path: &Path, cabinet: &dyn Blob) -> anyhow::Result<bool> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error).with_context(|| format!("`{}`", path.display())),
    };
    if ContentId::of(&bytes) == ContentId::of_blob(cabinet)? {
        return Ok(true);
    }
    let path = path.to_owned();
    Err(Refusal::FileThere { path }.into())
}

/// What was written, for people.
pub(super) fn text(written: &AnswerFileWritten, dry_run: bool) -> String {
    if !written.changed {
        return "nothing to change\n".to_owned();
    }
    let mut text = String::new();
    let verb = if dry_run { "would write" } else { "wrote" };
    for path in written.cabinets.iter().chain([&written.path]) {
        text.push_str(&format!("{verb} {}\n", printable(path)));
    }
    text.push_str(
        "start Setup from WinPE with `setup /unattend:FILE`, and UseConfigurationSet true in its pass \
         windowsPE: %configsetroot% is then the folder of the answer file\n",
    );
    text
}
