//! The XML of packages as elements: small documents, read whole.
//!
//! Elements are known by their local name and namespace: `asmv2:hash` is
//! `hash` of `urn:schemas-microsoft-com:asm.v2`, whatever the prefix. Documents
//! come from strangers: length, depth and number of elements are bounded, and
//! no entity but the five of XML is expanded.

use std::sync::Arc;

use encoding_rs::{Encoding, UTF_16BE, UTF_16LE};
use quick_xml::Reader;
use quick_xml::escape::unescape;
use quick_xml::events::{BytesStart, Event};

/// Longest document that is read, in bytes. The largest manifests of Windows,
/// those of event providers, have some 4 MiB.
pub const MAX_XML: u64 = 64 << 20;

/// Deepest nesting. Manifests have some 10 levels.
const MAX_DEPTH: usize = 64;

/// Most elements kept of one document; one costs some 200 bytes.
const MAX_ELEMENTS: usize = 1 << 18;

/// Most attributes of one element.
const MAX_ATTRIBUTES: usize = 256;

/// Why a document is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum XmlError {
    /// It is longer than is read.
    #[error("the document is {len} bytes long, more than the {MAX_XML} that are read")]
    TooLong {
        /// Its length in bytes.
        len: u64,
    },
    /// Bytes that are no text.
    #[error("the document is not {encoding} text")]
    Encoding {
        /// The encoding that it says, or that is the default.
        encoding: &'static str,
    },
    /// It breaks the rules of XML.
    #[error("line {line}: {rule}")]
    Malformed {
        /// The line, from 1.
        line: usize,
        /// The rule.
        rule: String,
    },
    /// More of something than is read.
    #[error("line {line}: more than {most} {what}")]
    TooMany {
        /// The line, from 1.
        line: usize,
        /// Of what.
        what: &'static str,
        /// How many are read.
        most: usize,
    },
    /// It ends within an element.
    #[error("the document ends within `{element}`")]
    Truncated {
        /// That element.
        element: String,
    },
    /// There is no element in it.
    #[error("the document has no element")]
    Empty,
}

/// An element with all that is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Element {
    /// Its name without prefix.
    pub name: String,
    /// Its namespace; empty where it has none.
    pub namespace: Arc<str>,
    /// Its attributes, without declarations of namespaces.
    pub attributes: Vec<(String, String)>,
    /// The elements in it.
    pub children: Vec<Element>,
    /// The text directly in it, trimmed.
    pub text: String,
}

impl Element {
    /// The attribute of that name.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The first element in it of that name.
    pub fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The elements in it of that name.
    pub fn children<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// Whether its namespace is one of assemblies (`asm.v1` to `asm.v3`).
    pub fn is_assembly_vocabulary(&self) -> bool {
        self.namespace.starts_with("urn:schemas-microsoft-com:asm.")
    }
}

/// The text of a document: UTF-8, or UTF-16 that says so by its mark.
///
/// # Errors
/// [`XmlError::TooLong`] and [`XmlError::Encoding`].
pub fn decode(bytes: &[u8]) -> Result<String, XmlError> {
    let len = bytes.len() as u64;
    if len > MAX_XML {
        return Err(XmlError::TooLong { len });
    }
    let (encoding, mark) = Encoding::for_bom(bytes).unwrap_or((encoding_rs::UTF_8, 0));
    let rest = bytes.get(mark..).unwrap_or_default();
    let name = match encoding {
        known if known == UTF_16LE || known == UTF_16BE => "UTF-16",
        _ => "UTF-8",
    };
    let text = encoding.decode_without_bom_handling_and_without_replacement(rest);
    let text = text.ok_or(XmlError::Encoding { encoding: name })?;
    Ok(text.into_owned())
}

/// Reads a document.
///
/// # Errors
/// [`XmlError`].
pub fn parse(bytes: &[u8]) -> Result<Element, XmlError> {
    parse_each(bytes, |_, element| Some(element))
}

/// Reads a document and hands each element to `each` when it ends, with the
/// number of elements that it stands in; what `each` keeps is no longer in the
/// element above, so that long lists are never in memory whole.
///
/// # Errors
/// [`XmlError`].
pub fn parse_each(
    bytes: &[u8],
    each: impl FnMut(usize, Element) -> Option<Element>,
) -> Result<Element, XmlError> {
    let text = decode(bytes)?;
    Builder {
        text: &text,
        open: Vec::new(),
        prefixes: Vec::new(),
        namespaces: Vec::new(),
        kept: 0,
        each,
    }
    .run()
}

/// An element that has not ended yet.
struct Open {
    element: Element,
    /// How many declarations of prefixes were there before it.
    prefixes: usize,
}

struct Builder<'t, F> {
    text: &'t str,
    open: Vec<Open>,
    /// Declared prefixes, innermost last.
    prefixes: Vec<(String, Arc<str>)>,
    /// Each namespace once.
    namespaces: Vec<Arc<str>>,
    kept: usize,
    each: F,
}

impl<F: FnMut(usize, Element) -> Option<Element>> Builder<'_, F> {
    fn run(mut self) -> Result<Element, XmlError> {
        let mut reader = Reader::from_str(self.text);
        loop {
            let at = reader.buffer_position();
            let event = reader.read_event();
            let event = event.map_err(|error| self.malformed(at, error.to_string()))?;
            match event {
                Event::Start(tag) => self.start(&tag, at)?,
                Event::Empty(tag) => {
                    self.start(&tag, at)?;
                    if let Some(root) = self.end() {
                        return Ok(root);
                    }
                }
                Event::End(_) => {
                    if let Some(root) = self.end() {
                        return Ok(root);
                    }
                }
                Event::Text(piece) => self.append(&piece, at)?,
                Event::CData(piece) => self.append(&piece, at)?,
                Event::GeneralRef(name) => {
                    let raw = format!("&{};", &*name);
                    let plain = unescape(&raw);
                    let plain = plain.map_err(|error| self.malformed(at, error.to_string()))?;
                    self.append(&plain, at)?;
                }
                Event::Eof => {
                    return Err(match self.open.pop() {
                        Some(open) => XmlError::Truncated {
                            element: open.element.name,
                        },
                        None => XmlError::Empty,
                    });
                }
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
            }
        }
    }

    fn line(&self, at: u64) -> usize {
        let before = usize::try_from(at).ok().and_then(|at| self.text.get(..at));
        let bytes = before.unwrap_or(self.text).bytes();
        bytes.filter(|byte| *byte == b'\n').count() + 1
    }

    fn malformed(&self, at: u64, rule: String) -> XmlError {
        let line = self.line(at);
        XmlError::Malformed { line, rule }
    }

    fn too_many(&self, at: u64, what: &'static str, most: usize) -> XmlError {
        let line = self.line(at);
        XmlError::TooMany { line, what, most }
    }

    fn start(&mut self, tag: &BytesStart<'_>, at: u64) -> Result<(), XmlError> {
        if self.open.len() >= MAX_DEPTH {
            return Err(self.too_many(at, "elements within each other", MAX_DEPTH));
        }
        if self.kept >= MAX_ELEMENTS {
            return Err(self.too_many(at, "elements", MAX_ELEMENTS));
        }
        self.kept += 1;
        let before = self.prefixes.len();
        let mut attributes = Vec::new();
        let mut all = tag.attributes();
        for attribute in all.with_checks(false) {
            let attribute = attribute.map_err(|error| self.malformed(at, error.to_string()))?;
            let key = attribute.key.into_inner();
            let value = unescape(&attribute.value);
            let value = value.map_err(|error| self.malformed(at, error.to_string()))?;
            let declared = match key.split_once(':') {
                None if key == "xmlns" => Some(""),
                Some(("xmlns", prefix)) => Some(prefix),
                _ => None,
            };
            if attributes.len() + self.prefixes.len() - before >= MAX_ATTRIBUTES {
                return Err(self.too_many(at, "attributes of an element", MAX_ATTRIBUTES));
            }
            match declared {
                Some(prefix) => {
                    let namespace = self.namespace(&value);
                    self.prefixes.push((prefix.to_owned(), namespace));
                }
                None => attributes.push((key.to_owned(), value.into_owned())),
            }
        }
        let name = tag.name().into_inner();
        let (prefix, local) = name.split_once(':').unwrap_or(("", name));
        let bound = self.prefixes.iter().rev();
        let bound = bound.clone().find(|(known, _)| known == prefix);
        let namespace = match (bound, prefix) {
            (Some((_, namespace)), _) => Arc::clone(namespace),
            (None, "") => self.namespace(""),
            (None, _) => {
                return Err(self.malformed(at, format!("prefix `{prefix}` is not declared")));
            }
        };
        self.open.push(Open {
            element: Element {
                name: local.to_owned(),
                namespace,
                attributes,
                children: Vec::new(),
                text: String::new(),
            },
            prefixes: before,
        });
        Ok(())
    }

    /// Ends the innermost element; gives out the root.
    fn end(&mut self) -> Option<Element> {
        let Open {
            mut element,
            prefixes,
        } = self.open.pop()?;
        self.prefixes.truncate(prefixes);
        let trimmed = element.text.trim();
        if trimmed.len() != element.text.len() {
            element.text = trimmed.to_owned();
        }
        let depth = self.open.len();
        let element = (self.each)(depth, element);
        match (self.open.last_mut(), element) {
            (Some(above), Some(element)) => {
                above.element.children.push(element);
                None
            }
            (Some(_), None) => {
                self.kept = self.kept.saturating_sub(1);
                None
            }
            (None, root) => root,
        }
    }

    fn append(&mut self, text: &str, at: u64) -> Result<(), XmlError> {
        match self.open.last_mut() {
            Some(open) => {
                open.element.text.push_str(text);
                Ok(())
            }
            None if text
                .trim_matches(['\u{feff}', ' ', '\t', '\r', '\n'])
                .is_empty() =>
            {
                Ok(())
            }
            None => Err(self.malformed(at, "text outside of all elements".to_owned())),
        }
    }

    fn namespace(&mut self, name: &str) -> Arc<str> {
        if let Some(known) = self.namespaces.iter().find(|known| ***known == *name) {
            return Arc::clone(known);
        }
        let new: Arc<str> = Arc::from(name);
        // Names of strangers may be many; the list is a saving only.
        if self.namespaces.len() < 64 {
            self.namespaces.push(Arc::clone(&new));
        }
        new
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

    use super::*;

    #[test]
    fn names_are_told_by_namespace_and_not_by_prefix() {
        let root = parse(
            b"<a xmlns='urn:one' xmlns:p='urn:two'><p:b x='1 &amp; 2'>t &lt;</p:b>\
              <c xmlns='urn:three'/><d/></a>",
        )
        .unwrap();
        assert_eq!(&*root.namespace, "urn:one");
        let b = root.child("b").unwrap();
        assert_eq!((&*b.namespace, b.text.as_str()), ("urn:two", "t <"));
        assert_eq!(b.attribute("x"), Some("1 & 2"));
        assert_eq!(&*root.child("c").unwrap().namespace, "urn:three");
        assert_eq!(&*root.child("d").unwrap().namespace, "urn:one");
        assert!(root.attributes.is_empty());
    }

    #[test]
    fn both_encodings_of_real_manifests_are_read() {
        let text = "\u{feff}<?xml version=\"1.0\"?><a b=\"ü\"/>";
        assert_eq!(parse(text.as_bytes()).unwrap().attribute("b"), Some("ü"));
        let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(parse(&wide).unwrap().attribute("b"), Some("ü"));
        let refused = XmlError::Encoding { encoding: "UTF-8" };
        assert_eq!(parse(b"<a b='\xff'/>"), Err(refused));
    }

    #[test]
    fn a_document_that_is_none_is_refused_by_its_rule() {
        for (bad, said) in [
            ("", "no element"),
            ("<a><b>", "ends within `b`"),
            ("<a></b>", "line 1"),
            ("text", "outside of all elements"),
            ("<p:a/>", "prefix `p` is not declared"),
            ("<a>&other;</a>", "line 1"),
        ] {
            let error = parse(bad.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(said), "{bad}: {error}");
        }
        let deep = "<a>".repeat(MAX_DEPTH + 1);
        assert!(matches!(
            parse(deep.as_bytes()),
            Err(XmlError::TooMany { .. })
        ));
        let wide = format!("<a>{}</a>", "<b/>".repeat(MAX_ELEMENTS));
        assert!(matches!(
            parse(wide.as_bytes()),
            Err(XmlError::TooMany { .. })
        ));
    }

    #[test]
    fn what_is_taken_out_is_not_kept_and_does_not_count() {
        let long = format!("<a>{}</a>", "<b><c/></b>".repeat(MAX_ELEMENTS));
        let mut taken = 0_usize;
        let root = parse_each(long.as_bytes(), |depth, element| {
            taken += usize::from(depth == 1);
            (depth == 0).then_some(element)
        });
        assert_eq!((root.unwrap().children.len(), taken), (0, MAX_ELEMENTS));
    }
}
