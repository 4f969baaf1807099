//! The product key in `DigitalProductId`, of which the last five characters are
//! told.
//!
//! 15 bytes from offset 52 are a number in base 24 with these digits; from
//! Windows 8 on a bit says that one `N` is put in, and the first digit where.
//! Source: published decoders, which agree.

use crate::generalize::answer_file::Masked;

const DIGITS: &[u8; 24] = b"BCDFGHJKMPQRTVWXY2346789";

/// The key, masked; `None` where there is none in it.
pub(super) fn key(data: &[u8]) -> Option<Masked> {
    let mut number: [u8; 15] = data.get(52..67)?.try_into().ok()?;
    let [.., top] = &mut number;
    let with_n = *top & 0x08 != 0;
    *top &= !0x08;
    if number.iter().all(|byte| *byte == 0) {
        return None;
    }
    let mut key = [0_u8; 25];
    let mut first = 0;
    for place in key.iter_mut().rev() {
        let mut rest = 0_u32;
        for byte in number.iter_mut().rev() {
            rest = rest * 256 + u32::from(*byte);
            *byte = u8::try_from(rest / 24).ok()?;
            rest %= 24;
        }
        first = usize::try_from(rest).ok()?;
        *place = *DIGITS.get(first)?;
    }
    let mut text: Vec<u8> = key.to_vec();
    if with_n {
        // The first digit is not shown; it says where the N stands.
        text.remove(0);
        text.insert(first.min(text.len()), b'N');
    }
    let groups: Vec<String> = text
        .chunks(5)
        .map(|group| String::from_utf8_lossy(group).into_owned())
        .collect();
    Some(Masked::of(&groups.join("-")))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The 15 bytes of a key, by long multiplication.
    fn packed(digits: &str) -> [u8; 15] {
        let mut number = [0_u8; 15];
        for digit in digits.bytes() {
            let value = DIGITS.iter().position(|known| *known == digit).unwrap();
            let mut carry = u32::try_from(value).unwrap();
            for byte in &mut number {
                carry += u32::from(*byte) * 24;
                *byte = carry as u8;
                carry >>= 8;
            }
        }
        number
    }

    fn id(packed: [u8; 15]) -> Vec<u8> {
        let mut data = vec![0; 52];
        data.extend(packed);
        data.resize(164, 0);
        data
    }

    #[test]
    fn the_last_group_is_that_of_the_key() {
        let masked = key(&id(packed("BCDFGHJKMPQRTVWXY23467899")));
        assert_eq!(masked.unwrap(), Masked::of("AAAAA-AAAAA-AAAAA-AAAAA-67899"));
        // The first digit, 22, puts the N in front of the 23rd of the others.
        let mut with_n = packed("8BCDFGHJKMPQRTVWXY2346789");
        assert!(with_n[14] < 8);
        with_n[14] |= 0x08;
        let masked = key(&id(with_n));
        assert_eq!(masked.unwrap(), Masked::of("AAAAA-AAAAA-AAAAA-AAAAA-67N89"));
        assert_eq!(key(&id([0; 15])), None);
        assert_eq!(key(&[1; 60]), None);
    }
}
