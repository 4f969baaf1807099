//! Differences of registries, a line each.

use wimwright_servicing::Text;
use wimwright_servicing::diff::{HiveChange, RegistryDifference};
use wimwright_servicing::registry::{KeyDetail, RegChange, RegData};

use super::{Line, Mark};
use crate::render::text::count;

/// Characters of a value's data that are shown.
const SHOWN: usize = 100;

pub(super) fn mark_of(change: &HiveChange) -> Mark {
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
pub(super) fn lines(entries: &[RegistryDifference], whole: bool) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut rest = entries.iter().peekable();
    while let Some(entry) = rest.next() {
        let mark = mark_of(&entry.change);
        let hive = &entry.hive;
        let found = match &entry.change {
            HiveChange::Added { keys, values } | HiveChange::Removed { keys, values } => {
                let held = holding(*keys, *values);
                lines.push(Line::new(mark, hive.to_string(), held));
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
                    mark_of(&below.change) == mark
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
            lines.push(Line::new(mark, at, holding(keys, values)));
            continue;
        }
        lines.push(Line::new(mark, at, change_text(&found.what, whole)));
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
fn change_text(change: &RegChange, whole: bool) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(old: RegData, new: RegData, whole: bool) -> String {
        let name = Text::from("x");
        change_text(&RegChange::ValueChanged { name, old, new }, whole)
    }

    #[test]
    fn long_data_is_cut_and_what_differs_behind_the_cut_is_still_told() {
        let text = |end: &str| RegData::sz(&("a".repeat(200) + end));
        let cut = changed(text(""), RegData::dword(1), false);
        let head = format!(" \"x\": REG_SZ \"{}… (402 bytes) -> ", "a".repeat(92));
        assert_eq!(cut, format!("{head}REG_DWORD 1 (0x1)"));
        let alike = changed(text("b"), text("c"), false);
        assert!(alike.ends_with(", different from byte 400 on"), "{alike}");
        let whole = changed(text("b"), text("c"), true);
        assert!(
            whole.contains("ab\" -> ") && whole.ends_with("ac\""),
            "{whole}"
        );
        // Binary data is cut even where all is asked for.
        let binary = |end: u8| RegData::binary([vec![0; 100], vec![end]].concat());
        let alike = changed(binary(1), binary(2), true);
        assert!(alike.ends_with(", different from byte 100 on"), "{alike}");
        // Bytes that read as the same text.
        let odd = |bytes: &[u8]| RegData {
            kind: 1,
            bytes: bytes.to_vec(),
        };
        let odd = changed(odd(b"a\0"), odd(b"a\0\0\0"), false);
        assert_eq!(odd, " \"x\": REG_SZ 6100 -> REG_SZ \"a\"");
    }
}
