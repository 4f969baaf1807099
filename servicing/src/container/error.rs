//! Why a container was not read, changed or written.

use std::path::{Path, PathBuf};

use super::compression::{Compression, chunk_sizes};
use crate::image_name::ImageNameError;
use crate::wim_file::WimFileError;

/// Why a container was not read, changed or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ContainerError {
    /// What is wrong with a file.
    #[error(transparent)]
    File(#[from] WimFileError),
    /// No image of the file is meant.
    #[error(transparent)]
    Name(#[from] ImageNameError),
    /// Parts of a split set were not named.
    #[error("{} of {parts} of the set of `{}` {} not here", part_list(missing), file.display(), if missing.len() == 1 { "is" } else { "are" })]
    PartsMissing {
        /// The part that was named.
        file: PathBuf,
        /// Numbers of those that were not.
        missing: Vec<u16>,
        /// How many there are.
        parts: u16,
    },
    /// An image names content that is nowhere here.
    #[error("`{entry}` of image {image} of `{}` has content that is not here: {hash}", file.display())]
    ContentMissing {
        /// The file.
        file: PathBuf,
        /// The image, from 1 on.
        image: u32,
        /// Name of the first file of it without its content.
        entry: String,
        /// SHA-1 of the content.
        hash: String,
    },
    /// An image has the name already.
    #[error("image {image} of `{}` is named `{name}` already", file.display())]
    NameTaken {
        /// The file.
        file: PathBuf,
        /// The image that has it, from 1 on.
        image: u32,
        /// The name.
        name: String,
    },
    /// Several images cannot have one name.
    #[error("{count} images cannot all be named `{name}`")]
    OneName {
        /// How many images are meant.
        count: usize,
        /// The name.
        name: String,
    },
    /// Only one image is bootable.
    #[error("{count} images cannot all be the bootable one")]
    OneBoot {
        /// How many images are meant.
        count: usize,
    },
    /// None of the images is the bootable one of its file.
    #[error("none of the images is the bootable one of `{}`", file.display())]
    NoBoot {
        /// The file.
        file: PathBuf,
    },
    /// Text that no XML can hold.
    #[error("the {what} holds the character {character:?}, which XML data cannot hold")]
    NotXmlText {
        /// What it was to be.
        what: &'static str,
        /// The character.
        character: char,
    },
    /// A file keeps at least one image.
    #[error("`{}` would have no image left", file.display())]
    LastImage {
        /// The file.
        file: PathBuf,
    },
    /// A file is no part of a set.
    #[error("`{}` is a whole file, not a part of a split set", file.display())]
    NotAPart {
        /// The file.
        file: PathBuf,
    },
    /// A file is a part of another set.
    #[error("`{}` is not of the same split set as `{}`", file.display(), first.display())]
    OtherSet {
        /// The file.
        file: PathBuf,
        /// The one that was named first.
        first: PathBuf,
    },
    /// Part 1 of a set was not named.
    #[error("part 1 of the set of `{}` is not here", file.display())]
    FirstPartMissing {
        /// The part that was named.
        file: PathBuf,
    },
    /// The number of parts that fit a size is out of bounds.
    #[error("parts of {size} bytes are too small: at least {least} are needed")]
    PartSize {
        /// What was asked for, in bytes.
        size: u64,
        /// The smallest size.
        least: u64,
    },
    /// A name that parts cannot have.
    #[error("`{}` is no name for the parts of a set", path.display())]
    PartName {
        /// The name.
        path: PathBuf,
    },
    /// No such compression.
    #[error("`{found}` is no compression: there are `none`, `xpress` and `lzx`")]
    Compression {
        /// What was asked for.
        found: String,
    },
    /// LZMS is only read.
    #[error("LZMS cannot be written by this version, only read")]
    Lzms,
    /// The compression has no such chunks.
    #[error("`{compression}` has no chunks of {size} bytes: {}", chunk_sizes(*compression))]
    ChunkSize {
        /// The compression.
        compression: Compression,
        /// What was asked for, in bytes.
        size: u32,
    },
    /// A file that images are added to is packed in another way.
    #[error("`{}` is packed as {has}, not as {asked}", file.display())]
    PackedOtherwise {
        /// The file.
        file: PathBuf,
        /// How it is packed.
        has: String,
        /// What was asked for.
        asked: String,
    },
    /// The destination is there and is no WIM file.
    #[error("`{}` exists and is no WIM file that an image could be added to", path.display())]
    NotAWim {
        /// The destination.
        path: PathBuf,
    },
}

impl ContainerError {
    /// What is wrong with a file itself.
    pub(super) fn wim(path: &Path) -> impl Fn(wimwright_wim::Error) -> ContainerError + '_ {
        move |source| ContainerError::File(WimFileError::wim(path, source))
    }

    /// What the system says of a file.
    pub(super) fn host(path: &Path) -> impl Fn(std::io::Error) -> ContainerError + '_ {
        move |source| ContainerError::File(WimFileError::host(path, source))
    }

    /// Whether what was asked for means nothing, whatever the file.
    pub fn is_usage(&self) -> bool {
        matches!(
            self,
            ContainerError::OneName { .. }
                | ContainerError::OneBoot { .. }
                | ContainerError::NotXmlText { .. }
                | ContainerError::PartSize { .. }
                | ContainerError::PartName { .. }
                | ContainerError::Compression { .. }
                | ContainerError::ChunkSize { .. }
        )
    }

    /// What can be done about it, where that is known.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            ContainerError::File(error) => return error.hint(),
            ContainerError::Name(error) => return error.hint(),
            ContainerError::PartsMissing { file, .. }
            | ContainerError::FirstPartMissing { file } => {
                let pattern = pattern_of_parts(file);
                format!(
                    "name all parts to `join`, like `{pattern}`; other commands find them with \
                     `--ref '{pattern}'`"
                )
            }
            ContainerError::ContentMissing { .. } => {
                "if the file was captured against another one, `--ref OTHER.wim` names it; \
                 `verify` lists all that is missing"
                    .to_owned()
            }
            ContainerError::NameTaken { .. } => "`--name` gives it another name".to_owned(),
            ContainerError::NoBoot { .. } => {
                "export the image that is to be bootable by itself, with `--boot`".to_owned()
            }
            ContainerError::LastImage { .. } => {
                "a WIM file keeps at least one image; to be rid of all, remove the file".to_owned()
            }
            ContainerError::NotAPart { .. } => {
                "`export FILE:all NEW.wim` brings images of several files into one".to_owned()
            }
            ContainerError::Lzms => "`--compress lzx` packs best of what can be written".to_owned(),
            ContainerError::PackedOtherwise { file, .. } => format!(
                "an image that is added is packed as the others are; `optimize {} --compress ..` \
                 packs the whole file anew",
                file.display()
            ),
            ContainerError::NotAWim { .. } => "`--force` replaces it".to_owned(),
            _ => return None,
        })
    }
}

/// What is likely to fit all parts of a set: `a*.swm` for `a3.swm`.
fn pattern_of_parts(part: &Path) -> String {
    let stem = part.file_stem().unwrap_or_default().to_string_lossy();
    let stem = stem.trim_end_matches(|c: char| c.is_ascii_digit());
    let extension = part.extension().unwrap_or_default().to_string_lossy();
    let name = match extension.is_empty() {
        true => format!("{stem}*"),
        false => format!("{stem}*.{extension}"),
    };
    part.with_file_name(name).display().to_string()
}

fn part_list(parts: &[u16]) -> String {
    const SHOWN: usize = 20;
    let shown: Vec<_> = parts.iter().take(SHOWN).map(u16::to_string).collect();
    let word = match parts.len() {
        1 => "part",
        _ => "parts",
    };
    let more = match parts.len().checked_sub(SHOWN) {
        Some(more) if more > 0 => format!(" and {more} more"),
        _ => String::new(),
    };
    format!("{word} {}{more}", shown.join(", "))
}
