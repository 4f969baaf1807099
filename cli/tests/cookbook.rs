//! The pages of the cookbook: every command in them is run, on made images.
//!
//! A page's blocks of `sh` are run line by line in one folder of its own; a line
//! ends well unless a comment behind it says `exit N`. What stands in a block of
//! `text` behind them is what the last line said, line by line, with `…` for
//! anything.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on ends"
)]

mod support;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use support::windows_seven::{package, seven};
use support::{copy, run_in};
use tempfile::TempDir;
use wimwright::ExitCode;
use wimwright_testdata::nt5::Nt5;
use wimwright_testdata::{program, skipped};

fn pages() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/guide/cookbook");
    let found = fs::read_dir(folder).unwrap();
    let mut pages: Vec<PathBuf> = found.map(|entry| entry.unwrap().path()).collect();
    pages.sort();
    pages
}

/// What `lspci -nnvk` says of a virtual machine of KVM.
const LSPCI: &str = "00:00.0 Host bridge [0600]: Intel Corporation 440FX - 82441FX PMC [Natoma] \
                     [8086:1237] (rev 02)\n\tSubsystem: Red Hat, Inc. Qemu virtual machine \
                     [1af4:1100]\n\n00:05.0 SCSI storage controller [0100]: Red Hat, Inc. Virtio \
                     block device [1af4:1001]\n\tSubsystem: Red Hat, Inc. Virtio block device \
                     [1af4:0002]\n\tKernel driver in use: virtio-pci\n";

const ANSWERS: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<unattend \
                       xmlns=\"urn:schemas-microsoft-com:unattend\"><settings \
                       pass=\"oobeSystem\"><component name=\"Microsoft-Windows-Shell-Setup\" \
                       processorArchitecture=\"amd64\" publicKeyToken=\"31bf3856ad364e35\" \
                       language=\"neutral\" versionScope=\"nonSxS\"><TimeZone>UTC</TimeZone>\
                       </component></settings></unattend>";

/// The smallest file that the loader would take.
fn loadable() -> Vec<u8> {
    let mut bytes = vec![0; 512];
    bytes[..2].copy_from_slice(b"MZ");
    bytes[0x3C] = 0x40;
    bytes[0x40..0x46].copy_from_slice(b"PE\0\0\x64\x86");
    bytes[0x54..0x56].copy_from_slice(&0xF0_u16.to_le_bytes());
    bytes[0x58..0x5A].copy_from_slice(&0x20B_u16.to_le_bytes());
    bytes[0x58 + 0x44] = 1;
    bytes
}

/// What the pages' commands find: each page gets a copy.
fn larder() -> TempDir {
    let larder = tempfile::tempdir().unwrap();
    let top = larder.path();
    let at = |name: &str| top.join(name);
    wimwright::sample::write_image(&at("image")).unwrap();
    wimwright::sample::write_package(&at("drivers/viostor")).unwrap();
    // The same without its signature, and one that lacks a file.
    wimwright::sample::write_package(&at("unsigned")).unwrap();
    fs::remove_file(at("unsigned/viostor.cat")).unwrap();
    // A pack of it and of one for another device.
    copy(&at("drivers/viostor"), &at("pack/viostor"));
    copy(&at("unsigned"), &at("pack/netx"));
    let inf = fs::read_to_string(at("pack/netx/viostor.inf")).unwrap();
    let inf = inf
        .replace("DEV_1001", "DEV_9001")
        .replace("DEV_1042", "DEV_9042");
    fs::remove_file(at("pack/netx/viostor.inf")).unwrap();
    fs::write(at("pack/netx/netx.inf"), inf).unwrap();
    seven(&at("seven"));
    package(&at("update.cab"), [6, 3, 9600, 16384]);
    Nt5::x86("acpiapic_up").write(&at("xp"));
    fs::write(at("new-server.txt"), LSPCI).unwrap();
    fs::write(at("unattend.xml"), ANSWERS).unwrap();
    fs::write(at("hosts"), "127.0.0.1 localhost\n").unwrap();
    fs::write(
        at("policy.reg"),
        "Windows Registry Editor Version 5.00\r\n\r\n\
         [HKEY_LOCAL_MACHINE\\SOFTWARE\\Policies\\Contoso]\r\n\"Level\"=dword:00000002\r\n",
    )
    .unwrap();
    for directory in ["mnt", "win"] {
        fs::create_dir(at(directory)).unwrap();
    }
    run_in(top, "capture @image @install.wim --name Home").ends(ExitCode::Done);
    run_in(top, "append @image @install.wim --name Pro").ends(ExitCode::Done);
    // What the loader needs, so that the way to the disk goes on to drivers.
    for name in ["ntoskrnl.exe", "hal.dll", "drivers/ntfs.sys"] {
        let file = at("image/Windows/System32").join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, loadable()).unwrap();
    }
    larder
}

/// Lines to run, and what the last of them says.
struct Step {
    lines: Vec<String>,
    says: Vec<String>,
}

fn steps(text: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut block: Option<&str> = None;
    for line in text.lines() {
        if let Some(kind) = line.strip_prefix("```") {
            block = match block {
                None => Some(kind),
                Some(_) => None,
            };
            if block == Some("sh") {
                steps.push(Step {
                    lines: Vec::new(),
                    says: Vec::new(),
                });
            }
            continue;
        }
        let plain = line.trim();
        let step = steps.last_mut();
        match (block, step) {
            (Some("sh"), Some(step)) if !plain.is_empty() && !plain.starts_with('#') => {
                step.lines.push(plain.to_owned());
            }
            (Some("text"), Some(step)) => step.says.push(line.trim_end().to_owned()),
            _ => {}
        }
    }
    steps
}

/// The exit code that a line ends with.
fn expected(line: &str) -> i32 {
    let comment = line.rsplit_once("# exit ");
    comment.map_or(0, |(_, rest)| {
        let digits = rest.split(|c: char| !c.is_ascii_digit()).next().unwrap();
        digits.parse().unwrap()
    })
}

/// Whether a line was said, `…` for anything.
fn fits(said: &str, wanted: &str) -> bool {
    let mut rest = said;
    let mut parts = wanted.split('…');
    let first = parts.next().unwrap();
    match rest.strip_prefix(first) {
        Some(after) => rest = after,
        None => return false,
    }
    let mut open = false;
    for part in parts {
        open = part.is_empty();
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    open || rest.trim_end().is_empty()
}

/// What `unshare` needs to give a program mounts of its own.
const ISOLATED: [&str; 3] = ["--mount", "--propagation", "private"];

fn can_isolate() -> bool {
    let mut trial = Command::new("unshare");
    let trial = trial.args(ISOLATED).arg("true").stderr(Stdio::null());
    trial.status().is_ok_and(|status| status.success())
}

fn run(folder: &Path, line: &str) -> (i32, String) {
    let bin = folder.join(".bin");
    if !bin.exists() {
        fs::create_dir(&bin).unwrap();
        let program = env!("CARGO_BIN_EXE_wimwright");
        std::os::unix::fs::symlink(program, bin.join("wimwright")).unwrap();
    }
    let path = std::env::var("PATH").unwrap();
    // What is stale on this computer is none of this test's business, where it can
    // be kept out.
    let mut shell = match line.contains("--clean") && can_isolate() {
        true => {
            let mut shell = Command::new("unshare");
            shell.args(ISOLATED).arg("sh");
            shell
        }
        false => Command::new("sh"),
    };
    let done = shell
        .args(["-c", &format!("{{ {line}\n}} 2>&1")])
        .current_dir(folder)
        .env("PATH", format!("{}:{path}", bin.display()))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    (done.status.code().unwrap_or(-1), said)
}

fn cook(page: &Path, larder: &Path) {
    let name = page.file_name().unwrap().to_str().unwrap();
    let folder = tempfile::tempdir().unwrap();
    copy(larder, folder.path());
    let text = fs::read_to_string(page).unwrap();
    let steps = steps(&text);
    for step in &steps {
        let mut said = String::new();
        for line in &step.lines {
            let (code, out) = run(folder.path(), line);
            assert_eq!(code, expected(line), "{name}: {line}\n{out}");
            said = out;
        }
        let mut lines = said.lines();
        for wanted in step.says.iter().filter(|line| !line.trim().is_empty()) {
            assert!(
                lines.any(|line| fits(line.trim_end(), wanted)),
                "{name}: `{wanted}` is not in what {:?} said:\n{said}",
                step.lines
            );
        }
    }
    let mounted = folder.path().join("mnt");
    let _ = Command::new("umount").arg("-lq").arg(mounted).status();
    assert!(
        name == "README.md" || !steps.is_empty(),
        "{name} has no command"
    );
}

#[test]
fn every_command_of_the_cookbook_does_what_its_page_says() {
    let test = "every_command_of_the_cookbook_does_what_its_page_says";
    let fuse = File::options().read(true).write(true).open("/dev/fuse");
    let mounts = cfg!(feature = "fuse") && fuse.is_ok() && program("fusermount3", test);
    let larder = larder();
    let pages = pages();
    assert_eq!(pages.len(), 21, "twenty and their list");
    for page in &pages {
        let text = fs::read_to_string(page).unwrap();
        if !mounts && text.contains("wimwright mount") {
            skipped(test, "/dev/fuse cannot be opened");
            continue;
        }
        cook(page, larder.path());
    }
}

#[test]
fn the_list_of_the_cookbook_names_every_page() {
    let pages = pages();
    let list = pages
        .iter()
        .find(|page| page.ends_with("README.md"))
        .unwrap();
    let list = fs::read_to_string(list).unwrap();
    for page in &pages {
        let name = page.file_name().unwrap().to_str().unwrap();
        assert!(
            name == "README.md" || list.contains(&format!("({name})")),
            "{name}"
        );
    }
}

#[test]
fn what_a_page_shows_is_compared() {
    assert!(fits("added  oem0.inf  x", "added  oem0.inf  x"));
    assert!(fits("added  oem0.inf  viostor.inf_1", "added  oem0.inf…"));
    assert!(fits("a 12 b", "a … b"));
    assert!(!fits("a 12 c", "a … b"));
    assert!(!fits("added  oem0.inf more", "added  oem0.inf"));
    assert_eq!(expected("wimwright diff a b   # exit 1: they differ"), 1);
    assert_eq!(expected("wimwright info a"), 0);
    let steps = steps("```sh\na\n# b\nc # exit 4\n```\ntext\n```text\nsaid\n```\n");
    assert_eq!(steps[0].lines, ["a", "c # exit 4"]);
    assert_eq!(steps[0].says, ["said"]);
}
