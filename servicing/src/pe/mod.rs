//! What a PE image (`.sys`, `.dll`, `.exe`) says of itself: machine,
//! subsystem, version resource, symbol file name, checksum, Authenticode digest.
//!
//! Format facts: Microsoft's PE format specification ("PE Format", Win32
//! documentation) and, for the digest, "Windows Authenticode Portable
//! Executable Signature Format" (2008). The headers are decoded by `goblin`;
//! its whole-image reader is not used, because it also walks imports, exports
//! and relocations, and one odd table there would cost us the machine type.
//!
//! Not done here: no exports, no imported functions, no embedded signature is read or
//! checked, nothing is written. An image whose tables contradict each other
//! gives an error; a file that is no PE image at all gives `None`.

#![deny(clippy::indexing_slicing)]

mod authenticode;
mod checksum;
mod debug;
mod headers;
mod imports;
mod resource;
mod sparse;
mod version;

pub use authenticode::AuthenticodeDigests;
pub(crate) use authenticode::certificate_table;
pub use checksum::Checksum;
pub use imports::{ImportsError, imports};
pub use resource::resource;
pub use sparse::ReadError;
pub use version::{FixedVersion, VersionNumber, VersionResource, VersionString};

use std::fmt;

use headers::Headers;

/// `IMAGE_SUBSYSTEM_NATIVE`: runs without a subsystem process. Drivers, HALs
/// and kernels; also the few native programs such as `autochk.exe`.
const SUBSYSTEM_NATIVE: u16 = 1;

/// The headers stand in the first 64 KiB: Windows' own take one page.
const HEADERS_LEN: u64 = 64 * 1024;

/// `IMAGE_FILE_DLL` in the COFF characteristics.
const CHARACTERISTIC_DLL: u16 = 0x2000;

/// Why a file that begins as a PE image cannot be read further.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The COFF or the optional header does not decode.
    #[error("the PE header at {at:#x} cannot be read: {reason}")]
    Header {
        /// File offset of the `PE\0\0` signature.
        at: usize,
        /// What the decoder objected to.
        reason: String,
    },
    /// An image needs an optional header; an object file has none.
    #[error("the PE header at {at:#x} has no optional header")]
    NoOptionalHeader {
        /// File offset of the `PE\0\0` signature.
        at: usize,
    },
    /// The section table does not fit into the file.
    #[error("the section table at {at:#x} with {count} entries cannot be read: {reason}")]
    Sections {
        /// File offset of the first entry.
        at: usize,
        /// Number of entries that the COFF header claims.
        count: u16,
        /// What the decoder objected to.
        reason: String,
    },
    /// The certificate table is not where it can be left out of the digest.
    #[error(
        "the certificate table spans {start:#x} to {end:#x}, expected after the headers \
         (which reach {headers_end:#x}) and up to the end of the file at {file_len:#x}"
    )]
    CertificateTable {
        /// File offset where the table begins.
        start: u64,
        /// File offset after its last byte.
        end: u64,
        /// File offset after the last header byte that the digest covers.
        headers_end: u64,
        /// Length of the file.
        file_len: u64,
    },
    /// An address of the resource section lies in no section's file data.
    #[error("the resource at address {address:#x} with {len} bytes lies in no section of the file")]
    ResourceAddress {
        /// Relative virtual address.
        address: u32,
        /// Bytes wanted there.
        len: u32,
    },
    /// The debug directory lies in no section's file data.
    #[error(
        "the debug directory at address {address:#x} with {len} bytes lies in no section of the file"
    )]
    DebugDirectory {
        /// Relative virtual address.
        address: u32,
        /// Bytes that the header claims.
        len: u32,
    },
    /// A resource directory entry points outside the file, or is of the wrong
    /// kind for its level.
    #[error("the resource directory entry at {at:#x} does not lead to {expected}")]
    ResourceEntry {
        /// File offset of the directory or entry.
        at: usize,
        /// What should have been there.
        expected: &'static str,
    },
    /// A block of the version resource is longer than what holds it.
    #[error("the version block at {at:#x} claims {claimed} bytes, but {available} are left")]
    VersionBlock {
        /// File offset of the block.
        at: usize,
        /// Its `wLength`.
        claimed: usize,
        /// Bytes to the end of the block around it.
        available: usize,
    },
    /// The version resource does not begin with `VS_VERSION_INFO`.
    #[error("the version resource at {at:#x} is named `{found}`, expected `VS_VERSION_INFO`")]
    VersionKey {
        /// File offset of the resource.
        at: usize,
        /// The name that was found.
        found: String,
    },
}

/// The processor that an image was built for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[doc(alias = "IMAGE_FILE_MACHINE")]
pub enum Machine {
    /// 32-bit x86 (0x014c).
    X86,
    /// x64 (0x8664). ARM64EC images say this too.
    Amd64,
    /// 32-bit ARM with Thumb-2, "ARMNT" (0x01c4).
    Arm,
    /// 64-bit ARM (0xaa64).
    Arm64,
    /// Itanium (0x0200).
    Ia64,
    /// Any other value of the field.
    Other(u16),
}

impl Machine {
    /// Reads the COFF header's `Machine` field.
    pub fn from_field(field: u16) -> Self {
        match field {
            0x014c => Machine::X86,
            0x8664 => Machine::Amd64,
            0x01c4 => Machine::Arm,
            0xaa64 => Machine::Arm64,
            0x0200 => Machine::Ia64,
            other => Machine::Other(other),
        }
    }
}

/// The name that INF decorations and Windows Setup use: `x86`, `amd64`, `arm`,
/// `arm64`, `ia64`; a machine without such a name shows its number.
impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Machine::X86 => f.write_str("x86"),
            Machine::Amd64 => f.write_str("amd64"),
            Machine::Arm => f.write_str("arm"),
            Machine::Arm64 => f.write_str("arm64"),
            Machine::Ia64 => f.write_str("ia64"),
            Machine::Other(field) => write!(f, "machine {field:#06x}"),
        }
    }
}

/// What the headers and the version resource of a PE image say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeFacts {
    /// The processor that the image was built for.
    pub machine: Machine,
    /// The optional header's `Subsystem` field, as stored.
    pub subsystem: u16,
    /// Whether the COFF header marks the image as a DLL.
    pub is_dll: bool,
    /// The COFF header's `TimeDateStamp`: seconds since 1970 by convention, a
    /// content hash in images from reproducible builds.
    pub time_date_stamp: u32,
    /// The version resource, `Ok(None)` where there is none. A damaged one
    /// does not hide the other facts.
    pub version: Result<Option<VersionResource>, Error>,
    /// The name of the symbol file (`halmacpi.pdb`) in the CodeView record, as
    /// the linker wrote it; `Ok(None)` where there is no such record.
    #[doc(alias = "RSDS")]
    pub pdb: Result<Option<String>, Error>,
}

impl PeFacts {
    /// Reads the facts of the PE image in `bytes`, the whole file.
    ///
    /// `None`: not a PE image. That includes what only begins with `MZ`: DOS
    /// programs, 16-bit NE drivers, and the LE images of `.vxd` files.
    ///
    /// # Errors
    /// The file has the `PE\0\0` signature, but its headers do not decode.
    pub fn read(bytes: &[u8]) -> Result<Option<Self>, Error> {
        let Some(headers) = Headers::read(bytes)? else {
            return Ok(None);
        };
        Ok(Some(PeFacts {
            machine: Machine::from_field(headers.coff.machine),
            subsystem: headers.optional.windows_fields.subsystem,
            is_dll: headers.coff.characteristics & CHARACTERISTIC_DLL != 0,
            time_date_stamp: headers.coff.time_date_stamp,
            version: VersionResource::read(bytes, &headers),
            pdb: debug::pdb_name(bytes, &headers),
        }))
    }

    /// Whether the image is meant for the kernel (subsystem "native"), as
    /// drivers are. Native programs (`autochk.exe`, `smss.exe`) share the
    /// mark; user-mode drivers and co-installers do not bear it.
    pub fn is_driver(&self) -> bool {
        self.subsystem == SUBSYSTEM_NATIVE
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use std::path::{Path, PathBuf};

    /// Every file of the driver corpus whose name ends in one of `endings`.
    pub(crate) fn corpus_files(test: &str, endings: &[&str]) -> Vec<PathBuf> {
        fn walk(folder: &Path, endings: &[&str], found: &mut Vec<PathBuf>) {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    walk(&path, endings, found);
                } else if path
                    .extension()
                    .is_some_and(|ending| endings.iter().any(|e| ending.eq_ignore_ascii_case(e)))
                {
                    found.push(path);
                }
            }
        }
        let mut found = Vec::new();
        if let Some(corpus) = wimwright_testdata::corpus(test) {
            walk(&corpus.join("drivers"), endings, &mut found);
            found.sort();
            assert!(!found.is_empty(), "no {endings:?} in {}", corpus.display());
        }
        found
    }

    #[test]
    fn machines_are_named_as_inf_decorations_name_them() {
        for (field, name) in [
            (0x014c, "x86"),
            (0x8664, "amd64"),
            (0x01c4, "arm"),
            (0xaa64, "arm64"),
            (0x0200, "ia64"),
            (0x01c0, "machine 0x01c0"),
        ] {
            assert_eq!(Machine::from_field(field).to_string(), name);
        }
    }

    #[test]
    fn corpus_drivers_have_the_machine_of_their_package() {
        let test = "corpus_drivers_have_the_machine_of_their_package";
        let Some(corpus) = wimwright_testdata::corpus(test) else {
            return;
        };
        for (file, machine, driver, dll) in [
            (
                "virtio-viostor-w10-amd64/viostor.sys",
                Machine::Amd64,
                true,
                false,
            ),
            (
                "virtio-netkvm-w10-arm64/netkvm.sys",
                Machine::Arm64,
                true,
                false,
            ),
            (
                "virtio-netkvm-w10-arm64/netkvmco.dll",
                Machine::Arm64,
                false,
                true,
            ),
            ("vigembus-x64/ViGEmBus.sys", Machine::Amd64, true, false),
            ("vigembus-x86/ViGEmBus.sys", Machine::X86, true, false),
            (
                "ftdi-cdm-2.08.30/i386/ftdibus.sys",
                Machine::X86,
                true,
                false,
            ),
            (
                "ftdi-cdm-2.08.30/amd64/ftdibus.sys",
                Machine::Amd64,
                true,
                false,
            ),
            (
                "ftdi-cdm-2.08.30/amd64/ftbusui.dll",
                Machine::Amd64,
                false,
                true,
            ),
            ("intel-iastor-xp-f6/iaStor.sys", Machine::X86, true, false),
        ] {
            let bytes = wimwright_testdata::read(&corpus.join("drivers").join(file));
            let facts = PeFacts::read(&bytes).unwrap().unwrap();
            assert_eq!(facts.machine, machine, "{file}");
            assert_eq!(facts.is_driver(), driver, "{file}");
            assert_eq!(facts.is_dll, dll, "{file}");
        }
    }

    #[test]
    fn every_sys_and_dll_of_the_corpus_is_a_readable_image() {
        let test = "every_sys_and_dll_of_the_corpus_is_a_readable_image";
        for path in corpus_files(test, &["sys", "dll"]) {
            let facts = PeFacts::read(&wimwright_testdata::read(&path));
            let facts = facts.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            let facts = facts.unwrap_or_else(|| panic!("{} is no PE image", path.display()));
            assert!(
                facts.version.is_ok(),
                "{}: {:?}",
                path.display(),
                facts.version
            );
        }
    }

    #[test]
    fn what_only_begins_with_mz_is_no_image() {
        let mut dos = vec![0_u8; 128];
        dos[..2].copy_from_slice(b"MZ");
        for bytes in [&b""[..], b"M", b"MZ", b"[Version]\r\nSignature=", &dos] {
            assert_eq!(PeFacts::read(bytes), Ok(None), "{bytes:02x?}");
        }
        let Some(corpus) = wimwright_testdata::corpus("what_only_begins_with_mz_is_no_image")
        else {
            return;
        };
        let vxd = corpus.join("drivers/codebndr-ch340/CH341SER.VXD");
        let vxd = wimwright_testdata::read(&vxd);
        assert!(vxd.starts_with(b"MZ"));
        assert_eq!(PeFacts::read(&vxd), Ok(None));
    }

    /// Never panics: every prefix around the headers, every header byte set to
    /// extremes, and every byte of the version resource's neighbourhood.
    #[test]
    fn damaged_images_give_errors_not_panics() {
        let test = "damaged_images_give_errors_not_panics";
        let Some(corpus) = wimwright_testdata::corpus(test) else {
            return;
        };
        for file in [
            "vigembus-x86/ViGEmBus.sys",
            "virtio-viostor-w10-amd64/viostor.sys",
        ] {
            let whole = wimwright_testdata::read(&corpus.join("drivers").join(file));
            let try_both = |bytes: &[u8]| {
                let _ = PeFacts::read(bytes);
                let _ = AuthenticodeDigests::of(bytes);
            };
            for len in (0..0x600).chain((0x600..whole.len()).step_by(997)) {
                try_both(&whole[..len]);
            }
            let key: Vec<u8> = "VS_VERSION_INFO"
                .encode_utf16()
                .flat_map(u16::to_le_bytes)
                .collect();
            let version = whole
                .windows(key.len())
                .position(|window| window == key)
                .unwrap();
            let mut damaged = whole.clone();
            for at in (0..0x600).chain(version - 0x200..(version + 0x400).min(whole.len())) {
                for value in [0x00, 0x01, 0x7f, 0x80, 0xff] {
                    let kept = damaged[at];
                    damaged[at] = value;
                    try_both(&damaged);
                    damaged[at] = kept;
                }
            }
        }
    }
}
