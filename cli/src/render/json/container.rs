//! Documents of the commands for WIM files as containers.

use schemars::JsonSchema;
use serde::Serialize;
use wimwright_servicing::container as wim;

use super::Document;
use super::image::FindingEntry;

/// `info FILE.wim`.
#[derive(Debug, JsonSchema, Serialize)]
pub struct WimInfo {
    /// The file as it was named.
    pub wim: String,
    /// Its length in bytes.
    pub size: u64,
    /// Bytes of it that nothing uses.
    pub unused_bytes: u64,
    /// `none`, `xpress`, `lzx` or `lzms`.
    pub compression: String,
    /// Plain bytes in a compressed chunk; 0 without compression.
    pub chunk_size: u32,
    /// Whether contents share solid resources, as in ESD files.
    pub solid: bool,
    /// Its identity.
    pub guid: String,
    /// Number of this part of its set, from 1 on.
    pub part_number: u16,
    /// How many parts the set has; 1 for a whole file.
    pub total_parts: u16,
    /// Number of the bootable image.
    pub boot_index: Option<u32>,
    /// `read-only`, `write-in-progress`, `rp-fix`, `resource-only`,
    /// `metadata-only`; the bits of others as `0x100`.
    pub flags: Vec<String>,
    /// Whether it has an integrity table.
    pub integrity_table: bool,
    /// How many different contents it names.
    pub blobs: u32,
    /// Their plain bytes.
    pub blob_bytes: u64,
    /// One entry an image.
    pub images: Vec<WimImage>,
}

impl Document for WimInfo {
    const NAME: &'static str = "wim-info";
}

/// What a WIM file says of an image; null is what it does not say.
#[derive(Debug, JsonSchema, Serialize)]
pub struct WimImage {
    /// The image as it can be named: `install.wim:1`.
    pub image: String,
    /// Its number, from 1 on.
    pub image_index: u32,
    /// Its name.
    pub image_name: Option<String>,
    /// Its description.
    pub image_description: Option<String>,
    /// The name that Windows Setup shows.
    pub display_name: Option<String>,
    /// The description that Windows Setup shows.
    pub display_description: Option<String>,
    /// The edition id for Windows Setup.
    pub flags: Option<String>,
    /// Directories, the root included.
    pub directory_count: Option<u64>,
    /// Everything else, each hard link by itself.
    pub file_count: Option<u64>,
    /// Bytes of all content, each hard link by itself.
    pub image_size: Option<u64>,
    /// Bytes that are there once more because of hard links.
    pub hard_link_bytes: Option<u64>,
    /// When it was captured, ISO 8601 UTC.
    pub created_time: Option<String>,
    /// When it was last changed, ISO 8601 UTC.
    pub modified_time: Option<String>,
    /// Whether it is the bootable one.
    pub bootable: bool,
    /// What is said of the Windows in it; null where it holds none.
    pub windows: Option<WimWindows>,
}

/// What a WIM file says of a Windows; null is what it does not say.
#[derive(Debug, JsonSchema, Serialize)]
pub struct WimWindows {
    /// `x86`, `amd64`, `arm`, `arm64`, `ia64`; others by number.
    pub architecture: Option<String>,
    /// The product's name.
    pub product_name: Option<String>,
    /// Like `Professional`.
    pub edition_id: Option<String>,
    /// Like `Client`.
    pub installation_type: Option<String>,
    /// Like `WinNT`.
    pub product_type: Option<String>,
    /// Like `Terminal Server`.
    pub product_suite: Option<String>,
    /// The HAL, like `acpiapic`.
    pub hal: Option<String>,
    /// Like `en-US`.
    pub languages: Vec<String>,
    /// The default one.
    pub default_language: Option<String>,
    /// Like `10.0.19041`.
    pub version: Option<String>,
    /// The number behind the build.
    pub sp_build: Option<u64>,
    /// Number of the service pack.
    pub sp_level: Option<u64>,
    /// The Windows directory.
    pub system_root: Option<String>,
}

impl WimInfo {
    pub(crate) fn new(file: &str, info: wim::ContainerInfo) -> WimInfo {
        let images = info.images.into_iter();
        WimInfo {
            wim: file.to_owned(),
            size: info.length,
            unused_bytes: info.unused,
            compression: info.compression.name().to_owned(),
            chunk_size: info.chunk_size,
            solid: info.solid,
            guid: info.guid,
            part_number: info.part,
            total_parts: info.parts,
            boot_index: info.boot,
            flags: info.flags,
            integrity_table: info.integrity,
            blobs: info.blobs,
            blob_bytes: info.blob_bytes,
            images: images.map(|image| WimImage::new(file, image)).collect(),
        }
    }
}

impl WimImage {
    fn new(file: &str, image: wim::ContainerImage) -> WimImage {
        WimImage {
            image: format!("{file}:{}", image.index),
            image_index: image.index,
            image_name: image.name,
            image_description: image.description,
            display_name: image.display_name,
            display_description: image.display_description,
            flags: image.flags,
            directory_count: image.directories,
            file_count: image.files,
            image_size: image.bytes,
            hard_link_bytes: image.hard_link_bytes,
            created_time: image.created,
            modified_time: image.modified,
            bootable: image.bootable,
            windows: image.windows.map(|windows| WimWindows {
                architecture: windows.architecture,
                product_name: windows.product_name,
                edition_id: windows.edition,
                installation_type: windows.installation_type,
                product_type: windows.product_type,
                product_suite: windows.product_suite,
                hal: windows.hal,
                languages: windows.languages,
                default_language: windows.default_language,
                version: windows.version,
                sp_build: windows.service_pack_build,
                sp_level: windows.service_pack_level,
                system_root: windows.system_root,
            }),
        }
    }
}

/// `verify`.
#[derive(Debug, JsonSchema, Serialize)]
pub struct Verify {
    /// The file as it was named.
    pub wim: String,
    /// Whether nothing is wrong with it: notes are about sound files.
    pub sound: bool,
    /// Images whose tree was walked.
    pub image_count: u32,
    /// Files and directories in them.
    pub entries: u64,
    /// Contents that were read and are what their SHA-1 says.
    pub blobs: u64,
    /// Plain bytes that were read.
    pub bytes: u64,
    /// Whether there is an integrity table; it was compared then.
    pub integrity_table: bool,
    /// What is not as it should be.
    pub findings: Vec<VerifyFindingEntry>,
}

impl Document for Verify {
    const NAME: &'static str = "verify";
}

/// Something that is not as it should be.
#[derive(Debug, JsonSchema, Serialize)]
pub struct VerifyFindingEntry {
    /// Its kebab-case name, the same for all findings of its kind.
    pub name: String,
    /// How bad it is.
    pub severity: VerifyLevel,
    /// What, and where.
    pub message: String,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, JsonSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum VerifyLevel {
    /// Seen in sound files.
    Note,
    /// Against the rules, but nothing is lost by it.
    Warning,
    /// Something cannot be read, or is not what it was.
    Damage,
}

impl Verify {
    pub(crate) fn new(file: &str, found: &wim::Verified) -> Verify {
        let findings = found.findings.iter().map(|finding| VerifyFindingEntry {
            name: finding.name.to_owned(),
            severity: match finding.severity {
                wim::VerifySeverity::Note => VerifyLevel::Note,
                wim::VerifySeverity::Warning => VerifyLevel::Warning,
                wim::VerifySeverity::Damage => VerifyLevel::Damage,
            },
            message: finding.message.clone(),
        });
        Verify {
            wim: file.to_owned(),
            sound: found.is_sound(),
            image_count: found.images,
            entries: found.entries,
            blobs: found.blobs,
            bytes: found.bytes,
            integrity_table: found.integrity,
            findings: findings.collect(),
        }
    }
}

/// `export`.
#[derive(Debug, JsonSchema, Serialize)]
pub struct WimExport {
    /// Whether anything was written.
    pub changed: bool,
    /// The destination as it was named.
    pub wim: String,
    /// Whether the images were added to a file that existed.
    pub appended: bool,
    /// `none`, `xpress`, `lzx` or `lzms`.
    pub compression: String,
    /// Plain bytes in a compressed chunk; 0 without compression.
    pub chunk_size: u32,
    /// Length of the destination in bytes.
    pub size: u64,
    /// One entry an image.
    pub images: Vec<WimExportedImage>,
    /// What is odd.
    pub findings: Vec<FindingEntry>,
}

impl Document for WimExport {
    const NAME: &'static str = "export";
}

/// An image that was exported.
#[derive(Debug, JsonSchema, Serialize)]
pub struct WimExportedImage {
    /// The image in the source: `install.wim:1`.
    pub image: String,
    /// Its number in the destination.
    pub image_index: u32,
    /// Its name there.
    pub image_name: Option<String>,
}

/// `delete`.
#[derive(Debug, JsonSchema, Serialize)]
pub struct WimDelete {
    /// Whether anything was written.
    pub changed: bool,
    /// The file as it was named.
    pub wim: String,
    /// One entry an image that is gone.
    pub images: Vec<WimDeletedImage>,
    /// How many images are left.
    pub image_count: u32,
    /// The bootable image now.
    pub boot_index: Option<u32>,
    /// Length of the file before, in bytes.
    pub size_before: u64,
    /// Its length now.
    pub size: u64,
    /// Bytes of it that nothing uses any more.
    pub unused_bytes: u64,
}

impl Document for WimDelete {
    const NAME: &'static str = "delete";
}

/// An image that is gone.
#[derive(Debug, JsonSchema, Serialize)]
pub struct WimDeletedImage {
    /// The image as it could be named: `install.wim:1`.
    pub image: String,
    /// Its name.
    pub image_name: Option<String>,
}

/// `split`.
#[derive(Debug, JsonSchema, Serialize)]
pub struct WimSplit {
    /// Whether anything was written.
    pub changed: bool,
    /// The file as it was named.
    pub wim: String,
    /// The parts, in order.
    pub parts: Vec<WimPart>,
    /// What is odd.
    pub findings: Vec<FindingEntry>,
}

impl Document for WimSplit {
    const NAME: &'static str = "split";
}

/// A part of a set.
#[derive(Debug, JsonSchema, Serialize)]
pub struct WimPart {
    /// Its file.
    pub wim: String,
    /// Its length in bytes.
    pub size: u64,
}

/// `join`.
#[derive(Debug, JsonSchema, Serialize)]
pub struct WimJoin {
    /// Whether anything was written.
    pub changed: bool,
    /// The new file as it was named.
    pub wim: String,
    /// How many parts it had.
    pub total_parts: u16,
    /// How many images it has.
    pub image_count: u32,
    /// Its length in bytes.
    pub size: u64,
    /// What is odd.
    pub findings: Vec<FindingEntry>,
}

impl Document for WimJoin {
    const NAME: &'static str = "join";
}

/// `optimize`.
#[derive(Debug, JsonSchema, Serialize)]
pub struct WimOptimize {
    /// Whether the file is another one now.
    pub changed: bool,
    /// The file as it was named.
    pub wim: String,
    /// `none`, `xpress`, `lzx` or `lzms`.
    pub compression: String,
    /// Plain bytes in a compressed chunk; 0 without compression.
    pub chunk_size: u32,
    /// Its length before, in bytes.
    pub size_before: u64,
    /// Its length now.
    pub size: u64,
}

impl Document for WimOptimize {
    const NAME: &'static str = "optimize";
}

/// `set`.
#[derive(Debug, JsonSchema, Serialize)]
pub struct WimSet {
    /// Whether anything was written.
    pub changed: bool,
    /// One entry an image.
    pub images: Vec<WimSetImage>,
    /// The bootable image now.
    pub boot_index: Option<u32>,
    /// Whether the file has an integrity table now.
    pub integrity_table: bool,
}

impl Document for WimSet {
    const NAME: &'static str = "set";
}

/// An image that was meant.
#[derive(Debug, JsonSchema, Serialize)]
pub struct WimSetImage {
    /// The image: `install.wim:1`.
    pub image: String,
}
