//! What containers are made as, and what for.

use std::fmt;

use crate::cabinet::{Cabinet, Compression};
use crate::path::{ImagePath, Name};

use super::Member;

/// What a container is made as.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Form {
    /// A cabinet, or a set of them.
    Cabinet(CabinetForm),
    /// An image of a WIM file.
    Wim {
        /// Its number, from 1 on.
        image: u32,
    },
    /// A directory of the host.
    Folder,
    /// A program with a cabinet inside.
    Program {
        /// Where the cabinet begins.
        at: u64,
        /// The cabinet.
        cabinet: CabinetForm,
    },
}

/// A cabinet as it is made.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CabinetForm {
    /// Names of its parts; of a cabinet in one file, only its own.
    pub parts: Vec<String>,
    /// How its folders are compressed, and how many data blocks they have.
    pub folders: Vec<(Compression, u32)>,
    /// How many bytes stand behind its end: mostly a signature.
    pub behind: u64,
}

impl CabinetForm {
    pub(super) fn of(cabinet: &Cabinet) -> CabinetForm {
        CabinetForm {
            parts: cabinet
                .parts()
                .iter()
                .map(|part| part.name.clone())
                .collect(),
            folders: cabinet
                .folders()
                .iter()
                .map(|folder| (folder.compression, folder.blocks()))
                .collect(),
            behind: cabinet.parts().last().map_or(0, |part| part.behind),
        }
    }
}

/// What a container is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Role {
    /// A standalone installer: packages, and what Windows Update has to know.
    Msu,
    /// A package: it holds an `update.mum`.
    Package,
    /// A hotfix of XP or Server 2003: it holds an `update.inf`.
    Hotfix,
    /// Data to find out which updates are missing: not needed to install.
    ScanData,
    /// Anything else.
    Other,
}

impl Role {
    /// Tells it by the files, stored and as the index names them.
    pub(super) fn of<'n>(members: &[Member], mut indexed: impl Iterator<Item = &'n str>) -> Role {
        let has = |test: &dyn Fn(&ImagePath) -> bool| members.iter().any(|file| test(&file.path));
        let top = |path: &ImagePath, test: &dyn Fn(&Name) -> bool| match path.names() {
            [name] => test(name),
            _ => false,
        };
        let has_top = |name: &str| has(&|path| top(path, &|file| file.is(name)));
        let properties = |file: &Name| file.ends_with("-pkgProperties.txt");
        let is_mum = |name: &str| name.eq_ignore_ascii_case("update.mum");
        if has_top("update.mum") || indexed.any(is_mum) {
            Role::Package
        } else if has_top("WSUSSCAN.cab") || has(&|path| top(path, &properties)) {
            Role::Msu
        } else if has_top("_sfx_manifest_") || has(&is_update_inf) {
            Role::Hotfix
        } else if has_top("package.xml") || has_top("package.cab") {
            Role::ScanData
        } else {
            Role::Other
        }
    }
}

/// `update\update.inf`, or the one of a branch: `update\update_sp3gdr.inf`.
fn is_update_inf(path: &ImagePath) -> bool {
    let [folder, file] = path.names() else {
        return false;
    };
    let name = file.to_string().to_ascii_lowercase();
    folder.is("update") && name.starts_with("update") && name.ends_with(".inf")
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Role::Msu => "standalone installer",
            Role::Package => "update package",
            Role::Hotfix => "hotfix of Windows XP or Server 2003",
            Role::ScanData => "scan data of Windows Update",
            Role::Other => "files",
        })
    }
}
