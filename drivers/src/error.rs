//! Why an operation on drivers failed as a whole.

use wimwright_servicing::registry::RegistryError;
use wimwright_servicing::{DraftError, Generation, PathError, TreeError, WindowsVersion};

/// Why an operation failed. What is wrong with one package is not here: it is
/// that package's result.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The image is of a generation whose store this version cannot handle.
    #[error(
        "the image is Windows {version}, whose driver store is {}; only the store of Windows 8 \
         and later (6.2 and up) can be serviced",
        store_name(*generation)
    )]
    Generation {
        /// The image's generation.
        generation: Generation,
        /// Its version.
        version: WindowsVersion,
    },
    /// The image should have a driver database, but has none.
    #[error(
        "the image is Windows {version}, but its SYSTEM hive has no key `DriverDatabase`: its \
         driver store is missing or damaged"
    )]
    NoDatabase {
        /// The image's version.
        version: WindowsVersion,
    },
    /// The image has no such package.
    #[error("the image has no driver `{name}`")]
    NoSuchDriver {
        /// As the user named it.
        name: String,
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

fn store_name(generation: Generation) -> &'static str {
    match generation {
        Generation::Nt5 => "none at all (2000, XP, 2003)",
        Generation::Nt6 => "the binary index of Vista and 7",
        Generation::DriverDatabase => "the driver database",
    }
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
            _ => None,
        }
    }
}
