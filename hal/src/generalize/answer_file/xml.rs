//! An answer file of Vista and later: `unattend`, `settings` by pass,
//! `component`.
//!
//! Source: Microsoft's public schema description (Unattended Windows Setup
//! Reference) and cached files that people published. A pass that was run
//! carries `wasPassProcessed="true"`, and passwords that were used read
//! `*SENSITIVE*DATA*DELETED*`.

use quick_xml::Reader;
use quick_xml::escape::unescape;
use quick_xml::events::{BytesStart, Event};

use super::secrets::{BLANKED, Masked, Secret, is_password};
use super::{Pass, utf16};

/// Deepest nesting that is read; answer files have some ten levels.
const MAX_DEPTH: usize = 64;
/// Longest text of an element that is kept, in bytes: names, modes, keys.
const MAX_TEXT: usize = 1 << 10;
/// Most attributes of an element that are read; none has ten.
const MAX_ATTRIBUTES: usize = 32;
/// Most passes, components and secrets that are kept; none has a hundred.
const MAX_PARTS: usize = 4096;
/// The namespace of answer files.
const NAMESPACE: &str = "urn:schemas-microsoft-com:unattend";

/// Why a file is no answer file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum XmlError {
    /// The bytes are in no encoding that XML can be in here.
    #[error("it is neither UTF-8 nor UTF-16 text")]
    Encoding,
    /// A rule of XML is broken.
    #[error("line {line}: {rule}")]
    Malformed {
        /// The line, counted from 1.
        line: usize,
        /// Which rule.
        rule: String,
    },
    /// Another document.
    #[error("its root element is `{found}`, expected `unattend`")]
    Root {
        /// The element.
        found: String,
    },
    /// Another namespace: Setup then finds no settings.
    #[error("its namespace is `{found}`, expected `urn:schemas-microsoft-com:unattend`")]
    Namespace {
        /// The namespace; empty where there is none.
        found: String,
    },
    /// Nested too deep.
    #[error("line {line}: elements are nested deeper than {MAX_DEPTH}")]
    TooDeep {
        /// The line, counted from 1.
        line: usize,
    },
    /// It ends before its last element does.
    #[error("it ends in the middle of an element")]
    Truncated,
}

/// The settings of a component in a pass.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Component {
    /// Like `Microsoft-Windows-Shell-Setup`.
    pub name: String,
    /// `processorArchitecture`, like `amd64`.
    pub architecture: String,
    /// `publicKeyToken`.
    pub public_key_token: String,
    /// `language`.
    pub language: String,
    /// `versionScope`.
    pub version_scope: String,
    /// How many settings it has.
    pub settings: usize,
    /// The line that it begins in, counted from 1.
    pub line: usize,
}

/// The settings of a pass.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PassSettings {
    /// The pass as the file spells it.
    pub name: String,
    /// Whether it was run already.
    pub processed: bool,
    /// The components.
    pub components: Vec<Component>,
    /// The line that it begins in, counted from 1.
    pub line: usize,
}

impl PassSettings {
    /// Which pass it is; `None` where there is no such pass.
    pub fn pass(&self) -> Option<Pass> {
        Pass::from_name(&self.name)
    }

    /// Whether it has anything that Setup would use.
    pub fn is_valid(&self) -> bool {
        self.pass().is_some()
            && self
                .components
                .iter()
                .any(|component| component.settings > 0)
    }
}

/// What an answer file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unattend {
    /// The passes, in the order of the file.
    pub passes: Vec<PassSettings>,
    /// Passwords that can be read in it.
    pub secrets: Vec<Secret>,
    /// Passwords that Windows has blanked out.
    pub blanked: usize,
    /// Product keys.
    pub product_keys: Vec<Masked>,
    /// `Reseal\Mode` of the pass `oobeSystem`.
    pub reseal: Option<String>,
    /// Whether it names packages to add (`servicing`).
    pub servicing: bool,
}

impl Unattend {
    /// Reads a file.
    ///
    /// # Errors
    /// [`XmlError`] says why it is no answer file.
    pub fn parse(bytes: &[u8]) -> Result<Unattend, XmlError> {
        let text = match utf16(bytes) {
            Some(text) => text,
            None => {
                let bytes = bytes.strip_prefix(&[0xEF, 0xBB, 0xBF]).unwrap_or(bytes);
                let text = std::str::from_utf8(bytes).map_err(|_| XmlError::Encoding)?;
                text.to_owned()
            }
        };
        Parser::new(&text).run()
    }

    /// The settings of a pass.
    pub fn settings(&self, pass: Pass) -> Option<&PassSettings> {
        let mut passes = self.passes.iter();
        passes.find(|settings| settings.pass() == Some(pass) && settings.is_valid())
    }

    /// Whether all that it has was run already, so that it does nothing any
    /// more.
    pub fn is_spent(&self) -> bool {
        let mut valid = self.passes.iter().filter(|settings| settings.is_valid());
        valid.all(|settings| settings.processed) && self.passes.iter().any(|pass| pass.processed)
    }
}

/// An open element.
struct Open {
    name: String,
    text: String,
}

struct Parser<'t> {
    text: &'t str,
    reader: Reader<&'t [u8]>,
    open: Vec<Open>,
    found: Unattend,
    parts: usize,
    /// Up to where newlines were counted, and how many there were.
    counted: (usize, usize),
}

impl<'t> Parser<'t> {
    fn new(text: &'t str) -> Parser<'t> {
        Parser {
            text,
            reader: Reader::from_str(text),
            open: Vec::new(),
            found: Unattend::default(),
            parts: 0,
            counted: (0, 0),
        }
    }

    fn run(mut self) -> Result<Unattend, XmlError> {
        let mut seen_root = false;
        loop {
            let at = self.reader.buffer_position();
            let event = self.reader.read_event().map_err(|error| match error {
                quick_xml::Error::Syntax(_) => XmlError::Truncated,
                error => XmlError::Malformed {
                    line: self.line(at),
                    rule: error.to_string(),
                },
            })?;
            match event {
                Event::Start(tag) => {
                    self.start(&tag, at)?;
                    seen_root = true;
                }
                Event::Empty(tag) => {
                    self.start(&tag, at)?;
                    seen_root = true;
                    self.end();
                }
                Event::End(_) => self.end(),
                Event::Text(piece) => self.append(&piece),
                Event::CData(piece) => self.append(&piece),
                Event::GeneralRef(name) => {
                    let reference = format!("&{};", &*name);
                    self.append(&reference);
                }
                Event::Eof if self.open.is_empty() && seen_root => return Ok(self.found),
                Event::Eof if self.open.is_empty() => {
                    let found = String::new();
                    return Err(XmlError::Root { found });
                }
                Event::Eof => return Err(XmlError::Truncated),
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
            }
        }
    }

    /// The line of a place at or behind the last one that was asked for, counted
    /// from 1.
    fn line(&mut self, at: u64) -> usize {
        let (from, before) = self.counted;
        let at = usize::try_from(at).map_or(self.text.len(), |at| at.min(self.text.len()));
        let between = self.text.as_bytes().get(from..at).unwrap_or_default();
        let newlines = before + between.iter().filter(|byte| **byte == b'\n').count();
        self.counted = (at.max(from), newlines);
        newlines + 1
    }

    fn append(&mut self, piece: &str) {
        if let Some(open) = self
            .open
            .last_mut()
            .filter(|open| open.text.len() < MAX_TEXT)
        {
            open.text.push_str(piece);
        }
    }

    fn start(&mut self, tag: &BytesStart<'_>, at: u64) -> Result<(), XmlError> {
        if self.open.len() >= MAX_DEPTH {
            let line = self.line(at);
            return Err(XmlError::TooDeep { line });
        }
        let full = tag.name().into_inner().to_owned();
        let (prefix, name) = match full.split_once(':') {
            Some((prefix, name)) => (Some(prefix.to_owned()), name.to_owned()),
            None => (None, full),
        };
        let attributes = attributes(tag);
        let attribute = |wanted: &str| {
            let mut attributes = attributes.iter();
            let found = attributes.find(|(name, _)| name == wanted);
            found.map(|(_, value)| value.clone())
        };
        match self.open.len() {
            0 => {
                if name != "unattend" {
                    return Err(XmlError::Root { found: name });
                }
                let declared = match prefix {
                    Some(prefix) => attribute(&format!("xmlns:{prefix}")),
                    None => attribute("xmlns"),
                };
                let found = declared.unwrap_or_default();
                if found != NAMESPACE {
                    return Err(XmlError::Namespace { found });
                }
            }
            1 if name == "settings" && self.room() => {
                let processed = attribute("wasPassProcessed");
                let line = self.line(at);
                self.found.passes.push(PassSettings {
                    name: attribute("pass").unwrap_or_default(),
                    processed: processed
                        .is_some_and(|value| value.trim().eq_ignore_ascii_case("true")),
                    components: Vec::new(),
                    line,
                });
            }
            2 if name == "component" && self.is_in("settings") && self.room() => {
                let component = Component {
                    name: attribute("name").unwrap_or_default(),
                    architecture: attribute("processorArchitecture").unwrap_or_default(),
                    public_key_token: attribute("publicKeyToken").unwrap_or_default(),
                    language: attribute("language").unwrap_or_default(),
                    version_scope: attribute("versionScope").unwrap_or_default(),
                    settings: 0,
                    line: self.line(at),
                };
                if let Some(pass) = self.found.passes.last_mut() {
                    pass.components.push(component);
                }
            }
            2 if name == "package" && self.is_in("servicing") => self.found.servicing = true,
            3 if self.is_in("settings") => {
                let pass = self.found.passes.last_mut();
                if let Some(component) = pass.and_then(|pass| pass.components.last_mut()) {
                    component.settings += 1;
                }
            }
            _ => {}
        }
        self.open.push(Open {
            name,
            text: String::new(),
        });
        Ok(())
    }

    /// Whether another part may be kept.
    fn room(&mut self) -> bool {
        self.parts += 1;
        self.parts <= MAX_PARTS
    }

    fn is_in(&self, section: &str) -> bool {
        self.open.get(1).is_some_and(|open| open.name == section)
    }

    fn end(&mut self) {
        let Some(open) = self.open.pop() else {
            return;
        };
        let raw = open.text.trim();
        if raw.is_empty() || !self.is_in("settings") || self.open.len() < 3 {
            return;
        }
        let text = unescape(raw).map_or_else(|_| raw.to_owned(), |text| text.into_owned());
        let below = self.open.get(3..).unwrap_or_default();
        let mut names: Vec<&str> = below.iter().map(|open| open.name.as_str()).collect();
        names.push(&open.name);
        let Some(pass) = self.found.passes.last() else {
            return;
        };
        let component = pass
            .components
            .last()
            .map_or("", |component| &component.name);
        let place = || format!("{}\\{component}\\{}", pass.name, names.join("\\"));

        // `<AdministratorPassword>x</>`, or `<Password><Value>x</Value></>`.
        let of_password = match names.as_slice() {
            [.., above, "Value"] => is_password(above),
            [.., own] => is_password(own),
            [] => false,
        };
        if of_password && text == BLANKED {
            self.found.blanked += 1;
        } else if of_password && self.found.secrets.len() < MAX_PARTS {
            let place = place();
            self.found.secrets.push(Secret { place });
        } else if matches!(
            names.as_slice(),
            [.., "ProductKey"] | [.., "ProductKey", "Key"]
        ) && self.found.product_keys.len() < MAX_PARTS
        {
            self.found.product_keys.push(Masked::of(&text));
        } else if names == ["Reseal", "Mode"] && pass.name == Pass::OobeSystem.name() {
            self.found.reseal = Some(text);
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    const CACHED: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<unattend xmlns="urn:schemas-microsoft-com:unattend" xmlns:wcm="http://schemas.microsoft.com/WMIConfig/2002/State">
  <settings pass="specialize" wasPassProcessed="true">
    <component name="Microsoft-Windows-Shell-Setup" processorArchitecture="amd64" publicKeyToken="31bf3856ad364e35" language="neutral" versionScope="nonSxS">
      <ComputerName>*</ComputerName>
      <ProductKey>ABCDE-FGHIJ-KLMNO-PQRST-UVW42</ProductKey>
    </component>
  </settings>
  <settings pass="oobeSystem">
    <component name="Microsoft-Windows-Deployment" processorArchitecture="amd64">
      <Reseal><Mode>Audit</Mode></Reseal>
    </component>
    <component name="Microsoft-Windows-Shell-Setup" processorArchitecture="amd64">
      <AutoLogon><Password><Value>se&amp;cret</Value><PlainText>true</PlainText></Password></AutoLogon>
      <UserAccounts><AdministratorPassword>*SENSITIVE*DATA*DELETED*</AdministratorPassword></UserAccounts>
    </component>
  </settings>
  <settings pass="generalize"><component name="x"/></settings>
</unattend>"#;

    #[test]
    fn passes_components_and_secrets_are_read() {
        let found = Unattend::parse(CACHED.as_bytes()).unwrap();
        let names: Vec<_> = found
            .passes
            .iter()
            .map(|pass| {
                (
                    pass.name.as_str(),
                    pass.processed,
                    pass.is_valid(),
                    pass.line,
                )
            })
            .collect();
        assert_eq!(
            names,
            [
                ("specialize", true, true, 3),
                ("oobeSystem", false, true, 9),
                ("generalize", false, false, 18),
            ]
        );
        let shell = &found.passes[0].components[0];
        assert_eq!(shell.architecture, "amd64");
        assert_eq!(shell.settings, 2);
        assert_eq!(shell.line, 4);
        let places: Vec<_> = found.secrets.iter().map(|secret| &secret.place).collect();
        assert_eq!(
            places,
            ["oobeSystem\\Microsoft-Windows-Shell-Setup\\AutoLogon\\Password\\Value"]
        );
        assert_eq!(found.blanked, 1);
        assert_eq!(
            found.product_keys,
            [Masked::of("ABCDE-FGHIJ-KLMNO-PQRST-UVW42")]
        );
        assert!(
            !format!("{found:?}").contains("ABCDE"),
            "a key is nowhere whole"
        );
        assert_eq!(found.reseal.as_deref(), Some("Audit"));
        assert!(!found.is_spent());
        let spent = CACHED.replace(
            "pass=\"oobeSystem\"",
            "pass=\"oobeSystem\" wasPassProcessed=\"true\"",
        );
        assert!(Unattend::parse(spent.as_bytes()).unwrap().is_spent());
    }

    #[test]
    fn utf16_and_a_mark_in_front_are_read_as_well() {
        let plain = Unattend::parse(CACHED.as_bytes()).unwrap();
        let units = std::iter::once(0xFEFF).chain(CACHED.encode_utf16());
        let wide: Vec<u8> = units.flat_map(u16::to_le_bytes).collect();
        assert_eq!(Unattend::parse(&wide).unwrap(), plain);
        let marked = format!("\u{feff}{CACHED}");
        assert_eq!(Unattend::parse(marked.as_bytes()).unwrap(), plain);
    }

    #[test]
    fn what_is_no_answer_file_is_refused_with_its_place() {
        for (text, error) in [
            ("", "root element is ``"),
            ("plain", "root element is ``"),
            ("<plan/>", "root element is `plan`"),
            ("<unattend/>", "namespace is ``"),
            (
                "<unattend xmlns=\"urn:schemas-microsoft-com:unattend\"><settings>",
                "ends in the middle",
            ),
            (
                "<unattend xmlns=\"urn:schemas-microsoft-com:unattend\">\n</settings></unattend>",
                "line 2",
            ),
        ] {
            let found = Unattend::parse(text.as_bytes()).unwrap_err().to_string();
            assert!(found.contains(error), "{text}: {found}");
        }
        assert_eq!(Unattend::parse(&[0xC3, 0x28]), Err(XmlError::Encoding));
        let deep = format!(
            "<unattend xmlns=\"urn:schemas-microsoft-com:unattend\">{}",
            "<a>".repeat(100)
        );
        let error = Unattend::parse(deep.as_bytes()).unwrap_err();
        assert_eq!(error, XmlError::TooDeep { line: 1 });
    }
}
