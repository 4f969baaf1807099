//! Invariant: any bytes give a target or an error, in bounded time and memory.
//! A target has the length and, by its making, the hash that the header says;
//! what expands by itself expands alike whatever bases there are.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wimwright_servicing::update::compressed_manifest::{Bases, expand};
use wimwright_servicing::update::delta::{DeltaHeader, apply};

fuzz_target!(|bytes: &[u8]| {
    // The first byte says how much of the rest is the basis.
    let Some((share, rest)) = bytes.split_first() else {
        return;
    };
    let at = rest.len() * usize::from(*share) / 512;
    let (basis, delta) = rest.split_at(at);
    if let Ok(target) = apply(delta, basis) {
        let header = DeltaHeader::parse(delta).expect("it was applied");
        assert_eq!(header.target_len, target.len() as u64);
        header.check_decodable().expect("it was applied");
    }
    let alone = expand(delta, Bases::default());
    let with_base = Bases {
        manifest: Some(basis),
        ..Bases::default()
    };
    if let Ok(plain) = alone {
        assert!(expand(delta, with_base).is_ok_and(|again| again == plain));
    }
});
