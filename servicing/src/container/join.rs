//! The parts of a split set put together as one file.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use wimwright_wim::{CompactOptions, Error, HeaderFlags, ReadAt as _, compact};

use super::contents::{check_parts, write_in_progress};
use super::meter::CountedFile;
use super::{ContainerError, Meter};
use crate::finding::Finding;
use crate::image::Access;
use crate::wim_file::{NewWim, Overwrite, WimFile, WimFileError};

/// A set that was joined.
#[derive(Clone, Debug)]
pub struct Joined {
    /// How many parts it had.
    pub parts: u16,
    /// How many images it has.
    pub images: u32,
    /// Length of the new file, in bytes.
    pub length: u64,
    /// What the user should know.
    pub findings: Vec<Finding>,
}

/// Joins the parts of a set, given in any order. Stored bytes and the identity
/// of the set stay. An integrity table is written if part 1 has one, unless
/// `check` says otherwise.
///
/// # Errors
/// [`ContainerError::PartsMissing`], [`ContainerError::FirstPartMissing`],
/// [`ContainerError::NotAPart`], [`ContainerError::OtherSet`],
/// [`ContainerError::File`].
pub fn join(
    parts: &[PathBuf],
    destination: &Path,
    overwrite: Overwrite,
    check: Option<bool>,
    meter: &Arc<Meter>,
) -> Result<Joined, ContainerError> {
    let Some((first, others)) = parts.split_first() else {
        return Err(ContainerError::FirstPartMissing {
            file: PathBuf::new(),
        });
    };
    let set = match WimFile::open(first, others, Access::Read) {
        Err(WimFileError::Wim {
            source: Error::NotFirstPart { .. },
            ..
        }) => {
            return Err(ContainerError::FirstPartMissing {
                file: first.clone(),
            });
        }
        opened => opened?,
    };
    let archive = set.archive();
    let guid = archive.header().guid;
    for (name, header) in archive.files() {
        let file = || PathBuf::from(name);
        // What fits one part is a set of one.
        if header.parts < 2 && !header.flags.contains(HeaderFlags::SPANNED) {
            return Err(ContainerError::NotAPart { file: file() });
        }
        if header.guid != guid {
            return Err(ContainerError::OtherSet {
                file: file(),
                first: first.clone(),
            });
        }
    }
    check_parts(first, archive)?;
    let mut total = 0;
    for part in parts {
        let found = std::fs::metadata(part).map_err(ContainerError::host(part))?;
        total += found.len();
    }
    meter.begin(total);
    let new = NewWim::create(destination, overwrite)?;
    let mut options = CompactOptions::default();
    options.integrity = check.unwrap_or(!archive.header().integrity.is_absent());
    let header = compact(archive, CountedFile::over(new.file(), meter), options)
        .map_err(ContainerError::wim(destination))?;
    let length = new.reader().len();
    let length = length.map_err(ContainerError::host(destination))?;
    new.finish()?;
    Ok(Joined {
        parts: archive.header().parts,
        images: header.image_count,
        length,
        findings: write_in_progress(&set).into_iter().collect(),
    })
}
