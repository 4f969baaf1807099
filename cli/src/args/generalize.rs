//! The words of `generalize` and `describe`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use wimwright_hal::HalType;

use super::Writing;
use super::hal::hal_type;

#[derive(Debug, Subcommand)]
pub(crate) enum GeneralizeCommands {
    /// Generalization: is an image ready for other computers, and what is left in it
    ///
    /// Only Sysprep, inside Windows, generalizes an image. What is done here is what an
    /// administrator does around it: look, clean, stage the answer file.
    #[command(subcommand, arg_required_else_help = true)]
    Generalize(GeneralizeCommand),
    /// Say whether an image is thin, hybrid or thick, and what is in it beside Windows
    Describe {
        /// The image: a directory, or `FILE.wim:2`, `FILE.wim:all`
        image: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum GeneralizeCommand {
    /// Say whether an image is generalized, and what in it must not be cloned
    ///
    /// Nothing is written. Exit code 0 means that the image is generalized (or as Microsoft's media
    /// have it) and nothing is left, 1 that something has to be looked at; notes do not count.
    Report {
        /// The image: a directory, or `FILE.wim:2`, `FILE.wim:all`
        #[arg(required_unless_present = "list")]
        image: Option<PathBuf>,
        /// List what is looked for, with where, why and whether it can be cleaned
        #[arg(long, conflicts_with = "image")]
        list: bool,
    },
    /// Remove what is left of one computer, as far as that is safe offline
    ///
    /// SID, accounts, keys and devices stay: they are Sysprep's. Images that belong to a domain, that
    /// Sysprep left half done or that contradict themselves are refused.
    Clean {
        /// The image: a directory, or `FILE.wim:2`, `FILE.wim:all`
        image: PathBuf,
        /// Remove only these, as `report` names them
        #[arg(long, value_name = "NAME", num_args = 1.., value_delimiter = ',')]
        only: Vec<String>,
        #[command(flatten)]
        writing: Writing,
    },
    /// Refused: only Sysprep, inside Windows, generalizes an image
    #[command(hide = true, aliases = ["reseal", "sysprep", "run", "mark", "set"])]
    Seal {
        /// Whatever was asked for
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
        words: Vec<String>,
    },
    /// Put an answer file where this Windows looks for it, and spent ones out of its way
    ///
    /// Windows Vista and later read Windows\Panther\unattend.xml, Windows 2000, XP and Server 2003
    /// \Sysprep\sysprep.inf. The file is checked for this image first.
    Stage(StageWords),
}

#[derive(Args, Debug)]
#[command(arg_required_else_help = true)]
pub(crate) struct StageWords {
    /// The image: a directory, or `FILE.wim:2`, `FILE.wim:all`
    pub(crate) image: PathBuf,
    /// The answer file: unattend.xml, or sysprep.inf for Windows 2000, XP and Server 2003
    #[arg(long, value_name = "FILE", required_unless_present = "hal")]
    pub(crate) answer_file: Option<PathBuf>,
    /// Have mini-setup switch to this HAL, like acpiapic_mp (UpdateHAL, UpdateUPHAL in sysprep.inf)
    #[arg(long, value_name = "HAL", value_parser = hal_type)]
    pub(crate) hal: Option<HalType>,
    /// Have the first boot go into audit mode, run Sysprep /generalize there with the answer file,
    /// and shut down
    #[arg(long, requires = "answer_file")]
    pub(crate) arm_audit: bool,
    /// Replace answer files that were not used yet
    #[arg(long)]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) writing: Writing,
}
