//! Names and folders of files, as far as an INF may choose them.
//!
//! Everything here comes from a stranger's file and ends up in a path, so a
//! name that leads elsewhere is refused, with its reason.

use serde::Serialize;

/// Why a name or folder is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileNameError {
    /// No name at all.
    #[error("the file name is empty")]
    Empty,
    /// A name that starts with a backslash, or with two.
    #[error("`{0}` is an absolute path")]
    Absolute(String),
    /// A drive letter.
    #[error("`{0}` has a drive letter")]
    Drive(String),
    /// A component `..` or `.`.
    #[error("`{0}` leaves its folder")]
    DotDot(String),
    /// A character that no Windows file name has.
    #[error("`{name}` has the reserved character {character:?}")]
    Reserved {
        /// The name.
        name: String,
        /// The character.
        character: char,
    },
    /// A component that ends in a dot or a blank, which Windows drops.
    #[error("`{0}` has a component that ends in a dot or a blank")]
    TrailingDot(String),
    /// A name of a device, with or without extension.
    #[error("`{0}` is the name of a device")]
    Device(String),
    /// A component of more than 255 UTF-16 units.
    #[error("a component of the path has {0} characters, at most 255 are allowed")]
    TooLong(usize),
}

/// Checks a file name, which may have folders before it.
///
/// # Errors
/// The first rule it breaks.
pub fn check_name(name: &str) -> Result<(), FileNameError> {
    if name.is_empty() {
        return Err(FileNameError::Empty);
    }
    if name.starts_with('\\') {
        return Err(FileNameError::Absolute(name.to_owned()));
    }
    check_components(name)
}

/// Checks a folder and returns it without the backslashes around it, which
/// INFs write or leave out at will. Empty is the folder itself.
///
/// # Errors
/// The first rule it breaks.
pub fn check_folder(folder: &str) -> Result<&str, FileNameError> {
    if folder.starts_with(r"\\") {
        return Err(FileNameError::Absolute(folder.to_owned()));
    }
    let inner = folder.trim_matches('\\');
    // `.` alone means the folder itself, as in `1,.`.
    if inner.is_empty() || inner == "." {
        return Ok("");
    }
    let inner = inner.strip_prefix(r".\").unwrap_or(inner);
    check_components(inner)?;
    Ok(inner)
}

fn check_components(path: &str) -> Result<(), FileNameError> {
    let drive = path.as_bytes().get(1) == Some(&b':');
    if drive && path.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return Err(FileNameError::Drive(path.to_owned()));
    }
    for component in path.split('\\') {
        if component.is_empty() {
            return Err(FileNameError::Empty);
        }
        if component == ".." || component == "." {
            return Err(FileNameError::DotDot(path.to_owned()));
        }
        if let Some(character) = component
            .chars()
            .find(|&c| c < ' ' || matches!(c, '<' | '>' | ':' | '"' | '/' | '|' | '?' | '*'))
        {
            return Err(FileNameError::Reserved {
                name: path.to_owned(),
                character,
            });
        }
        if component.ends_with(['.', ' ']) {
            return Err(FileNameError::TrailingDot(path.to_owned()));
        }
        if is_device(component) {
            return Err(FileNameError::Device(path.to_owned()));
        }
        let len = component.encode_utf16().count();
        if len > 255 {
            return Err(FileNameError::TooLong(len));
        }
    }
    Ok(())
}

/// CON, PRN, AUX, NUL, COM1 to COM9, LPT1 to LPT9, whatever the extension.
fn is_device(component: &str) -> bool {
    let stem = component
        .split('.')
        .next()
        .unwrap_or_default()
        .trim_end()
        .to_ascii_uppercase();
    match stem.as_str() {
        "CON" | "PRN" | "AUX" | "NUL" => true,
        _ => match (stem.get(..3), stem.get(3..)) {
            (Some("COM" | "LPT"), Some(digit)) => {
                digit.len() == 1 && digit.bytes().all(|b| (b'1'..=b'9').contains(&b))
            }
            _ => false,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_lead_elsewhere_are_refused() {
        let s = str::to_owned;
        for (name, expected) in [
            ("viostor.sys", Ok(())),
            (r"x64\viostor.sys", Ok(())),
            ("Gerät 1.sys", Ok(())),
            ("common.dll", Ok(())),
            ("", Err(FileNameError::Empty)),
            (r"a\\b", Err(FileNameError::Empty)),
            (r"\x.sys", Err(FileNameError::Absolute(s(r"\x.sys")))),
            (
                r"\\server\x.sys",
                Err(FileNameError::Absolute(s(r"\\server\x.sys"))),
            ),
            ("c:x.sys", Err(FileNameError::Drive(s("c:x.sys")))),
            (r"..\x.sys", Err(FileNameError::DotDot(s(r"..\x.sys")))),
            (r"a\..\..\x", Err(FileNameError::DotDot(s(r"a\..\..\x")))),
            (
                "../x",
                Err(FileNameError::Reserved {
                    name: s("../x"),
                    character: '/',
                }),
            ),
            (
                "x.sys:ads",
                Err(FileNameError::Reserved {
                    name: s("x.sys:ads"),
                    character: ':',
                }),
            ),
            ("x.sys.", Err(FileNameError::TrailingDot(s("x.sys.")))),
            ("nul", Err(FileNameError::Device(s("nul")))),
            ("com1.sys", Err(FileNameError::Device(s("com1.sys")))),
            ("com10.sys", Ok(())),
        ] {
            assert_eq!(check_name(name), expected, "`{name}`");
        }
        let long = "x".repeat(256);
        assert_eq!(check_name(&long), Err(FileNameError::TooLong(256)));
    }

    #[test]
    fn folders_are_written_with_and_without_backslashes() {
        for (folder, expected) in [
            ("", Ok("")),
            (r"\x86", Ok("x86")),
            (r"amd64\", Ok("amd64")),
            (r"\", Ok("")),
            (".", Ok("")),
            (r".\x86", Ok("x86")),
            (r"a\b", Ok(r"a\b")),
        ] {
            assert_eq!(check_folder(folder), expected, "`{folder}`");
        }
        for folder in [r"\\server\share", r"..\x", r"c:\x", "a/b"] {
            assert!(check_folder(folder).is_err(), "`{folder}`");
        }
    }
}
