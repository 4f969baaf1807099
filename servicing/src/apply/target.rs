//! The directory that is applied to, and what is below it.
//!
//! Everything is reached by open directories, from the target's root down, one
//! name at a time and without following links: whatever links lie there, or
//! are put there meanwhile, nothing outside the target is touched.

use std::collections::{HashMap, VecDeque};
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, openat, statat};
use rustix::io::Errno;
use wimwright_wim::Metadata;

use super::outline::{ItemId, Outline, ROOT};
use crate::tree::directory::HostKind;

/// Directories that are held open at most. Processes may have 1024 files open
/// in all, where nobody raised it.
const MAX_OPEN: usize = 256;

/// How directories are opened: the last name is never a link.
const DIRECTORY: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);

/// The target of an apply.
pub(super) struct Target {
    path: PathBuf,
    root: Arc<OwnedFd>,
    /// Tells the temporary names of this apply from those of others: drivers
    /// remember for a second what a name stood for.
    turn: String,
    open: Mutex<OpenDirectories>,
}

#[derive(Default)]
struct OpenDirectories {
    handles: HashMap<ItemId, Arc<OwnedFd>>,
    /// Directories that are still spelled in another way than the image does.
    spelled: HashMap<ItemId, OsString>,
    /// Oldest first.
    order: VecDeque<ItemId>,
}

impl Target {
    /// Opens the directory `path`; a link there is followed, for it was named
    /// by the user.
    pub(super) fn open(path: &Path) -> io::Result<Target> {
        let flags = DIRECTORY.difference(OFlags::NOFOLLOW);
        Ok(Target {
            path: path.to_owned(),
            root: Arc::new(openat(CWD, path, flags, Mode::empty())?),
            turn: turn(),
            open: Mutex::default(),
        })
    }

    /// Where it is, as the user named it.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Its root.
    pub(super) fn root(&self) -> &OwnedFd {
        &self.root
    }

    /// A name that is used while an item is made.
    pub(super) fn temporary_name(&self, id: ItemId) -> OsString {
        OsString::from(format!("{TEMPORARY}{}-{id}", self.turn))
    }

    /// The directory of an item.
    pub(super) fn directory(
        &self,
        outline: &Outline,
        metadata: &Metadata,
        id: ItemId,
    ) -> io::Result<Arc<OwnedFd>> {
        // Up to one that is open, then down again.
        let mut closed = Vec::new();
        let mut at = id;
        let mut handle = loop {
            if at == ROOT {
                break Arc::clone(&self.root);
            }
            if let Some(handle) = self.lock().handles.get(&at) {
                break Arc::clone(handle);
            }
            closed.push(at);
            at = outline.item(at).parent;
        };
        for id in closed.into_iter().rev() {
            let spelled = self.lock().spelled.get(&id).cloned();
            let name = spelled.unwrap_or_else(|| outline.host_name(metadata, id));
            handle = Arc::new(open_directory(&handle, &name)?);
            self.keep(id, &handle);
        }
        Ok(handle)
    }

    fn keep(&self, id: ItemId, handle: &Arc<OwnedFd>) {
        let mut surplus = None;
        let mut open = self.lock();
        if open.handles.insert(id, Arc::clone(handle)).is_none() {
            open.order.push_back(id);
            if open.order.len() > MAX_OPEN {
                let oldest = open.order.pop_front();
                surplus = oldest.and_then(|oldest| open.handles.remove(&oldest));
            }
        }
        drop(open);
        drop(surplus);
    }

    /// Notes that the directory of an item has another spelling on the host.
    pub(super) fn is_spelled(&self, id: ItemId, name: &OsStr) {
        self.lock().spelled.insert(id, name.to_owned());
    }

    /// Notes that the directory of an item has got the image's spelling.
    pub(super) fn is_renamed(&self, id: ItemId) {
        self.lock().spelled.remove(&id);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, OpenDirectories> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Opens a directory in another, not through a link.
pub(super) fn open_directory(above: &OwnedFd, name: &OsStr) -> io::Result<OwnedFd> {
    Ok(openat(above, name, DIRECTORY, Mode::empty())?)
}

/// The names in a directory; `.` and `..` aside.
pub(super) fn list(directory: &OwnedFd) -> io::Result<Vec<(OsString, HostKind)>> {
    let mut names = Vec::new();
    for entry in Dir::read_from(directory)? {
        let entry = entry?;
        let bytes = entry.file_name().to_bytes();
        if bytes == b"." || bytes == b".." {
            continue;
        }
        let name = OsString::from_vec(bytes.to_vec());
        let kind = match entry.file_type() {
            // Some filesystems do not say it in the directory.
            FileType::Unknown => match kind(directory, &name)? {
                Some(kind) => kind,
                None => continue,
            },
            known => host_kind(known),
        };
        names.push((name, kind));
    }
    Ok(names)
}

/// What has this name in a directory, a link not being followed.
pub(super) fn kind(directory: &OwnedFd, name: &OsStr) -> io::Result<Option<HostKind>> {
    match statat(directory, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(found) => Ok(Some(host_kind(FileType::from_raw_mode(found.st_mode)))),
        Err(Errno::NOENT) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn host_kind(found: FileType) -> HostKind {
    match found {
        FileType::RegularFile => HostKind::File,
        FileType::Directory => HostKind::Directory,
        FileType::Symlink => HostKind::Link,
        _ => HostKind::Special,
    }
}

/// Whether something is at a path below the root; no link is followed on the
/// way.
pub(super) fn is_there(root: &OwnedFd, path: &Path) -> bool {
    let mut names = path.iter().peekable();
    let mut above: Option<OwnedFd> = None;
    while let Some(name) = names.next() {
        let directory = above.as_ref().unwrap_or(root);
        if names.peek().is_none() {
            return matches!(kind(directory, name), Ok(Some(_)));
        }
        match open_directory(directory, name) {
            Ok(opened) => above = Some(opened),
            Err(_) => return false,
        }
    }
    true
}

/// The longest name of a file, in bytes, where `directory` is.
pub(super) fn longest_name(directory: &OwnedFd) -> io::Result<u64> {
    Ok(rustix::fs::fstatvfs(directory)?.f_namemax)
}

/// A number of the process and one of the apply in it.
fn turn() -> String {
    static TURN: AtomicU32 = AtomicU32::new(0);
    let turn = TURN.fetch_add(1, Ordering::Relaxed);
    format!("{}-{turn}", std::process::id())
}

/// What temporary names begin with.
const TEMPORARY: &str = ".wimwright-new-";

/// Whether a name is such a one, left by an apply that was interrupted.
pub(super) fn is_temporary(name: &OsStr) -> bool {
    let number = name.as_bytes().strip_prefix(TEMPORARY.as_bytes());
    let known = |byte: &u8| byte.is_ascii_digit() || *byte == b'-';
    number.is_some_and(|numbers| !numbers.is_empty() && numbers.iter().all(known))
}
