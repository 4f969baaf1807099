//! What trees know of files beside names and contents.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::files::{FileChange, FileDifference, metadata_of};
use super::{DiffError, Side};
use crate::blob::{Blob, ContentId};
use crate::path::ImagePath;
use crate::plan::{FileDetails, Times};
use crate::text::Text;
use crate::tree::{FileTree, Kind, TreeError};

type Both<'p> = (&'p ImagePath, &'p ImagePath);

/// Compares what two trees know of a file or directory that both have.
pub(super) fn compare(
    a: &dyn FileTree,
    b: &dyn FileTree,
    (old, new): Both<'_>,
    found: &mut Vec<FileDifference>,
) -> Result<(), DiffError> {
    let was = metadata_of(Side::A, a, old)?;
    let is = metadata_of(Side::B, b, new)?;
    let mut differs = |change| {
        found.push(FileDifference {
            path: new.clone(),
            change,
        });
    };
    let holds = was.attributes.is_some() && is.attributes.is_some();
    times(was.times(), is.times(), holds, &mut differs);
    if let (Some(old), Some(new)) = (was.attributes, is.attributes)
        && old != new
    {
        differs(FileChange::Attributes { old, new });
    }
    if was.links != is.links {
        differs(FileChange::Links {
            old: was.links,
            new: is.links,
        });
    }
    let in_a = |error| DiffError::tree(Side::A, error);
    let in_b = |error| DiffError::tree(Side::B, error);
    let (Some(before), Some(after)) =
        (a.details(old).map_err(in_a)?, b.details(new).map_err(in_b)?)
    else {
        return Ok(());
    };
    details((old, &before), (new, &after), &mut differs)?;
    // As many names, but other ones.
    if was.links == is.links && was.links > 1 && was.kind == Kind::File {
        let names = |mut names: Vec<ImagePath>| {
            names.sort();
            names
        };
        let before = names(a.names(old).map_err(in_a)?);
        let after = names(b.names(new).map_err(in_b)?);
        if before != after {
            differs(FileChange::Links {
                old: was.links,
                new: is.links,
            });
        }
    }
    Ok(())
}

/// Compares what two trees know of a link that leads to the same place in both,
/// or of another reparse point.
pub(super) fn compare_links(
    a: &dyn FileTree,
    b: &dyn FileTree,
    (old, new): Both<'_>,
    found: &mut Vec<FileDifference>,
) -> Result<(), DiffError> {
    let was = a.reparse_point(old);
    let is = b.reparse_point(new);
    let (Some(was), Some(is)) = (
        was.map_err(|error| DiffError::tree(Side::A, error))?,
        is.map_err(|error| DiffError::tree(Side::B, error))?,
    ) else {
        return Ok(());
    };
    let mut differs = |change| {
        found.push(FileDifference {
            path: new.clone(),
            change,
        });
    };
    times(was.times, is.times, true, &mut differs);
    if was.attributes != is.attributes {
        differs(FileChange::Attributes {
            old: was.attributes,
            new: is.attributes,
        });
    }
    if (was.tag, was.flags, &was.data) != (is.tag, is.flags, &is.data) {
        differs(FileChange::Reparse {
            old: (was.tag, was.data.len() as u64),
            new: (is.tag, is.data.len() as u64),
        });
    }
    details((old, &was.details), (new, &is.details), &mut differs)
}

fn times(was: Times, is: Times, holds: bool, differs: &mut dyn FnMut(FileChange)) {
    if let (Some(old), Some(new)) = (was.written, is.written)
        && old != new
    {
        differs(FileChange::Modified { old, new });
    }
    if let (Some(old), Some(new)) = (was.created, is.created)
        && old != new
        && holds
    {
        differs(FileChange::Created { old, new });
    }
}

type Details = FileDetails<Arc<dyn Blob>>;

fn details(
    (old, was): (&ImagePath, &Details),
    (new, is): (&ImagePath, &Details),
    differs: &mut dyn FnMut(FileChange),
) -> Result<(), DiffError> {
    if let (Some(old), Some(new)) = (&was.short_name, &is.short_name)
        && old != new
    {
        let (old, new) = (old.clone(), new.clone());
        differs(FileChange::ShortName { old, new });
    }
    if let (Some(old), Some(new)) = (&was.security, &is.security)
        && old != new
    {
        let (old, new) = (old.clone(), new.clone());
        differs(FileChange::Security { old, new });
    }
    if let (Some(old), Some(new)) = (&was.tagged, &is.tagged)
        && old != new
    {
        let (old, new) = (old.clone(), new.clone());
        differs(FileChange::Tagged { old, new });
    }
    let known = |side, path: &ImagePath, details: &Details| {
        let mut streams = BTreeMap::new();
        for stream in details.streams.iter().flatten() {
            let id = ContentId::of_blob(stream.content.as_ref());
            let id = id.map_err(|error| DiffError::tree(side, TreeError::new(path, error)))?;
            streams.insert(stream.name.clone(), id);
        }
        Ok::<BTreeMap<Text, ContentId>, DiffError>(streams)
    };
    let was = known(Side::A, old, was)?;
    let is = known(Side::B, new, is)?;
    let mut names: Vec<&Text> = was.keys().chain(is.keys()).collect();
    names.sort();
    names.dedup();
    for name in names {
        let (old, new) = (was.get(name), is.get(name));
        if old != new {
            differs(FileChange::Stream {
                name: name.clone(),
                old: old.map(|id| id.len),
                new: new.map(|id| id.len),
            });
        }
    }
    Ok(())
}
