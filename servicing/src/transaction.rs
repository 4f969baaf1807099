//! A transaction: the drafts of all images it opened, committed together or
//! dropped.
//!
//! * errors while planning and preparing leave the image untouched
//! * a prepared transaction is committed; an error there leaves the image as it
//!   was, or a journal that the next open finishes
//! * dropping a transaction discards it: a dry run is one that is dropped

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::backend::{BackendError, FileChange, ImageTree, StagedStore, Store};
use crate::blob::{ContentId, MemoryBlob};
use crate::draft::{Draft, DraftError};
use crate::finding::Finding;
use crate::image::{BeginOptions, name_findings};
use crate::path::ImagePath;
use crate::plan::{BasisCount, Certainty, Change, Content, Plan, Recovered};
use crate::registry::{HiveName, ReadBackError, read_back};
use crate::tree::TreeError;

/// Why a transaction could not be prepared or committed.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// `--strict` and a change that is not sure enough.
    #[error(
        "strict: {count} changes rest on recalled or inferred facts, the first is {subject} \
         ({certainty}, {section})"
    )]
    NotSure {
        /// How many.
        count: usize,
        /// What the first is about.
        subject: String,
        /// How sure it is.
        certainty: Certainty,
        /// Where the reference says so.
        section: String,
    },
    /// An edited hive did not pass the second reader.
    #[error("hive {hive}")]
    ReadBack {
        /// Which hive.
        hive: HiveName,
        /// Why.
        #[source]
        source: ReadBackError,
    },
    /// The image changed while the transaction was open.
    #[error("`{path}` changed while it was being serviced")]
    BaseChanged {
        /// Which file.
        path: ImagePath,
    },
    /// A source's file is no longer what was planned.
    #[error(transparent)]
    Draft(#[from] DraftError),
    /// The image cannot be read.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// The image cannot be written.
    #[error(transparent)]
    Backend(#[from] BackendError),
}

/// A file that a commit wrote, with what it was and is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// Which file.
    pub path: ImagePath,
    /// What it held; `None` where it is new.
    pub before: Option<ContentId>,
    /// What it holds; `None` where it was removed.
    pub after: Option<ContentId>,
}

/// What was done, and what would take it back.
#[derive(Clone, Debug)]
#[must_use = "a receipt is how the user learns what was done"]
pub struct Receipt {
    /// The plan that was carried out.
    pub plan: Plan,
    /// The changes that take it back, in order; displaced file content is
    /// named by its identity.
    pub undo: Vec<Change>,
    /// How many changes rest on what.
    pub basis: BasisCount,
    /// The files written.
    pub written: Vec<Written>,
    /// Hives that were dirty, and what was done about it.
    pub recovered: Vec<(HiveName, Recovered)>,
    /// Values that only our own reader could compare after the edit.
    pub read_back_exceptions: Vec<String>,
}

/// An image of a transaction.
pub(crate) struct ImageDraft {
    pub(crate) name: String,
    pub(crate) title: Option<String>,
    pub(crate) store: Arc<Store>,
    pub(crate) tree: ImageTree,
    pub(crate) draft: Draft,
}

/// Drafts of images that are committed together. All lie in one place: a WIM
/// file, or a directory that holds the one.
pub struct Transaction {
    images: Vec<ImageDraft>,
    options: BeginOptions,
}

impl Transaction {
    pub(crate) fn new(images: Vec<ImageDraft>, options: BeginOptions) -> Transaction {
        Transaction { images, options }
    }

    /// Runs an operation on every image; one result per image.
    pub fn run<T, E>(
        &mut self,
        name: &str,
        mut operation: impl FnMut(&mut Draft) -> Result<T, E>,
    ) -> Vec<Result<T, E>>
    where
        E: From<DraftError>,
    {
        let images = self.images.iter_mut();
        images
            .map(|image| image.draft.operation(name, &mut operation))
            .collect()
    }

    /// The images' drafts, with the names that the user gave.
    pub fn drafts(&self) -> impl Iterator<Item = (&str, &Draft)> {
        let images = self.images.iter();
        images.map(|image| (image.name.as_str(), &image.draft))
    }

    /// What the WIM file calls its images; `None` for those without a name,
    /// and for directories.
    pub fn titles(&self) -> impl Iterator<Item = Option<&str>> {
        self.images.iter().map(|image| image.title.as_deref())
    }

    /// For each image, what the names met so far in its directories are odd
    /// in.
    pub fn name_findings(&self) -> Vec<Vec<Finding>> {
        let images = self.images.iter();
        images.map(|image| name_findings(&image.tree)).collect()
    }

    /// What [`Transaction::prepare`] would refuse for the plans alone, so that
    /// a dry run says what the real run would say.
    ///
    /// # Errors
    /// [`CommitError::NotSure`] under `strict`.
    pub fn check(&self) -> Result<(), CommitError> {
        if self.options.strict {
            for image in &self.images {
                strict(image.draft.plan())?;
            }
        }
        Ok(())
    }

    /// Checks and stages everything; the images' own files are untouched.
    /// Everything that can fail by content fails here.
    ///
    /// # Errors
    /// [`CommitError`]; nothing was written.
    pub fn prepare(self) -> Result<Prepared, CommitError> {
        self.check()?;
        let mut receipts = Vec::new();
        let mut changes = Vec::new();
        let mut store = None;
        for image in self.images {
            let (receipt, of_image) = prepare(&image.draft)?;
            if !of_image.is_empty() {
                changes.push((image.tree, of_image));
                store = Some(image.store);
            }
            receipts.push(receipt);
        }
        let staged = match store {
            Some(store) => Some(store.stage(changes, self.options.time)?),
            None => None,
        };
        Ok(Prepared { staged, receipts })
    }
}

/// What a draft comes to: the changes to files, and the receipt for them.
fn prepare(draft: &Draft) -> Result<(Receipt, Vec<FileChange>), CommitError> {
    let mut receipt = Receipt {
        plan: draft.plan().clone(),
        undo: draft.undo().cloned().collect(),
        basis: draft.plan().basis(),
        written: Vec::new(),
        recovered: Vec::new(),
        read_back_exceptions: Vec::new(),
    };
    for step in &draft.plan().steps {
        if let Change::RecoverHive { hive, how } = &step.change {
            receipt.recovered.push((hive.clone(), how.clone()));
        }
    }
    if !draft.plan().writes() {
        return Ok((receipt, Vec::new()));
    }
    let mut changes = draft.file_changes()?;
    for (hive, edited) in draft.edited_hives() {
        let (path, before) = draft.base_hive(hive)?;
        let on_disk = match draft.base().open(&path)? {
            Some(blob) => {
                ContentId::of_blob(blob.as_ref()).map_err(|error| TreeError::new(&path, error))?
            }
            None => return Err(CommitError::BaseChanged { path }),
        };
        if on_disk != before.file {
            return Err(CommitError::BaseChanged { path });
        }
        let seen = read_back(edited, &before.hive).map_err(|source| CommitError::ReadBack {
            hive: hive.clone(),
            source,
        })?;
        let exceptions = seen.exceptions.into_iter();
        let named = exceptions.map(|exception| format!("{hive}\\{exception}"));
        receipt.read_back_exceptions.extend(named);
        changes.push(FileChange::Put {
            path,
            content: Arc::new(MemoryBlob::new(edited.as_bytes())),
            in_place_if_linked: true,
            differs: Some(edited.dirty_pages()),
        });
    }
    receipt.written = written(draft, &changes)?;
    Ok((receipt, changes))
}

fn strict(plan: &Plan) -> Result<(), CommitError> {
    let unsure = |certainty| certainty > Certainty::Stated;
    let mut steps = plan
        .steps
        .iter()
        .filter(|step| step.change.writes() && unsure(step.basis.certainty));
    let Some(first) = steps.next() else {
        return Ok(());
    };
    Err(CommitError::NotSure {
        subject: first.change.subject().to_string(),
        certainty: first.basis.certainty,
        section: first.basis.section.to_string(),
        count: 1 + steps.count(),
    })
}

/// What each change does to which file; and that the base is still as the
/// plan saw it, and sources still hold what was planned.
fn written(draft: &Draft, changes: &[FileChange]) -> Result<Vec<Written>, CommitError> {
    let mut promised: BTreeMap<&ImagePath, ContentId> = BTreeMap::new();
    for step in &draft.plan().steps {
        if let Change::PutFile { path, content } = &step.change {
            promised.insert(path, content.id());
            if let Content::Source {
                source,
                path: from,
                expand,
                id,
            } = content
            {
                draft.check_source(*source, from, expand.as_deref(), path, *id)?;
            }
        }
    }
    let mut list = Vec::new();
    for change in changes {
        let (path, after) = match change {
            FileChange::Put { path, content, .. } => {
                let id = match promised.get(path) {
                    Some(id) => *id,
                    None => ContentId::of_blob(content.as_ref())
                        .map_err(|error| TreeError::new(path, error))?,
                };
                (path, Some(id))
            }
            FileChange::Remove { path } => (path, None),
            FileChange::MakeDirectory { .. } => continue,
        };
        let before = match draft.base().open(path)? {
            Some(blob) => Some(
                ContentId::of_blob(blob.as_ref()).map_err(|error| TreeError::new(path, error))?,
            ),
            None => None,
        };
        list.push(Written {
            path: path.clone(),
            before,
            after,
        });
    }
    Ok(list)
}

/// A transaction of which only the last step is left.
#[must_use = "a prepared transaction that is dropped is discarded"]
pub struct Prepared {
    staged: Option<StagedStore>,
    receipts: Vec<Receipt>,
}

impl Prepared {
    /// Whether committing changes anything.
    pub fn writes(&self) -> bool {
        self.staged.is_some()
    }

    /// Carries it out; gives a receipt for each image.
    ///
    /// # Errors
    /// [`BackendError`]. After [`BackendError::Interrupted`] the next open
    /// finishes the commit; after any other the images are as they were.
    pub fn commit(self) -> Result<Vec<Receipt>, CommitError> {
        if let Some(staged) = self.staged {
            staged.commit()?;
        }
        Ok(self.receipts)
    }
}

impl CommitError {
    /// What the user can do about it, where we know.
    pub fn hint(&self) -> Option<String> {
        match self {
            CommitError::NotSure { .. } => Some(
                "look at the plan with --dry-run, and drop --strict if you agree with it"
                    .to_owned(),
            ),
            CommitError::Draft(error) => error.hint(),
            CommitError::Backend(error) => error.hint(),
            _ => None,
        }
    }
}
