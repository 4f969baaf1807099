//! The words of `packages`.

use clap::Subcommand;

use super::packages_add::PackagesChangeCommand;
use super::packages_look::PackagesLookCommand;

#[derive(Debug, Subcommand)]
pub(crate) enum PackagesCommands {
    /// Update packages: check, add, remove, list, describe
    #[command(subcommand, arg_required_else_help = true)]
    Packages(PackagesCommand),
}

#[derive(Debug, Subcommand)]
pub(crate) enum PackagesCommand {
    #[command(flatten)]
    Change(PackagesChangeCommand),
    #[command(flatten)]
    Look(PackagesLookCommand),
}
