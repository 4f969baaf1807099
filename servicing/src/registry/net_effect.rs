//! What a list of registry edits comes to, before any of it is planned.
//!
//! A `.reg` file may delete a key and set it again, or set a value twice. Planned
//! one by one, such edits would write on every run, although each run ends where
//! it began. So edits are collected here, key by key, and then compared with
//! what the image holds: what remains is planned.
//!
//! A key that is deleted and set again keeps its security descriptor and its
//! class name; regedit would give it those of a new key.

use std::collections::{BTreeMap, HashMap};

use wimwright_hive::{Error as HiveError, Hive, Key, upcase};

use super::{HiveName, KeyPath, Place, RegData, RegistryError};
use crate::draft::{Applied, Draft, DraftError};
use crate::plan::{Basis, Change};
use crate::text::Text;

/// Collected edits.
#[derive(Debug, Default)]
pub struct NetEffect {
    hives: BTreeMap<HiveName, Node>,
}

/// A name as NT compares it.
type Folded = Vec<u16>;

fn folded(units: impl Iterator<Item = u16>) -> Folded {
    units.map(upcase).collect()
}

/// A key of the edits.
#[derive(Debug, Default)]
struct Node {
    /// As the edits spell it.
    name: Vec<u16>,
    /// Whether what the image has of it goes, before what is said here.
    cleared: Option<Basis>,
    /// Whether it is there in the end; `None` where nothing is said.
    there: Option<(bool, Basis)>,
    /// Its values, in the order in which they were first named.
    values: Vec<Edit>,
    by_name: HashMap<Folded, usize>,
    children: BTreeMap<Folded, Node>,
}

#[derive(Debug)]
struct Edit {
    name: Text,
    /// What it becomes; `None` where it goes.
    data: Option<RegData>,
    basis: Basis,
}

impl NetEffect {
    /// A key is there, and those above it.
    pub fn create_key(&mut self, place: &Place, basis: &Basis) {
        self.at(place, Some(basis));
    }

    /// A key goes, with all below it. The root key of a hive cannot.
    pub fn delete_key(&mut self, place: &Place, basis: &Basis) {
        let node = self.at(place, None);
        node.children.clear();
        node.values.clear();
        node.by_name.clear();
        node.cleared = Some(basis.clone());
        node.there = Some((false, basis.clone()));
    }

    /// A value becomes `data`; its key is there.
    pub fn set_value(&mut self, place: &Place, name: &Text, data: RegData, basis: &Basis) {
        self.at(place, Some(basis)).edit(name, Some(data), basis);
    }

    /// A value goes, if its key is there.
    pub fn delete_value(&mut self, place: &Place, name: &Text, basis: &Basis) {
        self.at(place, None).edit(name, None, basis);
    }

    /// The node of a key; with `there`, the key is there in the end.
    fn at(&mut self, place: &Place, there: Option<&Basis>) -> &mut Node {
        let mut node = self.hives.entry(place.hive.clone()).or_default();
        if place.key.is_root() {
            return node;
        }
        let path = place.key.units();
        // Below a key that goes nothing is there unless it is said to be.
        let mut cleared = false;
        let mut names = path.split(|unit| *unit == u16::from(b'\\')).peekable();
        while let Some(name) = names.next() {
            let below = node.children.entry(folded(name.iter().copied()));
            node = below.or_insert_with(|| Node {
                name: name.to_vec(),
                ..Node::default()
            });
            cleared |= node.cleared.is_some();
            if let Some(basis) = there
                && (cleared || names.peek().is_none())
                && !matches!(node.there, Some((true, _)))
            {
                node.there = Some((true, basis.clone()));
            }
        }
        node
    }

    /// Plans what the edits change. Returns whether that is anything.
    ///
    /// # Errors
    /// [`DraftError`] where a hive is absent or cannot be read or edited; the
    /// draft may hold a part of the changes then: call this in an operation.
    pub fn plan(self, draft: &mut Draft) -> Result<Applied, DraftError> {
        let mut applied = Applied::AlreadyTrue;
        for (hive, node) in self.hives {
            let open = draft.hive(&hive)?;
            let open = open.ok_or_else(|| RegistryError::Absent { hive: hive.clone() })?;
            let changes = changes(&hive, &node, &open);
            // Edits copy the hive as long as somebody else holds it.
            drop(open);
            let changes = changes.map_err(|source| RegistryError::in_hive(&hive, source))?;
            for (change, basis) in changes {
                if draft.plan_change(change, &basis)? == Applied::Changed {
                    applied = Applied::Changed;
                }
            }
        }
        Ok(applied)
    }
}

impl Node {
    fn edit(&mut self, name: &Text, data: Option<RegData>, basis: &Basis) {
        let edit = Edit {
            name: name.clone(),
            data,
            basis: basis.clone(),
        };
        let next = self.values.len();
        let at = *self.by_name.entry(folded(name.units())).or_insert(next);
        match self.values.get_mut(at) {
            Some(there) => *there = edit,
            None => self.values.push(edit),
        }
    }

    fn keeps_value(&self, name: &Folded) -> bool {
        let edit = self.by_name.get(name).and_then(|at| self.values.get(*at));
        edit.is_some_and(|edit| edit.data.is_some())
    }
}

type Planned = Vec<(Change, Basis)>;

fn changes(hive: &HiveName, root: &Node, open: &Hive) -> Result<Planned, HiveError> {
    let mut walk = Walk {
        hive,
        path: Vec::new(),
        planned: Vec::new(),
    };
    walk.node(root, Some(open.root()), None)?;
    Ok(walk.planned)
}

struct Walk<'h> {
    hive: &'h HiveName,
    path: Vec<u16>,
    planned: Planned,
}

impl Walk<'_> {
    fn key(&self) -> KeyPath {
        KeyPath::from(Text::from_units(&self.path))
    }

    fn push(&mut self, change: Change, basis: &Basis) {
        self.planned.push((change, basis.clone()));
    }

    fn delete_value(&mut self, name: Text, basis: &Basis) {
        let (hive, key) = (self.hive.clone(), self.key());
        self.push(Change::DeleteValue { hive, key, name }, basis);
    }

    /// `cleared`: what the image has here goes, because of a key above.
    // Paths have at most as many names as keys nest, so recursion ends.
    fn node(
        &mut self,
        node: &Node,
        base: Option<Key<'_>>,
        cleared: Option<&Basis>,
    ) -> Result<(), HiveError> {
        let cleared = node.cleared.as_ref().or(cleared);
        let (hive, key) = (self.hive.clone(), self.key());
        match &node.there {
            Some((false, basis)) => {
                self.push(Change::DeleteKey { hive, key }, basis);
                return Ok(());
            }
            Some((true, basis)) => self.push(Change::CreateKey { hive, key }, basis),
            None => {}
        }
        if let (Some(basis), Some(base)) = (cleared, base) {
            self.clear(node, base, basis)?;
        }
        for edit in &node.values {
            match &edit.data {
                Some(data) => {
                    let change = Change::SetValue {
                        hive: self.hive.clone(),
                        key: self.key(),
                        name: edit.name.clone(),
                        data: data.clone(),
                    };
                    self.push(change, &edit.basis);
                }
                None => self.delete_value(edit.name.clone(), &edit.basis),
            }
        }
        for child in node.children.values() {
            let below = match base {
                Some(base) => base.subkey_units(&child.name)?,
                None => None,
            };
            let length = self.descend(&child.name);
            self.node(child, below, cleared)?;
            self.path.truncate(length);
        }
        Ok(())
    }

    /// What the image has of a key that was deleted and is there again.
    fn clear(&mut self, node: &Node, base: Key<'_>, basis: &Basis) -> Result<(), HiveError> {
        for value in base.values()? {
            let name: Vec<u16> = value?.name()?.units().collect();
            if !node.keeps_value(&folded(name.iter().copied())) {
                self.delete_value(Text::from_units(&name), basis);
            }
        }
        for below in base.subkeys()? {
            let name: Vec<u16> = below?.name()?.units().collect();
            if !node.children.contains_key(&folded(name.iter().copied())) {
                let length = self.descend(&name);
                let (hive, key) = (self.hive.clone(), self.key());
                self.push(Change::DeleteKey { hive, key }, basis);
                self.path.truncate(length);
            }
        }
        Ok(())
    }

    /// Goes to a subkey; gives the length to come back to.
    fn descend(&mut self, name: &[u16]) -> usize {
        let length = self.path.len();
        if length > 0 {
            self.path.push(u16::from(b'\\'));
        }
        self.path.extend(name);
        length
    }
}
