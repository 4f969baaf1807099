//! `/?`: what there is, and what becomes of it.

use super::command::{Command, Effect, State, Takes};
use super::table::groups;

/// Every command.
pub(super) fn all() -> String {
    let mut text = "wimwright dism [--drive LETTER=DIR]... {/Image:IMAGE} {command} [options]\n\n\
                    An IMAGE is a directory, or an image in a file as it is: install.wim:2\n\
                    Behind a command, /? tells its options.\n"
        .to_owned();
    for group in groups() {
        text.push_str(&format!("\n{}:\n\n", group.title.to_uppercase()));
        for command in group.commands {
            let what = match &command.state {
                State::Works(_, own) => format!("wimwright {own}"),
                State::Refused { why, .. } => format!("refused: {why}"),
                State::Later { .. } => "later".to_owned(),
                State::Online => "refused: for a running Windows only".to_owned(),
            };
            let line = format!("  /{:<34} - {what}", command.name);
            text.push_str(&format!("{line}\n"));
        }
    }
    text.push('\n');
    text
}

/// One command.
pub(super) fn of(command: &Command) -> String {
    let mut text = format!("/{}", command.name);
    if command.value == Takes::Value {
        text.push_str(":VALUE");
    }
    for alias in command.aliases {
        text.push_str(&format!(", /{alias}"));
    }
    text.push('\n');
    match &command.state {
        State::Works(_, own) => text.push_str(&format!("\n  wimwright {own}\n")),
        State::Refused { why, hint } => {
            text.push_str(&format!("\n  Refused: {why}.\n  Instead: {hint}.\n"));
        }
        State::Later { hint } => {
            text.push_str(&format!("\n  Not there yet.\n  Instead: {hint}.\n"));
        }
        State::Online => text.push_str("\n  Refused: DISM has it for a running Windows only.\n"),
    }
    if command.on_image {
        text.push_str("\n  /Image:IMAGE is needed.\n");
    }
    for choice in command.options {
        let value = match choice.takes {
            Takes::Value => ":VALUE",
            Takes::Nothing => "",
        };
        let alias = choice.alias.map(|alias| format!(", /{alias}{value}"));
        let remark = match choice.effect {
            Effect::Used => String::new(),
            Effect::Always(why) => format!("  changes nothing: {why}"),
            Effect::Noted(note) => format!("  is noted only: {note}"),
            Effect::Refused(why) => format!("  is refused: {why}"),
        };
        text.push_str(&format!(
            "  /{}{value}{}{remark}\n",
            choice.name,
            alias.unwrap_or_default()
        ));
    }
    text.push('\n');
    text
}
