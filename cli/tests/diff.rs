//! `diff`: how two images, or two directories, differ.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on ends"
)]

mod support;

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use support::{run_in, sample, snapshot};
use tempfile::TempDir;
use wimwright::{ExitCode, sample as parts};

/// The sample twice: `before` and `image`.
fn twins() -> TempDir {
    let top = sample();
    parts::write_image(&top.path().join("before")).unwrap();
    top
}

/// The twins with two files more, which can be changed.
fn twins_with_files() -> TempDir {
    let top = twins();
    for twin in ["before", "image"] {
        let windows = top.path().join(twin).join("Windows");
        fs::create_dir_all(windows.join("INF")).unwrap();
        fs::create_dir_all(windows.join("System32/drivers")).unwrap();
        fs::write(windows.join("INF/usb.inf"), "usb").unwrap();
        fs::write(windows.join("System32/drivers/gm.dls"), "sounds").unwrap();
    }
    top
}

fn names(list: &Value) -> Vec<&str> {
    let list = list.as_array().unwrap().iter();
    list.map(|entry| entry["name"].as_str().unwrap()).collect()
}

#[test]
fn an_image_does_not_differ_from_itself_or_its_twin() {
    let top = twins();
    let before = snapshot(top.path());
    for words in [
        "diff @image @image --security --metadata",
        "diff @before @image --security",
        "diff @before @image --only files",
        "diff @before @image --only registry,drivers",
        "diff @viostor @viostor",
    ] {
        let found = run_in(top.path(), words).ends(ExitCode::Done);
        assert_eq!(found.out, "no differences\n", "{words}");
    }
    let found = run_in(top.path(), "diff @before @image -q").ends(ExitCode::Done);
    assert_eq!((found.out.as_str(), found.err.as_str()), ("", ""));
    let found = run_in(top.path(), "diff @before @image --json").ends(ExitCode::Done);
    let found = found.json();
    assert_eq!(found["schema"], "wimwright/diff/1");
    assert_eq!(found["different"], false);
    let parts = ["files", "registry", "drivers", "packages", "features"];
    assert_eq!(found["compared"], json!(parts));
    for part in parts {
        assert_eq!(found[part], json!([]), "{part}");
    }
    assert_eq!(snapshot(top.path()), before, "looking changes nothing");
}

#[test]
fn adding_a_driver_is_told_part_by_part() {
    let top = twins();
    run_in(top.path(), "drivers add @image @viostor").ends(ExitCode::Done);
    let folder = "Windows\\System32\\DriverStore";
    let key = "SYSTEM\\DriverDatabase";
    let id = "viostor.inf_amd64_c96e9f758cc5aeac";
    run_in(top.path(), "diff @before @image")
        .ends(ExitCode::Findings)
        .says(&[
            "Files\n",
            "  + Windows\\INF\\oem0.inf  2931 bytes\n",
            "  + Windows\\System32\\drivers\\viostor.sys  76288 bytes\n",
            &format!("  + {folder}\\FileRepository\\{id}\\  3 files, 90311 bytes\n"),
            "\nRegistry\n",
            "  + SYSTEM\\ControlSet001\\Services\\viostor  with 2 keys, 8 values\n",
            &format!("  + {key} \"OemInfMap\": REG_BINARY 80\n"),
            "\nDrivers\n",
            "  + oem0.inf (viostor.inf)  Red Hat, Inc., 100.85.104.20800, 2021-08-30\n",
            "\ndifferent: ",
            " 1 driver (1 added)\n",
        ]);
    // Whole lists, when asked for; the other way round.
    let found = run_in(top.path(), "diff @image @before -v").ends(ExitCode::Findings);
    let found = found.says(&[
        &format!("  - {folder}\\FileRepository\\{id}\\viostor.sys  76288 bytes\n"),
        "  - SYSTEM\\ControlSet001\\Services\\viostor \"Start\": REG_DWORD 0 (0x0)\n",
        "  - oem0.inf (viostor.inf)",
    ]);
    assert!(!found.out.contains("  + "), "{}", found.out);

    let found = run_in(top.path(), "diff @before @image --json").ends(ExitCode::Findings);
    let found = found.json();
    assert_eq!(found["different"], true);
    let file = json!({
        "path": "Windows\\INF\\oem0.inf",
        "change": "added",
        "old": null,
        "new": {"kind": "file", "size": 2931},
    });
    assert!(found["files"].as_array().unwrap().contains(&file));
    let value = json!({
        "hive": "SYSTEM",
        "key": "ControlSet001\\Services\\viostor",
        "change": "value-added",
        "name": "Start",
        "old": null,
        "new": {"data": {"dword": 0}},
    });
    assert!(found["registry"].as_array().unwrap().contains(&value));
    assert_eq!(found["drivers"][0]["change"], "added");
    assert_eq!(found["drivers"][0]["new"]["published_name"], "oem0.inf");
    assert_eq!(
        names(&found["left_out"]),
        [
            "file-metadata",
            "hive-storage",
            "names-not-of-windows",
            "file-times",
            "key-security"
        ]
    );
}

#[test]
fn a_driver_that_stands_elsewhere_is_renumbered() {
    let top = twins();
    parts::write_package(&top.path().join("again")).unwrap();
    run_in(top.path(), "drivers add @before @viostor").ends(ExitCode::Done);
    // Another INF has the number when the package comes.
    fs::write(top.path().join("image/Windows/INF/oem0.inf"), "").unwrap();
    run_in(top.path(), "drivers add @image @viostor").ends(ExitCode::Done);
    let found = run_in(top.path(), "diff @before @image --only drivers").ends(ExitCode::Findings);
    assert_eq!(
        found.out,
        "Drivers\n  ~ oem1.inf (viostor.inf)  renumbered oem0.inf -> oem1.inf\n\n\
         different: 1 driver (1 changed)\n"
    );
    let found = run_in(top.path(), "diff @before @image --only drivers --json").json();
    assert_eq!(found["drivers"][0]["change"], "renumbered");
    assert_eq!(found["drivers"][0]["fields"], json!(["published_name"]));
    assert_eq!(found["files"], Value::Null);
    let left_out = names(&found["left_out"]);
    assert_eq!(left_out, ["files", "registry", "packages", "features"]);
}

#[test]
fn parts_and_paths_can_be_chosen() {
    let top = twins();
    let image = top.path().join("image");
    fs::write(image.join("Windows/INF/a.log"), "1").unwrap();
    fs::create_dir_all(image.join("Windows/Temp/deep")).unwrap();
    fs::write(image.join("Windows/Temp/deep/b"), "1").unwrap();
    run_in(
        top.path(),
        "diff @before @image --exclude *.LOG --exclude windows/temp",
    )
    .ends(ExitCode::Done);
    run_in(top.path(), "diff @before @image --exclude *.LOG")
        .ends(ExitCode::Findings)
        .says(&[
            "  + Windows\\Temp\\  1 file, 1 byte\n",
            "different: 3 paths (3 added)\n",
        ]);
    let found = run_in(top.path(), "diff @before @image --exclude *.LOG --json").json();
    let excluded = json!({"name": "excluded", "reason": "what fits `*.LOG`"});
    assert!(found["left_out"].as_array().unwrap().contains(&excluded));
    run_in(top.path(), "diff @before @image --only registry").ends(ExitCode::Done);
    for pattern in ["C:\\x", "..", ""] {
        let code = support::run(&[
            "diff",
            image.to_str().unwrap(),
            image.to_str().unwrap(),
            "--exclude",
            pattern,
        ])
        .complains(&["error: pattern `"])
        .code;
        assert_eq!(code, ExitCode::Usage, "{pattern}");
    }
}

/// Changes one byte of a hive's header: its last write was not finished.
fn make_dirty(hive: &Path) {
    let mut bytes = fs::read(hive).unwrap();
    bytes[4] = bytes[4].wrapping_add(1);
    fs::write(hive, bytes).unwrap();
}

#[test]
fn what_a_hive_does_not_say_is_told_of_its_file() {
    let top = twins();
    make_dirty(&top.path().join("image/Windows/System32/config/SOFTWARE"));
    let system = top.path().join("image/Windows/System32/config/SYSTEM");
    fs::copy(&system, system.with_file_name("SAM")).unwrap();
    let path = "Windows\\System32\\config";
    run_in(top.path(), "diff @before @image")
        .ends(ExitCode::Findings)
        .says(&[
            &format!("  + {path}\\SAM  "),
            &format!("  ~ {path}\\SOFTWARE  hive clean -> dirty, its last changes are lost\n"),
            &format!("  ~ {path}\\SOFTWARE  "),
            "different from byte 4 on\n",
            "  + SAM  with ",
        ])
        .complains(&["[dirty-hive]", "image`: hive SOFTWARE is dirty"]);
    // As files, hives are bytes.
    run_in(top.path(), "diff @before @image --only files,drivers")
        .ends(ExitCode::Findings)
        .says(&["different: 2 paths (1 added, 1 changed)\n"]);
}

#[test]
fn a_hive_that_cannot_be_read_is_a_file_or_an_error() {
    let top = twins();
    for image in ["before", "image"] {
        let sam = top.path().join(image).join("Windows/System32/config/SAM");
        let mut hive = fs::read(sam.with_file_name("SYSTEM")).unwrap();
        let root = hive.windows(2).position(|found| found == b"nk").unwrap();
        hive[root] = b'x';
        fs::write(sam, hive).unwrap();
    }
    run_in(top.path(), "diff @before @image")
        .ends(ExitCode::Done)
        .complains(&[
            "hive SAM of the first image cannot be read",
            "[hive-compared-as-file]",
        ]);
    run_in(top.path(), "diff @before @image --only registry")
        .ends(ExitCode::Damaged)
        .complains(&["before`: hive SAM"]);
    run_in(
        top.path(),
        "diff @before @image --only registry --exclude SAM",
    )
    .ends(ExitCode::Done);
}

#[test]
fn any_two_directories_can_be_compared_as_files() {
    let top = twins();
    fs::create_dir(top.path().join("other")).unwrap();
    fs::write(top.path().join("other/viostor.inf"), "short").unwrap();
    let found = run_in(top.path(), "diff @viostor @other").ends(ExitCode::Findings);
    assert_eq!(
        found.out,
        "Files\n  - viostor.cat  11092 bytes\n  ~ viostor.inf  2931 bytes -> 5 bytes\n  \
         - viostor.sys  76288 bytes\n\ndifferent: 3 paths (2 removed, 1 changed)\n"
    );
    found.complains(&[
        "note: registry, drivers, packages and features not compared: ",
        "not a Windows image",
    ]);
    let found = run_in(top.path(), "diff @image @viostor --json").ends(ExitCode::Findings);
    let found = found.json();
    assert_eq!(found["compared"], json!(["files"]));
    assert_eq!(found["registry"], Value::Null);
    assert_eq!(found["images"][0]["windows_directory"], Value::Null);
    assert_eq!(names(&found["left_out"])[..2], ["registry", "drivers"]);

    // Asked for by name, it is an error.
    run_in(top.path(), "diff @image @viostor --only registry")
        .ends(ExitCode::Refused)
        .complains(&["error: ", "viostor`: this is not a Windows image"]);
    run_in(top.path(), "diff @viostor @nowhere")
        .ends(ExitCode::Damaged)
        .complains(&["nowhere` does not exist"]);
}

#[cfg(unix)]
#[test]
fn names_that_windows_cannot_have_are_told() {
    let top = twins();
    fs::write(top.path().join("image/back\\slash"), "").unwrap();
    for words in ["diff @before @image", "diff @image @viostor"] {
        run_in(top.path(), words).complains(&["[name-not-of-windows]", "back\\\\slash"]);
    }
}

#[test]
fn what_differs_is_written_as_a_plan_and_applied() {
    let top = twins_with_files();
    let image = top.path().join("image/Windows");
    run_in(top.path(), "drivers add @image @viostor").ends(ExitCode::Done);
    fs::rename(image.join("INF/usb.inf"), image.join("INF/USB.INF")).unwrap();
    fs::remove_file(image.join("System32/drivers/gm.dls")).unwrap();
    run_in(top.path(), "capture @before @before.wim").ends(ExitCode::Done);
    run_in(top.path(), "capture @image @image.wim").ends(ExitCode::Done);
    for (old, new) in [("@before", "@image"), ("@before.wim:1", "@image.wim:1")] {
        let diff = format!("diff {old} {new} --security");
        run_in(top.path(), &format!("{diff} --as-plan @bundle"))
            .ends(ExitCode::Findings)
            .says(&[
                "\nplan: ",
                "of content, in `",
                "`plan apply` carries it out\n",
            ]);
        run_in(top.path(), "plan show @bundle")
            .ends(ExitCode::Done)
            .says(&[
                "diff --as-plan  [stated, diff]\n",
                "  - Windows\\System32\\drivers\\gm.dls",
                "  + Windows\\INF\\oem0.inf  2931 bytes",
                "SYSTEM\\ControlSet001\\Services\\viostor",
                "~ Windows\\INF\\usb.inf -> Windows\\INF\\USB.INF",
            ]);
        run_in(top.path(), &format!("plan apply {old} @bundle")).ends(ExitCode::Done);
        let found = run_in(top.path(), &diff);
        assert_eq!(found.code, ExitCode::Done, "{}", found.out);
        // Nothing is left: no bundle, and one that is there is not touched.
        run_in(top.path(), &format!("{diff} --as-plan @none"))
            .ends(ExitCode::Done)
            .complains(&["nothing differs that a plan is made of"]);
        assert!(!top.path().join("none").exists());
        run_in(top.path(), &format!("{diff} --as-plan @bundle"))
            .ends(ExitCode::Refused)
            .complains(&["there is something already", "hint: "]);
        fs::remove_dir_all(top.path().join("bundle")).unwrap();
    }
}

#[test]
fn what_no_plan_can_make_is_refused_by_name() {
    let top = twins();
    let image = top.path().join("image");
    #[cfg(unix)]
    std::os::unix::fs::symlink("Windows", image.join("link")).unwrap();
    run_in(top.path(), "diff @before @image --as-plan @bundle")
        .ends(ExitCode::Refused)
        .complains(&[
            "a difference cannot be planned: `link` is a link",
            "hint: ",
            "--exclude",
        ]);
    run_in(
        top.path(),
        "diff @before @image --as-plan @bundle --exclude link",
    )
    .ends(ExitCode::Done);
    run_in(
        top.path(),
        "diff @before @image --as-plan @bundle --only drivers",
    )
    .ends(ExitCode::Usage)
    .complains(&["neither is compared", "hint: "]);
    run_in(top.path(), "diff @viostor @image --as-plan @bundle")
        .ends(ExitCode::Refused)
        .complains(&["two images of Windows"]);
    assert!(!top.path().join("bundle").exists());
}

#[test]
fn a_page_says_what_the_text_says_and_loads_nothing() {
    let top = twins();
    run_in(top.path(), "drivers add @image @viostor").ends(ExitCode::Done);
    fs::write(top.path().join("image/<script>&.txt"), "x").unwrap();
    run_in(top.path(), "diff @before @image --html @page.html").ends(ExitCode::Findings);
    let page = fs::read_to_string(top.path().join("page.html")).unwrap();
    for part in [
        "<h2 id=\"Files\">Files</h2>",
        "<td class=\"good\">added</td><td><code>Windows\\INF\\oem0.inf</code></td>\
         <td>2931 bytes</td>",
        "<a href=\"#Drivers\">Drivers</a>: 1 driver (1 added)",
        "SYSTEM\\ControlSet001\\Services\\viostor",
        "&lt;script&gt;&amp;.txt",
        "<h2>Not compared</h2>",
    ] {
        assert!(page.contains(part), "no `{part}` in {page}");
    }
    for part in ["<script", "http:", "https:", "src="] {
        assert!(!page.contains(part), "{part}");
    }
    run_in(top.path(), "diff @before @image --html @page.html")
        .ends(ExitCode::Refused)
        .complains(&["hint: `--force` replaces it"]);
    run_in(top.path(), "diff @image @image --html @page.html --force").ends(ExitCode::Done);
    let page = fs::read_to_string(top.path().join("page.html")).unwrap();
    assert!(page.contains("<p>No differences.</p>"), "{page}");
}

#[test]
fn a_file_that_was_moved_is_one_line() {
    let top = twins_with_files();
    let image = top.path().join("image/Windows");
    fs::create_dir(image.join("Moved")).unwrap();
    fs::rename(image.join("INF/usb.inf"), image.join("Moved/usb2.inf")).unwrap();
    let found = run_in(top.path(), "diff @before @image").ends(ExitCode::Findings);
    assert_eq!(
        found.out,
        "Files\n  + Windows\\Moved\\\n  ~ Windows\\Moved\\usb2.inf  moved from \
         Windows\\INF\\usb.inf\n\ndifferent: 2 paths (1 added, 1 changed)\n"
    );
    let found = run_in(top.path(), "diff @before @image --json").json();
    assert_eq!(found["files"][1]["change"], "moved");
    assert_eq!(found["files"][1]["old"]["path"], "Windows\\INF\\usb.inf");
}

#[test]
fn images_in_wim_files_are_compared_with_all_that_windows_knows() {
    let top = twins_with_files();
    // Files that were made one right after the other may have one time.
    let inf = top.path().join("image/Windows/INF/usb.inf");
    let file = fs::File::options().write(true).open(inf).unwrap();
    let past = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_500_000_000);
    file.set_modified(past).unwrap();
    drop(file);
    run_in(top.path(), "capture @before @a.wim").ends(ExitCode::Done);
    run_in(top.path(), "capture @image @b.wim").ends(ExitCode::Done);
    // Times of capture are those of the files.
    let found = run_in(top.path(), "diff @a.wim @b.wim --metadata --json").json();
    let changes = found["files"].as_array().unwrap().iter();
    for change in changes.map(|entry| entry["change"].as_str().unwrap()) {
        assert!(["modified", "created"].contains(&change), "{change}");
    }
    run_in(
        top.path(),
        "diff @a.wim @b.wim --metadata --security --as-plan @bundle",
    )
    .ends(ExitCode::Findings);
    run_in(top.path(), "plan apply @a.wim @bundle").ends(ExitCode::Done);
    run_in(top.path(), "diff @a.wim @b.wim --metadata --security").ends(ExitCode::Done);
}
