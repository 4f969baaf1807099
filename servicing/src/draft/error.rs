//! Why a change could not be planned or a saved plan not be applied.

use crate::blob::ContentId;
use crate::path::{ImagePath, PathError};
use crate::plan::{Expect, State, Subject};
use crate::registry::RegistryError;
use crate::tree::TreeError;

/// Why a change could not be applied to a draft.
#[derive(Debug, thiserror::Error)]
pub enum DraftError {
    /// The image is not as the change expects it.
    #[error(
        "{subject}: the plan expects {expected}, but the image has {}",
        found.as_ref().map_or("nothing".to_owned(), ToString::to_string)
    )]
    Stale {
        /// What it is about.
        subject: Box<Subject>,
        /// What the plan expects.
        expected: Box<Expect>,
        /// What is there.
        found: Option<Box<State>>,
    },
    /// The change cannot stand on what is there.
    #[error("{subject}: {reason}")]
    Conflict {
        /// What it is about.
        subject: Box<Subject>,
        /// What is in the way.
        reason: &'static str,
    },
    /// The plan takes content from a source that it does not list.
    #[error("`{path}`: the plan has no source {index}")]
    NoSource {
        /// The file that wants it.
        path: ImagePath,
        /// The index it names.
        index: usize,
    },
    /// A source lacks a file.
    #[error("source `{source_name}` has no file `{path}`")]
    NotInSource {
        /// The source.
        source_name: String,
        /// The file.
        path: ImagePath,
    },
    /// A source's file is not what the plan was made with.
    #[error(
        "`{path}` in source `{source_name}`: the plan was made with {expected}, now it is {found}"
    )]
    ContentChanged {
        /// The source.
        source_name: String,
        /// The file.
        path: ImagePath,
        /// What the plan says.
        expected: ContentId,
        /// What is there.
        found: ContentId,
    },
    /// A compressed file of a source cannot be expanded.
    #[error("`{path}` cannot be expanded")]
    Expand {
        /// The file.
        path: ImagePath,
        /// Why.
        #[source]
        source: crate::compressed::Error,
    },
    /// The plan is of another format version.
    #[error(
        "the plan has format {found}; this version reads format {}",
        crate::plan::FORMAT
    )]
    Format {
        /// The plan's format.
        found: u32,
    },
    /// The image or a source cannot be read.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// A hive cannot be read or edited.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// A name that is no path.
    #[error(transparent)]
    Path(#[from] PathError),
}

impl DraftError {
    /// What the user can do about it, where we know.
    pub fn hint(&self) -> Option<String> {
        match self {
            DraftError::Registry(error) => error.hint(),
            DraftError::Stale { .. } => {
                Some("the image changed since the plan was made: make the plan again".to_owned())
            }
            DraftError::ContentChanged { .. } => {
                Some("the source changed since the plan was made: make the plan again".to_owned())
            }
            _ => None,
        }
    }
}
