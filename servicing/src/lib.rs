//! Windows images, serviced offline.
//!
//! Four words carry it. A [*tree*](FileTree) is something with Windows names
//! that can be listed and read. A [*plan*](Plan) is an ordered list of changes,
//! plain data. A [*draft*](Draft) is a tree seen through a plan. A
//! [*transaction*](Transaction) is what commits drafts together or drops them.
//!
//! An operation is a function over `&mut Draft`: it reads the draft, plans
//! changes, and never writes. Every change carries what it
//! [expects](plan::Expect) and [what it rests on](plan::Basis).

pub mod apply;
pub mod backend;
mod blob;
mod bundle;
pub mod capture;
pub mod catalog;
mod checksums;
pub mod compressed;
pub mod container;
pub mod diff;
mod draft;
pub mod explain;
mod facts;
pub mod files;
mod finding;
pub mod hardware;
mod hex;
mod image;
mod image_name;
#[cfg(all(feature = "fuse", target_os = "linux"))]
pub mod mount;
mod patched;
mod path;
pub mod pe;
pub mod plan;
pub mod registry;
pub mod security;
pub mod sidecar;
mod text;
pub mod time;
mod transaction;
mod tree;
pub mod update;
pub mod wim_file;
mod winre;

pub use blob::{Blob, ContentId, MemoryBlob, for_each_chunk, read_all};
pub use bundle::BundleError;
pub use checksums::Checksums;
pub use draft::{Applied, Draft, DraftError, DraftOptions, Mark, SourceId};
pub use facts::{
    Architecture, FactsError, Generation, ImageFacts, ProductType, WindowsVersion, find_windows,
};
pub use finding::{Finding, Severity};
pub use image::{Access, BeginOptions, Image, ImageFiles, ImageSet, OpenError};
pub use image_name::{ImageName, ImageNameError, Selector};
pub use patched::Patched;
pub use path::{ImagePath, Name, PathError};
pub use plan::Plan;
pub use text::Text;
pub use transaction::{CommitError, Prepared, Receipt, Transaction, Written};
pub use tree::cabinet;
pub use tree::{
    DirectoryTree, Entry, FileTree, Kind, MemoryTree, Metadata, NameClash, ReadFile, TreeError,
    UnreadableName, WimTree,
};
pub use wim_file::{NewWim, Overwrite, WimFile, WimFileError};
pub use wimwright_hive::FileTime;
pub use winre::winre;
