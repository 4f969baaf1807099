//! Differences as text: `+` is only in the second image, `-` only in the
//! first, `~` in both and not the same.

mod drivers;
mod files;
mod registry;

use wimwright_drivers::DriverDifference;
use wimwright_servicing::diff::{FileDifference, RegistryDifference};

use super::text::{Paint, count, printable};
use crate::context::Context;

/// How two images differ, part by part; `None` for what was not compared.
#[derive(Default)]
pub(crate) struct Differences {
    pub(crate) files: Option<Vec<FileDifference>>,
    pub(crate) registry: Option<Vec<RegistryDifference>>,
    pub(crate) drivers: Option<Vec<DriverDifference>>,
}

/// All differences, and a line that sums them up.
pub(crate) fn text(found: &Differences, context: &Context<'_>) -> String {
    let whole = context.verbose;
    let mut sections = Sections {
        paint: context.paint(),
        text: String::new(),
        summary: Vec::new(),
    };
    if let Some(found) = &found.files {
        let counts = Counts::of(found, |file| files::mark_of(&file.change));
        let what = counts.all("path", "paths");
        sections.add("Files", &what, counts, files::lines(found, whole));
    }
    if let Some(found) = &found.registry {
        let counts = Counts::of(found, |entry| registry::mark_of(&entry.change));
        let what = counts.all("registry entry", "registry entries");
        sections.add("Registry", &what, counts, registry::lines(found, whole));
    }
    if let Some(found) = &found.drivers {
        let counts = Counts::of(found, drivers::mark_of);
        let what = counts.all("driver", "drivers");
        let lines = found.iter().map(drivers::line).collect();
        sections.add("Drivers", &what, counts, lines);
    }
    let Sections {
        mut text, summary, ..
    } = sections;
    if !context.quiet {
        match summary.as_slice() {
            [] => text.push_str("no differences\n"),
            some => text.push_str(&format!("different: {}\n", some.join(", "))),
        }
    }
    text
}

struct Sections {
    paint: Paint,
    text: String,
    /// What the last line says.
    summary: Vec<String>,
}

impl Sections {
    fn add(&mut self, title: &str, what: &str, counts: Counts, lines: Vec<Line>) {
        if lines.is_empty() {
            return;
        }
        self.text
            .push_str(&format!("{}\n", self.paint.strong(title)));
        for line in lines {
            self.text.push_str(&line.show(self.paint));
        }
        self.text.push('\n');
        let parts = [
            (counts.added, "added"),
            (counts.removed, "removed"),
            (counts.changed, "changed"),
        ];
        let parts = parts.into_iter().filter(|(number, _)| *number > 0);
        let parts = parts.map(|(number, how)| format!("{number} {how}"));
        let parts: Vec<String> = parts.collect();
        self.summary.push(format!("{what} ({})", parts.join(", ")));
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mark {
    Added,
    Removed,
    Changed,
}

/// A line of the text.
struct Line {
    mark: Mark,
    text: String,
}

impl Line {
    fn new(mark: Mark, text: impl Into<String>) -> Line {
        Line {
            mark,
            text: text.into(),
        }
    }

    fn show(&self, paint: Paint) -> String {
        let mark = match self.mark {
            Mark::Added => paint.good("+"),
            Mark::Removed => paint.error("-"),
            Mark::Changed => paint.warning("~"),
        };
        format!("  {mark} {}\n", printable(&self.text))
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
