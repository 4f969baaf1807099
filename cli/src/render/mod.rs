//! How results are shown: text, JSON, progress.

pub(crate) mod diff;
pub mod json;
pub(crate) mod progress;
pub(crate) mod text;
