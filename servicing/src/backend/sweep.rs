//! Removes the reserved directory with all that a commit left there.

use std::io;
use std::path::{Path, PathBuf};

use super::RESERVED;
use super::error::BackendError;
use super::host::Host;
use super::journal::{done_path, is_ours};
use crate::tree::directory::HostKind;

/// Removes what a commit left. No journal may be in force.
///
/// The note that a commit is done goes last: until then a cut must not make
/// it look like one that was never committed.
pub(crate) fn sweep(host: &dyn Host) -> Result<(), BackendError> {
    let reserved = Path::new(RESERVED);
    let on_reserved = |error| BackendError::host(host, reserved, error);
    let left = host.list(reserved).map_err(on_reserved)?;
    if !left.is_empty() {
        // What is to be seen may not be on the disk yet: a journal taken out
        // of force must not come back and miss what is removed now.
        host.sync_directory(reserved).map_err(on_reserved)?;
    }
    let done = done_path();
    let mut finished = false;
    let mut foreign = false;
    for (name, kind) in left {
        let path = reserved.join(&name);
        if path == done {
            finished = true;
        } else if name.to_str().is_some_and(is_ours) {
            remove(host, path, kind)?;
        } else {
            foreign = true;
        }
    }
    if finished {
        host.sync_directory(reserved).map_err(on_reserved)?;
        remove(host, done, HostKind::File)?;
    }
    if !foreign {
        // Not synced: should it come back, it is empty or says that all is done.
        host.remove_directory(reserved).map_err(on_reserved)?;
    }
    Ok(())
}

/// Removes a file, or a directory with all in it; links are not followed.
fn remove(host: &dyn Host, path: PathBuf, kind: HostKind) -> Result<(), BackendError> {
    // A list instead of recursion: directories nest as deep as they like.
    let mut open = vec![(path, kind, false)];
    while let Some((path, kind, emptied)) = open.pop() {
        let removed = if kind != HostKind::Directory {
            host.remove_file(&path)
        } else if emptied {
            host.remove_directory(&path)
        } else {
            let listed = host
                .list(&path)
                .map_err(|error| BackendError::host(host, &path, error))?;
            let below = listed
                .into_iter()
                .map(|(name, kind)| (path.join(name), kind, false));
            let below: Vec<_> = below.collect();
            open.push((path, kind, true));
            open.extend(below);
            continue;
        };
        match removed {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(BackendError::host(host, &path, error));
            }
            _ => {}
        }
    }
    Ok(())
}
