//! Matches from chains of earlier positions with equal hashes, the newest
//! first: of four bytes, and of three bytes only the newest.

use super::Effort;
use super::position::{Position, zeros};
use super::window::Window;

const HASH_3_BITS: u32 = 13;
const HASH_4_BITS: u32 = 16;

/// The chains of one chunk of fewer than `NODES` bytes. `NODES` is a power of
/// two.
#[derive(Clone, Debug)]
pub(in crate::compress) struct HashChain<P, const NODES: usize> {
    threes: Box<[P; 1 << HASH_3_BITS]>,
    fours: Box<[P; 1 << HASH_4_BITS]>,
    /// The position before each in its chain.
    before: Box<[P; NODES]>,
}

impl<P: Position, const NODES: usize> Default for HashChain<P, NODES> {
    fn default() -> Self {
        HashChain {
            threes: zeros(),
            fours: zeros(),
            before: zeros(),
        }
    }
}

/// A match, or none of length 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::compress) struct Match {
    pub(in crate::compress) length: usize,
    pub(in crate::compress) offset: usize,
}

impl<P: Position, const NODES: usize> HashChain<P, NODES> {
    /// Forgets all positions.
    pub(in crate::compress) fn clear(&mut self) {
        self.threes.fill(P::default());
        self.fours.fill(P::default());
    }

    /// Enters `at`, which four bytes must follow, and returns the newest
    /// positions with the hashes of its three and its four bytes.
    #[inline(always)]
    fn enter(&mut self, bytes: u32, at: usize) -> (P, P) {
        let position = P::new(at);
        let three = (bytes << 8).wrapping_mul(0x9E37_79B1) >> (32 - HASH_3_BITS);
        let three = std::mem::replace(&mut self.threes[three as usize], position);
        let four = bytes.wrapping_mul(0x9E37_79B1) >> (32 - HASH_4_BITS);
        let four = std::mem::replace(&mut self.fours[four as usize], position);
        self.before[at & (NODES - 1)] = four;
        (three, four)
    }

    /// Enters the positions `from..to`.
    #[inline(always)]
    pub(in crate::compress) fn skip<const LEN: usize>(
        &mut self,
        window: &Window<LEN>,
        from: usize,
        to: usize,
    ) {
        for at in from..to {
            self.enter(window.four(at), at);
        }
    }

    /// Enters `at` and returns its longest match if it is longer than
    /// `known`, at most `most` bytes; of equally long ones the nearest.
    #[inline(always)]
    pub(in crate::compress) fn longest<const LEN: usize>(
        &mut self,
        window: &Window<LEN>,
        at: usize,
        known: usize,
        most: usize,
        effort: Effort,
    ) -> Match {
        let bytes = window.four(at);
        let (three, four) = self.enter(bytes, at);
        let mut best = Match {
            length: known,
            offset: 0,
        };
        if known < 3 && three.index() != 0 && (window.four(three.index()) ^ bytes) << 8 == 0 {
            best.length = 3;
            best.offset = at.wrapping_sub(three.index());
        }
        let nice = effort.nice.min(most);
        let mut node = four;
        let mut depth = effort.depth;
        // The four bytes that end where a longer match must go on.
        let mut tail = window.four(at.wrapping_add(best.length).wrapping_sub(3));
        if best.length < 3 {
            best.length = 3;
            tail = bytes;
        }
        while node.index() != 0 && depth != 0 && best.length < most {
            depth -= 1;
            let before = node.index();
            node = self.before[before & (NODES - 1)];
            let end = before.wrapping_add(best.length).wrapping_sub(3);
            if window.four(end) != tail || window.four(before) != bytes {
                continue;
            }
            let length = window.extend(at, before, 4, most);
            if length > best.length {
                best.length = length;
                best.offset = at.wrapping_sub(before);
                if length >= nice {
                    break;
                }
                tail = window.four(at.wrapping_add(length).wrapping_sub(3));
            }
        }
        if best.offset == 0 {
            return Match::default();
        }
        best
    }
}
