//! A driver package as the user gave it: an INF and the folder around it.

use std::sync::Arc;

use wimwright_servicing::{FileTree, Generation, ImageFacts, ImagePath, Kind, Name, TreeError};

use crate::error::Error;
use crate::store::first_boot::text_setup::FILE_NAME;

/// A driver package: an INF, or a `txtsetup.oem`, in a tree of files.
#[derive(Clone)]
pub struct Package {
    name: String,
    folder: String,
    tree: Arc<dyn FileTree>,
    inf: ImagePath,
}

impl Package {
    /// The package of `inf` in `tree`. `name` is how the user named the tree:
    /// a saved plan finds it again by that. `folder` is the last name of the
    /// folder that the INF lies in, or empty.
    pub fn new(
        name: impl Into<String>,
        folder: impl Into<String>,
        tree: Arc<dyn FileTree>,
        inf: ImagePath,
    ) -> Package {
        Package {
            name: name.into(),
            folder: folder.into(),
            tree,
            inf,
        }
    }

    /// How the user named the tree.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The last name of the folder around the INF.
    pub fn folder(&self) -> &str {
        &self.folder
    }

    /// The tree.
    pub fn tree(&self) -> &Arc<dyn FileTree> {
        &self.tree
    }

    /// The INF in the tree.
    pub fn inf(&self) -> &ImagePath {
        &self.inf
    }

    /// The INF's own name, spelled as found.
    pub fn inf_name(&self) -> String {
        let name = self.inf.file_name();
        name.map_or_else(String::new, ToString::to_string)
    }

    /// Whether it is one of text mode setup (F6): an OEM file in place of
    /// the INF.
    pub fn is_text_setup(&self) -> bool {
        let name = self.inf.file_name();
        name.is_some_and(|name| name.ends_with(".oem"))
    }

    /// The folder in the tree that the package's paths start from.
    pub fn root(&self) -> ImagePath {
        self.inf.parent().unwrap_or_default()
    }
}

/// The INFs and `txtsetup.oem` files of `tree` that may be driver packages:
/// those directly in it, or all below it with `recurse`, in order of path.
///
/// # Errors
/// When the tree cannot be read.
pub fn find_packages(tree: &dyn FileTree, recurse: bool) -> Result<Vec<ImagePath>, Error> {
    find(tree, recurse, is_inf)
}

fn find(
    tree: &dyn FileTree,
    recurse: bool,
    wanted: impl Fn(&Name) -> bool,
) -> Result<Vec<ImagePath>, Error> {
    let mut found = Vec::new();
    let mut take = |path: &ImagePath, kind| {
        if kind == Kind::File && path.file_name().is_some_and(&wanted) {
            found.push(path.clone());
        }
    };
    let root = ImagePath::root();
    if recurse {
        tree.walk(&root, &mut |path, kind| {
            take(path, kind);
            Ok::<(), TreeError>(())
        })?;
    } else {
        for entry in tree.read_dir(&root)?.unwrap_or_default() {
            take(&root.child(entry.name), entry.kind);
        }
    }
    Ok(found)
}

/// The files of `tree` that [`lint`](crate::lint()) reads: those of
/// [`find_packages`], and the `.inx` files that a build makes INFs of.
///
/// # Errors
/// When the tree cannot be read.
pub fn find_infs(tree: &dyn FileTree, recurse: bool) -> Result<Vec<ImagePath>, Error> {
    find(tree, recurse, |name| is_inf(name) || name.ends_with(".inx"))
}

/// Whether an image takes packages of this kind at all: a folder for many
/// Windows may hold a `txtsetup.oem` beside its INFs, which only Windows with a
/// text mode setup have a use for.
pub fn takes(facts: &ImageFacts, package: &Package) -> bool {
    facts.generation == Generation::Nt5 || !package.is_text_setup()
}

fn is_inf(name: &Name) -> bool {
    name.ends_with(".inf") || name.is(FILE_NAME)
}

#[cfg(test)]
mod tests {
    use super::*;
    use wimwright_servicing::MemoryTree;

    #[test]
    fn inf_files_are_found_directly_or_all_below() {
        let mut tree = MemoryTree::new();
        for path in [
            "b.INF",
            "a.inf",
            "a.inx",
            "x\\c.inf",
            "x\\c.sys",
            "inf",
            "TXTSETUP.OEM",
        ] {
            tree.insert(path, *b"").unwrap();
        }
        let names = |recurse| -> Vec<String> {
            let found = find_packages(&tree, recurse).unwrap();
            found.iter().map(ToString::to_string).collect()
        };
        assert_eq!(names(false), ["a.inf", "b.INF", "TXTSETUP.OEM"]);
        assert_eq!(names(true), ["a.inf", "b.INF", "TXTSETUP.OEM", "x\\c.inf"]);
        let infs = find_infs(&tree, false).unwrap();
        assert_eq!(infs.len(), 4, "with a.inx: {infs:?}");
    }
}
