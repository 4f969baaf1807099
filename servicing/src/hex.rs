//! Bytes as hexadecimal text in JSON.

use serde::{Deserialize, Deserializer, Serializer};

/// Writes bytes as lower-case hex.
pub(crate) fn serialize<S: Serializer>(
    bytes: impl AsRef<[u8]>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&Hex(bytes.as_ref()))
}

/// Reads hex into bytes or an array of the right length.
pub(crate) fn deserialize<'de, D: Deserializer<'de>, T: TryFrom<Vec<u8>>>(
    deserializer: D,
) -> Result<T, D::Error> {
    use serde::de::Error as _;
    let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
    let bytes = parse(&text).ok_or_else(|| D::Error::custom("not hexadecimal"))?;
    let len = bytes.len();
    T::try_from(bytes).map_err(|_| D::Error::custom(format!("{len} bytes are the wrong number")))
}

/// Bytes that may be missing.
pub(crate) mod optional {
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

    use super::Hex;

    /// Writes bytes as lower-case hex, or nothing.
    pub(crate) fn serialize<S: Serializer>(
        bytes: &Option<Vec<u8>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let text = bytes.as_ref().map(|bytes| Hex(bytes).to_string());
        text.serialize(serializer)
    }

    /// Reads hex, or nothing.
    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Vec<u8>>, D::Error> {
        use serde::de::Error as _;
        let text = Option::<String>::deserialize(deserializer)?;
        let wrong = || D::Error::custom("not hexadecimal");
        text.map(|text| super::parse(&text).ok_or_else(wrong))
            .transpose()
    }
}

/// The bytes that `text` spells; `None` where it is not pairs of hex digits.
pub(crate) fn parse(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16);
    text.as_bytes()
        .chunks_exact(2)
        .map(|pair| match pair {
            [high, low] => Some((digit(*high)? * 16 + digit(*low)?) as u8),
            _ => None,
        })
        .collect()
}

/// Bytes that print as hex.
pub(crate) struct Hex<'a>(pub(crate) &'a [u8]);

impl std::fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_is_read_back_and_anything_else_refused() {
        assert_eq!(Hex(&[0, 0xAB, 255]).to_string(), "00abff");
        assert_eq!(parse("00ABff"), Some(vec![0, 0xAB, 255]));
        for wrong in ["0", "0g", "é"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
