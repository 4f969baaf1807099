//! Binary logarithms without floating point: costs must not depend on the
//! machine.

/// Costs are counted in parts of a bit.
pub(super) const BIT: u32 = 64;

/// Number of steps between two powers of two.
const STEPS: usize = 256;

/// `BIT` * log2(1 + index / STEPS), rounded.
const FRACTIONS: [u16; STEPS + 1] = {
    let mut table = [0; STEPS + 1];
    let mut index = 0;
    while index < STEPS {
        // Squaring doubles the logarithm: one bit of it for each square.
        let mut number = ((STEPS + index) as u64) << 23;
        let mut logarithm = 0_u32;
        let mut bit = 0;
        while bit < 12 {
            number = (number * number) >> 31;
            logarithm <<= 1;
            if number >= 1 << 32 {
                number >>= 1;
                logarithm |= 1;
            }
            bit += 1;
        }
        table[index] = ((logarithm * BIT + (1 << 11)) >> 12) as u16;
        index += 1;
    }
    table[STEPS] = BIT as u16;
    table
};

/// `BIT` * log2(`number`), rounded; 0 for 0.
#[inline]
pub(super) fn log2(number: u32) -> u32 {
    let whole = number.checked_ilog2().unwrap_or(0);
    // The eight bits below the highest one.
    let below = (u64::from(number) << 8 >> whole) as usize & (STEPS - 1);
    whole * BIT + u32::from(FRACTIONS[below])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_floating_point() {
        for number in (1..70_000).chain([1 << 20, u32::MAX]) {
            let exact = f64::from(number).log2() * f64::from(BIT);
            assert!((f64::from(log2(number)) - exact).abs() < 1.0, "{number}");
        }
        assert_eq!(log2(0), 0);
    }
}
