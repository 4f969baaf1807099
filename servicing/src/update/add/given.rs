//! A package file as it was given: what kind it is, what is in it, who signed
//! it.

use std::io;
use std::sync::Arc;

use crate::blob::Blob;
use crate::catalog::verify::{Signature, Verdict};
use crate::facts::Architecture;
use crate::path::{ImagePath, PathError};
use crate::pe::{self, PeFacts};
use crate::time;
use crate::tree::TreeError;
use crate::update::container::{Container, ContainerError, Form, IndexKind, Role};
use crate::update::deferral::answer_file::AnswerPackage;
use crate::update::deferral::{PackageKind, Payload, Place};
use crate::update::package::{self, CatalogState, Package, PackageError, Trust};
use crate::update::payload::PayloadError;

/// Why a file is no package that can be added.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GivenError {
    /// The file cannot be read.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// It cannot be read.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It is nothing that packages come in, or damaged.
    #[error(transparent)]
    Container(#[from] ContainerError),
    /// Its index of files is damaged.
    #[error(transparent)]
    Payload(#[from] PayloadError),
    /// The package in it is none.
    #[error(transparent)]
    Package(#[from] PackageError),
    /// A member's name is no path.
    #[error(transparent)]
    Path(#[from] PathError),
    /// A program whose headers cannot be read.
    #[error(transparent)]
    Program(#[from] pe::ReadError),
    /// A program that installs something else, or nothing.
    #[error("the program is no hotfix: there is no `update\\update.inf` in it")]
    NotAHotfix,
    /// There is no package in it.
    #[error("there is no package in it: no cabinet with an `update.mum`")]
    Empty,
    /// A folder.
    #[error("it is a folder; name the package's file")]
    Folder,
    /// More than a file.
    #[error("it is in several files ({names}), and Windows installs a package from one")]
    Several {
        /// Their names.
        names: String,
    },
    /// An express package.
    #[error(
        "its files are in the storage beside it, and Windows installs a package from one file; \
         name the .msu"
    )]
    Express,
}

/// A package that is to be added.
pub struct Given {
    name: String,
    kind: PackageKind,
    place: Place,
    packages: Vec<Inner>,
    signature: (CatalogState, String),
    signer: Option<String>,
    /// The processor that a program runs on.
    machine: Option<String>,
}

/// A cabinet with a package.
struct Inner {
    /// Its name; that of the file itself where it is not inside another.
    name: String,
    package: Package,
    blob: Arc<dyn Blob>,
}

impl Given {
    /// The package whose file at `place` was opened as `container`.
    ///
    /// # Errors
    /// [`GivenError`] says why it is no package that can be added.
    pub fn new(container: &Container, place: Place, trust: Trust<'_>) -> Result<Given, GivenError> {
        let (cabinet, program) = match container.form() {
            Form::Folder => return Err(GivenError::Folder),
            Form::Cabinet(cabinet) => (Some(cabinet), false),
            Form::Program { cabinet, .. } => (Some(cabinet), true),
            _ => (None, false),
        };
        if let Some(cabinet) = cabinet.filter(|cabinet| cabinet.parts.len() > 1) {
            return Err(GivenError::Several {
                names: cabinet.parts.join(", "),
            });
        }
        let kind = match (program, container.role()) {
            (true, Role::Hotfix) => PackageKind::HotfixExe,
            (true, _) => return Err(GivenError::NotAHotfix),
            (false, Role::Package) => PackageKind::Cab,
            (false, _) => PackageKind::Msu,
        };
        let blob = place.tree.open(&place.path)?;
        let blob = blob.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
        let mut given = Given {
            name: container.name().to_owned(),
            kind,
            place,
            packages: Vec::new(),
            signature: (CatalogState::Unsigned, String::new()),
            signer: None,
            machine: None,
        };
        if program {
            given.judge_program(blob.as_ref(), trust)?;
            let facts = PeFacts::of_blob(blob.as_ref())?.ok_or(GivenError::NotAHotfix)?;
            let machine = Architecture::of_machine(facts.machine);
            given.machine = machine.map(|machine| machine.name().to_owned());
            return Ok(given);
        }
        if kind == PackageKind::Cab {
            // Beside a cabinet its storage would have to go along.
            let index = container.index().and_then(Result::ok);
            if index.is_some_and(|index| index.kind != IndexKind::Members) {
                return Err(GivenError::Express);
            }
            given.add(container, given.name.clone(), blob, trust)?;
        }
        for nested in container.nested() {
            if kind != PackageKind::Msu || nested.role() != Role::Package {
                continue;
            }
            let path = ImagePath::parse(nested.name())?;
            let Some(blob) = container.tree().open(&path)? else {
                continue;
            };
            let name = path.file_name().map(ToString::to_string);
            given.add(nested, name.unwrap_or_default(), blob, trust)?;
        }
        if given.packages.is_empty() {
            return Err(GivenError::Empty);
        }
        given.judge_catalogs();
        Ok(given)
    }

    /// Opens a file of a tree.
    ///
    /// # Errors
    /// As [`Given::new`].
    pub fn open(
        name: impl Into<String>,
        place: Place,
        trust: Trust<'_>,
    ) -> Result<Given, GivenError> {
        let blob = place.tree.open(&place.path)?;
        let blob = blob.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
        Given::new(&Container::of_file(name, &blob)?, place, trust)
    }

    /// Adds the package in a cabinet.
    fn add(
        &mut self,
        cabinet: &Container,
        name: String,
        blob: Arc<dyn Blob>,
        trust: Trust<'_>,
    ) -> Result<(), GivenError> {
        let package = Package::over(name.clone(), cabinet.payload()?, trust)?;
        self.packages.push(Inner {
            name,
            package,
            blob,
        });
        Ok(())
    }

    /// What the user called it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it is.
    pub fn kind(&self) -> PackageKind {
        self.kind
    }

    /// The identity of what it installs, where that is known; of several
    /// packages that of the last, which is the one it is about.
    pub fn identity(&self) -> Option<String> {
        let main = self.main()?;
        Some(main.identity().package_name())
    }

    /// The packages in it with what plans call their files: the file, and
    /// behind `::` the cabinet in it.
    pub(super) fn packages_with_sources(&self) -> impl Iterator<Item = (&Package, String)> {
        let Place { folder, path, .. } = &self.place;
        let file = match folder.is_empty() {
            true => path.to_string(),
            false => format!("{folder}/{path}"),
        };
        self.packages.iter().map(move |inner| {
            let source = match self.kind {
                PackageKind::Msu => format!("{file}::{}", inner.name),
                _ => file.clone(),
            };
            (&inner.package, source)
        })
    }

    /// The packages in it.
    pub(super) fn packages(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter().map(|inner| &inner.package)
    }

    /// Whether it is a program.
    pub(super) fn is_program(&self) -> bool {
        self.kind == PackageKind::HotfixExe
    }

    /// The package that it is about.
    pub(super) fn main(&self) -> Option<&Package> {
        let stacks_first = |inner: &&Inner| inner.package.kind();
        let main = self.packages.iter().max_by_key(stacks_first)?;
        Some(&main.package)
    }

    /// The processor that it is for, where it says one.
    pub(super) fn architecture(&self) -> Option<String> {
        match &self.machine {
            Some(machine) => Some(machine.clone()),
            None => Some(self.main()?.identity().architecture.clone()),
        }
    }

    /// Its place among packages that are added together: servicing stacks first.
    pub fn rank(&self) -> Option<package::PackageKind> {
        self.packages.iter().map(|inner| inner.package.kind()).min()
    }

    /// What its signatures come to, and why they are not good.
    pub(super) fn signature(&self) -> (CatalogState, String) {
        self.signature.clone()
    }

    /// Who signed it.
    pub fn signer(&self) -> Option<String> {
        self.signer.clone()
    }

    /// The file, to be put into an image.
    pub(super) fn payload(&self) -> Payload {
        Payload {
            name: self.name.clone(),
            kind: self.kind,
            identity: self.identity(),
            place: self.place.clone(),
        }
    }

    /// The packages in it for an answer file, each with its cabinet.
    pub fn answer_packages(&self) -> Vec<(AnswerPackage, Arc<dyn Blob>)> {
        let packages = self.packages.iter().map(|inner| {
            let package = AnswerPackage {
                identity: inner.package.identity().clone(),
                cabinet: inner.name.clone(),
            };
            (package, Arc::clone(&inner.blob))
        });
        packages.collect()
    }

    /// The worst of what the catalogs of its packages are worth.
    fn judge_catalogs(&mut self) {
        for inner in &self.packages {
            let state = inner.package.signature();
            let catalogs = inner.package.catalogs();
            let worst = catalogs.iter().find(|catalog| catalog.state == state);
            if self.signer.is_none() {
                let signer = catalogs.iter().find_map(|catalog| catalog.signer.clone());
                self.signer = signer;
            }
            let reason = match worst.and_then(|catalog| catalog.reason.clone()) {
                Some(reason) => reason,
                None => match inner.package.uncovered().first() {
                    Some(path) => format!("no catalog covers `{path}`"),
                    None => format!("{} is not signed", inner.name),
                },
            };
            if state >= self.signature.0 || self.signature.1.is_empty() {
                self.signature = (state, reason);
            }
        }
    }

    /// What the signature of a program is worth.
    fn judge_program(&mut self, blob: &dyn Blob, trust: Trust<'_>) -> io::Result<()> {
        let Some(signature) = Signature::of_program(blob, trust.anchors)? else {
            self.signature.1 = "the program carries no signature".to_owned();
            return Ok(());
        };
        let certificate = signature.certificate();
        self.signer = certificate.and_then(|certificate| certificate.common_name.clone());
        let signer = self.signer.as_deref().unwrap_or("somebody unnamed");
        self.signature = match signature.verdict(time::to_unix_seconds(trust.now)) {
            Verdict::Trusted => (CatalogState::Signed, String::new()),
            Verdict::Invalid(fault) => (
                CatalogState::Invalid,
                format!("the program's signature is not valid: {fault}"),
            ),
            _ => (
                CatalogState::Untrusted,
                format!("`{signer}` signed the program, for whom nobody known vouches"),
            ),
        };
        Ok(())
    }
}
