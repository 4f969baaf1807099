//! Which way the arrows point: `cli → drivers, hal → servicing → wim, hive, inf`.
//! A dependency that points the other way fails here.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test of the workspace's own metadata"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

/// What each crate of ours may depend on: other crates of ours, in the
/// product (not in tests).
const ALLOWED: &[(&str, &[&str])] = &[
    ("wimwright-hive", &[]),
    ("wimwright-inf", &[]),
    ("wimwright-wim", &[]),
    (
        "wimwright-servicing",
        &["wimwright-hive", "wimwright-inf", "wimwright-wim"],
    ),
    (
        "wimwright-drivers",
        &["wimwright-servicing", "wimwright-inf"],
    ),
    ("wimwright-hal", &["wimwright-servicing", "wimwright-inf"]),
    (
        "wimwright",
        &[
            "wimwright-drivers",
            "wimwright-hal",
            "wimwright-servicing",
            "wimwright-hive",
        ],
    ),
    // Test support: no product crate may depend on it.
    ("wimwright-testdata", &["wimwright-hive"]),
];

/// Crates that belong to the command line and to nothing below it.
const CLI_ONLY: &[&str] = &["clap", "clap_complete", "indicatif", "anyhow"];

fn metadata() -> Value {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml");
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--format-version",
            "1",
            "--no-deps",
            "--offline",
        ])
        .args(["--manifest-path", manifest])
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn no_dependency_points_the_wrong_way() {
    let metadata = metadata();
    let allowed: BTreeMap<&str, BTreeSet<&str>> = ALLOWED
        .iter()
        .map(|(name, below)| (*name, below.iter().copied().collect()))
        .collect();
    let packages = metadata["packages"].as_array().unwrap();
    assert!(
        packages.len() >= ALLOWED.len(),
        "the workspace was not read"
    );
    for package in packages {
        let name = package["name"].as_str().unwrap();
        let may = allowed
            .get(name)
            .unwrap_or_else(|| panic!("`{name}` is new: say what it may depend on"));
        for dependency in package["dependencies"].as_array().unwrap() {
            if dependency["kind"] == "dev" {
                continue;
            }
            let on = dependency["name"].as_str().unwrap();
            let ours = on == "wimwright" || on.starts_with("wimwright-");
            assert!(
                !ours || may.contains(on),
                "`{name}` must not depend on `{on}`"
            );
            assert!(
                name == "wimwright" || !CLI_ONLY.contains(&on),
                "`{on}` belongs to the command line, not to `{name}`"
            );
        }
    }
}

#[test]
fn format_crates_are_permissive_and_the_rest_is_gpl() {
    for package in metadata()["packages"].as_array().unwrap() {
        let name = package["name"].as_str().unwrap();
        let expected = match name {
            "wimwright-hive" | "wimwright-inf" | "wimwright-wim" => "MIT OR Apache-2.0",
            _ => "GPL-3.0-or-later",
        };
        assert_eq!(package["license"], expected, "licence of `{name}`");
    }
}
