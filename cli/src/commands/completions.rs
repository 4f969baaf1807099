//! `completions`: the completion script for a shell.

use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::args::Arguments;
use crate::context::Context;
use crate::exit::ExitCode;
use crate::refusal::Refusal;

/// Runs `completions SHELL`.
pub(crate) fn run(shell: Shell, context: &mut Context<'_>) -> anyhow::Result<ExitCode> {
    if context.json {
        return Err(Refusal::CompletionsJson.into());
    }
    // Into memory first: the generator panics when its writer fails.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "wimwright", &mut script);
    context.bytes(&script)?;
    Ok(ExitCode::Done)
}
