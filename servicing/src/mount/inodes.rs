//! What a mount knows of files and directories: those that somebody looked
//! for, and those that were changed.
//!
//! An inode says where in the image its content lies, however often it was
//! renamed; so a rename moves one entry, whatever is below it. Names are
//! compared as Windows compares them.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use wimwright_hive::FileTime;

use crate::patched::Patched;
use crate::path::{ImagePath, Name};
use crate::plan::Times;
use crate::tree::Kind;

/// The inode of the image root.
pub(super) const ROOT: u64 = 1;
/// The inode of the file that the mount is controlled by.
pub(super) const CONTROL: u64 = 2;

/// A name by its spelling: an image may hold several that Windows takes for the
/// same.
#[derive(Clone, Debug)]
pub(super) struct Spelled {
    name: Name,
    /// Whether it is the one with exactly this spelling; else it stands before
    /// all spellings of the name.
    exact: bool,
}

impl Spelled {
    /// This spelling.
    pub(super) fn exactly(name: &Name) -> Spelled {
        Spelled {
            name: name.clone(),
            exact: true,
        }
    }

    /// The place before all spellings of a name.
    fn before(name: &Name) -> Spelled {
        Spelled {
            name: name.clone(),
            exact: false,
        }
    }

    pub(super) fn name(&self) -> &Name {
        &self.name
    }
}

impl Ord for Spelled {
    fn cmp(&self, other: &Spelled) -> Ordering {
        let spelling = || match (self.exact, other.exact) {
            (true, true) => {
                let (left, right) = (self.name.as_text(), other.name.as_text());
                left.as_wtf8().cmp(right.as_wtf8())
            }
            (left, right) => left.cmp(&right),
        };
        self.name.cmp(&other.name).then_with(spelling)
    }
}
impl PartialOrd for Spelled {
    fn partial_cmp(&self, other: &Spelled) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl PartialEq for Spelled {
    fn eq(&self, other: &Spelled) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}
impl Eq for Spelled {}

/// Where what an inode stands for comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// The image has it here: in its directory's origin, under its name.
    Here,
    /// The image has it elsewhere: it was renamed.
    At(ImagePath),
    /// It is new.
    New,
}

/// A file, directory or link.
pub(super) struct Inode {
    pub(super) parent: u64,
    pub(super) name: Name,
    pub(super) kind: Kind,
    pub(super) origin: Origin,
    /// What is known of a directory: names that were looked for, and all that
    /// the image does not have here.
    pub(super) children: BTreeMap<Spelled, u64>,
    /// What differs from the image, in a place of its own: most inodes are only
    /// looked at, and there may be very many.
    changed: Option<Box<Changed>>,
    /// How often the kernel was told of it and has not forgotten it.
    pub(super) lookups: u64,
    /// How often it is open.
    pub(super) open: u64,
    /// Whether it still has a name.
    pub(super) linked: bool,
}

/// What of an inode differs from the image.
#[derive(Default)]
pub(super) struct Changed {
    /// Names of the image that are not in this directory any more.
    pub(super) hidden: BTreeSet<Spelled>,
    /// The content, once written to.
    pub(super) content: Option<Arc<Patched>>,
    /// Attributes that were set.
    pub(super) attributes: Option<u32>,
    /// Times that were set.
    pub(super) times: Times,
    /// When it was last written to without the time being set.
    pub(super) touched: Option<FileTime>,
}

static UNCHANGED: Changed = Changed {
    hidden: BTreeSet::new(),
    content: None,
    attributes: None,
    times: Times {
        created: None,
        accessed: None,
        written: None,
    },
    touched: None,
};

impl Inode {
    pub(super) fn new(parent: u64, name: Name, kind: Kind, origin: Origin) -> Inode {
        Inode {
            parent,
            name,
            kind,
            origin,
            children: BTreeMap::new(),
            changed: None,
            lookups: 0,
            open: 0,
            linked: true,
        }
    }

    /// What differs from the image.
    pub(super) fn changed(&self) -> &Changed {
        self.changed.as_deref().unwrap_or(&UNCHANGED)
    }

    /// The same, to be changed.
    pub(super) fn change(&mut self) -> &mut Changed {
        self.changed.get_or_insert_default()
    }

    /// Whether the image knows all that is to be known of it.
    fn is_as_in_image(&self) -> bool {
        let changed = self.changed();
        self.origin == Origin::Here
            && changed.content.is_none()
            && changed.attributes.is_none()
            && changed.times.is_empty()
            && changed.hidden.is_empty()
    }

    /// What is known of a name in a directory, whatever its spelling: the first
    /// spelling.
    pub(super) fn child_alike(&self, name: &Name) -> Option<u64> {
        let mut from = self.children.range(Spelled::before(name)..);
        let (first, child) = from.next()?;
        (first.name() == name).then_some(*child)
    }

    /// The first spelling of a name that the image has here no more.
    pub(super) fn hidden_alike(&self, name: &Name) -> Option<&Name> {
        let mut from = self.changed().hidden.range(Spelled::before(name)..);
        from.next()
            .map(Spelled::name)
            .filter(|first| *first == name)
    }
}

/// All inodes that are known.
pub(super) struct Inodes {
    /// Boxed: the table has more places than inodes, and while it grows it is
    /// there twice.
    known: HashMap<u64, Box<Inode>>,
    next: u64,
}

impl Inodes {
    /// The root alone.
    pub(super) fn new() -> Inodes {
        let mut known = HashMap::new();
        // The root has no name; this one is never looked at.
        if let Some(name) = Name::found(crate::text::Text::from("root")) {
            let mut root = Inode::new(ROOT, name, Kind::Directory, Origin::At(ImagePath::root()));
            root.lookups = 1;
            known.insert(ROOT, Box::new(root));
        }
        Inodes {
            known,
            next: CONTROL + 1,
        }
    }

    pub(super) fn get(&self, number: u64) -> Option<&Inode> {
        self.known.get(&number).map(Box::as_ref)
    }

    pub(super) fn get_mut(&mut self, number: u64) -> Option<&mut Inode> {
        self.known.get_mut(&number).map(Box::as_mut)
    }

    /// Whether anything is not as the image has it.
    pub(super) fn is_changed(&self) -> bool {
        self.known.iter().any(|(number, inode)| {
            let changed = *number != ROOT && inode.linked && !inode.is_as_in_image();
            changed || !inode.changed().hidden.is_empty()
        })
    }

    /// Adds an inode to its directory, and gives its number.
    pub(super) fn add(&mut self, inode: Inode) -> u64 {
        let number = self.next;
        self.next += 1;
        if let Some(parent) = self.known.get_mut(&inode.parent) {
            let name = Spelled::exactly(&inode.name);
            parent.children.insert(name, number);
        }
        self.known.insert(number, Box::new(inode));
        number
    }

    /// Where the image has what an inode stands for; `None` for what is new.
    pub(super) fn origin(&self, number: u64) -> Option<ImagePath> {
        let mut names = Vec::new();
        let mut at = number;
        let top = loop {
            let inode = self.known.get(&at)?;
            match &inode.origin {
                Origin::At(path) => break path.clone(),
                Origin::New => return None,
                Origin::Here => {
                    names.push(inode.name.clone());
                    at = inode.parent;
                }
            }
        };
        names.reverse();
        Some(top.join_path(&ImagePath::from_names(names)))
    }

    /// Where an inode is now; `None` for what has no name any more.
    pub(super) fn path(&self, number: u64) -> Option<ImagePath> {
        let mut names = Vec::new();
        let mut at = number;
        while at != ROOT {
            let inode = self.known.get(&at).filter(|inode| inode.linked)?;
            names.push(inode.name.clone());
            at = inode.parent;
        }
        names.reverse();
        Some(ImagePath::from_names(names))
    }

    /// Whether `number` is `directory` or lies below it.
    pub(super) fn is_in(&self, number: u64, directory: u64) -> bool {
        let mut at = number;
        while at != directory {
            match self.known.get(&at) {
                Some(inode) if at != ROOT => at = inode.parent,
                _ => return false,
            }
        }
        true
    }

    /// Takes an inode's name away.
    pub(super) fn unlink(&mut self, number: u64) {
        let origin = self.origin(number);
        let Some(inode) = self.known.get_mut(&number) else {
            return;
        };
        let (parent, name) = (inode.parent, inode.name.clone());
        let was_here = inode.origin == Origin::Here;
        // Its content may be read still, when nothing says where it was.
        if let (true, Some(origin)) = (was_here, origin) {
            inode.origin = Origin::At(origin);
        }
        inode.linked = false;
        self.leave(parent, &name, was_here);
    }

    /// Gives an inode another name and place.
    pub(super) fn rename(&mut self, number: u64, parent: u64, name: &Name) {
        let origin = self.origin(number);
        let Some(inode) = self.known.get_mut(&number) else {
            return;
        };
        let (old_parent, old_name) = (inode.parent, inode.name.clone());
        let was_here = inode.origin == Origin::Here;
        if let (true, Some(origin)) = (was_here, origin) {
            inode.origin = Origin::At(origin);
        }
        inode.parent = parent;
        inode.name = name.clone();
        self.leave(old_parent, &old_name, was_here);
        if let Some(parent) = self.known.get_mut(&parent) {
            parent.children.insert(Spelled::exactly(name), number);
        }
    }

    /// Takes a name out of a directory.
    fn leave(&mut self, directory: u64, name: &Name, image_has_it: bool) {
        if let Some(directory) = self.known.get_mut(&directory) {
            let name = Spelled::exactly(name);
            directory.children.remove(&name);
            if image_has_it {
                directory.change().hidden.insert(name);
            }
        }
    }

    /// Drops what nobody knows of any more and the image can tell again.
    pub(super) fn drop_unused(&mut self, number: u64) {
        let mut at = number;
        while at != ROOT {
            let Some(inode) = self.known.get(&at) else {
                return;
            };
            let unknown = inode.lookups == 0 && inode.open == 0 && inode.children.is_empty();
            if !unknown || inode.linked && !inode.is_as_in_image() {
                return;
            }
            let (parent, name, linked) = (inode.parent, inode.name.clone(), inode.linked);
            self.known.remove(&at);
            if !linked {
                return;
            }
            if let Some(parent) = self.known.get_mut(&parent) {
                parent.children.remove(&Spelled::exactly(&name));
            }
            // A directory that waited for this one alone.
            at = parent;
        }
    }
}
