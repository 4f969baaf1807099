//! What a driver INF says for one Windows: pure, no files, no image.
//!
//! [`DriverModel::read`] takes a parsed INF and a [`Target`] and gives the
//! device models that the target uses, what their install sections do, the
//! files of the package, and findings. Everything is data; whether and how it
//! is carried out is the store's business. INFs of Windows that an INF
//! includes are handed in by the caller.
//!
//! The facts are those of Microsoft's driver documentation; each file names
//! its pages. What is not interpreted is recorded, with a finding.

#![deny(clippy::indexing_slicing)]

mod component;
mod decoration;
pub mod dirid;
mod driver_ver;
mod expansion;
pub mod file_name;
mod files;
mod finding;
mod guid;
mod install;
mod interface;
mod manufacturer;
mod models;
mod package_files;
mod property;
mod reader;
mod registry;
mod registry_list;
mod select;
mod service;
mod service_section;
mod source_disks;
mod target;
mod txtsetup_oem;
mod version;
mod wdf;

use serde::Serialize;
use wimwright_inf::Inf;

pub use component::{Component, Filter, Software};
pub use decoration::{Decoration, DecorationError, FIRST_BUILD_WITH_BUILD_NUMBERS, Mismatch};
pub use dirid::{Destination, DirectoryTexts, DiridError, Location};
pub use driver_ver::{DriverDate, DriverVer, DriverVersion};
pub use file_name::FileNameError;
pub use files::{CopyFile, copy_flag};
pub use finding::{Finding, Findings, Rule, Severity};
pub use guid::{Guid, GuidError};
pub use install::{CoInstallers, DEFAULT_FEATURE_SCORE, InstallSection, RecordedDirective};
pub use interface::Interface;
pub use manufacturer::{ListedDecoration, ManufacturerLine, manufacturers};
pub use models::{Model, actual_section};
pub use package_files::{PackageFile, PackageFiles};
pub use property::{PropertyChange, PropertyOperation, property_type};
pub use reader::Resolve;
pub use registry::{
    Condition, Operation, REG_BINARY, REG_DWORD, REG_EXPAND_SZ, REG_MULTI_SZ, REG_NONE, REG_QWORD,
    REG_SZ, RegistryChange, RegistryData, Root, View,
};
pub use select::{NotApplicable, SelectOptions, SelectedModels, select};
pub use service::{
    AssociatedService, DeletedService, DisplayText, EventLog, FailureActions, ImagePathError,
    ImagePathForm, Service, ServiceBinary, ServiceTrigger, StartType, service_flag,
};
pub use source_disks::Disk;
pub use target::{Architecture, ProductType, Target};
pub use txtsetup_oem::{ConfigValue, SetupDriver, SetupOption, TextSetup};
pub use version::{CatalogFile, EXTENSION_CLASS, InfKind, Signature, Version};
pub use wdf::{KmdfService, UmdfService, Wdf};

use models::models;
use package_files::{Used, package_files};
use reader::Reader;
use version::InfKind as Kind;

/// How an INF is read.
#[derive(Clone, Debug, Default)]
pub struct ModelOptions {
    /// What the documentation of the selection leaves open.
    pub select: SelectOptions,
    /// How directories are written in registry data.
    pub directories: DirectoryTexts,
}

/// One `[Manufacturer]` line, and what it gives the target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ManufacturerChoice {
    /// The line.
    pub line: ManufacturerLine,
    /// The models section used, or why there is none.
    pub selected: Result<SelectedModels, NotApplicable>,
}

/// What a driver INF says for one Windows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DriverModel {
    /// The Windows.
    pub target: Target,
    /// `[Version]`.
    pub version: Version,
    /// Why there is nothing for the target; `None` if there are models, or if
    /// the INF is of a kind that has none.
    pub not_applicable: Option<NotApplicable>,
    /// `[Manufacturer]`, line by line.
    pub manufacturers: Vec<ManufacturerChoice>,
    /// The models the target uses, in the order of the INF.
    pub models: Vec<Model>,
    /// Their install sections, each once, in the order of first use.
    pub installs: Vec<InstallSection>,
    /// `[ClassInstall32]`; only carried out while the class is not there.
    pub class_install: Option<InstallSection>,
    /// `[DefaultInstall]` of a primitive driver.
    pub default_install: Option<InstallSection>,
    /// `[InterfaceInstall32]`.
    pub interface_classes: Vec<Interface>,
    /// The files of the package.
    pub files: PackageFiles,
    /// What is odd about the INF.
    pub findings: Vec<Finding>,
}

impl DriverModel {
    /// Reads an INF for a target. `resolve` finds the INFs it includes.
    pub fn read(
        inf: &Inf,
        target: &Target,
        options: &ModelOptions,
        resolve: &Resolve<'_>,
    ) -> DriverModel {
        let mut findings = Findings::default();
        let version = Version::read(inf, &mut findings);
        let lines = manufacturers(inf, &mut findings).unwrap_or_default();
        let mut model = DriverModel {
            target: *target,
            version,
            not_applicable: None,
            manufacturers: Vec::new(),
            models: Vec::new(),
            installs: Vec::new(),
            class_install: None,
            default_install: None,
            interface_classes: Vec::new(),
            files: PackageFiles::default(),
            findings: Vec::new(),
        };
        model.not_applicable = model.refusal();
        if model.not_applicable.is_none() {
            model.select(inf, lines, options, &mut findings);
            model.install(inf, options, resolve, &mut findings);
        }
        model.findings = findings.into_vec();
        model
    }

    /// The install section of a model.
    pub fn install_of(&self, model: &Model) -> Option<&InstallSection> {
        self.installs
            .iter()
            .find(|install| wimwright_inf::same_name(&install.name, &model.actual_section))
    }

    /// Whether a finding says that the package cannot be staged as it is.
    pub fn has_errors(&self) -> bool {
        self.findings
            .iter()
            .any(|finding| finding.severity == Severity::Error)
    }

    /// Why the INF is nothing for any Windows.
    fn refusal(&self) -> Option<NotApplicable> {
        if !self.version.is_inf() {
            return Some(NotApplicable::NotAnInf);
        }
        match (self.version.kind, &self.version.template_variable) {
            (Kind::Template, Some(variable)) => Some(NotApplicable::Template {
                variable: variable.clone(),
            }),
            (Kind::Other, _) => Some(NotApplicable::NoManufacturer),
            _ => None,
        }
    }

    fn select(
        &mut self,
        inf: &Inf,
        lines: Vec<ManufacturerLine>,
        options: &ModelOptions,
        findings: &mut Findings,
    ) {
        let mut budget = MAX_MODELS;
        for line in lines {
            let selected = select(inf, &line, &self.target, options.select, findings);
            if let Ok(selected) = &selected {
                let count = inf.section(&selected.section).map_or(0, |s| s.line_count());
                if count > budget {
                    let message = format!("only the first {MAX_MODELS} models are read");
                    findings.add(Rule::TooManyEntries, &selected.section, 0, message);
                    break;
                }
                budget -= count;
                let architecture = self.target.architecture;
                let found = models(inf, &line, &selected.section, architecture, findings);
                self.models.extend(found);
            }
            self.manufacturers
                .push(ManufacturerChoice { line, selected });
        }
        if self.version.kind == Kind::Device && self.models.is_empty() {
            self.not_applicable = Some(self.reason());
        }
    }

    /// The reason why no line has anything: the first that is about this
    /// target, else all architectures there are.
    fn reason(&self) -> NotApplicable {
        let mut available = Vec::new();
        for choice in &self.manufacturers {
            match &choice.selected {
                Ok(_) => {}
                Err(NotApplicable::Architecture { available: found }) => available.extend(found),
                Err(reason) => return reason.clone(),
            }
        }
        if available.is_empty() {
            return NotApplicable::NoManufacturer;
        }
        available.sort_unstable();
        available.dedup();
        NotApplicable::Architecture { available }
    }

    fn install(
        &mut self,
        inf: &Inf,
        options: &ModelOptions,
        resolve: &Resolve<'_>,
        findings: &mut Findings,
    ) {
        let target = self.target;
        let applies = self.not_applicable.is_none();
        let mut sections: Vec<String> = Vec::new();
        let mut seen = std::collections::BTreeSet::new();
        for model in &self.models {
            if seen.insert(model.actual_section.to_lowercase()) {
                sections.push(model.actual_section.clone());
            }
        }
        let mut reader = Reader::new(inf, &target, &options.directories, resolve, findings);
        self.installs = sections.iter().map(|name| reader.install(name)).collect();
        if applies {
            let mut global = |name| {
                let section = actual_section(inf, name, target.architecture)?;
                Some(reader.install(&section))
            };
            self.class_install = global("ClassInstall32");
            self.default_install = global("DefaultInstall");
            self.interface_classes = reader.interface_classes();
        }
        self.check_associations(findings);
        let lines: Vec<ManufacturerLine> = self
            .manufacturers
            .iter()
            .map(|choice| choice.line.clone())
            .collect();
        let used = Used {
            sections: &sections,
            global: applies,
        };
        self.files = package_files(inf, &lines, &target, &used, findings);
    }

    /// "Every device driver INF should have exactly one associated service",
    /// and an extension none.
    fn check_associations(&self, findings: &mut Findings) {
        let is_extension = self.version.is_extension();
        for install in &self.installs {
            let unsaid = install.associated_service == AssociatedService::Unsaid;
            if is_extension && !unsaid {
                let message = format!("[{}] associates a service with the device", install.name);
                findings.add(Rule::ExtensionAssociatesService, &install.name, 0, message);
            }
            if !is_extension && unsaid && install.needs.is_empty() {
                let message = format!("[{}] gives the device no service", install.name);
                findings.add(Rule::NoAssociatedService, &install.name, 0, message);
            }
        }
    }
}

/// How many models are read for one INF. Lines of `[Manufacturer]` may share a
/// models section, so a hostile INF could ask for the square of its length;
/// the largest INFs of Windows have some ten thousand.
const MAX_MODELS: usize = 200_000;

#[cfg(test)]
mod tests {
    use super::*;
    use wimwright_inf::ParseOptions;

    fn read(text: &str, architecture: Architecture) -> DriverModel {
        let inf = Inf::parse(text.as_bytes(), &ParseOptions::default());
        let target = Target::workstation(10, 0, 19041, architecture);
        DriverModel::read(&inf, &target, &ModelOptions::default(), &|_| None)
    }

    const HEAD: &str = "[Version]\nSignature=\"$Windows NT$\"\nClass=System\nProvider=x\n\
                        ClassGuid={4D36E97D-E325-11CE-BFC1-08002BE10318}\n\
                        DriverVer=01/01/2020,1.0.0.0\nCatalogFile=x.cat\nPnpLockdown=1\n";

    #[test]
    fn a_whole_inf_gives_models_sections_and_files() {
        let model = read(
            &format!(
                "{HEAD}[Manufacturer]\n%m%=M,NTx86,NTamd64\n\
                 [M.NTx86]\n%d%=I,A\n[M.NTamd64]\n%d%=I,A,B\n%d%=I,C\n%d%=J,D\n\
                 [I.NT]\nCopyFiles=@x.sys\n[I.NT.Services]\nAddService=x,2,S\n\
                 [J.NT]\n[J.NT.Services]\nAddService=,2\n\
                 [S]\nServiceType=1\nStartType=0\nErrorControl=1\nServiceBinary=%12%\\x.sys\n\
                 [DestinationDirs]\nDefaultDestDir=12\n[SourceDisksNames]\n1=x\n\
                 [SourceDisksFiles]\nx.sys=1\n[ClassInstall32]\nAddReg=C\n[C]\nHKR,,,,x\n\
                 [Strings]\nm=Maker\nd=Device\n"
            ),
            Architecture::Amd64,
        );
        assert_eq!(model.findings, []);
        assert_eq!(model.not_applicable, None);
        assert_eq!(model.models.len(), 3);
        assert_eq!(model.installs.len(), 2);
        let install = model.install_of(&model.models[1]).unwrap();
        assert_eq!(install.name, "I.NT");
        assert!(install.has_boot_start_service());
        assert_eq!(
            model.installs[1].associated_service,
            AssociatedService::Null
        );
        assert_eq!(model.class_install.unwrap().registry.len(), 1);
        assert_eq!(model.files.files[0].architectures.len(), 2);
    }

    #[test]
    fn what_does_not_apply_has_one_reason() {
        for (text, reason) in [
            (String::new(), NotApplicable::NotAnInf),
            (
                format!("{HEAD}[Manufacturer]\nm=M,NT$ARCH$\n"),
                NotApplicable::Template {
                    variable: "$ARCH$".to_owned(),
                },
            ),
            (HEAD.to_owned(), NotApplicable::NoManufacturer),
            (
                format!("{HEAD}[Manufacturer]\n"),
                NotApplicable::NoManufacturer,
            ),
            (
                format!("{HEAD}[Manufacturer]\nm=M,NTx86\nn=N,NTamd64\n[M.NTx86]\nd=I,A\n"),
                NotApplicable::Architecture {
                    available: vec![Architecture::X86, Architecture::Amd64],
                },
            ),
        ] {
            let model = read(&text, Architecture::Arm64);
            assert_eq!(model.not_applicable, Some(reason), "{text}");
            assert!(model.models.is_empty(), "{text}");
        }
    }

    #[test]
    fn an_extension_must_not_associate_a_service() {
        let head = HEAD.replace(
            "{4D36E97D-E325-11CE-BFC1-08002BE10318}",
            "{e2f84ce7-8efa-411c-aa69-97454ca4cb57}\n\
             ExtensionId={4D36E97D-E325-11CE-BFC1-08002BE10318}",
        );
        let model = read(
            &format!(
                "{head}[Manufacturer]\nm=M,NTamd64\n[M.NTamd64]\nd=I,A\n[I]\n\
                 [I.Services]\nAddService=,2\n"
            ),
            Architecture::Amd64,
        );
        let rules: Vec<_> = model.findings.iter().map(|f| f.rule).collect();
        assert_eq!(rules, [Rule::ExtensionAssociatesService]);
    }

    #[test]
    fn sections_that_many_others_name_stay_bounded() {
        // Each would be the square of its length without a limit.
        let many = |head: &str, line: &dyn Fn(usize) -> String| {
            (0..3000).fold(format!("{head}\n"), |text, number| {
                text + &line(number) + "\n"
            })
        };
        let models = many("[M.NTamd64]", &|number| format!("d=I{number},A{number}"));
        for (name, section, shared) in [
            (
                "a registry list",
                "AddReg=L",
                many("[L]", &|_| "HKR,,x,,y".to_owned()),
            ),
            (
                "a file list",
                "CopyFiles=L",
                many("[L]", &|n| format!("f{n},x")),
            ),
            (
                "a needed section",
                "Needs=L",
                many("[L]", &|n| format!("key{n}=1")),
            ),
            (
                "a property list",
                "AddProperty=L",
                many("[L]", &|_| "DeviceModel,,,,x".to_owned()),
            ),
        ] {
            let installs = many("", &|number| format!("[I{number}]\n{section}"));
            let text = format!(
                "{HEAD}[Manufacturer]\nm=M,NTamd64\n{models}{installs}{shared}\
                 [DestinationDirs]\nDefaultDestDir=12\n"
            );
            let model = read(&text, Architecture::Amd64);
            let kept: usize = model
                .installs
                .iter()
                .map(|install| {
                    install.registry.len()
                        + install.copy_files.len()
                        + install.recorded.len()
                        + install.properties.len()
                })
                .sum();
            assert!(kept <= 1_000_000, "{name}: {kept}");
            let mut rules = model.findings.iter().map(|finding| finding.rule);
            assert!(rules.any(|rule| rule == Rule::TooManyEntries), "{name}");
        }
    }
}
