//! A way to reach a position: what it costs and its last item, in one number.
//!
//! The number is the bits of a positive `f64`, with the cost above the item:
//! such floats are ordered as their bits are, and the processor picks the
//! lesser of two floats, two at a time, in one instruction. For integers of
//! this size x86-64 has none.

use super::item::Item;

/// Keeps the exponent in the range of normal numbers, whatever the cost.
const NORMAL: u64 = 1 << 62;

/// Where the cost is.
const COST_SHIFT: u32 = 32;

/// A cheapest way so far.
#[derive(Clone, Copy, Debug)]
pub(super) struct Way(f64);

/// What an item adds to the way it continues: its cost, and its bits.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Step(u64);

impl Way {
    /// Costs more than any other.
    pub(super) const NONE: Way = Way(f64::MAX);

    /// At the start of a block: as if a literal had come for nothing.
    pub(super) fn start() -> Way {
        Way(f64::from_bits(NORMAL | u64::from(Item::LITERAL.bits())))
    }

    /// The last item.
    #[inline(always)]
    pub(super) fn item(self) -> Item {
        Item::from_bits(self.0.to_bits() as u32)
    }

    /// What every way on from here begins with.
    #[inline(always)]
    pub(super) fn base(self) -> Step {
        Step(self.0.to_bits() & !u64::from(u32::MAX))
    }

    /// The cheaper of two ways; of equally cheap ones that with the lesser
    /// item.
    #[inline(always)]
    pub(super) fn or(self, other: Way) -> Way {
        if other.0 < self.0 { other } else { self }
    }
}

impl Step {
    /// An item, or a part of one, that costs `cost`.
    #[inline(always)]
    pub(super) fn new(cost: u32, item_bits: u32) -> Step {
        Step(u64::from(cost) << COST_SHIFT | u64::from(item_bits))
    }

    /// Both steps.
    #[inline(always)]
    pub(super) fn and(self, other: Step) -> Step {
        Step(self.0.wrapping_add(other.0))
    }

    /// The way that began with [`Way::base`] and has all steps.
    #[inline(always)]
    pub(super) fn way(self) -> Way {
        Way(f64::from_bits(self.0))
    }
}
