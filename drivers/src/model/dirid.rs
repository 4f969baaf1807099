//! Directory ids: the numbers by which INFs name destination directories.
//!
//! Facts of the page "Using Dirids"; the folders behind the shell ids are the
//! fixed names of Vista and later, since those of XP depend on its language.

use serde::Serialize;

use super::target::{Architecture, Target};

/// The Windows directory.
pub const WINDOWS: u32 = 10;
/// `System32`, where files go when `[DestinationDirs]` is silent (recalled).
pub const SYSTEM32: u32 = 11;
/// The package's folder in the driver store, from Windows 8.1.
pub const DRIVER_STORE: u32 = 13;
/// "Absolute path"; -1 is another way to write it.
pub const ABSOLUTE: u32 = 65535;

/// A place in an image that does not depend on drive letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Root {
    /// The Windows directory.
    Windows,
    /// The root of the volume that Windows is on.
    SystemDrive,
    /// The package's own folder in the driver store.
    Package,
}

/// A directory of the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Directory {
    /// What the path starts at.
    pub root: Root,
    /// Path below the root, with backslashes, empty for the root itself.
    pub path: &'static str,
}

/// Why a directory id has no place in an image.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DiridError {
    /// 0, the null id.
    #[error("directory id 0 names no directory")]
    Null,
    /// 1: the folder the INF was installed from.
    #[error("directory id 1 is the folder the INF comes from, not a place in the image")]
    Source,
    /// -1 or 65535.
    #[error("directory id -1 is an absolute path, which may lead outside the image")]
    Absolute,
    /// 13 before Windows 8.1.
    #[error("directory id 13 needs Windows 8.1 or later, the image has {major}.{minor}")]
    StoreTooOld {
        /// Major version of the image.
        major: u32,
        /// Minor version of the image.
        minor: u32,
    },
    /// 30 and 54: the partition that the computer boots from.
    #[error("directory id {0} is on the partition the computer boots from, not in the image")]
    BootPartition(u32),
    /// 53 and the shell folders of one user.
    #[error("directory id {0} is a folder of one user, of whom the image knows nothing")]
    User(u32),
    /// 66000 and following: the print spooler places these files.
    #[error("directory id {0} is filled by the print spooler when the printer is installed")]
    Printer(u32),
    /// A shell folder whose name depends on the language of Windows XP.
    #[error("directory id {0} has a name that depends on the language before Windows Vista")]
    Localized(u32),
    /// A directory that only a 64-bit Windows has.
    #[error("directory id {0} exists on 64-bit Windows only")]
    Only64Bit(u32),
    /// 32768 to 65534, 65536 and up: set by an installer while it runs.
    #[error("directory id {0} is defined by an installer while it runs")]
    UserDefined(u32),
    /// Any other number.
    #[error("directory id {0} is not known")]
    Unknown(i64),
}

/// The number in the form that [`directory`] takes: -1 is 65535.
///
/// # Errors
/// [`DiridError::Unknown`] for other negative numbers and for those beyond 32
/// bits.
pub fn from_number(number: i64) -> Result<u32, DiridError> {
    match number {
        -1 => Ok(ABSOLUTE),
        _ => u32::try_from(number).map_err(|_| DiridError::Unknown(number)),
    }
}

/// The directory behind an id, in an image of that Windows.
///
/// # Errors
/// Why the id has no place in an image.
pub fn directory(dirid: u32, target: &Target) -> Result<Directory, DiridError> {
    let windows = |path| {
        Ok(Directory {
            root: Root::Windows,
            path,
        })
    };
    let drive = |path| {
        Ok(Directory {
            root: Root::SystemDrive,
            path,
        })
    };
    // Shell folders of all users. XP translates their names.
    let shell = |path| match target.at_least(6, 0) {
        true => drive(path),
        false => Err(DiridError::Localized(dirid)),
    };
    let is_64_bit = !matches!(target.architecture, Architecture::X86 | Architecture::Arm);
    match dirid {
        0 => Err(DiridError::Null),
        1 => Err(DiridError::Source),
        WINDOWS => windows(""),
        SYSTEM32 => windows("System32"),
        12 => windows(r"System32\drivers"),
        DRIVER_STORE if target.at_least(6, 3) => Ok(Directory {
            root: Root::Package,
            path: "",
        }),
        DRIVER_STORE => Err(DiridError::StoreTooOld {
            major: target.major,
            minor: target.minor,
        }),
        17 => windows("INF"),
        18 => windows("Help"),
        20 => windows("Fonts"),
        21 => windows(r"System32\viewers"),
        23 => windows(r"System32\spool\drivers\color"),
        24 => drive(""),
        // The shared directory of a network installation; the Windows
        // directory of every other (recalled).
        25 => windows(""),
        30 | 54 => Err(DiridError::BootPartition(dirid)),
        50 => windows("System"),
        51 => windows(r"System32\spool"),
        52 => windows(r"System32\spool\drivers"),
        53 => Err(DiridError::User(dirid)),
        // Environment names of the spooler (recalled).
        55 => windows(match target.architecture {
            Architecture::X86 => r"System32\spool\prtprocs\w32x86",
            Architecture::Amd64 => r"System32\spool\prtprocs\x64",
            Architecture::Arm => r"System32\spool\prtprocs\arm",
            Architecture::Arm64 => r"System32\spool\prtprocs\ARM64",
            Architecture::Ia64 => r"System32\spool\prtprocs\IA64",
        }),
        // 16384 plus a CSIDL number.
        16406 => shell(r"ProgramData\Microsoft\Windows\Start Menu"),
        16407 => shell(r"ProgramData\Microsoft\Windows\Start Menu\Programs"),
        16408 => shell(r"ProgramData\Microsoft\Windows\Start Menu\Programs\Startup"),
        16409 => shell(r"Users\Public\Desktop"),
        16415 => shell(r"Users\Public\Favorites"),
        16419 => shell("ProgramData"),
        16420 => windows(""),
        16421 => windows("System32"),
        16422 => shell("Program Files"),
        16425 => match is_64_bit {
            true => windows("SysWOW64"),
            false => windows("System32"),
        },
        16426 | 16428 if !is_64_bit => Err(DiridError::Only64Bit(dirid)),
        16426 => shell("Program Files (x86)"),
        16427 => shell(r"Program Files\Common Files"),
        16428 => shell(r"Program Files (x86)\Common Files"),
        16429 => shell(r"ProgramData\Microsoft\Windows\Templates"),
        16430 => shell(r"Users\Public\Documents"),
        16384..=32767 => Err(DiridError::User(dirid)),
        ABSOLUTE => Err(DiridError::Absolute),
        66000..=66004 => Err(DiridError::Printer(dirid)),
        32768.. => Err(DiridError::UserDefined(dirid)),
        _ => Err(DiridError::Unknown(i64::from(dirid))),
    }
}

/// A place in an image: a root and a path below it, with backslashes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Location {
    /// What the path starts at.
    pub root: Root,
    /// Path below the root.
    pub path: String,
}

/// Where a file goes, as the INF says it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Destination {
    /// Directory id; -1 is 65535.
    pub dirid: u32,
    /// Folder below that directory, without backslashes around it; may be
    /// empty. For [`ABSOLUTE`] it is the absolute path.
    pub subdir: String,
    /// File name.
    pub name: String,
}

impl Destination {
    /// The place of the file in an image of that Windows. Names and folders
    /// were checked when the INF was read.
    ///
    /// # Errors
    /// Why the directory id has no place in an image.
    pub fn location(&self, target: &Target) -> Result<Location, DiridError> {
        let directory = directory(self.dirid, target)?;
        Ok(Location {
            root: directory.root,
            path: join([directory.path, &self.subdir, &self.name]),
        })
    }
}

/// Joins the parts that are not empty with backslashes.
pub(crate) fn join<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    let mut path = String::new();
    for part in parts {
        if !part.is_empty() {
            if !path.is_empty() {
                path.push('\\');
            }
            path.push_str(part);
        }
    }
    path
}

/// How directories are written in texts: registry data, service binaries.
///
/// Setup writes absolute paths, for which it knows the drive letter of the
/// running Windows. Offline nobody does: `REG_EXPAND_SZ` gets `%SystemRoot%`,
/// and other texts get these.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DirectoryTexts {
    /// The Windows directory, such as `C:\Windows`.
    pub windows: String,
    /// Root of its volume without backslash, such as `C:`.
    pub system_drive: String,
    /// The package's folder in the driver store, relative to the Windows
    /// directory, once it is known.
    pub package: Option<String>,
}

impl Default for DirectoryTexts {
    fn default() -> Self {
        DirectoryTexts {
            windows: r"C:\Windows".to_owned(),
            system_drive: "C:".to_owned(),
            package: None,
        }
    }
}

impl DirectoryTexts {
    /// The text for a directory, without a backslash at its end. `variables`
    /// asks for `%SystemRoot%` and `%SystemDrive%` in place of drive letters.
    /// `None` for the package's folder while it is not known.
    pub fn text(&self, directory: Directory, variables: bool) -> Option<String> {
        let windows = if variables {
            "%SystemRoot%"
        } else {
            &self.windows
        };
        let root = match directory.root {
            Root::Windows => windows.to_owned(),
            Root::SystemDrive if variables => "%SystemDrive%".to_owned(),
            Root::SystemDrive => self.system_drive.clone(),
            Root::Package => join([windows, self.package.as_deref()?]),
        };
        Some(join([root.as_str(), directory.path]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_lead_to_places_of_the_image() {
        let w10 = Target::workstation(10, 0, 19041, Architecture::Amd64);
        let xp = Target::workstation(5, 1, 2600, Architecture::X86);
        for (dirid, target, root, path) in [
            (10, &w10, Root::Windows, ""),
            (11, &w10, Root::Windows, "System32"),
            (12, &w10, Root::Windows, r"System32\drivers"),
            (13, &w10, Root::Package, ""),
            (17, &xp, Root::Windows, "INF"),
            (24, &xp, Root::SystemDrive, ""),
            (55, &w10, Root::Windows, r"System32\spool\prtprocs\x64"),
            (16422, &w10, Root::SystemDrive, "Program Files"),
            (16425, &w10, Root::Windows, "SysWOW64"),
            (16425, &xp, Root::Windows, "System32"),
        ] {
            assert_eq!(
                directory(dirid, target),
                Ok(Directory { root, path }),
                "{dirid}"
            );
        }
    }

    #[test]
    fn ids_outside_the_image_are_errors_with_their_reason() {
        let w10 = Target::workstation(10, 0, 19041, Architecture::X86);
        let w7 = Target::workstation(6, 1, 7601, Architecture::Amd64);
        let xp = Target::workstation(5, 1, 2600, Architecture::X86);
        for (dirid, target, error) in [
            (0, &w10, DiridError::Null),
            (1, &w10, DiridError::Source),
            (13, &w7, DiridError::StoreTooOld { major: 6, minor: 1 }),
            (30, &w10, DiridError::BootPartition(30)),
            (53, &w10, DiridError::User(53)),
            (16407, &xp, DiridError::Localized(16407)),
            (16426, &w10, DiridError::Only64Bit(16426)),
            (16400, &w10, DiridError::User(16400)),
            (65535, &w10, DiridError::Absolute),
            (66000, &w10, DiridError::Printer(66000)),
            (40000, &w10, DiridError::UserDefined(40000)),
            (70000, &w10, DiridError::UserDefined(70000)),
            (99, &w10, DiridError::Unknown(99)),
        ] {
            assert_eq!(directory(dirid, target), Err(error), "{dirid}");
        }
        assert_eq!(from_number(-1), Ok(ABSOLUTE));
        assert_eq!(from_number(-2), Err(DiridError::Unknown(-2)));
    }

    #[test]
    fn texts_use_variables_where_the_type_expands_them() {
        let w10 = Target::workstation(10, 0, 19041, Architecture::Amd64);
        let mut texts = DirectoryTexts::default();
        for (dirid, variables, text) in [
            (12, false, Some(r"C:\Windows\System32\drivers")),
            (12, true, Some(r"%SystemRoot%\System32\drivers")),
            (24, false, Some("C:")),
            (24, true, Some("%SystemDrive%")),
            (13, true, None),
        ] {
            let directory = directory(dirid, &w10).unwrap();
            assert_eq!(texts.text(directory, variables).as_deref(), text, "{dirid}");
        }
        texts.package = Some(r"System32\DriverStore\FileRepository\x".to_owned());
        let store = directory(13, &w10).unwrap();
        assert_eq!(
            texts.text(store, true).unwrap(),
            r"%SystemRoot%\System32\DriverStore\FileRepository\x"
        );
    }
}
