//! Differences as text: `+` is only in the second image, `-` only in the
//! first, `~` in both and not the same.

use wimwright_drivers::{DriverDifference, DriverPackage, Field};
use wimwright_servicing::diff::{
    FileChange, FileDifference, FileState, HiveChange, RegistryDifference,
};
use wimwright_servicing::registry::{Condition, KeyDetail, RegChange, RegData};
use wimwright_servicing::{Kind, Text, time};

use super::json::signature;
use super::text::{Paint, count, printable};
use crate::context::Context;

/// Characters of a value's data that are shown.
const SHOWN: usize = 100;

/// How two images differ, part by part; `None` for what was not compared.
#[derive(Default)]
pub(crate) struct Differences {
    pub(crate) files: Option<Vec<FileDifference>>,
    pub(crate) registry: Option<Vec<RegistryDifference>>,
    pub(crate) drivers: Option<Vec<DriverDifference>>,
}

/// All differences, and a line that sums them up.
pub(crate) fn text(found: &Differences, context: &Context<'_>) -> String {
    let (paint, whole) = (context.paint(), context.verbose);
    let mut text = String::new();
    let mut summary = Vec::new();
    let mut section = |title: &str, one: &str, many: &str, counts: Counts, lines: Vec<Line>| {
        if lines.is_empty() {
            return;
        }
        text.push_str(&format!("{}\n", paint.strong(title)));
        for line in lines {
            text.push_str(&line.show(paint));
        }
        text.push('\n');
        let all = counts.added + counts.removed + counts.changed;
        let parts = [
            (counts.added, "added"),
            (counts.removed, "removed"),
            (counts.changed, "changed"),
        ];
        let parts = parts.iter().filter(|(count, _)| *count > 0);
        let parts: Vec<String> = parts
            .map(|(count, what)| format!("{count} {what}"))
            .collect();
        summary.push(format!("{} ({})", count(all, one, many), parts.join(", ")));
    };
    if let Some(files) = &found.files {
        let lines = file_lines(files, whole);
        section(
            "Files",
            "path",
            "paths",
            Counts::of(files, |f| mark_of_file(&f.change)),
            lines,
        );
    }
    if let Some(registry) = &found.registry {
        let lines = registry_lines(registry, whole);
        let counts = Counts::of(registry, |entry| mark_of_entry(&entry.change));
        section(
            "Registry",
            "registry entry",
            "registry entries",
            counts,
            lines,
        );
    }
    if let Some(drivers) = &found.drivers {
        let lines = drivers.iter().map(driver_line).collect();
        let counts = Counts::of(drivers, mark_of_driver);
        section("Drivers", "driver", "drivers", counts, lines);
    }
    if !context.quiet {
        match summary.as_slice() {
            [] => text.push_str("no differences\n"),
            some => text.push_str(&format!("different: {}\n", some.join(", "))),
        }
    }
    text
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

fn mark_of_file(change: &FileChange) -> Mark {
    match change {
        FileChange::Added(_) => Mark::Added,
        FileChange::Removed(_) => Mark::Removed,
        _ => Mark::Changed,
    }
}

fn bytes(number: u64) -> String {
    match number {
        1 => "1 byte".to_owned(),
        _ => format!("{number} bytes"),
    }
}

/// A line a difference; what is below a directory that was added or removed
/// is counted on its line, unless the `whole` list is asked for.
fn file_lines(files: &[FileDifference], whole: bool) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut rest = files.iter().peekable();
    while let Some(file) = rest.next() {
        let mark = mark_of_file(&file.change);
        let path = &file.path;
        lines.push(match &file.change {
            FileChange::Added(state) | FileChange::Removed(state)
                if state.kind == Kind::Directory =>
            {
                let (mut count, mut len) = (0, 0);
                while !whole
                    && let Some(below) = rest.next_if(|below| {
                        below.path.starts_with(path) && mark_of_file(&below.change) == mark
                    })
                {
                    if let FileChange::Added(state) | FileChange::Removed(state) = &below.change
                        && state.kind != Kind::Directory
                    {
                        count += 1;
                        len += state.len;
                    }
                }
                Line::new(mark, format!("{path}\\{}", inside(count, len)))
            }
            FileChange::Added(state) | FileChange::Removed(state) => {
                Line::new(mark, format!("{path}  {}", describe(state)))
            }
            change => Line::new(mark, format!("{path}  {}", change_of_file(change))),
        });
    }
    lines
}

fn inside(count: usize, len: u64) -> String {
    match count {
        0 => String::new(),
        1 => format!("  1 file, {}", bytes(len)),
        _ => format!("  {count} files, {}", bytes(len)),
    }
}

fn describe(state: &FileState) -> String {
    match (state.kind, &state.target) {
        (Kind::File, _) => bytes(state.len),
        (Kind::Directory, _) => "a directory".to_owned(),
        (Kind::Link, Some(target)) => format!("a link to `{target}`"),
        (Kind::Link, None) => "a link".to_owned(),
    }
}

fn change_of_file(change: &FileChange) -> String {
    match change {
        FileChange::Added(state) | FileChange::Removed(state) => describe(state),
        FileChange::Replaced { old, new } => {
            let what = |state: &FileState| match state.kind {
                Kind::File => format!("a file of {}", bytes(state.len)),
                _ => describe(state),
            };
            format!("{} -> {}", what(old), what(new))
        }
        FileChange::Content { old, new, first } => match first {
            Some(first) => format!("{}, different from byte {first} on", bytes(*new)),
            None => format!("{} -> {}", bytes(*old), bytes(*new)),
        },
        FileChange::Spelling { old, new } => format!("spelled `{old}` -> `{new}`"),
        FileChange::HiveCondition { old, new } => {
            let told = |condition: &Condition| match condition {
                Condition::Clean => "clean",
                Condition::Replayed(_) => "dirty, its log was replayed",
                Condition::Unrecovered(_) => "dirty, its last changes are lost",
            };
            format!("hive {} -> {}", told(old), told(new))
        }
        FileChange::HiveVersion { old, new } => {
            format!("hive format 1.{} -> 1.{}", old.number(), new.number())
        }
        FileChange::Modified { old, new } => {
            format!("last written {} -> {}", time::iso(*old), time::iso(*new))
        }
        FileChange::Links { old, new } => format!("{old} -> {new} hard links"),
    }
}

fn mark_of_entry(change: &HiveChange) -> Mark {
    match change {
        HiveChange::Added { .. } => Mark::Added,
        HiveChange::Removed { .. } => Mark::Removed,
        HiveChange::Key(found) => match found.what {
            RegChange::KeyAdded | RegChange::ValueAdded { .. } => Mark::Added,
            RegChange::KeyRemoved | RegChange::ValueRemoved { .. } => Mark::Removed,
            _ => Mark::Changed,
        },
    }
}

/// A line a difference; what is below a key that was added or removed is
/// counted on its line, unless the `whole` list is asked for.
fn registry_lines(entries: &[RegistryDifference], whole: bool) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut rest = entries.iter().peekable();
    while let Some(entry) = rest.next() {
        let mark = mark_of_entry(&entry.change);
        let hive = &entry.hive;
        let found = match &entry.change {
            HiveChange::Added { keys, values } | HiveChange::Removed { keys, values } => {
                lines.push(Line::new(
                    mark,
                    format!("{hive}{}", holding(*keys, *values)),
                ));
                continue;
            }
            HiveChange::Key(found) => found,
        };
        let at = match found.key.is_root() {
            true => hive.to_string(),
            false => format!("{hive}\\{}", found.key),
        };
        if matches!(found.what, RegChange::KeyAdded | RegChange::KeyRemoved) {
            let (mut keys, mut values) = (0, 0);
            while !whole
                && let Some(below) = rest.next_if(|below| {
                    mark_of_entry(&below.change) == mark
                        && below.hive == *hive
                        && matches!(&below.change, HiveChange::Key(below)
                            if below.key.starts_with(&found.key))
                })
            {
                match &below.change {
                    HiveChange::Key(below)
                        if matches!(below.what, RegChange::KeyAdded | RegChange::KeyRemoved) =>
                    {
                        keys += 1;
                    }
                    _ => values += 1,
                }
            }
            lines.push(Line::new(mark, format!("{at}{}", holding(keys, values))));
            continue;
        }
        lines.push(Line::new(
            mark,
            format!("{at}{}", change_of_key(&found.what, whole)),
        ));
    }
    lines
}

fn holding(keys: usize, values: usize) -> String {
    let keys = (keys > 0).then(|| count(keys, "key", "keys"));
    let values = (values > 0).then(|| count(values, "value", "values"));
    let parts: Vec<String> = keys.into_iter().chain(values).collect();
    match parts.is_empty() {
        true => String::new(),
        false => format!("  with {}", parts.join(", ")),
    }
}

/// What stands behind the key's path.
fn change_of_key(change: &RegChange, whole: bool) -> String {
    let named = |name: &Text| match name.is_empty() {
        true => " (default)".to_owned(),
        false => format!(" \"{name}\""),
    };
    let class = |class: &Option<Text>| match class {
        Some(class) => format!("`{class}`"),
        None => "none".to_owned(),
    };
    match change {
        RegChange::KeyAdded | RegChange::KeyRemoved => String::new(),
        RegChange::ValueAdded { name, new: data } | RegChange::ValueRemoved { name, old: data } => {
            format!("{}: {}", named(name), shown(data, whole))
        }
        RegChange::ValueChanged { name, old, new } => {
            let (was, is) = (shown(old, whole), shown(new, whole));
            let mut text = format!("{}: {was} -> {is}", named(name));
            if was == is {
                let same = old.bytes.iter().zip(&new.bytes);
                let same = same.take_while(|(old, new)| old == new).count();
                text.push_str(&format!(", different from byte {same} on"));
            }
            text
        }
        RegChange::SecurityChanged { .. } => "  has another security descriptor".to_owned(),
        RegChange::Detail(KeyDetail::KeySpelling { old, new }) => {
            format!("  spelled `{old}` -> `{new}`")
        }
        RegChange::Detail(KeyDetail::ValueSpelling { old, new }) => {
            format!("{}: spelled `{old}` -> `{new}`", named(new))
        }
        RegChange::Detail(KeyDetail::Class { old, new }) => {
            format!("  class {} -> {}", class(old), class(new))
        }
        RegChange::Detail(KeyDetail::Flags { old, new }) => {
            format!("  flags {old:#x} -> {new:#x}")
        }
    }
}

/// A value's data, cut where it is long.
fn shown(data: &RegData, whole: bool) -> String {
    let text = data.to_string();
    if whole || text.chars().count() <= SHOWN {
        return text;
    }
    let head: String = text.chars().take(SHOWN).collect();
    format!("{head}… ({} bytes)", data.bytes.len())
}

fn mark_of_driver(difference: &DriverDifference) -> Mark {
    match difference {
        DriverDifference::Added(_) => Mark::Added,
        DriverDifference::Removed(_) => Mark::Removed,
        DriverDifference::Changed { .. } => Mark::Changed,
    }
}

fn driver_line(difference: &DriverDifference) -> Line {
    let mark = mark_of_driver(difference);
    let package = difference.package();
    let DriverPackage {
        published_name,
        original_file_name,
        ..
    } = package;
    let name = match published_name.eq_ignore_ascii_case(original_file_name) {
        true => published_name.clone(),
        false => format!("{published_name} ({original_file_name})"),
    };
    match difference {
        DriverDifference::Added(_) | DriverDifference::Removed(_) => {
            let parts = [&package.provider_name, &package.version, &package.date];
            let parts: Vec<&str> = parts.into_iter().map(String::as_str).collect();
            Line::new(mark, format!("{name}  {}", parts.join(", ")))
        }
        DriverDifference::Changed { old, new, fields } => {
            let fields = fields
                .iter()
                .map(|field| change_of_driver(*field, old, new));
            let fields: Vec<String> = fields.collect();
            Line::new(mark, format!("{name}  {}", fields.join(", ")))
        }
    }
}

fn change_of_driver(field: Field, old: &DriverPackage, new: &DriverPackage) -> String {
    let optional = |text: &Option<String>| text.clone().unwrap_or_else(|| "none".to_owned());
    let yes_no = |value: bool| if value { "yes" } else { "no" }.to_owned();
    let each = |tell: &dyn Fn(&DriverPackage) -> String| [tell(old), tell(new)];
    let (what, [old, new]) = match field {
        Field::PublishedName => ("renumbered", each(&|driver| driver.published_name.clone())),
        Field::OriginalFileName => ("INF", each(&|driver| driver.original_file_name.clone())),
        Field::Inbox => ("inbox", each(&|driver| yes_no(driver.inbox))),
        Field::ClassName => ("class", each(&|driver| optional(&driver.class_name))),
        Field::ClassGuid => ("class id", each(&|driver| driver.class_guid.clone())),
        Field::ProviderName => ("provider", each(&|driver| driver.provider_name.clone())),
        Field::Date => ("date", each(&|driver| driver.date.clone())),
        Field::Version => ("version", each(&|driver| driver.version.clone())),
        Field::BootCritical => ("boot", each(&|driver| yes_no(driver.boot_critical))),
        Field::DriverSignature => (
            "signature",
            each(&|driver| signature(driver.driver_signature)),
        ),
        Field::PackageId => ("package id", each(&|driver| driver.package_id.clone())),
        Field::Architecture => ("for", each(&|driver| optional(&driver.architecture))),
        Field::HardwareIds => {
            let missing = |from: &DriverPackage, there: &DriverPackage| {
                let ids = from.hardware_ids.iter();
                ids.filter(|id| !there.hardware_ids.contains(id)).count()
            };
            let (more, less) = (missing(new, old), missing(old, new));
            return format!("serves {} more, {less} fewer", count(more, "id", "ids"));
        }
    };
    format!("{what} {old} -> {new}")
}
