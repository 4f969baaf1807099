//! What a commit put behind the end moves into the holes that it made.
//!
//! Until the new header is in place, everything that the old one names has to
//! stay, so what replaces it goes behind the end. Afterwards the replaced
//! resources are holes in front of that: there the last of the new ones are
//! copied, packed as they are, and a further header names the copies.

use crate::blob_table::BlobEntry;
use crate::header::HEADER_LEN;
use crate::space::Space;

/// Most bytes that are copied, so that a commit of much is not done twice.
const MOST: u64 = 64 << 20;

/// A resource that is going to be copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Move {
    /// Which entry names it.
    pub(super) entry: usize,
    /// Where it is, start and end.
    pub(super) from: (u64, u64),
    /// Where it goes; all of it lies in front of `from`.
    pub(super) to: u64,
}

/// The resources from `new_from` on that fit into holes in front of them, from
/// the last one down to the first that does not fit. `tables` is where blob
/// table and XML data are.
pub(super) fn moves(entries: &[BlobEntry], new_from: u64, tables: (u64, u64)) -> Vec<Move> {
    let mut used = vec![(0, HEADER_LEN as u64), tables];
    used.extend(in_file(entries).map(|(_, range)| range));
    let mut space = Space::around(used);
    let mut new: Vec<(usize, (u64, u64))> = in_file(entries)
        .filter(|(_, range)| range.0 >= new_from)
        .collect();
    new.sort_unstable_by_key(|(_, range)| std::cmp::Reverse(range.0));
    let mut copied = 0;
    let mut moves = Vec::new();
    for (entry, from) in new {
        let length = from.1 - from.0;
        copied += length;
        let to = match copied <= MOST {
            true => space.take_in_front(length, from.0),
            false => None,
        };
        match to {
            Some(to) => moves.push(Move { entry, from, to }),
            None => break,
        }
    }
    moves
}

/// Where the last resource ends.
pub(super) fn data_end(entries: &[BlobEntry]) -> u64 {
    let ends = in_file(entries).map(|(_, range)| range.1);
    ends.max().unwrap_or_default().max(HEADER_LEN as u64)
}

/// The resources that take up bytes of the file, with their entries' numbers.
fn in_file(entries: &[BlobEntry]) -> impl Iterator<Item = (usize, (u64, u64))> {
    let entries = entries.iter().enumerate();
    entries
        .filter(|(_, entry)| !entry.is_solid() || entry.is_solid_resource())
        .filter(|(_, entry)| entry.resource.stored_size > 0)
        .filter_map(|(number, entry)| {
            Some((number, (entry.resource.offset, entry.resource.end()?)))
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::Hash;
    use crate::resource_header::ResourceHeader;

    fn entry(offset: u64, stored_size: u64) -> BlobEntry {
        BlobEntry {
            resource: ResourceHeader {
                offset,
                stored_size,
                size: stored_size,
                ..ResourceHeader::default()
            },
            part: 1,
            references: 1,
            hash: Hash::ZERO,
        }
    }

    fn of(entry: usize, from: (u64, u64), to: u64) -> Move {
        Move { entry, from, to }
    }

    #[test]
    fn the_last_ones_go_into_holes_until_one_does_not_fit() {
        let old = [entry(208, 92), entry(400, 100)];
        // Holes: 300 to 400, 500 to 600.
        let new = [entry(600, 150), entry(750, 60), entry(810, 90)];
        let all: Vec<_> = old.into_iter().chain(new).collect();
        assert_eq!(
            moves(&all, 600, (900, 950)),
            [of(4, (810, 900), 300), of(3, (750, 810), 500)]
        );
        assert_eq!(data_end(&all), 900);
    }

    #[test]
    fn nothing_moves_back_nor_onto_the_tables() {
        // Holes: 208 to 250 and, behind the data, 340 to 400.
        let all = [entry(250, 50), entry(300, 40)];
        assert_eq!(moves(&all, 300, (400, 450)), [of(1, (300, 340), 208)]);
        assert_eq!(moves(&all, 300, (208, 230)), []);
        let large = [entry(250, 50), entry(300, 43)];
        assert_eq!(moves(&large, 300, (400, 450)), []);
    }
}
