//! `dism`: DISM's command lines, its text and its numbers; and the lines that
//! the guide takes from public scripts, word for word.

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
use std::process::Command;

use support::windows_seven::{package, seven};
use support::{Run, broken_package, content, run, run_in, sample};
use tempfile::TempDir;
use wimwright::ExitCode;
use wimwright_testdata::{corpus, program, skipped};

/// Set to write the table of the guide instead of comparing it.
const REGENERATE: &str = "WIMWRIGHT_WRITE_GUIDE";
const BEGIN: &str = "<!-- commands: begin -->\n";
const END: &str = "<!-- commands: end -->";

fn guide() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/guide/dism.md")
}

/// Runs `dism` with words that are separated by blanks; `@` in a word stands
/// for `top` and a separator.
fn dism(top: &Path, words: &str) -> Run {
    let top = format!("{}/", top.display());
    let words = words.split_whitespace().map(|word| word.replace('@', &top));
    let words: Vec<String> = std::iter::once("dism".to_owned()).chain(words).collect();
    run(&words)
}

/// The rows of the table: a command, and what becomes of it.
fn rows() -> Vec<(String, String)> {
    let table = wimwright::dism_guide();
    let rows = table.lines().filter(|line| line.starts_with("| `/"));
    rows.map(|row| {
        let mut cells = row.split('|').map(str::trim).skip(1);
        let names = cells.next().unwrap();
        let name = names.split(',').next().unwrap().trim_matches('`');
        (name.to_owned(), cells.next().unwrap().to_owned())
    })
    .collect()
}

#[test]
fn the_guide_has_the_table_of_the_program() {
    let path = guide();
    let text = fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once(BEGIN).unwrap();
    let (table, after) = rest.split_once(END).unwrap();
    let wanted = format!("\n{}", wimwright::dism_guide());
    if std::env::var_os(REGENERATE).is_some() {
        fs::write(&path, format!("{before}{BEGIN}{wanted}{END}{after}")).unwrap();
        return;
    }
    let advice = format!("write it again: {REGENERATE}=1 cargo test -p wimwright --test dism");
    assert_eq!(table, wanted, "{advice}");
}

#[test]
fn every_command_answers() {
    let rows = rows();
    assert!(rows.len() > 90, "{}", rows.len());
    let help = run(&["dism", "/?"]).ends(ExitCode::Done).out;
    for (command, here) in &rows {
        assert!(help.contains(&format!("  {command} ")), "{command}");
        let own = run(&["dism", command, "/?"]).ends(ExitCode::Done).out;
        assert!(own.contains(command.as_str()), "{own}");
        match here.as_str() {
            "refused" | "later" => {
                let said = run(&["dism", command]).ends(ExitCode::DismNotSupported);
                assert!(said.out.contains("\nError: 50\n"), "{}", said.out);
                assert!(said.out.contains(command.as_str()), "{}", said.out);
                assert!(said.err.starts_with("hint: "), "{command}: {}", said.err);
                // With options that only Windows knows, too.
                run(&["dism", "/Image:C:\\x", command, "/All", "/LimitAccess"])
                    .ends(ExitCode::DismNotSupported)
                    .says(&[command]);
            }
            "y" => {
                // These two need nothing beside them, and are about this computer.
                if ["/Get-MountedImageInfo", "/Cleanup-Mountpoints"].contains(&command.as_str()) {
                    continue;
                }
                let said = run(&["dism", command]).ends(ExitCode::DismInvalidParameter);
                assert!(
                    said.out.contains("missing") || said.out.contains("No image was named"),
                    "{command}: {}",
                    said.out
                );
            }
            other => panic!("{command}: {other}"),
        }
    }
}

#[test]
fn drivers_are_listed_as_dism_lists_them() {
    let top = sample();
    dism(top.path(), "/Image:@image /Get-Drivers")
        .ends(ExitCode::Done)
        .says(&["(No drivers found in the image matching the criteria)"]);
    let added = dism(top.path(), "/Image:@image /Add-Driver /Driver:@viostor");
    let added = added.ends(ExitCode::Done).out;
    let head = format!(
        "\nDeployment Image Servicing and Management tool\nVersion: {}\n\n\
         Image Version: 10.0.19045.2006\n\n",
        env!("CARGO_PKG_VERSION")
    );
    assert_eq!(
        added,
        format!(
            "{head}Searching for driver packages to install...\n\
             Found 1 driver package(s) to install.\n\
             Installing 1 of 1 - {}/viostor/viostor.inf: The driver package was successfully \
             installed.\nThe operation completed successfully.\n",
            top.path().display()
        )
    );
    let before = content(top.path());
    let listed = dism(
        top.path(),
        "/get-drivers /image:@image /English /logLevel:1",
    );
    assert_eq!(
        listed.ends(ExitCode::Done).out,
        format!(
            "{head}Obtaining list of 3rd party drivers from the driver store...\n\n\
             Driver packages listing:\n\nPublished Name : oem0.inf\n\
             Original File Name : viostor.inf\nInbox : No\nClass Name : SCSIAdapter\n\
             Provider Name : Red Hat, Inc.\nDate : 8/30/2021\nVersion : 100.85.104.20800\n\n\
             The operation completed successfully.\n"
        )
    );
    dism(top.path(), "/Image:@image /Get-Drivers /Format:Table")
        .ends(ExitCode::Done)
        .says(&[
            "Published Name | Original File Name | Inbox |",
            "\noem0.inf       | viostor.inf ",
        ]);
    dism(top.path(), "/Image:@image /Get-DriverInfo /Driver:oem0.inf")
        .ends(ExitCode::Done)
        .says(&["Boot Critical : Yes", "    Service Name : viostor\n"]);
    dism(
        top.path(),
        r"/Image:@image /Get-DriverInfo /Driver:@viostor\VIOSTOR.inf",
    )
    .ends(ExitCode::Done)
    .says(&["Provider Name : Red Hat, Inc."]);
    dism(top.path(), "/Image:@image /Get-CurrentEdition")
        .ends(ExitCode::Done)
        .says(&["Current Edition : Professional\n"]);
    dism(top.path(), "/Image:@image /Export-Driver /Destination:@out")
        .ends(ExitCode::Done)
        .says(&["Exporting 1 of 1 - oem0.inf: The driver package successfully exported.\n"]);
    assert_eq!(fs::read_dir(top.path().join("out")).unwrap().count(), 1);
    fs::remove_dir_all(top.path().join("out")).unwrap();
    // /Quiet says nothing that is no error.
    let quiet = dism(top.path(), "/Image:@image /Get-Drivers /Quiet");
    assert_eq!(quiet.ends(ExitCode::Done).out, "");
    dism(
        top.path(),
        "/Image:@image /Remove-Driver /Driver:oem9.inf /Quiet",
    )
    .ends(ExitCode::DismNotSupported)
    .says(&["Error: 50\n", "oem9.inf"])
    .complains(&["/Get-Drivers lists the names"]);
    // A boot driver stays, as `drivers remove` has it, and nothing was changed.
    dism(top.path(), "/Image:@image /Remove-Driver /Driver:oem0.inf")
        .ends(ExitCode::DismNotSupported)
        .says(&["Removing 1 of 1 - oem0.inf: Error - "])
        .complains(&["--force"]);
    assert_eq!(content(top.path()), before);
}

#[test]
fn a_package_that_is_refused_ends_in_an_error() {
    let top = sample();
    broken_package(&top.path().join("packs/broken"));
    wimwright::sample::write_package(&top.path().join("packs/good")).unwrap();
    dism(
        top.path(),
        "/Image:@image /Add-Driver /Driver:@packs /Recurse /LogPath:@dism.log",
    )
    .ends(ExitCode::DismNotSupported)
    .says(&[
        "Found 2 driver package(s) to install.",
        "good/viostor.inf: The driver package was successfully installed.",
        "broken/viostor.inf: Error - ",
        "\nError: 50\n\n1 of 2 driver packages could not be installed",
        "The DISM log file can be found at ",
    ])
    .complains(&["hint: "]);
    let log = fs::read_to_string(top.path().join("dism.log")).unwrap();
    assert!(log.contains("wimwright drivers add --recurse"), "{log}");
    dism(top.path(), "/Image:@image /Add-Driver /Driver:@nothing")
        .ends(ExitCode::Usage)
        .says(&["Error: 2\n"]);
    // What does the work is shown to who asks.
    let words = [
        "-v",
        "dism",
        "/Get-Drivers",
        &format!("/Image:{}", top.path().join("image").display()),
    ];
    run(&words)
        .ends(ExitCode::Done)
        .complains(&["wimwright drivers list /"]);
    run(&["--json", "dism", "/Get-Drivers"]).ends(ExitCode::Usage);
    run(&["dism", "/Online", "/Get-Drivers"])
        .ends(ExitCode::DismNotSupported)
        .says(&["/Online is about the Windows that runs"]);
    run(&["dism"]).ends(ExitCode::DismInvalidParameter);
}

#[test]
fn files_with_images_are_read_and_written() {
    let top = sample();
    let at = |words: &str| dism(top.path(), words);
    at("/Capture-Image /ImageFile:@a.wim /CaptureDir:@image /Name:First /Description:Words")
        .ends(ExitCode::Done)
        .says(&["Saving image\n[====", "100.0%"]);
    at("/Capture-Image /ImageFile:@a.wim /CaptureDir:@image /Name:First")
        .ends(ExitCode::DismFileExists)
        .says(&["Error: 80\n"])
        .complains(&["remove this one first"]);
    at("/Append-Image /ImageFile:@a.wim /CaptureDir:@viostor /Name:Second").ends(ExitCode::Done);
    let info = at("/Get-WimInfo /WimFile:@a.wim").ends(ExitCode::Done).out;
    assert!(
        info.contains("Index : 1\nName : First\nDescription : Words\nSize : "),
        "{info}"
    );
    assert!(
        info.contains("\n\nIndex : 2\nName : Second\nDescription : <undefined>\n"),
        "{info}"
    );
    at("/Get-ImageInfo /ImageFile:@a.wim /Index:1")
        .ends(ExitCode::Done)
        .says(&[
            "WIM Bootable : No\n",
            "Version : 10.0.19045\nServicePack Build : 2006\n",
            "Edition : Professional\n",
            "Languages :\n",
        ]);
    at("/Get-ImageInfo /ImageFile:@a.wim /Index:3")
        .ends(ExitCode::DismInvalidParameter)
        .complains(&["it has 2 images"]);
    at("/Get-ImageInfo /ImageFile:@a.vhdx").ends(ExitCode::DismNotSupported);
    at("/List-Image /ImageFile:@a.wim /Name:Second")
        .ends(ExitCode::Done)
        .says(&["\\\n\\viostor.cat\n\\viostor.inf\n"]);
    at("/Export-Image /SourceImageFile:@a.wim /SourceName:First /DestinationImageFile:@b.wim /Compress:recovery")
        .ends(ExitCode::DismNotSupported)
        .complains(&["/Compress:max"]);
    at("/Export-Image /SourceImageFile:@a.wim /SourceIndex:1 /DestinationImageFile:@b.wim /Compress:max /DestinationName:Third /Bootable")
        .ends(ExitCode::Done);
    run_in(top.path(), "info @b.wim").says(&["lzx", "Third", "(bootable)"]);
    at("/Split-Image /ImageFile:@a.wim /SWMFile:@a.swm /FileSize:4000").ends(ExitCode::Done);
    at("/Apply-Image /ImageFile:@a.swm /SWMFile:@a*.swm /Index:2 /ApplyDir:@applied /Verify")
        .ends(ExitCode::Done);
    let mut applied = content(&top.path().join("applied"));
    applied.retain(|path, _| !path.starts_with(".wimwright-sidecar"));
    assert_eq!(applied, content(&top.path().join("viostor")));
    at("/Apply-Image /ImageFile:@a.wim /ApplyDir:@x")
        .ends(ExitCode::DismInvalidParameter)
        .complains(&["/Index:1"]);
    at("/Delete-Image /ImageFile:@a.wim /Name:Second").ends(ExitCode::Done);
    let info = at("/Get-ImageInfo /ImageFile:@a.wim")
        .ends(ExitCode::Done)
        .out;
    assert!(!info.contains("Second"), "{info}");
}

#[test]
fn packages_and_features_are_listed_as_dism_lists_them() {
    let top = tempfile::tempdir().unwrap();
    seven(&top.path().join("image"));
    let at = |words: &str| dism(top.path(), words);
    let packages = at("/Image:@image /Get-Packages").ends(ExitCode::Done).out;
    assert!(packages.contains("Image Version: 6.1.7601"), "{packages}");
    let first = packages
        .split("Packages listing:\n\nPackage Identity : ")
        .nth(1);
    let identity = first.unwrap().lines().next().unwrap();
    assert!(
        packages.contains(&format!("{identity}\nState : Installed\n")),
        "{packages}"
    );
    at("/Image:@image /Get-Packages /Format:Table")
        .ends(ExitCode::Done)
        .says(&[" | State     | Release Type"]);
    at(&format!(
        "/Image:@image /Get-PackageInfo /PackageName:{identity}"
    ))
    .ends(ExitCode::Done)
    .says(&["Package information:\n", "Features listing for package : "]);
    at("/Image:@image /Get-PackageInfo /PackageName:Nothing")
        .ends(ExitCode::Damaged)
        .says(&["Error: 0x800f0805\n"]);
    let features = at("/Image:@image /Get-Features").ends(ExitCode::Done).out;
    let name = features.split("Feature Name : ").nth(1).unwrap();
    let name = name.lines().next().unwrap();
    at(&format!(
        "/Image:@image /Get-FeatureInfo /FeatureName:{}",
        name.to_lowercase()
    ))
    .ends(ExitCode::Done)
    .says(&[
        "Feature Information:\n",
        &format!("Feature Name : {name}\n"),
    ]);
    at("/Image:@image /Get-FeatureInfo /FeatureName:Telnet9")
        .ends(ExitCode::DismUnknownFeature)
        .says(&["Error: 0x800f080c\n\nFeature name Telnet9 is unknown."]);
    if let Some(corpus) = corpus("packages_and_features_are_listed_as_dism_lists_them") {
        let real = corpus.join("packages/msu/Windows6.1-KB2999226-x64.msu");
        fs::create_dir(top.path().join("updates")).unwrap();
        fs::copy(real, top.path().join("updates/kb2999226.msu")).unwrap();
        let name = "Package_for_KB2999226~31bf3856ad364e35~amd64~~6.1.1.6";
        // A folder stands for the packages in it.
        at("/Image:@image /Add-Package /PackagePath:@updates")
            .ends(ExitCode::Done)
            .says(&[
                &format!("Processing 1 of 1 - Adding package {name}\n[===="),
                "Windows installs it at the first boot.\n",
            ]);
        let pending = format!("Package Identity : {name}\nState : Install Pending\n");
        at("/Image:@image /Get-Packages")
            .ends(ExitCode::Done)
            .says(&[&pending]);
        at(&format!(
            "/Image:@image /Remove-Package /PackageName:{name}"
        ))
        .ends(ExitCode::Done)
        .says(&[&format!("Removing package {name}\n")]);
        let left = at("/Image:@image /Get-Packages").ends(ExitCode::Done).out;
        assert!(!left.contains("Pending"), "{left}");
    }
    at("/Image:@image /Remove-Package /PackageName:Nothing").ends(ExitCode::DismNotSupported);
    // A package for another Windows does not apply.
    let other = top.path().join("other.cab");
    package(&other, [6, 3, 9600, 16384]);
    at("/Image:@image /Add-Package /PackagePath:@other.cab /IgnoreCheck")
        .ends(ExitCode::DismNotApplicable)
        .says(&["Error: 0x800f081e\n"])
        .complains(&["note: /IgnoreCheck: "]);
    at("/Image:@image /Get-PackageInfo /PackagePath:@other.cab")
        .ends(ExitCode::Done)
        .says(&["Applicable : No\n"]);
    at("/Image:@image /Add-Package /PackagePath:@image/Windows").ends(ExitCode::Usage);
}

#[test]
fn answer_files_are_staged_unless_they_have_an_offline_pass() {
    let top = sample();
    let file = |pass: &str| {
        format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<unattend \
             xmlns=\"urn:schemas-microsoft-com:unattend\"><settings pass=\"{pass}\"><component \
             name=\"Microsoft-Windows-Shell-Setup\" processorArchitecture=\"amd64\" \
             publicKeyToken=\"31bf3856ad364e35\" language=\"neutral\" versionScope=\"nonSxS\">\
             <TimeZone>UTC</TimeZone></component></settings></unattend>"
        )
    };
    let path = top.path().join("unattend.xml");
    fs::write(&path, file("offlineServicing")).unwrap();
    let before = content(top.path());
    dism(top.path(), "/Image:@image /Apply-Unattend:@unattend.xml")
        .ends(ExitCode::DismNotSupported)
        .says(&["offlineServicing"]);
    assert_eq!(content(top.path()), before);
    fs::write(&path, file("oobeSystem")).unwrap();
    dism(top.path(), "/Image:@image /Apply-Unattend:@unattend.xml")
        .ends(ExitCode::Done)
        .says(&["unattend.xml for the passes oobeSystem"]);
    assert!(
        top.path()
            .join("image/Windows/Panther/unattend.xml")
            .exists()
    );
    dism(top.path(), "/Image:@image /Apply-Unattend:@missing.xml").ends(ExitCode::Usage);
}

/// The lines of public scripts, as the guide has them.
fn lines() -> Vec<String> {
    let text = fs::read_to_string(guide()).unwrap();
    let rows = text.lines().filter_map(|row| {
        let (number, rest) = row.strip_prefix("| ")?.split_once(" | `")?;
        number.parse::<u32>().ok()?;
        Some(rest.split_once("` |")?.0.to_owned())
    });
    rows.collect()
}

/// The words of a line as Windows splits them: quotes keep blanks together and
/// go, backslashes stay.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for letter in line.chars() {
        match letter {
            '"' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            letter => words.last_mut().unwrap().push(letter),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// The drives that the lines name, and a directory to start them in.
struct Bench {
    top: TempDir,
}

impl Drop for Bench {
    fn drop(&mut self) {
        for mount in ["here/dism_mount", "c/TEMP/Work", "c/mount"] {
            let mut quiet = Command::new("umount");
            let at = self.top.path().join(mount);
            let _ = quiet
                .arg("-l")
                .arg(at)
                .stderr(std::process::Stdio::null())
                .status();
        }
    }
}

impl Bench {
    fn new() -> Bench {
        let bench = Bench {
            top: tempfile::tempdir().unwrap(),
        };
        let top = bench.top.path();
        for directory in [
            "here/sources",
            "here/dism_mount",
            "c/TEMP/Work",
            "c/images/images",
            "c/mount",
            "c/sources",
            "e/Images",
            "w",
            "z/images",
        ] {
            fs::create_dir_all(top.join(directory)).unwrap();
        }
        wimwright::sample::write_image(&top.join("ten")).unwrap();
        let package = top.join("c/drivers/production/viostor");
        wimwright::sample::write_package(&package).unwrap();
        seven(&top.join("seven"));
        bench.images("here/sources/install.wim", "ten", 1);
        bench.images("here/install.esd", "ten", 4);
        bench.images("c/TEMP/install.wim", "seven", 1);
        bench.images("c/images/images/install.wim", "ten", 3);
        bench.images("c/sources/install.wim", "ten", 1);
        bench.images("z/install.wim", "ten", 6);
        run_in(top, "drivers add @ten @c/drivers/production --recurse").ends(ExitCode::Done);
        bench.images("e/Images/ThinImage.wim", "ten", 1);
        bench
    }

    /// A file with so many images of a tree.
    fn images(&self, file: &str, tree: &str, count: u32) {
        let top = self.top.path();
        run_in(top, &format!("capture @{tree} @{file} --name 1")).ends(ExitCode::Done);
        for number in 2..=count {
            let words = format!("append @{tree} @{file} --name {number}");
            run_in(top, &words).ends(ExitCode::Done);
        }
    }

    /// Runs a line by a program that is called `dism`.
    fn run(&self, line: &str) -> std::process::Output {
        let program = self.top.path().join("dism");
        if !program.exists() {
            std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_wimwright"), &program).unwrap();
        }
        let drive = |letter: &str| {
            let directory = self.top.path().join(letter.to_lowercase());
            format!("{letter}={}", directory.display())
        };
        let words = words(line);
        assert!(words[0].eq_ignore_ascii_case("dism"), "{line}");
        Command::new(program)
            .args(&words[1..])
            .env(
                "WIMWRIGHT_DRIVES",
                ["C", "E", "W", "Z"].map(drive).join(";"),
            )
            .current_dir(self.top.path().join("here"))
            .output()
            .unwrap()
    }
}

#[test]
fn lines_of_public_scripts_run_as_they_are() {
    let test = "lines_of_public_scripts_run_as_they_are";
    let lines = lines();
    assert_eq!(lines.len(), 20);
    let fuse = File::options().read(true).write(true).open("/dev/fuse");
    if fuse.is_err() || !cfg!(feature = "fuse") {
        return skipped(test, "images cannot be mounted here");
    }
    if !program("fusermount3", test) {
        return;
    }
    let bench = Bench::new();
    let update = corpus(test).map(|corpus| {
        let real = "packages/msu/Windows6.1-KB2999226-x64.msu";
        let to = bench.top.path().join("c/TEMP/KB5041865.msu");
        fs::copy(corpus.join(real), to).unwrap();
    });
    for line in &lines {
        if line.contains("/Add-Package") && update.is_none() {
            continue;
        }
        let done = bench.run(line);
        let out = String::from_utf8_lossy(&done.stdout);
        let err = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{line}\n{out}\n{err}");
        assert!(
            out.ends_with("The operation completed successfully.\n"),
            "{line}\n{out}"
        );
    }
    // They did what they say.
    let top = bench.top.path();
    let images = |file: &str| {
        let info = run_in(top, &format!("info @{file} --json"))
            .ends(ExitCode::Done)
            .json();
        info["images"].as_array().unwrap().len()
    };
    assert_eq!(images("here/install_dism.wim"), 2);
    assert_eq!(images("here/install.wim"), 1);
    assert_eq!(images("z/install.wim"), 5);
    assert_eq!(images("z/images/edtechjeff.wim"), 1);
    run_in(top, "drivers list @c/images/images/install.wim:3")
        .ends(ExitCode::Done)
        .says(&["viostor.inf"]);
    run_in(top, "drivers list @c/images/images/install.wim:1").says(&["no third-party"]);
    assert!(top.join("w/Windows/System32/config/SYSTEM").exists());
    assert!(top.join("c/sources/install.swm").exists());
    if update.is_some() {
        for file in ["install.wim", "install2.wim"] {
            run_in(top, &format!("packages list @c/TEMP/{file}"))
                .ends(ExitCode::Done)
                .says(&["KB5041865.msu"]);
        }
    }
}

#[test]
fn a_mount_is_changed_committed_and_thrown_away() {
    let test = "a_mount_is_changed_committed_and_thrown_away";
    let fuse = File::options().read(true).write(true).open("/dev/fuse");
    if fuse.is_err() || !cfg!(feature = "fuse") {
        return skipped(test, "images cannot be mounted here");
    }
    if !program("fusermount3", test) {
        return;
    }
    let bench = Bench::new();
    let top = bench.top.path();
    // A copy, not a link: it is called `dism` wherever it asks for itself.
    fs::copy(env!("CARGO_BIN_EXE_wimwright"), top.join("dism")).unwrap();
    let says = |line: &str, code: i32, text: &str| {
        let done = bench.run(line);
        let out = String::from_utf8_lossy(&done.stdout).into_owned();
        let err = String::from_utf8_lossy(&done.stderr);
        assert_eq!(done.status.code(), Some(code), "{line}\n{out}\n{err}");
        assert!(out.contains(text), "{line}\n{out}\n{err}");
    };
    let mount = r"dism /Mount-Image /ImageFile:C:\sources\install.wim /Index:1 /MountDir:C:\mount";
    says(r"dism /Unmount-Image /MountDir:C:\mount", 87, "not said");
    says(
        r"dism /Mount-Image /ImageFile:C:\sources\install.wim /Index:1 /MountDir:C:\no",
        3,
        "no",
    );
    says(mount, 0, "Mounting image\n[===");
    says(
        "dism /Get-MountedWimInfo",
        0,
        "Image Index : 1\nMounted Read/Write : Yes\nStatus : Ok\n",
    );
    fs::write(top.join("c/mount/kept.txt"), "kept").unwrap();
    says(
        r"dism /Commit-Image /MountDir:C:\mount",
        0,
        "Saving image\n[===",
    );
    fs::write(top.join("c/mount/lost.txt"), "lost").unwrap();
    says(
        r"dism /Unmount-Image /MountDir:C:\mount /Discard",
        0,
        "Unmounting image\n[===",
    );
    let names = run_in(top, "dir @c/sources/install.wim:1")
        .ends(ExitCode::Done)
        .out;
    assert!(
        names.contains("kept.txt") && !names.contains("lost.txt"),
        "{names}"
    );
    // What is mounted to be looked at is not written to, and has nothing to save.
    says(&format!("{mount} /ReadOnly"), 0, "");
    says(r"dism /Image:C:\mount /Get-Drivers", 0, "(No drivers found");
    says(
        r"dism /Commit-Image /MountDir:C:\mount",
        50,
        "not mounted to be changed",
    );
    says(r"dism /Unmount-Image /MountDir:C:\mount /Commit", 0, "");
    // What a servicing that was cut off left does not get into the image.
    says(mount, 0, "");
    fs::create_dir(top.join("c/mount/.wimwright")).unwrap();
    says(
        r"dism /Unmount-Image /MountDir:C:\mount /Commit",
        50,
        "cut off before its end",
    );
    says(
        r"dism /Image:C:\mount /Add-Driver /Driver:C:\drivers /Recurse",
        0,
        "successfully installed",
    );
    says(r"dism /Unmount-Image /MountDir:C:\mount /Commit", 0, "");
    run_in(top, "drivers list @c/sources/install.wim")
        .ends(ExitCode::Done)
        .says(&["viostor.inf"]);
}
