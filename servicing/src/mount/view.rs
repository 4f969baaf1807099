//! A mounted image as its files and directories are asked for, read and
//! changed. Knows nothing of FUSE but its error numbers.
//!
//! No lock is held while the image is read. What was asked may have changed
//! meanwhile, so it is looked at again before it is noted down.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use fuser::Errno;
use wimwright_hive::FileTime;

use super::control::CONTROL_NAME;
use super::inodes::{Inode, Inodes, Origin, ROOT, Spelled};
use crate::blob::{Blob, MemoryBlob};
use crate::patched::Patched;
use crate::path::{ImagePath, Name};
use crate::plan::{STRUCTURAL_ATTRIBUTES, Times};
use crate::time;
use crate::tree::directory::windows_name;
use crate::tree::{Entry, FileTree, Kind, Metadata, TreeError};

/// What an operation gives.
pub(super) type Answer<T> = Result<T, Errno>;

/// The error number of what kept the image from being read.
pub(super) fn tree_error(error: TreeError) -> Errno {
    io_error(error.source)
}

/// The error number of an error of the host.
#[allow(clippy::needless_pass_by_value, reason = "it is handed to map_err")]
pub(super) fn io_error(error: io::Error) -> Errno {
    match (error.raw_os_error(), error.kind()) {
        (Some(number), _) => Errno::from_i32(number),
        (None, io::ErrorKind::FileTooLarge) => Errno::EFBIG,
        (None, _) => Errno::EIO,
    }
}

/// What is told of a file or directory.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shown {
    pub(super) number: u64,
    pub(super) kind: Kind,
    pub(super) len: u64,
    pub(super) accessed: SystemTime,
    pub(super) written: SystemTime,
}

/// Something that is open.
enum Handle {
    File {
        number: u64,
        /// As the image has it; `None` for what is new.
        content: Option<Arc<dyn Blob>>,
        for_writing: bool,
    },
    Directory(Arc<Vec<Entry>>),
}

/// A mounted image.
pub(super) struct View {
    tree: Arc<dyn FileTree>,
    inodes: Mutex<Inodes>,
    handles: Mutex<HashMap<u64, Handle>>,
    next_handle: AtomicU64,
    /// What is shown where a time is not known.
    mounted: SystemTime,
}

impl View {
    pub(super) fn new(tree: Arc<dyn FileTree>) -> View {
        View {
            tree,
            inodes: Mutex::new(Inodes::new()),
            handles: Mutex::default(),
            next_handle: AtomicU64::new(1),
            mounted: SystemTime::now(),
        }
    }

    pub(super) fn tree(&self) -> &Arc<dyn FileTree> {
        &self.tree
    }

    pub(super) fn inodes(&self) -> MutexGuard<'_, Inodes> {
        self.inodes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn handles(&self) -> MutexGuard<'_, HashMap<u64, Handle>> {
        self.handles.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The files that are open for writing.
    pub(super) fn open_for_writing(&self) -> Vec<ImagePath> {
        let numbers: Vec<u64> = self
            .handles()
            .values()
            .filter_map(|handle| match handle {
                Handle::File {
                    number,
                    for_writing: true,
                    ..
                } => Some(*number),
                _ => None,
            })
            .collect();
        let inodes = self.inodes();
        numbers.iter().filter_map(|at| inodes.path(*at)).collect()
    }

    /// The number of what a name in a directory stands for: of the exact
    /// spelling, else of the first.
    fn find(&self, parent: u64, name: &Name) -> Answer<Option<u64>> {
        let exactly = Spelled::exactly(name);
        let (above, alike) = {
            let inodes = self.inodes();
            let directory = inodes.get(parent).ok_or(Errno::ESTALE)?;
            if let Some(known) = directory.children.get(&exactly) {
                return Ok(Some(*known));
            }
            if directory.kind != Kind::Directory {
                return Err(Errno::ENOTDIR);
            }
            (inodes.origin(parent), directory.child_alike(name))
        };
        let Some(path) = above.map(|above| above.child(name.clone())) else {
            return Ok(alike);
        };
        let Some(found) = self.tree.entry(&path).map_err(tree_error)? else {
            return Ok(alike);
        };
        let is_link = self.tree.link_target(&path).map_err(tree_error)?.is_some();
        let kind = match is_link {
            true => Kind::Link,
            false => found.kind,
        };
        let mut inodes = self.inodes();
        let directory = inodes.get(parent).ok_or(Errno::ESTALE)?;
        let spelled = Spelled::exactly(&found.name);
        if let Some(known) = directory.children.get(&spelled) {
            return Ok(Some(*known));
        }
        if directory.changed().hidden.contains(&spelled) {
            return Ok(directory.child_alike(name));
        }
        let inode = Inode::new(parent, found.name, kind, Origin::Here);
        Ok(Some(inodes.add(inode)))
    }

    /// What a name in a directory stands for; the kernel knows of it then.
    pub(super) fn lookup(&self, parent: u64, name: &OsStr) -> Answer<Shown> {
        let name = windows_name(name).ok_or(Errno::ENOENT)?;
        let number = self.find(parent, &name)?.ok_or(Errno::ENOENT)?;
        self.learnt(number)
    }

    /// Notes that the kernel knows of an inode.
    fn learnt(&self, number: u64) -> Answer<Shown> {
        if let Some(inode) = self.inodes().get_mut(number) {
            inode.lookups += 1;
        }
        let shown = self.show(number);
        if shown.is_err() {
            self.forget(number, 1);
        }
        shown
    }

    /// Notes that the kernel forgot an inode so many times.
    pub(super) fn forget(&self, number: u64, times: u64) {
        let mut inodes = self.inodes();
        if let Some(inode) = inodes.get_mut(number) {
            inode.lookups = inode.lookups.saturating_sub(times);
        }
        inodes.drop_unused(number);
    }

    /// What the image knows of an inode.
    fn base_metadata(&self, number: u64) -> Answer<Option<Metadata>> {
        let origin = self.inodes().origin(number);
        match origin {
            Some(path) => self.tree.metadata(&path).map_err(tree_error),
            None => Ok(None),
        }
    }

    /// What is told of an inode.
    pub(super) fn show(&self, number: u64) -> Answer<Shown> {
        let base = self.base_metadata(number)?;
        let kind = self.inodes().get(number).map(|inode| inode.kind);
        let target = match kind {
            Some(Kind::Link) => self.target(number).unwrap_or_default().len() as u64,
            _ => 0,
        };
        let inodes = self.inodes();
        let inode = inodes.get(number).ok_or(Errno::ESTALE)?;
        let changed = inode.changed();
        let known = base.as_ref().map(Metadata::times).unwrap_or_default();
        let touched = Times {
            written: changed.touched,
            accessed: changed.touched,
            created: None,
        };
        let times = changed.times.or(touched).or(known);
        let system = |time: Option<FileTime>| time.and_then(time::to_system);
        let written = system(times.written).unwrap_or(self.mounted);
        let len = match (&changed.content, inode.kind) {
            (Some(content), _) => Blob::len(content.as_ref()),
            (None, Kind::File) => base.map_or(0, |base| base.len),
            (None, Kind::Link) => target,
            (None, Kind::Directory) => 0,
        };
        Ok(Shown {
            number,
            kind: inode.kind,
            len,
            accessed: system(times.accessed).unwrap_or(written),
            written,
        })
    }

    /// Where a link leads, as a program of this host follows it.
    pub(super) fn target(&self, number: u64) -> Answer<String> {
        let origin = self.inodes().origin(number).ok_or(Errno::ENOENT)?;
        let target = self.tree.link_target(&origin).map_err(tree_error)?;
        // A reparse point that is neither symbolic link nor junction.
        let target = target.ok_or(Errno::EINVAL)?;
        let above = self.inodes().path(number).and_then(|path| path.parent());
        let depth = above.map_or(0, |above| above.names().len());
        Ok(host_target(&target.to_string(), depth))
    }

    /// The attributes of an inode.
    pub(super) fn attributes(&self, number: u64) -> Answer<Option<u32>> {
        let base = self.base_metadata(number)?;
        let inodes = self.inodes();
        let inode = inodes.get(number).ok_or(Errno::ESTALE)?;
        let set = inode.changed().attributes;
        Ok(set.or(base.and_then(|base| base.attributes)))
    }

    /// The names in a directory, with all that was changed in it.
    pub(super) fn list(&self, number: u64) -> Answer<Vec<Entry>> {
        let origin = self.inodes().origin(number);
        let in_image = match origin {
            Some(path) => self.tree.read_dir(&path).map_err(tree_error)?,
            None => None,
        };
        let inodes = self.inodes();
        let directory = inodes.get(number).ok_or(Errno::ESTALE)?;
        let mut entries: Vec<Entry> = in_image.unwrap_or_default();
        let hidden = &directory.changed().hidden;
        entries.retain(|entry| !hidden.contains(&Spelled::exactly(&entry.name)));
        for (name, child) in &directory.children {
            if let Some(child) = inodes.get(*child)
                && child.origin != Origin::Here
            {
                entries.push(Entry {
                    name: name.name().clone(),
                    kind: child.kind,
                });
            }
        }
        Ok(entries)
    }

    /// Opens a directory: what is listed is what was in it then.
    pub(super) fn open_directory(&self, number: u64) -> Answer<u64> {
        let entries = self.list(number)?;
        Ok(self.hold(Handle::Directory(Arc::new(entries))))
    }

    /// The names in an open directory.
    pub(super) fn listed(&self, handle: u64) -> Answer<Arc<Vec<Entry>>> {
        match self.handles().get(&handle) {
            Some(Handle::Directory(entries)) => Ok(Arc::clone(entries)),
            _ => Err(Errno::EBADF),
        }
    }

    fn hold(&self, handle: Handle) -> u64 {
        let number = self.next_handle.fetch_add(1, Ordering::Relaxed);
        self.handles().insert(number, handle);
        number
    }

    /// Opens a file.
    pub(super) fn open(&self, number: u64, for_writing: bool) -> Answer<u64> {
        let (origin, is_written) = {
            let inodes = self.inodes();
            let inode = inodes.get(number).ok_or(Errno::ESTALE)?;
            match inode.kind {
                Kind::File => {}
                Kind::Directory => return Err(Errno::EISDIR),
                Kind::Link => return Err(Errno::ELOOP),
            }
            (inodes.origin(number), inode.changed().content.is_some())
        };
        let content = match origin.filter(|_| !is_written) {
            Some(path) => self.tree.open(&path).map_err(tree_error)?,
            None => None,
        };
        if let Some(inode) = self.inodes().get_mut(number) {
            inode.open += 1;
        }
        Ok(self.hold(Handle::File {
            number,
            content,
            for_writing,
        }))
    }

    /// Closes what is open.
    pub(super) fn close(&self, handle: u64) {
        let closed = self.handles().remove(&handle);
        if let Some(Handle::File { number, .. }) = closed {
            let mut inodes = self.inodes();
            if let Some(inode) = inodes.get_mut(number) {
                inode.open = inode.open.saturating_sub(1);
            }
            inodes.drop_unused(number);
        }
    }

    /// Reads at most `size` bytes of an open file.
    pub(super) fn read(&self, handle: u64, offset: u64, size: usize) -> Answer<Vec<u8>> {
        let (number, content) = match self.handles().get(&handle) {
            Some(Handle::File {
                number, content, ..
            }) => (*number, content.clone()),
            _ => return Err(Errno::EBADF),
        };
        let written = self
            .inodes()
            .get(number)
            .and_then(|inode| inode.changed().content.clone());
        let content = match written {
            Some(written) => written as Arc<dyn Blob>,
            None => content.ok_or(Errno::EIO)?,
        };
        let left = content.len().saturating_sub(offset);
        let len = usize::try_from(left).unwrap_or(size).min(size);
        let mut bytes = vec![0; len];
        if len > 0 {
            content.read_into(offset, &mut bytes).map_err(io_error)?;
        }
        Ok(bytes)
    }

    /// The content of a file, to be written to. One that is cut to nothing
    /// needs not to be read before.
    fn content(&self, number: u64, keep: bool) -> Answer<Arc<Patched>> {
        let origin = {
            let inodes = self.inodes();
            let inode = inodes.get(number).ok_or(Errno::ESTALE)?;
            if inode.kind != Kind::File {
                return Err(Errno::EISDIR);
            }
            if let Some(content) = &inode.changed().content {
                return Ok(Arc::clone(content));
            }
            inodes.origin(number)
        };
        let base = match origin.filter(|_| keep) {
            Some(path) => self.tree.open(&path).map_err(tree_error)?,
            None => None,
        };
        let base = base.unwrap_or_else(|| Arc::new(MemoryBlob::new([])));
        let content = Arc::new(Patched::new(base).map_err(io_error)?);
        let mut inodes = self.inodes();
        let inode = inodes.get_mut(number).ok_or(Errno::ESTALE)?;
        Ok(Arc::clone(inode.change().content.get_or_insert(content)))
    }

    fn touch(&self, number: u64) {
        if let Some(inode) = self.inodes().get_mut(number) {
            let changed = inode.change();
            changed.touched = Some(time::from_system(SystemTime::now()));
            changed.times.written = None;
        }
    }

    /// Writes to a file.
    pub(super) fn write(&self, number: u64, offset: u64, bytes: &[u8]) -> Answer<()> {
        let content = self.content(number, true)?;
        content.write_at(offset, bytes).map_err(io_error)?;
        self.touch(number);
        Ok(())
    }

    /// Cuts a file, or fills it up with zeros.
    pub(super) fn set_len(&self, number: u64, len: u64) -> Answer<()> {
        let content = self.content(number, len > 0)?;
        content.set_len(len).map_err(io_error)?;
        self.touch(number);
        Ok(())
    }

    /// Sets times. Those of the root are nobody's business: a commit to a
    /// directory changes them itself.
    pub(super) fn set_times(&self, number: u64, times: Times) -> Answer<()> {
        let mut inodes = self.inodes();
        let inode = inodes.get_mut(number).ok_or(Errno::ESTALE)?;
        if number != ROOT {
            let changed = inode.change();
            changed.times = times.or(changed.times);
        }
        Ok(())
    }

    /// Sets attributes; those that say what it is stay.
    pub(super) fn set_attributes(&self, number: u64, attributes: u32) -> Answer<()> {
        let is = self.attributes(number)?;
        let mut inodes = self.inodes();
        let inode = inodes.get_mut(number).ok_or(Errno::ESTALE)?;
        let is = is.unwrap_or(match inode.kind {
            Kind::Directory => 0x10,
            Kind::File => 0,
            Kind::Link => return Err(Errno::EOPNOTSUPP),
        });
        if number == ROOT {
            return Err(Errno::EPERM);
        }
        let kept = is & STRUCTURAL_ATTRIBUTES;
        inode.change().attributes = Some(kept | attributes & !STRUCTURAL_ATTRIBUTES);
        Ok(())
    }

    /// A name for something new: one that Windows itself would make.
    fn new_name(&self, parent: u64, name: &OsStr) -> Answer<Name> {
        let name = windows_name(name).ok_or(Errno::EINVAL)?;
        let text = name.as_text().as_str().ok_or(Errno::EINVAL)?;
        let name = Name::new(text).map_err(|error| match error {
            crate::path::PathError::TooLong { .. } => Errno::ENAMETOOLONG,
            _ => Errno::EINVAL,
        })?;
        match parent == ROOT && name.is(CONTROL_NAME) {
            true => Err(Errno::EPERM),
            false => Ok(name),
        }
    }

    /// Makes a file or directory.
    pub(super) fn make(&self, parent: u64, name: &OsStr, kind: Kind) -> Answer<Shown> {
        let name = self.new_name(parent, name)?;
        if self.find(parent, &name)?.is_some() {
            return Err(Errno::EEXIST);
        }
        let mut inode = Inode::new(parent, name, kind, Origin::New);
        inode.change().touched = Some(time::from_system(SystemTime::now()));
        if kind == Kind::File {
            let content = Patched::new(Arc::new(MemoryBlob::new([]))).map_err(io_error)?;
            inode.change().content = Some(Arc::new(content));
        }
        let number = {
            let mut inodes = self.inodes();
            match inodes.get(parent) {
                Some(directory) if directory.linked => {}
                _ => return Err(Errno::ENOENT),
            }
            inodes.add(inode)
        };
        self.learnt(number)
    }

    /// Takes a name away: of a file or link, or of an empty directory.
    pub(super) fn remove(&self, parent: u64, name: &OsStr, directory: bool) -> Answer<()> {
        let name = windows_name(name).ok_or(Errno::ENOENT)?;
        let number = self.find(parent, &name)?.ok_or(Errno::ENOENT)?;
        self.check_removable(number, directory)?;
        let mut inodes = self.inodes();
        inodes.unlink(number);
        inodes.drop_unused(number);
        Ok(())
    }

    fn check_removable(&self, number: u64, directory: bool) -> Answer<()> {
        let kind = self.inodes().get(number).map(|inode| inode.kind);
        match (kind.ok_or(Errno::ESTALE)?, directory) {
            (Kind::Directory, true) => match self.list(number)?.is_empty() {
                true => Ok(()),
                false => Err(Errno::ENOTEMPTY),
            },
            (Kind::Directory, false) => Err(Errno::EISDIR),
            (_, true) => Err(Errno::ENOTDIR),
            (_, false) => Ok(()),
        }
    }

    /// Gives a name away for another; what has that goes, as rename(2) says.
    pub(super) fn rename(
        &self,
        (parent, name): (u64, &OsStr),
        (to_parent, to_name): (u64, &OsStr),
        replace: bool,
    ) -> Answer<()> {
        let name = windows_name(name).ok_or(Errno::ENOENT)?;
        let to_name = self.new_name(to_parent, to_name)?;
        let number = self.find(parent, &name)?.ok_or(Errno::ENOENT)?;
        let there = self.find(to_parent, &to_name)?;
        let there = there.filter(|there| *there != number);
        if let Some(there) = there {
            if !replace {
                return Err(Errno::EEXIST);
            }
            let kind = self.inodes().get(number).map(|inode| inode.kind);
            self.check_removable(there, kind == Some(Kind::Directory))?;
        }
        let mut inodes = self.inodes();
        if inodes.is_in(to_parent, number) {
            return Err(Errno::EINVAL);
        }
        if let Some(there) = there {
            inodes.unlink(there);
            inodes.drop_unused(there);
        }
        inodes.rename(number, to_parent, &to_name);
        Ok(())
    }
}

/// A target of Windows as one of this host: from the root of the image by the
/// way back there, with slashes.
fn host_target(target: &str, depth: usize) -> String {
    let mut drive = target.chars();
    let absolute = match (drive.next(), drive.next()) {
        (Some('\\'), Some('\\')) => None,
        (Some('\\'), _) => Some(target),
        (Some(letter), Some(':')) if letter.is_ascii_alphabetic() => target.get(2..),
        _ => None,
    };
    match absolute {
        Some(from_root) => {
            let below = from_root.trim_start_matches('\\').replace('\\', "/");
            let up = "../".repeat(depth);
            match (up.is_empty(), below.is_empty()) {
                (true, true) => ".".to_owned(),
                (false, true) => up.trim_end_matches('/').to_owned(),
                _ => format!("{up}{below}"),
            }
        }
        None => target.replace('\\', "/"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::inodes::CONTROL;
    use super::*;
    use crate::tree::MemoryTree;

    fn view() -> View {
        let mut tree = MemoryTree::new();
        for name in ["a\\one", "a\\two", "b\\deep\\three"] {
            tree.insert(name, name.as_bytes()).unwrap();
        }
        View::new(Arc::new(tree))
    }

    fn look(view: &View, path: &str) -> Answer<Shown> {
        let mut shown = view.show(ROOT);
        for name in path.split('/') {
            shown = view.lookup(shown?.number, OsStr::new(name));
        }
        shown
    }

    fn names(view: &View, path: &str) -> Vec<String> {
        let number = match path {
            "" => ROOT,
            path => look(view, path).unwrap().number,
        };
        let list = view.list(number).unwrap();
        list.iter().map(|entry| entry.name.to_string()).collect()
    }

    #[test]
    fn links_lead_where_they_lead_in_the_image() {
        for (target, depth, leads) in [
            ("\\Users", 0, "Users"),
            ("\\Users\\Public", 2, "../../Users/Public"),
            ("C:\\ProgramData", 1, "../ProgramData"),
            ("C:\\", 1, ".."),
            ("\\", 0, "."),
            ("..\\x\\y", 3, "../x/y"),
            ("\\\\server\\share", 1, "//server/share"),
            ("/etc/passwd", 1, "/etc/passwd"),
        ] {
            assert_eq!(host_target(target, depth), leads, "{target}");
        }
    }

    #[test]
    fn what_the_kernel_forgot_is_dropped_unless_it_was_changed() {
        let view = view();
        let three = look(&view, "B/DEEP/THREE").unwrap().number;
        let deep = look(&view, "b/deep").unwrap().number;
        let b = look(&view, "b").unwrap().number;
        assert!(three > CONTROL && b < deep && deep < three);
        // In whatever order; `b` was looked for three times, `deep` twice.
        view.forget(b, 3);
        view.forget(deep, 2);
        assert!(view.inodes().get(b).is_some(), "its file is known");
        view.forget(three, 1);
        for gone in [three, deep, b] {
            assert!(view.inodes().get(gone).is_none());
        }
        let one = look(&view, "a/one").unwrap().number;
        view.write(one, 0, b"ONE").unwrap();
        view.forget(one, 1);
        assert!(view.inodes().is_changed());
        let again = look(&view, "a/one").unwrap();
        assert_eq!((again.number, again.len), (one, 5));
    }

    #[test]
    fn an_open_file_is_read_and_written_after_its_name_is_gone() {
        let view = view();
        let a = look(&view, "a").unwrap().number;
        let one = look(&view, "a/one").unwrap().number;
        let handle = view.open(one, true).unwrap();
        view.remove(a, OsStr::new("ONE"), false).unwrap();
        view.forget(one, 1);
        assert_eq!(names(&view, "a"), ["two"]);
        assert_eq!(view.read(handle, 2, 99).unwrap(), b"one");
        view.write(one, 5, b"!").unwrap();
        assert_eq!(view.read(handle, 0, 99).unwrap(), b"a\\one!");
        view.close(handle);
        assert!(view.inodes().get(one).is_none());
        assert_eq!(
            view.read(handle, 0, 1).unwrap_err().code(),
            Errno::EBADF.code()
        );
    }

    #[test]
    fn a_directory_that_moved_shows_its_own_and_what_took_its_name() {
        let view = view();
        let b = look(&view, "b").unwrap().number;
        let move_it = |from: (u64, &str), to: (u64, &str)| {
            let (from, to) = ((from.0, OsStr::new(from.1)), (to.0, OsStr::new(to.1)));
            view.rename(from, to, true)
        };
        move_it((ROOT, "a"), (b, "inner")).unwrap();
        view.make(ROOT, OsStr::new("a"), Kind::Directory).unwrap();
        assert_eq!(names(&view, "b/inner"), ["one", "two"]);
        assert!(names(&view, "a").is_empty());
        assert_eq!(look(&view, "b/inner/two").unwrap().len, 5);
        let error = move_it((ROOT, "b"), (b, "b")).unwrap_err();
        assert_eq!(error.code(), Errno::EINVAL.code());
        let error = move_it((ROOT, "a"), (ROOT, "b")).unwrap_err();
        assert_eq!(error.code(), Errno::ENOTEMPTY.code());
        // And back: nothing differs but a directory that is gone again.
        view.remove(ROOT, OsStr::new("a"), true).unwrap();
        move_it((b, "inner"), (ROOT, "a")).unwrap();
        assert_eq!(names(&view, "a"), ["one", "two"]);
        assert_eq!(names(&view, "b"), ["deep"]);
    }
}
