//! The XML data: what people and programs say of the images, in UTF-16LE.

mod element;
mod parse;

pub use element::{Element, FileTime};

use crate::error::{Error, FileOffset};

/// Largest XML data read, in bytes; known files have a few kilobytes per
/// image.
pub(crate) const MAX_LEN: u64 = 64 << 20;

/// The XML data of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WimXml {
    before: String,
    root: Element,
    after: String,
}

impl Default for WimXml {
    fn default() -> Self {
        Self::new()
    }
}

impl WimXml {
    /// The data of a file without images.
    pub fn new() -> WimXml {
        WimXml {
            before: String::new(),
            root: Element::new("WIM"),
            after: String::new(),
        }
    }

    /// Reads XML data that lie at `at`.
    ///
    /// # Errors
    /// [`Error::XmlEncoding`], [`Error::Xml`], [`Error::XmlDepth`],
    /// [`Error::XmlRoot`].
    pub fn parse(bytes: &[u8], at: FileOffset) -> Result<WimXml, Error> {
        let units = bytes.chunks_exact(2);
        if !units.remainder().is_empty() {
            return Err(Error::XmlEncoding { at });
        }
        let units = units.filter_map(|unit| unit.first_chunk().copied().map(u16::from_le_bytes));
        let text: Result<String, _> = char::decode_utf16(units).collect();
        let text = text.map_err(|_| Error::XmlEncoding { at })?;
        let text = text.strip_prefix('\u{FEFF}').unwrap_or(&text);
        // Some writers count a closing NUL.
        let text = text.strip_suffix('\0').unwrap_or(text);
        let (before, root, after) = parse::parse(text, at)?;
        if root.name() != "WIM" {
            return Err(Error::XmlRoot {
                at,
                found: root.name().to_owned(),
            });
        }
        Ok(WimXml {
            before,
            root,
            after,
        })
    }

    /// The stored form.
    pub fn to_bytes(&self) -> Vec<u8> {
        let text = self.text();
        let units = std::iter::once(0xFEFF).chain(text.encode_utf16());
        units.flat_map(u16::to_le_bytes).collect()
    }

    /// The text.
    pub fn text(&self) -> String {
        let mut text = self.before.clone();
        self.root.write(&mut text);
        text.push_str(&self.after);
        text
    }

    /// The root element, `WIM`.
    pub fn root(&self) -> &Element {
        &self.root
    }

    /// The element of an image; counts from 1.
    pub fn image(&self, index: u32) -> Option<&Element> {
        self.root
            .elements()
            .find(|element| is_image(element, index))
    }

    /// The element of an image, to edit; counts from 1.
    pub fn image_mut(&mut self, index: u32) -> Option<&mut Element> {
        self.root
            .elements_mut()
            .find(|element| is_image(element, index))
    }

    /// The element of an image, added where it is missing.
    pub fn image_or_new(&mut self, index: u32) -> &mut Element {
        if self.image(index).is_none() {
            let mut image = Element::new("IMAGE");
            image.set_attribute("INDEX", &index.to_string());
            self.root.push(image);
        }
        self.image_mut(index)
            .expect("the element of this image was found or added above")
    }

    /// Puts an element in the place of an image's; its index is set.
    pub fn set_image(&mut self, index: u32, mut element: Element) {
        element.set_attribute("INDEX", &index.to_string());
        *self.image_or_new(index) = element;
    }

    /// Removes the element of an image; those behind it move up.
    pub fn remove_image(&mut self, index: u32) {
        self.root.retain(|element| !is_image(element, index));
        for element in self.root.elements_mut() {
            match index_of(element) {
                Some(found) if found > index => {
                    element.set_attribute("INDEX", &(found - 1).to_string());
                }
                _ => {}
            }
        }
    }

    /// Sets `WIM/TOTALBYTES`: the length of the file up to the XML data.
    pub fn set_total_bytes(&mut self, bytes: u64) {
        self.root.set_text("TOTALBYTES", &bytes.to_string());
    }
}

fn index_of(element: &Element) -> Option<u32> {
    element.attribute("INDEX")?.trim().parse().ok()
}

fn is_image(element: &Element, index: u32) -> bool {
    element.name() == "IMAGE" && index_of(element) == Some(index)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16(text: &str) -> Vec<u8> {
        let units = std::iter::once(0xFEFF).chain(text.encode_utf16());
        units.flat_map(u16::to_le_bytes).collect()
    }

    const ODD: &str = "<?xml version='1.0'?><!-- a > b -->\r\n<WIM a = 'x'>\n <TOTALBYTES>5</TOTALBYTES>\
        <IMAGE INDEX=\"2\"><NAME>two &amp; &#x41; <![CDATA[<x>]]></NAME><OWN:X y='z'/></IMAGE>\
        <IMAGE INDEX=\"1\" MORE=\"\"><NAME/></IMAGE ></WIM>\n<!-- end -->";

    #[test]
    fn what_is_not_edited_stays_letter_by_letter() {
        let bytes = utf16(ODD);
        let mut xml = WimXml::parse(&bytes, FileOffset(0)).unwrap();
        assert_eq!(xml.to_bytes(), bytes);
        let two = xml.image(2).unwrap();
        assert_eq!(two.text("NAME").as_deref(), Some("two & A <x>"));
        assert_eq!(xml.image(1).unwrap().text("NAME").as_deref(), Some(""));
        xml.set_total_bytes(6);
        xml.image_mut(1).unwrap().set_text("NAME", "one");
        let expected = ODD
            .replace("<TOTALBYTES>5", "<TOTALBYTES>6")
            .replace("<NAME/>", "<NAME>one</NAME>");
        assert_eq!(xml.text(), expected);
        xml.remove_image(1);
        assert_eq!(
            xml.image(1).unwrap().text("NAME").as_deref(),
            Some("two & A <x>")
        );
        assert!(xml.text().contains("<OWN:X y='z'/>"));
        assert_eq!(xml.image(2), None);
        xml.image_or_new(2).set_text("NAME", "new");
        assert!(
            xml.text()
                .contains("</IMAGE><IMAGE INDEX=\"2\"><NAME>new</NAME></IMAGE></WIM>")
        );
    }

    #[test]
    fn broken_documents_are_errors() {
        for text in [
            "",
            "x",
            "<WIM>",
            "<WIM></WIN>",
            "</WIM>",
            "<WIM/><WIM/>",
            "<OTHER/>",
            "<WIM",
            "<WIM><a></WIM></a>",
        ] {
            let found = WimXml::parse(&utf16(text), FileOffset(0));
            assert!(found.is_err(), "`{text}`: {found:?}");
        }
        let deep = format!("<WIM>{}{}</WIM>", "<a>".repeat(100), "</a>".repeat(100));
        assert!(matches!(
            WimXml::parse(&utf16(&deep), FileOffset(0)),
            Err(Error::XmlDepth { limit: 64, .. })
        ));
        assert!(matches!(
            WimXml::parse(&[0, 0xD8], FileOffset(3)),
            Err(Error::XmlEncoding { at: FileOffset(3) })
        ));
        assert!(WimXml::parse(&[0xFF, 0xFE, 0], FileOffset(0)).is_err());
    }
}
