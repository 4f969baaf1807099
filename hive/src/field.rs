//! Little-endian fields of records.
//!
//! Two ways to read one: at a position known when compiling, inside a fixed
//! part whose length has been checked once ([`le_u16`], [`le_u32`],
//! [`le_u64`]: no branch left), or anywhere in a slice ([`u16_at`],
//! [`u32_at`]: `None` past the end).

/// The `u16` at byte `AT` of a fixed part.
#[inline]
#[expect(clippy::indexing_slicing, reason = "in range: asserted when compiling")]
pub(crate) fn le_u16<const AT: usize, const N: usize>(fixed: &[u8; N]) -> u16 {
    const { assert!(AT + 2 <= N) };
    u16::from_le_bytes([fixed[AT], fixed[AT + 1]])
}

/// The `u32` at byte `AT` of a fixed part.
#[inline]
#[expect(clippy::indexing_slicing, reason = "in range: asserted when compiling")]
pub(crate) fn le_u32<const AT: usize, const N: usize>(fixed: &[u8; N]) -> u32 {
    const { assert!(AT + 4 <= N) };
    u32::from_le_bytes([fixed[AT], fixed[AT + 1], fixed[AT + 2], fixed[AT + 3]])
}

/// The `u64` at byte `AT` of a fixed part.
#[inline]
pub(crate) fn le_u64<const AT: usize, const HIGH: usize, const N: usize>(fixed: &[u8; N]) -> u64 {
    const { assert!(HIGH == AT + 4) };
    u64::from(le_u32::<AT, N>(fixed)) | u64::from(le_u32::<HIGH, N>(fixed)) << 32
}

/// The `u16` at byte `at`, or `None` past the end.
#[inline]
pub(crate) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// The `u32` at byte `at`, or `None` past the end.
#[inline]
pub(crate) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// The `u64` at byte `at`, or `None` past the end.
#[inline]
pub(crate) fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_little_endian_and_end_where_the_bytes_end() {
        let bytes = [1_u8, 2, 3, 4, 5, 6, 7, 8];
        assert_eq!(le_u16::<2, 8>(&bytes), 0x0403);
        assert_eq!(le_u32::<4, 8>(&bytes), 0x0807_0605);
        assert_eq!(le_u64::<0, 4, 8>(&bytes), 0x0807_0605_0403_0201);
        assert_eq!(u16_at(&bytes, 6), Some(0x0807));
        assert_eq!(u16_at(&bytes, 7), None);
        assert_eq!(u32_at(&bytes, 5), None);
        assert_eq!(u64_at(&bytes, usize::MAX), None);
    }
}
