//! Everything that an image or a draft holds, and what two of them differ in.

#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "test support, shared by several test programs"
)]

use std::collections::BTreeMap;

use wimwright_servicing::registry::{HiveName, Key};
use wimwright_servicing::{Access, Draft, FileTree as _, ImagePath, Kind};

use crate::support::{self, TestImage};

/// Everything that an image holds: files and folders by path, registry keys
/// and values by place. The hives' files and the date of the database, which
/// every change sets, are left out.
pub(crate) type Held = BTreeMap<String, (u32, Vec<u8>)>;

pub(crate) fn held(draft: &Draft) -> Held {
    let mut held = Held::new();
    draft
        .walk(&ImagePath::root(), &mut |path, kind| {
            let name = path.to_string();
            if kind == Kind::Directory {
                held.insert(format!("{name}\\"), (0, Vec::new()));
            } else if !name.contains("\\config\\") {
                let bytes = draft.read(path, 1 << 30).unwrap().unwrap();
                held.insert(name, (0, bytes));
            }
            Ok(())
        })
        .unwrap();
    for hive in [HiveName::System, HiveName::Software, HiveName::Drivers] {
        if let Some(open) = draft.hive(&hive).unwrap() {
            values(open.root(), &hive.to_string(), &mut held);
        }
    }
    held.retain(|place, _| !place.ends_with("\\driverdatabase UpdateDate"));
    held
}

pub(crate) fn held_by(image: &TestImage) -> Held {
    held(&image.open(Access::Read).look(support::now()))
}

fn values(key: Key<'_>, path: &str, held: &mut Held) {
    held.insert(format!("[{path}]"), (0, Vec::new()));
    for value in key.values().unwrap() {
        let value = value.unwrap();
        let name = value.name().unwrap().to_string_lossy();
        let data = value.data().unwrap().into_owned();
        held.insert(format!("{path} {name}"), (value.kind(), data));
    }
    for below in key.subkeys().unwrap() {
        let below = below.unwrap();
        let name = below.name().unwrap().to_string_lossy().to_lowercase();
        values(below, &format!("{path}\\{name}"), held);
    }
}

/// What two images differ in.
pub(crate) fn difference(before: &Held, after: &Held) -> Vec<String> {
    let gone = before
        .iter()
        .filter(|(place, _)| !after.contains_key(*place))
        .map(|(place, _)| format!("- {place}"));
    let new = after
        .iter()
        .filter_map(|(place, data)| match before.get(place) {
            None => Some(format!("+ {place}")),
            Some(old) if old != data => Some(format!("~ {place}: {old:x?} -> {data:x?}")),
            Some(_) => None,
        });
    gone.chain(new).collect()
}
