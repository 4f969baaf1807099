//! The registry of an image: its hives, control sets, and values as data.

mod control_set;
mod data;
mod diff;
mod edit;
mod hive_name;
mod hives;
mod inventory;
mod key_path;
mod location;
mod net_effect;
mod read;
mod read_back;
pub mod reg_file;
mod value_words;

pub use control_set::{ControlSet, ControlSets};
pub use data::RegData;
pub(crate) use diff::OF_STORAGE;
pub use diff::{DiffOptions, KeyDetail, RegChange, RegDifference, diff_keys};
pub use edit::{EditError, Imported, delete_key, delete_value, import, set_value, set_words};
pub use hive_name::HiveName;
pub use hives::{Condition, Hives, Loaded};
pub(crate) use hives::{LOG_ENDINGS, SharedHives};
pub use inventory::Profile;
pub use key_path::KeyPath;
pub use location::{Location, LocationError, LocationOptions, Locator, Place};
pub use net_effect::NetEffect;
pub use read::{KeyContent, read_key};
pub use read_back::{ReadBack, ReadBackError, read_back};

pub use value_words::{ValueType, WordsError};

pub use wimwright_hive::{Error as HiveError, Hive, Key, Value};

use crate::path::{ImagePath, PathError};
use crate::tree::TreeError;

/// What stopped a hive from being read or edited.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// The file could not be read.
    #[error("hive {hive}")]
    Tree {
        /// Which hive.
        hive: HiveName,
        /// Why.
        #[source]
        source: TreeError,
    },
    /// The file is no hive, or a damaged one.
    #[error("hive {hive}")]
    Hive {
        /// Which hive.
        hive: HiveName,
        /// Why.
        #[source]
        source: wimwright_hive::Error,
    },
    /// A directory stands where the hive must be.
    #[error("hive {hive}: `{path}` is a directory")]
    NotAFile {
        /// Which hive.
        hive: HiveName,
        /// Where.
        path: ImagePath,
    },
    /// A directory in which hives are looked for could not be read.
    #[error("the image's hives cannot be listed")]
    Inventory {
        /// Why.
        #[source]
        source: TreeError,
    },
    /// A hive that has a name was named by its file.
    #[error("the hive in `{path}` is named {name}")]
    OtherName {
        /// The file.
        path: ImagePath,
        /// Its name.
        name: HiveName,
    },
    /// The image has no such hive.
    #[error("the image has no hive {hive}")]
    Absent {
        /// Which hive.
        hive: HiveName,
    },
    /// The hive is dirty and its logs do not help.
    #[error("hive {hive} is dirty and cannot be recovered, {reason}")]
    Dirty {
        /// Which hive.
        hive: HiveName,
        /// What is wrong with its logs.
        reason: String,
    },
    /// `Select` does not say which control set is in use.
    #[error("hive SYSTEM does not say which control set is in use: {what}")]
    Select {
        /// What is missing.
        what: String,
    },
    /// A name that is no path.
    #[error(transparent)]
    Path(#[from] PathError),
}

impl RegistryError {
    /// What went wrong inside `hive`.
    pub fn in_hive(hive: &HiveName, source: wimwright_hive::Error) -> RegistryError {
        RegistryError::Hive {
            hive: hive.clone(),
            source,
        }
    }

    /// What the user can do about it, where we know.
    pub fn hint(&self) -> Option<String> {
        match self {
            RegistryError::Dirty { hive, .. } => Some(format!(
                "boot the image once and shut it down cleanly, put `{hive}.LOG1` and `{hive}.LOG2` \
                 beside the hive, or go on without its last changes with --accept-dirty-hive"
            )),
            _ => None,
        }
    }
}
