//! Why a driver package is not removed.

use std::fmt;

use crate::stored::Unfit;

/// Why a driver package is not removed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    /// The word names none that may be removed.
    #[error(transparent)]
    Unfit(#[from] Unfit),
    /// The image may need it to boot.
    #[error("{0}; add the driver that takes its place first, or use `--force`")]
    BootCritical(Boots),
    /// Published in a store whose index cannot be written.
    #[error(
        "`{name}` is in the index of this Windows' driver store, which is written by Windows alone: \
         remove it there, with `pnputil -d {name}`"
    )]
    InIndex { name: String },
    /// A package that waits, and cannot be read.
    #[error("the package cannot be read: {reason}")]
    Unreadable { reason: String },
    /// Another one of those to be removed with it cannot be.
    #[error("nothing is removed, because `{other}` is refused")]
    Together { other: String },
}

/// What makes a package needed at boot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Boots {
    /// Those of its services that start at boot.
    pub(super) services: Vec<String>,
    /// The devices of the image that use them.
    pub(super) devices: Vec<String>,
}

impl fmt::Display for Boots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("this is a boot driver: ")?;
        match self.services.as_slice() {
            [] => f.write_str("Windows marked it so")?,
            [one] => write!(f, "service `{one}` starts at boot")?,
            more => write!(f, "services {} start at boot", quoted(more))?,
        }
        match self.devices.as_slice() {
            [] => f.write_str(", though no device of the image is known to use it")?,
            used => write!(f, ", for {}", quoted(used))?,
        }
        f.write_str(
            "; without it Windows stops with 0x7B (INACCESSIBLE_BOOT_DEVICE) where it boots from \
             a disk behind this driver",
        )
    }
}

/// At most this many names in one message.
const NAMED: usize = 6;

/// The first few names, and how many more there are.
pub(super) fn quoted(names: &[String]) -> String {
    let shown: Vec<String> = names
        .iter()
        .take(NAMED)
        .map(|name| format!("`{name}`"))
        .collect();
    match names.len().saturating_sub(NAMED) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
