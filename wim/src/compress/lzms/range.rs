//! The range coder: yes-or-no decisions whose probabilities adapt.

/// How one decision went the last 64 times.
#[derive(Clone, Copy, Debug)]
struct Probability {
    /// How many of `recent` are zeros.
    zeros: u32,
    /// The last 64 bits, the newest lowest.
    recent: u64,
}

/// Where every probability starts.
const START: Probability = Probability {
    zeros: 48,
    recent: 0x5555_5555,
};

impl Probability {
    /// Chance of a zero in 64ths, never 0 and never 64.
    #[inline(always)]
    fn of_zero(self) -> u32 {
        self.zeros.clamp(1, 63)
    }

    #[inline(always)]
    fn learn(&mut self, bit: u32) {
        // A one that leaves, or a zero that comes, makes one zero more.
        self.zeros = self
            .zeros
            .wrapping_add((self.recent >> 63) as u32)
            .wrapping_sub(bit);
        self.recent = self.recent << 1 | u64::from(bit);
    }
}

/// One kind of decision; its probability depends on how the last log2(STATES)
/// ones of the same kind went.
#[derive(Clone, Debug)]
pub(super) struct Decision<const STATES: usize> {
    state: usize,
    probabilities: [Probability; STATES],
}

impl<const STATES: usize> Default for Decision<STATES> {
    fn default() -> Self {
        Decision {
            state: 0,
            probabilities: [START; STATES],
        }
    }
}

/// Reads decisions from the front of a chunk.
#[derive(Debug)]
pub(super) struct RangeDecoder<'a> {
    input: &'a [u8],
    position: usize,
    range: u32,
    code: u32,
}

impl<'a> RangeDecoder<'a> {
    pub(super) fn new(input: &'a [u8]) -> Self {
        let mut decoder = RangeDecoder {
            input,
            position: 0,
            range: u32::MAX,
            code: 0,
        };
        decoder.code = decoder.unit() << 16;
        decoder.code |= decoder.unit();
        decoder
    }

    /// The next unit; zeros past the end.
    #[inline(always)]
    fn unit(&mut self) -> u32 {
        let unit = self
            .input
            .get(self.position..)
            .and_then(<[u8]>::first_chunk);
        self.position += 2;
        unit.map_or(0, |bytes| u16::from_le_bytes(*bytes).into())
    }

    #[inline(always)]
    pub(super) fn decide<const STATES: usize>(&mut self, decision: &mut Decision<STATES>) -> bool {
        const { assert!(STATES.is_power_of_two()) };
        if self.range < 1 << 16 {
            self.range <<= 16;
            self.code = self.code << 16 | self.unit();
        }
        let probability = &mut decision.probabilities[decision.state & (STATES - 1)];
        let bound = (self.range >> 6) * probability.of_zero();
        let bit = u32::from(self.code >= bound);
        if bit == 0 {
            self.range = bound;
        } else {
            self.range -= bound;
            self.code -= bound;
        }
        probability.learn(bit);
        decision.state = decision.state << 1 & (STATES - 1) | bit as usize;
        bit == 1
    }

    /// Whether more was taken than the input has.
    pub(super) fn overrun(&self) -> bool {
        self.position > self.input.len()
    }
}
