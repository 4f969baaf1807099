//! Driver packages and the driver store of an offline Windows image.
//!
//! The operations are functions over a [`Draft`](wimwright_servicing::Draft):
//! [`add`] plans a package into the image, [`remove`] out of it, [`list`] and
//! [`info`] read what is there, and [`export`] names the files to copy out.
//! [`model`] says what an INF means for one Windows, [`store`] which bytes that
//! becomes. Nothing here touches the host's filesystem.

mod add;
pub mod boot_path;
pub mod check;
mod diff;
mod error;
mod export;
mod inbox;
mod info;
mod inventory;
mod lint;
mod list;
pub mod matching;
pub mod model;
mod package;
pub mod rank;
mod remove;
mod signature;
pub mod store;
mod stored;

pub use add::{AddOptions, AddResult, Outcome, Refusal, add};
pub use diff::{DriverDifference, Field, diff};
pub use error::Error;
pub use export::{ExportOutcome, ExportedFile, ExportedPackage, export};
pub use info::{
    DriverDetails, ModelDescription, PackageDescription, ServiceDescription, describe, info,
};
pub use inventory::{DriverFile, InventoriedDriver, Inventory, inventory};
pub use lint::{
    LintFinding, LintMode, LintOptions, LintRule, Linted, MAX_FINDINGS as MAX_LINT_FINDINGS, lint,
    lint_bytes,
};
pub use list::{DriverPackage, list};
pub use package::{Package, find_infs, find_packages, takes};
pub use remove::{RemoveOptions, RemoveOutcome, RemoveResult, remove};
pub use signature::{CheckedFile, DriverSignature, FileSignature, SignatureFacts, Trust};
