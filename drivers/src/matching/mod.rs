//! Which driver of an image Windows takes for a device.
//!
//! A [`DriverIndex`] knows every driver of an image (or of a folder of
//! packages) by the ids that it serves; it is built once and asked for each
//! device. [`match_device`] asks one or several of them and puts what fits in
//! Windows' order ([`crate::rank`]).
//!
//! An extension INF is no driver of its own: it changes what the driver's INF
//! says, so it stands beside the candidates and never among them (page "Using
//! an Extension INF File").

mod candidate;
mod computer;
mod database;
mod driver;
mod image_infs;
mod index;
mod inf;
mod packages;
mod parallel;

pub use candidate::{Candidate, DeviceMatch, DeviceState, match_device};
pub use computer::{ComputerMatch, match_computer};
pub use driver::{Driver, Source};
pub use index::{DriverIndex, Scope};
pub use packages::{
    Contender, Need, PackageVerdict, PackagesMatch, ReadPackages, match_packages, read_packages,
    unneeded,
};
