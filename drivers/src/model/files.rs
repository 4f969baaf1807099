//! `CopyFiles` and `[DestinationDirs]`: which file goes where.

use serde::Serialize;
use wimwright_inf::{Inf, Line, number};

use super::dirid::{self, ABSOLUTE, Destination, SYSTEM32};
use super::expansion::{At, expand};
use super::file_name::{check_folder, check_name};
use super::finding::{Findings, Rule};
use super::reader::{Part, Reader};

/// Flags of `CopyFiles` entries (page "INF CopyFiles Directive") that matter
/// offline.
pub mod copy_flag {
    /// Keep a file that is there.
    pub const NO_OVERWRITE: u32 = 0x10;
    /// Keep a newer file that is there.
    pub const NO_VERSION_DIALOG: u32 = 0x20;
    /// Replace an older file only.
    pub const OVERWRITE_OLDER_ONLY: u32 = 0x40;
    /// Replace a file that is there, add none.
    pub const REPLACE_ONLY: u32 = 0x400;
    /// Copy a compressed file as it is.
    pub const NO_DECOMPRESSION: u32 = 0x800;
    /// The boot loader reads the file.
    pub const REPLACE_BOOT_FILE: u32 = 0x1000;
}

/// One file to copy.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct CopyFile {
    /// Where it goes.
    pub destination: Destination,
    /// Its name in the package, which differs for a renamed file.
    pub source: String,
    /// Flags, see [`copy_flag`].
    pub flags: u32,
    /// Name of the list; `None` for `@file`.
    pub list: Option<String>,
    /// Security of the copied file as SDDL, from the list's `.security`
    /// section.
    pub security: Option<String>,
    /// File name of the included INF it comes from. Such a file is one of
    /// Windows, not of the package.
    pub from: Option<String>,
    /// Line of that file, counted from 1.
    pub line: u32,
}

impl<'a> Reader<'a, '_> {
    /// Reads a `CopyFiles` directive.
    pub(crate) fn copy_files(&mut self, part: &Part<'a>, line: Line<'_>, into: &mut Vec<CopyFile>) {
        // The directory of single files, looked up for the first one.
        let mut directory = None;
        for name in self.fields(part, line) {
            if let Some(file) = name.strip_prefix('@') {
                if !self.one_more() {
                    return;
                }
                let directory =
                    directory.get_or_insert_with(|| self.directory_of(part, line, None));
                if let Some(directory) = directory {
                    let entry = Entry {
                        name: file,
                        source: file,
                        flags: 0,
                        list: None,
                        security: None,
                    };
                    self.copy_file(part, line, &entry, directory, into);
                }
                continue;
            }
            let Some(list) = self.named(part, line, &name) else {
                continue;
            };
            self.copy_list(&list, into);
        }
    }

    fn copy_list(&mut self, list: &Part<'a>, into: &mut Vec<CopyFile>) {
        let security = list
            .source
            .inf()
            .section(&format!("{}.security", list.section))
            .and_then(|section| section.lines().next())
            .and_then(|line| Some(line.field(1)?.into_owned()));
        let lines = list.lines();
        let Some(first) = lines.first() else {
            return;
        };
        let Some(directory) = self.directory_of(list, *first, Some(&list.section)) else {
            return;
        };
        for line in lines {
            if !self.one_more() {
                return;
            }
            let name = self.field(list, line, 1).unwrap_or_default();
            let source = self
                .field(list, line, 2)
                .filter(|source| !source.is_empty())
                .unwrap_or_else(|| name.clone());
            let flags = line
                .int_field(4)
                .and_then(|flags| u32::try_from(flags).ok())
                .unwrap_or(0);
            let entry = Entry {
                name: &name,
                source: &source,
                flags,
                list: Some(&list.section),
                security: security.as_deref(),
            };
            self.copy_file(list, line, &entry, &directory, into);
        }
    }

    fn copy_file(
        &mut self,
        part: &Part<'a>,
        line: Line<'_>,
        entry: &Entry<'_>,
        (dirid, subdir): &(u32, String),
        into: &mut Vec<CopyFile>,
    ) {
        for name in [entry.name, entry.source] {
            if let Err(error) = check_name(name) {
                self.report(part, line, Rule::BadFileName, error.to_string());
                return;
            }
        }
        let lower = entry.source.to_ascii_lowercase();
        if lower.ends_with(".inf") {
            let message = format!("`{}` should be named by CopyINF", entry.source);
            self.report(part, line, Rule::InfCopied, message);
        }
        // The entry may have folders before its name; they count as folders
        // of the destination.
        let (folder, name) = match entry.name.rsplit_once('\\') {
            Some((folder, name)) => (dirid::join([subdir, folder]), name),
            None => (subdir.clone(), entry.name),
        };
        into.push(CopyFile {
            destination: Destination {
                dirid: *dirid,
                subdir: folder,
                name: name.to_owned(),
            },
            source: entry.source.to_owned(),
            flags: entry.flags,
            list: entry.list.map(str::to_owned),
            security: entry.security.map(str::to_owned),
            from: part.source.from().map(str::to_owned),
            line: line.number(),
        });
    }

    /// Directory id and folder of a list, or of single files.
    fn directory_of(
        &mut self,
        part: &Part<'a>,
        line: Line<'_>,
        list: Option<&str>,
    ) -> Option<(u32, String)> {
        let source = part.source.inf();
        // Looking for an entry costs the lines looked at.
        let lines = |inf: &Inf| inf.section("DestinationDirs").map_or(0, |s| s.line_count());
        if !self.look_at(lines(self.own) + lines(source)) {
            return None;
        }
        // The INF's own entries beat those of an included one (page "INF
        // DestinationDirs Section", of DefaultDestDir).
        let default = "DefaultDestDir";
        let found = [list, Some(default)].into_iter().flatten().find_map(|key| {
            [self.own, source]
                .into_iter()
                .find_map(|inf| Some((inf, destination_line(inf, key)?)))
        });
        let Some((inf, entry)) = found else {
            let message = match list {
                Some(list) => format!("[{list}] has no directory, System32 is assumed"),
                None => "there is no DefaultDestDir, System32 is assumed".to_owned(),
            };
            self.report(part, line, Rule::NoDestination, message);
            return Some((SYSTEM32, String::new()));
        };
        let at = At {
            section: "DestinationDirs",
            line: entry.number(),
        };
        destination(inf, entry, at, self.findings)
    }
}

struct Entry<'e> {
    name: &'e str,
    source: &'e str,
    flags: u32,
    list: Option<&'e str>,
    security: Option<&'e str>,
}

fn destination_line<'i>(inf: &'i Inf, list: &str) -> Option<Line<'i>> {
    inf.section("DestinationDirs")?
        .line_for_key(list)
        .filter(|line| line.has_equals())
}

/// Reads `dirid[,subdir]`.
fn destination(
    inf: &Inf,
    line: Line<'_>,
    at: At<'_>,
    findings: &mut Findings,
) -> Option<(u32, String)> {
    let mut field = |index| {
        let raw = line.raw_field(index).unwrap_or_default();
        expand(inf, raw, at, findings)
    };
    let (id_text, subdir) = (field(1), field(2));
    let id = match number(&id_text).map(dirid::from_number) {
        Some(Ok(id)) if !id_text.is_empty() => id,
        Some(Err(error)) => {
            at.add(findings, Rule::BadDirid, error.to_string());
            return None;
        }
        _ => {
            let message = format!("`{id_text}` is no directory id");
            at.add(findings, Rule::BadDirid, message);
            return None;
        }
    };
    if id == ABSOLUTE {
        return Some((id, subdir));
    }
    match check_folder(&subdir) {
        Ok(folder) => Some((id, folder.to_owned())),
        Err(error) => {
            at.add(findings, Rule::BadFileName, error.to_string());
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::dirid::DirectoryTexts;
    use crate::model::target::{Architecture, Target};
    use std::sync::Arc;
    use wimwright_inf::ParseOptions;

    fn read(text: &str, included: &str) -> (Vec<CopyFile>, Vec<Rule>) {
        let inf = Inf::parse(text.as_bytes(), &ParseOptions::default());
        let target = Target::workstation(10, 0, 19041, Architecture::Amd64);
        let texts = DirectoryTexts::default();
        let included = Arc::new(Inf::parse(included.as_bytes(), &ParseOptions::default()));
        let resolve = |_: &str| Some(Arc::clone(&included));
        let mut findings = Findings::default();
        let mut reader = Reader::new(&inf, &target, &texts, &resolve, &mut findings);
        let mut files = Vec::new();
        for part in reader.parts("I").list {
            for line in part.lines() {
                if line.key().as_deref() == Some("CopyFiles") {
                    reader.copy_files(&part, line, &mut files);
                }
            }
        }
        let rules = findings.as_slice().iter().map(|f| f.rule).collect();
        (files, rules)
    }

    #[test]
    fn lists_and_single_files_get_their_destinations() {
        let (files, rules) = read(
            "[DestinationDirs]\nDefaultDestDir=12\nL=11,sub\nN=-1,\"C:\\x\"\n\
             [I]\nCopyFiles=L,@a.sys\nCopyFiles=M, N\n\
             [L]\nb.dll,b64.dll,,0x00004002\nwintun.sys, , , 2\n\
             [L.security]\n\"D:P(A;;GA;;;SY)\"\n\
             [M]\nc\\d.sys\n[N]\ne.exe\n",
            "",
        );
        let seen: Vec<_> = files
            .iter()
            .map(|file| {
                (
                    file.destination.dirid,
                    file.destination.subdir.as_str(),
                    file.destination.name.as_str(),
                    file.source.as_str(),
                    file.flags,
                    file.security.is_some(),
                )
            })
            .collect();
        assert_eq!(
            seen,
            [
                (11, "sub", "b.dll", "b64.dll", 0x4002, true),
                (11, "sub", "wintun.sys", "wintun.sys", 2, true),
                (12, "", "a.sys", "a.sys", 0, false),
                (12, "c", "d.sys", r"c\d.sys", 0, false),
                (ABSOLUTE, r"C:\x", "e.exe", "e.exe", 0, false),
            ]
        );
        assert_eq!(rules, []);
    }

    #[test]
    fn files_without_a_usable_place_are_findings() {
        for (text, count, rule) in [
            ("[I]\nCopyFiles=@a.sys\n", 1, Rule::NoDestination),
            ("[I]\nCopyFiles=L\n", 0, Rule::SectionMissing),
            (
                "[DestinationDirs]\nL=%11%\n[I]\nCopyFiles=L\n[L]\na\n",
                0,
                Rule::BadDirid,
            ),
            (
                "[DestinationDirs]\nL=12,..\\x\n[I]\nCopyFiles=L\n[L]\na\n",
                0,
                Rule::BadFileName,
            ),
            (
                "[DestinationDirs]\nL=12\n[I]\nCopyFiles=L\n[L]\n..\\a\n",
                0,
                Rule::BadFileName,
            ),
            (
                "[DestinationDirs]\nL=12\n[I]\nCopyFiles=L\n[L]\nC:\\a\n",
                0,
                Rule::BadFileName,
            ),
            (
                "[DestinationDirs]\nL=12\n[I]\nCopyFiles=L\n[L]\na,\\b\n",
                0,
                Rule::BadFileName,
            ),
            (
                "[DestinationDirs]\nL=17\n[I]\nCopyFiles=L\n[L]\nx.inf\n",
                1,
                Rule::InfCopied,
            ),
        ] {
            let (files, rules) = read(text, "");
            assert_eq!(files.len(), count, "{text}");
            assert_eq!(rules.first(), Some(&rule), "{text}");
        }
    }

    #[test]
    fn a_list_of_an_included_inf_can_be_named_directly() {
        let (files, rules) = read(
            "[DestinationDirs]\nL=12\n[I]\nInclude=x.inf\nCopyFiles=L\n",
            "[DestinationDirs]\nL=11\n[L]\na.sys\n",
        );
        assert_eq!(files[0].destination.dirid, 12);
        assert_eq!(files[0].from.as_deref(), Some("x.inf"));
        assert_eq!(rules, [Rule::SectionOfIncluded]);
    }

    #[test]
    fn the_own_default_directory_beats_the_included_one() {
        let included = "[DestinationDirs]\nDefaultDestDir=11\nL=10\n\
                        [Inc]\nCopyFiles=@a.sys,L\n[L]\nb.sys\n";
        for (own, dirids) in [
            ("[DestinationDirs]\nDefaultDestDir=12\n", [12, 10]),
            ("", [11, 10]),
        ] {
            let text = format!("{own}[I]\nInclude=x.inf\nNeeds=Inc\n");
            let (files, rules) = read(&text, included);
            let found: Vec<_> = files.iter().map(|file| file.destination.dirid).collect();
            assert_eq!(found, dirids, "{own}");
            assert!(
                files
                    .iter()
                    .all(|file| file.from.as_deref() == Some("x.inf"))
            );
            assert_eq!(rules, []);
        }
    }
}
