//! Windows imaging files (WIM): container, metadata and codecs in pure Rust.

#![forbid(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::indexing_slicing))]

mod archive;
mod blob_table;
mod chunk_reuse;
mod chunks;
mod commit;
pub mod compress;
mod decoder_pool;
mod error;
mod field;
mod hash;
mod header;
mod integrity;
pub mod metadata;
mod resource;
mod resource_header;
mod solid;
mod space;
mod split;
mod storage;
mod utf16;
mod verify;
mod write;
mod xml;

pub use archive::{Archive, BlobConsumer, BlobId, BlobInfo, BlobReader, NamedFile, SolidInfo};
pub use blob_table::BlobEntry;
pub use chunk_reuse::ChunkBase;
pub use commit::{Committed, Update, UpdateOptions};
pub use error::{Error, FileOffset};
pub use hash::Hash;
pub use header::{HEADER_LEN, Header, HeaderFlags, Version};
pub use integrity::IntegrityTable;
pub use metadata::Metadata;
pub use resource_header::{ResourceFlags, ResourceHeader};
pub use split::split;
pub use storage::{ReadAt, WriteAt};
pub use utf16::Utf16;
pub use verify::{Finding, Severity, Verification, VerifyOptions};
pub use write::{NewBlob, Packing, WimWriter, WriteOptions};
pub use xml::{Element, FileTime, WimXml};
