//! All commands of DISM, in groups.

use super::command::{Choice, Command, Effect, Group, State};
use super::{drivers, edition, features, files, image_files, mounting, other, packages, unattend};

/// The commands that the documentation of DISM has for images that do not
/// run; old names (`/Mount-Wim`) are not counted.
pub(super) const GROUPS: &[Group] = &[
    Group {
        title: "Files with images",
        commands: image_files::COMMANDS,
    },
    Group {
        title: "Files in images",
        commands: files::COMMANDS,
    },
    Group {
        title: "Mounted images",
        commands: mounting::COMMANDS,
    },
    Group {
        title: "Disks, WIMBoot and other images",
        commands: other::IMAGES,
    },
    Group {
        title: "Drivers",
        commands: drivers::COMMANDS,
    },
    Group {
        title: "Packages",
        commands: packages::COMMANDS,
    },
    Group {
        title: "Features",
        commands: features::COMMANDS,
    },
    Group {
        title: "Capabilities",
        commands: other::CAPABILITY,
    },
    Group {
        title: "Editions",
        commands: edition::COMMANDS,
    },
    Group {
        title: "Answer files",
        commands: unattend::COMMANDS,
    },
    Group {
        title: "Languages and times",
        commands: other::LANGUAGES,
    },
    Group {
        title: "Store apps",
        commands: other::APP_PACKAGES,
    },
    Group {
        title: "Programs and patches (.msi, .msp)",
        commands: other::PATCHES,
    },
    Group {
        title: "Programs for kinds of files",
        commands: other::ASSOCIATIONS,
    },
    Group {
        title: "Provisioning packages",
        commands: other::PROVISIONING,
    },
    Group {
        title: "Windows PE",
        commands: other::WINDOWS_PE,
    },
];

/// Beside them: what came later, and what is for a running Windows.
pub(super) const BESIDE: &[Group] = &[
    Group {
        title: "Edge (since Windows 10, version 1709)",
        commands: other::EDGE_COMMANDS,
    },
    Group {
        title: "For a running Windows only",
        commands: other::RUNNING,
    },
];

/// All groups.
pub(super) fn groups() -> impl Iterator<Item = &'static Group> {
    GROUPS.iter().chain(BESIDE)
}

/// The command that a word, without its slash, means.
pub(super) fn find(word: &str) -> Option<&'static Command> {
    let mut all = groups().flat_map(|group| group.commands);
    all.find(|command| command.is(word))
}

/// The name of a command that differs little from a word.
pub(super) fn near(word: &str) -> Option<&'static str> {
    let word = word.to_ascii_lowercase();
    let all = groups().flat_map(|group| group.commands);
    let names = all.flat_map(|command| command.aliases.iter().chain([&command.name]));
    let far = names.map(|name| (distance(&word, &name.to_ascii_lowercase()), *name));
    let (changes, name) = far.min_by_key(|(changes, _)| *changes)?;
    (changes <= 3).then_some(name)
}

/// How many letters are to be changed, added or taken away.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, letter) in (1..).zip(a.chars()) {
        let mut corner = i - 1;
        let mut left = i;
        let mut next = vec![i];
        for (other, above) in b.iter().zip(row.iter().skip(1)) {
            let change = corner + usize::from(*other != letter);
            left = change.min(left + 1).min(above + 1);
            corner = *above;
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

/// DISM's commands and what becomes of each here, as Markdown: the table of
/// `docs/guide/dism.md`.
pub fn guide() -> String {
    let mut text = String::new();
    for group in groups() {
        text.push_str(&format!("### {}\n\n", group.title));
        text.push_str("| command | here | how, or why not |\n|---|---|---|\n");
        for command in group.commands {
            let names = std::iter::once(&command.name).chain(command.aliases);
            let names: Vec<String> = names.map(|name| format!("`/{name}`")).collect();
            let (here, how) = match &command.state {
                State::Works(_, own) => ("y", format!("`{own}`{}", remarks(command.options))),
                State::Refused { why, hint } => ("refused", format!("{why}; {hint}")),
                State::Later { hint } => ("later", (*hint).to_owned()),
                State::Online => ("refused", "there is no running Windows here".to_owned()),
            };
            text.push_str(&format!("| {} | {here} | {how} |\n", names.join(", ")));
        }
        text.push('\n');
    }
    text
}

/// What is to be known of a command's options.
pub(super) fn remarks(options: &[Choice]) -> String {
    let remarks = options.iter().filter_map(|choice| {
        let name = choice.name;
        match choice.effect {
            Effect::Used => None,
            Effect::Always(why) => Some(format!("`/{name}` changes nothing: {why}")),
            Effect::Noted(note) => Some(format!("`/{name}` is noted only: {note}")),
            Effect::Refused(why) => Some(format!("`/{name}` is refused: {why}")),
        }
    });
    let remarks: String = remarks.map(|remark| format!("; {remark}")).collect();
    remarks
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_name_is_one_command() {
        let all = groups().flat_map(|group| group.commands);
        let names = all.flat_map(|command| command.aliases.iter().chain([&command.name]));
        let mut seen = BTreeSet::new();
        for name in names {
            assert!(seen.insert(name.to_ascii_lowercase()), "{name} twice");
        }
    }

    #[test]
    fn the_documentations_commands_are_all_here() {
        let counted: usize = GROUPS.iter().map(|group| group.commands.len()).sum();
        assert_eq!(counted, 83);
    }

    #[test]
    fn what_is_nearly_a_command_is_found() {
        assert_eq!(near("add-drver"), Some("Add-Driver"));
        assert_eq!(near("mount-wm"), Some("Mount-Wim"));
        assert_eq!(near("make-coffee"), None);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
