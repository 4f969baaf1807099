//! Why a package cannot be installed offline.

use super::super::destinations::DestinationError;
use super::super::identity::Identity;
use super::super::package::PackageError;
use super::super::staging::StageError;
use super::super::store::StoreError;
use crate::draft::DraftError;
use crate::path::{ImagePath, PathError};
use crate::registry::RegistryError;
use crate::security::sddl::SddlError;
use crate::tree::TreeError;

/// Why a package cannot be installed offline.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InstallError {
    /// It cannot even be staged.
    #[error(transparent)]
    Stage(StageError),
    /// A component asks for something that only Windows can do.
    #[error("component `{component}` has `{element}`, which only Windows itself can install")]
    Element {
        /// The component's name.
        component: String,
        /// The element, by its path in the manifest.
        element: String,
    },
    /// A component is part of what starts Windows, of which copies are kept in
    /// a way that is not known.
    #[error("component `{component}` belongs to `{category}`, which Windows keeps copies of")]
    Category {
        /// The component's name.
        component: String,
        /// The category.
        category: String,
    },
    /// An update is a feature that people turn on.
    #[error("`{update}` is a feature; turning features on is left to Windows")]
    Feature {
        /// The update.
        update: String,
    },
    /// A condition that is not known.
    #[error("`{update}` applies under a condition that is not known here: {condition}")]
    Condition {
        /// The update.
        update: String,
        /// The condition.
        condition: String,
    },
    /// Two branches of an update apply.
    #[error("`{one}` and `{other}` both bring component `{component}` to use")]
    TwoBranches {
        /// An update.
        one: String,
        /// Another one.
        other: String,
        /// A component that both bring.
        component: String,
    },
    /// Nothing of it applies.
    #[error("no update of it applies to the components of the image")]
    NothingApplies,
    /// It is not known where a file goes.
    #[error("component `{component}`")]
    Destination {
        /// The component's name.
        component: String,
        /// Why.
        #[source]
        source: DestinationError,
    },
    /// A registry key or value that is not known how to set.
    #[error("component `{component}`: `{place}`: {reason}")]
    Registry {
        /// The component's name.
        component: String,
        /// The key, or key and value.
        place: String,
        /// Why.
        reason: String,
    },
    /// A descriptor that cannot be read.
    #[error("component `{component}`")]
    Security {
        /// The component's name.
        component: String,
        /// Why.
        #[source]
        source: SddlError,
    },
    /// The place of a file holds something else.
    #[error(
        "`{path}` is not the file that component `{component}` has there now; somebody put another \
         one in its place"
    )]
    Occupied {
        /// Where.
        path: ImagePath,
        /// The component's name.
        component: String,
    },
    /// The version in use has something that the new one does not have.
    #[error("component `{component}`: {what} of version {version} is not in the new one")]
    Dropped {
        /// The component's name.
        component: String,
        /// What.
        what: String,
        /// The version in use.
        version: String,
    },
    /// The version in use is not in the store, or cannot be read.
    #[error(
        "component `{component}` is in use in version {version}, whose manifest cannot be read"
    )]
    NoOld {
        /// The new component's name.
        component: String,
        /// The version in use.
        version: String,
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
    Hive(#[from] RegistryError),
    /// A name that is no path.
    #[error(transparent)]
    Path(#[from] PathError),
    /// A package that the image has in use already by somebody else.
    #[error("package `{identity}` was staged by `{client}`; only Windows can take it from there")]
    NotOurs {
        /// Which.
        identity: Box<Identity>,
        /// Who staged it.
        client: String,
    },
}

impl From<StageError> for InstallError {
    fn from(error: StageError) -> InstallError {
        InstallError::Stage(error)
    }
}

impl InstallError {
    /// Whether Windows itself can install the package all the same, so that it
    /// may wait for the first boot.
    pub fn can_wait(&self) -> bool {
        match self {
            InstallError::Stage(error) => error.can_wait(),
            InstallError::Package(_)
            | InstallError::Store(_)
            | InstallError::Draft(_)
            | InstallError::Tree(_)
            | InstallError::Hive(_)
            | InstallError::Path(_) => false,
            _ => true,
        }
    }
}
