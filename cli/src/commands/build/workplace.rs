//! Where an output is made: a folder beside it, which one process has at a
//! time. What a process that was killed left in it goes with the next one.

use std::ffi::OsString;
use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::problem::Problem;

const LOCK: &str = "lock";
/// So often the folder may go while its lock is taken.
const TRIES: usize = 100;

/// A folder to work in; it goes when this is dropped.
pub(super) struct Workplace {
    folder: PathBuf,
    /// The output's folder, where it was made for it: it goes if it stays empty.
    made: Option<PathBuf>,
    /// Given up when the folder is gone.
    _lock: File,
}

impl Workplace {
    /// Takes the folder for `output`, whose own folder is made where it is
    /// missing.
    pub(super) fn take(output: &Path) -> anyhow::Result<Workplace> {
        let mut name = OsString::from(".");
        name.push(output.file_name().unwrap_or_default());
        name.push(".building");
        let folder = output.with_file_name(name);
        let named = || format!("`{}`", folder.display());
        let above = output.parent().filter(|above| !above.exists());
        let made = above.map(Path::to_owned);
        for _ in 0..TRIES {
            fs::create_dir_all(&folder).with_context(named)?;
            let path = folder.join(LOCK);
            let mut options = File::options();
            let lock = match options.create(true).truncate(false).write(true).open(&path) {
                // Whoever had it before is taking it away.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                opened => opened.with_context(named)?,
            };
            match lock.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    return Err(Problem::Busy {
                        path: output.to_owned(),
                    }
                    .into());
                }
                Err(TryLockError::Error(error)) => return Err(error).with_context(named),
            }
            let here = fs::metadata(&path).ok();
            let locked = lock.metadata().with_context(named)?;
            let same =
                |here: &fs::Metadata| (here.dev(), here.ino()) == (locked.dev(), locked.ino());
            if here.as_ref().is_some_and(same) {
                let place = Workplace {
                    folder,
                    made,
                    _lock: lock,
                };
                place.clear()?;
                return Ok(place);
            }
        }
        Err(Problem::Busy {
            path: output.to_owned(),
        }
        .into())
    }

    /// Removes what was left.
    fn clear(&self) -> anyhow::Result<()> {
        let named = || format!("`{}`", self.folder.display());
        for entry in fs::read_dir(&self.folder).with_context(named)? {
            let path = entry.with_context(named)?.path();
            if path.file_name().is_some_and(|name| name != LOCK) {
                fs::remove_file(&path).with_context(|| format!("`{}`", path.display()))?;
            }
        }
        Ok(())
    }

    /// A file in it.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

impl Drop for Workplace {
    fn drop(&mut self) {
        // What cannot be removed goes with the next build.
        let _ = fs::remove_dir_all(&self.folder);
        if let Some(made) = &self.made {
            // Where something is in it, it stays.
            let _ = fs::remove_dir(made);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_process_has_it_and_the_next_finds_it_empty() {
        let top = tempfile::tempdir().unwrap();
        let output = top.path().join("new/out.wim");
        let place = Workplace::take(&output).unwrap();
        fs::write(place.path("half.wim"), "half").unwrap();
        let busy = Workplace::take(&output).err().unwrap();
        assert!(busy.to_string().contains("is being built"), "{busy}");
        let half = place.path("half.wim");
        drop(place);
        assert!(!half.exists());
        assert!(!output.parent().unwrap().exists());

        // As a process that was killed leaves it.
        fs::create_dir_all(half.parent().unwrap()).unwrap();
        fs::write(&half, "half").unwrap();
        let place = Workplace::take(&output).unwrap();
        assert!(!half.exists());
        drop(place);
        let left = fs::read_dir(output.parent().unwrap()).unwrap().count();
        assert_eq!(left, 0);
    }
}
