//! The folder in which a package waits for the first boot.

use std::fmt;

use wimwright_servicing::plan::Basis;
use wimwright_servicing::{Draft, FileTree as _, Generation, ImagePath};

use super::content::Content;
use crate::add::read::ReadPackage;
use crate::add::refusal::Stop;
use crate::error::Error;
use crate::package::Package;

/// Row 1 of 11.3: virt-v2v and others lay packages out like this.
const STATED: Basis = Basis::stated("driverstore 11.3");
/// Row 2 of 11.4.
const RECALLED: Basis = Basis::recalled("driverstore 11.4");

/// The directories below Windows that hold the folders: that of the image's
/// generation first.
pub(crate) fn roots(generation: Generation) -> [&'static str; 2] {
    match generation {
        Generation::Nt5 => ["Drivers", "OEMDRIVERS"],
        _ => ["OEMDRIVERS", "Drivers"],
    }
}

/// A folder of one package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Folder {
    root: &'static str,
    name: String,
    path: ImagePath,
}

impl Folder {
    /// The folder of the package `name` in the image of `draft`.
    pub(crate) fn new(draft: &Draft, name: &str) -> Result<Folder, Error> {
        let facts = draft.facts();
        let [root, _] = roots(facts.generation);
        Ok(Folder {
            root,
            name: name.to_owned(),
            path: facts.windows.join(&format!("{root}\\{name}"))?,
        })
    }

    /// Its place in the image.
    pub(crate) fn path(&self) -> &ImagePath {
        &self.path
    }

    /// How Windows itself names it: `%SystemRoot%\OEMDRIVERS\x`.
    pub(crate) fn variable_path(&self) -> String {
        format!("%SystemRoot%\\{}\\{}", self.root, self.name)
    }

    /// Whether the package is there already.
    pub(crate) fn holds(&self, draft: &Draft, inf: &str) -> Result<bool, Error> {
        Ok(draft.has_file(&self.path.join(inf)?)?)
    }

    /// Puts the complete package into it, as its INF wants it laid out.
    pub(crate) fn put(
        &self,
        draft: &mut Draft,
        package: &ReadPackage,
        given: &Package,
        content: &Content,
    ) -> Result<(), Stop> {
        let basis = match draft.facts().generation {
            Generation::Nt5 => &RECALLED,
            _ => &STATED,
        };
        let at = |name: &str| self.path.join(name).map_err(Error::from);
        let inf = given.inf();
        let to = at(&given.inf_name())?;
        content.put(draft, &to, inf, None, &package.inf_blob, basis)?;
        for found in &package.files {
            let to = at(&found.file.path())?;
            let expand = found.expand.as_deref();
            content.put(draft, &to, &found.from, expand, &found.blob, basis)?;
        }
        if let Some(catalog) = &package.catalog {
            let to = at(&catalog.name)?;
            content.put(draft, &to, &catalog.from, None, &catalog.blob, basis)?;
        }
        Ok(())
    }
}

impl fmt::Display for Folder {
    /// The name by which users know it: `pending:x`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}", self.name)
    }
}

/// What stands before the folder's name where a package is named.
pub(crate) const PREFIX: &str = "pending:";
