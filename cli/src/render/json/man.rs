//! `man`.

use schemars::JsonSchema;
use serde::Serialize;

use super::Document;

/// `man`.
#[derive(Debug, JsonSchema, Serialize)]
pub struct ManPages {
    /// The directory as it was named.
    pub directory: String,
    /// The files written into it.
    pub pages: Vec<String>,
}

impl Document for ManPages {
    const NAME: &'static str = "man";
}
