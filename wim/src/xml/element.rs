//! An element of the XML data, and the text around it exactly as it was.
//!
//! What is not edited is written back letter by letter: elements, attributes,
//! comments and white space that nobody here knows belong to somebody else.

use std::fmt::Write as _;

use quick_xml::escape::{escape, partial_escape, unescape};
use quick_xml::events::BytesStart;

/// A time as Windows counts it: 100 ns since 1601, UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileTime(pub u64);

/// An element with all that is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Element {
    name: String,
    /// The start tag, letter by letter.
    pub(super) open: String,
    /// The end tag; empty where the start tag ends in `/>`.
    pub(super) close: String,
    pub(super) children: Vec<Node>,
}

/// What an element holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Node {
    Element(Element),
    /// Text, references included, as written.
    Text(String),
    /// CDATA sections (with their value), comments and instructions.
    Other {
        raw: String,
        value: String,
    },
}

impl Element {
    /// An empty element.
    pub fn new(name: &str) -> Element {
        Element {
            name: name.to_owned(),
            open: format!("<{name}>"),
            close: format!("</{name}>"),
            children: Vec::new(),
        }
    }

    /// An element that holds `text`.
    pub fn with_text(name: &str, text: &str) -> Element {
        let mut element = Element::new(name);
        element.replace_content(text);
        element
    }

    pub(super) fn from_tag(name: &str, open: &str) -> Element {
        Element {
            name: name.to_owned(),
            open: open.to_owned(),
            close: String::new(),
            children: Vec::new(),
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The elements in it, in order.
    pub fn elements(&self) -> impl Iterator<Item = &Element> {
        self.children.iter().filter_map(|node| match node {
            Node::Element(element) => Some(element),
            Node::Text(_) | Node::Other { .. } => None,
        })
    }

    pub(super) fn elements_mut(&mut self) -> impl Iterator<Item = &mut Element> {
        self.children.iter_mut().filter_map(|node| match node {
            Node::Element(element) => Some(element),
            Node::Text(_) | Node::Other { .. } => None,
        })
    }

    /// The first element at `path`: names with `/` between them.
    pub fn get(&self, path: &str) -> Option<&Element> {
        path.split('/').try_fold(self, |at, name| {
            at.elements().find(|element| element.name == name)
        })
    }

    /// The text in it, not that of the elements in it.
    pub fn own_text(&self) -> String {
        let mut text = String::new();
        for node in &self.children {
            match node {
                Node::Element(_) => {}
                Node::Text(raw) => match unescape(raw) {
                    Ok(value) => text.push_str(&value),
                    // An unknown entity: shown as it is written.
                    Err(_) => text.push_str(raw),
                },
                Node::Other { value, .. } => text.push_str(value),
            }
        }
        text
    }

    /// The text of the first element at `path`.
    pub fn text(&self, path: &str) -> Option<String> {
        self.get(path).map(Element::own_text)
    }

    /// The number at `path`: decimal, or hexadecimal after `0x`.
    pub fn number(&self, path: &str) -> Option<u64> {
        let text = self.text(path)?;
        let text = text.trim();
        match text.strip_prefix("0x").or(text.strip_prefix("0X")) {
            Some(digits) => u64::from_str_radix(digits, 16).ok(),
            None => text.parse().ok(),
        }
    }

    /// The time at `path`, from its parts HIGHPART and LOWPART.
    pub fn time(&self, path: &str) -> Option<FileTime> {
        let element = self.get(path)?;
        let part = |name| u32::try_from(element.number(name)?).ok();
        let (high, low) = (part("HIGHPART")?, part("LOWPART")?);
        Some(FileTime(u64::from(high) << 32 | u64::from(low)))
    }

    /// The value of an attribute.
    pub fn attribute(&self, name: &str) -> Option<String> {
        let tag = self.tag();
        let attribute = tag.try_get_attribute(name).ok().flatten()?;
        let value = unescape(&attribute.value).map(|value| value.into_owned());
        Some(value.unwrap_or_else(|_| attribute.value.clone().into_owned()))
    }

    /// Sets an attribute, and keeps the others and their order.
    pub fn set_attribute(&mut self, name: &str, value: &str) {
        if self.attribute(name).as_deref() == Some(value) {
            return;
        }
        let mut open = format!("<{}", self.name);
        let mut found = false;
        let written = |open: &mut String, key: &str, value: &str| {
            // Writing to a string cannot fail.
            let _ = write!(open, " {key}=\"{value}\"");
        };
        for attribute in self.tag().attributes().with_checks(false).flatten() {
            let key = attribute.key.into_inner();
            if key == name {
                found = true;
                written(&mut open, key, &escape(value));
            } else {
                written(&mut open, key, &attribute.value.replace('"', "&quot;"));
            }
        }
        if !found {
            written(&mut open, name, &escape(value));
        }
        open.push_str(if self.close.is_empty() { "/>" } else { ">" });
        self.open = open;
    }

    /// The inner part of the start tag.
    fn tag(&self) -> BytesStart<'_> {
        let inner = self.open.strip_prefix('<').unwrap_or_default();
        let inner = inner.strip_suffix('>').unwrap_or(inner);
        let inner = inner.strip_suffix('/').unwrap_or(inner);
        BytesStart::from_content(inner, self.name.len().min(inner.len()))
    }

    /// Sets the text of the first element at `path`, which is added where it
    /// is missing. Elements in it go.
    pub fn set_text(&mut self, path: &str, text: &str) {
        if self.text(path).as_deref() != Some(text) {
            self.at(path).replace_content(text);
        }
    }

    /// Sets a time as its parts HIGHPART and LOWPART.
    pub fn set_time(&mut self, path: &str, time: FileTime) {
        if self.time(path) == Some(time) {
            return;
        }
        let element = self.at(path);
        element.set_text("HIGHPART", &format!("0x{:08X}", time.0 >> 32));
        element.set_text("LOWPART", &format!("0x{:08X}", time.0 & 0xFFFF_FFFF));
    }

    /// Adds an element behind all others.
    pub fn push(&mut self, element: Element) {
        self.unfold();
        self.children.push(Node::Element(element));
    }

    /// Removes all elements of this name that are directly in it.
    pub fn remove(&mut self, name: &str) {
        self.retain(|element| element.name != name);
    }

    pub(super) fn retain(&mut self, keep: impl Fn(&Element) -> bool) {
        self.children
            .retain(|node| !matches!(node, Node::Element(element) if !keep(element)));
    }

    /// The first element at `path`, added where it is missing.
    fn at(&mut self, path: &str) -> &mut Element {
        path.split('/').fold(self, |at, name| at.child(name))
    }

    fn child(&mut self, name: &str) -> &mut Element {
        let is_it = |node: &Node| matches!(node, Node::Element(element) if element.name == name);
        let at = self.children.iter().position(is_it);
        let at = at.unwrap_or_else(|| {
            self.push(Element::new(name));
            self.children.len() - 1
        });
        let found = self.children.get_mut(at).and_then(|node| match node {
            Node::Element(element) => Some(element),
            Node::Text(_) | Node::Other { .. } => None,
        });
        found.expect("an element of this name was found or added above")
    }

    fn replace_content(&mut self, text: &str) {
        self.unfold();
        self.children = vec![Node::Text(partial_escape(text).into_owned())];
    }

    /// Gives an element that is written as one tag an end tag of its own.
    fn unfold(&mut self) {
        if self.close.is_empty() {
            let inner = self.open.strip_suffix("/>").unwrap_or(&self.open);
            self.open = format!("{}>", inner.trim_end());
            self.close = format!("</{}>", self.name);
        }
    }

    /// Appends the element as it is written.
    pub(super) fn write(&self, out: &mut String) {
        out.push_str(&self.open);
        for node in &self.children {
            match node {
                Node::Element(element) => element.write(out),
                Node::Text(raw) | Node::Other { raw, .. } => out.push_str(raw),
            }
        }
        out.push_str(&self.close);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_made_where_they_are_missing() {
        let mut image = Element::new("IMAGE");
        image.set_attribute("INDEX", "1");
        image.set_text("WINDOWS/VERSION/BUILD", "19041");
        image.set_text("NAME", "a < b");
        image.set_time("CREATIONTIME", FileTime(0x01DD_7A75_0000_002E));
        image.set_text("WINDOWS/VERSION/BUILD", "19042");
        let mut text = String::new();
        image.write(&mut text);
        assert_eq!(
            text,
            "<IMAGE INDEX=\"1\"><WINDOWS><VERSION><BUILD>19042</BUILD></VERSION></WINDOWS>\
             <NAME>a &lt; b</NAME><CREATIONTIME><HIGHPART>0x01DD7A75</HIGHPART>\
             <LOWPART>0x0000002E</LOWPART></CREATIONTIME></IMAGE>"
        );
        assert_eq!(image.number("WINDOWS/VERSION/BUILD"), Some(19042));
        assert_eq!(image.text("NAME").as_deref(), Some("a < b"));
        assert_eq!(
            image.time("CREATIONTIME"),
            Some(FileTime(0x01DD_7A75_0000_002E))
        );
        image.remove("WINDOWS");
        assert_eq!(image.get("WINDOWS"), None);
    }

    #[test]
    fn other_attributes_stay() {
        let mut element = Element::from_tag("A", "<A  x='1' INDEX = \"2\" y=\"a&amp;b\" />");
        element.set_attribute("INDEX", "2");
        assert_eq!(
            element.open, "<A  x='1' INDEX = \"2\" y=\"a&amp;b\" />",
            "unchanged"
        );
        element.set_attribute("INDEX", "3");
        assert_eq!(element.open, "<A x=\"1\" INDEX=\"3\" y=\"a&amp;b\"/>");
        element.push(Element::with_text("B", "t"));
        let mut text = String::new();
        element.write(&mut text);
        assert_eq!(text, "<A x=\"1\" INDEX=\"3\" y=\"a&amp;b\"><B>t</B></A>");
        assert_eq!(element.attribute("y").as_deref(), Some("a&b"));
    }
}
