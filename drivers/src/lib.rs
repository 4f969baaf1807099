//! Driver packages and the driver store of an offline Windows image.
//!
//! The operations are functions over a [`Draft`](wimwright_servicing::Draft):
//! [`add`] plans a package into the image, [`list`] and [`info`] read what is
//! there. [`model`] says what an INF means for one Windows, [`store`] which
//! bytes that becomes. Nothing here touches the host's filesystem.

mod add;
mod diff;
mod error;
mod inbox;
mod info;
mod list;
pub mod model;
mod package;
pub mod store;

pub use add::{AddOptions, AddResult, Outcome, Refusal, add};
pub use diff::{DriverDifference, Field, diff};
pub use error::Error;
pub use info::{
    DriverDetails, ModelDescription, PackageDescription, ServiceDescription, describe, info,
};
pub use list::{DriverPackage, DriverSignature, list};
pub use package::{Package, find_packages};
