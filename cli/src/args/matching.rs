//! The words of `drivers match`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(crate) enum MatchingCommand {
    /// Say which driver of an image each device of a computer would get
    ///
    /// A hardware file is what is at hand of a computer: the output of `lspci -nnvk`, `lspci
    /// -Dnmm` or `lsusb -v`, of `pnputil /enum-devices /ids /format xml` or `devcon hwids *`, an
    /// MSInfo report, or a JSON profile. Every driver of the image is ranked by Windows' rules.
    /// Exit code 1 means that a device has no driver. `--verbose` shows every driver that fits,
    /// and why it is not taken.
    Match(MatchWords),
}

#[derive(Args, Debug)]
pub(crate) struct MatchWords {
    /// The images: a directory, or `FILE.wim:2`, `FILE.wim:all`
    #[arg(required = true, value_name = "IMAGE")]
    pub(crate) images: Vec<PathBuf>,
    /// What is known of the computers, one file each
    #[arg(long, required = true, num_args = 1.., value_name = "FILE")]
    pub(crate) hardware: Vec<PathBuf>,
    /// Weigh the driver packages in this folder and below it: which of them would win a device,
    /// which are superfluous, what they cost
    #[arg(long, num_args = 1.., value_name = "DIR")]
    pub(crate) packages: Vec<PathBuf>,
    /// Count packages that are not signed for 64-bit Windows, too
    #[arg(long, requires = "packages")]
    pub(crate) force_unsigned: bool,
    /// Trust the certificate in this file, in DER form, and whom it vouches for
    #[arg(long, requires = "packages", value_name = "FILE")]
    pub(crate) trust: Vec<PathBuf>,
    /// Write a page for a browser to FILE as well
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
    /// Replace FILE where it is there
    #[arg(long, requires = "html")]
    pub(crate) force: bool,
}
