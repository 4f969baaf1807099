//! The Windows that a driver INF is read for.

use std::fmt;

use serde::Serialize;
pub use wimwright_servicing::{Architecture, ProductType};

/// The Windows of an image, as far as INFs ask for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Target {
    /// Major version: 5 for 2000 to 2003, 6 for Vista to 8.1, then 10.
    pub major: u32,
    /// Minor version.
    pub minor: u32,
    /// Build number.
    pub build: u32,
    /// Client, server or domain controller.
    pub product_type: ProductType,
    /// `VER_SUITE_*` bits, such as 0x80 for Datacenter and 0x200 for Home.
    pub suite_mask: u32,
    /// Architecture of the kernel.
    pub architecture: Architecture,
}

impl Target {
    /// A client Windows without suite bits.
    pub fn workstation(major: u32, minor: u32, build: u32, architecture: Architecture) -> Self {
        Target {
            major,
            minor,
            build,
            product_type: ProductType::Workstation,
            suite_mask: 0,
            architecture,
        }
    }

    /// Whether the Windows is at least of this version.
    pub fn at_least(&self, major: u32, minor: u32) -> bool {
        (self.major, self.minor) >= (major, minor)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}.{}.{} {}",
            self.major, self.minor, self.build, self.architecture
        )
    }
}
