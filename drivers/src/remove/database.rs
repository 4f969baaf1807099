//! The driver database's entries of a package that goes.

use wimwright_servicing::plan::{Basis, Change};
use wimwright_servicing::registry::{HiveName, KeyPath, RegData};
use wimwright_servicing::{Draft, Text};

use super::part::delete_if_empty;
use crate::error::Error;
use crate::store::node::Node;
use crate::store::published_name::OemNumber;
use crate::stored::{Stored, keys_that_list, same};

const ENTRIES: Basis = Basis::inferred("driverstore 8");
/// What a hive looks like without entries: no key of `DeviceIds` is empty in
/// three real ones.
const DEVICE_IDS: Basis = Basis::inferred("driverstore 2.11");
const MAP: Basis = Basis::inferred("driverstore 2.2");

/// Deletes the package's own key.
pub(super) fn delete_package(draft: &mut Draft, stored: &Stored) -> Result<(), Error> {
    let Some(id) = &stored.id else {
        return Ok(());
    };
    delete_key(draft, stored.node, stored.node.package(id))
}

/// Deletes everything that goes by a published name which stands for nothing
/// any more, in both nodes: broken packages have left it in either.
pub(super) fn delete_published(draft: &mut Draft, published: &str) -> Result<(), Error> {
    for node in Node::ALL {
        delete_key(draft, node, node.inf_file(published))?;
        for key in keys_that_list(draft, node, published)? {
            delete_id(draft, node, &key, published)?;
        }
    }
    match OemNumber::parse(published, ".inf") {
        Some(number) => free_number(draft, number),
        None => Ok(()),
    }
}

/// Leaves a published name to the other packages that it stands for. `only`
/// are the ids that none of them serves.
pub(super) fn leave_to(
    draft: &mut Draft,
    gone: &Stored,
    published: &str,
    others: &[&Stored],
    only: &[String],
) -> Result<(), Error> {
    let hive = &gone.node.hive();
    let key = gone.node.inf_file(published);
    let ids: Vec<&str> = others
        .iter()
        .filter_map(|other| other.id.as_deref())
        .collect();
    let _ = draft.set_value(hive, &key, "", RegData::multi_sz(&ids), &ENTRIES)?;
    let active = draft.value(hive, &key, "Active")?;
    let active = active.and_then(|data| data.as_text()).unwrap_or_default();
    if let Some(last) = ids.last()
        && !ids.iter().any(|id| same(id, &active))
    {
        let _ = draft.set_value(hive, &key, "Active", RegData::sz(last), &ENTRIES)?;
        let sections = gone.node.package(last).join("Configurations");
        let sections = draft.subkeys(hive, &sections)?;
        let listed = draft.value(hive, &key, "Configurations")?;
        match (sections.is_empty(), listed) {
            (false, _) => {
                let data = RegData::multi_sz(&sections);
                let _ = draft.set_value(hive, &key, "Configurations", data, &ENTRIES)?;
            }
            (true, Some(_)) => delete_value(draft, hive, &key, "Configurations")?,
            (true, None) => {}
        }
    }
    for key in keys_that_list(draft, gone.node, published)? {
        let gone_with_it = only.iter().any(|id| key == gone.node.device_id(id));
        if gone_with_it {
            delete_id(draft, gone.node, &key, published)?;
        }
    }
    Ok(())
}

/// The device ids that a package's key describes.
pub(super) fn described_ids(draft: &Draft, stored: &Stored) -> Result<Vec<String>, Error> {
    let mut ids = Vec::new();
    let Some(id) = &stored.id else {
        return Ok(ids);
    };
    let top = stored.node.package(id).join("Descriptors");
    // `<enumerator>\<id>`, or `<id>` alone: ids have one backslash at most.
    for first in draft.subkeys(stored.node.hive(), &top)? {
        let key = top.join(&first);
        let below = draft.subkeys(stored.node.hive(), &key)?;
        ids.extend(below.into_iter().map(|second| format!("{first}\\{second}")));
        let own = draft.value(stored.node.hive(), &key, "Configuration")?;
        if own.is_some() {
            ids.push(first);
        }
    }
    Ok(ids)
}

/// The services that the package's configurations name.
pub(super) fn configured_services(draft: &Draft, stored: &Stored) -> Result<Vec<String>, Error> {
    let mut services = Vec::new();
    let Some(id) = &stored.id else {
        return Ok(services);
    };
    let top = stored.node.package(id).join("Configurations");
    for section in draft.subkeys(stored.node.hive(), &top)? {
        let service = draft.value(stored.node.hive(), &top.join(&section), "Service")?;
        services.extend(service.and_then(|data| data.as_text()));
    }
    Ok(services)
}

/// Deletes a value of `DeviceIds`, and the keys that this leaves empty.
pub(crate) fn delete_id(
    draft: &mut Draft,
    node: Node,
    key: &KeyPath,
    published: &str,
) -> Result<(), Error> {
    let hive = &node.hive();
    delete_value(draft, hive, key, published)?;
    let top = node.root().join("DeviceIds").units().len();
    let mut units = key.units();
    while units.len() > top {
        let key = KeyPath::from(Text::from_units(&units));
        if !delete_if_empty(draft, hive, &key, &DEVICE_IDS)? {
            break;
        }
        let end = units.iter().rposition(|unit| *unit == u16::from(b'\\'));
        units.truncate(end.unwrap_or(0));
    }
    Ok(())
}

/// Clears the number's bit in `OemInfMap`. A map that is not there stays so.
pub(crate) fn free_number(draft: &mut Draft, number: OemNumber) -> Result<(), Error> {
    let root = Node::System.root();
    let Some(map) = draft.value(HiveName::System, &root, "OemInfMap")? else {
        return Ok(());
    };
    let Some(freed) = without_number(&map.bytes, number) else {
        return Ok(());
    };
    if freed.is_empty() {
        return delete_value(draft, &HiveName::System, &root, "OemInfMap");
    }
    let data = RegData {
        bytes: freed,
        ..map
    };
    let _ = draft.set_value(HiveName::System, &root, "OemInfMap", data, &MAP)?;
    Ok(())
}

/// `map` without the bit of `number`, as short as it can be; `None` where the
/// bit is not set.
fn without_number(map: &[u8], number: OemNumber) -> Option<Vec<u8>> {
    let mut map = map.to_vec();
    let byte = map.get_mut((number.0 / 8) as usize)?;
    let bit = 0x80 >> (number.0 % 8);
    if *byte & bit == 0 {
        return None;
    }
    *byte &= !bit;
    while map.last() == Some(&0) {
        map.pop();
    }
    Some(map)
}

fn delete_key(draft: &mut Draft, node: Node, key: KeyPath) -> Result<(), Error> {
    let hive = &node.hive();
    if draft.has_key(hive, &key)? {
        let _ = draft.plan_change(
            Change::DeleteKey {
                hive: hive.clone(),
                key,
            },
            &ENTRIES,
        )?;
    }
    Ok(())
}

fn delete_value(
    draft: &mut Draft,
    hive: &HiveName,
    key: &KeyPath,
    name: &str,
) -> Result<(), Error> {
    let change = Change::DeleteValue {
        hive: hive.clone(),
        key: key.clone(),
        name: Text::from(name),
    };
    let _ = draft.plan_change(change, &ENTRIES)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::published_name::with_number;

    #[test]
    fn a_freed_number_leaves_the_map_as_short_as_it_can_be() {
        for (map, number, freed) in [
            (&[0xFF, 0xC0][..], 9, Some(vec![0xFF, 0x80])),
            (&[0xFF, 0x80], 8, Some(vec![0xFF])),
            (&[0x80, 0x00, 0x80], 16, Some(vec![0x80])),
            (&[0x80], 0, Some(vec![])),
            (&[0xA0], 1, None),
            (&[0xA0], 99, None),
        ] {
            let number = OemNumber(number);
            assert_eq!(without_number(map, number), freed, "{map:x?} {number}");
            if let Some(freed) = freed {
                assert_eq!(with_number(&freed, number), map, "{map:x?} {number}");
            }
        }
    }
}
