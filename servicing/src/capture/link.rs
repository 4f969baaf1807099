//! A symbolic link of the host as the reparse point that it is on Windows.
//!
//! The data of a symbolic link ([MS-FSCC] 2.1.2.4), without its 8 leading
//! bytes: place and length of two names, flags (1: relative), then the names:
//! the one for the system, and the one for people. A target inside the
//! captured tree that is given from the host's root is told from the image's,
//! with the letter C as wimlib does; `apply` puts the true place there again
//! (the file's flag RP_FIX).

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use wimwright_wim::metadata::Reparse;

use crate::text::Text;

/// Tag of a symbolic link.
const SYMLINK: u32 = 0xA000_000C;
/// Flag of an entry whose target was not made one from the image's root.
pub(super) const NOT_FIXED: u16 = 1;

/// A reparse point that a link becomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LinkPoint {
    pub(super) reparse: Reparse,
    pub(super) data: Vec<u8>,
}

/// What a link to `target` becomes in a tree whose place on the host is
/// `root`. With `fix`, targets inside the tree are told from its root. `None`
/// where the target is nothing that Windows can name.
pub(super) fn link_point(target: &OsStr, root: &Path, fix: bool) -> Option<LinkPoint> {
    let path = Path::new(target);
    let inside = fix.then(|| path.strip_prefix(root).ok()).flatten();
    let (names, flags, fixed) = match inside {
        Some(below) => {
            let below = windows_path(below.as_os_str())?;
            let path = [unit_text("C:\\"), below].concat();
            (absolute(path), 0, true)
        }
        None if path.is_absolute() => {
            let path = windows_path(target)?;
            (absolute([unit_text("C:"), path].concat()), 0, false)
        }
        None => {
            let path = windows_path(target).filter(|path| !path.is_empty())?;
            ((path.clone(), path), 1, false)
        }
    };
    let (system, people) = names;
    let length = |units: &[u16]| u16::try_from(units.len() * 2).ok();
    let (system_length, people_length) = (length(&system)?, length(&people)?);
    // Behind each name there is a NUL, as wimlib writes them.
    let people_at = system_length.checked_add(2)?;
    let mut data = Vec::new();
    for field in [0, system_length, people_at, people_length] {
        data.extend_from_slice(&field.to_le_bytes());
    }
    data.extend_from_slice(&u32::to_le_bytes(flags));
    for name in [system, people] {
        let units = name.into_iter().chain([0]);
        data.extend(units.flat_map(u16::to_le_bytes));
    }
    Some(LinkPoint {
        reparse: Reparse {
            tag: SYMLINK,
            reserved: 0,
            flags: match fixed {
                true => 0,
                false => NOT_FIXED,
            },
        },
        data,
    })
}

fn unit_text(text: &str) -> Vec<u16> {
    text.encode_utf16().collect()
}

/// Both names of an absolute target.
fn absolute(path: Vec<u16>) -> (Vec<u16>, Vec<u16>) {
    ([unit_text(r"\??\"), path.clone()].concat(), path)
}

/// A path of the host with backslashes; `None` where a name in it has one, or
/// is no text.
fn windows_path(path: &OsStr) -> Option<Vec<u16>> {
    let text = Text::from_wtf8(path.as_bytes())?;
    let units = text.units().map(|unit| match unit {
        0x2F => Some(0x5C),
        0x5C => None,
        unit => Some(unit),
    });
    units.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(point: &LinkPoint) -> (String, String, u32) {
        let word = |at: usize| u16::from_le_bytes([point.data[at], point.data[at + 1]]);
        let name = |at: u16, length: u16| {
            let bytes = &point.data[12 + usize::from(at)..][..usize::from(length)];
            let units: Vec<u16> = bytes
                .chunks(2)
                .map(|pair| u16::from_le_bytes([pair[0], pair[1]]))
                .collect();
            String::from_utf16(&units).unwrap()
        };
        let flags = u32::from_le_bytes(point.data[8..12].try_into().unwrap());
        (name(word(0), word(2)), name(word(4), word(6)), flags)
    }

    #[test]
    fn targets_become_what_windows_reads() {
        let root = Path::new("/home/me/image");
        for (target, system, people, flags, fixed) in [
            ("a/b", r"a\b", r"a\b", 1, false),
            ("../x", r"..\x", r"..\x", 1, false),
            ("/usr/bin", r"\??\C:\usr\bin", r"C:\usr\bin", 0, false),
            ("/home/me/image/W", r"\??\C:\W", r"C:\W", 0, true),
            ("/home/me/image", r"\??\C:\", r"C:\", 0, true),
            (
                "/home/me/images",
                r"\??\C:\home\me\images",
                r"C:\home\me\images",
                0,
                false,
            ),
        ] {
            let point = link_point(OsStr::new(target), root, true).unwrap();
            let expected = (system.to_owned(), people.to_owned(), flags);
            assert_eq!(names(&point), expected, "{target}");
            assert_eq!(point.reparse.flags & NOT_FIXED == 0, fixed, "{target}");
        }
        let unfixed = link_point(OsStr::new("/home/me/image/W"), root, false).unwrap();
        assert_eq!(names(&unfixed).1, r"C:\home\me\image\W");
        assert_eq!(unfixed.reparse.flags, NOT_FIXED);
    }

    #[test]
    fn targets_that_windows_cannot_name_become_nothing() {
        let root = Path::new("/r");
        for target in [&b"back\\slash"[..], b"latin1 \xFC", b""] {
            assert_eq!(link_point(OsStr::from_bytes(target), root, true), None);
        }
        let long = "x/".repeat(20_000);
        assert_eq!(link_point(OsStr::new(&long), root, true), None);
    }
}
