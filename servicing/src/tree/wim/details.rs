//! What an image in a WIM file keeps of a file beside content, attributes and
//! times, and which names a file has.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;

use wimwright_wim::metadata::{Dentry, DentryId, StreamKind};

use super::super::TreeError;
use super::blob::WimBlob;
use super::link::MAX_REPARSE;
use super::{WimTree, kind};
use crate::blob::{Blob, MemoryBlob};
use crate::path::{ImagePath, Name};
use crate::plan::{FileDetails, NamedStream, ReparsePoint, STORED_ATTRIBUTES, Times};
use crate::text::Text;
use crate::time;
use crate::tree::Kind;

/// The groups of hard links, and what leads from a name to the root.
pub(super) struct LinkIndex {
    /// By number: the entries of groups with more than one.
    groups: HashMap<u64, Vec<DentryId>>,
    /// By entry of a group, or of a directory above one: the directory that it
    /// is in.
    above: HashMap<DentryId, DentryId>,
}

impl LinkIndex {
    fn of(metadata: &wimwright_wim::Metadata) -> LinkIndex {
        let mut groups: HashMap<u64, Vec<DentryId>> = HashMap::new();
        let mut above = HashMap::new();
        let mut open: Vec<DentryId> = metadata.root().map(|root| root.id()).into_iter().collect();
        while let Some(directory) = open.pop() {
            let Some(dentry) = metadata.dentry(directory) else {
                continue;
            };
            for child in metadata.children(&dentry) {
                if child.is_directory() {
                    open.push(child.id());
                    above.insert(child.id(), directory);
                } else if child.link_group() != 0 {
                    groups
                        .entry(child.link_group())
                        .or_default()
                        .push(child.id());
                    above.insert(child.id(), directory);
                }
            }
        }
        groups.retain(|_, members| members.len() > 1);
        LinkIndex { groups, above }
    }

    fn path(&self, metadata: &wimwright_wim::Metadata, entry: DentryId) -> Option<ImagePath> {
        let mut names = Vec::new();
        let mut at = entry;
        while let Some(above) = self.above.get(&at) {
            let units: Vec<u16> = metadata.dentry(at)?.name().units().collect();
            names.push(Name::found(Text::from_units(&units))?);
            at = *above;
        }
        names.reverse();
        Some(ImagePath::from_names(names))
    }
}

impl WimTree {
    /// All names of the file at `path`, `path` among them as it is given.
    pub(super) fn names_of(&self, path: &ImagePath) -> Result<Vec<ImagePath>, TreeError> {
        let alone = || vec![path.clone()];
        let Some(dentry) = self.find(path)?.filter(|found| kind(found) == Kind::File) else {
            return Ok(alone());
        };
        let index = self
            .link_index
            .get_or_init(|| LinkIndex::of(&self.metadata));
        let Some(members) = index.groups.get(&dentry.link_group()) else {
            return Ok(alone());
        };
        let content = dentry.content();
        let mut names = alone();
        for member in members.iter().filter(|member| **member != dentry.id()) {
            // Some files put different ones into one group: content tells.
            let same = self.metadata.dentry(*member);
            if same.is_some_and(|same| same.content() == content) {
                names.extend(index.path(&self.metadata, *member));
            }
        }
        Ok(names)
    }

    pub(super) fn details_of(
        &self,
        path: &ImagePath,
        dentry: &Dentry<'_>,
    ) -> Result<FileDetails<Arc<dyn Blob>>, TreeError> {
        let mut streams = Vec::new();
        for stream in dentry.streams() {
            if stream.kind != StreamKind::Data || stream.name.is_empty() {
                continue;
            }
            let units: Vec<u16> = stream.name.units().collect();
            let content = self.content(&stream.hash);
            let content: Arc<dyn Blob> =
                match content.map_err(|error| TreeError::new(path, error))? {
                    Some(reader) => Arc::new(WimBlob::new(reader)),
                    None => Arc::new(MemoryBlob::new([])),
                };
            streams.push(NamedStream {
                name: Text::from_units(&units),
                content,
            });
        }
        streams.sort_by(|left, right| left.name.cmp(&right.name));
        let security = dentry.security_id();
        let security = security.and_then(|id| self.metadata.security(id));
        let short: Vec<u16> = dentry.short_name().units().collect();
        Ok(FileDetails {
            security: Some(security.unwrap_or_default().to_vec()),
            short_name: Some(Text::from_units(&short)),
            streams: Some(streams),
            tagged: Some(dentry.tagged_bytes().to_vec()),
            stored: Some(dentry.attributes() & STORED_ATTRIBUTES),
        })
    }

    pub(super) fn reparse_point_of(
        &self,
        path: &ImagePath,
        dentry: &Dentry<'_>,
    ) -> Result<Option<ReparsePoint<Arc<dyn Blob>>>, TreeError> {
        let Some(reparse) = dentry.reparse() else {
            return Ok(None);
        };
        let in_tree = |error| TreeError::new(path, error);
        let mut streams = dentry.streams();
        let stream = streams.find(|stream| stream.kind == StreamKind::Reparse);
        let mut data = Vec::new();
        if let Some(stream) = stream
            && let Some(reader) = self.content(&stream.hash).map_err(in_tree)?
        {
            let read = reader.read_all(MAX_REPARSE);
            data = read.map_err(|error| in_tree(io::Error::other(error)))?;
        }
        Ok(Some(ReparsePoint {
            attributes: dentry.attributes(),
            tag: reparse.tag,
            flags: reparse.flags,
            data,
            times: Times {
                created: Some(time::from_wim(dentry.created())),
                accessed: Some(time::from_wim(dentry.accessed())),
                written: Some(time::from_wim(dentry.written())),
            },
            details: self.details_of(path, dentry)?,
        }))
    }
}
