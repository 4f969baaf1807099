//! The index of a container: what its files are made into.

use std::sync::Arc;

use super::super::delta::{self, DeltaError};
use super::super::file_index::{FileIndex, FileIndexError};
use crate::blob::{Blob, read_all};
use crate::path::ImagePath;
use crate::tree::{FileTree, TreeError};

/// The index of a cabinet whose members are differences.
const IN_CABINET: &str = "_manifest_.cix.xml";
/// The index of express storage, in the package.
const OF_STORAGE: &str = "express.psf.cix.xml";
/// Longest index, in bytes: the same as of any XML of a package.
const MAX_INDEX: u64 = super::super::xml::MAX_XML;
/// Since Windows 11 24H2 the index is in the storage itself: its length at
/// this offset, and a delta against nothing at the other (stated by one
/// source; no such file was at hand).
const LENGTH_AT: u64 = 4;
const INSIDE_AT: u64 = 0x80;

/// Where an index lies and what it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum IndexKind {
    /// `_manifest_.cix.xml`: members of the container are differences.
    Members,
    /// In the package, about ranges of the storage beside it.
    Storage,
    /// In the storage itself.
    InStorage,
}

/// An index.
#[derive(Clone, Debug)]
pub struct Index {
    /// Where it lies and what it is about.
    pub kind: IndexKind,
    /// What it says.
    pub files: FileIndex,
}

/// Why an index cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IndexError {
    /// The file that it is in cannot be read.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// The storage cannot be read.
    #[error("the storage file cannot be read")]
    Storage(#[source] std::io::Error),
    /// It is no index.
    #[error(transparent)]
    Index(#[from] FileIndexError),
    /// The index inside a storage file is packed in a way that is not read.
    #[error("the index inside the storage file")]
    Packed(#[source] DeltaError),
}

impl Index {
    /// The index of a container with these files and, where it has one, this
    /// storage; `storage_name` is the name of the storage file.
    pub(super) fn find(
        tree: &dyn FileTree,
        storage: Option<(&str, &Arc<dyn Blob>)>,
    ) -> Option<Result<Index, IndexError>> {
        let named = storage.map(|(name, _)| format!("{name}.cix.xml"));
        let names = [
            (Some(IN_CABINET), IndexKind::Members),
            (Some(OF_STORAGE), IndexKind::Storage),
            (named.as_deref(), IndexKind::Storage),
        ];
        for (name, kind) in names {
            let path = name.and_then(|name| ImagePath::parse(name).ok());
            let read = path.and_then(|path| tree.read(&path, MAX_INDEX).transpose());
            if let Some(read) = read {
                let parsed = read
                    .map_err(IndexError::from)
                    .and_then(|bytes| Ok(FileIndex::parse(&bytes)?));
                return Some(parsed.map(|files| Index { kind, files }));
            }
        }
        let (_, storage) = storage?;
        inside(storage.as_ref()).transpose().map(|found| {
            found.map(|files| Index {
                kind: IndexKind::InStorage,
                files,
            })
        })
    }
}

/// The index inside a storage file; `None` where there is none.
fn inside(storage: &dyn Blob) -> Result<Option<FileIndex>, IndexError> {
    let mut field = [0; 4];
    let mut magic = [0; 4];
    if storage.len() < INSIDE_AT + magic.len() as u64 {
        return Ok(None);
    }
    let read = |at, bytes: &mut [u8]| storage.read_into(at, bytes).map_err(IndexError::Storage);
    read(LENGTH_AT, &mut field)?;
    read(INSIDE_AT, &mut magic)?;
    let len = u64::from(u32::from_le_bytes(field));
    if &magic != b"PA30" || len > storage.len() - INSIDE_AT || len > MAX_INDEX {
        return Ok(None);
    }
    let mut packed = vec![0; len as usize];
    read(INSIDE_AT, &mut packed)?;
    let plain = delta::apply(&packed, &[]).map_err(IndexError::Packed)?;
    Ok(Some(FileIndex::parse(&plain)?))
}

/// A whole index that lies beside its storage.
pub(super) fn beside(blob: &dyn Blob) -> Result<Index, IndexError> {
    let bytes = read_all(blob, MAX_INDEX).map_err(IndexError::Storage)?;
    Ok(Index {
        kind: IndexKind::Storage,
        files: FileIndex::parse(&bytes)?,
    })
}
