//! `undo`, `--undo-out`, `plan diff`: what a command did is taken back.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on ends"
)]

mod support;

use std::fs;
use std::path::Path;

use support::{run_in, sample, snapshot};
use wimwright::ExitCode;

/// Commands that add, replace, delete, rename and set, each with the bundle
/// that takes it back.
const COMMANDS: [&str; 5] = [
    "drivers add TARGET @viostor --undo-out @undo-0",
    "registry delete TARGET HKLM\\SYSTEM\\ControlSet001\\Control -r --undo-out @undo-1",
    "files delete TARGET Windows\\INF --recurse --undo-out @undo-2",
    "files put TARGET @new Windows\\System32 --undo-out @undo-3",
    "registry set TARGET HKLM\\SOFTWARE\\A\\B\\C x 1 --undo-out @undo-4",
];

/// The sample image; and what replaces files of it.
fn top() -> tempfile::TempDir {
    let top = sample();
    let image = top.path().join("image/Windows");
    fs::write(image.join("System32/ntoskrnl.exe"), b"the kernel").unwrap();
    fs::create_dir_all(image.join("INF/Below")).unwrap();
    fs::write(image.join("INF/usb.inf"), b"usb").unwrap();
    fs::write(image.join("INF/Below/x.pnf"), b"").unwrap();
    let new = top.path().join("new");
    fs::create_dir_all(new.join("drivers")).unwrap();
    fs::write(new.join("ntoskrnl.exe"), b"replaced").unwrap();
    fs::write(new.join("drivers/more.sys"), b"added").unwrap();
    top
}

fn undone(image: &str, before: &str) {
    let top = top();
    run_in(top.path(), "capture @image @image.wim").ends(ExitCode::Done);
    run_in(top.path(), "capture @image @before.wim").ends(ExitCode::Done);
    fs::create_dir(top.path().join("before")).unwrap();
    run_in(top.path(), "apply @before.wim @before").ends(ExitCode::Done);
    let same = format!("diff {image} {before} --security");
    run_in(top.path(), &same).ends(ExitCode::Done);
    for command in COMMANDS {
        run_in(top.path(), &command.replace("TARGET", image)).ends(ExitCode::Done);
        run_in(top.path(), &same).ends(ExitCode::Findings);
    }

    // Not in any order: the oldest is not to be undone before what came on it.
    let state = snapshot(&top.path().join("image"));
    run_in(top.path(), &format!("undo {image} @undo-3 --dry-run"))
        .ends(ExitCode::Done)
        .says(&[
            "~ Windows\\System32\\ntoskrnl.exe",
            "- Windows\\System32\\drivers\\more.sys",
            "dry run",
        ]);
    run_in(
        top.path(),
        &format!("registry set {image} HKLM\\SOFTWARE\\A\\B y 1 --undo-out @later"),
    )
    .ends(ExitCode::Done);
    run_in(top.path(), &format!("undo {image} @undo-4"))
        .ends(ExitCode::Refused)
        .complains(&[
            "not as the command left it",
            "A\\B",
            "nothing in it",
            "hint: undo what was done to it later first",
        ]);
    run_in(top.path(), &format!("undo {image} @later")).ends(ExitCode::Done);
    assert_eq!(state.len(), snapshot(&top.path().join("image")).len());

    for number in (0..COMMANDS.len()).rev() {
        let undo = format!("undo {image} @undo-{number}");
        run_in(top.path(), &undo)
            .ends(ExitCode::Done)
            .says(&["basis: "]);
        run_in(top.path(), &undo)
            .ends(ExitCode::Done)
            .says(&["nothing to change"]);
    }
    let found = run_in(top.path(), &same);
    assert_eq!(found.code, ExitCode::Done, "{}", found.out);
}

#[test]
fn commands_are_undone_in_a_directory() {
    undone("@image", "@before");
}

#[test]
fn commands_are_undone_in_a_wim_file() {
    undone("@image.wim:1", "@before.wim:1");
}

#[test]
fn metadata_of_removed_files_comes_back_in_a_wim_file() {
    let top = top();
    run_in(top.path(), "capture @image @image.wim").ends(ExitCode::Done);
    run_in(top.path(), "capture @image @before.wim").ends(ExitCode::Done);
    let delete = "files delete @image.wim:1 Windows\\INF --recurse --undo-out @undo";
    run_in(top.path(), delete).ends(ExitCode::Done);
    run_in(top.path(), "undo @image.wim:1 @undo").ends(ExitCode::Done);
    let found = run_in(
        top.path(),
        "diff @image.wim:1 @before.wim:1 --metadata --json",
    )
    .json();
    let changed = found["files"].as_array().unwrap();
    let inside = changed.iter().filter(|file| {
        let path = file["path"].as_str().unwrap_or_default();
        path.starts_with("Windows\\INF")
    });
    assert_eq!(inside.count(), 0, "{changed:?}");
}

#[test]
fn several_images_are_undone_together() {
    let top = top();
    run_in(top.path(), "capture @image @two.wim --name one").ends(ExitCode::Done);
    run_in(top.path(), "append @image @two.wim --name two").ends(ExitCode::Done);
    run_in(
        top.path(),
        "drivers add @two.wim:all @viostor --undo-out @undo",
    )
    .ends(ExitCode::Done);
    let names = files(&top.path().join("undo"));
    assert!(names.contains(&"plan-1.json".to_owned()), "{names:?}");
    assert!(names.contains(&"plan-2.json".to_owned()), "{names:?}");
    run_in(top.path(), "undo @two.wim:1 @undo")
        .ends(ExitCode::Refused)
        .complains(&["holds 2 plans", "names 1 images", "hint: "]);
    run_in(top.path(), "plan show @undo")
        .ends(ExitCode::Done)
        .says(&["image 1 of 2", "image 2 of 2"]);
    run_in(top.path(), "undo @two.wim:all @undo").ends(ExitCode::Done);
    for number in 1..=2 {
        let same = format!("diff @image @two.wim:{number}");
        run_in(top.path(), &same).ends(ExitCode::Done);
    }
}

fn files(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.collect()
}

#[test]
fn a_bundle_is_written_whole_or_not_at_all() {
    let top = top();
    fs::create_dir(top.path().join("used")).unwrap();
    fs::write(top.path().join("used/file"), b"x").unwrap();
    let before = snapshot(top.path());
    run_in(
        top.path(),
        "files put @image @new Windows\\System32 --undo-out @used",
    )
    .ends(ExitCode::Refused)
    .complains(&["there is something already", "hint: "]);
    run_in(
        top.path(),
        "files put @image @new Windows\\System32 --undo-out @no/such/folder",
    )
    .ends(ExitCode::Damaged)
    .complains(&["no/such/folder"]);
    assert_eq!(snapshot(top.path()), before);
    // Where nothing changes nothing is kept.
    run_in(top.path(), "drivers add @image @viostor").ends(ExitCode::Done);
    run_in(top.path(), "drivers add @image @viostor --undo-out @none").ends(ExitCode::Done);
    assert!(!top.path().join("none").exists());
    // What a bundle holds is what is undone.
    run_in(
        top.path(),
        "files put @image @new Windows\\System32 --undo-out @kept",
    )
    .ends(ExitCode::Done);
    let content = top.path().join("kept/content");
    let [name] = files(&content).try_into().unwrap();
    fs::write(content.join(name), b"forged").unwrap();
    let before = snapshot(top.path());
    run_in(top.path(), "undo @image @kept")
        .ends(ExitCode::Refused)
        .complains(&["now it is 6 bytes"]);
    run_in(top.path(), "undo @image @viostor")
        .ends(ExitCode::Refused)
        .complains(&["holds no plan", "hint: "]);
    run_in(top.path(), "undo @image @kept/plan.json")
        .ends(ExitCode::Refused)
        .complains(&["holds no plan"]);
    assert_eq!(snapshot(top.path()), before);
}

#[test]
fn plans_are_compared() {
    let top = top();
    let set = "registry set @image HKLM\\SOFTWARE\\A";
    for (words, file) in [("x 1", "a"), ("x 2", "b"), ("y 1", "c")] {
        let plan = format!("{set} {words} --dry-run --plan-out @{file}.json");
        run_in(top.path(), &plan).ends(ExitCode::Done);
    }
    run_in(top.path(), "plan diff @a.json @a.json")
        .ends(ExitCode::Done)
        .says(&["the plans do the same"]);
    run_in(top.path(), "plan diff @a.json @b.json")
        .ends(ExitCode::Findings)
        .says(&[
            "otherwise in",
            "\"x\" = REG_SZ \"1\"",
            "\"x\" = REG_SZ \"2\"",
        ]);
    let found = run_in(top.path(), "plan diff @a.json @c.json --json").ends(ExitCode::Findings);
    let found = found.json();
    let images = &found["images"][0];
    assert_eq!(images["only_a"][0]["name"], "x");
    assert_eq!(images["only_b"][0]["name"], "y");
}
