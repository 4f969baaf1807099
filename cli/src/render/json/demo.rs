//! `demo`.

use schemars::JsonSchema;
use serde::Serialize;

use super::Document;
use super::drivers::Added;
use super::plan::ReceiptDocument;

/// `demo`.
#[derive(Debug, JsonSchema, Serialize)]
pub struct Demo<'a> {
    /// The directory that was made.
    pub directory: String,
    /// The driver package in it.
    pub package: String,
    /// What is real in it, and what is made.
    pub parts: Vec<DemoPart>,
    /// Always true: the demo begins with an image without the package.
    pub changed: bool,
    /// The sample image, and what adding the package to it gave.
    pub images: Vec<Added<'a>>,
    /// What was done to it.
    pub receipt: ReceiptDocument,
}

impl Document for Demo<'_> {
    const NAME: &'static str = "demo";
}

/// A part of the demo.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct DemoPart {
    /// Where it lies, below the demo's directory.
    pub path: String,
    /// Where it is from.
    pub origin: Origin,
    /// What it is.
    pub description: String,
}

/// Where a part of the demo is from.
#[derive(Clone, Copy, Debug, JsonSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// From real Windows, or from the maker of a real driver.
    Real,
    /// Real, with keys or values added.
    Completed,
    /// Made by this program.
    Made,
}
