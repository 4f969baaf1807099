//! Matches from binary trees of all earlier positions, one tree for each hash
//! of three bytes, sorted by the bytes that follow. The position looked up
//! becomes the root of its tree, so nearer ones stay on top; a walk from there
//! meets ever longer matches.
//!
//! This is the finder known from LZMA ("bt3").

use super::Effort;
use super::position::{Position, zeros};
use super::window::Window;

const HASH_3_BITS: u32 = 15;
const HASH_2_BITS: u32 = 12;

/// The trees of one chunk of fewer than `NODES` bytes. `NODES` is a power of
/// two.
#[derive(Clone, Debug)]
pub(in crate::compress) struct BinaryTree<P, const NODES: usize> {
    /// Newest position of each two bytes.
    pairs: Box<[P; 1 << HASH_2_BITS]>,
    roots: Box<[P; 1 << HASH_3_BITS]>,
    /// The children of each position: smaller, greater.
    children: Box<[[P; 2]; NODES]>,
}

impl<P: Position, const NODES: usize> Default for BinaryTree<P, NODES> {
    fn default() -> Self {
        BinaryTree {
            pairs: zeros(),
            roots: zeros(),
            children: zeros(),
        }
    }
}

impl<P: Position, const NODES: usize> BinaryTree<P, NODES> {
    /// Forgets all positions.
    pub(in crate::compress) fn clear(&mut self) {
        self.pairs.fill(P::default());
        self.roots.fill(P::default());
    }

    /// Enters `at` and tells `found` of matches at it: length and offset, each
    /// longer than the one before, at most `most` bytes. At least 3 bytes
    /// (`most`) must follow. Returns the greatest length, or 1.
    #[inline(always)]
    pub(in crate::compress) fn look_up<const LEN: usize>(
        &mut self,
        window: &Window<LEN>,
        at: usize,
        most: usize,
        effort: Effort,
        mut found: impl FnMut(usize, usize),
    ) -> usize {
        let bytes = window.four(at);
        let position = P::new(at);
        let mut best = 1;

        let pair = (bytes & 0xFFFF).wrapping_mul(0x9E37_79B1) >> (32 - HASH_2_BITS);
        let pair = std::mem::replace(&mut self.pairs[pair as usize], position);
        if pair.index() != 0 && window.two(pair.index()) == bytes as u16 {
            best = 2;
            found(2, at - pair.index());
        }

        let root = (bytes << 8).wrapping_mul(0x9E37_79B1) >> (32 - HASH_3_BITS);
        let mut node = std::mem::replace(&mut self.roots[root as usize], position);
        let nice = effort.nice.min(most);
        // The slots that wait for the next smaller and the next greater node.
        let mut smaller = (at, 0);
        let mut greater = (at, 1);
        let mut smaller_length = 0;
        let mut greater_length = 0;
        let mut depth = effort.depth;
        while node.index() != 0 && depth != 0 {
            depth -= 1;
            let before = node.index();
            let mut length = smaller_length.min(greater_length);
            let mut here = window.eight(at.wrapping_add(length));
            let mut there = window.eight(before.wrapping_add(length));
            while here == there && length < nice {
                length = length.wrapping_add(8);
                here = window.eight(at.wrapping_add(length));
                there = window.eight(before.wrapping_add(length));
            }
            length = length.wrapping_add((here ^ there).trailing_zeros() as usize / 8);
            if length > best {
                if length >= nice {
                    best = window.extend(at, before, length, most);
                    found(best, at.wrapping_sub(before));
                    let [less, more] = self.children[before & (NODES - 1)];
                    self.set(smaller, less);
                    self.set(greater, more);
                    return best;
                }
                best = length;
                found(length, at.wrapping_sub(before));
            }
            // The first bytes that differ, compared with all that follow.
            if there.swap_bytes() < here.swap_bytes() {
                self.set(smaller, node);
                smaller = (before, 1);
                smaller_length = length;
                node = self.children[before & (NODES - 1)][1];
            } else {
                self.set(greater, node);
                greater = (before, 0);
                greater_length = length;
                node = self.children[before & (NODES - 1)][0];
            }
        }
        self.set(smaller, P::default());
        self.set(greater, P::default());
        best
    }

    #[inline(always)]
    fn set(&mut self, (parent, side): (usize, usize), child: P) {
        self.children[parent & (NODES - 1)][side & 1] = child;
    }
}
