//! Cabinets: real ones beside cabextract, made ones, damaged and hostile ones.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test ends where something is wrong"
)]

mod container;
mod corpus;
mod damage;
mod hostile;
mod made;
mod support;
mod tree;
