//! Files of an image, by the user's own word: put, deleted, renamed. Any
//! image, whether Windows is in it or not.
//!
//! What is put keeps the time at which it was last written. Symbolic links of
//! the host are not put: what they would lead to in the image is not theirs to
//! say. Deleting and renaming take a link itself.

mod error;
mod script;
mod source;

pub use error::FilesError;
pub use script::{Command, Script, ScriptError, run_script};
pub use source::HostSource;

use crate::draft::{Applied, Draft, SourceId};
use crate::path::{ImagePath, Name};
use crate::plan::{Basis, Certainty, Change, Times};
use crate::tree::{FileTree, Kind};

/// The user's own word.
fn said(section: &'static str) -> Basis {
    Basis {
        certainty: Certainty::Stated,
        section: section.into(),
    }
}

/// Whether `path` is a link, followed or not.
fn is_link(tree: &dyn FileTree, path: &ImagePath) -> Result<bool, FilesError> {
    let found = tree.metadata(path)?;
    let unfollowed = found.is_some_and(|found| found.kind == Kind::Link);
    Ok(unfollowed || tree.link_target(path)?.is_some())
}

/// Puts a file, or all that is in a directory, at `to`. Directories that are
/// there are joined; files that are there are replaced.
///
/// # Errors
/// [`FilesError`]: a directory where a file is, or the other way round; a link
/// in the source; a name that Windows cannot have.
pub fn put(draft: &mut Draft, from: &HostSource, to: &ImagePath) -> Result<(), FilesError> {
    let source = draft.add_source(from.name(), from.tree());
    put_known(draft, from, source, to)
}

fn put_known(
    draft: &mut Draft,
    from: &HostSource,
    source: SourceId,
    to: &ImagePath,
) -> Result<(), FilesError> {
    let tree = from.tree();
    match from.file() {
        Some(file) => put_file(draft, tree.as_ref(), source, file, to),
        None => {
            make_directory(draft, to)?;
            let mut found = Vec::new();
            tree.walk(&ImagePath::root(), &mut |path, kind| {
                found.push((path.clone(), kind));
                Ok(())
            })?;
            for (path, kind) in found {
                let target = to.join_path(&path);
                match kind {
                    Kind::Directory => make_directory(draft, &target)?,
                    Kind::File => put_file(draft, tree.as_ref(), source, &path, &target)?,
                    Kind::Link => {
                        return Err(FilesError::LinkInSource {
                            source_name: from.name(),
                            path,
                        });
                    }
                }
            }
            Ok(())
        }
    }
}

fn make_directory(draft: &mut Draft, path: &ImagePath) -> Result<(), FilesError> {
    check_name(path)?;
    match draft.metadata(path)?.map(|found| found.kind) {
        Some(Kind::Directory) => Ok(()),
        Some(_) => Err(FilesError::FileInTheWay { path: path.clone() }),
        None => {
            let change = Change::MakeDirectory { path: path.clone() };
            let _ = draft.plan_change(change, &said("files put"))?;
            Ok(())
        }
    }
}

fn put_file(
    draft: &mut Draft,
    tree: &dyn FileTree,
    source: SourceId,
    from: &ImagePath,
    to: &ImagePath,
) -> Result<(), FilesError> {
    check_name(to)?;
    match draft.metadata(to)?.map(|found| found.kind) {
        Some(Kind::Directory) => {
            return Err(FilesError::DirectoryInTheWay { path: to.clone() });
        }
        Some(Kind::Link) => return Err(FilesError::LinkInTheWay { path: to.clone() }),
        Some(Kind::File) | None => {}
    }
    let basis = said("files put");
    let _ = draft.put_file(to, source, from, None, &basis)?;
    let written = tree.metadata(from)?.and_then(|found| found.modified);
    let times = Times {
        written,
        ..Times::default()
    };
    let path = to.clone();
    if !times.is_empty() {
        let _ = draft.plan_change(Change::SetTimes { path, times }, &basis)?;
    }
    Ok(())
}

/// Names that come to be are ones that Windows itself would make.
fn check_name(path: &ImagePath) -> Result<(), FilesError> {
    if let Some(name) = path.file_name() {
        Name::new(&name.to_string())?;
    }
    Ok(())
}

/// How [`delete`] takes what it finds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeleteOptions {
    /// Directories go with all in them.
    pub recurse: bool,
    /// What is not there is no error.
    pub missing_is_fine: bool,
}

/// Deletes a file, a link or, with all in it, a directory.
///
/// # Errors
/// [`FilesError`]: nothing is there, or a directory is.
pub fn delete(
    draft: &mut Draft,
    path: &ImagePath,
    options: DeleteOptions,
) -> Result<Applied, FilesError> {
    if path.is_root() {
        return Err(FilesError::Root);
    }
    match draft.metadata(path)?.map(|found| found.kind) {
        None if !options.missing_is_fine => {
            return Err(FilesError::NotThere { path: path.clone() });
        }
        Some(Kind::Directory) if !options.recurse && !is_link(draft, path)? => {
            return Err(FilesError::IsDirectory { path: path.clone() });
        }
        _ => {}
    }
    let change = Change::Remove { path: path.clone() };
    Ok(draft.plan_change(change, &said("files delete"))?)
}

/// Gives a file, a link or a directory another path. With `replace`, a file
/// that has that path goes, and so does an empty directory where a directory
/// comes, as rename(3) of POSIX does it.
///
/// # Errors
/// [`FilesError`]: nothing is there, or something is in the way.
pub fn rename(
    draft: &mut Draft,
    from: &ImagePath,
    to: &ImagePath,
    replace: bool,
) -> Result<Applied, FilesError> {
    if from.is_root() || to.is_root() {
        return Err(FilesError::Root);
    }
    check_name(to)?;
    let basis = said("files rename");
    let Some(is) = draft.metadata(from)?.map(|found| found.kind) else {
        return Err(FilesError::NotThere { path: from.clone() });
    };
    let there = match from == to {
        true => None,
        false => draft.metadata(to)?.map(|found| found.kind),
    };
    if let Some(there) = there {
        let path = to.clone();
        let empty = || Ok::<_, FilesError>(draft.read_dir(to)?.unwrap_or_default().is_empty());
        match (is, there) {
            _ if !replace => return Err(FilesError::NameTaken { path }),
            (Kind::Directory, Kind::Directory) if empty()? => {}
            (_, Kind::Directory) => return Err(FilesError::DirectoryInTheWay { path }),
            (Kind::Directory, _) => return Err(FilesError::FileInTheWay { path }),
            _ => {}
        }
        let _ = draft.plan_change(Change::Remove { path }, &basis)?;
    }
    let change = Change::Rename {
        from: from.clone(),
        to: to.clone(),
    };
    Ok(draft.plan_change(change, &basis)?)
}
