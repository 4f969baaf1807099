//! What is wrong with a line of a `.reg` file.

/// A line that says nothing that can be done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {rule}")]
pub struct RegFileError {
    /// Which line, from 1.
    pub line: u32,
    /// Which rule it breaks.
    pub rule: RegFileRule,
}

/// The rules of the format.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegFileRule {
    /// Larger than is read.
    #[error("the file is {len} bytes long, more than the {max} that are read")]
    TooLong {
        /// Its length.
        len: u64,
        /// The most that is read.
        max: u64,
    },
    /// Not the first line of a `.reg` file.
    #[error(
        "expected `Windows Registry Editor Version 5.00` or `REGEDIT4` in the first line, found \
         `{found}`"
    )]
    Header {
        /// What it is.
        found: String,
    },
    /// A file of Windows 3.1.
    #[error("`REGEDIT` alone begins a file of Windows 3.1, which is not read")]
    Windows31,
    /// Bytes that are no text.
    #[error("the file holds bytes that mean nothing in {encoding}")]
    Undecodable {
        /// The encoding.
        encoding: String,
    },
    /// Neither key, value nor comment.
    #[error("expected `[`, `@`, `\"` or a comment (`;`), found `{found}`")]
    NotALine {
        /// What the line begins with.
        found: String,
    },
    /// `[` without `]`.
    #[error("the key is not closed with `]`")]
    KeyNotClosed,
    /// A blank in front of the key, where regedit skips it.
    #[error("a key begins right behind `[` or `[-`, without a blank")]
    KeyBlank,
    /// Something behind `]`.
    #[error("expected nothing or a comment behind `]`, found `{found}`")]
    KeyTail {
        /// What stands there.
        found: String,
    },
    /// A comment with `]` behind a key that may be part of the key.
    #[error("`]` in a comment behind a key: the key's end is not clear")]
    KeyComment,
    /// `[]`, `[a\\b]`.
    #[error("the key `{found}` has an empty name in it")]
    KeyEmptyName {
        /// The key.
        found: String,
    },
    /// A value that belongs to no key.
    #[error("the value stands under no key, or under one that is deleted")]
    NoKey,
    /// `"` without `"` in a name.
    #[error("the value's name is not closed with `\"` in its line")]
    NameNotClosed,
    /// No `=` behind the name.
    #[error("expected `=` behind the value's name, found `{found}`")]
    NoEquals {
        /// What stands there.
        found: String,
    },
    /// A backslash that escapes nothing.
    #[error("`\\{found}` is no escape: write `\\\\` for a backslash, `\\\"` for a quotation mark")]
    Escape {
        /// The character behind the backslash; empty at the line's end.
        found: String,
    },
    /// Text data without its closing `"`.
    #[error("the text is not closed with `\"`")]
    TextNotClosed,
    /// Something behind the data.
    #[error("expected nothing or a comment (`;`) behind the data, found `{found}`")]
    Tail {
        /// What stands there.
        found: String,
    },
    /// Data of a kind that there is not.
    #[error("expected `\"`, `dword:`, `hex:`, `hex(N):` or `-`, found `{found}`")]
    DataType {
        /// What stands there.
        found: String,
    },
    /// `dword:` with something else than up to 8 hexadecimal digits.
    #[error("expected 1 to 8 hexadecimal digits behind `dword:`, found `{found}`")]
    Dword {
        /// What stands there.
        found: String,
    },
    /// `hex(N)` with an N that is no type.
    #[error("expected a type of 1 to 8 hexadecimal digits in `hex(..):`, found `{found}`")]
    HexType {
        /// What stands there.
        found: String,
    },
    /// Hexadecimal data with something else in it.
    #[error("expected a byte of 1 or 2 hexadecimal digits, found `{found}`")]
    HexByte {
        /// What stands there.
        found: String,
    },
    /// Two bytes without a comma between them, or `\` without one before it.
    #[error("expected `,` behind a byte, found `{found}`")]
    HexComma {
        /// What stands there.
        found: String,
    },
    /// Text data of `REGEDIT4` that is no text.
    #[error("the data holds bytes that mean nothing in {encoding}")]
    DataUndecodable {
        /// The encoding.
        encoding: String,
    },
}
