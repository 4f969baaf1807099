//! XML data to elements: quick-xml finds the pieces, and each keeps its text.

use quick_xml::Reader;
use quick_xml::events::Event;

use super::element::{Element, Node};
use crate::error::{Error, FileOffset};

/// Deepest nesting read; known files have four levels.
const MAX_DEPTH: usize = 64;

/// The parts of a document: text before the root, the root, text behind it.
pub(super) type Parts = (String, Element, String);

/// Reads a document.
pub(super) fn parse(text: &str, at: FileOffset) -> Result<Parts, Error> {
    let mut reader = Reader::from_str(text);
    reader.config_mut().check_end_names = true;
    let syntax = |position: u64, reason: String| Error::Xml {
        at,
        position,
        reason,
    };
    let (mut open, mut before, mut after) = (Vec::<Element>::new(), String::new(), String::new());
    let mut root = None;
    loop {
        let start = reader.buffer_position();
        let event = reader
            .read_event()
            .map_err(|error| syntax(start, error.to_string()))?;
        let raw = usize::try_from(start)
            .ok()
            .zip(usize::try_from(reader.buffer_position()).ok());
        let raw = raw
            .and_then(|(start, end)| text.get(start..end))
            .unwrap_or_default();
        let node = match event {
            Event::Eof => break,
            Event::Start(tag) => {
                if open.len() >= MAX_DEPTH {
                    return Err(Error::XmlDepth {
                        at,
                        position: start,
                        limit: MAX_DEPTH,
                    });
                }
                open.push(Element::from_tag(tag.name().into_inner(), raw));
                continue;
            }
            Event::Empty(tag) => Node::Element(Element::from_tag(tag.name().into_inner(), raw)),
            Event::End(_) => {
                let mut element = open
                    .pop()
                    .ok_or_else(|| syntax(start, "an end tag without a start tag".to_owned()))?;
                raw.clone_into(&mut element.close);
                Node::Element(element)
            }
            Event::Text(_) | Event::GeneralRef(_) => Node::Text(raw.to_owned()),
            Event::CData(data) => Node::Other {
                raw: raw.to_owned(),
                value: data.into_inner().into_owned(),
            },
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => Node::Other {
                raw: raw.to_owned(),
                value: String::new(),
            },
        };
        match (open.last_mut(), node) {
            (Some(parent), Node::Text(raw)) => match parent.children.last_mut() {
                Some(Node::Text(text)) => text.push_str(&raw),
                _ => parent.children.push(Node::Text(raw)),
            },
            (Some(parent), node) => parent.children.push(node),
            (None, Node::Element(element)) if root.is_none() => root = Some(element),
            (None, Node::Element(_)) => {
                return Err(syntax(start, "a second root element".to_owned()));
            }
            (None, Node::Text(raw) | Node::Other { raw, .. }) => match root {
                None => before.push_str(&raw),
                Some(_) => after.push_str(&raw),
            },
        }
    }
    let end = reader.buffer_position();
    if let Some(element) = open.last() {
        return Err(syntax(end, format!("`{}` has no end tag", element.name())));
    }
    let root = root.ok_or_else(|| syntax(end, "no element".to_owned()))?;
    Ok((before, root, after))
}
