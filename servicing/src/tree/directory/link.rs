//! Where the links of a host directory lead.
//!
//! Junctions of an image are symbolic links on a Linux host. Programs that
//! extract or mount images there write absolute targets with the place of the
//! image in front (`wimlib-imagex apply` unless told `--norpfix`), so that the
//! same junction of two extracted images has two targets on the host. A target
//! inside the tree is therefore told from the tree's root.

use std::fs;
use std::io;
use std::path::Path;

use super::{DirectoryTree, HostKind, Place, host_name, is_missing, path_text, shown};
use crate::path::ImagePath;
use crate::text::Text;

impl DirectoryTree {
    pub(super) fn find_link_target(&self, path: &ImagePath) -> io::Result<Option<Text>> {
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            return Ok(None);
        };
        let Some(Place::Directory(mut host)) = self.find(&parent)? else {
            return Ok(None);
        };
        let Some(listing) = self.listing(&host)? else {
            return Ok(None);
        };
        let Some((found, HostKind::Link)) = listing.names.find(name) else {
            return Ok(None);
        };
        host.push(host_name(found));
        match self.root.read_link_contents(&host) {
            Ok(target) => Ok(Some(self.told(&target))),
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A target as it is told: with backslashes from the tree's root where it
    /// lies in the tree, else as the host spells it.
    fn told(&self, target: &Path) -> Text {
        let inside = || {
            let root = fs::canonicalize(&self.directory).ok()?;
            let below = target.strip_prefix(root).ok()?;
            // Only where every name is told as it is.
            path_text(below).map(|_| shown(below))
        };
        match target.is_absolute().then(inside).flatten() {
            Some(below) if below.is_root() => Text::from("\\"),
            Some(below) => Text::from(format!("\\{below}")),
            None => host_text(target),
        }
    }
}

/// A host path as text. What is no Unicode is written out, so that no two
/// paths give the same text.
fn host_text(path: &Path) -> Text {
    match path.to_str() {
        Some(text) => Text::from(text),
        None => {
            let bytes = path.as_os_str().as_encoded_bytes();
            Text::from(bytes.escape_ascii().to_string())
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::tree::FileTree as _;

    #[test]
    fn a_link_tells_where_it_leads_from_the_root_where_that_is_inside() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs::create_dir(root.join("Users")).unwrap();
        fs::write(root.join("file"), "").unwrap();
        let inside = root.canonicalize().unwrap().join("Users");
        for (link, target) in [
            ("relative", "Users"),
            ("to file", "file"),
            ("dangling", "../nothing"),
            ("inside", inside.to_str().unwrap()),
            ("to root", root.canonicalize().unwrap().to_str().unwrap()),
            ("outside", "/Users"),
        ] {
            symlink(target, root.join(link)).unwrap();
        }
        symlink(OsStr::from_bytes(b"latin1 \xFC"), root.join("bytes")).unwrap();
        let tree = DirectoryTree::open(root).unwrap();
        for (link, told) in [
            ("RELATIVE", Some("Users")),
            ("to file", Some("file")),
            ("dangling", Some("../nothing")),
            ("inside", Some("\\Users")),
            ("to root", Some("\\")),
            ("outside", Some("/Users")),
            ("bytes", Some("latin1 \\xfc")),
            ("Users", None),
            ("file", None),
            ("absent", None),
            ("", None),
        ] {
            let path = ImagePath::parse(link).unwrap();
            let target = tree.link_target(&path).unwrap();
            assert_eq!(target, told.map(Text::from), "{link}");
        }
    }
}
