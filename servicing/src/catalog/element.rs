//! DER elements with the place in the file where they stand.
//!
//! `der` decodes each header and checks that it is DER; this file adds what it
//! does not keep, the file offset for error messages, and walks one level at a
//! time, so that nesting in a hostile file costs no stack.

use der::{
    Decode as _, Header, Reader as _, SliceReader, Tag, TagNumber,
    asn1::{AnyRef, ObjectIdentifier},
};

use super::Error;

/// The constructed context-specific tag `[number]`, for `number` below 31.
pub(super) const fn context(number: u8) -> Tag {
    Tag::ContextSpecific {
        constructed: true,
        number: TagNumber::new(number),
    }
}

/// One element: tag and value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Element<'a> {
    pub(super) tag: Tag,
    /// File offset of the header.
    pub(super) at: usize,
    /// The value, without the header.
    pub(super) value: &'a [u8],
    /// Header and value: what signatures and digests of whole structures cover.
    pub(super) raw: &'a [u8],
    /// File offset of the value.
    pub(super) value_at: usize,
}

impl<'a> Element<'a> {
    /// The elements inside a constructed element.
    pub(super) fn inside(&self) -> Elements<'a> {
        Elements::new(self.value, self.value_at)
    }

    /// The value as an object identifier.
    pub(super) fn identifier(&self, what: &'static str) -> Result<ObjectIdentifier, Error> {
        self.tagged(what, Tag::ObjectIdentifier)?;
        ObjectIdentifier::from_bytes(self.value).map_err(|cause| Error::Der {
            what,
            at: self.at,
            cause: cause.into(),
        })
    }

    /// The value as any type that `der` decodes.
    pub(super) fn decode<T>(&self, what: &'static str) -> Result<T, Error>
    where
        T: der::Choice<'a> + der::DecodeValue<'a>,
    {
        AnyRef::new(self.tag, self.value)
            .and_then(|any| any.decode_as())
            .map_err(|cause| Error::Der {
                what,
                at: self.at,
                cause,
            })
    }

    /// Refuses an element with another tag.
    pub(super) fn tagged(self, what: &'static str, expected: Tag) -> Result<Self, Error> {
        if self.tag == expected {
            return Ok(self);
        }
        Err(Error::Tagged {
            what,
            at: self.at,
            expected,
            found: self.tag,
        })
    }
}

/// A run of elements, read from front to back.
#[derive(Clone, Debug)]
pub(super) struct Elements<'a> {
    rest: &'a [u8],
    /// File offset of `rest`.
    at: usize,
}

impl<'a> Elements<'a> {
    pub(super) fn new(bytes: &'a [u8], at: usize) -> Self {
        Elements { rest: bytes, at }
    }

    /// The next element, whatever it is; `None` at the end.
    pub(super) fn next(&mut self, what: &'static str) -> Result<Option<Element<'a>>, Error> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let at = self.at;
        let failed = |cause| Error::Der { what, at, cause };
        let mut reader = SliceReader::new(self.rest).map_err(failed)?;
        let header = Header::decode(&mut reader).map_err(failed)?;
        let value_from = usize::try_from(reader.position()).map_err(failed)?;
        let value = reader.read_slice(header.length).map_err(failed)?;
        let end = usize::try_from(reader.position()).map_err(failed)?;
        let (raw, rest) = self.rest.split_at_checked(end).unwrap_or((self.rest, &[]));
        self.rest = rest;
        self.at = at + end;
        Ok(Some(Element {
            tag: header.tag,
            at,
            value,
            raw,
            value_at: at + value_from,
        }))
    }

    /// The next element, which must be there and bear `tag`.
    pub(super) fn expect(&mut self, what: &'static str, tag: Tag) -> Result<Element<'a>, Error> {
        self.next(what)?
            .ok_or(Error::Missing { what, at: self.at })?
            .tagged(what, tag)
    }

    /// The next element if it bears `tag`; otherwise it stays where it is.
    pub(super) fn optional(
        &mut self,
        what: &'static str,
        tag: Tag,
    ) -> Result<Option<Element<'a>>, Error> {
        let before = self.clone();
        match self.next(what)? {
            Some(element) if element.tag == tag => Ok(Some(element)),
            _ => {
                *self = before;
                Ok(None)
            }
        }
    }

    /// The next element, which must be the object identifier `wanted`.
    pub(super) fn identifier(
        &mut self,
        what: &'static str,
        wanted: ObjectIdentifier,
        expected: &'static str,
    ) -> Result<(), Error> {
        let element = self.expect(what, Tag::ObjectIdentifier)?;
        let found = element.identifier(what)?;
        if found == wanted {
            return Ok(());
        }
        Err(Error::Identified {
            what,
            at: element.at,
            expected,
            found,
        })
    }

    /// Refuses anything that follows the last element.
    pub(super) fn finish(&self, what: &'static str) -> Result<(), Error> {
        if self.rest.is_empty() {
            return Ok(());
        }
        Err(Error::LeftOver {
            what,
            at: self.at,
            len: self.rest.len(),
        })
    }
}

/// UTF-16LE text with or without a closing NUL, as Windows stores it in octet
/// strings.
pub(super) fn utf16le(bytes: &[u8]) -> Option<String> {
    let (units, []) = bytes.as_chunks::<2>() else {
        return None;
    };
    let units: Vec<u16> = units.iter().map(|unit| u16::from_le_bytes(*unit)).collect();
    let text = String::from_utf16(&units).ok()?;
    Some(text.strip_suffix('\0').map(str::to_owned).unwrap_or(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_know_where_they_stand() {
        // SEQUENCE { INTEGER 5, [0] { NULL } }
        let bytes = [0x30, 0x07, 0x02, 0x01, 0x05, 0xa0, 0x02, 0x05, 0x00];
        let mut file = Elements::new(&bytes, 0x100);
        let mut inside = file.expect("outer", Tag::Sequence).unwrap().inside();
        assert_eq!(
            inside.optional("number", Tag::Null).unwrap().map(|e| e.at),
            None
        );
        assert_eq!(inside.expect("number", Tag::Integer).unwrap().at, 0x102);
        let tagged = inside.expect("tagged", context(0)).unwrap();
        assert_eq!(tagged.raw, [0xa0, 0x02, 0x05, 0x00]);
        assert_eq!(tagged.inside().expect("null", Tag::Null).unwrap().at, 0x107);
        let missing = inside.expect("more", Tag::Null).unwrap_err();
        assert_eq!(
            missing,
            Error::Missing {
                what: "more",
                at: 0x109
            }
        );
        assert_eq!(file.finish("file"), Ok(()));
    }

    #[test]
    fn lengths_beyond_the_bytes_are_refused_with_both_numbers() {
        let mut file = Elements::new(&[0x04, 0x05, 1, 2], 0);
        let error = file.next("text").unwrap_err();
        let Error::Der { at: 0, cause, .. } = error else {
            panic!("{error:?}");
        };
        let der::ErrorKind::Incomplete {
            expected_len,
            actual_len,
        } = cause.kind()
        else {
            panic!("{cause:?}");
        };
        assert_eq!((u32::from(expected_len), u32::from(actual_len)), (7, 4));
    }

    #[test]
    fn utf16_loses_one_closing_nul_and_refuses_odd_lengths() {
        assert_eq!(utf16le(b"a\0b\0\0\0").as_deref(), Some("ab"));
        assert_eq!(utf16le(b"a\0b\0").as_deref(), Some("ab"));
        assert_eq!(utf16le(b"").as_deref(), Some(""));
        assert_eq!(utf16le(b"a\0b"), None);
        assert_eq!(utf16le(&[0x00, 0xd8]), None);
    }
}
