//! `packages`: one file a verb.

mod add;
mod answer_file;
mod check;
mod first_boot;
mod info;
mod inspect;
pub(in crate::commands) mod list;
mod opened;
mod remove;
mod tree;
mod understood;

pub(super) use self::add::Words;
use crate::args::{PackagesChangeCommand, PackagesCommand, PackagesLookCommand};
use crate::context::Context;
use crate::exit::ExitCode;

/// Runs a command about update packages.
pub(super) fn run(
    command: &PackagesCommand,
    context: &mut Context<'_>,
) -> anyhow::Result<ExitCode> {
    match command {
        PackagesCommand::Inspect {
            file,
            extract,
            trust,
        } => inspect::run(file, extract.as_deref(), trust, context),
        PackagesCommand::Look(PackagesLookCommand::Check {
            image,
            packages,
            trust,
        }) => check::run(image, packages, trust, context),
        PackagesCommand::Look(PackagesLookCommand::List { image, all }) => {
            list::run(image, *all, context)
        }
        PackagesCommand::Look(PackagesLookCommand::Info { image, name }) => {
            info::run(image, name, context)
        }
        PackagesCommand::Change(PackagesChangeCommand::Add(words)) => add::run(words, context),
        PackagesCommand::Change(PackagesChangeCommand::Remove {
            image,
            names,
            writing,
        }) => remove::run(image, names, writing, context),
    }
}
