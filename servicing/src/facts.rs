//! What an image is: version, architecture, edition, control sets.
//!
//! Everything is read from the image's own hives and PE files. Two values lie
//! on purpose and are not trusted: `CurrentVersion` says 6.3 on 8.1, 10 and
//! 11, and `ProductName` says "Windows 10" on 11 (driverstore, version trap).

use std::sync::Arc;
use std::{fmt, io};

use serde::{Deserialize, Serialize};
use wimwright_hive::Hive;

use crate::blob::Blob;
use crate::finding::Finding;
use crate::path::{ImagePath, PathError};
use crate::pe;
use crate::registry::{
    Condition, ControlSet, ControlSets, HiveName, Hives, KeyPath, RegistryError,
};
use crate::tree::{FileTree, Kind, TreeError};

/// A processor architecture that Windows runs, or ran, on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Architecture {
    /// 32-bit x86.
    X86,
    /// 64-bit x86.
    Amd64,
    /// 32-bit ARM.
    Arm,
    /// 64-bit ARM.
    Arm64,
    /// Itanium.
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

    /// The name in INF decorations and package ids.
    pub fn name(self) -> &'static str {
        match self {
            Architecture::X86 => "x86",
            Architecture::Amd64 => "amd64",
            Architecture::Arm => "arm",
            Architecture::Arm64 => "arm64",
            Architecture::Ia64 => "ia64",
        }
    }

    /// `PROCESSOR_ARCHITECTURE_*` of winnt.h.
    pub fn number(self) -> u16 {
        match self {
            Architecture::X86 => 0,
            Architecture::Arm => 5,
            Architecture::Ia64 => 6,
            Architecture::Amd64 => 9,
            Architecture::Arm64 => 12,
        }
    }

    /// The one that a PE file is for.
    pub(crate) fn of_machine(machine: pe::Machine) -> Option<Architecture> {
        match machine {
            pe::Machine::X86 => Some(Architecture::X86),
            pe::Machine::Amd64 => Some(Architecture::Amd64),
            pe::Machine::Arm => Some(Architecture::Arm),
            pe::Machine::Arm64 => Some(Architecture::Arm64),
            pe::Machine::Ia64 => Some(Architecture::Ia64),
            _ => None,
        }
    }

    /// Reads such a name, in any case: INFs and the environment write them.
    pub fn from_name(name: &str) -> Option<Architecture> {
        Architecture::ALL
            .into_iter()
            .find(|known| known.name().eq_ignore_ascii_case(name))
    }
}

impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How an image keeps its drivers: decided by version, and for the latest by
/// the database really being there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Generation {
    /// 2000, XP, 2003: no driver store.
    Nt5,
    /// Vista, 7, 2008 and 2008 R2: a store with binary index files.
    Nt6,
    /// Windows 8 and later: a store indexed in the registry.
    DriverDatabase,
}

/// Workstation or server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProductType {
    /// `WinNT`.
    Workstation,
    /// `LanmanNT`.
    DomainController,
    /// `ServerNT`.
    Server,
}

impl ProductType {
    /// `VER_NT_*` of winnt.h, as INF decorations use it.
    pub fn number(self) -> u32 {
        match self {
            ProductType::Workstation => 1,
            ProductType::DomainController => 2,
            ProductType::Server => 3,
        }
    }
}

/// A Windows version: `10.0.19041`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct WindowsVersion {
    /// Major version.
    pub major: u32,
    /// Minor version.
    pub minor: u32,
    /// Build number.
    pub build: u32,
}

impl fmt::Display for WindowsVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.build)
    }
}

/// What an image is.
#[derive(Clone, Debug, Serialize)]
pub struct ImageFacts {
    /// The Windows directory, as spelled: `Windows`, `WINNT`, ...
    pub windows: ImagePath,
    /// Version and build.
    pub version: WindowsVersion,
    /// The number behind the build that updates raise (`UBR`).
    pub revision: Option<u32>,
    /// How drivers are kept.
    pub generation: Generation,
    /// The processor architecture.
    pub architecture: Architecture,
    /// `EditionID`, like `Professional` or `WindowsPE`.
    pub edition: Option<String>,
    /// `ProductName`, which says "Windows 10" on 11.
    pub product_name: Option<String>,
    /// `InstallationType`, like `Client` or `Server Core`.
    pub installation_type: Option<String>,
    /// Workstation or server.
    pub product_type: Option<ProductType>,
    /// The suite bits that INF decorations test.
    pub suite_mask: u32,
    /// `CSDVersion`, like `Service Pack 1`.
    pub service_pack: Option<String>,
    /// The control sets.
    pub control_sets: ControlSets,
    /// Whether it is a WinPE image.
    pub windows_pe: bool,
    /// What the user should know about the image itself.
    #[serde(skip)]
    pub findings: Vec<Finding>,
}

/// Why an image's facts could not be read.
#[derive(Debug, thiserror::Error)]
pub enum FactsError {
    /// There is no Windows in the tree.
    #[error(
        "this is not a Windows image: no directory in it holds `System32\\config\\SYSTEM` \
         (looked in {looked})"
    )]
    NotWindows {
        /// The directories that were looked into.
        looked: String,
    },
    /// WinPE of the XP age, whose registry and drivers are Setup's own.
    #[error(
        "this is a WinPE of the Windows XP age (`{hive}`): it takes its drivers from \
         `txtsetup.sif`, which is not serviced"
    )]
    SetupEnvironment {
        /// Its registry.
        hive: ImagePath,
    },
    /// A hive without which nothing can be said.
    #[error("the image has no hive {hive} (`{path}`)")]
    NoHive {
        /// Which hive.
        hive: HiveName,
        /// Where it should lie.
        path: ImagePath,
    },
    /// The version cannot be read.
    #[error("the image does not say its version: {what}")]
    NoVersion {
        /// What is missing.
        what: &'static str,
    },
    /// The architecture cannot be read.
    #[error(
        "the image does not say its architecture: no kernel in `System32`, and neither \
         `PROCESSOR_ARCHITECTURE` nor `DriverDatabase\\Architecture` in the registry"
    )]
    NoArchitecture,
    /// The image cannot be read.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// A hive cannot be read.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// A name that is no path.
    #[error(transparent)]
    Path(#[from] PathError),
}

/// Finds the directory of `tree` that holds Windows.
///
/// # Errors
/// [`FactsError::NotWindows`], naming what was looked into, and
/// [`FactsError::SetupEnvironment`].
pub fn find_windows(tree: &dyn FileTree) -> Result<ImagePath, FactsError> {
    let root = ImagePath::root();
    let mut looked = Vec::new();
    let mut entries = tree.read_dir(&root)?.unwrap_or_default();
    // `Windows.old` must not win over `Windows`.
    entries.sort_by_key(|entry| !(entry.name.is("Windows") || entry.name.is("WINNT")));
    for entry in entries {
        if entry.kind != Kind::Directory {
            continue;
        }
        let directory = root.child(entry.name);
        let system = directory.join("System32\\config\\SYSTEM")?;
        if tree.metadata(&system)?.is_some() {
            return Ok(directory);
        }
        let setup = directory.join("System32\\setupreg.hiv")?;
        if tree.metadata(&setup)?.is_some() {
            return Err(FactsError::SetupEnvironment { hive: setup });
        }
        looked.push(format!("`{directory}`"));
    }
    if looked.is_empty() {
        looked.push("an image root without directories".to_owned());
    }
    if looked.len() > 12 {
        let more = looked.len() - 12;
        looked.truncate(12);
        looked.push(format!("{more} more"));
    }
    Err(FactsError::NotWindows {
        looked: looked.join(", "),
    })
}

/// Reads one key's values as text or number.
struct Values<'h> {
    hive: HiveName,
    key: Option<wimwright_hive::Key<'h>>,
}

impl<'h> Values<'h> {
    fn at(name: HiveName, hive: &'h Hive, path: &str) -> Result<Values<'h>, RegistryError> {
        let key = hive.key(path);
        Ok(Values {
            key: key.map_err(|source| RegistryError::in_hive(&name, source))?,
            hive: name,
        })
    }

    fn get<T>(
        &self,
        name: &str,
        read: impl FnOnce(wimwright_hive::Value<'h>) -> Option<T>,
    ) -> Result<Option<T>, RegistryError> {
        let Some(key) = self.key else {
            return Ok(None);
        };
        let value = key.value(name);
        let value = value.map_err(|source| RegistryError::in_hive(&self.hive, source))?;
        Ok(value.and_then(read))
    }

    fn text(&self, name: &str) -> Result<Option<String>, RegistryError> {
        let text = self.get(name, |value| value.as_string())?;
        Ok(text.filter(|text| !text.is_empty()))
    }

    fn number(&self, name: &str) -> Result<Option<u32>, RegistryError> {
        self.get(name, |value| value.as_u32())
    }
}

impl ImageFacts {
    /// Those of a tree that is opened for its files alone: they say nothing.
    pub(crate) fn of_files() -> ImageFacts {
        ImageFacts {
            windows: ImagePath::root(),
            version: WindowsVersion {
                major: 0,
                minor: 0,
                build: 0,
            },
            revision: None,
            generation: Generation::Nt5,
            architecture: Architecture::X86,
            edition: None,
            product_name: None,
            installation_type: None,
            product_type: None,
            suite_mask: 0,
            service_pack: None,
            control_sets: ControlSets {
                default: ControlSet(0),
                current: None,
                last_known_good: None,
                failed: None,
            },
            windows_pe: false,
            findings: Vec::new(),
        }
    }

    /// Reads the facts of the image in `tree`, whose Windows lies in
    /// `windows`.
    ///
    /// # Errors
    /// [`FactsError`], naming what the image lacks.
    pub fn read(
        tree: &Arc<dyn FileTree>,
        windows: &ImagePath,
        hives: &Hives,
    ) -> Result<ImageFacts, FactsError> {
        let mut findings = Vec::new();
        let mut load = |hive: &HiveName| -> Result<Arc<Hive>, FactsError> {
            let loaded = hives.load(hive)?.ok_or_else(|| match hives.path(hive) {
                Ok(path) => FactsError::NoHive {
                    hive: hive.clone(),
                    path,
                },
                Err(error) => error.into(),
            })?;
            match loaded.condition {
                Condition::Clean => {}
                Condition::Replayed(applied) => findings.push(Finding::note(
                    "dirty-hive-replayed",
                    format!("hive {hive} was dirty; its log was replayed in memory: {applied}"),
                )),
                Condition::Unrecovered(reason) => findings.push(Finding::warning(
                    "dirty-hive",
                    format!("hive {hive} is dirty and lacks its last changes: {reason}"),
                )),
            }
            Ok(loaded.hive)
        };
        let system = load(&HiveName::System)?;
        let software = load(&HiveName::Software)?;
        let control_sets = ControlSets::read(&system)?;
        if let [default, current] = control_sets.targets().as_slice() {
            findings.push(Finding::warning(
                "control-sets-differ",
                format!(
                    "the next boot takes {default}, the last one took {current}: edits go to both"
                ),
            ));
        }
        let set = control_sets.default;

        let nt = Values::at(
            HiveName::Software,
            &software,
            "Microsoft\\Windows NT\\CurrentVersion",
        )?;
        let version = version(&nt)?;
        let edition = nt.text("EditionID")?;

        let options = Values::at(
            HiveName::System,
            &system,
            &format!("{set}\\Control\\ProductOptions"),
        )?;
        let product_type = match options.text("ProductType")?.as_deref() {
            Some("WinNT") => Some(ProductType::Workstation),
            Some("LanmanNT") => Some(ProductType::DomainController),
            Some("ServerNT") => Some(ProductType::Server),
            _ => None,
        };
        let suites = options.get("ProductSuite", |value| value.as_multi_string())?;
        let control = Values::at(
            HiveName::System,
            &system,
            &format!("{set}\\Control\\Windows"),
        )?;
        let service_pack = match nt.text("CSDVersion")? {
            Some(text) => Some(text),
            // The number's second byte counts service packs: 0x300 is SP 3.
            None => control
                .number("CSDVersion")?
                .map(|number| number >> 8)
                .filter(|pack| *pack != 0)
                .map(|pack| format!("Service Pack {pack}")),
        };

        // Setup's own key, in every WinPE that runs: its first boots had no
        // edition yet.
        let mini_nt = Values::at(
            HiveName::System,
            &system,
            &format!("{set}\\Control\\MiniNT"),
        )?;
        let mini_nt = mini_nt.key.is_some();
        let database = Values::at(HiveName::System, &system, "DriverDatabase")?;
        let generation = match (version.major, version.minor) {
            (..=5, _) => Generation::Nt5,
            (6, ..=1) => Generation::Nt6,
            _ => Generation::DriverDatabase,
        };
        let architecture = architecture(
            tree.as_ref(),
            windows,
            &Values::at(
                HiveName::System,
                &system,
                &format!("{set}\\Control\\Session Manager\\Environment"),
            )?,
            &database,
            &mut findings,
        )?;
        Ok(ImageFacts {
            windows: windows.clone(),
            version,
            revision: nt.number("UBR")?,
            generation,
            architecture,
            windows_pe: edition.as_deref() == Some("WindowsPE") || mini_nt,
            edition,
            product_name: nt.text("ProductName")?,
            installation_type: nt.text("InstallationType")?,
            product_type,
            suite_mask: suite_mask(&suites.unwrap_or_default()),
            service_pack,
            control_sets,
            findings,
        })
    }

    /// The key `below` in each control set that edits go to.
    pub fn control_set_keys(&self, below: &str) -> Vec<KeyPath> {
        let targets = self.control_sets.targets().into_iter();
        targets
            .map(|set| KeyPath::from(format!("{set}\\{below}")))
            .collect()
    }
}

fn version(nt: &Values<'_>) -> Result<WindowsVersion, FactsError> {
    let build = match nt.text("CurrentBuildNumber")? {
        Some(build) => Some(build),
        None => nt.text("CurrentBuild")?,
    };
    let build = build.and_then(|build| build.trim().parse::<u32>().ok());
    let build = build.ok_or(FactsError::NoVersion {
        what: "SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion has no number `CurrentBuildNumber`",
    })?;
    if let Some(major) = nt.number("CurrentMajorVersionNumber")? {
        return Ok(WindowsVersion {
            major,
            minor: nt.number("CurrentMinorVersionNumber")?.unwrap_or(0),
            build,
        });
    }
    if build >= 10_240 {
        return Ok(WindowsVersion {
            major: 10,
            minor: 0,
            build,
        });
    }
    let text = nt.text("CurrentVersion")?;
    let parts = text.as_deref().and_then(|text| text.split_once('.'));
    let parts = parts.and_then(|(major, minor)| Some((major.parse().ok()?, minor.parse().ok()?)));
    let (major, minor) = parts.ok_or(FactsError::NoVersion {
        what: "SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion has no `CurrentVersion` like 6.1",
    })?;
    Ok(WindowsVersion {
        major,
        minor,
        build,
    })
}

fn architecture(
    tree: &dyn FileTree,
    windows: &ImagePath,
    environment: &Values<'_>,
    database: &Values<'_>,
    findings: &mut Vec<Finding>,
) -> Result<Architecture, FactsError> {
    let mut evidence: Vec<(String, Architecture)> = Vec::new();
    for kernel in ["System32\\ntoskrnl.exe", "System32\\ntdll.dll"] {
        let path = windows.join(kernel)?;
        if let Some(blob) = tree.open(&path)? {
            let machine = machine(blob.as_ref()).map_err(|error| TreeError::new(&path, error))?;
            let known = machine.and_then(Architecture::of_machine);
            evidence.extend(known.map(|known| (format!("`{path}`"), known)));
        }
    }
    let environment = environment.text("PROCESSOR_ARCHITECTURE")?;
    if let Some(known) = environment.as_deref().and_then(Architecture::from_name) {
        evidence.push(("`PROCESSOR_ARCHITECTURE`".to_owned(), known));
    }
    if let Some(number) = database.number("Architecture")? {
        let known = Architecture::ALL
            .into_iter()
            .find(|known| u32::from(known.number()) == number);
        evidence.extend(known.map(|known| ("`DriverDatabase\\Architecture`".to_owned(), known)));
    }
    let (said_by, architecture) = evidence.first().ok_or(FactsError::NoArchitecture)?;
    for (other, says) in &evidence {
        if says != architecture {
            findings.push(Finding::warning(
                "architecture-disagrees",
                format!("{said_by} says {architecture}, but {other} says {says}"),
            ));
        }
    }
    Ok(*architecture)
}

/// The machine of a PE file; `None` where it is none or a broken one.
pub(crate) fn machine(blob: &dyn Blob) -> io::Result<Option<pe::Machine>> {
    // The machine stands in the headers at the front; a kernel's other 10 MB
    // need not be read.
    const HEADERS: u64 = 64 * 1024;
    let mut headers = vec![0; blob.len().min(HEADERS) as usize];
    blob.read_into(0, &mut headers)?;
    Ok(pe::PeFacts::read(&headers)
        .ok()
        .flatten()
        .map(|facts| facts.machine))
}

/// The suite bits of `ProductSuite` (winnt.h `VER_SUITE_*`).
fn suite_mask(suites: &[String]) -> u32 {
    let bit = |suite: &str| match suite {
        "Small Business" => 0x1,
        "Enterprise" => 0x2,
        "BackOffice" => 0x4,
        "CommunicationServer" => 0x8,
        "Terminal Server" => 0x10,
        "Small Business(Restricted)" => 0x20,
        "EmbeddedNT" => 0x40,
        "DataCenter" => 0x80,
        "Personal" => 0x200,
        "Blade" => 0x400,
        _ => 0,
    };
    suites.iter().fold(0, |mask, suite| mask | bit(suite))
}
