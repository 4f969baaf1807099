//! What DISM's commands are: data that the parser, the help and the guide
//! share.

use super::failure::{Failure, NOT_SUPPORTED};
use super::session::Session;

/// What carries a command out.
pub(super) type Action = fn(&mut Session<'_, '_>) -> Result<(), Failure>;

/// Commands about one thing.
pub(super) struct Group {
    pub(super) title: &'static str,
    pub(super) commands: &'static [Command],
}

/// A command of DISM.
pub(super) struct Command {
    /// Without the slash, as DISM's help writes it.
    pub(super) name: &'static str,
    /// Other names, most of them older.
    pub(super) aliases: &'static [&'static str],
    /// Whether a value stands behind its colon.
    pub(super) value: Takes,
    /// Whether it is about the image that `/Image` names.
    pub(super) on_image: bool,
    pub(super) state: State,
    pub(super) options: &'static [Choice],
}

/// What becomes of a command.
pub(super) enum State {
    /// It works; what it is in wimwright's own words, for the help.
    Works(Action, &'static str),
    /// It is refused.
    Refused {
        why: &'static str,
        hint: &'static str,
    },
    /// It is not there yet; what to do meanwhile.
    Later { hint: &'static str },
    /// DISM itself has it for a running Windows only.
    Online,
}

/// Whether a word has a value behind its colon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Takes {
    Nothing,
    Value,
}

/// An option of a command.
pub(super) struct Choice {
    pub(super) name: &'static str,
    pub(super) alias: Option<&'static str>,
    pub(super) takes: Takes,
    pub(super) effect: Effect,
}

/// What an option does.
pub(super) enum Effect {
    /// What it does on Windows.
    Used,
    /// Nothing, because what it asks for is so anyway.
    Always(&'static str),
    /// Nothing, and that is said.
    Noted(&'static str),
    /// The command is refused with it.
    Refused(&'static str),
}

/// A command that works.
pub(super) const fn works(
    name: &'static str,
    action: Action,
    own: &'static str,
    options: &'static [Choice],
) -> Command {
    Command {
        name,
        aliases: &[],
        value: Takes::Nothing,
        on_image: false,
        state: State::Works(action, own),
        options,
    }
}

/// A command that is refused.
pub(super) const fn refused(name: &'static str, why: &'static str, hint: &'static str) -> Command {
    without_action(name, State::Refused { why, hint })
}

/// A command that is not there yet.
pub(super) const fn later(name: &'static str, hint: &'static str) -> Command {
    without_action(name, State::Later { hint })
}

/// A command for a running Windows.
pub(super) const fn online(name: &'static str) -> Command {
    without_action(name, State::Online)
}

const fn without_action(name: &'static str, state: State) -> Command {
    Command {
        name,
        aliases: &[],
        value: Takes::Nothing,
        on_image: false,
        state,
        options: &[],
    }
}

impl Command {
    pub(super) const fn also(mut self, aliases: &'static [&'static str]) -> Command {
        self.aliases = aliases;
        self
    }

    pub(super) const fn on_image(mut self) -> Command {
        self.on_image = true;
        self
    }

    pub(super) const fn takes_value(mut self) -> Command {
        self.value = Takes::Value;
        self
    }

    /// Whether a word, without its slash, means it.
    pub(super) fn is(&self, word: &str) -> bool {
        let mut names = self.aliases.iter().chain([&self.name]);
        names.any(|name| name.eq_ignore_ascii_case(word))
    }

    /// Why it is not carried out; `None` where it is.
    pub(super) fn refusal(&self) -> Option<Failure> {
        let name = self.name;
        let (text, hint) = match &self.state {
            State::Works(..) => return None,
            State::Refused { why, hint } => (format!("/{name} is refused: {why}"), *hint),
            State::Later { hint } => (format!("wimwright does not have /{name} yet"), *hint),
            State::Online => (
                format!("DISM itself has /{name} for a running Windows only, and none runs here"),
                "run it on the computer after its first boot",
            ),
        };
        Some(Failure::new(NOT_SUPPORTED, text).hint(hint))
    }
}

/// An option with a value.
pub(super) const fn value(name: &'static str) -> Choice {
    choice(name, Takes::Value, Effect::Used)
}

/// An option without one.
pub(super) const fn flag(name: &'static str) -> Choice {
    choice(name, Takes::Nothing, Effect::Used)
}

/// An option without a value, or with one, whose effect is not DISM's.
pub(super) const fn choice(name: &'static str, takes: Takes, effect: Effect) -> Choice {
    Choice {
        name,
        alias: None,
        takes,
        effect,
    }
}

/// The file with the image: `/ImageFile`, or `/WimFile` as Windows 7 says.
pub(super) const IMAGE_FILE: Choice = Choice {
    name: "ImageFile",
    alias: Some("WimFile"),
    takes: Takes::Value,
    effect: Effect::Used,
};

pub(super) const INDEX: Choice = value("Index");
pub(super) const NAME: Choice = value("Name");
pub(super) const FORMAT: Choice = value("Format");
/// What checks a whole file, where a command reads a part of it.
const CHECKED_APART: Effect =
    Effect::Noted("`wimwright verify FILE.wim` holds all of the file against its SHA-1 sums");
/// Where a file is made, or a part of it is read.
pub(super) const VERIFY: Choice = choice("Verify", Takes::Nothing, CHECKED_APART);
pub(super) const READ_CHECKED: Choice = choice("CheckIntegrity", Takes::Nothing, CHECKED_APART);
pub(super) const EA: Choice = choice(
    "EA",
    Takes::Nothing,
    Effect::Noted("extended attributes (EA) are not taken along"),
);
pub(super) const WIMBOOT: Choice = choice(
    "WIMBoot",
    Takes::Nothing,
    Effect::Refused("WIMBoot needs a driver of Windows 8.1 at apply and at boot"),
);
