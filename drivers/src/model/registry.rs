//! Changes to the registry, with the bytes that go to a hive.
//!
//! What `HKR` means depends on the section that names the list; see the fields
//! of [`InstallSection`](super::InstallSection) and
//! [`Service`](super::Service).

use serde::Serialize;

/// `REG_NONE` of winnt.h.
pub const REG_NONE: u32 = 0;
/// `REG_SZ`.
pub const REG_SZ: u32 = 1;
/// `REG_EXPAND_SZ`.
pub const REG_EXPAND_SZ: u32 = 2;
/// `REG_BINARY`.
pub const REG_BINARY: u32 = 3;
/// `REG_DWORD`.
pub const REG_DWORD: u32 = 4;
/// `REG_MULTI_SZ`.
pub const REG_MULTI_SZ: u32 = 7;
/// `REG_QWORD`.
pub const REG_QWORD: u32 = 11;

/// What a key is relative to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum Root {
    /// `HKEY_CLASSES_ROOT`.
    #[serde(rename = "HKCR")]
    ClassesRoot,
    /// `HKEY_CURRENT_USER`: of the user who installs.
    #[serde(rename = "HKCU")]
    CurrentUser,
    /// `HKEY_LOCAL_MACHINE`.
    #[serde(rename = "HKLM")]
    LocalMachine,
    /// `HKEY_USERS`.
    #[serde(rename = "HKU")]
    Users,
    /// The key that belongs to the section which names the list.
    #[serde(rename = "HKR")]
    Relative,
}

impl Root {
    pub(crate) fn from_text(text: &str) -> Option<Self> {
        let names = [
            ("HKCR", Root::ClassesRoot),
            ("HKCU", Root::CurrentUser),
            ("HKLM", Root::LocalMachine),
            ("HKU", Root::Users),
            ("HKR", Root::Relative),
        ];
        names
            .into_iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(text))
            .map(|(_, root)| root)
    }
}

/// Which of the two registries of a 64-bit Windows is meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum View {
    /// The one of the system's own architecture.
    #[default]
    Native,
    /// The 64-bit one.
    Bits64,
    /// The 32-bit one.
    Bits32,
}

/// A typed value.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct RegistryData {
    /// Registry type; INFs may use any 16-bit number.
    pub kind: u32,
    /// The data as a hive stores them: UTF-16LE with terminating NULs, numbers
    /// little-endian.
    pub bytes: Vec<u8>,
}

impl RegistryData {
    /// A string value of that type, with its NUL.
    pub fn string(kind: u32, text: &str) -> Self {
        RegistryData {
            kind,
            bytes: utf16(text),
        }
    }

    /// A `REG_MULTI_SZ`: each string with its NUL, and one more. Empty strings
    /// would end the list and are left out.
    pub fn strings<S: AsRef<str>>(texts: &[S]) -> Self {
        let mut bytes = Vec::new();
        for text in texts {
            if !text.as_ref().is_empty() {
                bytes.extend(utf16(text.as_ref()));
            }
        }
        bytes.extend([0, 0]);
        RegistryData {
            kind: REG_MULTI_SZ,
            bytes,
        }
    }

    /// A `REG_DWORD`.
    pub fn dword(value: u32) -> Self {
        RegistryData {
            kind: REG_DWORD,
            bytes: value.to_le_bytes().to_vec(),
        }
    }

    /// The number of a `REG_DWORD`.
    pub fn as_dword(&self) -> Option<u32> {
        match (self.kind, <[u8; 4]>::try_from(self.bytes.as_slice())) {
            (REG_DWORD, Ok(bytes)) => Some(u32::from_le_bytes(bytes)),
            _ => None,
        }
    }

    /// The text of a `REG_SZ` or `REG_EXPAND_SZ`, without its NUL.
    pub fn as_text(&self) -> Option<String> {
        matches!(self.kind, REG_SZ | REG_EXPAND_SZ).then(|| {
            let mut text = self.decoded();
            if text.ends_with('\0') {
                text.pop();
            }
            text
        })
    }

    /// The strings of a `REG_MULTI_SZ`.
    pub fn as_strings(&self) -> Option<Vec<String>> {
        (self.kind == REG_MULTI_SZ).then(|| {
            self.decoded()
                .split('\0')
                .filter(|text| !text.is_empty())
                .map(str::to_owned)
                .collect()
        })
    }

    fn decoded(&self) -> String {
        let units = self
            .bytes
            .chunks_exact(2)
            .filter_map(|unit| <[u8; 2]>::try_from(unit).ok())
            .map(u16::from_le_bytes);
        char::decode_utf16(units)
            .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
            .collect()
    }
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16()
        .chain([0])
        .flat_map(u16::to_le_bytes)
        .collect()
}

/// When a value is set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Condition {
    /// In any case.
    #[default]
    Always,
    /// Only if there is none of that name.
    IfAbsent,
    /// Only if there is one of that name.
    IfPresent,
}

/// What is done to a key or a value. The empty name is the default value.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Operation {
    /// The key is there.
    CreateKey,
    /// A value is set, the key created before.
    SetValue {
        /// Name of the value.
        name: String,
        /// Type and data.
        data: RegistryData,
        /// When it is set.
        condition: Condition,
    },
    /// Strings are appended to a `REG_MULTI_SZ` unless it has them.
    AppendStrings {
        /// Name of the value.
        name: String,
        /// The strings.
        strings: Vec<String>,
    },
    /// Strings are removed from a `REG_MULTI_SZ`, compared without case.
    RemoveStrings {
        /// Name of the value.
        name: String,
        /// The strings.
        strings: Vec<String>,
    },
    /// A value is removed.
    DeleteValue {
        /// Name of the value.
        name: String,
    },
    /// The key is removed with all below it.
    DeleteKey,
    /// Bits of one byte of a `REG_BINARY` are set or cleared.
    ChangeBits {
        /// Name of the value.
        name: String,
        /// Which byte, counted from 0.
        byte: u32,
        /// Which bits.
        mask: u8,
        /// Set rather than cleared.
        set: bool,
    },
}

/// One change to the registry.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct RegistryChange {
    /// What the key is relative to.
    pub root: Root,
    /// Path below the root, with backslashes; may be empty.
    pub subkey: String,
    /// Which registry of a 64-bit Windows.
    pub view: View,
    /// What is done.
    pub operation: Operation,
    /// Security of the key as SDDL, from the list's `.security` section.
    pub security: Option<String>,
    /// File name of the included INF it comes from; `None` for the INF itself.
    pub from: Option<String>,
    /// Line of that file, counted from 1.
    pub line: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_are_read_back() {
        let data = RegistryData::strings(&["a", "", "b"]);
        assert_eq!(data.as_strings().unwrap(), ["a", "b"]);
        assert_eq!(RegistryData::dword(7).as_dword(), Some(7));
        assert_eq!(
            RegistryData::string(REG_SZ, "ä").as_text().as_deref(),
            Some("ä")
        );
        assert_eq!(RegistryData::dword(7).as_text(), None);
    }
}
