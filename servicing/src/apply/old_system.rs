//! Another Windows on the target, and what is moved aside with it.
//!
//! Two systems must not be mixed: a registry of one with the drivers of the
//! other, a page file or hibernation file that the new kernel would take for
//! its own, a boot loader with the settings of the old one, the log of a
//! registry hive beside a hive that it does not belong to. Moved aside are
//!
//! * every directory that holds a Windows,
//! * what its programs are: `Program Files`, `Program Files (x86)`,
//!   `ProgramData`, `MSOCache`, `PerfLogs`, `inetpub`,
//! * what starts it: `bootmgr`, `BOOTNXT`, `bootmgr.efi`, `Boot`, `EFI`,
//!   `boot.ini`, `ntldr`, `NTDETECT.COM`, `bootfont.bin`, `BOOTSECT.*`, the
//!   files of DOS that NT keeps for show, `Recovery`,
//! * its memory: `pagefile.sys`, `hiberfil.sys`, `swapfile.sys`,
//! * what its setup left: `$WINDOWS.~*`, `$Windows.~*`, `$WinREAgent`, `$GetCurrent`,
//!   `$SysReset`,
//! * `Documents and Settings` where either system has a link of that name: for
//!   the old one it is no more than that; where the new one has it, the
//!   profiles of the old one cannot stay in its way.
//!
//! All else stays where it is: `Users`, `Documents and Settings` of an XP that
//! is replaced by another, and whatever people have put into the root.

use std::ffi::OsString;

use crate::path::{ImagePath, Name};
use crate::tree::directory::{HostKind, windows_name};
use crate::tree::{FileTree, Kind, TreeError};

/// Names in the root that belong to a system; `*` at the end stands for more.
const SYSTEM_NAMES: [&str; 29] = [
    "Program Files",
    "Program Files (*",
    "ProgramData",
    "MSOCache",
    "PerfLogs",
    "inetpub",
    "bootmgr",
    "BOOTNXT",
    "bootmgr.efi",
    "BOOTSECT.*",
    "BOOTTGT",
    "Boot",
    "EFI",
    "boot.ini",
    "ntldr",
    "NTDETECT.COM",
    "bootfont.bin",
    "IO.SYS",
    "MSDOS.SYS",
    "CONFIG.SYS",
    "AUTOEXEC.BAT",
    "Recovery",
    "pagefile.sys",
    "hiberfil.sys",
    "swapfile.sys",
    "$WINDOWS.~*",
    "$WinREAgent*",
    "$GetCurrent",
    "$SysReset",
];

/// Where profiles are before Vista, and a link after.
const OLD_PROFILES: &str = "Documents and Settings";

/// Hives that every Windows has, one of which tells a Windows directory.
const HIVES: [&str; 4] = ["SYSTEM", "SOFTWARE", "SAM", "SECURITY"];

/// The directories in the root of a tree that hold a Windows: those with a
/// hive in `System32\config`.
pub(super) fn windows_directories(tree: &dyn FileTree) -> Result<Vec<ImagePath>, TreeError> {
    let root = ImagePath::root();
    let mut found = Vec::new();
    for entry in tree.read_dir(&root)?.unwrap_or_default() {
        if entry.kind != Kind::Directory {
            continue;
        }
        let directory = root.child(entry.name);
        for hive in HIVES {
            // Names without a separator in them: this is a path.
            let Ok(path) = directory.join(&format!("System32\\config\\{hive}")) else {
                continue;
            };
            if tree.metadata(&path)?.is_some() {
                found.push(directory);
                break;
            }
        }
    }
    Ok(found)
}

/// Which of the names in the target's root are moved aside. `profiles_are_link`
/// says whether the image has a link `Documents and Settings`.
pub(super) fn to_move(
    root: &[(OsString, HostKind)],
    windows: &[ImagePath],
    profiles_are_link: bool,
) -> Vec<OsString> {
    let belongs = |name: &Name, kind: HostKind| {
        let is_windows = windows.iter().any(|path| path.file_name() == Some(name));
        let is_system = SYSTEM_NAMES.iter().any(|pattern| fits(name, pattern));
        let is_profiles = name.is(OLD_PROFILES) && (profiles_are_link || kind == HostKind::Link);
        is_windows || is_system || is_profiles
    };
    let mut names: Vec<OsString> = root
        .iter()
        .filter(|(name, kind)| windows_name(name).is_some_and(|name| belongs(&name, *kind)))
        .map(|(name, _)| name.clone())
        .collect();
    names.sort();
    names
}

/// Whether a name is `Documents and Settings`.
pub(super) fn is_old_profiles(name: &Name) -> bool {
    name.is(OLD_PROFILES)
}

/// Whether a name is the pattern, or begins as it does before its `*`.
fn fits(name: &Name, pattern: &str) -> bool {
    let Some(beginning) = pattern.strip_suffix('*') else {
        return name.is(pattern);
    };
    let name: Vec<u16> = name.as_text().units().map(wimwright_hive::upcase).collect();
    let beginning: Vec<u16> = beginning
        .encode_utf16()
        .map(wimwright_hive::upcase)
        .collect();
    name.starts_with(&beginning)
}

/// The name of the hive that a file beside it, by its own name, is a log of:
/// `SYSTEM` for `SYSTEM.LOG1` and `SYSTEM{guid}.TM.blf`.
///
/// Logs of the registry are `.LOG`, `.LOG1` and `.LOG2`; those of its
/// transactions are `{guid}.TM.blf` and
/// `{guid}.TMContainer00000000000000000001.regtrans-ms`.
pub(super) fn hive_of_log(name: &str) -> Option<(&str, LogKind)> {
    let lower = name.to_ascii_lowercase();
    for ending in [".log", ".log1", ".log2"] {
        if lower.ends_with(ending) {
            let hive = name.get(..name.len() - ending.len())?;
            return (!hive.is_empty()).then_some((hive, LogKind::Registry));
        }
    }
    let guid = lower.find('{').filter(|at| *at > 0)?;
    let rest = lower.get(guid..)?;
    let end = rest.find('}')?;
    let behind = rest.get(end + 1..)?;
    let is_log =
        behind.starts_with(".tm") && (behind.ends_with(".blf") || behind.ends_with(".regtrans-ms"));
    is_log.then(|| (name.get(..guid).unwrap_or_default(), LogKind::Transactions))
}

/// Kinds of logs of a hive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LogKind {
    /// Begins with `regf`, as the hive itself does; another program's log file
    /// may have such a name.
    Registry,
    /// No other program makes such names.
    Transactions,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::MemoryTree;

    #[test]
    fn what_belongs_to_a_system_is_moved_and_all_else_stays() {
        let windows = [ImagePath::parse("WINNT").unwrap()];
        for (name, kind, links, moved) in [
            ("WINNT", HostKind::Directory, false, true),
            ("winnt", HostKind::Directory, false, true),
            ("Windows.old", HostKind::Directory, false, false),
            ("Program Files", HostKind::Directory, false, true),
            ("PROGRAM FILES (X86)", HostKind::Directory, false, true),
            ("Program Files on D", HostKind::Directory, false, false),
            ("ProgramData", HostKind::Directory, false, true),
            ("pagefile.sys", HostKind::File, false, true),
            ("HIBERFIL.SYS", HostKind::File, false, true),
            ("bootsect.dos", HostKind::File, false, true),
            ("boot", HostKind::Directory, false, true),
            ("Boots", HostKind::Directory, false, false),
            ("$WINDOWS.~BT", HostKind::Directory, false, true),
            ("Users", HostKind::Directory, true, false),
            ("Documents and Settings", HostKind::Directory, false, false),
            ("Documents and Settings", HostKind::Directory, true, true),
            ("Documents and Settings", HostKind::Link, false, true),
            ("thesis.doc", HostKind::File, false, false),
            ("back\\slash", HostKind::File, false, false),
        ] {
            let root = [(OsString::from(name), kind)];
            let found = to_move(&root, &windows, links);
            assert_eq!(!found.is_empty(), moved, "{name} {kind:?} {links}");
        }
    }

    #[test]
    fn logs_are_told_by_their_names() {
        use LogKind::{Registry, Transactions};
        for (name, hive) in [
            ("SYSTEM.LOG1", Some(("SYSTEM", Registry))),
            ("ntuser.dat.LOG", Some(("ntuser.dat", Registry))),
            ("setup.log", Some(("setup", Registry))),
            (
                "NTUSER.DAT{53b39e3f-18c4-11ea-a811-000d3aa4692b}.TM.blf",
                Some(("NTUSER.DAT", Transactions)),
            ),
            (
                "NTUSER.DAT{53b39e3f}.TMContainer00000000000000000002.regtrans-ms",
                Some(("NTUSER.DAT", Transactions)),
            ),
            ("{53b39e3f}.TM.blf", None),
            (".LOG1", None),
            ("SYSTEM.SAV", None),
            ("x{y}.blf", None),
        ] {
            assert_eq!(hive_of_log(name), hive, "{name}");
        }
    }

    #[test]
    fn a_windows_directory_is_told_by_its_hives() {
        let path = |text: &str| ImagePath::parse(text).unwrap();
        let mut tree = MemoryTree::new();
        for file in [
            "WINNT/System32/config/software",
            "Windows/System32/config/readme",
            "Users/a/System32/config/SYSTEM",
            "Windows.old/Windows/System32/config/SYSTEM",
            "Win2/system32/CONFIG/sam",
        ] {
            tree.insert(file, b"".to_vec()).unwrap();
        }
        let found = windows_directories(&tree).unwrap();
        assert_eq!(found, [path("Win2"), path("WINNT")]);
    }
}
