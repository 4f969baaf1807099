//! Where a symbolic link on the host has to lead.
//!
//! Windows' targets begin at a drive, at the root or where the link is. On the
//! host all of them are told from where the link is, so that the tree can be
//! moved, and none leads out of it: whatever drive is named is taken for the
//! image's own, as everywhere in this program. A target that is no place in a
//! tree (a share, another volume, above the root) gets a name that leads to
//! nothing.

use std::ffi::OsString;
use std::io;

use wimwright_wim::metadata::{Dentry, StreamKind};
use wimwright_wim::{Archive, Hash, Metadata};

use crate::path::{ImagePath, Name};
use crate::sidecar::{SYMLINK, name_of};
use crate::text::Text;
use crate::tree::directory::host_name;
use crate::tree::wim::{inside, substitute_name};

/// Reparse data are at most 16 KiB by [MS-FSCC].
pub(super) const MAX_REPARSE: u64 = 16 * 1024;

/// The reparse data of an entry; `None` where it has none, or where they are
/// not in the archive.
pub(super) fn reparse_data(archive: &Archive, entry: &Dentry<'_>) -> io::Result<Option<Vec<u8>>> {
    let mut streams = entry.streams();
    let Some(stream) = streams.find(|stream| stream.kind == StreamKind::Reparse) else {
        return Ok(None);
    };
    if stream.hash.is_zero() {
        return Ok(Some(Vec::new()));
    }
    let Some(id) = archive.find(&stream.hash) else {
        return Ok(None);
    };
    let data = archive.open_blob(id)?.read_all(MAX_REPARSE)?;
    match Hash::of(&data) == stream.hash {
        true => Ok(Some(data)),
        false => Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!("blob {} is damaged", stream.hash),
        )),
    }
}

/// The target of the host's link at `path` for a link of the image; `None`
/// where its data say nothing.
pub(super) fn target(
    metadata: &Metadata,
    path: &ImagePath,
    entry: &Dentry<'_>,
    data: &[u8],
) -> Option<OsString> {
    let tag = entry.reparse()?.tag;
    let text = substitute_name(data, if tag == SYMLINK { 12 } else { 8 })?;
    let text = text.strip_prefix("\\??\\").unwrap_or(&text);
    let place = inside(path, text).map(|place| spelled(metadata, &place));
    match place {
        Some(place) => Some(from(path, &place)),
        None => nowhere(text),
    }
}

/// A path as the image spells it, as far as it has it.
fn spelled(metadata: &Metadata, path: &ImagePath) -> ImagePath {
    let mut at = metadata.root();
    let names = path.names().iter().map(|name| {
        let alike = |found: &Dentry<'_>| name_of(found.name()).is_some_and(|found| found == *name);
        let exact = |found: &Dentry<'_>| {
            name_of(found.name()).is_some_and(|found| found.as_text() == name.as_text())
        };
        let children = |at: &Dentry<'_>| metadata.children(at);
        let found = at.and_then(|at| {
            let mut here = children(&at);
            here.find(exact).or_else(|| children(&at).find(alike))
        });
        at = found;
        found
            .and_then(|found| name_of(found.name()))
            .unwrap_or_else(|| name.clone())
    });
    ImagePath::from_names(names.collect::<Vec<Name>>())
}

/// The relative path from the directory of `link` to `place`.
fn from(link: &ImagePath, place: &ImagePath) -> OsString {
    let above = link.parent().unwrap_or_default();
    let (above, place) = (above.names(), place.names());
    // By the exact spelling: on the host `a` and `A` are two.
    let same = |(left, right): &(&Name, &Name)| left.as_text() == right.as_text();
    let shared = above.iter().zip(place).take_while(same).count();
    let up = above.iter().skip(shared).map(|_| OsString::from(".."));
    let down = place.iter().skip(shared).map(host_name);
    let parts: Vec<OsString> = up.chain(down).collect();
    match parts.is_empty() {
        true => OsString::from("."),
        false => parts.join(std::ffi::OsStr::new("/")),
    }
}

/// A target that is no place in the tree, as names that lead nowhere from
/// where the link is.
fn nowhere(text: &str) -> Option<OsString> {
    let names = text.split(['\\', '/']);
    let names = names.filter(|name| !matches!(*name, "" | "." | ".."));
    let names = names.filter_map(|name| Name::found(Text::from(name)));
    let names: Vec<OsString> = names.map(|name| host_name(&name)).collect();
    (!names.is_empty()).then(|| names.join(std::ffi::OsStr::new("/")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use wimwright_wim::metadata::{EntryFields, MetadataBuilder, Reparse, StreamFields, attribute};

    fn units(text: &str) -> Vec<u16> {
        text.encode_utf16().collect()
    }

    /// What a reparse point to `target` holds.
    fn data(tag: u32, target: &str) -> Vec<u8> {
        let target: Vec<u8> = units(target)
            .into_iter()
            .flat_map(u16::to_le_bytes)
            .collect();
        let length = target.len() as u16;
        let mut data = Vec::new();
        for field in [0, length, length, 0] {
            data.extend_from_slice(&field.to_le_bytes());
        }
        if tag == SYMLINK {
            data.extend_from_slice(&[0; 4]);
        }
        data.extend_from_slice(&target);
        data
    }

    #[test]
    fn targets_are_told_from_the_link_and_never_leave_the_tree() {
        let [users, program_data, link] = ["Users", "ProgramData", "link"].map(units);
        let root = EntryFields {
            attributes: attribute::DIRECTORY,
            ..EntryFields::default()
        };
        for (at, tag, target_text, expected) in [
            ("link", SYMLINK, "users", "Users"),
            ("link", SYMLINK, "\\??\\C:\\programdata\\x", "ProgramData/x"),
            ("link", 0xA000_0003, "\\??\\C:\\", "."),
            (
                "Users\\link",
                0xA000_0003,
                "\\??\\D:\\ProgramData",
                "../ProgramData",
            ),
            ("Users\\link", SYMLINK, "\\Users\\Default", "Default"),
            (
                "Users\\link",
                SYMLINK,
                "..\\..\\..\\etc\\passwd",
                "etc/passwd",
            ),
            (
                "Users\\link",
                SYMLINK,
                "\\??\\UNC\\server\\share",
                "UNC/server/share",
            ),
            ("link", SYMLINK, "\\??\\Volume{0c7d}\\", "Volume{0c7d}"),
        ] {
            let streams = [StreamFields {
                kind: StreamKind::Reparse,
                name: &[],
                hash: Hash::of(b"x"),
            }];
            let entry = EntryFields {
                name: &link,
                attributes: attribute::REPARSE_POINT,
                reparse: Some(Reparse {
                    tag,
                    reserved: 0,
                    flags: 0,
                }),
                streams: &streams,
                ..EntryFields::default()
            };
            let (mut builder, id) = MetadataBuilder::new(&root).unwrap();
            let users = EntryFields {
                name: &users,
                ..root
            };
            let data_folder = EntryFields {
                name: &program_data,
                ..root
            };
            builder.list(id, [users, data_folder, entry]).unwrap();
            let metadata = builder.finish().unwrap();
            let top = metadata.root().unwrap();
            let dentry = metadata.child(&top, |name| name == "link").unwrap();
            let path = ImagePath::parse(at).unwrap();
            let found = target(&metadata, &path, &dentry, &data(tag, target_text));
            assert_eq!(found.unwrap(), *expected, "{at} -> {target_text}");
            assert_eq!(target(&metadata, &path, &dentry, b"x"), None);
        }
    }
}
