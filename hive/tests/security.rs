//! Inherited security against what Windows gave the keys of real hives.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test ends where something is wrong"
)]

use std::collections::HashMap;

use wimwright_hive::{Hive, Key, inherited_security};

/// What the subkeys of a hive have.
#[derive(Default)]
struct Counts {
    keys: usize,
    /// Their descriptor is what we compute.
    equal: usize,
    /// Not protected, and with their parent's owner and group: the others
    /// cannot come out equal.
    comparable: usize,
}

/// Owner, group, and whether the list is protected from inheritance.
fn origin(descriptor: &[u8]) -> (&[u8], &[u8], bool) {
    let sid = |field: usize| {
        let at = u32::from_le_bytes(descriptor[field..field + 4].try_into().unwrap()) as usize;
        &descriptor[at..at + 8 + usize::from(descriptor[at + 1]) * 4]
    };
    (sid(4), sid(8), descriptor[3] & 0x10 != 0)
}

fn count(counts: &mut Counts, cache: &mut HashMap<Vec<u8>, Vec<u8>>, key: Key<'_>) {
    let parent = key.security().unwrap();
    let computed = cache
        .entry(parent.to_vec())
        .or_insert_with(|| inherited_security(parent).unwrap())
        .clone();
    for subkey in key.subkeys().unwrap().map(Result::unwrap) {
        let child = subkey.security().unwrap();
        let ((owner, group, _), (its_owner, its_group, is_protected)) =
            (origin(parent), origin(child));
        counts.keys += 1;
        counts.equal += usize::from(child == computed);
        counts.comparable += usize::from(owner == its_owner && group == its_group && !is_protected);
        count(counts, cache, subkey);
    }
}

#[test]
fn most_keys_of_real_hives_have_the_computed_descriptor() {
    let Some(corpus) = wimwright_testdata::corpus("inherited security") else {
        return;
    };
    // At least this share of the comparable keys, in per mille: what Windows
    // wrote with other means (explicit entries, tokens' labels) is the rest.
    for (name, least) in [
        ("SYSTEM-winxp-sp3-x86", 965),
        ("SYSTEM-winxp64-sp2", 955),
        ("DEFAULT-winxp64-sp2", 990),
        ("SYSTEM-win7-sp1-x86", 995),
        ("SYSTEM-win81-x64-dirty", 955),
        ("SYSTEM-win10-1709-x64-dirty", 940),
        ("SYSTEM-win10-2004-x64", 985),
        ("NTUSER-RunTests.DAT", 990),
        ("NTUSER-vibranium.DAT", 980),
    ] {
        let bytes = wimwright_testdata::read(&corpus.join("hives").join(name));
        let hive = Hive::open_accepting_dirty(bytes).unwrap();
        let mut counts = Counts::default();
        count(&mut counts, &mut HashMap::new(), hive.root());
        println!(
            "{name}: {} subkeys, {} comparable, {} equal",
            counts.keys, counts.comparable, counts.equal
        );
        assert!(
            counts.equal * 1000 >= counts.comparable * least,
            "{name}: {} of {} comparable keys",
            counts.equal,
            counts.comparable
        );
    }
}
