//! The image: small, and with all that an image can hold.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use wimwright_servicing::{
    Access, BeginOptions, Draft, DraftError, FileTime, ImageName, ImageSet, Receipt,
};
use wimwright_testdata::image::{Data, Windows, hive, software};
use wimwright_wim::Packing;

use crate::made::{Made, directory, file, junction, symbolic_link, wim};

/// Where files may be changed: not where hives and drivers are.
pub(crate) const TOPS: [&str; 2] = ["Data", "More"];
/// Where keys may be changed.
pub(crate) const KEY: &str = "ControlSet001\\Services";

/// Which kind of image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Directory,
    Wim,
}

/// An image in a folder of its own.
pub(crate) struct TestImage {
    pub(crate) top: TempDir,
    pub(crate) kind: Kind,
}

fn system() -> Vec<u8> {
    let environment = "ControlSet001\\Control\\Session Manager\\Environment";
    hive(
        "SYSTEM",
        &[
            ("Select", "Default", Data::Dword(1)),
            ("Select", "Current", Data::Dword(1)),
            (environment, "PROCESSOR_ARCHITECTURE", Data::Sz("AMD64")),
            ("ControlSet001\\Services\\disk", "Start", Data::Dword(0)),
            ("ControlSet001\\Services\\disk", "", Data::Sz("unnamed")),
            (
                "ControlSet001\\Services\\disk\\Parameters",
                "Big",
                Data::Binary((0..20_000_u32).map(|at| at as u8).collect()),
            ),
            (
                "ControlSet001\\Services\\Old\\Parameters\\Deep",
                "Words",
                Data::Multi(vec!["one", "two"]),
            ),
            (
                "ControlSet001\\Services\\Old",
                "Path",
                Data::Expand("%SystemRoot%\\old.sys"),
            ),
        ],
    )
}

const TIMES: [u64; 3] = [
    130_000_000_000_000_000,
    131_000_000_000_000_001,
    132_000_000_000_000_002,
];

/// What the image holds.
pub(crate) fn entries() -> Vec<Made> {
    let config = "Windows/System32/config";
    let text = |name: &str, length: usize| name.bytes().cycle().take(length).collect::<Vec<u8>>();
    vec![
        directory("").security(1),
        file(&format!("{config}/SYSTEM"), system()),
        file(
            &format!("{config}/SOFTWARE"),
            software(&Windows::new(6, 1, 7601)),
        ),
        directory("Data").security(2),
        file("Data/one.txt", text("one", 5000))
            .short_name("ONE~1.TXT")
            .security(3),
        file("Data/two.bin", text("two", 70_000)).times(TIMES),
        file("Data/empty", ""),
        file("Data/a long name.document", text("document", 900))
            .short_name("ALONGN~1.DOC")
            .stream("Zone.Identifier", b"[ZoneTransfer]")
            .stream("second", &text("stream", 9000))
            .security(4)
            .attributes(0x1 | 0x2),
        file("Data/packed.dat", text("packed", 12_000)).attributes(0x800),
        file("Data/with id", "id").object_id([7; 16]).times(TIMES),
        directory("Data/Sub")
            .security(4)
            .short_name("SUB~1")
            .times(TIMES),
        file("Data/Sub/Deep/three", text("three", 300)).attributes(0x4),
        file("Data/Sub/Deep/four", text("four", 300)),
        // One file with three names, one with two.
        file("Data/hard a", text("hard", 4000))
            .link(7)
            .security(3)
            .short_name("HARDA~1"),
        file("Data/Sub/hard b", text("hard", 4000))
            .link(7)
            .security(3),
        file("More/hard c", text("hard", 4000)).link(7).security(3),
        file("More/pair a", text("pair", 40))
            .link(9)
            .stream("s", b"shared"),
        file("More/pair b", text("pair", 40))
            .link(9)
            .stream("s", b"shared"),
        junction("Data/jump", "\\??\\C:\\More")
            .security(3)
            .times(TIMES),
        symbolic_link("Data/alias", "one.txt").short_name("ALIAS~1"),
        // No link that anybody follows: kept by who knows its tag.
        file("More/placeholder", "").reparse(0x8000_0017, b"held elsewhere"),
        file("More/m", text("m", 2000)),
        directory("More/Empty"),
    ]
}

/// What an entry is on the host.
enum OnHost<'a> {
    Directory,
    /// What it holds, and the number of its group of hard links.
    File(&'a [u8], u64),
    /// With where it leads, where the host can say that.
    Link(Option<&'a str>),
}

fn on_host(entry: &Made) -> OnHost<'_> {
    match &entry.content {
        _ if entry.reparse.is_some() => OnHost::Link(entry.target.as_deref()),
        Some(content) => OnHost::File(content, entry.link_group),
        None => OnHost::Directory,
    }
}

/// The same on the host; without what that does not hold.
fn write_directory(root: &Path, entries: &[Made]) {
    let mut first: Vec<(u64, PathBuf)> = Vec::new();
    fs::create_dir_all(root).unwrap();
    for entry in entries {
        let path = root.join(entry.path());
        if let Some(above) = path.parent() {
            fs::create_dir_all(above).unwrap();
        }
        match on_host(entry) {
            OnHost::Directory => fs::create_dir_all(&path).unwrap(),
            OnHost::File(content, group) => {
                let known = first
                    .iter()
                    .find(|(known, _)| *known == group && group != 0);
                match known {
                    Some((_, known)) => fs::hard_link(known, &path).unwrap(),
                    None => {
                        fs::write(&path, content).unwrap();
                        let written = entry.times.map_or(0, |[_, _, written]| written.0);
                        set_written(&path, 1_500_000_000 + written % 1_000_003);
                        first.push((group, path));
                    }
                }
            }
            OnHost::Link(Some(target)) => std::os::unix::fs::symlink(target, &path).unwrap(),
            OnHost::Link(None) => {}
        }
    }
    stamp_directories(root);
}

fn set_written(path: &Path, seconds: u64) {
    let written = std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
    let opened = fs::File::open(path).unwrap();
    opened.set_modified(written).unwrap();
}

/// Gives every directory the same time, those below first.
fn stamp_directories(directory: &Path) {
    for entry in fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            stamp_directories(&entry.path());
        }
    }
    set_written(directory, 1_400_000_000);
}

impl TestImage {
    pub(crate) fn new(kind: Kind) -> TestImage {
        TestImage::of(kind, &entries())
    }

    pub(crate) fn of(kind: Kind, entries: &[Made]) -> TestImage {
        let top = tempfile::tempdir().unwrap();
        match kind {
            Kind::Directory => write_directory(&top.path().join("image"), entries),
            Kind::Wim => wim(&top.path().join("image.wim"), Packing::STORED, entries),
        }
        TestImage { top, kind }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.top.path().join(match self.kind {
            Kind::Directory => "image",
            Kind::Wim => "image.wim",
        })
    }

    fn open(&self, access: Access) -> ImageSet {
        let path = self.path();
        let name = ImageName::parse(OsStr::new(path.to_str().unwrap())).unwrap();
        ImageSet::open(&name, &[], access).unwrap()
    }

    /// The image as it is now.
    pub(crate) fn look(&self) -> Draft {
        self.open(Access::Read).into_images()[0].look(NOW)
    }

    /// Plans and commits; what files held goes to `bundle`.
    pub(crate) fn commit(
        &self,
        bundle: Option<&Path>,
        mut operation: impl FnMut(&mut Draft) -> Result<(), DraftError>,
    ) -> Receipt {
        let options = BeginOptions {
            time: NOW,
            accept_dirty_hive: false,
            strict: false,
        };
        let mut transaction = self.open(Access::Write).begin(options);
        for result in transaction.run("random", &mut operation) {
            result.unwrap();
        }
        let prepared = transaction.prepare().unwrap();
        if let Some(bundle) = bundle {
            prepared.keep_displaced(bundle).unwrap();
        }
        prepared.commit().unwrap().remove(0)
    }
}

pub(crate) const NOW: FileTime = FileTime(134_116_992_000_000_000);
