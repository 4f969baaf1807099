//! What a chunk is written as: literals and matches, and the recent offsets
//! they leave.

use super::super::offsets::{RAISED_BY, SLOT_BASES};

/// Bits of an offset in [`Recent`].
const OFFSET_BITS: u32 = 21;

/// Where an [`Item`]'s length is.
const LENGTH_SHIFT: u32 = 23;

/// A literal, or a match of a recent or a new offset: raised offset, and above
/// it 511 - length. So of two items the longer one has the lesser bits, and of
/// equally long ones the nearer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Item(u32);

impl Item {
    pub(super) const LITERAL: Item = Item::of_match(0, 1);

    /// A match of 2 to 257 bytes; `raised` is 0 to 2 for a recent offset, else
    /// the offset + 2.
    #[inline(always)]
    pub(super) const fn of_match(raised: u32, length: usize) -> Item {
        Item((511 - length as u32) << LENGTH_SHIFT | raised)
    }

    #[inline(always)]
    pub(super) fn length(self) -> usize {
        511_u32.wrapping_sub(self.0 >> LENGTH_SHIFT) as usize
    }

    #[inline(always)]
    pub(super) fn raised(self) -> u32 {
        self.0 & ((1 << LENGTH_SHIFT) - 1)
    }

    #[inline(always)]
    pub(super) fn is_literal(self) -> bool {
        self == Item::LITERAL
    }

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
    } else {
        slot_of_new(raised)
    }
}

/// The slot of a raised offset that is no recent one (3 or more).
#[inline(always)]
pub(super) fn slot_of_new(raised: u32) -> usize {
    if raised < SLOT_BASES[36] {
        let highest = raised.ilog2();
        (2 * highest + (raised >> highest.wrapping_sub(1) & 1)) as usize
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
        let at = |shift: u32| (self.0 >> shift & Self::ONE) as u32;
        [at(0), at(OFFSET_BITS), at(2 * OFFSET_BITS)]
    }

    /// Those after `item`.
    #[inline(always)]
    pub(super) fn after(self, item: Item) -> Recent {
        let queue = self.0;
        let raised = item.raised();
        if raised == 1 || raised == 2 {
            return self.swapped(raised * OFFSET_BITS);
        }
        let pushed = queue << OFFSET_BITS & (u64::MAX >> 1);
        let pushed = pushed | u64::from(raised.wrapping_sub(RAISED_BY));
        Recent(if raised == 0 { queue } else { pushed })
    }

    /// The first one and the one at bit `shift` swapped.
    fn swapped(self, shift: u32) -> Recent {
        let differs = (self.0 >> shift ^ self.0) & Self::ONE;
        Recent(self.0 ^ differs ^ differs << shift)
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
