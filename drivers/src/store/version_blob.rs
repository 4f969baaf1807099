//! The `Version` value of a driver package: 48 bytes, little endian.
//!
//! Worked out on 619 packages of three real hives (driverstore 2.5). Every
//! byte is kept, so that what is read is written back the same.

use wimwright_servicing::{Architecture, FileTime};

use crate::model::{DriverVersion, Guid};

/// Length of the value.
pub const LEN: usize = 48;

/// What the `Version` value of a package says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VersionBlob {
    /// 0xFF for packages that came with Windows, 0 for third parties'.
    pub origin: u8,
    /// Always 0xFF in what was seen; its meaning is unknown.
    pub second: u8,
    /// `PROCESSOR_ARCHITECTURE_*`.
    pub architecture: u16,
    /// Always zero in what was seen.
    pub reserved: [u8; 4],
    /// The setup class.
    pub class: Guid,
    /// `DriverVer`'s date at 00:00 UTC.
    pub date: FileTime,
    /// `DriverVer`'s version.
    pub version: DriverVersion,
    /// Zero for modern packages; likely marks of legacy INF features.
    pub tail: [u8; 8],
}

impl VersionBlob {
    /// The value of a third party's package.
    pub fn third_party(
        architecture: Architecture,
        class: Guid,
        date: FileTime,
        version: DriverVersion,
    ) -> VersionBlob {
        VersionBlob {
            origin: 0,
            second: 0xFF,
            architecture: architecture.number(),
            reserved: [0; 4],
            class,
            date,
            version,
            tail: [0; 8],
        }
    }

    /// Whether the package came with Windows.
    pub fn inbox(&self) -> bool {
        self.origin == 0xFF
    }

    /// Reads the value; `None` where it does not have 48 bytes.
    pub fn decode(bytes: &[u8]) -> Option<VersionBlob> {
        let bytes: &[u8; LEN] = bytes.try_into().ok()?;
        let (&[origin, second, low, high], rest) = bytes.split_first_chunk()?;
        let (reserved, rest) = rest.split_first_chunk()?;
        let (class, rest) = rest.split_first_chunk()?;
        let (date, rest) = rest.split_first_chunk()?;
        let (&[r0, r1, b0, b1, m0, m1, a0, a1], rest) = rest.split_first_chunk()?;
        Some(VersionBlob {
            origin,
            second,
            architecture: u16::from_le_bytes([low, high]),
            reserved: *reserved,
            class: Guid(*class),
            date: FileTime(u64::from_le_bytes(*date)),
            version: DriverVersion([
                u16::from_le_bytes([a0, a1]),
                u16::from_le_bytes([m0, m1]),
                u16::from_le_bytes([b0, b1]),
                u16::from_le_bytes([r0, r1]),
            ]),
            tail: rest.try_into().ok()?,
        })
    }

    /// The value's bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(LEN);
        bytes.extend([self.origin, self.second]);
        bytes.extend(self.architecture.to_le_bytes());
        bytes.extend(self.reserved);
        bytes.extend(self.class.0);
        bytes.extend(self.date.0.to_le_bytes());
        for part in self.version.0.iter().rev() {
            bytes.extend(part.to_le_bytes());
        }
        bytes.extend(self.tail);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
        let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16);
        digits.chunks(2).map(|pair| byte(pair).unwrap()).collect()
    }

    #[test]
    fn the_worked_examples_decode_and_encode_to_the_byte() {
        let class = "7d e9 36 4d 25 e3 ce 11 bf c1 08 00 2b e1 03 18";
        for (bytes, inbox, version, date) in [
            (
                "00 ff 09 00 00000000 7be9364d25e3ce11bfc108002be10318 00003b3ac548d501 00000f0003000100 0000000000000000".to_owned(),
                false,
                "1.3.15.0",
                132_091_776_000_000_000,
            ),
            (
                "ff ff 09 00 00000000 7be9364d25e3ce11bfc108002be10318 00808ca3c594c601 b502ba4700000a00 0000000000000000".to_owned(),
                true,
                "10.0.18362.693",
                127_953_216_000_000_000,
            ),
            (
                format!("00 ff 09 00 00000000 {class} 00807 0c5 8488d101 a504050000000b00 0000000000000000"),
                false,
                "11.0.5.1189",
                131_035_968_000_000_000,
            ),
            (
                format!("00 ff 09 00 00000000 {class} 004005be4a1bd101 00000a0000000500 00a0000000000000"),
                false,
                "5.0.10.0",
                130_915_872_000_000_000,
            ),
        ] {
            let bytes = hex(&bytes);
            let blob = VersionBlob::decode(&bytes).unwrap();
            assert_eq!(blob.version.to_string(), version);
            assert_eq!(blob.inbox(), inbox, "{version}");
            assert_eq!(blob.date, FileTime(date), "{version}");
            assert_eq!(blob.encode(), bytes, "{version}");
        }
        assert_eq!(VersionBlob::decode(&[0; 47]), None);
    }
}
