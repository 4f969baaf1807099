//! What is in a file, by its header, tables and XML data: no image is read.

use wimwright_wim::{Element, Header, HeaderFlags, Version};

use super::ContainerError;
use super::compression::Compression;
use crate::time;
use crate::wim_file::WimFile;

/// What a file says of itself.
#[derive(Clone, Debug)]
pub struct ContainerInfo {
    /// Its length, in bytes.
    pub length: u64,
    /// Bytes of it that nothing uses.
    pub unused: u64,
    /// How resources outside solid ones are compressed.
    pub compression: Compression,
    /// Plain bytes in a chunk; 0 without compression.
    pub chunk_size: u32,
    /// Whether blobs share solid resources.
    pub solid: bool,
    /// Its identity, `{xxxxxxxx-..}`.
    pub guid: String,
    /// Number of this part of its set, from 1 on.
    pub part: u16,
    /// How many parts the set has.
    pub parts: u16,
    /// Number of the bootable image.
    pub boot: Option<u32>,
    /// Flags of the header that say more than what stands above: `read-only`,
    /// `rp-fix`, ..; unknown ones as `0x100`.
    pub flags: Vec<String>,
    /// Whether it has an integrity table.
    pub integrity: bool,
    /// How many different contents its table names.
    pub blobs: u32,
    /// Their plain bytes.
    pub blob_bytes: u64,
    /// The images.
    pub images: Vec<ContainerImage>,
}

/// What a file says of an image.
#[derive(Clone, Debug, Default)]
pub struct ContainerImage {
    /// Its number, from 1 on.
    pub index: u32,
    /// Its name.
    pub name: Option<String>,
    /// Its description.
    pub description: Option<String>,
    /// The name that Windows Setup shows.
    pub display_name: Option<String>,
    /// The description that Windows Setup shows.
    pub display_description: Option<String>,
    /// The edition, as Windows Setup wants it.
    pub flags: Option<String>,
    /// Directories, the root included.
    pub directories: Option<u64>,
    /// Everything else, each hard link by itself.
    pub files: Option<u64>,
    /// Bytes of all streams, each hard link by itself.
    pub bytes: Option<u64>,
    /// How many of those are there once more because of hard links.
    pub hard_link_bytes: Option<u64>,
    /// When it was captured, ISO 8601 UTC.
    pub created: Option<String>,
    /// When it was changed, ISO 8601 UTC.
    pub modified: Option<String>,
    /// Whether it is the bootable one.
    pub bootable: bool,
    /// What is said of the Windows in it.
    pub windows: Option<WindowsFacts>,
}

/// What the XML data say of a Windows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WindowsFacts {
    /// `x86`, `amd64`, `arm`, `arm64`, `ia64`; others by number.
    pub architecture: Option<String>,
    /// The product's name.
    pub product_name: Option<String>,
    /// The edition, like `Professional`.
    pub edition: Option<String>,
    /// Like `Client`.
    pub installation_type: Option<String>,
    /// Like `WinNT`.
    pub product_type: Option<String>,
    /// Like `Terminal Server`.
    pub product_suite: Option<String>,
    /// The HAL, like `acpiapic`.
    pub hal: Option<String>,
    /// Languages, like `en-US`.
    pub languages: Vec<String>,
    /// The default one.
    pub default_language: Option<String>,
    /// Like `10.0.19041`.
    pub version: Option<String>,
    /// The number behind the build.
    pub service_pack_build: Option<u64>,
    /// Number of the service pack.
    pub service_pack_level: Option<u64>,
    /// The Windows directory.
    pub system_root: Option<String>,
}

/// Says what is in a file.
///
/// # Errors
/// [`ContainerError::File`] when it cannot be asked for its length.
pub fn info(wim: &WimFile) -> Result<ContainerInfo, ContainerError> {
    let archive = wim.archive();
    let header = archive.header();
    let found = std::fs::metadata(wim.path());
    let length = found.map_err(ContainerError::host(wim.path()))?.len();
    let bytes = archive.blobs().map(|blob| blob.size);
    Ok(ContainerInfo {
        length,
        unused: archive.unused_bytes(),
        compression: Compression::of(header.codec()),
        chunk_size: header.codec().map_or(0, |_| header.chunk_size),
        solid: header.version == Version::Solid || archive.blobs().any(|blob| blob.solid.is_some()),
        guid: guid(&header.guid),
        part: header.part,
        parts: header.parts,
        boot: (header.boot_index > 0).then_some(header.boot_index),
        flags: flags(header),
        integrity: !header.integrity.is_absent(),
        blobs: archive.blob_count(),
        blob_bytes: bytes.fold(0, u64::saturating_add),
        images: (1..=archive.image_count())
            .map(|index| image(archive.xml().image(index), index, header.boot_index))
            .collect(),
    })
}

/// The text of the XML data, as people read it.
pub fn xml(wim: &WimFile) -> String {
    wim.archive().xml().text()
}

fn image(element: Option<&Element>, index: u32, boot: u32) -> ContainerImage {
    let image = ContainerImage {
        index,
        bootable: index == boot,
        ..ContainerImage::default()
    };
    let Some(element) = element else {
        return image;
    };
    let time = |path| {
        let time = element.time(path)?;
        Some(time::iso(time::from_wim(time)))
    };
    ContainerImage {
        name: element.text("NAME"),
        description: element.text("DESCRIPTION"),
        display_name: element.text("DISPLAYNAME"),
        display_description: element.text("DISPLAYDESCRIPTION"),
        flags: element.text("FLAGS"),
        directories: element.number("DIRCOUNT"),
        files: element.number("FILECOUNT"),
        bytes: element.number("TOTALBYTES"),
        hard_link_bytes: element.number("HARDLINKBYTES"),
        created: time("CREATIONTIME"),
        modified: time("LASTMODIFICATIONTIME"),
        windows: element.get("WINDOWS").map(windows),
        ..image
    }
}

fn windows(element: &Element) -> WindowsFacts {
    // PROCESSOR_ARCHITECTURE_* of winnt.h.
    let architecture = element.text("ARCH").map(|number| {
        match number.trim() {
            "0" => "x86",
            "5" => "arm",
            "6" => "ia64",
            "9" => "amd64",
            "12" => "arm64",
            other => other,
        }
        .to_owned()
    });
    let part = |name: &str| element.text(&format!("VERSION/{name}"));
    let version = part("MAJOR").map(|major| {
        let rest = ["MINOR", "BUILD"].into_iter().filter_map(part);
        let parts: Vec<String> = std::iter::once(major).chain(rest).collect();
        parts.join(".")
    });
    let languages = element.get("LANGUAGES");
    let named = languages.into_iter().flat_map(Element::elements);
    let named = named.filter(|element| element.name() == "LANGUAGE");
    WindowsFacts {
        architecture,
        product_name: element.text("PRODUCTNAME"),
        edition: element.text("EDITIONID"),
        installation_type: element.text("INSTALLATIONTYPE"),
        product_type: element.text("PRODUCTTYPE"),
        product_suite: element.text("PRODUCTSUITE"),
        hal: element.text("HAL"),
        languages: named.map(Element::own_text).collect(),
        default_language: element.text("LANGUAGES/DEFAULT"),
        version,
        service_pack_build: element.number("VERSION/SPBUILD"),
        service_pack_level: element.number("VERSION/SPLEVEL"),
        system_root: element.text("SYSTEMROOT"),
    }
}

/// Flags of the header that nothing else here tells.
fn flags(header: &Header) -> Vec<String> {
    let told = HeaderFlags::COMPRESSED
        | HeaderFlags::XPRESS
        | HeaderFlags::XPRESS2
        | HeaderFlags::LZX
        | HeaderFlags::LZMS
        | HeaderFlags::SPANNED;
    let named = [
        (HeaderFlags::READ_ONLY, "read-only"),
        (HeaderFlags::RESOURCE_ONLY, "resource-only"),
        (HeaderFlags::METADATA_ONLY, "metadata-only"),
        (HeaderFlags::WRITE_IN_PROGRESS, "write-in-progress"),
        (HeaderFlags::REPARSE_FIXED, "rp-fix"),
    ];
    let mut rest = header.flags - told;
    let mut flags = Vec::new();
    for (flag, name) in named {
        if rest.contains(flag) {
            flags.push(name.to_owned());
            rest -= flag;
        }
    }
    if !rest.is_empty() {
        flags.push(format!("{:#x}", rest.bits()));
    }
    flags
}

/// A GUID as Windows writes it: three little-endian fields, then bytes.
fn guid(bytes: &[u8; 16]) -> String {
    let [a, b, c, d, e, f, g, h, rest @ ..] = bytes;
    let first = u32::from_le_bytes([*a, *b, *c, *d]);
    let second = u16::from_le_bytes([*e, *f]);
    let third = u16::from_le_bytes([*g, *h]);
    let rest: String = rest.iter().map(|byte| format!("{byte:02x}")).collect();
    let (fourth, fifth) = rest.split_at(4);
    format!("{{{first:08x}-{second:04x}-{third:04x}-{fourth}-{fifth}}}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guid_is_written_as_windows_writes_it() {
        let bytes = [
            0x78, 0x56, 0x34, 0x12, 0xBC, 0x9A, 0xF0, 0xDE, 1, 2, 3, 4, 5, 6, 7, 8,
        ];
        assert_eq!(guid(&bytes), "{12345678-9abc-def0-0102-030405060708}");
    }
}
