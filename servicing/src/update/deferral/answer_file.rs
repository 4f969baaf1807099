//! The answer file for Setup that is started from WinPE: packages in its
//! `servicing` section, which is carried out in the pass offlineServicing.
//!
//! A plain first boot never reads that section. The form is that of the answer
//! file which every .msu brings along:
//!
//! ```xml
//! <unattend xmlns="urn:schemas-microsoft-com:unattend">
//!     <servicing>
//!         <package action="install">
//!             <assemblyIdentity name=".." version=".." language="neutral"
//!                 processorArchitecture="amd64" publicKeyToken=".." />
//!             <source location="%configsetroot%\x.cab" />
//!         </package>
//!     </servicing>
//! </unattend>
//! ```
//!
//! What else the file holds stays letter by letter as it is.

use quick_xml::Reader;
use quick_xml::escape::{escape, unescape};
use quick_xml::events::{BytesStart, Event};

use crate::update::identity::Identity;

/// Longest answer file that is added to, in bytes.
pub const MAX_LEN: usize = 4 << 20;
const NAMESPACE: &str = "urn:schemas-microsoft-com:unattend";
const INDENT: &str = "    ";

/// A package for an answer file.
#[derive(Clone, Debug)]
pub struct AnswerPackage {
    /// Which it is.
    pub identity: Identity,
    /// The name of its cabinet, which has to lie beside the answer file.
    pub cabinet: String,
}

/// Why packages cannot be written into an answer file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AnswerFileError {
    /// It is longer than any answer file.
    #[error("the answer file has {len} bytes, more than {MAX_LEN}")]
    TooLong {
        /// Its length.
        len: usize,
    },
    /// It is in an encoding that answer files are not written in.
    #[error("the answer file is neither UTF-8 nor UTF-16 with a byte order mark")]
    Encoding,
    /// It breaks the rules of XML.
    #[error("line {line} of the answer file is no XML: {rule}")]
    Malformed {
        /// The line, from 1.
        line: usize,
        /// The rule.
        rule: String,
    },
    /// It is some other XML file.
    #[error("the file is no answer file: its root is `{found}`, expected `unattend`")]
    Root {
        /// The root element; empty where there is none.
        found: String,
    },
    /// The packages that it names come from elsewhere than they would.
    #[error(
        "the answer file installs `{identity}` from `{found}` already, and not from `{expected}`"
    )]
    OtherSource {
        /// The package.
        identity: String,
        /// Where from.
        found: String,
        /// What it should be.
        expected: String,
    },
}

/// The place where a package is said to lie.
fn location(package: &AnswerPackage) -> String {
    format!("%configsetroot%\\{}", package.cabinet)
}

/// The bytes of the answer file with `packages` in it; `None` where all of them
/// are there. Without `existing` it is a new one.
///
/// # Errors
/// [`AnswerFileError`] where `existing` is no answer file, or has one of the
/// packages from another place.
pub fn with_packages(
    existing: Option<&[u8]>,
    packages: &[AnswerPackage],
) -> Result<Option<Vec<u8>>, AnswerFileError> {
    let Some(bytes) = existing else {
        let text = format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n<unattend xmlns=\"{NAMESPACE}\">\r\n\
             {}</unattend>\r\n",
            section(packages, "\r\n")
        );
        return Ok(Some(text.into_bytes()));
    };
    if bytes.len() > MAX_LEN {
        return Err(AnswerFileError::TooLong { len: bytes.len() });
    }
    let (text, encoding) = decode(bytes)?;
    let found = Outline::read(&text)?;
    let mut new = Vec::new();
    for package in packages {
        let location = location(package);
        let there = found.packages.iter().find(|one| one.is(&package.identity));
        match there {
            None => new.push(package.clone()),
            Some(there) if there.source.eq_ignore_ascii_case(&location) => {}
            Some(there) => {
                return Err(AnswerFileError::OtherSource {
                    identity: package.identity.package_name(),
                    found: there.source.clone(),
                    expected: location,
                });
            }
        }
    }
    if new.is_empty() {
        return Ok(None);
    }
    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let (range, inserted) = match found.servicing {
        Some(Servicing::Open { end: at }) => {
            let at = line_start(&text, at);
            (at..at, elements(&new, end))
        }
        Some(Servicing::Empty { start, end: to }) => {
            let section = section(&new, end);
            (start..to, section.trim().to_owned())
        }
        None => {
            let at = line_start(&text, found.end);
            (at..at, section(&new, end))
        }
    };
    let mut with = text;
    with.replace_range(range, &inserted);
    Ok(Some(encode(&with, encoding)))
}

/// Where the line begins in which nothing but blanks stands before `at`; else
/// `at` itself.
fn line_start(text: &str, at: usize) -> usize {
    let before = text.get(..at).unwrap_or_default();
    before.trim_end_matches([' ', '\t']).len()
}

/// The section with packages.
fn section(packages: &[AnswerPackage], end: &str) -> String {
    format!(
        "{INDENT}<servicing>{end}{}{INDENT}</servicing>{end}",
        elements(packages, end)
    )
}

/// The elements of packages, each line with its end.
fn elements(packages: &[AnswerPackage], end: &str) -> String {
    let outer = INDENT.repeat(2);
    let inner = INDENT.repeat(3);
    let each = packages.iter().map(|package| {
        let Identity {
            name,
            version,
            culture,
            architecture,
            public_key_token,
            ..
        } = &package.identity;
        let language = if culture.is_empty() {
            "neutral"
        } else {
            culture
        };
        format!(
            "{outer}<package action=\"install\">{end}{inner}<assemblyIdentity name=\"{}\" \
             version=\"{version}\" language=\"{}\" processorArchitecture=\"{}\" \
             publicKeyToken=\"{}\" />{end}{inner}<source location=\"{}\" />{end}\
             {outer}</package>{end}",
            escape(name),
            escape(language),
            escape(architecture),
            escape(public_key_token),
            escape(location(package)),
        )
    });
    each.collect()
}

#[derive(Clone, Copy, Debug)]
enum Encoding {
    Utf8 { mark: bool },
    Utf16Le,
}

fn decode(bytes: &[u8]) -> Result<(String, Encoding), AnswerFileError> {
    if let Some(wide) = bytes.strip_prefix(&[0xFF, 0xFE]) {
        let (pairs, rest) = wide.as_chunks::<2>();
        let units = pairs.iter().map(|pair| u16::from_le_bytes(*pair));
        let text: Result<String, _> = char::decode_utf16(units).collect();
        return match text {
            Ok(text) if rest.is_empty() => Ok((text, Encoding::Utf16Le)),
            _ => Err(AnswerFileError::Encoding),
        };
    }
    let plain = bytes.strip_prefix(b"\xEF\xBB\xBF");
    let mark = plain.is_some();
    let text = std::str::from_utf8(plain.unwrap_or(bytes));
    let text = text.map_err(|_| AnswerFileError::Encoding)?;
    Ok((text.to_owned(), Encoding::Utf8 { mark }))
}

fn encode(text: &str, encoding: Encoding) -> Vec<u8> {
    match encoding {
        Encoding::Utf8 { mark: false } => text.as_bytes().to_vec(),
        Encoding::Utf8 { mark: true } => [b"\xEF\xBB\xBF", text.as_bytes()].concat(),
        Encoding::Utf16Le => std::iter::once(0xFEFF)
            .chain(text.encode_utf16())
            .flat_map(u16::to_le_bytes)
            .collect(),
    }
}

/// A package that the file has.
#[derive(Clone, Debug, Default)]
struct Named {
    identity: Vec<(String, String)>,
    source: String,
}

impl Named {
    fn is(&self, identity: &Identity) -> bool {
        let attribute = |name: &str| {
            let mut all = self.identity.iter();
            all.find(|(key, _)| key == name)
                .map(|(_, value)| value.as_str())
        };
        Identity::from_attributes(attribute).is_ok_and(|found| {
            found.version == identity.version && found.is_same_package_family(identity)
        })
    }
}

/// Where the section is.
#[derive(Clone, Copy, Debug)]
enum Servicing {
    /// The place of its end tag.
    Open { end: usize },
    /// `<servicing/>`, from here to there.
    Empty { start: usize, end: usize },
}

/// What counts of an answer file.
#[derive(Debug)]
struct Outline {
    servicing: Option<Servicing>,
    packages: Vec<Named>,
    /// The place of the root's end tag.
    end: usize,
}

impl Outline {
    fn read(text: &str) -> Result<Outline, AnswerFileError> {
        let mut reader = Reader::from_str(text);
        let mut path: Vec<String> = Vec::new();
        let mut found = Outline {
            servicing: None,
            packages: Vec::new(),
            end: 0,
        };
        let place = |position: u64| usize::try_from(position).unwrap_or(usize::MAX);
        loop {
            let start = place(reader.buffer_position());
            let event = reader
                .read_event()
                .map_err(|error| AnswerFileError::Malformed {
                    line: line(text, start),
                    rule: error.to_string(),
                })?;
            let end = place(reader.buffer_position());
            match event {
                Event::Start(tag) => {
                    let name = tag.name().into_inner().to_owned();
                    if path.is_empty() && name != "unattend" {
                        return Err(AnswerFileError::Root { found: name });
                    }
                    found.element(&path, &name, &tag);
                    path.push(name);
                }
                Event::Empty(tag) => {
                    let name = tag.name().into_inner().to_owned();
                    if path.is_empty() && name == "unattend" {
                        return Err(AnswerFileError::Malformed {
                            line: line(text, start),
                            rule: "`unattend` holds nothing, not even an end tag".to_owned(),
                        });
                    } else if path.is_empty() {
                        return Err(AnswerFileError::Root { found: name });
                    }
                    if path.len() == 1 && name == "servicing" {
                        found.servicing = Some(Servicing::Empty { start, end });
                    }
                    found.element(&path, &name, &tag);
                }
                Event::End(_) => {
                    let name = path.pop();
                    if path.is_empty() {
                        found.end = start;
                        return Ok(found);
                    }
                    if path.len() == 1 && name.as_deref() == Some("servicing") {
                        found.servicing = Some(Servicing::Open { end: start });
                    }
                }
                Event::Eof => {
                    let found = path.first().cloned().unwrap_or_default();
                    return Err(match found.is_empty() {
                        true => AnswerFileError::Root { found },
                        false => AnswerFileError::Malformed {
                            line: line(text, text.len()),
                            rule: format!("`{found}` has no end"),
                        },
                    });
                }
                _ => {}
            }
        }
    }

    /// An element, with those that it stands in.
    fn element(&mut self, path: &[String], name: &str, tag: &BytesStart<'_>) {
        let inside: Vec<&str> = path.iter().map(String::as_str).collect();
        match (inside.as_slice(), name) {
            (["unattend", "servicing"], "package") => self.packages.push(Named::default()),
            (["unattend", "servicing", "package"], "assemblyIdentity") => {
                if let Some(package) = self.packages.last_mut() {
                    package.identity = attributes(tag);
                }
            }
            (["unattend", "servicing", "package"], "source") => {
                let all = attributes(tag).into_iter();
                let mut location = all.filter(|(key, _)| key == "location");
                if let (Some(package), Some((_, location))) =
                    (self.packages.last_mut(), location.next_back())
                {
                    package.source = location;
                }
            }
            _ => {}
        }
    }
}

/// The number of the line that `at` is in, from 1.
fn line(text: &str, at: usize) -> usize {
    let before = text.get(..at).unwrap_or_default();
    before.matches('\n').count() + 1
}

fn attributes(tag: &BytesStart<'_>) -> Vec<(String, String)> {
    let read = tag.attributes().flatten().take(64).map(|attribute| {
        let value = &attribute.value;
        let plain = unescape(value).map_or_else(|_| value.to_string(), |text| text.into_owned());
        (attribute.key.into_inner().to_owned(), plain)
    });
    read.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, cabinet: &str) -> AnswerPackage {
        let text = format!("{name}~31bf3856ad364e35~amd64~~6.1.1.6");
        AnswerPackage {
            identity: Identity::from_package_name(&text).unwrap(),
            cabinet: cabinet.to_owned(),
        }
    }

    fn with(existing: &str, packages: &[AnswerPackage]) -> String {
        let bytes = with_packages(Some(existing.as_bytes()), packages).unwrap();
        String::from_utf8(bytes.unwrap()).unwrap()
    }

    #[test]
    fn a_new_file_is_what_an_msu_brings_along() {
        let made = with_packages(None, &[package("Package_for_KB1", "kb1 & more.cab")]);
        let made = String::from_utf8(made.unwrap().unwrap()).unwrap();
        assert_eq!(
            made,
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n\
             <unattend xmlns=\"urn:schemas-microsoft-com:unattend\">\r\n    <servicing>\r\n        \
             <package action=\"install\">\r\n            <assemblyIdentity name=\"Package_for_KB1\" \
             version=\"6.1.1.6\" language=\"neutral\" processorArchitecture=\"amd64\" \
             publicKeyToken=\"31bf3856ad364e35\" />\r\n            <source \
             location=\"%configsetroot%\\kb1 &amp; more.cab\" />\r\n        </package>\r\n    \
             </servicing>\r\n</unattend>\r\n"
        );
        // The same again changes nothing.
        let again = with_packages(
            Some(made.as_bytes()),
            &[package("Package_for_KB1", "kb1 & more.cab")],
        );
        assert_eq!(again.unwrap(), None);
    }

    #[test]
    fn everything_else_stays_letter_by_letter() {
        let one = [package("Package_for_KB1", "1.cab")];
        for (before, behind) in [
            (
                "<unattend>\n  <!-- mine -->\n  <settings pass=\"specialize\"/>\n",
                "</unattend>\n<!-- end -->",
            ),
            (
                "<unattend>\n  <servicing>\n    <package action=\"install\"/>\n",
                "  </servicing>\n</unattend>",
            ),
            ("<unattend>", "</unattend>"),
        ] {
            let text = format!("{before}{behind}");
            let made = with(&text, &one);
            assert!(made.starts_with(before) && made.ends_with(behind), "{made}");
            assert_eq!(made.matches("Package_for_KB1").count(), 1);
            assert_eq!(made.matches("<servicing>").count(), 1);
            assert_eq!(with_packages(Some(made.as_bytes()), &one), Ok(None));
        }
        let empty = with("<unattend><servicing /></unattend>", &one);
        assert!(empty.starts_with("<unattend><servicing>"), "{empty}");
        assert!(empty.ends_with("</servicing></unattend>"), "{empty}");
    }

    #[test]
    fn encodings_stay_as_they_are() {
        let text = "<unattend>\r\n<a>\u{20AC}</a></unattend>";
        let one = [package("A", "1.cab")];
        let wide: Vec<u8> = std::iter::once(0xFEFF)
            .chain(text.encode_utf16())
            .flat_map(u16::to_le_bytes)
            .collect();
        let made = with_packages(Some(&wide), &one).unwrap().unwrap();
        assert!(made.starts_with(&wide[..wide.len() - 22]));
        let marked = [b"\xEF\xBB\xBF", text.as_bytes()].concat();
        let made = with_packages(Some(&marked), &one).unwrap().unwrap();
        assert!(made.starts_with(b"\xEF\xBB\xBF<unattend>"));
        for bad in [&b"<unattend>\xFF</unattend>"[..], b"\xFF\xFE<"] {
            assert_eq!(
                with_packages(Some(bad), &one),
                Err(AnswerFileError::Encoding)
            );
        }
    }

    #[test]
    fn what_is_no_answer_file_is_refused() {
        let one = [package("A", "1.cab")];
        for (text, reason) in [
            ("", "root is ``"),
            ("<component/>", "root is `component`"),
            ("<unattend>\n<servicing>", "line 2"),
            ("<unattend></servicing>", "line 1"),
            ("<unattend/>", "holds nothing"),
        ] {
            let error = with_packages(Some(text.as_bytes()), &one).unwrap_err();
            assert!(error.to_string().contains(reason), "{text}: {error}");
        }
        let made = with("<unattend></unattend>", &one);
        let other = [package("A", "2.cab")];
        let error = with_packages(Some(made.as_bytes()), &other).unwrap_err();
        assert!(
            matches!(error, AnswerFileError::OtherSource { .. }),
            "{error}"
        );
    }
}
