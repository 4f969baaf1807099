//! Subkey lists: an element more, an element less.
//!
//! A leaf grows to 1012 elements, then it is cut into two of 506 under an `ri`
//! index, as real hives show it: below an index they hold leaves of 506 and
//! one longer last one. In version 1.5 leaves are `lh`; before, a single leaf
//! is `lf` and those below an index are `li`. Lists of another form that are
//! already there keep it.

use std::cmp::Ordering;

use crate::error::Error;
use crate::hive::Hive;
use crate::key::{KeyNode, field_at};
use crate::name::Name;
use crate::offset::{CellOffset, NO_CELL};
use crate::subkeys::{LIST_HEADER_LEN, List, ListKind, compare_with_key};

/// Most elements in a leaf that this crate lets grow.
const MAX_LEAF: usize = 1012;

/// Where a name is or belongs in a key's lists.
pub(super) struct Position {
    /// The leaf; `None` when the key has no list yet.
    leaf: Option<CellOffset>,
    /// The index and the leaf's position in it, when there is one.
    index: Option<(CellOffset, usize)>,
    /// Position in the leaf.
    element: usize,
    /// The key of that very name.
    pub(super) existing: Option<CellOffset>,
}

/// A list taken out of its cell to be changed.
struct Elements {
    kind: ListKind,
    /// Offset and search help.
    elements: Vec<(CellOffset, u32)>,
}

impl Elements {
    fn to_record(&self) -> Vec<u8> {
        let mut record = self.kind.signature().to_vec();
        // Lists are cut long before a count leaves 16 bits.
        record.extend(
            u16::try_from(self.elements.len())
                .unwrap_or(u16::MAX)
                .to_le_bytes(),
        );
        for (at, help) in &self.elements {
            record.extend(at.0.to_le_bytes());
            if self.kind.stride() == 8 {
                record.extend(help.to_le_bytes());
            }
        }
        record
    }
}

fn help(kind: ListKind, name: Name<'_>) -> u32 {
    match kind {
        ListKind::Lf => u32::from_le_bytes(name.hint()),
        ListKind::Lh => name.hash(),
        ListKind::Li | ListKind::Ri => 0,
    }
}

impl Hive {
    fn elements(&self, at: CellOffset) -> Result<Elements, Error> {
        let list = List::parse(self.cells().get(at)?, at)?;
        Ok(Elements {
            kind: list.kind,
            elements: list.iter().collect(),
        })
    }

    /// Looks by halves for a name in a leaf: its place, and the key if it is
    /// there.
    fn search_leaf(
        &self,
        leaf: List<'_>,
        name: Name<'_>,
    ) -> Result<(usize, Option<CellOffset>), Error> {
        let (mut low, mut high) = (0, leaf.len());
        while low < high {
            let middle = low + (high - low) / 2;
            let Some(at) = leaf.offset(middle) else { break };
            match compare_with_key(self.cells(), name, at)? {
                Ordering::Equal => return Ok((middle, Some(at))),
                Ordering::Less => high = middle,
                Ordering::Greater => low = middle + 1,
            }
        }
        Ok((low, None))
    }

    /// Where a name is or belongs among a key's subkeys.
    pub(super) fn position_of(&self, key: CellOffset, name: Name<'_>) -> Result<Position, Error> {
        let cells = self.cells();
        let node = KeyNode::parse(cells.get(key)?, key)?;
        let Some(at) = node.subkey_list(key)? else {
            return Ok(Position {
                leaf: None,
                index: None,
                element: 0,
                existing: None,
            });
        };
        let list = List::parse(cells.get(at)?, at)?;
        if list.kind != ListKind::Ri {
            let (element, existing) = self.search_leaf(list, name)?;
            return Ok(Position {
                leaf: Some(at),
                index: None,
                element,
                existing,
            });
        }
        // The last leaf whose first name is not above this one.
        let (mut low, mut high) = (0, list.len());
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            let first = match list.offset(middle) {
                Some(leaf) => List::parse_leaf(cells.get(leaf)?, leaf)?.offset(0),
                None => None,
            };
            let is_above = match first {
                Some(first) => compare_with_key(cells, name, first)? == Ordering::Less,
                None => true,
            };
            if is_above {
                high = middle;
            } else {
                low = middle;
            }
        }
        let Some(leaf) = list.offset(low) else {
            // An index of nothing under a key with subkeys: the structure
            // check does not let it pass.
            return Ok(Position {
                leaf: None,
                index: None,
                element: 0,
                existing: None,
            });
        };
        let (element, existing) =
            self.search_leaf(List::parse_leaf(cells.get(leaf)?, leaf)?, name)?;
        Ok(Position {
            leaf: Some(leaf),
            index: Some((at, low)),
            element,
            existing,
        })
    }

    /// Adds the key at `subkey` to the lists of `parent`.
    pub(super) fn insert_subkey(
        &mut self,
        parent: CellOffset,
        subkey: CellOffset,
        name: Name<'_>,
    ) -> Result<(), Error> {
        let position = self.position_of(parent, name)?;
        let Some(leaf_at) = position.leaf else {
            let kind = self.leaf_kind();
            let leaf = Elements {
                kind,
                elements: vec![(subkey, help(kind, name))],
            };
            let list = self.allocate_record(&leaf.to_record())?;
            self.write_field(parent, field_at::SUBKEY_LIST, list.0);
            return Ok(());
        };
        if self.insert_in_place(leaf_at, position.element, subkey, name)? {
            return Ok(());
        }
        let mut leaf = self.elements(leaf_at)?;
        let element = position.element.min(leaf.elements.len());
        leaf.elements
            .insert(element, (subkey, help(leaf.kind, name)));
        if leaf.elements.len() <= MAX_LEAF {
            let moved = self.rewrite_list(leaf_at, &leaf)?;
            self.relink_leaf(parent, &position, leaf_at, moved);
            return Ok(());
        }
        self.split_leaf(parent, &position, leaf_at, leaf)
    }

    /// Moves the elements behind the new one up by one, where the leaf's cell
    /// and its limit allow it; whether they did.
    fn insert_in_place(
        &mut self,
        leaf_at: CellOffset,
        element: usize,
        subkey: CellOffset,
        name: Name<'_>,
    ) -> Result<bool, Error> {
        let cell = self.cells().get(leaf_at)?;
        let leaf = List::parse_leaf(cell, leaf_at)?;
        let (stride, count) = (leaf.kind.stride(), leaf.len());
        let at = LIST_HEADER_LEN + element * stride;
        let end = LIST_HEADER_LEN + count * stride;
        let (Some(behind), true) = (cell.get(at..end), end + stride <= cell.len()) else {
            return Ok(false);
        };
        let Some(new_count) = u16::try_from(count + 1).ok().filter(|_| count < MAX_LEAF) else {
            return Ok(false);
        };
        let mut moved = Vec::with_capacity(stride + behind.len());
        moved.extend(subkey.0.to_le_bytes());
        moved.extend(help(leaf.kind, name).to_le_bytes());
        moved.truncate(stride);
        moved.extend_from_slice(behind);
        self.write(leaf_at, at, &moved);
        self.write(leaf_at, 2, &new_count.to_le_bytes());
        Ok(true)
    }

    /// Writes a list back into its cell, or into a larger one.
    fn rewrite_list(&mut self, at: CellOffset, list: &Elements) -> Result<CellOffset, Error> {
        let record = list.to_record();
        let at = match self.cells().get(at)?.len() {
            room if room < record.len() => {
                // Some room for the next elements, so that a list that grows
                // one by one is not copied each time.
                let spare = record.len() / 8 / list.kind.stride() * list.kind.stride();
                let most = LIST_HEADER_LEN + MAX_LEAF * list.kind.stride();
                self.reallocate(at, (record.len() + spare).min(most.max(record.len())))?
            }
            _ => at,
        };
        self.write(at, 0, &record);
        Ok(at)
    }

    /// Names a leaf that moved in its index or in the key.
    fn relink_leaf(
        &mut self,
        parent: CellOffset,
        position: &Position,
        old: CellOffset,
        new: CellOffset,
    ) {
        match position.index {
            _ if old == new => {}
            Some((index, element)) => {
                let at = LIST_HEADER_LEN + element * ListKind::Ri.stride();
                self.write_field(index, at, new.0);
            }
            None => self.write_field(parent, field_at::SUBKEY_LIST, new.0),
        }
    }

    /// Cuts a leaf that has become too long into two.
    fn split_leaf(
        &mut self,
        parent: CellOffset,
        position: &Position,
        leaf_at: CellOffset,
        mut leaf: Elements,
    ) -> Result<(), Error> {
        if position.index.is_none() && leaf.kind == ListKind::Lf {
            leaf.kind = ListKind::Li;
        }
        let second = leaf.elements.split_off(leaf.elements.len() / 2);
        let second = Elements {
            kind: leaf.kind,
            elements: second,
        };
        let second_at = self.allocate_record(&second.to_record())?;
        let first_at = self.rewrite_list(leaf_at, &leaf)?;
        let Some((index_at, element)) = position.index else {
            let index = Elements {
                kind: ListKind::Ri,
                elements: vec![(first_at, 0), (second_at, 0)],
            };
            let index = self.allocate_record(&index.to_record())?;
            self.write_field(parent, field_at::SUBKEY_LIST, index.0);
            return Ok(());
        };
        self.relink_leaf(parent, position, leaf_at, first_at);
        let mut index = self.elements(index_at)?;
        index
            .elements
            .insert((element + 1).min(index.elements.len()), (second_at, 0));
        let moved = self.rewrite_list(index_at, &index)?;
        self.write_field(parent, field_at::SUBKEY_LIST, moved.0);
        Ok(())
    }

    /// Takes the key at `subkey` out of the lists of `parent`; lists that
    /// become empty go.
    pub(super) fn remove_subkey(
        &mut self,
        parent: CellOffset,
        subkey: CellOffset,
    ) -> Result<(), Error> {
        let missing = Error::NoSuchKey {
            at: subkey.in_file(),
        };
        let cells = self.cells();
        let node = KeyNode::parse(cells.get(parent)?, parent)?;
        let list_at = node.subkey_list(parent)?.ok_or_else(|| missing.clone())?;
        let mut list = self.elements(list_at)?;
        if list.kind != ListKind::Ri {
            if !take(&mut list, subkey) {
                return Err(missing);
            }
            self.shorten(parent, list_at, &list);
            return Ok(());
        }
        for element in 0..list.elements.len() {
            let Some(&(leaf_at, _)) = list.elements.get(element) else {
                break;
            };
            let mut leaf = self.elements(leaf_at)?;
            if !take(&mut leaf, subkey) {
                continue;
            }
            if !leaf.elements.is_empty() {
                self.write(leaf_at, 0, &leaf.to_record());
                return Ok(());
            }
            self.free(leaf_at);
            list.elements.remove(element);
            self.shorten(parent, list_at, &list);
            return Ok(());
        }
        Err(missing)
    }

    /// Writes a key's own list back with an element less, or frees it.
    fn shorten(&mut self, parent: CellOffset, at: CellOffset, list: &Elements) {
        if list.elements.is_empty() {
            self.free(at);
            self.write_field(parent, field_at::SUBKEY_LIST, NO_CELL);
        } else {
            self.write(at, 0, &list.to_record());
        }
    }
}

/// Removes the element that names `subkey`; whether there was one.
fn take(list: &mut Elements, subkey: CellOffset) -> bool {
    match list.elements.iter().position(|&(at, _)| at == subkey) {
        Some(element) => {
            list.elements.remove(element);
            true
        }
        None => false,
    }
}
