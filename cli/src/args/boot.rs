//! The words of `boot`.

use std::path::PathBuf;

use clap::Subcommand;

/// Commands on how images start.
#[derive(Debug, Subcommand)]
pub(crate) enum BootCommands {
    /// What becomes of an image on a computer: predict
    #[command(subcommand, arg_required_else_help = true)]
    Boot(BootCommand),
}

#[derive(Debug, Subcommand)]
pub(crate) enum BootCommand {
    /// Say whether an image reaches its boot disk on a computer, or stops with 0x7B, and why
    ///
    /// Walks from the storage controller to the volume as the kernel of that Windows does: ids to
    /// driver, service and its start, file, machine type, signature, filters. What would decide and
    /// is not known is `unknown`, never guessed. Several hardware files: each image on each
    /// computer. Exit code 0 means that every image boots on every computer.
    Predict {
        /// The image: a directory, or `FILE.wim:2`, `FILE.wim:all`
        image: PathBuf,
        /// What is known of a computer: lspci -nnvk, pnputil /enum-devices XML, devcon hwids, MSInfo
        /// NFO, or a JSON profile; may be given more than once
        #[arg(long, required = true, num_args = 1.., value_name = "FILE")]
        hardware: Vec<PathBuf>,
        /// Which controller has the boot disk, by an id or its location; all that may have it if
        /// not given
        #[arg(long, value_name = "ID")]
        controller: Option<String>,
    },
}
