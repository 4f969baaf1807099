//! What a check found, and what mends it.

use std::fmt;

use wimwright_servicing::ImagePath;
use wimwright_servicing::plan::{Basis, Change, Subject};
use wimwright_servicing::registry::{HiveName, KeyPath};

use super::Check;
use crate::store::node::Node;
use crate::store::published_name::OemNumber;

/// One fault of an image's driver store.
#[derive(Clone, Debug)]
pub struct Fault {
    /// The check that found it.
    pub check: &'static Check,
    /// Where: a path of the image, or a registry key.
    pub place: String,
    /// What is wrong there. One sentence: lower case, no full stop.
    pub message: String,
    /// What mends it.
    pub mend: Mend,
    /// What `repair` plans.
    pub(super) fixes: Vec<Fix>,
    /// A third party's package that is not whole and cannot be made so from
    /// what the image holds: its name for `remove`.
    pub(super) lost: Option<String>,
}

/// Two faults are the same where the same is wrong in the same place.
impl PartialEq for Fault {
    fn eq(&self, other: &Fault) -> bool {
        (self.check.name, &self.place, &self.message)
            == (other.check.name, &other.place, &other.message)
    }
}

/// What mends a fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mend {
    /// [`repair`](super::repair) does it; this is what it does.
    Repair(String),
    /// A command does it.
    Command {
        /// The words behind the program's name; `IMAGE` stands for the image.
        words: Vec<String>,
        /// What to know of it; may be empty.
        note: String,
    },
    /// Nothing here does: why, and what can be done.
    Manual(String),
}

impl fmt::Display for Mend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Mend::Repair(what) | Mend::Manual(what) => f.write_str(what),
            Mend::Command { words, note } => {
                write!(f, "wimwright {}", words.join(" "))?;
                match note.as_str() {
                    "" => Ok(()),
                    note => write!(f, " ({note})"),
                }
            }
        }
    }
}

/// A part of a repair.
#[derive(Clone, Debug)]
pub(super) enum Fix {
    /// This change.
    Change(Change, Basis),
    /// A file of the image is copied to another place in it.
    Copy {
        from: ImagePath,
        to: ImagePath,
        basis: Basis,
    },
    /// A value goes out of the index of device ids, with keys that this leaves
    /// empty.
    Unindex {
        node: Node,
        key: KeyPath,
        published: String,
    },
    /// A number is marked as taken in `OemInfMap`.
    TakeNumber(OemNumber),
    /// A number is marked as free in `OemInfMap`.
    FreeNumber(OemNumber),
    /// What adding the package would write, within a scope.
    Rebuild { id: String, scope: Scope },
    /// What a package that waits for the first boot needs and does not have.
    Restore { folder: ImagePath, inf: String },
    /// A directory goes out of `DevicePath`.
    Unlist { directory: String },
    /// A line goes out of WinPE's script.
    Unload { directory: String, inf: String },
}

/// Which part of what adding a package would write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// What is missing of a key, and of all below it.
    Key(KeyPath),
    /// What is missing of a key's own values.
    Values(KeyPath),
    /// A service, with the files that it runs, as far as they are missing.
    Service(String),
}

impl Fault {
    /// A fault without a mend yet.
    pub(super) fn new(
        check: &'static Check,
        place: impl fmt::Display,
        message: impl Into<String>,
    ) -> Fault {
        Fault {
            check,
            place: place.to_string(),
            message: message.into(),
            mend: Mend::Manual(String::new()),
            fixes: Vec::new(),
            lost: None,
        }
    }

    /// Mended by a repair that does this.
    pub(super) fn repaired_by(mut self, does: impl Into<String>, fixes: Vec<Fix>) -> Fault {
        self.mend = Mend::Repair(does.into());
        self.fixes = fixes;
        self
    }

    /// Mended by a command.
    pub(super) fn mended_by(mut self, words: &[&str], note: impl Into<String>) -> Fault {
        self.mend = Mend::Command {
            words: words.iter().map(|word| (*word).to_owned()).collect(),
            note: note.into(),
        };
        self
    }

    /// Not mended: why, and what can be done.
    pub(super) fn not_mended(mut self, why: impl Into<String>) -> Fault {
        self.mend = Mend::Manual(why.into());
        self
    }

    /// A package of which the image has not what is missing.
    pub(super) fn added_again(self, name: &str) -> Fault {
        self.mended_by(
            &["drivers", "add", "IMAGE", "PACKAGE"],
            format!(
                "with the folder of this driver as PACKAGE; if it is not needed any more: \
                 `wimwright drivers remove IMAGE {name}`"
            ),
        )
    }

    /// A package of which the image has nothing but entries.
    pub(super) fn lost_package(mut self, name: &str) -> Fault {
        self.lost = Some(name.to_owned());
        self.added_again(name)
    }

    /// Whether `repair` mends it.
    pub fn is_repairable(&self) -> bool {
        matches!(self.mend, Mend::Repair(_))
    }
}

/// How a key is named to users: `SYSTEM\DriverDatabase\...`.
pub(super) fn in_hive(hive: HiveName, key: &KeyPath) -> Subject {
    let key = key.clone();
    Subject::Key { hive, key }
}
