//! Whether the registry can be believed.

use wimwright_servicing::registry::Condition;

use crate::audit::check::{Applies, Check, Found, Outcome, Run, Severity};
use crate::evidence::{Evidence, EvidenceKind};
use crate::survey::Survey;

const SOURCE: &str = "the registry's sequence numbers and logs";

pub(super) const HIVE_HEALTH: Check = Check {
    name: "hive-health",
    severity: Severity::Warning,
    applies: Applies::All,
    title: "the registry hives were closed cleanly",
    why: "a hive that was being written when the image was taken lacks its last changes, so that \
          what is read in it may be old",
    remedy: "boot the image once, shut it down cleanly and take it again",
    source: SOURCE,
    run: Run::Image(hive_health),
};

fn hive_health(survey: &Survey) -> Outcome {
    let mut found = Vec::new();
    for (hive, condition) in &survey.hives {
        let piece = |value: &str| Evidence::new(EvidenceKind::Registry, hive, value, SOURCE);
        match condition.clone()? {
            Some(Condition::Replayed(applied)) => found.push(
                Found::note(format!(
                    "hive {hive} was not closed cleanly; its log holds what is missing"
                ))
                .with([piece(&applied)]),
            ),
            Some(Condition::Unrecovered(reason)) => found.push(
                Found::warning(format!(
                    "hive {hive} was not closed cleanly and its last changes are lost"
                ))
                .with([piece(&reason)]),
            ),
            Some(Condition::Clean) | None => {}
        }
    }
    Ok(found)
}

pub(super) const CONTROL_SETS: Check = Check {
    name: "control-sets",
    severity: Severity::Warning,
    applies: Applies::All,
    title: "the next boot takes the control set that the last one took",
    why: "services and drivers are told twice in the registry; where the next boot takes another \
          set than the last, it may start with other drivers than the image ran with",
    remedy: "boot the image once and take it again; wimwright writes to both sets",
    source: "SYSTEM\\Select of real installations",
    run: Run::Image(control_sets),
};

fn control_sets(survey: &Survey) -> Outcome {
    let sets = &survey.facts.control_sets;
    let mut found = Vec::new();
    if let [default, current] = sets.targets().as_slice() {
        let message =
            format!("the next boot takes {default}, the last one took {current}: both are judged");
        found.push(Found::warning(message).with([Evidence::new(
            EvidenceKind::Registry,
            "SYSTEM\\Select",
            format_args!("Default {default}, Current {current}"),
            SOURCE,
        )]));
    }
    if let Some(failed) = sets.failed {
        let message = format!("a boot with {failed} failed before the image was taken");
        found.push(Found::note(message).with([Evidence::new(
            EvidenceKind::Registry,
            "SYSTEM\\Select",
            format_args!("Failed {failed}"),
            SOURCE,
        )]));
    }
    Ok(found)
}
