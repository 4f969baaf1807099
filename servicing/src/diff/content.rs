//! Whether files of equal length hold the same bytes.
//!
//! Files are compared byte by byte, several at a time; each thread holds two
//! buffers, whatever the files' sizes. Only what two WIM files name by the same
//! SHA-1 is not read.

use std::io;
use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use super::{DiffError, Side};
use crate::blob::Blob;
use crate::path::ImagePath;
use crate::tree::{FileTree, TreeError};

/// Large enough to make system calls cheap, small enough to stay in cache.
const CHUNK: u64 = 256 * 1024;
/// More threads than this wait for the disk, not for each other.
const MAX_THREADS: usize = 8;

/// Two files of the same length.
pub(super) struct Pair {
    pub(super) a: ImagePath,
    pub(super) b: ImagePath,
    pub(super) len: u64,
}

/// Where each pair's contents differ first; `None` where they are the same.
/// `progress` is told how many of how many pairs are done.
///
/// # Errors
/// The first pair's, in their order, that could not be read.
pub(super) fn compare(
    a: &dyn FileTree,
    b: &dyn FileTree,
    pairs: &[Pair],
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Vec<Option<u64>>, DiffError> {
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let threads = threads.min(MAX_THREADS).min(pairs.len());
    let next = AtomicUsize::new(0);
    let mut found: Vec<Option<u64>> = vec![None; pairs.len()];
    let mut failed: Option<(usize, DiffError)> = None;
    thread::scope(|scope| {
        let (sender, results) = mpsc::channel();
        for _ in 0..threads {
            let (sender, next) = (sender.clone(), &next);
            scope.spawn(move || {
                let mut buffers = Buffers::default();
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(pair) = pairs.get(index) else {
                        return;
                    };
                    let result = compare_pair(a, b, pair, &mut buffers);
                    if result.is_err() {
                        // What comes after it is not needed any more.
                        next.store(pairs.len(), Ordering::Relaxed);
                    }
                    if sender.send((index, result)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        let mut done = 0;
        for (index, result) in results {
            done += 1;
            progress(done, pairs.len() as u64);
            match result {
                Ok(first) => {
                    if let Some(slot) = found.get_mut(index) {
                        *slot = first;
                    }
                }
                Err(error) => {
                    if failed.as_ref().is_none_or(|(earlier, _)| index < *earlier) {
                        failed = Some((index, error));
                    }
                }
            }
        }
    });
    match failed {
        Some((_, error)) => Err(error),
        None => Ok(found),
    }
}

#[derive(Default)]
struct Buffers {
    a: Vec<u8>,
    b: Vec<u8>,
}

fn compare_pair(
    a: &dyn FileTree,
    b: &dyn FileTree,
    pair: &Pair,
    buffers: &mut Buffers,
) -> Result<Option<u64>, DiffError> {
    let of_a = |error| DiffError::tree(Side::A, TreeError::new(&pair.a, error));
    let of_b = |error| DiffError::tree(Side::B, TreeError::new(&pair.b, error));
    let open = |side, tree: &dyn FileTree, path: &ImagePath| {
        let blob = tree
            .open(path)
            .map_err(|error| DiffError::tree(side, error))?;
        let changed = || DiffError::tree(side, super::files::changed(path));
        blob.filter(|blob| blob.len() == pair.len)
            .ok_or_else(changed)
    };
    let old = open(Side::A, a, &pair.a)?;
    let new = open(Side::B, b, &pair.b)?;
    // WIM files name content by its SHA-1; whether they hold what they name is
    // for who verifies them.
    if let (Some(old), Some(new)) = (old.known_id(), new.known_id())
        && old == new
    {
        return Ok(None);
    }
    let mut offset = 0;
    while offset < pair.len {
        let len = (pair.len - offset).min(CHUNK) as usize;
        let old = read(old.as_ref(), offset, len, &mut buffers.a).map_err(of_a)?;
        let new = read(new.as_ref(), offset, len, &mut buffers.b).map_err(of_b)?;
        if old != new {
            let same = old.iter().zip(new).take_while(|(old, new)| old == new);
            return Ok(Some(offset + same.count() as u64));
        }
        offset += len as u64;
    }
    Ok(None)
}

fn read<'b>(
    blob: &dyn Blob,
    offset: u64,
    len: usize,
    buffer: &'b mut Vec<u8>,
) -> io::Result<&'b [u8]> {
    buffer.resize(len, 0);
    blob.read_into(offset, buffer)?;
    Ok(buffer)
}
