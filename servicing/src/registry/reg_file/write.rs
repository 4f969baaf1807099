//! The writer: sections to the bytes of a `.reg` file, in regedit's form.
//!
//! Lines of hexadecimal data are broken where regedit breaks them (seen in its
//! exports: behind the comma that passes column 76, then two blanks).

use wimwright_hive::{Error as HiveError, Key, kind};

use super::encoding::CodePage;
use super::{RegSection, RegValue};
use crate::registry::{RegChange, RegData, RegDifference, read};
use crate::text::Text;

/// The form that is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegFileFormat {
    /// Version 5.00 as UTF-16LE with a byte order mark: regedit's own.
    Version5,
    /// Version 5.00 as UTF-8 with a byte order mark, for tools that compare
    /// text.
    Version5Utf8,
    /// `REGEDIT4`, in this code page.
    Regedit4(CodePage),
}

/// A key or value that the format cannot say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Omitted {
    /// The key.
    pub key: Text,
    /// The value's name; `None` where the key itself cannot be said.
    pub value: Option<Text>,
    /// Why.
    pub reason: &'static str,
}

/// A written `.reg` file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenRegFile {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// What is not in it.
    pub omitted: Vec<Omitted>,
}

const NAME: &str = "its name holds a character that ends a line";
const PAGE: &str = "it holds characters that the encoding lacks";

/// Writes sections, in their order.
pub fn write_reg_file<'s>(
    sections: impl IntoIterator<Item = &'s RegSection>,
    format: RegFileFormat,
) -> WrittenRegFile {
    let mut writer = Writer {
        format,
        bytes: Vec::new(),
        omitted: Vec::new(),
    };
    match format {
        RegFileFormat::Version5 => writer.bytes.extend(b"\xFF\xFE"),
        RegFileFormat::Version5Utf8 => writer.bytes.extend(b"\xEF\xBB\xBF"),
        RegFileFormat::Regedit4(_) => {}
    }
    writer.ascii(match format {
        RegFileFormat::Regedit4(_) => "REGEDIT4\r\n",
        _ => "Windows Registry Editor Version 5.00\r\n",
    });
    for section in sections {
        writer.section(section);
    }
    writer.ascii("\r\n");
    WrittenRegFile {
        bytes: writer.bytes,
        omitted: writer.omitted,
    }
}

struct Writer {
    format: RegFileFormat,
    bytes: Vec<u8>,
    omitted: Vec<Omitted>,
}

impl Writer {
    fn section(&mut self, section: &RegSection) {
        let mut omit = |value: Option<&RegValue>, reason| {
            self.omitted.push(Omitted {
                key: section.key.clone(),
                value: value.map(|value| value.name.clone()),
                reason,
            });
        };
        let units: Vec<u16> = section.key.units().collect();
        let key = match encoded(&units, self.format) {
            _ if ends_line(&units) => return omit(None, NAME),
            None => return omit(None, PAGE),
            Some(key) => key,
        };
        let mut lines = Vec::new();
        for value in &section.values {
            match value_line(value, self.format) {
                Ok(line) => lines.push(line),
                Err(reason) => omit(Some(value), reason),
            }
        }
        self.ascii(match section.delete {
            true => "\r\n[-",
            false => "\r\n[",
        });
        self.bytes.extend(key);
        self.ascii("]\r\n");
        for (name, data) in lines {
            self.bytes.extend(name);
            self.bytes.extend(data);
            self.ascii("\r\n");
        }
    }

    fn ascii(&mut self, text: &str) {
        self.bytes.extend(ascii(text, self.format));
    }
}

/// A value's name with its `=`, and its data.
fn value_line(value: &RegValue, format: RegFileFormat) -> Result<(Vec<u8>, Vec<u8>), &'static str> {
    let name: Vec<u16> = value.name.units().collect();
    if ends_line(&name) {
        return Err(NAME);
    }
    let name = match name.is_empty() {
        true => "@=".encode_utf16().collect(),
        false => {
            let mut quoted = quoted(&name);
            quoted.push(u16::from(b'='));
            quoted
        }
    };
    let columns = name.len();
    let name = encoded(&name, format).ok_or(PAGE)?;
    let data = match &value.data {
        None => ascii("-", format),
        Some(data) => match text_data(data, format) {
            Some(text) => text,
            None => ascii(&number_data(data, columns, format).ok_or(PAGE)?, format),
        },
    };
    Ok((name, data))
}

/// The data of a `REG_SZ` that is one line of text with its NUL.
fn text_data(data: &RegData, format: RegFileFormat) -> Option<Vec<u8>> {
    if data.kind != kind::SZ {
        return None;
    }
    let (units, []) = data.bytes.as_chunks() else {
        return None;
    };
    let units: Vec<u16> = units.iter().copied().map(u16::from_le_bytes).collect();
    let (0, text) = units.split_last()? else {
        return None;
    };
    // A line end in a value is read by regedit as it stands; not by all other
    // tools.
    if ends_line(text) {
        return None;
    }
    encoded(&quoted(text), format)
}

/// `dword:` or `hex..:` data. `None` where it is text that the code page lacks.
fn number_data(data: &RegData, columns: usize, format: RegFileFormat) -> Option<String> {
    if let Some(number) = data.as_dword() {
        return Some(format!("dword:{number:08x}"));
    }
    let is_text = matches!(data.kind, kind::SZ | kind::EXPAND_SZ | kind::MULTI_SZ);
    let narrow;
    let bytes = match format {
        RegFileFormat::Regedit4(page) if is_text => {
            let (units, []) = data.bytes.as_chunks() else {
                return None;
            };
            let units: Vec<u16> = units.iter().copied().map(u16::from_le_bytes).collect();
            narrow = page.encode(&units)?;
            &narrow
        }
        _ => &data.bytes,
    };
    let mut text = match data.kind {
        kind::BINARY => "hex:".to_owned(),
        other => format!("hex({other:x}):"),
    };
    let mut column = columns + text.len();
    for (at, byte) in bytes.iter().enumerate() {
        if at > 0 {
            text.push(',');
            column += 1;
            if column > 76 {
                text.push_str("\\\r\n  ");
                column = 2;
            }
        }
        text.push_str(&format!("{byte:02x}"));
        column += 2;
    }
    Some(text)
}

/// Whether text with these units would not stay in one line.
fn ends_line(units: &[u16]) -> bool {
    // NUL and Ctrl-Z end more than a line for some readers.
    units
        .iter()
        .any(|unit| matches!(unit, 0 | 0x0A | 0x0D | 0x1A))
}

/// In quotation marks.
fn quoted(units: &[u16]) -> Vec<u16> {
    let (quote, backslash) = (u16::from(b'"'), u16::from(b'\\'));
    let mut text = vec![quote];
    for unit in units {
        if *unit == quote || *unit == backslash {
            text.push(backslash);
        }
        text.push(*unit);
    }
    text.push(quote);
    text
}

fn encoded(units: &[u16], format: RegFileFormat) -> Option<Vec<u8>> {
    match format {
        RegFileFormat::Version5 => Some(units.iter().flat_map(|unit| unit.to_le_bytes()).collect()),
        RegFileFormat::Version5Utf8 => String::from_utf16(units).ok().map(String::into_bytes),
        RegFileFormat::Regedit4(page) => page.encode(units),
    }
}

fn ascii(text: &str, format: RegFileFormat) -> Vec<u8> {
    match format {
        RegFileFormat::Version5 => text.bytes().flat_map(|byte| [byte, 0]).collect(),
        _ => text.as_bytes().to_vec(),
    }
}

impl RegSection {
    /// A key of a hive with all below it, under the path `path`: keys in the
    /// registry's order, the default value first, then values by name.
    ///
    /// # Errors
    /// [`HiveError`] where a record is damaged.
    pub fn of_key(key: Key<'_>, path: &Text) -> Result<Vec<RegSection>, HiveError> {
        let mut keys = Vec::new();
        read::walk(key, &mut path.units().collect(), true, &mut keys)?;
        let sections = keys.into_iter().map(|content| RegSection {
            line: 0,
            key: content.key.as_text().clone(),
            delete: false,
            values: content
                .values
                .into_iter()
                .map(|(name, data)| RegValue {
                    line: 0,
                    name,
                    data: Some(data),
                })
                .collect(),
        });
        Ok(sections.collect())
    }

    /// What turns the first side of a comparison into the second. `path` is that
    /// of the keys that were compared. Security is not in it: the format has no
    /// word for it.
    pub fn of_differences(differences: &[RegDifference], path: &Text) -> Vec<RegSection> {
        let mut sections: Vec<RegSection> = Vec::new();
        let mut gone: Option<&RegDifference> = None;
        for difference in differences {
            // A key goes with all below it.
            if gone.is_some_and(|top| difference.key.starts_with(&top.key)) {
                continue;
            }
            let (delete, value) = match &difference.what {
                RegChange::KeyAdded => (false, None),
                RegChange::KeyRemoved => {
                    gone = Some(difference);
                    (true, None)
                }
                RegChange::ValueAdded { name, new } | RegChange::ValueChanged { name, new, .. } => {
                    (false, Some((name, Some(new))))
                }
                RegChange::ValueRemoved { name, .. } => (false, Some((name, None))),
                RegChange::SecurityChanged { .. } | RegChange::Detail(_) => continue,
            };
            let mut key: Vec<u16> = path.units().collect();
            if !difference.key.is_root() {
                key.push(u16::from(b'\\'));
                key.extend(difference.key.units());
            }
            let key = Text::from_units(&key);
            if delete || sections.last().is_none_or(|last| last.key != key) {
                sections.push(RegSection {
                    line: 0,
                    key,
                    delete,
                    values: Vec::new(),
                });
            }
            if let (Some((name, data)), Some(section)) = (value, sections.last_mut()) {
                section.values.push(RegValue {
                    line: 0,
                    name: name.clone(),
                    data: data.cloned(),
                });
            }
        }
        sections
    }
}
