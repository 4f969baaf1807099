//! `/List-Image`: what is in an image.

use std::path::Path;

use wimwright_servicing::{ImagePath, TreeError};

use super::command::{Command, IMAGE_FILE, INDEX, NAME, READ_CHECKED, value, works};
use super::failure::Failure;
use super::session::Session;
use crate::commands::open;
use crate::render::text::printable;

pub(super) const COMMANDS: &[Command] = &[works(
    "List-Image",
    list,
    "dir FILE.wim:N --recurse",
    &[IMAGE_FILE, INDEX, NAME, READ_CHECKED, value("SWMFile")],
)];

/// How much is written at once, in bytes: an image has a hundred thousand
/// lines.
const PIECE: usize = 1 << 16;

fn list(session: &mut Session<'_, '_>) -> Result<(), Failure> {
    let image = session.one_selected("ImageFile", "Index", "Name")?;
    if session.line.quiet {
        return Ok(());
    }
    let files = open::files(Path::new(&image), session.context)?;
    let tree = files.tree();
    let mut text = "\\\n".to_owned();
    let mut written = Ok(());
    let walked = tree.walk(&ImagePath::root(), &mut |path, _| {
        text.push('\\');
        text.push_str(&printable(&path.to_string()));
        text.push('\n');
        if text.len() > PIECE {
            written = session.context.text(&text);
            text.clear();
        }
        match written.is_err() || session.context.nobody_reads() {
            false => Ok(()),
            true => Err(TreeError::new(path, std::io::Error::other("stopped"))),
        }
    });
    written?;
    if !session.context.nobody_reads() {
        walked.map_err(anyhow::Error::from)?;
    }
    session.context.text(&format!("{text}\n"))?;
    Ok(())
}
