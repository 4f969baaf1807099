//! Images with a component store, in a directory or a WIM file, and packages for
//! them.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::TempDir;
use wimwright_hive::FileTime;
use wimwright_servicing::capture::{CaptureOptions, ImageDescription, NewFile, capture};
use wimwright_servicing::catalog::verify::TrustStore;
use wimwright_servicing::update::consistency::{self, Inconsistency};
use wimwright_servicing::update::package::{Package, Trust};
use wimwright_servicing::{
    Access, BeginOptions, CommitError, Draft, DraftError, Image, ImageName, ImageSet, MemoryTree,
    Overwrite, Receipt, time,
};
use wimwright_testdata::cbs_image::CbsImage;
pub(crate) use wimwright_testdata::update_package::update_for;
use wimwright_testdata::update_package::{CatalogForm, Members, Package as Made, root_certificate};
use wimwright_wim::Packing;

/// 2026-03-01.
pub(crate) const NOW: u64 = 1_772_323_200;

pub(crate) fn now() -> FileTime {
    time::from_unix_seconds(NOW)
}

/// Where an image lies.
pub(crate) struct Stored {
    folder: TempDir,
    in_wim: bool,
    /// Another directory to look at.
    other: Option<PathBuf>,
}

impl Stored {
    pub(crate) fn new(image: &CbsImage, in_wim: bool) -> Stored {
        let folder = tempfile::tempdir().unwrap();
        let stored = Stored {
            folder,
            in_wim,
            other: None,
        };
        image.write(&stored.root());
        if in_wim {
            captured(&stored.root(), &stored.path());
        }
        stored
    }

    /// The directory; of an image in a WIM file, what that was made of.
    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path().join("image")
    }

    pub(crate) fn path(&self) -> PathBuf {
        match (&self.other, self.in_wim) {
            (Some(other), _) => other.clone(),
            (None, true) => self.folder.path().join("image.wim"),
            (None, false) => self.root(),
        }
    }

    /// A directory beside it.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Looks at another directory from now on.
    pub(crate) fn look_at(&mut self, other: &Path) {
        self.other = Some(other.to_owned());
    }

    pub(crate) fn open(&self, access: Access) -> Image {
        open(&self.path(), access)
    }

    pub(crate) fn look(&self) -> Draft {
        self.open(Access::Read).look(now())
    }

    /// What the checker says of it.
    pub(crate) fn inconsistencies(&self) -> Vec<Inconsistency> {
        consistency::check(&self.look()).unwrap()
    }

    /// Runs an operation and commits it.
    pub(crate) fn commit<T, E>(
        &self,
        run: impl Fn(&mut Draft) -> Result<T, E> + Sync,
    ) -> (Result<T, E>, Receipt)
    where
        T: Send,
        E: From<DraftError> + Send,
    {
        let (result, receipt) = self.try_commit(false, run);
        (result, receipt.unwrap())
    }

    pub(crate) fn try_commit<T, E>(
        &self,
        strict: bool,
        run: impl Fn(&mut Draft) -> Result<T, E> + Sync,
    ) -> (Result<T, E>, Result<Receipt, CommitError>)
    where
        T: Send,
        E: From<DraftError> + Send,
    {
        let options = BeginOptions {
            time: now(),
            accept_dirty_hive: false,
            strict,
        };
        let mut transaction = self.open(Access::Write).begin(options);
        let result = transaction.run("test", &run).remove(0);
        let prepared = transaction.prepare();
        let receipt = prepared.and_then(|prepared| Ok(prepared.commit()?.remove(0)));
        (result, receipt)
    }

    /// All bytes of the store: the WIM file, or the directory's files.
    pub(crate) fn bytes(&self) -> Vec<(String, Vec<u8>)> {
        match self.in_wim {
            true => vec![(String::new(), fs::read(self.path()).unwrap())],
            false => files(&self.root()),
        }
    }
}

pub(crate) fn open(path: &Path, access: Access) -> Image {
    let name = ImageName::parse(OsStr::new(path)).unwrap();
    let set = ImageSet::open(&name, &[], access).unwrap();
    set.into_images().remove(0)
}

/// Captures a directory.
pub(crate) fn captured(root: &Path, wim: &Path) {
    let new = NewFile {
        packing: Packing::STORED,
        overwrite: Overwrite::Replace,
        integrity: false,
    };
    let about = ImageDescription {
        name: Some("image".to_owned()),
        description: None,
        flags: None,
        boot: false,
        time: now(),
    };
    let options = CaptureOptions::default();
    capture(root, wim, &new, &about, &options, &mut |_, _| ()).unwrap();
}

/// Every file below `root`, by relative path.
pub(crate) fn files(root: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut open = vec![root.to_path_buf()];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(root).unwrap().display().to_string();
                found.push((name, fs::read(&path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

/// The made package with these files, opened by somebody who trusts its
/// authority, or not.
pub(crate) fn opened(name: &str, members: &Members, trusted: bool) -> Package {
    let mut tree = MemoryTree::new();
    for (path, bytes) in members {
        tree.insert(path, bytes.clone()).unwrap();
    }
    let mut anchors = TrustStore::default();
    if trusted {
        anchors.add(&root_certificate(), "test").unwrap();
    }
    let trust = Trust {
        anchors: &anchors,
        now: now(),
    };
    Package::open(name, Arc::new(tree), trust).unwrap()
}

pub(crate) fn trusted(package: &Made, form: CatalogForm) -> Package {
    opened("test.msu", &package.members(form), true)
}

/// Runs `body` on images of Windows 7 and 10, each in a directory and in a WIM
/// file.
pub(crate) fn on_every_image(body: impl Fn(&CbsImage, &Stored)) {
    for image in [CbsImage::windows_7(), CbsImage::windows_10()] {
        for in_wim in [false, true] {
            let stored = Stored::new(&image, in_wim);
            body(&image, &stored);
        }
    }
}
