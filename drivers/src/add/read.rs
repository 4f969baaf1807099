//! A package read for one image: its INF, its files, its catalog. Nothing is
//! planned here; what is missing or unfit ends as a [`Refusal`].

use std::io;
use std::sync::Arc;

use wimwright_inf::Inf;
use wimwright_servicing::catalog::Catalog;
use wimwright_servicing::{
    Architecture, Blob, Draft, Finding, ImagePath, MemoryBlob, TreeError, compressed, pe, read_all,
};

use super::refusal::{Refusal, Stop};
use crate::error::Error;
use crate::inbox::{InboxInfs, MAX_INF, parse_options};
use crate::model::{
    self, DirectoryTexts, DriverModel, ModelOptions, PackageFile, ProductType, Severity, Target,
};
use crate::package::Package;
use crate::signature::{Asked, PackageSignature, SignerScore, Trust, judge};
use crate::store::package_id::PackageId;

/// The largest compressed source that is expanded.
const MAX_COMPRESSED: u64 = 256 * 1024 * 1024;
/// How much of a PE file is looked at for its headers. A driver whose headers
/// end later is refused as damaged.
const PE_HEADERS: u64 = 64 * 1024;

/// A file of the package, found.
pub(crate) struct FoundFile {
    /// What the INF says of it.
    pub(crate) file: PackageFile,
    /// Where it lies in the package's tree.
    pub(crate) from: ImagePath,
    /// The name to take out of it, where it is compressed.
    pub(crate) expand: Option<String>,
    /// Its content, expanded.
    pub(crate) blob: Arc<dyn Blob>,
}

/// The catalog of a package.
pub(crate) struct FoundCatalog {
    /// As the INF names it.
    pub(crate) name: String,
    /// Where it lies in the package's tree.
    pub(crate) from: ImagePath,
    pub(crate) blob: Arc<dyn Blob>,
    bytes: Vec<u8>,
}

/// What an image records of who signed a package.
pub(crate) struct RecordedSigner {
    pub(crate) name: Option<String>,
    pub(crate) score: SignerScore,
}

/// A package, read for one image.
pub(crate) struct ReadPackage {
    inf: Inf,
    pub(crate) inf_blob: Arc<dyn Blob>,
    pub(crate) model: DriverModel,
    pub(crate) files: Vec<FoundFile>,
    pub(crate) catalog: Option<FoundCatalog>,
    /// Why there is no catalog.
    no_catalog: String,
    /// Nobody, until [`ReadPackage::judge`] finds somebody.
    pub(crate) signer: RecordedSigner,
    pub(crate) id: PackageId,
    pub(crate) findings: Vec<Finding>,
}

impl ReadPackage {
    /// The data of the `AddReg` entry on a line of the INF, with its tokens.
    pub(crate) fn raw_data(&self, line: u32) -> Option<&str> {
        let mut lines = self.inf.sections().flat_map(|section| section.lines());
        lines.find(|found| found.number() == line)?.raw_field(5)
    }

    /// Judges the signature of the package, and records the signer.
    pub(crate) fn judge(
        &mut self,
        package: &Package,
        trust: Trust<'_>,
    ) -> Result<PackageSignature, Stop> {
        let catalog = self.catalog.as_ref().ok_or(self.no_catalog.as_str());
        let files = self.files.iter();
        let signature = judge_parts(package, &self.model, &self.inf_blob, files, catalog, trust)?;
        self.signer = RecordedSigner {
            name: signature.signer_name().map(str::to_owned),
            score: signature.score(),
        };
        Ok(signature)
    }

    /// Whether the package brings a driver of its own for the kernel.
    pub(crate) fn has_kernel_driver(&self) -> bool {
        self.files.iter().any(|found| {
            let name = found.file.name.to_lowercase();
            found.file.needed && name.ends_with(".sys")
        })
    }

    /// The folder in the store, relative to the Windows directory.
    pub(crate) fn folder(&self) -> String {
        package_folder(&self.id)
    }
}

/// `System32\DriverStore\FileRepository\<package id>`.
pub(crate) fn package_folder(id: &PackageId) -> String {
    format!("System32\\DriverStore\\FileRepository\\{id}")
}

/// What an image is to an INF.
pub(crate) fn target(draft: &Draft) -> Target {
    let facts = draft.facts();
    Target {
        major: facts.version.major,
        minor: facts.version.minor,
        build: facts.version.build,
        product_type: facts.product_type.unwrap_or(ProductType::Workstation),
        suite_mask: facts.suite_mask,
        architecture: facts.architecture,
    }
}

/// Reads a package for the image of `draft`.
pub(crate) fn read(draft: &Draft, package: &Package) -> Result<ReadPackage, Stop> {
    let unreadable = |error: TreeError| Refusal::Read {
        path: error.path,
        source: error.source,
    };
    let path = package.inf();
    let inf_blob = package.tree().open(path).map_err(unreadable)?;
    let inf_blob = inf_blob.ok_or_else(|| Refusal::Read {
        path: path.clone(),
        source: io::ErrorKind::NotFound.into(),
    })?;
    if inf_blob.len() > MAX_INF {
        return Err(Refusal::TooLarge {
            path: path.clone(),
            len: inf_blob.len(),
            limit: MAX_INF,
        }
        .into());
    }
    let cannot_read = |source| Refusal::Read {
        path: path.clone(),
        source,
    };
    let bytes = read_all(inf_blob.as_ref(), MAX_INF).map_err(cannot_read)?;
    let parse = parse_options(draft)?;
    let inf = Inf::try_parse(&bytes, &parse)
        .map_err(|error| cannot_read(io::Error::new(io::ErrorKind::FileTooLarge, error)))?;

    let target = target(draft);
    let inbox = InboxInfs::new(draft, parse);
    let resolve = |name: &str| inbox.get(name);
    let mut options = ModelOptions {
        directories: DirectoryTexts {
            windows: format!("C:\\{}", draft.facts().windows),
            ..DirectoryTexts::default()
        },
        ..ModelOptions::default()
    };
    let model = DriverModel::read(&inf, &target, &options, &resolve);
    if let Some(reason) = &model.not_applicable {
        return Err(Refusal::NotApplicable(reason.clone()).into());
    }
    let broken = |finding: &&model::Finding| finding.severity == Severity::Error;
    let mut errors = model.findings.iter().filter(broken);
    if let Some(first) = errors.next() {
        return Err(Refusal::Broken {
            first: first.clone(),
            others: errors.count(),
        }
        .into());
    }
    if model.version.class_guid.is_none() {
        return Err(Refusal::NoClass.into());
    }
    let mut findings = Vec::new();
    let files = find_files(package, &model, &mut findings)?;
    check_destinations(&files)?;
    check_machines(&files, &model, draft.facts().architecture)?;
    let (catalog, no_catalog) = match find_catalog(package, &model)? {
        Ok(found) => (Some(found), String::new()),
        Err(reason) => (None, reason),
    };
    let id = package_id(package, draft, &inf_blob, &files, catalog.as_ref())?;

    // Registry data may name the package's folder, which is known only now.
    options.directories.package = Some(package_folder(&id));
    let model = DriverModel::read(&inf, &target, &options, &resolve);
    // Notes are for the package's author; `describe` shows them.
    let for_users = model
        .findings
        .iter()
        .filter(|finding| finding.severity != Severity::Note);
    findings.extend(for_users.map(as_finding));
    Ok(ReadPackage {
        inf,
        inf_blob,
        model,
        files,
        catalog,
        no_catalog,
        signer: RecordedSigner {
            name: None,
            score: SignerScore::Unsigned,
        },
        id,
        findings,
    })
}

/// A finding of the model as the user sees it.
pub(crate) fn as_finding(finding: &model::Finding) -> Finding {
    let message = match (finding.section.as_str(), finding.line) {
        ("", _) => finding.message.clone(),
        (section, 0) => format!("[{section}] {}", finding.message),
        (section, line) => format!("[{section}] line {line}: {}", finding.message),
    };
    match finding.severity {
        Severity::Note => Finding::note(finding.rule.name(), message),
        _ => Finding::warning(finding.rule.name(), message),
    }
}

/// Finds every file of the package. One that this Windows does not copy may be
/// missing: real packages that install on amd64 name ARM files that they never
/// shipped.
fn find_files(
    package: &Package,
    model: &DriverModel,
    findings: &mut Vec<Finding>,
) -> Result<Vec<FoundFile>, Stop> {
    let mut found = Vec::new();
    let mut missing = Vec::new();
    let mut elsewhere = Vec::new();
    let mut of_windows = Vec::new();
    for file in &model.files.files {
        match find_file(package, file)? {
            Some(file) => found.push(file),
            None if file.from_windows => of_windows.push(file.path()),
            None if file.needed => missing.push(file.path()),
            None => elsewhere.push(file.path()),
        }
    }
    if !of_windows.is_empty() {
        findings.push(Finding::note(
            "file-of-windows",
            format!(
                "not in the package, taken from Windows itself: {}",
                of_windows.join(", ")
            ),
        ));
    }
    if !elsewhere.is_empty() {
        findings.push(Finding::note(
            "other-architecture-incomplete",
            format!(
                "the package lacks files that only other architectures need: {}",
                elsewhere.join(", ")
            ),
        ));
    }
    if missing.is_empty() {
        return Ok(found);
    }
    let others = missing.len() - 1;
    let path = missing.swap_remove(0);
    Err(Refusal::MissingFile { path, others }.into())
}

/// Finds a file as it is, compressed under its compressed name, or in the
/// cabinet that the INF names for its disk.
fn find_file(package: &Package, file: &PackageFile) -> Result<Option<FoundFile>, Stop> {
    let root = package.root();
    let tree = package.tree();
    let unreadable = |error: TreeError| Refusal::Read {
        path: error.path,
        source: error.source,
    };
    let at = |below: &str| root.join(below).map_err(Error::from);
    let plain = at(&file.path())?;
    if let Some(blob) = tree.open(&plain).map_err(unreadable)? {
        return Ok(Some(FoundFile {
            file: file.clone(),
            from: plain,
            expand: None,
            blob,
        }));
    }
    let compressed_path = match file.folder.as_str() {
        "" => compressed::compressed_name(&file.name),
        folder => format!("{folder}\\{}", compressed::compressed_name(&file.name)),
    };
    let cabinet = file.disk.as_ref().and_then(|disk| disk.cabinet.as_deref());
    for below in [Some(compressed_path.as_str()), cabinet]
        .into_iter()
        .flatten()
    {
        let from = at(below)?;
        let Some(blob) = tree.open(&from).map_err(unreadable)? else {
            continue;
        };
        let cannot_read = |source| Refusal::Read {
            path: from.clone(),
            source,
        };
        let bytes = read_all(blob.as_ref(), MAX_COMPRESSED).map_err(cannot_read)?;
        let plain = compressed::expand(&bytes, &file.name).map_err(|source| {
            Refusal::Staging(wimwright_servicing::DraftError::Expand {
                path: from.clone(),
                source,
            })
        })?;
        return Ok(Some(FoundFile {
            file: file.clone(),
            from,
            expand: Some(file.name.clone()),
            blob: Arc::new(MemoryBlob::new(plain)),
        }));
    }
    Ok(None)
}

/// Refuses files that this Windows would copy to an absolute path: offline,
/// that is somewhere else, or nowhere.
fn check_destinations(files: &[FoundFile]) -> Result<(), Stop> {
    for found in files.iter().filter(|found| found.file.needed) {
        let mut destinations = found.file.destinations.iter();
        if let Some(absolute) = destinations.find(|to| to.dirid == model::dirid::ABSOLUTE) {
            return Err(Refusal::AbsolutePath {
                path: found.file.path(),
                destination: absolute.subdir.clone(),
            }
            .into());
        }
    }
    Ok(())
}

/// Refuses drivers for another processor: every `.sys` that this Windows
/// copies must be for its architecture. (Programs and DLLs may be 32-bit.)
fn check_machines(
    files: &[FoundFile],
    model: &DriverModel,
    architecture: Architecture,
) -> Result<(), Stop> {
    let binaries: Vec<String> = model
        .installs
        .iter()
        .flat_map(|install| &install.services)
        .filter(|service| service.is_driver())
        .filter_map(|service| service.binary.as_ref()?.destination.as_ref())
        .map(|destination| destination.name.to_lowercase())
        .collect();
    for found in files.iter().filter(|found| found.file.needed) {
        let is_driver = found.file.name.to_lowercase().ends_with(".sys")
            || found
                .file
                .destinations
                .iter()
                .any(|destination| binaries.contains(&destination.name.to_lowercase()));
        if !is_driver {
            continue;
        }
        let path = found.file.path();
        let mut headers = vec![0; found.blob.len().min(PE_HEADERS) as usize];
        found
            .blob
            .read_into(0, &mut headers)
            .map_err(|source| Refusal::Read {
                path: found.from.clone(),
                source,
            })?;
        let facts = pe::PeFacts::read(&headers).map_err(|source| Refusal::Damaged {
            path: path.clone(),
            source,
        })?;
        let Some(facts) = facts else { continue };
        if !runs_on(facts.machine, architecture) {
            return Err(Refusal::Machine {
                path,
                machine: facts.machine,
                architecture,
            }
            .into());
        }
    }
    Ok(())
}

/// Whether a driver for `machine` runs in the kernel of that architecture.
pub(crate) fn runs_on(machine: pe::Machine, architecture: Architecture) -> bool {
    matches!(
        (machine, architecture),
        (pe::Machine::X86, Architecture::X86)
            | (pe::Machine::Amd64, Architecture::Amd64)
            | (pe::Machine::Arm, Architecture::Arm)
            | (pe::Machine::Arm64, Architecture::Arm64)
            | (pe::Machine::Ia64, Architecture::Ia64)
    )
}

/// Judges the signature of a package whose files are found.
fn judge_parts<'f>(
    package: &Package,
    model: &DriverModel,
    inf: &Arc<dyn Blob>,
    files: impl Iterator<Item = &'f FoundFile>,
    catalog: Result<&FoundCatalog, &str>,
    trust: Trust<'_>,
) -> Result<PackageSignature, Stop> {
    let mut asked: Vec<Asked> = vec![(package.inf_name(), true, Arc::clone(inf))];
    asked.extend(files.map(|found| {
        let blob = Arc::clone(&found.blob);
        (found.file.path(), found.file.needed, blob)
    }));
    let bytes = catalog.map(|found| (found.name.as_str(), found.bytes.as_slice()));
    let windows = (model.target.major, model.target.minor);
    let judged = judge(bytes, &asked, windows, trust).map_err(|(path, source)| Refusal::Read {
        path: ImagePath::parse(&path).unwrap_or_default(),
        source,
    })?;
    Ok(judged.map_err(|source| Refusal::Catalog {
        path: catalog.map(|found| found.from.clone()).unwrap_or_default(),
        source,
    })?)
}

/// Judges the signature of a package that is read for no image: by those of its
/// files that are there.
pub(crate) fn judge_package(
    package: &Package,
    model: &DriverModel,
    trust: Trust<'_>,
) -> Result<PackageSignature, Stop> {
    let unreadable = |error: TreeError| Refusal::Read {
        path: error.path,
        source: error.source,
    };
    let path = package.inf();
    let inf = package.tree().open(path).map_err(unreadable)?;
    let inf = inf.ok_or_else(|| Refusal::Read {
        path: path.clone(),
        source: io::ErrorKind::NotFound.into(),
    })?;
    let mut files = Vec::new();
    for file in &model.files.files {
        files.extend(find_file(package, file)?);
    }
    let catalog = find_catalog(package, model)?;
    let catalog = catalog.as_ref().map_err(String::as_str);
    judge_parts(package, model, &inf, files.iter(), catalog, trust)
}

/// The catalog of a package; the inner error says why there is none.
fn find_catalog(
    package: &Package,
    model: &DriverModel,
) -> Result<Result<FoundCatalog, String>, Stop> {
    let Some(name) = model.version.catalog_for(model.target.architecture) else {
        let reason = "the INF names no catalog for this architecture";
        return Ok(Err(reason.to_owned()));
    };
    let from = package.root().join(name).map_err(Error::from)?;
    let unreadable = |source| Refusal::Read {
        path: from.clone(),
        source,
    };
    let blob = package
        .tree()
        .open(&from)
        .map_err(|error| unreadable(error.source))?;
    let Some(blob) = blob else {
        let reason = format!("the INF names the catalog `{name}`, which is not there");
        return Ok(Err(reason));
    };
    let limit = wimwright_servicing::catalog::MAX_CATALOG_LEN as u64;
    let bytes = read_all(blob.as_ref(), limit).map_err(unreadable)?;
    Catalog::parse(&bytes).map_err(|source| Refusal::Catalog {
        path: from.clone(),
        source,
    })?;
    Ok(Ok(FoundCatalog {
        name: name.to_owned(),
        from,
        blob,
        bytes,
    }))
}

fn package_id(
    package: &Package,
    draft: &Draft,
    inf: &Arc<dyn Blob>,
    files: &[FoundFile],
    catalog: Option<&FoundCatalog>,
) -> Result<PackageId, Stop> {
    let architecture = draft.facts().architecture;
    let name = package.inf_name();
    if let Some(kept) = PackageId::kept(package.folder(), &name, architecture) {
        return Ok(kept);
    }
    let mut content: Vec<(String, &dyn Blob)> = vec![(name.clone(), inf.as_ref())];
    for found in files {
        content.push((found.file.path(), found.blob.as_ref()));
    }
    if let Some(catalog) = catalog {
        content.push((catalog.name.clone(), catalog.blob.as_ref()));
    }
    PackageId::of_content(&name, architecture, content).map_err(|(path, source)| {
        let path = ImagePath::parse(&path).unwrap_or_default();
        Refusal::Read { path, source }.into()
    })
}
