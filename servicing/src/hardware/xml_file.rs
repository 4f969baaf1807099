//! XML files, piece by piece: reports can be large, and little of them counts.

use quick_xml::Reader;
use quick_xml::escape::unescape;
use quick_xml::events::{BytesStart, Event};

use super::HardwareError;
use crate::Finding;

/// Deepest nesting read; reports of MSInfo have seven levels.
const MAX_DEPTH: usize = 64;

/// Where a text of an element is no longer added to, in bytes: ids and names
/// are short.
const MAX_TEXT: usize = 1 << 16;

/// Most attributes of an element that are read; none has ten.
const MAX_ATTRIBUTES: usize = 64;

/// What is found, at a path of element names from the root on.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece<'e> {
    /// An element with its attributes.
    Open(&'e [(String, String)]),
    /// All text of an element that has any, at its end, trimmed.
    Text(&'e str),
    /// The end of an element.
    Close,
}

/// The name of the root element; `None` where the text is no XML.
pub(super) fn root(text: &str) -> Option<String> {
    let mut reader = Reader::from_str(text.trim_start());
    loop {
        match reader.read_event().ok()? {
            Event::Start(tag) | Event::Empty(tag) => {
                return Some(tag.name().into_inner().to_owned());
            }
            Event::Text(text) if !text.trim().is_empty() => return None,
            Event::Eof => return None,
            _ => {}
        }
    }
}

/// Hands the pieces of a document to `each`, and says where it was cut off.
///
/// # Errors
/// [`HardwareError::Malformed`] where it breaks the rules of XML.
pub(super) fn read(
    text: &str,
    mut each: impl FnMut(&[String], &Piece<'_>),
) -> Result<Option<Finding>, HardwareError> {
    let text = text.trim_start();
    let mut reader = Reader::from_str(text);
    let (mut path, mut texts) = (Vec::<String>::new(), Vec::<String>::new());
    loop {
        let at = reader.buffer_position();
        let malformed = |rule: String| HardwareError::Malformed {
            line: line(text, at),
            rule,
        };
        let event = match reader.read_event() {
            Ok(event) => event,
            // Cut off within a tag: what came before counts.
            Err(quick_xml::Error::Syntax(_)) if !path.is_empty() => return Ok(Some(cut(text, at))),
            Err(error) => return Err(malformed(error.to_string())),
        };
        match event {
            Event::Start(tag) | Event::Empty(tag) if path.len() >= MAX_DEPTH => {
                let name = tag.name().into_inner().escape_debug().to_string();
                return Err(malformed(format!(
                    "`{name}` is nested deeper than {MAX_DEPTH} elements"
                )));
            }
            Event::Start(tag) => {
                path.push(tag.name().into_inner().to_owned());
                texts.push(String::new());
                each(&path, &Piece::Open(&attributes(&tag)));
            }
            Event::Empty(tag) => {
                path.push(tag.name().into_inner().to_owned());
                each(&path, &Piece::Open(&attributes(&tag)));
                each(&path, &Piece::Close);
                path.pop();
            }
            Event::End(_) => {
                let text = texts.pop().unwrap_or_default();
                let text = text.trim();
                if !text.is_empty() {
                    // MSInfo escapes within character data, too.
                    let plain = unescape(text).unwrap_or(text.into());
                    each(&path, &Piece::Text(&plain));
                }
                each(&path, &Piece::Close);
                path.pop();
            }
            Event::Text(piece) => append(&mut texts, &piece),
            Event::CData(piece) => append(&mut texts, &piece),
            Event::GeneralRef(name) => append(&mut texts, &format!("&{};", &*name)),
            Event::Eof if path.is_empty() => return Ok(None),
            Event::Eof => return Ok(Some(cut(text, at))),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
        }
    }
}

fn append(texts: &mut [String], piece: &str) {
    if let Some(text) = texts.last_mut().filter(|text| text.len() < MAX_TEXT) {
        text.push_str(piece);
    }
}

fn attributes(tag: &BytesStart<'_>) -> Vec<(String, String)> {
    let mut attributes = tag.attributes();
    let pairs = attributes
        .with_checks(false)
        .flatten()
        .take(MAX_ATTRIBUTES)
        .map(|attribute| {
            let raw = &*attribute.value;
            let value = unescape(raw).map_or_else(|_| raw.to_owned(), |value| value.into_owned());
            (attribute.key.into_inner().to_owned(), value)
        });
    pairs.collect()
}

fn cut(text: &str, at: u64) -> Finding {
    let line = line(text, at);
    Finding::warning(
        "truncated",
        format!(
            "the file ends in the middle of an element, at line {line}: devices may be missing"
        ),
    )
}

fn line(text: &str, at: u64) -> usize {
    let before = usize::try_from(at).ok().and_then(|at| text.get(..at));
    before
        .unwrap_or(text)
        .bytes()
        .filter(|byte| *byte == b'\n')
        .count()
        + 1
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

    use super::*;

    fn texts(xml: &str) -> (Vec<String>, Option<Finding>) {
        let mut found = Vec::new();
        let finding = read(xml, |path, piece| {
            if let Piece::Text(text) = piece {
                found.push(format!("{}={text}", path.join("/")));
            }
        });
        (found, finding.unwrap())
    }

    #[test]
    fn text_is_unescaped_once_in_text_and_in_character_data() {
        let (found, finding) = texts(
            "<a><b>x&amp;y</b><b><![CDATA[ p&amp;q ]]></b><b><![CDATA[p&q]]></b><b>  </b></a>",
        );
        assert_eq!(found, ["a/b=x&y", "a/b=p&q", "a/b=p&q"]);
        assert_eq!(finding, None);
    }

    #[test]
    fn what_came_before_a_cut_counts_and_the_cut_is_told() {
        for xml in ["<a><b>x</b><c>", "<a><b>x</b><c", "<a><b>x</b>\n"] {
            let (found, finding) = texts(xml);
            assert_eq!(found, ["a/b=x"], "{xml}");
            assert_eq!(finding.unwrap().name, "truncated", "{xml}");
        }
    }

    #[test]
    fn broken_and_deep_documents_are_refused() {
        assert!(read("<a></b>", |_, _| {}).is_err());
        let deep = "<a>".repeat(MAX_DEPTH + 1);
        let error = read(&deep, |_, _| {}).unwrap_err();
        assert!(error.to_string().contains("deeper"), "{error}");
        assert_eq!(root("<?xml version='1.0'?><PnpUtil/>").unwrap(), "PnpUtil");
        assert_eq!(root("plain <text>"), None);
    }
}
