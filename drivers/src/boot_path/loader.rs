//! The files that the loader reads by itself: kernel, HAL, the boot volume's
//! file system, and what they import.

use wimwright_servicing::FileTree as _;

use super::check;
use super::file::Flaw;
use super::obstacle::{Mend, Obstacle, Part};
use super::walk::Walk;
use crate::error::Error;

impl Walk<'_> {
    /// Checks the loader's own files.
    pub(super) fn loader_files(&mut self) -> Result<Vec<Obstacle>, Error> {
        let windows = self.draft.facts().windows.clone();
        let mut obstacles = Vec::new();
        let mut paths = Vec::new();
        for file in ["System32\\ntoskrnl.exe", "System32\\hal.dll"] {
            paths.push(windows.join(file)?);
        }
        let ntfs = windows.join("System32\\drivers\\ntfs.sys")?;
        let fastfat = windows.join("System32\\drivers\\fastfat.sys")?;
        // From Vista on Windows lies on NTFS; before that on FAT, too, and the
        // image does not say on which.
        let on_ntfs = self.draft.facts().version.major >= 6;
        if on_ntfs || self.draft.has_file(&ntfs)? || !self.draft.has_file(&fastfat)? {
            paths.push(ntfs);
        }
        for path in paths {
            for flaw in self.files.flaws(&path)? {
                obstacles.push(of_flaw(flaw));
            }
        }
        Ok(obstacles)
    }
}

fn of_flaw(flaw: Flaw) -> Obstacle {
    let (message, file) = match flaw {
        Flaw::Missing(file) => (format!("there is no `{file}`"), Some(file)),
        Flaw::Damaged(file, what) => (format!("`{file}` is damaged: {what}"), Some(file)),
        Flaw::Machine(file, machine) => (format!("`{file}` is for {machine}"), Some(file)),
        Flaw::Import { by, module } => (
            format!(
                "`{by}` imports `{module}`, which is neither among the drivers nor in System32"
            ),
            None,
        ),
    };
    let mend = file.map(|file| Mend::PutFile {
        path: file.to_string(),
    });
    let message = format!("the loader cannot load the kernel: {message}");
    Obstacle::ends(&check::LOADER, Part::Loader, message).mended_by(mend)
}
