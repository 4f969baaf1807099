//! Why an operation on drivers failed as a whole.

use wimwright_servicing::registry::RegistryError;
use wimwright_servicing::{DraftError, PathError, TreeError, WindowsVersion};

/// Why an operation failed. What is wrong with one package is not here: it is
/// that package's result.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The image should have a driver database, but has none.
    #[error(
        "the image is Windows {version}, but its SYSTEM hive has no key `DriverDatabase`: its \
         driver store is missing or damaged"
    )]
    NoDatabase {
        /// The image's version.
        version: WindowsVersion,
    },
    /// The image should have no driver database, but has one.
    #[error(
        "the image says that it is Windows {version}, but its SYSTEM hive has a key \
         `DriverDatabase`, which came with Windows 8: one of them is wrong"
    )]
    UnexpectedDatabase {
        /// The image's version.
        version: WindowsVersion,
    },
    /// The image has no such package.
    #[error("the image has no driver `{name}`")]
    NoSuchDriver {
        /// As the user named it.
        name: String,
    },
    /// The computer has no such controller.
    #[error("`{hardware}` has no device `{wanted}`")]
    NoSuchController {
        /// As the user named it.
        wanted: String,
        /// The computer.
        hardware: String,
        /// The controllers that it has.
        known: Vec<String>,
    },
    /// A change could not be planned.
    #[error(transparent)]
    Draft(#[from] DraftError),
    /// A hive cannot be read.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// A tree cannot be read.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// A name that is no path.
    #[error(transparent)]
    Path(#[from] PathError),
}

impl Error {
    /// What the user can do about it, where we know.
    pub fn hint(&self) -> Option<String> {
        match self {
            Error::Draft(error) => error.hint(),
            Error::Registry(error) => error.hint(),
            Error::NoSuchDriver { .. } => {
                Some("`drivers list` shows the names; `--all` adds those of Windows".to_owned())
            }
            Error::NoSuchController { known, .. } if !known.is_empty() => {
                Some(format!("its storage controllers are {}", quoted(known)))
            }
            _ => None,
        }
    }
}

fn quoted(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}
