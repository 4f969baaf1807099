//! Bits of XPRESS and LZX: 16-bit little-endian units, most significant bit
//! first.

/// Reads bits from the front of a compressed chunk.
///
/// Past the end it gives zeros and remembers it: the caller asks
/// [`overrun`](BitReader::overrun) once per block instead of once per symbol.
#[derive(Clone, Debug)]
pub(super) struct BitReader<'a> {
    input: &'a [u8],
    /// Where the next unit will be taken from; may lie past the end.
    position: usize,
    /// The next bits, from the top. Below the `count` valid ones lie either
    /// zeros or bits of the unit at `position`.
    bits: u64,
    count: u32,
}

impl<'a> BitReader<'a> {
    pub(super) fn new(input: &'a [u8], position: usize) -> Self {
        BitReader {
            input,
            position,
            bits: 0,
            count: 0,
        }
    }

    /// Takes whole units until at least 49 bits are there.
    #[inline(always)]
    pub(super) fn refill(&mut self) {
        let units = 64_u32.wrapping_sub(self.count) / 16;
        let ahead = self.input.get(self.position..);
        let ahead = if let Some(bytes) = ahead.and_then(|rest| rest.first_chunk()) {
            u64::from_le_bytes(*bytes)
        } else {
            self.last_units()
        };
        // The four units in order, the first one on top.
        let ahead = ahead.rotate_left(32);
        let ahead = (ahead & 0x0000_FFFF_0000_FFFF) << 16 | (ahead >> 16) & 0x0000_FFFF_0000_FFFF;
        // `count` is below 64 but after a refill of an empty reader.
        self.bits |= ahead.checked_shr(self.count).unwrap_or(0);
        self.count = self.count.wrapping_add(units * 16);
        self.position = self.position.wrapping_add(units as usize * 2);
    }

    /// What is left of the input, followed by zeros. Half a unit is none.
    #[cold]
    fn last_units(&self) -> u64 {
        let rest = self.input.get(self.position..).unwrap_or_default();
        let whole = rest.len() & !1;
        let mut bytes = [0; 8];
        for (to, from) in bytes.iter_mut().zip(rest.iter().take(whole)) {
            *to = *from;
        }
        u64::from_le_bytes(bytes)
    }

    /// The next 64 bits, as far as they are there, from the top.
    #[inline(always)]
    pub(super) fn peek(&self) -> u64 {
        self.bits
    }

    /// Drops `count` bits, fewer than 64 and no more than there are.
    #[inline(always)]
    pub(super) fn consume(&mut self, count: u32) {
        self.bits <<= count & 63;
        self.count = self.count.wrapping_sub(count);
    }

    /// Takes up to 32 bits that an earlier refill has brought.
    #[inline(always)]
    pub(super) fn take(&mut self, count: u32) -> u32 {
        let value = (self.bits >> 1) >> (63 - count);
        self.consume(count);
        value as u32
    }

    /// Refills and takes up to 32 bits.
    pub(super) fn read(&mut self, count: u32) -> u32 {
        self.refill();
        self.take(count)
    }

    /// Whether more bits were taken than the input has.
    pub(super) fn overrun(&self) -> bool {
        self.position * 8 > self.input.len() * 8 + self.count as usize
    }

    /// How much input there is, in bytes.
    pub(super) fn input_len(&self) -> usize {
        self.input.len()
    }

    /// Gives back the units read ahead, so that exactly 16 to 31 bits stay:
    /// bytes that stand between the units follow there. Returns their
    /// position.
    pub(super) fn rewind_to_bytes(&mut self) -> usize {
        let units = self.count.saturating_sub(16) / 16;
        self.count -= units * 16;
        self.position -= units as usize * 2;
        self.bits &= !(u64::MAX >> self.count);
        self.position
    }

    /// Goes on with the units at `position`, keeping the bits that are there.
    pub(super) fn continue_at(&mut self, position: usize) {
        self.position = position;
    }

    /// Drops the rest of the current unit, a whole one when none is begun, and
    /// returns where the next one starts.
    pub(super) fn align(&mut self) -> usize {
        let into_unit = self.count % 16;
        let drop = if into_unit == 0 { 16 } else { into_unit };
        if self.count < drop {
            self.refill();
        }
        self.count -= drop;
        self.position - self.count as usize / 8
    }

    /// Where the next unit will be taken from; where nothing was read yet, the
    /// place that it started at.
    pub(super) fn position(&self) -> usize {
        self.position
    }

    /// The input from `position` on.
    pub(super) fn bytes_from(&self, position: usize) -> &'a [u8] {
        self.input.get(position..).unwrap_or_default()
    }

    /// Starts again with the units at `position`, without any bits.
    pub(super) fn restart_at(&mut self, position: usize) {
        *self = BitReader::new(self.input, position);
    }
}
