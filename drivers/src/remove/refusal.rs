//! Why a driver package is not removed.

use crate::stored::Unfit;

/// Why a driver package is not removed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    /// The word names none that may be removed.
    #[error(transparent)]
    Unfit(#[from] Unfit),
    /// The image may need it to boot.
    #[error(
        "{}: if the machine boots from a disk behind it, Windows stops with 0x7B \
         (INACCESSIBLE_BOOT_DEVICE) without it. Add the driver that takes its place first; \
         `--force` removes it all the same",
        boots(name, services, devices)
    )]
    BootCritical {
        name: String,
        /// Those of its services that start at boot.
        services: Vec<String>,
        /// The devices of the image that use them.
        devices: Vec<String>,
    },
    /// Another one of those to be removed with it cannot be.
    #[error("nothing is removed, because `{other}` is refused")]
    Together { other: String },
}

/// What makes a package needed at boot.
pub(super) fn boots(name: &str, services: &[String], devices: &[String]) -> String {
    let services = match services {
        [] => "Windows marked it as needed to boot".to_owned(),
        [one] => format!("its service `{one}` starts at boot"),
        more => format!("its services {} start at boot", quoted(more)),
    };
    let devices = match devices {
        [] => "no device of the image is known to use it".to_owned(),
        used => format!("used by {}", quoted(used)),
    };
    format!("`{name}` is a boot driver: {services} ({devices})")
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
