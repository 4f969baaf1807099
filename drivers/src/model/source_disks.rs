//! `[SourceDisksNames]` and `[SourceDisksFiles]`: where source files lie.
//!
//! Facts of the pages "INF SourceDisksNames Section" and "INF SourceDisksFiles
//! Section". The decoration of an architecture has no `nt` here; it is looked
//! up before the plain section, file by file and disk by disk.

use std::collections::HashMap;

use serde::Serialize;
use wimwright_inf::{Inf, Line};

use super::dirid::join;
use super::expansion::{At, expand};
use super::file_name::{check_folder, check_name};
use super::finding::{Findings, Rule};
use super::target::Architecture;

/// A disk of `[SourceDisksNames]`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Disk {
    /// Its number.
    pub id: u32,
    /// Description, expanded.
    pub description: String,
    /// A cabinet that may hold the files.
    pub cabinet: Option<String>,
    /// A file that identifies the disk.
    pub tag_file: Option<String>,
    /// Folder of its files beside the INF, without backslashes around it.
    pub path: String,
}

/// Where a file lies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    /// Folder beside the INF: that of the disk and that of the file.
    pub(crate) folder: String,
    pub(crate) disk: Option<Disk>,
    pub(crate) size: Option<u64>,
}

/// The sections of one architecture, found by name and by number.
pub(crate) struct SourceDisks<'i> {
    inf: &'i Inf,
    /// Lower-case file name to section and line.
    files: HashMap<String, (&'i str, Line<'i>)>,
    disks: HashMap<u32, (&'i str, Line<'i>)>,
}

impl<'i> SourceDisks<'i> {
    pub(crate) fn of(inf: &'i Inf, architecture: Architecture) -> Self {
        let mut source = SourceDisks {
            inf,
            files: HashMap::new(),
            disks: HashMap::new(),
        };
        for (name, line) in decorated(inf, "SourceDisksFiles", architecture) {
            let file = line.key().unwrap_or_default().to_lowercase();
            source.files.entry(file).or_insert((name, line));
        }
        for (name, line) in decorated(inf, "SourceDisksNames", architecture) {
            if let Ok(id) = line.key().unwrap_or_default().trim().parse() {
                source.disks.entry(id).or_insert((name, line));
            }
        }
        source
    }

    /// Whether the file is listed.
    pub(crate) fn lists(&self, file: &str) -> bool {
        self.files.contains_key(&file.to_lowercase())
    }

    /// Where a listed file lies; beside the INF, if it is not listed. `None`,
    /// with a finding, if the INF sends it elsewhere.
    pub(crate) fn place(&self, file: &str, findings: &mut Findings) -> Option<Place> {
        let Some((section, line)) = self.files.get(&file.to_lowercase()) else {
            return Some(Place::default());
        };
        let at = At {
            section,
            line: line.number(),
        };
        let subdir = line.field(2).unwrap_or_default();
        let folder = folder(&subdir, at, findings)?;
        let size = line
            .int_field(3)
            .filter(|&size| size != 0)
            .and_then(|size| u64::try_from(size).ok());
        let id_text = line.field(1).unwrap_or_default();
        let disk = match id_text.trim().parse() {
            Ok(id) => self.disk(id, at, findings)?,
            Err(_) => {
                let message = format!("`{id_text}` is no disk id");
                at.add(findings, Rule::BadDiskId, message);
                None
            }
        };
        let path = disk.as_ref().map_or("", |disk| disk.path.as_str());
        Some(Place {
            folder: join([path, folder]),
            disk,
            size,
        })
    }

    /// The disk of a number, if it is listed. The outer `None` means that its
    /// path leads elsewhere.
    fn disk(&self, id: u32, at: At<'_>, findings: &mut Findings) -> Option<Option<Disk>> {
        let Some((section, line)) = self.disks.get(&id) else {
            let message = format!("disk {id} is not in [SourceDisksNames]");
            at.add(findings, Rule::DiskIdNotListed, message);
            return Some(None);
        };
        let at = At {
            section,
            line: line.number(),
        };
        let path_text = line.field(4).unwrap_or_default();
        let path = folder(&path_text, at, findings)?.to_owned();
        let mut name = |index| {
            let name = line.field(index).unwrap_or_default();
            if name.is_empty() {
                return None;
            }
            match check_name(&name) {
                Ok(()) => Some(name.into_owned()),
                Err(error) => {
                    at.add(findings, Rule::BadFileName, error.to_string());
                    None
                }
            }
        };
        let (second, sixth) = (name(2), name(6));
        // Flag 0x10: field 2 is the cabinet, field 6 the tag file. Otherwise
        // field 2 is the tag file, and the cabinet too if it is called so.
        let flags = line.int_field(5).unwrap_or(0);
        let (cabinet, tag_file) = if flags & 0x10 != 0 {
            (second, sixth)
        } else {
            let is_cabinet = |name: &String| name.to_ascii_lowercase().ends_with(".cab");
            (second.clone().filter(is_cabinet), second)
        };
        let raw = line.raw_field(1).unwrap_or_default();
        Some(Some(Disk {
            id,
            description: expand(self.inf, raw, at, findings),
            cabinet,
            tag_file,
            path,
        }))
    }
}

/// The `key = value` lines of the architecture's section, then of the plain
/// one, with the section's name.
fn decorated<'i>(
    inf: &'i Inf,
    name: &str,
    architecture: Architecture,
) -> impl Iterator<Item = (&'i str, Line<'i>)> {
    [format!("{name}.{architecture}"), name.to_owned()]
        .into_iter()
        .filter_map(|name| inf.section(&name))
        .flat_map(|section| section.lines().map(move |line| (section.name(), line)))
        .filter(|(_, line)| line.has_equals())
}

fn folder<'t>(text: &'t str, at: At<'_>, findings: &mut Findings) -> Option<&'t str> {
    match check_folder(text) {
        Ok(folder) => Some(folder),
        Err(error) => {
            at.add(findings, Rule::BadFileName, error.to_string());
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wimwright_inf::ParseOptions;

    fn place(text: &str, file: &str) -> (Option<Place>, Vec<Rule>) {
        let inf = Inf::parse(text.as_bytes(), &ParseOptions::default());
        let mut findings = Findings::default();
        let source = SourceDisks::of(&inf, Architecture::Amd64);
        let place = source.place(file, &mut findings);
        let rules = findings.as_slice().iter().map(|f| f.rule).collect();
        (place, rules)
    }

    #[test]
    fn the_section_of_the_architecture_comes_first() {
        let text = "[SourceDisksFiles]\na.sys=1\nb.sys=2,\\any\\,77\n\
                    [SourceDisksFiles.amd64]\nA.SYS=1,x64\n[SourceDisksFiles.x86]\nb.sys=1,x86\n\
                    [SourceDisksNames]\n1=One,,,p\n2=Two\n[SourceDisksNames.amd64]\n2=Three\n";
        for (file, folder, disk, size) in [
            ("a.sys", "p\\x64", Some("One"), None),
            ("B.sys", "any", Some("Three"), Some(77)),
            ("c.sys", "", None, None),
        ] {
            let (found, rules) = place(text, file);
            let found = found.unwrap();
            let description = found.disk.as_ref().map(|disk| disk.description.as_str());
            assert_eq!(
                (found.folder.as_str(), description, found.size),
                (folder, disk, size),
                "`{file}`"
            );
            assert_eq!(rules, [], "`{file}`");
        }
    }

    #[test]
    fn a_disk_names_its_cabinet_and_its_tag_file() {
        for (entry, cabinet, tag_file) in [
            ("x", None, None),
            ("x,tag.txt", None, Some("tag.txt")),
            ("x,a.CAB", Some("a.CAB"), Some("a.CAB")),
            ("x,a.cab,,,0x10,tag.txt", Some("a.cab"), Some("tag.txt")),
            ("x,data,,,0x10", Some("data"), None),
        ] {
            let text = format!("[SourceDisksFiles]\na=1\n[SourceDisksNames]\n1={entry}\n");
            let disk = place(&text, "a").0.unwrap().disk.unwrap();
            assert_eq!(disk.cabinet.as_deref(), cabinet, "`{entry}`");
            assert_eq!(disk.tag_file.as_deref(), tag_file, "`{entry}`");
        }
    }

    #[test]
    fn paths_that_lead_elsewhere_are_findings() {
        let names = "[SourceDisksNames]\n1=x\n";
        for (text, found, rule) in [
            (
                format!("{names}[SourceDisksFiles]\na=1,..\\x\n"),
                false,
                Rule::BadFileName,
            ),
            (
                "[SourceDisksNames]\n1=x,,,C:\\x\n[SourceDisksFiles]\na=1\n".to_owned(),
                false,
                Rule::BadFileName,
            ),
            (
                "[SourceDisksNames]\n1=x,..\\t\n[SourceDisksFiles]\na=1\n".to_owned(),
                true,
                Rule::BadFileName,
            ),
            (
                format!("{names}[SourceDisksFiles]\na=7\n"),
                true,
                Rule::DiskIdNotListed,
            ),
            (
                format!("{names}[SourceDisksFiles]\na=x\n"),
                true,
                Rule::BadDiskId,
            ),
        ] {
            let (place, rules) = place(&text, "a");
            assert_eq!(place.is_some(), found, "{text}");
            assert_eq!(rules, [rule], "{text}");
        }
    }
}
