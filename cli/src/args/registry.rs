//! The words of `registry`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use wimwright_servicing::registry::{LocationOptions, ValueType};

use super::Writing;

/// How keys are named, for the help of every verb.
const KEYS: &str = "\
A KEY begins with a root key (HKLM\\SOFTWARE\\.., HKCR, HKCU, HKU\\.DEFAULT; long names as well), \
with a hive (SYSTEM, SOFTWARE, SAM, SECURITY, DEFAULT, DRIVERS, COMPONENTS, BCD), or with a hive's \
file in the image (Users\\Ann\\NTUSER.DAT\\..). Backslashes separate its names: put it in single \
quotes. CurrentControlSet stands for the control set that the next boot takes, and HKCU for the \
default user's profile.";

#[derive(Debug, Subcommand)]
pub(crate) enum RegistryCommand {
    /// Show a key or a value
    #[command(after_help = KEYS)]
    Get {
        /// The image: a directory, or `FILE.wim:2`, `FILE.wim:all`
        image: PathBuf,
        /// Which key
        key: String,
        /// Which value; `@` is the default value. All of the key if not given
        name: Option<String>,
        /// All keys below as well
        #[arg(short, long, conflicts_with = "name")]
        recurse: bool,
        /// Write the value's bytes as they are
        #[arg(long, requires = "name")]
        raw: bool,
        #[command(flatten)]
        locating: Locating,
    },
    /// Set a value; its key is created where missing
    #[command(after_help = KEYS)]
    Set {
        /// The image: a directory, or `FILE.wim:2`, `FILE.wim:all`
        image: PathBuf,
        /// Which key
        key: String,
        /// Which value; `@` is the default value
        name: String,
        /// Its data: one word; any number for multi-sz; hexadecimal bytes for binary
        data: Vec<String>,
        /// sz, expand-sz, multi-sz, dword, qword, binary, none or a number; that of the value
        /// that is there, else sz, if not given
        #[arg(short = 't', long = "type", value_name = "TYPE")]
        kind: Option<ValueType>,
        #[command(flatten)]
        locating: Locating,
        #[command(flatten)]
        writing: Writing,
    },
    /// Delete a key or a value
    #[command(after_help = KEYS)]
    Delete {
        /// The image: a directory, or `FILE.wim:2`, `FILE.wim:all`
        image: PathBuf,
        /// Which key
        key: String,
        /// Which value; `@` is the default value. The whole key if not given
        name: Option<String>,
        /// A key that has subkeys, with all below it
        #[arg(short, long, conflicts_with = "name")]
        recurse: bool,
        #[command(flatten)]
        locating: Locating,
        #[command(flatten)]
        writing: Writing,
    },
    /// Write a key with all below it as a .reg file
    #[command(after_help = KEYS)]
    Export {
        /// The image: a directory, or `FILE.wim:2`, `FILE.wim:all`
        image: PathBuf,
        /// Which key
        key: String,
        /// The .reg file; standard output if not given
        file: Option<PathBuf>,
        /// version5 is what regedit writes: UTF-16LE
        #[arg(long, value_name = "FORMAT", default_value = "version5")]
        format: ExportFormat,
        /// The code page of regedit4, by its number; the image's own if not given
        #[arg(long, value_name = "NUMBER")]
        code_page: Option<String>,
        #[command(flatten)]
        locating: Locating,
    },
    /// Bring .reg files into an image, all or none
    #[command(after_help = KEYS)]
    Import {
        /// The image: a directory, or `FILE.wim:2`, `FILE.wim:all`
        image: PathBuf,
        /// .reg files, in this order; `-` is standard input
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        #[command(flatten)]
        reading: Reading,
        #[command(flatten)]
        locating: Locating,
        #[command(flatten)]
        writing: Writing,
    },
    /// Compare the registries of two images, or say what a .reg file would change
    #[command(after_help = KEYS)]
    Diff {
        /// The image: a directory, or `FILE.wim:2`, `FILE.wim:all`
        image: PathBuf,
        /// The other image directory, or a .reg file
        other: PathBuf,
        /// Which key of both images; all their hives if not given
        key: Option<String>,
        /// Compare the security of keys as well
        #[arg(long)]
        security: bool,
        /// Write a .reg file that makes the first what the second is
        #[arg(long, value_name = "FILE")]
        reg: Option<PathBuf>,
        #[command(flatten)]
        reading: Reading,
        #[command(flatten)]
        locating: Locating,
    },
}

/// What a key's name means beside what the image says.
#[derive(Args, Debug)]
#[command(next_help_heading = "Names of keys")]
pub(crate) struct Locating {
    /// Whose profile HKCU is: a folder's name or a SID
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// A name that stands for another: 'HKLM\OFFLINE=SOFTWARE'
    #[arg(long, value_name = "NAME=HIVE")]
    map: Vec<String>,
}

impl Locating {
    pub(crate) fn options(&self) -> LocationOptions {
        LocationOptions {
            user: self.user.clone(),
            map: self.map.clone(),
        }
    }
}

/// How .reg files are read.
#[derive(Args, Debug)]
#[command(next_help_heading = "Reading .reg files")]
pub(crate) struct Reading {
    /// The code page of files without a byte order mark, by its number; else UTF-8 is
    /// recognised, and other text is read in the image's own
    #[arg(long, value_name = "NUMBER")]
    pub(crate) code_page: Option<String>,
    /// Skip lines that are wrong, as regedit does, and name them
    #[arg(long)]
    pub(crate) skip_bad_lines: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportFormat {
    /// Version 5.00, UTF-16LE
    Version5,
    /// Version 5.00, UTF-8
    Utf8,
    /// REGEDIT4, ANSI
    Regedit4,
}
