//! What one package is: of an image, or in a folder before it is added.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use wimwright_inf::{Inf, ParseOptions};
use wimwright_servicing::catalog::verify::TrustStore;
use wimwright_servicing::{Draft, FileTree as _, Finding, Generation, ImagePath, Kind};

use crate::add::read::{as_finding, judge_package, target};
use crate::add::refusal::Stop;
use crate::error::Error;
use crate::inbox::{InboxInfs, MAX_INF, parse_options};
use crate::list::{DriverPackage, list};
use crate::model::dirid::Root;
use crate::model::{
    Architecture, AssociatedService, DriverModel, InfKind, ModelOptions, Target, TextSetup,
};
use crate::package::Package;
use crate::signature::{self, DriverSignature, PackageSignature, SignatureFacts, Trust};
use crate::store::first_boot::text_setup::FILE_NAME;
use crate::stored::{self, Stored};

/// A device that a package serves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ModelDescription {
    /// Who made the device.
    pub manufacturer: String,
    /// What it is called.
    pub description: String,
    /// The section that installs it.
    pub section: String,
    /// The id it is matched by first.
    pub hardware_id: Option<String>,
    /// Ids that fit, too.
    pub compatible_ids: Vec<String>,
    /// Its driver's service; `None` where it has or needs none.
    pub service: Option<String>,
}

/// A service of a package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ServiceDescription {
    /// Its name.
    pub name: String,
    /// When it starts: `boot`, `system`, `auto`, `demand`, `disabled`.
    pub start: Option<String>,
    /// Its program or driver, as the INF names it.
    pub binary: Option<String>,
    /// Its load order group.
    pub group: Option<String>,
}

/// What a package would be on one Windows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PackageDescription {
    /// The INF, as a path in what the user gave.
    pub inf: String,
    /// What the INF is for: `device`, `primitive`, `class`, `template`, `other`;
    /// or `text-setup`.
    pub kind: InfKind,
    /// The setup class's name.
    pub class_name: Option<String>,
    /// The setup class.
    pub class_guid: Option<String>,
    /// Who made it.
    pub provider_name: Option<String>,
    /// The driver's date, ISO.
    pub date: Option<String>,
    /// The driver's version.
    pub version: Option<String>,
    /// The catalog for this architecture.
    pub catalog: Option<String>,
    /// Whether its signature is good, for that Windows and those of its files
    /// that are there.
    pub driver_signature: DriverSignature,
    /// Why it is not; or why that cannot be told.
    pub signature_reason: Option<String>,
    /// What its signature was judged by; `None` without a catalog.
    pub signature: Option<SignatureFacts>,
    /// The Windows that the rest is about: `10.0.19041 amd64`.
    pub target: String,
    /// Why it has nothing for that Windows.
    pub not_applicable: Option<String>,
    /// The devices it serves there.
    pub models: Vec<ModelDescription>,
    /// Its services there.
    pub services: Vec<ServiceDescription>,
    /// The files it needs, beside the INF; missing ones are marked.
    pub files: Vec<FileDescription>,
    /// What is odd about it.
    pub findings: Vec<Finding>,
}

/// A file that an INF names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FileDescription {
    /// Its path beside the INF.
    pub path: String,
    /// Whether it is there, as it is or compressed.
    pub present: bool,
}

/// A package of an image, with what its INF in the store says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DriverDetails {
    /// What `list` says of it.
    #[serde(flatten)]
    pub driver: DriverPackage,
    /// The devices it serves in this image.
    pub models: Vec<ModelDescription>,
    /// Its services.
    pub services: Vec<ServiceDescription>,
    /// The files of its folder in the store.
    pub files: Vec<String>,
    /// Why its signature is not good; or why that cannot be told.
    pub signature_reason: Option<String>,
    /// What its signature was judged by, from its folder in the store; `None`
    /// where there is nothing to judge.
    pub signature: Option<SignatureFacts>,
    /// What is odd about it.
    pub findings: Vec<Finding>,
}

/// What the image holds under a name: a published one, or `pending:...`.
///
/// # Errors
/// [`Error::NoSuchDriver`], and what stops the image from being read.
pub fn info(draft: &mut Draft, name: &str, anchors: &TrustStore) -> Result<DriverDetails, Error> {
    let drivers = list(draft, true)?;
    let named = |driver: &DriverPackage| driver.name().eq_ignore_ascii_case(name);
    let driver = drivers
        .into_iter()
        .find(named)
        .ok_or_else(|| Error::NoSuchDriver {
            name: name.to_owned(),
        })?;
    let stored = stored::all(draft)?;
    Ok(details(draft, driver, &stored, anchors)?.0)
}

/// What the image holds of a listed package, and where its files lie; `stored`
/// are all packages of its driver database.
pub(crate) fn details(
    draft: &Draft,
    mut driver: DriverPackage,
    stored: &[Stored],
    anchors: &TrustStore,
) -> Result<(DriverDetails, Vec<ImagePath>), Error> {
    let windows = draft.facts().windows.clone();
    let folder = driver.inf.parent().unwrap_or_default();
    let (mut files, mut places) = (Vec::new(), Vec::new());
    let mut findings = Vec::new();
    if driver.package_id.is_none() {
        // Windows without a driver store keeps the INF alone.
        files.push(driver.original_file_name.clone());
        places.push(driver.inf.clone());
    } else if draft.has_directory(&folder)? {
        draft.walk(&folder, &mut |path, kind| {
            if let (Kind::File, Some(below)) = (kind, path.below(&folder)) {
                files.push(below.to_string());
                places.push(path.clone());
            }
            Ok(())
        })?;
    } else {
        findings.push(Finding::warning(
            "no-store-folder",
            format!("`{folder}` is not there: Windows cannot install the driver from its store"),
        ));
    }
    let inf = driver.inf.clone();
    let published = windows.join(&format!("INF\\{}", driver.name()));
    let bytes = match (draft.read(&inf, MAX_INF)?, &published) {
        (None, Ok(published)) => draft.read(published, MAX_INF)?,
        (bytes, _) => bytes,
    };
    let (mut models, mut services) = (Vec::new(), Vec::new());
    let mut of_folder = None;
    match bytes {
        Some(bytes)
            if driver
                .inf
                .file_name()
                .is_some_and(|name| name.is(FILE_NAME)) =>
        {
            (models, services) = described_text_setup(&text_setup(&bytes));
        }
        Some(bytes) => {
            let parse = parse_options(draft)?;
            let inf = Inf::parse(&bytes, &parse);
            let inbox = InboxInfs::new(draft, parse);
            let resolve = |name: &str| inbox.get(name);
            let options = ModelOptions::default();
            let model = DriverModel::read(&inf, &target(draft), &options, &resolve);
            (models, services) = described(&model);
            if driver.package_id.is_none() && !driver.inbox {
                copied(draft, &model, &mut places)?;
            }
            of_folder = match draft.facts().generation {
                Generation::DriverDatabase => None,
                _ => judged_in_folder(draft, &driver, &folder, &model, anchors)?,
            };
        }
        None => findings.push(Finding::warning(
            "no-inf",
            format!("neither `{inf}` nor a published copy of it is there"),
        )),
    }
    let judged = of_store(draft, &driver, stored, anchors)?.or(of_folder);
    let (mut signature_reason, mut signature) = (None, None);
    if let Some(judged) = judged {
        driver.driver_signature = judged.state;
        signature_reason = judged.reason;
        signature = judged.facts;
        findings.extend(judged.findings);
    }
    let details = DriverDetails {
        driver,
        signature_reason,
        signature,
        models,
        services,
        files,
        findings,
    };
    Ok((details, places))
}

/// Adds the files of the image that an INF copies, as far as they are there and
/// their place is known.
fn copied(draft: &Draft, model: &DriverModel, places: &mut Vec<ImagePath>) -> Result<(), Error> {
    let windows = &draft.facts().windows;
    let needed = model.files.files.iter().filter(|file| file.needed);
    for destination in needed.flat_map(|file| &file.destinations) {
        let Ok(location) = destination.location(&model.target) else {
            continue;
        };
        let path = match location.root {
            Root::Windows => windows.join(&location.path)?,
            Root::SystemDrive => ImagePath::parse(&location.path)?,
            Root::Package => continue,
        };
        if !places.contains(&path) && draft.has_file(&path)? {
            places.push(path);
        }
    }
    Ok(())
}

/// Judges a third party's package by what lies in its folder in the store;
/// `None` where the image keeps no such folder. The catalogs of Windows' own
/// packages lie elsewhere.
fn of_store(
    draft: &Draft,
    driver: &DriverPackage,
    stored: &[Stored],
    anchors: &TrustStore,
) -> Result<Option<PackageSignature>, Error> {
    let (Some(id), false) = (&driver.package_id, driver.inbox) else {
        return Ok(None);
    };
    let Some(stored) = stored.iter().find(|stored| stored.has_id(id)) else {
        return Ok(None);
    };
    let trust = Trust {
        anchors,
        now: draft.time(),
    };
    match stored.read(draft)? {
        Ok(mut whole) => {
            let mut judged = judged(whole.read.judge(&whole.package, trust))?;
            signature::look_up_digest(&mut judged, draft)?;
            Ok(Some(judged))
        }
        // What is missing is told by `files` and the other findings.
        Err(_) => Ok(None),
    }
}

/// Judges a third party's package of Windows before 8 by its folder, in the
/// driver store or waiting for the first boot; `None` where there is no folder.
/// Windows' own packages have their catalogs elsewhere.
fn judged_in_folder(
    draft: &Draft,
    driver: &DriverPackage,
    folder: &ImagePath,
    model: &DriverModel,
    anchors: &TrustStore,
) -> Result<Option<PackageSignature>, Error> {
    let (Some(id), Some(inf), false) = (&driver.package_id, driver.inf.file_name(), driver.inbox)
    else {
        return Ok(None);
    };
    let Some(tree) = stored::folder_tree(draft, folder)? else {
        return Ok(None);
    };
    let inf = ImagePath::root().child(inf.clone());
    let package = Package::new(id.as_str(), id.as_str(), Arc::new(tree), inf);
    let trust = Trust {
        anchors,
        now: draft.time(),
    };
    judged(judge_package(&package, model, trust)).map(Some)
}

/// What a package in a folder is, for the architectures that it has: the first
/// of amd64, x86, arm64 and arm that it has models for, on Windows 10.
///
/// # Errors
/// When the package cannot be read.
pub fn describe(package: &Package, trust: Trust<'_>) -> Result<PackageDescription, Error> {
    let bytes = package
        .tree()
        .read(package.inf(), MAX_INF)?
        .unwrap_or_default();
    if package.is_text_setup() {
        return describe_text_setup(package, &text_setup(&bytes));
    }
    let inf = Inf::parse(&bytes, &ParseOptions::default());
    // A late Windows 10: newer decorations fit it, older ones do as well.
    let read = |architecture| {
        let target = Target::workstation(10, 0, 19_045, architecture);
        DriverModel::read(&inf, &target, &ModelOptions::default(), &|_| None)
    };
    let order = [
        Architecture::Amd64,
        Architecture::X86,
        Architecture::Arm64,
        Architecture::Arm,
    ];
    let mut read_all = order.into_iter().map(read);
    let first = read_all.next().unwrap_or_else(|| read(Architecture::Amd64));
    let model = match first.not_applicable {
        None => first,
        Some(_) => read_all
            .find(|model| model.not_applicable.is_none())
            .unwrap_or(first),
    };
    let root = package.root();
    let mut files = Vec::new();
    for file in &model.files.files {
        let compressed = match file.folder.as_str() {
            "" => wimwright_servicing::compressed::compressed_name(&file.name),
            folder => format!(
                "{folder}\\{}",
                wimwright_servicing::compressed::compressed_name(&file.name)
            ),
        };
        let present = package.tree().has_file(&root.join(&file.path())?)?
            || package.tree().has_file(&root.join(&compressed)?)?;
        files.push(FileDescription {
            path: file.path(),
            present,
        });
    }
    let (models, services) = described(&model);
    let judged = judged(judge_package(package, &model, trust))?;
    let mut findings: Vec<Finding> = model.findings.iter().map(as_finding).collect();
    findings.extend(judged.findings);
    let version = &model.version;
    let driver_ver = version.driver_ver.as_ref();
    Ok(PackageDescription {
        inf: package.inf().to_string(),
        kind: version.kind,
        class_name: version.class.clone(),
        class_guid: version.class_guid.map(|guid| guid.to_string()),
        provider_name: version.provider.clone(),
        date: driver_ver
            .and_then(|ver| ver.date)
            .map(|date| date.to_string()),
        version: driver_ver
            .and_then(|ver| ver.version)
            .map(|version| version.to_string()),
        catalog: version
            .catalog_for(model.target.architecture)
            .map(str::to_owned),
        driver_signature: judged.state,
        signature_reason: judged.reason,
        signature: judged.facts,
        target: format!(
            "{}.{}.{} {}",
            model.target.major, model.target.minor, model.target.build, model.target.architecture
        ),
        not_applicable: model.not_applicable.as_ref().map(ToString::to_string),
        models,
        services,
        files,
        findings,
    })
}

/// What a judgement came to; that it could not be made is one, too.
fn judged(judged: Result<PackageSignature, Stop>) -> Result<PackageSignature, Error> {
    match judged {
        Ok(signature) => Ok(signature),
        Err(Stop::Refused(refusal)) => Ok(PackageSignature {
            state: refusal.signature(),
            reason: Some(refusal.chain()),
            facts: None,
            findings: Vec::new(),
        }),
        Err(Stop::Failed(error)) => Err(error),
    }
}

fn text_setup(bytes: &[u8]) -> TextSetup {
    TextSetup::read(&Inf::parse(bytes, &ParseOptions::txtsetup_oem()))
}

/// What a `txtsetup.oem` offers to Windows 2000, XP and 2003.
fn describe_text_setup(package: &Package, setup: &TextSetup) -> Result<PackageDescription, Error> {
    let mut paths: Vec<String> = Vec::new();
    for option in &setup.options {
        let drivers = option.drivers.iter().map(|driver| &driver.path);
        let others = option.infs.iter().chain(&option.catalogs);
        for path in drivers.chain(others).chain(&option.dlls) {
            if !paths.contains(path) {
                paths.push(path.clone());
            }
        }
    }
    let root = package.root();
    let mut files = Vec::new();
    for path in paths {
        let present = match root.join(&path) {
            Ok(place) => package.tree().has_file(&place)?,
            Err(_) => false,
        };
        files.push(FileDescription { path, present });
    }
    let (models, services) = described_text_setup(setup);
    let not_applicable = setup
        .options
        .is_empty()
        .then(|| "it offers no mass storage driver".to_owned());
    Ok(PackageDescription {
        inf: package.inf().to_string(),
        kind: InfKind::TextSetup,
        class_name: None,
        class_guid: None,
        provider_name: None,
        date: None,
        version: None,
        catalog: None,
        driver_signature: DriverSignature::Unknown,
        signature_reason: None,
        signature: None,
        target: "text mode setup of 2000, XP and 2003".to_owned(),
        not_applicable,
        models,
        services,
        files,
        findings: setup.findings.iter().map(as_finding).collect(),
    })
}

fn described_text_setup(setup: &TextSetup) -> (Vec<ModelDescription>, Vec<ServiceDescription>) {
    let mut models = Vec::new();
    let mut services: BTreeMap<String, ServiceDescription> = BTreeMap::new();
    for option in &setup.options {
        for (id, service) in &option.hardware_ids {
            models.push(ModelDescription {
                manufacturer: String::new(),
                description: option.description.clone(),
                section: option.id.clone(),
                hardware_id: Some(id.clone()),
                compatible_ids: Vec::new(),
                service: Some(service.clone()),
            });
        }
        for driver in &option.drivers {
            services
                .entry(driver.service.to_lowercase())
                .or_insert_with(|| ServiceDescription {
                    name: driver.service.clone(),
                    start: Some("boot".to_owned()),
                    binary: Some(driver.path.clone()),
                    group: None,
                });
        }
    }
    (models, services.into_values().collect())
}

fn described(model: &DriverModel) -> (Vec<ModelDescription>, Vec<ServiceDescription>) {
    let models = model.models.iter().map(|device| {
        let install = model.install_of(device);
        ModelDescription {
            manufacturer: device.manufacturer.clone(),
            description: device.description.clone(),
            section: device.actual_section.clone(),
            hardware_id: device.hardware_id.clone(),
            compatible_ids: device.compatible_ids.clone(),
            service: install.and_then(|install| match &install.associated_service {
                AssociatedService::Named(name) => Some(name.clone()),
                _ => None,
            }),
        }
    });
    let mut services: BTreeMap<String, ServiceDescription> = BTreeMap::new();
    let installs = model.installs.iter().chain(&model.default_install);
    for service in installs.flat_map(|install| &install.services) {
        services
            .entry(service.name.to_lowercase())
            .or_insert_with(|| ServiceDescription {
                name: service.name.clone(),
                start: service
                    .start
                    .map(|start| format!("{start:?}").to_lowercase()),
                binary: service.binary.as_ref().map(|binary| binary.text.clone()),
                group: service.load_order_group.clone(),
            });
    }
    (models.collect(), services.into_values().collect())
}
