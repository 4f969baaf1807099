//! Update packages made for tests, whole: descriptions, manifests, payload,
//! catalogs signed by an authority of our own, cabinets.
//!
//! A test describes a package ([`Package`], [`Component`]), takes its files
//! ([`Package::members`]), spoils some if it likes, and puts them into a
//! cabinet ([`cabinet`]) or a standalone file ([`Package::msu`]). Names and
//! digests are computed here by code of its own, so that they are a second
//! opinion on the code under test.

mod authority;
mod catalog;
mod container;
mod der;
mod description;
mod example;
mod names;
mod xml;

pub use authority::root_certificate;
pub use catalog::{CatalogForm, catalog};
pub use container::{Members, cabinet};
pub use description::{
    Brings, Component, Deployment, FILE_SDDL, File, KEY_SDDL, Key, Package, Parents, TOKEN, Update,
};
pub use example::update_for;
pub use names::Identity;
