//! Our own JSON form of a computer.
//!
//! ```json
//! {"schema": "wimwright/hardware/1", "name": "Model 7", "devices": [
//!   {"bus": "pci", "hardware_ids": ["PCI\\VEN_8086&DEV_24CB&CC_01018A"]}]}
//! ```

use std::fmt;

use serde::de::{Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::{Device, Firmware, Hardware, HardwareError, MAX_DEVICES, Processors};

/// What the document calls itself.
const SCHEMA: &str = "wimwright/hardware/1";

/// The longest profile that is read, in bytes; that of a large server has a
/// tenth of it.
const MAX_PROFILE: usize = 8 << 20;

/// What a document says of itself.
#[derive(Deserialize)]
struct Schema {
    schema: String,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Document {
    #[serde(rename = "schema")]
    _schema: String,
    name: String,
    devices: Devices,
    firmware: Firmware,
    processors: Processors,
    memory: Option<u64>,
}

/// Devices up to the most that are read: `{}` is one and costs a hundred
/// times its bytes.
#[derive(Default)]
struct Devices(Vec<Device>);

impl<'de> Deserialize<'de> for Devices {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Devices, D::Error> {
        deserializer.deserialize_seq(Devices::default())
    }
}

impl<'de> Visitor<'de> for Devices {
    type Value = Devices;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of devices")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut devices: A) -> Result<Devices, A::Error> {
        while let Some(device) = devices.next_element()? {
            if self.0.len() >= MAX_DEVICES {
                return Err(A::Error::custom(format_args!(
                    "more than {MAX_DEVICES} devices"
                )));
            }
            self.0.push(device);
        }
        Ok(self)
    }
}

#[derive(Serialize)]
struct Written<'h> {
    schema: &'static str,
    #[serde(flatten)]
    hardware: &'h Hardware,
}

/// Reads a profile; `None` where `bytes` are no JSON object at all.
pub(super) fn read(bytes: &[u8]) -> Result<Option<Hardware>, HardwareError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    // The ids of some devices begin with a brace, too.
    let mut marks = bytes.iter().filter(|byte| !byte.is_ascii_whitespace());
    if marks.next() != Some(&b'{') || !matches!(marks.next(), Some(b'"' | b'}')) {
        return Ok(None);
    }
    if bytes.len() > MAX_PROFILE {
        let max = MAX_PROFILE as u64;
        return Err(HardwareError::TooLong { max });
    }
    let Schema { schema } = serde_json::from_slice(bytes).map_err(|error| malformed(&error))?;
    if schema != SCHEMA {
        return Err(HardwareError::Malformed {
            line: 0,
            rule: format!(
                "a profile says \"schema\": \"{SCHEMA}\", this one \"{}\"",
                schema.escape_debug()
            ),
        });
    }
    let Document {
        name,
        devices,
        firmware,
        processors,
        memory,
        ..
    } = serde_json::from_slice(bytes).map_err(|error| malformed(&error))?;
    Ok(Some(Hardware {
        name,
        devices: devices.0,
        firmware,
        processors,
        memory,
        ..Hardware::default()
    }))
}

fn malformed(error: &serde_json::Error) -> HardwareError {
    HardwareError::Malformed {
        line: error.line(),
        rule: error.to_string(),
    }
}

impl Hardware {
    /// The computer as a profile that [`Hardware::read`] understands.
    ///
    /// # Errors
    /// Those of `serde_json`, of which none is expected of these types.
    pub fn to_profile(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(&Written {
            schema: SCHEMA,
            hardware: self,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

    use super::*;
    use crate::hardware::{Bus, Device};

    #[test]
    fn a_profile_reads_back_as_it_was_written() {
        let hardware = Hardware {
            name: "Model 7".to_owned(),
            devices: vec![Device {
                bus: Bus::Pci,
                hardware_ids: vec!["PCI\\VEN_8086&DEV_24CB".to_owned()],
                ..Device::default()
            }],
            ..Hardware::default()
        };
        let text = hardware.to_profile().unwrap();
        assert_eq!(Hardware::read("x", text.as_bytes()).unwrap(), hardware);
    }

    #[test]
    fn a_profile_is_named_after_its_file_and_misspelt_fields_are_refused() {
        let plain = br#"{"schema": "wimwright/hardware/1", "devices": []}"#;
        assert_eq!(Hardware::read("lab 3", plain).unwrap().name, "lab 3");
        let misspelt = br#"{"schema": "wimwright/hardware/1", "device": []}"#;
        let error = Hardware::read("x", misspelt).unwrap_err();
        assert!(error.to_string().contains("device"), "{error}");
        let many = format!(
            r#"{{"schema": "wimwright/hardware/1", "devices": [{}]}}"#,
            "{},".repeat(MAX_DEVICES) + "{}"
        );
        let error = Hardware::read("x", many.as_bytes()).unwrap_err();
        assert!(error.to_string().contains("devices"), "{error}");
        let other = br#"{"schema": "other/1"}"#;
        assert!(Hardware::read("x", other).is_err());
        assert_eq!(
            Hardware::read("x", b"no JSON").unwrap_err(),
            HardwareError::UnknownForm
        );
    }
}
