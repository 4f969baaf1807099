//! Images of each age, and what is done to them.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::TempDir;
use wimwright_hive::FileTime;
use wimwright_servicing::diff::{self, Options};
use wimwright_servicing::update::deferral::{
    DeferError, DeferResult, Deferred, FirstBootState, PackageKind, Payload, Place, defer,
    deferred, withdraw,
};
use wimwright_servicing::{
    Access, BeginOptions, Draft, Finding, Image, ImagePath, MemoryTree, Receipt,
};
use wimwright_testdata::image::{Data, Windows, hive, set, software, write};

const NOW: FileTime = FileTime(134_116_992_000_000_000);
pub(crate) const SCRIPTS: &str = "Windows/Setup/Scripts";
pub(crate) const FOLDER: &str = "Windows/Setup/Scripts/wimwright";

pub(crate) const XP: (u32, u32, u32) = (5, 1, 2600);
pub(crate) const VISTA: (u32, u32, u32) = (6, 0, 6002);
pub(crate) const SEVEN: (u32, u32, u32) = (6, 1, 7601);
pub(crate) const TEN: (u32, u32, u32) = (10, 0, 19045);

/// What deferring packages came to.
pub(crate) struct Done {
    pub(crate) results: Vec<DeferResult>,
    pub(crate) writes: bool,
    pub(crate) findings: Vec<Finding>,
}

/// An image directory, and a copy of it as it was made.
pub(crate) struct Bench {
    top: TempDir,
}

impl Bench {
    pub(crate) fn new((major, minor, build): (u32, u32, u32)) -> Bench {
        let bench = Bench {
            top: tempfile::tempdir().unwrap(),
        };
        let environment = "ControlSet001\\Control\\Session Manager\\Environment";
        let architecture = if major == 5 { "x86" } else { "AMD64" };
        let system = hive(
            "SYSTEM",
            &[
                ("Select", "Default", Data::Dword(1)),
                (
                    environment,
                    "PROCESSOR_ARCHITECTURE",
                    Data::Sz(architecture),
                ),
                ("ControlSet001\\Services\\Disk", "Start", Data::Dword(0)),
            ],
        );
        let windows = Windows::new(major, minor, build);
        write(&bench.image(), &system, &[], &windows, 9);
        bench
    }

    pub(crate) fn image(&self) -> PathBuf {
        self.top.path().join("image")
    }

    pub(crate) fn put(&self, path: &str, bytes: &[u8]) {
        let path = self.image().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    pub(crate) fn read(&self, path: &str) -> Option<Vec<u8>> {
        fs::read(self.image().join(path)).ok()
    }

    pub(crate) fn text(&self, path: &str) -> String {
        String::from_utf8(self.read(path).unwrap()).unwrap()
    }

    /// Sets values in SOFTWARE.
    pub(crate) fn software(&self, windows: (u32, u32, u32), values: &[(&str, &str, Data)]) {
        let bytes = software(&Windows::new(windows.0, windows.1, windows.2));
        let mut hive = wimwright_hive::Hive::open(bytes).unwrap();
        for (key, name, data) in values {
            set(&mut hive, key, name, data);
        }
        self.put("Windows/System32/config/SOFTWARE", &hive.into_bytes());
    }

    /// Keeps the image as it is, to compare with.
    pub(crate) fn keep(&self) {
        copy(&self.image(), &self.top.path().join("before"));
    }

    /// That the image says what it said when it was kept.
    pub(crate) fn is_as_kept(&self) {
        let before = look(&self.top.path().join("before"));
        let now = look(&self.image());
        let found = diff::images(&before, &now, &Options::default(), &mut |_, _, _| {}).unwrap();
        assert!(found.files.is_empty(), "{:?}", found.files);
        assert!(found.registry.is_empty(), "{:?}", found.registry);
    }

    fn edit<T>(
        &self,
        run: impl Fn(&mut Draft) -> Result<T, DeferError>,
    ) -> Result<(T, Receipt, Vec<Finding>), DeferError> {
        let image = Image::open(&self.image(), Access::Write).unwrap();
        let mut transaction = image.begin(BeginOptions {
            time: NOW,
            accept_dirty_hive: false,
            strict: false,
        });
        let done = transaction.run("edit", run).pop().unwrap()?;
        let findings = transaction.drafts().next().unwrap().1.findings().to_vec();
        let receipt = transaction.prepare().unwrap().commit().unwrap().remove(0);
        Ok((done, receipt, findings))
    }

    pub(crate) fn defer(
        &self,
        packages: &[Payload],
        state: &FirstBootState,
    ) -> Result<Done, DeferError> {
        let (results, receipt, findings) = self.edit(|draft| defer(draft, packages, state))?;
        Ok(Done {
            results,
            writes: receipt.plan.writes(),
            findings,
        })
    }

    pub(crate) fn withdraw(&self, names: &[&str]) -> Result<(), DeferError> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let (_, receipt, _) = self.edit(|draft| withdraw(draft, &names))?;
        assert!(receipt.plan.writes());
        Ok(())
    }

    pub(crate) fn deferred(&self) -> Option<Deferred> {
        deferred(&look(&self.image())).unwrap()
    }
}

pub(crate) fn look(root: &Path) -> Draft {
    Image::open(root, Access::Read).unwrap().look(NOW)
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &target),
            false => {
                fs::copy(entry.path(), target).unwrap();
            }
        }
    }
}

/// A package whose content is its own name.
pub(crate) fn package(name: &str, kind: PackageKind) -> Payload {
    let mut tree = MemoryTree::new();
    tree.insert("package", name.as_bytes()).unwrap();
    Payload {
        name: name.to_owned(),
        kind,
        identity: None,
        place: Place {
            folder: "folder".to_owned(),
            tree: Arc::new(tree),
            path: ImagePath::parse("package").unwrap(),
        },
    }
}
