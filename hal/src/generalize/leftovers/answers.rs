//! Answer files that were used, and what stands in them.

use wimwright_servicing::plan::Certainty;

use super::{Cleaning, Find, Item, Leftover, Removal};
use crate::audit::check::{Applies, Severity};
use crate::generalize::answer_file::{self, Place, Says};
use crate::generalize::look::{Look, named};
use crate::survey::Part;

pub(super) const ALL: &[Leftover] = &[
    Leftover {
        name: "spent-answer-file",
        title: "an answer file whose passes were all run",
        place: "Windows\\Panther, Windows\\Panther\\Unattend",
        why: "Windows finds it before a new one in System32\\Sysprep, and applies nothing of it",
        severity: Severity::Warning,
        applies: Applies::Later,
        cleaning: Cleaning::Offline("the file is deleted"),
        made_anew: false,
        source: "Microsoft, methods for running Windows Setup; published cached files",
        certainty: Certainty::Stated,
        find: Find::With(spent),
    },
    Leftover {
        name: "answer-file-passwords",
        title: "passwords in answer files",
        place: "wherever Windows looks for answer files",
        why: "whoever gets the image can read them",
        severity: Severity::Warning,
        applies: Applies::All,
        cleaning: Cleaning::Not(
            "take them out, or see that the image is where nobody reads it: Windows needs them \
             until the pass was run",
        ),
        made_anew: false,
        source: "Microsoft, hide sensitive data in an answer file",
        certainty: Certainty::Stated,
        find: Find::With(passwords),
    },
];

fn spent(look: &Look<'_>) -> Part<Vec<Item>> {
    let mut items = Vec::new();
    for file in answer_file::find(look)?.files {
        let in_cache = matches!(file.place, Place::Panther | Place::PantherUnattend);
        let is_spent = file.unattend().is_some_and(|unattend| unattend.is_spent());
        if let Some(path) = file.file.clone().filter(|_| in_cache && is_spent) {
            let passes = file.unattend().map(|unattend| &unattend.passes);
            let passes: Vec<&str> = passes
                .into_iter()
                .flatten()
                .map(|pass| pass.name.as_str())
                .collect();
            let value = format!("was run: {}", named(&passes));
            items.push(Item::new(file.path, value).removing(Removal::Path(path)));
        }
    }
    Ok(items)
}

fn passwords(look: &Look<'_>) -> Part<Vec<Item>> {
    let mut items = Vec::new();
    for file in answer_file::find(look)?.files {
        let secrets = match &file.says {
            Says::Unattend(unattend) => &unattend.secrets,
            Says::Sealed(sealed) => &sealed.secrets,
            Says::Nothing(_) => continue,
        };
        let places: Vec<&str> = secrets.iter().map(|secret| secret.place.as_str()).collect();
        if !places.is_empty() {
            items.push(Item::new(file.path, named(&places)));
        }
    }
    Ok(items)
}
