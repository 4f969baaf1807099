//! Finding matches: shared by the encoders.

mod binary_tree;
mod hash_chain;
mod position;
mod window;

pub(super) use binary_tree::BinaryTree;
pub(super) use hash_chain::{HashChain, Match};
pub(super) use position::{Position, zeros};
pub(super) use window::{GROUP, Window};

/// How long to look.
#[derive(Clone, Copy, Debug)]
pub(in crate::compress) struct Effort {
    /// Most positions compared.
    pub(in crate::compress) depth: u32,
    /// A match as long as this is good enough.
    pub(in crate::compress) nice: usize,
}
