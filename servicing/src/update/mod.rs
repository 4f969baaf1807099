//! Update packages: what they are, what they bring, and whether an image can
//! take them.
//!
//! ```text
//! container                    cabinets and such: trees of files
//! mum                          update.mum: parents, updates, features
//! manifest                     components: files, registry, the rest by name
//! delta, compressed_manifest   contents that are stored as differences
//! file_index, payload          members of a container as the files that they stand for
//! identity, version, key_form  names in packages, in the store, in the registry
//! package                      a package as a whole: what is covered, what can be decoded
//! store                        what an image has: packages, features, servicing stack
//! applicability, order, batch  what that comes to, with the reason for each answer
//! add                          which way a package goes into an image, and why
//! staging, installing          into the image's store, and into use
//! consistency                  whether an image's store holds together
//! deferral                     packages that wait in the image for its first boot
//! ```
//!
//! What changes an image goes through `add`, `deferral`, `staging` and
//! `installing`; the rest reads.

pub mod add;
pub mod applicability;
pub mod batch;
pub mod compressed_manifest;
pub mod consistency;
pub mod container;
pub mod deferral;
pub mod delta;
mod destinations;
pub mod file_index;
pub mod identity;
pub mod installing;
pub mod key_form;
pub mod manifest;
pub mod mum;
pub mod order;
pub mod package;
pub mod payload;
pub mod remove;
pub mod staging;
pub mod store;
mod store_names;
pub mod version;
pub mod xml;

pub use destinations::DestinationError;
pub use identity::{Identity, IdentityError};
pub use mum::{Mum, MumError};
pub use package::{Package, PackageError};
pub use store::PackageStore;
pub use version::{AssemblyVersion, VersionError};
