//! Staging for Windows 2000, XP and Server 2003: `\Sysprep\sysprep.inf`, which
//! mini-setup reads.

use wimwright_servicing::{Architecture, Draft, FileTree as _, ImagePath};

use super::{MassStorage, PLACED, StageError, Staging, holds, note, warn};
use crate::generalize::answer_file::sysprep_inf::with_line;
use crate::generalize::answer_file::{MAX_LEN, SealedAnswers, stated_path, utf16};
use crate::generalize::look::named;
use crate::generalize::{State, Verdict};
use crate::identity::Hal;
use crate::kind::HalType;
use crate::survey::Survey;
use crate::sysprep_inf::line;

pub(super) fn stage(
    staging: &mut Staging<'_>,
    draft: &mut Draft,
    state: &State,
) -> Result<(), StageError> {
    let options = staging.options;
    if options.arm_audit {
        return Err(StageError::AuditNt5);
    }
    let path = ImagePath::parse("Sysprep\\sysprep.inf")?;
    let old = draft.read(&path, MAX_LEN)?;
    let (name, given) = match &options.answer_file {
        Some(given) => (given.shown(), given.bytes()?),
        None => (path.to_string(), old.clone().unwrap_or_default()),
    };
    if looks_like_xml(&given) {
        return Err(StageError::OtherKind {
            name,
            found: "XML",
            expected: "sysprep.inf",
        });
    }
    let bytes = match options.hal {
        Some(to) => {
            let line = hal_line(draft, to)?;
            with_line(&given, "Unattended", &["UpdateHAL", "UpdateUPHAL"], &line)
        }
        None => given.clone(),
    };
    let answers = SealedAnswers::parse(&bytes);
    if answers.update_hal.is_some() && answers.update_up_hal.is_some() {
        return Err(StageError::BothHalLines { name });
    }
    // Only a file that somebody gave replaces another one.
    let differs = old.is_some() && !holds(draft, &path, &bytes)?;
    let own_line_only = match (&old, options.hal) {
        (Some(old), Some(to)) => {
            let line = line(to).unwrap_or_default();
            with_line(old, "Unattended", &["UpdateHAL", "UpdateUPHAL"], &line) == bytes
        }
        _ => false,
    };
    if differs && !own_line_only && !options.force {
        let passes = vec!["mini-setup".to_owned()];
        let path = path.to_string();
        return Err(StageError::Pending { path, passes });
    }
    tell(draft, &name, &answers, state);
    let secret = !answers.secrets.is_empty() || !answers.product_keys.is_empty();
    if state.verdict == Verdict::Generalized {
        staging.report.mass_storage = mass_storage(draft, &answers)?;
    }
    staging.report.passes.push("mini-setup".to_owned());
    match &options.answer_file {
        Some(source) if bytes == given => staging.put_given(draft, &path, source),
        _ if secret => staging.put_secret(draft, &path, bytes),
        _ => staging.put_made(draft, &path, bytes, &PLACED),
    }
}

/// The drivers of the section, each INF once.
fn mass_storage(draft: &Draft, answers: &SealedAnswers) -> Result<Vec<MassStorage>, StageError> {
    let mut all: Vec<MassStorage> = Vec::new();
    for (id, inf) in &answers.mass_storage {
        let known = { all.iter_mut() }.find(|known| known.inf.eq_ignore_ascii_case(inf));
        if let Some(known) = known {
            known.hardware_ids.push(id.clone());
            continue;
        }
        let path = match stated_path(draft.facts(), inf) {
            Some(path) if draft.has_file(&path)? => Some(path),
            _ => None,
        };
        all.push(MassStorage {
            inf: inf.clone(),
            path,
            hardware_ids: vec![id.clone()],
        });
    }
    Ok(all)
}

fn looks_like_xml(bytes: &[u8]) -> bool {
    let text = utf16(bytes).unwrap_or_else(|| String::from_utf8_lossy(bytes).into_owned());
    text.trim_start_matches('\u{feff}')
        .trim_start()
        .starts_with('<')
}

/// The line that has mini-setup switch to `to`, where it can.
fn hal_line(draft: &mut Draft, to: HalType) -> Result<String, StageError> {
    let refused = |reason: &str| StageError::Hal {
        to,
        reason: reason.to_owned(),
    };
    if draft.facts().architecture != Architecture::X86 {
        return Err(refused("only 32-bit Windows has one HAL of several"));
    }
    let line = line(to).ok_or_else(|| refused("there is no line for it"))?;
    let survey = Survey::of(draft);
    let installed = survey.loaded_hal().and_then(|file| file.identity.known());
    let Some(Hal::X86(installed)) = installed else {
        return Err(refused("which HAL is installed cannot be told"));
    };
    if installed == to {
        return Err(refused("it has that HAL already"));
    }
    if installed.partner() != Some(to) {
        return Err(refused(&format!(
            "it has {installed}, and a switch to {to} is not supported"
        )));
    }
    let cached = survey.cache.as_ref().is_ok_and(|places| !places.is_empty());
    if !cached {
        warn(
            draft,
            "no-driver-cache",
            "the image has no driver cache with the other HAL: mini-setup will ask for the media",
        );
    }
    Ok(line)
}

fn tell(draft: &mut Draft, name: &str, answers: &SealedAnswers, state: &State) {
    let unknown = answers.unknown_sections();
    if !unknown.is_empty() {
        let message = format!("`{name}`: nothing reads the sections {}", named(&unknown));
        warn(draft, "answer-file-section", message);
    }
    if !answers.secrets.is_empty() {
        let places = answers.secrets.iter().map(|secret| secret.place.as_str());
        let places: Vec<&str> = places.collect();
        let message = format!(
            "`{name}` holds passwords that whoever gets the image can read: {}",
            named(&places)
        );
        warn(draft, "answer-file-passwords", message);
    }
    if state.verdict != Verdict::Generalized {
        note(
            draft,
            "not-generalized",
            "the image is not sealed: mini-setup, which reads sysprep.inf, comes after sysprep.exe \
             was run inside Windows",
        );
    } else if !answers.mass_storage.is_empty() {
        note(
            draft,
            "mass-storage",
            "[SysprepMassStorage] is read by sysprep.exe, which has run in this image already: what \
             it would have done (CriticalDeviceDatabase, service, file) is written to the image \
             here instead, for the drivers that it holds",
        );
    }
}
