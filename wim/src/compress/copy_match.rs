//! Copying a match: bytes that the same match writes may be its source.

/// Longest step of the quick way; it may write this much past the match.
const STEP: usize = 16;

/// Repeats `length` bytes at `at` from `offset` bytes before. The caller has
/// checked that 1 <= `offset` <= `at` and `at` + `length` <= `plain.len()`;
/// where that is not so, nothing or too little is copied.
///
/// Bytes of `plain` behind the match may be overwritten: they are not decoded
/// yet.
#[inline(always)]
pub(super) fn copy_match(plain: &mut [u8], at: usize, offset: usize, length: usize) {
    if offset >= STEP && plain.len() - at >= length + STEP {
        let mut from = at - offset;
        let mut to = at;
        while to < at + length {
            let step: Option<[u8; STEP]> = plain.get(from..).and_then(<[u8]>::first_chunk).copied();
            let room = plain.get_mut(to..).and_then(<[u8]>::first_chunk_mut);
            if let (Some(step), Some(room)) = (step, room) {
                *room = step;
            }
            from += STEP;
            to += STEP;
        }
    } else {
        copy_exactly(plain, at, offset, length);
    }
}

/// Near offsets and the end of the chunk.
#[inline(never)]
fn copy_exactly(plain: &mut [u8], at: usize, offset: usize, length: usize) {
    let Some(from) = at.checked_sub(offset) else {
        return;
    };
    let end = at.saturating_add(length);
    if offset == 1 {
        if let (Some(&byte), Some(run)) = (plain.get(from), plain.get(at..end).map(<[u8]>::len)) {
            plain[at..at + run].fill(byte);
        }
        return;
    }
    // What lies between `from` and `to` is a whole number of periods, so each
    // step may copy all of it: the steps double.
    let mut to = at;
    while to < end {
        let step = (to - from).min(end - to);
        if step == 0 || to + step > plain.len() {
            return;
        }
        plain.copy_within(from..from + step, to);
        to += step;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_offset_and_length_repeats_what_was_there() {
        for offset in 1..40 {
            for length in 0..90 {
                for behind in [0, 1, 15, 16, 40] {
                    let at = 45;
                    let start: Vec<u8> = (0..at as u8).collect();
                    let mut expected = start.clone();
                    for _ in 0..length {
                        expected.push(expected[expected.len() - offset]);
                    }
                    let mut plain = start;
                    plain.resize(at + length + behind, 0xEE);
                    copy_match(&mut plain, at, offset, length);
                    assert_eq!(
                        plain[..at + length],
                        expected,
                        "offset {offset} length {length}"
                    );
                }
            }
        }
    }
}
