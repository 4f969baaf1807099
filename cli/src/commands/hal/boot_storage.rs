//! Whether the boot disk is reached, joined to the audit of a HAL: the checks
//! of `boot predict`, of which the crate for HALs knows nothing.

use wimwright_drivers::boot_path::{
    BootPath, BootPathOptions, CHECKS, Obstacle, Verdict, boot_path,
};
use wimwright_hal::audit::check::Severity;
use wimwright_hal::{Audit, Evidence, EvidenceKind, Finding, StopCode};
use wimwright_servicing::Draft;

use super::target::Computer;
use crate::commands::boot_predict::commands;

/// What the audit's own checks say of the same, with the stop code.
const SAID_BY_THE_AUDIT: &str = "boot-acpi";
/// Found where a file tells of no controller, as most of those do that say
/// which HAL a computer needs.
const NO_CONTROLLER: &str = "boot-controller";
const SOURCE: &str = "the way to the boot disk, as `boot predict` walks it";

/// Adds to an audit what keeps the image from its boot disk on the computers,
/// which stand in the order of the verdicts.
pub(super) fn join(
    draft: &Draft,
    image: &str,
    computers: &[Computer],
    skip: &[String],
    audit: &mut Audit,
) {
    for (number, computer) in computers.iter().enumerate() {
        let Some(hardware) = &computer.hardware else {
            continue;
        };
        let name = computer.target.name.as_str();
        let path = match boot_path(draft, hardware, &BootPathOptions::default()) {
            Ok(path) => path,
            Err(error) => {
                audit.join(number, unchecked(name, &error));
                continue;
            }
        };
        if path.controllers.is_empty()
            && let Some(verdict) = audit.targets.get_mut(number)
        {
            verdict.notes.push(
                "its file names no storage controller: whether the boot disk is reached is not \
                 judged"
                    .to_owned(),
            );
        }
        if let Some((verdict, reason)) = decisive(&path, skip) {
            audit.join(number, finding(image, name, &path, verdict, reason));
        }
    }
}

/// What the way comes to without the checks that are left out, and the obstacle
/// that makes it so.
fn decisive<'p>(path: &'p BootPath, skip: &[String]) -> Option<(Verdict, &'p Obstacle)> {
    let counts = |obstacle: &&Obstacle| {
        let name = obstacle.check.name;
        let skipped = skip.iter().any(|skipped| skipped == name);
        !skipped && name != SAID_BY_THE_AUDIT && name != NO_CONTROLLER
    };
    if path.controllers.is_empty() {
        let reason = path.reason.as_ref().filter(counts);
        return reason.map(|reason| (path.verdict, reason));
    }
    let ways: Vec<Option<&Obstacle>> = path
        .controllers
        .iter()
        .map(|controller| {
            let left = controller.obstacles.iter().filter(counts);
            // Of the gravest the first: a boot meets it first.
            left.rev().max_by_key(|obstacle| obstacle.verdict)
        })
        .collect();
    let gravest = ways
        .iter()
        .rev()
        .flatten()
        .max_by_key(|obstacle| obstacle.verdict)?;
    // Where one way is free, it depends on which controller has the disk.
    let verdict = match ways.iter().all(Option::is_some) {
        true => gravest.verdict,
        false => Verdict::Unknown,
    };
    Some((verdict, gravest))
}

fn finding(
    image: &str,
    target: &str,
    path: &BootPath,
    verdict: Verdict,
    reason: &Obstacle,
) -> Finding {
    let prevents_boot = matches!(verdict, Verdict::Stop7b | Verdict::WillNotStart);
    let controllers = path.controllers.iter().map(|controller| {
        let why = controller.reason().map(|reason| reason.message.as_str());
        Evidence::new(
            EvidenceKind::Hardware,
            &controller.id,
            why.unwrap_or("the disk is reached through it"),
            SOURCE,
        )
    });
    let remedy = match commands(image, &reason.mends).as_slice() {
        [] => "`wimwright boot predict` shows the whole way".to_owned(),
        some => some.join(" ; "),
    };
    Finding {
        check: reason.check.name,
        severity: match prevents_boot {
            true => Severity::Error,
            false => Severity::Warning,
        },
        message: match verdict {
            Verdict::Stop7b => format!("the boot disk is not reached: {}", reason.message),
            _ => reason.message.clone(),
        },
        evidence: controllers.collect(),
        remedy,
        source: SOURCE,
        stop_code: match verdict {
            Verdict::Stop7b => Some(StopCode::INACCESSIBLE_BOOT_DEVICE),
            _ => None,
        },
        prevents_boot,
        target: Some(target.to_owned()),
    }
}

/// That the way to the disk could not be looked at.
fn unchecked(target: &str, error: &wimwright_drivers::Error) -> Finding {
    let check = CHECKS.first().map_or("boot-firmware", |check| check.name);
    Finding {
        check,
        severity: Severity::Warning,
        message: format!("the way to the boot disk could not be checked: {error}"),
        evidence: Vec::new(),
        remedy: "`wimwright boot predict` says more".to_owned(),
        source: SOURCE,
        stop_code: None,
        prevents_boot: false,
        target: Some(target.to_owned()),
    }
}
