//! Images of the tests in both of their stores: the same test body runs on a
//! directory and on a WIM file.
//!
//! In a WIM file the directory stays the test's view of the image: what the
//! test changes there is captured before the image is opened, and what a
//! commit changed is applied before the test looks.

use std::cell::{Cell, RefCell};
use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use wimwright_servicing::apply::{ApplyOptions, Applying};
use wimwright_servicing::capture::{CaptureOptions, ImageDescription, NewFile, capture};
use wimwright_servicing::container::Meter;
use wimwright_servicing::{Access, Image, ImageName, ImageSet, Overwrite, WimFile, time};
use wimwright_wim::Packing;

thread_local! {
    static IN_WIM: Cell<bool> = const { Cell::new(false) };
}

/// Runs a test's body with images in directories.
pub fn in_a_directory(body: fn()) {
    IN_WIM.set(false);
    body();
}

/// Runs a test's body with images in WIM files.
pub fn in_a_wim_file(body: fn()) {
    IN_WIM.set(true);
    body();
    IN_WIM.set(false);
}

/// Two tests of one body: images in directories, and in WIM files.
#[macro_export]
macro_rules! in_each_store {
    ($(#[$about:meta])* fn $name:ident() $body:block) => {
        $(#[$about])*
        mod $name {
            use super::*;

            fn body() $body

            #[test]
            fn in_a_directory() {
                $crate::support::store::in_a_directory(body);
            }

            #[test]
            fn in_a_wim_file() {
                $crate::support::store::in_a_wim_file(body);
            }
        }
    };
}

/// Files by relative path, with their content.
type Snapshot = Vec<(String, Vec<u8>)>;

/// Where an image is kept.
pub struct Stored {
    root: TempDir,
    wim: Option<InWim>,
}

/// The WIM file behind a directory.
struct InWim {
    folder: TempDir,
    /// What directory and file held when they were last the same.
    same: RefCell<Option<(Snapshot, Vec<u8>)>>,
}

impl InWim {
    fn file(&self) -> PathBuf {
        self.folder.path().join("image.wim")
    }
}

impl Stored {
    /// An image to be made in a directory.
    pub fn new() -> Stored {
        Stored {
            root: tempfile::tempdir().unwrap(),
            wim: IN_WIM.get().then(|| InWim {
                folder: tempfile::tempdir().unwrap(),
                same: RefCell::new(None),
            }),
        }
    }

    /// The directory, to be filled before the image is opened.
    pub fn path(&self) -> &Path {
        self.look();
        self.root.path()
    }

    pub fn open(&self, access: Access) -> Image {
        let Some(wim) = &self.wim else {
            return Image::open(self.root.path(), access).unwrap();
        };
        self.put(wim);
        let name = ImageName::Wim {
            file: wim.file(),
            selector: None,
        };
        let set = ImageSet::open(&name, &[], access).unwrap();
        let mut images = set.into_images();
        assert_eq!(images.len(), 1);
        images.remove(0)
    }

    /// Every byte that the store has beside the files of the image.
    pub fn container(&self) -> Vec<u8> {
        let file = self.wim.as_ref().map(InWim::file);
        file.map_or_else(Vec::new, |file| fs::read(file).unwrap())
    }

    /// Captures the directory, where the test changed it.
    fn put(&self, wim: &InWim) {
        self.look();
        let now = snapshot(self.root.path());
        let mut same = wim.same.borrow_mut();
        if same.as_ref().is_some_and(|(files, _)| *files == now) {
            return;
        }
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
            time: time::from_unix_seconds(super::NOW),
        };
        let options = CaptureOptions::default();
        let file = wim.file();
        capture(
            self.root.path(),
            &file,
            &new,
            &about,
            &options,
            &mut |_, _| (),
        )
        .unwrap();
        *same = Some((now, fs::read(&file).unwrap()));
    }

    /// Applies the image, where a commit changed it.
    fn look(&self) {
        let Some(wim) = &self.wim else { return };
        let mut same = wim.same.borrow_mut();
        let Some((_, bytes)) = same.as_ref() else {
            return;
        };
        let now = fs::read(wim.file()).unwrap();
        if now == *bytes {
            return;
        }
        for entry in fs::read_dir(self.root.path()).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => fs::remove_dir_all(path).unwrap(),
                false => fs::remove_file(path).unwrap(),
            }
        }
        let file = WimFile::open(&wim.file(), &[], Access::Read).unwrap();
        let options = ApplyOptions::default();
        let root = self.root.path();
        let apply = Applying::new(file.archive(), 1, root, options, Access::Write).unwrap();
        let _ = apply.run(&Meter::default()).unwrap();
        *same = Some((snapshot(root), now));
    }
}

/// Every file below `root` with its content, by relative path; not what an
/// apply writes beside them.
pub fn snapshot(root: &Path) -> Snapshot {
    let mut found = Vec::new();
    let mut open = vec![root.to_path_buf()];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
                continue;
            }
            let name = path.strip_prefix(root).unwrap().display().to_string();
            if name != wimwright_servicing::sidecar::SIDECAR {
                found.push((name, fs::read(&path).unwrap()));
            }
        }
    }
    found.sort();
    found
}
