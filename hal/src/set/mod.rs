//! Switching to the other HAL of a pair: files and registry in one step, or
//! nothing.
//!
//! Microsoft supports two pairs, ACPI with an APIC and MPS, each for one
//! processor and for several; a switch is refused everywhere else. What changes
//! is what `hal.inf` does for that section: the HAL and both kernels, and the
//! device of class Computer with its driver's key, in the control sets that
//! count. On x64 the HAL stays; the kernel and the ids change.
//!
//! The files come from the driver cache of the image, or from a folder that is
//! given. Kernels have to be of the very version of the installed one, the HAL of
//! its build and service pack: files of mixed levels are the documented cause of
//! stop 0x79.

mod error;
mod files;

use std::sync::Arc;

use wimwright_inf::{Inf, ParseOptions};
use wimwright_servicing::plan::{Basis, Subject};
use wimwright_servicing::registry::{HiveName, KeyPath, RegData};
use wimwright_servicing::{
    Applied, Architecture, Draft, FileTree, Generation, ImagePath, SourceId,
};

pub use error::{SetError, Wanted};
use files::{Chosen, What, choose};

use crate::audit::class_of_x64;
use crate::driver_cache;
use crate::identity::Hal;
use crate::kind::{HalType, Kernel};
use crate::level::Level;
use crate::registry::Computer;
use crate::survey::Survey;
use crate::sysprep_inf;

/// The media name, section, ids and kernel pair of a type were read in hal.inf
/// and in the files; what an installed registry has, in two real ones.
const FILES: Basis = Basis::verified("hal-sysprep A1");
const REGISTRY: Basis = Basis::verified("hal-sysprep A3");
/// That Windows File Protection puts back what is in `dllcache`.
const CACHE: Basis = Basis::recalled("hal-sysprep A10");
/// The largest hal.inf that is read, in bytes.
const MAX_HAL_INF: u64 = 1 << 20;

/// A folder with files of Windows' media: the `i386` of a CD with the service
/// pack, or what a hotfix brought.
#[derive(Clone)]
pub struct Media {
    /// What the user called it.
    pub name: String,
    /// Its files.
    pub tree: Arc<dyn FileTree>,
}

/// What a switch comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetReport {
    /// The HAL that was installed.
    pub from: HalType,
    /// The HAL that is installed now.
    pub to: HalType,
    /// The files that are others now, and where each was taken from.
    pub files: Vec<(ImagePath, String)>,
    /// Whether anything changed.
    pub changed: bool,
}

/// Plans the switch to `to`; files come from `media`, or from the image's own
/// driver cache. A second run changes nothing.
///
/// # Errors
/// [`SetError`] says why the HAL is not switched.
pub fn set(draft: &mut Draft, to: HalType, media: Option<&Media>) -> Result<SetReport, SetError> {
    let survey = Survey::of(draft);
    let facts = Arc::clone(&survey.facts);
    if facts.generation != Generation::Nt5 {
        return Err(SetError::NotImageBound {
            version: facts.version,
        });
    }
    let from = installed(&survey)?;
    if to != from && from.partner() != Some(to) {
        return Err(SetError::NotSupported { from, to });
    }
    let system = facts.windows.join("System32")?;
    let mut switch = Switch {
        places: match media {
            Some(media) => driver_cache::places_of_media(media.tree.as_ref())?,
            None => survey.cache.clone()?,
        },
        tree: match media {
            Some(media) => Arc::clone(&media.tree),
            None => draft.base_tree(),
        },
        source: media.map(|media| draft.add_source(media.name.clone(), Arc::clone(&media.tree))),
        system,
        // The section that it names is of x86.
        line: match facts.architecture {
            Architecture::X86 => sysprep_inf::line(to),
            _ => None,
        },
        report: SetReport {
            from,
            to,
            files: Vec::new(),
            changed: false,
        },
    };
    switch.files(draft, &survey)?;
    switch.registry(draft, &survey)?;
    Ok(switch.report)
}

/// The class of the installed HAL; whatever makes a switch pointless or unsafe
/// is refused.
fn installed(survey: &Survey) -> Result<HalType, SetError> {
    let overrides = survey.overrides.clone()?;
    let hal = overrides.hal.map(|(name, _)| name);
    let kernel = overrides.kernel.map(|(name, _)| name);
    if let Some(name) = hal.or(kernel) {
        return Err(SetError::Overridden { name });
    }
    let path = survey.facts.windows.join("System32\\hal.dll")?;
    let Some(file) = survey.hal.clone()? else {
        return Err(SetError::NoHal { path });
    };
    match (survey.facts.architecture, file.identity.known()) {
        (Architecture::X86, Some(Hal::X86(kind))) => Ok(kind),
        (Architecture::Amd64, Some(Hal::X64)) => {
            class_of_x64(survey).ok_or(SetError::UnknownHal { path })
        }
        (Architecture::X86 | Architecture::Amd64, _) => Err(SetError::UnknownHal { path }),
        (architecture, _) => Err(SetError::Architecture { architecture }),
    }
}

/// A switch that is being planned.
struct Switch {
    places: Vec<driver_cache::Place>,
    tree: Arc<dyn FileTree>,
    source: Option<SourceId>,
    system: ImagePath,
    /// The line of sysprep.inf for the same.
    line: Option<String>,
    report: SetReport,
}

impl Switch {
    /// Plans the HAL and the kernels, and their copies in `dllcache`.
    fn files(&mut self, draft: &mut Draft, survey: &Survey) -> Result<(), SetError> {
        let to = self.report.to;
        let kernel_path = self.system.join("ntoskrnl.exe")?;
        let version = survey.ntoskrnl.clone()?.and_then(|file| file.version);
        let version = version.ok_or(SetError::NoVersion { path: kernel_path })?;
        let x86 = survey.facts.architecture == Architecture::X86;
        if x86 {
            let is = survey.hal.clone()?;
            let is = is.is_some_and(|file| {
                let level = file.version.map(Level::of);
                file.identity.known() == Some(Hal::X86(to))
                    && level.is_some_and(|level| level.fits(Level::of(version)))
            });
            let wanted = Wanted::Level(Level::of(version));
            self.file(draft, "hal.dll", What::Hal(to), wanted, is)?;
        }
        for pae in [false, true] {
            let file = match pae {
                false => survey.ntoskrnl.clone()?,
                // x64 has no kernel for PAE, nor need every image.
                true => match survey.ntkrnlpa.clone()? {
                    Some(file) => Some(file),
                    None => continue,
                },
            };
            let kernel = Kernel::of(to.processors(), pae);
            let is = file.is_some_and(|file| {
                file.identity.known() == Some(kernel) && file.version == Some(version)
            });
            let what = What::Kernel(kernel);
            self.file(
                draft,
                kernel.installed_name(),
                what,
                Wanted::Version(version),
                is,
            )?;
        }
        Ok(())
    }

    /// Plans one file, and its copy where there is one. What is right already
    /// is recorded as such.
    fn file(
        &mut self,
        draft: &mut Draft,
        name: &str,
        what: What,
        wanted: Wanted,
        is_right: bool,
    ) -> Result<(), SetError> {
        let path = self.system.join(name)?;
        let copy = self.system.join("dllcache")?.join(name)?;
        let copy = draft.has_file(&copy)?.then_some(copy);
        if is_right {
            draft.require(Subject::Path(path), &FILES)?;
            return Ok(());
        }
        let line = self.line.as_deref();
        let chosen = choose(&self.tree, &self.places, what, wanted, line)?;
        self.put(draft, path, &chosen, &FILES)?;
        if let Some(copy) = copy {
            self.put(draft, copy, &chosen, &CACHE)?;
        }
        Ok(())
    }

    fn put(
        &mut self,
        draft: &mut Draft,
        path: ImagePath,
        chosen: &Chosen,
        basis: &Basis,
    ) -> Result<(), SetError> {
        let expand = chosen.expand.as_deref();
        let applied = match self.source {
            Some(source) => draft.put_file(&path, source, &chosen.path, expand, basis)?,
            None => draft.put_from_image(&path, &chosen.path, expand, basis)?,
        };
        if applied == Applied::Changed {
            self.report.changed = true;
            let from = match expand {
                Some(inside) if !chosen.path.to_string().ends_with(inside) => {
                    format!("{inside} of {}", chosen.path)
                }
                _ => chosen.path.to_string(),
            };
            self.report.files.push((path, from));
        }
        Ok(())
    }

    /// Plans the device of class Computer and its driver's key, in every
    /// control set that counts.
    fn registry(&mut self, draft: &mut Draft, survey: &Survey) -> Result<(), SetError> {
        let SetReport { from, to, .. } = self.report;
        let (description, section) = words(draft, survey, from, to)?;
        for registry in survey.registry.clone()? {
            let [computer] = registry.computers.as_slice() else {
                return Err(SetError::Computers {
                    control_set: registry.control_set,
                    count: registry.computers.len(),
                });
            };
            let Computer {
                key, driver_key, ..
            } = computer.clone();
            let Some(driver) = driver_key else {
                return Err(SetError::NoDriver { key });
            };
            // In Windows' own spelling, which is lower case.
            let id = to.id();
            for (key, name, data) in [
                (&key, "HardwareID", RegData::multi_sz(&[id])),
                (&key, "DeviceDesc", RegData::sz(&description)),
                (&driver, "MatchingDeviceId", RegData::sz(id)),
                (&driver, "InfSection", RegData::sz(&section)),
                (&driver, "DriverDesc", RegData::sz(&description)),
            ] {
                let key = KeyPath::from(key.as_str());
                let applied = draft.set_value(HiveName::System, &key, name, data, &REGISTRY)?;
                self.report.changed |= applied == Applied::Changed;
            }
        }
        Ok(())
    }
}

/// What the registry calls the new HAL, and the section of hal.inf that
/// installs it: from the image's own hal.inf, in its language, where it says
/// them.
fn words(
    draft: &Draft,
    survey: &Survey,
    from: HalType,
    to: HalType,
) -> Result<(String, String), SetError> {
    let (description, section) = match survey.facts.architecture {
        Architecture::Amd64 => to.on_x64(),
        _ => to.section().map(|section| (to.description(), section)),
    }
    .ok_or(SetError::NotSupported { from, to })?;
    let path = survey.facts.windows.join("Inf\\hal.inf")?;
    let told = match draft.read(&path, MAX_HAL_INF)? {
        Some(bytes) => {
            let inf = Inf::parse(&bytes, &ParseOptions::default());
            let mut lines = inf.sections().flat_map(|section| section.lines());
            // `%ACPIAPIC_MP.DeviceDesc% = ACPIAPIC_MP_HAL, ACPIAPIC_MP`
            lines.find_map(|line| {
                let is = |index: usize, wanted: &str| {
                    let field = line.field(index);
                    field.is_some_and(|field| field.eq_ignore_ascii_case(wanted))
                };
                let named = line.has_equals() && is(1, section) && is(2, to.id());
                named.then(|| line.key())?.map(|key| key.into_owned())
            })
        }
        None => None,
    };
    // A token that nothing explains is no description.
    let told = told.filter(|told| !told.contains('%') && !told.is_empty());
    Ok((
        told.unwrap_or_else(|| description.to_owned()),
        section.to_owned(),
    ))
}
