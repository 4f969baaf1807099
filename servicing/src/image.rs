//! An image: where its files are, how they are locked, and what Windows it is.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use wimwright_hive::FileTime;
use wimwright_wim::Archive;
use wimwright_wim::compress::Codec;

use crate::backend::{BackendError, DirectoryBackend, ImageTree, NestedWim, Recovered, Store};
use crate::draft::{Draft, DraftOptions};
use crate::facts::{FactsError, ImageFacts, find_windows};
use crate::finding::Finding;
use crate::image_name::{self, ImageName, ImageNameError, Selector};
use crate::path::{ImagePath, PathError};
use crate::registry::{Hives, SharedHives};
use crate::transaction::{ImageDraft, Transaction};
use crate::tree::{FileTree, WimTree};
use crate::wim_file::{WimFile, WimFileError};

/// What an image is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// To look at it; others may do so too.
    Read,
    /// To change it; a second writer is refused.
    Write,
}

/// What an opened image has to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holds {
    /// A Windows, of which facts and hives are read.
    Windows,
    /// Anything.
    Files,
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
    /// The WIM file.
    #[error(transparent)]
    Wim(#[from] WimFileError),
    /// What it is called.
    #[error(transparent)]
    Name(#[from] ImageNameError),
    /// What is in it.
    #[error(transparent)]
    Facts(#[from] FactsError),
    /// What is in one of several images.
    #[error("image {index}")]
    FactsOf {
        /// Its number, from 1 on.
        index: u32,
        /// What is wrong.
        source: FactsError,
    },
    /// A name that is no path.
    #[error(transparent)]
    Path(#[from] PathError),
}

/// An opened image.
pub struct Image {
    name: String,
    index: Option<u32>,
    title: Option<String>,
    /// `None` for one in a WIM file that lies inside another image.
    store: Option<Arc<Store>>,
    tree: ImageTree,
    hives: Arc<Hives>,
    facts: Arc<ImageFacts>,
    findings: Vec<Finding>,
}

/// Images that are opened, and changed, together: those of one WIM file, or
/// the one of a directory.
pub struct ImageSet {
    images: Vec<Image>,
}

/// The files of an image, whether Windows is in them or not.
pub struct ImageFiles {
    name: String,
    title: Option<String>,
    tree: ImageTree,
}

impl ImageFiles {
    /// Opens the files of what `name` names, as [`ImageSet::open`] does.
    ///
    /// # Errors
    /// [`OpenError`] when they cannot be read, or no such image is there.
    pub fn open(name: &ImageName, references: &[PathBuf]) -> Result<Vec<ImageFiles>, OpenError> {
        let (file, selector) = match name {
            ImageName::Directory(path) => {
                return Ok(vec![ImageFiles {
                    name: path.display().to_string(),
                    title: None,
                    tree: ImageTree::Directory(DirectoryBackend::open(path)?.tree()),
                }]);
            }
            ImageName::Wim { file, selector } => (file, selector.as_ref()),
        };
        let opened = WimFile::open(file, references, Access::Read)?;
        let opened = Arc::new(opened);
        let trees = wim_trees(&opened, selector)?.into_iter();
        Ok(trees
            .map(|(index, tree)| ImageFiles {
                name: image_name::of_image(file, opened.archive(), index),
                title: image_name::name_of(opened.archive(), index),
                tree: ImageTree::Wim(tree),
            })
            .collect())
    }

    /// The image as the user named it; of several images of a WIM file, the
    /// file with the number behind a colon.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What its WIM file calls it.
    pub fn title(&self) -> Option<&str> {
        self.title.as_deref()
    }

    /// Its files.
    pub fn tree(&self) -> Arc<dyn FileTree> {
        self.tree.files()
    }

    /// What the names met so far in its directories are odd in.
    pub fn name_findings(&self) -> Vec<Finding> {
        name_findings(&self.tree)
    }
}

/// The trees of the images that are meant, with their numbers. They keep the
/// file open, and its lock.
fn wim_trees(
    file: &Arc<WimFile>,
    selector: Option<&Selector>,
) -> Result<Vec<(u32, Arc<WimTree>)>, OpenError> {
    let indices = Selector::resolve(selector, file.path(), file.archive())?;
    let trees = indices.into_iter().map(|index| {
        let tree = WimTree::open(file, index);
        let tree = tree.map_err(|error| WimFileError::wim(file.path(), error))?;
        Ok((index, Arc::new(tree)))
    });
    trees.collect()
}

impl ImageSet {
    /// Opens what `name` names. Content that a WIM file does not have itself
    /// is looked for in `references`. An interrupted commit to a directory is
    /// finished or undone first.
    ///
    /// # Errors
    /// [`OpenError`] when it cannot be read or locked, when no such image is
    /// there, or one of them holds no Windows.
    pub fn open(
        name: &ImageName,
        references: &[PathBuf],
        access: Access,
    ) -> Result<ImageSet, OpenError> {
        ImageSet::open_with(name, references, access, Holds::Windows)
    }

    /// Opens what `name` names to change its files alone, whether there is a
    /// Windows in it or not: nothing is known of it, no facts and no hives.
    ///
    /// # Errors
    /// [`OpenError`] when it cannot be read or locked, or when no such image is
    /// there.
    pub fn open_files(
        name: &ImageName,
        references: &[PathBuf],
        access: Access,
    ) -> Result<ImageSet, OpenError> {
        ImageSet::open_with(name, references, access, Holds::Files)
    }

    fn open_with(
        name: &ImageName,
        references: &[PathBuf],
        access: Access,
        holds: Holds,
    ) -> Result<ImageSet, OpenError> {
        let (file, selector) = match name {
            ImageName::Directory(path) => {
                let image = Image::open_with(path, access, holds)?;
                return Ok(ImageSet {
                    images: vec![image],
                });
            }
            ImageName::Wim { file, selector } => (file, selector.as_ref()),
        };
        let opened = Arc::new(WimFile::open(file, references, access)?);
        let archive = opened.archive();
        let trees = wim_trees(&opened, selector)?;
        let several = trees.len() > 1;
        let store = Arc::new(Store::Wim(Arc::clone(&opened)));
        let hives = SharedHives::default();
        let images = trees.into_iter().map(|(index, tree)| {
            let name = image_name::of_image(file, archive, index);
            let store = Some(Arc::clone(&store));
            let shared = several.then_some(&hives);
            let image = Image::over(name, store, ImageTree::Wim(tree), holds, shared);
            let image = image.map_err(|error| match error {
                OpenError::Facts(source) if several => OpenError::FactsOf { index, source },
                other => other,
            })?;
            let mut findings = image.findings;
            findings.extend(stored_plain(archive).filter(|_| access == Access::Write));
            Ok(Image {
                index: Some(index),
                title: image_name::name_of(archive, index),
                findings,
                ..image
            })
        });
        Ok(ImageSet {
            images: images.collect::<Result<_, OpenError>>()?,
        })
    }

    /// The images, in the order of the file.
    pub fn images(&self) -> &[Image] {
        &self.images
    }

    /// The images, in the order of the file.
    pub fn into_images(self) -> Vec<Image> {
        self.images
    }

    /// Begins a transaction over all of them. Open them for
    /// [`Access::Write`], or it can be planned but not prepared.
    pub fn begin(self, options: BeginOptions) -> Transaction {
        let images = self.images.into_iter();
        Transaction::new(
            images.map(|image| image.into_draft(options)).collect(),
            options,
        )
    }
}

impl Image {
    /// Opens the image in a host directory. An interrupted commit is finished
    /// or undone first.
    ///
    /// # Errors
    /// [`OpenError`] when the directory cannot be read or locked, or holds no
    /// Windows.
    pub fn open(path: &Path, access: Access) -> Result<Image, OpenError> {
        Image::open_with(path, access, Holds::Windows)
    }

    fn open_with(path: &Path, access: Access, holds: Holds) -> Result<Image, OpenError> {
        let mut backend = DirectoryBackend::open(path)?;
        if access == Access::Write {
            backend.lock()?;
        }
        let tree = ImageTree::Directory(backend.tree());
        let recovered = backend.recovered();
        let store = Arc::new(Store::Directory(backend));
        let mut image = Image::over(path.display().to_string(), Some(store), tree, holds, None)?;
        match recovered {
            Some(Recovered::Finished { changes }) => image.findings.insert(
                0,
                Finding::note(
                    "commit-finished",
                    format!("an interrupted commit was finished ({changes} changes)"),
                ),
            ),
            Some(Recovered::Undone) => image.findings.insert(
                0,
                Finding::note(
                    "commit-undone",
                    "an interrupted commit had changed nothing yet; what it left was removed",
                ),
            ),
            None => {}
        }
        Ok(image)
    }

    fn over(
        name: String,
        store: Option<Arc<Store>>,
        tree: ImageTree,
        holds: Holds,
        shared: Option<&SharedHives>,
    ) -> Result<Image, OpenError> {
        let files = tree.files();
        let windows = match holds {
            Holds::Windows => find_windows(files.as_ref())?,
            Holds::Files => ImagePath::root(),
        };
        let hives = Hives::new(Arc::clone(&files), &windows)?;
        let hives = Arc::new(match shared {
            Some(shared) => hives.sharing(shared),
            None => hives,
        });
        let facts = Arc::new(match holds {
            Holds::Windows => ImageFacts::read(&files, &windows, &hives)?,
            Holds::Files => ImageFacts::of_files(),
        });
        Ok(Image {
            name,
            index: None,
            title: None,
            store,
            tree,
            hives,
            findings: facts.findings.clone(),
            facts,
        })
    }

    /// The image as the user named it; of several images of a WIM file, the
    /// file with the number behind a colon.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its number in its WIM file, from 1 on; `None` for a directory.
    pub fn index(&self) -> Option<u32> {
        self.index
    }

    /// What its WIM file calls it.
    pub fn title(&self) -> Option<&str> {
        self.title.as_deref()
    }

    /// What it is.
    pub fn facts(&self) -> &Arc<ImageFacts> {
        &self.facts
    }

    /// Its files.
    pub fn tree(&self) -> Arc<dyn FileTree> {
        self.tree.files()
    }

    /// What the user should know about the image itself.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// What the names met so far in its directories are odd in: known only
    /// once something was looked for.
    pub fn name_findings(&self) -> Vec<Finding> {
        name_findings(&self.tree)
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

    /// The same image once more, under the same lock.
    #[cfg(all(feature = "fuse", target_os = "linux"))]
    pub(crate) fn again(&self) -> Image {
        Image {
            name: self.name.clone(),
            index: self.index,
            title: self.title.clone(),
            store: self.store.clone(),
            tree: self.tree.clone(),
            hives: Arc::clone(&self.hives),
            facts: Arc::clone(&self.facts),
            findings: self.findings.clone(),
        }
    }

    /// An image of a WIM file that lies inside another image.
    pub(crate) fn nested(
        wim: &NestedWim,
        index: u32,
        tree: Arc<WimTree>,
    ) -> Result<Image, OpenError> {
        let name = image_name::of_image(wim.name(), wim.archive(), index);
        let image = Image::over(name, None, ImageTree::Wim(tree), Holds::Windows, None)?;
        Ok(Image {
            index: Some(index),
            title: image_name::name_of(wim.archive(), index),
            ..image
        })
    }

    pub(crate) fn into_draft(self, options: BeginOptions) -> ImageDraft {
        let draft = self.draft(
            options.time,
            DraftOptions {
                accept_dirty_hive: options.accept_dirty_hive,
            },
        );
        ImageDraft {
            name: self.name,
            title: self.title,
            store: self.store,
            tree: self.tree,
            draft,
            nested: None,
        }
    }

    /// Begins a transaction over this image alone. Open it for
    /// [`Access::Write`], or the transaction can be planned but not prepared.
    pub fn begin(self, options: BeginOptions) -> Transaction {
        Transaction::new(vec![self.into_draft(options)], options)
    }
}

/// That what is new in a file is not compressed, where that is so.
fn stored_plain(archive: &Archive) -> Option<Finding> {
    (archive.header().codec() == Some(Codec::Lzms)).then(|| {
        Finding::note(
            "stored-uncompressed",
            "the file is compressed with LZMS, which is read but not written: what is new in it \
             is stored uncompressed; `export --compress lzx` makes a file where it is not",
        )
    })
}

/// Names that differ only by case, and names that Windows cannot have, in the
/// directories of `tree` that were read so far.
pub(crate) fn name_findings(tree: &ImageTree) -> Vec<Finding> {
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
