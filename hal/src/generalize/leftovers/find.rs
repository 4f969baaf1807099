//! How a kind of leftover is looked for, and how one is removed.

use wimwright_servicing::plan::{Basis, Change};
use wimwright_servicing::registry::{HiveName, KeyPath};
use wimwright_servicing::{Applied, Draft, DraftError, ImagePath, Text};

use super::{Item, pattern};
use crate::generalize::look::Look;
use crate::survey::Part;

/// How a kind is looked for.
#[derive(Clone, Copy)]
pub(crate) enum Find {
    /// Values of these names in any of these keys of SOFTWARE.
    Values {
        /// The keys, from the hive's root.
        keys: &'static [&'static str],
        /// The values.
        names: &'static [&'static str],
    },
    /// Keys below any of these keys of SOFTWARE.
    Subkeys(&'static [&'static str]),
    /// Files, and where a pattern ends in `\*` folders as well.
    Files(&'static [&'static str]),
    /// The same, looked for only: what is found stays.
    KeptFiles(&'static [&'static str]),
    /// In a way of its own.
    With(fn(&Look<'_>) -> Part<Vec<Item>>),
}

/// How one thing is removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Removal {
    /// A file, or a folder with all in it.
    Path(ImagePath),
    /// A value.
    Value {
        hive: HiveName,
        key: String,
        name: String,
    },
    /// A key with all below it.
    Key { hive: HiveName, key: String },
}

impl Removal {
    /// Plans it.
    pub(crate) fn plan(&self, draft: &mut Draft, basis: &Basis) -> Result<Applied, DraftError> {
        let change = match self {
            Removal::Path(path) => Change::Remove { path: path.clone() },
            Removal::Value { hive, key, name } => Change::DeleteValue {
                hive: hive.clone(),
                key: KeyPath::from(key.as_str()),
                name: Text::from(name.as_str()),
            },
            Removal::Key { hive, key } => Change::DeleteKey {
                hive: hive.clone(),
                key: KeyPath::from(key.as_str()),
            },
        };
        draft.plan_change(change, basis)
    }
}

impl Find {
    /// What an image holds.
    pub(super) fn items(&self, look: &Look<'_>) -> Part<Vec<Item>> {
        match self {
            Find::Values { keys, names } => values(look, keys, names),
            Find::Subkeys(keys) => subkeys(look, keys),
            Find::Files(patterns) => pattern::items(look, patterns, true),
            Find::KeptFiles(patterns) => pattern::items(look, patterns, false),
            Find::With(find) => find(look),
        }
    }
}

fn values(look: &Look<'_>, keys: &[&str], names: &[&str]) -> Part<Vec<Item>> {
    let hive = HiveName::Software;
    let mut items = Vec::new();
    for key in keys {
        for name in names {
            if let Some(data) = look.value(&hive, key, name)? {
                items.push(
                    Item::new(format!("SOFTWARE\\{key}\\{name}"), data.to_string()).removing(
                        Removal::Value {
                            hive: hive.clone(),
                            key: (*key).to_owned(),
                            name: (*name).to_owned(),
                        },
                    ),
                );
            }
        }
    }
    Ok(items)
}

fn subkeys(look: &Look<'_>, keys: &[&str]) -> Part<Vec<Item>> {
    let hive = HiveName::Software;
    let mut items = Vec::new();
    for key in keys {
        for name in look.subkeys(&hive, key)? {
            let below = format!("{key}\\{name}");
            let item = Item::new(format!("SOFTWARE\\{below}"), name);
            items.push(item.removing(Removal::Key {
                hive: hive.clone(),
                key: below,
            }));
        }
    }
    Ok(items)
}

/// The same without the removals, for what is reported only.
pub(super) fn only_reported(items: Part<Vec<Item>>) -> Part<Vec<Item>> {
    let mut items = items?;
    for item in &mut items {
        item.removals.clear();
    }
    Ok(items)
}

/// Keys below these keys of SOFTWARE, reported only.
pub(super) fn reported_subkeys(look: &Look<'_>, keys: &[&str]) -> Part<Vec<Item>> {
    only_reported(subkeys(look, keys))
}

/// Values of SOFTWARE, reported only.
pub(super) fn reported_values(look: &Look<'_>, keys: &[&str], names: &[&str]) -> Part<Vec<Item>> {
    only_reported(values(look, keys, names))
}
