//! Whether the registry tells of the HAL that is there.

use crate::audit::check::{Applies, Check, Found, Outcome, Run, Severity};
use crate::evidence::{Evidence, EvidenceKind};
use crate::identity::Hal;
use crate::kind::{HalType, Kernel, Processors};
use crate::registry::{Computer, RegistryHal};
use crate::survey::Survey;

const SEEN: &str = "Enum\\Root and Control\\Class of a real XP SP3 and XP x64";

/// What the registry says of a computer's HAL.
fn evidence(computer: &Computer) -> Vec<Evidence> {
    pieces(&computer.told)
}

/// Values by their place in SYSTEM, as evidence.
fn pieces(told: &[(String, String)]) -> Vec<Evidence> {
    let pieces = told.iter().map(|(place, value)| {
        let place = format!("SYSTEM\\{place}");
        Evidence::new(EvidenceKind::Registry, place, value, SEEN)
    });
    pieces.collect()
}

/// All that the registry says of the HAL, and of the computer that the image
/// was made on.
pub(crate) fn all_evidence(survey: &Survey) -> Vec<Evidence> {
    let mut all = Vec::new();
    if let Some(registry) = survey.default_registry() {
        for computer in &registry.computers {
            all.extend(evidence(computer));
        }
        all.extend(pieces(&registry.acpi_device));
        all.extend(registry.acpi_start.map(|start| {
            let place = format!("SYSTEM\\{}\\Services\\ACPI\\Start", registry.control_set);
            Evidence::new(EvidenceKind::Registry, place, start, SEEN)
        }));
    }
    if let Ok(system) = &survey.system {
        all.extend(pieces(&system.told));
    }
    all
}

pub(super) const DEVICE: Check = Check {
    name: "computer-device",
    severity: Severity::Warning,
    applies: Applies::Nt5,
    title: "the registry has one device of class Computer",
    why: "Plug and Play keeps the HAL as the driver of that device; more than one tells of an \
          earlier HAL whose leftovers stayed, none of a registry that was cleaned too far",
    remedy: "in the running Windows, remove what Device Manager shows greyed under Computer",
    source: SEEN,
    run: Run::Image(device),
};

fn device(survey: &Survey) -> Outcome {
    let mut found = Vec::new();
    for registry in survey.registry.clone()? {
        let set = registry.control_set;
        match registry.computers.as_slice() {
            [_] => {}
            [] => found.push(Found::warning(format!(
                "{set} has no device of class Computer: what its HAL was is not known"
            ))),
            several => found.push(
                Found::warning(format!(
                    "{set} has {} devices of class Computer: one of them is left over",
                    several.len()
                ))
                .with(several.iter().flat_map(evidence)),
            ),
        }
    }
    Ok(found)
}

pub(super) const AGREES: Check = Check {
    name: "registry-agrees",
    severity: Severity::Warning,
    applies: Applies::Nt5,
    title: "the registry tells of the HAL that the files are",
    why: "where they differ somebody changed the files without Plug and Play; at the next boot the \
          HAL reports another id than the registry knows, and Windows looks for a driver for a new \
          computer",
    remedy: "put the files back that belong to the registry, or let `wimwright hal set` write both",
    source: "KB 309283, note 3; Enum\\Root of a real XP SP3 and XP x64",
    run: Run::Image(agrees),
};

fn agrees(survey: &Survey) -> Outcome {
    survey.hal.clone()?;
    let Some(file) = survey.loaded_hal() else {
        return Ok(Vec::new());
    };
    let Some(hal) = file.identity.known() else {
        return Ok(Vec::new());
    };
    let mut found = Vec::new();
    for registry in survey.registry.clone()? {
        let [computer] = registry.computers.as_slice() else {
            continue;
        };
        let differences = match hal {
            Hal::X86(kind) => x86_differences(kind, computer),
            Hal::X64 => x64_differences(computer),
        };
        if !differences.is_empty() {
            let message = format!(
                "`{}` is {hal}, and {} says otherwise: {}",
                file.path,
                registry.control_set,
                differences.join(", ")
            );
            let pieces = evidence(computer);
            let pieces = pieces.into_iter().chain(file.evidence.iter().cloned());
            found.push(Found::warning(message).with(pieces));
        }
    }
    Ok(found)
}

fn x86_differences(kind: HalType, computer: &Computer) -> Vec<String> {
    let mut differences = Vec::new();
    let id = computer.hardware_ids.first();
    for (name, value, wanted) in [
        ("HardwareID", id, Some(kind.id())),
        (
            "MatchingDeviceId",
            computer.matching_id.as_ref(),
            Some(kind.id()),
        ),
        ("InfSection", computer.section.as_ref(), kind.section()),
    ] {
        let (Some(value), Some(wanted)) = (value, wanted) else {
            continue;
        };
        if !value.eq_ignore_ascii_case(wanted) {
            differences.push(format!("{name} is `{value}`"));
        }
    }
    differences
}

fn x64_differences(computer: &Computer) -> Vec<String> {
    let id = computer.hardware_ids.first().map(String::as_str);
    let (id, section) = match id.and_then(HalType::from_id) {
        Some(HalType::AcpiApicUp) => ("acpiapic_up", "ACPI_AMD64_UP_HAL"),
        Some(HalType::AcpiApicMp) => ("acpiapic_mp", "ACPI_AMD64_MP_HAL"),
        _ => return vec![format!("HardwareID is `{}`", id.unwrap_or_default())],
    };
    let mut differences = Vec::new();
    for (name, value, wanted) in [
        ("MatchingDeviceId", &computer.matching_id, id),
        ("InfSection", &computer.section, section),
    ] {
        match value {
            Some(value) if !value.eq_ignore_ascii_case(wanted) => {
                differences.push(format!("{name} is `{value}`"));
            }
            _ => {}
        }
    }
    differences
}

/// The class that an x64 installation is of: its HAL does not say it, its
/// kernel does, else the registry.
pub(crate) fn class_of_x64(survey: &Survey) -> Option<HalType> {
    let kernels = survey.loaded_kernels().into_iter();
    let kernel = { kernels }.find_map(|file| file.identity.known());
    match kernel.map(Kernel::processors) {
        Some(Processors::One) => Some(HalType::AcpiApicUp),
        Some(Processors::Several) => Some(HalType::AcpiApicMp),
        None => HalType::from_id(survey.default_registry()?.hardware_id()?),
    }
}

pub(super) const ACPI_TREE: Check = Check {
    name: "acpi-tree",
    severity: Severity::Warning,
    applies: Applies::Nt5,
    title: "the device tree is of the same kind as the HAL: with ACPI or without",
    why: "ACPI and other computers have different device trees in the registry; a HAL of one kind \
          with the tree of the other does not find its boot disk. That is why Microsoft says never \
          to change from one to the other",
    remedy: "put the HAL back that Windows was installed with; there is no way between the two but \
             to install Windows again",
    source: "deploy.chm of XP SP3, h_multiproc.htm; Services\\ACPI of a real XP SP3 and XP x64",
    run: Run::Image(acpi_tree),
};

fn acpi_tree(survey: &Survey) -> Outcome {
    survey.hal.clone()?;
    let hal = survey.loaded_hal().and_then(|file| file.identity.known());
    let wants_acpi = match hal {
        Some(Hal::X86(HalType::SysproMp | HalType::SgiMp)) | None => return Ok(Vec::new()),
        Some(Hal::X86(kind)) => kind.is_acpi(),
        Some(Hal::X64) => true,
    };
    let mut found = Vec::new();
    for registry in survey.registry.clone()? {
        let RegistryHal {
            control_set,
            acpi_tree,
            acpi_start,
            ..
        } = registry;
        let pieces = [
            Evidence::new(
                EvidenceKind::Registry,
                format_args!("SYSTEM\\{control_set}\\Enum\\ACPI_HAL"),
                if acpi_tree {
                    "is there"
                } else {
                    "is not there"
                },
                SEEN,
            ),
            Evidence::new(
                EvidenceKind::Registry,
                format_args!("SYSTEM\\{control_set}\\Services\\ACPI\\Start"),
                acpi_start.map_or_else(|| "is not there".to_owned(), |start| start.to_string()),
                SEEN,
            ),
        ];
        let message = match (wants_acpi, acpi_tree, acpi_start) {
            (true, true, Some(0)) => continue,
            (false, false, _) => continue,
            (true, _, start) if start != Some(0) => format!(
                "the HAL is one with ACPI, and {control_set} does not start the ACPI driver at boot"
            ),
            (true, _, _) => format!(
                "the HAL is one with ACPI, and {control_set} has the device tree of one without"
            ),
            (false, _, _) => format!(
                "the HAL is one without ACPI, and {control_set} has the device tree of one with it"
            ),
        };
        found.push(Found::warning(message).with(pieces));
    }
    Ok(found)
}

pub(super) const SETUP_LOG: Check = Check {
    name: "setup-log",
    severity: Severity::Note,
    applies: Applies::Nt5X86,
    title: "HAL and kernel are those that Setup installed",
    why: "Setup notes in repair\\setup.log which file of its media it installed as hal.dll; where \
          the file is another now, the HAL was changed later, by mini-setup, Plug and Play or by \
          hand",
    remedy: "nothing has to be done: it explains how the image came to its HAL",
    source: "descriptions of repair\\setup.log (itprotoday, bucarotechelp)",
    run: Run::Image(setup_log),
};

fn setup_log(survey: &Survey) -> Outcome {
    let Some(log) = survey.setup_log.clone()? else {
        return Ok(Vec::new());
    };
    let hal = match survey.hal.clone()?.and_then(|file| file.identity.known()) {
        Some(Hal::X86(kind)) => Some(kind.media_name()),
        _ => None,
    };
    let kernel = survey.ntoskrnl.clone()?;
    let kernel = kernel.and_then(|file| file.identity.known());
    let kernel = kernel.map(Kernel::media_name);
    let mut found = Vec::new();
    for (installed, name, now) in [
        ("hal.dll", log.hal, hal),
        ("ntoskrnl.exe", log.ntoskrnl, kernel),
    ] {
        let (Some(name), Some(now)) = (name, now) else {
            continue;
        };
        if !name.eq_ignore_ascii_case(now) {
            let message = format!("Setup installed `{name}` as {installed}, which is {now} now");
            found.push(Found::note(message).with([Evidence::new(
                EvidenceKind::SetupLog,
                format_args!("{}\\repair\\setup.log", survey.facts.windows),
                format_args!("{installed} = {name}"),
                "descriptions of repair\\setup.log",
            )]));
        }
    }
    Ok(found)
}
