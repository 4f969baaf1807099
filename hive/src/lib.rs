//! Windows registry hives: read, checked, replayed from their logs and edited in place.
//!
//! A hive is one file: a *base block* of 4096 bytes, then *bins* (`hbin`) that
//! are tiled with *cells*. Every record (key `nk`, value `vk`, security `sk`,
//! lists `lf` `lh` `li` `ri`, big data `db`) lives in one cell and names others
//! by their offset. "Bin" has nothing to do with the hive's contents being
//! binary, and a "cell" is only a piece of heap.
//!
//! | structure | read | write | not done |
//! |---|---|---|---|
//! | base block 1.3 to 1.5 | yes | sequence numbers, size, checksum | file name, GUIDs: kept as they are |
//! | base block 1.6 (differencing hive) | yes | refused | layered keys are not merged with their base |
//! | bins and cells | yes | in place; free cells first, then a new bin | no compaction: cells never move |
//! | `nk`, `vk`, class names | yes | yes, but no new class names | |
//! | `lf`, `lh`, `li`, `ri` | yes | `lf`/`li` below 1.5, `lh` from 1.5 on | |
//! | `db` | yes | from 1.4 on, above 16344 bytes | |
//! | `sk` | yes | shared by content, counted, freed | |
//! | old log (`DIRT`), new log (`HvLE`) | replayed in memory | no | |
//!
//! Two ways in:
//! * [`Hive`]: the whole file in memory, every structure checked before the
//!   first answer, editable.
//! * [`Peek`]: a few look-ups through 32 KiB pages of something that can be
//!   read at an offset; nothing is read that an answer does not need.
//!
//! ```
//! use wimwright_hive::{FileTime, Hive, MinorVersion, Security, encode, kind};
//!
//! # fn main() -> Result<(), wimwright_hive::Error> {
//! # let parent = [1, 0, 4, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
//! let security = wimwright_hive::inherited_security(&parent).expect("a descriptor");
//! let now = FileTime(0x01DB_0000_0000_0000);
//! let mut hive = Hive::create(MinorVersion::V1_5, "ROOT", &security, now)?;
//! let (key, _) = hive.create_key(r"Software\Example", Security::Inherit, now)?;
//! let name: Vec<u16> = "Greeting".encode_utf16().collect();
//! assert!(hive.set_value(key, &name, kind::SZ, &encode::sz("hello"), now)?);
//!
//! let hive = Hive::open(hive.into_bytes())?;
//! let key = hive.key(r"software\EXAMPLE")?.expect("was created");
//! let value = key.value("greeting")?.expect("was set");
//! assert_eq!(value.as_string().as_deref(), Some("hello"));
//! # Ok(())
//! # }
//! ```
//!
//! The crate knows no key name, no Windows path and no product version. It
//! prints nothing, and only [`save`] touches the filesystem.
//!
//! Sources: the `regf` specification by Maxim Suhanov (CC-BY-4.0), and what
//! real hives show; comments say where the two differ.

#![forbid(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::indexing_slicing))]

mod acl;
mod alloc;
mod base_block;
mod big_data;
mod bin;
mod bits;
mod cell;
mod check;
mod edit;
mod error;
mod field;
mod hive;
mod key;
mod log;
mod name;
mod offset;
mod pages;
mod peek;
mod save;
mod security;
mod subkeys;
mod upcase;
mod value;

pub use acl::{ObjectRights, inherited_security, inherited_security_of};
pub use base_block::MinorVersion;
pub use check::{Finding, ListCounts, Report, check};
pub use edit::Security;
pub use error::{Error, LogRefusal};
pub use hive::{FileTime, Hive};
pub use key::{Key, KeyFlags, KeyId};
pub use log::{LogFormat, Recovery};
pub use name::Name;
pub use offset::{CellOffset, FileOffset};
pub use peek::{Peek, PeekKey, PeekValue, ReadAt};
pub use save::save;
pub use upcase::upcase;
pub use value::{Value, encode, kind};
