//! An image as a plain map, and a disk that remembers every write.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex};

use wimwright_wim::metadata::{
    DirectoryId, EntryFields, MetadataBuilder, StreamFields, StreamKind, attribute,
};
use wimwright_wim::{
    Archive, FileTime, Hash, Metadata, NamedFile, NewBlob, ReadAt, Update, WriteAt,
};

/// Paths with `/` in front of each name, and what the files hold.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

/// A folder of the model.
#[derive(Default)]
struct Folder<'f> {
    folders: BTreeMap<&'f str, Folder<'f>>,
    files: BTreeMap<&'f str, &'f [u8]>,
}

/// The metadata of an image with these files.
pub(crate) fn metadata_of(files: &Files) -> Metadata {
    let mut root = Folder::default();
    for (path, bytes) in files {
        let mut names: Vec<&str> = path.split('/').skip(1).collect();
        let name = names.pop().unwrap();
        let folder = names
            .into_iter()
            .fold(&mut root, |at, name| at.folders.entry(name).or_default());
        folder.files.insert(name, bytes);
    }
    let fields = EntryFields {
        attributes: attribute::DIRECTORY,
        ..EntryFields::default()
    };
    let (mut builder, id) = MetadataBuilder::new(&fields).unwrap();
    add(&mut builder, id, &root);
    builder.finish().unwrap()
}

fn add(builder: &mut MetadataBuilder, id: DirectoryId, folder: &Folder<'_>) {
    let units = |name: &&str| name.encode_utf16().collect::<Vec<u16>>();
    let folders: Vec<_> = folder.folders.keys().map(units).collect();
    let names: Vec<_> = folder.files.keys().map(units).collect();
    let streams: Vec<_> = folder.files.values().map(|bytes| stream(bytes)).collect();
    let directories = folders.iter().map(|name| EntryFields {
        name,
        attributes: attribute::DIRECTORY,
        ..EntryFields::default()
    });
    let files = names
        .iter()
        .zip(&streams)
        .map(|(name, stream)| EntryFields {
            name,
            attributes: 0x20,
            streams: std::slice::from_ref(stream),
            ..EntryFields::default()
        });
    let ids = builder.list(id, directories.chain(files)).unwrap();
    for (folder, id) in folder.folders.values().zip(ids) {
        add(builder, id.unwrap(), folder);
    }
}

/// The unnamed data of a file.
pub(crate) fn stream(bytes: &[u8]) -> StreamFields<'static> {
    let hash = match bytes.is_empty() {
        true => Hash::ZERO,
        false => Hash::of(bytes),
    };
    StreamFields {
        kind: StreamKind::Data,
        name: &[],
        hash,
    }
}

/// The files of an image, every one read.
pub(crate) fn files_of(archive: &Archive, index: u32) -> Files {
    let metadata = archive.metadata(index).unwrap();
    let files = super::paths(&metadata)
        .into_iter()
        .filter(|(_, dentry)| !dentry.is_directory());
    let files = files.map(|(path, dentry)| {
        let bytes = match dentry.content() {
            Hash::ZERO => Vec::new(),
            hash => {
                let id = archive
                    .find(&hash)
                    .unwrap_or_else(|| panic!("{path} has no blob"));
                let bytes = archive.open_blob(id).unwrap().read_all(1 << 30).unwrap();
                assert_eq!(Hash::of(&bytes), hash, "{path}");
                bytes
            }
        };
        (path, bytes)
    });
    files.collect()
}

/// Puts the files of an image in place of those it has.
pub(crate) fn set_files(update: &mut Update, index: u32, files: &Files) {
    for bytes in files.values() {
        update.add_blob(NewBlob::new(bytes.clone())).unwrap();
    }
    let metadata = metadata_of(files);
    update
        .set_metadata(index, metadata, None, FileTime(0x01DD_0000_0000_0001))
        .unwrap();
}

/// What was done to a disk.
#[derive(Clone, Debug)]
pub(crate) enum Operation {
    Write { at: u64, bytes: Vec<u8> },
    SetLen(u64),
    Sync,
}

/// A disk in memory that remembers what was done to it.
#[derive(Default)]
pub(crate) struct Disk {
    bytes: Mutex<Vec<u8>>,
    log: Mutex<Vec<Operation>>,
    /// Bytes that may still be written; then it is full.
    room: Mutex<Option<u64>>,
}

impl Disk {
    pub(crate) fn new(bytes: Vec<u8>) -> Arc<Disk> {
        Arc::new(Disk {
            bytes: Mutex::new(bytes),
            ..Disk::default()
        })
    }

    pub(crate) fn with_room(bytes: Vec<u8>, room: u64) -> Arc<Disk> {
        let disk = Disk::new(bytes);
        *disk.room.lock().unwrap() = Some(room);
        disk
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.bytes.lock().unwrap().clone()
    }

    /// What was done since the last call.
    pub(crate) fn take_log(&self) -> Vec<Operation> {
        std::mem::take(&mut self.log.lock().unwrap())
    }

    pub(crate) fn open(self: &Arc<Disk>) -> Archive {
        Archive::open(NamedFile::new("disk", self.clone())).unwrap()
    }
}

/// Does what was done.
pub(crate) fn apply(bytes: &mut Vec<u8>, operation: &Operation) {
    match operation {
        Operation::Write { at, bytes: new } => {
            let (start, end) = (*at as usize, *at as usize + new.len());
            if bytes.len() < end {
                bytes.resize(end, 0);
            }
            bytes[start..end].copy_from_slice(new);
        }
        Operation::SetLen(len) => bytes.resize(*len as usize, 0),
        Operation::Sync => {}
    }
}

impl ReadAt for Disk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.bytes.lock().unwrap().len() as u64)
    }

    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.bytes.lock().unwrap().read_exact_at(buffer, offset)
    }
}

impl WriteAt for Disk {
    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        if let Some(room) = &mut *self.room.lock().unwrap() {
            *room = room
                .checked_sub(bytes.len() as u64)
                .ok_or(io::ErrorKind::StorageFull)?;
        }
        let operation = Operation::Write {
            at: offset,
            bytes: bytes.to_vec(),
        };
        apply(&mut self.bytes.lock().unwrap(), &operation);
        self.log.lock().unwrap().push(operation);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        apply(&mut self.bytes.lock().unwrap(), &Operation::SetLen(len));
        self.log.lock().unwrap().push(Operation::SetLen(len));
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        self.log.lock().unwrap().push(Operation::Sync);
        Ok(())
    }
}
