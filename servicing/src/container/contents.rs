//! What images name: content that has to be there, and names that may be
//! taken.

use std::collections::HashSet;
use std::path::Path;

use wimwright_wim::{Archive, BlobId, Element, Hash, HeaderFlags, Metadata};

use super::ContainerError;
use crate::finding::Finding;
use crate::image_name::name_of;
use crate::wim_file::{WimFile, WimFileError};

/// Content of images, each once.
#[derive(Default)]
pub(super) struct Contents {
    seen: HashSet<Hash>,
    /// In the order in which images name them.
    pub(super) blobs: Vec<BlobId>,
    /// Plain bytes of all.
    pub(super) bytes: u64,
}

impl Contents {
    /// Adds what an image names; content that is nowhere here goes to
    /// `missing`, by the name of its file.
    pub(super) fn add(
        &mut self,
        archive: &Archive,
        metadata: &Metadata,
        mut missing: impl FnMut(&str, Hash) -> Result<(), ContainerError>,
    ) -> Result<(), ContainerError> {
        for (_, dentry) in metadata.walk() {
            for stream in dentry.streams().filter(|stream| !stream.hash.is_zero()) {
                if self.seen.contains(&stream.hash) {
                    continue;
                }
                let found = archive.find(&stream.hash).and_then(|id| archive.blob(id));
                match found.filter(|blob| blob.is_here) {
                    Some(blob) => {
                        self.seen.insert(stream.hash);
                        self.blobs.push(blob.id);
                        self.bytes = self.bytes.saturating_add(blob.size);
                    }
                    None => missing(&dentry.name().to_string(), stream.hash)?,
                }
            }
        }
        Ok(())
    }
}

/// What images of a file name, all of which has to be here.
///
/// # Errors
/// [`ContainerError::PartsMissing`], [`ContainerError::ContentMissing`].
pub(super) fn of_images(wim: &WimFile, images: &[u32]) -> Result<Contents, ContainerError> {
    let archive = wim.archive();
    check_parts(wim.path(), archive)?;
    let mut contents = Contents::default();
    for &image in images {
        let metadata = archive.metadata(image);
        let metadata = metadata.map_err(ContainerError::wim(wim.path()))?;
        contents.add(archive, &metadata, |entry, hash| {
            Err(ContainerError::ContentMissing {
                file: wim.path().to_owned(),
                image,
                entry: entry.to_owned(),
                hash: hash.to_string(),
            })
        })?;
    }
    Ok(contents)
}

/// That all parts of a set are here.
pub(super) fn check_parts(path: &Path, archive: &Archive) -> Result<(), ContainerError> {
    let missing = archive.missing_parts();
    match missing.is_empty() {
        true => Ok(()),
        false => Err(ContainerError::PartsMissing {
            file: path.to_owned(),
            missing,
            parts: archive.header().parts,
        }),
    }
}

/// What keeps a file from being replaced by a changed one: the same that keeps
/// it from being changed in place.
pub(super) fn check_changeable(wim: &WimFile) -> Result<(), ContainerError> {
    let header = wim.archive().header();
    let reason = match () {
        () if header.flags.contains(HeaderFlags::READ_ONLY) => wimwright_wim::Error::ReadOnly,
        () if header.flags.contains(HeaderFlags::WRITE_IN_PROGRESS) => {
            wimwright_wim::Error::WriteInProgress
        }
        () if header.parts > 1 => wimwright_wim::Error::UpdateOfPart {
            part: header.part,
            parts: header.parts,
        },
        () => return Ok(()),
    };
    Err(WimFileError::wim(wim.path(), reason).into())
}

/// What a reader of a file should know before he trusts a copy of it.
pub(super) fn write_in_progress(wim: &WimFile) -> Option<Finding> {
    let mut headers = wim.archive().files();
    let (name, _) =
        headers.find(|(_, header)| header.flags.contains(HeaderFlags::WRITE_IN_PROGRESS))?;
    Some(Finding::warning(
        "write-in-progress",
        format!(
            "the header of `{name}` says that somebody writes to it, or was interrupted: what it \
             names was copied; `verify` tells whether that is sound"
        ),
    ))
}

/// That no image but `except` has this name. Images without one do not clash.
pub(super) fn check_name(
    path: &Path,
    archive: &Archive,
    name: &str,
    except: Option<u32>,
) -> Result<(), ContainerError> {
    let same = |image: &u32| Some(*image) != except && is_named(archive, *image, name);
    match (1..=archive.image_count()).find(same) {
        Some(image) if !name.is_empty() => Err(ContainerError::NameTaken {
            file: path.to_owned(),
            image,
            name: name.to_owned(),
        }),
        _ => Ok(()),
    }
}

fn is_named(archive: &Archive, image: u32, name: &str) -> bool {
    name_of(archive, image).is_some_and(|found| found == name)
}

/// What the XML data say of an image, or the beginnings of it.
pub(super) fn element_of(archive: &Archive, image: u32) -> Element {
    let found = archive.xml().image(image).cloned();
    found.unwrap_or_else(|| Element::new("IMAGE"))
}

/// Sets the text of an element of an image; none removes it.
///
/// # Errors
/// [`ContainerError::NotXmlText`].
pub(super) fn set_text(
    image: &mut Element,
    what: &'static str,
    element: &str,
    text: &str,
) -> Result<(), ContainerError> {
    // XML 1.0, production 2; U+FFFE and U+FFFF are no characters either.
    let odd = |c: &char| {
        (*c < ' ' && !matches!(c, '\t' | '\n' | '\r')) || matches!(c, '\u{FFFE}' | '\u{FFFF}')
    };
    if let Some(character) = text.chars().find(odd) {
        return Err(ContainerError::NotXmlText { what, character });
    }
    match text.is_empty() {
        true => image.remove(element),
        false => image.set_text(element, text),
    }
    Ok(())
}
