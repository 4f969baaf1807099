//! Whether the HAL of the image can be switched the supported way.

use crate::audit::check::{Applies, Check, Found, Outcome, Run, Severity};
use crate::driver_cache::{Place, PlaceKind};
use crate::evidence::{Evidence, EvidenceKind};
use crate::identity::Hal;
use wimwright_servicing::pe::VersionNumber;

use crate::kind::{HalType, Kernel};
use crate::level::Level;
use crate::survey::Survey;
use crate::sysprep_inf::id_of;
use crate::system::MiniSetup;

const SYSPREP: &str = "ref.chm and deploy.chm of XP SP3";

pub(super) const MINI_SETUP: Check = Check {
    name: "mini-setup",
    severity: Severity::Warning,
    applies: Applies::Nt5,
    title: "the image waits for mini-setup, or is plainly one that does not",
    why: "only mini-setup, which Sysprep arms, changes the HAL by itself on the first boot; where \
          some of its signs are there and others are not, a setup was interrupted",
    remedy: "run Sysprep again in the running Windows",
    source: "strings of sysprep.exe of XP SP3; SYSTEM\\Setup of real installations",
    run: Run::Image(mini_setup),
};

fn mini_setup(survey: &Survey) -> Outcome {
    let setup = survey.system.clone()?.setup;
    let number = |value: Option<u32>| value.map_or("absent".to_owned(), |value| value.to_string());
    let piece = |name: &str, value: String| {
        Evidence::new(
            EvidenceKind::Registry,
            format_args!("SYSTEM\\Setup\\{name}"),
            value,
            SYSPREP,
        )
    };
    let evidence = [
        piece("CmdLine", setup.command.clone()),
        piece("SetupType", number(setup.setup_type)),
        piece("SystemSetupInProgress", number(setup.in_progress)),
        piece("MiniSetupInProgress", number(setup.mini_setup)),
    ];
    Ok(match setup.mini_setup() {
        MiniSetup::No => Vec::new(),
        MiniSetup::Waits => {
            let message = "the image waits for mini-setup: its first boot goes through Sysprep's";
            vec![Found::note(message).with(evidence)]
        }
        MiniSetup::Unclear => {
            let message = "some signs of a setup that is not finished are there and others are not";
            vec![Found::warning(message).with(evidence)]
        }
    })
}

pub(super) const SYSPREP_INF: Check = Check {
    name: "sysprep-inf-hal",
    severity: Severity::Warning,
    applies: Applies::Nt5X86,
    title: "sysprep.inf asks for a HAL switch that there is",
    why: "UpdateUPHAL takes ACPIAPIC_UP or MPS_UP, UpdateHAL takes ACPIAPIC_MP or MPS_MP, and only \
          one of them may be given; UpdateHAL loads the HAL for several processors whatever the \
          computer has",
    remedy: "write the one line of [Unattended] that names the HAL to switch to",
    source: SYSPREP,
    run: Run::Image(sysprep_inf),
};

fn sysprep_inf(survey: &Survey) -> Outcome {
    let Some(inf) = survey.sysprep_inf.clone()? else {
        return Ok(Vec::new());
    };
    survey.hal.clone()?;
    let hal = survey.loaded_hal().and_then(|file| file.identity.known());
    let mut found = Vec::new();
    let piece = |key: &str, value: &str| {
        Evidence::new(
            EvidenceKind::Inf,
            format_args!("Sysprep\\sysprep.inf, [Unattended] {key}"),
            value,
            SYSPREP,
        )
    };
    let mut given = Vec::new();
    for (key, value, allowed) in [
        (
            "UpdateHAL",
            &inf.update_hal,
            [HalType::AcpiApicMp, HalType::MpsMp],
        ),
        (
            "UpdateUPHAL",
            &inf.update_up_hal,
            [HalType::AcpiApicUp, HalType::MpsUp],
        ),
    ] {
        let Some(value) = value else {
            continue;
        };
        given.push(piece(key, value));
        let asked = HalType::from_id(id_of(value)).filter(|kind| allowed.contains(kind));
        let Some(asked) = asked else {
            let message = format!(
                "{key} of sysprep.inf takes {} or {}",
                allowed[0], allowed[1]
            );
            found.push(Found::warning(message).with([piece(key, value)]));
            continue;
        };
        match hal {
            Some(Hal::X86(kind)) if kind != asked && kind.partner() != Some(asked) => {
                let message = format!(
                    "{key} of sysprep.inf asks for {asked}, and the image has {kind}: that is no \
                     supported switch"
                );
                found.push(Found::warning(message).with([piece(key, value)]));
            }
            _ => {}
        }
    }
    if given.len() > 1 {
        let message = "sysprep.inf has both UpdateHAL and UpdateUPHAL: only one may be given";
        found.push(Found::warning(message).with(given));
    }
    Ok(found)
}

pub(super) const HAL_INF: Check = Check {
    name: "hal-inf",
    severity: Severity::Warning,
    applies: Applies::Nt5X86,
    title: "Inf\\hal.inf is there and lists the HAL",
    why: "mini-setup and Plug and Play install another HAL through hal.inf; without it nothing \
          switches",
    remedy: "put hal.inf of the same Windows into its Inf folder",
    source: "hal.inf of XP",
    run: Run::Image(hal_inf),
};

fn hal_inf(survey: &Survey) -> Outcome {
    let place = |value: &str| {
        Evidence::new(
            EvidenceKind::Inf,
            format_args!("{}\\Inf\\hal.inf", survey.facts.windows),
            value,
            "hal.inf of XP",
        )
    };
    let Some(ids) = survey.hal_inf.clone()? else {
        let message = "there is no Inf\\hal.inf: no other HAL can be installed";
        return Ok(vec![Found::warning(message).with([place("is not there")])]);
    };
    survey.hal.clone()?;
    let hal = survey.loaded_hal().and_then(|file| file.identity.known());
    match hal {
        Some(Hal::X86(kind)) if !ids.iter().any(|id| id == kind.id()) => {
            let message = format!("hal.inf does not list {kind}");
            Ok(vec![Found::warning(message).with([place(&ids.join(", "))])])
        }
        _ => Ok(Vec::new()),
    }
}

pub(super) const OTHER_HAL: Check = Check {
    name: "other-hal",
    severity: Severity::Note,
    applies: Applies::Nt5X86,
    title: "the driver cache holds the other HAL of the pair and its kernels, at the same level",
    why: "mini-setup, Plug and Play and `wimwright hal set` take them from there; without them the \
          first two ask for the CD, and a CD of another level gives stop 0x79",
    remedy: "put sp3.cab (or that of the installed service pack) into Driver Cache\\i386, or give \
             `hal set --source` a folder with files of the same level",
    source: "MSFN topic 140878; MergeIDE; Ivanti, HalConfig (2009)",
    run: Run::Image(other_hal),
};

fn other_hal(survey: &Survey) -> Outcome {
    survey.hal.clone()?;
    let hal = survey.loaded_hal().and_then(|file| file.identity.known());
    let Some(Hal::X86(kind)) = hal else {
        return Ok(Vec::new());
    };
    let Some(other) = kind.partner() else {
        return Ok(Vec::new());
    };
    let cache = survey.cache.clone()?;
    let missing = missing_for(survey, &cache, other);
    if missing.is_empty() {
        return Ok(Vec::new());
    }
    let hotfix = match kernel_of_hotfix(survey) {
        Some(version) => format!(
            " (the kernel is {version}, of a hotfix: the service pack's kernels do not go with it)"
        ),
        None => String::new(),
    };
    let message = format!(
        "the driver cache lacks what a switch to {other} needs: {}{hotfix}",
        missing.join(", ")
    );
    let mut places: Vec<Evidence> = cache
        .iter()
        .map(|place| {
            let source = "MSFN topic 140878";
            Evidence::new(
                EvidenceKind::File,
                &place.path,
                place.files.join(", "),
                source,
            )
        })
        .collect();
    if places.is_empty() {
        let path = format!("{}\\Driver Cache", survey.facts.windows);
        places.push(Evidence::new(
            EvidenceKind::File,
            path,
            "is empty",
            "MSFN topic 140878",
        ));
    }
    Ok(vec![Found::note(message).with(places)])
}

/// The version of the installed kernel, where it is of a hotfix: then only a
/// kernel of the very version goes with it, which no cabinet has.
fn kernel_of_hotfix(survey: &Survey) -> Option<VersionNumber> {
    let version = survey.ntoskrnl.as_ref().ok()?.as_ref()?.version?;
    Level::is_of_hotfix(version)
        .filter(|is| *is)
        .map(|_| version)
}

/// Which files for `other` no place of the installed service pack has. Loose
/// files, which hotfixes leave, are taken for what they are called.
pub(crate) fn missing_for(survey: &Survey, cache: &[Place], other: HalType) -> Vec<&'static str> {
    let installed = survey.system.as_ref().ok();
    let installed = installed.and_then(|system| system.csd_version);
    let pack = installed.and_then(|number| u8::try_from(number >> 8).ok());
    let fits = |place: &Place| match (place.kind, pack) {
        (PlaceKind::ServicePack(of), Some(pack)) => of == pack,
        (PlaceKind::Release, Some(pack)) => pack == 0,
        _ => true,
    };
    let wanted = [
        other.media_name(),
        Kernel::of(other.processors(), false).media_name(),
        Kernel::of(other.processors(), true).media_name(),
    ];
    let hotfix = kernel_of_hotfix(survey).is_some();
    let has = |name: &str| {
        let of_cabinet = !hotfix || Kernel::from_media_name(name).is_none();
        let mut places = cache
            .iter()
            .filter(|place| fits(place) && (of_cabinet || place.kind == PlaceKind::Loose));
        places.any(|place| place.has(name).is_some())
    };
    wanted.into_iter().filter(|name| !has(name)).collect()
}
