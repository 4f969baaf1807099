//! Files that a command writes beside its result: whole or not at all, and
//! never over one that is there.

use std::fs::Permissions;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use anyhow::Context as _;
use tempfile::{Builder, NamedTempFile};

use crate::refusal::Refusal;

/// Refuses a file that is there, before the work is done.
pub(super) fn check(path: &Path, force: bool) -> anyhow::Result<()> {
    let there = path.symlink_metadata().is_ok();
    match there && !force {
        true => Err(there_already(path)),
        false => Ok(()),
    }
}

/// Writes `text` to `path`; `force` replaces what is there.
pub(super) fn write(path: &Path, text: &str, force: bool) -> anyhow::Result<()> {
    write_all(&[(path, text)], force)
}

/// Writes several files: all of them are written beside their names before the
/// first gets its own.
pub(super) fn write_all<P: AsRef<Path>>(files: &[(P, &str)], force: bool) -> anyhow::Result<()> {
    let mut staged = Vec::new();
    for (path, text) in files {
        staged.push((path.as_ref(), stage(path.as_ref(), text)?));
    }
    for (path, file) in staged {
        let written = match force {
            true => file.persist(path),
            false => file.persist_noclobber(path),
        };
        match written {
            Ok(_) => {}
            Err(error) if error.error.kind() == std::io::ErrorKind::AlreadyExists => {
                return Err(there_already(path));
            }
            Err(error) => {
                return Err(error.error).with_context(|| format!("`{}`", path.display()));
            }
        }
    }
    Ok(())
}

/// `text` on disk, beside `path`.
fn stage(path: &Path, text: &str) -> anyhow::Result<NamedTempFile> {
    let named = || format!("`{}`", path.display());
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    let folder = folder.unwrap_or(Path::new("."));
    // As any other new file: readable as the umask says.
    let mut file = Builder::new()
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(folder)
        .with_context(named)?;
    file.write_all(text.as_bytes()).with_context(named)?;
    file.as_file().sync_all().with_context(named)?;
    Ok(file)
}

fn there_already(path: &Path) -> anyhow::Error {
    let path = path.to_owned();
    Refusal::FileThere { path }.into()
}
