//! Where the symbolic links and junctions of a WIM image lead.
//!
//! Reparse data as [MS-FSCC] 2.1.2.4 and 2.1.2.5 describe them, without the
//! eight bytes of tag and length in front, which a WIM file does not store.

use std::io;

use wimwright_wim::metadata::{Dentry, StreamKind};

use super::super::TreeError;
use super::WimTree;
use crate::path::ImagePath;
use crate::text::Text;

/// Links followed on the way to one path: NT's own limit (recalled).
pub(super) const MOST_LINKS: usize = 63;

/// Tags, by [MS-FSCC] 2.1.2.1.
const MOUNT_POINT: u32 = 0xA000_0003;
const SYMLINK: u32 = 0xA000_000C;

/// Reparse data are at most 16 KiB by [MS-FSCC].
pub(super) const MAX_REPARSE: u64 = 16 * 1024;

impl WimTree {
    /// Where a link leads, as it is told: without the `\??\` that the kernel
    /// wants. `None` for what is no symbolic link or junction.
    pub(super) fn target(
        &self,
        path: &ImagePath,
        dentry: &Dentry<'_>,
    ) -> Result<Option<String>, TreeError> {
        let Some(reparse) = dentry.reparse() else {
            return Ok(None);
        };
        if names_at(reparse.tag).is_none() {
            return Ok(None);
        }
        let in_tree = |error| TreeError::new(path, error);
        let mut streams = dentry.streams();
        let stream = streams.find(|stream| stream.kind == StreamKind::Reparse);
        let Some(stream) = stream else {
            return Ok(None);
        };
        let Some(reader) = self.content(&stream.hash).map_err(in_tree)? else {
            return Ok(None);
        };
        let data = reader
            .read_all(MAX_REPARSE)
            .map_err(|error| in_tree(io::Error::other(error)))?;
        reparse_target(reparse.tag, &data)
            .ok_or_else(|| in_tree(io::Error::other("its reparse data are damaged")))
            .map(Some)
    }

    /// The place in the image that a link names.
    pub(super) fn place_behind(
        &self,
        path: &ImagePath,
        link: &Dentry<'_>,
    ) -> Result<Option<ImagePath>, TreeError> {
        let target = self.target(path, link)?;
        Ok(target.and_then(|target| inside(path, &target)))
    }

    /// What a link leads to in the image; `None` for what is no link, and for
    /// one that leads outside, to nothing, or to itself.
    pub(super) fn follow(
        &self,
        path: &ImagePath,
        link: &Dentry<'_>,
        links_left: usize,
    ) -> Result<Option<Dentry<'_>>, TreeError> {
        let (Some(left), Some(inside)) =
            (links_left.checked_sub(1), self.place_behind(path, link)?)
        else {
            return Ok(None);
        };
        match self.find_from(&inside, left)? {
            Some(found) if found.is_reparse_point() => self.follow(&inside, &found, left),
            other => Ok(other),
        }
    }
}

/// Where the names begin in the data of a symbolic link or junction.
fn names_at(tag: u32) -> Option<usize> {
    match tag {
        SYMLINK => Some(12),
        MOUNT_POINT => Some(8),
        _ => None,
    }
}

/// Where a symbolic link or junction leads that holds `data`, without the
/// `\??\` that the kernel wants. `None` for all else, and for damaged data.
pub(crate) fn reparse_target(tag: u32, data: &[u8]) -> Option<String> {
    let target = substitute_name(data, names_at(tag)?)?;
    Some(match target.strip_prefix("\\??\\") {
        Some(target) => target.to_owned(),
        None => target,
    })
}

/// The name that the kernel follows. It is no text of Unicode in no link that
/// was ever seen; lone surrogates are replaced.
pub(crate) fn substitute_name(data: &[u8], names_at: usize) -> Option<String> {
    let field = |at: usize| {
        let bytes = data.get(at..at.checked_add(2)?)?.first_chunk()?;
        Some(usize::from(u16::from_le_bytes(*bytes)))
    };
    let start = names_at.checked_add(field(0)?)?;
    let bytes = data.get(start..start.checked_add(field(2)?)?)?;
    let units: Vec<u16> = bytes
        .chunks_exact(2)
        .filter_map(|unit| unit.first_chunk().map(|unit| u16::from_le_bytes(*unit)))
        .collect();
    Some(String::from_utf16_lossy(&units))
}

/// A target as a path of the image. Whatever drive it names is taken for the
/// image's own: there is no other to go to.
pub(crate) fn inside(link: &ImagePath, target: &str) -> Option<ImagePath> {
    let mut drive = target.chars();
    let absolute = match (drive.next(), drive.next()) {
        (Some('\\'), _) => Some(target),
        (Some(letter), Some(':')) if letter.is_ascii_alphabetic() => target.get(2..),
        _ => None,
    };
    let (mut at, rest) = match absolute {
        // `\\?\Volume{...}\` and shares are no places in an image.
        Some(rest) if rest.starts_with("\\\\") || target.starts_with("Volume{") => return None,
        Some(rest) => (ImagePath::root(), rest),
        None if target.starts_with("Volume{") => return None,
        None => (link.parent()?, target),
    };
    for name in rest.split(['\\', '/']) {
        at = match name {
            "" | "." => at,
            ".." => at.parent()?,
            name => at.child(crate::path::Name::found(Text::from(name))?),
        };
    }
    Some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_places_in_the_image_or_none() {
        let link = ImagePath::parse("Users\\All Users").unwrap();
        for (target, expected) in [
            ("C:\\ProgramData", Some("ProgramData")),
            ("D:\\", Some("\\")),
            ("\\Users\\Default", Some("Users\\Default")),
            ("..\\Windows/System32", Some("Windows\\System32")),
            ("Default", Some("Users\\Default")),
            ("..\\..\\..\\x", None),
            ("\\\\server\\share", None),
            ("Volume{0c7d26a0-0000-0000-0000-100000000000}\\", None),
        ] {
            let found = inside(&link, target).map(|path| path.to_string());
            assert_eq!(found.as_deref(), expected, "{target}");
        }
    }
}
