//! What keeps a container from being opened, or its files from being taken
//! out.

use std::io;
use std::path::PathBuf;

use crate::cabinet::CabinetError;
use crate::tree::TreeError;

use super::{MAX_CONTAINERS, MAX_DEPTH};

/// Why a container is not opened, or its files are not taken out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ContainerError {
    /// The host says no.
    #[error("`{}`", path.display())]
    Host {
        /// Where.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It is nothing that packages come in.
    #[error("it is neither a cabinet, a WIM file, nor a program: it begins with {start:02x?}")]
    Unknown {
        /// The first bytes, eight at most.
        start: Vec<u8>,
    },
    /// A program without a cabinet inside.
    #[error("it is a program, but no cabinet that can be read is inside")]
    NoCabinet,
    /// A program with several cabinets inside.
    #[error("it is a program with {count} cabinets inside, expected one")]
    SeveralCabinets {
        /// How many.
        count: usize,
    },
    /// The cabinet is damaged, or a file of it leads elsewhere.
    #[error(transparent)]
    Cabinet(#[from] CabinetError),
    /// The WIM file is damaged.
    #[error("the WIM file cannot be read")]
    Wim(#[source] wimwright_wim::Error),
    /// A WIM file with several images, or none.
    #[error("the WIM file has {images} images, expected one")]
    Images {
        /// How many.
        images: u32,
    },
    /// Its files cannot be listed or read.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// Containers inside each other, too deep.
    #[error("it is inside more than {MAX_DEPTH} others")]
    TooDeep,
    /// More containers than are opened.
    #[error("there are more than {MAX_CONTAINERS} containers in it")]
    TooMany,
    /// What is to be made is there.
    #[error("`{}` is there already", path.display())]
    Exists {
        /// Where.
        path: PathBuf,
    },
    /// A folder's files are out already.
    #[error("a folder is unpacked already")]
    Folder,
}

impl ContainerError {
    pub(super) fn host(path: impl Into<PathBuf>, source: io::Error) -> ContainerError {
        ContainerError::Host {
            path: path.into(),
            source,
        }
    }

    /// Whether what was asked for is refused, and nothing is damaged.
    pub fn is_refusal(&self) -> bool {
        use crate::cabinet::MemberError;
        match self {
            ContainerError::Host { .. } | ContainerError::Wim(_) | ContainerError::Tree(_) => false,
            ContainerError::Cabinet(error) => matches!(
                error,
                CabinetError::PartOfSet { .. }
                    | CabinetError::MissingPart { .. }
                    | CabinetError::OtherSet { .. }
                    | CabinetError::TooLarge { .. }
                    | CabinetError::Member {
                        source: MemberError::Name(_) | MemberError::Method { .. },
                        ..
                    }
            ),
            _ => true,
        }
    }

    /// What the user can do about it, where that is known.
    pub fn hint(&self) -> Option<String> {
        match self {
            ContainerError::Cabinet(
                CabinetError::MissingPart { wanted, .. } | CabinetError::PartOfSet { wanted },
            ) => Some(format!(
                "put all parts into one folder; `{wanted}` is missing"
            )),
            ContainerError::Exists { .. } => Some("name a folder that is not there".to_owned()),
            ContainerError::TooMany => Some("name one of them".to_owned()),
            _ => None,
        }
    }
}
