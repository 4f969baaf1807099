//! What the commands for WIM files refuse: nothing is written then, and nothing
//! lies about.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on ends"
)]

mod support;

use std::fs::{self, File};

use support::wims::Bench;
use wimwright::ExitCode;

/// Commands that change `a.wim`, or would replace it.
const CHANGES: [&str; 5] = [
    "delete @a.wim:1",
    "set @a.wim:1 --name x",
    "set @a.wim:1 --no-boot",
    "optimize @a.wim --compress xpress",
    "export @b.wim @a.wim --name y",
];

fn bench(test: &str) -> Option<Bench> {
    let bench = Bench::new(test)?;
    bench.two_images("a.wim", &["--compress=lzx", "--check"]);
    // Of which hardly anything is in the other.
    bench.wimlib(&["capture", "@source/Ünïcode", "@b.wim", "b"]);
    Some(bench)
}

/// Flags of the header.
const FLAGS: usize = 0x10;

#[test]
fn marked_files_and_locked_ones_are_not_changed() {
    let Some(bench) = bench("marked_files_and_locked_ones_are_not_changed") else {
        return;
    };
    let sound = bench.read("a.wim");
    for (flag, complaint, hint) in [
        (4, "marked read-only", "hint: `export FILE:all NEW.wim`"),
        (0x40, "a write is in progress", "hint: if no other program"),
    ] {
        bench.patch("a.wim", FLAGS, |byte| byte | flag);
        let before = bench.read("a.wim");
        for words in CHANGES {
            bench
                .run(words)
                .ends(ExitCode::Refused)
                .complains(&[complaint, hint]);
        }
        assert!(bench.read("a.wim") == before, "{complaint}");
        assert_eq!(bench.names(), ["a.wim", "b.wim"]);
        // A copy can be changed.
        let said = bench.run("export @a.wim:all @c.wim").ends(ExitCode::Done);
        assert_eq!(said.err.contains("[write-in-progress]"), flag == 0x40);
        bench.assert_sound("c.wim");
        bench.run("set @c.wim:1 --name x").ends(ExitCode::Done);
        bench.remove(&["c.wim"]);
        fs::write(bench.path("a.wim"), &sound).unwrap();
    }

    let other = File::options()
        .read(true)
        .write(true)
        .open(bench.path("a.wim"))
        .unwrap();
    other.try_lock().unwrap();
    for words in CHANGES {
        bench
            .run(words)
            .ends(ExitCode::Refused)
            .complains(&["is being written to by another program"]);
    }
    bench.run("verify @a.wim").ends(ExitCode::Done);
    other.unlock().unwrap();
    assert!(bench.read("a.wim") == sound);
    assert_eq!(bench.names(), ["a.wim", "b.wim"]);
}

#[test]
fn parts_of_a_set_are_named_when_they_are_missing() {
    let Some(bench) = bench("parts_of_a_set_are_named_when_they_are_missing") else {
        return;
    };
    bench
        .run("split @a.wim @s.swm --size 100K")
        .ends(ExitCode::Done);
    bench
        .run("split @a.wim @t.swm --size 90K")
        .ends(ExitCode::Done);
    let names = bench.names();
    let count = names.iter().filter(|name| name.starts_with('s')).count();
    assert!(count > 3, "{names:?}");
    let missing = format!("of {count} of the set of `");
    for words in [
        "join @s.swm @s3.swm @x.wim",
        "verify @s.swm",
        "export @s.swm:2 @x.wim --ref @s4.swm",
    ] {
        bench
            .run(words)
            .ends(ExitCode::Refused)
            .complains(&["part", "2", &missing, "--ref '", "s*.swm'"]);
    }
    for (words, code, complaint) in [
        (
            "join @s2.swm @s3.swm @x.wim",
            ExitCode::Refused,
            "part 1 of the set of `",
        ),
        (
            "join @a.wim @x.wim",
            ExitCode::Refused,
            "is a whole file, not a part",
        ),
        (
            "join @s.swm @s.swm @x.wim",
            ExitCode::Refused,
            "are not here",
        ),
        (
            "verify @s2.swm",
            ExitCode::Refused,
            "the images are in part 1",
        ),
        (
            "delete @s.swm:1",
            ExitCode::Refused,
            "cannot be changed (hint: join the set",
        ),
        (
            "set @s.swm:1 --name x",
            ExitCode::Refused,
            "cannot be changed",
        ),
        ("optimize @s.swm", ExitCode::Refused, "cannot be changed"),
        (
            "export @b.wim @s.swm",
            ExitCode::Refused,
            "cannot be changed",
        ),
        (
            "split @s.swm @x.swm --size 1M",
            ExitCode::Refused,
            "only a single file can be split",
        ),
    ] {
        bench.run(words).ends(code).complains(&[complaint]);
    }
    let mut join = vec!["join".to_owned()];
    join.extend(
        names
            .iter()
            .filter(|name| name.starts_with('s'))
            .map(|name| format!("@{name}")),
    );
    join.extend(["@t2.swm".to_owned(), "@x.wim".to_owned()]);
    let join: Vec<&str> = join.iter().map(String::as_str).collect();
    bench
        .run_words(&join)
        .ends(ExitCode::Refused)
        .complains(&["t2.swm` is not of the same split set as `"]);
    assert_eq!(bench.names(), names);
}

#[test]
fn outputs_that_exist_stay() {
    let Some(bench) = bench("outputs_that_exist_stay") else {
        return;
    };
    bench
        .run("split @a.wim @s.swm --size 100K")
        .ends(ExitCode::Done);
    fs::write(bench.path("note"), "a note").unwrap();
    fs::create_dir(bench.path("folder")).unwrap();
    let names = bench.names();
    let before: Vec<_> = names
        .iter()
        .filter(|name| *name != "folder")
        .map(|name| bench.read(name))
        .collect();
    for (words, complaint) in [
        ("export @a.wim:1 @note", "exists and is no WIM file"),
        ("export @a.wim:1 @folder --force", "is no ordinary file"),
        ("split @a.wim @s.swm --size 1M", "s.swm` exists"),
        ("split @a.wim @note --size 1M", "note` exists"),
        // A part that is not the first.
        ("split @a.wim @n.swm --size 100K", "n2.swm` exists"),
        ("join @s.swm @s2.swm @s3.swm @s4.swm @note", "exists"),
    ] {
        if words.contains("@n.swm") {
            fs::write(bench.path("n2.swm"), "").unwrap();
        }
        let words = match words.starts_with("join") {
            false => words.to_owned(),
            true => {
                let parts = names.iter().filter(|name| name.starts_with("s"));
                let parts: Vec<_> = parts.map(|name| format!("@{name}")).collect();
                format!("join {} @note", parts.join(" "))
            }
        };
        bench
            .run(&words)
            .ends(ExitCode::Refused)
            .complains(&[complaint]);
        bench.remove(&["n2.swm"]);
    }
    let after: Vec<_> = names
        .iter()
        .filter(|name| *name != "folder")
        .map(|name| bench.read(name))
        .collect();
    assert!(before == after);
    assert_eq!(bench.names(), names);
    // With --force they are replaced.
    bench
        .run("export @a.wim:1 @note --force")
        .ends(ExitCode::Done);
    bench.assert_sound("note");
    bench
        .run("split @a.wim @s.swm --size 100K --force")
        .ends(ExitCode::Done);
}

#[test]
fn absurd_words_are_refused_with_what_there_is() {
    let Some(bench) = bench("absurd_words_are_refused_with_what_there_is") else {
        return;
    };
    fs::write(bench.path("text"), "no image at all").unwrap();
    let names = bench.names();
    let all = "it has 1 `first`, 2 `second`";
    for (words, code, complaint) in [
        ("export @a.wim:3 @x.wim", ExitCode::Refused, all),
        ("export @a.wim:third @x.wim", ExitCode::Refused, all),
        ("export @a.wim:4294967296 @x.wim", ExitCode::Refused, all),
        ("export @a.wim @x.wim", ExitCode::Refused, all),
        ("delete @a.wim:#9", ExitCode::Refused, all),
        ("set @a.wim:name=1 --boot", ExitCode::Refused, all),
        ("delete @a.wim:0", ExitCode::Usage, "selects no image"),
        ("delete @a.wim:", ExitCode::Usage, "selects no image"),
        ("delete @none.wim:1", ExitCode::Damaged, "does not exist"),
        ("delete @text:1", ExitCode::Damaged, "does not exist"),
        (
            "verify @text",
            ExitCode::Refused,
            "neither a directory nor a WIM",
        ),
        ("verify @source", ExitCode::Refused, "is a directory"),
        (
            "verify @a.wim:1",
            ExitCode::Usage,
            "this is about whole files",
        ),
        (
            "optimize @a.wim:all",
            ExitCode::Usage,
            "this is about whole files",
        ),
        (
            "split @a.wim:1 @x.swm --size 1M",
            ExitCode::Usage,
            "whole files",
        ),
        ("split @a.wim @x.swm --size 0", ExitCode::Usage, "too small"),
        ("split @a.wim @x.swm --size 1", ExitCode::Done, ""),
        ("split @a.wim @x.swm --size 10X", ExitCode::Usage, "no unit"),
        ("split @a.wim @x.swm", ExitCode::Usage, "--size"),
        ("join @x.wim", ExitCode::Usage, "required"),
        (
            "export @a.wim:1 @x.wim --compress lzms",
            ExitCode::Refused,
            "LZMS cannot be written",
        ),
        (
            "export @a.wim:1 @x.wim --compress zip",
            ExitCode::Usage,
            "is no compression",
        ),
        (
            "export @a.wim:1 @x.wim --chunk-size 12K",
            ExitCode::Usage,
            "powers of two from 32768 to 2097152",
        ),
        (
            "export @a.wim:1 @x.wim --compress none --chunk-size 32K",
            ExitCode::Usage,
            "has no chunks",
        ),
        (
            "export @a.wim:all @x.wim --name x",
            ExitCode::Usage,
            "cannot all be named",
        ),
        ("export @a.wim:1 @x/y.wim", ExitCode::Damaged, "x"),
        (
            "optimize @a.wim --check --no-check",
            ExitCode::Usage,
            "cannot be used with",
        ),
    ] {
        bench.run(words).ends(code).complains(&[complaint]);
        bench.remove(&["x.swm"]);
        assert_eq!(bench.names(), names, "{words}");
    }
    // Several images of which none is the bootable one.
    bench.run("set @a.wim:1 --no-boot").ends(ExitCode::Done);
    bench
        .run("export @a.wim:all @x.wim --boot")
        .ends(ExitCode::Refused)
        .complains(&["none of the images is the bootable one"]);
    assert_eq!(bench.names(), names);
}

#[test]
fn damaged_files_are_not_replaced_by_half_ones() {
    let Some(bench) = bench("damaged_files_are_not_replaced_by_half_ones") else {
        return;
    };
    bench.patch("a.wim", 100_000, |byte| byte ^ 0x55);
    let before = bench.read("a.wim");
    let names = bench.names();
    for words in [
        "export @a.wim:1 @x.wim --recompress",
        "export @a.wim:1 @x.wim --compress xpress",
        "export @a.wim:1 @b.wim",
        "optimize @a.wim --compress xpress",
        "optimize @a.wim --recompress",
    ] {
        let other = bench.read("b.wim");
        bench.run(words).ends(ExitCode::Damaged);
        assert!(bench.read("a.wim") == before, "{words}");
        assert_eq!(bench.names(), names, "{words}");
        bench.assert_sound("b.wim");
        assert!(
            bench.read("b.wim") == other || words.contains("@b.wim"),
            "{words}"
        );
    }
    // Cut off: nothing can be opened.
    fs::write(bench.path("a.wim"), &before[..before.len() - 1000]).unwrap();
    for words in CHANGES {
        bench.run(words).ends(ExitCode::Damaged);
    }
    assert_eq!(bench.names(), names);
}
