//! The words of `packages add` and `packages remove`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::Writing;

#[derive(Debug, Subcommand)]
pub(crate) enum PackagesChangeCommand {
    /// Add update packages: each goes the surest way, and it is said which
    ///
    /// A package that cannot be installed offline with certainty waits in the image, and Windows
    /// installs it at the first boot, once and in order. What starts it follows from what the image
    /// is: SetupComplete.cmd in a sealed Vista or later, [GuiRunOnce] or cmdlines.txt in a sealed XP,
    /// a service that removes itself in an installed system. Where every byte of a package can be had
    /// and verified here, it is put into the component store, too; a staged package is not applied
    /// until that first boot. Installing offline needs --how install. A package that is refused does
    /// not keep the others from being added.
    Add(PackagesAddWords),
    /// Take packages back that wait for the first boot, or that were staged
    ///
    /// All that are named are taken back, or none. With the last one everything goes that was made
    /// for them. What is installed, and what Windows staged, only Windows removes.
    Remove {
        /// The image: a directory, or `FILE.wim:2`, `FILE.wim:all`
        image: PathBuf,
        /// The file's name, the identity, or the number that `list` shows
        #[arg(required = true, value_name = "NAME")]
        names: Vec<String>,
        #[command(flatten)]
        writing: Writing,
    },
}

#[derive(Args, Debug)]
pub(crate) struct PackagesAddWords {
    /// The image: a directory, or `FILE.wim:2`, `FILE.wim:all`
    pub(crate) image: PathBuf,
    /// Package files: .msu, .cab, or a hotfix program (.exe) of Windows XP and Server 2003
    #[arg(required = true, value_name = "FILE")]
    pub(crate) packages: Vec<PathBuf>,
    /// Which way the packages go
    #[arg(long, value_name = "HOW", default_value = "auto")]
    pub(crate) how: HowChoice,
    /// Do not change the image: write the packages into this answer file, for Setup that is started
    /// from WinPE, and their cabinets beside it
    ///
    /// The file is made where it is missing; one that is there keeps everything else it holds. A
    /// plain first boot never reads that section.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["plan_out", "rebuild"])]
    pub(crate) answer_file: Option<PathBuf>,
    /// Add packages that nobody who is trusted signed, too
    #[arg(long)]
    pub(crate) force_unsigned: bool,
    /// Trust the certificate in this file, in DER form, and whom it vouches for
    #[arg(long, value_name = "FILE")]
    pub(crate) trust: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) writing: Writing,
}

/// Which way packages go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum HowChoice {
    /// The surest way for each
    Auto,
    /// All wait for the first boot
    FirstBoot,
    /// Into the component store, and no more: nothing at boot applies what is staged
    Stage,
    /// Into use, offline: packages of nothing but files and registry values, all else is refused by
    /// name
    Install,
}
