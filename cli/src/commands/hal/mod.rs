//! `hal`.

mod audit;
mod boot_storage;
pub(super) mod checks;
mod queue;
mod report;
mod set;
mod target;

use crate::args::{HalCommand, HalCommands};
use crate::context::Context;
use crate::exit::ExitCode;

/// Runs a command.
pub(super) fn run(command: &HalCommands, context: &mut Context<'_>) -> anyhow::Result<ExitCode> {
    match command {
        HalCommands::Hal(HalCommand::Audit(words)) => audit::run(words, context),
        HalCommands::Hal(HalCommand::Set {
            image,
            hal,
            source,
            writing,
        }) => set::run(image, *hal, source.as_deref(), writing, context),
        HalCommands::Hal(HalCommand::Target { files }) => target::run(files, context),
    }
}
