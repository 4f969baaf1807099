//! Packages staged in generated images, and what a checker says of their stores.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test program")]

mod faults;
mod installing;
mod staging;
mod support;
