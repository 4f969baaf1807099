//! E8 translation: targets of x86 `call` instructions as absolute numbers, so
//! that calls of one function look alike.

/// The size of file that a WIM pretends to.
const FILE_SIZE: i32 = 12_000_000;

/// The last bytes of a chunk in which no instruction is looked for.
const TAIL: usize = 10;

/// Undoes the translation of a decoded chunk.
pub(super) fn from_absolute(chunk: &mut [u8]) {
    from_absolute_in(chunk, 0, FILE_SIZE);
}

/// Undoes the translation of a part of a stream: `base` is the position of its
/// first byte, `file_size` what the stream says. Positions stay below 2^30.
pub(super) fn from_absolute_in(part: &mut [u8], base: i32, file_size: i32) {
    for_each_call(part, |target, at| {
        let at = base.wrapping_add(at);
        if target < at.wrapping_neg() || target >= file_size {
            None
        } else if target >= 0 {
            Some(target.wrapping_sub(at))
        } else {
            Some(target.wrapping_add(file_size))
        }
    });
}

/// Translates a chunk before it is encoded.
pub(super) fn to_absolute(chunk: &mut [u8]) {
    for_each_call(chunk, |relative, at| {
        if relative < -at || relative >= FILE_SIZE {
            None
        } else if relative < FILE_SIZE - at {
            Some(relative + at)
        } else {
            Some(relative - FILE_SIZE)
        }
    });
}

/// Calls `translate` with the operand and the position of every E8 byte.
fn for_each_call(chunk: &mut [u8], translate: impl Fn(i32, i32) -> Option<i32>) {
    let Some(end) = chunk.len().checked_sub(TAIL) else {
        return;
    };
    let mut at = 0;
    while let Some(found) = chunk.get(at..end).and_then(next_call) {
        at += found;
        let operand = chunk.get_mut(at + 1..).and_then(<[u8]>::first_chunk_mut);
        if let Some(operand) = operand {
            // A chunk is no longer than 2 MiB.
            if let Some(changed) = translate(i32::from_le_bytes(*operand), at as i32) {
                *operand = changed.to_le_bytes();
            }
        }
        at += 5;
    }
}

/// The next E8 byte. Most data has few: eight bytes are looked at in one step.
fn next_call(bytes: &[u8]) -> Option<usize> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let (groups, rest) = bytes.as_chunks::<8>();
    for (number, group) in groups.iter().enumerate() {
        let differs = u64::from_le_bytes(*group) ^ (0xE8 * ONES);
        let zero = differs.wrapping_sub(ONES) & !differs & (ONES << 7);
        if zero != 0 {
            return Some(number * 8 + zero.trailing_zeros() as usize / 8);
        }
    }
    let found = rest.iter().position(|&byte| byte == 0xE8)?;
    Some(groups.len() * 8 + found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn translating_there_and_back_changes_nothing(
            mut chunk in prop::collection::vec(prop::sample::select(vec![0xE8_u8, 0, 1, 0xFF, 0xB7]), 0..300)
        ) {
            let before = chunk.clone();
            to_absolute(&mut chunk);
            from_absolute(&mut chunk);
            prop_assert_eq!(chunk, before);
        }
    }

    #[test]
    fn calls_within_the_last_ten_bytes_stay() {
        for (at, changed) in [(0, false), (1, true), (5, true), (6, false), (9, false)] {
            let mut chunk = vec![0_u8; 16];
            chunk[at] = 0xE8;
            chunk[at + 1] = 7;
            let before = chunk.clone();
            to_absolute(&mut chunk);
            assert_eq!(chunk != before, changed, "E8 at {at}");
            assert!(!changed || chunk[at + 1] == 7 + at as u8);
        }
    }
}
