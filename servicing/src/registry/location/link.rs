//! Keys that are links: `SOFTWARE\WOW6432Node\Classes` leads to
//! `SOFTWARE\Classes\WOW6432Node` on 64-bit Windows.
//!
//! A link is a key with a flag and a value `SymbolicLinkValue` of type
//! `REG_LINK` (6), which holds the target as the kernel names it,
//! `\REGISTRY\MACHINE\SOFTWARE\..`, without a NUL at its end.

use wimwright_hive::KeyFlags;

use super::{LocationError, Place, roots, units};
use crate::draft::Draft;
use crate::registry::{HiveName, RegistryError};
use crate::text::Text;

/// Most links that are followed one after the other.
pub(super) const MOST: usize = 8;

/// The first link on the way to a key, and where the key lies with the link's
/// target put in its place. `None` where there is no link.
pub(super) fn target(draft: &Draft, place: &Place) -> Result<Option<(Place, Text)>, LocationError> {
    // What cannot be opened has no links; whoever reads it will say why.
    let Ok(Some(hive)) = draft.hive(&place.hive) else {
        return Ok(None);
    };
    if place.key.is_root() {
        return Ok(None);
    }
    let in_hive = |source| in_hive(&place.hive, source);
    let path = place.key.units();
    let mut key = hive.root();
    let mut length = 0;
    for name in path.split(|unit| *unit == u16::from(b'\\')) {
        match key.subkey_units(name).map_err(in_hive)? {
            Some(below) => key = below,
            None => return Ok(None),
        }
        length += name.len() + usize::from(length > 0);
        if !key.flags().contains(KeyFlags::SYMBOLIC_LINK) {
            continue;
        }
        let link = Place {
            hive: place.hive.clone(),
            key: Text::from_units(path.get(..length).unwrap_or_default()).into(),
        };
        let rest = path.get(length..).unwrap_or_default();
        let value = key.value("SymbolicLinkValue").map_err(in_hive)?;
        let data = value
            .map(|value| value.data())
            .transpose()
            .map_err(in_hive)?;
        let data = data.unwrap_or_default();
        let stated: Vec<u16> = data
            .as_chunks()
            .0
            .iter()
            .map(|pair| u16::from_le_bytes(*pair))
            .collect();
        let known = [
            ("\\REGISTRY\\MACHINE", "HKEY_LOCAL_MACHINE"),
            ("\\REGISTRY\\USER", "HKEY_USERS"),
        ];
        let target = known.iter().find_map(|(kernel, root)| {
            let below = roots::below(&stated, &units(kernel))?;
            Some([&units(root)[..], below, rest].concat())
        });
        return match target {
            Some(target) => Ok(Some((link, Text::from_units(&target)))),
            None => Err(dead(&link, &Text::from_units(&stated))),
        };
    }
    Ok(None)
}

/// A link that leads nowhere.
pub(super) fn dead(link: &Place, target: &Text) -> LocationError {
    LocationError::Link {
        link: link.to_string(),
        target: target.to_string(),
    }
}

fn in_hive(hive: &HiveName, source: wimwright_hive::Error) -> LocationError {
    LocationError::Registry(RegistryError::in_hive(hive, source))
}
