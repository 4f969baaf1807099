//! A transaction: the drafts of all images it opened, committed together or
//! dropped.
//!
//! * errors while planning and preparing leave the image untouched
//! * a prepared transaction is committed; an error there leaves the image as it
//!   was, or a journal that the next open finishes
//! * dropping a transaction discards it: a dry run is one that is dropped

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::Arc;

use wimwright_hive::Hive;

use crate::backend::{BackendError, FileChange, ImageTree, NestedWim, StagedStore, Store};
use crate::blob::{Blob, ContentId, Identified};
use crate::bundle::{BundleError, write_content};
use crate::draft::{Draft, DraftError};
use crate::facts::FactsError;
use crate::finding::Finding;
use crate::image::{BeginOptions, Image, OpenError, name_findings};
use crate::path::ImagePath;
use crate::plan::{BasisCount, Certainty, Change, Content, Plan, Recovered, Subject};
use crate::registry::{HiveName, ReadBackError, read_back};
use crate::tree::{FileTree as _, TreeError};

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
    /// The plan that takes it back. What files held that were replaced or
    /// removed comes from a bundle: [`Prepared::keep_displaced`].
    pub undo: Plan,
    /// How many changes rest on what.
    pub basis: BasisCount,
    /// The files written.
    pub written: Vec<Written>,
    /// The files and directories that got another path: the old one, and the
    /// new one.
    pub renamed: Vec<(ImagePath, ImagePath)>,
    /// The files and directories that got attributes, times or details.
    pub restamped: Vec<ImagePath>,
    /// Hives that were dirty, and what was done about it.
    pub recovered: Vec<(HiveName, Recovered)>,
    /// Values that only our own reader could compare after the edit.
    pub read_back_exceptions: Vec<String>,
}

/// An image of a transaction.
pub(crate) struct ImageDraft {
    pub(crate) name: String,
    pub(crate) title: Option<String>,
    pub(crate) store: Option<Arc<Store>>,
    pub(crate) tree: ImageTree,
    pub(crate) draft: Draft,
    /// The file that it lies in, where that is one of other images.
    pub(crate) nested: Option<Arc<Nested>>,
}

/// A WIM file inside images of the transaction.
pub(crate) struct Nested {
    wim: NestedWim,
    /// Which images have it, and where.
    parents: Vec<(usize, ImagePath)>,
}

/// Drafts of images that are committed together. All lie in one place: a WIM
/// file, or a directory that holds the one.
pub struct Transaction {
    images: Vec<ImageDraft>,
    options: BeginOptions,
    rebuild: bool,
}

impl Transaction {
    pub(crate) fn new(images: Vec<ImageDraft>, options: BeginOptions) -> Transaction {
        Transaction {
            images,
            options,
            rebuild: false,
        }
    }

    /// Has a WIM file written anew, compact, instead of changed in place; gives
    /// whether there is one. Other than a change in place it needs room for the
    /// whole file, and nobody who reads the old one is disturbed.
    pub fn rebuild(&mut self) -> bool {
        let is_wim = |image: &ImageDraft| matches!(image.store.as_deref(), Some(Store::Wim(_)));
        self.rebuild = self.images.iter().any(is_wim);
        self.rebuild
    }

    /// Adds the images of WIM files that lie inside images of the transaction:
    /// they are changed with them, and what comes out is new content of the
    /// file. `path_of` says where an image has such a file. A file that several
    /// images share is changed once. Gives how many images were added.
    ///
    /// # Errors
    /// [`OpenError`] when such a file, or an image in it, cannot be opened.
    pub fn include_nested(
        &mut self,
        path_of: impl Fn(&Draft) -> Result<Option<ImagePath>, TreeError>,
    ) -> Result<usize, OpenError> {
        struct Found {
            id: ContentId,
            name: String,
            blob: Arc<dyn Blob>,
            parents: Vec<(usize, ImagePath)>,
        }
        let mut found: Vec<Found> = Vec::new();
        for (index, image) in self.images.iter().enumerate() {
            let in_tree = |error| OpenError::Facts(FactsError::Tree(error));
            let Some(path) = path_of(&image.draft).map_err(in_tree)? else {
                continue;
            };
            let Some(blob) = image.draft.open(&path).map_err(in_tree)? else {
                continue;
            };
            let id = ContentId::of_blob(blob.as_ref());
            let id = id.map_err(|error| in_tree(TreeError::new(&path, error)))?;
            match found.iter_mut().find(|known| known.id == id) {
                Some(known) => known.parents.push((index, path)),
                None => found.push(Found {
                    id,
                    name: format!("{}\\{path}", image.name),
                    blob,
                    parents: vec![(index, path)],
                }),
            }
        }
        let before = self.images.len();
        for Found {
            name,
            blob,
            parents,
            ..
        } in found
        {
            let wim = NestedWim::open(name, blob)?;
            let trees = wim.trees()?;
            let nested = Arc::new(Nested { wim, parents });
            for (index, tree) in trees {
                let image = Image::nested(&nested.wim, index, tree)?;
                let mut draft = image.into_draft(self.options);
                draft.nested = Some(Arc::clone(&nested));
                self.images.push(draft);
            }
        }
        Ok(self.images.len() - before)
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
        let mut displaced = BTreeMap::new();
        for image in &self.images {
            let (receipt, of_image) = prepare(&image.draft)?;
            displaced.extend(displaced_by(&image.draft, &receipt.undo));
            receipts.push(receipt);
            changes.push(of_image);
        }
        self.prepare_nested(&mut receipts, &mut changes)?;
        let outer = self.images.into_iter().zip(changes);
        let mut staged = Vec::new();
        let mut store = None;
        for (image, changes) in outer.filter(|(_, changes)| !changes.is_empty()) {
            store = store.or(image.store);
            staged.push((image.tree, changes));
        }
        let staged = match store {
            Some(store) => Some(store.stage(staged, self.options.time, self.rebuild)?),
            None => None,
        };
        Ok(Prepared {
            staged,
            receipts,
            displaced,
        })
    }

    /// Turns the changes to images of nested files into changes of the files
    /// that these are in the images around them.
    fn prepare_nested(
        &self,
        receipts: &mut [Receipt],
        changes: &mut [Vec<FileChange>],
    ) -> Result<(), CommitError> {
        let mut at = 0;
        while let Some(image) = self.images.get(at) {
            let Some(nested) = &image.nested else {
                at += 1;
                continue;
            };
            // Its images stand one behind the other.
            let mut inner = Vec::new();
            while let Some(image) = self.images.get(at)
                && image
                    .nested
                    .as_ref()
                    .is_some_and(|other| Arc::ptr_eq(other, nested))
            {
                if let (ImageTree::Wim(tree), Some(changes)) = (&image.tree, changes.get_mut(at)) {
                    inner.push((Arc::clone(tree), std::mem::take(changes)));
                }
                at += 1;
            }
            if inner.iter().all(|(_, changes)| changes.is_empty()) {
                continue;
            }
            let content = nested.wim.changed(inner, self.options.time)?;
            let differs = content.dirty();
            let content: Arc<dyn Blob> = content;
            for (parent, path) in &nested.parents {
                let id = |blob: &dyn Blob| {
                    let id = ContentId::of_blob(blob);
                    id.map_err(|error| TreeError::new(path, error))
                };
                let content: Arc<dyn Blob> = Arc::new(Identified {
                    id: id(content.as_ref())?,
                    blob: Arc::clone(&content),
                });
                let Some(outer) = self.images.get(*parent) else {
                    continue;
                };
                let before = outer.draft.base().open(path)?;
                if let Some(receipt) = receipts.get_mut(*parent) {
                    receipt.written.push(Written {
                        path: path.clone(),
                        before: before.map(|blob| id(blob.as_ref())).transpose()?,
                        after: Some(id(content.as_ref())?),
                    });
                }
                if let Some(changes) = changes.get_mut(*parent) {
                    changes.push(FileChange::Put {
                        path: path.clone(),
                        content,
                        in_place_if_linked: false,
                        differs: Some(differs.clone()),
                    });
                }
            }
        }
        Ok(())
    }
}

/// What a draft comes to: the changes to files, and the receipt for them.
fn prepare(draft: &Draft) -> Result<(Receipt, Vec<FileChange>), CommitError> {
    let mut receipt = Receipt {
        plan: draft.plan().clone(),
        undo: draft.undo(),
        basis: draft.plan().basis(),
        written: Vec::new(),
        renamed: Vec::new(),
        restamped: Vec::new(),
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
        let content: Arc<dyn Blob> = Arc::new(HiveBlob(Arc::clone(edited)));
        let id = ContentId::of_blob(content.as_ref());
        let content = Identified {
            id: id.map_err(|error| TreeError::new(&path, error))?,
            blob: content,
        };
        let exceptions = seen.exceptions.into_iter();
        let named = exceptions.map(|exception| format!("{hive}\\{exception}"));
        receipt.read_back_exceptions.extend(named);
        changes.push(FileChange::Put {
            path,
            content: Arc::new(content),
            in_place_if_linked: true,
            differs: Some(edited.dirty_pages()),
        });
    }
    // A hive that is written gets the times that the plan gives its file.
    changes.sort_by_key(is_stamp);
    receipt.written = written(draft, &changes)?;
    receipt.renamed = draft.renamed();
    receipt.restamped = restamped(&changes);
    Ok((receipt, changes))
}

/// Whether a change only sets what is known of a file.
fn is_stamp(change: &FileChange) -> bool {
    matches!(
        change,
        FileChange::SetAttributes { .. }
            | FileChange::SetDetails { .. }
            | FileChange::SetTimes { .. }
    )
}

/// What `undo` takes from a bundle.
fn displaced_by<'d>(
    draft: &'d Draft,
    undo: &'d Plan,
) -> impl Iterator<Item = ([u8; 20], (ContentId, Arc<dyn Blob>))> + 'd {
    let contents = undo.steps.iter().flat_map(|step| step.change.contents());
    contents.filter_map(|content| match content {
        Content::Source { id, .. } => {
            let blob = draft.displaced_content(*id)?;
            Some((id.sha1, (*id, Arc::clone(blob))))
        }
        _ => None,
    })
}

/// The file that an edited hive is.
struct HiveBlob(Arc<Hive>);

impl Blob for HiveBlob {
    fn len(&self) -> u64 {
        self.0.as_bytes().len() as u64
    }

    fn read_into(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let part = usize::try_from(offset)
            .ok()
            .and_then(|start| {
                self.0
                    .as_bytes()
                    .get(start..start.checked_add(buffer.len())?)
            })
            .ok_or(io::ErrorKind::UnexpectedEof)?;
        buffer.copy_from_slice(part);
        Ok(())
    }
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
    for step in &draft.plan().steps {
        let subject = step.change.subject();
        for content in step.change.contents() {
            if let Subject::Path(path) | Subject::Details(path) = &subject {
                draft.check_content_of(content, path)?;
            }
        }
    }
    let mut list = Vec::new();
    for change in changes {
        let (path, after) = match change {
            FileChange::Put { path, content, .. } => {
                let id = match draft.planned_content(path) {
                    Some(id) => id,
                    None => ContentId::of_blob(content.as_ref())
                        .map_err(|error| TreeError::new(path, error))?,
                };
                (path, Some(id))
            }
            FileChange::Remove { path } => (path, None),
            FileChange::Link { path, .. } => {
                let linked = draft.open(path)?;
                let id = linked.map(|blob| ContentId::of_blob(blob.as_ref()));
                (
                    path,
                    id.transpose()
                        .map_err(|error| TreeError::new(path, error))?,
                )
            }
            FileChange::MakeDirectory { .. }
            | FileChange::Rename { .. }
            | FileChange::MakeLink { .. }
            | FileChange::SetAttributes { .. }
            | FileChange::SetDetails { .. }
            | FileChange::SetTimes { .. } => continue,
        };
        // A renamed file that is written, too, held what its old name shows.
        let was = match after {
            Some(_) => draft.origin(path),
            None => Some(path.clone()),
        };
        let before = match was {
            Some(was) => match draft.base().open(&was)? {
                Some(blob) => Some(
                    ContentId::of_blob(blob.as_ref())
                        .map_err(|error| TreeError::new(path, error))?,
                ),
                None => None,
            },
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

/// The paths that `changes` set attributes or times of, each once.
fn restamped(changes: &[FileChange]) -> Vec<ImagePath> {
    let mut paths: Vec<ImagePath> = changes
        .iter()
        .filter_map(|change| match change {
            FileChange::SetAttributes { path, .. }
            | FileChange::SetDetails { path, .. }
            | FileChange::SetTimes { path, .. } => Some(path.clone()),
            _ => None,
        })
        .collect();
    paths.dedup();
    paths
}

/// A transaction of which only the last step is left.
#[must_use = "a prepared transaction that is dropped is discarded"]
pub struct Prepared {
    staged: Option<StagedStore>,
    receipts: Vec<Receipt>,
    displaced: BTreeMap<[u8; 20], (ContentId, Arc<dyn Blob>)>,
}

impl Prepared {
    /// Whether committing changes anything.
    pub fn writes(&self) -> bool {
        self.staged.is_some()
    }

    /// What was done, and would take it back, for each image, once this is
    /// committed.
    pub fn receipts(&self) -> &[Receipt] {
        &self.receipts
    }

    /// Keeps what files hold that the commit replaces or removes, in the folder
    /// `bundle`: the receipts' undo plans take it from there. It must be empty,
    /// or not there yet.
    ///
    /// # Errors
    /// [`BundleError`]; nothing is left behind then.
    pub fn keep_displaced(&self, bundle: &Path) -> Result<(), BundleError> {
        let contents = self.displaced.values();
        write_content(bundle, contents.map(|(id, blob)| (*id, blob)))
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
    /// Whether the commit was cut short and the next open of the image finishes
    /// it.
    pub fn will_be_finished(&self) -> bool {
        matches!(self, CommitError::Backend(BackendError::Interrupted { .. }))
    }

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
