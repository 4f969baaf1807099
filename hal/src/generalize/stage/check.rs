//! What is wrong with an answer file for an image.

use wimwright_servicing::{Architecture, Draft, ImageFacts};

use super::{StageError, note, warn};
use crate::generalize::answer_file::{Pass, Unattend, known};
use crate::generalize::look::named;

/// What Setup takes for a component of Windows.
const TOKEN: &str = "31bf3856ad364e35";

/// Refuses a file that cannot do anything in the image, and tells of what is
/// odd. Gives the passes that are still to come and that it has settings for.
pub(super) fn check(
    draft: &mut Draft,
    facts: &ImageFacts,
    name: &str,
    file: &Unattend,
    to_come: &[Pass],
) -> Result<Vec<String>, StageError> {
    for pass in &file.passes {
        if pass.pass().is_none() {
            return Err(StageError::UnknownPass {
                name: name.to_owned(),
                pass: pass.name.clone(),
                line: pass.line,
            });
        }
    }
    let useful: Vec<Pass> = Pass::ALL
        .into_iter()
        .filter(|pass| to_come.contains(pass))
        .filter(|pass| {
            let settings = file.settings(*pass);
            settings.is_some_and(|settings| !settings.processed)
        })
        .collect();
    if useful.is_empty() {
        let passes = file.passes.iter().map(|pass| pass.name.clone()).collect();
        let name = name.to_owned();
        return Err(StageError::NothingToCome { name, passes });
    }
    architectures(draft, facts.architecture, name, file)?;
    components(draft, name, file);
    passes(draft, name, file, to_come);
    if !file.secrets.is_empty() {
        let places: Vec<&str> = file
            .secrets
            .iter()
            .map(|secret| secret.place.as_str())
            .collect();
        warn(
            draft,
            "answer-file-passwords",
            format!(
                "`{name}` holds passwords that whoever gets the image can read: {}",
                named(&places)
            ),
        );
    }
    Ok(useful.iter().map(|pass| pass.name().to_owned()).collect())
}

/// Components of another architecture are passed over by Setup.
fn architectures(
    draft: &mut Draft,
    expected: Architecture,
    name: &str,
    file: &Unattend,
) -> Result<(), StageError> {
    let fits = |found: &str| {
        found.eq_ignore_ascii_case(expected.name())
            // 32-bit components of a 64-bit Windows.
            || found.eq_ignore_ascii_case("wow64") && expected != Architecture::X86
    };
    let mut others: Vec<String> = Vec::new();
    let mut any = false;
    for component in file.passes.iter().flat_map(|pass| &pass.components) {
        match fits(&component.architecture) {
            true => any = true,
            false if others.contains(&component.architecture) => {}
            false => others.push(component.architecture.clone()),
        }
    }
    for other in &mut others {
        if other.is_empty() {
            *other = "(none said)".to_owned();
        }
    }
    match (others.is_empty(), any) {
        (true, _) => Ok(()),
        (false, false) => Err(StageError::Architecture {
            name: name.to_owned(),
            expected,
            found: others,
        }),
        (false, true) => {
            warn(
                draft,
                "answer-file-architecture",
                format!(
                    "`{name}` has components for {} that this image, which is {expected}, does \
                     not read",
                    named(&others)
                ),
            );
            Ok(())
        }
    }
}

fn components(draft: &mut Draft, name: &str, file: &Unattend) {
    for pass in &file.passes {
        let Some(this) = pass.pass() else { continue };
        for component in &pass.components {
            let at = format!("`{name}`, line {}: {}", component.line, component.name);
            let mut missing = Vec::new();
            if !component.public_key_token.eq_ignore_ascii_case(TOKEN) {
                missing.push(format!("publicKeyToken=\"{TOKEN}\""));
            }
            if component.language.is_empty() {
                missing.push("language=\"neutral\"".to_owned());
            }
            if component.version_scope.is_empty() {
                missing.push("versionScope=\"nonSxS\"".to_owned());
            }
            if !missing.is_empty() {
                let missing = missing.join(" ");
                let message = format!("{at} should say {missing}");
                warn(draft, "answer-file-component", message);
            }
            if let Some(known) = known(&component.name)
                && !known.passes.contains(&this)
            {
                let passes: Vec<&str> = known.passes.iter().map(|pass| pass.name()).collect();
                let message = format!(
                    "{at} has no settings in the pass {this}, but in {}",
                    passes.join(", ")
                );
                warn(draft, "answer-file-pass", message);
            }
        }
    }
}

fn passes(draft: &mut Draft, name: &str, file: &Unattend, to_come: &[Pass]) {
    for (index, pass) in file.passes.iter().enumerate() {
        let Some(this) = pass.pass() else { continue };
        let twice = file.passes.iter().take(index);
        if { twice }.any(|earlier| earlier.name == pass.name) {
            let message = format!(
                "`{name}`, line {}: the pass {this} is there twice; Setup takes the first",
                pass.line
            );
            warn(draft, "answer-file-pass", message);
        }
        if pass.processed {
            let message = format!(
                "`{name}`, line {}: the pass {this} is marked as processed, so that Windows \
                 applies nothing of it",
                pass.line
            );
            warn(draft, "answer-file-processed", message);
            continue;
        }
        if to_come.contains(&this) || !pass.is_valid() {
            continue;
        }
        let why = match this {
            Pass::WindowsPe | Pass::OfflineServicing => {
                "it is over once there is an image; `drivers add` and `registry` do its work offline"
            }
            Pass::Generalize => "it is run by Sysprep /generalize only",
            Pass::AuditSystem | Pass::AuditUser => "it is run in audit mode only",
            Pass::Specialize | Pass::OobeSystem => "the image is past it",
        };
        let message = format!("`{name}`: the pass {this} is not run in this image: {why}");
        note(draft, "answer-file-pass", message);
    }
}
