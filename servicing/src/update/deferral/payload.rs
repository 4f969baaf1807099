//! A package that is to wait: its file, and what Windows installs it with.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::error::DeferError;
use crate::blob::{Blob, for_each_chunk};
use crate::facts::{Generation, ImageFacts};
use crate::hex::Hex;
use crate::path::ImagePath;
use crate::tree::FileTree;

/// The form of a package, which decides what installs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum PackageKind {
    /// `.msu`: a cabinet or WIM file with packages inside.
    Msu,
    /// `.cab`: one package.
    Cab,
    /// `.exe`: a hotfix of Windows 2000 to 2003.
    HotfixExe,
}

impl PackageKind {
    /// The ending that Windows' own programs expect, without the dot.
    pub fn ending(self) -> &'static str {
        match self {
            PackageKind::Msu => "msu",
            PackageKind::Cab => "cab",
            PackageKind::HotfixExe => "exe",
        }
    }

    /// Whether that Windows installs packages of this form.
    pub fn is_for(self, facts: &ImageFacts) -> bool {
        self.installer(facts).is_some()
    }

    /// What installs it there; `None` where nothing does.
    pub(super) fn installer(self, facts: &ImageFacts) -> Option<Installer> {
        let nt5 = facts.generation == Generation::Nt5;
        let vista = (facts.version.major, facts.version.minor) == (6, 0);
        match self {
            PackageKind::HotfixExe => nt5.then_some(Installer::Itself),
            _ if nt5 => None,
            PackageKind::Msu => Some(Installer::Wusa),
            // DISM came with Windows 7.
            PackageKind::Cab if vista => Some(Installer::Pkgmgr),
            PackageKind::Cab => Some(Installer::Dism),
        }
    }
}

impl fmt::Display for PackageKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            PackageKind::Msu => "an .msu package of Windows Vista and later",
            PackageKind::Cab => "a .cab package of Windows Vista and later",
            PackageKind::HotfixExe => "a hotfix program of Windows 2000 to 2003",
        })
    }
}

/// The program that installs a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Installer {
    /// `wusa.exe`.
    Wusa,
    /// `dism.exe`.
    Dism,
    /// `pkgmgr.exe` of Vista.
    Pkgmgr,
    /// The package is a program.
    Itself,
}

impl Installer {
    /// What the script calls it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Installer::Wusa => "wusa",
            Installer::Dism => "dism",
            Installer::Pkgmgr => "pkgmgr",
            Installer::Itself => "itself",
        }
    }

    /// The command that installs `file`, which lies in `%here%`. `%system%` is
    /// System32.
    pub(super) fn command(self, file: &str) -> String {
        match self {
            Installer::Wusa => {
                format!("\"%system%\\wusa.exe\" \"%here%{file}\" /quiet /norestart")
            }
            Installer::Dism => format!(
                "\"%system%\\dism.exe\" /online /add-package \"/packagepath:%here%{file}\" /quiet \
                 /norestart"
            ),
            Installer::Pkgmgr => format!(
                "start \"\" /wait \"%system%\\pkgmgr.exe\" /ip \"/m:%here%{file}\" /quiet \
                 /norestart"
            ),
            // Without /n each package would keep copies for its removal, which
            // the first boot of a new computer has no use for.
            Installer::Itself => format!("\"%here%{file}\" /quiet /norestart /n"),
        }
    }
}

/// A package file that is to wait in the image.
#[derive(Clone)]
pub struct Payload {
    /// What the user calls it: its file's name, whatever characters that has.
    pub name: String,
    /// What it is.
    pub kind: PackageKind,
    /// The identity of what it installs, where that is known.
    pub identity: Option<String>,
    /// Where its file is.
    pub place: Place,
}

/// A file in a tree.
#[derive(Clone)]
pub struct Place {
    /// What the tree is called in plans: of a folder the path as it was given.
    pub folder: String,
    /// The tree.
    pub tree: Arc<dyn FileTree>,
    /// The file there.
    pub path: ImagePath,
}

impl Payload {
    /// Its length in bytes, and its SHA-256 in hexadecimal digits.
    pub(super) fn digest(&self) -> Result<(u64, String), DeferError> {
        let unreadable = |source| DeferError::Package {
            name: self.name.clone(),
            source,
        };
        let blob = self.place.tree.open(&self.place.path)?;
        let blob = blob.ok_or_else(|| unreadable(std::io::ErrorKind::NotFound.into()))?;
        let digest = sha256(blob.as_ref()).map_err(unreadable)?;
        Ok((blob.len(), digest))
    }
}

/// The SHA-256 of a file, in hexadecimal digits.
pub(super) fn sha256(blob: &dyn Blob) -> std::io::Result<String> {
    let mut hasher = Sha256::new();
    for_each_chunk(blob, |chunk| {
        hasher.update(chunk);
        Ok(())
    })?;
    Ok(Hex(&hasher.finalize()).to_string())
}
