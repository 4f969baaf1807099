//! `drivers add`, `drivers list` and `drivers info`.

use schemars::JsonSchema;
use serde::Serialize;
use wimwright_drivers::{
    self as drivers, DriverDetails, DriverPackage, ModelDescription, PackageDescription,
    ServiceDescription,
};
use wimwright_servicing::Finding;

use super::Document;
use super::image::FindingEntry;
use super::plan::{OfImage, PlanDocument, ReceiptDocument};
use super::signature::{SignatureEntry, signature};

/// `drivers add`.
#[derive(Debug, JsonSchema, Serialize)]
pub struct DriversAdd<'a> {
    /// Whether the image changed; with `--dry-run`, whether it would.
    pub changed: bool,
    /// One entry an image.
    pub images: Vec<Added<'a>>,
    /// What would be done; with `--dry-run` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<PlanDocument<'a>>,
    /// What was done; without `--dry-run` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receipt: Option<ReceiptDocument>,
}

impl Document for DriversAdd<'_> {
    const NAME: &'static str = "drivers-add";
}

/// What adding packages to an image gave.
#[derive(Debug, JsonSchema, Serialize)]
pub struct Added<'a> {
    /// The image as it was named.
    pub image: String,
    /// One entry an INF.
    pub results: Vec<AddedResult>,
    /// What is odd.
    pub findings: Vec<FindingEntry>,
    /// What was done to it, where there are several images.
    #[serde(flatten)]
    pub done: OfImage<'a>,
}

/// What became of one INF.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct AddedResult {
    /// The INF, or the package as it was named where no INF was found.
    pub inf: String,
    /// What became of it.
    pub outcome: Outcome,
    /// `oem0.inf`; null where it was refused or superseded, or is published only
    /// by the first boot.
    pub published_name: Option<String>,
    /// Its folder in the driver store, or `pending:` and the folder that waits
    /// for the first boot; null where it was refused or superseded.
    pub package_id: Option<String>,
    /// The setup class's name.
    pub class_name: Option<String>,
    /// The driver's version.
    pub version: Option<String>,
    /// Whether its signature is good: `signed`, `unsigned`, `invalid`,
    /// `untrusted`; `unknown` where it was not looked at.
    pub driver_signature: String,
    /// Who signed it, where the signature is good.
    pub signer_name: Option<String>,
    /// What its signature was judged by; null without a catalog.
    pub signature: Option<SignatureEntry>,
    /// Why it was refused or superseded.
    pub reason: Option<String>,
    /// The newer package that supersedes it: its published name, or `pending:`
    /// and its folder.
    pub superseded_by: Option<String>,
    /// What is odd about it.
    pub findings: Vec<FindingEntry>,
    /// It was found in a folder, and is for other Windows: a build passes over it.
    #[serde(skip)]
    pub(crate) passed_over: bool,
}

/// What became of a package.
#[derive(Clone, Copy, Debug, JsonSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It is in the image now.
    Added,
    /// What can be done offline is done; Windows installs it at its first boot.
    Pending,
    /// It was there already.
    Unchanged,
    /// It will not be in the image, which holds a newer package for the same
    /// devices.
    Superseded,
    /// It was not added; `reason` says why.
    Refused,
    /// It was not added, because no device of the computers of `--for` would use
    /// it; `reason` says why.
    #[serde(rename = "not-needed")]
    NotNeeded,
}

/// `drivers list`.
#[derive(Debug, JsonSchema, Serialize)]
pub struct DriversList {
    /// One entry an image.
    pub images: Vec<ListedDrivers>,
}

impl Document for DriversList {
    const NAME: &'static str = "drivers-list";
}

/// The driver packages of an image.
#[derive(Debug, JsonSchema, Serialize)]
pub struct ListedDrivers {
    /// The image as it was named.
    pub image: String,
    /// The packages, by published name.
    pub drivers: Vec<DriverEntry>,
    /// What is odd.
    pub findings: Vec<FindingEntry>,
}

/// A driver package of an image.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct DriverEntry {
    /// `oem7.inf`, or the INF's own name for Windows' packages; null for one
    /// that waits for the first boot.
    pub published_name: Option<String>,
    /// The INF's name before it was published.
    pub original_file_name: String,
    /// Whether it came with Windows.
    pub inbox: bool,
    /// The setup class's name, where the image knows it.
    pub class_name: Option<String>,
    /// The setup class.
    pub class_guid: String,
    /// Who made it.
    pub provider_name: String,
    /// The driver's date, `2021-08-30`.
    pub date: Option<String>,
    /// The driver's version.
    pub version: Option<String>,
    /// Whether the image needs it to boot.
    pub boot_critical: bool,
    /// `signed` or `unsigned` as the image records it, `unknown` where it does
    /// not; `drivers info` checks the files.
    pub driver_signature: String,
    /// Its folder in the driver store, or `pending:` and the folder that waits
    /// for the first boot; null where Windows has no store.
    pub package_id: Option<String>,
    /// The processor architecture it is for.
    pub architecture: Option<String>,
    /// The ids that it serves, hardware and compatible ones.
    pub hardware_ids: Vec<String>,
}

impl DriverEntry {
    /// The name to give to commands.
    pub fn name(&self) -> &str {
        let name = self.published_name.as_ref().or(self.package_id.as_ref());
        name.map_or("", String::as_str)
    }
}

impl From<&DriverPackage> for DriverEntry {
    fn from(package: &DriverPackage) -> DriverEntry {
        let package = package.clone();
        DriverEntry {
            published_name: package.published_name,
            original_file_name: package.original_file_name,
            inbox: package.inbox,
            class_name: package.class_name,
            class_guid: package.class_guid,
            provider_name: package.provider_name,
            date: package.date,
            version: package.version,
            boot_critical: package.boot_critical,
            driver_signature: signature(package.driver_signature),
            package_id: package.package_id,
            architecture: package.architecture,
            hardware_ids: package.hardware_ids,
        }
    }
}

impl From<drivers::AddResult> for AddedResult {
    fn from(result: drivers::AddResult) -> AddedResult {
        AddedResult {
            inf: result.inf,
            outcome: match result.outcome {
                drivers::Outcome::Added => Outcome::Added,
                drivers::Outcome::Pending => Outcome::Pending,
                drivers::Outcome::Unchanged => Outcome::Unchanged,
                drivers::Outcome::Superseded => Outcome::Superseded,
                drivers::Outcome::Refused => Outcome::Refused,
                drivers::Outcome::NotNeeded => Outcome::NotNeeded,
            },
            published_name: result.published_name,
            package_id: result.package_id,
            class_name: result.class_name,
            version: result.version,
            driver_signature: signature(result.driver_signature),
            signer_name: result.signer_name,
            signature: result.signature.as_ref().map(SignatureEntry::from),
            reason: result.reason,
            superseded_by: result.superseded_by,
            findings: entries(&result.findings),
            passed_over: false,
        }
    }
}

fn entries(findings: &[Finding]) -> Vec<FindingEntry> {
    findings.iter().map(FindingEntry::from).collect()
}

/// `drivers info`: of a driver in an image, or of packages on disk.
#[derive(Debug, JsonSchema, Serialize)]
pub struct DriversInfo {
    /// One entry an image; empty for packages on disk.
    pub images: Vec<DescribedDriver>,
    /// One entry an INF; empty for a driver in an image.
    pub packages: Vec<DescribedPackage>,
}

impl Document for DriversInfo {
    const NAME: &'static str = "drivers-info";
}

/// A driver in an image.
#[derive(Debug, JsonSchema, Serialize)]
pub struct DescribedDriver {
    /// The image as it was named.
    pub image: String,
    /// What `drivers list` says of it.
    pub driver: DriverEntry,
    /// The devices it serves in this image.
    pub models: Vec<Model>,
    /// Its services.
    pub services: Vec<Service>,
    /// The files of its folder in the driver store.
    pub files: Vec<String>,
    /// Why its signature is not good; or why that cannot be told.
    pub signature_reason: Option<String>,
    /// What its signature was judged by, from that folder; null where there is
    /// nothing to judge, as for packages of Windows.
    pub signature: Option<SignatureEntry>,
    /// What is odd.
    pub findings: Vec<FindingEntry>,
}

impl DescribedDriver {
    pub(crate) fn new(image: &str, details: &DriverDetails, of_image: &[Finding]) -> Self {
        let mut findings = entries(of_image);
        findings.extend(entries(&details.findings));
        DescribedDriver {
            image: image.to_owned(),
            driver: DriverEntry::from(&details.driver),
            models: details.models.iter().map(Model::from).collect(),
            services: details.services.iter().map(Service::from).collect(),
            files: details.files.clone(),
            signature_reason: details.signature_reason.clone(),
            signature: details.signature.as_ref().map(SignatureEntry::from),
            findings,
        }
    }
}

/// A driver package on disk.
#[derive(Debug, JsonSchema, Serialize)]
pub struct DescribedPackage {
    /// The folder as it was named.
    pub package: String,
    /// The INF in it.
    pub inf: String,
    /// The setup class's name.
    pub class_name: Option<String>,
    /// The setup class.
    pub class_guid: Option<String>,
    /// Who made it.
    pub provider_name: Option<String>,
    /// The driver's date, `2021-08-30`.
    pub date: Option<String>,
    /// The driver's version.
    pub version: Option<String>,
    /// The catalog.
    pub catalog: Option<String>,
    /// Whether its signature is good: `signed`, `unsigned`, `invalid`,
    /// `untrusted`; `unknown` where that cannot be told.
    pub driver_signature: String,
    /// Why it is not; or why that cannot be told.
    pub signature_reason: Option<String>,
    /// What its signature was judged by; null without a catalog.
    pub signature: Option<SignatureEntry>,
    /// The Windows that the rest is about: `10.0.19045 amd64`.
    pub target: String,
    /// Why it has nothing for that Windows.
    pub not_applicable: Option<String>,
    /// The devices it serves there.
    pub models: Vec<Model>,
    /// Its services there.
    pub services: Vec<Service>,
    /// The files it needs, beside the INF.
    pub files: Vec<PackageFile>,
    /// What is odd.
    pub findings: Vec<FindingEntry>,
}

impl DescribedPackage {
    pub(crate) fn new(package: &str, found: &PackageDescription) -> Self {
        let found = found.clone();
        DescribedPackage {
            package: package.to_owned(),
            inf: found.inf,
            class_name: found.class_name,
            class_guid: found.class_guid,
            provider_name: found.provider_name,
            date: found.date,
            version: found.version,
            catalog: found.catalog,
            driver_signature: signature(found.driver_signature),
            signature_reason: found.signature_reason,
            signature: found.signature.as_ref().map(SignatureEntry::from),
            target: found.target,
            not_applicable: found.not_applicable,
            models: found.models.iter().map(Model::from).collect(),
            services: found.services.iter().map(Service::from).collect(),
            files: found
                .files
                .into_iter()
                .map(|file| PackageFile {
                    path: file.path,
                    present: file.present,
                })
                .collect(),
            findings: entries(&found.findings),
        }
    }
}

/// A device that a package serves.
#[derive(Debug, JsonSchema, Serialize)]
pub struct Model {
    /// Who made the device.
    pub manufacturer: String,
    /// What it is called.
    pub description: String,
    /// The INF section that installs it.
    pub section: String,
    /// The id it is matched by first.
    pub hardware_id: Option<String>,
    /// Ids that fit, too.
    pub compatible_ids: Vec<String>,
    /// Its driver's service.
    pub service: Option<String>,
}

impl From<&ModelDescription> for Model {
    fn from(model: &ModelDescription) -> Model {
        let model = model.clone();
        Model {
            manufacturer: model.manufacturer,
            description: model.description,
            section: model.section,
            hardware_id: model.hardware_id,
            compatible_ids: model.compatible_ids,
            service: model.service,
        }
    }
}

/// A service of a package.
#[derive(Debug, JsonSchema, Serialize)]
pub struct Service {
    /// Its name.
    pub name: String,
    /// When it starts: `boot`, `system`, `auto`, `demand`, `disabled`.
    pub start: Option<String>,
    /// Its program or driver, as the INF names it.
    pub binary: Option<String>,
    /// Its load order group.
    pub group: Option<String>,
}

impl From<&ServiceDescription> for Service {
    fn from(service: &ServiceDescription) -> Service {
        let service = service.clone();
        Service {
            name: service.name,
            start: service.start,
            binary: service.binary,
            group: service.group,
        }
    }
}

/// A file that an INF names.
#[derive(Debug, JsonSchema, Serialize)]
pub struct PackageFile {
    /// Its path beside the INF.
    pub path: String,
    /// Whether it is there, as it is or compressed.
    pub present: bool,
}
