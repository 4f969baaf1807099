//! Staging for Vista and later.

use wimwright_servicing::plan::Change;
use wimwright_servicing::registry::{HiveName, KeyPath};
use wimwright_servicing::{Draft, ImagePath, Text};

use super::audit_mode;
use super::check::check;
use super::{StageError, Staging, holds, note};
use crate::generalize::answer_file::{
    self, AnswerFile, Pass, Place, Says, Unattend, XmlError, utf16,
};
use crate::generalize::look::Look;
use crate::generalize::{NextBoot, State};

pub(super) fn stage(
    staging: &mut Staging<'_>,
    draft: &mut Draft,
    state: &State,
) -> Result<(), StageError> {
    let options = staging.options;
    if options.hal.is_some() {
        return Err(StageError::HalLater);
    }
    let given = match (&options.answer_file, options.arm_audit) {
        (Some(given), _) => given,
        (None, true) => return Err(StageError::AuditAlone),
        (None, false) => return Err(StageError::Nothing),
    };
    let facts = std::sync::Arc::clone(draft.facts());
    let bytes = given.bytes()?;
    let name = given.shown();
    let file = Unattend::parse(&bytes).map_err(|source| match source {
        XmlError::Root { found } if found.is_empty() && is_inf(&bytes) => StageError::OtherKind {
            name: name.clone(),
            found: "a sysprep.inf",
            expected: "unattend.xml",
        },
        source => StageError::NotAnAnswerFile {
            name: name.clone(),
            source,
        },
    })?;
    let to_come = to_come(state, options.arm_audit);
    staging.report.passes = check(draft, &facts, &name, &file, &to_come)?;

    let panther = facts.windows.join("Panther\\unattend.xml")?;
    let sysprep = facts.windows.join("System32\\Sysprep\\unattend.xml")?;
    if options.arm_audit {
        if !state.verdict.is_armed() {
            let verdict = state.verdict;
            return Err(StageError::NotArmed { verdict });
        }
        if let Some(mode) = file.reseal {
            return Err(StageError::Reseals { name, mode });
        }
        let arming = audit_mode::answer_file(facts.architecture);
        let wanted = [(&panther, arming.as_slice()), (&sysprep, bytes.as_slice())];
        make_way(staging, draft, &wanted)?;
        staging.put_made(draft, &panther, arming.clone(), &audit_mode::BASIS)?;
        staging.put_given(draft, &sysprep, given)?;
        note(draft, "audit-mode", audit_mode::WHAT_HAPPENS);
        return Ok(());
    }
    make_way(staging, draft, &[(&panther, bytes.as_slice())])?;
    staging.put_given(draft, &panther, given)?;
    tell_of_others(draft, &panther)?;
    if state.next_boot == NextBoot::Ordinary {
        note(
            draft,
            "not-generalized",
            "the image is not generalized: nothing reads the answer file before Sysprep has run \
             inside it, which takes it unless it is given another one with /unattend",
        );
    }
    Ok(())
}

/// Whether bytes that are no XML look like a profile file.
fn is_inf(bytes: &[u8]) -> bool {
    let text = utf16(bytes).unwrap_or_else(|| String::from_utf8_lossy(bytes).into_owned());
    let mut lines = text.lines().map(str::trim);
    lines.any(|line| line.starts_with('[') && line.ends_with(']'))
}

/// The passes that may still be run in an image.
fn to_come(state: &State, arm_audit: bool) -> Vec<Pass> {
    if arm_audit || state.next_boot == NextBoot::Ordinary {
        // Sysprep is still to be run, which runs them all but Setup's own.
        return vec![
            Pass::Generalize,
            Pass::Specialize,
            Pass::AuditSystem,
            Pass::AuditUser,
            Pass::OobeSystem,
        ];
    }
    let passes = state.next_boot.passes().iter();
    let mut passes: Vec<Pass> = passes.filter_map(|pass| Pass::from_name(pass)).collect();
    // Audit mode ends in Sysprep, and the welcome comes then.
    if passes.contains(&Pass::AuditUser) {
        passes.push(Pass::Generalize);
        passes.push(Pass::OobeSystem);
    }
    passes
}

/// Removes what would come before the wanted files; refuses where somebody else
/// still needs it.
fn make_way(
    staging: &mut Staging<'_>,
    draft: &mut Draft,
    wanted: &[(&ImagePath, &[u8])],
) -> Result<(), StageError> {
    let files = answer_file::find(&Look::new(draft))?.files;
    for file in files {
        let own = wanted
            .iter()
            .find(|(path, _)| file.file.as_ref() == Some(*path));
        if let Some((path, bytes)) = own {
            let same = holds(draft, path, bytes)?;
            // A pointer of the registry to the very file that is placed.
            if file.place == Place::Registry && same {
                continue;
            }
            if !same {
                refuse_pending(staging, &file)?;
            }
            continue;
        }
        // What comes behind `Panther` is hidden by it, pass by pass.
        if file.place.rank() > Place::Panther.rank() {
            continue;
        }
        if file.place == Place::Registry && file.file.is_none() {
            note(
                draft,
                "answer-file-pointer",
                format!(
                    "SYSTEM\\Setup\\UnattendFile names `{}`, which is not in the image",
                    file.path
                ),
            );
            continue;
        }
        refuse_pending(staging, &file)?;
        match (file.place, file.file) {
            (Place::Registry, _) => {
                let change = Change::DeleteValue {
                    hive: HiveName::System,
                    key: KeyPath::from("Setup"),
                    name: Text::from("UnattendFile"),
                };
                let what = format!("SYSTEM\\Setup\\UnattendFile ({})", file.path);
                staging.remove(draft, change, what)?;
            }
            (_, Some(path)) => staging.remove(draft, Change::Remove { path }, file.path)?,
            (_, None) => {}
        }
    }
    Ok(())
}

/// Refuses to replace a file that was not used yet, unless that is forced.
fn refuse_pending(staging: &Staging<'_>, file: &AnswerFile) -> Result<(), StageError> {
    if staging.options.force {
        return Ok(());
    }
    let path = file.path.clone();
    match &file.says {
        Says::Unattend(unattend) if unattend.is_spent() => Ok(()),
        Says::Unattend(unattend) => {
            let pending = unattend.passes.iter().filter(|pass| !pass.processed);
            let passes = pending.map(|pass| pass.name.clone()).collect();
            Err(StageError::Pending { path, passes })
        }
        Says::Nothing(reason) => Err(StageError::InTheWay {
            path,
            reason: reason.clone(),
        }),
        Says::Sealed(_) => Ok(()),
    }
}

/// Says which other files are hidden now, and which still give passes.
fn tell_of_others(draft: &mut Draft, placed: &ImagePath) -> Result<(), StageError> {
    let placed = placed.to_string();
    for winner in answer_file::find(&Look::new(draft))?.winners {
        if winner.path != placed && !winner.processed {
            let message = format!("the pass {} is taken from `{}`", winner.pass, winner.path);
            note(draft, "other-answer-file", message);
            continue;
        }
        for hidden in winner.hidden {
            let message = format!("`{hidden}` is not read for the pass {}", winner.pass);
            note(draft, "hidden-answer-file", message);
        }
    }
    Ok(())
}
