//! `AddReg`, `DelReg` and `BitReg` lists, entry by entry.
//!
//! Facts of the pages "INF AddReg Directive", "INF DelReg Directive" and "INF
//! BitReg Directive".

use wimwright_inf::{Inf, Line, Section, number};

use super::dirid::DirectoryTexts;
use super::expansion::{At, PathForm, expand_paths};
use super::finding::{Findings, Rule};
use super::registry::{
    Condition, Operation, REG_BINARY, REG_DWORD, REG_EXPAND_SZ, REG_MULTI_SZ, REG_NONE, REG_QWORD,
    REG_SZ, RegistryChange, RegistryData, Root, View,
};
use super::target::Target;

/// Bits of the flags of `AddReg` and `DelReg` entries (setupapi.h).
mod flag {
    pub(super) const BINARY_VALUE: u32 = 0x1;
    pub(super) const NO_CLOBBER: u32 = 0x2;
    pub(super) const DELETE: u32 = 0x4;
    pub(super) const APPEND: u32 = 0x8;
    pub(super) const KEY_ONLY: u32 = 0x10;
    pub(super) const OVERWRITE_ONLY: u32 = 0x20;
    pub(super) const VIEW_64: u32 = 0x1000;
    pub(super) const KEY_ONLY_COMMON: u32 = 0x2000;
    pub(super) const VIEW_32: u32 = 0x4000;
    pub(super) const DELETE_STRING: u32 = 0x1_8002;
}

/// What reading a list needs beside the list.
pub(crate) struct ListContext<'a> {
    pub(crate) inf: &'a Inf,
    pub(crate) target: &'a Target,
    pub(crate) texts: &'a DirectoryTexts,
    /// File name of the included INF.
    pub(crate) from: Option<&'a str>,
    /// Name of the list for findings.
    pub(crate) section: &'a str,
}

/// Which kind of list is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ListKind {
    Add,
    Delete,
    Bits,
}

/// Reads a list in the order of the INF.
pub(crate) fn changes(
    context: &ListContext<'_>,
    list: Section<'_>,
    kind: ListKind,
    findings: &mut Findings,
) -> Vec<RegistryChange> {
    let security = context
        .inf
        .section(&format!("{}.security", list.name()))
        .and_then(|section| section.lines().next())
        .and_then(|line| Some(line.field(1)?.into_owned()));
    let mut found = Vec::new();
    for line in list.lines() {
        let mut entry = Entry {
            context,
            line,
            findings,
        };
        if let Some((root, subkey, view, operation)) = entry.read(kind) {
            found.push(RegistryChange {
                root,
                subkey,
                view,
                operation,
                security: security.clone(),
                from: context.from.map(str::to_owned),
                line: line.number(),
            });
        }
    }
    found
}

struct Entry<'a, 'f> {
    context: &'a ListContext<'a>,
    line: Line<'a>,
    findings: &'f mut Findings,
}

impl Entry<'_, '_> {
    fn report<T>(&mut self, rule: Rule, message: String) -> Option<T> {
        let at = At {
            section: self.context.section,
            line: self.line.number(),
        };
        at.add(self.findings, rule, message);
        None
    }

    fn field(&mut self, index: usize, form: PathForm) -> Option<String> {
        let raw = self.line.raw_field(index)?;
        let at = At {
            section: self.context.section,
            line: self.line.number(),
        };
        Some(expand_paths(
            self.context.inf,
            raw,
            at,
            form,
            self.context.target,
            self.context.texts,
            self.findings,
        ))
    }

    fn read(&mut self, kind: ListKind) -> Option<(Root, String, View, Operation)> {
        let root_text = self.field(1, PathForm::Absolute).unwrap_or_default();
        let Some(root) = Root::from_text(&root_text) else {
            let message = format!("`{root_text}` is no root key");
            return self.report(Rule::BadRegistryRoot, message);
        };
        let subkey = self.field(2, PathForm::Absolute).unwrap_or_default();
        let subkey = subkey.trim_matches('\\').to_owned();
        let name = self.field(3, PathForm::Absolute).unwrap_or_default();
        let flags_text = self.field(4, PathForm::Absolute).unwrap_or_default();
        let Some(flags) = flags(&flags_text) else {
            let message = format!("flags `{flags_text}` are no number");
            return self.report(Rule::BadRegistryFlags, message);
        };
        let view = if flags & flag::VIEW_32 != 0 {
            View::Bits32
        } else if flags & flag::VIEW_64 != 0 && kind != ListKind::Delete {
            View::Bits64
        } else {
            View::Native
        };
        let operation = match kind {
            ListKind::Add => self.add(name, flags)?,
            ListKind::Delete => self.delete(name, flags)?,
            ListKind::Bits => self.bits(name, flags)?,
        };
        // A list that removes its own root key would remove a service, a
        // device or, under HKLM, a hive.
        if operation == Operation::DeleteKey && subkey.is_empty() {
            let message = "an entry that removes the root key itself is skipped".to_owned();
            return self.report(Rule::BadEntry, message);
        }
        Some((root, subkey, view, operation))
    }

    fn add(&mut self, name: String, flags: u32) -> Option<Operation> {
        if flags & flag::DELETE_STRING == flag::DELETE_STRING {
            let strings = self.strings();
            return Some(Operation::RemoveStrings { name, strings });
        }
        if flags & flag::DELETE != 0 {
            return Some(match name.is_empty() {
                true => Operation::DeleteKey,
                false => Operation::DeleteValue { name },
            });
        }
        if flags & (flag::KEY_ONLY | flag::KEY_ONLY_COMMON) != 0 {
            return Some(Operation::CreateKey);
        }
        // `HKR,key`: no name, no flags and no data only make the key, with or
        // without trailing commas. (No page says so; Wine sets an empty
        // default value.)
        let unsaid = |index| self.line.raw_field(index) == Some("") && !self.line.is_quoted(index);
        if (3..=self.line.field_count()).all(unsaid) {
            return Some(Operation::CreateKey);
        }
        let kind = value_kind(flags);
        if kind == REG_MULTI_SZ && flags & flag::APPEND != 0 {
            let strings = self.strings();
            return Some(Operation::AppendStrings { name, strings });
        }
        let data = self.data(kind, flags)?;
        let condition = if flags & flag::NO_CLOBBER != 0 {
            Condition::IfAbsent
        } else if flags & flag::OVERWRITE_ONLY != 0 {
            Condition::IfPresent
        } else {
            Condition::Always
        };
        Some(Operation::SetValue {
            name,
            data,
            condition,
        })
    }

    fn delete(&mut self, name: String, flags: u32) -> Option<Operation> {
        if flags & flag::DELETE_STRING == flag::DELETE_STRING {
            let strings = self.strings();
            return Some(Operation::RemoveStrings { name, strings });
        }
        if flags & flag::KEY_ONLY_COMMON != 0 || name.is_empty() {
            return Some(Operation::DeleteKey);
        }
        Some(Operation::DeleteValue { name })
    }

    fn bits(&mut self, name: String, flags: u32) -> Option<Operation> {
        let mask_text = self.field(5, PathForm::Absolute).unwrap_or_default();
        let byte_text = self.field(6, PathForm::Absolute).unwrap_or_default();
        let mask = byte(&mask_text);
        let at = number(&byte_text).and_then(|at| u32::try_from(at).ok());
        let (Some(mask), Some(byte)) = (mask, at) else {
            let message = format!("`{mask_text}` and `{byte_text}` are no mask and byte number");
            return self.report(Rule::BadRegistryData, message);
        };
        Some(Operation::ChangeBits {
            name,
            byte,
            mask,
            set: flags & 1 != 0,
        })
    }

    /// The data fields as strings, without empty ones.
    fn strings(&mut self) -> Vec<String> {
        (5..=self.line.field_count())
            .filter_map(|index| self.field(index, PathForm::Absolute))
            .filter(|text| !text.is_empty())
            .collect()
    }

    fn data(&mut self, kind: u32, flags: u32) -> Option<RegistryData> {
        let count = self.line.field_count().saturating_sub(4);
        if flags & flag::BINARY_VALUE == 0 {
            if kind == REG_MULTI_SZ {
                let strings = self.strings();
                return Some(RegistryData::strings(&strings));
            }
            let form = match kind {
                REG_EXPAND_SZ => PathForm::Variables,
                _ => PathForm::Absolute,
            };
            let text = self.field(5, form).unwrap_or_default();
            return Some(RegistryData::string(kind, &text));
        }
        // A single field is a number for these two; otherwise bytes follow.
        if matches!(kind, REG_DWORD | REG_QWORD) && count <= 1 {
            let text = self.field(5, PathForm::Absolute).unwrap_or_default();
            let bytes = match (kind, number(&text)) {
                (REG_DWORD, Some(value)) => u32::try_from(value)
                    .or_else(|_| i32::try_from(value).map(i32::cast_unsigned))
                    .map(|value| value.to_le_bytes().to_vec())
                    .ok(),
                (_, Some(value)) => Some(value.to_le_bytes().to_vec()),
                (_, None) => unsigned_64(&text).map(|value| value.to_le_bytes().to_vec()),
            };
            let Some(bytes) = bytes else {
                let message = format!("`{text}` is no number of its type");
                return self.report(Rule::BadRegistryData, message);
            };
            return Some(RegistryData { kind, bytes });
        }
        let mut bytes = Vec::with_capacity(count);
        for index in 5..=self.line.field_count() {
            let text = self.field(index, PathForm::Absolute).unwrap_or_default();
            let Some(value) = byte(&text) else {
                let message = format!("`{text}` is no byte of two hexadecimal digits");
                return self.report(Rule::BadRegistryData, message);
            };
            bytes.push(value);
        }
        let wanted = match kind {
            REG_DWORD => Some(4),
            REG_QWORD => Some(8),
            _ => None,
        };
        if let Some(wanted) = wanted
            && bytes.len() != wanted
        {
            let message = format!("{} bytes are given where {wanted} belong", bytes.len());
            return self.report(Rule::BadRegistryData, message);
        }
        // `HKR,,x,1,` is an empty value, not a byte 0.
        if bytes == [0] && self.line.raw_field(5) == Some("") {
            bytes.clear();
        }
        Some(RegistryData { kind, bytes })
    }
}

/// The registry type that flags ask for: the upper half is it, but for the
/// four combinations that have names of their own.
fn value_kind(flags: u32) -> u32 {
    match flags & 0xFFFF_0001 {
        0x0000_0000 => REG_SZ,
        0x0001_0000 => REG_MULTI_SZ,
        0x0002_0000 => REG_EXPAND_SZ,
        0x0000_0001 => REG_BINARY,
        0x0001_0001 => REG_DWORD,
        0x0002_0001 => REG_NONE,
        other => other >> 16,
    }
}

fn flags(text: &str) -> Option<u32> {
    let value = number(text)?;
    u32::try_from(value)
        .or_else(|_| i32::try_from(value).map(i32::cast_unsigned))
        .ok()
}

/// A `REG_QWORD` above the largest signed number.
fn unsigned_64(text: &str) -> Option<u64> {
    let text = text.trim();
    match text.get(..2) {
        Some("0x" | "0X") => u64::from_str_radix(text.get(2..)?, 16).ok(),
        _ => text.parse().ok(),
    }
}

/// A byte of binary data: hexadecimal, two digits at most; `0x` is no part of
/// the form, but real files have it.
fn byte(text: &str) -> Option<u8> {
    let text = text.trim();
    let digits = text
        .strip_prefix("0x")
        .or_else(|| text.strip_prefix("0X"))
        .unwrap_or(text);
    if digits.is_empty() {
        return Some(0);
    }
    if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    u8::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::target::Architecture;
    use wimwright_inf::ParseOptions;

    fn read(entry: &str, kind: ListKind) -> (Option<RegistryChange>, Vec<Rule>) {
        let text = format!(
            "[L]\n{entry}\n[Strings]\nREG_EXPAND_SZ=0x00020000\nREG_DWORD=0x00010001\nn=Name\n"
        );
        let inf = Inf::parse(text.as_bytes(), &ParseOptions::default());
        let target = Target::workstation(10, 0, 19041, Architecture::Amd64);
        let texts = DirectoryTexts::default();
        let context = ListContext {
            inf: &inf,
            target: &target,
            texts: &texts,
            from: None,
            section: "L",
        };
        let mut findings = Findings::default();
        let list = inf.section("L").unwrap();
        let mut changes = changes(&context, list, kind, &mut findings);
        let rules = findings.as_slice().iter().map(|f| f.rule).collect();
        (changes.pop(), rules)
    }

    fn set(name: &str, kind: u32, bytes: &[u8]) -> Operation {
        Operation::SetValue {
            name: name.to_owned(),
            data: RegistryData {
                kind,
                bytes: bytes.to_vec(),
            },
            condition: Condition::Always,
        }
    }

    #[test]
    fn values_get_the_bytes_that_go_to_a_hive() {
        let sz = |text: &str| RegistryData::string(REG_SZ, text).bytes;
        for (entry, expected) in [
            (
                "HKR,,BusType,%REG_DWORD%,0x0000000A",
                set("BusType", 4, &[10, 0, 0, 0]),
            ),
            ("HKR,,x,0x10001,256", set("x", 4, &[0, 1, 0, 0])),
            ("HKR,,x,65537,-1", set("x", 4, &[255; 4])),
            ("HKR,,x,0x10001,0xFFFFFFFF", set("x", 4, &[255; 4])),
            ("HKR,,x,0x10001,01,02,03,04", set("x", 4, &[1, 2, 3, 4])),
            ("HKR,,x,0x10001", set("x", 4, &[0; 4])),
            (
                "HKR,,x,0xB0001,0x1122334455667788",
                set("x", 11, &[0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11]),
            ),
            ("HKR,,x,0xB0001,0xFFFFFFFFFFFFFFFF", set("x", 11, &[255; 8])),
            ("HKR,,%n%,,\"a,b\"", set("Name", 1, &sz("a,b"))),
            ("HKR,,,,x", set("", 1, &sz("x"))),
            ("HKR,Ndi,Service,0,wintun", set("Service", 1, &sz("wintun"))),
            ("HKR,,x", set("x", 1, &sz(""))),
            (
                "HKR,,x,%REG_EXPAND_SZ%,\"%%SystemRoot%%\\a;%12%\\b\"",
                set(
                    "x",
                    2,
                    &sz(r"%SystemRoot%\a;%SystemRoot%\System32\drivers\b"),
                ),
            ),
            (
                "HKR,,x,0x10000,\"a\",b,,c",
                set(
                    "x",
                    7,
                    &[&sz("a")[..], &sz("b"), &sz("c"), &[0, 0]].concat(),
                ),
            ),
            ("HKR,,x,0x10000", set("x", 7, &[0, 0])),
            ("HKR,,x,1,0a,0B,ff", set("x", 3, &[10, 11, 255])),
            ("HKR,,x,0x00000001,", set("x", 3, &[])),
            ("HKR,,x,0x20001,1", set("x", 0, &[1])),
            (
                "HKR,,MYValue,0x00380001,1,0,F",
                set("MYValue", 0x38, &[1, 0, 15]),
            ),
        ] {
            let (change, rules) = read(entry, ListKind::Add);
            assert_eq!(
                change.map(|change| change.operation),
                Some(expected),
                "`{entry}`"
            );
            assert_eq!(rules, [], "`{entry}`");
        }
    }

    #[test]
    fn flags_choose_the_operation() {
        let name = || "x".to_owned();
        let a = || vec!["a".to_owned()];
        for (entry, kind, expected) in [
            (
                "HKR,\"Interrupt Management\",,0x10",
                ListKind::Add,
                Operation::CreateKey,
            ),
            ("HKR,key", ListKind::Add, Operation::CreateKey),
            ("HKR,key,,,", ListKind::Add, Operation::CreateKey),
            ("HKR,key,,,\"\"", ListKind::Add, set("", 1, &[0, 0])),
            ("HKR,key,,0", ListKind::Add, set("", 1, &[0, 0])),
            ("HKR,key,,0x2000", ListKind::Add, Operation::CreateKey),
            (
                // A missing comma really makes a value of that name.
                "HKR,\"Interrupt Management\",0x00000010",
                ListKind::Add,
                set("0x00000010", 1, &[0, 0]),
            ),
            (
                "HKR,,x,0x10008,a",
                ListKind::Add,
                Operation::AppendStrings {
                    name: name(),
                    strings: a(),
                },
            ),
            (
                "HKR,,x,0x18002,a",
                ListKind::Delete,
                Operation::RemoveStrings {
                    name: name(),
                    strings: a(),
                },
            ),
            (
                "HKR,k,x,4",
                ListKind::Add,
                Operation::DeleteValue { name: name() },
            ),
            ("HKR,k,,4", ListKind::Add, Operation::DeleteKey),
            (
                "HKR,,x",
                ListKind::Delete,
                Operation::DeleteValue { name: name() },
            ),
            ("HKR,k", ListKind::Delete, Operation::DeleteKey),
            ("HKR,k,x,0x2000", ListKind::Delete, Operation::DeleteKey),
            (
                "HKLM,k,x,1,0x06,1",
                ListKind::Bits,
                Operation::ChangeBits {
                    name: name(),
                    byte: 1,
                    mask: 6,
                    set: true,
                },
            ),
            (
                "HKLM,k,x,,80,2",
                ListKind::Bits,
                Operation::ChangeBits {
                    name: name(),
                    byte: 2,
                    mask: 0x80,
                    set: false,
                },
            ),
        ] {
            let (change, rules) = read(entry, kind);
            assert_eq!(
                change.map(|change| change.operation),
                Some(expected),
                "`{entry}`"
            );
            assert_eq!(rules, [], "`{entry}`");
        }
        for (entry, condition) in [
            ("HKR,,x,0x2,a", Condition::IfAbsent),
            ("HKR,,x,0x10003,1", Condition::IfAbsent),
            ("HKR,,x,0x20,a", Condition::IfPresent),
        ] {
            let (change, _) = read(entry, ListKind::Add);
            let Some(Operation::SetValue { condition: got, .. }) =
                change.map(|change| change.operation)
            else {
                panic!("`{entry}` sets a value");
            };
            assert_eq!(got, condition, "`{entry}`");
        }
    }

    #[test]
    fn roots_and_views_are_told_apart() {
        for (entry, root, subkey, view) in [
            ("hkr,\\a\\b\\,x", Root::Relative, r"a\b", View::Native),
            ("HKLM,a,x,0x4000,y", Root::LocalMachine, "a", View::Bits32),
            ("HKCR,a,x,0x1000,y", Root::ClassesRoot, "a", View::Bits64),
        ] {
            let (change, _) = read(entry, ListKind::Add);
            let change = change.unwrap();
            assert_eq!(
                (change.root, change.subkey.as_str(), change.view),
                (root, subkey, view),
                "`{entry}`"
            );
        }
    }

    #[test]
    fn what_cannot_be_read_is_a_finding_and_no_change() {
        for (entry, kind, rule) in [
            ("HKXX,,x", ListKind::Add, Rule::BadRegistryRoot),
            ("HKR,,x,flag,y", ListKind::Add, Rule::BadRegistryFlags),
            ("HKR,,x,0x10001,seven", ListKind::Add, Rule::BadRegistryData),
            ("HKR,,x,0x10001,1,2,3", ListKind::Add, Rule::BadRegistryData),
            (
                "HKR,,x,0x10001,0x1FFFFFFFF",
                ListKind::Add,
                Rule::BadRegistryData,
            ),
            ("HKR,,x,1,100", ListKind::Add, Rule::BadRegistryData),
            ("HKR,,x,1,zz", ListKind::Add, Rule::BadRegistryData),
            ("HKR,,x,1,0x100,0", ListKind::Bits, Rule::BadRegistryData),
            ("HKLM,\"\\\"", ListKind::Delete, Rule::BadEntry),
        ] {
            let (change, rules) = read(entry, kind);
            assert_eq!(change, None, "`{entry}`");
            assert_eq!(rules, [rule], "`{entry}`");
        }
    }
}
