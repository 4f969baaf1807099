//! Packages that wait for the first boot: what is put into an image for them,
//! what takes it out again, and what the script does when it runs.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test program"
)]

mod mechanisms;
mod refused;
mod script;
mod support;
