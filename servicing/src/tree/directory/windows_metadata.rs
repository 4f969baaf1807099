//! What a mounted NTFS tells of its files beside what Linux knows: attributes
//! and the time they were made.
//!
//! Both drivers for NTFS answer to the names of extended attributes below and
//! list none of them (ntfs-3g(8), "Extended attributes"; ntfs3 in the Linux
//! kernel, `fs/ntfs3/xattr.c`). Other filesystems have neither.

use std::path::Path;

use cap_std::fs::Dir;
use wimwright_hive::FileTime;

use super::DirectoryTree;

/// The attributes, four bytes in the processor's order.
pub(crate) const ATTRIBUTES: &str = "system.ntfs_attrib";
/// When it was made, eight bytes in the processor's order (ntfs-3g only).
pub(crate) const CREATED: &str = "system.ntfs_crtime";

/// What NTFS tells of a file or directory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct WindowsMetadata {
    pub(super) attributes: Option<u32>,
    pub(super) created: Option<FileTime>,
}

/// Whether the filesystem of a directory holds Windows attributes.
pub(crate) fn holds_attributes(root: &Dir) -> bool {
    #[cfg(any(target_os = "linux", target_os = "macos"))]
    {
        root.open(".")
            .is_ok_and(|opened| value::<4>(&opened, ATTRIBUTES).is_some())
    }
    #[cfg(not(any(target_os = "linux", target_os = "macos")))]
    {
        let _ = root;
        false
    }
}

#[cfg(any(target_os = "linux", target_os = "macos"))]
fn value<const LEN: usize>(file: impl std::os::fd::AsFd, name: &str) -> Option<[u8; LEN]> {
    let mut value = [0; LEN];
    let len = rustix::fs::fgetxattr(file, name, value.as_mut_slice()).ok()?;
    (len == LEN).then_some(value)
}

impl DirectoryTree {
    /// What NTFS tells of a file or directory at a path without links; nothing
    /// where it is on another filesystem or cannot be opened.
    pub(super) fn windows_metadata(&self, path: &Path) -> WindowsMetadata {
        let holds = self.windows.get_or_init(|| holds_attributes(&self.root));
        if !holds {
            return WindowsMetadata::default();
        }
        #[cfg(any(target_os = "linux", target_os = "macos"))]
        {
            use cap_std::fs::{OpenOptions, OpenOptionsExt as _};
            let mut options = OpenOptions::new();
            options.read(true);
            let flags = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOFOLLOW;
            options.custom_flags(flags.bits().cast_signed());
            let Ok(opened) = self.root.open_with(super::or_dot(path), &options) else {
                return WindowsMetadata::default();
            };
            WindowsMetadata {
                attributes: value(&opened, ATTRIBUTES).map(u32::from_ne_bytes),
                created: value(&opened, CREATED).map(|ticks| FileTime(u64::from_ne_bytes(ticks))),
            }
        }
        #[cfg(not(any(target_os = "linux", target_os = "macos")))]
        {
            let _ = path;
            WindowsMetadata::default()
        }
    }
}
