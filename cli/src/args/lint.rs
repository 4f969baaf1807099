//! The words of `drivers lint`.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};

#[derive(Debug, Subcommand)]
pub(crate) enum LintCommand {
    /// Check INF files as Microsoft's InfVerif and Inf2Cat do, without Windows
    ///
    /// A PACKAGE is a folder, of which every .inf and .inx file is checked, or one such file. Rules
    /// have InfVerif's numbers. Of a folder it is checked too whether the files that an INF names
    /// are there. An .inx file is an input of a build: it is read as stampinf writes it.
    ///
    /// Exit code 0 means that there is no error, though there may be warnings; 1 that there is
    /// one; 5 that a file could not be read. With --strict every warning is an error.
    Lint {
        /// Folders, or .inf and .inx files
        #[arg(required = true, value_name = "PACKAGE")]
        packages: Vec<PathBuf>,
        /// Look into the folders below as well
        #[arg(long)]
        recurse: bool,
        /// Which demands to make
        #[arg(long, value_name = "MODE", default_value = "basic")]
        mode: ModeChoice,
        /// Take warnings for errors
        #[arg(long)]
        strict: bool,
        /// Read .inf files with variables like $ARCH$ as stampinf writes them, too
        #[arg(long)]
        stampinf: bool,
        /// Write what is found to FILE as SARIF 2.1.0, for other programs
        #[arg(long, value_name = "FILE")]
        sarif: Option<PathBuf>,
        /// Replace the SARIF file that is there
        #[arg(long, requires = "sarif")]
        force: bool,
    },
}

/// Which demands are made of an INF.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ModeChoice {
    /// Those of every INF; legacy operations are warnings
    Basic,
    /// Those of a declarative driver, which a submission must meet (InfVerif /k)
    Declarative,
    /// Those of a universal driver (InfVerif /u)
    Universal,
    /// Those of a Windows driver, with package isolation (InfVerif /w)
    Windows,
}
