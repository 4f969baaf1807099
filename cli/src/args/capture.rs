//! The words of the commands that make images of directories.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::container::{Checking, Packing};

#[derive(Debug, Subcommand)]
pub(crate) enum CaptureCommand {
    /// Make an image of a directory, in a new WIM file
    ///
    /// A tree that `apply` made is captured with everything Windows knows of it: security,
    /// attributes, short names, streams and links come from the file `.wimwright-sidecar` in it.
    /// What was written to since keeps them; what is new inherits its directory's security. A
    /// mounted NTFS volume tells all of that itself. Other files of Linux get times and the
    /// attribute ARCHIVE, and no security: when the image is applied, they inherit it.
    ///
    /// With SOURCE_DATE_EPOCH set, the same tree gives the same file, byte for byte. Exit code 3
    /// says that something could not be captured, and which.
    Capture {
        #[command(flatten)]
        words: CaptureWords,
        #[command(flatten)]
        packing: Packing,
        /// Write an integrity table
        #[arg(long)]
        check: bool,
        /// Replace the file that exists
        #[arg(long)]
        force: bool,
    },
    /// Make an image of a directory, and add it to a WIM file
    ///
    /// The file is changed in place, and only what it does not have yet is added. A tree is
    /// captured as by `capture`.
    Append {
        #[command(flatten)]
        words: CaptureWords,
        #[command(flatten)]
        checking: Checking,
    },
}

/// What both take.
#[derive(Args, Debug)]
pub(crate) struct CaptureWords {
    /// The directory
    #[arg(value_name = "DIR")]
    pub(crate) directory: PathBuf,
    /// The WIM file
    pub(crate) wim: PathBuf,
    /// The name of the image; that of the directory if not given
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Its description
    #[arg(long)]
    pub(crate) description: Option<String>,
    /// The edition id that Windows Setup wants: Professional
    #[arg(long)]
    pub(crate) flags: Option<String>,
    /// Mark the image as the bootable one
    #[arg(long)]
    pub(crate) boot: bool,
    /// Leave out what the lists in FILE say, too: a WimScript.ini
    #[arg(long, value_name = "FILE", alias = "config")]
    pub(crate) exclude_file: Option<PathBuf>,
    /// Capture page files, recycle bins and all else that Windows leaves out by itself
    #[arg(long)]
    pub(crate) no_default_excludes: bool,
    /// Keep absolute links as they are, also those that lead into the directory
    #[arg(long, alias = "norpfix")]
    pub(crate) no_rpfix: bool,
    /// Say what would be captured, and write nothing
    #[arg(long, help_heading = "Writing")]
    pub(crate) dry_run: bool,
}
