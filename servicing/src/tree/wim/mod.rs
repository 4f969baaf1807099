//! An image in a WIM file as a tree: nothing is extracted or mounted.
//!
//! Directories are indexed when something in them is asked for, and contents
//! are unpacked where they are read. Symbolic links and junctions that lead to
//! a directory of the image are followed on the way to a path, as in a
//! directory on the host; a listing names them as links.

mod blob;
mod details;
mod link;

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use blob::WimBlob;
use details::LinkIndex;
pub(crate) use link::{inside, reparse_target, substitute_name};
use wimwright_wim::metadata::{Dentry, DentryId};
use wimwright_wim::{Archive, BlobReader, Hash};

use super::directory::Names;
use super::{Entry, FileTree, Kind, Metadata, NameClash, TreeError};
use crate::blob::{Blob, MemoryBlob};
use crate::path::{ImagePath, Name};
use crate::plan::{FileDetails, ReparsePoint};
use crate::text::Text;
use crate::time;
use crate::wim_file::WimFile;

/// An image in a WIM file as a tree.
pub struct WimTree {
    archive: Archive,
    /// Kept open, with its lock: nobody fills what is read here.
    _file: Option<Arc<WimFile>>,
    index: u32,
    metadata: wimwright_wim::Metadata,
    /// `None` for an image in which nothing is, not even a root.
    root: Option<DentryId>,
    /// By directory: the names in it.
    listings: Mutex<HashMap<DentryId, Arc<Names<DentryId>>>>,
    /// How many names each group of hard links has.
    links: OnceLock<HashMap<u64, u64>>,
    /// Which names these are.
    link_index: OnceLock<LinkIndex>,
}

impl WimTree {
    /// The image `index` of a WIM file, from 1 on.
    ///
    /// # Errors
    /// What is wrong with its metadata.
    pub fn open(file: &Arc<WimFile>, index: u32) -> Result<WimTree, wimwright_wim::Error> {
        let tree = WimTree::over(file.archive(), index)?;
        Ok(WimTree {
            _file: Some(Arc::clone(file)),
            ..tree
        })
    }

    /// The image `index` of an archive, wherever that lies.
    pub(crate) fn over(archive: &Archive, index: u32) -> Result<WimTree, wimwright_wim::Error> {
        let metadata = archive.metadata(index)?;
        let root = metadata.root().map(|root| root.id());
        Ok(WimTree {
            archive: archive.clone(),
            _file: None,
            index,
            root,
            metadata,
            listings: Mutex::default(),
            links: OnceLock::new(),
            link_index: OnceLock::new(),
        })
    }

    fn archive(&self) -> &Archive {
        &self.archive
    }

    /// The number of the image, from 1 on.
    pub fn index(&self) -> u32 {
        self.index
    }

    /// Its entries as they are stored.
    pub fn entries(&self) -> &wimwright_wim::Metadata {
        &self.metadata
    }

    /// The groups of names that differ only by case, in the directories looked
    /// at so far.
    pub fn name_clashes(&self) -> Vec<NameClash> {
        let listings = self.listings.lock().unwrap_or_else(PoisonError::into_inner);
        let root = self.root.map(|root| (ImagePath::root(), root));
        let mut open: Vec<_> = root.into_iter().collect();
        let mut clashes = Vec::new();
        while let Some((directory, id)) = open.pop() {
            let Some(names) = listings.get(&id) else {
                continue;
            };
            clashes.extend(names.clashes().map(|names| NameClash {
                directory: directory.clone(),
                names,
            }));
            let below = names.iter().filter(|(_, id)| listings.contains_key(id));
            open.extend(below.map(|(name, id)| (directory.child(name.clone()), *id)));
        }
        clashes.sort_by(|left, right| left.directory.cmp(&right.directory));
        clashes
    }

    /// The names in the directory with this entry.
    fn listing(&self, directory: DentryId) -> Arc<Names<DentryId>> {
        let lock = || self.listings.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = lock().get(&directory) {
            return Arc::clone(known);
        }
        let mut found = Vec::new();
        if let Some(dentry) = self.metadata.dentry(directory) {
            for child in self.metadata.children(&dentry) {
                let units: Vec<u16> = child.name().units().collect();
                // The crate refuses metadata with other names.
                if let Some(name) = Name::found(Text::from_units(&units)) {
                    found.push((name, child.id()));
                }
            }
        }
        let names = Arc::new(Names::new(found));
        Arc::clone(lock().entry(directory).or_insert(names))
    }

    /// The entry at `path`; the last name is not followed.
    pub(crate) fn find(&self, path: &ImagePath) -> Result<Option<Dentry<'_>>, TreeError> {
        self.find_from(path, link::MOST_LINKS)
    }

    fn find_from(
        &self,
        path: &ImagePath,
        links_left: usize,
    ) -> Result<Option<Dentry<'_>>, TreeError> {
        let Some(mut at) = self.root else {
            return Ok(None);
        };
        let names = path.names();
        for (depth, name) in names.iter().enumerate() {
            let Some(mut directory) = self.metadata.dentry(at) else {
                return Ok(None);
            };
            if directory.is_reparse_point() {
                let here = ImagePath::from_names(names.iter().take(depth).cloned());
                if let Some(followed) = self.follow(&here, &directory, links_left)? {
                    directory = followed;
                }
            }
            if kind(&directory) != Kind::Directory {
                return Ok(None);
            }
            match self.listing(directory.id()).find(name) {
                Some((_, id)) => at = *id,
                None => return Ok(None),
            }
        }
        Ok(self.metadata.dentry(at))
    }

    /// The content with this hash; zero is the empty one.
    fn content(&self, hash: &Hash) -> io::Result<Option<BlobReader>> {
        if hash.is_zero() {
            return Ok(None);
        }
        let found = self.archive().find(hash).ok_or_else(|| {
            let message = format!(
                "the content {hash} is not in the WIM file (hint: `--ref` names files that have it)"
            );
            io::Error::new(io::ErrorKind::NotFound, message)
        })?;
        let blob = self.archive().open_blob(found);
        blob.map(Some).map_err(io::Error::other)
    }

    /// The unpacked content at `path` as the archive reads it, for one who
    /// wants to use its packed chunks again; `None` where there is no file, or
    /// an empty one.
    pub(crate) fn reader(&self, path: &ImagePath) -> Result<Option<BlobReader>, TreeError> {
        let Some(dentry) = self.find(path)?.filter(|found| kind(found) == Kind::File) else {
            return Ok(None);
        };
        self.content(&dentry.content())
            .map_err(|error| TreeError::new(path, error))
    }

    /// `path` without links before its last name, as the backend edits it.
    /// What is not there is as it was named.
    pub(crate) fn without_links(&self, path: &ImagePath) -> Result<ImagePath, TreeError> {
        let mut path = path.clone();
        'again: for _ in 0..link::MOST_LINKS {
            for depth in 1..path.names().len() {
                let above = ImagePath::from_names(path.names().iter().take(depth).cloned());
                let Some(dentry) = self.find(&above)? else {
                    return Ok(path);
                };
                if dentry.is_reparse_point()
                    && let Some(mut target) = self.place_behind(&above, &dentry)?
                {
                    for name in path.names().iter().skip(depth) {
                        target = target.child(name.clone());
                    }
                    path = target;
                    continue 'again;
                }
            }
            break;
        }
        Ok(path)
    }

    fn links_of(&self, dentry: &Dentry<'_>) -> u64 {
        let group = dentry.link_group();
        if group == 0 {
            return 1;
        }
        let links = self.links.get_or_init(|| {
            let mut links = HashMap::new();
            for (_, dentry) in self.metadata.walk() {
                if dentry.link_group() != 0 && !dentry.is_directory() {
                    *links.entry(dentry.link_group()).or_default() += 1;
                }
            }
            links
        });
        links.get(&group).copied().unwrap_or(1)
    }
}

/// What an entry stands for. Reparse points that only say how Windows keeps
/// the content (compressed, deduplicated) are links here as well, for their
/// content cannot be read without their driver.
fn kind(dentry: &Dentry<'_>) -> Kind {
    match () {
        () if dentry.is_reparse_point() => Kind::Link,
        () if dentry.is_directory() => Kind::Directory,
        () => Kind::File,
    }
}

impl FileTree for WimTree {
    fn metadata(&self, path: &ImagePath) -> Result<Option<Metadata>, TreeError> {
        let Some(mut dentry) = self.find(path)? else {
            return Ok(path.is_root().then(Metadata::directory));
        };
        if let Some(followed) = self.follow(path, &dentry, link::MOST_LINKS)? {
            dentry = followed;
        }
        let len = match kind(&dentry) {
            Kind::File => {
                let blob = self.archive().find(&dentry.content());
                let blob = blob.and_then(|id| self.archive().blob(id));
                // A file whose content is elsewhere is listed, but not opened.
                blob.map_or(0, |blob| blob.size)
            }
            Kind::Directory | Kind::Link => 0,
        };
        Ok(Some(Metadata {
            kind: kind(&dentry),
            len,
            attributes: Some(dentry.attributes()),
            created: Some(time::from_wim(dentry.created())),
            accessed: Some(time::from_wim(dentry.accessed())),
            modified: Some(time::from_wim(dentry.written())),
            links: self.links_of(&dentry),
        }))
    }

    fn read_dir(&self, path: &ImagePath) -> Result<Option<Vec<Entry>>, TreeError> {
        let Some(mut directory) = self.find(path)? else {
            return Ok(path.is_root().then(Vec::new));
        };
        if let Some(followed) = self.follow(path, &directory, link::MOST_LINKS)? {
            directory = followed;
        }
        if kind(&directory) != Kind::Directory {
            return Ok(None);
        }
        let names = self.listing(directory.id());
        let entries = names.iter().filter_map(|(name, id)| {
            Some(Entry {
                name: name.clone(),
                kind: kind(&self.metadata.dentry(*id)?),
            })
        });
        Ok(Some(entries.collect()))
    }

    fn entry(&self, path: &ImagePath) -> Result<Option<Entry>, TreeError> {
        let found = self.find(path)?.filter(|_| !path.is_root());
        Ok(found.and_then(|dentry| {
            let units: Vec<u16> = dentry.name().units().collect();
            Some(Entry {
                name: Name::found(Text::from_units(&units))?,
                kind: kind(&dentry),
            })
        }))
    }

    fn open(&self, path: &ImagePath) -> Result<Option<Arc<dyn Blob>>, TreeError> {
        let Some(mut dentry) = self.find(path)? else {
            return Ok(None);
        };
        if let Some(followed) = self.follow(path, &dentry, link::MOST_LINKS)? {
            dentry = followed;
        }
        if kind(&dentry) != Kind::File {
            return Ok(None);
        }
        let content = self.content(&dentry.content());
        let content = content.map_err(|error| TreeError::new(path, error))?;
        Ok(Some(match content {
            Some(reader) => Arc::new(WimBlob::new(reader)),
            None => Arc::new(MemoryBlob::new([])),
        }))
    }

    fn same_file(&self, one: &ImagePath, other: &ImagePath) -> Result<bool, TreeError> {
        let file = |path: &ImagePath| -> Result<Option<Dentry<'_>>, TreeError> {
            let Some(mut dentry) = self.find(path)? else {
                return Ok(None);
            };
            if let Some(followed) = self.follow(path, &dentry, link::MOST_LINKS)? {
                dentry = followed;
            }
            Ok((kind(&dentry) == Kind::File).then_some(dentry))
        };
        let (Some(one), Some(other)) = (file(one)?, file(other)?) else {
            return Ok(false);
        };
        let grouped = one.link_group() != 0 && one.link_group() == other.link_group();
        // Some files put different ones into one group: content tells.
        Ok(one.id() == other.id() || grouped && one.content() == other.content())
    }

    fn names(&self, path: &ImagePath) -> Result<Vec<ImagePath>, TreeError> {
        self.names_of(path)
    }

    fn details(&self, path: &ImagePath) -> Result<Option<FileDetails<Arc<dyn Blob>>>, TreeError> {
        let found = self.find(path)?;
        found
            .map(|dentry| self.details_of(path, &dentry))
            .transpose()
    }

    fn reparse_point(
        &self,
        path: &ImagePath,
    ) -> Result<Option<ReparsePoint<Arc<dyn Blob>>>, TreeError> {
        match self.find(path)? {
            Some(dentry) => self.reparse_point_of(path, &dentry),
            None => Ok(None),
        }
    }

    fn link_target(&self, path: &ImagePath) -> Result<Option<Text>, TreeError> {
        match self.find(path)? {
            Some(dentry) => self
                .target(path, &dentry)
                .map(|target| target.map(Text::from)),
            None => Ok(None),
        }
    }
}
