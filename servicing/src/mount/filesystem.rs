//! The mounted image as the kernel asks for it, request by request.

use std::ffi::OsStr;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use fuser::{
    Errno, FileAttr, FileHandle, FileType, Filesystem, FopenFlags, Generation, INodeNo,
    KernelConfig, LockOwner, OpenAccMode, OpenFlags, RenameFlags, ReplyAttr, ReplyCreate,
    ReplyData, ReplyDirectory, ReplyEmpty, ReplyEntry, ReplyOpen, ReplyStatfs, ReplyWrite,
    ReplyXattr, Request, TimeOrNow, WriteFlags,
};

use super::control::{CONTROL_NAME, Control};
use super::inodes::{CONTROL, ROOT};
use super::view::{Answer, Shown, View};
use crate::plan::Times;
use crate::time;
use crate::tree::Kind;
use crate::tree::directory::host_name;

/// What the kernel may remember of names and attributes: of an image that
/// nobody changes, as long as it likes; else nothing, for a name has many
/// spellings, and the kernel knows of the one only that was used.
const FOR_EVER: Duration = Duration::from_secs(3600);
const NOT: Duration = Duration::ZERO;

/// The number that a listing gives for what nobody looked for yet.
const NOT_KNOWN_YET: u64 = 0xFFFF_FFFF;

/// The attribute that shows and sets Windows attributes, as on a mounted NTFS.
const ATTRIBUTES: &str = crate::tree::directory::ATTRIBUTES;

/// The largest write that is taken at once, in bytes.
const MAX_WRITE: u32 = 1024 * 1024;

/// A mounted image.
pub(super) struct ImageFilesystem {
    view: Arc<View>,
    control: Arc<Control>,
    owner: (u32, u32),
    /// A file where those for what is written lie, where something may be.
    scratch: Option<File>,
}

impl ImageFilesystem {
    pub(super) fn new(
        view: Arc<View>,
        control: Arc<Control>,
        scratch: Option<File>,
    ) -> ImageFilesystem {
        let user = rustix::process::geteuid().as_raw();
        let group = rustix::process::getegid().as_raw();
        ImageFilesystem {
            view,
            control,
            owner: (user, group),
            scratch,
        }
    }

    fn ttl(&self) -> Duration {
        match self.control.is_writable() {
            true => NOT,
            false => FOR_EVER,
        }
    }

    fn attr(&self, shown: &Shown) -> FileAttr {
        let (kind, perm) = match shown.kind {
            Kind::Directory => (FileType::Directory, 0o755),
            Kind::File => (FileType::RegularFile, 0o644),
            Kind::Link => (FileType::Symlink, 0o777),
        };
        FileAttr {
            ino: INodeNo(shown.number),
            size: shown.len,
            blocks: shown.len.div_ceil(512),
            atime: shown.accessed,
            mtime: shown.written,
            ctime: shown.written,
            crtime: SystemTime::UNIX_EPOCH,
            kind,
            perm,
            nlink: 1,
            uid: self.owner.0,
            gid: self.owner.1,
            rdev: 0,
            blksize: 4096,
            flags: 0,
        }
    }

    fn control_attr(&self) -> FileAttr {
        FileAttr {
            perm: 0o600,
            ..self.attr(&Shown {
                number: CONTROL,
                kind: Kind::File,
                len: 0,
                accessed: SystemTime::UNIX_EPOCH,
                written: SystemTime::UNIX_EPOCH,
            })
        }
    }

    fn entry(&self, answer: Answer<Shown>, reply: ReplyEntry) {
        match answer {
            Ok(shown) => reply.entry(&self.ttl(), &self.attr(&shown), Generation(0)),
            Err(error) => reply.error(error),
        }
    }

    /// Whether the image may be changed now.
    fn may_change(&self) -> Answer<()> {
        self.control.may_change()
    }
}

fn empty(answer: Answer<()>, reply: ReplyEmpty) {
    match answer {
        Ok(()) => reply.ok(),
        Err(error) => reply.error(error),
    }
}

fn file_type(kind: Kind) -> FileType {
    match kind {
        Kind::Directory => FileType::Directory,
        Kind::File => FileType::RegularFile,
        Kind::Link => FileType::Symlink,
    }
}

fn time_of(time: Option<TimeOrNow>) -> Option<wimwright_hive::FileTime> {
    time.map(|time| {
        time::from_system(match time {
            TimeOrNow::SpecificTime(time) => time,
            TimeOrNow::Now => SystemTime::now(),
        })
    })
}

impl Filesystem for ImageFilesystem {
    fn init(&mut self, _request: &Request, config: &mut KernelConfig) -> std::io::Result<()> {
        // What the kernel cannot do it says, and does less.
        let _ = config.set_max_write(MAX_WRITE);
        let _ = config.set_max_readahead(MAX_WRITE);
        Ok(())
    }

    fn lookup(&self, _request: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        if parent.0 == ROOT && name == CONTROL_NAME {
            reply.entry(&NOT, &self.control_attr(), Generation(0));
            return;
        }
        self.entry(self.view.lookup(parent.0, name), reply);
    }

    fn forget(&self, _request: &Request, number: INodeNo, times: u64) {
        if number.0 != CONTROL {
            self.view.forget(number.0, times);
        }
    }

    fn getattr(
        &self,
        _request: &Request,
        number: INodeNo,
        _handle: Option<FileHandle>,
        reply: ReplyAttr,
    ) {
        if number.0 == CONTROL {
            reply.attr(&NOT, &self.control_attr());
            return;
        }
        match self.view.show(number.0) {
            Ok(shown) => reply.attr(&self.ttl(), &self.attr(&shown)),
            Err(error) => reply.error(error),
        }
    }

    fn setattr(
        &self,
        _request: &Request,
        number: INodeNo,
        _mode: Option<u32>,
        _user: Option<u32>,
        _group: Option<u32>,
        size: Option<u64>,
        accessed: Option<TimeOrNow>,
        written: Option<TimeOrNow>,
        _changed: Option<SystemTime>,
        _handle: Option<FileHandle>,
        _created: Option<SystemTime>,
        _change_time: Option<SystemTime>,
        _backed_up: Option<SystemTime>,
        _flags: Option<fuser::BsdFileFlags>,
        reply: ReplyAttr,
    ) {
        if number.0 == CONTROL {
            reply.attr(&NOT, &self.control_attr());
            return;
        }
        let set = || {
            self.may_change()?;
            if let Some(size) = size {
                self.view.set_len(number.0, size)?;
            }
            let times = Times {
                created: None,
                accessed: time_of(accessed),
                written: time_of(written),
            };
            if !times.is_empty() {
                self.view.set_times(number.0, times)?;
            }
            // Owner and mode are Linux' own: Windows has access lists, and new
            // files inherit theirs.
            self.view.show(number.0)
        };
        match set() {
            Ok(shown) => reply.attr(&self.ttl(), &self.attr(&shown)),
            Err(error) => reply.error(error),
        }
    }

    fn readlink(&self, _request: &Request, number: INodeNo, reply: ReplyData) {
        match self.view.target(number.0) {
            Ok(target) => reply.data(target.as_bytes()),
            Err(error) => reply.error(error),
        }
    }

    fn mknod(
        &self,
        _request: &Request,
        parent: INodeNo,
        name: &OsStr,
        mode: u32,
        _umask: u32,
        _device: u32,
        reply: ReplyEntry,
    ) {
        // S_IFMT and S_IFREG: no pipe, socket or device lies in an image.
        let made = match mode & 0o170_000 {
            0 | 0o100_000 => self
                .may_change()
                .and_then(|()| self.view.make(parent.0, name, Kind::File)),
            _ => Err(Errno::EOPNOTSUPP),
        };
        self.entry(made, reply);
    }

    fn mkdir(
        &self,
        _request: &Request,
        parent: INodeNo,
        name: &OsStr,
        _mode: u32,
        _umask: u32,
        reply: ReplyEntry,
    ) {
        let made = self
            .may_change()
            .and_then(|()| self.view.make(parent.0, name, Kind::Directory));
        self.entry(made, reply);
    }

    fn unlink(&self, _request: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        let may = self.may_change();
        empty(
            may.and_then(|()| self.view.remove(parent.0, name, false)),
            reply,
        );
    }

    fn rmdir(&self, _request: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        let may = self.may_change();
        empty(
            may.and_then(|()| self.view.remove(parent.0, name, true)),
            reply,
        );
    }

    fn symlink(
        &self,
        _request: &Request,
        _parent: INodeNo,
        _name: &OsStr,
        _target: &Path,
        reply: ReplyEntry,
    ) {
        reply.error(Errno::EOPNOTSUPP);
    }

    fn link(
        &self,
        _request: &Request,
        _number: INodeNo,
        _parent: INodeNo,
        _name: &OsStr,
        reply: ReplyEntry,
    ) {
        reply.error(Errno::EOPNOTSUPP);
    }

    fn rename(
        &self,
        _request: &Request,
        parent: INodeNo,
        name: &OsStr,
        to_parent: INodeNo,
        to_name: &OsStr,
        flags: RenameFlags,
        reply: ReplyEmpty,
    ) {
        let replace = match flags {
            flags if flags.is_empty() => true,
            RenameFlags::RENAME_NOREPLACE => false,
            _ => return reply.error(Errno::EINVAL),
        };
        let renamed = self.may_change().and_then(|()| {
            let (from, to) = ((parent.0, name), (to_parent.0, to_name));
            self.view.rename(from, to, replace)
        });
        empty(renamed, reply);
    }

    fn open(&self, _request: &Request, number: INodeNo, flags: OpenFlags, reply: ReplyOpen) {
        let for_writing = flags.acc_mode() != OpenAccMode::O_RDONLY;
        if number.0 == CONTROL {
            let handle = self.control.open();
            return reply.opened(FileHandle(handle), FopenFlags::FOPEN_DIRECT_IO);
        }
        let may = match for_writing {
            true => self.may_change(),
            false => Ok(()),
        };
        match may.and_then(|()| self.view.open(number.0, for_writing)) {
            Ok(handle) => {
                let cached = match self.control.is_writable() {
                    true => FopenFlags::empty(),
                    false => FopenFlags::FOPEN_KEEP_CACHE,
                };
                reply.opened(FileHandle(handle), cached | FopenFlags::FOPEN_NOFLUSH);
            }
            Err(error) => reply.error(error),
        }
    }

    fn create(
        &self,
        _request: &Request,
        parent: INodeNo,
        name: &OsStr,
        _mode: u32,
        _umask: u32,
        flags: i32,
        reply: ReplyCreate,
    ) {
        let create = || {
            self.may_change()?;
            let shown = self.view.make(parent.0, name, Kind::File)?;
            let for_writing = OpenFlags(flags).acc_mode() != OpenAccMode::O_RDONLY;
            let opened = self.view.open(shown.number, for_writing);
            if opened.is_err() {
                self.view.forget(shown.number, 1);
            }
            Ok((shown, opened?))
        };
        match create() {
            Ok((shown, handle)) => reply.created(
                &self.ttl(),
                &self.attr(&shown),
                Generation(0),
                FileHandle(handle),
                FopenFlags::FOPEN_NOFLUSH,
            ),
            Err(error) => reply.error(error),
        }
    }

    fn read(
        &self,
        _request: &Request,
        number: INodeNo,
        handle: FileHandle,
        offset: u64,
        size: u32,
        _flags: OpenFlags,
        _lock: Option<LockOwner>,
        reply: ReplyData,
    ) {
        let size = size as usize;
        let read = match number.0 {
            CONTROL => self.control.read(handle.0, offset, size),
            _ => self.view.read(handle.0, offset, size),
        };
        match read {
            Ok(bytes) => reply.data(&bytes),
            Err(error) => reply.error(error),
        }
    }

    fn write(
        &self,
        _request: &Request,
        number: INodeNo,
        _handle: FileHandle,
        offset: u64,
        data: &[u8],
        _write_flags: WriteFlags,
        _flags: OpenFlags,
        _lock: Option<LockOwner>,
        reply: ReplyWrite,
    ) {
        let written = match number.0 {
            CONTROL => self.control.command(data),
            _ => self
                .may_change()
                .and_then(|()| self.view.write(number.0, offset, data)),
        };
        match written {
            Ok(()) => reply.written(u32::try_from(data.len()).unwrap_or(u32::MAX)),
            Err(error) => reply.error(error),
        }
    }

    fn flush(
        &self,
        _request: &Request,
        _number: INodeNo,
        _handle: FileHandle,
        _lock: LockOwner,
        reply: ReplyEmpty,
    ) {
        reply.ok();
    }

    fn release(
        &self,
        _request: &Request,
        number: INodeNo,
        handle: FileHandle,
        _flags: OpenFlags,
        _lock: Option<LockOwner>,
        _flush: bool,
        reply: ReplyEmpty,
    ) {
        match number.0 {
            CONTROL => self.control.close(handle.0),
            _ => self.view.close(handle.0),
        }
        reply.ok();
    }

    fn fsync(
        &self,
        _request: &Request,
        _number: INodeNo,
        _handle: FileHandle,
        _data_only: bool,
        reply: ReplyEmpty,
    ) {
        // Nothing is kept before the commit, which keeps all.
        reply.ok();
    }

    fn opendir(&self, _request: &Request, number: INodeNo, _flags: OpenFlags, reply: ReplyOpen) {
        match self.view.open_directory(number.0) {
            Ok(handle) => reply.opened(FileHandle(handle), FopenFlags::empty()),
            Err(error) => reply.error(error),
        }
    }

    fn readdir(
        &self,
        _request: &Request,
        number: INodeNo,
        handle: FileHandle,
        offset: u64,
        mut reply: ReplyDirectory,
    ) {
        let entries = match self.view.listed(handle.0) {
            Ok(entries) => entries,
            Err(error) => return reply.error(error),
        };
        let parent = self.view.inodes().get(number.0).map(|inode| inode.parent);
        let dots = [
            (number.0, OsStr::new(".")),
            (parent.unwrap_or(ROOT), OsStr::new("..")),
        ];
        let dots = dots
            .into_iter()
            .map(|(number, name)| (number, FileType::Directory, name.to_owned()));
        let named = entries.iter().map(|entry| {
            let name = host_name(&entry.name);
            (NOT_KNOWN_YET, file_type(entry.kind), name)
        });
        let skip = usize::try_from(offset).unwrap_or(usize::MAX);
        for (at, (number, kind, name)) in dots.chain(named).enumerate().skip(skip) {
            if reply.add(INodeNo(number), at as u64 + 1, kind, name) {
                break;
            }
        }
        reply.ok();
    }

    fn releasedir(
        &self,
        _request: &Request,
        _number: INodeNo,
        handle: FileHandle,
        _flags: OpenFlags,
        reply: ReplyEmpty,
    ) {
        self.view.close(handle.0);
        reply.ok();
    }

    fn fsyncdir(
        &self,
        _request: &Request,
        _number: INodeNo,
        _handle: FileHandle,
        _data_only: bool,
        reply: ReplyEmpty,
    ) {
        reply.ok();
    }

    fn statfs(&self, _request: &Request, _number: INodeNo, reply: ReplyStatfs) {
        // What can be written is what the host's scratch space holds.
        match self.scratch.as_ref().map(rustix::fs::fstatvfs) {
            Some(Ok(found)) => reply.statfs(
                found.f_blocks,
                found.f_bfree,
                found.f_bavail,
                found.f_files,
                found.f_ffree,
                u32::try_from(found.f_bsize).unwrap_or(4096),
                255,
                u32::try_from(found.f_frsize).unwrap_or(4096),
            ),
            _ => reply.statfs(0, 0, 0, 0, 0, 4096, 255, 4096),
        }
    }

    fn setxattr(
        &self,
        _request: &Request,
        number: INodeNo,
        name: &OsStr,
        value: &[u8],
        _flags: i32,
        _position: u32,
        reply: ReplyEmpty,
    ) {
        let set = || {
            self.may_change()?;
            if name != ATTRIBUTES || number.0 == CONTROL {
                return Err(Errno::EOPNOTSUPP);
            }
            let value = value.first_chunk().filter(|_| value.len() == 4);
            let attributes = u32::from_ne_bytes(*value.ok_or(Errno::EINVAL)?);
            self.view.set_attributes(number.0, attributes)
        };
        empty(set(), reply);
    }

    fn getxattr(
        &self,
        _request: &Request,
        number: INodeNo,
        name: &OsStr,
        size: u32,
        reply: ReplyXattr,
    ) {
        let get = || {
            if name != ATTRIBUTES || number.0 == CONTROL {
                return Err(Errno::ENODATA);
            }
            self.view.attributes(number.0)?.ok_or(Errno::ENODATA)
        };
        match get() {
            Ok(_) if size == 0 => reply.size(4),
            Ok(_) if size < 4 => reply.error(Errno::ERANGE),
            Ok(attributes) => reply.data(&attributes.to_ne_bytes()),
            Err(error) => reply.error(error),
        }
    }

    fn listxattr(&self, _request: &Request, _number: INodeNo, size: u32, reply: ReplyXattr) {
        // As the drivers for NTFS do, none is listed, so none is copied.
        match size {
            0 => reply.size(0),
            _ => reply.data(&[]),
        }
    }

    fn removexattr(&self, _request: &Request, _number: INodeNo, _name: &OsStr, reply: ReplyEmpty) {
        reply.error(Errno::EOPNOTSUPP);
    }
}
