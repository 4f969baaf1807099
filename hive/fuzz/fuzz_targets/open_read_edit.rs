//! Invariant: whatever the bytes are, opening them ends with an answer and
//! never panics. A hive that opens can be read from end to end without an
//! error, can be edited (some edits are refused by name), and opens again
//! after that: the structure check finds nothing fatal.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wimwright_hive::{Error, FileTime, Hive, Key, Security};

fn read(key: Key<'_>) {
    key.name()
        .expect("the check has read the name")
        .to_string_lossy();
    key.security()
        .expect("the check has read the security record");
    key.class_name().expect("the check has read the class name");
    for value in key.values().expect("the check has read the list") {
        let value = value.expect("the check has read the value");
        value.name().expect("the check has read its name");
        value.data().expect("the check has seen its data");
        let _ = (
            value.as_string(),
            value.as_multi_string(),
            value.as_u32(),
            value.as_u64(),
        );
    }
    for subkey in key.subkeys().expect("the check has read the lists") {
        read(subkey.expect("the check has read the subkey"));
    }
}

fuzz_target!(|bytes: &[u8]| {
    let Ok(mut hive) = Hive::open_accepting_dirty(bytes.to_vec()) else {
        return;
    };
    read(hive.root());
    let root = hive.root().id();
    let first = hive
        .root()
        .subkeys()
        .ok()
        .and_then(|mut keys| keys.next()?.ok())
        .map(|key| key.id());
    let now = FileTime(1);
    let results = [
        hive.create_key(r"Fuzz\Below", Security::Inherit, now)
            .map(drop),
        hive.set_value(root, &[0x46], 3, &[7; 20_000], now)
            .map(drop),
        hive.delete_value(root, &[], now).map(drop),
        first.map_or(Ok(()), |key| hive.delete_key_by_id(key, now).map(drop)),
        hive.delete_key("Fuzz", now).map(drop),
    ];
    for result in results {
        match result {
            Ok(())
            | Err(
                Error::Differencing
                | Error::WrongParent { .. }
                | Error::PredefinedKey { .. }
                | Error::TooDeep { .. },
            ) => {}
            Err(error) => panic!("{error}"),
        }
    }
    let after = hive.check();
    assert!(after.first_broken().is_none(), "{:?}", after.first_broken());
    Hive::open_accepting_dirty(hive.into_bytes()).expect("an edited hive opens again");
});
