//! Names as the host spells them, and as Windows does.
//!
//! A Unix name is bytes; those that are WTF-8 are Windows names, byte for byte.
//! A Windows host has UTF-16 names already.

use std::ffi::{OsStr, OsString};
use std::path::{Component, Path, PathBuf};

use crate::path::{ImagePath, Name};
use crate::text::Text;

/// The Windows name of a host name. `None` where no Windows name is spelled so:
/// bytes that are no WTF-8, or a backslash.
pub(crate) fn windows_name(host: &OsStr) -> Option<Name> {
    let text = windows_text(host)?;
    // Surrogates that belong together are one character in WTF-8. Spelled as
    // two they would come back from a journal as another host name.
    if text.as_str().is_none() {
        let units: Vec<u16> = text.units().collect();
        if Text::from_units(&units) != text {
            return None;
        }
    }
    Name::found(text)
}

/// The host name of a Windows name, as [`windows_name`] found it.
#[cfg(not(windows))]
pub(crate) fn host_name(name: &Name) -> OsString {
    use std::os::unix::ffi::OsStrExt as _;
    OsStr::from_bytes(name.as_text().as_wtf8()).to_owned()
}

#[cfg(not(windows))]
fn windows_text(host: &OsStr) -> Option<Text> {
    use std::os::unix::ffi::OsStrExt as _;
    Text::from_wtf8(host.as_bytes())
}

/// The host name of a Windows name, as [`windows_name`] found it.
#[cfg(windows)]
pub(crate) fn host_name(name: &Name) -> OsString {
    use std::os::windows::ffi::OsStringExt as _;
    let units: Vec<u16> = name.as_text().units().collect();
    OsString::from_wide(&units)
}

#[cfg(windows)]
fn windows_text(host: &OsStr) -> Option<Text> {
    use std::os::windows::ffi::OsStrExt as _;
    let units: Vec<u16> = host.encode_wide().collect();
    Some(Text::from_units(&units))
}

/// A host path below the image root as an image path, for people to read: a
/// name that Windows could not have is shown as well as it can be.
pub(crate) fn shown(path: &Path) -> ImagePath {
    ImagePath::from_names(path.components().filter_map(|component| match component {
        Component::Normal(name) => {
            let lossy = || Text::from(name.to_string_lossy().replace('\\', "\u{FFFD}"));
            windows_name(name).or_else(|| Name::found(lossy()))
        }
        _ => None,
    }))
}

/// A relative path as the host's system calls want it: the root is `.`.
pub(crate) fn or_dot(path: &Path) -> &Path {
    if path.as_os_str().is_empty() {
        Path::new(".")
    } else {
        path
    }
}

/// A path below the image root as one text, with `/` between the names.
/// `None` where a name is not a Windows name.
pub(crate) fn path_text(path: &Path) -> Option<Text> {
    let mut units = Vec::new();
    for component in path.components() {
        let Component::Normal(name) = component else {
            return None;
        };
        if !units.is_empty() {
            units.push(u16::from(b'/'));
        }
        units.extend(windows_name(name)?.as_text().units());
    }
    Some(Text::from_units(&units))
}

/// Reads what [`path_text`] gives. `None` for anything that could lead outside
/// the image, or to its root.
pub(crate) fn path_from_text(text: &Text) -> Option<PathBuf> {
    let units: Vec<u16> = text.units().collect();
    units
        .split(|unit| *unit == u16::from(b'/'))
        .map(|name| Some(host_name(&Name::found(Text::from_units(name))?)))
        .collect()
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::ffi::OsStrExt as _;

    use super::*;

    #[test]
    fn host_names_are_windows_names_where_they_can_be() {
        for (bytes, readable) in [
            (&b"Windows"[..], true),
            ("Gr\u{FC}\u{DF}e \u{1F600}".as_bytes(), true),
            // A lone surrogate, as drivers for NTFS show it.
            (b"a\xED\xA0\xBD", true),
            (b"C:", true),
            (b"trailing. ", true),
            (b"back\\slash", false),
            (b"latin1 \xFC", false),
            // One character spelled as two surrogates.
            (b"\xED\xA0\xBD\xED\xB8\x80", false),
        ] {
            let host = OsStr::from_bytes(bytes);
            let name = windows_name(host);
            assert_eq!(name.is_some(), readable, "{host:?}");
            if let Some(name) = name {
                assert_eq!(host_name(&name), host, "{host:?}");
            }
        }
    }

    #[test]
    fn paths_survive_as_text_and_never_lead_outside() {
        for path in ["Windows/System32/config/SYSTEM", "a", "\u{FC}"] {
            let text = path_text(Path::new(path)).unwrap();
            assert_eq!(path_from_text(&text), Some(PathBuf::from(path)));
        }
        for text in [
            "", "/etc", "a//b", "a/", "../x", "a/../..", ".", "a\\b", "a\0b",
        ] {
            assert_eq!(path_from_text(&Text::from(text)), None, "{text:?}");
        }
        assert_eq!(path_text(Path::new("../x")), None);
    }
}
