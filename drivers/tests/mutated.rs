//! Damaged packages: whatever an INF, a catalog or a driver file holds, adding
//! it gives a result; a refused one leaves no trace in the draft, and one that
//! is added again changes nothing.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "a test program"
)]

mod support;

use std::sync::Arc;

use support::{any_signature, now};
use wimwright_drivers::{LintMode, LintOptions, Outcome, Package, add, lint_bytes};
use wimwright_servicing::plan::Subject;
use wimwright_servicing::{Access, Image, ImagePath, MemoryTree};
use wimwright_testdata::image::{Data, Windows, hive, write};

/// Packages with as different INFs as the corpus has: boot driver, null
/// driver, rename copies with co-installers, WinUSB, two INFs in one folder.
const PACKAGES: &[(&str, &str, &[&str])] = &[
    (
        "virtio-viostor-w10-amd64",
        "viostor.inf",
        &["viostor.sys", "viostor.cat"],
    ),
    (
        "virtio-qemufwcfg-nulldrv",
        "qemufwcfg.inf",
        &["qemufwcfg.cat"],
    ),
    (
        "wintun-0.14-amd64",
        "wintun.inf",
        &["wintun.sys", "wintun.cat"],
    ),
    ("espressif/esp-prog", "esp-prog.inf", &["esp-prog.cat"]),
    ("codebndr-arduino", "arduino.inf", &["arduino.cat"]),
    (
        "vigembus-x64",
        "ViGEmBus.inf",
        &["ViGEmBus.sys", "ViGEmBus.cat"],
    ),
];

/// The same for a 32-bit Windows: boot drivers by INF and by text mode setup.
const PACKAGES_X86: &[(&str, &str, &[&str])] = &[
    (
        "intel-iastor-xp-f6",
        "iaStor.inf",
        &["iaStor.sys", "iastor.cat"],
    ),
    (
        "intel-iastor-xp-f6",
        "TXTSETUP.OEM",
        &["iaStor.sys", "iaAHCI.inf", "iastor.cat"],
    ),
];

/// Pieces that mean something to an INF.
const PIECES: &[&str] = &[
    "..\\",
    "%",
    "%%",
    "\"",
    ",",
    ",,,,",
    "=",
    "[",
    "]",
    "\r\n[",
    "\\\r\n",
    ";",
    "$ARCH$",
    "-1",
    "65535",
    "0xFFFFFFFF",
    "99999999999",
    "NTamd64",
    ".NT",
    "HKLM,\"a\\b\"",
    "Include=usb.inf\r\n",
    "Needs=scsi_inst.Services\r\n",
    "CopyFiles=@\r\n",
    "\u{0}",
    "\u{feff}",
    "PCI\\",
    "C:\\",
];

struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit.max(1) as u64) as usize
    }
}

fn damage(bytes: &mut Vec<u8>, random: &mut Random) {
    for _ in 0..=random.below(6) {
        let at = random.below(bytes.len());
        match random.below(5) {
            0 if at < bytes.len() => bytes[at] ^= 1 << random.below(8),
            1 => {
                let end = (at + random.below(40)).min(bytes.len());
                bytes.drain(at..end);
            }
            2 => {
                let end = (at + random.below(200)).min(bytes.len());
                let part = bytes[at..end].to_vec();
                let to = random.below(bytes.len());
                bytes.splice(to..to, part);
            }
            3 => bytes.truncate(at),
            _ => {
                let piece = PIECES[random.below(PIECES.len())];
                bytes.splice(at..at, piece.bytes());
            }
        }
    }
}

#[test]
fn damaged_infs_are_linted_within_their_lines() {
    let Some(corpus) = wimwright_testdata::corpus("damaged INFs are linted") else {
        return;
    };
    let mut random = Random(0x2545_F491_4F6C_DD1D);
    let mut findings = 0;
    let folder = corpus.join("drivers/inf-only");
    let mut names: Vec<_> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.ends_with(".tsv"))
        .collect();
    names.sort();
    for name in &names {
        let whole = std::fs::read(folder.join(name)).unwrap();
        for mode in [LintMode::Basic, LintMode::Windows] {
            let mut bytes = whole.clone();
            damage(&mut bytes, &mut random);
            let options = LintOptions {
                mode,
                stampinf: random.below(2) == 0,
                now: None,
            };
            let linted = lint_bytes(name, &bytes, &options);
            // UTF-16 has two bytes for a line feed too, and counts as one.
            let lines = 1 + bytes.iter().filter(|&&byte| byte == b'\n').count();
            for finding in &linted.findings {
                assert!(finding.line as usize <= lines, "{name}: {finding}");
                assert_eq!(finding.line == 0, finding.column == 0, "{name}: {finding}");
            }
            findings += linted.findings.len();
        }
    }
    assert!(findings > names.len(), "{findings} findings");
}

#[test]
fn damaged_packages_give_results_and_refused_ones_leave_no_trace() {
    try_all(&Windows::new(10, 0, 19045), "AMD64", PACKAGES, 400);
}

#[test]
fn damaged_packages_for_the_first_boot_do_so_too() {
    try_all(&Windows::new(6, 1, 7601), "AMD64", &PACKAGES[1..], 150);
    try_all(&Windows::new(5, 1, 2600), "x86", PACKAGES_X86, 250);
}

type Packages = [(&'static str, &'static str, &'static [&'static str])];

fn try_all(windows: &Windows, architecture: &'static str, packages: &Packages, rounds: usize) {
    let test = "damaged packages";
    let Some(corpus) = wimwright_testdata::corpus(test) else {
        return;
    };
    let environment = "ControlSet001\\Control\\Session Manager\\Environment";
    let mut values = vec![
        ("Select", "Default", Data::Dword(1)),
        (
            environment,
            "PROCESSOR_ARCHITECTURE",
            Data::Sz(architecture),
        ),
    ];
    if windows.major >= 10 {
        values.push(("DriverDatabase", "Version", Data::Dword(0x0A00_0000)));
    }
    let system = hive("SYSTEM", &values);
    let root = tempfile::tempdir().unwrap();
    write(root.path(), &system, &[], windows, 9);
    let image = Image::open(root.path(), Access::Read).unwrap();

    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let (mut taken, mut refused) = (0, 0);
    for (folder, inf, files) in packages {
        let folder = corpus.join("drivers").join(folder);
        let read = |name: &str| std::fs::read(folder.join(name)).unwrap();
        let whole: Vec<(&str, Vec<u8>)> = files.iter().map(|name| (*name, read(name))).collect();
        let text = read(inf);
        for round in 0..rounds {
            let mut tree = MemoryTree::new();
            let mut bytes = text.clone();
            // Mostly the INF; at times a file of the package instead.
            let other = (round % 5 == 0).then(|| random.below(whole.len()));
            if other.is_none() {
                damage(&mut bytes, &mut random);
            }
            tree.insert(inf, bytes).unwrap();
            for (at, (name, content)) in whole.iter().enumerate() {
                let mut content = content.clone();
                if other == Some(at) {
                    damage(&mut content, &mut random);
                }
                tree.insert(name, content).unwrap();
            }
            let path = ImagePath::parse(inf).unwrap();
            let package = Package::new("memory", "", Arc::new(tree), path);
            let mut draft = image.look(now());
            let result = add(&mut draft, &package, &any_signature()).unwrap();
            if result.outcome == Outcome::Refused {
                refused += 1;
                assert!(result.reason.is_some_and(|reason| !reason.is_empty()));
                assert!(draft.plan().steps.is_empty() && draft.plan().sources.is_empty());
            } else {
                taken += 1;
                let again = add(&mut draft, &package, &any_signature()).unwrap();
                assert_eq!(again.outcome, Outcome::Unchanged, "{}", draft.plan());
                // Every planned file stays inside Windows.
                for step in &draft.plan().steps {
                    if let Subject::Path(path) = step.change.subject() {
                        let windows = &draft.facts().windows;
                        assert!(path.starts_with(windows), "{path}");
                        assert!(!path.to_string().contains(".."), "{path}");
                    }
                }
            }
        }
    }
    assert!(
        taken > 50 && refused > 50,
        "{taken} taken, {refused} refused"
    );
}
