//! Images on the host, audited.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::disallowed_types,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "test support, shared by several test programs; it makes images on the host"
)]

use tempfile::TempDir;
use wimwright_hal::{Audit, HalType, Target, audit};
use wimwright_servicing::{Access, Image, time};
use wimwright_testdata::nt5::Nt5;

/// Writes an image.
pub fn write(image: &Nt5) -> TempDir {
    let root = tempfile::tempdir().unwrap();
    image.write(root.path());
    root
}

/// Audits an image against computers.
pub fn audited(image: &Nt5, targets: &[Target]) -> Audit {
    let root = write(image);
    audited_at(root.path(), targets)
}

/// Audits the image in a directory.
pub fn audited_at(root: &std::path::Path, targets: &[Target]) -> Audit {
    let image = Image::open(root, Access::Read).unwrap();
    let draft = image.look(time::from_unix_seconds(1_767_225_600));
    audit::<&str>(&draft, targets, &[])
}

/// A file of the host.
pub fn read(path: &std::path::Path) -> Vec<u8> {
    std::fs::read(path).unwrap()
}

/// Writes a file of the host.
pub fn replace(path: &std::path::Path, bytes: &[u8]) {
    std::fs::write(path, bytes).unwrap();
}

/// One computer of each class.
pub fn classes() -> Vec<Target> {
    HalType::CLASSES.into_iter().map(Target::of_class).collect()
}

/// The names of the checks that found something graver than a note.
pub fn grave(audit: &Audit) -> Vec<&'static str> {
    let findings = audit.findings.iter();
    let grave = findings.filter(|finding| finding.severity.name() != "note");
    let mut names: Vec<_> = grave.map(|finding| finding.check).collect();
    names.dedup();
    names
}
