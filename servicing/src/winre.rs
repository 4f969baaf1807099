//! Where an image keeps its recovery environment (WinRE).

use crate::draft::Draft;
use crate::path::{ImagePath, PathError};
use crate::tree::{FileTree as _, TreeError};

/// The WIM file with the recovery environment of an image, which Windows keeps
/// in `System32\Recovery` until Setup copies it to a partition of its own
/// (since Vista; documented under "Customize Windows RE"). `None` where the
/// image has none.
///
/// # Errors
/// When the image cannot be read there.
pub fn winre(draft: &Draft) -> Result<Option<ImagePath>, TreeError> {
    let Ok(path) = below(&draft.facts().windows) else {
        return Ok(None);
    };
    Ok(draft.has_file(&path)?.then_some(path))
}

fn below(windows: &ImagePath) -> Result<ImagePath, PathError> {
    windows.join("System32\\Recovery\\Winre.wim")
}
