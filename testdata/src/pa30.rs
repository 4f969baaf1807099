//! Deltas of type RAW, written: `PA30` without and with a basis.
//!
//! All symbols weigh the same in what is written here, which is what a delta
//! says by one bit; matches are looked for greedily. The format is described in
//! `wimwright_servicing::update::delta`.

use std::collections::HashMap;

use md5::{Digest as _, Md5};

/// `RAW`.
pub const RAW: u64 = 1;
/// `AMD64`: a program, whose basis Windows would rewrite first.
pub const AMD64: u64 = 8;

/// Bits, least significant first.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    count: usize,
}

impl Bits {
    /// Begins a stream; the padding is filled in at the end.
    fn begin() -> Bits {
        let mut bits = Bits::default();
        bits.put(0, 3);
        bits
    }

    fn put(&mut self, value: u64, count: usize) {
        for bit in 0..count {
            if self.count.is_multiple_of(8) {
                self.bytes.push(0);
            }
            if let Some(byte) = self.bytes.last_mut() {
                *byte |= ((value >> bit & 1) as u8) << (self.count % 8);
            }
            self.count += 1;
        }
    }

    /// A code, from its most significant bit on.
    fn code(&mut self, code: u64, len: usize) {
        for bit in (0..len).rev() {
            self.put(code >> bit & 1, 1);
        }
    }

    fn number(&mut self, value: u64) {
        let nibbles = (64 - value.leading_zeros() as usize).div_ceil(4).max(1);
        self.put(1 << (nibbles - 1), nibbles);
        self.put(value, 4 * nibbles);
    }

    fn buffer(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.bytes.extend_from_slice(bytes);
        self.count = self.bytes.len() * 8;
    }

    fn finish(mut self) -> Vec<u8> {
        let padding = self.bytes.len() * 8 - self.count;
        if let Some(first) = self.bytes.first_mut() {
            *first |= padding as u8;
        }
        self.bytes
    }

    /// A symbol of the main code: 424 of 600 have nine bits, whose codes come
    /// after the 176 of ten bits.
    fn symbol(&mut self, symbol: u64) {
        match symbol < 424 {
            true => self.code(symbol + 88, 9),
            false => self.code(symbol - 424, 10),
        }
    }

    /// A copy.
    fn copy(&mut self, basis: usize, distance: usize, len: usize) {
        let short = match len {
            2..=8 => len as u64 - 1,
            _ => 0,
        };
        let symbol = |slot: u64| 256 + (slot << 3) + short;
        match distance {
            _ if distance == basis => self.symbol(symbol(3)),
            1..=3 => self.symbol(symbol(distance as u64 + 7)),
            _ => {
                let bits = distance.ilog2() as usize - 1;
                let top = (distance >> bits) as u64 & 1;
                let slot = 11 + 2 * (bits as u64 - 1) + top;
                let low = (distance & ((1 << bits) - 1)) as u64;
                if slot < 43 {
                    self.symbol(symbol(slot));
                } else {
                    self.symbol(symbol(7));
                    match slot {
                        43..=46 => {
                            self.put(0, 1);
                            self.put(slot - 43, 2);
                        }
                        47..=54 => {
                            self.put(1, 1);
                            self.put(0, 1);
                            self.put(slot - 47, 3);
                        }
                        _ => {
                            self.put(0b11, 2);
                            self.put(slot - 55, 4);
                        }
                    }
                }
                match bits {
                    0..=3 => self.put(low, bits),
                    _ => {
                        self.put(low >> 4, bits - 4);
                        self.code(low & 15, 4);
                    }
                }
            }
        }
        if short == 0 {
            match len - 8 {
                value @ 1..=255 => self.code(value as u64, 8),
                value => {
                    let bits = value.ilog2() as usize;
                    self.code(0, 8);
                    self.put(1 << (bits - 8), bits - 7);
                    self.put(value as u64 & ((1 << bits) - 1), bits);
                }
            }
        }
    }
}

/// A delta that makes `target` from `basis`.
pub fn delta(target: &[u8], basis: &[u8]) -> Vec<u8> {
    with_header(target, RAW, 0, &patch(target, basis))
}

/// A delta of another type or with flags; what it makes is not what it says.
pub fn of_type(target: &[u8], file_type: u64, flags: u64) -> Vec<u8> {
    with_header(target, file_type, flags, &patch(target, &[]))
}

fn with_header(target: &[u8], file_type: u64, flags: u64, patch: &[u8]) -> Vec<u8> {
    let mut outer = Bits::begin();
    for number in [0xf, file_type, flags, target.len() as u64, 0x8003] {
        outer.number(number);
    }
    outer.buffer(&Md5::digest(target));
    outer.buffer(&[]);
    outer.buffer(patch);
    let mut delta = b"PA30".to_vec();
    delta.extend(0x01D0_0000_0000_0000_u64.to_le_bytes());
    delta.extend(outer.finish());
    delta
}

fn patch(target: &[u8], basis: &[u8]) -> Vec<u8> {
    let window = [basis, target].concat();
    let mut places: HashMap<&[u8], usize> = HashMap::new();
    let mut bits = Bits::begin();
    // No table of shifts; all symbols weigh the same.
    bits.put(0, 1);
    bits.put(1, 1);
    let mut known = 0;
    let mut at = basis.len();
    while at < window.len() {
        while known < at {
            if let Some(four) = window.get(known..known + 4) {
                places.insert(four, known);
            }
            known += 1;
        }
        let four = window.get(at..at + 4);
        let found = four.and_then(|four| places.get(four)).copied();
        let rest = window.get(at..).unwrap_or_default();
        let len = found.map_or(0, |from| {
            let there = window.get(from..).unwrap_or_default();
            let same = there.iter().zip(rest).take_while(|(a, b)| a == b);
            same.count()
        });
        match found {
            Some(from) if len >= 4 => {
                bits.copy(basis.len(), at - from, len);
                at += len;
            }
            _ => {
                bits.symbol(u64::from(rest.first().copied().unwrap_or_default()));
                at += 1;
            }
        }
    }
    bits.finish()
}
