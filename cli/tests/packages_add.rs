//! `packages add` and `packages remove`, as a user runs them: real packages and
//! made ones, images of each age and state, in directories and WIM files.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test program"
)]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use support::{content, run_in};
use tempfile::TempDir;
use wimwright::ExitCode;
use wimwright_testdata::cabinet::{Cabinet, Method};
use wimwright_testdata::cbs_image::{self, CbsImage, Identity};
use wimwright_testdata::image::{self, Data, Windows};
use wimwright_testdata::pe::{Pe, X86};
use wimwright_testdata::{corpus, program};

/// What an image is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Deployed,
    Sealed,
}

fn set(root: &Path, hive: &str, values: &[(&str, &str, Data)]) {
    let path = root.join("Windows/System32/config").join(hive);
    let mut open = wimwright_hive::Hive::open(fs::read(&path).unwrap()).unwrap();
    for (key, name, data) in values {
        image::set(&mut open, key, name, data);
    }
    fs::write(path, open.into_bytes()).unwrap();
}

fn put(root: &Path, path: &str, bytes: &[u8]) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

/// Makes an image look as its state has it.
fn seal(root: &Path, nt5: bool, state: State) {
    let key = "Microsoft\\Windows\\CurrentVersion\\Setup\\State";
    let (setup_type, command, image_state) = match (state, nt5) {
        (State::Deployed, _) => (0, "", "IMAGE_STATE_COMPLETE"),
        (State::Sealed, true) => (1, "setup.exe -newsetup -mini", ""),
        (State::Sealed, false) => (
            2,
            "oobe\\windeploy.exe",
            "IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE",
        ),
    };
    let progress = u32::from(state == State::Sealed);
    set(
        root,
        "SYSTEM",
        &[
            ("Setup", "SetupType", Data::Dword(setup_type)),
            ("Setup", "SystemSetupInProgress", Data::Dword(progress)),
            ("Setup", "CmdLine", Data::Sz(command)),
        ],
    );
    match (nt5, state) {
        (true, State::Sealed) => put(root, "Sysprep/sysprep.exe", b"MZ"),
        (true, State::Deployed) => {}
        (false, _) => {
            set(
                root,
                "SOFTWARE",
                &[(key, "ImageState", Data::Sz(image_state))],
            );
            let tag = "Windows/System32/Sysprep/Sysprep_succeeded.tag";
            put(root, tag, b"");
        }
    }
}

fn xp(root: &Path, state: State) {
    let environment = "ControlSet001\\Control\\Session Manager\\Environment";
    let system = image::hive(
        "SYSTEM",
        &[
            ("Select", "Default", Data::Dword(1)),
            ("Select", "Current", Data::Dword(1)),
            (environment, "PROCESSOR_ARCHITECTURE", Data::Sz("x86")),
            ("ControlSet001\\Services\\Disk", "Start", Data::Dword(0)),
        ],
    );
    image::write(root, &system, &[], &Windows::new(5, 1, 2600), 0);
    seal(root, true, state);
}

fn seven(root: &Path, state: State) {
    CbsImage::windows_7().write(root);
    seal(root, false, state);
}

fn ten(root: &Path, state: State) {
    CbsImage::windows_10().write(root);
    seal(root, false, state);
}

/// A package of one mum for an image of that version, nobody's signature on its
/// catalog.
fn package(path: &Path, kb: &str, parent: &[u16; 4]) {
    package_called(path, &format!("Package_for_{kb}"), parent);
}

fn package_called(path: &Path, name: &str, parent: &[u16; 4]) {
    let own = Identity::package(name, [parent[0], parent[1], 1, 0], "amd64");
    let parent = Identity::package(
        "Microsoft-Windows-Client-Features-Package",
        *parent,
        "amd64",
    );
    let mum = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><assembly \
         xmlns=\"urn:schemas-microsoft-com:asm.v3\" manifestVersion=\"1.0\">{}<package \
         identifier=\"{name}\" releaseType=\"Update\" restart=\"possible\"><parent \
         buildCompare=\"EQ\" serviceCompare=\"GE\" integrate=\"separate\" \
         disposition=\"detect\">{}</parent></package></assembly>",
        own.xml(),
        parent.xml()
    );
    let catalog = cbs_image::catalog(&[mum.clone().into_bytes()]);
    let files = [("update.mum", mum.as_bytes()), ("update.cat", &catalog)];
    fs::write(path, Cabinet::of(Method::Mszip, &files).build()).unwrap();
}

/// A hotfix program of XP, without a signature.
fn hotfix(path: &Path) {
    let files: [(&str, &[u8]); 2] = [
        (
            "update\\update.inf",
            b"[Version]\r\nSignature=\"$Windows NT$\"\r\n",
        ),
        ("sp3qfe\\a.dll", b"a file"),
    ];
    let cabinet = Cabinet::of(Method::Mszip, &files).build();
    let mut program = program_of(X86);
    program.resize(program.len().next_multiple_of(512), 0);
    program.extend(cabinet);
    fs::write(path, program).unwrap();
}

fn program_of(machine: u16) -> Vec<u8> {
    Pe {
        machine,
        subsystem: 2,
        dll: false,
        time_date_stamp: 0x4802_5183,
        version: None,
        resource: None,
        pdb: None,
        sections: [vec![0xC3], Vec::new(), Vec::new()],
        len: None,
    }
    .build()
}

/// A folder with an image, as a directory `image` and a WIM file `image.wim`,
/// both kept a second time as `before` and `before.wim`.
fn bench(write: impl Fn(&Path)) -> TempDir {
    let top = tempfile::tempdir().unwrap();
    for name in ["image", "before"] {
        write(&top.path().join(name));
    }
    for name in ["image", "before"] {
        run_in(top.path(), &format!("capture @image @{name}.wim")).ends(ExitCode::Done);
    }
    top
}

fn outcomes(document: &Value) -> Vec<(String, String)> {
    let results = document["images"][0]["results"].as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap_or("none").to_owned();
    results
        .iter()
        .map(|one| (text(&one["outcome"]), text(&one["mechanism"])))
        .collect()
}

fn real_packages(test: &str) -> Option<Vec<PathBuf>> {
    let packages = corpus(test)?.join("packages");
    let unsigned = "cab-custom-cbs/Z-he3als-NoDefender-Package31bf3856ad364e35amd641.0.0.0.cab";
    let names = [
        "msu/Windows6.1-KB2999226-x64.msu",
        "msu/Windows6.1-KB4528069-x64.msu",
        unsigned,
    ];
    Some(names.map(|name| packages.join(name)).to_vec())
}

#[test]
fn real_packages_wait_for_the_first_boot_and_an_untrusted_one_is_refused() {
    let test = "real_packages_wait_for_the_first_boot_and_an_untrusted_one_is_refused";
    let Some(packages) = real_packages(test) else {
        return;
    };
    let words: Vec<&str> = packages.iter().map(|path| path.to_str().unwrap()).collect();
    let words = words.join(" ");
    for (state, mechanism) in [
        (State::Sealed, "setup-complete"),
        (State::Deployed, "service"),
    ] {
        let top = bench(|root| seven(root, state));
        for image in ["image", "image.wim"] {
            let added = run_in(top.path(), &format!("packages add @{image} {words} --json"))
                .ends(ExitCode::Partly)
                .json();
            let first_boot = ("first-boot".to_owned(), mechanism.to_owned());
            let refused = ("refused".to_owned(), "none".to_owned());
            assert_eq!(outcomes(&added), [first_boot.clone(), first_boot, refused]);
            assert_eq!(added["changed"], true);
            let results = &added["images"][0]["results"];
            let reason = |at: usize| results[at]["reason"].as_str().unwrap().to_owned();
            assert!(reason(0).contains("first boot"), "{}", reason(0));
            assert!(reason(2).contains("nobody vouches for"), "{}", reason(2));
            assert_eq!(results[0]["signer_name"], "Microsoft Windows");
            assert_eq!(
                results[0]["identity"],
                "Package_for_KB2999226~31bf3856ad364e35~amd64~~6.1.1.6"
            );

            let again = run_in(top.path(), &format!("packages add @{image} {words} --json"));
            let again = again.ends(ExitCode::Partly).json();
            assert_eq!(again["changed"], false);
            let outcomes: Vec<String> = outcomes(&again).into_iter().map(|one| one.0).collect();
            assert_eq!(outcomes, ["unchanged", "unchanged", "refused"]);

            // Everything is taken back, by name and by identity.
            run_in(
                top.path(),
                &format!(
                    "packages remove @{image} windows6.1-kb2999226-x64.msu \
                     Package_for_KB4528069~31bf3856ad364e35~amd64~~6.1.1.1"
                ),
            )
            .ends(ExitCode::Done)
            .says(&["removed  1", "removed  2"]);
            let before = image.replace("image", "before");
            run_in(top.path(), &format!("diff @{before} @{image} --security"))
                .ends(ExitCode::Done)
                .says(&["no differences"]);
        }
    }
}

/// A package's name, what makes the image, the mechanism, and the files that
/// are given back.
type Writer<'w> = (&'w str, &'w dyn Fn(&Path), &'w str, &'w [&'w str]);

#[test]
fn each_kind_of_image_gets_its_mechanism_in_directories_and_wim_files() {
    let unattended = |root: &Path| {
        xp(root, State::Sealed);
        put(
            root,
            "Sysprep/sysprep.inf",
            b"[GuiRunOnce]\r\nCommand0=\"a\"\r\n",
        );
    };
    let install_files = |root: &Path| {
        xp(root, State::Sealed);
        let inf = b"[Unattended]\r\nInstallFilesPath=C:\\Sysprep\\i386\r\n";
        put(root, "Sysprep/sysprep.inf", inf);
    };
    let scripted = |root: &Path| {
        ten(root, State::Sealed);
        put(
            root,
            "Windows/Setup/Scripts/SetupComplete.cmd",
            b"exit /b 7",
        );
    };
    let writers: [Writer<'_>; 9] = [
        ("x.exe", &|root| xp(root, State::Deployed), "service", &[]),
        (
            "x.exe",
            &|root| xp(root, State::Sealed),
            "gui-run-once",
            &["Sysprep/sysprep.inf"],
        ),
        (
            "x.exe",
            &unattended,
            "gui-run-once",
            &["Sysprep/sysprep.inf"],
        ),
        (
            "x.exe",
            &install_files,
            "cmdlines",
            &["Sysprep/i386/$OEM$/cmdlines.txt"],
        ),
        (
            "7.cab",
            &|root| seven(root, State::Deployed),
            "service",
            &[],
        ),
        (
            "7.cab",
            &|root| seven(root, State::Sealed),
            "setup-complete",
            &["Windows/Setup/Scripts/SetupComplete.cmd"],
        ),
        ("10.cab", &|root| ten(root, State::Deployed), "service", &[]),
        (
            "10.cab",
            &|root| ten(root, State::Sealed),
            "setup-complete",
            &["Windows/Setup/Scripts/SetupComplete.cmd"],
        ),
        (
            "10.cab",
            &scripted,
            "setup-complete",
            &["Windows/Setup/Scripts/SetupComplete.cmd"],
        ),
    ];
    for (file, write, mechanism, touched) in writers {
        let top = bench(write);
        hotfix(&top.path().join("x.exe"));
        package(&top.path().join("7.cab"), "KB7", &[6, 1, 7601, 17514]);
        package(&top.path().join("10.cab"), "KB10", &[10, 0, 19041, 1]);
        for image in ["image", "image.wim"] {
            let add = format!("packages add @{image} @{file}");
            run_in(top.path(), &add)
                .ends(ExitCode::Refused)
                .says(&["refused", "nothing was changed"]);
            let forced = format!("{add} --force-unsigned");
            let dry = run_in(top.path(), &format!("{forced} --dry-run"));
            dry.ends(ExitCode::Done)
                .says(&["run.cmd", "nothing was written"]);
            let added = run_in(top.path(), &format!("{forced} --json"));
            let added = added.ends(ExitCode::Done).json();
            assert_eq!(
                outcomes(&added),
                [("first-boot".to_owned(), mechanism.to_owned())]
            );
            for path in touched {
                run_in(top.path(), &format!("cat @{image} {path}"))
                    .ends(ExitCode::Done)
                    .says(&["wimwright\\run.cmd"]);
            }
            let again = run_in(top.path(), &forced).ends(ExitCode::Done);
            again.says(&["unchanged", "nothing to change"]);

            // What looks at the image sees nothing wrong in it.
            let before = image.replace("image", "before");
            for command in ["generalize report", "drivers check"] {
                let verdict = |image: &str| {
                    let found = run_in(top.path(), &format!("{command} @{image} --json"));
                    let document = found.json();
                    let image = &document["images"][0];
                    (
                        found.code,
                        image["leftovers"].clone(),
                        image["faults"].clone(),
                    )
                };
                assert_eq!(verdict(image), verdict(&before), "{command} {mechanism}");
            }

            // A capture goes on holding it, and it can be taken out of that.
            let captured = match image.ends_with(".wim") {
                true => format!("export @{image} @again.wim"),
                false => format!("capture @{image} @again.wim"),
            };
            run_in(top.path(), &captured).ends(ExitCode::Done);
            run_in(
                top.path(),
                &format!("packages add @again.wim @{file} --force-unsigned"),
            )
            .ends(ExitCode::Done)
            .says(&["unchanged"]);
            run_in(top.path(), "packages list @again.wim")
                .ends(ExitCode::Done)
                .says(&["1 package waits", file, mechanism]);
            for image in [image, "again.wim"] {
                run_in(top.path(), &format!("packages remove @{image} 1"))
                    .ends(ExitCode::Done)
                    .says(&["removed  1"]);
                run_in(top.path(), &format!("diff @{before} @{image} --security"))
                    .ends(ExitCode::Done)
                    .says(&["no differences"]);
            }
            fs::remove_file(top.path().join("again.wim")).unwrap();
        }
    }
}

#[test]
fn packages_that_are_not_for_the_image_are_refused_each_with_its_rule() {
    let top = bench(|root| ten(root, State::Sealed));
    let before = content(&top.path().join("image"));
    hotfix(&top.path().join("x.exe"));
    package(&top.path().join("7.cab"), "KB7", &[6, 1, 7601, 17514]);
    fs::write(top.path().join("text.msu"), b"no package").unwrap();
    let empty = Cabinet::of(Method::Mszip, &[("a.txt", b"a")]).build();
    fs::write(top.path().join("empty.cab"), empty).unwrap();
    let words = "packages add @image @x.exe @7.cab @text.msu @empty.cab @none.cab --force-unsigned";
    let document = run_in(top.path(), &format!("{words} --json"));
    let document = document.ends(ExitCode::Refused).json();
    assert_eq!(document["changed"], false);
    let results = document["images"][0]["results"].as_array().unwrap();
    for (result, reason) in results.iter().zip([
        "which 10.0.19041 cannot install",
        "parent: asks",
        "neither a cabinet",
        "no package in it",
        "does not exist",
    ]) {
        let said = result["reason"].as_str().unwrap();
        assert_eq!(result["outcome"], "refused");
        assert!(said.contains(reason), "`{reason}` in: {said}");
    }
    assert!(content(&top.path().join("image")) == before);
}

#[test]
fn states_without_a_mechanism_are_refused_with_their_reason() {
    for (setup_type, command, image_state, reason) in [
        (
            2,
            "windeploy",
            "IMAGE_STATE_GENERALIZE_RESEAL_TO_AUDIT",
            "audit mode",
        ),
        (0, "", "IMAGE_STATE_UNDEPLOYABLE", "never be deployable"),
        (1, "x", "IMAGE_STATE_COMPLETE", "Setup is under way"),
    ] {
        let top = tempfile::tempdir().unwrap();
        let root = top.path().join("image");
        ten(&root, State::Sealed);
        let key = "Microsoft\\Windows\\CurrentVersion\\Setup\\State";
        set(
            &root,
            "SOFTWARE",
            &[(key, "ImageState", Data::Sz(image_state))],
        );
        let values = [
            ("Setup", "SetupType", Data::Dword(setup_type)),
            ("Setup", "CmdLine", Data::Sz(command)),
        ];
        set(&root, "SYSTEM", &values);
        package(&top.path().join("10.cab"), "KB10", &[10, 0, 19041, 1]);
        run_in(top.path(), "packages add @image @10.cab --force-unsigned")
            .ends(ExitCode::Refused)
            .says(&["no way is known", reason, "nothing was changed"]);
    }
}

#[test]
fn a_plan_is_applied_and_undone() {
    let top = bench(|root| ten(root, State::Deployed));
    package(&top.path().join("10.cab"), "KB10", &[10, 0, 19041, 1]);
    run_in(
        top.path(),
        "packages add @image @10.cab --force-unsigned --dry-run --plan-out @plan.json",
    )
    .ends(ExitCode::Done);
    run_in(top.path(), "plan apply @image @plan.json --undo-out @undo").ends(ExitCode::Done);
    run_in(top.path(), "packages add @image @10.cab --force-unsigned")
        .ends(ExitCode::Done)
        .says(&["unchanged", "nothing to change"]);
    run_in(top.path(), "undo @image @undo").ends(ExitCode::Done);
    run_in(top.path(), "diff @before @image")
        .ends(ExitCode::Done)
        .says(&["no differences"]);
}

#[test]
fn an_answer_file_names_the_packages_and_their_cabinets_lie_beside_it() {
    let test = "an_answer_file_names_the_packages_and_their_cabinets_lie_beside_it";
    let Some(packages) = real_packages(test) else {
        return;
    };
    let top = bench(|root| seven(root, State::Sealed));
    let before = content(&top.path().join("image"));
    fs::create_dir(top.path().join("out")).unwrap();
    let words: Vec<&str> = packages.iter().map(|path| path.to_str().unwrap()).collect();
    let words = format!(
        "packages add @image {} --answer-file @out/unattend.xml",
        words.join(" ")
    );
    run_in(top.path(), &format!("{words} --dry-run"))
        .ends(ExitCode::Partly)
        .says(&["would write"]);
    assert!(content(&top.path().join("out")).is_empty());
    let written = run_in(top.path(), &format!("{words} --json"));
    let written = written.ends(ExitCode::Partly).json();
    let ways: Vec<String> = outcomes(&written).into_iter().map(|one| one.1).collect();
    assert_eq!(ways, ["answer-file", "answer-file", "none"]);
    let mut names: Vec<PathBuf> = content(&top.path().join("out")).into_keys().collect();
    names.sort();
    let expected = [
        "Windows6.1-KB2999226-x64.cab",
        "Windows6.1-KB4528069-x64.cab",
        "unattend.xml",
    ];
    assert_eq!(names, expected.map(PathBuf::from));
    // What the .msu itself brings along says the same of its package.
    let text = fs::read_to_string(top.path().join("out/unattend.xml")).unwrap();
    for part in [
        "<package action=\"install\">",
        "name=\"Package_for_KB2999226\" version=\"6.1.1.6\" language=\"neutral\" \
         processorArchitecture=\"amd64\" publicKeyToken=\"31bf3856ad364e35\"",
        "location=\"%configsetroot%\\Windows6.1-KB2999226-x64.cab\"",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(
        content(&top.path().join("image")) == before,
        "the image stays as it is"
    );
    let out = content(&top.path().join("out"));
    run_in(top.path(), &words)
        .ends(ExitCode::Partly)
        .says(&["unchanged", "nothing to change"]);
    assert!(content(&top.path().join("out")) == out);
    // Another cabinet of that name is not overwritten.
    fs::write(top.path().join("out/Windows6.1-KB2999226-x64.cab"), b"x").unwrap();
    run_in(top.path(), &words)
        .ends(ExitCode::Refused)
        .complains(&["is there already"]);
}

#[test]
fn packages_of_a_signer_whom_the_user_trusts_are_taken() {
    let test = "packages_of_a_signer_whom_the_user_trusts_are_taken";
    let Some(packages) = real_packages(test) else {
        return;
    };
    if !program("openssl", test) || !program("cabextract", test) {
        return;
    }
    // The one that its maker signed with a certificate of his own.
    let top = bench(|root| ten(root, State::Sealed));
    let own = packages[2].display();
    let script = "cabextract -q -F update.cat -d . \"$1\" && openssl pkcs7 -inform DER -in update.cat \
                  -print_certs | openssl x509 -outform DER -out own.cer";
    let made = Command::new("sh")
        .current_dir(top.path())
        .args(["-c", script, "sh"])
        .arg(&packages[2])
        .status()
        .unwrap();
    assert!(made.success());
    run_in(top.path(), &format!("packages add @image {own}"))
        .ends(ExitCode::Refused)
        .says(&["nobody vouches for"]);
    run_in(
        top.path(),
        &format!("packages add @image {own} --trust @own.cer"),
    )
    .ends(ExitCode::Done)
    .says(&[
        "staged ",
        "110 components are new in the store; Windows installs it at the first boot",
        "signed by",
    ]);
}

#[test]
fn a_servicing_stack_goes_before_what_waits_already() {
    let top = bench(|root| ten(root, State::Sealed));
    let parent = [10, 0, 19041, 1];
    package(&top.path().join("a.cab"), "KB1", &parent);
    package(&top.path().join("b.cab"), "KB2", &parent);
    let stack = top.path().join("stack.cab");
    package_called(&stack, "Package_for_ServicingStack_1", &parent);
    for image in ["image", "image.wim"] {
        for words in ["@a.cab @b.cab", "@stack.cab"] {
            let words = format!("packages add @{image} {words} --force-unsigned");
            run_in(top.path(), &words).ends(ExitCode::Done);
        }
        let listed = run_in(top.path(), &format!("packages list @{image} --json"));
        let listed = listed.ends(ExitCode::Done).json();
        let waiting = listed["images"][0]["first_boot"].as_array().unwrap();
        let names: Vec<&str> = waiting
            .iter()
            .map(|one| one["name"].as_str().unwrap())
            .collect();
        assert_eq!(names, ["stack.cab", "a.cab", "b.cab"]);
        let script = run_in(
            top.path(),
            &format!("cat @{image} Windows/Setup/Scripts/wimwright/run.cmd"),
        );
        let places = ["03.cab", "01.cab", "02.cab"].map(|file| script.out.find(file).unwrap());
        assert!(places.is_sorted(), "{}", script.out);
        let all = "@a.cab @b.cab @stack.cab";
        run_in(
            top.path(),
            &format!("packages add @{image} {all} --force-unsigned"),
        )
        .ends(ExitCode::Done)
        .says(&["nothing to change"]);
    }
}

#[test]
fn a_link_to_a_package_is_that_package() {
    let top = bench(|root| ten(root, State::Sealed));
    fs::create_dir(top.path().join("store")).unwrap();
    package(&top.path().join("store/0f3a"), "KB1", &[10, 0, 19041, 1]);
    std::os::unix::fs::symlink("store/0f3a", top.path().join("kb1.cab")).unwrap();
    let add = "packages add @image @kb1.cab --force-unsigned";
    for outcome in ["first-boot  1  kb1.cab", "unchanged   1  kb1.cab"] {
        run_in(top.path(), add)
            .ends(ExitCode::Done)
            .says(&[outcome]);
    }
}

#[test]
fn an_answer_file_in_no_folder_is_an_error_that_names_it() {
    let top = bench(|root| ten(root, State::Sealed));
    package(&top.path().join("a.cab"), "KB1", &[10, 0, 19041, 1]);
    let add = "packages add @image @a.cab --force-unsigned --answer-file @none/unattend.xml";
    run_in(top.path(), add)
        .ends(ExitCode::Damaged)
        .complains(&["no file can be made in `", "none`"]);
}

#[test]
fn files_that_windows_could_not_install_from_are_refused() {
    let top = bench(|root| ten(root, State::Sealed));
    let path = |name: &str| top.path().join(name);
    fs::create_dir(path("folder")).unwrap();
    fs::write(path("program.exe"), program_of(X86)).unwrap();
    let mut other = program_of(X86);
    other.extend(Cabinet::of(Method::Mszip, &[("setup.inf", b"x")]).build());
    fs::write(path("other.exe"), other).unwrap();
    let parts = Cabinet::of(Method::Stored, &[("update.mum", &[b'x'; 100])]);
    for (name, bytes) in ["1.cab", "2.cab"]
        .into_iter()
        .zip(parts.build_set(&["1.cab", "2.cab"]))
    {
        fs::write(path(name), bytes).unwrap();
    }
    for (file, reason) in [
        ("folder", "it is a folder"),
        ("program.exe", "no cabinet"),
        ("other.exe", "no hotfix"),
        ("1.cab", "in several files (1.cab, 2.cab)"),
    ] {
        run_in(
            top.path(),
            &format!("packages add @image @{file} --force-unsigned"),
        )
        .ends(ExitCode::Refused)
        .says(&["refused", reason]);
    }
}
