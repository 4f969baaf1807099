//! Invariant: any bytes give a description or an error, in bounded time. What a
//! mum names is a package's name that reads back; what a manifest is has a name
//! that is a file's; a list of files finds each of its files by number.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wimwright_servicing::update::file_index::FileIndex;
use wimwright_servicing::update::key_form::{component_name, deployment_name, winners_name};
use wimwright_servicing::update::manifest::Manifest;
use wimwright_servicing::update::{Identity, Mum};

fn check(identity: &Identity) {
    let name = identity.to_string();
    let again = Identity::from_package_name(&name).expect("it was written");
    assert!(again.is_same_package_family(identity) && again.version == identity.version);
    for name in [component_name(identity), deployment_name(identity), winners_name(identity)] {
        assert!(!name.contains(['\\', '/', ':']) && !name.is_empty());
    }
}

fuzz_target!(|bytes: &[u8]| {
    if let Ok(mum) = Mum::parse(bytes) {
        check(&mum.identity);
        for inner in mum.packages() {
            check(inner);
        }
        for (_, deployment) in mum.deployments() {
            check(deployment);
        }
    }
    if let Ok(manifest) = Manifest::parse(bytes) {
        check(&manifest.identity);
        for file in &manifest.files {
            assert!(!file.name.is_empty());
        }
    }
    if let Ok(index) = FileIndex::parse(bytes) {
        for file in index.files() {
            assert_eq!(index.by_id(file.id), Some(file));
            assert!(index.by_name(&file.name).is_some());
        }
    }
});
