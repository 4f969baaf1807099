//! `drivers match`.

use schemars::JsonSchema;
use serde::Serialize;
use wimwright_drivers::matching::{
    Candidate, DeviceMatch, DeviceState, Need, PackageVerdict, Source,
};
use wimwright_drivers::rank::{MatchType, SignatureClass};
use wimwright_servicing::hardware::Device;
use wimwright_servicing::time;

use super::Document;
use super::image::FindingEntry;

/// `drivers match`.
#[derive(Debug, JsonSchema, Serialize)]
pub struct DriversMatch {
    /// One entry an image.
    pub images: Vec<MatchedImage>,
}

impl Document for DriversMatch {
    const NAME: &'static str = "drivers-match";
}

/// Which drivers of an image some computers would get.
#[derive(Debug, JsonSchema, Serialize)]
pub struct MatchedImage {
    /// The image as it was named.
    pub image: String,
    /// What its WIM file calls it.
    #[serde(skip)]
    pub title: Option<String>,
    /// How many drivers were looked at, without those of `--packages`.
    pub drivers: usize,
    /// How many devices have no driver, of all computers.
    pub missing: usize,
    /// The computers.
    pub computers: Vec<MatchedComputer>,
    /// Their devices, computer by computer.
    pub devices: Vec<MatchedDevice>,
    /// What the packages of `--packages` are good for; without it absent. The
    /// devices are then matched as if all of them were in the image.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub packages: Option<Vec<WeighedPackage>>,
    /// What is odd.
    pub findings: Vec<FindingEntry>,
}

/// A computer on an image.
#[derive(Debug, JsonSchema, Serialize)]
pub struct MatchedComputer {
    /// What it is called.
    pub name: String,
    /// How many devices it has.
    pub devices: usize,
    /// How many of them have no driver.
    pub missing: usize,
    /// What is odd about its hardware file.
    pub findings: Vec<FindingEntry>,
}

/// A device, and the drivers that fit it.
#[derive(Debug, JsonSchema, Serialize)]
pub struct MatchedDevice {
    /// The computer that it is in.
    pub computer: String,
    /// Its most specific id; empty where it has none.
    pub id: String,
    /// What the hardware file calls it.
    pub description: Option<String>,
    /// Where it is, as the hardware file writes it.
    pub location: Option<String>,
    /// Whether it has a driver.
    pub state: MatchState,
    /// The driver that Windows takes; null where there is none.
    pub best: Option<MatchedDriver>,
    /// All drivers that fit, the best first.
    pub candidates: Vec<MatchedDriver>,
    /// The extension INFs that Windows applies beside the driver.
    pub extensions: Vec<MatchedDriver>,
    /// The driver that it had where the hardware file was made.
    pub installed: Option<String>,
}

/// Whether a device has a driver.
#[derive(Clone, Copy, Debug, JsonSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum MatchState {
    /// It has one.
    Driven,
    /// None fits it.
    Missing,
    /// It has no ids that a driver could be found by.
    WithoutIds,
}

/// A driver that fits a device.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct MatchedDriver {
    /// `oem7.inf`, or the INF's own name for Windows' drivers; null for one that
    /// waits for the first boot or is not in the image.
    pub published_name: Option<String>,
    /// The INF's name before it was published.
    pub original_file_name: String,
    /// Its folder in the driver store, or the one that it would have; `pending:`
    /// and the folder that waits for the first boot; null where Windows has no
    /// store.
    pub package_id: Option<String>,
    /// Its INF as a path in the folder that was named, for a package; null for a
    /// driver of the image.
    pub given: Option<String>,
    /// Where it stands: `system-database`, `drivers-database`, `driver-store`,
    /// `inf-directory`, `pending`, `package`.
    pub source: String,
    /// Whether it came with Windows.
    pub inbox: bool,
    /// The setup class's name.
    pub class_name: Option<String>,
    /// Who made it.
    pub provider_name: String,
    /// The driver's date, `2021-08-30`.
    pub date: Option<String>,
    /// The driver's version.
    pub version: Option<String>,
    /// What its signature counts for: `microsoft`, `authenticode`, `unsigned`,
    /// `unsigned-not-for-nt`, `unknown`.
    pub signature_class: String,
    /// Whether a service of it starts with the kernel.
    pub boot_critical: bool,
    /// The install section; null where the image does not say it.
    pub section: Option<String>,
    /// The id of the device that it was found by.
    pub matched_id: String,
    /// In which lists that id stands, the device's first: `hardware-hardware`,
    /// `hardware-compatible`, `compatible-hardware`, `compatible-compatible`.
    pub match_type: String,
    /// Its rank as Windows writes it; the lowest wins.
    pub rank: String,
    /// In what it is worse than the winner: `signature`, `feature-score`,
    /// `match-type`, `id-position`, `date`, `version`, `tie`; null for the
    /// winner.
    pub lost_by: Option<String>,
    /// The same in words.
    pub reason: Option<String>,
    /// How it matches, in words.
    #[serde(skip)]
    pub match_words: &'static str,
}

impl MatchedDriver {
    /// The name to give to commands; of a package its INF's path.
    pub fn name(&self) -> &str {
        let names = [&self.given, &self.published_name, &self.package_id];
        let mut names = names.into_iter().flatten();
        names.next().unwrap_or(&self.original_file_name)
    }
}

/// What a package is good for.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct WeighedPackage {
    /// The INF, as a path in the folder that was named.
    pub inf: String,
    /// Whether one of the computers needs it.
    pub needed: bool,
    /// Whether the image holds it already.
    pub in_image: bool,
    /// What it adds to the driver store, in bytes; null where it is refused.
    pub bytes: Option<u64>,
    /// The id that it would have in the driver store; null where it is refused.
    pub package_id: Option<String>,
    /// Why `drivers add` would refuse it.
    pub refused: Option<String>,
    /// Why it is superfluous; null for one that is needed or refused.
    pub reason: Option<String>,
    /// What it is needed for.
    pub needs: Vec<NeedEntry>,
    /// The devices that it fits, but that another driver wins.
    pub loses: Vec<LossEntry>,
}

/// What a package is needed for.
#[derive(Clone, Debug, JsonSchema, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum NeedEntry {
    /// Windows would take it for a device.
    Drives {
        /// The computer.
        computer: String,
        /// The device's most specific id.
        device: String,
        /// The image's driver that Windows would take without it.
        instead_of: Option<String>,
    },
    /// It is an extension that Windows applies to a device.
    Extends {
        /// The computer.
        computer: String,
        /// The device's most specific id.
        device: String,
    },
    /// It serves a software component that a needed package makes.
    Component {
        /// The component's id.
        id: String,
        /// The INF that makes it.
        of: String,
    },
    /// A needed package brings it along.
    Copied {
        /// The INF that does.
        of: String,
    },
}

/// A device that another driver wins.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct LossEntry {
    /// The device's most specific id.
    pub device: String,
    /// The winner.
    pub winner: String,
    /// In what this package is worse, as `lost_by` has it.
    pub lost_by: String,
    /// The same in words.
    pub reason: String,
}

impl MatchedDevice {
    /// A device of the computer with that name.
    pub fn new(computer: &str, device: &Device, found: &DeviceMatch) -> MatchedDevice {
        let drivers = |list: &[Candidate]| list.iter().map(MatchedDriver::from).collect();
        MatchedDevice {
            computer: computer.to_owned(),
            id: device.id().to_owned(),
            description: device.description.clone(),
            location: device.location.clone(),
            state: match found.state(device) {
                DeviceState::Driven => MatchState::Driven,
                DeviceState::Missing => MatchState::Missing,
                DeviceState::WithoutIds => MatchState::WithoutIds,
            },
            best: found.best().map(MatchedDriver::from),
            candidates: drivers(&found.candidates),
            extensions: drivers(&found.extensions),
            installed: device.installed.as_ref().map(|driver| driver.name.clone()),
        }
    }
}

impl From<&Candidate> for MatchedDriver {
    fn from(found: &Candidate) -> MatchedDriver {
        let driver = &found.driver;
        let standing = found.standing;
        let match_type = standing.rank.identifier_score().match_type();
        MatchedDriver {
            published_name: driver.published_name.clone(),
            original_file_name: driver.original_file_name.clone(),
            package_id: driver.package_id.clone(),
            given: driver.given.clone(),
            source: match driver.source {
                Source::SystemDatabase => "system-database",
                Source::DriversDatabase => "drivers-database",
                Source::DriverStore => "driver-store",
                Source::InfDirectory => "inf-directory",
                Source::Pending => "pending",
                Source::Package => "package",
            }
            .to_owned(),
            inbox: driver.inbox,
            class_name: driver.class_name.clone(),
            provider_name: driver.provider_name.clone(),
            date: (standing.date.0 != 0).then(|| time::date(standing.date)),
            version: (standing.version.as_u64() != 0).then(|| standing.version.to_string()),
            signature_class: match found.signature {
                SignatureClass::Microsoft => "microsoft",
                SignatureClass::Authenticode => "authenticode",
                SignatureClass::Unsigned => "unsigned",
                SignatureClass::UnsignedNotForNt => "unsigned-not-for-nt",
                SignatureClass::Unknown => "unknown",
            }
            .to_owned(),
            boot_critical: driver.boot_critical,
            section: found.section.clone(),
            matched_id: found.matched_id.clone(),
            match_type: match match_type {
                MatchType::HardwareHardware => "hardware-hardware",
                MatchType::HardwareCompatible => "hardware-compatible",
                MatchType::CompatibleHardware => "compatible-hardware",
                MatchType::CompatibleCompatible => "compatible-compatible",
            }
            .to_owned(),
            rank: standing.rank.to_string(),
            lost_by: found.lost.map(|lost| lost.name().to_owned()),
            reason: found.lost.map(|lost| lost.to_string()),
            match_words: match_type.words(),
        }
    }
}

impl From<&PackageVerdict> for WeighedPackage {
    fn from(verdict: &PackageVerdict) -> WeighedPackage {
        let package = verdict.package.as_ref();
        let needs = verdict.needs.iter().cloned().map(|need| match need {
            Need::Drives {
                computer,
                device,
                instead_of,
            } => NeedEntry::Drives {
                computer,
                device,
                instead_of,
            },
            Need::Extends { computer, device } => NeedEntry::Extends { computer, device },
            Need::Component { id, of } => NeedEntry::Component { id, of },
            Need::Copied { of } => NeedEntry::Copied { of },
        });
        let loses = verdict
            .loses
            .iter()
            .map(|(device, winner, lost)| LossEntry {
                device: device.clone(),
                winner: winner.clone(),
                lost_by: lost.name().to_owned(),
                reason: lost.to_string(),
            });
        WeighedPackage {
            inf: verdict.inf.clone(),
            needed: verdict.needed(),
            in_image: package.is_ok_and(|package| package.in_image),
            bytes: package.ok().map(|package| package.bytes),
            package_id: package.ok().map(|package| package.package_id.clone()),
            reason: verdict.superfluous(),
            refused: verdict.package.as_ref().err().cloned(),
            needs: needs.collect(),
            loses: loses.collect(),
        }
    }
}
