//! Group Policy of the image that keeps devices from being installed
//! (driverstore 10, item 9).

use wimwright_servicing::registry::{HiveName, KeyPath};
use wimwright_servicing::{Draft, Finding};

use crate::error::Error;

/// Group Policy that forbids devices to be installed.
pub(crate) fn report(draft: &mut Draft) -> Result<(), Error> {
    let key = KeyPath::from("Policies\\Microsoft\\Windows\\DeviceInstall\\Restrictions");
    for name in [
        "DenyUnspecified",
        "DenyDeviceIDs",
        "DenyDeviceClasses",
        "DenyRemovableDevices",
    ] {
        let value = draft.value(HiveName::Software, &key, name)?;
        if value.and_then(|data| data.as_dword()).unwrap_or(0) != 0 {
            draft.report(Finding::warning(
                "installation-policy",
                format!(
                    "group policy `{name}` in SOFTWARE\\{key} restricts which devices Windows \
                     installs: the package may be kept out"
                ),
            ));
        }
    }
    Ok(())
}
