//! Random plans and random changes, the same every time, on an image directory
//! and on an image in a WIM file that hold nearly the same.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test program")]

#[path = "../apply/support.rs"]
#[allow(dead_code, reason = "the tests of apply use the rest")]
mod made;

mod as_plan;
mod found;
mod image;
mod plans;
mod snapshot;
mod undone;
