//! The contents of files: each blob is unpacked once, in the order in which
//! the blobs lie in the archive, and written to all files that have it.

use std::collections::HashMap;
use std::fs::File;
use std::io;

use rayon::prelude::*;
use wimwright_wim::metadata::{Dentry, StreamKind};
use wimwright_wim::{Archive, BlobConsumer, BlobId, Error, Hash, Metadata};

use super::error::ApplyError;
use super::job::Job;
use super::new_file::NewFile;
use super::outline::{ItemId, Outline, What};
use crate::path::ImagePath;

/// Which content goes where.
pub(super) struct Contents {
    /// Files by blob: sorted, so that those of one blob stand together.
    files: Vec<(BlobId, ItemId)>,
    /// Files without content.
    empty: Vec<ItemId>,
    /// Further names of files, with the item that is the first name.
    pub(super) links: Vec<(ItemId, ItemId)>,
    /// Blobs that are not content of files, but of what the sidecar keeps.
    beside: Vec<BlobId>,
    /// Bytes that are written.
    pub(super) bytes: u64,
}

impl Contents {
    /// Finds all content in the archive.
    ///
    /// # Errors
    /// [`ApplyError::NoContent`], [`ApplyError::PartMissing`].
    pub(super) fn of(
        archive: &Archive,
        metadata: &Metadata,
        outline: &Outline,
    ) -> Result<Contents, ApplyError> {
        let mut contents = Contents {
            files: Vec::new(),
            empty: Vec::new(),
            links: Vec::new(),
            beside: Vec::new(),
            bytes: 0,
        };
        let mut groups = HashMap::new();
        for (id, item) in outline.below_root() {
            let Some(entry) = outline.dentry(metadata, id) else {
                continue;
            };
            let missing = |hash| missing(archive, hash, outline.path(metadata, id));
            for stream in entry.streams().filter(|stream| !stream.hash.is_zero()) {
                let data = stream.kind == StreamKind::Data && stream.name.is_empty();
                if !data || item.what != What::File {
                    let (blob, _) = find(archive, &stream.hash).map_err(missing)?;
                    contents.beside.push(blob);
                }
            }
            if item.what != What::File {
                continue;
            }
            let hash = entry.content();
            if let Some(first) = first_name(&mut groups, &entry, hash, id) {
                contents.links.push((id, first));
            } else if hash.is_zero() {
                contents.empty.push(id);
            } else {
                let (blob, size) = find(archive, &hash).map_err(missing)?;
                contents.files.push((blob, id));
                contents.bytes = contents.bytes.saturating_add(size);
            }
        }
        contents.files.sort_unstable();
        contents.beside.sort_unstable();
        contents.beside.dedup();
        let files = &contents.files;
        let is_content = |blob: &BlobId| files.binary_search_by_key(blob, |(id, _)| *id).is_ok();
        contents.beside.retain(|blob| !is_content(blob));
        Ok(contents)
    }

    /// How many files are made, further names not counted.
    pub(super) fn file_count(&self) -> u64 {
        (self.files.len() + self.empty.len()) as u64
    }

    /// The files that have a blob.
    fn files_of(&self, blob: BlobId) -> &[(BlobId, ItemId)] {
        let start = self.files.partition_point(|(id, _)| *id < blob);
        let rest = self.files.get(start..).unwrap_or_default();
        let count = rest.partition_point(|(id, _)| *id == blob);
        rest.get(..count).unwrap_or_default()
    }

    /// Writes all files.
    ///
    /// # Errors
    /// What the host refused. Damaged content is noted, and everything else
    /// written.
    pub(super) fn write(&self, job: &Job<'_>) -> Result<(), ApplyError> {
        self.empty.par_iter().try_for_each(|id| {
            let file = NewFile::create(job, *id)?;
            file.place().map(drop)
        })?;
        let mut blobs: Vec<BlobId> = self.files.iter().map(|(blob, _)| *blob).collect();
        blobs.dedup();
        blobs.extend(&self.beside);
        let open = |blob: BlobId| -> io::Result<Box<dyn BlobConsumer + '_>> {
            Ok(match self.files_of(blob) {
                [] => Box::new(Checked { job, blob }),
                files => Box::new(Written {
                    job,
                    blob,
                    files,
                    first: None,
                }),
            })
        };
        job.archive
            .read_many(&blobs, &open)
            .map_err(|error| match error {
                // What a consumer could not do travels as the cause.
                Error::Consumer { source } => match source.downcast::<ApplyError>() {
                    Ok(error) => error,
                    Err(source) => ApplyError::Wim(Error::Consumer { source }),
                },
                error => ApplyError::Wim(error),
            })
    }
}

/// The first name of the file that `entry` names, where another item is it.
fn first_name(
    groups: &mut HashMap<(u64, Hash), ItemId>,
    entry: &Dentry<'_>,
    hash: Hash,
    id: ItemId,
) -> Option<ItemId> {
    let group = entry.link_group();
    if group == 0 {
        return None;
    }
    // Some writers number files with other content alike: these are no links.
    let first = *groups.entry((group, hash)).or_insert(id);
    (first != id).then_some(first)
}

/// A blob and its length, or its hash where it is not here.
fn find(archive: &Archive, hash: &Hash) -> Result<(BlobId, u64), Hash> {
    let blob = archive.find(hash).and_then(|id| archive.blob(id));
    match blob.filter(|blob| blob.is_here) {
        Some(blob) => Ok((blob.id, blob.size)),
        None => Err(*hash),
    }
}

/// Why content is not here.
fn missing(archive: &Archive, hash: Hash, path: ImagePath) -> ApplyError {
    let parts = archive.missing_parts();
    match parts.is_empty() {
        true => ApplyError::NoContent { path, hash },
        false => ApplyError::PartMissing { path, parts },
    }
}

/// An error of the host on its way through the reading of the archive.
fn through(error: ApplyError) -> io::Error {
    io::Error::other(error)
}

/// Content that is written to files.
struct Written<'j, 'a> {
    job: &'j Job<'a>,
    blob: BlobId,
    files: &'j [(BlobId, ItemId)],
    /// Opened when the first bytes come: of solid resources many blobs are
    /// begun before the first is ended.
    first: Option<NewFile<'j, 'a>>,
}

impl<'j, 'a> Written<'j, 'a> {
    fn first(&mut self) -> Result<Option<&mut NewFile<'j, 'a>>, ApplyError> {
        if let (None, Some((_, id))) = (&self.first, self.files.first()) {
            self.first = Some(NewFile::create(self.job, *id)?);
        }
        Ok(self.first.as_mut())
    }
}

impl BlobConsumer for Written<'_, '_> {
    fn data(&mut self, bytes: &[u8]) -> io::Result<()> {
        let first = self.first().map_err(through)?;
        if let Some(first) = first {
            first.write(bytes).map_err(through)?;
        }
        self.job.meter.add(bytes.len() as u64);
        Ok(())
    }

    fn end(mut self: Box<Self>, outcome: Result<(), Error>) -> io::Result<()> {
        if let Err(error) = outcome {
            for (_, id) in self.files {
                self.job.notes.damage(*id, &error);
            }
            note_damage(self.job, self.blob);
            return Ok(());
        }
        self.first().map_err(through)?;
        let mut source = match self.first.take() {
            Some(first) => first.place().map_err(through)?,
            None => None,
        };
        for (_, id) in self.files.get(1..).unwrap_or_default() {
            let placed = another(self.job, self.blob, *id, source.as_ref()).map_err(through)?;
            source = source.or(placed);
        }
        Ok(())
    }
}

/// One more file with content that was written before: to `source`, unless
/// none of the files before it could get its name.
fn another(
    job: &Job<'_>,
    blob: BlobId,
    id: ItemId,
    source: Option<&File>,
) -> Result<Option<File>, ApplyError> {
    let mut file = NewFile::create(job, id)?;
    let size = job.archive.blob(blob).map_or(0, |blob| blob.size);
    match source {
        Some(source) => file.copy(source)?,
        None => {
            // Its hash was compared a moment ago.
            let reader = job.archive.open_blob(blob)?;
            let mut buffer = vec![0; size.min(1 << 20) as usize];
            let mut at = 0;
            while at < size {
                let length = (size - at).min(buffer.len() as u64);
                let part = buffer.get_mut(..length as usize).unwrap_or_default();
                reader.read(at, part)?;
                file.write(part)?;
                at += length;
            }
        }
    }
    job.meter.add(size);
    file.place()
}

/// Content that is only looked at: the sidecar is going to have it.
struct Checked<'j, 'a> {
    job: &'j Job<'a>,
    blob: BlobId,
}

impl BlobConsumer for Checked<'_, '_> {
    fn data(&mut self, _bytes: &[u8]) -> io::Result<()> {
        Ok(())
    }

    fn end(self: Box<Self>, outcome: Result<(), Error>) -> io::Result<()> {
        if outcome.is_err() {
            note_damage(self.job, self.blob);
        }
        Ok(())
    }
}

fn note_damage(job: &Job<'_>, blob: BlobId) {
    if let Some(blob) = job.archive.blob(blob) {
        job.notes.damage_content(blob.hash);
    }
}
