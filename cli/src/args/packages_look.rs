//! The words of `packages check`, `list`, `info` and of `features`.

use std::path::PathBuf;

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum PackagesLookCommand {
    /// Say whether an image takes update packages, in which order, and why
    ///
    /// Every rule is shown with what it compared: what the package asks for, what the image has.
    /// Several packages are put in order first, each with the reason; what goes before counts as
    /// installed for what comes after. Exit code 1 means that at least one of them cannot be added
    /// without force (one that is installed already does not count).
    Check {
        /// The image: a directory or a WIM file
        image: PathBuf,
        /// Update packages: .msu, .cab or a folder with an unpacked one
        #[arg(value_name = "FILE", required = true)]
        packages: Vec<PathBuf>,
        /// Trust this certificate beside those that Windows trusts
        #[arg(long, value_name = "FILE")]
        trust: Vec<PathBuf>,
    },
    /// List the update packages of an image
    List {
        /// The image: a directory or a WIM file
        image: PathBuf,
        /// Show packages that only others need, too
        #[arg(long)]
        all: bool,
    },
    /// Say everything about a package of an image
    Info {
        /// The image: a directory or a WIM file
        image: PathBuf,
        /// The package's name, or a part of it that no other has (KB2999226)
        name: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum FeaturesCommands {
    /// Features of Windows that can be turned on and off: list
    #[command(subcommand, arg_required_else_help = true)]
    Features(FeaturesCommand),
}

#[derive(Debug, Subcommand)]
pub(crate) enum FeaturesCommand {
    /// List the features of an image with their states
    List {
        /// The image: a directory or a WIM file
        image: PathBuf,
    },
    /// Refused: only Windows can turn features on
    #[command(hide = true)]
    Enable {
        /// The image
        image: PathBuf,
        /// The features
        names: Vec<String>,
    },
    /// Refused: only Windows can turn features off
    #[command(hide = true)]
    Disable {
        /// The image
        image: PathBuf,
        /// The features
        names: Vec<String>,
    },
}
