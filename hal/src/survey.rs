//! What an image holds that bears on its HAL, read once and only as far as
//! needed.
//!
//! Each part stands for itself: one that cannot be read says so, and the checks
//! that need it say that they could not check, while all others go on.

use std::sync::Arc;

use wimwright_inf::{Inf, ParseOptions};
use wimwright_servicing::registry::{Condition, HiveName, RegistryError};
use wimwright_servicing::{
    Architecture, Draft, FileTree, Generation, ImageFacts, ImagePath, PathError, TreeError,
};

use crate::boot_ini::{self, BootEntry, BootIni};
use crate::driver_cache::{self, CacheError, Place};
use crate::identity::{HalFile, KernelFile};
use crate::later::{BootStore, X86_HALS};
use crate::registry::RegistryHal;
use crate::setup_log::{self, SetupLog};
use crate::sysprep_inf::{self, SysprepInf};
use crate::system::SystemFacts;

/// The largest hal.inf that is read, in bytes; XP's has some 20 KiB.
const MAX_HAL_INF: u64 = 1 << 20;

/// A part of an image, or why it could not be read.
pub(crate) type Part<T> = Result<T, Unreadable>;

/// Why a part of an image could not be read, with all its causes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unreadable(pub String);

impl Unreadable {
    fn of(error: &dyn std::error::Error) -> Unreadable {
        let mut text = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            text.push_str(&format!(": {error}"));
            cause = error.source();
        }
        Unreadable(text)
    }
}

impl From<TreeError> for Unreadable {
    fn from(error: TreeError) -> Unreadable {
        Unreadable::of(&error)
    }
}

impl From<RegistryError> for Unreadable {
    fn from(error: RegistryError) -> Unreadable {
        Unreadable::of(&error)
    }
}

impl From<CacheError> for Unreadable {
    fn from(error: CacheError) -> Unreadable {
        Unreadable::of(&error)
    }
}

impl From<PathError> for Unreadable {
    fn from(error: PathError) -> Unreadable {
        Unreadable::of(&error)
    }
}

/// Files of System32 that `boot.ini` has loaded in place of the usual ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Overrides {
    /// `/HAL=`, and the file, where it is there.
    pub hal: Option<(String, Option<HalFile>)>,
    /// `/KERNEL=`, and the file, where it is there.
    pub kernel: Option<(String, Option<KernelFile>)>,
}

/// Most choices of boot.ini that are looked at beside the default: ntldr shows
/// ten in all.
const MAX_CHOICES: usize = 9;

/// What an image holds that bears on its HAL.
pub(crate) struct Survey {
    /// What the image is.
    pub facts: Arc<ImageFacts>,
    /// How the hives were found.
    pub hives: Vec<(HiveName, Part<Option<Condition>>)>,
    /// `System32\hal.dll`.
    pub hal: Part<Option<HalFile>>,
    /// `System32\ntoskrnl.exe`.
    pub ntoskrnl: Part<Option<KernelFile>>,
    /// `System32\ntkrnlpa.exe`.
    pub ntkrnlpa: Part<Option<KernelFile>>,
    /// `boot.ini`.
    pub boot_ini: Part<Option<BootIni>>,
    /// What its default entry has loaded instead.
    pub overrides: Part<Overrides>,
    /// The other entries that have something loaded instead, by their place in
    /// the list.
    pub other_choices: Part<Vec<(usize, Overrides)>>,
    /// What the registry says of the HAL, one entry a control set that counts.
    pub registry: Part<Vec<RegistryHal>>,
    /// What else the registry says.
    pub system: Part<SystemFacts>,
    /// `repair\setup.log`.
    pub setup_log: Part<Option<SetupLog>>,
    /// The driver cache.
    pub cache: Part<Vec<Place>>,
    /// The ids that `Inf\hal.inf` lists.
    pub hal_inf: Part<Option<Vec<String>>>,
    /// `Sysprep\sysprep.inf`.
    pub sysprep_inf: Part<Option<SysprepInf>>,
    /// What the boot store of Vista and later says of HAL and kernel.
    pub boot_store: Part<Option<BootStore>>,
    /// The HALs that a 32-bit Vista or 7 chooses from and the image lacks.
    pub missing_hals: Part<Vec<&'static str>>,
}

impl Survey {
    /// Reads an image. What its generation does not have is not looked for.
    pub(crate) fn of(draft: &Draft) -> Survey {
        let facts = Arc::clone(draft.facts());
        let nt5 = facts.generation == Generation::Nt5;
        let x86 = facts.architecture == Architecture::X86;
        let system = |name: &str| {
            let path = facts.windows.join("System32")?.join(name)?;
            Ok::<ImagePath, PathError>(path)
        };
        let boot_ini = match nt5 {
            true => read_boot_ini(draft),
            false => Ok(None),
        };
        let overrides = match &boot_ini {
            Ok(Some(ini)) => match ini.default_entry() {
                Some(entry) => read_overrides(draft, entry, &system),
                None => Ok(Overrides::default()),
            },
            _ => Ok(Overrides::default()),
        };
        let other_choices = match &boot_ini {
            Ok(Some(ini)) => read_other_choices(draft, ini, &system),
            _ => Ok(Vec::new()),
        };
        Survey {
            hives: [HiveName::System, HiveName::Software]
                .map(|hive| {
                    let condition = draft.hive_condition(&hive).map_err(Unreadable::from);
                    (hive, condition)
                })
                .into(),
            hal: system("hal.dll")
                .map_err(Unreadable::from)
                .and_then(|path| Ok(HalFile::read(draft, &path)?)),
            ntoskrnl: system("ntoskrnl.exe")
                .map_err(Unreadable::from)
                .and_then(|path| Ok(KernelFile::read(draft, &path)?)),
            ntkrnlpa: match x86 {
                true => system("ntkrnlpa.exe")
                    .map_err(Unreadable::from)
                    .and_then(|path| Ok(KernelFile::read(draft, &path)?)),
                false => Ok(None),
            },
            boot_ini,
            overrides,
            other_choices,
            registry: read_registry(draft),
            system: read_system(draft),
            setup_log: match nt5 {
                true => facts
                    .windows
                    .join("repair\\setup.log")
                    .map_err(Unreadable::from)
                    .and_then(|path| Ok(draft.read(&path, setup_log::MAX_LEN)?))
                    .map(|bytes| bytes.map(|bytes| SetupLog::parse(&bytes))),
                false => Ok(None),
            },
            cache: match nt5 {
                true => driver_cache::places(draft, &facts).map_err(Unreadable::from),
                false => Ok(Vec::new()),
            },
            hal_inf: match nt5 {
                true => read_hal_inf(draft, &facts),
                false => Ok(None),
            },
            sysprep_inf: match nt5 {
                true => read_sysprep_inf(draft),
                false => Ok(None),
            },
            boot_store: match nt5 {
                true => Ok(None),
                false => BootStore::read(draft),
            },
            missing_hals: match facts.generation == Generation::Nt6 && x86 {
                true => missing_hals(draft, &system),
                false => Ok(Vec::new()),
            },
            facts,
        }
    }

    /// The HAL file that is loaded: the one that boot.ini names, else
    /// `hal.dll`.
    pub(crate) fn loaded_hal(&self) -> Option<&HalFile> {
        match &self.overrides {
            Ok(Overrides {
                hal: Some((_, file)),
                ..
            }) => file.as_ref(),
            _ => self.hal.as_ref().ok()?.as_ref(),
        }
    }

    /// The kernel files that may be loaded: the one that boot.ini names, else
    /// the two installed ones.
    pub(crate) fn loaded_kernels(&self) -> Vec<&KernelFile> {
        match &self.overrides {
            Ok(Overrides {
                kernel: Some((_, file)),
                ..
            }) => file.iter().collect(),
            _ => {
                let both = [&self.ntoskrnl, &self.ntkrnlpa].into_iter();
                both.filter_map(|part| part.as_ref().ok()?.as_ref())
                    .collect()
            }
        }
    }

    /// What the registry says of the control set that the next boot takes.
    pub(crate) fn default_registry(&self) -> Option<&RegistryHal> {
        self.registry.as_ref().ok()?.first()
    }
}

fn read_boot_ini(draft: &Draft) -> Part<Option<BootIni>> {
    let path = ImagePath::parse("boot.ini")?;
    let bytes = draft.read(&path, boot_ini::MAX_LEN)?;
    Ok(bytes.map(|bytes| BootIni::parse(&bytes)))
}

fn read_overrides(
    draft: &Draft,
    entry: &BootEntry,
    system: &dyn Fn(&str) -> Result<ImagePath, PathError>,
) -> Part<Overrides> {
    let mut found = Overrides::default();
    if let Some(name) = entry.value("HAL") {
        let file = HalFile::read(draft, &system(name)?)?;
        found.hal = Some((name.to_owned(), file));
    }
    if let Some(name) = entry.value("KERNEL") {
        let file = KernelFile::read(draft, &system(name)?)?;
        found.kernel = Some((name.to_owned(), file));
    }
    Ok(found)
}

/// What the other choices have loaded that start this very Windows.
fn read_other_choices(
    draft: &Draft,
    ini: &BootIni,
    system: &dyn Fn(&str) -> Result<ImagePath, PathError>,
) -> Part<Vec<(usize, Overrides)>> {
    let default = ini.default_entry().map(|entry| entry.line);
    let windows = draft.facts().windows.to_string();
    let others = ini.entries.iter().enumerate().filter(|(_, entry)| {
        let named = entry.value("HAL").or(entry.value("KERNEL")).is_some();
        let here = entry.directory().eq_ignore_ascii_case(&windows);
        named && here && Some(entry.line) != default
    });
    let read = others
        .take(MAX_CHOICES)
        .map(|(number, entry)| Ok((number, read_overrides(draft, entry, system)?)));
    read.collect()
}

fn missing_hals(
    draft: &Draft,
    system: &dyn Fn(&str) -> Result<ImagePath, PathError>,
) -> Part<Vec<&'static str>> {
    let mut missing = Vec::new();
    for name in X86_HALS {
        if !draft.has_file(&system(name)?)? {
            missing.push(name);
        }
    }
    Ok(missing)
}

fn read_registry(draft: &Draft) -> Part<Vec<RegistryHal>> {
    let name = HiveName::System;
    let Some(hive) = draft.hive(&name)? else {
        return Err(RegistryError::Absent { hive: name }.into());
    };
    let sets = draft.facts().control_sets.targets().into_iter();
    let read = sets.map(|set| RegistryHal::read(&hive, set));
    let read: Result<Vec<_>, _> = read.collect();
    Ok(read.map_err(|source| RegistryError::in_hive(&name, source))?)
}

fn read_system(draft: &Draft) -> Part<SystemFacts> {
    let name = HiveName::System;
    let Some(hive) = draft.hive(&name)? else {
        return Err(RegistryError::Absent { hive: name }.into());
    };
    let read = SystemFacts::read(&hive, draft.facts().control_sets.default);
    Ok(read.map_err(|source| RegistryError::in_hive(&name, source))?)
}

/// The hardware ids that the model lines of hal.inf list.
fn read_hal_inf(draft: &Draft, facts: &ImageFacts) -> Part<Option<Vec<String>>> {
    let path = facts.windows.join("Inf\\hal.inf")?;
    let Some(bytes) = draft.read(&path, MAX_HAL_INF)? else {
        return Ok(None);
    };
    let inf = Inf::parse(&bytes, &ParseOptions::default());
    let lines = inf.sections().flat_map(|section| section.lines());
    // `%ACPIAPIC_MP.DeviceDesc% = ACPIAPIC_MP_HAL, ACPIAPIC_MP`
    let ids = lines.filter_map(|line| {
        let section = line.raw_field(1)?.to_ascii_uppercase();
        section.ends_with("_HAL").then(|| line.field(2))?
    });
    let mut ids: Vec<String> = ids.map(|id| id.to_ascii_lowercase()).collect();
    ids.sort();
    ids.dedup();
    Ok(Some(ids))
}

fn read_sysprep_inf(draft: &Draft) -> Part<Option<SysprepInf>> {
    let path = ImagePath::parse("Sysprep\\sysprep.inf")?;
    let bytes = draft.read(&path, sysprep_inf::MAX_LEN)?;
    Ok(bytes.map(|bytes| SysprepInf::parse(&bytes)))
}
