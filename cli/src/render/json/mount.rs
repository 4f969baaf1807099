//! `mount`, `unmount`, `mounts`.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::Document;
use super::plan::ReceiptDocument;

/// `mount`.
#[derive(Debug, JsonSchema, Serialize)]
pub struct MountDone {
    /// The image, by its whole path.
    pub image: String,
    /// Where it is mounted.
    pub directory: String,
    /// Whether it may be changed.
    pub writable: bool,
    /// The process that answers for the mount.
    pub process: u32,
}

impl Document for MountDone {
    const NAME: &'static str = "mount";
}

/// `unmount`.
#[derive(Debug, JsonSchema, Serialize)]
pub struct UnmountDone {
    /// The image, by its whole path.
    pub image: String,
    /// Where it was mounted.
    pub directory: String,
    /// Whether anything had been changed.
    pub changed: bool,
    /// Whether that was written into the image.
    pub committed: bool,
    /// Whether programs use the directory still.
    pub in_use: bool,
    /// What was done; with `--commit` only.
    #[schemars(with = "ReceiptDocument", skip_serializing_if = "Option::is_none")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receipt: Option<Value>,
}

impl Document for UnmountDone {
    const NAME: &'static str = "unmount";
}

/// `mounts`.
#[derive(Debug, JsonSchema, Serialize)]
pub struct Mounts {
    /// The images that are mounted.
    pub mounts: Vec<MountEntry>,
    /// Those that were unmounted because their process is gone; with `--clean`
    /// only.
    pub cleaned: Vec<MountEntry>,
}

impl Document for Mounts {
    const NAME: &'static str = "mounts";
}

/// A mounted image.
#[derive(Debug, JsonSchema, Serialize)]
pub struct MountEntry {
    /// Where.
    pub directory: String,
    /// The image; of one whose process is gone as the list of mounts has it.
    pub image: String,
    /// Whether its process is there.
    pub alive: bool,
    /// The process.
    pub process: Option<u32>,
    /// Whether the image may be changed.
    pub writable: Option<bool>,
    /// Whether something was changed that is not in the image.
    pub changed: Option<bool>,
}
