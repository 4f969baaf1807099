//! The verdict on an image and a computer.

use wimwright_servicing::plan::Certainty;
use wimwright_servicing::{Architecture, Generation};

use super::Finding;
use super::checks::{HAL_CLASS, class_of_x64, missing_for};
use crate::computer::{Confidence, Machine, Target};
use crate::decision::{Decision, StopCode, Verdict, decide, decide_x64};
use crate::evidence::{Evidence, EvidenceKind};
use crate::identity::{Hal, Identity};
use crate::kind::HalType;
use crate::survey::Survey;
use crate::sysprep_inf;
use crate::system::MiniSetup;

/// What becomes of an image on a computer, and why.
#[derive(Clone, Debug)]
pub struct TargetVerdict {
    /// The computer.
    pub target: String,
    /// The HAL class that it needs; `None` where too little is known.
    pub hal: Option<HalType>,
    /// How sure that class is.
    pub confidence: Option<Confidence>,
    /// What becomes of the image there.
    pub verdict: Verdict,
    /// The check that decides it.
    pub check: &'static str,
    /// The stop code to expect, where one is known.
    pub stop_code: Option<StopCode>,
    /// Whether Microsoft supports this HAL there; `None` where there is no
    /// verdict, or where something else keeps it from booting.
    pub supported: Option<bool>,
    /// Why, in plain words.
    pub reason: String,
    /// What to do about it.
    pub remedy: Option<String>,
    /// What it rests on: what is installed (all of that stands with
    /// [`Installed`](super::Installed)), what the computer's class was worked out
    /// from, and what else decides it.
    pub evidence: Vec<Evidence>,
    /// What is not sure of the computer.
    pub notes: Vec<String>,
    /// What Windows does there about its HAL by itself.
    pub by_itself: Option<String>,
    /// Where the rule stands.
    pub source: &'static str,
    /// How sure the rule is.
    pub certainty: Certainty,
}

/// What Microsoft says of Vista and later.
const LATER: &str = "Windows Vista and later choose their HAL at boot: the image is not bound to a \
                     kind of computer, but needs ACPI";
const LATER_SOURCE: &str = "Geoff Chappell, \"Boot Options: detecthal, hal, kernel\"";

/// The class of the HAL that is loaded.
pub(super) fn installed_class(survey: &Survey) -> Option<HalType> {
    match survey.loaded_hal()?.identity.known()? {
        Hal::X86(kind) => Some(kind),
        Hal::X64 => class_of_x64(survey),
    }
}

pub(super) fn verdict(
    survey: &Survey,
    target: &Target,
    image_findings: &[Finding],
    target_findings: &[Finding],
) -> TargetVerdict {
    let blank = TargetVerdict {
        target: target.name.clone(),
        hal: target.hal,
        confidence: target.confidence,
        verdict: Verdict::Unknown,
        check: HAL_CLASS,
        stop_code: None,
        supported: None,
        reason: String::new(),
        remedy: None,
        evidence: installed_evidence(survey)
            .into_iter()
            .chain(target.inputs.iter().cloned())
            .collect(),
        notes: target.notes.clone(),
        by_itself: None,
        source: "nothing decides it",
        certainty: Certainty::Inferred,
    };
    let found = image_findings.iter().chain(target_findings);
    if let Some(finding) = { found }.find(|finding| finding.prevents_boot) {
        let evidence = finding.evidence.iter().chain(&target.inputs);
        return TargetVerdict {
            verdict: Verdict::WillNotBoot,
            check: finding.check,
            stop_code: finding.stop_code,
            supported: None,
            reason: finding.message.clone(),
            remedy: Some(finding.remedy.clone()),
            evidence: evidence.cloned().collect(),
            source: finding.source,
            certainty: Certainty::Stated,
            ..blank
        };
    }
    if survey.facts.generation != Generation::Nt5 {
        return TargetVerdict {
            verdict: Verdict::NotImageBound,
            supported: Some(true),
            reason: LATER.to_owned(),
            source: LATER_SOURCE,
            certainty: Certainty::Stated,
            ..blank
        };
    }
    let Some(installed) = installed_class(survey) else {
        return TargetVerdict {
            reason: why_unknown(survey),
            ..blank
        };
    };
    let Some(class) = target.hal else {
        return TargetVerdict {
            reason: "the HAL class of the computer is not known".to_owned(),
            ..blank
        };
    };
    let decision = match survey.facts.architecture {
        Architecture::X86 => decide(installed, class),
        Architecture::Amd64 => decide_x64(installed, class),
        _ => {
            return TargetVerdict {
                reason: format!("nothing is known of HALs of {}", survey.facts.architecture),
                ..blank
            };
        }
    };
    let needed = decision.verdict == Verdict::NeedsHalSwitch;
    let to = decision.switch_to.filter(|_| needed);
    TargetVerdict {
        by_itself: to.and_then(|to| by_itself(survey, to)),
        verdict: decision.verdict,
        stop_code: decision.stop_code,
        supported: Some(decision.supported),
        reason: decision.reason.to_owned(),
        remedy: remedy(survey, installed, target, class, &decision),
        source: decision.source,
        certainty: decision.certainty,
        ..blank
    }
}

/// What is installed, in one piece.
fn installed_evidence(survey: &Survey) -> Option<Evidence> {
    let file = survey.loaded_hal()?;
    let hal = file.identity.known()?;
    let version = file.version.map(|version| format!(", {version}"));
    let kernels = survey.loaded_kernels().into_iter();
    let kernels: Vec<&str> = kernels
        .filter_map(|file| Some(file.identity.known()?.media_name()))
        .collect();
    let kernels = match kernels.as_slice() {
        [] => String::new(),
        some => format!("; kernels {}", some.join(", ")),
    };
    Some(Evidence::new(
        EvidenceKind::File,
        &file.path,
        format_args!("{hal}{}{kernels}", version.unwrap_or_default()),
        "what the files say of themselves",
    ))
}

fn why_unknown(survey: &Survey) -> String {
    match survey.loaded_hal().map(|file| &file.identity) {
        None => "the HAL of the image cannot be read".to_owned(),
        Some(Identity::Ambiguous(_)) => {
            "what the HAL of the image is cannot be told: its parts contradict each other"
                .to_owned()
        }
        Some(_) => "what the HAL of the image is cannot be told".to_owned(),
    }
}

/// What to do, in the state that the image is in.
fn remedy(
    survey: &Survey,
    installed: HalType,
    target: &Target,
    class: HalType,
    decision: &Decision,
) -> Option<String> {
    // A virtual machine can be another kind of computer.
    let one_make = matches!(installed, HalType::SysproMp | HalType::SgiMp);
    let settings = match target.machine {
        Machine::Virtual(_) if !one_make => format!(
            "set the virtual machine to what the HAL needs ({}), or ",
            installed.settings()
        ),
        _ => String::new(),
    };
    let x64 = survey.facts.architecture != Architecture::X86;
    match (decision.verdict, decision.switch_to) {
        (Verdict::NeedsHalSwitch, Some(to)) => Some(switch(survey, to)),
        (Verdict::Boots, Some(to)) => {
            Some(format!("not needed; for speed: {}", switch(survey, to)))
        }
        (Verdict::WillNotBoot, _) if x64 => Some(
            "switch ACPI and the I/O APIC on in the settings of firmware or virtual machine, or \
             use a 32-bit image: 64-bit Windows has no other HAL"
                .to_owned(),
        ),
        (Verdict::BootsDegraded | Verdict::WillNotBoot, _) => Some(format!(
            "{settings}use an image that was made on a computer with the HAL {class} ({}): Microsoft supports \
             no switch from {installed} to it",
            class.description()
        )),
        _ => None,
    }
}

/// Whether Windows switches by itself: XP and Server 2003 do where they see
/// several processors (KB 309283, note 3), 2000 does not.
fn by_itself(survey: &Survey, to: HalType) -> Option<String> {
    let facts = &survey.facts;
    let does = facts.version.minor >= 1 && facts.architecture == Architecture::X86;
    let cache = survey.cache.as_ref().ok().filter(|_| does)?;
    let missing = missing_for(survey, cache, to);
    Some(match missing.as_slice() {
        [] => "XP and Server 2003 switch by themselves when they first start there, with files of \
               the driver cache; `hal set` only spares them that"
            .to_owned(),
        some => format!(
            "XP and Server 2003 would switch by themselves when they first start there, but the \
             driver cache lacks {}: they ask for the CD",
            some.join(", ")
        ),
    })
}

/// How to switch to the other HAL of the pair.
fn switch(survey: &Survey, to: HalType) -> String {
    let set = format!("`wimwright hal set IMAGE {to}`");
    let setup = survey.system.as_ref().ok();
    let waits = setup.is_some_and(|system| system.setup.mini_setup() == MiniSetup::Waits);
    let line = sysprep_inf::line(to).filter(|_| waits);
    let Some(line) = line.filter(|_| survey.facts.architecture == Architecture::X86) else {
        return set;
    };
    let inf = survey.sysprep_inf.as_ref().ok().and_then(Option::as_ref);
    let given = inf.is_some_and(|inf| {
        let values = [&inf.update_hal, &inf.update_up_hal].into_iter().flatten();
        { values }.any(|value| sysprep_inf::id_of(value).eq_ignore_ascii_case(to.id()))
    });
    match given {
        true => "nothing: sysprep.inf has the line that makes mini-setup switch".to_owned(),
        false => format!("in [Unattended] of Sysprep\\sysprep.inf: {line} ; or {set}"),
    }
}
