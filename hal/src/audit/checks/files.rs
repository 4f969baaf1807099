//! What HAL and kernels are.

use wimwright_servicing::Architecture;
use wimwright_servicing::pe::Machine;

use crate::audit::check::{Applies, Check, Found, Outcome, Run, Severity};
use crate::evidence::{Evidence, EvidenceKind};
use crate::identity::Identity;
use crate::survey::Survey;

const SEEN: &str = "read in the HALs and kernels of XP SP1, XP SP3 and XP x64";

pub(super) const HAL_IDENTITY: Check = Check {
    name: "hal-identity",
    severity: Severity::Error,
    applies: Applies::Nt5,
    title: "what hal.dll is can be told, and nothing in it contradicts that",
    why: "every HAL is installed as hal.dll; which one it is stands in its version resource, its \
          symbol file's name, its strings and its time stamp. Where these disagree, the file was \
          patched or put together, and nothing about it is sure",
    remedy: "replace hal.dll with an untouched one of the same level, from the driver cache of the \
             image or from media of its service pack",
    source: SEEN,
    run: Run::Image(hal_identity),
};

fn hal_identity(survey: &Survey) -> Outcome {
    if let Some((_, None)) = survey.overrides.clone()?.hal {
        // The file that is loaded is not there: another check says so.
        return Ok(Vec::new());
    }
    survey.hal.clone()?;
    let Some(hal) = survey.loaded_hal() else {
        let place = Evidence::new(
            EvidenceKind::File,
            format_args!("{}\\System32\\hal.dll", survey.facts.windows),
            "is not there",
            SEEN,
        );
        let missing = Found::error("there is no hal.dll: Windows does not start without it");
        return Ok(vec![missing.with([place]).stops(None)]);
    };
    let evidence = hal.evidence.clone();
    Ok(match &hal.identity {
        Identity::Known(_) if hal.kinds_of_evidence < 2 => vec![
            Found::warning(format!(
                "what `{}` is rests on one kind of evidence alone",
                hal.path
            ))
            .with(evidence),
        ],
        Identity::Known(_) => Vec::new(),
        Identity::Ambiguous(several) => {
            let names: Vec<String> = several.iter().map(ToString::to_string).collect();
            vec![
                Found::error(format!(
                    "`{}` contradicts itself: it may be {}",
                    hal.path,
                    names.join(" or ")
                ))
                .with(evidence),
            ]
        }
        Identity::Unknown => {
            vec![Found::error(format!("what `{}` is cannot be told", hal.path)).with(evidence)]
        }
    })
}

pub(super) const KERNEL_IDENTITY: Check = Check {
    name: "kernel-identity",
    severity: Severity::Error,
    applies: Applies::Nt5,
    title: "what the kernels are can be told, and nothing in them contradicts that",
    why: "the kernels for one processor and for several are installed under the same names; which \
          ones they are stands inside of them",
    remedy: "replace the kernels with untouched ones of the same level",
    source: SEEN,
    run: Run::Image(kernel_identity),
};

fn kernel_identity(survey: &Survey) -> Outcome {
    let overridden = survey.overrides.clone()?.kernel.is_some();
    let mut found = Vec::new();
    if !overridden && survey.ntoskrnl.clone()?.is_none() {
        let place = Evidence::new(
            EvidenceKind::File,
            format_args!("{}\\System32\\ntoskrnl.exe", survey.facts.windows),
            "is not there",
            SEEN,
        );
        let missing = Found::error("there is no ntoskrnl.exe: Windows does not start without it");
        found.push(missing.with([place]).stops(None));
    }
    survey.ntkrnlpa.clone()?;
    for kernel in survey.loaded_kernels() {
        let message = match &kernel.identity {
            Identity::Known(_) => continue,
            Identity::Ambiguous(several) => {
                let names: Vec<&str> = several.iter().map(|kernel| kernel.media_name()).collect();
                format!(
                    "`{}` contradicts itself: it may be {}",
                    kernel.path,
                    names.join(" or ")
                )
            }
            Identity::Unknown => format!("what `{}` is cannot be told", kernel.path),
        };
        found.push(Found::error(message).with(kernel.evidence.clone()));
    }
    Ok(found)
}

pub(super) const MACHINE: Check = Check {
    name: "file-machine",
    severity: Severity::Error,
    applies: Applies::Nt5,
    title: "HAL and kernels are for the processors that this Windows is for",
    why: "a 32-bit HAL in a 64-bit Windows, or the other way round, is not loaded",
    remedy: "replace the file with the one of this Windows",
    source: "PE Format: the field Machine",
    run: Run::Image(machine),
};

fn machine(survey: &Survey) -> Outcome {
    let wanted = match survey.facts.architecture {
        Architecture::X86 => Machine::X86,
        Architecture::Amd64 => Machine::Amd64,
        _ => return Ok(Vec::new()),
    };
    survey.hal.clone()?;
    let hal = survey.loaded_hal();
    let hal = hal.map(|file| (&file.path, file.machine));
    let kernels = survey.loaded_kernels().into_iter();
    let all = hal
        .into_iter()
        .chain(kernels.map(|file| (&file.path, file.machine)));
    let wrong = all.filter_map(|(path, machine)| {
        let machine = machine.filter(|machine| *machine != wanted)?;
        let message = format!("`{path}` is for {machine}, and this Windows is for {wanted}");
        let place = Evidence::new(EvidenceKind::File, path, machine, SEEN);
        Some(Found::error(message).with([place]).stops(None))
    });
    Ok(wrong.collect())
}

pub(super) const CHECKSUM: Check = Check {
    name: "hal-checksum",
    severity: Severity::Warning,
    applies: Applies::Nt5,
    title: "the checksum of the HAL is right",
    why: "all HALs of Windows carry a right checksum, and Windows refuses system files whose \
          checksum is wrong; a wrong one tells a file that was patched or is damaged",
    remedy: "replace the file with an untouched one of the same level",
    source: SEEN,
    run: Run::Image(checksum),
};

fn checksum(survey: &Survey) -> Outcome {
    survey.hal.clone()?;
    let Some(hal) = survey.loaded_hal() else {
        return Ok(Vec::new());
    };
    let Some(sum) = hal.checksum.filter(|sum| !sum.is_right()) else {
        return Ok(Vec::new());
    };
    let value = format!("stored {:08x}, computed {:08x}", sum.stored, sum.computed);
    let place = Evidence::new(EvidenceKind::File, &hal.path, value, SEEN);
    let message = format!("the checksum of `{}` is wrong: it was patched", hal.path);
    Ok(vec![Found::warning(message).with([place])])
}
