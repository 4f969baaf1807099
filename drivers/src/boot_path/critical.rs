//! The critical device database of Windows 2000 to 7: the first of a device's
//! ids that has a key gives it its service.

use wimwright_servicing::registry::{ControlSet, Hive, HiveError};

use super::binding::{Binding, Lookup, filters};
use crate::rank::DevicePlace;
use crate::store::first_boot::critical_device::key_name;

/// The entry of the first of `ids` that has one.
pub(super) fn find(
    hive: &Hive,
    set: ControlSet,
    ids: &[(&str, DevicePlace)],
) -> Result<Lookup, HiveError> {
    let top = format!("{set}\\Control\\CriticalDeviceDatabase");
    let Some(database) = hive.key(&top)? else {
        return Ok(Lookup::None);
    };
    for (id, _) in ids {
        let name = key_name(id);
        let Some(key) = database.subkey(&name)? else {
            continue;
        };
        let text = |name| -> Result<Option<String>, HiveError> {
            let value = key.value(name)?.and_then(|value| value.as_string());
            Ok(value.filter(|text| !text.is_empty()))
        };
        let at = format!("{top}\\{}", key.name()?.to_string_lossy());
        return Ok(Lookup::Bound(Binding {
            service: text("Service")?,
            class: text("ClassGUID")?,
            filters: filters(key, &at)?,
            id: (*id).to_owned(),
            at,
            ..Binding::default()
        }));
    }
    Ok(Lookup::None)
}
