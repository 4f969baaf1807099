//! Why a package cannot be staged, or taken back.

use super::super::identity::Identity;
use super::super::key_form::NotAscii;
use super::super::package::PackageError;
use super::super::store::{PackageState, StoreError};
use crate::draft::DraftError;
use crate::path::PathError;
use crate::registry::RegistryError;
use crate::tree::TreeError;
use crate::update::consistency::Inconsistency;

/// Why a package cannot be staged, or taken back.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StageError {
    /// The image keeps components in a way that is not known.
    #[error("Windows {found} keeps its components otherwise than Windows 7 and later")]
    OldStore {
        /// Its version.
        found: String,
    },
    /// The image has no component store.
    #[error("the image has no component store: {missing} is not there")]
    NoStore {
        /// What is missing.
        missing: String,
    },
    /// Windows has still to finish something.
    #[error("the image has something to finish at its next start: {what} ({place})")]
    Pending {
        /// What.
        what: String,
        /// Where that is seen.
        place: String,
    },
    /// Another architecture.
    #[error("the package is for {package}, the image is {image}")]
    Architecture {
        /// That of the package.
        package: String,
        /// That of the image.
        image: &'static str,
    },
    /// The package is there in a state that nothing can be added to.
    #[error("the image has the package in state `{state}`")]
    State {
        /// Its state.
        state: PackageState,
    },
    /// The payload is stored as differences from files of the image.
    #[error("its payload is stored as `{format}`, which cannot be expanded here")]
    Format {
        /// As the package calls it.
        format: String,
    },
    /// It brings a driver.
    #[error("it brings the driver `{name}`, which belongs into the driver store")]
    Driver {
        /// Its name.
        name: String,
    },
    /// An element that is not known, so that it is not known what it asks for.
    #[error("`{mum}` has an element that is not known: `{element}`")]
    Unknown {
        /// The description.
        mum: String,
        /// The element's path.
        element: String,
    },
    /// It brings nothing that could be staged.
    #[error("the package brings no component")]
    Empty,
    /// Something that it brings is not in it.
    #[error("the package names `{name}`, but does not have it{}", others(*more))]
    Missing {
        /// What.
        name: String,
        /// How many more are missing.
        more: usize,
    },
    /// A file cannot be had.
    #[error("`{file}` cannot be expanded here: {reason}{}", others(*more))]
    NotExpanded {
        /// The file.
        file: String,
        /// Why.
        reason: String,
        /// How many more cannot.
        more: usize,
        /// Whether Windows itself can expand it.
        beyond_us: bool,
    },
    /// A file is not the one that was signed for.
    #[error("`{file}`: {reason}{}", others(*more))]
    NotVerified {
        /// The file.
        file: String,
        /// Why.
        reason: String,
        /// How many more are not.
        more: usize,
    },
    /// No catalog lists a manifest or description, or none that is trusted.
    #[error("`{file}` is not covered by a catalog that is trusted: {reason}")]
    NotCovered {
        /// The file.
        file: String,
        /// Why.
        reason: String,
    },
    /// The image has another component under the same name.
    #[error("the image has component `{name}` with another manifest")]
    OtherComponent {
        /// Its name.
        name: String,
    },
    /// What was planned does not hold together: nothing is written.
    #[error("the component store would not be whole: {found}{}", others(*more))]
    Inconsistent {
        /// The first of what is wrong.
        found: Box<Inconsistency>,
        /// How many more are.
        more: usize,
    },
    /// The package is not in the image.
    #[error("the image has no package `{name}`")]
    NoPackage {
        /// As the user named it.
        name: String,
    },
    /// Who staged it knows how to take it back.
    #[error("package `{identity}` was not staged by this program, but by `{client}`")]
    NotOurs {
        /// Which.
        identity: Box<Identity>,
        /// Who staged it.
        client: String,
    },
    /// It is in use.
    #[error("package `{identity}` is {state}, not staged: Windows itself has to remove it")]
    InUse {
        /// Which.
        identity: Box<Identity>,
        /// Its state.
        state: PackageState,
    },
    /// Another package brought it.
    #[error("package `{identity}` belongs to `{owner}`; remove that one")]
    Owned {
        /// Which.
        identity: Box<Identity>,
        /// Who brought it.
        owner: String,
    },
    /// The package's files.
    #[error(transparent)]
    Package(#[from] PackageError),
    /// The image's packages.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The image.
    #[error(transparent)]
    Draft(#[from] DraftError),
    /// The image's files.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// A hive.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// A name that is no path.
    #[error(transparent)]
    Path(#[from] PathError),
    /// A name whose value in the registry is not known.
    #[error(transparent)]
    NotAscii(#[from] NotAscii),
}

fn others(more: usize) -> String {
    match more {
        0 => String::new(),
        more => format!(", and {more} more"),
    }
}

impl StageError {
    /// Whether Windows itself can install the package all the same, so that it
    /// may wait for the first boot.
    pub fn can_wait(&self) -> bool {
        match self {
            StageError::OldStore { .. }
            | StageError::NoStore { .. }
            | StageError::Format { .. }
            | StageError::Driver { .. }
            | StageError::Unknown { .. }
            | StageError::Empty
            | StageError::OtherComponent { .. }
            | StageError::NotAscii(_) => true,
            StageError::NotExpanded { beyond_us, .. } => *beyond_us,
            _ => false,
        }
    }
}
