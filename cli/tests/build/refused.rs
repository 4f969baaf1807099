//! What is wrong with a build, with line and column, and nothing written.

use std::fs;

use wimwright::ExitCode;

use super::support::{broken_package, content, run_in};
use super::{bench, file, one};

#[test]
fn errors_have_line_and_column() {
    let top = bench();
    let source = "[sources.a]\nimage = \"image\"\n";
    let output = "[[outputs]]\nfile = \"a.wim\"\n";
    let whole = format!("{source}{output}");
    for (text, code, expected) in [
        ("a = ", ExitCode::Usage, "b.toml:1:5: "),
        (
            "[sources.a]\nimage = 1\n",
            ExitCode::Usage,
            "b.toml:2:9: invalid type: integer",
        ),
        (
            "[sources.a]\nimag = \"x\"\n",
            ExitCode::Usage,
            "b.toml:2:1: unknown field `imag`",
        ),
        (
            "[sources.a]\nimage = \"none.wim:2\"\n[[outputs]]\nfile = \"a.wim\"\n",
            ExitCode::Damaged,
            "b.toml:2:9: `none.wim:2` does not exist",
        ),
        (source, ExitCode::Usage, "b.toml:1:1: nothing comes out"),
        (
            &format!("{whole}sources = [\"b\"]\n"),
            ExitCode::Usage,
            "b.toml:5:12: there is no source `b`: there is `a`",
        ),
        (
            &format!("{whole}boot = \"b\"\n"),
            ExitCode::Usage,
            "b.toml:5:8: ",
        ),
        (
            &format!("{whole}split = \"1 T\"\n"),
            ExitCode::Usage,
            "b.toml:5:9: `T` is no unit",
        ),
        (
            &format!("{whole}compress = \"zip\"\n"),
            ExitCode::Usage,
            "b.toml:5:12: unknown variant `zip`",
        ),
        (
            &format!("{whole}{output}"),
            ExitCode::Usage,
            "b.toml:6:8: two outputs have the name `a`",
        ),
        (
            &format!("{whole}{output}name = \"b\"\n"),
            ExitCode::Usage,
            "b.toml:6:8: `",
        ),
        (
            &format!("{source}[[outputs]]\nfile = \"image/a.wim\"\n"),
            ExitCode::Usage,
            "which a build does not change",
        ),
        (
            "[sources.a]\nimage = \"base.wim\"\n[[outputs]]\nfile = \"files/../base.wim\"\n",
            ExitCode::Usage,
            "is the source `a`, which a build does not change",
        ),
        (
            &format!("[sources.a]\nimage = \"base.wim\"\nexclude = [\"x\"]\n{output}"),
            ExitCode::Usage,
            "b.toml:3:12: only of a directory something can be left out",
        ),
        (
            &format!("{whole}[[steps]]\nput = {{ from = \"nothing\", to = \"x\" }}\n"),
            ExitCode::Damaged,
            "b.toml:6:16: `nothing` does not exist",
        ),
        (
            &format!("{whole}[[steps]]\nput = {{ from = \"files\", to = \"../x\" }}\n"),
            ExitCode::Usage,
            "b.toml:6:30: ",
        ),
        (
            &format!("{whole}[[steps]]\nhal = {{ set = \"none\" }}\n"),
            ExitCode::Usage,
            "b.toml:6:15: no HAL has this id",
        ),
        (
            &format!("{whole}[[steps]]\ndriver = {{ from = [] }}\n"),
            ExitCode::Usage,
            "b.toml:6:1: unknown variant `driver`",
        ),
        (
            &format!("{whole}[[steps]]\nclean = {{ sources = [\"x\"] }}\n"),
            ExitCode::Usage,
            "b.toml:6:22: there is no source `x`",
        ),
        (
            "[sources.\"a b\"]\nimage = \"image\"\n[[outputs]]\nfile = \"a.wim\"\n",
            ExitCode::Usage,
            "`a b` is no name",
        ),
    ] {
        file(&top, "b.toml", text);
        let before = content(top.path());
        run_in(top.path(), "build @b.toml")
            .ends(code)
            .complains(&[expected]);
        assert!(content(top.path()) == before, "{text}");
    }
    fs::write(top.path().join("b.toml"), b"a = \xff").unwrap();
    run_in(top.path(), "build @b.toml")
        .ends(ExitCode::Usage)
        .complains(&["no UTF-8 text"]);
    run_in(top.path(), "build @none.toml")
        .ends(ExitCode::Damaged)
        .complains(&["does not exist"]);
}

#[test]
fn one_refusal_writes_nothing_at_all() {
    let top = bench();
    broken_package(&top.path().join("broken"));
    for source in ["image", "base.wim"] {
        let good = "[[outputs]]\nfile = \"second.wim\"\n";
        let text = one(source) + good + "[[steps]]\ndrivers = { from = [\"broken\"] }\n";
        file(&top, "b.toml", &text);
        let before = content(top.path());
        for words in ["build @b.toml", "build @b.toml --dry-run"] {
            run_in(top.path(), words)
                .ends(ExitCode::Refused)
                .complains(&[
                    "source `pro`, step `drivers`: refused: ",
                    "viostor.inf",
                    "hint: `skip-refused = true`",
                ]);
        }
        assert!(content(top.path()) == before);
        file(
            &top,
            "b.toml",
            &text.replace("\"broken\"] }", "\"broken\"], skip-refused = true }"),
        );
        run_in(top.path(), "build @b.toml")
            .ends(ExitCode::Done)
            .says(&["drivers: 1 refused", "viostor.inf: "]);
        fs::remove_dir_all(top.path().join("out")).unwrap();
        fs::remove_file(top.path().join("second.wim")).unwrap();
        fs::remove_file(top.path().join(".second.wim.wimwright-build")).unwrap();
    }
}
