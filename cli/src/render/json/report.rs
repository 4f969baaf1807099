//! `report`.

use schemars::JsonSchema;
use serde::Serialize;
use wimwright_drivers::boot_path::KernelService;
use wimwright_drivers::{DriverFile, InventoriedDriver};
use wimwright_servicing::ImagePath;

use super::Document;
use super::describe::DescribedImage;
use super::drivers::{DriverEntry, Service};
use super::generalize::ReportedImage;
use super::image::{FindingEntry, ImageInfo};
use super::packages_image::{FeatureEntry, ListedPackage, UpdateState, WaitingPackage};
use super::signature::SignatureEntry;

/// `report`.
#[derive(Debug, JsonSchema, Serialize)]
pub struct Report {
    /// One entry an image.
    pub images: Vec<ImageReport>,
    /// The files that were written.
    pub files: Vec<String>,
}

impl Document for Report {
    const NAME: &'static str = "report";
}

/// All that is known of an image. A part is null where it could not be read; a
/// finding says why.
#[derive(Debug, JsonSchema, Serialize)]
pub struct ImageReport {
    /// The image as it was named.
    pub image: String,
    /// What its WIM file calls it.
    pub title: Option<String>,
    /// What `info` says; its findings stand among those of the report.
    pub info: ImageInfo,
    /// What `describe` says; its findings stand among those of the report.
    pub description: Option<DescribedImage>,
    /// Its driver packages.
    pub drivers: Option<ReportedDrivers>,
    /// Its update packages; null before Windows Vista, where hotfixes stand
    /// among the updates of the description.
    pub packages: Option<ReportedPackages>,
    /// Its features; null where there is no update state.
    pub features: Option<Vec<FeatureEntry>>,
    /// What starts with the kernel: the loader's drivers first, then by name.
    pub kernel_services: Option<Vec<KernelServiceEntry>>,
    /// What `generalize report` says; its findings stand among those of the
    /// report.
    pub generalization: Option<ReportedImage>,
    /// What is odd, and what could not be read.
    pub findings: Vec<FindingEntry>,
}

/// The driver packages of an image.
#[derive(Debug, JsonSchema, Serialize)]
pub struct ReportedDrivers {
    /// Third parties', by published name.
    pub third_party: Vec<ReportedDriver>,
    /// How many came with Windows.
    pub inbox: usize,
}

/// A driver package of a third party.
#[derive(Debug, JsonSchema, Serialize)]
pub struct ReportedDriver {
    /// What it is; `driver_signature` is what its files come to, where they were
    /// judged.
    #[serde(flatten)]
    pub driver: DriverEntry,
    /// Why its signature is not good; or why that cannot be told.
    pub signature_reason: Option<String>,
    /// What its signature was judged by; null where there is nothing to judge.
    pub signature: Option<SignatureEntry>,
    /// Its services.
    pub services: Vec<Service>,
    /// Its files: those of its folder in the driver store; of a Windows without
    /// a store the INF, and what it copies as far as that is there.
    pub files: Vec<ReportedFile>,
}

impl ReportedDriver {
    /// Who signed it, where the signature is good.
    pub(crate) fn signer(&self) -> Option<&str> {
        let facts = self.signature.as_ref()?;
        let name = facts.signer_name.as_deref();
        name.filter(|_| self.driver.driver_signature == "signed")
    }
}

/// A file with its checksums.
#[derive(Debug, JsonSchema, Serialize)]
pub struct ReportedFile {
    /// Its path from the image root, with backslashes; an object with `utf16`
    /// where the name is no Unicode text.
    #[schemars(with = "super::plan::Text")]
    pub path: ImagePath,
    /// Length in bytes.
    pub len: u64,
    /// SHA-1 of its bytes, 40 hexadecimal digits.
    pub sha1: String,
    /// SHA-256 of its bytes, 64 hexadecimal digits.
    pub sha256: String,
}

/// The update packages of an image.
#[derive(Debug, JsonSchema, Serialize)]
pub struct ReportedPackages {
    /// The part of Windows that installs updates.
    #[serde(flatten)]
    pub state: UpdateState,
    /// Those that people see, in the order of names.
    pub packages: Vec<ListedPackage>,
    /// How many more there are that only others need.
    pub hidden: usize,
    /// Packages that wait in the image for its first boot, in order.
    pub first_boot: Vec<WaitingPackage>,
}

/// A driver that starts with the kernel.
#[derive(Debug, JsonSchema, Serialize)]
pub struct KernelServiceEntry {
    /// Its name.
    pub name: String,
    /// `boot`: the loader loads it; `system`: the kernel starts it.
    pub start: String,
    /// What `StartOverride` says instead; 3 and 4 keep it from being loaded.
    pub start_override: Option<u32>,
    /// Its load order group.
    pub group: Option<String>,
    /// `ImagePath` as it stands in the registry.
    pub image_path: Option<String>,
    /// Its file in the image; null where the path leads elsewhere.
    pub file: Option<String>,
    /// Whether that file is there; null where the path leads elsewhere.
    pub present: Option<bool>,
    /// The published INFs that own it; from Windows 8 on.
    pub owners: Vec<String>,
}

impl KernelServiceEntry {
    /// Whether it starts with the kernel on the hardware that the image was last
    /// used with.
    pub(crate) fn starts(&self) -> bool {
        matches!(self.start_override, None | Some(0 | 1))
    }
}

impl From<&InventoriedDriver> for ReportedDriver {
    fn from(found: &InventoriedDriver) -> ReportedDriver {
        let details = &found.details;
        ReportedDriver {
            driver: DriverEntry::from(&details.driver),
            signature_reason: details.signature_reason.clone(),
            signature: details.signature.as_ref().map(SignatureEntry::from),
            services: details.services.iter().map(Service::from).collect(),
            files: found.files.iter().map(ReportedFile::from).collect(),
        }
    }
}

impl From<&DriverFile> for ReportedFile {
    fn from(file: &DriverFile) -> ReportedFile {
        ReportedFile {
            path: file.path.clone(),
            len: file.checksums.len,
            sha1: file.checksums.sha1_hex(),
            sha256: file.checksums.sha256_hex(),
        }
    }
}

impl From<&KernelService> for KernelServiceEntry {
    fn from(service: &KernelService) -> KernelServiceEntry {
        KernelServiceEntry {
            name: service.name.clone(),
            start: match service.start {
                0 => "boot",
                _ => "system",
            }
            .to_owned(),
            start_override: service.start_override,
            group: service.group.clone(),
            image_path: service.image_path.clone(),
            file: service.file.as_ref().map(ToString::to_string),
            present: service.present,
            owners: service.owners.clone(),
        }
    }
}
