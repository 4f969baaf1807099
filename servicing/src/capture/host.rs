//! The captured directory on the host: opened and looked at without following
//! links, at any depth.

use std::ffi::{CString, OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd as _, AsRawFd as _, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Dir, Mode, OFlags, Statx, StatxFlags};
use rustix::io::Errno;
use wimwright_wim::FileTime;

use crate::sidecar::HostTime;

/// Bytes of a path that are given to the system at once: it takes 4095.
const PATH_STEP: usize = 3000;

/// An open directory tree.
pub(super) struct HostTree {
    root: OwnedFd,
    /// Without links, for telling where absolute links lead.
    pub(super) real: PathBuf,
}

/// Which file it is, and which version of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) device: u64,
    pub(super) inode: u64,
    pub(super) size: u64,
    /// When its content was changed last.
    pub(super) modified: HostTime,
    /// When anything of it was.
    changed: HostTime,
}

/// What the host knows of a file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Status {
    pub(super) kind: HostKind,
    pub(super) links: u32,
    pub(super) identity: Identity,
    pub(super) created: Option<FileTime>,
    pub(super) accessed: FileTime,
    pub(super) written: FileTime,
}

/// What it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HostKind {
    File,
    Directory,
    Link,
    /// A pipe, socket or device, by name.
    Special(&'static str),
}

impl HostTree {
    /// Opens the directory at `path`; a link there is followed.
    pub(super) fn open(path: &Path) -> io::Result<HostTree> {
        let flags = OFlags::DIRECTORY | OFlags::RDONLY | OFlags::CLOEXEC;
        Ok(HostTree {
            root: rustix::fs::open(path, flags, Mode::empty())?,
            real: std::fs::canonicalize(path)?,
        })
    }

    /// Opens the directory at `path` below the root.
    pub(super) fn directory(&self, path: &Path) -> io::Result<OwnedFd> {
        self.at(path, OFlags::DIRECTORY)
    }

    /// Opens the file at `path` to read. Whether it is one is the caller's to
    /// see; a pipe is opened without waiting for its other end.
    pub(super) fn file(&self, path: &Path) -> io::Result<File> {
        self.at(path, OFlags::NONBLOCK | OFlags::NOCTTY)
            .map(File::from)
    }

    fn at(&self, path: &Path, flags: OFlags) -> io::Result<OwnedFd> {
        let flags = flags | OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mut rest = path.as_os_str().as_bytes();
        if rest.is_empty() {
            return open_quietly(self.root.as_fd(), OsStr::new("."), flags);
        }
        let mut above: Option<OwnedFd> = None;
        loop {
            let from = above
                .as_ref()
                .map_or(self.root.as_fd(), |above| above.as_fd());
            // A name has far fewer bytes than a step, so one ends in each.
            let cut = rest
                .get(..PATH_STEP)
                .and_then(|step| step.iter().rposition(|byte| *byte == b'/'));
            let Some(cut) = cut else {
                return open_quietly(from, OsStr::from_bytes(rest), flags);
            };
            let (step, tail) = rest.split_at_checked(cut).unwrap_or_default();
            let step_flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let step = OsStr::from_bytes(step);
            above = Some(rustix::fs::openat(from, step, step_flags, Mode::empty())?);
            rest = tail.get(1..).unwrap_or_default();
        }
    }
}

/// Opens so that reading does not change the time of the last reading, where
/// the system lets this user do that.
fn open_quietly(from: BorrowedFd<'_>, name: &OsStr, flags: OFlags) -> io::Result<OwnedFd> {
    match rustix::fs::openat(from, name, flags | OFlags::NOATIME, Mode::empty()) {
        Err(Errno::PERM) => Ok(rustix::fs::openat(from, name, flags, Mode::empty())?),
        other => Ok(other?),
    }
}

/// The names in a directory, in no order.
pub(super) fn names(directory: BorrowedFd<'_>) -> io::Result<Vec<CString>> {
    let mut names = Vec::new();
    for entry in Dir::read_from(directory)? {
        let entry = entry?;
        let name = entry.file_name();
        if name != c"." && name != c".." {
            names.push(name.to_owned());
        }
    }
    Ok(names)
}

/// What is known of a name in a directory, not following a link.
pub(super) fn status(directory: BorrowedFd<'_>, name: &OsStr) -> io::Result<Status> {
    statx(directory, name, AtFlags::SYMLINK_NOFOLLOW)
}

/// The same of what a link leads to.
pub(super) fn status_of_target(directory: BorrowedFd<'_>, name: &OsStr) -> io::Result<Status> {
    statx(directory, name, AtFlags::empty())
}

/// The same of an open file.
pub(super) fn status_of(file: BorrowedFd<'_>) -> io::Result<Status> {
    statx(file, OsStr::new(""), AtFlags::EMPTY_PATH)
}

/// Where a link leads.
pub(super) fn link_target(directory: BorrowedFd<'_>, name: &OsStr) -> io::Result<OsString> {
    let target = rustix::fs::readlinkat(directory, name, Vec::new())?;
    Ok(OsStr::from_bytes(target.as_bytes()).to_owned())
}

/// A path to a name in an open directory, for calls that take nothing else.
/// The system reaches the directory itself by it, however deep it lies.
pub(super) fn path_through(directory: BorrowedFd<'_>, name: &OsStr) -> PathBuf {
    let mut path = PathBuf::from(format!("/proc/self/fd/{}", directory.as_raw_fd()));
    if !name.is_empty() {
        path.push(name);
    }
    path
}

fn statx(directory: BorrowedFd<'_>, name: &OsStr, flags: AtFlags) -> io::Result<Status> {
    let wanted = StatxFlags::BASIC_STATS | StatxFlags::BTIME;
    let found: Statx = rustix::fs::statx(directory, name, flags, wanted)?;
    let time = |time: rustix::fs::StatxTimestamp| file_time(time.tv_sec, time.tv_nsec);
    let host_time = |time: rustix::fs::StatxTimestamp| HostTime {
        seconds: time.tv_sec,
        nanoseconds: time.tv_nsec,
    };
    let has_birth = found.stx_mask & StatxFlags::BTIME.bits() != 0;
    let device = u64::from(found.stx_dev_major) << 32 | u64::from(found.stx_dev_minor);
    // S_IFMT of the mode.
    let kind = match found.stx_mode & 0o170_000 {
        0o100_000 => HostKind::File,
        0o040_000 => HostKind::Directory,
        0o120_000 => HostKind::Link,
        0o010_000 => HostKind::Special("a pipe"),
        0o140_000 => HostKind::Special("a socket"),
        _ => HostKind::Special("a device"),
    };
    Ok(Status {
        kind,
        links: found.stx_nlink,
        identity: Identity {
            device,
            inode: found.stx_ino,
            size: found.stx_size,
            modified: host_time(found.stx_mtime),
            changed: host_time(found.stx_ctime),
        },
        created: has_birth.then(|| time(found.stx_btime)),
        accessed: time(found.stx_atime),
        written: time(found.stx_mtime),
    })
}

/// A Windows time of a Unix one; what lies before 1601 becomes its beginning.
fn file_time(seconds: i64, nanoseconds: u32) -> FileTime {
    const UNIX_EPOCH_SECONDS: i128 = 11_644_473_600;
    let ticks = (i128::from(seconds) + UNIX_EPOCH_SECONDS) * 10_000_000;
    let ticks = ticks + i128::from(nanoseconds / 100);
    FileTime(u64::try_from(ticks.max(0)).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_the_host_are_windows_times() {
        for (seconds, nanoseconds, ticks) in [
            (0, 0, 116_444_736_000_000_000),
            (0, 199, 116_444_736_000_000_001),
            (-1, 999_999_999, 116_444_735_999_999_999),
            (-11_644_473_600, 0, 0),
            (-11_644_473_601, 5, 0),
            (i64::MIN, 0, 0),
            (i64::MAX, 0, u64::MAX),
        ] {
            assert_eq!(
                file_time(seconds, nanoseconds),
                FileTime(ticks),
                "{seconds}"
            );
        }
    }

    #[test]
    fn a_file_is_found_at_any_depth_and_never_through_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let tree = HostTree::open(folder.path()).unwrap();
        // Deeper than a path that the system takes, so built step by step.
        let name = "n".repeat(200);
        let mut at = tree.directory(Path::new("")).unwrap();
        let mut path = PathBuf::new();
        for _ in 0..60 {
            rustix::fs::mkdirat(&at, &*name, Mode::from_raw_mode(0o755)).unwrap();
            let flags = OFlags::DIRECTORY | OFlags::CLOEXEC;
            at = rustix::fs::openat(&at, &*name, flags, Mode::empty()).unwrap();
            path.push(&name);
        }
        let flags = OFlags::CREATE | OFlags::WRONLY;
        rustix::fs::openat(&at, "file", flags, Mode::from_raw_mode(0o644)).unwrap();
        assert!(path.as_os_str().len() > 12_000);
        let deep = tree.directory(&path).unwrap();
        assert_eq!(names(deep.as_fd()).unwrap(), [c"file".to_owned()]);
        let file = tree.file(&path.join("file")).unwrap();
        let opened = status_of(file.as_fd()).unwrap();
        let listed = status(deep.as_fd(), OsStr::new("file")).unwrap();
        assert_eq!(opened.identity, listed.identity);
        assert!(path_through(deep.as_fd(), OsStr::new("file")).exists());

        std::os::unix::fs::symlink("/etc", folder.path().join("link")).unwrap();
        assert!(tree.directory(Path::new("link")).is_err());
        assert!(tree.file(Path::new("link")).is_err());
        // Removed level by level: a path to it is too long for the system.
        drop(at);
        while path.pop() {
            let above = tree.directory(&path).unwrap();
            let _ = rustix::fs::unlinkat(&above, "file", AtFlags::empty());
            let below = tree.directory(&path.join(&name)).unwrap();
            let _ = rustix::fs::unlinkat(&below, "file", AtFlags::empty());
            rustix::fs::unlinkat(&above, &*name, AtFlags::REMOVEDIR).unwrap();
        }
    }
}
