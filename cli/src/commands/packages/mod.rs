//! `packages add`, `packages remove`.

mod add;
mod answer_file;
mod first_boot;
mod remove;

use crate::args::{PackagesChangeCommand, PackagesCommand};
use crate::context::Context;
use crate::exit::ExitCode;

/// Runs a command.
pub(super) fn run(
    command: &PackagesCommand,
    context: &mut Context<'_>,
) -> anyhow::Result<ExitCode> {
    match command {
        PackagesCommand::Change(PackagesChangeCommand::Add(words)) => add::run(words, context),
        PackagesCommand::Change(PackagesChangeCommand::Remove {
            image,
            names,
            writing,
        }) => remove::run(image, names, writing, context),
    }
}
