//! Differences as text: `+` is only in the second image, `-` only in the
//! first, `~` in both and not the same. Pages for a browser show the same.

mod drivers;
mod files;
mod registry;
mod updates;

use wimwright_drivers::DriverDifference;
use wimwright_servicing::diff::{
    FeatureDifference, FileDifference, PackageDifference, RegistryDifference,
};

use super::text::{Paint, count, printable};
use crate::context::Context;

/// How two images differ, part by part; `None` for what was not compared.
#[derive(Default)]
pub(crate) struct Differences {
    pub(crate) files: Option<Vec<FileDifference>>,
    pub(crate) registry: Option<Vec<RegistryDifference>>,
    pub(crate) drivers: Option<Vec<DriverDifference>>,
    pub(crate) packages: Option<Vec<PackageDifference>>,
    pub(crate) features: Option<Vec<FeatureDifference>>,
}

/// The differences of one part.
pub(crate) struct Section {
    pub(crate) title: &'static str,
    /// How many there are, in words: `3 paths (2 added, 1 changed)`.
    pub(crate) summary: String,
    pub(crate) lines: Vec<Line>,
}

impl Section {
    fn new<T>(
        title: &'static str,
        (one, many): (&str, &str),
        found: &[T],
        mark: impl Fn(&T) -> Mark,
        lines: Vec<Line>,
    ) -> Section {
        let counts = Counts::of(found, mark);
        let parts = [
            (counts.added, "added"),
            (counts.removed, "removed"),
            (counts.changed, "changed"),
        ];
        let parts = parts.into_iter().filter(|(number, _)| *number > 0);
        let parts = parts.map(|(number, how)| format!("{number} {how}"));
        let parts: Vec<String> = parts.collect();
        let what = counts.all(one, many);
        Section {
            title,
            summary: format!("{what} ({})", parts.join(", ")),
            lines,
        }
    }
}

/// The parts that differ. With `whole` what is below directories and keys that
/// were added or removed is listed, and data are not cut.
pub(crate) fn sections(found: &Differences, whole: bool) -> Vec<Section> {
    let mut sections = Vec::new();
    if let Some(found) = &found.files {
        sections.push(Section::new(
            "Files",
            ("path", "paths"),
            found,
            |file| files::mark_of(&file.change),
            files::lines(found, whole),
        ));
    }
    if let Some(found) = &found.registry {
        sections.push(Section::new(
            "Registry",
            ("registry entry", "registry entries"),
            found,
            |entry| registry::mark_of(&entry.change),
            registry::lines(found, whole),
        ));
    }
    if let Some(found) = &found.drivers {
        sections.push(Section::new(
            "Drivers",
            ("driver", "drivers"),
            found,
            drivers::mark_of,
            found.iter().map(drivers::line).collect(),
        ));
    }
    if let Some(found) = &found.packages {
        sections.push(Section::new(
            "Packages",
            ("package", "packages"),
            found,
            updates::mark_of_package,
            found.iter().map(updates::package).collect(),
        ));
    }
    if let Some(found) = &found.features {
        sections.push(Section::new(
            "Features",
            ("feature", "features"),
            found,
            updates::mark_of_feature,
            found.iter().map(updates::feature).collect(),
        ));
    }
    sections.retain(|section| !section.lines.is_empty());
    sections
}

/// All differences, and a line that sums them up.
pub(crate) fn text(found: &Differences, context: &Context<'_>) -> String {
    let paint = context.paint();
    let sections = sections(found, context.verbose);
    let mut text = String::new();
    for section in &sections {
        text.push_str(&format!("{}\n", paint.strong(section.title)));
        for line in &section.lines {
            text.push_str(&line.show(paint));
        }
        text.push('\n');
    }
    let summary: Vec<&str> = sections.iter().map(|one| one.summary.as_str()).collect();
    if !context.quiet {
        match summary.as_slice() {
            [] => text.push_str("no differences\n"),
            some => text.push_str(&format!("different: {}\n", some.join(", "))),
        }
    }
    text
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    Added,
    Removed,
    Changed,
}

/// A line of the text, a row of the page.
pub(crate) struct Line {
    pub(crate) mark: Mark,
    /// What it is about.
    pub(crate) at: String,
    /// What is said of it, with what parts it from that in front.
    pub(crate) what: String,
}

impl Line {
    fn new(mark: Mark, at: impl Into<String>, what: impl Into<String>) -> Line {
        Line {
            mark,
            at: at.into(),
            what: what.into(),
        }
    }

    fn show(&self, paint: Paint) -> String {
        let mark = match self.mark {
            Mark::Added => paint.good("+"),
            Mark::Removed => paint.error("-"),
            Mark::Changed => paint.warning("~"),
        };
        let (at, what) = (printable(&self.at), printable(&self.what));
        format!("  {mark} {at}{what}\n")
    }
}

#[derive(Clone, Copy, Default)]
struct Counts {
    added: usize,
    removed: usize,
    changed: usize,
}

impl Counts {
    fn all(self, one: &str, many: &str) -> String {
        count(self.added + self.removed + self.changed, one, many)
    }

    fn of<T>(found: &[T], mark: impl Fn(&T) -> Mark) -> Counts {
        let mut counts = Counts::default();
        for entry in found {
            match mark(entry) {
                Mark::Added => counts.added += 1,
                Mark::Removed => counts.removed += 1,
                Mark::Changed => counts.changed += 1,
            }
        }
        counts
    }
}
