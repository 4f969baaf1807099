//! Windows imaging files (WIM): container, metadata and codecs in pure Rust.
//!
//! A WIM file holds *images*: trees of files with all that Windows knows of
//! them. Contents ("blobs") are named by their SHA-1 and stored once, however
//! many files of however many images have them. A *blob table* says where they
//! lie, a *metadata resource* per image has the tree, XML data describe the
//! images, and the *header* names all of these. "Resource" is the format's
//! word for a run of bytes in the file, packed or not.
//!
//! | structure | read | write | not done |
//! |---|---|---|---|
//! | header 0x10d00, 0xe00 (solid) | yes | yes; 0xe00 only changed in place | pipable files (`WLPWM`): refused by name |
//! | stored, XPRESS, LZX resources | yes | yes, every chunk size | |
//! | LZMS resources | yes | no: into such files new resources go as they are | |
//! | solid resources | yes | kept and copied | none is made |
//! | metadata, security data, streams, tagged items | yes | yes, new or edited in place | what tagged items mean |
//! | XML data | yes | edited; the rest stays letter by letter | |
//! | integrity table | yes | yes | |
//! | split sets | yes | yes, from a file | changing a part in place |
//! | delta files | yes | yes | |
//!
//! * [`Archive`] opens and reads, any range of any blob, or many at once.
//! * [`Archive::verify`] finds what is wrong.
//! * [`WimWriter`] writes a new file; [`split`] cuts one into parts, and
//!   [`compact`] puts parts together or takes out holes.
//! * [`Update`] changes a file in place, safe against cuts at every write.
//! * [`Metadata`] is an image's tree; [`metadata::MetadataEditor`] edits it
//!   like a heap, so that most of it stays packed as it is.
//!
//! ```
//! use std::sync::Arc;
//! use wimwright_wim::metadata::{EntryFields, MetadataBuilder, StreamFields, StreamKind, attribute};
//! use wimwright_wim::{Archive, Element, NamedFile, NewBlob, Packing, WimWriter, WriteOptions};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let folder = tempfile::tempdir()?;
//! let path = folder.path().join("new.wim");
//! let file = std::fs::File::options().read(true).write(true).create_new(true).open(&path)?;
//! let mut writer = WimWriter::create(Arc::new(file), WriteOptions::new(Packing::STORED, [1; 16]))?;
//! let hashes = writer.add_blobs([Ok(NewBlob::new(b"hello".to_vec()))].into_iter())?;
//! let root = EntryFields { attributes: attribute::DIRECTORY, ..EntryFields::default() };
//! let (mut tree, root) = MetadataBuilder::new(&root)?;
//! let name: Vec<u16> = "greeting.txt".encode_utf16().collect();
//! let data = [StreamFields { kind: StreamKind::Data, name: &[], hash: hashes[0] }];
//! tree.list(root, [EntryFields { name: &name, streams: &data, ..EntryFields::default() }])?;
//! let mut about = Element::new("IMAGE");
//! about.set_text("NAME", "an image");
//! writer.add_image(tree.finish()?, about)?;
//! writer.finish()?;
//!
//! let archive = Archive::open(NamedFile::new("new.wim", Arc::new(std::fs::File::open(&path)?)))?;
//! let tree = archive.metadata(1)?;
//! let root = tree.root().expect("it has a root");
//! let entry = tree.child(&root, |name| name == "greeting.txt").expect("it was stored");
//! let blob = archive.find(&entry.content()).expect("it was stored");
//! assert_eq!(archive.open_blob(blob)?.read_all(1 << 20)?, b"hello");
//! # Ok(())
//! # }
//! ```
//!
//! The crate knows no name of a file in an image, opens no path and prints
//! nothing. Files are read at positions, never loaded whole; memory is bounded
//! by a few megabytes per thread, the metadata of the images that are open,
//! and, for solid resources, twice their chunk size per thread.
//!
//! Sources: the format's specification by Microsoft ("Windows Imaging File
//! Format", 2007), wimlib's manual, and what wimlib 1.13 writes; comments say
//! where files differ from the former.

#![forbid(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::indexing_slicing))]

mod archive;
mod blob_table;
mod chunk_reuse;
mod chunks;
mod commit;
mod compact;
#[allow(
    clippy::indexing_slicing,
    reason = "loops over tables of known length; the codecs' tests feed them damaged chunks"
)]
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
pub use compact::{CompactOptions, compact};
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
