//! The words of `files`, `mount`, `unmount` and `mounts`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::Writing;

/// Commands on the files of images.
#[derive(Debug, Subcommand)]
pub(crate) enum ImageFilesCommand {
    /// Files of an image: put, delete, rename
    ///
    /// Any image, whether Windows is in it or not. All of a command is done in one commit, or
    /// nothing.
    #[command(subcommand, arg_required_else_help = true)]
    Files(FilesCommand),
    /// Show an image as a directory of this host
    ///
    /// Returns when the image can be seen in DIRECTORY. What is written with --rw stays beside the
    /// image until `unmount --commit` writes it into the image, all at once. Needs FUSE.
    #[cfg(all(feature = "fuse", target_os = "linux"))]
    Mount(MountArgs),
    /// End a mount, and write what was changed into the image, or not
    #[cfg(all(feature = "fuse", target_os = "linux"))]
    Unmount {
        /// Where the image is mounted
        directory: PathBuf,
        /// Write what was changed into the image
        #[arg(long, conflicts_with = "discard")]
        commit: bool,
        /// Throw away what was changed
        #[arg(long)]
        discard: bool,
    },
    /// List the images that are mounted
    #[cfg(all(feature = "fuse", target_os = "linux"))]
    Mounts {
        /// Unmount those whose process is gone
        #[arg(long)]
        clean: bool,
    },
}

/// The words of `mount`.
#[cfg(all(feature = "fuse", target_os = "linux"))]
#[derive(Args, Debug)]
pub(crate) struct MountArgs {
    /// The image
    pub(crate) image: PathBuf,
    /// Where: a directory that is there
    pub(crate) directory: PathBuf,
    /// Let files be written, made, renamed and removed
    #[arg(long)]
    pub(crate) rw: bool,
    /// Stay in the foreground until the image is unmounted
    #[arg(long)]
    pub(crate) foreground: bool,
    /// The process that `mount` starts: says so when the mount answers
    #[arg(long, hide = true)]
    pub(crate) daemon: bool,
}

/// How a command on files is carried out.
#[derive(Args, Debug)]
#[command(next_help_heading = "Writing")]
pub(crate) struct FilesWriting {
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
    /// Write a new, compact WIM file and rename it over the old one, instead of changing it in
    /// place
    #[arg(long)]
    pub(crate) rebuild: bool,
}

impl FilesWriting {
    /// As all writing commands know it. The user's own word is always sure
    /// enough, and no hive is edited.
    pub(crate) fn writing(&self) -> Writing {
        Writing {
            dry_run: self.dry_run,
            plan_out: self.plan_out.clone(),
            undo_out: self.undo_out.clone(),
            rebuild: self.rebuild,
            ..Writing::default()
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum FilesCommand {
    /// Put a file, or all that is in a directory, into an image
    ///
    /// Directories that are there are joined, files that are there replaced. Directories above are
    /// made. Files keep the time they were last written.
    Put {
        /// The image
        image: PathBuf,
        /// A file or directory of this host
        #[arg(value_name = "SOURCE")]
        from: PathBuf,
        /// Its path in the image, with its name
        #[arg(value_name = "PATH")]
        to: String,
        #[command(flatten)]
        writing: FilesWriting,
    },
    /// Delete files and directories of an image
    Delete {
        /// The image
        image: PathBuf,
        /// Paths in the image
        #[arg(required = true, value_name = "PATH")]
        paths: Vec<String>,
        /// Delete directories with all in them
        #[arg(long)]
        recurse: bool,
        /// Do not mind what is not there
        #[arg(long)]
        force: bool,
        #[command(flatten)]
        writing: FilesWriting,
    },
    /// Give a file or directory of an image another path
    Rename {
        /// The image
        image: PathBuf,
        /// Its path
        #[arg(value_name = "FROM")]
        from: String,
        /// Its new path, with its name; directories above are made
        #[arg(value_name = "TO")]
        to: String,
        /// Replace a file that is there, or an empty directory by a directory
        #[arg(long)]
        force: bool,
        #[command(flatten)]
        writing: FilesWriting,
    },
    /// Carry out commands from standard input, in one commit
    ///
    /// One a line, as `wimlib-imagex update` reads them: `add SOURCE PATH`, `delete [--force]
    /// [--recursive] PATH`, `rename FROM TO`. Words with blanks stand in single or double quotes;
    /// a line that begins with `#` is a comment.
    Script {
        /// The image
        image: PathBuf,
        /// Every `delete` deletes directories with all in them
        #[arg(long, visible_alias = "recursive")]
        recurse: bool,
        /// No `delete` minds what is not there
        #[arg(long)]
        force: bool,
        #[command(flatten)]
        writing: FilesWriting,
    },
}
