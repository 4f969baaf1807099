//! Whatever is encoded is decoded to the same, and gets shorter or is left.
//!
//! Input: which encoder, then the plain chunk.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wimwright_wim::compress::{Codec, Decoder, Encoded, Encoder, Level};

fuzz_target!(|input: &[u8]| {
    let Some((&which, plain)) = input.split_first() else {
        return;
    };
    let codec = [Codec::Xpress, Codec::Lzx][usize::from(which & 1)];
    let level = [Level::Fast, Level::Normal][usize::from(which >> 1 & 1)];
    let size = 1 << 16;
    let (Ok(mut encoder), Ok(mut decoder)) =
        (Encoder::new(codec, size, level), Decoder::new(codec, size))
    else {
        unreachable!("the chunk size is allowed");
    };
    let mut compressed = Vec::new();
    match encoder.encode(plain, &mut compressed) {
        Encoded::Incompressible => assert!(compressed.is_empty()),
        Encoded::Compressed => {
            assert!(compressed.len() < plain.len());
            let mut back = vec![0; plain.len()];
            assert_eq!(decoder.decode(&compressed, &mut back), Ok(()));
            assert!(back == plain);
        }
    }
});
