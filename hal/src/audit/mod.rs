//! The audit: what is installed, whether it is of one piece, and what becomes
//! of it on which computer.
//!
//! All checks are data ([`CHECKS`]); each can be listed, explained and left out
//! by name. What other crates know of a computer, such as whether its boot disk
//! is reached, is joined by name ([`Audit::join`]), so that no crate has to know
//! another.

pub mod check;
mod checks;
mod verdict;

use std::sync::Arc;

use wimwright_servicing::{Draft, ImageFacts};

use check::{Found, Outcome, Run, Severity};
pub(crate) use checks::class_of_x64;
pub use checks::{CHECKS, HAL_CLASS, find};
pub use verdict::TargetVerdict;

use crate::computer::Target;
use crate::decision::{StopCode, Verdict};
use crate::evidence::Evidence;
use crate::identity::Hal;
use crate::kind::{HalType, Kernel};
use crate::level::Level;
use crate::survey::Survey;

/// What stands between that which keeps Windows from starting and what is so of
/// its HAL besides.
pub const THEN: &str = "; and once that is mended: ";

/// Checks whose findings say that the installed files and the registry are not
/// of one piece.
const OF_ONE_PIECE: [&str; 12] = [
    "boot-ini-override",
    "hal-identity",
    "kernel-identity",
    "file-machine",
    "kernel-kind",
    "kernels-agree",
    "checked-build",
    "level",
    "service-pack",
    "computer-device",
    "registry-agrees",
    "acpi-tree",
];

/// What is odd about an image, or about it on a computer.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The check that found it.
    pub check: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// What was found, in plain words.
    pub message: String,
    /// What it rests on.
    pub evidence: Vec<Evidence>,
    /// What to do about it.
    pub remedy: String,
    /// Where that is said.
    pub source: &'static str,
    /// The stop code to expect.
    pub stop_code: Option<StopCode>,
    /// Whether it keeps Windows from starting.
    pub prevents_boot: bool,
    /// The computer that it is about; `None` for the image itself.
    pub target: Option<String>,
}

/// What an image has installed.
#[derive(Clone, Debug, Default)]
pub struct Installed {
    /// The class of its HAL; `None` where it cannot be told, and from Vista on.
    pub hal: Option<HalType>,
    /// The HAL file as its media names it.
    pub hal_file: Option<&'static str>,
    /// The kernel.
    pub kernel: Option<Kernel>,
    /// The kernel for PAE.
    pub pae_kernel: Option<Kernel>,
    /// The level of the kernel, else that of the HAL.
    pub level: Option<Level>,
    /// Whether HAL, kernels and registry are of one piece.
    pub consistent: bool,
    /// What that rests on.
    pub evidence: Vec<Evidence>,
}

/// What the audit of an image gave.
#[derive(Clone, Debug)]
pub struct Audit {
    /// What the image is.
    pub facts: Arc<ImageFacts>,
    /// What it has installed.
    pub installed: Installed,
    /// The verdicts, in the order of the targets; empty where the check that
    /// gives them was left out.
    pub targets: Vec<TargetVerdict>,
    /// What is odd, in the order of the checks.
    pub findings: Vec<Finding>,
}

/// Audits an image against computers. Checks that `skip` names are left out.
///
/// What cannot be read is a finding of every check that needs it.
pub fn audit<S: AsRef<str>>(draft: &Draft, targets: &[Target], skip: &[S]) -> Audit {
    let survey = Survey::of(draft);
    let facts = &survey.facts;
    let run = |name: &str| !skip.iter().any(|skipped| skipped.as_ref() == name);
    let checks = CHECKS.iter();
    let checks = checks.filter(|check| check.applies.to(facts) && run(check.name));

    let mut findings = Vec::new();
    for check in checks.clone() {
        if let Run::Image(check_image) = check.run {
            collect(check, check_image(&survey), None, &mut findings);
        }
    }
    let mut verdicts = Vec::new();
    let mut of_targets = Vec::new();
    for target in targets {
        let mut own = Vec::new();
        for check in checks.clone() {
            if let Run::Target(check_target) = check.run {
                let name = Some(target.name.as_str());
                collect(check, check_target(&survey, target), name, &mut own);
            }
        }
        if run(HAL_CLASS) {
            verdicts.push(verdict::verdict(&survey, target, &findings, &own));
        }
        of_targets.append(&mut own);
    }
    let consistent = !findings
        .iter()
        .any(|finding| finding.severity > Severity::Note && OF_ONE_PIECE.contains(&finding.check));
    findings.append(&mut of_targets);
    Audit {
        installed: installed(&survey, consistent),
        facts: survey.facts,
        targets: verdicts,
        findings,
    }
}

fn collect(
    check: &check::Check,
    outcome: Outcome,
    target: Option<&str>,
    findings: &mut Vec<Finding>,
) {
    let found = outcome.unwrap_or_else(|unreadable| {
        vec![Found::warning(format!(
            "could not be checked: {unreadable}"
        ))]
    });
    findings.extend(found.into_iter().map(|found| Finding {
        check: check.name,
        severity: found.severity,
        message: found.message,
        evidence: found.evidence,
        remedy: found.remedy.unwrap_or_else(|| check.remedy.to_owned()),
        source: check.source,
        stop_code: found.stop_code,
        prevents_boot: found.prevents_boot,
        target: target.map(str::to_owned),
    }));
}

fn installed(survey: &Survey, consistent: bool) -> Installed {
    if !check::Applies::Nt5.to(&survey.facts) {
        return Installed {
            consistent,
            ..Installed::default()
        };
    }
    let hal = survey.loaded_hal();
    let mut installed = Installed {
        hal: verdict::installed_class(survey),
        consistent,
        ..Installed::default()
    };
    if let Some(file) = hal {
        installed.hal_file = file.identity.known().map(|hal| match hal {
            Hal::X86(kind) => kind.media_name(),
            Hal::X64 => "hal.dll",
        });
        installed.level = file.version.map(Level::of);
        installed.evidence.extend(file.evidence.iter().cloned());
    }
    for file in survey.loaded_kernels() {
        let Some(kernel) = file.identity.known() else {
            continue;
        };
        match kernel.is_pae() {
            true => installed.pae_kernel = Some(kernel),
            false => installed.kernel = Some(kernel),
        }
        if let (false, Some(version)) = (kernel.is_pae(), file.version) {
            installed.level = Some(Level::of(version));
        }
        installed.evidence.extend(file.evidence.iter().cloned());
    }
    installed.evidence.extend(checks::all_evidence(survey));
    installed
}

impl Audit {
    /// Adds what somebody else found about the image on one of the targets, by
    /// its number. What keeps Windows from starting changes the verdict; where
    /// that was not that it boots as it should, both reasons stand.
    pub fn join(&mut self, target: usize, finding: Finding) {
        if let Some(verdict) = self.targets.get_mut(target)
            && finding.prevents_boot
        {
            let before = verdict.verdict;
            verdict.reason = match before {
                Verdict::WillNotBoot => format!("{}; and {}", verdict.reason, finding.message),
                Verdict::NeedsHalSwitch | Verdict::BootsDegraded => {
                    format!("{}{THEN}{}", finding.message, verdict.reason)
                }
                _ => finding.message.clone(),
            };
            if before != Verdict::WillNotBoot {
                let then = verdict.remedy.take();
                let then = then.filter(|_| before == Verdict::NeedsHalSwitch);
                let then = then.map(|then| format!(" ; then {then}"));
                verdict.remedy = Some(format!("{}{}", finding.remedy, then.unwrap_or_default()));
                verdict.verdict = Verdict::WillNotBoot;
                verdict.check = finding.check;
                verdict.stop_code = finding.stop_code;
                verdict.supported = None;
                verdict.by_itself = None;
                verdict.source = finding.source;
            }
            verdict.evidence.extend(finding.evidence.iter().cloned());
        }
        self.findings.push(finding);
    }

    /// Whether there is nothing that has to be looked at: no warning or error,
    /// and every verdict one of an image that boots as it should.
    pub fn is_clean(&self) -> bool {
        let mut findings = self.findings.iter();
        let mut targets = self.targets.iter();
        findings.all(|finding| finding.severity == Severity::Note)
            && targets
                .all(|target| matches!(target.verdict, Verdict::Boots | Verdict::NotImageBound))
    }
}
