//! Driver packages into images around real SYSTEM hives.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "a test program"
)]

mod support;

use support::{Around, TestImage, package};
use wimwright_drivers::Outcome;

#[test]
fn the_second_add_is_unchanged_and_no_byte_differs() {
    let test = "add twice";
    let Some(image) = TestImage::new(Around::Windows10_2004, test) else {
        return;
    };
    let viostor = package(test, "virtio-viostor-w10-amd64", "viostor.inf").unwrap();
    let (first, receipt) = image.add(std::slice::from_ref(&viostor), false);
    assert_eq!(first[0].outcome, Outcome::Added, "{first:?}");
    println!("{}", receipt.plan);
    let before = image.snapshot();
    let (second, receipt) = image.add(&[viostor], false);
    assert_eq!(second[0].outcome, Outcome::Unchanged);
    assert_eq!(second[0].published_name, first[0].published_name);
    assert!(!receipt.plan.writes());
    assert!(image.snapshot() == before, "a byte changed");
}
