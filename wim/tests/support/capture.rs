//! A folder into an image, as far as the tests need it.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use wimwright_wim::metadata::{
    DirectoryId, EntryFields, MetadataBuilder, Reparse, StreamFields, StreamKind, attribute,
};
use wimwright_wim::{Element, FileTime, Hash, Metadata, NewBlob, WimWriter};

/// A file of the folder, read when its turn comes.
pub(crate) fn content(path: PathBuf) -> io::Result<NewBlob> {
    Ok(NewBlob::new(File::open(path)?))
}

/// Stores a folder as an image; gives its number.
pub(crate) fn capture(writer: &mut WimWriter, folder: &Path, name: &str) -> u32 {
    let files = files_of(folder);
    let links = files.iter().filter(|path| path.is_symlink());
    let links: Vec<_> = links.cloned().collect();
    let plain: Vec<_> = files
        .iter()
        .filter(|path| !path.is_symlink())
        .cloned()
        .collect();
    let mut hashes = HashMap::new();
    let stored = writer
        .add_blobs(plain.iter().cloned().map(content))
        .unwrap();
    hashes.extend(plain.into_iter().zip(stored));
    let data = links.iter().map(|link| Ok(NewBlob::new(link_data(link))));
    let stored = writer.add_blobs(data).unwrap();
    hashes.extend(links.into_iter().zip(stored));
    let metadata = metadata_of(folder, &hashes);
    writer.add_image(metadata, element(name)).unwrap()
}

pub(crate) fn element(name: &str) -> Element {
    let mut element = Element::new("IMAGE");
    element.set_text("NAME", name);
    let time = FileTime(0x01DD_0000_0000_0000);
    element.set_time("CREATIONTIME", time);
    element.set_time("LASTMODIFICATIONTIME", time);
    element
}

/// All files below a folder, in the order of their names.
fn files_of(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for path in sorted(folder) {
        match path.is_dir() && !path.is_symlink() {
            true => files.extend(files_of(&path)),
            false => files.push(path),
        }
    }
    files
}

fn sorted(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

/// What the reparse point of a relative link holds.
fn link_data(link: &Path) -> Vec<u8> {
    let target = fs::read_link(link).unwrap();
    let target: Vec<u8> = target
        .to_str()
        .unwrap()
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let length = target.len() as u16;
    // Substitute name and print name (offset, length), then "relative".
    let mut data = Vec::new();
    for field in [0, length, length + 2, length] {
        data.extend_from_slice(&field.to_le_bytes());
    }
    data.extend_from_slice(&1_u32.to_le_bytes());
    for _ in 0..2 {
        data.extend_from_slice(&target);
        data.extend_from_slice(&[0; 2]);
    }
    data
}

fn metadata_of(folder: &Path, hashes: &HashMap<PathBuf, Hash>) -> Metadata {
    let root = EntryFields {
        attributes: attribute::DIRECTORY,
        written: written(folder),
        ..EntryFields::default()
    };
    let (mut builder, id) = MetadataBuilder::new(&root).unwrap();
    // A descriptor that says nothing: self-relative, no owner, no lists.
    builder.security(&[
        1, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    ]);
    add(&mut builder, id, folder, hashes);
    builder.finish().unwrap()
}

fn add(
    builder: &mut MetadataBuilder,
    id: DirectoryId,
    folder: &Path,
    hashes: &HashMap<PathBuf, Hash>,
) {
    let paths = sorted(folder);
    let names: Vec<Vec<u16>> = paths
        .iter()
        .map(|path| {
            path.file_name()
                .unwrap()
                .to_str()
                .unwrap()
                .encode_utf16()
                .collect()
        })
        .collect();
    let streams: Vec<Vec<StreamFields<'_>>> = paths
        .iter()
        .map(|path| {
            let stream = hashes.get(path).map(|hash| StreamFields {
                kind: match path.is_symlink() {
                    true => StreamKind::Reparse,
                    false => StreamKind::Data,
                },
                name: &[],
                hash: *hash,
            });
            stream.into_iter().collect()
        })
        .collect();
    let entries = paths
        .iter()
        .zip(&names)
        .zip(&streams)
        .map(|((path, name), streams)| {
            let metadata = fs::symlink_metadata(path).unwrap();
            let linked = metadata.is_file() && metadata.nlink() > 1;
            EntryFields {
                name,
                attributes: match () {
                    () if metadata.is_dir() => attribute::DIRECTORY,
                    () if metadata.is_symlink() => attribute::REPARSE_POINT,
                    () => 0x80,
                },
                reparse: metadata.is_symlink().then_some(Reparse {
                    tag: 0xA000_000C,
                    reserved: 0,
                    flags: 0,
                }),
                security_id: Some(0),
                written: written(path),
                link_group: if linked { metadata.ino() } else { 0 },
                streams,
                ..EntryFields::default()
            }
        });
    let ids = builder.list(id, entries).unwrap();
    for (path, id) in paths.iter().zip(ids) {
        if let Some(id) = id
            && !sorted(path).is_empty()
        {
            add(builder, id, path, hashes);
        }
    }
}

fn written(path: &Path) -> FileTime {
    let metadata = fs::symlink_metadata(path).unwrap();
    let since_1970 = metadata.mtime() * 10_000_000 + metadata.mtime_nsec() / 100;
    FileTime((116_444_736_000_000_000 + since_1970) as u64)
}

/// A new file to write to.
pub(crate) fn create(path: &Path) -> Arc<File> {
    let mut options = File::options();
    Arc::new(
        options
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .open(path)
            .unwrap(),
    )
}
