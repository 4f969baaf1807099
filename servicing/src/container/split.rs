//! A file cut into the parts of a set, each small enough for a medium.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use wimwright_wim::{ReadAt, WriteAt};

use super::contents::write_in_progress;
use super::meter::CountedFile;
use super::{ContainerError, Meter};
use crate::finding::Finding;
use crate::wim_file::{NewWim, Overwrite, WimFile};

/// The smallest size of a part, in bytes: below it a part would hold little
/// more than its tables.
const LEAST: u64 = 64 << 10;

/// The parts of a set.
#[derive(Clone, Debug)]
pub struct Split {
    /// In order.
    pub parts: Vec<SplitPart>,
    /// What the user should know.
    pub findings: Vec<Finding>,
}

/// A part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SplitPart {
    /// Its file.
    pub file: PathBuf,
    /// Its length, in bytes.
    pub length: u64,
}

/// Splits a file into parts of at most `part_size` bytes, as far as its
/// contents allow: none is cut. The first part is named `first`, the others
/// have their number behind that name, as ImageX names them.
///
/// # Errors
/// [`ContainerError::PartSize`], [`ContainerError::PartName`],
/// [`ContainerError::File`], also when one of the parts exists. No part is
/// there unless all are written.
pub fn split(
    wim: &WimFile,
    first: &Path,
    part_size: u64,
    overwrite: Overwrite,
    meter: &Arc<Meter>,
) -> Result<Split, ContainerError> {
    if part_size < LEAST {
        return Err(ContainerError::PartSize {
            size: part_size,
            least: LEAST,
        });
    }
    // Part 1 is created first, but it takes its place last.
    part_name(first, 1)?;
    let source = std::fs::metadata(wim.path()).map_err(ContainerError::host(wim.path()))?;
    meter.begin(source.len());
    let mut parts: Vec<(PathBuf, NewWim)> = Vec::new();
    let mut refused = None;
    let mut create = |number: u16| -> io::Result<Arc<dyn WriteAt>> {
        let created =
            part_name(first, number).and_then(|path| Ok((NewWim::create(&path, overwrite)?, path)));
        match created {
            Ok((new, path)) => {
                let file = CountedFile::over(new.file(), meter);
                parts.push((path, new));
                Ok(file)
            }
            Err(error) => {
                refused = Some(error);
                Err(io::ErrorKind::Other.into())
            }
        }
    };
    let done = wimwright_wim::split(wim.archive(), part_size, None, &mut create);
    if let Some(refused) = refused {
        return Err(refused);
    }
    done.map_err(ContainerError::wim(wim.path()))?;
    let mut split = Split {
        parts: Vec::new(),
        findings: write_in_progress(wim).into_iter().collect(),
    };
    for (path, new) in &parts {
        let length = ReadAt::len(&*new.reader()).map_err(ContainerError::host(path))?;
        if length > part_size {
            split.findings.push(Finding::warning(
                "large-part",
                format!(
                    "`{}` has {length} bytes: it holds content that is larger than a part, or \
                     all metadata",
                    path.display()
                ),
            ));
        }
        let file = path.clone();
        split.parts.push(SplitPart { file, length });
    }
    // A reader who finds part 1 finds them all.
    for (_, new) in parts.into_iter().rev() {
        new.finish()?;
    }
    split.findings.extend(left_over(first, split.parts.len()));
    Ok(split)
}

/// `a.swm`, `a2.swm`, `a3.swm`.
fn part_name(first: &Path, number: u16) -> Result<PathBuf, ContainerError> {
    let none = || ContainerError::PartName {
        path: first.to_owned(),
    };
    let stem = first.file_stem().ok_or_else(none)?;
    if number == 1 {
        return Ok(first.to_owned());
    }
    let mut name = stem.to_owned();
    name.push(number.to_string());
    if let Some(extension) = first.extension() {
        name.push(".");
        name.push(extension);
    }
    Ok(first.with_file_name(name))
}

/// A part of an older set that lies where the next one would.
fn left_over(first: &Path, count: usize) -> Option<Finding> {
    let next = u16::try_from(count + 1).ok()?;
    let next = part_name(first, next).ok()?;
    next.exists().then(|| {
        Finding::warning(
            "left-over-part",
            format!(
                "`{}` is not of this set: remove it, or a pattern for the parts names it, too",
                next.display()
            ),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_named_as_imagex_names_them() {
        for (first, number, expected) in [
            ("a.swm", 1, "a.swm"),
            ("a.swm", 2, "a2.swm"),
            ("dir.d/a.b.swm", 12, "dir.d/a.b12.swm"),
            ("a", 3, "a3"),
        ] {
            let name = part_name(Path::new(first), number).unwrap();
            assert_eq!(name, Path::new(expected));
        }
        assert!(part_name(Path::new(".."), 1).is_err());
        assert!(part_name(Path::new("/"), 2).is_err());
    }
}
