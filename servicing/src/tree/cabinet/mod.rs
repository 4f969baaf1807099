//! Cabinets: update packages, driver packages, and what lies inside them.
//!
//! ```text
//! CFHEADER  36 bytes, reserve, names of the parts before and behind
//! CFFOLDER  8 bytes + reserve each: where its data is, how it is compressed
//! CFFILE    16 bytes + name each: which folder, where in its plain bytes
//! CFDATA    8 bytes + reserve each: checksum, lengths, at most 32 KiB of plain bytes
//! ```
//!
//! A *folder* is one compressed stream; files are ranges of it. So a folder is
//! decoded once, from front to back, whatever is wanted of it:
//! [`Cabinet::read_members`] streams, folders side by side on all processors,
//! and files handed over on others while their folder is decoded on. Files
//! that are opened one by one share what was decoded, which lies in scratch
//! space.
//!
//! | compression | read |
//! |---|---|
//! | none, MSZIP, LZX (15 to 21) | yes |
//! | Quantum | refused by name; other folders are read |
//!
//! Sets of several files are read as one, from any of them. What stands behind
//! a cabinet's end (a signature) is passed over, and so are reserved areas.
//!
//! Source: \[MS-CAB\], and libmspack's test files for what it leaves open.

#![deny(clippy::indexing_slicing)]

mod block;
mod error;
mod files;
mod folder;
mod header;
mod input;
mod mszip;
mod names;
mod reader;
mod search;
mod set;
mod spool;
mod stream;

pub use error::{BlockError, CabinetError, FolderError, MemberError};
pub use files::CabinetTree;
pub use folder::{Compression, Folder};
pub use header::Header;
pub use names::{Member, NameFault};
pub use search::{Found, find_cabinets};
pub use set::{Beside, Cabinet, Part};
pub use stream::ReadMember;

/// Most parts of a set. The largest that were sold, office programs on
/// diskettes, had some 50.
pub const MAX_PARTS: usize = 256;

/// Most plain bytes that all files of a cabinet may claim together. The
/// largest update packages expand to a few GiB; a folder of a hostile cabinet
/// can be claimed by 65,535 files, each 2 GiB of it.
pub const MAX_EXPANDED: u64 = 64 << 30;

/// Most files of a set. One cabinet lists at most 65,535, and the largest
/// update packages have some 200,000 in all.
pub const MAX_MEMBERS: usize = 1 << 18;

/// Most directories that the names of files may make. The largest packages
/// have some 60,000, two or three for a component; names of 255 bytes could
/// make eight million.
pub const MAX_DIRECTORIES: usize = 1 << 18;

/// Most steps of one name. Packages have six at most.
pub const MAX_STEPS: usize = 24;

/// Plain bytes of a data block: exactly this, but for the last of a folder.
const BLOCK: usize = 32_768;
