//! What a key holds, as plain data.

use wimwright_hive::{Error as HiveError, Key};

use super::{KeyPath, Place, RegData, RegistryError};
use crate::draft::Draft;
use crate::text::Text;

/// A key with its values and the names of its subkeys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyContent {
    /// The key, from the root of its hive.
    pub key: KeyPath,
    /// Its values: the default value (without a name) first, then by name.
    pub values: Vec<(Text, RegData)>,
    /// The names of its subkeys, in the registry's order.
    pub subkeys: Vec<Text>,
}

/// Reads a key; with `recurse` all below it as well, each key before those in
/// it. `None` where the hive or the key is not there.
///
/// # Errors
/// [`RegistryError`] when the hive cannot be read.
pub fn read_key(
    draft: &Draft,
    place: &Place,
    recurse: bool,
) -> Result<Option<Vec<KeyContent>>, RegistryError> {
    let Some(hive) = draft.hive(&place.hive)? else {
        return Ok(None);
    };
    let read = || -> Result<_, HiveError> {
        let Some(key) = place.key.find(&hive)? else {
            return Ok(None);
        };
        let mut all = Vec::new();
        walk(key, &mut place.key.units(), recurse, &mut all)?;
        Ok(Some(all))
    };
    read().map_err(|source| RegistryError::in_hive(&place.hive, source))
}

// Keys nest at most 512 deep (Windows' limit; opening a hive checks it).
pub(super) fn walk(
    key: Key<'_>,
    path: &mut Vec<u16>,
    recurse: bool,
    all: &mut Vec<KeyContent>,
) -> Result<(), HiveError> {
    let at = all.len();
    all.push(KeyContent {
        key: KeyPath::from(Text::from_units(path)),
        values: values(key)?,
        subkeys: Vec::new(),
    });
    let mut names = Vec::new();
    for below in key.subkeys()? {
        let below = below?;
        let name: Vec<u16> = below.name()?.units().collect();
        names.push(Text::from_units(&name));
        if recurse {
            let length = path.len();
            if length > 0 {
                path.push(u16::from(b'\\'));
            }
            path.extend(name);
            walk(below, path, recurse, all)?;
            path.truncate(length);
        }
    }
    if let Some(content) = all.get_mut(at) {
        content.subkeys = names;
    }
    Ok(())
}

fn values(key: Key<'_>) -> Result<Vec<(Text, RegData)>, HiveError> {
    let mut values = Vec::new();
    for value in key.values()? {
        let value = value?;
        values.push((value.name()?, value));
    }
    values.sort_by(|(a, _), (b, _)| a.compare(*b));
    let read = values.into_iter().map(|(name, value)| {
        let name: Vec<u16> = name.units().collect();
        Ok((Text::from_units(&name), RegData::of(value)?))
    });
    read.collect()
}
