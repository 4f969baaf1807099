//! Why an image was not applied.

use std::io;
use std::path::PathBuf;

use wimwright_wim::Hash;

use super::existing::Conflict;
use crate::backend::BackendError;
use crate::diff::PatternError;
use crate::path::ImagePath;
use crate::sidecar::SidecarError;

/// Why an image was not applied.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// The system refused something about the target itself.
    #[error("target `{}`", path.display())]
    Target {
        /// The target.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Something else is where the target should be.
    #[error("target `{}` is not a directory", path.display())]
    NotADirectory {
        /// The target.
        path: PathBuf,
    },
    /// The system refused something about a file or directory of the target.
    #[error("cannot {what} `{path}`")]
    Host {
        /// What was tried, as in "cannot write".
        what: &'static str,
        /// Where, from the root of the target.
        path: ImagePath,
        /// What the system said.
        source: io::Error,
    },
    /// No more room.
    #[error("`{}` is full: `{path}` could not be written", target.display())]
    Full {
        /// The target.
        target: PathBuf,
        /// Where writing stopped, from the root of the target.
        path: ImagePath,
        /// What the system said.
        source: io::Error,
    },
    /// The WIM file cannot be read.
    #[error(transparent)]
    Wim(#[from] wimwright_wim::Error),
    /// The image has nothing at all, not even a root directory.
    #[error("the image holds nothing, not even a root directory")]
    NoRoot,
    /// Another Windows is on the target.
    #[error("`{}` holds a Windows already, in {}", target.display(), quoted(windows))]
    HoldsWindows {
        /// The target.
        target: PathBuf,
        /// Its Windows directories.
        windows: Vec<ImagePath>,
    },
    /// Directories are where the image has files, or the other way round.
    #[error("{}", conflicts_text(conflicts, *more))]
    InTheWay {
        /// The first of them.
        conflicts: Vec<Conflict>,
        /// How many more there are.
        more: usize,
    },
    /// The name to move things under is taken.
    #[error("`{name}` exists on the target: the old system cannot be moved there")]
    MoveOldTaken {
        /// The name.
        name: String,
    },
    /// The image itself has something with the name to move things under.
    #[error("the image holds `{name}` itself: the old system cannot be moved there")]
    MoveOldInImage {
        /// The name.
        name: String,
    },
    /// The name to move things under is one of this program's own.
    #[error(
        "`{name}` is a name that wimwright keeps for itself: the old system cannot be moved there"
    )]
    MoveOldReserved {
        /// The name.
        name: String,
    },
    /// Another filesystem is mounted there.
    #[error("`{path}` is another filesystem and cannot be moved aside")]
    OtherFilesystem {
        /// Where, from the root of the target.
        path: ImagePath,
    },
    /// The WIM file, or its parts that are here, lack content.
    #[error("the content of `{path}` is not in the WIM file: it has no blob {hash}")]
    NoContent {
        /// The first file that would be without content.
        path: ImagePath,
        /// The SHA-1 of the content.
        hash: Hash,
    },
    /// Parts of a split set are missing.
    #[error(
        "the content of `{path}` is in a part of the split WIM that is not here: {}",
        numbers(parts)
    )]
    PartMissing {
        /// The first file that would be without content.
        path: ImagePath,
        /// The parts that are missing.
        parts: Vec<u16>,
    },
    /// Another program works on the target, or an interrupted commit there
    /// cannot be finished.
    #[error(transparent)]
    Backend(#[from] BackendError),
    /// The sidecar that is there cannot be read.
    #[error(transparent)]
    Sidecar(#[from] SidecarError),
    /// A pattern that could fit nothing.
    #[error(transparent)]
    Pattern(#[from] PatternError),
    /// Nothing in the image fits a pattern.
    #[error("the image holds nothing that fits `{pattern}`")]
    NothingFits {
        /// The pattern as given.
        pattern: String,
    },
    /// Two entries would be extracted under one name.
    #[error("`{first}` and `{second}` would both be extracted as `{name}`")]
    SameName {
        /// One of them.
        first: ImagePath,
        /// The other.
        second: ImagePath,
        /// The name.
        name: String,
    },
}

impl ApplyError {
    /// Whether it is about the image, and not about the target.
    pub fn is_of_image(&self) -> bool {
        matches!(
            self,
            ApplyError::Wim(_)
                | ApplyError::NoRoot
                | ApplyError::NoContent { .. }
                | ApplyError::PartMissing { .. }
        )
    }

    /// What the user can do about it, where that is known.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            ApplyError::HoldsWindows { .. } => {
                "`--move-old NAME` moves the old system into a directory of that name and keeps \
                 the users' files"
                    .to_owned()
            }
            ApplyError::InTheWay { .. } => {
                "move them away, or apply to another directory".to_owned()
            }
            ApplyError::MoveOldTaken { .. }
            | ApplyError::MoveOldInImage { .. }
            | ApplyError::MoveOldReserved { .. } => "choose another name".to_owned(),
            ApplyError::NoContent { .. } => {
                "`--ref GLOB` names the WIM files that it was captured against".to_owned()
            }
            ApplyError::PartMissing { .. } => {
                "`--ref GLOB` names the other parts, like `--ref 'install*.swm'`".to_owned()
            }
            ApplyError::Full { .. } => {
                "make room and apply again; what is there is not complete".to_owned()
            }
            ApplyError::Sidecar(_) => {
                "without the sidecar nobody knows what Windows knew of the files there; remove it \
                 to go on without"
                    .to_owned()
            }
            ApplyError::NothingFits { .. } => {
                "`dir IMAGE -r` lists what is there; paths begin at the image root".to_owned()
            }
            ApplyError::SameName { .. } => {
                "`--preserve-dir-structure` keeps the directories above".to_owned()
            }
            ApplyError::Backend(error) => return error.hint(),
            _ => return None,
        })
    }
}

fn quoted(paths: &[ImagePath]) -> String {
    let paths: Vec<String> = paths.iter().map(|path| format!("`{path}`")).collect();
    paths.join(" and ")
}

fn conflicts_text(conflicts: &[Conflict], more: usize) -> String {
    let mut texts: Vec<String> = conflicts.iter().map(ToString::to_string).collect();
    if more > 0 {
        texts.push(format!("{more} more"));
    }
    texts.join("; ")
}

fn numbers(parts: &[u16]) -> String {
    let parts: Vec<String> = parts.iter().map(u16::to_string).collect();
    parts.join(", ")
}
