//! The table in front of a compressed resource's chunks.

/// Length of the table for `size` plain bytes, and of each entry.
pub(super) fn table_len(size: u64, chunk_size: usize) -> (u64, u64) {
    let entry = match size > u64::from(u32::MAX) {
        true => 8,
        false => 4,
    };
    let count = size.div_ceil(chunk_size as u64);
    (count.saturating_sub(1) * entry, entry)
}

/// The table of chunks with these stored lengths.
pub(super) fn table(size: u64, lengths: impl IntoIterator<Item = usize>) -> Vec<u8> {
    let wide = size > u64::from(u32::MAX);
    let mut table = Vec::new();
    let mut start = 0_u64;
    for length in lengths {
        // The first chunk has no entry.
        if start > 0 {
            match wide {
                true => table.extend_from_slice(&start.to_le_bytes()),
                false => table.extend_from_slice(&(start as u32).to_le_bytes()),
            }
        }
        start += length as u64;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_chunk_has_no_entry() {
        assert_eq!(table(100, [7]), []);
        assert_eq!(table(100, [7, 8, 9]), [7, 0, 0, 0, 15, 0, 0, 0]);
        assert_eq!(table(1 << 32, [7, 8]), [7, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(table_len(65_537, 32_768), (8, 4));
        assert_eq!(table_len(1 << 32, 32_768), (131_071 * 8, 8));
        assert_eq!(table_len(1, 32_768), (0, 4));
    }
}
