//! Bits of LZX: 16-bit little-endian units, most significant bit first.

/// Appends bits to the end of a compressed chunk.
#[derive(Debug)]
pub(super) struct BitWriter<'a> {
    out: &'a mut Vec<u8>,
    /// The bits not yet written, the newest lowest.
    bits: u64,
    count: u32,
}

impl<'a> BitWriter<'a> {
    pub(super) fn new(out: &'a mut Vec<u8>) -> Self {
        BitWriter {
            out,
            bits: 0,
            count: 0,
        }
    }

    /// Appends the `count` low bits of `value`, at most 32; the others are 0.
    #[inline(always)]
    pub(super) fn put(&mut self, value: u32, count: u32) {
        self.bits = self.bits << count | u64::from(value);
        self.count += count;
        if self.count >= 32 {
            self.count -= 32;
            let two = (self.bits >> self.count) as u32;
            self.out
                .extend_from_slice(&two.rotate_left(16).to_le_bytes());
        }
    }

    /// Ends the stream with zeros up to a whole unit.
    pub(super) fn finish(mut self) {
        if self.count > 0 {
            let units = self.count.div_ceil(16);
            let bits = (self.bits << (32 - self.count)) as u32;
            let bytes = bits.rotate_left(16).to_le_bytes();
            self.out.extend_from_slice(&bytes[..units as usize * 2]);
            self.count = 0;
        }
    }
}
