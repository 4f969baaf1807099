//! The Windows that a driver INF is read for.

use std::fmt;

use serde::{Serialize, Serializer};

/// Processor architectures that an INF can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Architecture {
    /// 32-bit Intel.
    X86,
    /// 64-bit Intel and AMD.
    Amd64,
    /// 32-bit ARM, from Windows 8.
    Arm,
    /// 64-bit ARM, from Windows 10 1709.
    Arm64,
    /// Itanium, up to Server 2008 R2; seen in decorations.
    Ia64,
}

impl Architecture {
    /// All of them.
    pub const ALL: [Architecture; 5] = [
        Architecture::X86,
        Architecture::Amd64,
        Architecture::Arm,
        Architecture::Arm64,
        Architecture::Ia64,
    ];

    /// The name in decorations (behind `nt`) and in `[SourceDisksFiles.x86]`.
    pub fn name(self) -> &'static str {
        match self {
            Architecture::X86 => "x86",
            Architecture::Amd64 => "amd64",
            Architecture::Arm => "arm",
            Architecture::Arm64 => "arm64",
            Architecture::Ia64 => "ia64",
        }
    }

    /// The architecture of that name, without case.
    pub fn from_name(name: &str) -> Option<Self> {
        Architecture::ALL
            .into_iter()
            .find(|architecture| architecture.name().eq_ignore_ascii_case(name))
    }

    /// `PROCESSOR_ARCHITECTURE_*` of winnt.h.
    pub fn processor_architecture(self) -> u16 {
        match self {
            Architecture::X86 => 0,
            Architecture::Arm => 5,
            Architecture::Ia64 => 6,
            Architecture::Amd64 => 9,
            Architecture::Arm64 => 12,
        }
    }
}

impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for Architecture {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// `VER_NT_*` of winnt.h.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProductType {
    /// A client Windows, number 1.
    Workstation,
    /// A server that is a domain controller, number 2.
    DomainController,
    /// Any other server, number 3.
    Server,
}

impl ProductType {
    /// The number that decorations use.
    pub fn number(self) -> u32 {
        match self {
            ProductType::Workstation => 1,
            ProductType::DomainController => 2,
            ProductType::Server => 3,
        }
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn architectures_are_found_by_name_without_case() {
        for architecture in Architecture::ALL {
            let name = architecture.name().to_uppercase();
            assert_eq!(Architecture::from_name(&name), Some(architecture));
        }
        assert_eq!(Architecture::from_name("mips"), None);
        assert_eq!(Architecture::from_name(""), None);
    }
}
