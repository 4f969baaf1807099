//! Files and folders of the host as they are listed, and digests of that.
//!
//! A listing (paths, kinds, sizes, times of last write) is cheap, and where it
//! is the same nothing is read. The digest of the content needs all of it.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use sha2::{Digest as _, Sha256};

/// Bytes that are read at once.
const PIECE: usize = 1 << 16;

/// What a path of the host leads to, with all below.
pub(super) struct Listing {
    top: PathBuf,
    entries: Vec<Entry>,
}

struct Entry {
    /// From the top; empty for the top itself.
    path: PathBuf,
    metadata: fs::Metadata,
}

impl Listing {
    /// Lists what is there, in an order that depends on names alone. Links are
    /// not followed, but for the top.
    pub(super) fn of(top: &Path) -> anyhow::Result<Listing> {
        let metadata = fs::metadata(top).with_context(|| format!("`{}`", top.display()))?;
        let mut entries = Vec::new();
        let mut open = vec![Entry {
            path: PathBuf::new(),
            metadata,
        }];
        while let Some(entry) = open.pop() {
            if entry.metadata.is_dir() {
                let folder = below(top, &entry.path);
                let found = list(&folder, &entry.path);
                let mut found = found.with_context(|| format!("`{}`", folder.display()))?;
                found.sort_by(|a, b| b.path.cmp(&a.path));
                open.append(&mut found);
            }
            entries.push(entry);
        }
        Ok(Listing {
            top: top.to_owned(),
            entries,
        })
    }

    /// The digest of names, kinds, sizes and times of last write; of links, of
    /// where they lead.
    pub(super) fn digest(&self) -> anyhow::Result<String> {
        let mut hasher = Sha256::new();
        for entry in &self.entries {
            let found = &entry.metadata;
            name(&mut hasher, entry);
            hasher.update(found.len().to_le_bytes());
            hasher.update(found.mtime().to_le_bytes());
            hasher.update(found.mtime_nsec().to_le_bytes());
            self.link(&mut hasher, entry)?;
        }
        Ok(hex(&hasher.finalize()))
    }

    /// The digest of names, kinds and all content.
    pub(super) fn content(&self) -> anyhow::Result<String> {
        let mut hasher = Sha256::new();
        let mut buffer = vec![0; PIECE];
        for entry in &self.entries {
            name(&mut hasher, entry);
            if entry.metadata.is_file() {
                let path = below(&self.top, &entry.path);
                let read = contents(&path, &mut buffer, &mut hasher);
                let len = read.with_context(|| format!("`{}`", path.display()))?;
                hasher.update(len.to_le_bytes());
            }
            self.link(&mut hasher, entry)?;
        }
        Ok(hex(&hasher.finalize()))
    }

    fn link(&self, hasher: &mut Sha256, entry: &Entry) -> anyhow::Result<()> {
        if entry.metadata.is_symlink() {
            let path = below(&self.top, &entry.path);
            let target = fs::read_link(&path);
            let target = target.with_context(|| format!("`{}`", path.display()))?;
            hasher.update(target.as_os_str().as_bytes());
            hasher.update([0]);
        }
        Ok(())
    }
}

/// The top itself has no separator behind it, which only folders may have.
fn below(top: &Path, path: &Path) -> PathBuf {
    match path == Path::new("") {
        true => top.to_owned(),
        false => top.join(path),
    }
}

fn list(folder: &Path, path: &Path) -> io::Result<Vec<Entry>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        found.push(Entry {
            path: path.join(entry.file_name()),
            metadata: entry.metadata()?,
        });
    }
    Ok(found)
}

fn name(hasher: &mut Sha256, entry: &Entry) {
    hasher.update(entry.path.as_os_str().as_bytes());
    // No name holds these.
    hasher.update([0]);
    let kind = match () {
        () if entry.metadata.is_dir() => b'd',
        () if entry.metadata.is_file() => b'f',
        () if entry.metadata.is_symlink() => b'l',
        () => b'?',
    };
    hasher.update([kind]);
}

fn contents(path: &Path, buffer: &mut [u8], hasher: &mut Sha256) -> io::Result<u64> {
    let mut file = File::open(path)?;
    let mut len = 0;
    loop {
        let read = file.read(buffer)?;
        if read == 0 {
            return Ok(len);
        }
        hasher.update(buffer.get(..read).unwrap_or_default());
        len += read as u64;
    }
}

/// Bytes as lower-case digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_listing_tells_of_every_change() {
        let top = tempfile::tempdir().unwrap();
        let at = |name: &str| top.path().join(name);
        fs::create_dir(at("below")).unwrap();
        fs::write(at("below/a"), "one").unwrap();
        std::os::unix::fs::symlink("a", at("below/link")).unwrap();
        let digests = || {
            let listing = Listing::of(top.path()).unwrap();
            (listing.digest().unwrap(), listing.content().unwrap())
        };
        let first = digests();
        assert_eq!(digests(), first);

        // The same size and time: the listing cannot know, the content does.
        let time = fs::metadata(at("below/a")).unwrap().modified().unwrap();
        fs::write(at("below/a"), "two").unwrap();
        let file = fs::File::options().write(true).open(at("below/a")).unwrap();
        file.set_modified(time).unwrap();
        drop(file);
        let second = digests();
        assert_eq!(second.0, first.0);
        assert_ne!(second.1, first.1);

        fs::rename(at("below/a"), at("below/b")).unwrap();
        let third = digests();
        assert_ne!(third.0, second.0);
        assert_ne!(third.1, second.1);

        fs::remove_file(at("below/link")).unwrap();
        std::os::unix::fs::symlink("b", at("below/link")).unwrap();
        assert_ne!(digests().1, third.1);
        assert!(Listing::of(&at("none")).is_err());

        // A file is its own top.
        let of_file = || Listing::of(&at("below/b")).unwrap().content().unwrap();
        let alone = of_file();
        fs::write(at("below/b"), "three").unwrap();
        assert_ne!(of_file(), alone);
    }
}
