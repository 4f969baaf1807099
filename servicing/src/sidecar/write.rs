//! A sidecar being written: begun before anything is applied, so that it marks
//! a tree that was not applied to its end, and finished after all else.
//!
//! Where a sidecar is there already, the new one says what both do: entries of
//! the image that was applied last, and those of the other that are still on
//! the host.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use wimwright_wim::compress::Codec;
use wimwright_wim::metadata::{
    Dentry, DentryId, MetadataBuilder, OwnedEntry, attribute, push_tagged,
};
use wimwright_wim::{
    Archive, BlobId, Element, Error, Hash, Metadata, Packing, WimWriter, WriteAt, WriteOptions,
};

use super::{HostTimes, KEPT_TAG, Sidecar, VERSION, is_beside_the_tree, name_of};
use crate::path::Name;
use crate::tree::directory::{Names, host_name};

/// Entries of an image that are not on the host.
pub(crate) type Kept = HashSet<DentryId>;

/// What a sidecar says.
pub(crate) struct SidecarContent<'a> {
    /// The archive that was applied from.
    pub(crate) archive: &'a Archive,
    /// What the archive's XML data say of the image.
    pub(crate) element: Option<&'a Element>,
    /// The image's metadata.
    pub(crate) metadata: Metadata,
    /// Entries that are not on the host.
    pub(crate) kept: Kept,
    /// Content that is damaged in the archive.
    pub(crate) damaged: HashSet<Hash>,
    /// Which times the host holds.
    pub(crate) times: HostTimes,
    /// The sidecar that was there.
    pub(crate) old: Option<OldSidecar<'a>>,
}

/// The sidecar that was there, and what has become of its tree.
pub(crate) struct OldSidecar<'a> {
    pub(crate) sidecar: &'a Sidecar,
    /// Whether something has this path on the host, from the tree's root.
    pub(crate) is_there: &'a dyn Fn(&Path) -> bool,
    /// The directory that things of the root were moved into, with their
    /// names.
    pub(crate) moved: Option<(&'a Name, &'a [Name])>,
}

/// A sidecar that is being written.
pub(crate) struct SidecarWriter(WimWriter);

impl SidecarWriter {
    /// Begins one in `file`.
    pub(crate) fn begin(file: Arc<dyn WriteAt>, guid: [u8; 16]) -> Result<SidecarWriter, Error> {
        let mut options = WriteOptions::new(Packing::new(Codec::Xpress), guid);
        options.delta = true;
        WimWriter::create(file, options).map(SidecarWriter)
    }

    /// Writes all of it.
    pub(crate) fn finish(self, content: SidecarContent<'_>) -> Result<(), Error> {
        let SidecarWriter(mut writer) = self;
        let old = content.old.as_ref();
        let old_stays = old.is_some_and(|old| any_stays(&content.metadata, old));
        let metadata = match content.kept.is_empty() && !old_stays {
            // Nothing is to be said but what the image says, which may be
            // long: it is not built again.
            true => content.metadata,
            false => merge(content.metadata, &content.kept, old)?,
        };
        let old = content.old.as_ref().map(|old| old.sidecar.archive());
        let (new, old) = blobs(&metadata, content.archive, old, &content.damaged);
        writer.copy_blobs(content.archive, &new)?;
        if let Some((archive, ids)) = old {
            writer.copy_blobs(archive, &ids)?;
        }
        let mut element = match content.element {
            Some(element) => element.clone(),
            None => Element::new("IMAGE"),
        };
        element.set_text("WIMWRIGHT/SIDECAR", VERSION);
        content.times.write(&mut element);
        writer.add_image(metadata, element)?;
        writer.finish().map(drop)
    }
}

/// Which content a sidecar with this metadata has, from either archive.
fn blobs<'o>(
    metadata: &Metadata,
    archive: &Archive,
    old: Option<&'o Archive>,
    damaged: &HashSet<Hash>,
) -> (Vec<BlobId>, Option<(&'o Archive, Vec<BlobId>)>) {
    let mut seen = HashSet::new();
    let (mut new, mut from_old) = (Vec::new(), Vec::new());
    for (_, entry) in metadata.walk() {
        for stream in entry.streams() {
            let beside = is_beside_the_tree(&entry, stream.kind, stream.name);
            if stream.hash.is_zero() || !beside || !seen.insert(stream.hash) {
                continue;
            }
            let good = !damaged.contains(&stream.hash);
            let found = archive.find(&stream.hash).filter(|_| good);
            match found {
                Some(id) => new.push(id),
                None => from_old.extend(old.and_then(|old| old.find(&stream.hash))),
            }
        }
    }
    (new, old.map(|old| (old, from_old)))
}

/// A directory of either tree, or both.
struct Directory {
    image: Option<DentryId>,
    old: Option<DentryId>,
    /// Where the old one lies on the host, from the root.
    path: PathBuf,
    depth: usize,
}

/// An entry of a list, with what its own list will come from.
struct Merged<'m> {
    entry: OwnedEntry,
    image: Option<Dentry<'m>>,
    old: Option<Dentry<'m>>,
}

/// The metadata of both trees in one.
fn merge(image: Metadata, kept: &Kept, old: Option<&OldSidecar<'_>>) -> Result<Metadata, Error> {
    let Some(root) = image.root() else {
        return Ok(image);
    };
    let groups = Groups::of(&image);
    let mut securities = Securities::default();
    let mut first = owned(&root, 0);
    // The builder numbers descriptors, but wants a root to begin with: the
    // first descriptor that it is given has the number 0.
    first.plain().security_id = root
        .security_id()
        .and_then(|id| image.security(id))
        .map(|_| 0);
    let (mut builder, id) = MetadataBuilder::new(&first.fields(&first.stream_fields()))?;
    if let Some(id) = root.security_id() {
        securities.number(&mut builder, &image, Some(id), Side::Image);
    }
    let top = Directory {
        image: Some(root.id()),
        old: old.and_then(|old| old.sidecar.metadata().root().map(|root| root.id())),
        path: PathBuf::new(),
        depth: 0,
    };
    let mut open = vec![(id, top)];
    while let Some((id, directory)) = open.pop() {
        let mut list = list(&directory, &image, kept, old, &groups);
        for merged in &mut list {
            let (metadata, side, id) = match (&merged.image, &merged.old, old) {
                (Some(entry), ..) => (&image, Side::Image, entry.security_id()),
                (None, Some(entry), Some(old)) => {
                    (old.sidecar.metadata(), Side::Old, entry.security_id())
                }
                _ => continue,
            };
            merged.entry.plain().security_id = securities.number(&mut builder, metadata, id, side);
        }
        let streams: Vec<_> = list
            .iter()
            .map(|merged| merged.entry.stream_fields())
            .collect();
        let fields = list.iter().zip(&streams);
        let added = builder.list(
            id,
            fields.map(|(merged, streams)| merged.entry.fields(streams)),
        )?;
        for (merged, id) in list.iter().zip(added) {
            let Some(id) = id else {
                continue;
            };
            let moved = directory.depth == 0 && merged.image.is_none() && merged.old.is_none();
            let below = Directory {
                image: merged.image.map(|entry| entry.id()),
                old: match moved {
                    // The directory that the old system was moved into has
                    // what the old root had.
                    true => directory.old,
                    false => merged.old.map(|entry| entry.id()),
                },
                path: directory.path.join(host_path(&merged.entry)),
                depth: directory.depth + 1,
            };
            open.push((id, below));
        }
    }
    builder.finish()
}

/// Whether anything of an old sidecar is still to be said.
fn any_stays(image: &Metadata, old: &OldSidecar<'_>) -> bool {
    let groups = Groups { behind: 0 };
    let mut open = vec![Directory {
        image: image.root().map(|root| root.id()),
        old: old.sidecar.metadata().root().map(|root| root.id()),
        path: PathBuf::new(),
        depth: 0,
    }];
    while let Some(directory) = open.pop() {
        for merged in list(&directory, image, &Kept::default(), Some(old), &groups) {
            match (merged.image, merged.old) {
                (None, _) => return true,
                (Some(entry), Some(in_old)) => open.push(Directory {
                    image: Some(entry.id()),
                    old: Some(in_old.id()),
                    path: directory.path.join(host_path(&merged.entry)),
                    depth: directory.depth + 1,
                }),
                (Some(_), None) => {}
            }
        }
    }
    false
}

/// The entries of one directory.
fn list<'m>(
    directory: &Directory,
    image: &'m Metadata,
    kept: &Kept,
    old: Option<&'m OldSidecar<'_>>,
    groups: &Groups,
) -> Vec<Merged<'m>> {
    let entry = directory.image.and_then(|id| image.dentry(id));
    let mut list: Vec<Merged<'m>> = Vec::new();
    for child in entry.iter().flat_map(|entry| image.children(entry)) {
        let mut entry = owned(&child, child.link_group());
        if kept.contains(&child.id()) {
            push_tagged(&mut entry.tagged, KEPT_TAG, &[]);
        }
        list.push(Merged {
            entry,
            image: Some(child),
            old: None,
        });
    }
    let (Some(old), Some(id)) = (old, directory.old) else {
        return list;
    };
    let metadata = old.sidecar.metadata();
    let Some(entry) = metadata.dentry(id) else {
        return list;
    };
    let named = list.iter().enumerate();
    let named = named.filter_map(|(at, merged)| Some((name_of(merged.image?.name())?, at)));
    let named = Names::new(named.collect());
    let at_root = directory.depth == 0;
    // The list of the directory that was moved into is made from the old root.
    let in_moved = directory.depth == 1 && directory.image.is_none() && is_root(metadata, id);
    let moved = |name: &Name| {
        let names = old.moved.map(|(_, names)| names).unwrap_or_default();
        names.contains(name)
    };
    for child in metadata.children(&entry) {
        let Some(name) = name_of(child.name()) else {
            continue;
        };
        if (at_root && moved(&name)) || (in_moved && !moved(&name)) {
            continue;
        }
        if let Some((_, at)) = named.find(&name) {
            if let Some(merged) = list.get_mut(*at)
                && merged.image.is_some_and(|entry| entry.is_directory())
                && child.is_directory()
            {
                merged.old = Some(child);
            }
            continue;
        }
        let there = (old.is_there)(&directory.path.join(host_name(&name)));
        if there || super::is_kept(&child) {
            list.push(Merged {
                entry: owned(&child, groups.of_old(child.link_group())),
                image: None,
                old: Some(child),
            });
        }
    }
    if at_root && let Some((name, _)) = old.moved {
        list.push(Merged {
            entry: directory_named(name),
            image: None,
            old: None,
        });
    }
    list
}

fn is_root(metadata: &Metadata, id: DentryId) -> bool {
    metadata.root().is_some_and(|root| root.id() == id)
}

/// Numbers of hard-link groups: those of the old tree go behind the image's.
struct Groups {
    behind: u64,
}

impl Groups {
    fn of(image: &Metadata) -> Groups {
        let groups = image.walk().map(|(_, entry)| entry.link_group());
        Groups {
            behind: groups.max().unwrap_or_default(),
        }
    }

    fn of_old(&self, group: u64) -> u64 {
        match group {
            0 => 0,
            // Numbers so large that they do not fit are nobody's group.
            group => group.checked_add(self.behind).unwrap_or_default(),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Side {
    Image,
    Old,
}

/// Descriptors already given to the builder, so that a descriptor is compared
/// with others once and not for each file.
#[derive(Default)]
struct Securities(std::collections::HashMap<(Side, u32), u32>);

impl Securities {
    fn number(
        &mut self,
        builder: &mut MetadataBuilder,
        metadata: &Metadata,
        id: Option<u32>,
        side: Side,
    ) -> Option<u32> {
        let id = id?;
        if let Some(number) = self.0.get(&(side, id)) {
            return Some(*number);
        }
        let number = builder.security(metadata.security(id)?);
        self.0.insert((side, id), number);
        Some(number)
    }
}

/// Where an entry's name lies in the directory of the host.
fn host_path(entry: &OwnedEntry) -> PathBuf {
    let text = crate::text::Text::from_units(&entry.name);
    Name::found(text).map_or_else(PathBuf::new, |name| host_name(&name).into())
}

/// A copy of an entry, in another group of hard links.
fn owned(entry: &Dentry<'_>, link_group: u64) -> OwnedEntry {
    let mut owned = OwnedEntry::of(entry);
    owned.plain().link_group = link_group;
    owned
}

/// A directory of which nothing is known but its name.
fn directory_named(name: &Name) -> OwnedEntry {
    let mut owned = OwnedEntry::default();
    owned.name = name.as_text().units().collect();
    owned.plain().attributes = attribute::DIRECTORY;
    owned
}
