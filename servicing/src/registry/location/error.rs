//! Why a registry path names no place in an image.

use crate::path::PathError;
use crate::registry::{HiveName, RegistryError};

/// Why a registry path names no place in an image.
#[derive(Debug, thiserror::Error)]
pub enum LocationError {
    /// Neither a root key, nor a hive, nor a hive's file.
    #[error("`{path}` begins with no root key, no hive and no hive's file of the image")]
    Unknown {
        /// The path as given.
        path: String,
    },
    /// `HKEY_LOCAL_MACHINE\OFFLINE` and the like.
    #[error("`{root}\\{name}` is no hive of the image")]
    NotAHive {
        /// The root key.
        root: &'static str,
        /// What stands below it.
        name: String,
    },
    /// A root key alone.
    #[error("`{root}` is no hive: name one below it")]
    RootAlone {
        /// The root key.
        root: &'static str,
    },
    /// Keys that only a running system has.
    #[error("`{path}` is in no file of an image: {reason}")]
    Volatile {
        /// The key.
        path: &'static str,
        /// Why.
        reason: &'static str,
    },
    /// No such profile.
    #[error("the image has no profile `{user}` (it has: {known})")]
    NoProfile {
        /// Who was asked for.
        user: String,
        /// Those there are.
        known: String,
    },
    /// No profile that new users get.
    #[error("the image has no default profile, which `HKEY_CURRENT_USER` stands for")]
    NoDefaultProfile,
    /// No boot configuration store.
    #[error("the image has no boot configuration store (`Boot\\BCD`, `EFI\\Microsoft\\Boot\\BCD`)")]
    NoBootStore,
    /// More than one boot configuration store.
    #[error("the image has two boot configuration stores, {first} and {second}")]
    TwoBootStores {
        /// One.
        first: HiveName,
        /// The other.
        second: HiveName,
    },
    /// Nothing between two backslashes.
    #[error("`{path}` has an empty name in it")]
    EmptyName {
        /// The path as given.
        path: String,
    },
    /// A name longer than Windows allows.
    #[error("a key's name has at most 255 UTF-16 units, but `{name}` has {units}")]
    NameTooLong {
        /// The name.
        name: String,
        /// Its length.
        units: usize,
    },
    /// More names than keys nest.
    #[error("keys nest at most {max} deep, but `{path}` has {names} names", max = super::MAX_DEPTH)]
    TooDeep {
        /// The path, cut.
        path: String,
        /// How many names it has.
        names: usize,
    },
    /// A key that is a link leads nowhere.
    #[error("`{link}` is a link to `{target}`, which cannot be followed in an image")]
    Link {
        /// The key.
        link: String,
        /// Where it leads.
        target: String,
    },
    /// A mapping that maps nothing.
    #[error("`{mapping}` is no mapping: expected `NAME=HIVE`, like `HKLM\\OFFLINE=SOFTWARE`")]
    Mapping {
        /// The mapping as given.
        mapping: String,
    },
    /// A hive or directory cannot be read.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// A name that is no path.
    #[error(transparent)]
    Path(#[from] PathError),
}

impl LocationError {
    /// What the user can do about it, where we know.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            LocationError::Unknown { .. } => {
                "begin with a root key (HKLM\\SOFTWARE\\..), a hive (SYSTEM, SOFTWARE, SAM, \
                 SECURITY, DEFAULT, DRIVERS, COMPONENTS, BCD), or a hive's file \
                 (Users\\Default\\NTUSER.DAT\\..); names are separated by backslashes, which a \
                 shell wants in single quotes"
                    .to_owned()
            }
            LocationError::NotAHive { root, name } => format!(
                "where a hive was mounted under that name, say which: --map '{root}\\{name}=SOFTWARE'"
            ),
            LocationError::TwoBootStores { first, .. } => {
                format!("name one by its file: `{first}\\Objects`")
            }
            LocationError::NoProfile { .. } => "--user takes a folder's name or a SID".to_owned(),
            LocationError::Registry(error) => return error.hint(),
            _ => return None,
        })
    }
}
