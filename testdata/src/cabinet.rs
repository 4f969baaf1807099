//! Cabinets for tests: any number of folders, reserved areas, sets of parts,
//! and every field that a test wants to be wrong.
//!
//! LZX is written in uncompressed blocks only: readers need no more to be told
//! about frames and windows, and real packages bring the rest.

use flate2::{Compress, Compression, FlushCompress, Status};

/// Plain bytes of a data block.
const BLOCK: usize = 32_768;

/// How a folder is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// As it is.
    Stored,
    /// Deflate.
    Mszip,
    /// LZX with a window of 2^`window` bytes, in uncompressed blocks.
    Lzx {
        /// 15 to 21.
        window: u8,
    },
    /// As it is, but under this field: a method that is not read.
    Named(u16),
}

impl Method {
    fn field(self) -> u16 {
        match self {
            Method::Stored => 0,
            Method::Mszip => 1,
            Method::Lzx { window } => 3 | u16::from(window) << 8,
            Method::Named(field) => field,
        }
    }
}

/// A file of a cabinet.
#[derive(Clone, Debug)]
pub struct File {
    /// Its name, marked as UTF-8 where it is not ASCII.
    pub name: String,
    /// Its content.
    pub bytes: Vec<u8>,
    /// Its attributes; 0x20 is what most have.
    pub attributes: u16,
    /// Date and time of MS-DOS.
    pub modified: (u16, u16),
}

impl File {
    /// An ordinary file of 2019-10-29 00:05:54.
    pub fn new(name: &str, bytes: impl Into<Vec<u8>>) -> File {
        File {
            name: name.to_owned(),
            bytes: bytes.into(),
            attributes: 0x20,
            modified: ((39 << 9) | (10 << 5) | 29, (5 << 5) | 27),
        }
    }
}

/// A cabinet to be written.
#[derive(Clone, Debug, Default)]
pub struct Cabinet {
    /// Its folders, with their files in order.
    pub folders: Vec<(Method, Vec<File>)>,
    /// Lengths of the reserved areas: header, folder entry, data block.
    pub reserve: Option<(u16, u8, u8)>,
    /// What stands behind its end.
    pub behind: Vec<u8>,
    /// Number of the set.
    pub set: u16,
    /// Leaves checksums out.
    pub no_checksums: bool,
}

/// A data block, not written yet.
struct Block {
    data: Vec<u8>,
    plain: u16,
}

/// Where a part stands in its set.
#[derive(Clone, Copy, Default)]
struct Neighbours<'n> {
    index: u16,
    previous: Option<&'n str>,
    next: Option<&'n str>,
}

/// A file as a part lists it: folder field, offset and the file.
type Listed<'f> = (u16, u32, &'f File);

impl Cabinet {
    /// One folder with these files.
    pub fn of(method: Method, files: &[(&str, &[u8])]) -> Cabinet {
        let files = files.iter().map(|(name, bytes)| File::new(name, *bytes));
        Cabinet {
            folders: vec![(method, files.collect())],
            ..Cabinet::default()
        }
    }

    /// The cabinet as one file.
    pub fn build(&self) -> Vec<u8> {
        let mut files = Vec::new();
        for (number, (_, members)) in self.folders.iter().enumerate() {
            let mut offset = 0_u32;
            for file in members {
                files.push((number as u16, offset, file));
                offset += file.bytes.len() as u32;
            }
        }
        let folders = self.folders.iter().map(|(method, files)| {
            let plain: Vec<u8> = files.iter().flat_map(|file| file.bytes.clone()).collect();
            (*method, blocks(*method, &plain))
        });
        let folders: Vec<_> = folders.collect();
        let folders: Vec<_> = folders
            .iter()
            .map(|(method, blocks)| (*method, blocks.as_slice()))
            .collect();
        let mut bytes = self.write(&folders, &files, Neighbours::default());
        bytes.extend_from_slice(&self.behind);
        bytes
    }

    /// The first folder as a set of parts with these names; the block at each
    /// border lies in two of them.
    pub fn build_set(&self, names: &[&str]) -> Vec<Vec<u8>> {
        let Some((method, files)) = self.folders.first() else {
            return Vec::new();
        };
        let plain: Vec<u8> = files.iter().flat_map(|file| file.bytes.clone()).collect();
        let all = blocks(*method, &plain);
        // Number of the block in which each part ends and the next begins.
        let borders: Vec<usize> = (1..names.len())
            .map(|part| all.len() * part / names.len())
            .collect();
        let mut parts = Vec::new();
        for index in 0..names.len() {
            let first = index.checked_sub(1).map(|before| borders[before]);
            let last = borders.get(index).copied();
            let mut inside = Vec::new();
            for (number, block) in all.iter().enumerate() {
                let middle = block.data.len() / 2;
                if Some(number) == first {
                    let data = block.data[middle..].to_vec();
                    inside.push(Block {
                        data,
                        plain: block.plain,
                    });
                } else if Some(number) == last {
                    let data = block.data[..middle].to_vec();
                    inside.push(Block { data, plain: 0 });
                } else if first.is_none_or(|first| number > first)
                    && last.is_none_or(|last| number < last)
                {
                    let data = block.data.clone();
                    inside.push(Block {
                        data,
                        plain: block.plain,
                    });
                }
            }
            let mut listed: Vec<Listed<'_>> = Vec::new();
            let mut offset = 0;
            for file in files {
                let end = offset + file.bytes.len();
                let begins = offset / BLOCK;
                let ends = end.saturating_sub(1).max(offset) / BLOCK;
                let from_previous = first.is_some_and(|first| begins <= first);
                let to_next = last.is_some_and(|last| ends >= last);
                let is_inside = first.is_none_or(|first| ends >= first)
                    && last.is_none_or(|last| begins <= last);
                let folder = match (from_previous, to_next) {
                    (false, false) => 0,
                    (true, false) => 0xfffd,
                    (false, true) => 0xfffe,
                    (true, true) => 0xffff,
                };
                if is_inside {
                    listed.push((folder, offset as u32, file));
                }
                offset = end;
            }
            let neighbours = Neighbours {
                index: index as u16,
                previous: index.checked_sub(1).map(|before| names[before]),
                next: names.get(index + 1).copied(),
            };
            parts.push(self.write(&[(*method, inside.as_slice())], &listed, neighbours));
        }
        parts
    }

    fn write(
        &self,
        folders: &[(Method, &[Block])],
        files: &[Listed<'_>],
        neighbours: Neighbours<'_>,
    ) -> Vec<u8> {
        let (header_reserve, folder_reserve, block_reserve) = self.reserve.unwrap_or_default();
        let flags = u16::from(neighbours.previous.is_some())
            | u16::from(neighbours.next.is_some()) << 1
            | u16::from(self.reserve.is_some()) << 2;
        let mut head = Vec::new();
        if self.reserve.is_some() {
            head.extend(header_reserve.to_le_bytes());
            head.extend([folder_reserve, block_reserve]);
            head.resize(head.len() + usize::from(header_reserve), 0xAA);
        }
        for name in [neighbours.previous, neighbours.next].into_iter().flatten() {
            head.extend(name.as_bytes());
            head.extend(b"\0disk\0");
        }
        let mut list = Vec::new();
        for (folder, offset, file) in files {
            list.extend((file.bytes.len() as u32).to_le_bytes());
            list.extend(offset.to_le_bytes());
            list.extend(folder.to_le_bytes());
            list.extend(file.modified.0.to_le_bytes());
            list.extend(file.modified.1.to_le_bytes());
            let utf8 = u16::from(!file.name.is_ascii()) << 7;
            list.extend((file.attributes | utf8).to_le_bytes());
            list.extend(file.name.as_bytes());
            list.push(0);
        }
        let files_at = 36 + head.len() + folders.len() * (8 + usize::from(folder_reserve));
        let mut data_at = files_at + list.len();
        let mut entries = Vec::new();
        let mut data = Vec::new();
        for (method, blocks) in folders {
            entries.extend((data_at as u32).to_le_bytes());
            entries.extend((blocks.len() as u16).to_le_bytes());
            entries.extend(method.field().to_le_bytes());
            entries.resize(entries.len() + usize::from(folder_reserve), 0xBB);
            let start = data.len();
            for block in *blocks {
                let compressed = block.data.len() as u16;
                let lengths = u32::from(compressed) | u32::from(block.plain) << 16;
                let sum = match self.no_checksums {
                    true => 0,
                    false => checksum(&block.data) ^ lengths,
                };
                data.extend(sum.to_le_bytes());
                data.extend(lengths.to_le_bytes());
                data.resize(data.len() + usize::from(block_reserve), 0xCC);
                data.extend(&block.data);
            }
            data_at += data.len() - start;
        }
        let mut bytes = b"MSCF\0\0\0\0".to_vec();
        bytes.extend((data_at as u32).to_le_bytes());
        bytes.extend([0; 4]);
        bytes.extend((files_at as u32).to_le_bytes());
        bytes.extend([0, 0, 0, 0, 3, 1]);
        bytes.extend((folders.len() as u16).to_le_bytes());
        bytes.extend((files.len() as u16).to_le_bytes());
        bytes.extend(flags.to_le_bytes());
        bytes.extend(self.set.to_le_bytes());
        bytes.extend(neighbours.index.to_le_bytes());
        for part in [head, entries, list, data] {
            bytes.extend(part);
        }
        bytes
    }
}

fn blocks(method: Method, plain: &[u8]) -> Vec<Block> {
    let mut blocks = Vec::new();
    for (number, chunk) in plain.chunks(BLOCK).enumerate() {
        let data = match method {
            Method::Stored | Method::Named(_) => chunk.to_vec(),
            Method::Mszip => {
                let start = number * BLOCK;
                mszip(&plain[start.saturating_sub(BLOCK)..start], chunk)
            }
            Method::Lzx { .. } => lzx(number == 0, chunk),
        };
        blocks.push(Block {
            data,
            plain: chunk.len() as u16,
        });
    }
    blocks
}

/// A deflate stream that goes on from `history`.
fn mszip(history: &[u8], chunk: &[u8]) -> Vec<u8> {
    let mut deflate = Compress::new(Compression::default(), false);
    if !history.is_empty() {
        let _ = deflate.set_dictionary(history);
    }
    let mut block = Vec::with_capacity(chunk.len() * 2 + 64);
    block.extend(b"CK");
    let end = deflate.compress_vec(chunk, &mut block, FlushCompress::Finish);
    assert_eq!(end.ok(), Some(Status::StreamEnd), "there was room");
    block
}

/// An uncompressed block: its type, its size, three recent offsets, the bytes.
/// In the first frame a bit before says that calls are not translated.
fn lzx(is_first: bool, chunk: &[u8]) -> Vec<u8> {
    let size = chunk.len() as u32;
    let bits = match is_first {
        true => 3 << 28 | size << 4,
        false => 3 << 29 | size << 5,
    };
    let mut block = Vec::with_capacity(chunk.len() + 20);
    block.extend((bits >> 16).to_le_bytes().iter().take(2));
    block.extend((bits as u16).to_le_bytes());
    block.extend([1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0]);
    block.extend(chunk);
    if !chunk.len().is_multiple_of(2) {
        block.push(0);
    }
    block
}

/// All 32-bit words, exclusively or-ed; the last bytes from the highest.
fn checksum(data: &[u8]) -> u32 {
    let mut sum = 0;
    for word in data.chunks(4) {
        sum ^= match *word {
            [a, b, c, d] => u32::from_le_bytes([a, b, c, d]),
            _ => word
                .iter()
                .fold(0, |tail, byte| tail << 8 | u32::from(*byte)),
        };
    }
    sum
}
