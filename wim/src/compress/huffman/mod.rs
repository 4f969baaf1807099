//! Huffman codes: canonical, code words of at most 16 bits.

mod build;
mod decode;
mod encode;

pub(super) use build::CodeBuilder;
pub(super) use decode::DecodeTable;
pub(super) use encode::EncodeTable;
