//! Why files of an image could not be put, deleted or renamed.

use std::path::PathBuf;

use crate::draft::DraftError;
use crate::path::{ImagePath, PathError};
use crate::tree::TreeError;

/// Why files of an image could not be put, deleted or renamed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FilesError {
    /// The image root itself.
    #[error("the image root itself cannot be deleted or renamed")]
    Root,
    /// Nothing is where something is to go.
    #[error("the image has no `{path}`")]
    NotThere {
        /// Where.
        path: ImagePath,
    },
    /// A directory is to be deleted, and nobody said with all in it.
    #[error("`{path}` is a directory")]
    IsDirectory {
        /// Where.
        path: ImagePath,
    },
    /// Something has the name that something else is to get.
    #[error("`{path}` is there already")]
    NameTaken {
        /// Where.
        path: ImagePath,
    },
    /// A directory is where a file is to be.
    #[error("`{path}` is a directory in the image")]
    DirectoryInTheWay {
        /// Where.
        path: ImagePath,
    },
    /// A file is where a directory is to be.
    #[error("`{path}` is not a directory in the image")]
    FileInTheWay {
        /// Where.
        path: ImagePath,
    },
    /// A link is where a file is to be.
    #[error("`{path}` is a link in the image that leads nowhere in it")]
    LinkInTheWay {
        /// Where.
        path: ImagePath,
    },
    /// A link in what is to be put.
    #[error("`{path}` in `{source_name}` is a link, which is not put into an image")]
    LinkInSource {
        /// The directory.
        source_name: String,
        /// Where in it.
        path: ImagePath,
    },
    /// What is to be put cannot be opened.
    #[error("`{}` cannot be opened", path.display())]
    Source {
        /// As it was named.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// What is to be put is neither a file nor a directory.
    #[error("`{}` is neither a file nor a directory", path.display())]
    SourceKind {
        /// As it was named.
        path: PathBuf,
    },
    /// A line of a script could not be carried out.
    #[error("line {line}: `{command}`")]
    Line {
        /// Which, from 1 on.
        line: usize,
        /// What it says.
        command: String,
        /// Why.
        source: Box<FilesError>,
    },
    /// The image or the source cannot be read.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// A name that Windows cannot have.
    #[error(transparent)]
    Path(#[from] PathError),
    /// A change cannot stand on what is there.
    #[error(transparent)]
    Draft(#[from] DraftError),
}

impl FilesError {
    /// What the user can do about it, where we know.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            FilesError::IsDirectory { .. } => "--recurse deletes it with all in it",
            FilesError::NameTaken { .. } => "--force replaces a file, or an empty directory",
            FilesError::NotThere { .. } => {
                "`dir IMAGE` lists what is there; names are given from the image root"
            }
            FilesError::LinkInSource { .. } => "put what it leads to under its name",
            FilesError::DirectoryInTheWay { .. } => {
                "name the file in it, as in `put IMAGE notes.txt Temp/notes.txt`"
            }
            FilesError::Line { source, .. } => return source.hint(),
            FilesError::Draft(error) => return error.hint(),
            _ => return None,
        };
        Some(hint.to_owned())
    }
}
