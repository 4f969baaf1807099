//! Security, short names, streams and reparse points of entries.

use std::sync::Arc;

use wimwright_wim::metadata::{EntryFields, OwnedEntry, Reparse, StreamFields, StreamKind};
use wimwright_wim::{Hash, NewBlob};

use super::super::BackendError;
use super::edit::{ImageEdit, failed};
use crate::blob::{Blob, ContentId, MemoryBlob, ToStore};
use crate::path::ImagePath;
use crate::plan::{FileDetails, ReparsePoint, STORED_ATTRIBUTES};
use crate::time;

/// Details as an entry stores them.
struct Stored {
    security: Option<Option<u32>>,
    short_name: Option<Vec<u16>>,
    streams: Option<Vec<(StreamKind, Vec<u16>, Hash)>>,
    tagged: Option<Vec<u8>>,
    attributes: Option<u32>,
}

impl Stored {
    /// Gives an entry what goes with its name.
    fn give_name(&self, entry: &mut OwnedEntry) {
        if let Some(name) = &self.short_name {
            entry.short_name.clone_from(name);
        }
    }

    /// Gives an entry what goes with its file.
    fn give(&self, entry: &mut OwnedEntry) {
        if let Some(id) = self.security {
            entry.plain().security_id = id;
        }
        if let Some(streams) = &self.streams {
            entry
                .streams
                .retain(|(kind, name, _)| *kind != StreamKind::Data || name.is_empty());
            entry.streams.extend(streams.iter().cloned());
        }
        if let Some(tagged) = &self.tagged {
            entry.tagged.clone_from(tagged);
        }
        if let Some(attributes) = self.attributes {
            let plain = entry.plain();
            plain.attributes = plain.attributes & !STORED_ATTRIBUTES | attributes;
        }
    }
}

impl ImageEdit<'_> {
    /// Gives an entry details: the short name to this name, all else to all
    /// names of its file.
    pub(super) fn set_details(
        &mut self,
        path: &ImagePath,
        details: &FileDetails<Arc<dyn Blob>>,
    ) -> Result<(), BackendError> {
        let stored = self.stored(path, details)?;
        self.rewrite(path, true, |entry| stored.give(entry))?;
        self.rewrite(path, false, |entry| stored.give_name(entry))
    }

    /// Makes a reparse point where nothing is.
    pub(super) fn make_link(
        &mut self,
        path: &ImagePath,
        link: &ReparsePoint<Arc<dyn Blob>>,
    ) -> Result<(), BackendError> {
        let (Some(name), Some(parent)) = (path.file_name(), path.parent()) else {
            return Err(BackendError::Root);
        };
        let directory = self.directory(&parent)?;
        if self.child(directory, name).is_some() {
            return Err(BackendError::FileInTheWay { path: path.clone() });
        }
        let is_directory = link.attributes & 0x10 != 0;
        let inherited = match link.details.security {
            None => self.inherit(path, directory, is_directory)?,
            Some(_) => None,
        };
        let data: Arc<dyn Blob> = Arc::new(MemoryBlob::new(link.data.clone()));
        let hash = self.store(path, &data)?;
        let stored = self.stored(path, &link.details)?;
        // A descriptor that is new may have moved everything.
        let directory = self.directory(&parent)?;
        let units: Vec<u16> = name.as_text().units().collect();
        let streams = [StreamFields {
            kind: StreamKind::Reparse,
            name: &[],
            hash,
        }];
        let fields = EntryFields {
            name: &units,
            attributes: link.attributes,
            security_id: inherited,
            reparse: Some(Reparse {
                tag: link.tag,
                reserved: 0,
                flags: link.flags,
            }),
            streams: &streams,
            created: link.times.created.map_or(self.now, time::to_wim),
            accessed: link.times.accessed.map_or(self.now, time::to_wim),
            written: link.times.written.map_or(self.now, time::to_wim),
            ..EntryFields::default()
        };
        let added = self.editor.insert(directory, &[fields]);
        added.map_err(|source| failed(path, source))?;
        self.rewrite(path, false, |entry| {
            stored.give(entry);
            stored.give_name(entry);
        })
    }

    /// Details with what they name in the image.
    fn stored(
        &mut self,
        path: &ImagePath,
        details: &FileDetails<Arc<dyn Blob>>,
    ) -> Result<Stored, BackendError> {
        let security = match &details.security {
            None => None,
            Some(none) if none.is_empty() => Some(None),
            Some(descriptor) => {
                let id = self.editor.security(descriptor);
                Some(Some(id.map_err(|source| failed(path, source))?))
            }
        };
        let mut streams = details.streams.as_ref().map(|_| Vec::new());
        for stream in details.streams.iter().flatten() {
            let hash = self.store(path, &stream.content)?;
            let name = stream.name.units().collect();
            if let Some(streams) = &mut streams {
                streams.push((StreamKind::Data, name, hash));
            }
        }
        Ok(Stored {
            security,
            short_name: details
                .short_name
                .as_ref()
                .map(|name| name.units().collect()),
            streams,
            tagged: details.tagged.clone(),
            attributes: details.stored.map(|stored| stored & STORED_ATTRIBUTES),
        })
    }

    /// Hands over content of a stream.
    fn store(&mut self, path: &ImagePath, content: &Arc<dyn Blob>) -> Result<Hash, BackendError> {
        let unreadable = |source| BackendError::Content {
            path: path.clone(),
            source,
        };
        let id = ContentId::of_blob(content.as_ref()).map_err(unreadable)?;
        if id.len == 0 {
            return Ok(Hash::ZERO);
        }
        let mut blob = NewBlob::new(ToStore(Arc::clone(content)));
        blob.hash = Some(Hash(id.sha1));
        let added = self.update.add_blob(blob);
        added.map_err(|source| failed(path, source))
    }
}
