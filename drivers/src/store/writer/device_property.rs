//! Registry values that are really device properties.
//!
//! Windows does not record some of the values that `AddReg` sets in a device's
//! keys as values: they are properties, and stand below `Properties` with the
//! key and number that devpkey.h gives them. Seen in 8.1, 1709 and 2004:
//! cdrom.inf's `FriendlyName` stands as property 14 with
//! `@cdrom.inf,%token%;text`, the data of `EnumPropPages32` as property 10 of
//! the driver, and neither name is left as a value. The others follow from
//! their names in devpkey.h and the numbers and types in those images.

use wimwright_servicing::plan::Basis;
use wimwright_servicing::registry::RegData;

use crate::model::{Operation, RegistryChange, Root};

/// Device properties.
const DEVICE: &str = "{a45c254e-df1c-4efd-8020-67d146a850e0}";
/// Properties of a device's driver.
const DRIVER: &str = "{a8b865dd-2e3d-4094-ad97-e593a70c75d6}";

/// Which key of the device a list is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Of {
    /// The hardware key (`.HW`).
    Hardware,
    /// The software key (the install section itself).
    Software,
}

/// How the data is kept, by `DEVPROPTYPE`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// 0x07.
    Number,
    /// 0x11, one byte: 0 or 0xFF.
    Truth,
    /// 0x12.
    Text,
    /// 0x19 for a token, else 0x12.
    ShownText,
    /// Kept as a security descriptor made from SDDL, which is not done here.
    Security,
}

const KNOWN: &[(Of, &str, &str, u32, Form)] = &[
    (Of::Hardware, "FriendlyName", DEVICE, 0x0E, Form::ShownText),
    (Of::Hardware, "Security", DEVICE, 0x19, Form::Security),
    (Of::Hardware, "DeviceType", DEVICE, 0x1B, Form::Number),
    (Of::Hardware, "Exclusive", DEVICE, 0x1C, Form::Truth),
    (
        Of::Hardware,
        "DeviceCharacteristics",
        DEVICE,
        0x1D,
        Form::Number,
    ),
    (
        Of::Hardware,
        "UINumberDescFormat",
        DEVICE,
        0x1F,
        Form::ShownText,
    ),
    (Of::Software, "EnumPropPages32", DRIVER, 0x0A, Form::Text),
    (Of::Software, "ResourcePickerTags", DRIVER, 0x0C, Form::Text),
    (
        Of::Software,
        "ResourcePickerExceptions",
        DRIVER,
        0x0D,
        Form::Text,
    ),
    (Of::Software, "NoConnectSound", DRIVER, 0x11, Form::Truth),
    (
        Of::Software,
        "GenericDriverInstalled",
        DRIVER,
        0x12,
        Form::Truth,
    ),
];

/// A value that is a property.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DeviceProperty {
    /// Its key below the configuration.
    pub(super) key: String,
    /// Its data, the default value of that key; `None` where it cannot be
    /// made.
    pub(super) data: Option<RegData>,
    /// How sure that is.
    pub(super) basis: Basis,
}

/// The property that `change` sets; `None` where it sets a value. `raw` is the
/// data as the INF writes it, `published` the INF's name in the image.
pub(super) fn property(
    change: &RegistryChange,
    of: Of,
    raw: Option<&str>,
    published: &str,
) -> Option<DeviceProperty> {
    let Operation::SetValue { name, data, .. } = &change.operation else {
        return None;
    };
    if change.root != Root::Relative || !change.subkey.is_empty() {
        return None;
    }
    let (.., category, id, form) = KNOWN
        .iter()
        .find(|(kind, known, ..)| *kind == of && known.eq_ignore_ascii_case(name))?;
    let number = || {
        let bytes = <[u8; 4]>::try_from(data.bytes.as_slice()).ok();
        bytes.map(u32::from_le_bytes)
    };
    let typed = |kind: u32, bytes| RegData {
        kind: 0xFFFF_0000 | kind,
        bytes,
    };
    let text = || data.as_text().map(|text| RegData::sz(&text).bytes);
    let data = match form {
        Form::Number => number().map(|number| typed(0x07, number.to_le_bytes().into())),
        Form::Truth => number().map(|number| typed(0x11, vec![if number == 0 { 0 } else { 0xFF }])),
        Form::Text => text().map(|bytes| typed(0x12, bytes)),
        Form::ShownText => match raw.filter(|raw| is_token(raw)) {
            Some(token) => data.as_text().map(|text| {
                let shown = format!("@{published},{token};{text}");
                typed(0x19, RegData::sz(&shown).bytes)
            }),
            None => text().map(|bytes| typed(0x12, bytes)),
        },
        Form::Security => None,
    };
    let seen = match form {
        Form::ShownText => *id == 0x0E && raw.is_some_and(is_token),
        _ => *id == 0x0A,
    };
    Some(DeviceProperty {
        basis: match seen {
            true => Basis::verified("driverstore 2.10"),
            false => Basis::inferred("driverstore 2.10"),
        },
        key: format!("Properties\\{category}\\{id:04X}"),
        data,
    })
}

fn is_token(raw: &str) -> bool {
    let inner = raw
        .strip_prefix('%')
        .and_then(|rest| rest.strip_suffix('%'));
    inner.is_some_and(|name| !name.is_empty() && !name.contains('%'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Condition, RegistryData, View};

    fn set(name: &str, data: RegistryData) -> RegistryChange {
        RegistryChange {
            root: Root::Relative,
            subkey: String::new(),
            view: View::Native,
            operation: Operation::SetValue {
                name: name.to_owned(),
                data,
                condition: Condition::Always,
            },
            security: None,
            from: None,
            line: 1,
        }
    }

    #[test]
    fn values_that_windows_keeps_as_properties_have_its_key_and_type() {
        let text = |text| RegistryData::string(1, text);
        let shown = |text: &str| RegData::sz(text).bytes;
        for (of, name, data, raw, key, kind, bytes) in [
            (
                Of::Hardware,
                "FriendlyName",
                text("A"),
                "%Name%",
                "Properties\\{a45c254e-df1c-4efd-8020-67d146a850e0}\\000E",
                0xFFFF_0019,
                shown("@oem1.inf,%Name%;A"),
            ),
            (
                Of::Hardware,
                "friendlyname",
                text("A"),
                "A",
                "Properties\\{a45c254e-df1c-4efd-8020-67d146a850e0}\\000E",
                0xFFFF_0012,
                shown("A"),
            ),
            (
                Of::Hardware,
                "DeviceCharacteristics",
                RegistryData::dword(0x100),
                "0x100",
                "Properties\\{a45c254e-df1c-4efd-8020-67d146a850e0}\\001D",
                0xFFFF_0007,
                vec![0, 1, 0, 0],
            ),
            (
                Of::Software,
                "EnumPropPages32",
                text("x.dll,Pages"),
                "x.dll,Pages",
                "Properties\\{a8b865dd-2e3d-4094-ad97-e593a70c75d6}\\000A",
                0xFFFF_0012,
                shown("x.dll,Pages"),
            ),
        ] {
            let found = property(&set(name, data), of, Some(raw), "oem1.inf").unwrap();
            assert_eq!(found.key, key, "{name}");
            assert_eq!(found.data, Some(RegData { kind, bytes }), "{name}");
        }
        let dword = RegistryData::dword(1);
        assert_eq!(
            property(&set("Other", dword.clone()), Of::Hardware, None, ""),
            None
        );
        assert_eq!(
            property(&set("FriendlyName", dword), Of::Software, None, ""),
            None
        );
    }
}
