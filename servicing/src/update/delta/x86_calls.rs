//! The calls of x86 code, whose targets a delta stores from the start of the
//! file instead of from the call: equal calls then look alike.
//!
//! Done over the whole target when it is decoded, and taken back here. The
//! hash in the header is of what comes out.

/// Makes targets relative again.
pub(super) fn undo(target: &mut [u8]) {
    let Ok(size) = i32::try_from(target.len()) else {
        return;
    };
    let mut at = 0;
    while let Some(found) = target
        .get(at..)
        .and_then(|rest| rest.iter().position(|byte| *byte == 0xe8))
    {
        at += found;
        let Some(field) = target.get_mut(at + 1..at + 5) else {
            return;
        };
        let Ok(bytes) = <[u8; 4]>::try_from(&*field) else {
            return;
        };
        let value = i32::from_le_bytes(bytes);
        // Fits: positions are below the size.
        let here = at as i32;
        if value >= -here && value < size {
            let relative = match value >= 0 {
                true => value - here,
                false => value + size,
            };
            field.copy_from_slice(&relative.to_le_bytes());
        }
        at += 5;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_within_the_file_are_relative_again_and_others_stay() {
        // At 2: a call to 7, stored as 7. At 9: one to far outside.
        let mut code = vec![
            0, 0, 0xe8, 7, 0, 0, 0, 0, 0, 0xe8, 0xff, 0xff, 0xff, 0x7f, 0, 0xe8,
        ];
        undo(&mut code);
        assert_eq!(code[3..7], (7_i32 - 2).to_le_bytes());
        assert_eq!(code[10..14], [0xff, 0xff, 0xff, 0x7f]);
        // A negative one stands for a place behind.
        let mut code = vec![0, 0, 0, 0, 0xe8, 0xfd, 0xff, 0xff, 0xff, 0];
        undo(&mut code);
        assert_eq!(code[5..9], (-3_i32 + 10).to_le_bytes());
    }
}
