//! The host that the program runs on, kept inside the image root by cap-std.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cap_std::fs::{Dir, DirBuilder, Metadata, OpenOptions};

use super::host::{Attributes, Host, HostFile, Status};
use crate::blob::Blob;
use crate::plan::Times;
#[cfg(any(target_os = "linux", target_os = "macos"))]
use crate::tree::directory::{ATTRIBUTES, CREATED};
use crate::tree::directory::{
    FileBlob, HostKind, holds_attributes, links, list, open_to_read, or_dot, resolve,
};
#[cfg(any(target_os = "linux", target_os = "macos"))]
use wimwright_hive::FileTime;

/// An image directory on this host.
pub(crate) struct LocalHost {
    pub(crate) root: Arc<Dir>,
    /// As the user named it.
    pub(crate) shown: PathBuf,
}

impl LocalHost {
    fn open_to_write(&self, file: &Path, create: bool) -> io::Result<Box<dyn HostFile>> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(create);
        #[cfg(unix)]
        {
            use cap_std::fs::OpenOptionsExt as _;
            let flags = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOFOLLOW;
            options.custom_flags(flags.bits().cast_signed()).mode(0o644);
        }
        let opened = self.root.open_with(file, &options)?;
        if !opened.metadata()?.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a file"));
        }
        Ok(Box::new(LocalFile(opened.into_std())))
    }

    /// A file or directory, opened for what is not its content.
    #[cfg(any(target_os = "linux", target_os = "macos"))]
    fn open_either(&self, path: &Path) -> io::Result<File> {
        use cap_std::fs::OpenOptionsExt as _;
        let mut options = OpenOptions::new();
        options.read(true);
        let flags = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOFOLLOW;
        options.custom_flags(flags.bits().cast_signed());
        Ok(self.root.open_with(path, &options)?.into_std())
    }
}

impl Host for LocalHost {
    fn locate(&self, path: &Path) -> PathBuf {
        self.shown.join(path)
    }

    fn status(&self, path: &Path) -> io::Result<Option<Status>> {
        let metadata = match self.root.symlink_metadata(or_dot(path)) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        Ok(Some(Status {
            kind: metadata.file_type().into(),
            links: links(&metadata),
            device: device(&metadata),
        }))
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<(OsString, HostKind)>> {
        list(&self.root, directory)
    }

    fn resolve(&self, link: &Path) -> io::Result<(PathBuf, HostKind)> {
        resolve(&self.root, link)
    }

    fn check_changeable(&self, directory: &Path) -> io::Result<()> {
        #[cfg(unix)]
        {
            use rustix::fs::{Access, AtFlags};
            let opened = self.root.open_dir(or_dot(directory))?;
            let access = Access::READ_OK | Access::WRITE_OK | Access::EXEC_OK;
            rustix::fs::accessat(&opened, ".", access, AtFlags::EACCESS)?;
        }
        #[cfg(not(unix))]
        let _ = directory;
        Ok(())
    }

    fn check_owned(&self, path: &Path) -> io::Result<()> {
        #[cfg(unix)]
        {
            use cap_std::fs::MetadataExt as _;
            let us = rustix::process::geteuid();
            let owner = self.root.symlink_metadata(or_dot(path))?.uid();
            if !us.is_root() && us.as_raw() != owner {
                return Err(io::ErrorKind::PermissionDenied.into());
            }
        }
        #[cfg(not(unix))]
        let _ = path;
        Ok(())
    }

    fn holds_attributes(&self) -> bool {
        holds_attributes(&self.root)
    }

    fn read(&self, file: &Path) -> io::Result<Arc<dyn Blob>> {
        Ok(FileBlob::open(
            &self.root,
            file.to_owned(),
            &Arc::default(),
        )?)
    }

    fn attributes(&self, file: &Path) -> io::Result<Attributes> {
        attributes(&open_to_read(&self.root, file)?)
    }

    fn create(&self, file: &Path) -> io::Result<Box<dyn HostFile>> {
        self.open_to_write(file, true)
    }

    fn open_in_place(&self, file: &Path) -> io::Result<Box<dyn HostFile>> {
        self.open_to_write(file, false)
    }

    fn create_directory(&self, directory: &Path) -> io::Result<()> {
        #[cfg_attr(not(unix), expect(unused_mut, reason = "modes are Unix'"))]
        let mut builder = DirBuilder::new();
        #[cfg(unix)]
        {
            use cap_std::fs::DirBuilderExt as _;
            builder.mode(0o755);
        }
        self.root.create_dir_with(directory, &builder)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.root.rename(from, &self.root, to)
    }

    fn link(&self, file: &Path, name: &Path) -> io::Result<()> {
        self.root.hard_link(file, &self.root, name)
    }

    fn remove_file(&self, file: &Path) -> io::Result<()> {
        self.root.remove_file(file)
    }

    fn remove_directory(&self, directory: &Path) -> io::Result<()> {
        self.root.remove_dir(directory)
    }

    #[cfg(any(target_os = "linux", target_os = "macos"))]
    fn set_attributes(&self, path: &Path, attributes: u32) -> io::Result<()> {
        let opened = self.open_either(path)?;
        super::attributes::extended::set(&opened, ATTRIBUTES.as_ref(), &attributes.to_ne_bytes())
    }

    #[cfg(not(any(target_os = "linux", target_os = "macos")))]
    fn set_attributes(&self, _path: &Path, _attributes: u32) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    #[cfg(any(target_os = "linux", target_os = "macos"))]
    fn set_times(&self, path: &Path, times: Times) -> io::Result<()> {
        let opened = self.open_either(path)?;
        if let Some(FileTime(ticks)) = times.created {
            let name = CREATED.as_ref();
            super::attributes::extended::set(&opened, name, &ticks.to_ne_bytes())?;
        }
        let system = |time: Option<FileTime>| match time {
            None => Ok(None),
            Some(time) => match crate::time::to_system(time) {
                Some(time) => Ok(Some(time)),
                None => Err(io::Error::from(io::ErrorKind::InvalidInput)),
            },
        };
        let mut set = std::fs::FileTimes::new();
        if let Some(time) = system(times.accessed)? {
            set = set.set_accessed(time);
        }
        if let Some(time) = system(times.written)? {
            set = set.set_modified(time);
        }
        opened.set_times(set)
    }

    #[cfg(not(any(target_os = "linux", target_os = "macos")))]
    fn set_times(&self, _path: &Path, _times: Times) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn sync_file(&self, file: &Path) -> io::Result<()> {
        open_to_read(&self.root, file)?.sync_all()
    }

    fn sync_directory(&self, directory: &Path) -> io::Result<()> {
        self.root.open(or_dot(directory))?.sync_all()
    }
}

struct LocalFile(File);

impl HostFile for LocalFile {
    #[cfg(unix)]
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        std::os::unix::fs::FileExt::write_all_at(&self.0, bytes, offset)
    }

    #[cfg(not(unix))]
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        use std::io::{Seek as _, Write as _};
        self.0.seek(io::SeekFrom::Start(offset))?;
        self.0.write_all(bytes)
    }

    fn set_len(&mut self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }

    fn attributes(&mut self) -> io::Result<Attributes> {
        attributes(&self.0)
    }

    #[cfg(unix)]
    fn set_owner(&mut self, (user, group): (u32, u32)) -> io::Result<()> {
        std::os::unix::fs::fchown(&self.0, Some(user), Some(group))
    }

    #[cfg(not(unix))]
    fn set_owner(&mut self, _owner: (u32, u32)) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    #[cfg(unix)]
    fn set_mode(&mut self, mode: u32) -> io::Result<()> {
        use std::os::unix::fs::PermissionsExt as _;
        self.0
            .set_permissions(std::fs::Permissions::from_mode(mode))
    }

    #[cfg(not(unix))]
    fn set_mode(&mut self, _mode: u32) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    #[cfg(any(target_os = "linux", target_os = "macos"))]
    fn set_attribute(&mut self, name: &OsStr, value: &[u8]) -> io::Result<()> {
        super::attributes::extended::set(&self.0, name, value)
    }

    #[cfg(not(any(target_os = "linux", target_os = "macos")))]
    fn set_attribute(&mut self, _name: &OsStr, _value: &[u8]) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

#[cfg(unix)]
fn attributes(file: &File) -> io::Result<Attributes> {
    use std::os::unix::fs::MetadataExt as _;
    let metadata = file.metadata()?;
    #[cfg(any(target_os = "linux", target_os = "macos"))]
    let (extended, ntfs) = {
        use super::attributes::extended;
        (extended::read(file)?, extended::ntfs(file))
    };
    #[cfg(not(any(target_os = "linux", target_os = "macos")))]
    let (extended, ntfs) = (std::collections::BTreeMap::new(), None);
    Ok(Attributes {
        owner: (metadata.uid(), metadata.gid()),
        mode: metadata.mode() & 0o7777,
        extended,
        ntfs,
    })
}

#[cfg(not(unix))]
fn attributes(_file: &File) -> io::Result<Attributes> {
    Ok(Attributes::default())
}

fn device(metadata: &Metadata) -> u64 {
    #[cfg(unix)]
    {
        use cap_std::fs::MetadataExt as _;
        metadata.dev()
    }
    #[cfg(not(unix))]
    {
        let _ = metadata;
        0
    }
}
