//! `info`, `verify`, `export`, `delete`, `set`, `split`, `join`, `optimize`:
//! on wimlib's files of every compression, and wimlib on ours.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on ends"
)]

mod support;

use std::fs;

use serde_json::json;
use support::wims::{Bench, CODECS};
use wimwright::ExitCode;

#[test]
fn info_lists_what_a_file_holds() {
    let Some(bench) = Bench::new("info_lists_what_a_file_holds") else {
        return;
    };
    for (options, compression, chunk_size, solid) in [
        (&["--compress=none"][..], "none", 0, false),
        (
            &["--compress=xpress", "--chunk-size=8192"],
            "xpress",
            8192,
            false,
        ),
        (&["--compress=lzx", "--check"], "lzx", 32_768, false),
        (&["--solid"], "lzms", 131_072, true),
    ] {
        bench.two_images("a.wim", options);
        let info = bench.info("a.wim");
        assert_eq!(info["schema"], "wimwright/wim-info/1");
        assert_eq!(info["compression"], compression);
        assert_eq!(info["chunk_size"], chunk_size);
        assert_eq!(info["solid"], solid);
        assert_eq!(info["boot_index"], 2);
        assert_eq!(info["integrity_table"], options.contains(&"--check"));
        assert_eq!(info["size"], bench.read("a.wim").len());
        let said = bench.wimlib(&["info", "@a.wim"]);
        let guid = said.lines().find_map(|line| line.strip_prefix("GUID:"));
        // wimlib shows the bytes in their order.
        let digits: String = guid.unwrap().trim().trim_start_matches("0x").to_owned();
        assert_eq!(guid_bytes(info["guid"].as_str().unwrap()), digits);
        let image = &info["images"][0];
        assert_eq!(image["image_name"], "first");
        assert_eq!(image["image_description"], "its description");
        assert_eq!(
            (&image["bootable"], &image["image_index"]),
            (&json!(false), &json!(1))
        );
        let number = |name: &str| {
            let mut lines = said.lines().filter_map(|line| line.strip_prefix(name));
            lines.next().unwrap().trim().parse::<u64>().unwrap()
        };
        assert_eq!(image["directory_count"], number("Directory Count:"));
        assert_eq!(image["file_count"], number("File Count:"));
        assert_eq!(image["image_size"], number("Total Bytes:"));
        assert_eq!(image["hard_link_bytes"], number("Hard Link Bytes:"));
    }
    bench.run("info @a.wim").ends(ExitCode::Done).says(&[
        "Compression        lzms, chunks of 128 KiB, solid\n",
        "Bootable image     2\n",
        "\nImage 1            first\n  Description      its description\n",
        "\nImage 2            second  (bootable)\n",
    ]);
    // wimlib's is UTF-16 with a mark.
    let theirs = std::process::Command::new("wimlib-imagex")
        .args(["info", &bench.text("a.wim"), "--xml"])
        .output()
        .unwrap();
    let units = theirs.stdout.chunks_exact(2);
    let units: Vec<u16> = units
        .map(|unit| u16::from_le_bytes([unit[0], unit[1]]))
        .collect();
    let theirs = String::from_utf16(&units).unwrap();
    let ours = bench.run("info @a.wim --xml").ends(ExitCode::Done).out;
    assert_eq!(
        ours.trim_end(),
        theirs.trim_start_matches('\u{FEFF}').trim_end()
    );
    bench
        .run("info @source --xml")
        .ends(ExitCode::Usage)
        .complains(&["about a whole WIM file"]);
}

/// The hexadecimal digits of a GUID in the order of its bytes.
fn guid_bytes(guid: &str) -> String {
    let parts: Vec<&str> = guid.trim_matches(['{', '}']).split('-').collect();
    let turned = |part: &str| {
        let pairs: Vec<_> = (0..part.len())
            .step_by(2)
            .map(|at| &part[at..at + 2])
            .collect();
        pairs.into_iter().rev().collect::<String>()
    };
    let front: String = parts[..3].iter().map(|part| turned(part)).collect();
    front + parts[3] + parts[4]
}

#[test]
fn windows_facts_of_the_xml_data_are_shown() {
    let Some(bench) = Bench::new("windows_facts_of_the_xml_data_are_shown") else {
        return;
    };
    bench.wimlib(&[
        "capture",
        "@source",
        "@a.wim",
        "Windows",
        "--image-property=WINDOWS/ARCH=12",
        "--image-property=WINDOWS/EDITIONID=Professional",
        "--image-property=WINDOWS/VERSION/MAJOR=10",
        "--image-property=WINDOWS/VERSION/MINOR=0",
        "--image-property=WINDOWS/VERSION/BUILD=26100",
        "--image-property=WINDOWS/VERSION/SPBUILD=1",
        "--image-property=WINDOWS/LANGUAGES/LANGUAGE=de-DE",
        "--image-property=WINDOWS/LANGUAGES/LANGUAGE[2]=en-US",
        "--image-property=WINDOWS/LANGUAGES/DEFAULT=de-DE",
    ]);
    bench.run("info @a.wim").ends(ExitCode::Done).says(&[
        "  Windows version  10.0.26100.1\n",
        "  Architecture     arm64\n",
        "  Edition          Professional\n",
        "  Languages        de-DE, en-US (default de-DE)\n",
    ]);
    let windows = &bench.info("a.wim")["images"][0]["windows"];
    assert_eq!(windows["version"], "10.0.26100");
    assert_eq!(windows["sp_build"], 1);
    assert_eq!(windows["languages"], json!(["de-DE", "en-US"]));
}

#[test]
fn verify_tells_sound_files_from_damaged_ones() {
    let Some(bench) = Bench::new("verify_tells_sound_files_from_damaged_ones") else {
        return;
    };
    for options in CODECS {
        bench.two_images("a.wim", options);
        bench
            .run("verify @a.wim")
            .ends(ExitCode::Done)
            .says(&["a.wim: sound\nchecked: 2 images, "]);
        let whole = bench.read("a.wim");
        // In the middle of the contents.
        bench.patch("a.wim", 100_000, |byte| byte ^ 0x55);
        let found = bench
            .run("verify @a.wim --json")
            .ends(ExitCode::Findings)
            .json();
        assert_eq!(found["sound"], false, "{options:?}");
        let names: Vec<_> = found["findings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|finding| (finding["name"].clone(), finding["severity"].clone()))
            .collect();
        assert!(
            names.contains(&("content".into(), "damage".into())),
            "{names:?}"
        );
        assert_eq!(
            names.contains(&("integrity".into(), "damage".into())),
            found["integrity_table"] == true,
        );
        bench.run("verify @a.wim").ends(ExitCode::Findings).says(&[
            "damage: ",
            " [content]\n",
            "a.wim: not sound\n",
        ]);
        // What cannot even be opened is no finding.
        fs::write(bench.path("a.wim"), &whole[..whole.len() / 2]).unwrap();
        bench.run("verify @a.wim").ends(ExitCode::Damaged);
    }
}

#[test]
fn every_compression_is_exported_to_every_other() {
    let Some(bench) = Bench::new("every_compression_is_exported_to_every_other") else {
        return;
    };
    for options in CODECS {
        bench.two_images("a.wim", options);
        let before = bench.read("a.wim");
        for how in [
            "",
            "--compress none",
            "--compress fast",
            "--compress lzx --chunk-size 64K --check",
            "--recompress --compress max",
        ] {
            bench.remove(&["b.wim"]);
            let said = bench
                .run(&format!("export @a.wim:all @b.wim --boot {how} --json"))
                .ends(ExitCode::Done)
                .json();
            assert_eq!(said["appended"], false);
            assert_eq!(said["images"][1]["image_name"], "second");
            let is_lzms = bench.info("a.wim")["compression"] == "lzms";
            assert_eq!(
                said["findings"].as_array().unwrap().len(),
                usize::from(is_lzms && how.is_empty()),
                "{options:?} {how}"
            );
            bench.assert_sound("b.wim");
            for image in [1, 2] {
                assert_eq!(
                    bench.tree("b.wim", image),
                    bench.tree("a.wim", image),
                    "{options:?} {how}"
                );
            }
            let info = bench.info("b.wim");
            assert_eq!(
                (&info["boot_index"], &info["unused_bytes"]),
                (&json!(2), &json!(0))
            );
            assert_eq!(info["integrity_table"], how.contains("--check"));
            assert_eq!(info["flags"], json!(["rp-fix"]));
            let times = |wim: &serde_json::Value| wim["images"][0]["created_time"].clone();
            assert_eq!(times(&info), times(&bench.info("a.wim")));
        }
        assert!(bench.read("a.wim") == before, "the source is only read");
    }
    bench.assert_applies("b.wim", 1, &bench.path("source"));
}

#[test]
fn an_export_gives_the_same_bytes_every_time() {
    let Some(bench) = Bench::new("an_export_gives_the_same_bytes_every_time") else {
        return;
    };
    bench.two_images("a.wim", &["--compress=xpress"]);
    for how in ["", "--compress lzx"] {
        for name in ["b.wim", "c.wim"] {
            bench.remove(&[name]);
            bench
                .run(&format!("export @a.wim:all @{name} {how}"))
                .ends(ExitCode::Done);
        }
        assert!(bench.read("b.wim") == bench.read("c.wim"), "{how}");
        assert_ne!(bench.info("a.wim")["guid"], bench.info("b.wim")["guid"]);
    }
    // Content that is packed as it should be is copied as it lies.
    bench.run("export @a.wim:1 @d.wim").ends(ExitCode::Done);
    let stored = |name: &str| {
        let said = bench.wimlib(&["info", &format!("@{name}"), "--blobs"]);
        let lines = said
            .lines()
            .filter(|line| line.starts_with("Compressed size"));
        let mut sizes: Vec<_> = lines.map(str::to_owned).collect();
        sizes.sort();
        sizes
    };
    bench.wimlib(&["export", "@a.wim", "1", "@theirs.wim"]);
    let (ours, theirs) = (stored("d.wim"), stored("theirs.wim"));
    assert!(ours.len() > 20);
    assert_eq!(ours, theirs);
}

#[test]
fn images_are_added_to_a_file_that_exists() {
    let Some(bench) = Bench::new("images_are_added_to_a_file_that_exists") else {
        return;
    };
    for options in CODECS {
        bench.two_images("a.wim", &["--compress=lzx"]);
        bench.remove(&["b.wim"]);
        bench.wimlib(&[&["capture", "@source/many", "@b.wim", "before"], options].concat());
        let length = bench.read("b.wim").len();
        let said = bench.run("export @a.wim:1 @b.wim --name third --boot");
        let said = said
            .ends(ExitCode::Done)
            .says(&["as image 2  third\n", "images added"]);
        let is_lzms = bench.info("b.wim")["compression"] == "lzms";
        assert_eq!(
            said.err.contains("stored as it is"),
            is_lzms,
            "{}",
            said.err
        );
        bench
            .run("export @a.wim:second @b.wim")
            .ends(ExitCode::Done);
        bench.assert_sound("b.wim");
        assert_eq!(
            bench.tree("b.wim", 2),
            bench.tree("a.wim", 1),
            "{options:?}"
        );
        assert_eq!(bench.tree("b.wim", 3), bench.tree("a.wim", 2));
        let info = bench.info("b.wim");
        assert_eq!(info["boot_index"], 2);
        assert_eq!(info["integrity_table"], options.contains(&"--check"));
        // What is there is not stored again.
        let noise_and_text = 150_000 + 240_000 + 20_000;
        assert!(bench.read("b.wim").len() < length + noise_and_text);

        let before = bench.read("b.wim");
        bench
            .run("export @a.wim:second @b.wim")
            .ends(ExitCode::Refused)
            .complains(&[
                "image 3 of `",
                "is named `second` already",
                "hint: `--name`",
            ]);
        bench
            .run("export @a.wim:1 @b.wim --name x --compress xpress --chunk-size 16K")
            .ends(ExitCode::Refused)
            .complains(&[
                "b.wim` is packed as ",
                "not as xpress with chunks of 16384 bytes",
            ]);
        assert!(bench.read("b.wim") == before);
        // `--force` begins anew.
        bench
            .run("export @a.wim:2 @b.wim --force")
            .ends(ExitCode::Done);
        assert_eq!(bench.info("b.wim")["images"].as_array().unwrap().len(), 1);
    }
    // Into itself, under another name.
    bench
        .run("export @a.wim:2 @a.wim --name copy")
        .ends(ExitCode::Done);
    bench.assert_sound("a.wim");
    assert_eq!(bench.tree("a.wim", 3), bench.tree("a.wim", 2));
}

#[test]
fn content_of_other_files_is_found() {
    let Some(bench) = Bench::new("content_of_other_files_is_found") else {
        return;
    };
    bench.wimlib(&[
        "capture",
        "@source/many",
        "@base.wim",
        "base",
        "--compress=xpress",
    ]);
    let delta = [
        "capture",
        "@source",
        "@delta.wim",
        "delta",
        "--compress=xpress",
    ];
    bench.wimlib(&[&delta[..], &["--delta-from", &bench.text("base.wim")]].concat());
    bench
        .run("export @delta.wim @b.wim")
        .ends(ExitCode::Refused)
        .complains(&[
            "has content that is not here: ",
            "hint: ",
            "--ref OTHER.wim",
        ]);
    assert_eq!(bench.names(), ["base.wim", "delta.wim"]);
    bench
        .run("export @delta.wim @b.wim --ref @base.wim")
        .ends(ExitCode::Done);
    bench.assert_sound("b.wim");
    bench.assert_applies("b.wim", 1, &bench.path("source"));
    // A delta stays one.
    bench.run("optimize @delta.wim").ends(ExitCode::Done);
    bench
        .run("optimize @delta.wim --compress lzx")
        .ends(ExitCode::Done);
    bench
        .run("verify @delta.wim")
        .ends(ExitCode::Findings)
        .says(&["[content-missing]"]);
    bench
        .run("verify @delta.wim --ref @base.wim")
        .ends(ExitCode::Done);
    assert!(bench.read("delta.wim").len() < bench.read("b.wim").len());
}

#[test]
fn images_are_deleted_and_the_boot_index_follows() {
    let Some(bench) = Bench::new("images_are_deleted_and_the_boot_index_follows") else {
        return;
    };
    for options in CODECS {
        bench.two_images("a.wim", options);
        let second = bench.tree("a.wim", 2);
        let said = bench
            .run("delete @a.wim:first --json")
            .ends(ExitCode::Done)
            .json();
        assert_eq!(said["boot_index"], 1);
        assert_eq!(said["image_count"], 1);
        let info = bench.info("a.wim");
        assert_eq!(said["unused_bytes"], info["unused_bytes"], "{options:?}");
        assert_eq!(said["size"], info["size"]);
        assert_eq!(info["images"][0]["image_name"], "second");
        bench.assert_sound("a.wim");
        assert_eq!(bench.tree("a.wim", 1), second, "{options:?}");
        let before = bench.read("a.wim");
        for words in ["delete @a.wim", "delete @a.wim:all", "delete @a.wim:1"] {
            bench
                .run(words)
                .ends(ExitCode::Refused)
                .complains(&["would have no image left", "remove the file"]);
        }
        assert!(bench.read("a.wim") == before);
    }
    bench.two_images("a.wim", &[]);
    bench.run("delete @a.wim:2").ends(ExitCode::Done).says(&[
        "deleted  image 2  second\n",
        "no image is bootable any more",
    ]);
    assert_eq!(bench.info("a.wim")["boot_index"], json!(null));
    bench.assert_sound("a.wim");
}

#[test]
fn what_is_said_of_images_is_changed_in_place() {
    let Some(bench) = Bench::new("what_is_said_of_images_is_changed_in_place") else {
        return;
    };
    for options in CODECS {
        bench.two_images("a.wim", options);
        let trees = [1, 2].map(|image| bench.tree("a.wim", image));
        let words = [
            "set",
            "@a.wim:1",
            "--name",
            "Windows <11> & more",
            "--description",
            "",
            "--display-name",
            "Ünïcode",
            "--display-description",
            "shown",
            "--flags",
            "Professional",
            "--boot",
        ];
        bench
            .run_words(&words)
            .ends(ExitCode::Done)
            .says(&["changed  "]);
        let said = bench.wimlib(&["info", "@a.wim", "1"]);
        for line in [
            "Name:                   Windows <11> & more\n",
            "Display Name:           Ünïcode\n",
            "Display Description:    shown\n",
            "Flags:                  Professional\n",
        ] {
            assert!(said.contains(line), "no `{line}` in {said}");
        }
        assert!(!said.contains("its description"), "{said}");
        let info = bench.info("a.wim");
        assert_eq!(info["boot_index"], 1);
        assert_eq!(info["images"][1]["image_name"], "second");
        bench.assert_sound("a.wim");
        assert_eq!([1, 2].map(|image| bench.tree("a.wim", image)), trees);

        // Again, nothing is written.
        let before = bench.read("a.wim");
        bench
            .run_words(&words)
            .ends(ExitCode::Done)
            .says(&["unchanged  "]);
        let said = bench.run("set @a.wim:second --name second --json").json();
        assert_eq!(said["changed"], false);
        assert!(bench.read("a.wim") == before);

        bench
            .run("set @a.wim:2 --no-boot --check")
            .ends(ExitCode::Done);
        let info = bench.info("a.wim");
        assert_eq!(
            (&info["boot_index"], &info["integrity_table"]),
            (&json!(null), &json!(true))
        );
        bench.assert_sound("a.wim");
        bench
            .run("set @a.wim:all --no-check --flags X")
            .ends(ExitCode::Done);
        let info = bench.info("a.wim");
        assert_eq!(info["integrity_table"], false);
        assert_eq!(info["images"][0]["flags"], info["images"][1]["flags"]);
        bench.assert_sound("a.wim");
    }
    let before = bench.read("a.wim");
    for (words, code, complaint) in [
        (
            &["set", "@a.wim:1", "--name", "second"][..],
            ExitCode::Refused,
            "image 2 of `",
        ),
        (
            &["set", "@a.wim:all", "--name", "x"],
            ExitCode::Usage,
            "2 images cannot all be named `x`",
        ),
        (
            &["set", "@a.wim:all", "--boot"],
            ExitCode::Usage,
            "2 images cannot all be the bootable one",
        ),
        (
            &["set", "@a.wim:1", "--description", "a\u{1}b"],
            ExitCode::Usage,
            "which XML data cannot hold",
        ),
        (&["set", "@a.wim:1"], ExitCode::Usage, "nothing is said"),
    ] {
        bench.run_words(words).ends(code).complains(&[complaint]);
    }
    assert!(bench.read("a.wim") == before);
}

#[test]
fn what_wimlib_splits_is_joined_and_the_other_way_round() {
    let Some(bench) = Bench::new("what_wimlib_splits_is_joined_and_the_other_way_round") else {
        return;
    };
    for options in CODECS {
        bench.two_images("a.wim", options);
        let trees = [1, 2].map(|image| bench.tree("a.wim", image));
        let said = bench.run("split @a.wim @ours.swm --size 100K --json");
        let said = said.ends(ExitCode::Done).json();
        let parts: Vec<String> = said["parts"]
            .as_array()
            .unwrap()
            .iter()
            .map(|part| part["wim"].as_str().unwrap().to_owned())
            .collect();
        assert!(parts.len() > 1, "{options:?}");
        assert_eq!(parts[0], bench.text("ours.swm"));
        assert_eq!(parts[1], bench.text("ours2.swm"));
        let info = bench.info("ours.swm");
        assert_eq!(info["total_parts"], parts.len());
        assert_eq!(info["boot_index"], 2);
        let glob = bench.text("ours*.swm");
        bench
            .run(&format!("verify @ours.swm --ref {glob}"))
            .ends(ExitCode::Done);
        let mut join = vec!["join", "@theirs.wim"];
        join.extend(parts.iter().map(String::as_str));
        bench.wimlib(&join);
        bench.assert_sound("theirs.wim");
        assert_eq!([1, 2].map(|image| bench.tree("theirs.wim", image)), trees);

        // Ours joins them in any order.
        let mut join = vec!["join"];
        join.extend(parts.iter().rev().map(String::as_str));
        join.extend(["@joined.wim"]);
        bench
            .run_words(&join)
            .ends(ExitCode::Done)
            .says(&["2 images of "]);
        bench.assert_sound("joined.wim");
        assert_eq!([1, 2].map(|image| bench.tree("joined.wim", image)), trees);
        let joined = bench.info("joined.wim");
        assert_eq!(joined["guid"], info["guid"], "the set's identity stays");
        assert_eq!(joined["boot_index"], 2);
        assert_eq!(joined["integrity_table"], options.contains(&"--check"));
        // A set can be read as the file was.
        bench
            .run(&format!("export @ours.swm:2 @exported.wim --ref {glob}"))
            .ends(ExitCode::Done);
        assert_eq!(bench.tree("exported.wim", 1), trees[1]);

        if options[0] != "--solid" {
            bench.wimlib(&["split", "@a.wim", "@wimlib.swm", "0.1"]);
            let names = bench.names();
            let mut join = vec!["join".to_owned()];
            join.extend(
                names
                    .iter()
                    .filter(|name| name.starts_with("wimlib"))
                    .map(|name| format!("@{name}")),
            );
            assert!(join.len() > 2);
            join.extend(["@of-wimlib.wim".to_owned(), "--no-check".to_owned()]);
            let join: Vec<&str> = join.iter().map(String::as_str).collect();
            bench.run_words(&join).ends(ExitCode::Done);
            bench.assert_sound("of-wimlib.wim");
            assert_eq!(
                [1, 2].map(|image| bench.tree("of-wimlib.wim", image)),
                trees
            );
            assert_eq!(bench.info("of-wimlib.wim")["integrity_table"], false);
        }
        for name in bench.names() {
            bench.remove(&[&name]);
        }
    }
}

#[test]
fn splitting_again_gives_the_same_bytes() {
    let Some(bench) = Bench::new("splitting_again_gives_the_same_bytes") else {
        return;
    };
    bench.two_images("a.wim", &["--compress=lzx"]);
    bench
        .run("split @a.wim @x.swm --size 100K")
        .ends(ExitCode::Done);
    bench
        .run("split @a.wim @y.swm --size 100K")
        .ends(ExitCode::Done);
    assert!(bench.read("x2.swm") == bench.read("y2.swm"));
    bench
        .run("split @a.wim @z.swm --size 101K")
        .ends(ExitCode::Done);
    let guid = |name: &str| bench.info(name)["guid"].clone();
    assert_ne!(
        guid("x.swm"),
        guid("z.swm"),
        "parts of both must not be mixed"
    );
    assert_ne!(guid("x.swm"), guid("a.wim"));
    // Fewer parts than lie there: the user is told.
    bench
        .run("split @a.wim @x.swm --size 300K --force")
        .ends(ExitCode::Done)
        .complains(&["is not of this set: remove it", "[left-over-part]"]);
}

#[test]
fn optimize_gives_back_what_nothing_uses() {
    let Some(bench) = Bench::new("optimize_gives_back_what_nothing_uses") else {
        return;
    };
    for options in CODECS {
        bench.two_images("a.wim", options);
        bench.run("delete @a.wim:1").ends(ExitCode::Done);
        let (before, tree) = (bench.info("a.wim"), bench.tree("a.wim", 1));
        bench
            .run("optimize @a.wim")
            .ends(ExitCode::Done)
            .says(&["optimized  "]);
        let after = bench.info("a.wim");
        assert_eq!(after["unused_bytes"], 0);
        let number = |info: &serde_json::Value, name: &str| info[name].as_u64().unwrap();
        assert!(
            number(&after, "size") + number(&before, "unused_bytes")
                <= number(&before, "size") + 4096,
            "{options:?}"
        );
        for same in [
            "guid",
            "boot_index",
            "integrity_table",
            "flags",
            "compression",
            "chunk_size",
            "images",
        ] {
            assert_eq!(after[same], before[same], "{options:?}: {same}");
        }
        bench.assert_sound("a.wim");
        assert_eq!(bench.tree("a.wim", 1), tree);
        // Done again, the file is not touched.
        let bytes = bench.read("a.wim");
        let touched = || {
            fs::metadata(bench.path("a.wim"))
                .unwrap()
                .modified()
                .unwrap()
        };
        let time = touched();
        bench
            .run("optimize @a.wim")
            .ends(ExitCode::Done)
            .says(&["unchanged  "]);
        assert!(bench.read("a.wim") == bytes && touched() == time);
    }
}

#[test]
fn optimize_packs_in_another_way() {
    let Some(bench) = Bench::new("optimize_packs_in_another_way") else {
        return;
    };
    for options in CODECS {
        bench.two_images("a.wim", options);
        let before = bench.info("a.wim");
        let trees = [1, 2].map(|image| bench.tree("a.wim", image));
        for (how, compression, chunk_size) in [
            ("--compress xpress", "xpress", 32_768),
            ("--compress lzx --chunk-size 128K --check", "lzx", 131_072),
            ("--compress none --nocheck", "none", 0),
            ("--compress lzx --recompress", "lzx", 32_768),
        ] {
            bench
                .run(&format!("optimize @a.wim {how}"))
                .ends(ExitCode::Done);
            let info = bench.info("a.wim");
            assert_eq!(info["compression"], compression, "{options:?} {how}");
            if !(compression == "xpress" && before["compression"] == "xpress") {
                assert_eq!(info["chunk_size"], chunk_size, "{options:?} {how}");
            }
            for same in ["guid", "boot_index", "flags", "images"] {
                assert_eq!(info[same], before[same], "{options:?} {how}: {same}");
            }
            bench.assert_sound("a.wim");
            assert_eq!([1, 2].map(|image| bench.tree("a.wim", image)), trees);
        }
        // The same once more changes nothing, though everything is packed.
        let bytes = bench.read("a.wim");
        bench
            .run("optimize @a.wim --recompress")
            .ends(ExitCode::Done)
            .says(&["unchanged  "]);
        assert!(bench.read("a.wim") == bytes);
    }
    bench.two_images("a.wim", &["--compress=lzms"]);
    bench
        .run("optimize @a.wim --recompress")
        .ends(ExitCode::Refused)
        .complains(&["LZMS cannot be written", "--compress lzx"]);
    assert_eq!(bench.names(), ["a.wim"]);
}

#[test]
fn what_is_new_in_an_lzms_file_is_stored_and_said_to_be() {
    let Some(bench) = Bench::new("what_is_new_in_an_lzms_file_is_stored_and_said_to_be") else {
        return;
    };
    for (options, is_said) in [
        (&["--compress=lzms"][..], true),
        (&["--solid"], true),
        (&["--compress=lzx"], false),
    ] {
        bench.two_images("a.wim", options);
        fs::write(bench.path("new"), "x".repeat(100_000)).unwrap();
        let length = bench.read("a.wim").len();
        let found = bench
            .run("files put @a.wim:1 @new new.txt")
            .ends(ExitCode::Done);
        let said = found.err.contains("[stored-uncompressed]");
        assert_eq!(said, is_said, "{options:?}: {}", found.err);
        let grown = bench.read("a.wim").len() - length;
        assert_eq!(grown > 100_000, is_said, "{options:?}: {grown}");
        bench.wimlib(&["verify", "@a.wim"]);
        // What is only looked at needs no word about it.
        let found = bench.run("dir @a.wim:1").ends(ExitCode::Done);
        assert!(!found.err.contains("stored-uncompressed"), "{}", found.err);
    }
}
