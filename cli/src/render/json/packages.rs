//! What is written about update packages.

use schemars::JsonSchema;
use serde::Serialize;
use wimwright_servicing::ImagePath;
use wimwright_servicing::update::container::{
    CabinetForm, Container, Extracted, Form, Index, IndexKind, Role,
};
use wimwright_servicing::update::file_index::IndexedFile;

use super::Document;
use super::packages_understood::UnderstoodPackage;

/// `packages inspect`.
#[derive(Debug, JsonSchema, Serialize)]
pub struct PackagesInspect {
    /// The file or folder, as it was named.
    pub file: String,
    /// The package in it, understood; without these fields where there is none.
    #[serde(flatten)]
    pub package: Option<UnderstoodPackage>,
    /// Packages beside that one: a servicing stack that goes before it, for
    /// one.
    pub further_packages: Vec<UnderstoodPackage>,
    /// Why the packages are not understood.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub package_fault: Option<String>,
    /// What it is, and what is in it.
    pub container: ContainerEntry,
    /// What `--extract` took out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extracted: Option<ExtractedFiles>,
}

impl Document for PackagesInspect {
    const NAME: &'static str = "packages-inspect";
}

/// A container, and what is in it.
#[derive(Debug, JsonSchema, Serialize)]
pub struct ContainerEntry {
    /// The file's name; of one inside another, where it lies there.
    pub name: String,
    /// What it is made as.
    pub form: ContainerForm,
    /// What it is for.
    pub role: ContainerRole,
    /// Its length in bytes, all parts together; 0 of a folder.
    pub size: u64,
    /// The files of a set of cabinets; empty where it is no set.
    pub parts: Vec<String>,
    /// Where the cabinet begins in a program.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cabinet_at: Option<u64>,
    /// How many bytes stand behind the cabinet's end: mostly a signature.
    pub bytes_behind: u64,
    /// Folders of a cabinet: what is compressed together.
    pub folders: Vec<CabinetFolder>,
    /// What its files are made into.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<IndexEntry>,
    /// What is wrong with the index.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index_fault: Option<String>,
    /// Its files, as they are stored.
    pub members: Vec<MemberEntry>,
    /// The containers among its files.
    pub nested: Vec<ContainerEntry>,
    /// Files that look like containers and are none that can be read.
    pub refused: Vec<RefusedContainer>,
}

/// What a container is made as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ContainerForm {
    /// A cabinet, or a set of them.
    Cabinet,
    /// A WIM file with one image.
    Wim,
    /// A folder of the host.
    Folder,
    /// A program with a cabinet inside.
    Program,
}

/// What a container is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ContainerRole {
    /// A standalone installer.
    Msu,
    /// A package: it holds an `update.mum`.
    Package,
    /// A hotfix of XP or Server 2003.
    Hotfix,
    /// Data to find out which updates are missing.
    ScanData,
    /// Anything else.
    Other,
}

/// A folder of a cabinet.
#[derive(Debug, JsonSchema, Serialize)]
pub struct CabinetFolder {
    /// `stored`, `MSZIP`, `LZX:21`, `Quantum:7:21`.
    pub compression: String,
    /// How many data blocks it has, of 32 KiB unpacked each.
    pub blocks: u32,
}

/// What the files of a container are made into.
#[derive(Debug, JsonSchema, Serialize)]
pub struct IndexEntry {
    /// Where it lies and what it is about.
    pub kind: IndexKindEntry,
    /// How many files are to be made.
    pub files: usize,
    /// How many of them are stored as they are.
    pub plain: usize,
    /// How many are copies of others.
    pub copies: usize,
    /// How many are stored as differences.
    pub deltas: usize,
}

/// Where an index lies and what it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum IndexKindEntry {
    /// In the container, about its own files (`_manifest_.cix.xml`).
    Members,
    /// In or beside the container, about a storage file (`.psf`).
    Storage,
    /// In the storage file itself.
    InStorage,
}

/// A file of a container.
#[derive(Debug, JsonSchema, Serialize)]
pub struct MemberEntry {
    /// Where.
    #[schemars(with = "super::plan::Text")]
    pub path: ImagePath,
    /// Its length in bytes.
    pub size: u64,
    /// Number of the cabinet's folder that it is in, from 0 on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub folder: Option<usize>,
    /// Whether it can be read: Quantum is not.
    pub readable: bool,
}

/// A file that looks like a container and is none that can be read.
#[derive(Debug, JsonSchema, Serialize)]
pub struct RefusedContainer {
    /// Which file.
    #[schemars(with = "super::plan::Text")]
    pub path: ImagePath,
    /// Why it is not opened.
    pub reason: String,
}

/// What `--extract` took out.
#[derive(Debug, JsonSchema, Serialize)]
pub struct ExtractedFiles {
    /// The folder.
    pub to: String,
    /// How many files.
    pub files: u64,
    /// Their lengths together, in bytes.
    pub bytes: u64,
    /// Files that were left out because of how they are compressed.
    pub left_out: Vec<LeftOutFile>,
}

/// A file that was left out.
#[derive(Debug, JsonSchema, Serialize)]
pub struct LeftOutFile {
    /// Which.
    #[schemars(with = "super::plan::Text")]
    pub path: ImagePath,
    /// Number of the cabinet's folder, from 0 on.
    pub folder: usize,
    /// How that is compressed.
    pub compression: String,
}

impl ContainerEntry {
    pub(crate) fn new(container: &Container) -> ContainerEntry {
        let (form, cabinet, cabinet_at) = match container.form() {
            Form::Cabinet(cabinet) => (ContainerForm::Cabinet, Some(cabinet), None),
            Form::Program { at, cabinet } => (ContainerForm::Program, Some(cabinet), Some(*at)),
            Form::Wim { .. } => (ContainerForm::Wim, None, None),
            _ => (ContainerForm::Folder, None, None),
        };
        let (index, index_fault) = match container.index() {
            None => (None, None),
            Some(Ok(index)) => (Some(IndexEntry::new(index)), None),
            Some(Err(error)) => (None, Some(chain(error))),
        };
        let members = container.members().iter().map(|member| MemberEntry {
            path: member.path.clone(),
            size: member.len,
            folder: member.folder,
            readable: member.is_read,
        });
        let refused = container.refused().iter().map(|refused| RefusedContainer {
            path: refused.path.clone(),
            reason: chain(&refused.error),
        });
        ContainerEntry {
            name: container.name().to_owned(),
            form,
            role: match container.role() {
                Role::Msu => ContainerRole::Msu,
                Role::Package => ContainerRole::Package,
                Role::Hotfix => ContainerRole::Hotfix,
                Role::ScanData => ContainerRole::ScanData,
                _ => ContainerRole::Other,
            },
            size: container.len(),
            parts: cabinet
                .filter(|cabinet| cabinet.parts.len() > 1)
                .map_or_else(Vec::new, |cabinet| cabinet.parts.clone()),
            cabinet_at,
            bytes_behind: cabinet.map_or(0, |cabinet| cabinet.behind),
            folders: cabinet.map_or_else(Vec::new, folders),
            index,
            index_fault,
            members: members.collect(),
            nested: container.nested().iter().map(ContainerEntry::new).collect(),
            refused: refused.collect(),
        }
    }
}

fn folders(cabinet: &CabinetForm) -> Vec<CabinetFolder> {
    let folders = cabinet.folders.iter();
    folders
        .map(|(compression, blocks)| CabinetFolder {
            compression: compression.to_string(),
            blocks: *blocks,
        })
        .collect()
}

impl IndexEntry {
    fn new(index: &Index) -> IndexEntry {
        let files = index.files.files();
        let number =
            |test: fn(&IndexedFile) -> bool| files.iter().filter(|file| test(file)).count();
        let copies = number(|file| file.source.is_none());
        let plain = number(IndexedFile::is_plain);
        IndexEntry {
            kind: match index.kind {
                IndexKind::Members => IndexKindEntry::Members,
                IndexKind::Storage => IndexKindEntry::Storage,
                _ => IndexKindEntry::InStorage,
            },
            files: files.len(),
            plain,
            copies,
            deltas: files.len() - copies - plain,
        }
    }
}

impl ExtractedFiles {
    pub(crate) fn new(to: String, extracted: &Extracted) -> ExtractedFiles {
        let left_out = extracted.left_out.iter().map(|file| LeftOutFile {
            path: file.path.clone(),
            folder: file.folder,
            compression: file.compression.to_string(),
        });
        ExtractedFiles {
            to,
            files: extracted.files,
            bytes: extracted.bytes,
            left_out: left_out.collect(),
        }
    }
}

/// An error with everything behind it.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}
