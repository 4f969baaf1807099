//! The words of the commands that take files out of images.

use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(crate) enum ExtractionCommand {
    /// Put all files of an image into a directory
    ///
    /// Files that are there and that the image does not name stay; files that it names are
    /// replaced. The directory is made where it is missing. What its filesystem cannot hold of
    /// what Windows knows (security, attributes, short names, creation times, named streams,
    /// reparse data) is kept in the file `.wimwright-sidecar` in it, and `capture` takes it from
    /// there; a mounted NTFS holds it itself.
    ///
    /// A directory that holds a Windows already is refused, unless `--move-old` moves it aside:
    /// the Windows directory, `Program Files`, `ProgramData`, `Recovery`, everything that boots,
    /// and page, swap and hibernation files. `Users`, `Documents and Settings` and all else
    /// stay; `Documents and Settings` is moved, too, where the new system has a link of that name.
    Apply {
        /// The image: FILE.wim:1, FILE.wim:NAME; FILE.wim where it has only one. With FILE.wim:all
        /// every image gets a directory of its own, by its name
        image: PathBuf,
        /// The directory
        directory: PathBuf,
        /// Move a Windows that is there into this directory in it, like `Windows.old`
        #[arg(long, value_name = "NAME")]
        move_old: Option<String>,
        /// Write no sidecar: what the filesystem does not hold is lost
        #[arg(long)]
        no_sidecar: bool,
        #[command(flatten)]
        previewing: Previewing,
    },
    /// Take files and directories out of an image
    ///
    /// A path is taken with all that is below it. `*` and `?` stand for characters of a name,
    /// `**` for any number of names; case does not count. Content, times and links are extracted;
    /// nothing else that Windows knows of the files, unless the target is a mounted NTFS.
    Extract {
        /// The image: FILE.wim:1, FILE.wim:NAME; FILE.wim where it has only one
        image: PathBuf,
        /// What to take, from the image root: `Windows/System32/*.dll`; `/` is everything
        #[arg(required = true, value_name = "PATH")]
        paths: Vec<String>,
        /// The directory to put it into; made where it is missing
        #[arg(long, value_name = "DIR")]
        to: PathBuf,
        /// Keep the directories that a path is in; otherwise it lies directly in DIR
        #[arg(long)]
        preserve_dir_structure: bool,
        #[command(flatten)]
        previewing: Previewing,
    },
}

/// What both take.
#[derive(Args, Clone, Copy, Debug)]
#[command(next_help_heading = "Writing")]
pub(crate) struct Previewing {
    /// Say what would be made, replaced and moved, and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}
