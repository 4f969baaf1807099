//! The plain chunk where the match finders can read it without asking, at
//! every step, where it ends.

/// Zeros behind the chunk: the longest match, and a group of eight bytes.
pub(in crate::compress) const PADDING: usize = 512;

/// A chunk at the positions from 1 on. `LEN` is at least the chunk size plus
/// [`PADDING`].
#[derive(Clone, Debug)]
pub(in crate::compress) struct Window<const LEN: usize> {
    bytes: Box<[u8; LEN]>,
}

impl<const LEN: usize> Default for Window<LEN> {
    fn default() -> Self {
        let bytes = vec![0; LEN].into_boxed_slice();
        let bytes = bytes.try_into().expect("it was made with this length");
        Window { bytes }
    }
}

impl<const LEN: usize> Window<LEN> {
    /// Takes a chunk over and gives it back for changes in place.
    pub(in crate::compress) fn load(&mut self, plain: &[u8]) -> &mut [u8] {
        let (chunk, behind) = self.bytes[1..].split_at_mut(plain.len());
        chunk.copy_from_slice(plain);
        behind[..PADDING - 1].fill(0);
        chunk
    }

    /// The bytes at the positions `start..end`.
    pub(in crate::compress) fn bytes(&self, start: usize, end: usize) -> &[u8] {
        &self.bytes[start..end]
    }

    /// The eight bytes from `at` on, the first one lowest.
    #[inline(always)]
    pub(in crate::compress) fn word(&self, at: usize) -> u64 {
        match self.bytes.get(at..).and_then(<[u8]>::first_chunk) {
            Some(bytes) => u64::from_le_bytes(*bytes),
            None => 0,
        }
    }

    /// The four bytes from `at` on.
    #[inline(always)]
    pub(in crate::compress) fn four(&self, at: usize) -> u32 {
        match self.bytes.get(at..).and_then(<[u8]>::first_chunk) {
            Some(bytes) => u32::from_le_bytes(*bytes),
            None => 0,
        }
    }

    /// The two bytes from `at` on.
    #[inline(always)]
    pub(in crate::compress) fn two(&self, at: usize) -> u16 {
        match self.bytes.get(at..).and_then(<[u8]>::first_chunk) {
            Some(bytes) => u16::from_le_bytes(*bytes),
            None => 0,
        }
    }

    /// The byte at `at`.
    #[inline(always)]
    pub(in crate::compress) fn byte(&self, at: usize) -> u8 {
        self.bytes.get(at).copied().unwrap_or(0)
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
            let differs =
                self.word(at.wrapping_add(length)) ^ self.word(before.wrapping_add(length));
            if differs != 0 {
                length = length.wrapping_add(differs.trailing_zeros() as usize / 8);
                return length.min(most);
            }
            length = length.wrapping_add(8);
        }
        most
    }
}
