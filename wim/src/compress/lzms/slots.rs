//! Offset and length slots: which values share a symbol.
//!
//! Slots grow slowly; the last one of each kind holds all that is left.

/// Number of offset slots of the largest chunk.
pub(super) const OFFSET_SLOTS: usize = 799;

/// Number of length slots.
pub(super) const LENGTH_SLOTS: usize = 54;

/// How many offset slots in a row hold 2^0, 2^1, 2^2, ... values.
const OFFSET_RUNS: [u8; 31] = [
    8, 0, 9, 7, 10, 15, 15, 20, 20, 30, 33, 40, 42, 45, 60, 73, 80, 85, 95, 105, 6, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 1,
];

/// How many length slots in a row hold 2^0, 2^1, 2^2, ... values.
const LENGTH_RUNS: [u8; 31] = [
    26, 4, 6, 4, 5, 2, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
];

/// A slot: its first value and how many bits follow.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    pub(super) base: u32,
    pub(super) extra_bits: u8,
}

/// Slots of offsets; offset 1 is the first.
pub(super) static OFFSETS: [Slot; OFFSET_SLOTS] = slots(&OFFSET_RUNS);

/// Slots of lengths; length 1 is the first.
pub(super) static LENGTHS: [Slot; LENGTH_SLOTS] = slots(&LENGTH_RUNS);

const fn slots<const COUNT: usize>(runs: &[u8]) -> [Slot; COUNT] {
    let mut slots = [Slot {
        base: 1,
        extra_bits: 0,
    }; COUNT];
    let mut base = 1_u32;
    let mut slot = 0;
    let mut bits = 0;
    while bits < runs.len() {
        let mut left = runs[bits];
        while left > 0 {
            slots[slot] = Slot {
                base,
                extra_bits: bits as u8,
            };
            base += 1 << bits;
            slot += 1;
            left -= 1;
        }
        bits += 1;
    }
    assert!(slot == COUNT);
    slots
}

/// How many offset slots a chunk of `length` plain bytes uses: its longest
/// offset is `length` - 1.
pub(super) fn offset_slots(length: usize) -> usize {
    OFFSETS.partition_point(|slot| (slot.base as usize) < length)
}
