//! The words of `dism`.

use std::ffi::OsString;

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(crate) enum DismCommands {
    /// DISM's own command lines: `dism /Image:DIR /Add-Driver /Driver:FOLDER /Recurse`
    ///
    /// The words, the text that comes out and the exit codes are DISM's, the work is wimwright's:
    /// `--verbose` before `dism` shows the command of wimwright that does it. A program name `dism`
    /// (a link to wimwright) means the same. `dism /?` lists DISM's commands and says of each
    /// whether it works.
    ///
    /// Paths are this computer's, or Windows' where `--drive` or the variable WIMWRIGHT_DRIVES
    /// (`C=/srv/build;D=/media/iso`) says what stands for the drive letter. In a shell of Linux put
    /// words with backslashes in single quotes.
    #[command(override_usage = "wimwright dism [--drive LETTER=DIR]... /WORD...")]
    Dism(DismWords),
}

#[derive(Args, Debug)]
pub(crate) struct DismWords {
    /// The directory that stands for a drive letter: `C=/srv/build`; may be given more than once
    #[arg(long = "drive", value_name = "LETTER=DIR")]
    pub(crate) drives: Vec<String>,
    /// DISM's words
    #[arg(trailing_var_arg = true, value_name = "/WORD")]
    pub(crate) words: Vec<OsString>,
}
