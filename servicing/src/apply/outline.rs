//! What is to be made on the host: the entries of an image, each with the one
//! it lies in, directories before what is in them.

use std::collections::{HashMap, HashSet, VecDeque};
use std::ffi::OsString;
use std::ops::Range;

use wimwright_wim::Metadata;
use wimwright_wim::metadata::{Dentry, DentryId};

use super::omission::Omission;
use crate::backend::is_reserved_name;
use crate::path::ImagePath;
use crate::sidecar::{kind_on_host, name_of};
use crate::text::Text;
use crate::tree::Kind;
use crate::tree::directory::host_name;

/// What an entry becomes on the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    Directory,
    File,
    /// A symbolic link.
    Link,
    /// Nothing.
    Omitted(Omission),
}

/// Number of an item in its outline. The root is 0.
pub(super) type ItemId = u32;

/// The root's.
pub(super) const ROOT: ItemId = 0;

/// An entry to be made.
#[derive(Clone, Debug)]
pub(super) struct Item {
    /// The entry; `None` for a root that is no directory of the image.
    pub(super) dentry: Option<DentryId>,
    pub(super) parent: ItemId,
    pub(super) what: What,
    children: Range<ItemId>,
}

/// All entries to be made.
pub(super) struct Outline {
    items: Vec<Item>,
}

/// Which entries of an image are wanted.
pub(super) enum Wanted {
    /// All.
    Everything,
    /// Some of a directory's entries, and which of these with all below.
    Some(Picked),
}

/// Entries picked out of an image.
#[derive(Default)]
pub(super) struct Picked {
    /// The entries of the new root, where it is no directory of the image.
    pub(super) at_root: Option<Vec<DentryId>>,
    /// Entries wanted in directories that are wanted in part.
    pub(super) within: HashMap<DentryId, Vec<DentryId>>,
    /// Entries wanted with all below.
    pub(super) whole: HashSet<DentryId>,
}

impl Outline {
    /// The outline of what is wanted of an image. With `reparse_points`, the
    /// host holds these as Windows does, and no entry becomes a symbolic link.
    pub(super) fn new(metadata: &Metadata, wanted: &Wanted, reparse_points: bool) -> Outline {
        let picked = match wanted {
            Wanted::Everything => None,
            Wanted::Some(picked) => Some(picked),
        };
        let at_root = picked.and_then(|picked| picked.at_root.as_ref());
        let root = metadata.root().map(|root| root.id());
        let mut outline = Outline {
            items: vec![Item {
                dentry: root.filter(|_| at_root.is_none()),
                parent: ROOT,
                what: What::Directory,
                children: 0..0,
            }],
        };
        let mut queue = VecDeque::from([ROOT]);
        while let Some(parent) = queue.pop_front() {
            let first = outline.items.len() as ItemId;
            let (id, above) = match outline.items.get(parent as usize) {
                Some(item) => (item.dentry, item.what),
                None => continue,
            };
            let directory = id.and_then(|id| metadata.dentry(id));
            let some = match id {
                None => at_root,
                Some(id) => picked
                    .filter(|picked| !picked.whole.contains(&id))
                    .and_then(|picked| picked.within.get(&id)),
            };
            let children: Vec<DentryId> = match (some, &directory) {
                (Some(some), _) => some.clone(),
                (None, Some(directory)) => metadata
                    .children(directory)
                    .map(|entry| entry.id())
                    .collect(),
                (None, None) => Vec::new(),
            };
            for entry in children.iter().filter_map(|id| metadata.dentry(*id)) {
                let what = match above {
                    What::Directory => what(&entry, parent == ROOT, reparse_points),
                    What::Omitted(_) => What::Omitted(Omission::DirectoryOmitted),
                    What::Link | What::File => What::Omitted(Omission::BelowLink),
                };
                if entry.is_directory() {
                    queue.push_back(outline.items.len() as ItemId);
                }
                outline.items.push(Item {
                    dentry: Some(entry.id()),
                    parent,
                    what,
                    children: 0..0,
                });
            }
            let last = outline.items.len() as ItemId;
            if let Some(item) = outline.items.get_mut(parent as usize) {
                item.children = first..last;
            }
        }
        outline
    }

    /// How many items there are, the root included.
    pub(super) fn len(&self) -> ItemId {
        self.items.len() as ItemId
    }

    /// An item. Numbers come from the outline itself.
    pub(super) fn item(&self, id: ItemId) -> &Item {
        // An outline has a root, and nobody makes up numbers.
        self.items.get(id as usize).unwrap_or(&self.items[0])
    }

    /// All items but the root, directories before what is in them.
    pub(super) fn below_root(&self) -> impl Iterator<Item = (ItemId, &Item)> {
        (0..).zip(&self.items).skip(1)
    }

    /// Those of one kind.
    pub(super) fn of(&self, what: What) -> impl Iterator<Item = (ItemId, &Item)> {
        self.below_root().filter(move |(_, item)| item.what == what)
    }

    /// The items in a directory.
    pub(super) fn children(&self, id: ItemId) -> Range<ItemId> {
        self.item(id).children.clone()
    }

    /// Leaves an item out, and all below it.
    pub(super) fn omit(&mut self, id: ItemId, omission: Omission) {
        let mut open = vec![(id, omission)];
        while let Some((id, omission)) = open.pop() {
            if let Some(item) = self.items.get_mut(id as usize) {
                if !matches!(item.what, What::Omitted(_)) {
                    item.what = What::Omitted(omission);
                }
                let below = item.children.clone();
                open.extend(below.map(|id| (id, Omission::DirectoryOmitted)));
            }
        }
    }

    /// The entry of an item.
    pub(super) fn dentry<'m>(&self, metadata: &'m Metadata, id: ItemId) -> Option<Dentry<'m>> {
        metadata.dentry(self.item(id).dentry?)
    }

    /// The name of an item on the host; empty for the root.
    pub(super) fn host_name(&self, metadata: &Metadata, id: ItemId) -> OsString {
        let name = match id {
            ROOT => None,
            _ => self
                .dentry(metadata, id)
                .and_then(|entry| name_of(entry.name())),
        };
        name.map_or_else(OsString::new, |name| host_name(&name))
    }

    /// Where an item lies, from the root of the target.
    pub(super) fn path(&self, metadata: &Metadata, id: ItemId) -> ImagePath {
        let mut names = Vec::new();
        let mut at = id;
        while at != ROOT {
            names.extend(
                self.dentry(metadata, at)
                    .and_then(|entry| name_of(entry.name())),
            );
            at = self.item(at).parent;
        }
        names.reverse();
        ImagePath::from_names(names)
    }
}

/// What an entry becomes on a host that can have any name.
fn what(entry: &Dentry<'_>, in_root: bool, reparse_points: bool) -> What {
    let name = name_of(entry.name());
    if name
        .as_ref()
        .is_none_or(|name| in_root && is_reserved_name(name))
    {
        return What::Omitted(Omission::Reserved);
    }
    match kind_on_host(entry) {
        Kind::Link if !reparse_points => What::Link,
        _ if entry.is_directory() => What::Directory,
        _ => What::File,
    }
}

/// A name as messages show it.
pub(super) fn shown_name(entry: &Dentry<'_>) -> Text {
    let units: Vec<u16> = entry.name().units().collect();
    Text::from_units(&units)
}
