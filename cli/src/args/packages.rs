//! The words of `packages`.

use std::path::PathBuf;

use clap::Subcommand;

use super::packages_add::PackagesChangeCommand;
use super::packages_look::PackagesLookCommand;

#[derive(Debug, Subcommand)]
pub(crate) enum PackagesCommands {
    /// Update packages: inspect, check, add, remove, list, describe
    #[command(subcommand, arg_required_else_help = true)]
    Packages(PackagesCommand),
}

#[derive(Debug, Subcommand)]
pub(crate) enum PackagesCommand {
    #[command(flatten)]
    Change(PackagesChangeCommand),
    #[command(flatten)]
    Look(PackagesLookCommand),
    /// Say what an update package is and what is in it
    ///
    /// FILE is a .msu, .cab, an .exe of Windows XP or Server 2003 with a cabinet inside, any part
    /// of a set of cabinets, or a folder with unpacked ones. What it is, is told by its content. Long
    /// lists of files are cut; `--verbose` shows them whole. Every file of a package is expanded and
    /// compared with what vouches for it. Exit code 1 means that something in it cannot be read, or
    /// is not what was signed for.
    Inspect {
        /// The file or folder
        file: PathBuf,
        /// Put its files, as they are stored, into this new folder
        ///
        /// All of them, or nothing. Files that are compressed with Quantum are left out by name, and the
        /// exit code is 3 then.
        #[arg(long, value_name = "DIR")]
        extract: Option<PathBuf>,
        /// Trust this certificate beside those that Windows trusts
        #[arg(long, value_name = "FILE")]
        trust: Vec<PathBuf>,
    },
}
