//! What the XML data of a WIM file say of the Windows in an image: the element
//! `WINDOWS`, from the image's own hives and kernel.
//!
//! The values are those that wimlib puts there, with three differences: they
//! are read from the control set that the next boot takes (wimlib reads the
//! first), dirty hives are replayed, and of a Windows before Vista, which does
//! not name its languages, no default language is told (wimlib has a table).
//! The hives are peeked at, page by page: SOFTWARE alone may be larger than all memory that a
//! capture takes.

use std::io;
use std::sync::Arc;

use wimwright_hive::{Error as HiveError, Peek, PeekKey, PeekValue};
use wimwright_wim::Element;

use crate::blob::Blob;
use crate::facts::{Architecture, FactsError, find_windows, machine};
use crate::path::{ImagePath, PathError};
use crate::registry::LOG_ENDINGS;
use crate::tree::{FileTree, TreeError};

/// The largest log that is read.
const MAX_LOG: u64 = 256 << 20;

/// Why nothing is said of a Windows that is there.
#[derive(Debug, thiserror::Error)]
pub(super) enum WindowsBlockError {
    #[error(transparent)]
    Tree(#[from] TreeError),
    #[error(transparent)]
    Path(#[from] PathError),
    #[error("hive `{path}`")]
    Hive { path: ImagePath, source: HiveError },
}

struct BlobReader(Arc<dyn Blob>);

impl wimwright_hive::ReadAt for BlobReader {
    fn len(&self) -> u64 {
        self.0.len()
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        self.0.read_into(offset, buf)
    }
}

/// A hive of the image and where it lies.
struct Opened {
    path: ImagePath,
    peek: Peek<BlobReader>,
}

impl Opened {
    fn open(
        tree: &dyn FileTree,
        config: &ImagePath,
        name: &str,
    ) -> Result<Option<Opened>, WindowsBlockError> {
        let path = config.join(name)?;
        let Some(blob) = tree.open(&path)? else {
            return Ok(None);
        };
        let mut logs = Vec::new();
        for ending in LOG_ENDINGS {
            if let Some(log) = path.with_suffix(ending) {
                logs.extend(tree.read(&log, MAX_LOG)?);
            }
        }
        match Peek::open_with_logs(BlobReader(blob), &logs) {
            Ok((peek, _)) => Ok(Some(Opened { path, peek })),
            Err(source) => Err(WindowsBlockError::Hive { path, source }),
        }
    }

    fn key(&self, path: &str) -> Result<Option<PeekKey<'_, BlobReader>>, WindowsBlockError> {
        self.peek.key(path).map_err(|source| self.broken(source))
    }

    fn broken(&self, source: HiveError) -> WindowsBlockError {
        let path = self.path.clone();
        WindowsBlockError::Hive { path, source }
    }

    fn get<T>(
        &self,
        key: &str,
        name: &str,
        read: impl FnOnce(PeekValue<'_, BlobReader>) -> Result<Option<T>, HiveError>,
    ) -> Result<Option<T>, WindowsBlockError> {
        let Some(key) = self.key(key)? else {
            return Ok(None);
        };
        let value = key.value(name).map_err(|source| self.broken(source))?;
        let read = value.map(read).transpose();
        Ok(read.map_err(|source| self.broken(source))?.flatten())
    }

    fn text(&self, key: &str, name: &str) -> Result<Option<String>, WindowsBlockError> {
        let text = self.get(key, name, |value| value.as_string())?;
        Ok(text.filter(|text| !text.is_empty()))
    }

    fn number(&self, key: &str, name: &str) -> Result<Option<u32>, WindowsBlockError> {
        self.get(key, name, |value| value.as_u32())
    }
}

/// The element `WINDOWS` of the image in `tree`; `None` where there is no
/// Windows in it.
pub(super) fn windows_block(tree: &dyn FileTree) -> Result<Option<Element>, WindowsBlockError> {
    let windows = match find_windows(tree) {
        Ok(windows) => windows,
        Err(FactsError::Tree(error)) => return Err(error.into()),
        Err(_) => return Ok(None),
    };
    let mut block = Element::new("WINDOWS");
    if let Some(architecture) = architecture(tree, &windows)? {
        block.set_text("ARCH", &architecture.to_string());
    }
    let config = windows.join("System32\\config")?;
    let system = Opened::open(tree, &config, "SYSTEM")?;
    if let Some(software) = Opened::open(tree, &config, "SOFTWARE")? {
        add_product(&mut block, &software)?;
    }
    if let Some(system) = &system {
        add_system(&mut block, system)?;
    }
    let root = windows.file_name().map(ToString::to_string);
    block.set_text("SYSTEMROOT", &root.unwrap_or_default().to_uppercase());
    Ok(Some(block))
}

/// The number of the processor architecture (`PROCESSOR_ARCHITECTURE_*`).
fn architecture(
    tree: &dyn FileTree,
    windows: &ImagePath,
) -> Result<Option<u16>, WindowsBlockError> {
    let path = windows.join("System32\\kernel32.dll")?;
    let Some(blob) = tree.open(&path)? else {
        return Ok(None);
    };
    let machine = machine(blob.as_ref()).map_err(|error| TreeError::new(&path, error))?;
    Ok(machine
        .and_then(Architecture::of_machine)
        .map(Architecture::number))
}

fn add_product(block: &mut Element, software: &Opened) -> Result<(), WindowsBlockError> {
    const KEY: &str = "Microsoft\\Windows NT\\CurrentVersion";
    for (element, value) in [
        ("PRODUCTNAME", "ProductName"),
        ("EDITIONID", "EditionID"),
        ("INSTALLATIONTYPE", "InstallationType"),
    ] {
        if let Some(text) = software.text(KEY, value)? {
            block.set_text(element, &text);
        }
    }
    let major = software.number(KEY, "CurrentMajorVersionNumber")?;
    let minor = software.number(KEY, "CurrentMinorVersionNumber")?;
    let version = match (major, minor) {
        (Some(major), Some(minor)) => Some((major.to_string(), minor.to_string())),
        _ => {
            let version = software.text(KEY, "CurrentVersion")?;
            version.and_then(|version| {
                let (major, minor) = version.split_once('.')?;
                Some((major.to_owned(), minor.to_owned()))
            })
        }
    };
    let build = match software.text(KEY, "CurrentBuild")? {
        Some(build) => Some(build),
        None => software.text(KEY, "CurrentBuildNumber")?,
    };
    if let Some((major, minor)) = version {
        block.set_text("VERSION/MAJOR", &major);
        block.set_text("VERSION/MINOR", &minor);
    }
    if let Some(build) = build {
        block.set_text("VERSION/BUILD", &build);
    }
    // SYSTEM's own number, where it has one, takes its place.
    if let Some(revision) = software.number(KEY, "UBR")? {
        block.set_text("VERSION/SPBUILD", &revision.to_string());
    }
    Ok(())
}

fn add_system(block: &mut Element, system: &Opened) -> Result<(), WindowsBlockError> {
    let set = match system.number("Select", "Default")? {
        Some(set) => Some(set),
        None => system.number("Select", "Current")?,
    };
    let set = format!("ControlSet{:03}\\Control", set.unwrap_or(1));
    let key = |below: &str| format!("{set}\\{below}");
    let computer = key("Class\\{4D36E966-E325-11CE-BFC1-08002BE10318}\\0000");
    if let Some(hal) = system.text(&computer, "MatchingDeviceId")? {
        block.set_text("HAL", &hal);
    }
    if let Some(kind) = system.text(&key("ProductOptions"), "ProductType")? {
        block.set_text("PRODUCTTYPE", &kind);
    }
    let suites = system.get(&key("ProductOptions"), "ProductSuite", |value| {
        value.as_multi_string()
    })?;
    if let Some(suite) = suites.and_then(|suites| suites.into_iter().next()) {
        block.set_text("PRODUCTSUITE", &suite);
    }
    if let Some(build) = system.number(&key("Windows"), "CSDBuildNumber")? {
        block.set_text("VERSION/SPBUILD", &build.to_string());
    }
    if let Some(version) = system.number(&key("Windows"), "CSDVersion")? {
        block.set_text("VERSION/SPLEVEL", &(version >> 8 & 0xFF).to_string());
    }
    let mut languages = Element::new("LANGUAGES");
    let mut any = false;
    if let Some(installed) = system.key(&key("MUI\\UILanguages"))? {
        let subkeys = installed
            .subkeys()
            .map_err(|source| system.broken(source))?;
        for language in subkeys {
            let language = language.map_err(|source| system.broken(source))?;
            let name = language.name().map_err(|source| system.broken(source))?;
            languages.push(Element::with_text("LANGUAGE", &name.to_string()));
            any = true;
        }
    }
    if any {
        if let Some(default) = default_language(system, &set)? {
            languages.set_text("DEFAULT", &default);
        }
        block.push(languages);
    }
    Ok(())
}

/// The installed language whose LCID is that of the installation.
fn default_language(system: &Opened, set: &str) -> Result<Option<String>, WindowsBlockError> {
    let text = system.text(&format!("{set}\\Nls\\Language"), "InstallLanguage")?;
    let Some(wanted) = text.and_then(|text| u32::from_str_radix(text.trim(), 16).ok()) else {
        return Ok(None);
    };
    let key = format!("{set}\\MUI\\UILanguages");
    let Some(installed) = system.key(&key)? else {
        return Ok(None);
    };
    let subkeys = installed
        .subkeys()
        .map_err(|source| system.broken(source))?;
    for language in subkeys {
        let language = language.map_err(|source| system.broken(source))?;
        let name = language
            .name()
            .map_err(|source| system.broken(source))?
            .to_string();
        if system.number(&format!("{key}\\{name}"), "LCID")? == Some(wanted) {
            return Ok(Some(name));
        }
    }
    Ok(None)
}
