//! What a value's bytes mean, by its type: numbers, strings, lists of strings.

/// Types of values, as stored.
pub mod kind {
    /// No type.
    pub const NONE: u32 = 0;
    /// A string.
    pub const SZ: u32 = 1;
    /// A string with `%variables%`.
    pub const EXPAND_SZ: u32 = 2;
    /// Bytes.
    pub const BINARY: u32 = 3;
    /// A little-endian 32-bit number.
    pub const DWORD: u32 = 4;
    /// A big-endian 32-bit number.
    pub const DWORD_BIG_ENDIAN: u32 = 5;
    /// The target of a symbolic link, without terminating NUL.
    pub const LINK: u32 = 6;
    /// Strings, one after the other.
    pub const MULTI_SZ: u32 = 7;
    /// Resources of a device.
    pub const RESOURCE_LIST: u32 = 8;
    /// Resources of a device, as its hardware describes them.
    pub const FULL_RESOURCE_DESCRIPTOR: u32 = 9;
    /// Resources that a device asks for.
    pub const RESOURCE_REQUIREMENTS_LIST: u32 = 10;
    /// A little-endian 64-bit number.
    pub const QWORD: u32 = 11;
}

/// Meaning of a value's bytes, by type.
pub(crate) mod decode {
    use super::kind;
    use crate::field::{u32_at, u64_at};

    fn units(data: &[u8]) -> impl Iterator<Item = u16> {
        data.as_chunks()
            .0
            .iter()
            .map(|&unit| u16::from_le_bytes(unit))
    }

    fn text(units: impl Iterator<Item = u16>) -> String {
        char::decode_utf16(units)
            .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
            .collect()
    }

    pub(crate) fn string(data: &[u8]) -> String {
        text(units(data).take_while(|&unit| unit != 0))
    }

    pub(crate) fn multi_string(data: &[u8]) -> Vec<String> {
        let mut units = units(data).peekable();
        let mut strings = Vec::new();
        while units.peek().is_some_and(|&unit| unit != 0) {
            strings.push(text(units.by_ref().take_while(|&unit| unit != 0)));
        }
        strings
    }

    pub(crate) fn dword(kind: u32, data: &[u8]) -> Option<u32> {
        let number = u32_at(data, 0).filter(|_| data.len() == 4)?;
        match kind {
            kind::DWORD => Some(number),
            kind::DWORD_BIG_ENDIAN => Some(number.swap_bytes()),
            _ => None,
        }
    }

    pub(crate) fn qword(kind: u32, data: &[u8]) -> Option<u64> {
        u64_at(data, 0).filter(|_| data.len() == 8 && kind == kind::QWORD)
    }
}

/// Data of values in the form that the registry stores.
pub mod encode {
    /// A string with its terminating NUL, for [`SZ`](super::kind::SZ) and
    /// [`EXPAND_SZ`](super::kind::EXPAND_SZ).
    pub fn sz(text: &str) -> Vec<u8> {
        let mut data = Vec::with_capacity((text.len() + 1) * 2);
        for unit in text.encode_utf16().chain([0]) {
            data.extend_from_slice(&unit.to_le_bytes());
        }
        data
    }

    /// Strings, each with its NUL, and the NUL that ends the list, for
    /// [`MULTI_SZ`](super::kind::MULTI_SZ).
    pub fn multi_sz<S: AsRef<str>>(strings: &[S]) -> Vec<u8> {
        let mut data: Vec<u8> = strings.iter().flat_map(|text| sz(text.as_ref())).collect();
        data.extend([0, 0]);
        data
    }

    /// A number, for [`DWORD`](super::kind::DWORD).
    pub fn dword(number: u32) -> Vec<u8> {
        number.to_le_bytes().to_vec()
    }

    /// A number, for [`QWORD`](super::kind::QWORD).
    pub fn qword(number: u64) -> Vec<u8> {
        number.to_le_bytes().to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_is_decoded() {
        assert_eq!(encode::sz("aé"), [b'a', 0, 0xE9, 0, 0, 0]);
        assert_eq!(decode::string(&encode::sz("aé")), "aé");
        assert_eq!(encode::multi_sz(&["a", "b"]), *b"a\0\0\0b\0\0\0\0\0");
        assert_eq!(
            decode::multi_string(&encode::multi_sz(&["a", "b"])),
            ["a", "b"]
        );
        assert_eq!(
            decode::multi_string(b"a\0"),
            ["a"],
            "the NULs may be missing"
        );
        assert_eq!(encode::multi_sz::<&str>(&[]), [0, 0]);
        assert_eq!(
            decode::dword(kind::DWORD_BIG_ENDIAN, &[0, 0, 1, 2]),
            Some(0x102)
        );
        assert_eq!(decode::dword(kind::DWORD, &[0, 0, 1]), None);
        assert_eq!(decode::qword(kind::QWORD, &encode::qword(7)), Some(7));
    }
}
