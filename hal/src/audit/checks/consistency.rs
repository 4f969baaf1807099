//! Whether HAL and kernels go together.

use crate::audit::check::{Applies, Check, Found, Outcome, Run, Severity};
use crate::decision::StopCode;
use crate::evidence::{Evidence, EvidenceKind};
use crate::identity::{Hal, KernelFile};
use crate::level::Level;
use crate::survey::Survey;

const MISMATCH: &str = "bug check 0x79 reference";
const SEEN: &str = "read in the HALs and kernels of XP SP1, XP SP3 and XP x64";

pub(super) const KERNEL_KIND: Check = Check {
    name: "kernel-kind",
    severity: Severity::Error,
    applies: Applies::Nt5,
    title: "HAL and kernels are for the same number of processors",
    why: "a HAL for one processor under a kernel for several, or the other way round, stops with \
          0x79, or hangs when both use their own way of locking",
    remedy: "replace the kernels or the HAL with those of the same kind and level",
    source: "bug check 0x79 reference; an XP media tool's note on halaacpi under ntkrnlmp",
    run: Run::Image(kernel_kind),
};

fn kernel_kind(survey: &Survey) -> Outcome {
    survey.hal.clone()?;
    survey.ntoskrnl.clone()?;
    let hal = survey.loaded_hal();
    let Some(hal) = hal.and_then(|file| Some((file, file.identity.known()?))) else {
        return Ok(Vec::new());
    };
    let (hal_file, hal) = hal;
    let Some(processors) = hal.processors() else {
        return x64_kernel_kind(survey);
    };
    let mut found = Vec::new();
    for file in survey.loaded_kernels() {
        let Some(kernel) = file.identity.known() else {
            continue;
        };
        if kernel.processors() == processors {
            continue;
        }
        let message = format!(
            "the HAL is {hal}, for {processors}, and `{}` is {kernel}, for {}",
            file.path,
            kernel.processors()
        );
        let evidence = hal_file.evidence.iter().chain(&file.evidence).cloned();
        let error = Found::error(message)
            .with(evidence)
            .stops(Some(StopCode::MISMATCHED_HAL));
        found.push(match hal {
            Hal::X86(kind) if kind.partner().is_some() => error.remedy(format!(
                "`wimwright hal set IMAGE {kind}` puts the kernels of this HAL back, where the \
                 driver cache has them at the same level"
            )),
            _ => error,
        });
    }
    Ok(found)
}

/// On x64 the HAL does not say it: the kernel and the registry do.
fn x64_kernel_kind(survey: &Survey) -> Outcome {
    survey.registry.clone()?;
    let registry = survey.default_registry();
    let Some(id) = registry.and_then(|registry| registry.hardware_id()) else {
        return Ok(Vec::new());
    };
    let Some(wanted) = crate::HalType::from_id(id) else {
        return Ok(Vec::new());
    };
    let mut found = Vec::new();
    for file in survey.loaded_kernels() {
        match file.identity.known() {
            Some(kernel) if kernel.processors() != wanted.processors() => found.push(
                Found::warning(format!(
                    "the registry says {id}, and `{}` is {kernel}, for {}",
                    file.path,
                    kernel.processors()
                ))
                .with(file.evidence.clone()),
            ),
            _ => {}
        }
    }
    Ok(found)
}

pub(super) const KERNELS_AGREE: Check = Check {
    name: "kernels-agree",
    severity: Severity::Error,
    applies: Applies::Nt5X86,
    title: "both kernels are for the same number of processors, and each is what its name says",
    why: "ntldr takes ntoskrnl.exe or ntkrnlpa.exe as the processor and boot.ini decide; both have \
          to fit the HAL",
    remedy: "replace the one that differs with that of the same kind and level",
    source: "hal.inf of XP copies both; Geoff Chappell, \"Kernel Versions\"",
    run: Run::Image(kernels_agree),
};

fn kernels_agree(survey: &Survey) -> Outcome {
    if survey.overrides.clone()?.kernel.is_some() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    let known = |file: &KernelFile| file.identity.known();
    let (plain, pae) = (survey.ntoskrnl.clone()?, survey.ntkrnlpa.clone()?);
    for (file, wanted) in [(&plain, false), (&pae, true)] {
        let Some(file) = file else {
            continue;
        };
        let Some(kernel) = known(file) else {
            continue;
        };
        if kernel.is_pae() != wanted {
            let message = format!(
                "`{}` is {kernel}, which belongs under another name",
                file.path
            );
            found.push(Found::error(message).with(file.evidence.clone()));
        }
    }
    let kinds = (plain.as_ref().and_then(known), pae.as_ref().and_then(known));
    if let (Some(plain_kernel), Some(pae_kernel)) = kinds
        && plain_kernel.processors() != pae_kernel.processors()
    {
        let message = format!(
            "ntoskrnl.exe is {plain_kernel}, for {}, and ntkrnlpa.exe is {pae_kernel}, for {}",
            plain_kernel.processors(),
            pae_kernel.processors()
        );
        let both = [plain, pae].into_iter().flatten();
        found.push(Found::error(message).with(both.flat_map(|file| file.evidence)));
    }
    Ok(found)
}

pub(super) const CHECKED_BUILD: Check = Check {
    name: "checked-build",
    severity: Severity::Error,
    applies: Applies::Nt5,
    title: "HAL and kernels are both of the free build",
    why: "checked (debug) builds bear the same names; a checked HAL under a free kernel stops with \
          0x79, and a whole checked build is slow and stops at every assertion",
    remedy: "replace the checked files with those of the free build, of the same level",
    source: "bug check 0x79 reference; VS_FF_DEBUG of the version resource (recalled)",
    run: Run::Image(checked_build),
};

fn checked_build(survey: &Survey) -> Outcome {
    survey.hal.clone()?;
    survey.ntoskrnl.clone()?;
    let hal = survey.loaded_hal();
    let hal = hal.map(|file| (file.path.to_string(), file.checked));
    let kernels = survey.loaded_kernels().into_iter();
    let kernels = kernels.map(|file| (file.path.to_string(), file.checked));
    let all = hal.into_iter().chain(kernels);
    let all: Vec<(String, bool)> = all
        .filter_map(|(path, checked)| Some((path, checked?)))
        .collect();
    let evidence = || {
        let pieces = all.iter().map(|(path, checked)| {
            let build = if *checked { "checked" } else { "free" };
            Evidence::new(EvidenceKind::VersionResource, path, build, MISMATCH)
        });
        pieces.collect::<Vec<_>>()
    };
    let checked = all.iter().filter(|(_, checked)| *checked).count();
    Ok(match checked {
        0 => Vec::new(),
        some if some == all.len() => {
            vec![Found::warning("HAL and kernels are of the checked build").with(evidence())]
        }
        _ => vec![
            Found::error("of HAL and kernels some are of the checked build and some are not")
                .with(evidence())
                .stops(Some(StopCode::MISMATCHED_HAL)),
        ],
    })
}

pub(super) const LEVEL: Check = Check {
    name: "level",
    severity: Severity::Error,
    applies: Applies::Nt5,
    title: "HAL and kernels are of the same build and service pack",
    why: "a HAL of one service pack under a kernel of another is the documented cause of stop 0x79; \
          hotfixes may differ",
    remedy: "replace the older files with those of the installed service pack",
    source: "bug check 0x79 reference",
    run: Run::Image(level),
};

fn level(survey: &Survey) -> Outcome {
    survey.hal.clone()?;
    survey.ntoskrnl.clone()?;
    survey.ntkrnlpa.clone()?;
    let hal = survey.loaded_hal();
    let hal = hal.and_then(|file| Some((file.path.to_string(), file.version?)));
    let kernels = survey.loaded_kernels().into_iter();
    let kernels = kernels.filter_map(|file| Some((file.path.to_string(), file.version?)));
    let all: Vec<_> = hal.into_iter().chain(kernels).collect();
    let Some(((first, version), rest)) = all.split_first() else {
        return Ok(Vec::new());
    };
    let evidence = || {
        let pieces = all.iter().map(|(path, version)| {
            Evidence::new(EvidenceKind::VersionResource, path, version, SEEN)
        });
        pieces.collect::<Vec<_>>()
    };
    let mut found = Vec::new();
    for (path, other) in rest {
        let (one, two) = (Level::of(*version), Level::of(*other));
        if !one.fits(two) {
            let message = format!("`{first}` is of {one}, and `{path}` of {two}");
            let stops = Some(StopCode::MISMATCHED_HAL);
            found.push(Found::error(message).with(evidence()).stops(stops));
        }
    }
    let revisions = rest.iter().any(|(_, other)| other != version);
    if found.is_empty() && revisions {
        let message = "HAL and kernels have different last numbers: hotfixes replace single files";
        found.push(Found::note(message).with(evidence()));
    }
    Ok(found)
}

pub(super) const SERVICE_PACK: Check = Check {
    name: "service-pack",
    severity: Severity::Warning,
    applies: Applies::Nt5,
    title: "the registry and the kernel are of the same service pack",
    why: "the registry says which service pack is installed, and files for a HAL switch are chosen \
          by it; a kernel of another one was copied there by hand",
    remedy: "install the service pack again, or put the kernel of the installed one back",
    source: "Control\\Windows\\CSDVersion of a real XP SP3 and XP x64",
    run: Run::Image(service_pack),
};

fn service_pack(survey: &Survey) -> Outcome {
    let registry = survey.system.clone()?.csd_version;
    let kernel = survey.ntoskrnl.clone()?;
    let Some((file, version)) = kernel.and_then(|file| Some((file.path, file.version?))) else {
        return Ok(Vec::new());
    };
    let kernel = Level::of(version).service_pack;
    let (Some(number), Some(of_kernel)) = (registry, kernel) else {
        return Ok(Vec::new());
    };
    let of_registry = u8::try_from(number >> 8).unwrap_or(u8::MAX);
    if of_registry == of_kernel {
        return Ok(Vec::new());
    }
    let message = format!(
        "the registry says service pack {of_registry}, and the kernel is of service pack {of_kernel}"
    );
    Ok(vec![Found::warning(message).with([
        Evidence::new(
            EvidenceKind::Registry,
            format_args!(
                "{}\\Control\\Windows\\CSDVersion",
                survey.facts.control_sets.default
            ),
            format_args!("{number:#x}"),
            SEEN,
        ),
        Evidence::new(EvidenceKind::VersionResource, file, version, SEEN),
    ])])
}
