//! An install section with its sub-sections: everything that installing a
//! device does.
//!
//! The sub-sections append to the name that is really used:
//! `Install.NTamd64.Services` for `[Install.NTamd64]` (page "Combining
//! Platform Extensions with Other Section Name Extensions"). What needs the
//! running system (INI files, DLL registration, the Start menu) is recorded.

use std::collections::HashSet;

use serde::Serialize;
use wimwright_inf::{Line, same_name};

use super::component::{Component, Filter, Software};
use super::dirid::Root;
use super::driver_ver::DriverVer;
use super::files::CopyFile;
use super::finding::Rule;
use super::interface::Interface;
use super::property::PropertyChange;
use super::reader::{Part, Parts, Reader, directive, registry_list_kind};
use super::registry::RegistryChange;
use super::service::{AssociatedService, DeletedService, Service};
use super::service_section::Services;
use super::wdf::Wdf;

/// Feature score of a section that has none (page "INF FeatureScore
/// Directive").
pub const DEFAULT_FEATURE_SCORE: u8 = 0xFF;

/// A `.CoInstallers` section. Co-installers are DLLs that take part in the
/// installation on the running system.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CoInstallers {
    /// Changes relative to the device's software key.
    pub registry: Vec<RegistryChange>,
    /// The DLLs.
    pub copy_files: Vec<CopyFile>,
}

/// A directive that is kept as it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct RecordedDirective {
    /// Name of the section it stands in.
    pub section: String,
    /// The directive, as spelled.
    pub directive: String,
    /// Its values, expanded, without empty ones.
    pub values: Vec<String>,
    /// Line of the file, counted from 1.
    pub line: u32,
}

/// An install section.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct InstallSection {
    /// Name of the section that is used, as its header spells it.
    pub name: String,
    /// Whether it exists. Sub-sections may exist without it.
    pub exists: bool,
    /// File names of all `Include` lines, sub-sections included, each once.
    pub includes: Vec<String>,
    /// Section names of all `Needs` lines, likewise.
    pub needs: Vec<String>,
    /// Its own `DriverVer`, which beats that of `[Version]`.
    pub driver_ver: Option<DriverVer>,
    /// `FeatureScore`; [`DEFAULT_FEATURE_SCORE`] without one.
    pub feature_score: u8,
    /// Files of the section itself.
    pub copy_files: Vec<CopyFile>,
    /// `CopyINF`: other packages that come with this one.
    pub copy_infs: Vec<String>,
    /// Changes relative to the device's software (driver) key.
    pub registry: Vec<RegistryChange>,
    /// Changes relative to the device's hardware key, from `.HW`.
    pub hardware: Vec<RegistryChange>,
    /// Whether there is a `.HW` section.
    pub has_hardware: bool,
    /// Properties of the device.
    pub properties: Vec<PropertyChange>,
    /// Services, from `.Services`.
    pub services: Vec<Service>,
    /// Whether there is a `.Services` section.
    pub has_services: bool,
    /// Services to remove.
    pub deleted_services: Vec<DeletedService>,
    /// The device's function driver.
    pub associated_service: AssociatedService,
    /// `.CoInstallers`, if there is one.
    pub coinstallers: Option<CoInstallers>,
    /// Interfaces, from `.Interfaces`.
    pub interfaces: Vec<Interface>,
    /// `.Wdf`, if there is one.
    pub wdf: Option<Wdf>,
    /// Filters, from `.Filters`.
    pub filters: Vec<Filter>,
    /// Components, from `.Components`.
    pub components: Vec<Component>,
    /// Software, from `.Software`.
    pub software: Vec<Software>,
    /// `ExcludeID`: devices the section is not for.
    pub exclude_ids: Vec<String>,
    /// Whether `Reboot` is asked for.
    pub reboot: bool,
    /// Directives that are kept as they are, such as `LogConfig`.
    pub recorded: Vec<RecordedDirective>,
    /// Sub-sections that exist and are kept as they are, such as `.Events`.
    pub recorded_sections: Vec<String>,
}

impl InstallSection {
    /// Every file the section copies, with those of its sub-sections.
    pub fn all_copy_files(&self) -> impl Iterator<Item = &CopyFile> {
        let coinstallers = self.coinstallers.iter().flat_map(|c| &c.copy_files);
        let interfaces = self.interfaces.iter().flat_map(|i| &i.copy_files);
        self.copy_files.iter().chain(coinstallers).chain(interfaces)
    }

    /// Whether one of its own services is started by the boot loader.
    pub fn has_boot_start_service(&self) -> bool {
        self.services
            .iter()
            .any(|service| service.start == Some(super::service::StartType::Boot))
    }
}

/// Sub-sections that are recorded by name.
const RECORDED_SECTIONS: [&str; 6] = [
    "LogConfigOverride",
    "FactDef",
    "COM",
    "Events",
    "WMI",
    "PosDup",
];

impl<'a> Reader<'a, '_> {
    /// Reads an install section by the name that is really used.
    pub(crate) fn install(&mut self, name: &str) -> InstallSection {
        let mut install = InstallSection {
            name: name.to_owned(),
            feature_score: DEFAULT_FEATURE_SCORE,
            ..InstallSection::default()
        };
        self.incomplete = false;
        let main = self.parts(name);
        if let Some(own) = main.list.first() {
            install.name.clone_from(&own.section);
            install.exists = true;
        }
        for (at, part) in main.list.iter().enumerate() {
            // "only processed when specified directly in the DDInstall section"
            self.main(part, at == 0, &mut install);
        }
        note_includes(&main, &mut install);
        self.sub_sections(name, &mut install);
        for suffix in RECORDED_SECTIONS {
            if let Some(section) = self.own.section(&format!("{name}.{suffix}")) {
                install.recorded_sections.push(section.name().to_owned());
            }
        }
        self.check_service_binaries(&install);
        install
    }

    fn sub_sections(&mut self, name: &str, install: &mut InstallSection) {
        let sub = |reader: &mut Self, suffix: &str, install: &mut InstallSection| {
            let parts = reader.parts(&format!("{name}.{suffix}"));
            if parts.list.is_empty() {
                reader.check_unused(name, suffix);
            }
            note_includes(&parts, install);
            parts.list
        };
        let hardware = sub(self, "HW", install);
        install.has_hardware = !hardware.is_empty();
        for part in &hardware {
            self.only_registry(part, &mut install.hardware, &mut install.recorded);
        }
        let list = sub(self, "Services", install);
        install.has_services = !list.is_empty();
        let mut services = Services::default();
        for part in &list {
            self.services(part, &mut services);
        }
        install.services = services.added;
        install.deleted_services = services.deleted;
        install.associated_service = services.associated;
        let list = sub(self, "CoInstallers", install);
        if !list.is_empty() {
            let mut coinstallers = CoInstallers::default();
            for part in &list {
                for line in part.lines() {
                    if directive(line).as_deref() == Some("copyfiles") {
                        self.copy_files(part, line, &mut coinstallers.copy_files);
                    }
                }
                self.only_registry(part, &mut coinstallers.registry, &mut install.recorded);
            }
            install.coinstallers = Some(coinstallers);
        }
        for part in sub(self, "Interfaces", install) {
            self.interfaces(&part, &mut install.interfaces);
        }
        let list = sub(self, "Wdf", install);
        if !list.is_empty() {
            let mut wdf = Wdf::default();
            for part in &list {
                self.wdf(part, &mut wdf);
            }
            install.wdf = Some(wdf);
        }
        for part in sub(self, "Filters", install) {
            self.filters(&part, &mut install.filters);
        }
        for part in sub(self, "Components", install) {
            self.components(&part, &mut install.components);
        }
        for part in sub(self, "Software", install) {
            self.software(&part, &mut install.software);
        }
    }

    /// A sub-section under a less special name than the one in use is never
    /// read, which its author will not have meant.
    fn check_unused(&mut self, name: &str, suffix: &str) {
        let nt = format!(".nt{}", self.target.architecture);
        let Some(base) = [nt.as_str(), ".nt"].into_iter().find_map(|decoration| {
            let (base, end) = name.split_at_checked(name.len().checked_sub(decoration.len())?)?;
            same_name(end, decoration).then_some(base)
        }) else {
            return;
        };
        for other in [format!("{base}.nt.{suffix}"), format!("{base}.{suffix}")] {
            if let Some(section) = self.own.section(&other) {
                let message = format!("[{name}] is in use, which has no .{suffix} of its own");
                let line = section.header_line();
                self.findings
                    .add(Rule::UnusedSubsection, section.name(), line, message);
            }
        }
    }

    fn main(&mut self, part: &Part<'a>, own: bool, install: &mut InstallSection) {
        for line in part.lines() {
            // `Reboot` is a value, all others have `=`.
            if !line.has_equals() {
                install.reboot |= line.key().is_some_and(|key| same_name(&key, "Reboot"));
                continue;
            }
            let Some(key) = directive(line) else {
                continue;
            };
            match key.as_str() {
                "include" | "needs" => {}
                "copyfiles" => self.copy_files(part, line, &mut install.copy_files),
                "addproperty" => self.properties(part, line, &mut install.properties),
                "copyinf" => {
                    let names = self.fields(part, line);
                    for name in names {
                        match super::file_name::check_name(&name) {
                            Ok(()) => install.copy_infs.push(name),
                            Err(error) => {
                                self.report(part, line, Rule::BadFileName, error.to_string());
                            }
                        }
                    }
                }
                "excludeid" => install.exclude_ids.extend(self.fields(part, line)),
                "driverver" if own && install.driver_ver.is_none() => {
                    let at = part.at(line);
                    let inf = part.source.inf();
                    install.driver_ver = Some(DriverVer::read(inf, line, at, self.findings));
                }
                "featurescore" if own && install.feature_score == DEFAULT_FEATURE_SCORE => {
                    if let Some(score) = self.feature_score(part, line) {
                        install.feature_score = score;
                    }
                }
                "driverver" | "featurescore" => {}
                key if registry_list_kind(key).is_some() => {}
                _ => self.record(part, line, &mut install.recorded),
            }
        }
        self.registry_of(part, &mut install.registry);
    }

    fn feature_score(&mut self, part: &Part<'a>, line: Line<'_>) -> Option<u8> {
        // "a single-byte hexadecimal number": with or without its prefix.
        let text = self.field(part, line, 1).unwrap_or_default();
        let digits = text
            .strip_prefix("0x")
            .or_else(|| text.strip_prefix("0X"))
            .unwrap_or(&text);
        let score = u8::from_str_radix(digits, 16).ok();
        if score.is_none() {
            let message = format!("feature score `{text}` is no hexadecimal byte");
            self.report(part, line, Rule::BadFeatureScore, message);
        }
        score
    }

    /// Reads the registry directives of a section that has no others.
    fn only_registry(
        &mut self,
        part: &Part<'a>,
        into: &mut Vec<RegistryChange>,
        recorded: &mut Vec<RecordedDirective>,
    ) {
        for line in part.lines() {
            let Some(key) = directive(line) else {
                continue;
            };
            let known = matches!(key.as_str(), "include" | "needs" | "copyfiles");
            if !known && registry_list_kind(&key).is_none() {
                self.record(part, line, recorded);
            }
        }
        self.registry_of(part, into);
    }

    /// Keeps a directive. Class installers have keys of their own in install
    /// sections (`*IfType` of network drivers), so not every one is a finding.
    fn record(&mut self, part: &Part<'a>, line: Line<'_>, recorded: &mut Vec<RecordedDirective>) {
        const KNOWN: [&str; 12] = [
            "delfiles",
            "renfiles",
            "delproperty",
            "logconfig",
            "profileitems",
            "updateinis",
            "updateinifields",
            "ini2reg",
            "registerdlls",
            "unregisterdlls",
            "updateautobat",
            "updatecfgsys",
        ];
        if !self.one_more() {
            return;
        }
        let name = line.raw_key().unwrap_or_default();
        if KNOWN.iter().any(|known| name.eq_ignore_ascii_case(known)) {
            let message = format!("{name} is recorded, not carried out");
            self.report(part, line, Rule::DirectiveRecorded, message);
        }
        let values = self.fields(part, line);
        recorded.push(RecordedDirective {
            section: part.title.clone(),
            directive: name.to_owned(),
            values,
            line: line.number(),
        });
    }

    fn check_service_binaries(&mut self, install: &InstallSection) {
        // An INF that is not at hand may copy it.
        if self.incomplete {
            return;
        }
        // By place: `10,System32\drivers` is the same as `12`.
        let copied: HashSet<(Root, String)> = install
            .all_copy_files()
            .filter_map(|file| file.destination.location(self.target).ok())
            .map(|at| (at.root, at.path.to_lowercase()))
            .collect();
        for service in install.services.iter().filter(|s| s.from.is_none()) {
            let destination = service
                .binary
                .as_ref()
                .and_then(|binary| binary.destination.as_ref());
            let Some(at) = destination.and_then(|to| to.location(self.target).ok()) else {
                continue;
            };
            if !copied.contains(&(at.root, at.path.to_lowercase())) {
                self.findings.add(
                    Rule::ServiceBinaryNotCopied,
                    &format!("{}.Services", install.name),
                    service.line,
                    format!("no CopyFiles of [{}] copies `{}`", install.name, at.path),
                );
            }
        }
    }
}

fn note_includes(parts: &Parts<'_>, install: &mut InstallSection) {
    let mut note = |from: &[String], into: fn(&mut InstallSection) -> &mut Vec<String>| {
        for name in from {
            let into = into(install);
            if !into.iter().any(|known| same_name(known, name)) {
                into.push(name.clone());
            }
        }
    };
    note(&parts.includes, |install| &mut install.includes);
    note(&parts.needs, |install| &mut install.needs);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::dirid::DirectoryTexts;
    use crate::model::finding::Findings;
    use crate::model::registry::Operation;
    use crate::model::target::{Architecture, Target};
    use std::sync::Arc;
    use wimwright_inf::{Inf, ParseOptions};

    fn read(text: &str, included: Option<&str>) -> (InstallSection, Vec<Rule>) {
        let inf = Inf::parse(text.as_bytes(), &ParseOptions::default());
        let target = Target::workstation(10, 0, 19041, Architecture::Amd64);
        let texts = DirectoryTexts::default();
        let included =
            included.map(|text| Arc::new(Inf::parse(text.as_bytes(), &ParseOptions::default())));
        let resolve = |name: &str| {
            assert_eq!(name, "winusb.inf");
            included.clone()
        };
        let mut findings = Findings::default();
        let mut reader = Reader::new(&inf, &target, &texts, &resolve, &mut findings);
        let install = reader.install("I.NTamd64");
        let rules = findings.as_slice().iter().map(|f| f.rule).collect();
        (install, rules)
    }

    #[test]
    fn the_sub_sections_belong_to_the_decorated_name() {
        let (install, rules) = read(
            "[I.ntAMD64]\nFeatureScore=F7\nFeatureScore=01\nDriverVer=01/02/2020,1.2.3.4\n\
             AddReg=R\nReboot\n*IfType=53\nExcludeID=PCI\\X\nCopyINF=sub\\other.inf\n\
             DelFiles=Old\n\
             [I.NTamd64.HW]\nAddReg=H\n[I.NTamd64.CoInstallers]\nAddReg=C\n\
             [I.NTamd64.Events]\n[I.Services]\nAddService=no,2,X\n\
             [I.NTamd64.Wdf]\nKmdfService=s,W\nUmdfServiceOrder=a,b\n[W]\nKmdfLibraryVersion=1.15\n\
             [I.NTamd64.Interfaces]\nAddInterface={4D36E97B-E325-11CE-BFC1-08002BE10318},ref,IF\n\
             [IF]\nAddReg=R\n\
             [I.NTamd64.Filters]\nAddFilter=f,,FI\n[FI]\nFilterPosition=Upper\n\
             [I.NTamd64.Components]\nAddComponent=c,,CO\n[CO]\nComponentIDs=a,b\n\
             [I.NTamd64.Software]\nAddSoftware=s,1,SW\n[SW]\nSoftwareType=2\nSoftwareID=pfn://x\n\
             [R]\nHKR,,x,,y\n[H]\nHKR,\"Interrupt Management\",,0x10\n\
             [C]\nHKR,,CoInstallers32,0x00010000,\"a.dll,Entry\"\n",
            None,
        );
        assert_eq!(install.name, "I.ntAMD64");
        assert!(install.exists && install.reboot && install.has_hardware);
        assert!(!install.has_services);
        assert_eq!(install.feature_score, 0xF7);
        let version = install.driver_ver.and_then(|ver| ver.version).unwrap();
        assert_eq!(version.to_string(), "1.2.3.4");
        assert_eq!(install.registry.len(), 1);
        assert_eq!(install.hardware[0].operation, Operation::CreateKey);
        assert_eq!(install.coinstallers.unwrap().registry.len(), 1);
        assert_eq!(install.copy_infs, ["sub\\other.inf"]);
        assert_eq!(install.exclude_ids, ["PCI\\X"]);
        let recorded: Vec<_> = install
            .recorded
            .iter()
            .map(|recorded| recorded.directive.as_str())
            .collect();
        assert_eq!(recorded, ["*IfType", "DelFiles"]);
        assert_eq!(install.recorded_sections, ["I.NTamd64.Events"]);
        let wdf = install.wdf.unwrap();
        assert_eq!(wdf.kmdf[0].library_version.as_deref(), Some("1.15"));
        assert_eq!(wdf.directives[0].1, ["a", "b"]);
        assert_eq!(install.interfaces[0].reference.as_deref(), Some("ref"));
        assert_eq!(install.interfaces[0].registry.len(), 1);
        assert_eq!(install.filters[0].position.as_deref(), Some("Upper"));
        assert_eq!(install.components[0].ids, ["a", "b"]);
        assert_eq!(install.software[0].id.as_deref(), Some("pfn://x"));
        assert_eq!(install.software[0].flags, 1);
        assert_eq!(rules, [Rule::DirectiveRecorded, Rule::UnusedSubsection]);
    }

    #[test]
    fn needed_sections_count_after_the_own_directives() {
        let winusb = "[WINUSB.NT]\nAddReg=A\nFeatureScore=01\nNeeds=Other\n[A]\nHKR,,a,,%n%\n\
                      [WINUSB.NT.Services]\nAddService=WinUSB,2,S\n\
                      [S]\nServiceType=1\nStartType=3\nErrorControl=1\n\
                      ServiceBinary=%12%\\winusb.sys\n[Strings]\nn=theirs\n";
        let (install, rules) = read(
            "[I.NTamd64]\nInclude=winusb.inf\nNeeds=WINUSB.NT,Mine\nAddReg=B\n\
             [I.NTamd64.Services]\nInclude=winusb.inf\nNeeds=WINUSB.NT.Services\n\
             [Mine]\nAddReg=B\n[B]\nHKR,,b,,%n%\n[Strings]\nn=mine\n",
            Some(winusb),
        );
        let seen: Vec<_> = install
            .registry
            .iter()
            .map(|change| {
                let Operation::SetValue { name, data, .. } = &change.operation else {
                    panic!("{change:?}");
                };
                (
                    change.from.as_deref(),
                    name.as_str(),
                    data.as_text().unwrap(),
                )
            })
            .collect();
        assert_eq!(
            seen,
            [
                (None, "b", "mine".to_owned()),
                (Some("winusb.inf"), "a", "theirs".to_owned()),
                (None, "b", "mine".to_owned()),
            ]
        );
        assert_eq!(install.includes, ["winusb.inf"]);
        assert_eq!(install.needs, ["WINUSB.NT", "Mine", "WINUSB.NT.Services"]);
        assert_eq!(install.feature_score, DEFAULT_FEATURE_SCORE);
        let service = &install.services[0];
        assert_eq!(service.from.as_deref(), Some("winusb.inf"));
        assert_eq!(
            install.associated_service,
            AssociatedService::Named("WinUSB".to_owned())
        );
        assert_eq!(rules, [Rule::NestedNeeds]);
    }

    #[test]
    fn what_a_section_removes_comes_before_what_it_adds() {
        let (install, _) = read(
            "[I.NTamd64]\nAddReg=A\nDelReg=D\n[A]\nHKR,,x,,y\n[D]\nHKR,,x\n",
            None,
        );
        let operations: Vec<_> = install.registry.iter().map(|c| &c.operation).collect();
        assert!(
            matches!(
                operations.as_slice(),
                [Operation::DeleteValue { .. }, Operation::SetValue { .. }]
            ),
            "{operations:?}"
        );
    }

    #[test]
    fn what_an_image_lacks_is_named() {
        let text = "[I.NTamd64]\nInclude=winusb.inf\nNeeds=WINUSB.NT\nAddReg=Nothing\n";
        let (install, rules) = read(text, None);
        assert_eq!(install.includes, ["winusb.inf"]);
        assert_eq!(
            rules,
            [
                Rule::IncludeMissing,
                Rule::NeedsMissing,
                Rule::SectionMissing
            ]
        );
        let (_, rules) = read(text, Some("[Other]\n"));
        assert_eq!(rules, [Rule::NeedsMissing, Rule::SectionMissing]);
        let (install, rules) = read("[Other]\n", None);
        assert!(!install.exists);
        assert_eq!(rules, []);
    }

    #[test]
    fn a_binary_nobody_copies_is_a_finding() {
        let text = "[DestinationDirs]\nDefaultDestDir=12\n[I.NTamd64]\nCopyFiles=@X.sys\n\
                    CopyFiles=L\n[L]\nz.sys\n[I.NTamd64.Services]\nAddService=x,2,S\nAddService=y,,T\n\
                    [S]\nServiceType=1\nStartType=3\nErrorControl=1\nServiceBinary=%12%\\x.sys\n\
                    [T]\nServiceType=1\nStartType=3\nErrorControl=1\nServiceBinary=%12%\\y.sys\n";
        let (_, rules) = read(text, None);
        assert_eq!(rules, [Rule::ServiceBinaryNotCopied]);
    }
}
