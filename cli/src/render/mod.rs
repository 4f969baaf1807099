//! How results are shown: text, JSON, SARIF, pages, progress.

pub(crate) mod diff;
pub(crate) mod drivers_match;
pub(crate) mod explain;
pub(crate) mod faults;
pub(crate) mod generalize;
pub(crate) mod hal;
pub(crate) mod html;
pub mod json;
pub(crate) mod progress;
pub(crate) mod report;
pub(crate) mod sarif;
pub(crate) mod sbom;
pub(crate) mod text;
