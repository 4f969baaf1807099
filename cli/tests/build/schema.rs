//! Build files and their schema: what one takes the other takes, too.

use std::fs;
use std::path::Path;
use std::process::Command;

use wimwright::ExitCode;
use wimwright_testdata::python_with;

use super::support::run_in;
use super::{bench, file, one};

const CHECK: &str = r"
import json, sys, tomllib
from jsonschema import Draft202012Validator as Validator
schema = json.load(open(sys.argv[1]))
Validator.check_schema(schema)
for name in sys.argv[2:]:
    errors = list(Validator(schema).iter_errors(tomllib.load(open(name, 'rb'))))
    print(*[f'{error.json_path}: {error.message[:200]}' for error in errors], sep='; ')
";

/// What the schema says of each build file, empty where nothing is wrong; `None`
/// where no validator is here.
pub(super) fn validated(files: &[&Path], test: &str) -> Option<Vec<String>> {
    let python = python_with("jsonschema, tomllib", test)?;
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/schemas/build-file-1.json");
    let mut check = Command::new(python);
    let done = check
        .args(["-c", CHECK])
        .arg(schema)
        .args(files)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{said}");
    let lines = String::from_utf8(done.stdout).unwrap();
    Some(lines.lines().map(str::to_owned).collect())
}

#[test]
fn the_schema_and_the_program_agree() {
    let test = "the_schema_and_the_program_agree";
    let top = bench();
    let good = one("base.wim");
    for (change, fits) in [
        (("", ""), true),
        (
            (
                "name = \"Pro\"",
                "description = \"x\"\naccept-dirty-hive = true",
            ),
            true,
        ),
        (
            (
                "file = \"out/pro.wim\"",
                "file = \"out/pro.wim\"\ncheck = true\nboot = \"pro\"",
            ),
            true,
        ),
        (("drivers = { from", "driver = { from"), false),
        (("from = [\"viostor\"]", "from = \"viostor\""), false),
        (("name = \"Pro\"", "nam = \"Pro\""), false),
        (("file = \"out/pro.wim\"", "name = \"x\""), false),
        (
            ("file = \"out/pro.wim\"", "file = \"x\"\ncompress = \"zip\""),
            false,
        ),
        (("import = [", "imports = ["), false),
        (("[sources.pro]", "[source.pro]"), false),
    ] {
        let text = good.replacen(change.0, change.1, 1);
        assert!(change.0.is_empty() || text != good, "{}", change.0);
        file(&top, "b.toml", &text);
        let run = run_in(top.path(), "build @b.toml --dry-run");
        assert_eq!(run.code == ExitCode::Done, fits, "{text}\n{}", run.err);
        let Some(said) = validated(&[&top.path().join("b.toml")], test) else {
            return;
        };
        assert_eq!(said[0].is_empty(), fits, "{text}\n{said:?}");
        let _ = fs::remove_dir_all(top.path().join("out"));
    }
}
