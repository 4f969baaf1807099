//! The words of `packages`.

use clap::Subcommand;

use super::packages_add::PackagesChangeCommand;

#[derive(Debug, Subcommand)]
pub(crate) enum PackagesCommands {
    /// Update packages: add, remove
    #[command(subcommand, arg_required_else_help = true)]
    Packages(PackagesCommand),
}

#[derive(Debug, Subcommand)]
pub(crate) enum PackagesCommand {
    #[command(flatten)]
    Change(PackagesChangeCommand),
}
