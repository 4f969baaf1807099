//! An image as a directory of this host, through FUSE.
//!
//! What is written goes to unlinked scratch files, what is renamed, made and
//! removed is kept in memory; the image is not touched. When the mount is told
//! to commit, what it all comes to becomes a plan, and that is carried out as
//! any other: all of it, or nothing. A mount whose process is killed leaves
//! the image as it was.
//!
//! Shown: files, directories, links, times, and the Windows attributes as the
//! extended attribute `system.ntfs_attrib`, as on a mounted NTFS. Not shown:
//! security, named streams, short names; they stay with the files. Names are
//! found whatever their case; so Linux takes two spellings for the same file,
//! and changes the case of a name only by way of another name. Hard links and symbolic links are not made, and
//! owner and mode of Linux are not kept; a file of the image with several
//! names that is written to becomes a file of its own.

mod control;
mod error;
mod filesystem;
mod inodes;
mod mounts;
mod net_effect;
mod view;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use control::Control;
pub use control::{Outcome, Status};
pub use error::MountError;
use filesystem::ImageFilesystem;
use fuser::{Config, MountOption, Session};
pub use mounts::{Ending, Mount, Unmounted, clean, mounts, unmount};
use view::View;

use crate::draft::{Draft, DraftError};
use crate::image::{BeginOptions, Image, ImageFiles};
use crate::path::ImagePath;
use crate::transaction::{CommitError, Receipt};

/// How many threads answer the kernel at most. Reading unpacks on all
/// processors by itself.
const MOST_THREADS: usize = 4;

/// How long a commit waits for files to be closed.
const CLOSING: Duration = Duration::from_millis(500);

/// The name of the filesystem in the list of mounts, behind `fuse.`.
const SUBTYPE: &str = "wimwright";

/// Why a mount could not commit.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MountCommitError {
    /// Files are open for writing.
    #[error("`{first}` is open for writing{}", and_more(*more))]
    Open {
        /// One of them.
        first: ImagePath,
        /// How many more.
        more: usize,
    },
    /// Two names that Windows takes for the same were both changed.
    #[error("`{path}`: two files whose names differ only by case were both changed")]
    CaseClash {
        /// One of them.
        path: ImagePath,
    },
    /// A commit into the mounted directory did not come to its end.
    #[error("what was serviced in the mounted directory was cut off before its end")]
    CutOff,
    /// What is to be committed cannot be read.
    #[error(transparent)]
    Tree(#[from] crate::tree::TreeError),
    /// It cannot be planned.
    #[error(transparent)]
    Draft(#[from] DraftError),
    /// It cannot be prepared or committed.
    #[error(transparent)]
    Commit(#[from] CommitError),
}

fn and_more(more: usize) -> String {
    match more {
        0 => String::new(),
        more => format!(", and {more} more files are"),
    }
}

impl MountCommitError {
    /// What the user can do about it, where we know.
    pub fn hint(&self) -> Option<String> {
        match self {
            MountCommitError::Open { .. } => {
                Some("close it in the program that writes to it, then try again".to_owned())
            }
            MountCommitError::Draft(error) => error.hint(),
            MountCommitError::Commit(error) => error.hint(),
            MountCommitError::CaseClash { .. } => Some(
                "Windows sees one of them: leave one as it was, or give it another name".to_owned(),
            ),
            MountCommitError::CutOff => Some(
                "run the command that was cut off again, which finishes it or takes it back; or \
                 unmount with --discard"
                    .to_owned(),
            ),
            MountCommitError::Tree(_) => None,
        }
    }
}

/// What is said of a commit, by whoever mounted the image: any text, which
/// [`unmount`] hands on.
pub type Report = Box<dyn Fn(Result<&Receipt, &MountCommitError>) -> String + Send + Sync>;

/// How a mount commits.
pub struct Committing {
    /// How the transaction is begun, asked when it is.
    pub options: Box<dyn Fn() -> BeginOptions + Send + Sync>,
    /// What is said of it.
    pub report: Report,
}

/// Shows `image` in the directory `at` until that is unmounted. Calls `ready`
/// when the mount answers.
///
/// # Errors
/// [`MountError`] when it cannot be mounted.
pub fn show(image: &ImageFiles, at: &Path, ready: impl FnOnce()) -> Result<(), MountError> {
    let view = Arc::new(View::new(image.tree()));
    let control = Control::new(image.name().to_owned(), None, Arc::clone(&view));
    serve(image.name(), view, Arc::new(control), at, ready)
}

/// Shows `image`, opened for writing, in the directory `at` until that is
/// unmounted, and lets it be changed. Calls `ready` when the mount answers.
///
/// # Errors
/// [`MountError`] when it cannot be mounted.
pub fn edit(
    image: Image,
    committing: Committing,
    at: &Path,
    ready: impl FnOnce(),
) -> Result<(), MountError> {
    let name = image.name().to_owned();
    let view = Arc::new(View::new(image.tree()));
    let image = Mutex::new(Some(image));
    let commit = move |view: &View| {
        let mut image = image.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(opened) = image.as_ref() else {
            return Outcome {
                done: false,
                report: String::new(),
            };
        };
        let done = commit(opened, view, (committing.options)());
        let outcome = Outcome {
            done: done.is_ok(),
            report: (committing.report)(done.as_ref()),
        };
        if outcome.done {
            // Its lock is given up.
            image.take();
        }
        outcome
    };
    let control = Control::new(name.clone(), Some(Box::new(commit)), Arc::clone(&view));
    serve(&name, view, Arc::new(control), at, ready)
}

/// Commits what a view shows.
fn commit(image: &Image, view: &View, options: BeginOptions) -> Result<Receipt, MountCommitError> {
    // The kernel says that a file was closed after the program went on.
    let begun = Instant::now();
    while !view.open_for_writing().is_empty() && begun.elapsed() < CLOSING {
        std::thread::sleep(Duration::from_millis(5));
    }
    let mut open = view.open_for_writing().into_iter();
    if let Some(first) = open.next() {
        let more = open.count();
        return Err(MountCommitError::Open { first, more });
    }
    let planned = net_effect::planned(&view.inodes(), view.tree().as_ref())?;
    let mut planned = Some(planned);
    let mut transaction = image.again().begin(options);
    let run = |draft: &mut Draft| match planned.take() {
        Some(planned) => net_effect::plan(draft, "mount", planned),
        None => Ok(()),
    };
    for done in transaction.run("mount", run) {
        done?;
    }
    let receipts = transaction.prepare()?.commit()?;
    let receipt = receipts.into_iter().next();
    // One image gives one receipt.
    receipt.ok_or_else(|| {
        MountCommitError::Tree(crate::tree::TreeError::new(
            &ImagePath::root(),
            std::io::Error::other("the commit gave no receipt"),
        ))
    })
}

fn serve(
    image: &str,
    view: Arc<View>,
    control: Arc<Control>,
    at: &Path,
    ready: impl FnOnce(),
) -> Result<(), MountError> {
    let failed = |source| MountError::NotMounted {
        directory: at.to_owned(),
        source,
    };
    if !at.metadata().map_err(failed)?.is_dir() {
        return Err(MountError::NotADirectory {
            directory: at.to_owned(),
        });
    }
    if mounts::is_mounted(at) {
        return Err(MountError::MountedAlready {
            directory: at.to_owned(),
        });
    }
    raise_open_files();
    let scratch = match control.is_writable() {
        true => Some(tempfile::tempfile().map_err(failed)?),
        false => None,
    };
    let mut config = Config::default();
    let access = match control.is_writable() {
        true => MountOption::RW,
        false => MountOption::RO,
    };
    config.mount_options = vec![
        MountOption::FSName(mounts::source_name(image)),
        MountOption::Subtype(SUBTYPE.to_owned()),
        MountOption::NoSuid,
        MountOption::NoDev,
        MountOption::NoAtime,
        access,
    ];
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    config.n_threads = Some(threads.clamp(1, MOST_THREADS));
    let filesystem = ImageFilesystem::new(view, control, scratch);
    let session = Session::new(filesystem, at, &config).map_err(failed)?;
    ready();
    session.run().map_err(failed)
}

/// Makes the process one that does not end with the terminal it was started
/// from.
pub fn leave_terminal() {
    // Who leads a group already keeps it: that is no reason not to mount.
    let _ = rustix::process::setsid();
}

/// Lets the process have as many files open as it may: each file that is
/// written to has one for its scratch space.
fn raise_open_files() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // With fewer, a program that writes very many files is told so.
    let _ = setrlimit(Resource::Nofile, limit);
}
