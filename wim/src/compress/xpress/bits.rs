//! Bits and bytes of XPRESS: the reader is a unit ahead of the bits it needs,
//! so bytes stand behind a unit whose bits come after them.

/// Appends bits and bytes to the end of a compressed chunk.
#[derive(Debug)]
pub(super) struct UnitWriter<'a> {
    out: &'a mut Vec<u8>,
    /// Where the current and the next unit will be written.
    units: [usize; 2],
    /// The bits of the current unit, the newest lowest.
    bits: u32,
    count: u32,
}

impl<'a> UnitWriter<'a> {
    pub(super) fn new(out: &'a mut Vec<u8>) -> Self {
        let start = out.len();
        out.extend_from_slice(&[0; 4]);
        UnitWriter {
            out,
            units: [start, start + 2],
            bits: 0,
            count: 0,
        }
    }

    /// Appends the `count` low bits of `value`, at most 16; the others are 0.
    #[inline(always)]
    pub(super) fn put(&mut self, value: u32, count: u32) {
        self.bits = self.bits << (count & 31) | value;
        self.count = self.count.wrapping_add(count);
        // A full unit is kept: its reader does not need the next one yet.
        if self.count > 16 {
            self.count = self.count.wrapping_sub(16);
            self.write((self.bits >> (self.count & 31)) as u16);
            self.units = [self.units[1], self.out.len()];
            self.out.extend_from_slice(&[0; 2]);
        }
    }

    /// Appends a byte.
    #[inline(always)]
    pub(super) fn byte(&mut self, byte: u8) {
        self.out.push(byte);
    }

    #[inline(always)]
    fn write(&mut self, unit: u16) {
        let at = self.units[0];
        if let Some(place) = self.out.get_mut(at..).and_then(<[u8]>::first_chunk_mut) {
            *place = unit.to_le_bytes();
        }
    }

    /// Ends the stream with zeros up to a whole unit; the one after it stays
    /// zero.
    pub(super) fn finish(mut self) {
        let unit = (self.bits << (16 - self.count)) as u16;
        self.write(unit);
    }
}
