//! The files of a package: every source file that any install section of any
//! architecture copies, and where it lies beside the INF.
//!
//! Rules of the pages "INF SourceDisksFiles Section", "INF SourceDisksNames
//! Section" and "Driver Store": a file belongs to the package if a `CopyFiles`
//! names it; `[SourceDisksFiles.<architecture>]` is looked up before
//! `[SourceDisksFiles]`, per file; the path is that of the disk, then the
//! folder, then the name. The INF itself and its catalogs are not listed here.

use std::collections::{BTreeSet, HashMap, HashSet};

use serde::Serialize;
use wimwright_inf::Inf;

use super::dirid::{DRIVER_STORE, Destination, DirectoryTexts, join};
use super::expansion::At;
use super::file_name::check_name;
use super::files::CopyFile;
use super::finding::{Findings, Rule};
use super::manufacturer::ManufacturerLine;
use super::models::actual_section;
use super::reader::{Reader, Spent, directive};
use super::select::models_sections;
use super::source_disks::{Disk, SourceDisks};
use super::target::{Architecture, Target};

/// A source file of the package.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct PackageFile {
    /// Folder beside the INF: that of the disk and that of the file.
    pub folder: String,
    /// Name. On disk it may be in another case, or compressed as `x.sy_`.
    pub name: String,
    /// Its disk, where one is listed.
    pub disk: Option<Disk>,
    /// Size that the INF gives, in bytes.
    pub size: Option<u64>,
    /// The architectures whose install sections copy it.
    pub architectures: Vec<Architecture>,
    /// Everywhere it goes. A renamed file has another name there.
    pub destinations: Vec<Destination>,
    /// Whether the target copies it.
    pub needed: bool,
    /// Whether `[SourceDisksFiles]` lists it. A file that it lacks makes
    /// staging fail, unless it is one of Windows.
    pub listed: bool,
    /// Whether it is a file of Windows: it is not listed, and the INF has a
    /// `LayoutFile`. INFs of serial devices copy `usbser.sys` so.
    pub from_windows: bool,
}

impl PackageFile {
    /// Path beside the INF, with backslashes.
    pub fn path(&self) -> String {
        join([self.folder.as_str(), self.name.as_str()])
    }
}

/// The files of a package.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PackageFiles {
    /// Source files, each once, in the order in which the INF copies them.
    pub files: Vec<PackageFile>,
    /// `CopyINF`: INFs of other packages that come with this one, as paths
    /// beside the INF.
    pub copy_infs: Vec<String>,
}

/// How many `CopyINF` names are kept; packages have a handful.
const MAX_COPY_INFS: usize = 1000;

/// What the target uses.
pub(crate) struct Used<'a> {
    /// Install sections by the name that is really used.
    pub(crate) sections: &'a [String],
    /// Whether class, interface and default installation are used too.
    pub(crate) global: bool,
}

/// Lists the files.
pub(crate) fn package_files(
    inf: &Inf,
    manufacturers: &[ManufacturerLine],
    target: &Target,
    used: &Used<'_>,
    findings: &mut Findings,
) -> PackageFiles {
    let mut collector = Collector {
        inf,
        target,
        findings,
        has_layout_file: inf
            .section("Version")
            .is_some_and(|version| version.line_for_key("LayoutFile").is_some()),
        by_path: HashMap::new(),
        places: HashSet::new(),
        spent: Spent::default(),
        found: PackageFiles::default(),
    };
    let mut architectures = architectures_of(inf, manufacturers);
    if architectures.is_empty() {
        architectures.insert(target.architecture);
    }
    for architecture in architectures {
        let mut part = ForArchitecture {
            architecture,
            source: SourceDisks::of(inf, architecture),
            collector: &mut collector,
        };
        let is_target = architecture == target.architecture;
        let used_sections: HashSet<String> =
            used.sections.iter().map(|s| s.to_lowercase()).collect();
        for section in install_sections(inf, manufacturers, architecture) {
            let needed = is_target && used_sections.contains(&section.to_lowercase());
            part.section(&section, needed);
        }
        let needed = is_target && used.global;
        for name in ["ClassInstall32", "DefaultInstall"] {
            if let Some(section) = actual_section(inf, name, architecture) {
                part.section(&section, needed);
            }
        }
        part.interface_classes(needed);
    }
    collector.found
}

/// Every architecture that the INF speaks of.
fn architectures_of(inf: &Inf, manufacturers: &[ManufacturerLine]) -> BTreeSet<Architecture> {
    let mut found: BTreeSet<Architecture> = manufacturers
        .iter()
        .flat_map(|line| super::select::architectures(inf, line))
        .collect();
    for section in inf.sections() {
        let name = section.name().to_ascii_lowercase();
        let architecture = name
            .strip_prefix("defaultinstall.nt")
            .or_else(|| name.strip_prefix("classinstall32.nt"))
            .or_else(|| name.strip_prefix("sourcedisksfiles."))
            .and_then(Architecture::from_name);
        found.extend(architecture);
    }
    found
}

/// The install sections of an architecture, whatever version their models are
/// for, by the name that is really used.
fn install_sections(
    inf: &Inf,
    manufacturers: &[ManufacturerLine],
    architecture: Architecture,
) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let mut sections = Vec::new();
    let mut models_seen = BTreeSet::new();
    for line in manufacturers {
        for models in models_sections(inf, line, architecture) {
            if !models_seen.insert(models.clone()) {
                continue;
            }
            let lines = inf.section(&models).into_iter().flat_map(|s| s.lines());
            for line in lines {
                let named = line.field(1).unwrap_or_default();
                let actual =
                    actual_section(inf, &named, architecture).unwrap_or_else(|| named.into_owned());
                if seen.insert(actual.to_lowercase()) {
                    sections.push(actual);
                }
            }
        }
    }
    sections
}

struct Collector<'a, 'f> {
    inf: &'a Inf,
    target: &'a Target,
    findings: &'f mut Findings,
    has_layout_file: bool,
    /// Position in `found.files` by lower-case path.
    by_path: HashMap<String, usize>,
    /// Destinations that a position has already.
    places: HashSet<(usize, Destination)>,
    /// What was read so far, for all architectures.
    spent: Spent,
    found: PackageFiles,
}

/// Lists the files of one architecture.
struct ForArchitecture<'a, 'f, 'c> {
    architecture: Architecture,
    source: SourceDisks<'a>,
    collector: &'c mut Collector<'a, 'f>,
}

impl ForArchitecture<'_, '_, '_> {
    fn section(&mut self, name: &str, needed: bool) {
        let mut infs = Vec::new();
        let files = self.read(|reader| {
            let mut files = Vec::new();
            for suffix in ["", ".CoInstallers"] {
                for part in reader.parts(&format!("{name}{suffix}")).list {
                    for line in part.lines() {
                        match directive(line).as_deref() {
                            Some("copyfiles") => reader.copy_files(&part, line, &mut files),
                            Some("copyinf") => infs.extend(reader.fields(&part, line)),
                            _ => {}
                        }
                    }
                }
            }
            let mut interfaces = Vec::new();
            for part in reader.parts(&format!("{name}.Interfaces")).list {
                reader.interfaces(&part, &mut interfaces);
            }
            files.extend(interfaces.into_iter().flat_map(|i| i.copy_files));
            files
        });
        self.collector.found.note_infs(infs);
        for file in &files {
            self.file(file, needed);
        }
    }

    fn interface_classes(&mut self, needed: bool) {
        let files = self.read(|reader| {
            let classes = reader.interface_classes();
            classes.into_iter().flat_map(|c| c.copy_files).collect()
        });
        for file in &files {
            self.file(file, needed);
        }
    }

    /// Reads for the architecture. Files of included INFs are those of Windows,
    /// not of the package, so none is at hand.
    fn read(&mut self, read: impl FnOnce(&mut Reader<'_, '_>) -> Vec<CopyFile>) -> Vec<CopyFile> {
        let target = Target {
            architecture: self.architecture,
            ..*self.collector.target
        };
        let texts = DirectoryTexts::default();
        let nothing = |_: &str| None;
        // What is odd about the sections is said where they are read for the
        // target; here only the files count.
        let mut quiet = Findings::default();
        let inf = self.collector.inf;
        let mut reader = Reader::new(inf, &target, &texts, &nothing, &mut quiet);
        reader.spent = self.collector.spent;
        let files = read(&mut reader);
        self.collector.spent = reader.spent;
        self.collector.keep_errors(quiet);
        files
    }

    fn file(&mut self, file: &CopyFile, needed: bool) {
        let at = At {
            section: file.list.as_deref().unwrap_or("CopyFiles"),
            line: file.line,
        };
        let collector = &mut *self.collector;
        let listed = self.source.lists(&file.source);
        if !listed && !collector.has_layout_file {
            at.add(
                collector.findings,
                Rule::NoSourceEntry,
                format!("`{}` has no entry in [SourceDisksFiles]", file.source),
            );
        }
        let Some(place) = self.source.place(&file.source, collector.findings) else {
            return;
        };
        collector.check_names(file, &place.folder, at);
        // The entry's name may have folders before it too.
        let (more, name) = file.source.rsplit_once('\\').unwrap_or(("", &file.source));
        let folder = join([place.folder.as_str(), more]);
        let key = join([folder.as_str(), name]).to_lowercase();
        let position = *collector.by_path.entry(key).or_insert_with(|| {
            collector.found.files.push(PackageFile {
                folder,
                name: name.to_owned(),
                disk: place.disk,
                size: place.size,
                architectures: Vec::new(),
                destinations: Vec::new(),
                needed: false,
                listed,
                from_windows: !listed && collector.has_layout_file,
            });
            collector.found.files.len() - 1
        });
        let Some(known) = collector.found.files.get_mut(position) else {
            return;
        };
        known.needed |= needed;
        if !known.architectures.contains(&self.architecture) {
            known.architectures.push(self.architecture);
        }
        let destination = &file.destination;
        if collector.places.insert((position, destination.clone())) {
            known.destinations.push(destination.clone());
        }
    }
}

impl Collector<'_, '_> {
    /// A file that cannot be placed counts for every architecture: the package
    /// is one.
    fn keep_errors(&mut self, quiet: Findings) {
        for finding in quiet.into_vec() {
            let kept = matches!(
                finding.rule,
                Rule::BadFileName | Rule::NoDestination | Rule::BadDirid | Rule::InfCopied
            );
            if kept {
                self.findings.add(
                    finding.rule,
                    &finding.section,
                    finding.line,
                    finding.message,
                );
            }
        }
    }

    fn check_names(&mut self, file: &CopyFile, folder: &str, at: At<'_>) {
        let lower = file.source.to_ascii_lowercase();
        if lower.ends_with('_') {
            let message = format!("`{}` looks like the name of a compressed file", file.source);
            at.add(self.findings, Rule::CompressedName, message);
        }
        if lower.ends_with(".cat") {
            let message = format!("catalog `{}` is copied like a driver file", file.source);
            at.add(self.findings, Rule::CatalogListed, message);
        }
        // "The optional subdirectory in the SourceDiskFiles section for a file
        // must match the subdirectory in the DestinationDirs section".
        let destination = &file.destination;
        if destination.dirid == DRIVER_STORE {
            let source = join([folder, &file.source]);
            let goes_to = join([destination.subdir.as_str(), destination.name.as_str()]);
            if !source.eq_ignore_ascii_case(&goes_to) {
                let message =
                    format!("`{source}` of the package cannot be `{goes_to}` in the driver store");
                at.add(self.findings, Rule::StoreNameMismatch, message);
            }
        }
    }
}

impl PackageFiles {
    fn note_infs(&mut self, names: Vec<String>) {
        for name in names {
            let known = self
                .copy_infs
                .iter()
                .any(|known| known.eq_ignore_ascii_case(&name));
            let room = self.copy_infs.len() < MAX_COPY_INFS;
            if !known && room && check_name(&name).is_ok() {
                self.copy_infs.push(name);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::manufacturer::manufacturers;
    use wimwright_inf::ParseOptions;

    fn read(text: &str, used: &[&str]) -> (PackageFiles, Vec<Rule>) {
        let inf = Inf::parse(text.as_bytes(), &ParseOptions::default());
        let mut findings = Findings::default();
        let lines = manufacturers(&inf, &mut findings).unwrap_or_default();
        let target = Target::workstation(10, 0, 19041, Architecture::Amd64);
        let sections: Vec<String> = used.iter().map(|&name| name.to_owned()).collect();
        let used = Used {
            sections: &sections,
            global: true,
        };
        let files = package_files(&inf, &lines, &target, &used, &mut findings);
        let rules = findings.as_slice().iter().map(|f| f.rule).collect();
        (files, rules)
    }

    const HEAD: &str = "[Manufacturer]\nm=M,NTx86,NTamd64\n[M.NTx86]\nd=I,x\n[M.NTamd64]\nd=I,x\n\
                        [DestinationDirs]\nDefaultDestDir=12\n";

    #[test]
    fn files_of_all_architectures_belong_to_the_package() {
        let (found, rules) = read(
            &format!(
                "{HEAD}[I.NTx86]\nCopyFiles=L86,C\n[I.NTamd64]\nCopyFiles=L64,C\nCopyINF=sub\\o.inf\n\
                 [I.NTamd64.CoInstallers]\nCopyFiles=@co.dll\n\
                 [L86]\nlib.dll,lib_x86.dll\n[L64]\nlib.dll\n[C]\ncommon.sys\n\
                 [SourceDisksNames]\n1=%d%,tag.cab,,\\disk\n2=Two,x.cab,,,0x10,x.tag\n\
                 [SourceDisksFiles.x86]\nlib_x86.dll=1,\\x86\ncommon.sys=1,x86,100\n\
                 [SourceDisksFiles.amd64]\nlib.dll=2,\"amd64\\\"\n\
                 [SourceDisksFiles]\nCOMMON.SYS=1,any\nco.dll=2\n[Strings]\nd=One\n"
            ),
            &["I.NTamd64"],
        );
        let seen: Vec<_> = found
            .files
            .iter()
            .map(|file| {
                let disk = file.disk.as_ref().unwrap();
                (
                    file.path(),
                    file.needed,
                    disk.cabinet.as_deref(),
                    disk.tag_file.as_deref(),
                )
            })
            .collect();
        let one = (Some("tag.cab"), Some("tag.cab"));
        let two = (Some("x.cab"), Some("x.tag"));
        assert_eq!(
            seen,
            [
                (r"disk\x86\lib_x86.dll".to_owned(), false, one.0, one.1),
                (r"disk\x86\common.sys".to_owned(), false, one.0, one.1),
                (r"amd64\lib.dll".to_owned(), true, two.0, two.1),
                (r"disk\any\common.sys".to_owned(), true, one.0, one.1),
                ("co.dll".to_owned(), true, two.0, two.1),
            ]
        );
        assert_eq!(found.files[0].destinations[0].name, "lib.dll");
        assert_eq!(found.files[1].size, Some(100));
        assert_eq!(found.files[0].disk.as_ref().unwrap().description, "One");
        assert_eq!(found.copy_infs, ["sub\\o.inf"]);
        assert_eq!(rules, []);
    }

    #[test]
    fn a_file_without_an_entry_is_missing_or_one_of_windows() {
        let text = format!("{HEAD}[I]\nCopyFiles=@a.sys\n");
        let (found, rules) = read(&text, &["I"]);
        assert!(!found.files[0].listed && !found.files[0].from_windows);
        assert_eq!(rules, [Rule::NoSourceEntry]);
        let text = format!("[Version]\nLayoutFile=layout.inf\n{text}");
        let (found, rules) = read(&text, &["I"]);
        assert!(!found.files[0].listed && found.files[0].from_windows);
        assert_eq!(rules, []);
    }

    #[test]
    fn a_file_that_stays_in_the_store_keeps_its_name_and_folder() {
        let tail = "[SourceDisksNames]\n1=x\n[SourceDisksFiles]\na.sys=1,x64\n";
        let head = HEAD.replace("DefaultDestDir=12\n", "L=13,x64\nM=13\n");
        for (list, rules) in [
            ("L]\na.sys\n", vec![]),
            ("M]\na.sys\n", vec![Rule::StoreNameMismatch]),
            ("L]\nb.sys,a.sys\n", vec![Rule::StoreNameMismatch]),
        ] {
            let name = &list[..1];
            let text = format!("{head}[I]\nCopyFiles={name}\n[{list}{tail}");
            assert_eq!(read(&text, &["I"]).1, rules, "{list}");
        }
    }

    #[test]
    fn primitive_drivers_and_classes_have_files_too() {
        let (found, rules) = read(
            "[DestinationDirs]\nDefaultDestDir=12\n[DefaultInstall.NTamd64]\nCopyFiles=@a.sys\n\
             [DefaultInstall.NTarm64]\nCopyFiles=@b.sys\n[ClassInstall32]\nCopyFiles=@c.dll\n\
             [SourceDisksNames]\n1=x\n[SourceDisksFiles]\na.sys=1\nb.sys=1\nc.dll=1\n",
            &[],
        );
        let seen: Vec<_> = found
            .files
            .iter()
            .map(|file| (file.name.as_str(), file.needed, file.architectures.len()))
            .collect();
        assert_eq!(
            seen,
            [("c.dll", true, 2), ("a.sys", true, 1), ("b.sys", false, 1)]
        );
        assert_eq!(rules, []);
    }
}
