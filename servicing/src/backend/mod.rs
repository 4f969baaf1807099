//! How the net effect of a draft gets into an image directory.
//!
//! The image is changed by a journalled commit. What a power cut can do to it
//! is told at each step:
//!
//! 1. [`DirectoryBackend::stage`] writes all new content into [`RESERVED`] and
//!    syncs it. A cut: the next open throws it away, the image is the old one.
//! 2. [`Staged::commit`] writes the journal, a record of every step, syncs it
//!    and gives it its final name. That rename is the commit point.
//! 3. The steps are carried out: removals and moves (renames into the reserved
//!    directory), new directories and moves (renames out of it), new content
//!    (renames out of it, too, or writing in place where a rename would lose
//!    something), attributes and times. A cut: the next open carries the
//!    journal out again, the image is the new one. Where something moves, the
//!    journal is renamed between the two halves, so that what was moved to its
//!    place is not taken for what had that name before.
//! 4. The journal is renamed to say that it is done, and all is removed.
//!
//! Assumed of the host: what fsync returned for stays; a rename happens or
//! does not. Not assumed: any order between operations that no fsync parts.
//! `power_loss` tries the cuts.
//!
//! Errors before the commit point leave the image as it was. An error after it
//! is [`BackendError::Interrupted`]: the image may be between old and new until
//! it is opened again, and nothing is lost.
//!
//! Not done: several filesystems in one image; ACLs that the target directory
//! would hand down to new files (they get those of the image root).

mod attributes;
mod commit;
mod directory;
mod error;
mod host;
mod journal;
mod layout;
mod local;
mod lock;
mod moves;
#[cfg(test)]
mod power_loss;
mod recovery;
mod staging;
mod store;
mod sweep;
mod wim;

use std::ops::Range;
use std::sync::Arc;

pub use directory::{DirectoryBackend, Staged};
pub use error::BackendError;
pub use recovery::Recovered;
pub(crate) use store::{ImageTree, StagedStore, Store};
pub(crate) use wim::{NestedWim, StagedWim};

use crate::blob::Blob;
use crate::path::{ImagePath, Name};
use crate::plan::{FileDetails, ReparsePoint, Times};
use crate::sidecar::is_sidecar_name;

/// The name in an image's root under which, while a commit is prepared and
/// carried out, its files lie. No tree shows it, and no change may name it.
pub const RESERVED: &str = ".wimwright";

/// Whether a name in an image's root is one that this program keeps for
/// itself: the reserved one, or that of the sidecar of an applied tree.
pub(crate) fn is_reserved_name(name: &Name) -> bool {
    name.is(RESERVED) || is_sidecar_name(name)
}

/// One of the changes that a draft comes to. They are carried out one after
/// the other: each finds the tree as those before it left it.
#[derive(Clone)]
pub enum FileChange {
    /// A file with this content, new or in place of one that is there. The
    /// directories above it are made.
    Put {
        /// Where.
        path: ImagePath,
        /// What it will hold.
        content: Arc<dyn Blob>,
        /// Whether a file with several names keeps them, all showing the new
        /// content (hives). Otherwise this name gets a file of its own.
        in_place_if_linked: bool,
        /// In which bytes the content differs from what is there now, in order,
        /// where that is known.
        differs: Option<Vec<Range<u64>>>,
    },
    /// A directory, with those above it. Nothing happens where it is there.
    MakeDirectory {
        /// Where.
        path: ImagePath,
    },
    /// A file or link, or a directory with all in it. Nothing happens where
    /// there is nothing.
    Remove {
        /// Where.
        path: ImagePath,
    },
    /// A file, link or directory, with all in it and all that is known of it,
    /// gets another path, where nothing else may be. The directories above
    /// that are there.
    Rename {
        /// Where it is.
        from: ImagePath,
        /// Where it will be, spelled like this; may differ by case only.
        to: ImagePath,
    },
    /// One more name for a file, new or in place of a file that is there. The
    /// directories above it are made. The file is what stands at `to` when all
    /// changes are made.
    Link {
        /// The new name.
        path: ImagePath,
        /// A name that it has.
        to: ImagePath,
    },
    /// Attributes of a file or directory.
    SetAttributes {
        /// Where.
        path: ImagePath,
        /// All of them; those that say what it is are as they were.
        attributes: u32,
    },
    /// Times of a file or directory.
    SetTimes {
        /// Where.
        path: ImagePath,
        /// Those to set.
        times: Times,
    },
    /// Security, short name, streams of a file, link or directory.
    SetDetails {
        /// Where.
        path: ImagePath,
        /// Those to set. The short name goes with this name, all else with the
        /// file, whatever names it has.
        details: FileDetails<Arc<dyn Blob>>,
    },
    /// A link, or another reparse point, where nothing is. The directories
    /// above it are made.
    MakeLink {
        /// Where.
        path: ImagePath,
        /// All about it.
        link: Arc<ReparsePoint<Arc<dyn Blob>>>,
    },
}
