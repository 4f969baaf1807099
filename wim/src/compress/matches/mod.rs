//! Finding matches: shared by the encoders.

mod binary_tree;
mod position;
mod window;

pub(super) use binary_tree::{BinaryTree, Effort};
pub(super) use position::Position;
pub(super) use window::{GROUP, Window};
