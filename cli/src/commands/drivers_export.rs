//! `drivers export`: driver packages of an image into folders of the host.
//!
//! Everything is written into a hidden folder beside its place first: what
//! fails leaves nothing, and no package half.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use tempfile::TempDir;
use wimwright_drivers::{self as drivers, ExportedPackage, export};
use wimwright_servicing::{Access, Draft, FileTree as _, ImagePath, TreeError, for_each_chunk};

use super::open;
use crate::context::Context;
use crate::exit::ExitCode;
use crate::render::json::{
    DriversExport, ExportOutcome, ExportedDrivers, ExportedResult, FindingEntry,
};
use crate::render::text::{Paint, count, printable};

/// Runs `drivers export IMAGE DIR [NAME...] [--force]`.
pub(crate) fn run(
    image: &Path,
    directory: &Path,
    names: &[String],
    force: bool,
    context: &mut Context<'_>,
) -> anyhow::Result<ExitCode> {
    let image = open::image(image, Access::Read, context)?;
    let draft = image.look(context.time);
    let packages = export(&draft, names).map_err(|error| open::in_image(image.name(), error))?;
    let packages: Vec<Outgoing> = packages
        .into_iter()
        .map(|package| Outgoing::new(package, directory, force))
        .collect();
    write(&draft, &packages, directory, context)?;

    let findings = image.findings().iter().chain(draft.findings());
    let exported = ExportedDrivers {
        image: image.name().to_owned(),
        findings: findings.map(FindingEntry::from).collect(),
        results: packages.into_iter().map(Outgoing::result).collect(),
    };
    for result in &exported.results {
        context.log("result", &line(result, Paint(false)));
    }
    let code = code(&exported.results);
    if context.json {
        context.document(&DriversExport {
            directory: directory.display().to_string(),
            images: vec![exported],
        })?;
        return Ok(code);
    }
    if exported.results.is_empty() {
        context.text("no third-party driver packages\n")?;
    }
    for result in &exported.results {
        let line = format!("{}\n", line(result, context.paint()));
        context.text(&line)?;
    }
    context.findings(&exported.findings);
    Ok(code)
}

/// A package on its way out.
struct Outgoing {
    package: ExportedPackage,
    /// Its folder, with what is there to be replaced; or why it has none.
    target: Result<Target, String>,
}

struct Target {
    folder: PathBuf,
    replaces: bool,
}

impl Outgoing {
    fn new(package: ExportedPackage, directory: &Path, force: bool) -> Outgoing {
        let target = target(&package, directory, force);
        Outgoing { package, target }
    }

    fn result(self) -> ExportedResult {
        let package = self.package;
        let (outcome, reason) = match self.target {
            Ok(_) => (ExportOutcome::Exported, None),
            Err(reason) => (ExportOutcome::Refused, Some(reason)),
        };
        let files = package.files.iter().map(|file| file.relative.to_string());
        ExportedResult {
            files: match outcome {
                ExportOutcome::Exported => files.collect(),
                ExportOutcome::Refused => Vec::new(),
            },
            name: package.name,
            published_name: package.published_name,
            package_id: package.package_id,
            original_file_name: package.original_file_name,
            outcome,
            reason,
        }
    }
}

fn target(package: &ExportedPackage, directory: &Path, force: bool) -> Result<Target, String> {
    if package.outcome == drivers::ExportOutcome::Refused {
        return Err(package.reason.clone().unwrap_or_default());
    }
    let id = package.package_id.as_deref().unwrap_or_default();
    let odd = package
        .files
        .iter()
        .find(|file| host_path(&file.relative).is_none());
    if let Some(odd) = odd {
        return Err(format!("the name of `{}` is no Unicode text", odd.relative));
    }
    let folder = directory.join(id);
    match fs::symlink_metadata(&folder) {
        Ok(_) if !force => Err(format!(
            "`{}` exists; `--force` replaces it",
            folder.display()
        )),
        Ok(_) => Ok(Target {
            folder,
            replaces: true,
        }),
        // What else is wrong with it shows when it is made.
        Err(_) => Ok(Target {
            folder,
            replaces: false,
        }),
    }
}

/// A path below a package's folder as one of the host; `None` for names that
/// are no text.
fn host_path(relative: &ImagePath) -> Option<PathBuf> {
    let names = relative.names().iter();
    names.map(|name| name.as_text().as_str()).collect()
}

/// Writes every package that has a target.
fn write(
    draft: &Draft,
    packages: &[Outgoing],
    directory: &Path,
    context: &mut Context<'_>,
) -> anyhow::Result<()> {
    let targets = packages
        .iter()
        .filter_map(|outgoing| Some((&outgoing.package, outgoing.target.as_ref().ok()?)));
    let total = targets.clone().count() as u64;
    if total == 0 {
        return Ok(());
    }
    let made = Made::directory(directory)?;
    let staging = tempfile::Builder::new()
        .prefix(".wimwright-export-")
        .tempdir_in(directory);
    let staging = staging.with_context(|| format!("`{}`", directory.display()))?;
    let number = |index: usize| staging.path().join(index.to_string());
    for (index, (package, _)) in targets.clone().enumerate() {
        let id = package.package_id.as_deref().unwrap_or_default();
        context.progress(&format!("export {id}"), index as u64, total);
        copy(draft, package, &number(index))?;
    }
    for (index, (_, target)) in targets.enumerate() {
        let placed = place(&number(index), target, &staging);
        placed.with_context(|| format!("`{}`", target.folder.display()))?;
    }
    made.keep();
    context.progress("done", total, total);
    Ok(())
}

/// Writes the files of a package into `folder`.
fn copy(draft: &Draft, package: &ExportedPackage, folder: &Path) -> anyhow::Result<()> {
    for file in &package.files {
        let below = host_path(&file.relative).unwrap_or_default();
        let path = folder.join(below);
        let on_host = || format!("`{}`", path.display());
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).with_context(on_host)?;
        }
        let missing = || TreeError::new(&file.image_path, io::ErrorKind::NotFound.into());
        let blob = draft.open(&file.image_path)?.ok_or_else(missing)?;
        let mut copy = File::create_new(&path).with_context(on_host)?;
        // Kept apart: an error of the host is not one of the image.
        let mut written = Ok(());
        let read = for_each_chunk(blob.as_ref(), |chunk| {
            written = copy.write_all(chunk);
            match written {
                Ok(()) => Ok(()),
                Err(_) => Err(io::ErrorKind::Other.into()),
            }
        });
        written.with_context(on_host)?;
        read.map_err(|error| TreeError::new(&file.image_path, error))?;
    }
    Ok(())
}

/// Moves a written package to its place; what it replaces goes away with the
/// staging folder.
fn place(written: &Path, target: &Target, staging: &TempDir) -> io::Result<()> {
    let old = staging
        .path()
        .join("old")
        .join(written.file_name().unwrap_or_default());
    if target.replaces {
        fs::create_dir_all(staging.path().join("old"))?;
        fs::rename(&target.folder, &old)?;
    }
    let placed = fs::rename(written, &target.folder);
    if placed.is_err() && target.replaces {
        fs::rename(&old, &target.folder)?;
    }
    placed
}

/// A directory that goes away again unless it is kept.
struct Made(Option<PathBuf>);

impl Made {
    fn directory(path: &Path) -> anyhow::Result<Made> {
        if path.is_dir() {
            return Ok(Made(None));
        }
        fs::create_dir(path).with_context(|| format!("`{}`", path.display()))?;
        Ok(Made(Some(path.to_owned())))
    }

    fn keep(mut self) {
        self.0 = None;
    }
}

impl Drop for Made {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            // Whatever else came into it meanwhile keeps it there.
            let _ = fs::remove_dir(path);
        }
    }
}

fn code(results: &[ExportedResult]) -> ExitCode {
    let refused = results
        .iter()
        .filter(|result| result.outcome == ExportOutcome::Refused)
        .count();
    match refused {
        0 => ExitCode::Done,
        all if all == results.len() => ExitCode::Refused,
        _ => ExitCode::Partly,
    }
}

fn line(result: &ExportedResult, paint: Paint) -> String {
    let mut text = match result.outcome {
        ExportOutcome::Exported => paint.good("exported"),
        ExportOutcome::Refused => paint.error("refused "),
    };
    let parts = [
        Some(result.published_name.as_ref().unwrap_or(&result.name)),
        result.original_file_name.as_ref(),
        result.package_id.as_ref(),
    ];
    for part in parts.into_iter().flatten() {
        text.push_str("  ");
        text.push_str(&printable(part));
    }
    match &result.reason {
        Some(reason) => {
            text.push_str(": ");
            text.push_str(&printable(reason));
        }
        None => text.push_str(&format!(
            "  ({})",
            count(result.files.len(), "file", "files")
        )),
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_put_in_place_leaves_what_was_there() {
        let top = tempfile::tempdir().unwrap();
        let staging = tempfile::tempdir_in(top.path()).unwrap();
        let folder = top.path().join("package");
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("old"), "old").unwrap();
        let target = Target {
            folder: folder.clone(),
            replaces: true,
        };
        let written = staging.path().join("0");
        assert!(
            place(&written, &target, &staging).is_err(),
            "nothing was written"
        );
        assert!(folder.join("old").exists());
        fs::create_dir(&written).unwrap();
        place(&written, &target, &staging).unwrap();
        assert!(folder.exists() && !folder.join("old").exists());
    }

    #[test]
    fn a_directory_that_is_not_kept_goes_unless_something_came_into_it() {
        let top = tempfile::tempdir().unwrap();
        let path = top.path().join("out");
        drop(Made::directory(&path).unwrap());
        assert!(!path.exists());
        Made::directory(&path).unwrap().keep();
        drop(Made::directory(&path).unwrap());
        assert!(path.exists(), "it was there before");
        let again = top.path().join("again");
        let made = Made::directory(&again).unwrap();
        fs::write(again.join("file"), "").unwrap();
        drop(made);
        assert!(again.join("file").exists());
    }
}
