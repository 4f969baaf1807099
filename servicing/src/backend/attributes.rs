//! Owner, mode and extended attributes: read from a host file, and given to
//! the one that replaces it.

use std::io;

use super::host::{Attributes, HostFile};

/// An attribute that the new file could not be given.
#[derive(Debug)]
pub(crate) struct Refused {
    /// What, for people.
    pub(crate) what: String,
    pub(crate) source: io::Error,
}

/// Gives `file` what the replaced file had. What it has already is not set:
/// setting a security label needs more rights than inheriting the same one.
///
/// # Errors
/// The first attribute that the host refused.
pub(crate) fn give(file: &mut dyn HostFile, wanted: &Attributes) -> Result<(), Refused> {
    let refused = |what: &str| {
        let what = what.to_owned();
        move |source| Refused { what, source }
    };
    let found = file.attributes().map_err(refused("attributes"))?;
    // In this order: changing the owner takes special mode bits away, and an
    // access list says more than the mode.
    if found.owner != wanted.owner {
        file.set_owner(wanted.owner).map_err(refused("owner"))?;
    }
    if found.mode != wanted.mode || found.owner != wanted.owner {
        file.set_mode(wanted.mode).map_err(refused("mode"))?;
    }
    for (name, value) in &wanted.extended {
        if found.extended.get(name) != Some(value) {
            let what = format!("extended attribute `{}`", name.to_string_lossy());
            let set = match value {
                Some(value) => file.set_attribute(name, value),
                None => Err(io::Error::other("it cannot be read")),
            };
            set.map_err(refused(&what))?;
        }
    }
    Ok(())
}

#[cfg(any(target_os = "linux", target_os = "macos"))]
pub(crate) mod extended {
    //! Extended attributes, as Linux and macOS have them.

    use std::collections::BTreeMap;
    use std::ffi::{OsStr, OsString};
    use std::fs::File;
    use std::io;
    use std::os::unix::ffi::OsStrExt as _;

    use rustix::fs::{XattrFlags, fgetxattr, flistxattr, fsetxattr};
    use rustix::io::Errno;

    use crate::backend::host::Ntfs;

    /// The most that Linux lets lists of names and values have, in bytes.
    const MAX_LEN: usize = 64 * 1024;

    /// Both drivers for NTFS answer to this name, and list it not.
    const NTFS_ATTRIBUTES: &str = "system.ntfs_attrib";
    /// What else a new file on NTFS can be given, listed neither: security (as
    /// ntfs-3g names it, and as ntfs3 does) and the creation time.
    const NTFS_UNLISTED: [&str; 4] = [
        NTFS_ATTRIBUTES,
        "system.ntfs_acl",
        "system.ntfs_security",
        "system.ntfs_crtime",
    ];
    /// The 8.3 name in ntfs-3g; ntfs3 shows it nowhere, and does not count it
    /// among the names.
    const NTFS_SHORT_NAME: &str = "system.ntfs_dos_name";

    fn value(file: &File, name: &OsStr) -> rustix::io::Result<Option<Vec<u8>>> {
        let mut value = vec![0; MAX_LEN];
        match fgetxattr(file, name, value.as_mut_slice()) {
            Ok(len) => {
                value.truncate(len);
                value.shrink_to_fit();
                Ok(Some(value))
            }
            Err(Errno::NODATA | Errno::NOTSUP) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// All that the host lists, and what it has unlisted on NTFS.
    pub(crate) fn read(file: &File) -> io::Result<BTreeMap<OsString, Option<Vec<u8>>>> {
        let mut names = vec![0; MAX_LEN];
        let len = match flistxattr(file, names.as_mut_slice()) {
            Ok(len) => len,
            Err(Errno::NOTSUP) => 0,
            Err(error) => return Err(error.into()),
        };
        names.truncate(len);
        let mut found = BTreeMap::new();
        for name in names
            .split(|byte| *byte == 0)
            .filter(|name| !name.is_empty())
        {
            let name = OsStr::from_bytes(name);
            let value = match value(file, name) {
                // Gone since it was listed.
                Ok(None) => continue,
                Ok(value) => value,
                // A stream on NTFS may be longer than an attribute can be.
                Err(_) => None,
            };
            found.insert(name.to_owned(), value);
        }
        if ntfs(file).is_some() {
            for name in NTFS_UNLISTED.map(OsStr::new) {
                if let Ok(Some(value)) = value(file, name) {
                    found.insert(name.to_owned(), Some(value));
                }
            }
        }
        Ok(found)
    }

    /// What there is only on NTFS; `None` on other filesystems.
    pub(crate) fn ntfs(file: &File) -> Option<Ntfs> {
        let has = |name: &str| value(file, OsStr::new(name)).is_ok_and(|value| value.is_some());
        has(NTFS_ATTRIBUTES).then(|| Ntfs {
            short_name: has(NTFS_SHORT_NAME),
        })
    }

    /// Sets one.
    pub(crate) fn set(file: &File, name: &OsStr, value: &[u8]) -> io::Result<()> {
        Ok(fsetxattr(file, name, value, XattrFlags::empty())?)
    }
}
