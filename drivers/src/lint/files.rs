//! Where files come from and go to: 1213, 1231, 1241, 1306, 1322.

use std::collections::HashMap;

use wimwright_inf::{Inf, Line, Section, number};

use super::Subject;
use super::finding::Found;
use super::role::Role;
use super::rule::LintRule;
use crate::model::dirid::{self, DRIVER_STORE};
use crate::model::{Architecture, DiridError, Target};

/// Checks the sections of source files, of destinations and of copied files.
pub(super) fn check(subject: &Subject<'_>, found: &mut Found) {
    for section in subject.inf.sections() {
        let lower = section.name().to_ascii_lowercase();
        if lower == "sourcedisksfiles" || lower.starts_with("sourcedisksfiles.") {
            sources(section, found);
        }
    }
    if let Some(section) = subject.inf.section("DestinationDirs") {
        for line in section.lines().filter(|line| line.has_equals()) {
            destination(section, line, found);
        }
    }
    let destinations = Destinations::of(subject.inf);
    for (section, role) in subject.usage.sections() {
        if role == Role::CopyFiles {
            let to = destinations.directory(Some(section.name()));
            for line in section.lines() {
                copied(section, line, 1, to, found);
            }
        }
        if matches!(role, Role::Install(_) | Role::Sub(_) | Role::Part(_)) {
            let to = destinations.directory(None);
            single_files(section, to, found);
        }
    }
}

fn sources(section: Section<'_>, found: &mut Found) {
    for line in section.lines() {
        let name = line.key().unwrap_or_default();
        if name.len() >= 4 && name.to_ascii_lowercase().ends_with(".cat") {
            found.at_field(LintRule::CatalogAsSource, section, line, 0, || {
                format!("the catalog `{name}` is listed")
            });
        }
        if name.ends_with('_') {
            found.at_field(LintRule::CompressedName, section, line, 0, || {
                format!("`{name}` looks like the name of a compressed file")
            });
        }
    }
}

fn destination(section: Section<'_>, line: Line<'_>, found: &mut Found) {
    let text = line.field(1).unwrap_or_default();
    let target = newest();
    let problem = match number(&text).filter(|_| !text.is_empty()) {
        None => format!("`{text}` is no directory id"),
        Some(id) => match dirid::from_number(id).and_then(|id| dirid::directory(id, &target)) {
            Err(error @ (DiridError::Null | DiridError::Unknown(_))) => error.to_string(),
            _ => return,
        },
    };
    found.at_field(LintRule::BadDirid, section, line, 1, || problem);
}

/// `CopyFiles = @file`.
fn single_files(section: Section<'_>, to: Option<u32>, found: &mut Found) {
    for line in section.lines_for_key("CopyFiles") {
        for field in 1..=line.field_count() {
            if line.field(field).is_some_and(|name| name.starts_with('@')) {
                copied(section, line, field, to, found);
            }
        }
    }
}

/// The directory ids of `[DestinationDirs]` by lower-case list.
struct Destinations(HashMap<String, u32>);

impl Destinations {
    fn of(inf: &Inf) -> Self {
        let mut found = HashMap::new();
        let lines = inf.section("DestinationDirs").into_iter();
        for line in lines.flat_map(|section| section.lines()) {
            let id = line.int_field(1).map(dirid::from_number);
            if let Some(Ok(id)) = id {
                let key = line.key().unwrap_or_default().to_lowercase();
                found.entry(key).or_insert(id);
            }
        }
        Destinations(found)
    }

    /// That of a list, or of single files.
    fn directory(&self, list: Option<&str>) -> Option<u32> {
        list.and_then(|list| self.0.get(&list.to_lowercase()))
            .or_else(|| self.0.get("defaultdestdir"))
            .copied()
    }
}

fn copied(section: Section<'_>, line: Line<'_>, field: usize, to: Option<u32>, found: &mut Found) {
    let Some(id) = to.filter(|&id| id != DRIVER_STORE) else {
        return;
    };
    let file = line.field(field).unwrap_or_default();
    let file = file.trim_start_matches('@');
    let in_windows = match dirid::directory(id, &newest()) {
        Ok(directory) => directory.root != dirid::Root::SystemDrive,
        // The print spooler puts these below the Windows directory.
        Err(DiridError::Printer(_)) => true,
        // No directory at all, which is said of the id itself.
        Err(DiridError::Null | DiridError::Unknown(_)) => return,
        Err(_) => false,
    };
    if !in_windows {
        found.at_field(LintRule::OutsideWindows, section, line, field, || {
            format!("`{file}` is copied to directory {id}, which is outside the Windows directory")
        });
    }
    found.at_field(LintRule::FileNotIsolated, section, line, field, || {
        format!("`{file}` is copied to directory {id}, not 13")
    });
}

/// The Windows for which every directory id means what it means today.
fn newest() -> Target {
    Target::workstation(10, 0, 26100, Architecture::Amd64)
}
