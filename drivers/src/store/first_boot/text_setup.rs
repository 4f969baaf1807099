//! Packages of text mode setup (F6, `txtsetup.oem`) in an image of Windows
//! 2000, XP or 2003: file, service and critical device database, as text mode
//! setup makes them (inf 7).

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use wimwright_inf::{Inf, ParseOptions};
use wimwright_servicing::plan::Basis;
use wimwright_servicing::registry::{HiveName, KeyPath, RegData};
use wimwright_servicing::{
    Blob, Draft, FileTree as _, Finding, ImagePath, TreeError, pe, read_all,
};

use super::content::{Content, PlacedFiles};
use super::critical_device::{self, Binding};
use super::folder::Folder;
use super::pending::{self, Pending};
use crate::add::read::{as_finding, target};
use crate::add::refusal::{Refusal, Stop};
use crate::error::Error;
use crate::inbox::{InboxInfs, MAX_INF, parse_options};
use crate::model::{
    DriverModel, ModelOptions, SetupDriver, SetupOption, Severity, TextSetup, Version,
};
use crate::package::Package;
use crate::store::package_id::PackageId;

/// What the file is always called.
pub(crate) const FILE_NAME: &str = "txtsetup.oem";

const STATED: Basis = Basis::stated("inf 7");
const RECALLED: Basis = Basis::recalled("inf 7");

/// The setup class of mass storage controllers, for options that name no INF.
const SCSI_ADAPTER: &str = "{4D36E97B-E325-11CE-BFC1-08002BE10318}";
/// The group that text mode setup gives to mass storage drivers.
const GROUP: &str = "SCSI miniport";
/// How much of a driver is looked at for its processor.
const PE_HEADERS: u64 = 64 * 1024;

/// A driver that goes into the image.
pub(crate) struct ChosenDriver {
    driver: SetupDriver,
    from: ImagePath,
    blob: Arc<dyn Blob>,
}

/// What of a `txtsetup.oem` an image gets.
pub(crate) struct Chosen {
    /// The file itself.
    setup: (ImagePath, Arc<dyn Blob>),
    /// By service.
    drivers: Vec<ChosenDriver>,
    /// INFs, catalogs and DLLs of the options, by path below the folder.
    files: BTreeMap<ImagePath, (ImagePath, Arc<dyn Blob>)>,
    dlls: Vec<ImagePath>,
    bindings: Vec<Binding>,
    /// Of the first INF that there is.
    pub(crate) version: Option<Version>,
    pub(crate) findings: Vec<Finding>,
}

/// What became of the package.
pub(crate) struct Written {
    pub(crate) changed: bool,
    pub(crate) folder: Folder,
    pub(crate) chosen: Chosen,
}

/// Plans what text mode setup would do.
pub(crate) fn write(
    draft: &mut Draft,
    package: &Package,
    content: &Content,
) -> Result<Written, Stop> {
    let chosen = choose(draft, package)?;
    let id = chosen.package_id(draft, package)?;
    let mark = draft.mark();
    let folder = Folder::new(draft, id.as_str())?;
    chosen.store(draft, &folder, content)?;
    chosen.apply(draft, content)?;
    draft.settle(&mark)?;
    draft.report(Finding::note(
        "ready-at-boot",
        format!(
            "starts with the kernel: {} with {} device ids in the critical device database; the \
             device itself is installed by an INF, which text mode setup does not do",
            chosen.services().join(", "),
            chosen.bindings.len()
        ),
    ));
    Ok(Written {
        changed: draft.writes_since(&mark),
        folder,
        chosen,
    })
}

/// The services of a waiting folder.
pub(crate) fn services(draft: &Draft, pending: &Pending) -> Result<Vec<String>, Error> {
    Ok(of_pending(draft, pending)?.map_or_else(Vec::new, |(_, chosen)| chosen.services()))
}

/// A waiting folder's package, read again; `None` where it is none any more.
pub(crate) fn of_pending(
    draft: &Draft,
    pending: &Pending,
) -> Result<Option<(Package, Chosen)>, Error> {
    let package = pending::package(draft, pending, FILE_NAME)?;
    match choose(draft, &package) {
        Ok(chosen) => Ok(Some((package, chosen))),
        Err(Stop::Refused(_)) => Ok(None),
        Err(Stop::Failed(error)) => Err(error),
    }
}

/// Reads a package and chooses what is for this image.
pub(crate) fn choose(draft: &Draft, package: &Package) -> Result<Chosen, Stop> {
    let path = package.inf();
    let blob = open(package, path)?.ok_or_else(|| Refusal::Read {
        path: path.clone(),
        source: io::ErrorKind::NotFound.into(),
    })?;
    let setup = parse(path, blob.as_ref(), draft)?;
    let mut errors = setup
        .findings
        .iter()
        .filter(|finding| finding.severity == Severity::Error);
    if let Some(first) = errors.next() {
        return Err(Refusal::Broken {
            first: first.clone(),
            others: errors.count(),
        }
        .into());
    }
    let findings = setup
        .findings
        .iter()
        .filter(|finding| finding.severity != Severity::Note);
    let mut chosen = Chosen {
        setup: (path.clone(), blob),
        drivers: Vec::new(),
        files: BTreeMap::new(),
        dlls: Vec::new(),
        bindings: Vec::new(),
        version: None,
        findings: findings.map(as_finding).collect(),
    };
    let fitting = fitting(draft, package, &setup)?;
    for (option, drivers) in fitting {
        chosen.take(draft, package, option, drivers)?;
    }
    Ok(chosen)
}

fn parse(path: &ImagePath, blob: &dyn Blob, draft: &Draft) -> Result<TextSetup, Stop> {
    let cannot_read = |source| Refusal::Read {
        path: path.clone(),
        source,
    };
    let bytes = read_all(blob, MAX_INF).map_err(cannot_read)?;
    let options = ParseOptions {
        ansi: parse_options(draft)?.ansi,
        ..ParseOptions::txtsetup_oem()
    };
    let inf = Inf::try_parse(&bytes, &options)
        .map_err(|error| cannot_read(io::Error::new(io::ErrorKind::FileTooLarge, error)))?;
    Ok(TextSetup::read(&inf))
}

fn open(package: &Package, path: &ImagePath) -> Result<Option<Arc<dyn Blob>>, Stop> {
    let found = package.tree().open(path);
    found.map_err(|error: TreeError| {
        Refusal::Read {
            path: error.path,
            source: error.source,
        }
        .into()
    })
}

fn unreadable((path, source): (String, io::Error)) -> Stop {
    let path = ImagePath::parse(&path).unwrap_or_default();
    Refusal::Read { path, source }.into()
}

type Fitting<'s> = Vec<(&'s SetupOption, Vec<ChosenDriver>)>;

/// The options whose drivers are there and run on the image's processor. Where
/// two of them bring different files for one service, the default one wins.
fn fitting<'s>(
    draft: &Draft,
    package: &Package,
    setup: &'s TextSetup,
) -> Result<Fitting<'s>, Stop> {
    let mut missing: Option<String> = None;
    let mut other_machine: Option<Refusal> = None;
    let mut fitting: Fitting<'s> = Vec::new();
    'options: for option in &setup.options {
        let mut drivers = Vec::new();
        for driver in &option.drivers {
            let from = package.root().join(&driver.path).map_err(Error::from)?;
            let Some(blob) = open(package, &from)? else {
                missing.get_or_insert_with(|| driver.path.clone());
                continue 'options;
            };
            if let Some(refusal) = wrong_machine(draft, &driver.path, &from, blob.as_ref())? {
                other_machine.get_or_insert(refusal);
                continue 'options;
            }
            drivers.push(ChosenDriver {
                driver: driver.clone(),
                from,
                blob,
            });
        }
        if !drivers.is_empty() {
            fitting.push((option, drivers));
        }
    }
    if fitting.is_empty() {
        return Err(match (other_machine, missing) {
            (Some(refusal), _) => refusal.into(),
            (None, Some(path)) => Refusal::MissingFile { path, others: 0 }.into(),
            (None, None) => Refusal::NoOption.into(),
        });
    }
    let clash = clash(&fitting)?;
    if let Some((service, options)) = clash {
        let default = fitting.iter().position(|(option, _)| option.is_default);
        let Some(default) = default else {
            return Err(Refusal::AmbiguousOptions { service, options }.into());
        };
        return Ok(vec![fitting.swap_remove(default)]);
    }
    Ok(fitting)
}

/// A service for which two options bring different files.
fn clash(fitting: &Fitting<'_>) -> Result<Option<(String, Vec<String>)>, Stop> {
    let mut known: Vec<(&SetupOption, &ChosenDriver)> = Vec::new();
    for (option, drivers) in fitting {
        for driver in drivers {
            let service = &driver.driver.service;
            let same = known
                .iter()
                .find(|(_, other)| other.driver.service.eq_ignore_ascii_case(service));
            match same {
                Some((other, first)) if first.from != driver.from => {
                    let options = vec![other.id.clone(), option.id.clone()];
                    return Ok(Some((service.clone(), options)));
                }
                Some(_) => {}
                None => known.push((option, driver)),
            }
        }
    }
    Ok(None)
}

fn wrong_machine(
    draft: &Draft,
    path: &str,
    from: &ImagePath,
    blob: &dyn Blob,
) -> Result<Option<Refusal>, Stop> {
    let mut headers = vec![0; blob.len().min(PE_HEADERS) as usize];
    blob.read_into(0, &mut headers)
        .map_err(|source| Refusal::Read {
            path: from.clone(),
            source,
        })?;
    let facts = pe::PeFacts::read(&headers).map_err(|source| Refusal::Damaged {
        path: path.to_owned(),
        source,
    })?;
    let architecture = draft.facts().architecture;
    Ok(facts
        .filter(|facts| !crate::add::read::runs_on(facts.machine, architecture))
        .map(|facts| Refusal::Machine {
            path: path.to_owned(),
            machine: facts.machine,
            architecture,
        }))
}

impl Chosen {
    /// The services, each once.
    pub(crate) fn services(&self) -> Vec<String> {
        let drivers = self.drivers.iter();
        drivers
            .map(|driver| driver.driver.service.clone())
            .collect()
    }

    /// How many bytes its files have.
    pub(crate) fn len(&self) -> u64 {
        let drivers = self.drivers.iter().map(|driver| &driver.blob);
        let files = self.files.values().map(|(_, blob)| blob);
        let blobs = drivers.chain(files).chain([&self.setup.1]);
        blobs.fold(0, |sum, blob| sum.saturating_add(blob.len()))
    }

    /// The ids, in the order of the file.
    pub(crate) fn device_ids(&self) -> Vec<String> {
        let bindings = self.bindings.iter();
        bindings.map(|binding| binding.id.clone()).collect()
    }

    /// The files outside the folder: where they go, and what they are.
    pub(crate) fn placed(&self, draft: &Draft) -> Result<PlacedFiles, Error> {
        let mut placed = Vec::new();
        for driver in &self.drivers {
            placed.push((
                self.place(draft, "System32\\drivers", &driver.from)?,
                Arc::clone(&driver.blob),
            ));
        }
        for dll in &self.dlls {
            if let Some((from, blob)) = self.files.get(dll) {
                placed.push((self.place(draft, "System32", from)?, Arc::clone(blob)));
            }
        }
        Ok(placed)
    }

    fn place(&self, draft: &Draft, folder: &str, from: &ImagePath) -> Result<ImagePath, Error> {
        let folder = draft.facts().windows.join(folder)?;
        let name = from.file_name().cloned();
        Ok(name.map_or(folder.clone(), |name| folder.child(name)))
    }

    /// Takes an option's drivers, files and ids.
    fn take(
        &mut self,
        draft: &Draft,
        package: &Package,
        option: &SetupOption,
        drivers: Vec<ChosenDriver>,
    ) -> Result<(), Stop> {
        for driver in drivers {
            let service = &driver.driver.service;
            let known = |other: &ChosenDriver| other.driver.service.eq_ignore_ascii_case(service);
            if !self.drivers.iter().any(known) {
                self.drivers.push(driver);
            }
        }
        let mut class = None;
        let all = option
            .infs
            .iter()
            .chain(&option.catalogs)
            .chain(&option.dlls);
        for name in all {
            let from = package.root().join(name).map_err(Error::from)?;
            let Some(blob) = open(package, &from)? else {
                continue;
            };
            let below = ImagePath::parse(name).map_err(Error::from)?;
            if option.infs.contains(name) {
                let version = read_version(draft, &from, blob.as_ref())?;
                let guid = version.class_guid.map(|guid| guid.to_string());
                class = class.or(guid.map(|guid| guid.to_uppercase()));
                self.version.get_or_insert(version);
            }
            if option.dlls.contains(name) && !self.dlls.contains(&below) {
                self.dlls.push(below.clone());
            }
            self.files.insert(below, (from, blob));
        }
        let class = class.unwrap_or_else(|| SCSI_ADAPTER.to_owned());
        for (id, service) in &option.hardware_ids {
            let known = |binding: &Binding| binding.id.eq_ignore_ascii_case(id);
            if !self.bindings.iter().any(known) {
                self.bindings.push(Binding {
                    id: id.clone(),
                    service: service.clone(),
                    class: class.clone(),
                    upper_filters: Vec::new(),
                    lower_filters: Vec::new(),
                });
            }
        }
        Ok(())
    }

    pub(crate) fn package_id(&self, draft: &Draft, package: &Package) -> Result<PackageId, Stop> {
        let architecture = draft.facts().architecture;
        if let Some(kept) = PackageId::kept(package.folder(), FILE_NAME, architecture) {
            return Ok(kept);
        }
        let mut content: Vec<(String, &dyn Blob)> =
            vec![(FILE_NAME.to_owned(), self.setup.1.as_ref())];
        for driver in &self.drivers {
            content.push((driver.driver.path.clone(), driver.blob.as_ref()));
        }
        for (below, (_, blob)) in &self.files {
            content.push((below.to_string(), blob.as_ref()));
        }
        PackageId::of_content(FILE_NAME, architecture, content).map_err(unreadable)
    }

    /// Puts the package into its folder, from which it can be told again.
    fn store(&self, draft: &mut Draft, folder: &Folder, content: &Content) -> Result<(), Stop> {
        let root = folder.path().clone();
        let at = |below: &str| root.join(below).map_err(Error::from);
        let (from, blob) = &self.setup;
        let to = at(FILE_NAME)?;
        content.put(draft, &to, from, None, blob, &RECALLED)?;
        for driver in &self.drivers {
            let to = at(&driver.driver.path)?;
            content.put(draft, &to, &driver.from, None, &driver.blob, &RECALLED)?;
        }
        for (below, (from, blob)) in &self.files {
            let to = root.join_path(below);
            content.put(draft, &to, from, None, blob, &RECALLED)?;
        }
        Ok(())
    }

    /// Puts files, services and bindings where the first boot needs them.
    /// Services that are there, from an INF or an earlier time, only get what
    /// they lack.
    pub(crate) fn apply(&self, draft: &mut Draft, content: &Content) -> Result<(), Stop> {
        for driver in &self.drivers {
            let to = self.place(draft, "System32\\drivers", &driver.from)?;
            if !draft.has_file(&to).map_err(Error::from)? {
                content.put(draft, &to, &driver.from, None, &driver.blob, &STATED)?;
            }
            let below = format!("Services\\{}", driver.driver.service);
            for key in draft.facts().control_set_keys(&below) {
                service(draft, &key, driver)?;
            }
        }
        for dll in &self.dlls {
            let Some((from, blob)) = self.files.get(dll) else {
                continue;
            };
            let to = self.place(draft, "System32", from)?;
            if !draft.has_file(&to).map_err(Error::from)? {
                content.put(draft, &to, from, None, blob, &STATED)?;
            }
        }
        critical_device::write(draft, &self.bindings)?;
        Ok(())
    }
}

/// The values that text mode setup gives each driver, and those of `[Config]`,
/// which win over them.
fn service(draft: &mut Draft, key: &KeyPath, driver: &ChosenDriver) -> Result<(), Error> {
    let file = driver
        .from
        .file_name()
        .map_or_else(String::new, ToString::to_string);
    let values = driver.driver.values.iter();
    let wanted = values.map(|value| {
        let data = RegData {
            kind: value.data.kind,
            bytes: value.data.bytes.clone(),
        };
        let below = match value.subkey.as_str() {
            "" => key.clone(),
            subkey => key.join(subkey),
        };
        (below, value.name.clone(), data, STATED)
    });
    let path = format!("System32\\drivers\\{file}");
    let own = [
        ("Type", RegData::dword(1)),
        ("Start", RegData::dword(0)),
        ("ErrorControl", RegData::dword(1)),
        ("Group", RegData::sz(GROUP)),
        ("ImagePath", RegData::expand_sz(&path)),
    ];
    let own = own.map(|(name, data)| (key.clone(), name.to_owned(), data, RECALLED));
    let existed = draft.has_key(HiveName::System, key)?;
    let mut set: Vec<(KeyPath, String)> = Vec::new();
    for (key, name, data, basis) in wanted.chain(own) {
        let named =
            |(other, known): &(KeyPath, String)| *other == key && known.eq_ignore_ascii_case(&name);
        let there = existed && draft.value(HiveName::System, &key, &name)?.is_some();
        if there || set.iter().any(named) {
            continue;
        }
        let _ = draft.set_value(HiveName::System, &key, &name, data, &basis)?;
        set.push((key, name));
    }
    Ok(())
}

fn read_version(draft: &Draft, path: &ImagePath, blob: &dyn Blob) -> Result<Version, Stop> {
    let cannot_read = |source| Refusal::Read {
        path: path.clone(),
        source,
    };
    let bytes = read_all(blob, MAX_INF).map_err(cannot_read)?;
    let parse = parse_options(draft)?;
    let inf = Inf::try_parse(&bytes, &parse)
        .map_err(|error| cannot_read(io::Error::new(io::ErrorKind::FileTooLarge, error)))?;
    let inbox = InboxInfs::new(draft, parse);
    let model = DriverModel::read(&inf, &target(draft), &ModelOptions::default(), &|name| {
        inbox.get(name)
    });
    Ok(model.version)
}
