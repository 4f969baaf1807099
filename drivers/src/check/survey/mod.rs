//! What the checks look at, read once: the driver database, the services, and
//! the folders that belong to them.

mod database;
mod files;
mod inf;
mod services;

use std::collections::{BTreeSet, HashMap};

use wimwright_servicing::registry::HiveName;
use wimwright_servicing::{Draft, Generation, ImagePath};

use crate::error::Error;
use crate::store::first_boot::folder::roots;
use crate::store::first_boot::pending::{self, Pending};
use crate::store::node::Node;
use crate::store::package_id::PackageId;
use crate::store::published_name::OemNumber;
pub(super) use database::{IndexEntry, NameEntry, PackageEntry, VersionState};
pub(super) use files::Files;
pub(super) use inf::{InfSays, index_of};
pub(super) use services::ServiceEntry;

/// What the checks look at.
pub(super) struct Survey {
    /// Whether the image has the hive DRIVERS with a database in it. Without
    /// it, half of what the image says of its drivers is not known.
    pub(super) both_nodes: bool,
    /// Published names, those of both nodes.
    pub(super) names: Vec<NameEntry>,
    /// Packages, those of both nodes, and those that only a name stands for.
    pub(super) packages: Vec<PackageEntry>,
    /// The index of device ids and classes.
    pub(super) index: Vec<IndexEntry>,
    /// Services of the control sets that edits go to.
    pub(super) services: Vec<ServiceEntry>,
    /// Folders and files.
    pub(super) files: Files,
    /// Packages that wait for the first boot.
    pub(super) waiting: Vec<Waiting>,
    names_at: HashMap<Place, usize>,
    keys_at: HashMap<Place, usize>,
    packages_of: HashMap<Place, Vec<usize>>,
    index_of: HashMap<Place, Vec<usize>>,
}

/// A name in a node, in lower case.
type Place = (Node, String);

fn place(node: Node, name: &str) -> Place {
    (node, name.to_lowercase())
}

/// A folder that waits for the first boot.
pub(super) struct Waiting {
    pub(super) pending: Pending,
    /// Whether it is one that `add` made: its name says so.
    pub(super) ours: bool,
}

impl Survey {
    pub(super) fn of(draft: &Draft) -> Result<Survey, Error> {
        let generation = draft.facts().generation;
        let files = Files::of(draft)?;
        let mut survey = Survey {
            both_nodes: draft.has_key(HiveName::Drivers, &Node::Drivers.root())?,
            names: Vec::new(),
            packages: Vec::new(),
            index: Vec::new(),
            services: services::of(draft)?,
            files,
            waiting: Vec::new(),
            names_at: HashMap::new(),
            keys_at: HashMap::new(),
            packages_of: HashMap::new(),
            index_of: HashMap::new(),
        };
        match generation {
            Generation::DriverDatabase => {
                for node in Node::ALL {
                    let (names, index) = database::of_node(draft, node)?;
                    survey.names.extend(names);
                    survey.index.extend(index);
                }
                survey.packages = database::packages(draft)?;
                survey.name_packages();
            }
            Generation::Nt5 | Generation::Nt6 => survey.waiting = waiting(draft)?,
        }
        survey.look_up();
        Ok(survey)
    }

    /// A package goes by the name that lists it, whatever it says itself.
    fn name_packages(&mut self) {
        let mut listing: HashMap<Place, Vec<&str>> = HashMap::new();
        for entry in &self.names {
            for id in entry.ids.iter().chain(&entry.active) {
                let names = listing.entry(place(entry.node, id)).or_default();
                names.push(&entry.name);
            }
        }
        for entry in &mut self.packages {
            let id = entry.stored.id.as_deref().unwrap_or_default();
            let Some(names) = listing.get(&place(entry.stored.node, id)) else {
                continue;
            };
            if !names.iter().any(|name| entry.stored.is_published_as(name)) {
                entry.stored.published = names.first().map(|name| (*name).to_owned());
            }
        }
    }

    /// Makes what is asked for again and again quick to find.
    fn look_up(&mut self) {
        for (at, entry) in self.names.iter().enumerate() {
            self.names_at.insert(place(entry.node, &entry.name), at);
        }
        for (at, entry) in self.packages.iter().enumerate() {
            let node = entry.stored.node;
            if let (true, Some(id)) = (entry.has_key, &entry.stored.id) {
                self.keys_at.insert(place(node, id), at);
            }
            if let Some(name) = &entry.stored.published {
                let of_name = self.packages_of.entry(place(node, name));
                of_name.or_default().push(at);
            }
        }
        for (at, entry) in self.index.iter().enumerate() {
            let of_name = self.index_of.entry(place(entry.node, &entry.published));
            of_name.or_default().push(at);
        }
    }

    /// Packages that a check looks at: what is another tool's alone is told by
    /// [`virt_v2v`](super::virt_v2v), and by nobody else.
    pub(super) fn packages(&self) -> impl Iterator<Item = &PackageEntry> {
        self.packages.iter().filter(|entry| !entry.is_virt_v2vs())
    }

    /// Packages of the database that third parties made.
    pub(super) fn third_party(&self) -> impl Iterator<Item = &PackageEntry> {
        self.packages().filter(|entry| !entry.stored.inbox)
    }

    /// Published names of which a check looks at.
    pub(super) fn names(&self) -> impl Iterator<Item = &NameEntry> {
        self.names.iter().filter(|entry| !entry.is_virt_v2vs())
    }

    /// A package with a key in the database.
    pub(super) fn package(&self, node: Node, id: &str) -> Option<&PackageEntry> {
        self.packages.get(*self.keys_at.get(&place(node, id))?)
    }

    /// A published name in a node.
    pub(super) fn name(&self, node: Node, name: &str) -> Option<&NameEntry> {
        self.names.get(*self.names_at.get(&place(node, name))?)
    }

    /// The packages that a published name stands for in a node.
    pub(super) fn published_as(
        &self,
        node: Node,
        name: &str,
    ) -> impl Iterator<Item = &PackageEntry> + use<'_> {
        let places = self.packages_of.get(&place(node, name));
        let places = places.into_iter().flatten();
        places.filter_map(|at| self.packages.get(*at))
    }

    /// What the index of a node lists a published name under.
    pub(super) fn indexed_as(
        &self,
        node: Node,
        name: &str,
    ) -> impl Iterator<Item = &IndexEntry> + use<'_> {
        let places = self.index_of.get(&place(node, name));
        let places = places.into_iter().flatten();
        places.filter_map(|at| self.index.get(*at))
    }

    /// Every `oemN` that a package of the database goes by.
    pub(super) fn numbers(&self) -> BTreeSet<OemNumber> {
        let of = |name: &str| OemNumber::parse(name, ".inf");
        let names = self.names.iter().filter_map(|entry| of(&entry.name));
        let packages = self.packages.iter();
        let packages = packages.filter_map(|entry| entry.stored.number());
        names.chain(packages).collect()
    }

    /// The folder in the store of a package that can be read and written anew
    /// from there under its own name; `None` for any other.
    pub(super) fn rebuildable(&self, entry: &PackageEntry) -> Option<String> {
        let whole = entry.whole.as_ref()?.is_ok();
        let known = entry.stored.id.clone()?;
        (whole && entry.keeps_id && entry.stored.number().is_some()).then_some(known)
    }
}

fn waiting(draft: &Draft) -> Result<Vec<Waiting>, Error> {
    let facts = draft.facts();
    let own: Vec<ImagePath> = roots(facts.generation)
        .into_iter()
        .map(|root| facts.windows.join(root))
        .collect::<Result<_, _>>()?;
    let all = pending::all(draft)?.into_iter();
    Ok(all
        .map(|pending| {
            let parent = pending.path.parent().unwrap_or_default();
            let named_so = |inf: &String| {
                let stem = inf.as_str();
                PackageId::kept(&pending.name, stem, facts.architecture).is_some()
            };
            let ours = own.contains(&parent) && pending.packages.iter().any(named_so);
            Waiting { pending, ours }
        })
        .collect())
}

/// Whether every published name or folder of the image is known, so that what
/// goes by none of them is a leftover.
pub(super) fn knows_all(draft: &Draft, survey: &Survey) -> bool {
    draft.facts().generation != Generation::DriverDatabase || survey.both_nodes
}
