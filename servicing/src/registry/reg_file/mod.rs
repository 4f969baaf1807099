//! `.reg` files: what regedit imports and exports.
//!
//! | part | read | written |
//! |---|---|---|
//! | `Windows Registry Editor Version 5.00` | yes | yes |
//! | `REGEDIT4` | yes | yes |
//! | `REGEDIT` (Windows 3.1) | refused | no |
//! | UTF-16LE and BE, UTF-8, with a byte order mark | yes | UTF-16LE, UTF-8 |
//! | ANSI | yes, in a code page | yes, for `REGEDIT4` |
//! | `"name"="text"`, `@=`, `dword:`, `hex:`, `hex(N):` | yes | yes |
//! | `"name"=-`, `[-KEY]` | yes | yes |
//! | comments, lines continued with `\`, text over several lines | yes | `\` only |
//!
//! Parsing is strict where regedit is silent: regedit skips a line that it does
//! not understand, which nobody notices; here such a line is an error, or, where
//! asked for, skipped and named.
//!
//! The rules are those that Wine's conformance tests of `reg import` and
//! `regedit` state (`programs/reg/tests/import.c`, `programs/regedit/tests/
//! regedit.c`, in wine-mirror/wine), which pass on Windows. Where they say
//! nothing, comments here say what the rule rests on.

mod encoding;
mod error;
mod hex_data;
mod lines;
mod parse;
#[cfg(test)]
mod tests;
mod text_data;
mod write;

pub use encoding::{CodePage, RegFileEncoding};
pub use error::{RegFileError, RegFileRule};
pub use parse::{MAX_REG_FILE, RegFileOptions};
pub use write::{Omitted, RegFileFormat, WrittenRegFile, write_reg_file};

use super::RegData;
use crate::text::Text;

/// The two versions of the format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegFileVersion {
    /// `REGEDIT4`: text data in hexadecimal is ANSI.
    Regedit4,
    /// `Windows Registry Editor Version 5.00`: text data in hexadecimal is
    /// UTF-16LE.
    Version5,
}

/// What a `.reg` file says, in its order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegFile {
    /// By its first line.
    pub version: RegFileVersion,
    /// How its bytes were read.
    pub encoding: RegFileEncoding,
    /// Its keys.
    pub sections: Vec<RegSection>,
    /// Lines that were skipped, because that was asked for.
    pub skipped: Vec<RegFileError>,
}

/// A key of a `.reg` file and what becomes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegSection {
    /// The line that it starts in, from 1; 0 where it comes from no file.
    pub line: u32,
    /// The key as written, `HKEY_LOCAL_MACHINE\SOFTWARE\..`, without backslashes
    /// at its end.
    pub key: Text,
    /// `[-KEY]`: the key goes with all below it.
    pub delete: bool,
    /// Its values, in order.
    pub values: Vec<RegValue>,
}

/// A value of a `.reg` file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegValue {
    /// The line that it starts in, from 1; 0 where it comes from no file.
    pub line: u32,
    /// Its name; empty for the default value.
    pub name: Text,
    /// What it becomes; `None` where it is deleted.
    pub data: Option<RegData>,
}
