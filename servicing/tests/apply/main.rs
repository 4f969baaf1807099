//! Applying images to directories.

#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test ends where something is wrong"
)]

mod damage;
mod existing;
mod extract;
mod ntfs;
mod old_system;
mod plain;
mod round_trip;
mod sidecar;
mod support;
