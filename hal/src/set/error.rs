//! Why a HAL is not switched.

use wimwright_servicing::{DraftError, ImagePath, PathError, TreeError, WindowsVersion};

use crate::driver_cache::CacheError;
use crate::kind::HalType;
use crate::level::Level;
use crate::survey::Unreadable;

/// Why a HAL is not switched; nothing was planned then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SetError {
    /// Vista and later choose at boot.
    #[error("Windows {version} chooses its HAL at boot: there is nothing to switch")]
    NotImageBound {
        /// The image's version.
        version: WindowsVersion,
    },
    /// An architecture without such HALs.
    #[error("nothing is known of the HALs of {architecture}")]
    Architecture {
        /// The image's architecture.
        architecture: wimwright_servicing::Architecture,
    },
    /// Which HAL is installed cannot be told.
    #[error("what `{path}` is cannot be told, so that it is not switched")]
    UnknownHal {
        /// The file.
        path: ImagePath,
    },
    /// There is no HAL.
    #[error("the image has no HAL (`{path}`)")]
    NoHal {
        /// Where it should lie.
        path: ImagePath,
    },
    /// A switch outside of the two pairs.
    #[error(
        "the image has {from} ({}), and a switch to {to} ({}) is not supported",
        from.description(),
        to.description()
    )]
    NotSupported {
        /// What is installed.
        from: HalType,
        /// What was asked for.
        to: HalType,
    },
    /// boot.ini loads other files.
    #[error(
        "boot.ini has `{name}` loaded in place of the installed file, so that a switch would do \
         nothing"
    )]
    Overridden {
        /// The file that it names.
        name: String,
    },
    /// The kernel says no version.
    #[error("the version of `{path}` cannot be read, so that no files of its level can be chosen")]
    NoVersion {
        /// The kernel.
        path: ImagePath,
    },
    /// No device of class Computer, or more than one.
    #[error("{control_set} has {count} devices of class Computer, expected one")]
    Computers {
        /// The control set.
        control_set: wimwright_servicing::registry::ControlSet,
        /// How many there are.
        count: usize,
    },
    /// The device names no driver key.
    #[error("the device `{key}` names no driver")]
    NoDriver {
        /// Its key.
        key: String,
    },
    /// A file of the right level is nowhere.
    #[error("no `{name}` of {level} is at hand{}", rejected_text(rejected))]
    NoFile {
        /// The file, as the media name it.
        name: &'static str,
        /// What it has to be of.
        level: Wanted,
        /// What was found instead, and why it was not taken.
        rejected: Vec<String>,
        /// The line of sysprep.inf by which mini-setup switches; `None` where
        /// there is none.
        line: Option<String>,
    },
    /// A part of the image cannot be read.
    #[error("the image cannot be read: {0}")]
    Unreadable(#[from] Unreadable),
    /// The driver cache or the given folder cannot be read.
    #[error(transparent)]
    Cache(#[from] CacheError),
    /// A file in a cabinet is damaged.
    #[error("`{name}` in `{place}`")]
    Expand {
        /// The file.
        name: String,
        /// The cabinet or compressed file.
        place: ImagePath,
        /// What is wrong with it.
        #[source]
        source: wimwright_servicing::compressed::Error,
    },
    /// A change could not be planned.
    #[error(transparent)]
    Draft(#[from] DraftError),
    /// A tree cannot be read.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// A name that is no path.
    #[error(transparent)]
    Path(#[from] PathError),
}

/// The level that a file has to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Exactly this version, as the kernel that it replaces.
    Version(wimwright_servicing::pe::VersionNumber),
    /// This build and service pack.
    Level(Level),
}

impl std::fmt::Display for Wanted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Wanted::Version(version) => write!(f, "version {version}"),
            Wanted::Level(level) => level.fmt(f),
        }
    }
}

fn rejected_text(rejected: &[String]) -> String {
    match rejected {
        [] => String::new(),
        some => format!(" ({})", some.join("; ")),
    }
}

impl SetError {
    /// What the user can do about it, where we know.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            SetError::NotSupported { from, .. } => match from.partner() {
                Some(other) => format!(
                    "Microsoft supports a switch to {other} only; for other computers install \
                     Windows on one of them and make an image of that"
                ),
                None => "Microsoft supports no switch from it: install Windows on a computer of \
                         that kind and make an image of it"
                    .to_owned(),
            },
            SetError::NoFile { line, .. } => {
                let by_hand = "`--source DIR` takes files of the same level: the i386 folder of \
                               media with this service pack, or a folder with the files of the \
                               installed hotfix";
                match line {
                    Some(line) => format!(
                        "{by_hand}; or let mini-setup switch, where the image waits for it: in \
                         [Unattended] of Sysprep\\sysprep.inf: {line}"
                    ),
                    None => by_hand.to_owned(),
                }
            }
            SetError::Overridden { .. } => {
                "remove /HAL and /KERNEL from boot.ini, then switch".to_owned()
            }
            SetError::UnknownHal { .. } | SetError::Computers { .. } => {
                "`hal audit` shows what was read".to_owned()
            }
            SetError::Draft(error) => return error.hint(),
            _ => return None,
        })
    }
}
