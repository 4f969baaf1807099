//! Differences of files, a line each.

use wimwright_servicing::diff::{FileChange, FileDifference, FileState};
use wimwright_servicing::registry::Condition;
use wimwright_servicing::{Kind, time};

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
        lines.push(match &file.change {
            FileChange::Added(state) | FileChange::Removed(state)
                if state.kind == Kind::Directory =>
            {
                let (mut count, mut len) = (0, 0);
                while !whole
                    && let Some(below) = rest.next_if(|below| {
                        below.path.starts_with(path) && mark_of(&below.change) == mark
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
            change => Line::new(mark, format!("{path}  {}", change_text(change))),
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
        FileChange::Links { old, new } => format!("{old} -> {new} hard links"),
    }
}
