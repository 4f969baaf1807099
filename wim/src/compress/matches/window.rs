//! The plain chunk where the match finders can read it without asking, at
//! every step, where it ends.

/// How much longer than a power of two a window's `LEN` is: a group of bytes
/// that begins below that power ends within the window.
pub(in crate::compress) const GROUP: usize = 8;

/// Zeros kept behind the chunk: the longest match, and a group.
const PADDING: usize = 257 + GROUP;

/// A chunk at the positions from 1 on. `LEN` is a power of two, above the chunk
/// size and some padding, and [`GROUP`].
#[derive(Clone, Debug)]
pub(in crate::compress) struct Window<const LEN: usize> {
    bytes: Box<[u8; LEN]>,
}

impl<const LEN: usize> Default for Window<LEN> {
    fn default() -> Self {
        const { assert!((LEN - GROUP).is_power_of_two()) };
        let bytes = vec![0; LEN].into_boxed_slice();
        let bytes = bytes.try_into().expect("it was made with this length");
        Window { bytes }
    }
}

impl<const LEN: usize> Window<LEN> {
    /// Positions are taken modulo a power of two. No caller's positions reach
    /// it: the compiler shall see that no group ends behind the window.
    const MASK: usize = LEN - GROUP - 1;

    /// Takes a chunk over and gives it back for changes in place.
    pub(in crate::compress) fn load(&mut self, plain: &[u8]) -> &mut [u8] {
        let (chunk, behind) = self.bytes[1..].split_at_mut(plain.len());
        chunk.copy_from_slice(plain);
        behind[..PADDING].fill(0);
        chunk
    }

    /// The bytes at the positions `start..end`.
    pub(in crate::compress) fn bytes(&self, start: usize, end: usize) -> &[u8] {
        &self.bytes[start..end]
    }

    /// The bytes from `at` on, in groups of 8, 4 or 2.
    #[inline(always)]
    fn group<const COUNT: usize>(&self, at: usize) -> [u8; COUNT] {
        const { assert!(COUNT <= GROUP) };
        let at = at & Self::MASK;
        let group = self.bytes[at..at + COUNT].first_chunk();
        group.copied().unwrap_or([0; COUNT])
    }

    /// The eight bytes from `at` on, the first one lowest.
    #[inline(always)]
    pub(in crate::compress) fn eight(&self, at: usize) -> u64 {
        u64::from_le_bytes(self.group(at))
    }

    /// The four bytes from `at` on.
    #[inline(always)]
    pub(in crate::compress) fn four(&self, at: usize) -> u32 {
        u32::from_le_bytes(self.group(at))
    }

    /// The two bytes from `at` on.
    #[inline(always)]
    pub(in crate::compress) fn two(&self, at: usize) -> u16 {
        u16::from_le_bytes(self.group(at))
    }

    /// The byte at `at`.
    #[inline(always)]
    pub(in crate::compress) fn byte(&self, at: usize) -> u8 {
        self.bytes[at & Self::MASK]
    }

    /// How many bytes at `at` and `before` are equal, given that `length` are;
    /// at most `most`.
    #[inline(always)]
    pub(in crate::compress) fn extend(
        &self,
        at: usize,
        before: usize,
        mut length: usize,
        most: usize,
    ) -> usize {
        while length < most {
            let here = self.eight(at.wrapping_add(length));
            let differs = here ^ self.eight(before.wrapping_add(length));
            if differs != 0 {
                length = length.wrapping_add(differs.trailing_zeros() as usize / 8);
                return length.min(most);
            }
            length = length.wrapping_add(8);
        }
        most
    }
}
