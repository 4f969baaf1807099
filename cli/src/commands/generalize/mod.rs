//! `generalize report`, `generalize clean`, `generalize stage`.

mod clean;
mod report;
pub(super) mod stage;

use wimwright_hal::generalize::OnlyInsideWindows;

use crate::args::GeneralizeCommand;
use crate::context::Context;
use crate::exit::ExitCode;

/// Runs a command.
pub(super) fn run(
    command: &GeneralizeCommand,
    context: &mut Context<'_>,
) -> anyhow::Result<ExitCode> {
    match command {
        GeneralizeCommand::Report { image, list } => match image {
            Some(image) if !list => report::run(image, context),
            _ => report::list(context),
        },
        GeneralizeCommand::Clean {
            image,
            only,
            writing,
        } => clean::run(image, only, writing, context),
        GeneralizeCommand::Seal { .. } => Err(OnlyInsideWindows.into()),
        GeneralizeCommand::Stage(words) => stage::run(words, context),
    }
}
