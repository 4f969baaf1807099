//! An image: where its files are, how they are locked, and what Windows it is.

use std::path::Path;
use std::sync::Arc;

use wimwright_hive::FileTime;

use crate::backend::{BackendError, DirectoryBackend, Recovered};
use crate::draft::{Draft, DraftOptions};
use crate::facts::{FactsError, ImageFacts, find_windows};
use crate::finding::Finding;
use crate::path::PathError;
use crate::registry::Hives;
use crate::transaction::Transaction;
use crate::tree::{DirectoryTree, FileTree};

/// What an image is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// To look at it; others may do so too.
    Read,
    /// To change it; a second writer is refused.
    Write,
}

/// How a transaction treats its image.
#[derive(Clone, Copy, Debug)]
pub struct BeginOptions {
    /// The one time that goes into everything the plan writes.
    pub time: FileTime,
    /// Edit a dirty hive whose logs do not help, as it is.
    pub accept_dirty_hive: bool,
    /// Refuse changes whose basis is recalled or inferred.
    pub strict: bool,
}

/// Why an image could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The directory, its lock or its journal.
    #[error(transparent)]
    Backend(#[from] BackendError),
    /// What is in it.
    #[error(transparent)]
    Facts(#[from] FactsError),
    /// A name that is no path.
    #[error(transparent)]
    Path(#[from] PathError),
}

/// An opened image.
pub struct Image {
    name: String,
    backend: DirectoryBackend,
    hives: Arc<Hives>,
    facts: Arc<ImageFacts>,
    findings: Vec<Finding>,
}

impl Image {
    /// Opens the image in a host directory. An interrupted commit is finished
    /// or undone first.
    ///
    /// # Errors
    /// [`OpenError`] when the directory cannot be read or locked, or holds no
    /// Windows.
    pub fn open(path: &Path, access: Access) -> Result<Image, OpenError> {
        let mut backend = DirectoryBackend::open(path)?;
        if access == Access::Write {
            backend.lock()?;
        }
        let tree: Arc<dyn FileTree> = backend.tree();
        let windows = find_windows(tree.as_ref())?;
        let hives = Arc::new(Hives::new(Arc::clone(&tree), &windows)?);
        let facts = Arc::new(ImageFacts::read(&tree, &windows, &hives)?);
        let mut findings = facts.findings.clone();
        match backend.recovered() {
            Some(Recovered::Finished { changes }) => findings.insert(
                0,
                Finding::note(
                    "commit-finished",
                    format!("an interrupted commit was finished ({changes} changes)"),
                ),
            ),
            Some(Recovered::Undone) => findings.insert(
                0,
                Finding::note(
                    "commit-undone",
                    "an interrupted commit had changed nothing yet; what it left was removed",
                ),
            ),
            None => {}
        }
        Ok(Image {
            name: path.display().to_string(),
            backend,
            hives,
            facts,
            findings,
        })
    }

    /// The image as the user named it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it is.
    pub fn facts(&self) -> &Arc<ImageFacts> {
        &self.facts
    }

    /// Its files.
    pub fn tree(&self) -> Arc<dyn FileTree> {
        self.backend.tree()
    }

    /// What the user should know about the image itself.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// What the names met so far in its directories are odd in: known only
    /// once something was looked for.
    pub fn name_findings(&self) -> Vec<Finding> {
        name_findings(&self.backend.tree())
    }

    /// A draft to look through; it cannot be committed.
    pub fn look(&self, time: FileTime) -> Draft {
        self.draft(time, DraftOptions::default())
    }

    fn draft(&self, time: FileTime, options: DraftOptions) -> Draft {
        Draft::new(
            self.tree(),
            Arc::clone(&self.hives),
            Arc::clone(&self.facts),
            time,
            options,
        )
    }

    /// Begins a transaction. Open the image for [`Access::Write`], or the
    /// transaction can be planned but not prepared.
    pub fn begin(self, options: BeginOptions) -> Transaction {
        let draft = self.draft(
            options.time,
            DraftOptions {
                accept_dirty_hive: options.accept_dirty_hive,
            },
        );
        Transaction::new(self.name, self.backend, draft, options.strict)
    }
}

/// Names that differ only by case, and names that Windows cannot have, in the
/// directories of `tree` that were read so far.
pub fn name_findings(tree: &DirectoryTree) -> Vec<Finding> {
    let clashes = tree.name_clashes().into_iter().map(|clash| {
        let names: Vec<String> = clash.names.iter().map(|name| format!("`{name}`")).collect();
        Finding::warning(
            "names-differ-by-case",
            format!(
                "`{}` holds {}: Windows sees one of them; the exact spelling is taken, else the \
                 first",
                clash.directory,
                names.join(" and ")
            ),
        )
    });
    let unreadable = tree.unreadable_names().into_iter().map(|name| {
        Finding::warning(
            "name-not-of-windows",
            format!(
                "`{}` holds {:?}, which is no name that Windows can have: it is left alone",
                name.directory, name.name
            ),
        )
    });
    clashes.chain(unreadable).collect()
}
