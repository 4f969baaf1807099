//! Differences of files, a line each.

use wimwright_servicing::diff::{FileChange, FileDifference, FileState};
use wimwright_servicing::plan::AttributeNames;
use wimwright_servicing::registry::Condition;
use wimwright_servicing::{Kind, Text, time};

use super::{Line, Mark};

pub(super) fn mark_of(change: &FileChange) -> Mark {
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
pub(super) fn lines(files: &[FileDifference], whole: bool) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut rest = files.iter().peekable();
    while let Some(file) = rest.next() {
        let mark = mark_of(&file.change);
        let path = &file.path;
        let (FileChange::Added(state) | FileChange::Removed(state)) = &file.change else {
            lines.push(line(file));
            continue;
        };
        if state.kind != Kind::Directory {
            lines.push(line(file));
            continue;
        }
        let (mut count, mut len) = (0, 0);
        // What was moved there from elsewhere is told all the same.
        let mut others = Vec::new();
        while !whole && let Some(below) = rest.next_if(|below| below.path.starts_with(path)) {
            match &below.change {
                FileChange::Added(state) | FileChange::Removed(state)
                    if mark_of(&below.change) == mark =>
                {
                    if state.kind != Kind::Directory {
                        count += 1;
                        len += state.len;
                    }
                }
                _ => others.push(line(below)),
            }
        }
        lines.push(Line::new(mark, format!("{path}\\"), inside(count, len)));
        lines.extend(others);
    }
    lines
}

fn line(file: &FileDifference) -> Line {
    let what = match &file.change {
        FileChange::Added(state) | FileChange::Removed(state) => describe(state),
        change => change_text(change),
    };
    let mark = mark_of(&file.change);
    Line::new(mark, file.path.to_string(), format!("  {what}"))
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

fn change_text(change: &FileChange) -> String {
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
        FileChange::Links { old, new } if old == new => {
            format!("{new} hard links, of other names")
        }
        FileChange::Links { old, new } => format!("{old} -> {new} hard links"),
        FileChange::Moved { from } => format!("moved from {from}"),
        FileChange::Created { old, new } => {
            format!("created {} -> {}", time::iso(*old), time::iso(*new))
        }
        FileChange::Attributes { old, new } => {
            format!("{} -> {}", AttributeNames(*old), AttributeNames(*new))
        }
        FileChange::ShortName { old, new } => {
            format!("short name {} -> {}", named(old), named(new))
        }
        FileChange::Security { old, new } => match (old.is_empty(), new.is_empty()) {
            (true, _) => "has a security descriptor, and had none".to_owned(),
            (_, true) => "has no security descriptor any more".to_owned(),
            _ => "has another security descriptor".to_owned(),
        },
        FileChange::Stream { name, old, new } => match (old, new) {
            (Some(old), Some(new)) if old == new => {
                format!("stream :{name} of {} holds something else", bytes(*new))
            }
            (Some(old), Some(new)) => {
                format!("stream :{name} {} -> {}", bytes(*old), bytes(*new))
            }
            (None, Some(new)) => format!("new stream :{name} of {}", bytes(*new)),
            (Some(old), None) => format!("stream :{name} of {} is gone", bytes(*old)),
            (None, None) => format!("stream :{name}"),
        },
        FileChange::Tagged { .. } => "another object id, or other extended attributes".to_owned(),
        FileChange::Reparse { old, new } => format!(
            "reparse data: tag {:#010x}, {} -> tag {:#010x}, {}",
            old.0,
            bytes(old.1),
            new.0,
            bytes(new.1)
        ),
    }
}

fn named(name: &Text) -> String {
    match name.is_empty() {
        true => "none".to_owned(),
        false => name.to_string(),
    }
}
