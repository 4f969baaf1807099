//! The files of a package, whatever its members are.
//!
//! Without an index the members are the files. With one (`file_index`) a file
//! is a member, a copy of another file, or a delta against one: chains of
//! these are followed to their start, and what comes out has the digest that
//! the index promises, or is refused.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;

use super::delta::{self, DeltaError, DeltaHeader, MAX_WINDOW};
use super::file_index::{FileIndex, FileIndexError, IndexedFile, Source, SourceKind, SourcePlace};
use crate::blob::{Blob, MemoryBlob, read_all};
use crate::path::{ImagePath, PathError};
use crate::tree::{Entry, FileTree, Kind, MemoryTree, Metadata, TreeError};

/// Name of the index in a cabinet.
const INDEX: &str = "_manifest_.cix.xml";

/// Longest index, in bytes.
const MAX_INDEX: u64 = super::xml::MAX_XML;

/// Longest chain of differences. Real ones have four links.
const MAX_CHAIN: usize = 64;

/// Expanded files that are kept because others are differences from them, in
/// bytes altogether.
const MAX_KEPT: u64 = 32 << 20;

/// Bytes of a delta in which its header lies: it is at most some 100 long.
const HEADER_PART: u64 = 512;

/// Why a file of a package cannot be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PayloadError {
    /// The package has no such file.
    #[error("the package has no file `{name}`")]
    NoFile {
        /// Its name.
        name: String,
    },
    /// The index names a member that is not there.
    #[error("`{file}` is made from member `{member}`, which the package does not have")]
    NoMember {
        /// The file.
        file: String,
        /// The member.
        member: String,
    },
    /// The index names a file that is not in it.
    #[error("`{file}` is a difference from file {basis}, which the index does not have")]
    NoBasis {
        /// The file.
        file: String,
        /// The number.
        basis: u32,
    },
    /// The bytes lie in a storage file that was not given.
    #[error("`{file}` lies in a storage file (`.psf`) that is not at hand")]
    NoStorage {
        /// The file.
        file: String,
    },
    /// A file that is a difference from itself in the end.
    #[error("`{file}` is a difference from itself, over {links} links")]
    Circle {
        /// The file.
        file: String,
        /// Length of the circle.
        links: usize,
    },
    /// Too long a chain.
    #[error("`{file}` is made over more than {MAX_CHAIN} differences")]
    Chain {
        /// The file.
        file: String,
    },
    /// A kind of source that is not read.
    #[error("`{file}` is stored as `{kind}`, which is not read")]
    Kind {
        /// The file.
        file: String,
        /// As the index calls it.
        kind: String,
    },
    /// A delta that cannot be applied.
    #[error("`{file}`")]
    Delta {
        /// The file.
        file: String,
        /// Why.
        #[source]
        source: DeltaError,
    },
    /// What comes out is not what the index promises.
    #[error("`{file}` does not have the digest that the package's index promises")]
    Digest {
        /// The file.
        file: String,
    },
    /// A file too large to be held.
    #[error("`{file}`: {len} bytes, more than the {MAX_WINDOW} that are expanded")]
    TooLarge {
        /// The file.
        file: String,
        /// Its length.
        len: u64,
    },
    /// The index.
    #[error("`{INDEX}`")]
    Index(#[from] FileIndexError),
    /// A name that is no path.
    #[error(transparent)]
    Path(#[from] PathError),
    /// The container could not be read.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// The storage file could not be read.
    #[error("the storage file")]
    Storage(#[source] io::Error),
}

impl PayloadError {
    /// Whether the file is whole, only stored in a way that is not read here:
    /// Windows itself can expand it.
    pub fn is_beyond_us(&self) -> bool {
        match self {
            PayloadError::Kind { .. } => true,
            PayloadError::Delta { source, .. } => matches!(
                source,
                DeltaError::Older
                    | DeltaError::Type { .. }
                    | DeltaError::Prepared { .. }
                    | DeltaError::Flags { .. }
                    | DeltaError::Shifted
                    | DeltaError::HashKind { .. }
            ),
            _ => false,
        }
    }
}

/// How a file of a package is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stored {
    /// As it is.
    Plain,
    /// As a copy of another file.
    Copy,
    /// As a delta.
    Delta,
}

/// The files of a package.
pub struct Payload {
    members: Arc<dyn FileTree>,
    index: Option<FileIndex>,
    storage: Option<Arc<dyn Blob>>,
    /// Names of the files, as directories.
    names: MemoryTree,
    kept: Mutex<Kept>,
}

/// Expanded files that others need, the oldest first.
#[derive(Default)]
struct Kept {
    files: HashMap<u32, Arc<[u8]>>,
    order: Vec<u32>,
    len: u64,
}

impl Payload {
    /// The files of a package whose members these are; its index is looked for
    /// among them.
    ///
    /// # Errors
    /// [`PayloadError`], where the index cannot be read.
    pub fn open(members: Arc<dyn FileTree>) -> Result<Payload, PayloadError> {
        let path = ImagePath::parse(INDEX)?;
        let index = members.read(&path, MAX_INDEX)?;
        let index = index.map(|bytes| FileIndex::parse(&bytes)).transpose()?;
        Payload::with_index(members, index, None)
    }

    /// The files of a package with an index that lies elsewhere, and the
    /// storage file that it is about.
    ///
    /// # Errors
    /// [`PayloadError::Path`], where a name is none.
    pub fn with_index(
        members: Arc<dyn FileTree>,
        index: Option<FileIndex>,
        storage: Option<Arc<dyn Blob>>,
    ) -> Result<Payload, PayloadError> {
        let mut names = MemoryTree::new();
        for file in index.iter().flat_map(FileIndex::files) {
            let path = ImagePath::parse(&file.name)?;
            // What counts is the name; the content is found by it.
            names.insert_blob(path, Arc::new(MemoryBlob::new(Vec::new())));
        }
        Ok(Payload {
            members,
            index,
            storage,
            names,
            kept: Mutex::default(),
        })
    }

    /// Whether its members have to be made into files.
    pub fn is_indexed(&self) -> bool {
        self.index.is_some()
    }

    /// The index.
    pub fn index(&self) -> Option<&FileIndex> {
        self.index.as_ref()
    }

    /// All files, with their lengths, in the order of names.
    ///
    /// # Errors
    /// [`PayloadError::Tree`].
    pub fn files(&self) -> Result<Vec<ImagePath>, PayloadError> {
        let mut files = Vec::new();
        self.walk(&ImagePath::root(), &mut |path, kind| {
            if kind == Kind::File {
                files.push(path.clone());
            }
            Ok(())
        })?;
        Ok(files)
    }

    /// How a file is stored.
    pub fn stored(&self, path: &ImagePath) -> Stored {
        let file = self
            .index
            .as_ref()
            .and_then(|index| index.by_name(&path.to_string()));
        match file.map(|file| &file.source) {
            None => Stored::Plain,
            Some(None) => Stored::Copy,
            Some(Some(source)) if source.kind == SourceKind::Raw => Stored::Plain,
            Some(Some(_)) => Stored::Delta,
        }
    }

    /// Whether a file can be had, as far as headers say, without expanding it.
    ///
    /// # Errors
    /// [`PayloadError`] that [`Payload::read_file`] would give.
    pub fn check(&self, path: &ImagePath) -> Result<(), PayloadError> {
        let Some(index) = &self.index else {
            return match self.members.has_file(path)? {
                true => Ok(()),
                false => Err(no_file(path)),
            };
        };
        let name = path.to_string();
        let file = index.by_name(&name).ok_or_else(|| no_file(path))?;
        for link in chain(index, file)?.into_iter().rev() {
            let Some(source) = &link.source else {
                continue;
            };
            let blob = self.source_blob(link, source)?;
            match &source.kind {
                SourceKind::Raw => {}
                SourceKind::Pa30 => {
                    let mut bytes = vec![0; HEADER_PART.min(blob.len()) as usize];
                    blob.read_into(0, &mut bytes)
                        .map_err(PayloadError::Storage)?;
                    let header = DeltaHeader::parse(&bytes);
                    header
                        .and_then(|header| header.check_decodable())
                        .map_err(|source| delta_error(link, source))?;
                }
                SourceKind::Pa19 => return Err(delta_error(link, DeltaError::Older)),
                SourceKind::Other(kind) => {
                    return Err(PayloadError::Kind {
                        file: link.name.clone(),
                        kind: kind.clone(),
                    });
                }
            }
        }
        Ok(())
    }

    /// The content of a file, with the digest that the index promises.
    ///
    /// # Errors
    /// [`PayloadError`].
    pub fn read_file(&self, path: &ImagePath) -> Result<Arc<dyn Blob>, PayloadError> {
        let Some(index) = &self.index else {
            let blob = self.members.open(path)?;
            return blob.ok_or_else(|| no_file(path));
        };
        let file = index
            .by_name(&path.to_string())
            .ok_or_else(|| no_file(path))?;
        let bytes = self.expand(index, file)?;
        Ok(Arc::new(MemoryBlob::new(bytes)))
    }

    fn expand(&self, index: &FileIndex, file: &IndexedFile) -> Result<Arc<[u8]>, PayloadError> {
        let links = chain(index, file)?;
        // From the start of the chain, or from what is there of it.
        let mut basis: Arc<[u8]> = Arc::from([]);
        let mut from = links.len();
        for (at, link) in links.iter().enumerate() {
            if let Some(kept) = self.kept().files.get(&link.id) {
                basis = Arc::clone(kept);
                from = at;
                break;
            }
        }
        for (at, link) in links.iter().enumerate().take(from).rev() {
            basis = self.expand_one(link, &basis)?;
            // What others are differences from is likely to be needed again.
            if at > 0 {
                self.kept().keep(link.id, &basis);
            }
        }
        Ok(basis)
    }

    fn expand_one(&self, file: &IndexedFile, basis: &Arc<[u8]>) -> Result<Arc<[u8]>, PayloadError> {
        let bytes: Arc<[u8]> = match &file.source {
            None => Arc::clone(basis),
            Some(source) => {
                let blob = self.source_blob(file, source)?;
                let bytes = read_source(file, blob.as_ref())?;
                if source
                    .hash
                    .as_ref()
                    .is_some_and(|hash| !hash.matches(&bytes))
                {
                    return Err(digest_error(file));
                }
                match &source.kind {
                    SourceKind::Raw => Arc::from(bytes),
                    SourceKind::Pa30 => {
                        let applied = delta::apply(&bytes, basis);
                        Arc::from(applied.map_err(|source| delta_error(file, source))?)
                    }
                    SourceKind::Pa19 => return Err(delta_error(file, DeltaError::Older)),
                    SourceKind::Other(kind) => {
                        return Err(PayloadError::Kind {
                            file: file.name.clone(),
                            kind: kind.clone(),
                        });
                    }
                }
            }
        };
        let whole = file.len.is_none_or(|len| len == bytes.len() as u64)
            && file.hash.as_ref().is_none_or(|hash| hash.matches(&bytes));
        match whole {
            true => Ok(bytes),
            false => Err(digest_error(file)),
        }
    }

    fn source_blob(
        &self,
        file: &IndexedFile,
        source: &Source,
    ) -> Result<Arc<dyn Blob>, PayloadError> {
        match &source.place {
            SourcePlace::Member(member) => {
                let blob = self.members.open(&ImagePath::parse(member)?)?;
                blob.ok_or_else(|| PayloadError::NoMember {
                    file: file.name.clone(),
                    member: member.clone(),
                })
            }
            SourcePlace::Range { offset, len } => {
                let storage = self
                    .storage
                    .as_ref()
                    .ok_or_else(|| PayloadError::NoStorage {
                        file: file.name.clone(),
                    })?;
                Ok(Arc::new(Range {
                    storage: Arc::clone(storage),
                    offset: *offset,
                    len: *len,
                }))
            }
        }
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        // What is kept is whole at any time.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn keep(&mut self, id: u32, bytes: &Arc<[u8]>) {
        let len = bytes.len() as u64;
        if len > MAX_KEPT || self.files.contains_key(&id) {
            return;
        }
        while self.len + len > MAX_KEPT && !self.order.is_empty() {
            let oldest = self.order.remove(0);
            let gone = self.files.remove(&oldest);
            self.len -= gone.map_or(0, |gone| gone.len() as u64);
        }
        self.files.insert(id, Arc::clone(bytes));
        self.order.push(id);
        self.len += len;
    }
}

/// A part of the storage file.
struct Range {
    storage: Arc<dyn Blob>,
    offset: u64,
    len: u64,
}

impl Blob for Range {
    fn len(&self) -> u64 {
        self.len
    }

    fn read_into(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let end = offset.checked_add(buffer.len() as u64);
        if end.is_none_or(|end| end > self.len) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let at = self.offset.checked_add(offset);
        let at = at.ok_or(io::ErrorKind::UnexpectedEof)?;
        self.storage.read_into(at, buffer)
    }
}

/// What a file is made over, itself first.
fn chain<'i>(
    index: &'i FileIndex,
    file: &'i IndexedFile,
) -> Result<Vec<&'i IndexedFile>, PayloadError> {
    let mut links = vec![file];
    let mut last = file;
    while let Some(basis) = last.basis {
        last = index.by_id(basis).ok_or_else(|| PayloadError::NoBasis {
            file: last.name.clone(),
            basis,
        })?;
        if links.iter().any(|link| link.id == last.id) {
            return Err(PayloadError::Circle {
                file: file.name.clone(),
                links: links.len(),
            });
        }
        if links.len() >= MAX_CHAIN {
            return Err(PayloadError::Chain {
                file: file.name.clone(),
            });
        }
        links.push(last);
    }
    Ok(links)
}

fn read_source(file: &IndexedFile, blob: &dyn Blob) -> Result<Vec<u8>, PayloadError> {
    let len = blob.len();
    if len > MAX_WINDOW {
        let file = file.name.clone();
        return Err(PayloadError::TooLarge { file, len });
    }
    read_all(blob, MAX_WINDOW).map_err(PayloadError::Storage)
}

fn no_file(path: &ImagePath) -> PayloadError {
    PayloadError::NoFile {
        name: path.to_string(),
    }
}

fn delta_error(file: &IndexedFile, source: DeltaError) -> PayloadError {
    PayloadError::Delta {
        file: file.name.clone(),
        source,
    }
}

fn digest_error(file: &IndexedFile) -> PayloadError {
    PayloadError::Digest {
        file: file.name.clone(),
    }
}

/// The files as a tree: contents are expanded where they are opened.
impl FileTree for Payload {
    fn metadata(&self, path: &ImagePath) -> Result<Option<Metadata>, TreeError> {
        let Some(index) = &self.index else {
            return self.members.metadata(path);
        };
        let Some(mut metadata) = self.names.metadata(path)? else {
            return Ok(None);
        };
        if let Some(file) = index.by_name(&path.to_string())
            && metadata.kind == Kind::File
        {
            metadata.len = file.len.unwrap_or_default();
            metadata.modified = file.time;
            metadata.attributes = file.attributes;
        }
        Ok(Some(metadata))
    }

    fn read_dir(&self, path: &ImagePath) -> Result<Option<Vec<Entry>>, TreeError> {
        match self.index {
            Some(_) => self.names.read_dir(path),
            None => self.members.read_dir(path),
        }
    }

    fn open(&self, path: &ImagePath) -> Result<Option<Arc<dyn Blob>>, TreeError> {
        match self.read_file(path) {
            Ok(blob) => Ok(Some(blob)),
            Err(PayloadError::NoFile { .. }) => Ok(None),
            Err(PayloadError::Tree(error)) => Err(error),
            Err(error) => Err(TreeError::new(path, io::Error::other(error))),
        }
    }
}
