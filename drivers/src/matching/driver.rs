//! A driver that devices can be matched to.

use serde::Serialize;
use wimwright_servicing::FileTime;

use crate::model::{DriverVer, DriverVersion, EXTENSION_CLASS, Guid};
use crate::rank::SignatureClass;
use crate::store::node::Node;

/// Where a driver stands, which decides whether Windows sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// In the driver database of SYSTEM, which the kernel reads at boot.
    SystemDatabase,
    /// In the driver database of DRIVERS.
    DriversDatabase,
    /// In the driver store of Vista and 7.
    DriverStore,
    /// In `Windows\INF`.
    InfDirectory,
    /// In a folder where Windows looks when it meets new hardware
    /// (`DevicePath`).
    Pending,
    /// Not in the image: a package that could be added.
    Package,
}

impl From<Node> for Source {
    fn from(node: Node) -> Source {
        match node {
            Node::System => Source::SystemDatabase,
            Node::Drivers => Source::DriversDatabase,
        }
    }
}

/// A driver package, as far as choosing among drivers asks for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Driver {
    /// `oem7.inf`, or the INF's own name for Windows' drivers; `None` for one
    /// that waits for the first boot or is not in the image.
    pub published_name: Option<String>,
    /// The INF's name before it was published.
    pub original_file_name: String,
    /// Its folder in the driver store, or the one that it would have; `pending:`
    /// and the folder that waits for the first boot; `None` where Windows has no
    /// store.
    pub package_id: Option<String>,
    /// Its INF as a path in what the user gave; `None` for a driver of the
    /// image.
    pub given: Option<String>,
    /// Where it stands.
    pub source: Source,
    /// Whether it came with Windows.
    pub inbox: bool,
    /// The setup class; `None` where it says none.
    pub class: Option<Guid>,
    /// The setup class's name, where the image or the INF knows it.
    pub class_name: Option<String>,
    /// Who made it.
    pub provider_name: String,
    /// The date of `DriverVer`; `FileTime(0)` without one.
    pub date: FileTime,
    /// The version of `DriverVer`; zero without one.
    pub version: DriverVersion,
    /// What its signature is worth: as Windows recorded it in the driver
    /// database, else as the catalog comes out.
    pub signature: SignatureClass,
    /// `ExtensionId` of an extension.
    pub extension_id: Option<Guid>,
    /// Whether a service of it starts with the kernel.
    pub boot_critical: bool,
}

impl Driver {
    /// The name to give to commands; of a package that is not in the image its
    /// INF's path.
    pub fn name(&self) -> &str {
        let names = [&self.given, &self.published_name, &self.package_id];
        let mut names = names.into_iter().flatten();
        names.next().unwrap_or(&self.original_file_name)
    }

    /// Whether it extends other drivers instead of being one.
    pub fn is_extension(&self) -> bool {
        self.class == Some(EXTENSION_CLASS)
    }

    /// Date and version as Windows compares them.
    pub(super) fn dated(version: Option<&DriverVer>) -> (FileTime, DriverVersion) {
        let date = version.and_then(|version| version.date);
        let number = version.and_then(|version| version.version);
        (
            FileTime(date.map_or(0, |date| date.filetime())),
            number.unwrap_or_default(),
        )
    }
}
