//! Files that come out: several, of several sources, packed and split as asked
//! for.

use std::fs;

use serde_json::Value;
use wimwright::ExitCode;

use super::support::{content, run_in};
use super::{STEPS, bench, file, process};

#[test]
fn several_outputs_share_what_is_done_to_their_sources() {
    let top = bench();
    let at = |name: &str| top.path().join(name);
    let text = format!(
        r#"
            [sources.a]
            image = "base.wim"
            name = "A"
            [sources.b]
            image = "image"
            name = "B"
            {STEPS}
            [[outputs]]
            file = "out/a.wim"
            sources = ["a"]
            check = true
            [[outputs]]
            file = "out/both.wim"
            sources = ["b", "a"]
            compress = "xpress"
            boot = "a"
            [[outputs]]
            name = "small"
            file = "out/a-again.wim"
            sources = ["a"]
            compress = "none"
        "#
    );
    file(&top, "b.toml", &text);
    let run = process(top.path(), "build b.toml --json");
    let found: Value = serde_json::from_slice(&run.stdout).unwrap();
    // Each source once.
    assert_eq!(found["images"].as_array().unwrap().len(), 2);
    let info = |name: &str| run_in(top.path(), &format!("info @out/{name} --json")).json();
    for name in ["a.wim", "both.wim", "a-again.wim"] {
        run_in(top.path(), &format!("verify @out/{name}")).ends(ExitCode::Done);
    }
    assert_eq!(info("a.wim")["integrity_table"], true);
    assert_eq!(info("a-again.wim")["compression"], "none");
    let both = info("both.wim");
    assert_eq!(both["compression"], "xpress");
    assert_eq!(both["boot_index"], 2);
    assert_eq!(both["images"][0]["image_name"], "B");
    assert_eq!(both["images"][1]["image_name"], "A");
    run_in(top.path(), "diff @out/a.wim @out/both.wim:2").ends(ExitCode::Done);
    run_in(top.path(), "diff @out/a.wim @out/a-again.wim").ends(ExitCode::Done);
    run_in(
        top.path(),
        "diff @out/both.wim:1 @out/both.wim:2 --exclude pagefile.sys",
    )
    .ends(ExitCode::Done);

    // One of them alone gives the same.
    let before = content(&at("out"));
    fs::remove_file(at("out/both.wim")).unwrap();
    run_in(top.path(), "build @b.toml --only nothing")
        .ends(ExitCode::Usage)
        .complains(&["no output `nothing`", "hint: there is `a`, `both`, `small`"]);
    let run = process(top.path(), "build b.toml --only both --only a");
    let said = String::from_utf8(run.stdout).unwrap();
    assert!(said.contains("unchanged  out/a.wim"), "{said}");
    assert!(said.contains("built      out/both.wim"), "{said}");
    let names =
        |found: &std::collections::BTreeMap<_, _>| found.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&content(&at("out"))), names(&before));
    run_in(top.path(), "diff @out/a.wim @out/both.wim:2").ends(ExitCode::Done);
}

#[test]
fn an_output_is_split_and_older_parts_go() {
    let top = bench();
    let at = |name: &str| top.path().join(name);
    // Content that does not compress, in files that do not fit into one part.
    let mut state = 1_u32;
    for number in 0..8 {
        let noise: Vec<u8> = (0..200_000)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 24) as u8
            })
            .collect();
        fs::write(at(&format!("files/{number}")), noise).unwrap();
    }
    let text = |size: &str| {
        format!(
            "[sources.a]\nimage = \"base.wim\"\n{STEPS}\n[[outputs]]\nfile = \"out/a.swm\"\n\
             split = \"{size}\"\n"
        )
    };
    file(&top, "b.toml", &text("500K"));
    run_in(top.path(), "build @b.toml")
        .ends(ExitCode::Done)
        .says(&["a.swm", "a2.swm", "a3.swm"]);
    let parts = content(&at("out")).len();
    assert!(parts > 4, "{parts}");
    run_in(top.path(), "verify @out/a.swm --ref @out/a*.swm").ends(ExitCode::Done);
    run_in(top.path(), "build @b.toml")
        .ends(ExitCode::Done)
        .says(&["unchanged", "a3.swm"]);
    file(&top, "b.toml", &text("1M"));
    run_in(top.path(), "build @b.toml")
        .ends(ExitCode::Done)
        .says(&["replaced"]);
    let fewer = content(&at("out")).len();
    assert!(fewer < parts, "{fewer} after {parts}");
    run_in(top.path(), "build @b.toml")
        .ends(ExitCode::Done)
        .says(&["unchanged"]);
    // A part that is gone makes it anew, and asks first.
    fs::remove_file(at("out/a2.swm")).unwrap();
    run_in(top.path(), "build @b.toml").ends(ExitCode::Refused);
    run_in(top.path(), "build @b.toml --force").ends(ExitCode::Done);
}

#[test]
fn a_source_may_be_all_images_of_a_file() {
    let top = bench();
    run_in(top.path(), "append @image @base.wim --name Second").ends(ExitCode::Done);
    let text = super::one("base.wim:all").replace("name = \"Pro\"\n", "");
    file(&top, "b.toml", &text);
    let run = run_in(top.path(), "build @b.toml --json").ends(ExitCode::Done);
    let found = run.json();
    let images = found["images"].as_array().unwrap();
    let names = images
        .iter()
        .map(|image| image["image_name"].as_str().unwrap());
    assert_eq!(names.collect::<Vec<_>>(), ["Base", "Second"]);
    for image in images {
        assert_eq!(image["steps"][0]["results"][0]["outcome"], "added");
    }
    file(&top, "b.toml", &format!("{text}boot = \"pro\"\n"));
    run_in(top.path(), "build @b.toml")
        .ends(ExitCode::Refused)
        .complains(&["source `pro` has 2 images, and one boots", "hint:"]);
    // One name for two.
    file(&top, "b.toml", &super::one("base.wim:all"));
    let run = run_in(top.path(), "build @b.toml");
    assert_ne!(run.code, ExitCode::Done);
    run.complains(&["source `pro`", "`Pro`"]);
}
