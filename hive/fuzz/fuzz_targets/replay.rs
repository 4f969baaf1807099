//! Invariant: whatever a hive and its logs hold, opening them ends with an
//! answer, never panics, and takes no more memory than hive and logs together
//! do; what it opens is clean.
//!
//! Input: the length of the hive in four bytes, the hive, and one log.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wimwright_hive::{Hive, Peek};

fuzz_target!(|input: &[u8]| {
    let Some((length, rest)) = input.split_first_chunk::<4>() else {
        return;
    };
    let length = (u32::from_le_bytes(*length) as usize).min(rest.len());
    let (hive, log) = rest.split_at(length);
    let logs = [log.to_vec()];
    if let Ok((opened, recovery)) = Hive::open_with_logs(hive.to_vec(), &logs) {
        assert!(opened.as_bytes().len() <= hive.len() + log.len());
        assert!(recovery.is_some() || opened.as_bytes() == hive);
        Hive::open(opened.into_bytes()).expect("a replayed hive is clean");
    }
    let _ = Peek::open_with_logs(hive, &logs).map(|(peek, _)| peek.key("a").map(drop));
});
