//! DER, as much as certificates and catalogs are written with.

/// An element of this tag around `content`.
pub(super) fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![tag];
    let len = content.len().to_be_bytes();
    match content.len() {
        0..0x80 => bytes.push(content.len() as u8),
        _ => {
            let first = len.iter().position(|byte| *byte != 0).unwrap_or(0);
            let digits = &len[first..];
            bytes.push(0x80 | digits.len() as u8);
            bytes.extend(digits);
        }
    }
    bytes.extend(content);
    bytes
}

pub(super) fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    element(0x30, &parts.concat())
}

/// A SET OF: its elements in the order of their bytes.
pub(super) fn set(mut parts: Vec<Vec<u8>>) -> Vec<u8> {
    parts.sort();
    element(0x31, &parts.concat())
}

/// `[number]` around whole elements.
pub(super) fn context(number: u8, content: &[u8]) -> Vec<u8> {
    element(0xA0 | number, content)
}

pub(super) fn octets(bytes: &[u8]) -> Vec<u8> {
    element(4, bytes)
}

/// A BIT STRING of whole bytes.
pub(super) fn bits(bytes: &[u8]) -> Vec<u8> {
    element(3, &[&[0], bytes].concat())
}

pub(super) fn null() -> Vec<u8> {
    vec![5, 0]
}

/// A number that is not negative, from its bytes, the highest first.
pub(super) fn integer(bytes: &[u8]) -> Vec<u8> {
    let first = bytes.iter().position(|byte| *byte != 0);
    let digits = first.map_or(&[0][..], |first| &bytes[first..]);
    match digits.first() {
        Some(byte) if byte & 0x80 != 0 => element(2, &[&[0], digits].concat()),
        _ => element(2, digits),
    }
}

/// Text of printable ASCII as BMPString.
pub(super) fn bmp(text: &str) -> Vec<u8> {
    let units: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    element(30, &units)
}

/// `YYMMDDhhmmssZ`.
pub(super) fn utc_time(text: &str) -> Vec<u8> {
    element(23, text.as_bytes())
}

/// An object identifier from `1.2.840...`.
pub(super) fn identifier(text: &str) -> Vec<u8> {
    let arcs: Vec<u64> = text.split('.').filter_map(|arc| arc.parse().ok()).collect();
    let mut bytes = Vec::new();
    let first = [arcs[0] * 40 + arcs[1]];
    for arc in first.iter().chain(&arcs[2..]) {
        let mut digits = vec![(arc & 0x7F) as u8];
        let mut rest = arc >> 7;
        while rest != 0 {
            digits.push(0x80 | (rest & 0x7F) as u8);
            rest >>= 7;
        }
        digits.reverse();
        bytes.extend(digits);
    }
    element(6, &bytes)
}

/// An AlgorithmIdentifier without parameters but NULL.
pub(super) fn algorithm(text: &str) -> Vec<u8> {
    sequence(&[identifier(text), null()])
}
