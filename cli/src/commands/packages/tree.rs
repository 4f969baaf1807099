//! A container and what is in it, as text.

use crate::render::json::{ContainerEntry, ContainerForm, ContainerRole, IndexEntry};
use crate::render::text::{Paint, count, printable, size};

/// How many files are listed where nothing is said about it.
const SHOWN: usize = 12;
/// Blanks in front of what lies inside.
const STEP: usize = 2;

/// The tree, with all files where `whole`.
pub(super) fn text(container: &ContainerEntry, paint: Paint, whole: bool) -> String {
    let mut text = String::new();
    // A list instead of recursion, the next one last.
    let mut open = vec![(container, 0)];
    while let Some((container, depth)) = open.pop() {
        one(container, depth, paint, whole, &mut text);
        open.extend(
            container
                .nested
                .iter()
                .rev()
                .map(|nested| (nested, depth + 1)),
        );
    }
    text
}

fn one(container: &ContainerEntry, depth: usize, paint: Paint, whole: bool, text: &mut String) {
    let indent = " ".repeat(depth * STEP);
    let mut line = |step: usize, line: &str| {
        text.push_str(&indent);
        text.push_str(&" ".repeat(step * STEP));
        text.push_str(line);
        text.push('\n');
    };
    let name = paint.strong(&printable(&container.name));
    line(0, &format!("{name}  {}", kind(container)));
    if let Some(packed) = packed(container) {
        line(1, &packed);
    }
    if container.parts.len() > 1 {
        line(
            1,
            &format!("parts: {}", printable(&container.parts.join(", "))),
        );
    }
    if container.bytes_behind > 0 {
        let behind = size(container.bytes_behind);
        line(1, &format!("{behind} behind its end, mostly a signature"));
    }
    if let Some(index) = &container.index {
        line(1, &index_text(index));
    }
    if let Some(fault) = &container.index_fault {
        let fault = format!("index: {}", printable(fault));
        line(1, &paint.error(&fault));
    }
    let unpacked = container.members.iter().map(|member| member.size).sum();
    let files = count(container.members.len(), "file", "files");
    line(1, &format!("{files}, {} unpacked", size(unpacked)));
    let shown = match whole || container.members.len() <= SHOWN + 1 {
        true => container.members.len(),
        false => SHOWN,
    };
    let lengths = container.members.iter().take(shown);
    let width = lengths.map(|member| member.size.to_string().len()).max();
    for member in container.members.iter().take(shown) {
        let path = member.path.to_string();
        let unread = match member.readable {
            true => String::new(),
            false => paint.warning("  (compressed in a way that is not read)"),
        };
        let width = width.unwrap_or(0);
        line(
            2,
            &format!("{:>width$}  {}{unread}", member.size, printable(&path)),
        );
    }
    if let left @ 1.. = container.members.len() - shown {
        line(2, &format!("and {left} more (`--verbose` lists them)"));
    }
    for refused in &container.refused {
        let path = refused.path.to_string();
        let text = format!("`{}`: {}", printable(&path), printable(&refused.reason));
        line(1, &paint.error(&text));
    }
}

fn kind(container: &ContainerEntry) -> String {
    let role = match container.role {
        ContainerRole::Msu => "standalone installer, ",
        ContainerRole::Package => "update package, ",
        ContainerRole::Hotfix => "hotfix of Windows XP or Server 2003, ",
        ContainerRole::ScanData => "scan data of Windows Update, ",
        ContainerRole::Other => "",
    };
    let form = match container.form {
        ContainerForm::Cabinet => "cabinet",
        ContainerForm::Wim => "WIM file",
        ContainerForm::Folder => return format!("{role}folder"),
        ContainerForm::Program => "program with a cabinet inside",
    };
    format!("{role}{form}, {}", size(container.size))
}

/// How its folders are compressed; equal ones together.
fn packed(container: &ContainerEntry) -> Option<String> {
    let mut kinds: Vec<(&str, usize)> = Vec::new();
    for folder in &container.folders {
        match kinds
            .iter_mut()
            .find(|(name, _)| *name == folder.compression)
        {
            Some((_, number)) => *number += 1,
            None => kinds.push((&folder.compression, 1)),
        }
    }
    if kinds.is_empty() {
        return None;
    }
    let all = count(container.folders.len(), "folder", "folders");
    let kinds: Vec<String> = match kinds.as_slice() {
        [(name, _)] => vec![(*name).to_owned()],
        several => several
            .iter()
            .map(|(name, number)| format!("{number} {name}"))
            .collect(),
    };
    Some(format!("{all}: {}", kinds.join(", ")))
}

fn index_text(index: &IndexEntry) -> String {
    let mut parts = Vec::new();
    for (number, what) in [
        (index.plain, "as they are"),
        (index.copies, "copies of others"),
        (index.deltas, "as differences"),
    ] {
        if number > 0 {
            parts.push(format!("{number} {what}"));
        }
    }
    let files = count(index.files, "file", "files");
    let place = match index.kind {
        crate::render::json::IndexKindEntry::Members => "of its files",
        crate::render::json::IndexKindEntry::Storage => "of a storage file (.psf)",
        crate::render::json::IndexKindEntry::InStorage => "inside a storage file (.psf)",
    };
    format!("index {place}: {files} to be made ({})", parts.join(", "))
}
