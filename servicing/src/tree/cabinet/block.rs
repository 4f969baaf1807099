//! CFDATA: the head of a data block, and its checksum.

/// Length of the head, without the reserve.
pub(super) const HEAD_LEN: usize = 8;

/// The head of a data block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// Checksum; 0 where there is none.
    pub(super) checksum: u32,
    /// Length of what follows, in bytes.
    pub(super) compressed: u16,
    /// How many plain bytes it gives; 0 where it goes on in the next part.
    pub(super) plain: u16,
}

impl Head {
    pub(super) fn of(bytes: [u8; HEAD_LEN]) -> Head {
        let [s0, s1, s2, s3, c0, c1, p0, p1] = bytes;
        Head {
            checksum: u32::from_le_bytes([s0, s1, s2, s3]),
            compressed: u16::from_le_bytes([c0, c1]),
            plain: u16::from_le_bytes([p0, p1]),
        }
    }

    /// The checksum that a block with this head and these bytes has: that of
    /// the bytes, then the lengths, then, where there is one, the reserve.
    pub(super) fn checksum_of(&self, data: &[u8]) -> u32 {
        let lengths = u32::from(self.compressed) | u32::from(self.plain) << 16;
        sum(data) ^ lengths
    }
}

/// All 32-bit words, exclusively or-ed; of the last one to three bytes, the
/// first is the highest.
pub(super) fn sum(data: &[u8]) -> u32 {
    // Sixteen bytes at a time: processors do four words as one.
    let (quads, rest) = data.as_chunks::<16>();
    let mut lanes = [0_u32; 4];
    for quad in quads {
        for (lane, word) in lanes.iter_mut().zip(quad.as_chunks::<4>().0) {
            *lane ^= u32::from_le_bytes(*word);
        }
    }
    let (words, rest) = rest.as_chunks::<4>();
    let words = words.iter().map(|word| u32::from_le_bytes(*word));
    let tail = rest
        .iter()
        .fold(0, |tail, byte| tail << 8 | u32::from(*byte));
    lanes
        .into_iter()
        .chain(words)
        .fold(tail, |sum, word| sum ^ word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_bytes_count_from_the_highest() {
        assert_eq!(sum(&[]), 0);
        assert_eq!(sum(&[1]), 1);
        assert_eq!(sum(&[1, 2]), 0x0102);
        assert_eq!(sum(&[1, 2, 3]), 0x01_0203);
        assert_eq!(sum(&[1, 2, 3, 4]), 0x0403_0201);
        assert_eq!(sum(&[1, 2, 3, 4, 5]), 0x0403_0201 ^ 5);
        let long: Vec<u8> = (0..39).collect();
        let mut slow = 0;
        for word in long[..36].chunks(4) {
            slow ^= u32::from_le_bytes(word.try_into().unwrap());
        }
        assert_eq!(sum(&long), slow ^ 0x24_2526);
    }
}
