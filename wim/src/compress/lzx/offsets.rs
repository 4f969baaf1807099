//! Offset slots: which offsets share a symbol, and how many bits tell them
//! apart.

use super::MOST_SLOTS;

/// What an offset is raised by before it is written: the first values mean the
/// three recent offsets.
pub(super) const RAISED_BY: u32 = 2;

/// Extra bits of each slot: none for the first four, then one more with every
/// second slot, at most 17.
pub(super) const EXTRA_BITS: [u8; 64] = {
    let mut bits = [0_u8; 64];
    let mut slot = 4;
    while slot < MOST_SLOTS {
        let grown = slot as u8 / 2 - 1;
        bits[slot] = if grown < 17 { grown } else { 17 };
        slot += 1;
    }
    bits
};

/// First raised offset of each slot. The entries behind the last slot are out
/// of any window.
pub(super) const SLOT_BASES: [u32; 64] = {
    let mut bases = [u32::MAX; 64];
    let mut base = 0;
    let mut slot = 0;
    while slot <= MOST_SLOTS {
        bases[slot] = base;
        base += 1 << EXTRA_BITS[slot];
        slot += 1;
    }
    bases
};

/// How many slots a window of `size` bytes uses (30 for 32 KiB, 50 for 2 MiB).
pub(super) fn slots(size: u32) -> usize {
    SLOT_BASES.iter().take_while(|&&base| base < size).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slot_counts_are_those_of_ms_patch() {
        for (order, count) in [
            (15, 30),
            (16, 32),
            (17, 34),
            (18, 36),
            (19, 38),
            (20, 42),
            (21, 50),
        ] {
            assert_eq!(slots(1 << order), count, "window of 2^{order} bytes");
        }
    }

    #[test]
    fn bases_and_extra_bits_are_those_of_ms_patch() {
        for (slot, base, bits) in [
            (0, 0, 0),
            (3, 3, 0),
            (4, 4, 1),
            (5, 6, 1),
            (6, 8, 2),
            (29, 24_576, 13),
            (35, 196_608, 16),
            (36, 262_144, 17),
            (37, 393_216, 17),
            (49, 1_966_080, 17),
        ] {
            assert_eq!((SLOT_BASES[slot], EXTRA_BITS[slot]), (base, bits), "{slot}");
        }
    }
}
