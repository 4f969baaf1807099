//! Invariant: any bytes give a catalog or an error, and a verdict or an error,
//! in bounded time. What has a verdict without fault is signed data; a store
//! without anchors trusts nobody; a catalog's own bytes are never a member.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wimwright_servicing::catalog::Catalog;
use wimwright_servicing::catalog::verify::{Signature, TrustStore, Verdict};

fuzz_target!(|bytes: &[u8]| {
    let catalog = Catalog::parse(bytes);
    let signature = Signature::read(bytes, &TrustStore::default());
    if let Ok(Some(signature)) = &signature {
        for time in [0, 1_600_000_000, u64::MAX] {
            signature.verdict(time);
        }
    }
    let nobody = Signature::read(bytes, &TrustStore::empty());
    assert_eq!(nobody.is_ok(), signature.is_ok());
    if let Ok(Some(signature)) = nobody {
        assert_ne!(signature.verdict(1_600_000_000), Verdict::Trusted);
        assert_eq!(signature.trusted_time_stamp(), None);
    }
    if let Ok(catalog) = catalog {
        assert!(!catalog.coverage(bytes).is_listed());
        for member in &catalog.members {
            member.windows_versions();
        }
    }
});
