//! Windows imaging files (WIM): container, metadata and codecs in pure Rust.

#![forbid(unsafe_code)]

pub mod compress;
