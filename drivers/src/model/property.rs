//! `AddProperty`: device properties.
//!
//! Facts of the page "INF AddProperty Directive"; the keys behind the names
//! are those of devpkey.h (`DEVPKEY_DrvPkg_*`), the types those of
//! devpropdef.h.

use serde::Serialize;
use wimwright_inf::{Line, number};

use super::expansion::PathForm;
use super::finding::Rule;
use super::guid::Guid;
use super::reader::{Part, Reader};
use super::registry::RegistryData;

/// Types of device properties that INFs can set.
pub mod property_type {
    /// 32-bit number.
    pub const UINT32: u32 = 0x07;
    /// One byte, 0 or 0xFF.
    pub const BOOLEAN: u32 = 0x11;
    /// UTF-16 text with its NUL.
    pub const STRING: u32 = 0x12;
    /// UTF-16 texts, each with its NUL, and one more.
    pub const STRING_LIST: u32 = 0x2012;
    /// Bytes.
    pub const BINARY: u32 = 0x1003;
}

/// Category of the properties that have names in INFs.
const DRIVER_PACKAGE: Guid = Guid([
    0x51, 0xBB, 0x73, 0xCF, 0xBF, 0x3A, 0xA2, 0x44, 0x85, 0xE0, 0x9A, 0x3D, 0xC7, 0xA1, 0x21, 0x32,
]);

/// How a property is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PropertyOperation {
    /// Set in any case.
    Set,
    /// Set only if it does not exist.
    SetIfAbsent,
    /// Set only if it exists.
    SetIfPresent,
    /// A string is appended to the list unless it is there.
    Append,
    /// The bits are set.
    Or,
    /// The other bits are cleared.
    And,
}

/// One change to a property.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct PropertyChange {
    /// Category of the property.
    pub category: Guid,
    /// Number of the property in its category.
    pub id: u32,
    /// Type, see [`property_type`].
    pub kind: u32,
    /// The value's bytes.
    pub data: Vec<u8>,
    /// What is done with them.
    pub operation: PropertyOperation,
    /// File name of the included INF it comes from.
    pub from: Option<String>,
    /// Line of that file, counted from 1.
    pub line: u32,
}

impl<'a> Reader<'a, '_> {
    /// Reads an `AddProperty` directive.
    pub(crate) fn properties(
        &mut self,
        part: &Part<'a>,
        line: Line<'_>,
        into: &mut Vec<PropertyChange>,
    ) {
        for name in self.fields(part, line) {
            let Some(list) = self.named(part, line, &name) else {
                continue;
            };
            for line in list.lines() {
                if !self.one_more() {
                    return;
                }
                match self.property(&list, line) {
                    Ok(change) => into.push(change),
                    Err(message) => self.report(&list, line, Rule::BadEntry, message),
                }
            }
        }
    }

    fn property(&mut self, list: &Part<'a>, line: Line<'_>) -> Result<PropertyChange, String> {
        let mut field = |index| {
            self.path_field(list, line, index, PathForm::Absolute)
                .unwrap_or_default()
        };
        let (name, id_text, kind_text) = (field(1), field(2), field(3));
        let flags_text = field(4);
        let values: Vec<String> = (5..=line.field_count()).map(field).collect();
        let positive = |text: &str| number(text).and_then(|n| u32::try_from(n).ok());
        let (category, id, kind) = match named_property(&name) {
            Some((id, kind)) => (DRIVER_PACKAGE, id, kind),
            None => {
                let category = name
                    .parse::<Guid>()
                    .map_err(|_| format!("`{name}` is no property name and no GUID"))?;
                let id = positive(&id_text)
                    .filter(|&id| id >= 1)
                    .ok_or_else(|| format!("`{id_text}` is no property number"))?;
                let kind = positive(&kind_text)
                    .ok_or_else(|| format!("`{kind_text}` is no property type"))?;
                (category, id, kind)
            }
        };
        let flags = positive(&flags_text).ok_or_else(|| format!("flags `{flags_text}`"))?;
        let operation = match flags {
            _ if flags & 0x4 != 0 => PropertyOperation::Append,
            _ if flags & 0x8 != 0 => PropertyOperation::Or,
            _ if flags & 0x10 != 0 => PropertyOperation::And,
            _ if flags & 0x1 != 0 => PropertyOperation::SetIfAbsent,
            _ if flags & 0x2 != 0 => PropertyOperation::SetIfPresent,
            _ => PropertyOperation::Set,
        };
        Ok(PropertyChange {
            category,
            id,
            kind,
            data: data(kind, &values)?,
            operation,
            from: list.source.from().map(str::to_owned),
            line: line.number(),
        })
    }
}

/// Number and type of a property that has a name in INFs.
fn named_property(name: &str) -> Option<(u32, u32)> {
    use property_type::{STRING, STRING_LIST};
    let names = [
        ("DeviceModel", 2, STRING),
        ("DeviceVendorWebsite", 3, STRING),
        ("DeviceDetailedDescription", 4, STRING),
        ("DeviceDocumentationLink", 5, STRING),
        ("DeviceIcon", 6, STRING_LIST),
        ("DeviceBrandingIcon", 7, STRING_LIST),
    ];
    names
        .into_iter()
        .find(|(known, ..)| known.eq_ignore_ascii_case(name))
        .map(|(_, id, kind)| (id, kind))
}

fn data(kind: u32, values: &[String]) -> Result<Vec<u8>, String> {
    let first = values.first().map_or("", String::as_str);
    match kind {
        property_type::STRING => Ok(RegistryData::string(kind, first).bytes),
        property_type::STRING_LIST => Ok(RegistryData::strings(values).bytes),
        property_type::UINT32 => number(first)
            .and_then(|value| u32::try_from(value).ok())
            .map(|value| value.to_le_bytes().to_vec())
            .ok_or_else(|| format!("`{first}` is no 32-bit number")),
        property_type::BOOLEAN => match first.to_ascii_lowercase().as_str() {
            "true" => Ok(vec![0xFF]),
            "false" => Ok(vec![0]),
            text => match number(text) {
                Some(0) => Ok(vec![0]),
                Some(_) => Ok(vec![0xFF]),
                None => Err(format!("`{first}` is neither true nor false")),
            },
        },
        property_type::BINARY => values
            .iter()
            .map(|text| {
                u8::from_str_radix(text, 16)
                    .map_err(|_| format!("`{text}` is no byte of two hexadecimal digits"))
            })
            .collect(),
        _ => Err(format!("{kind:#x} is no property type that INFs can set")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::dirid::DirectoryTexts;
    use crate::model::finding::Findings;
    use crate::model::target::{Architecture, Target};
    use wimwright_inf::{Inf, ParseOptions};

    fn read(entry: &str) -> (Option<PropertyChange>, Vec<Rule>) {
        let text = format!("[I]\nAddProperty=P\n[P]\n{entry}\n");
        let inf = Inf::parse(text.as_bytes(), &ParseOptions::default());
        let target = Target::workstation(10, 0, 19041, Architecture::Amd64);
        let texts = DirectoryTexts::default();
        let resolve = |_: &str| None;
        let mut findings = Findings::default();
        let mut reader = Reader::new(&inf, &target, &texts, &resolve, &mut findings);
        let part = reader.parts("I").list.remove(0);
        let line = part.lines()[0];
        let mut found = Vec::new();
        reader.properties(&part, line, &mut found);
        let rules = findings.as_slice().iter().map(|f| f.rule).collect();
        (found.pop(), rules)
    }

    #[test]
    fn properties_have_a_key_a_type_and_bytes() {
        let custom: Guid = "{c22189e4-8bf3-4e6d-8467-8dc6d95e2a7e}".parse().unwrap();
        for (entry, category, id, kind, data, operation) in [
            (
                "DeviceModel,,,,\"M\"",
                DRIVER_PACKAGE,
                2,
                0x12,
                &b"M\0\0\0"[..],
                PropertyOperation::Set,
            ),
            (
                "DeviceIcon,,,4,\"a\",\"b\"",
                DRIVER_PACKAGE,
                6,
                0x2012,
                b"a\0\0\0b\0\0\0\0\0",
                PropertyOperation::Append,
            ),
            (
                "{c22189e4-8bf3-4e6d-8467-8dc6d95e2a7e}, 2, 18,, \"x\"",
                custom,
                2,
                18,
                b"x\0\0\0",
                PropertyOperation::Set,
            ),
            (
                "{c22189e4-8bf3-4e6d-8467-8dc6d95e2a7e}, 3, 7, 8, 0x10",
                custom,
                3,
                7,
                &[16, 0, 0, 0],
                PropertyOperation::Or,
            ),
            (
                "{c22189e4-8bf3-4e6d-8467-8dc6d95e2a7e}, 3, 0x11, 1, true",
                custom,
                3,
                0x11,
                &[0xFF],
                PropertyOperation::SetIfAbsent,
            ),
            (
                "{c22189e4-8bf3-4e6d-8467-8dc6d95e2a7e}, 3, 0x1003,, 0A, ff",
                custom,
                3,
                0x1003,
                &[10, 255],
                PropertyOperation::Set,
            ),
        ] {
            let (change, rules) = read(entry);
            let change = change.unwrap_or_else(|| panic!("`{entry}`: {rules:?}"));
            assert_eq!(
                (
                    change.category,
                    change.id,
                    change.kind,
                    change.data.as_slice(),
                    change.operation
                ),
                (category, id, kind, data, operation),
                "`{entry}`"
            );
        }
    }

    #[test]
    fn what_is_no_property_is_a_finding() {
        for entry in [
            "DeviceColour,,,,x",
            "{c22189e4-8bf3-4e6d-8467-8dc6d95e2a7e}, 0, 18,, x",
            "{c22189e4-8bf3-4e6d-8467-8dc6d95e2a7e}, 2, 13,, x",
            "{c22189e4-8bf3-4e6d-8467-8dc6d95e2a7e}, 2, 7,, x",
            "{c22189e4-8bf3-4e6d-8467-8dc6d95e2a7e}, 2, 0x1003,, 100",
        ] {
            assert_eq!(read(entry), (None, vec![Rule::BadEntry]), "`{entry}`");
        }
    }
}
