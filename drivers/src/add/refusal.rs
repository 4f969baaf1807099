//! Why a package is not added. One package's refusal never touches another.

use std::io;

use wimwright_servicing::registry::{HiveError, RegistryError};
use wimwright_servicing::{Architecture, DraftError, ImagePath, PathError, catalog, pe};

use crate::error::Error;
use crate::model::{Finding, NotApplicable};
use crate::signature::DriverSignature;

/// Why a package is not added.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The INF or a file of the package cannot be read.
    #[error("`{path}` cannot be read: {source}")]
    Read {
        /// Which file.
        path: ImagePath,
        /// Why.
        source: io::Error,
    },
    /// The INF is larger than any real one.
    #[error("`{path}` has {len} bytes; an INF of more than {limit} is not read")]
    TooLarge {
        /// The INF.
        path: ImagePath,
        /// Its length.
        len: u64,
        /// The limit.
        limit: u64,
    },
    /// The INF has nothing for this Windows.
    #[error("{0}")]
    NotApplicable(NotApplicable),
    /// The INF breaks a rule without which it cannot be carried out.
    #[error("{first}{}", more(*others))]
    Broken {
        /// The first finding.
        first: Finding,
        /// How many more there are.
        others: usize,
    },
    /// The INF names no setup class.
    #[error("[Version] has no ClassGuid: Windows cannot tell what kind of device this is")]
    NoClass,
    /// A file that the INF names is not there.
    #[error("the package lacks `{path}`, which its INF names{}", more(*others))]
    MissingFile {
        /// The file, beside the INF.
        path: String,
        /// How many more are missing.
        others: usize,
    },
    /// A file is to be copied to an absolute path.
    #[error(
        "`{path}` is to be copied to the absolute path `{destination}` (directory id 65535), which \
         may lie outside the image"
    )]
    AbsolutePath {
        /// The file, beside the INF.
        path: String,
        /// The folder that the INF names.
        destination: String,
    },
    /// A driver for another processor.
    #[error("`{path}` is a driver for {machine}, but the image is {architecture}")]
    Machine {
        /// The file, beside the INF.
        path: String,
        /// What it is for.
        machine: pe::Machine,
        /// What the image is.
        architecture: Architecture,
    },
    /// A driver file that begins as a program and is none.
    #[error("`{path}` is damaged")]
    Damaged {
        /// The file, beside the INF.
        path: String,
        /// What is wrong.
        #[source]
        source: pe::Error,
    },
    /// The catalog cannot be read.
    #[error("the catalog `{path}` is damaged")]
    Catalog {
        /// The catalog.
        path: ImagePath,
        /// What is wrong.
        #[source]
        source: catalog::Error,
    },
    /// A package that is not signed as 64-bit Windows demands.
    #[error(
        "Windows on {architecture} takes signed drivers only, and this one is not: {reason}; \
         `--force-unsigned` adds it all the same"
    )]
    NotSigned {
        /// What is wrong with its signature.
        reason: String,
        /// What the image is.
        architecture: Architecture,
    },
    /// The image holds a newer package for the same devices.
    #[error(
        "`{by}` in the image (`{inf}`, {date}, {version}) is newer and serves all its devices, so \
         Windows would not use this one; `--allow-older` adds it all the same"
    )]
    Superseded {
        /// The newer one: its published name, or `pending:...`.
        by: String,
        /// Its INF before it was published.
        inf: String,
        /// Its date, ISO.
        date: String,
        /// Its version.
        version: String,
    },
    /// A package of text mode setup for a Windows that has none.
    #[error("`txtsetup.oem` is for the text mode setup of Windows 2000, XP and 2003")]
    TextSetupOfOther,
    /// A `txtsetup.oem` without any mass storage driver.
    #[error("`txtsetup.oem` offers no mass storage driver")]
    NoOption,
    /// Options of a `txtsetup.oem` that exclude each other.
    #[error(
        "options {} of `txtsetup.oem` bring different drivers for the service `{service}`, and \
         [Defaults] names none of them", options.join(" and ")
    )]
    AmbiguousOptions {
        /// The service.
        service: String,
        /// The options.
        options: Vec<String>,
    },
    /// All published names are taken.
    #[error("the image has no free published name left (oem0.inf to oem65535.inf)")]
    NoFreeName,
    /// A file cannot be staged.
    #[error(transparent)]
    Staging(DraftError),
    /// A section, id or value of the INF is none that the registry can hold.
    #[error("the registry cannot hold what the INF asks for")]
    Registry(#[source] RegistryError),
    /// A name of the INF is none that a Windows file can have.
    #[error(transparent)]
    Name(PathError),
}

fn more(others: usize) -> String {
    match others {
        0 => String::new(),
        others => format!(" (and {others} more)"),
    }
}

/// Why adding a package stopped: the package, or the image.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Stop {
    #[error(transparent)]
    Refused(#[from] Box<Refusal>),
    #[error(transparent)]
    Failed(Error),
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Stop {
        Stop::Refused(Box::new(refusal))
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Stop {
        match error {
            Error::Draft(error) => error.into(),
            Error::Registry(error) => error.into(),
            Error::Path(error) => Refusal::Name(error).into(),
            other => Stop::Failed(other),
        }
    }
}

impl From<DraftError> for Stop {
    /// What is wrong with a source or a name is the package's fault, the rest
    /// the image's.
    fn from(error: DraftError) -> Stop {
        match error {
            DraftError::NotInSource { .. }
            | DraftError::Expand { .. }
            | DraftError::ContentChanged { .. }
            | DraftError::Conflict { .. } => Refusal::Staging(error).into(),
            DraftError::Registry(error) => error.into(),
            DraftError::Path(error) => Refusal::Name(error).into(),
            other => Stop::Failed(other.into()),
        }
    }
}

impl From<RegistryError> for Stop {
    fn from(error: RegistryError) -> Stop {
        match &error {
            RegistryError::Hive {
                source:
                    HiveError::KeyName { .. }
                    | HiveError::ValueName { .. }
                    | HiveError::ValueTooLong { .. },
                ..
            } => Refusal::Registry(error).into(),
            // As everywhere, an error of the image comes as one of the draft.
            _ => Stop::Failed(DraftError::Registry(error).into()),
        }
    }
}

impl Refusal {
    /// Whether the package is for other Windows, and nothing else is known to be
    /// wrong with it.
    pub(super) fn is_for_other_windows(&self) -> bool {
        matches!(
            self,
            Refusal::NotApplicable(
                NotApplicable::Architecture { .. }
                    | NotApplicable::Requirements { .. }
                    | NotApplicable::Excluded { .. }
            )
        )
    }

    /// What it says of the package's signature.
    pub(crate) fn signature(&self) -> DriverSignature {
        match self {
            // There is one, but nobody can read it.
            Refusal::Catalog { .. } => DriverSignature::Invalid,
            _ => DriverSignature::Unknown,
        }
    }

    /// The whole reason, with what lies behind it.
    pub(crate) fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            let next = error.to_string();
            if !text.ends_with(&next) {
                text.push_str(": ");
                text.push_str(&next);
            }
            cause = error.source();
        }
        text
    }
}
