//! What a file says of its images, changed in place.

use super::ContainerError;
use super::contents::{check_changeable, check_name, element_of, set_text};
use crate::wim_file::WimFile;

/// What is to be said of images; what is `None` stays. Empty text removes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edits {
    /// The name.
    pub name: Option<String>,
    /// The description.
    pub description: Option<String>,
    /// The name that Windows Setup shows.
    pub display_name: Option<String>,
    /// The description that Windows Setup shows.
    pub display_description: Option<String>,
    /// The edition, as Windows Setup wants it: `Professional`.
    pub flags: Option<String>,
    /// Whether the image is the bootable one; `false` leaves none.
    pub boot: Option<bool>,
    /// Whether the file has an integrity table.
    pub check: Option<bool>,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Set {
    /// Whether anything was written.
    pub changed: bool,
    /// The bootable image now.
    pub boot: Option<u32>,
    /// Whether the file has an integrity table now.
    pub check: bool,
}

/// Changes what the XML data and the header say of `images` (numbers from 1
/// on). Where they say it already nothing is written.
///
/// # Errors
/// [`ContainerError::NameTaken`], [`ContainerError::OneName`],
/// [`ContainerError::OneBoot`], [`ContainerError::NotXmlText`],
/// [`ContainerError::File`].
pub fn set(wim: &WimFile, images: &[u32], edits: &Edits) -> Result<Set, ContainerError> {
    check_changeable(wim)?;
    let archive = wim.archive();
    if let Some(name) = &edits.name {
        match images {
            [image] => check_name(wim.path(), archive, name, Some(*image))?,
            _ => {
                return Err(ContainerError::OneName {
                    count: images.len(),
                    name: name.clone(),
                });
            }
        }
    }
    let header = archive.header();
    let boot = match (edits.boot, images) {
        (None, _) => header.boot_index,
        (Some(false), _) => 0,
        (Some(true), [image]) => *image,
        (Some(true), _) => {
            let count = images.len();
            return Err(ContainerError::OneBoot { count });
        }
    };
    let mut xml = archive.xml().clone();
    for &image in images {
        let before = element_of(archive, image);
        let mut element = before.clone();
        for (what, name, text) in [
            ("name", "NAME", &edits.name),
            ("description", "DESCRIPTION", &edits.description),
            ("display name", "DISPLAYNAME", &edits.display_name),
            (
                "display description",
                "DISPLAYDESCRIPTION",
                &edits.display_description,
            ),
            ("flags", "FLAGS", &edits.flags),
        ] {
            if let Some(text) = text {
                set_text(&mut element, what, name, text)?;
            }
        }
        if element != before {
            xml.set_image(image, element);
        }
    }
    // Boot managers read the header's copy of where the metadata lie.
    let is_named = match boot {
        0 => header.boot_metadata.is_absent(),
        boot => archive
            .metadata_entry(boot)
            .is_ok_and(|entry| entry.resource == header.boot_metadata),
    };
    let boots = boot == header.boot_index && (edits.boot.is_none() || is_named);
    let had_check = !header.integrity.is_absent();
    let check = edits.check.unwrap_or(had_check);
    let changed = xml != *archive.xml() || !boots || check != had_check;
    if changed {
        let at = ContainerError::wim(wim.path());
        let mut update = wim.update()?;
        *update.xml_mut() = xml;
        update.set_boot(boot).map_err(&at)?;
        update.set_integrity(check);
        let _ = update.commit().map_err(&at)?;
    }
    Ok(Set {
        changed,
        boot: (boot > 0).then_some(boot),
        check,
    })
}
