//! The words of the command line.
//!
//! A command that is not delivered yet is not here.

mod boot;
mod build;
mod capture;
mod container;
mod dism;
mod drivers_check;
mod explain;
mod extraction;
mod files;
mod generalize;
mod hal;
mod lint;
mod matching;
mod packages;
mod packages_add;
mod packages_look;
mod registry;
mod report;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

pub(crate) use self::boot::{BootCommand, BootCommands};
pub(crate) use self::build::{BuildCommands, BuildWords, Engine};
pub(crate) use self::capture::{CaptureCommand, CaptureWords};
pub(crate) use self::container::{ContainerCommand, mebibytes};
pub(crate) use self::dism::{DismCommands, DismWords};
pub(crate) use self::drivers_check::StoreCommand;
pub(crate) use self::explain::{ExplainCommands, ExplainWords};
pub(crate) use self::extraction::ExtractionCommand;
#[cfg(all(feature = "fuse", target_os = "linux"))]
pub(crate) use self::files::MountArgs;
pub(crate) use self::files::{FilesCommand, FilesWriting, ImageFilesCommand};
pub(crate) use self::generalize::{GeneralizeCommand, GeneralizeCommands, StageWords};
pub(crate) use self::hal::{AuditWords, HalCommand, HalCommands, hal_type};
pub(crate) use self::lint::{LintCommand, ModeChoice};
pub(crate) use self::matching::{MatchWords, MatchingCommand};
pub(crate) use self::packages::{PackagesCommand, PackagesCommands};
pub(crate) use self::packages_add::{HowChoice, PackagesAddWords, PackagesChangeCommand};
pub(crate) use self::packages_look::{FeaturesCommand, FeaturesCommands, PackagesLookCommand};
pub(crate) use self::registry::{ExportFormat, Locating, Reading, RegistryCommand};
pub(crate) use self::report::{ReportCommand, ReportWords, SbomFormat};
use crate::commands::diff;
use crate::exit::ExitCode;

/// Services Windows images offline, on any machine, without Windows.
///
/// An IMAGE is one of a WIM file, like `install.wim:2`, all of them, like `install.wim:all`, or a
/// directory that holds an extracted or mounted one.
#[derive(Debug, Parser)]
#[command(name = "wimwright", version, after_help = exit_codes(), max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

fn exit_codes() -> String {
    let mut text = "Exit codes:".to_owned();
    for code in ExitCode::ALL {
        text.push_str(&format!("\n  {code}"));
    }
    text
}

/// What every command takes.
#[derive(Args, Debug)]
#[command(next_help_heading = "Output")]
pub(crate) struct Global {
    /// Write one JSON document to standard output
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Say less: no notes, no summary
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Say more: the plan that was carried out, the ids in lists
    #[arg(short, long, global = true)]
    pub(crate) verbose: bool,
    /// How to show progress: `auto` is a bar on a terminal, `json` is lines on standard error
    #[arg(long, global = true, value_name = "HOW", default_value = "auto")]
    pub(crate) progress: ProgressChoice,
    /// When to colour: `auto` is on a terminal, unless NO_COLOR is set
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: ColorChoice,
    /// Where an image's content is that its WIM file does not have: parts of its set, or files
    /// that it was captured against; may be a pattern
    #[arg(long = "ref", global = true, value_name = "GLOB")]
    pub(crate) references: Vec<String>,
    /// Append what is said and done to FILE, with times
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) log_file: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ProgressChoice {
    Auto,
    None,
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorChoice {
    Auto,
    Always,
    Never,
}

/// What every writing command takes.
#[derive(Args, Debug, Default)]
#[command(next_help_heading = "Writing")]
pub(crate) struct Writing {
    /// Show the plan and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Write the plan as JSON to FILE, for `plan apply`
    #[arg(long, value_name = "FILE")]
    pub(crate) plan_out: Option<PathBuf>,
    /// Keep in DIR what `undo` needs to take this back: the changes, and what files held that are
    /// replaced or removed
    #[arg(long, value_name = "DIR", conflicts_with = "dry_run")]
    pub(crate) undo_out: Option<PathBuf>,
    /// Refuse changes that rest on recalled or inferred facts
    #[arg(long)]
    pub(crate) strict: bool,
    /// Edit a dirty hive whose logs do not help, without its last changes
    #[arg(long)]
    pub(crate) accept_dirty_hive: bool,
    /// Write a new, compact WIM file and rename it over the old one, instead of changing it in
    /// place
    #[arg(long)]
    pub(crate) rebuild: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Say what an image is: version, edition, control sets, hives, drivers; or what a WIM file holds
    Info {
        /// The image directory; or a WIM file, to list its images
        image: PathBuf,
        /// Write the XML data of a WIM file, as UTF-8 text
        #[arg(long, conflicts_with = "json")]
        xml: bool,
    },
    /// List a directory of an image
    Dir {
        /// The image: a directory, or `FILE.wim:2`, `FILE.wim:all`
        image: PathBuf,
        /// Where in the image, like `Windows/System32`; its root if not given
        path: Option<String>,
        /// List everything below as well
        #[arg(short, long)]
        recurse: bool,
    },
    /// Write the content of a file of an image to standard output
    Cat {
        /// The image: a directory, or `FILE.wim:2`, `FILE.wim:all`
        image: PathBuf,
        /// Which file, like `Windows/INF/oem0.inf`
        path: String,
    },
    /// Say how two images differ: files, registry, drivers, packages, features
    ///
    /// A is how it was, B how it is. Hives are compared by what they say, key by key and value by
    /// value, however it is stored. Of two directories of which one holds no Windows, the files
    /// are compared. What is in a directory or key that was added or removed is counted; `--verbose`
    /// lists it. Exit code 0 means that nothing differs, 1 that something does.
    #[command(after_long_help = diff::not_compared())]
    Diff {
        /// The first image, or any directory
        #[arg(value_name = "A")]
        old: PathBuf,
        /// The second
        #[arg(value_name = "B")]
        new: PathBuf,
        /// Compare only this, or these with commas between
        ///
        /// Where `files` is named without `registry`, hives are files like others.
        #[arg(long, value_name = "WHAT", value_delimiter = ',')]
        only: Vec<DiffPart>,
        /// Leave out files and hives whose path fits, with all below: `*.log`, `Windows\Temp`
        ///
        /// One name fits at any depth, a path from the image root. `*` and `?` stand for characters
        /// of a name, `**` for any number of names: `Windows\**\cache?.dat`. May be given more than
        /// once.
        #[arg(long, value_name = "PATTERN")]
        exclude: Vec<String>,
        /// Compare what is known of files beside names and contents as well
        ///
        /// Times of last write and hard links; of two images in WIM files also attributes, times of
        /// creation, short names, security, named streams and reparse data.
        #[arg(long)]
        metadata: bool,
        /// Compare the security of registry keys as well
        #[arg(long)]
        security: bool,
        /// Write a page for a browser to FILE as well
        #[arg(long, value_name = "FILE")]
        html: Option<PathBuf>,
        /// Replace the file that --html names
        #[arg(long, requires = "html")]
        force: bool,
        /// Write to DIR the plan that makes A what B is, with the content that it needs, for
        /// `plan apply A DIR`
        ///
        /// What is left out of the comparison is left out of the plan. DIR is made, or is empty.
        #[arg(long, value_name = "DIR")]
        as_plan: Option<PathBuf>,
    },
    #[command(flatten)]
    Report(ReportCommand),
    #[command(flatten)]
    Container(ContainerCommand),
    #[command(flatten)]
    Extraction(ExtractionCommand),
    #[command(flatten)]
    Capture(CaptureCommand),
    /// Driver packages: add, remove, export, list, describe, lint
    #[command(subcommand, arg_required_else_help = true)]
    Drivers(DriversCommand),
    #[command(flatten)]
    Boot(BootCommands),
    #[command(flatten)]
    Hal(HalCommands),
    #[command(flatten)]
    Generalize(GeneralizeCommands),
    #[command(flatten)]
    Packages(PackagesCommands),
    #[command(flatten)]
    Explain(ExplainCommands),
    #[command(flatten)]
    Dism(DismCommands),
    #[command(flatten)]
    Features(FeaturesCommands),
    #[command(flatten)]
    ImageFiles(ImageFilesCommand),
    /// The registry: get, set, delete, export, import, diff
    #[command(subcommand, arg_required_else_help = true)]
    Registry(RegistryCommand),
    #[command(flatten)]
    Build(BuildCommands),
    /// Take back what a writing command did, from what it kept with `--undo-out`
    ///
    /// Everything is taken back or nothing: where the image is not as that command left it, this
    /// says what differs and changes nothing.
    Undo {
        /// The image, or images, that the command changed
        image: PathBuf,
        /// The directory that `--undo-out` named
        #[arg(value_name = "DIR")]
        bundle: PathBuf,
        #[command(flatten)]
        writing: Writing,
    },
    /// Saved plans: show, apply, diff
    #[command(subcommand, arg_required_else_help = true)]
    Plan(PlanCommand),
    /// Make a small sample image and add a real driver package to it
    Demo {
        /// A directory to make, or an empty one
        #[arg(default_value = "wimwright-demo")]
        directory: PathBuf,
    },
    /// Write the manual pages of all commands into a directory, for `man`
    Man {
        /// The directory, like `/usr/local/share/man/man1`; made where it is missing
        #[arg(value_name = "DIR")]
        directory: PathBuf,
        /// Replace pages that are there
        #[arg(long)]
        force: bool,
    },
    /// Write the completion script for a shell to standard output
    Completions {
        /// Which shell
        shell: Shell,
    },
}

/// A part of what `diff` compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum DiffPart {
    Files,
    Registry,
    Drivers,
    Packages,
    Features,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DriversCommand {
    #[command(flatten)]
    Matching(MatchingCommand),
    /// Add driver packages to an image
    ///
    /// A PACKAGE is a folder, of which every .inf file is a package, or an .inf file. A package
    /// that is refused does not keep the others from being added.
    Add {
        /// The image: a directory, or `FILE.wim:2`, `FILE.wim:all`
        image: PathBuf,
        /// Folders or .inf files
        #[arg(required = true, value_name = "PACKAGE")]
        packages: Vec<PathBuf>,
        /// Look into the folders below as well
        #[arg(long)]
        recurse: bool,
        /// Add them to the recovery environment (Winre.wim) inside the image as well
        #[arg(long)]
        include_winre: bool,
        /// Add only the packages that the computer in this hardware file would use; may be given
        /// more than once
        #[arg(long = "for", value_name = "HARDWARE")]
        hardware: Vec<PathBuf>,
        /// Add packages to 64-bit Windows that are not signed, too
        #[arg(long)]
        force_unsigned: bool,
        /// Add packages although the image holds newer ones for the same devices
        #[arg(long)]
        allow_older: bool,
        /// Trust the certificate in this file, in DER form, and whom it vouches for
        #[arg(long, value_name = "FILE")]
        trust: Vec<PathBuf>,
        #[command(flatten)]
        writing: Writing,
    },
    /// Remove driver packages from an image
    ///
    /// All that are named are removed, or none. Drivers that came with Windows cannot be removed.
    Remove {
        /// The image: a directory, or `FILE.wim:2`, `FILE.wim:all`
        image: PathBuf,
        /// Published names, `oem0.inf` or `oem0`; or package ids
        #[arg(required = true, value_name = "NAME")]
        names: Vec<String>,
        /// Remove drivers that the image may need to boot, too
        #[arg(long)]
        force: bool,
        #[command(flatten)]
        writing: Writing,
    },
    /// Copy driver packages out of an image, each into a folder of its own
    ///
    /// A folder is named by package id; `drivers add` takes it as it is.
    Export {
        /// The image: a directory, or `FILE.wim:2`, `FILE.wim:all`
        image: PathBuf,
        /// The directory to make the folders in; made where it is missing
        directory: PathBuf,
        /// Published names, `oem0.inf` or `oem0`; or package ids; all of third parties if not given
        #[arg(value_name = "NAME")]
        names: Vec<String>,
        /// Replace folders of that name that are there
        #[arg(long)]
        force: bool,
    },
    /// List the driver packages of an image
    List {
        /// The image: a directory, or `FILE.wim:2`, `FILE.wim:all`
        image: PathBuf,
        /// Those that came with Windows as well
        #[arg(long)]
        all: bool,
    },
    /// Describe a driver of an image, or a driver package on disk
    Info {
        /// The image: a directory, or one of `FILE.wim:2`; or a package: a folder or an .inf file
        target: PathBuf,
        /// The driver of the image, by its published name: `oem0.inf`
        published_name: Option<String>,
        /// Trust the certificate in this file, in DER form, and whom it vouches for
        #[arg(long, value_name = "FILE")]
        trust: Vec<PathBuf>,
    },
    #[command(flatten)]
    Lint(LintCommand),
    #[command(flatten)]
    Store(StoreCommand),
}

#[derive(Debug, Subcommand)]
pub(crate) enum PlanCommand {
    /// Show a saved plan
    Show {
        /// The plan, or the directory of one with its content
        file: PathBuf,
    },
    /// Say how two saved plans differ
    Diff {
        /// One plan
        a: PathBuf,
        /// The other
        b: PathBuf,
    },
    /// Apply a saved plan, if the image is as the plan expects it
    Apply {
        /// The image: a directory, or `FILE.wim:2`, `FILE.wim:all`
        image: PathBuf,
        /// The plan, or the directory of one with its content
        file: PathBuf,
        #[command(flatten)]
        writing: Writing,
    },
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_words_do_not_contradict_each_other() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn every_exit_code_stands_in_the_help() {
        let help = Arguments::command().render_help().to_string();
        for code in 0..=5 {
            assert!(help.contains(&format!("\n  {code}  ")), "{code}: {help}");
        }
    }
}
