//! Boot prediction against real hives and the computers that they come from.
//! What is broken is broken by hivex and by the host's file system.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a panic is how a test fails; images are made on the host"
)]

mod baselines;
mod control_sets;
mod databases;
mod filters;
mod packages;
mod platform;
#[path = "../support/mod.rs"]
mod support;
