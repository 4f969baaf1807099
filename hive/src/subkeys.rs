//! Subkey lists: `lf`, `lh` and `li` leaves, and the `ri` index over leaves.
//!
//! Every list is a signature, a 16-bit count and the elements: a cell offset,
//! in `lf` and `lh` followed by four bytes that help the search (the start of
//! the name, or a hash of it). Elements are sorted by upper-cased name, across
//! all leaves of an index. An index names leaves only, never another index.

use std::cmp::Ordering;

use crate::cell::{CellSource, Cells};
use crate::error::Error;
use crate::field::{u16_at, u32_at};
use crate::key::{KeyNode, wrong_record};
use crate::name::Name;
use crate::offset::CellOffset;
use crate::upcase::upcase;

/// Length of a list before its elements, in bytes.
pub(crate) const LIST_HEADER_LEN: usize = 4;

/// The four forms of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ListKind {
    /// Offsets with the first four characters.
    Lf,
    /// Offsets with a hash.
    Lh,
    /// Offsets alone.
    Li,
    /// Offsets of leaves.
    Ri,
}

impl ListKind {
    fn from_signature(signature: [u8; 2]) -> Option<Self> {
        match &signature {
            b"lf" => Some(ListKind::Lf),
            b"lh" => Some(ListKind::Lh),
            b"li" => Some(ListKind::Li),
            b"ri" => Some(ListKind::Ri),
            _ => None,
        }
    }

    pub(crate) fn signature(self) -> [u8; 2] {
        match self {
            ListKind::Lf => *b"lf",
            ListKind::Lh => *b"lh",
            ListKind::Li => *b"li",
            ListKind::Ri => *b"ri",
        }
    }

    /// Length of an element, in bytes.
    #[inline]
    pub(crate) fn stride(self) -> usize {
        match self {
            ListKind::Lf | ListKind::Lh => 8,
            ListKind::Li | ListKind::Ri => 4,
        }
    }
}

/// A list inside its cell.
#[derive(Clone, Copy)]
pub(crate) struct List<'a> {
    pub(crate) kind: ListKind,
    elements: &'a [u8],
}

impl<'a> List<'a> {
    /// Reads the list in the cell at `at`: all of its elements are there.
    #[inline]
    pub(crate) fn parse(cell: &'a [u8], at: CellOffset) -> Result<Self, Error> {
        let (Some(signature), Some(count)) = (cell.first_chunk(), u16_at(cell, 2)) else {
            return Err(wrong_record(
                cell,
                at,
                "lf, lh, li or ri",
                "subkey list",
                LIST_HEADER_LEN,
            ));
        };
        let kind = ListKind::from_signature(*signature).ok_or(Error::Signature {
            at: at.in_file(),
            expected: "lf, lh, li or ri",
            found: *signature,
        })?;
        let needed = LIST_HEADER_LEN + usize::from(count) * kind.stride();
        let elements = cell
            .get(LIST_HEADER_LEN..needed)
            .ok_or(Error::RecordTooLong {
                at: at.in_file(),
                what: "subkey list",
                needed: needed as u64,
                available: cell.len() as u64,
            })?;
        Ok(List { kind, elements })
    }

    /// The same, where an index is not allowed.
    #[inline]
    pub(crate) fn parse_leaf(cell: &'a [u8], at: CellOffset) -> Result<Self, Error> {
        let list = Self::parse(cell, at)?;
        if list.kind == ListKind::Ri {
            return Err(Error::ListNested { at: at.in_file() });
        }
        Ok(list)
    }

    pub(crate) fn len(self) -> usize {
        self.elements.len() / self.kind.stride()
    }

    /// The offset in element `index`.
    #[inline]
    pub(crate) fn offset(self, index: usize) -> Option<CellOffset> {
        u32_at(self.elements, index * self.kind.stride()).map(CellOffset)
    }

    /// Offset and search help of each element; the help of `li` and `ri`
    /// elements is 0.
    #[inline]
    pub(crate) fn iter(self) -> impl Iterator<Item = (CellOffset, u32)> + 'a {
        let stride = self.kind.stride();
        self.elements.chunks_exact(stride).map(move |element| {
            let offset = CellOffset(u32_at(element, 0).unwrap_or(0));
            (offset, u32_at(element, 4).unwrap_or(0))
        })
    }
}

/// Iterates over the offsets of a key's subkeys, through an index if need be.
pub(crate) struct Subkeys<'h> {
    cells: Cells<'h>,
    /// What is left of the leaf being read.
    leaf: &'h [u8],
    stride: usize,
    /// What is left of the index, if there is one.
    index: &'h [u8],
    /// Keys that may still come: the count in the key node, so that an index
    /// that names one leaf again and again ends.
    left: u32,
}

impl<'h> Subkeys<'h> {
    #[inline]
    pub(crate) fn of(cells: Cells<'h>, node: KeyNode<'_>, at: CellOffset) -> Result<Self, Error> {
        let mut subkeys = Subkeys {
            cells,
            leaf: &[],
            stride: 4,
            index: &[],
            left: node.subkey_count(),
        };
        if let Some(at) = node.subkey_list(at)? {
            let list = List::parse(cells.get(at)?, at)?;
            if list.kind == ListKind::Ri {
                subkeys.index = list.elements;
            } else {
                subkeys.leaf = list.elements;
                subkeys.stride = list.kind.stride();
            }
        }
        Ok(subkeys)
    }

    fn next_leaf(&mut self, at: CellOffset) -> Result<(), Error> {
        let list = List::parse_leaf(self.cells.get(at)?, at)?;
        self.leaf = list.elements;
        self.stride = list.kind.stride();
        Ok(())
    }
}

impl Iterator for Subkeys<'_> {
    type Item = Result<CellOffset, Error>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some((element, rest)) = self.leaf.split_at_checked(self.stride) {
                self.leaf = rest;
                self.left = self.left.checked_sub(1)?;
                return u32_at(element, 0).map(|offset| Ok(CellOffset(offset)));
            }
            let (element, rest) = self.index.split_first_chunk()?;
            self.index = rest;
            if let Err(error) = self.next_leaf(CellOffset(u32::from_le_bytes(*element))) {
                self.index = &[];
                return Some(Err(error));
            }
        }
    }
}

/// A name that is searched in lists, with what their elements help by.
struct Wanted<'n> {
    name: Name<'n>,
    hash: u32,
    /// First four upper-cased units, 0 where the name is shorter.
    start: [u16; 4],
}

impl<'n> Wanted<'n> {
    fn new(name: Name<'n>) -> Self {
        let mut start = [0; 4];
        for (slot, unit) in start.iter_mut().zip(name.units()) {
            *slot = upcase(unit);
        }
        Wanted {
            name,
            hash: name.hash(),
            start,
        }
    }

    /// Whether an element with this help may name the wanted key.
    #[inline]
    fn may_be(&self, kind: ListKind, help: u32) -> bool {
        match kind {
            ListKind::Lh => help == self.hash,
            ListKind::Lf => {
                // Zero: the name starts outside Latin-1, or a tool left it out.
                let hint = help.to_le_bytes().map(|byte| upcase(u16::from(byte)));
                help == 0 || hint == self.start
            }
            ListKind::Li | ListKind::Ri => true,
        }
    }
}

/// Order of the wanted name against the key at `at`.
pub(crate) fn compare_with_key<S: CellSource>(
    source: S,
    wanted: Name<'_>,
    at: CellOffset,
) -> Result<Ordering, Error> {
    let cell = source.cell(at)?;
    let name = KeyNode::parse(cell.as_ref(), at)?.name(at)?;
    Ok(wanted.compare(name))
}

/// Finds the subkey of that name.
///
/// Lists with hashes or hints are scanned, and only promising keys are looked
/// at: each look may cost a page that has to be read and decompressed. `li`
/// lists offer no help and are searched by halves.
pub(crate) fn find<S: CellSource>(
    source: S,
    node: KeyNode<'_>,
    at: CellOffset,
    name: Name<'_>,
) -> Result<Option<CellOffset>, Error> {
    let Some(at) = node.subkey_list(at)? else {
        return Ok(None);
    };
    let wanted = Wanted::new(name);
    let cell = source.cell(at)?;
    let list = List::parse(cell.as_ref(), at)?;
    if list.kind != ListKind::Ri {
        return find_in_leaf(source, list, &wanted);
    }
    // An honest index never holds more keys than fit into the hive; one that
    // names the same leaf again and again would cost hours.
    let mut budget = source.bins_size() as usize / crate::key::FIXED_LEN;
    for (at, _) in list.iter() {
        let cell = source.cell(at)?;
        let leaf = List::parse_leaf(cell.as_ref(), at)?;
        let Some(left) = budget.checked_sub(leaf.len()) else {
            return Err(Error::CellShared { at: at.in_file() });
        };
        budget = left;
        if let Some(found) = find_in_leaf(source, leaf, &wanted)? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

fn find_in_leaf<S: CellSource>(
    source: S,
    leaf: List<'_>,
    wanted: &Wanted<'_>,
) -> Result<Option<CellOffset>, Error> {
    if leaf.kind == ListKind::Li {
        let (mut low, mut high) = (0_usize, leaf.len());
        while let Some(at) = leaf.offset(low.midpoint(high)).filter(|_| low < high) {
            let middle = low.midpoint(high);
            match compare_with_key(source, wanted.name, at)? {
                Ordering::Equal => return Ok(Some(at)),
                Ordering::Less => high = middle,
                Ordering::Greater => low = middle + 1,
            }
        }
        return Ok(None);
    }
    for (at, help) in leaf.iter() {
        if wanted.may_be(leaf.kind, help)
            && compare_with_key(source, wanted.name, at)? == Ordering::Equal
        {
            return Ok(Some(at));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(signature: &[u8; 2], count: u16, elements: &[u32]) -> Vec<u8> {
        let mut cell = signature.to_vec();
        cell.extend(count.to_le_bytes());
        cell.extend(elements.iter().flat_map(|element| element.to_le_bytes()));
        cell
    }

    #[test]
    fn a_count_beyond_the_cell_is_refused() {
        let at = CellOffset(0x20);
        assert_eq!(
            List::parse(&list(b"lh", 1, &[0x80, 7]), at)
                .map(List::len)
                .ok(),
            Some(1)
        );
        for (signature, count, elements) in [(b"lh", 2, 2), (b"li", 3, 2), (b"ri", u16::MAX, 9)] {
            let cell = list(signature, count, &vec![0; elements]);
            assert!(matches!(
                List::parse(&cell, at),
                Err(Error::RecordTooLong { .. })
            ));
        }
        assert!(matches!(
            List::parse(b"lx\0\0", at),
            Err(Error::Signature { .. })
        ));
        assert!(List::parse(b"li", at).is_err());
        assert!(matches!(
            List::parse_leaf(&list(b"ri", 0, &[]), at),
            Err(Error::ListNested { .. })
        ));
    }

    #[test]
    fn hints_are_compared_without_case_and_zero_promises_nothing() {
        let wanted = Wanted::new(Name::Latin1(b"tcpip"));
        for (hint, may_be) in [
            (b"TCPI", true),
            (b"tcpI", true),
            (b"tcp\0", false),
            (b"\0\0\0\0", true),
        ] {
            assert_eq!(
                wanted.may_be(ListKind::Lf, u32::from_le_bytes(*hint)),
                may_be,
                "{hint:?}"
            );
        }
    }
}
