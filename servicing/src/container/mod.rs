//! WIM files as containers: what is in them, and images that are copied,
//! removed, described; files that are split, joined and made compact.
//!
//! Nothing here looks into an image further than to see which content it
//! names. A file is changed in place by one commit, or written beside its name
//! and put there when it is complete: what fails leaves what was there.

mod compression;
mod contents;
mod delete;
mod error;
mod export;
mod fingerprint;
mod info;
mod join;
mod meter;
mod optimize;
mod set;
mod split;
mod verify;

pub use compression::{Compression, PackingChoice};
pub use delete::{Deleted, DeletedImage, delete};
pub use error::ContainerError;
pub use export::{ExportOptions, Exported, ExportedImage, export};
pub use fingerprint::{Fingerprint, Footprint, footprint};
pub use info::{ContainerImage, ContainerInfo, WindowsFacts, info, xml};
pub use join::{Joined, join};
pub use meter::Meter;
pub use optimize::{OptimizeOptions, Optimized, optimize};
pub use set::{Edits, Set, set};
pub use split::{Split, SplitPart, split};
pub use verify::{Verified, VerifyFinding, VerifySeverity, verify};
