//! The images that are mounted, and the end of a mount.

use std::io;
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::mount::UnmountFlags;

use super::MountError;
use super::control::{self, Outcome, Status};

/// How long the process of a mount may take to end when it is unmounted.
const END: Duration = Duration::from_secs(20);

/// A mounted image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// Where.
    pub directory: PathBuf,
    /// The image as the list of mounts names it.
    pub source: String,
    /// What it says of itself; `None` where its process is gone.
    pub status: Option<Status>,
}

/// What to do with what was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Write it into the image.
    Commit,
    /// Throw it away.
    Discard,
    /// There is to be nothing.
    Unchanged,
}

/// What ending a mount came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unmounted {
    /// What the mount was.
    pub status: Status,
    /// What came of the commit; `None` without one. Where it failed the image
    /// is mounted still.
    pub committed: Option<Outcome>,
    /// Whether programs use the directory still: nobody else sees the mount any
    /// more, and it ends when they do.
    pub in_use: bool,
}

/// What the names of our images in the list of mounts begin with. Root mounts
/// without `fusermount3`, and then the type there says `fuse` only.
const PREFIX: &str = "wimwright:";

/// The name of an image in the list of mounts. Commas part options there.
pub(super) fn source_name(image: &str) -> String {
    let name: String = image
        .chars()
        .map(|c| match c {
            ',' | '\\' => '_',
            c if c.is_control() => '_',
            c => c,
        })
        .collect();
    format!("{PREFIX}{name}")
}

/// The list of mounts: where, and of what.
fn listed() -> io::Result<Vec<(PathBuf, String)>> {
    let text = std::fs::read("/proc/self/mountinfo")?;
    let lines = text.split(|byte| *byte == b'\n');
    Ok(lines.filter_map(parse_line).collect())
}

/// A line of `mountinfo`: the fifth field is the directory; behind a lone `-`
/// stand type and source (proc(5)).
fn parse_line(line: &[u8]) -> Option<(PathBuf, String)> {
    let mut fields = line.split(|byte| *byte == b' ');
    let directory = unescape(fields.nth(4)?);
    let mut behind = fields.skip_while(|field| *field != b"-").skip(1);
    let kind = behind.next()?;
    let source = unescape(behind.next()?);
    let fuse = kind == b"fuse" || kind.starts_with(b"fuse.");
    let image = source.strip_prefix(PREFIX.as_bytes()).filter(|_| fuse)?;
    let directory = PathBuf::from(std::ffi::OsString::from_vec(directory));
    Some((directory, String::from_utf8_lossy(image).into_owned()))
}

/// Blanks and the like stand as `\040`, in octal.
fn unescape(field: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((first, after)) = rest.split_first() {
        let digits = after.get(..3).filter(|_| *first == b'\\');
        let digits = digits.and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = after.get(3..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    bytes
}

/// Whether one of our mounts is at `directory`, its process being there or not.
pub(super) fn is_mounted(directory: &Path) -> bool {
    let Ok(directory) = resolve(directory) else {
        return false;
    };
    listed().is_ok_and(|all| all.iter().any(|(at, _)| *at == directory))
}

/// The directory as the list of mounts has it, even where the mount itself
/// answers no more.
fn resolve(directory: &Path) -> io::Result<PathBuf> {
    let absolute = std::path::absolute(directory)?;
    match (absolute.parent(), absolute.file_name()) {
        (Some(parent), Some(name)) => match std::fs::canonicalize(parent) {
            Ok(parent) if !std::fs::symlink_metadata(&absolute).is_ok_and(|f| f.is_symlink()) => {
                Ok(parent.join(name))
            }
            _ => std::fs::canonicalize(&absolute),
        },
        _ => std::fs::canonicalize(&absolute),
    }
}

/// The images that are mounted on this host.
///
/// # Errors
/// [`MountError::List`].
pub fn mounts() -> Result<Vec<Mount>, MountError> {
    let all = listed().map_err(|source| MountError::List { source })?;
    let known = all.into_iter().map(|(directory, source)| Mount {
        status: control::ask(&directory).ok(),
        directory,
        source,
    });
    Ok(known.collect())
}

/// Unmounts those whose process is gone; gives which.
///
/// # Errors
/// [`MountError::List`], and [`MountError::NotUnmounted`] at the first that
/// stays.
pub fn clean() -> Result<Vec<Mount>, MountError> {
    let all = listed().map_err(|source| MountError::List { source })?;
    let mut cleaned = Vec::new();
    for (directory, source) in all {
        if !is_gone(&directory) {
            continue;
        }
        detach(&directory, true).map_err(|source| MountError::NotUnmounted {
            directory: directory.clone(),
            source,
        })?;
        cleaned.push(Mount {
            directory,
            source,
            status: None,
        });
    }
    Ok(cleaned)
}

/// Whether nobody answers for a mount any more.
fn is_gone(directory: &Path) -> bool {
    let asked = std::fs::metadata(directory);
    asked.is_err_and(|error| error.raw_os_error() == Some(Errno::NOTCONN.raw_os_error()))
}

/// Ends the mount at `directory`.
///
/// # Errors
/// [`MountError`]; the image is mounted still, but for [`MountError::Gone`].
pub fn unmount(directory: &Path, ending: Ending) -> Result<Unmounted, MountError> {
    let shown = || directory.to_owned();
    let failed = |source| MountError::NotUnmounted {
        directory: directory.to_owned(),
        source,
    };
    let at = resolve(directory).map_err(failed)?;
    if !is_mounted(&at) {
        return Err(MountError::NoMount { directory: shown() });
    }
    if is_gone(&at) {
        return Err(MountError::Gone { directory: shown() });
    }
    let status = control::ask(&at).map_err(failed)?;
    let mut committed = None;
    match ending {
        Ending::Commit if !status.writable => {
            return Err(MountError::ReadOnly { directory: shown() });
        }
        Ending::Commit => {
            // What programs wrote through a mapping is not with us before.
            if let Ok(root) = std::fs::File::open(&at) {
                let _ = rustix::fs::syncfs(&root);
            }
            let outcome = control::commit(&at).map_err(failed)?;
            let done = outcome.as_ref().is_some_and(|outcome| outcome.done);
            committed = outcome;
            if !done {
                return Ok(Unmounted {
                    status,
                    committed,
                    in_use: true,
                });
            }
        }
        Ending::Unchanged if status.changed => {
            return Err(MountError::Changed { directory: shown() });
        }
        Ending::Unchanged | Ending::Discard => {}
    }
    let mut in_use = false;
    if let Err(error) = detach(&at, false) {
        if error.raw_os_error() != Some(Errno::BUSY.raw_os_error()) {
            return Err(failed(error));
        }
        // What is committed is not there to be changed any more.
        if committed.is_none() {
            return Err(MountError::Busy { directory: shown() });
        }
        detach(&at, true).map_err(failed)?;
        in_use = true;
    }
    if !in_use {
        wait_for_end(status.process);
    }
    Ok(Unmounted {
        status,
        committed,
        in_use,
    })
}

/// Waits until a process ended, and with it the locks that it had.
fn wait_for_end(process: u32) {
    let process = i32::try_from(process)
        .ok()
        .and_then(rustix::process::Pid::from_raw);
    let Some(process) = process else {
        return;
    };
    let begun = Instant::now();
    while rustix::process::test_kill_process(process).is_ok() && begun.elapsed() < END {
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Unmounts; with `lazily`, also what is in use. Who is not root asks
/// `fusermount3`.
fn detach(directory: &Path, lazily: bool) -> io::Result<()> {
    let flags = match lazily {
        true => UnmountFlags::DETACH,
        false => UnmountFlags::empty(),
    };
    match rustix::mount::unmount(directory, flags) {
        Ok(()) => return Ok(()),
        Err(Errno::PERM) => {}
        Err(error) => return Err(error.into()),
    }
    let mut ask = Command::new("fusermount3");
    ask.arg("-u");
    if lazily {
        ask.arg("-z");
    }
    let said = ask.arg("--").arg(directory).output()?;
    if said.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&said.stderr);
    match text.contains("busy") {
        true => Err(Errno::BUSY.into()),
        false => Err(io::Error::other(text.trim().to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mounts_of_ours_are_found_in_the_list() {
        for (line, found) in [
            (
                &b"36 25 0:42 / /mnt/a\\040b rw,nosuid - fuse wimwright:in\\040x.wim:1 rw,user_id=0"[..],
                Some(("/mnt/a b", "in x.wim:1")),
            ),
            (
                b"36 25 0:42 / /mnt rw,nosuid shared:7 master:1 - fuse.wimwright wimwright:x rw",
                Some(("/mnt", "x")),
            ),
            (b"36 25 0:42 / /mnt rw - fuse.sshfs wim:x rw", None),
            (b"36 25 0:42 / /mnt rw - ext4 wimwright:x rw", None),
            (b"36 25", None),
            (b"", None),
        ] {
            let found = found.map(|(at, source)| (PathBuf::from(at), source.to_owned()));
            assert_eq!(parse_line(line), found);
        }
    }
}
