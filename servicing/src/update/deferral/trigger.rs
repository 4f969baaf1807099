//! What starts the script, whichever it is: put in place, looked for, and taken
//! out again.

use super::error::DeferError;
use super::insertion::TextFile;
use super::queue::{Insertion, Queue};
use super::state::Mechanism;
use super::{missing_above, put as put_file, remove as remove_file, remove_made};
use super::{service, setup_complete, sysprep_inf};
use crate::draft::Draft;
use crate::tree::FileTree as _;

/// Largest `SetupComplete.cmd` that is added to, in bytes.
const MAX_SCRIPT: u64 = 16 << 20;

/// The mechanism where the image has a say in it: a sysprep.inf with an
/// `InstallFilesPath` has mini-setup run more than `[GuiRunOnce]`.
pub(super) fn refined(draft: &Draft, mechanism: Mechanism) -> Result<Mechanism, DeferError> {
    Ok(match mechanism {
        Mechanism::GuiRunOnce if sysprep_inf::install_files(draft)?.is_some() => {
            Mechanism::CmdLines
        }
        other => other,
    })
}

/// Puts it in place; what is in place stays as it is.
pub(super) fn put(draft: &mut Draft, queue: &mut Queue) -> Result<(), DeferError> {
    match queue.mechanism {
        Mechanism::Service => service::put(draft),
        Mechanism::SetupComplete => put_setup_complete(draft, queue),
        Mechanism::GuiRunOnce | Mechanism::CmdLines => {
            let there = match &queue.insertion {
                Some(insertion) => sysprep_inf::is_there(draft, &insertion.path)?,
                None => false,
            };
            if there {
                return Ok(());
            }
            let (file, insertion) = match queue.mechanism {
                Mechanism::CmdLines => {
                    let folder = sysprep_inf::install_files(draft)?.unwrap_or_default();
                    sysprep_inf::cmdlines(draft, &folder)?
                }
                _ => sysprep_inf::gui_run_once(draft)?,
            };
            put_file(draft, insertion.path.clone(), file.into_bytes())?;
            queue.insertion = Some(insertion);
            Ok(())
        }
    }
}

fn put_setup_complete(draft: &mut Draft, queue: &mut Queue) -> Result<(), DeferError> {
    let path = setup_complete::path(draft.facts())?;
    let before = draft.read(&path, MAX_SCRIPT)?;
    if queue.insertion.is_none() {
        queue.insertion = Some(Insertion {
            made: missing_above(draft, &path)?,
            path: path.clone(),
            created: before.is_none(),
            text: setup_complete::BLOCK.to_owned(),
        });
    }
    let script = TextFile::new(before.unwrap_or_default());
    let with = setup_complete::put(script, &path)?;
    put_file(draft, path, with.into_bytes())?;
    Ok(())
}

/// Takes it out.
pub(super) fn remove(draft: &mut Draft, queue: &Queue) -> Result<(), DeferError> {
    if queue.mechanism == Mechanism::Service {
        return service::remove(draft);
    }
    let Some(insertion) = &queue.insertion else {
        return Ok(());
    };
    let left = match queue.mechanism {
        Mechanism::SetupComplete => match draft.read(&insertion.path, MAX_SCRIPT)? {
            None => None,
            Some(bytes) => {
                let left = setup_complete::take(TextFile::new(bytes), &insertion.path)?;
                (!(insertion.created && left.is_empty())).then_some(left)
            }
        },
        _ => sysprep_inf::take(draft, insertion)?,
    };
    match left {
        Some(left) => {
            put_file(draft, insertion.path.clone(), left.into_bytes())?;
        }
        None => {
            remove_file(draft, insertion.path.clone())?;
            remove_made(draft, &insertion.made)?;
        }
    }
    Ok(())
}

/// Whether it is in place, as it was put there.
pub(super) fn is_there(draft: &Draft, queue: &Queue) -> Result<bool, DeferError> {
    match (queue.mechanism, &queue.insertion) {
        (Mechanism::Service, _) => service::is_there(draft),
        (_, None) => Ok(false),
        (Mechanism::SetupComplete, Some(insertion)) => {
            let bytes = draft.read(&insertion.path, MAX_SCRIPT)?;
            let script = TextFile::new(bytes.unwrap_or_default());
            let found = setup_complete::find(&script, &insertion.path);
            Ok(matches!(found, Ok(setup_complete::Block::Whole)))
        }
        (_, Some(insertion)) => sysprep_inf::is_there(draft, &insertion.path),
    }
}
