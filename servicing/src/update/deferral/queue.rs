//! `queue.json`: which packages wait, in which order, and what was made for
//! them in the image.
//!
//! It lies beside the packages, below `Windows\Setup\Scripts`:
//!
//! * Setup looks for its own script there, Sysprep leaves it alone, and capture
//!   leaves it in. `\Sysprep` is deleted by mini-setup.
//! * It inherits its security from the Windows folder: what runs as Local System
//!   must not be writable by everybody, as folders in ProgramData can be.
//! * A script finds it beside itself.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::error::DeferError;
use super::exit_code::Outcome;
use super::payload::{Installer, PackageKind};
use super::state::Mechanism;
use super::{setup_complete, sysprep_inf};
use crate::facts::ImageFacts;
use crate::path::ImagePath;
use crate::tree::FileTree;

/// Below the Windows directory.
const FOLDER: &str = "Setup\\Scripts\\wimwright";
const FILE: &str = "queue.json";
pub(super) const SCRIPT: &str = "run.cmd";
/// Largest queue that is read, in bytes: some thousands of packages.
const MAX_QUEUE: u64 = 4 << 20;
/// Largest result file that is read; ours have some twenty bytes.
const MAX_RESULT: u64 = 4096;
/// Most packages that wait. Nobody has met hundreds.
pub(super) const MAX_PACKAGES: usize = 10_000;

/// What `queue.json` says of itself.
const SCHEMA: &str = "wimwright/first-boot-queue/1";

/// The queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Queue {
    schema: String,
    /// What starts it.
    pub(super) mechanism: Mechanism,
    /// What was put into a text file to start it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) insertion: Option<Insertion>,
    /// The folders above this one that were made for it, the outermost first.
    #[serde(default)]
    pub(super) made: Vec<ImagePath>,
    /// The packages, in order.
    pub(super) packages: Vec<Entry>,
}

/// A package that waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    /// Its number, from 1; never given twice while something waits.
    pub(super) number: u32,
    /// What its file is called here.
    pub(super) file: String,
    /// What the user called it.
    pub(super) name: String,
    pub(super) kind: PackageKind,
    pub(super) installer: Installer,
    /// Length in bytes.
    pub(super) size: u64,
    pub(super) sha256: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) identity: Option<String>,
}

/// What was put into a text file, so that exactly that can be taken out again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Insertion {
    /// The file.
    pub(super) path: ImagePath,
    /// Whether it was made for this.
    pub(super) created: bool,
    /// The folders above it that were made for it, the outermost first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) made: Vec<ImagePath>,
    /// The text.
    pub(super) text: String,
}

impl Queue {
    /// An empty queue, for which the folders `made` are to be made.
    pub(super) fn new(mechanism: Mechanism, made: Vec<ImagePath>) -> Queue {
        Queue {
            schema: SCHEMA.to_owned(),
            mechanism,
            insertion: None,
            made,
            packages: Vec::new(),
        }
    }

    /// The number that the next package gets.
    pub(super) fn next_number(&self) -> u32 {
        let last = self.packages.iter().map(|entry| entry.number).max();
        last.unwrap_or_default().saturating_add(1)
    }

    /// The queue of an image; `None` where nothing waits.
    ///
    /// # Errors
    /// A file that is not as it was written.
    pub(super) fn read(
        tree: &dyn FileTree,
        facts: &ImageFacts,
    ) -> Result<Option<Queue>, DeferError> {
        let path = folder(facts)?.join(FILE)?;
        let Some(bytes) = tree.read(&path, MAX_QUEUE)? else {
            return Ok(None);
        };
        let unreadable = |reason: String| DeferError::Queue {
            path: path.clone(),
            reason,
        };
        let queue: Queue =
            serde_json::from_slice(&bytes).map_err(|error| unreadable(error.to_string()))?;
        if queue.schema != SCHEMA {
            return Err(unreadable(format!(
                "its schema is `{}`, expected `{SCHEMA}`",
                queue.schema
            )));
        }
        if queue.packages.len() > MAX_PACKAGES {
            return Err(unreadable(format!(
                "it has {} packages, at most {MAX_PACKAGES} are possible",
                queue.packages.len()
            )));
        }
        queue.check_places(facts).map_err(unreadable)?;
        let mut numbers = HashSet::new();
        for entry in &queue.packages {
            if !numbers.insert(entry.number) {
                return Err(unreadable(format!("it has two packages {}", entry.number)));
            }
            let expected = file_name(entry.number, entry.kind);
            if entry.file != expected {
                return Err(unreadable(format!(
                    "the file of package {} is `{}`, expected `{expected}`",
                    entry.number, entry.file
                )));
            }
        }
        Ok(Some(queue))
    }

    /// Refuses places that are not those of its mechanism: whatever the file
    /// says, nothing else of the image is edited or removed.
    fn check_places(&self, facts: &ImageFacts) -> Result<(), String> {
        let above = |made: &[ImagePath], path: &ImagePath| {
            made.iter().all(|folder| path.starts_with(folder))
        };
        let folder = folder(facts).map_err(|error| error.to_string())?;
        if !above(&self.made, &folder) {
            return Err(format!("it names folders that are not above `{folder}`"));
        }
        let Some(insertion) = &self.insertion else {
            return Ok(());
        };
        let path = &insertion.path;
        let expected = match self.mechanism {
            Mechanism::SetupComplete => setup_complete::path(facts).ok(),
            Mechanism::GuiRunOnce => sysprep_inf::path().ok(),
            Mechanism::CmdLines => path
                .file_name()
                .filter(|name| name.is(sysprep_inf::CMDLINES))
                .map(|_| path.clone()),
            Mechanism::Service => None,
        };
        match expected.as_ref() == Some(path) && above(&insertion.made, path) {
            true => Ok(()),
            false => Err(format!(
                "it starts by `{path}`, which {} does not",
                self.mechanism
            )),
        }
    }

    /// Its bytes.
    pub(super) fn bytes(&self) -> Result<Vec<u8>, DeferError> {
        let text = serde_json::to_string_pretty(self).map_err(|error| DeferError::Queue {
            path: ImagePath::root(),
            reason: error.to_string(),
        })?;
        Ok(format!("{text}\n").replace('\n', "\r\n").into_bytes())
    }
}

/// The folder in which packages wait.
pub(super) fn folder(facts: &ImageFacts) -> Result<ImagePath, DeferError> {
    Ok(facts.windows.join(FOLDER)?)
}

/// Where the queue lies.
pub(super) fn file(facts: &ImageFacts) -> Result<ImagePath, DeferError> {
    Ok(folder(facts)?.join(FILE)?)
}

/// `01`, and `100` where there are so many.
pub(super) fn digits(number: u32) -> String {
    format!("{number:02}")
}

/// `01.msu`: a name without a character that cmd.exe could take for its own.
pub(super) fn file_name(number: u32, kind: PackageKind) -> String {
    format!("{}.{}", digits(number), kind.ending())
}

/// What the script noted of a package, in a computer that booted the image.
pub(super) fn result(
    tree: &dyn FileTree,
    facts: &ImageFacts,
    number: u32,
) -> Result<Option<(Outcome, Option<i32>)>, DeferError> {
    let path = folder(facts)?.join(&format!("{}.result", digits(number)))?;
    let Some(bytes) = tree.read(&path, MAX_RESULT)? else {
        return Ok(None);
    };
    let text = String::from_utf8_lossy(&bytes);
    let mut words = text.split_whitespace();
    let outcome = words.next().and_then(Outcome::from_name);
    let outcome = outcome.ok_or_else(|| DeferError::Queue {
        path,
        reason: format!("`{}` is no result", text.trim()),
    })?;
    Ok(Some((
        outcome,
        words.next().and_then(|code| code.parse().ok()),
    )))
}
