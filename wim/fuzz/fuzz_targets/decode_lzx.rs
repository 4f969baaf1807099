//! Any bytes are data or an error: the decoder never panics, and decodes the
//! same bytes the same way twice.
//!
//! Input: the plain length in 16 bits, then the compressed chunk.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wimwright_wim::compress::{Codec, Decoder};

fuzz_target!(|input: &[u8]| {
    let Some((length, compressed)) = input.split_first_chunk() else {
        return;
    };
    let length = usize::from(u16::from_le_bytes(*length)) % (1 << 15) + 1;
    let Ok(mut decoder) = Decoder::new(Codec::Lzx, 1 << 15) else {
        unreachable!("the chunk size is allowed");
    };
    let mut first = vec![0; length];
    let result = decoder.decode(compressed, &mut first);
    let mut second = vec![0; length];
    assert_eq!(decoder.decode(compressed, &mut second), result);
    assert!(result.is_err() || first == second);
});
