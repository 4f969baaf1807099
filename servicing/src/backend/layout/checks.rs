//! What can be known to fail before anything is written.

use std::path::Path;

use super::picture::Picture;
use crate::backend::error::BackendError;
use crate::tree::directory::{HostKind, shown};

impl Picture<'_> {
    /// Makes sure that names in the directory can be changed.
    pub(super) fn claim(&mut self, directory: usize) -> Result<(), BackendError> {
        match self.host_path(directory) {
            Some(path) => self.check_changeable(&path),
            None => Ok(()),
        }
    }

    /// The same of the directory that a node lies in on the host.
    pub(super) fn claim_original_parent(&mut self, node: usize) -> Result<(), BackendError> {
        self.claim(self.original_parent(node))
    }

    /// Makes sure that names in the directory can be changed.
    pub(super) fn check_changeable(&mut self, directory: &Path) -> Result<(), BackendError> {
        if self.changeable.contains(directory) {
            return Ok(());
        }
        self.check_filesystem(directory)?;
        let changeable = self.host.check_changeable(directory);
        changeable.map_err(|error| self.failed(directory, error))?;
        self.changeable.insert(directory.to_owned());
        Ok(())
    }

    /// Renames do not cross filesystems.
    pub(super) fn check_filesystem(&mut self, path: &Path) -> Result<(), BackendError> {
        let device_of = |path: &Path| -> Result<Option<u64>, BackendError> {
            let status = self
                .host
                .status(path)
                .map_err(|error| self.failed(path, error))?;
            Ok(status.map(|status| status.device))
        };
        let device = device_of(path)?;
        let of_root = match self.device {
            Some(known) => Some(known),
            None => device_of(Path::new(""))?,
        };
        self.device = of_root;
        if device != of_root {
            return Err(BackendError::OtherFilesystem { path: shown(path) });
        }
        Ok(())
    }

    /// Only who owns a file may set its times and attributes.
    pub(super) fn check_owned(&self, path: &Path) -> Result<(), BackendError> {
        let owned = self.host.check_owned(path);
        owned.map_err(|error| self.failed(path, error))
    }

    /// Asks the host for a name that it does not have: it says here what it
    /// would say when the name is made (too long, a forbidden character).
    pub(super) fn check_name(&self, path: &Path) -> Result<(), BackendError> {
        // Below a directory that is not there yet only the whole path's length
        // is checked; the root is as good as any directory for the name.
        let name = path.file_name().map(Path::new);
        for asked in [Some(path), name].into_iter().flatten() {
            match self.host.status(asked) {
                Err(error) if error.kind() != std::io::ErrorKind::NotADirectory => {
                    return Err(self.failed(path, error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Makes sure that all in a directory can be removed once it is moved.
    pub(super) fn check_removable(
        &mut self,
        path: &Path,
        kind: HostKind,
    ) -> Result<(), BackendError> {
        self.check_filesystem(path)?;
        let mut directories = Vec::new();
        if kind == HostKind::Directory {
            directories.push(path.to_owned());
        }
        while let Some(directory) = directories.pop() {
            let failed = |error| self.failed(&directory, error);
            self.host.check_changeable(&directory).map_err(failed)?;
            for (name, kind) in self.host.list(&directory).map_err(failed)? {
                if kind == HostKind::Directory {
                    let below = directory.join(name);
                    self.check_filesystem(&below)?;
                    directories.push(below);
                }
            }
        }
        Ok(())
    }
}
