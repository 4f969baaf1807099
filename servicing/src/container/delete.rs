//! Images removed, in place.

use std::path::PathBuf;

use super::ContainerError;
use super::contents;
use crate::image::Access;
use crate::image_name::name_of;
use crate::wim_file::WimFile;

/// What a removal did.
#[derive(Clone, Debug)]
pub struct Deleted {
    /// The images that are gone.
    pub images: Vec<DeletedImage>,
    /// The bootable image before, by its number then.
    pub boot_before: Option<u32>,
    /// The bootable image now.
    pub boot: Option<u32>,
    /// Images that are left.
    pub left: u32,
    /// Length of the file before, in bytes.
    pub length_before: u64,
    /// Its length now.
    pub length: u64,
    /// Bytes of it that nothing uses any more.
    pub unused: u64,
}

/// An image that is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeletedImage {
    /// Its number before.
    pub index: u32,
    /// Its name.
    pub name: Option<String>,
}

/// Removes `images` (numbers from 1 on). Those behind them move up. Content
/// that no other image names is free for what is added later, or given back by
/// [`optimize`](super::optimize()).
///
/// # Errors
/// [`ContainerError::LastImage`], [`ContainerError::File`].
pub fn delete(
    wim: WimFile,
    images: &[u32],
    check: Option<bool>,
) -> Result<Deleted, ContainerError> {
    let path: PathBuf = wim.path().to_owned();
    contents::check_changeable(&wim)?;
    let mut numbers = images.to_vec();
    numbers.sort_unstable();
    numbers.dedup();
    let archive = wim.archive();
    // WIMDeleteImage of Windows refuses this, too.
    if numbers.len() as u64 >= u64::from(archive.image_count()) {
        return Err(ContainerError::LastImage { file: path });
    }
    let at = ContainerError::wim(&path);
    let named = numbers.iter().map(|&index| DeletedImage {
        index,
        name: name_of(archive, index),
    });
    let images = named.collect();
    let boot = |index: u32| (index > 0).then_some(index);
    let boot_before = boot(archive.header().boot_index);
    let mut update = wim.update()?;
    // From the last on, so that the numbers stay true.
    for index in numbers.iter().rev() {
        update.remove_image(*index).map_err(&at)?;
    }
    if let Some(check) = check {
        update.set_integrity(check);
    }
    let done = update.commit().map_err(&at)?;
    // Readers, of whom the next line is one, wait for the lock.
    drop(wim);
    let unused = WimFile::open(&path, &[], Access::Read)?
        .archive()
        .unused_bytes();
    Ok(Deleted {
        images,
        boot_before,
        boot: boot(done.header.boot_index),
        left: done.header.image_count,
        length_before: done.length_before,
        length: done.length_after,
        unused,
    })
}
