//! How results are shown: text, JSON, SARIF, progress.

pub(crate) mod diff;
pub mod json;
pub(crate) mod progress;
pub(crate) mod sarif;
pub(crate) mod text;
