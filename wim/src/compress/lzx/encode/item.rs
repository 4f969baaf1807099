//! What a chunk is written as: literals and matches, and the recent offsets
//! they leave.

use super::super::offsets::{RAISED_BY, SLOT_BASES};

/// Bits of a length in an [`Item`] and of an offset in [`Recent`].
const LENGTH_BITS: u32 = 9;
const OFFSET_BITS: u32 = 21;

/// A literal, or a match of a recent or a new offset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Item(u32);

impl Item {
    pub(super) const LITERAL: Item = Item(1);

    /// A match of 2 to 257 bytes; `raised` is 0 to 2 for a recent offset, else
    /// the offset + 2.
    #[inline(always)]
    pub(super) fn of_match(raised: u32, length: usize) -> Item {
        Item(raised << LENGTH_BITS | length as u32)
    }

    #[inline(always)]
    pub(super) fn length(self) -> usize {
        (self.0 & ((1 << LENGTH_BITS) - 1)) as usize
    }

    #[inline(always)]
    pub(super) fn raised(self) -> u32 {
        self.0 >> LENGTH_BITS
    }

    #[inline(always)]
    pub(super) fn is_literal(self) -> bool {
        self == Item::LITERAL
    }

    /// The bits of an item, one more than those of the item one byte shorter.
    #[inline(always)]
    pub(super) fn bits(self) -> u32 {
        self.0
    }

    #[inline(always)]
    pub(super) fn from_bits(bits: u32) -> Item {
        Item(bits)
    }
}

/// The slot of a raised offset.
#[inline(always)]
pub(super) fn slot(raised: u32) -> usize {
    if raised < 4 {
        raised as usize
    } else if raised < SLOT_BASES[36] {
        let highest = raised.ilog2();
        (2 * highest + (raised >> (highest - 1) & 1)) as usize
    } else {
        (34 + (raised >> 17)) as usize
    }
}

/// The three recent offsets, the first one lowest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Recent(u64);

impl Recent {
    /// Those at the start of a chunk.
    pub(super) const START: Recent = Recent(1 | 1 << OFFSET_BITS | 1 << (2 * OFFSET_BITS));

    const ONE: u64 = (1 << OFFSET_BITS) - 1;

    #[inline(always)]
    pub(super) fn all(self) -> [u32; 3] {
        [0, 1, 2].map(|index| (self.0 >> (index * OFFSET_BITS) & Self::ONE) as u32)
    }

    /// Those after `item`.
    #[inline(always)]
    pub(super) fn after(self, item: Item) -> Recent {
        let queue = self.0;
        Recent(match item.raised() {
            0 => queue,
            1 => {
                queue & !(Self::ONE | Self::ONE << OFFSET_BITS)
                    | (queue & Self::ONE) << OFFSET_BITS
                    | queue >> OFFSET_BITS & Self::ONE
            }
            2 => {
                queue & Self::ONE << OFFSET_BITS
                    | (queue & Self::ONE) << (2 * OFFSET_BITS)
                    | queue >> (2 * OFFSET_BITS)
            }
            raised => (queue << OFFSET_BITS | u64::from(raised - RAISED_BY)) & (u64::MAX >> 1),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_those_of_the_table() {
        for raised in 0..1 << 21 {
            let expected = SLOT_BASES.partition_point(|&base| base <= raised) - 1;
            assert_eq!(slot(raised), expected, "raised offset {raised}");
        }
    }

    #[test]
    fn recent_offsets_are_pushed_or_swapped() {
        let start = Recent::START;
        assert_eq!(start.all(), [1, 1, 1]);
        let longest = (1 << 21) - 3;
        let queue = [7, longest, 9].into_iter().fold(start, |queue, offset| {
            queue.after(Item::of_match(offset + RAISED_BY, 5))
        });
        assert_eq!(queue.all(), [9, longest, 7]);
        for (item, expected) in [
            (Item::LITERAL, [9, longest, 7]),
            (Item::of_match(0, 2), [9, longest, 7]),
            (Item::of_match(1, 257), [longest, 9, 7]),
            (Item::of_match(2, 2), [7, longest, 9]),
            (Item::of_match(8, 2), [6, 9, longest]),
        ] {
            assert_eq!(queue.after(item).all(), expected, "{item:?}");
        }
    }
}
