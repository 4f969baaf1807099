//! Invariant: each question to a hive that nobody has checked ends with an
//! answer, without a panic and without more memory than the hive has.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wimwright_hive::Peek;

fuzz_target!(|bytes: &[u8]| {
    let mut hive = bytes.to_vec();
    seal(&mut hive);
    let Ok(peek) = Peek::open(&hive) else { return };
    let mut pending = vec![peek.root().map(|key| key.id())];
    // Loops in the tree are the caller's to guard against.
    for _ in 0..100 {
        let Some(id) = pending.pop() else { return };
        let Ok(key) = id.and_then(|id| peek.key_by_id(id)) else {
            continue;
        };
        let _ = (
            key.subkey("below"),
            key.value("x"),
            key.security(),
            key.class_name(),
            key.parent(),
        );
        for value in key.values().into_iter().flatten().flatten() {
            let _ = value.data().map(|data| assert!(data.len() <= hive.len()));
        }
        pending.extend(
            key.subkeys()
                .into_iter()
                .flatten()
                .map(|key| key.map(|key| key.id())),
        );
    }
});

/// Makes sequence numbers and checksum right, so that the rest is reached.
fn seal(hive: &mut [u8]) {
    if hive.len() < 512 {
        return;
    }
    hive.copy_within(4..8, 8);
    let dwords = hive[..508].chunks_exact(4);
    let sum = dwords.fold(0, |sum, bytes| {
        sum ^ u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
    });
    let sum: u32 = match sum {
        0 => 1,
        u32::MAX => u32::MAX - 1,
        sum => sum,
    };
    hive[508..512].copy_from_slice(&sum.to_le_bytes());
}
