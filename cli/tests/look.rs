//! `info`, `dir`, `cat`, `drivers list`, `drivers info`: looking at an image.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on ends"
)]

mod support;

use std::fs;
use std::path::Path;

use support::{run, run_in, sample, snapshot};
use wimwright::{ExitCode, sample as parts};

#[test]
fn info_says_what_the_image_is() {
    let top = sample();
    run_in(top.path(), "info @image")
        .ends(ExitCode::Done)
        .says(&[
            "Windows version    10.0.19045.2006 (Windows 10 Pro)\n",
            "Edition            Professional\n",
            "Architecture       amd64\n",
            "Product type       workstation\n",
            "Service pack       none\n",
            "Windows directory  Windows\n",
            "Driver packages    0 third party, 0 inbox\n",
            "default ControlSet001, current ControlSet001",
            "Hive SYSTEM        clean\n",
            "Hive DRIVERS       clean\n",
        ]);
    let info = run_in(top.path(), "info @image --json")
        .ends(ExitCode::Done)
        .json();
    let image = &info["images"][0];
    assert_eq!(info["schema"], "wimwright/info/1");
    assert_eq!(image["build"], 19_045);
    assert_eq!(image["revision"], 2006);
    assert_eq!(image["architecture"], "amd64");
    assert_eq!(image["generation"], "driver-database");
    assert_eq!(image["hives"][1]["state"], "clean");
    assert_eq!(image["drivers"]["third_party"], 0);
    assert_eq!(image["findings"], serde_json::json!([]));
}

#[test]
fn info_of_a_dirty_hive_says_so() {
    let top = sample();
    let system = top.path().join("image/Windows/System32/config/SYSTEM");
    let mut bytes = fs::read(&system).unwrap();
    // The primary sequence number: a write began and was not finished.
    bytes[4] = bytes[4].wrapping_add(1);
    fs::write(&system, bytes).unwrap();
    run_in(top.path(), "info @image")
        .ends(ExitCode::Done)
        .says(&[
            "Hive SYSTEM        dirty, its last changes are lost",
            "[dirty-hive]",
        ]);
    run_in(top.path(), "drivers add @image @viostor")
        .ends(ExitCode::Refused)
        .complains(&[
            "error: ",
            "hive SYSTEM is dirty",
            "hint: ",
            "--accept-dirty-hive",
        ]);
}

#[test]
fn dir_lists_a_directory_and_everything_below_it() {
    let top = sample();
    let found = run_in(top.path(), "dir @image").ends(ExitCode::Done);
    assert!(
        found.out.ends_with("         <DIR>  Windows\n"),
        "{}",
        found.out
    );
    assert_eq!(found.out.lines().count(), 1);

    let found = run_in(top.path(), "dir @image windows/SYSTEM32\\Config").ends(ExitCode::Done);
    let names: Vec<&str> = found
        .out
        .lines()
        .filter_map(|line| line.split("  ").last())
        .collect();
    assert_eq!(names, ["DRIVERS", "SOFTWARE", "SYSTEM"]);

    let found = run_in(top.path(), "dir @image Windows -r --json")
        .ends(ExitCode::Done)
        .json();
    let entries = found["images"][0]["entries"].as_array().unwrap();
    let system = entries
        .iter()
        .find(|entry| entry["path"] == "Windows\\System32\\config\\SYSTEM")
        .unwrap();
    assert_eq!(system["kind"], "file");
    assert!(system["size"].as_u64().unwrap() >= 524_288);
    assert!(system["modified"].as_str().unwrap().ends_with('Z'));

    // A file by itself, and nothing.
    run_in(top.path(), "dir @image Windows/System32/config/SYSTEM")
        .ends(ExitCode::Done)
        .says(&["Windows\\System32\\config\\SYSTEM\n"]);
    run_in(top.path(), "dir @image Windows/Fonts")
        .ends(ExitCode::Refused)
        .complains(&["error: the image has no `Windows\\Fonts`\nhint: "]);
    run_in(top.path(), "dir @image ../viostor").ends(ExitCode::Usage);
}

#[test]
fn names_in_an_image_cannot_steer_the_terminal() {
    let top = sample();
    fs::write(top.path().join("image/a\u{1b}[31mb"), "").unwrap();
    let found = run_in(top.path(), "dir @image").ends(ExitCode::Done);
    assert!(!found.out.contains('\u{1b}'), "{:?}", found.out);
}

#[test]
fn cat_gives_the_bytes_of_a_file() {
    let top = sample();
    let inf = top.path().join("image/Windows/INF/x.inf");
    fs::write(inf, b"[Version]\r\n\0\xFF").unwrap();
    let mut out = Vec::new();
    let image = top.path().join("image");
    let code = wimwright::run(
        [
            "wimwright",
            "cat",
            image.to_str().unwrap(),
            "WINDOWS/inf/X.INF",
        ],
        wimwright::Output::plain(&mut out),
        wimwright::Output::plain(&mut Vec::new()),
    );
    assert_eq!(
        (code, out.as_slice()),
        (ExitCode::Done, &b"[Version]\r\n\0\xFF"[..])
    );

    run_in(top.path(), "cat @image Windows")
        .ends(ExitCode::Refused)
        .complains(&["`Windows` is a directory: only files have content"]);
    run_in(top.path(), "cat @image Windows/none").ends(ExitCode::Refused);
    run_in(top.path(), "cat @image Windows/INF/x.inf --json")
        .ends(ExitCode::Usage)
        .complains(&["`cat` gives no JSON"]);
}

#[test]
fn an_added_driver_is_listed_and_described() {
    let top = sample();
    run_in(top.path(), "drivers list @image")
        .ends(ExitCode::Done)
        .says(&["no third-party driver packages"]);
    run_in(top.path(), "drivers add @image @viostor").ends(ExitCode::Done);

    let list = run_in(top.path(), "drivers list @image").ends(ExitCode::Done);
    let lines: Vec<&str> = list.out.lines().collect();
    assert_eq!(lines.len(), 2, "{}", list.out);
    assert!(
        lines[0].starts_with("Name      Original     Class"),
        "{}",
        list.out
    );
    for word in [
        "oem0.inf",
        "viostor.inf",
        "SCSIAdapter",
        "Red Hat, Inc.",
        "2021-08-30",
    ] {
        assert!(lines[1].contains(word), "no `{word}` in {}", lines[1]);
    }

    let list = run_in(top.path(), "drivers list @image --json")
        .ends(ExitCode::Done)
        .json();
    let driver = &list["images"][0]["drivers"][0];
    assert_eq!(driver["published_name"], "oem0.inf");
    assert_eq!(driver["original_file_name"], "viostor.inf");
    assert_eq!(driver["inbox"], false);
    assert_eq!(
        driver["class_guid"],
        "{4d36e97b-e325-11ce-bfc1-08002be10318}"
    );
    assert_eq!(driver["version"], "100.85.104.20800");
    assert_eq!(driver["boot_critical"], true);
    assert_eq!(driver["driver_signature"], "signed");
    assert_eq!(driver["architecture"], "amd64");
    let ids = driver["hardware_ids"].as_array().unwrap();
    assert!(ids.contains(&"PCI\\VEN_1AF4&DEV_1042".into()), "{ids:?}");

    run_in(top.path(), "drivers info @image OEM0.INF")
        .ends(ExitCode::Done)
        .says(&[
            "oem0.inf\n",
            "PCI\\VEN_1AF4&DEV_1001&SUBSYS_00021AF4&REV_00",
            "service      viostor",
            "boot",
            "File           viostor.sys",
        ]);
    let found = run_in(top.path(), "drivers info @image oem0.inf --json");
    let found = found.ends(ExitCode::Done).json();
    assert_eq!(found["images"][0]["models"].as_array().unwrap().len(), 2);

    run_in(top.path(), "drivers info @image oem7.inf")
        .ends(ExitCode::Refused)
        .complains(&["has no driver `oem7.inf`", "hint: "]);
}

#[test]
fn a_package_on_disk_is_described_without_an_image() {
    let top = sample();
    for words in ["drivers info @viostor", "drivers info @viostor/viostor.inf"] {
        run_in(top.path(), words).ends(ExitCode::Done).says(&[
            "SCSIAdapter {4d36e97b-e325-11ce-bfc1-08002be10318}",
            "100.85.104.20800",
            "Red Hat VirtIO SCSI controller (Red Hat, Inc.)",
            "File           viostor.sys\n",
        ]);
    }
    fs::remove_file(top.path().join("viostor/viostor.sys")).unwrap();
    let found = run_in(top.path(), "drivers info @viostor --json")
        .ends(ExitCode::Done)
        .json();
    let files = found["packages"][0]["files"].as_array().unwrap();
    let sys = files
        .iter()
        .find(|file| file["path"] == "viostor.sys")
        .unwrap();
    assert_eq!(sys["present"], false);
    run_in(top.path(), "drivers info @image")
        .ends(ExitCode::Refused)
        .complains(&["holds no INF file"]);
}

#[test]
fn looking_leaves_no_trace() {
    let top = sample();
    let before = snapshot(top.path());
    for words in [
        "info @image",
        "dir @image -r",
        "cat @image Windows/System32/config/SYSTEM",
        "drivers list @image --all",
        "drivers info @viostor",
    ] {
        run_in(top.path(), words).ends(ExitCode::Done);
    }
    assert_eq!(before, snapshot(top.path()));
}

#[test]
fn what_is_no_image_is_refused_with_the_reason() {
    let top = sample();
    fs::create_dir_all(top.path().join("empty/Users")).unwrap();
    fs::write(top.path().join("a.wim"), b"MSWIM\0\0\0rest").unwrap();
    fs::write(top.path().join("short.esd"), b"").unwrap();
    fs::write(top.path().join("text"), b"no image at all").unwrap();
    for (words, code, complaint) in [
        (
            "info @empty",
            ExitCode::Refused,
            "this is not a Windows image",
        ),
        ("info @none", ExitCode::Damaged, "none` does not exist"),
        ("info @a.wim", ExitCode::Damaged, "inside its header"),
        ("info @a.wim:1", ExitCode::Damaged, "inside its header"),
        (
            "info @short.esd",
            ExitCode::Refused,
            "neither a directory nor a WIM file",
        ),
        (
            "info @text",
            ExitCode::Refused,
            "neither a directory nor a WIM file",
        ),
        ("dir @a.wim", ExitCode::Damaged, "inside its header"),
        ("cat @a.wim x", ExitCode::Damaged, "inside its header"),
        (
            "drivers list @a.wim",
            ExitCode::Damaged,
            "inside its header",
        ),
        (
            "drivers add @a.wim @viostor",
            ExitCode::Damaged,
            "inside its header",
        ),
        ("plan show @none", ExitCode::Damaged, "none`"),
        ("plan show @a.wim", ExitCode::Damaged, "is no plan"),
    ] {
        let found = run_in(top.path(), words)
            .ends(code)
            .complains(&["error: ", complaint]);
        assert_eq!(found.out, "", "{words}");
    }
}

#[test]
fn a_damaged_hive_is_damage() {
    let top = sample();
    let software = top.path().join("image/Windows/System32/config/SOFTWARE");
    fs::write(software, b"regf and then nothing").unwrap();
    run_in(top.path(), "info @image")
        .ends(ExitCode::Damaged)
        .complains(&["error: ", "hive SOFTWARE"]);
}

#[test]
fn wrong_words_are_usage_errors_and_help_is_not() {
    for words in [
        &["frobnicate"][..],
        &["drivers", "add", "image"],
        &["info"],
        &["info", "a", "--color", "pink"],
        &["info", "a", "-q", "-v"],
        &[],
    ] {
        let found = run(words).ends(ExitCode::Usage);
        assert_eq!(found.out, "", "{words:?}");
        assert!(found.err.contains("--help"), "{}", found.err);
    }
    for words in [
        &["--help"][..],
        &["drivers", "add", "--help"],
        &["--version"],
    ] {
        let found = run(words).ends(ExitCode::Done);
        assert_eq!(found.err, "", "{words:?}");
        assert!(found.out.contains("wimwright"), "{}", found.out);
    }
    // What is not delivered is not there.
    let help = run(&["drivers", "add", "--help"]).out;
    assert!(!help.contains("--force "), "{help}");
}

#[test]
fn completions_are_scripts() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        run(&["completions", shell])
            .ends(ExitCode::Done)
            .says(&["wimwright", "drivers"]);
    }
    run(&["completions", "bash", "--json"]).ends(ExitCode::Usage);
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    struct Gone(usize);
    impl std::io::Write for Gone {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            let left = self.0.min(bytes.len());
            self.0 -= left;
            match left {
                0 => Err(std::io::ErrorKind::BrokenPipe.into()),
                some => Ok(some),
            }
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let top = sample();
    for words in [
        &["dir", "-r"][..],
        &["info"],
        &["cat", "Windows/System32/config/SYSTEM"],
        &["info", "--json"],
    ] {
        let image = top.path().join("image");
        let (first, rest) = words.split_first().unwrap();
        let mut args = vec!["wimwright", first, image.to_str().unwrap()];
        args.extend(rest);
        let mut err = Vec::new();
        let code = wimwright::run(
            args,
            wimwright::Output::plain(&mut Gone(10)),
            wimwright::Output::plain(&mut err),
        );
        assert_eq!(
            (code, err.as_slice()),
            (ExitCode::Done, &b""[..]),
            "{words:?}"
        );
    }
}

#[test]
fn a_full_disk_behind_standard_output_is_an_error() {
    struct Full;
    impl std::io::Write for Full {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let top = sample();
    let image = top.path().join("image");
    // At once, and where it shows only when the buffer is emptied at the end.
    let mut buffered = std::io::BufWriter::new(Full);
    for out in [&mut Full as &mut dyn std::io::Write, &mut buffered] {
        let mut err = Vec::new();
        let code = wimwright::run(
            ["wimwright", "info", image.to_str().unwrap()],
            wimwright::Output::plain(out),
            wimwright::Output::plain(&mut err),
        );
        let err = String::from_utf8_lossy(&err);
        assert_eq!(code, ExitCode::Damaged, "{err}");
        assert!(err.starts_with("error: standard output: "), "{err}");
        assert_eq!(err.lines().count(), 1, "{err}");
    }
}

#[test]
fn colour_is_for_terminals_and_on_request() {
    let top = sample();
    fs::create_dir(top.path().join("empty")).unwrap();
    let plain = run_in(top.path(), "info @empty");
    assert!(plain.err.starts_with("error: "), "{}", plain.err);
    let coloured = run_in(top.path(), "info @empty --color always");
    assert!(coloured.err.contains("\u{1b}["), "{}", coloured.err);
    let without: String = {
        let mut inside = false;
        let keep = |c: &char| {
            let shown = !inside && *c != '\u{1b}';
            inside = match (*c, inside) {
                ('\u{1b}', _) => true,
                ('m', true) => false,
                (_, inside) => inside,
            };
            shown
        };
        coloured.err.chars().filter(keep).collect()
    };
    assert_eq!(without, plain.err, "nothing is said by colour alone");
}

#[test]
fn the_log_file_tells_what_was_done() {
    let top = sample();
    run_in(top.path(), "drivers add @image @viostor --log-file @log").ends(ExitCode::Done);
    run_in(top.path(), "info @none --log-file @log").ends(ExitCode::Damaged);
    let log = fs::read_to_string(top.path().join("log")).unwrap();
    for word in [
        " command wimwright drivers add ",
        " plan ",
        " result added",
        " error ",
    ] {
        assert!(log.contains(word), "no `{word}` in {log}");
    }
    let dated = |line: &str| {
        line.get(..4)
            .is_some_and(|year| year.parse::<u32>().is_ok())
    };
    assert!(log.lines().all(dated), "{log}");
    run_in(top.path(), "info @image --log-file @none/log")
        .ends(ExitCode::Damaged)
        .complains(&["log file"]);
}

#[test]
fn another_reader_reads_the_hives_that_the_sample_makes() {
    if !wimwright_testdata::program("hivexml", "the hives of the sample") {
        return;
    }
    let top = sample();
    for (hive, word) in [
        ("SYSTEM", "ProductType"),
        ("SOFTWARE", "19045"),
        ("DRIVERS", "DeviceIds"),
    ] {
        let path = top.path().join("image/Windows/System32/config").join(hive);
        let output = std::process::Command::new("hivexml")
            .arg(path)
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let xml = String::from_utf8_lossy(&output.stdout);
        assert!(xml.contains(word), "no `{word}` in {hive}");
    }
}

#[test]
fn the_files_of_the_sample_are_those_that_the_readme_names() {
    use sha2::{Digest as _, Sha256};
    let readme = fs::read_to_string(wimwright_testdata::files().join("../README.md")).unwrap();
    let mut seen = 0;
    let mut check = |name: &str, bytes: &[u8]| {
        let digest: String = Sha256::digest(bytes)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let row = readme
            .lines()
            .find(|line| line.starts_with(&format!("| `{name}`")));
        let row = row.unwrap_or_else(|| panic!("no row for `{name}`"));
        assert!(row.contains(&digest), "{name}: {digest}");
        assert!(row.contains(&format!("| {} |", bytes.len())), "{name}");
        seen += 1;
    };
    check("SYSTEM-win10-minimal-driverdb", parts::SYSTEM_HIVE);
    check("virtio-viostor-LICENSE", parts::PACKAGE_LICENSE);
    for (name, bytes) in parts::PACKAGE_FILES {
        check(&format!("virtio-viostor-w10-amd64/{name}"), bytes);
    }
    let rows = readme.lines().filter(|line| line.starts_with("| `"));
    assert_eq!(rows.count(), seen, "every row is a file of the sample");
    assert!(Path::new(&wimwright_testdata::files()).is_dir());
}
