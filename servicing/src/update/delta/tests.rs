#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use super::*;

/// Writes bits, least significant first.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    count: usize,
}

impl Bits {
    fn put(&mut self, value: u64, count: usize) {
        for bit in 0..count {
            if self.count.is_multiple_of(8) {
                self.bytes.push(0);
            }
            let byte = self.bytes.last_mut().unwrap();
            *byte |= ((value >> bit & 1) as u8) << (self.count % 8);
            self.count += 1;
        }
    }

    fn number(&mut self, value: u64) {
        let nibbles = (64 - value.leading_zeros() as usize).div_ceil(4).max(1);
        self.put(1 << (nibbles - 1), nibbles);
        self.put(value, 4 * nibbles);
    }

    fn buffer(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.count = self.bytes.len() * 8;
        self.bytes.extend_from_slice(bytes);
        self.count += bytes.len() * 8;
    }

    /// Begins a stream; the padding is filled in at the end.
    fn begin() -> Bits {
        let mut bits = Bits::default();
        bits.put(0, 3);
        bits
    }

    fn finish(mut self) -> Vec<u8> {
        let padding = self.bytes.len() * 8 - self.count;
        self.bytes[0] |= padding as u8;
        self.bytes
    }
}

/// A symbol of the code in which all 600 weigh the same: 424 of nine bits,
/// whose codes come after those of ten.
fn main_symbol(bits: &mut Bits, symbol: u64) {
    let (code, len) = match symbol < 424 {
        true => (symbol + 176 / 2, 9),
        false => (symbol - 424, 10),
    };
    for bit in (0..len).rev() {
        bits.put(code >> bit, 1);
    }
}

fn delta(target: &[u8], file_type: u64, flags: u64, content: impl FnOnce(&mut Bits)) -> Vec<u8> {
    let mut patch = Bits::begin();
    // No table of shifts; all symbols weigh the same.
    patch.put(0, 1);
    patch.put(1, 1);
    content(&mut patch);
    let patch = patch.finish();
    let mut outer = Bits::begin();
    for number in [0xf, file_type, flags, target.len() as u64, 0x8003] {
        outer.number(number);
    }
    outer.buffer(&Md5::digest(target));
    outer.buffer(&[]);
    outer.buffer(&patch);
    let mut delta = b"PA30".to_vec();
    delta.extend([0; 8]);
    delta.extend(outer.finish());
    delta
}

#[test]
fn bytes_repeats_and_copies_from_the_basis() {
    let basis = b"0123456789abcdef";
    // Two bytes; one repeated by distance 1; six from the same place of the
    // basis; one from near it (two bytes before), by slot 0.
    let target = b"xyyyyy6789ab9a";
    let made = delta(target, 1, 0x20000, |bits| {
        main_symbol(bits, u64::from(b'x'));
        main_symbol(bits, u64::from(b'y'));
        main_symbol(bits, 256 + (8 << 3) + 3);
        main_symbol(bits, 256 + (3 << 3) + 5);
        main_symbol(bits, 256 + 1);
        // Distance: basis and three; nine is at position nine.
        bits.put(0x2000 + 3, 14);
    });
    assert_eq!(apply(&made, basis).unwrap(), target);
    // Another basis gives another result, and that is found.
    let other = apply(&made, b"0123456789ABCDEF");
    assert!(matches!(other, Err(DeltaError::Hash { .. })), "{other:?}");
    // None at all does not hold what is copied.
    assert_eq!(apply(&made, b""), Err(DeltaError::Distance));
}

#[test]
fn lengths_that_do_not_fit_a_symbol() {
    // 5 + 300: the long form, 2^8 + 36 + 8.
    let target = vec![b'z'; 301];
    let made = delta(&target, 1, 0, |bits| {
        main_symbol(bits, u64::from(b'z'));
        main_symbol(bits, 256 + (8 << 3));
        // The code for lengths has 256 symbols of eight bits.
        bits.put(0, 8);
        bits.put(1, 1);
        bits.put(36, 8);
    });
    assert_eq!(apply(&made, b"").unwrap(), target);
}

#[test]
fn what_is_not_decoded_is_refused_by_its_name() {
    let program = delta(b"", 8, 0, |_| {});
    let error = apply(&program, b"").unwrap_err().to_string();
    assert!(error.contains("AMD64 (8)"), "{error}");
    assert_eq!(apply(b"PA19....", b""), Err(DeltaError::Older));
    let flags = delta(b"", 1, 0x5, |_| {});
    let expected = DeltaError::Flags {
        flags: 5,
        unknown: 4,
    };
    assert_eq!(apply(&flags, b""), Err(expected));
    assert!(matches!(apply(b"MZ", b""), Err(DeltaError::Magic { .. })));
    let huge = {
        let mut outer = Bits::begin();
        for number in [0xf, 1, 0, u64::MAX, 0x8003] {
            outer.number(number);
        }
        for _ in 0..3 {
            outer.buffer(&[]);
        }
        let mut delta = b"PA30\0\0\0\0\0\0\0\0".to_vec();
        delta.extend(outer.finish());
        delta
    };
    assert!(matches!(
        apply(&huge, b""),
        Err(DeltaError::TooLarge { .. })
    ));
}

#[test]
fn no_cut_and_no_flipped_bit_makes_it_panic() {
    let target = b"xyyyyy6789ab9a";
    let made = delta(target, 1, 0, |bits| {
        main_symbol(bits, u64::from(b'x'));
        main_symbol(bits, u64::from(b'y'));
        main_symbol(bits, 256 + (8 << 3) + 3);
        main_symbol(bits, 256 + (3 << 3) + 5);
        main_symbol(bits, 256 + 1);
        bits.put(0x2000 + 3, 14);
    });
    for len in 0..made.len() {
        assert!(apply(&made[..len], b"0123456789abcdef").is_err(), "{len}");
    }
    for bit in 0..made.len() * 8 {
        let mut flipped = made.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        // Time and the set of types are not in what is decoded.
        if let Ok(made) = apply(&flipped, b"0123456789abcdef") {
            assert_eq!(made, target);
        }
    }
}
