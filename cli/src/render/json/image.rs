//! `info` and `dir`, and what several documents share.

use schemars::JsonSchema;
use serde::Serialize;
use wimwright_servicing::registry::{Condition, ControlSet, ControlSets, HiveName};
use wimwright_servicing::{
    Finding, Generation, ImageFacts, ImagePath, Kind, ProductType, Severity,
};

use super::Document;
use super::generalize::VerdictOfState;

/// `info`.
#[derive(Debug, JsonSchema, Serialize)]
pub struct Info {
    /// One entry an image.
    pub images: Vec<ImageInfo>,
}

impl Document for Info {
    const NAME: &'static str = "info";
}

/// What an image is.
#[derive(Debug, JsonSchema, Serialize)]
pub struct ImageInfo {
    /// The image as it was named.
    pub image: String,
    /// The Windows directory in it.
    pub windows_directory: String,
    /// `10.0.19045`.
    pub version: String,
    /// Major version number.
    pub major: u32,
    /// Minor version number.
    pub minor: u32,
    /// Build number.
    pub build: u32,
    /// The number behind the build that updates raise.
    pub revision: Option<u32>,
    /// `ProductName`, which says "Windows 10" on 11.
    pub product_name: Option<String>,
    /// `EditionID`, like `Professional`.
    pub edition: Option<String>,
    /// `InstallationType`, like `Client`.
    pub installation_type: Option<String>,
    /// `x86`, `amd64`, `arm`, `arm64`, `ia64`.
    pub architecture: String,
    /// `workstation`, `server` or `domain-controller`.
    pub product_type: Option<String>,
    /// `Service Pack 1`.
    pub service_pack: Option<String>,
    /// Whether it is a WinPE image.
    pub windows_pe: bool,
    /// How drivers are kept: `nt5`, `nt6` or `driver-database`.
    pub generation: String,
    /// Whether it is generalized; null where that cannot be told.
    pub generalization: Option<VerdictOfState>,
    /// The control sets.
    pub control_sets: ControlSetNumbers,
    /// The hives.
    pub hives: Vec<HiveEntry>,
    /// How many driver packages there are; null where they cannot be counted.
    pub drivers: Option<Counts>,
    /// What is odd.
    pub findings: Vec<FindingEntry>,
}

impl ImageInfo {
    pub(crate) fn new(image: &str, facts: &ImageFacts) -> ImageInfo {
        ImageInfo {
            image: image.to_owned(),
            windows_directory: facts.windows.to_string(),
            version: facts.version.to_string(),
            major: facts.version.major,
            minor: facts.version.minor,
            build: facts.version.build,
            revision: facts.revision,
            product_name: facts.product_name.clone(),
            edition: facts.edition.clone(),
            installation_type: facts.installation_type.clone(),
            architecture: facts.architecture.name().to_owned(),
            product_type: facts.product_type.map(|kind| {
                match kind {
                    ProductType::Workstation => "workstation",
                    ProductType::DomainController => "domain-controller",
                    ProductType::Server => "server",
                }
                .to_owned()
            }),
            service_pack: facts.service_pack.clone(),
            windows_pe: facts.windows_pe,
            generation: match facts.generation {
                Generation::Nt5 => "nt5",
                Generation::Nt6 => "nt6",
                Generation::DriverDatabase => "driver-database",
            }
            .to_owned(),
            generalization: None,
            control_sets: ControlSetNumbers::from(&facts.control_sets),
            hives: Vec::new(),
            drivers: None,
            findings: Vec::new(),
        }
    }
}

/// The control sets: `ControlSet001`, or null where there is none.
#[derive(Debug, JsonSchema, Serialize)]
pub struct ControlSetNumbers {
    /// The one that the next boot takes.
    pub default: String,
    /// The one that the last boot took.
    pub current: Option<String>,
    /// The last one that booted to a logon.
    pub last_known_good: Option<String>,
    /// The one that failed to boot.
    pub failed: Option<String>,
}

impl From<&ControlSets> for ControlSetNumbers {
    fn from(sets: &ControlSets) -> ControlSetNumbers {
        let named = |set: Option<ControlSet>| set.map(|set| set.to_string());
        ControlSetNumbers {
            default: sets.default.to_string(),
            current: named(sets.current),
            last_known_good: named(sets.last_known_good),
            failed: named(sets.failed),
        }
    }
}

/// A hive of the image.
#[derive(Debug, JsonSchema, Serialize)]
pub struct HiveEntry {
    /// `SYSTEM`, `SOFTWARE`, `DRIVERS`.
    pub name: String,
    /// How it was found.
    pub state: HiveState,
    /// What its logs held, or why they did not help.
    pub detail: Option<String>,
}

/// How a hive was found.
#[derive(Clone, Copy, Debug, JsonSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum HiveState {
    /// Its last write was complete.
    Clean,
    /// It was dirty; its logs were replayed in memory.
    DirtyReplayed,
    /// It is dirty and its last changes are lost.
    DirtyLost,
    /// The image has no such hive.
    Absent,
    /// It cannot be read.
    Damaged,
}

impl HiveEntry {
    pub(crate) fn new(name: &HiveName, condition: Option<Condition>) -> HiveEntry {
        let (state, detail) = match condition {
            None => (HiveState::Absent, None),
            Some(Condition::Clean) => (HiveState::Clean, None),
            Some(Condition::Replayed(applied)) => (HiveState::DirtyReplayed, Some(applied)),
            Some(Condition::Unrecovered(reason)) => (HiveState::DirtyLost, Some(reason)),
        };
        HiveEntry {
            name: name.to_string(),
            state,
            detail,
        }
    }
}

/// How many driver packages an image has.
#[derive(Clone, Copy, Debug, JsonSchema, Serialize)]
pub struct Counts {
    /// Third parties'.
    pub third_party: usize,
    /// Those that came with Windows.
    pub inbox: usize,
}

/// Something odd but survivable.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct FindingEntry {
    /// Its kebab-case name, the same for all findings of its kind.
    pub name: String,
    /// How much it matters.
    pub severity: Level,
    /// What was found, where, and what it means.
    pub message: String,
}

/// How much a finding matters.
#[derive(Clone, Copy, Debug, JsonSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Worth knowing.
    Note,
    /// Likely not what is wanted.
    Warning,
}

impl From<&Finding> for FindingEntry {
    fn from(finding: &Finding) -> FindingEntry {
        FindingEntry {
            name: finding.name.to_owned(),
            severity: match finding.severity {
                Severity::Note => Level::Note,
                Severity::Warning => Level::Warning,
            },
            message: finding.message.clone(),
        }
    }
}

/// `dir`.
#[derive(Debug, JsonSchema, Serialize)]
pub struct Dir {
    /// One entry an image.
    pub images: Vec<Directory>,
}

impl Document for Dir {
    const NAME: &'static str = "dir";
}

/// What a directory of an image holds.
#[derive(Debug, JsonSchema, Serialize)]
pub struct Directory {
    /// The image as it was named.
    pub image: String,
    /// The directory.
    pub path: String,
    /// What is in it.
    pub entries: Vec<DirEntry>,
}

/// A file or directory of an image.
#[derive(Debug, JsonSchema, Serialize)]
pub struct DirEntry {
    /// Its path from the image root, with backslashes; an object with `utf16`
    /// where the name is no Unicode text.
    #[schemars(with = "super::plan::Text")]
    pub path: ImagePath,
    /// What it is.
    pub kind: DirKind,
    /// Length in bytes; null for all but files.
    pub size: Option<u64>,
    /// When it was last written, ISO 8601 UTC.
    pub modified: Option<String>,
}

/// What a name stands for.
#[derive(Clone, Copy, Debug, JsonSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DirKind {
    /// A file.
    File,
    /// A directory.
    Directory,
    /// A link or junction that is not followed.
    Link,
}

impl From<Kind> for DirKind {
    fn from(kind: Kind) -> DirKind {
        match kind {
            Kind::File => DirKind::File,
            Kind::Directory => DirKind::Directory,
            Kind::Link => DirKind::Link,
        }
    }
}
