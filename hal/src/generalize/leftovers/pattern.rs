//! Files and folders by pattern, from the image root: `%windir%\Logs\CBS\*`,
//! `Users\*\AppData\Local\Temp\*`.
//!
//! `*` stands for any characters of one name. A pattern whose last name is `*`
//! alone takes folders as well, with all that is in them; every other takes files
//! only. Links are never followed. `desktop.ini` is what gives a folder its icon
//! and no leftover.

use std::collections::{HashMap, HashSet};

use wimwright_servicing::{FileTree as _, ImagePath, Kind};

use super::{Item, Removal};
use crate::generalize::look::{Look, count};
use crate::survey::Part;

/// What patterns match, one item a folder.
pub(super) fn items(look: &Look<'_>, patterns: &[&str], removable: bool) -> Part<Vec<Item>> {
    let mut groups: Vec<(ImagePath, Vec<(ImagePath, Kind)>)> = Vec::new();
    // A folder of temporary files can hold hundreds of thousands.
    let mut seen = HashSet::new();
    let mut places = HashMap::new();
    for pattern in patterns {
        for (path, kind) in matches(look, pattern)? {
            if !seen.insert(path.clone()) {
                continue;
            }
            let folder = path.parent().unwrap_or_default();
            let next = groups.len();
            let at = *places.entry(folder.clone()).or_insert(next);
            match groups.get_mut(at) {
                Some((_, paths)) => paths.push((path, kind)),
                None => groups.push((folder, vec![(path, kind)])),
            }
        }
    }
    let mut items = Vec::new();
    for (folder, paths) in groups {
        let (mut files, mut bytes) = (0, 0_u64);
        for (path, kind) in &paths {
            let mut add = |path: &ImagePath| -> Result<(), wimwright_servicing::TreeError> {
                files += 1;
                let found = look.draft.metadata(path)?;
                bytes = bytes.saturating_add(found.map_or(0, |found| found.len));
                Ok(())
            };
            match kind {
                Kind::Directory => look.draft.walk(path, &mut |below, kind| match kind {
                    Kind::Directory => Ok(()),
                    _ => add(below),
                })?,
                _ => add(path)?,
            }
        }
        let place = match paths.as_slice() {
            [(one, _)] => one.to_string(),
            _ => folder.to_string(),
        };
        let mut item = Item::new(
            place,
            format!("{}, {}", count(files, "file", "files"), size(bytes)),
        );
        if removable {
            item.removals = paths
                .into_iter()
                .map(|(path, _)| Removal::Path(path))
                .collect();
        }
        items.push(item);
    }
    Ok(items)
}

/// Everything that a pattern matches.
pub(super) fn matches(look: &Look<'_>, pattern: &str) -> Part<Vec<(ImagePath, Kind)>> {
    let (mut open, rest) = match pattern.strip_prefix("%windir%\\") {
        Some(rest) => (vec![look.facts.windows.clone()], rest),
        None => (vec![ImagePath::root()], pattern),
    };
    let mut names = rest.split('\\').peekable();
    let mut found = Vec::new();
    while let Some(name) = names.next() {
        let is_last = names.peek().is_none();
        let mut below = Vec::new();
        for folder in open {
            for entry in look.entries(&folder)? {
                let own = entry.name.to_string();
                if !fits(name, &own) {
                    continue;
                }
                let kind = entry.kind;
                let path = folder.child(entry.name);
                match (kind, is_last) {
                    (Kind::Directory, false) => below.push(path),
                    (Kind::File, true) if !own.eq_ignore_ascii_case("desktop.ini") => {
                        found.push((path, kind));
                    }
                    (Kind::Directory, true) if name == "*" => {
                        found.push((path, kind));
                    }
                    _ => {}
                }
            }
        }
        open = below;
    }
    Ok(found)
}

/// Whether a name fits one part of a pattern, without case.
fn fits(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.to_lowercase(), name.to_lowercase());
    let mut parts = pattern.split('*');
    let Some(mut rest) = name.strip_prefix(parts.next().unwrap_or_default()) else {
        return false;
    };
    while let Some(part) = parts.next() {
        if parts.clone().next().is_none() {
            // The end has to be the end, whatever fits before it.
            return rest.ends_with(part);
        }
        match rest.find(part) {
            Some(at) => rest = rest.get(at + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    rest.is_empty()
}

/// A length for people, in units of a thousand.
pub(super) fn size(bytes: u64) -> String {
    let mut unit = "bytes";
    let mut tenths = bytes.saturating_mul(10);
    for next in ["kB", "MB", "GB", "TB"] {
        if tenths < 10_000 {
            break;
        }
        unit = next;
        tenths /= 1000;
    }
    match unit {
        "bytes" if bytes == 1 => "1 byte".to_owned(),
        "bytes" => format!("{bytes} bytes"),
        _ => format!("{}.{} {unit}", tenths / 10, tenths % 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_patterns_without_case() {
        for (pattern, name, is) in [
            ("*", "anything", true),
            ("*.log", "CBS.LOG", true),
            ("*.log", "log", false),
            ("setup*.log", "setupact.log", true),
            ("setup*.log", "setup.log.bak", false),
            ("_restore{*}", "_restore{AB}", true),
            ("a*b*c", "axxbyyc", true),
            ("a*b*c", "axxcyyb", false),
            ("a*a", "a", false),
            ("hosts", "HOSTS", true),
            ("hosts", "hosts.txt", false),
        ] {
            assert_eq!(fits(pattern, name), is, "{pattern} {name}");
        }
    }

    #[test]
    fn sizes_are_cut_to_a_tenth() {
        for (bytes, text) in [
            (0, "0 bytes"),
            (1, "1 byte"),
            (999, "999 bytes"),
            (1000, "1.0 kB"),
            (1_999_999, "1.9 MB"),
            (u64::MAX, "1844674.4 TB"),
        ] {
            assert_eq!(size(bytes), text);
        }
    }
}
