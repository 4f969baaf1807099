//! Invariant: any bytes either are no descriptor, or their heir is one that
//! can be inherited from again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wimwright_hive::inherited_security;

fuzz_target!(|parent: &[u8]| {
    if let Some(child) = inherited_security(parent) {
        assert!(inherited_security(&child).is_some());
    }
});
