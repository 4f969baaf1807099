//! How the 32 bits of a code are made up, whether or not anyone knows it.
//!
//! Sources: \[MS-ERREF\] 2.1 (HRESULT) and 2.3 (NTSTATUS); `HRESULT_FROM_WIN32`,
//! `HRESULT_FROM_NT` and `HRESULT_FROM_SETUPAPI` as winerror.h documents them.

use std::fmt;

/// How a code is made up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Structure {
    /// A plain error number of Windows, 0 to 0xFFFF.
    Win32 {
        /// The number.
        code: u16,
    },
    /// A result of COM and of everything since.
    Hresult {
        /// Whether it is a failure.
        failure: bool,
        /// Which part of Windows numbers it.
        facility: u16,
        /// The number within the facility.
        code: u16,
    },
    /// A Windows error number or a status that was wrapped in an HRESULT.
    Wrapped {
        /// What was wrapped.
        from: Win32Source,
        /// The number as it was.
        value: u32,
    },
    /// An error of SetupAPI, which installs drivers.
    SetupApi {
        /// The number within SetupAPI.
        code: u16,
    },
    /// A status of the kernel.
    NtStatus {
        /// The two bits of its severity: 0 success, 1 information, 2 warning,
        /// 3 error.
        severity: u8,
        /// Which part of Windows numbers it.
        facility: u16,
        /// The number within the facility.
        code: u16,
    },
}

/// What an HRESULT wraps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Win32Source {
    /// An error number: `0x8007nnnn`.
    Win32,
    /// A status: `0xDnnnnnnn`.
    NtStatus,
    /// An error of SetupAPI: `0x800Fnnnn` for `0xE000nnnn`.
    SetupApi,
}

/// Set in an HRESULT that wraps a status.
const FACILITY_NT_BIT: u32 = 0x1000_0000;
const FACILITY_WIN32: u16 = 7;
const FACILITY_SETUPAPI: u16 = 15;
/// Numbers of facility 15 that are those of component based servicing, not of
/// SetupAPI.
const SERVICING: std::ops::RangeInclusive<u16> = 0x0800..=0x0FFF;

impl Structure {
    /// Takes a code apart.
    pub fn of(value: u32) -> Structure {
        let (high, code) = ((value >> 16) as u16, value as u16);
        let facility = high & 0x7FF;
        match value >> 28 {
            0x8 | 0x9 if facility == FACILITY_WIN32 => Structure::Wrapped {
                from: Win32Source::Win32,
                value: u32::from(code),
            },
            0x8 if high == 0x800F && !SERVICING.contains(&code) => Structure::Wrapped {
                from: Win32Source::SetupApi,
                value: 0xE000_0000 | u32::from(code),
            },
            0x8 | 0x9 => Structure::Hresult {
                failure: true,
                facility,
                code,
            },
            0xD => Structure::Wrapped {
                from: Win32Source::NtStatus,
                value: value & !FACILITY_NT_BIT,
            },
            0xE if high == 0xE000 => Structure::SetupApi { code },
            0x0 if high == 0 => Structure::Win32 { code },
            0x0 => Structure::Hresult {
                failure: false,
                facility,
                code,
            },
            _ => Structure::NtStatus {
                severity: (value >> 30) as u8,
                facility: high & 0xFFF,
                code,
            },
        }
    }

    /// The error number of Windows in it.
    pub fn win32(self) -> Option<u16> {
        match self {
            Structure::Win32 { code } => Some(code),
            Structure::Wrapped {
                from: Win32Source::Win32,
                value,
            } => Some(value as u16),
            _ => None,
        }
    }

    /// SetupAPI's own number in it, like `0xE0000228`.
    pub fn setup_api(self) -> Option<u32> {
        match self {
            Structure::SetupApi { code } => Some(0xE000_0000 | u32::from(code)),
            Structure::Wrapped {
                from: Win32Source::SetupApi,
                value,
            } => Some(value),
            _ => None,
        }
    }

    /// The status in it.
    pub fn nt_status(self, value: u32) -> Option<u32> {
        match self {
            Structure::NtStatus { .. } => Some(value),
            Structure::Wrapped {
                from: Win32Source::NtStatus,
                value,
            } => Some(value),
            _ => None,
        }
    }
}

/// Facilities that codes of servicing have, by number (winerror.h).
fn facility_name(facility: u16) -> Option<&'static str> {
    Some(match facility {
        0 => "none",
        1 => "remote procedure calls",
        2 => "COM dispatch",
        3 => "structured storage",
        4 => "an interface of its own",
        FACILITY_WIN32 => "Windows",
        8 => "Windows components",
        9 => "security",
        11 => "certificates and trust",
        FACILITY_SETUPAPI => "setup and servicing",
        0x17 => "side by side assemblies",
        0x20 => "background transfer",
        0x24 => "Windows Update",
        0x31 => "BitLocker",
        _ => return None,
    })
}

impl fmt::Display for Structure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Structure::Win32 { code } => write!(f, "Windows error {code} (0x{code:X})"),
            Structure::Hresult {
                failure,
                facility,
                code,
            } => {
                let kind = if failure { "failure" } else { "success" };
                write!(f, "HRESULT: {kind}, facility {facility}")?;
                if let Some(name) = facility_name(facility) {
                    write!(f, " ({name})")?;
                }
                write!(f, ", number {code} (0x{code:04X})")
            }
            Structure::Wrapped {
                from: Win32Source::Win32,
                value,
            } => write!(
                f,
                "HRESULT that wraps Windows error {value} (0x{value:X}): facility 7 (Windows)"
            ),
            Structure::Wrapped {
                from: Win32Source::NtStatus,
                value,
            } => write!(f, "HRESULT that wraps the kernel's status 0x{value:08X}"),
            Structure::Wrapped {
                from: Win32Source::SetupApi,
                value,
            } => write!(
                f,
                "HRESULT of facility 15 (setup and servicing), which setupapi logs write as \
                 0x{value:08X}"
            ),
            Structure::SetupApi { code } => write!(
                f,
                "error of SetupAPI (driver installation), number 0x{code:04X}; as an HRESULT it \
                 is 0x800F{code:04X}"
            ),
            Structure::NtStatus {
                severity,
                facility,
                code,
            } => {
                let severity = match severity {
                    0 => "success",
                    1 => "information",
                    2 => "warning",
                    _ => "error",
                };
                write!(
                    f,
                    "status of the kernel: {severity}, facility 0x{facility:X}, number 0x{code:04X}"
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_taken_apart_as_their_formats_say() {
        for (value, text) in [
            (0x0000_0490, "Windows error 1168 (0x490)"),
            (
                0x8007_0070,
                "HRESULT that wraps Windows error 112 (0x70): facility 7 (Windows)",
            ),
            (
                0x800F_081E,
                "HRESULT: failure, facility 15 (setup and servicing), number 2078 (0x081E)",
            ),
            (
                0x800F_0228,
                "HRESULT of facility 15 (setup and servicing), which setupapi logs write as \
                 0xE0000228",
            ),
            (
                0xE000_0247,
                "error of SetupAPI (driver installation), number 0x0247; as an HRESULT it is \
                 0x800F0247",
            ),
            (
                0xC000_021A,
                "status of the kernel: error, facility 0x0, number 0x021A",
            ),
            (
                0xD000_0034,
                "HRESULT that wraps the kernel's status 0xC0000034",
            ),
            (
                0xC190_0101,
                "status of the kernel: error, facility 0x190, number 0x0101",
            ),
            (
                0x0024_0005,
                "HRESULT: success, facility 36 (Windows Update), number 5 (0x0005)",
            ),
            (
                0x8ABC_0001,
                "HRESULT: failure, facility 700, number 1 (0x0001)",
            ),
        ] {
            assert_eq!(Structure::of(value).to_string(), text, "{value:#x}");
        }
    }

    #[test]
    fn what_is_wrapped_comes_out() {
        assert_eq!(Structure::of(0x8007_0002).win32(), Some(2));
        assert_eq!(Structure::of(2).win32(), Some(2));
        assert_eq!(Structure::of(0x800F_0247).setup_api(), Some(0xE000_0247));
        assert_eq!(Structure::of(0x800F_1000).setup_api(), Some(0xE000_1000));
        assert_eq!(Structure::of(0x800F_0831).setup_api(), None);
        let wrapped = Structure::of(0xD000_0135);
        assert_eq!(wrapped.nt_status(0xD000_0135), Some(0xC000_0135));
    }
}
