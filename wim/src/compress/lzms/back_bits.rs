//! Bits from the end of a chunk to its front.

/// Reads 16-bit units backwards, the most significant bit of each first. Past
/// the front of the chunk it gives zeros.
#[derive(Debug)]
pub(super) struct BackBits<'a> {
    input: &'a [u8],
    /// Where the unit read last begins, counted down from the chunk's length;
    /// may go below 0.
    position: i64,
    /// The next bits, from the top.
    bits: u64,
    count: u32,
}

impl<'a> BackBits<'a> {
    pub(super) fn new(input: &'a [u8]) -> Self {
        BackBits {
            input,
            position: input.len() as i64,
            bits: 0,
            count: 0,
        }
    }

    /// Takes units until at least 49 bits are there.
    #[inline(always)]
    pub(super) fn refill(&mut self) {
        let units = (64 - self.count) / 16;
        let end = usize::try_from(self.position).unwrap_or(0);
        let before = self.input.get(..end).and_then(<[u8]>::last_chunk);
        let ahead = if let Some(bytes) = before {
            u64::from_le_bytes(*bytes)
        } else {
            self.first_units(end)
        };
        self.bits |= ahead.checked_shr(self.count).unwrap_or(0);
        self.count += units * 16;
        self.position -= i64::from(units * 2);
    }

    /// The last units on the way to the front, followed by zeros.
    #[cold]
    fn first_units(&self, end: usize) -> u64 {
        let mut bytes = [0; 8];
        let rest = self.input.get(..end).unwrap_or_default();
        for (to, from) in bytes.iter_mut().rev().zip(rest.iter().rev()) {
            *to = *from;
        }
        u64::from_le_bytes(bytes)
    }

    /// The next bits from the top: at least 49 after a refill.
    #[inline(always)]
    pub(super) fn peek(&self) -> u64 {
        self.bits
    }

    /// Drops bits that an earlier refill has brought.
    #[inline(always)]
    pub(super) fn consume(&mut self, count: u32) {
        self.bits <<= count & 63;
        self.count = self.count.wrapping_sub(count);
    }

    /// Takes up to 31 bits that an earlier refill has brought.
    #[inline(always)]
    pub(super) fn take(&mut self, count: u32) -> u32 {
        let value = (self.bits >> 1) >> (63 - count);
        self.consume(count);
        value as u32
    }

    /// Whether more bits were taken than the input has.
    pub(super) fn overrun(&self) -> bool {
        self.position * 8 + i64::from(self.count) < 0
    }
}
