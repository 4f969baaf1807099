//! Under which device ids a published name stands.

use wimwright_servicing::registry::{HiveError, Key, KeyPath};
use wimwright_servicing::{Draft, Text};

use super::{in_hive, key_at};
use crate::error::Error;
use crate::store::node::Node;

/// Every key of `DeviceIds` in `node` with a value of that name, the class
/// index among them; a key before those below it.
pub(crate) fn keys_that_list(
    draft: &Draft,
    node: Node,
    published: &str,
) -> Result<Vec<KeyPath>, Error> {
    let mut found = Vec::new();
    let Some(hive) = draft.hive(node.hive())? else {
        return Ok(found);
    };
    let top = node.root().join("DeviceIds");
    let mut read = || -> Result<(), HiveError> {
        match key_at(&hive, &top)? {
            Some(key) => collect(key, &mut top.units(), published, &mut found),
            None => Ok(()),
        }
    };
    read().map_err(in_hive(node.hive()))?;
    Ok(found)
}

/// Keys nest at most 512 deep: Windows' limit, which the hive's check holds.
fn collect(
    key: Key<'_>,
    path: &mut Vec<u16>,
    published: &str,
    found: &mut Vec<KeyPath>,
) -> Result<(), HiveError> {
    for below in key.subkeys()? {
        let below = below?;
        let len = path.len();
        path.push(u16::from(b'\\'));
        path.extend(below.name()?.units());
        if below.value(published)?.is_some() {
            found.push(KeyPath::from(Text::from_units(path)));
        }
        collect(below, path, published, found)?;
        path.truncate(len);
    }
    Ok(())
}
