//! Bases and models: one file each, made at once or job by job, by whom ever.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;
use wimwright::ExitCode;
use wimwright_testdata::{program, python_with};

use super::support::{content, copy, run_in};
use super::{STEPS, bench, file, process};

const EPOCH: (&str, &str) = ("SOURCE_DATE_EPOCH", "1700000000");

/// Two bases and three models: one with the disk that `viostor` is for, one
/// without any device, one for a base alone.
fn matrix() -> TempDir {
    let top = bench();
    let computer = |name: &str, ids: &str| {
        let text = format!(
            r#"{{"schema": "wimwright/hardware/1", "name": "{name}", "devices": [{ids}]}}"#
        );
        fs::write(top.path().join(format!("{name}.json")), text).unwrap();
    };
    let disk = r#"{"bus": "pci", "hardware_ids": ["PCI\\VEN_1AF4&DEV_1001"]}"#;
    computer("kvm", disk);
    computer("bare", "");
    let steps = STEPS.replace("[[steps]]\ndrivers = { from = [\"viostor\"] }\n", "");
    let text = format!(
        r#"
            [sources.dir]
            image = "image"
            [sources.wim]
            image = "base.wim"
            {steps}
            [matrix]
            file = "out/{{base}}-{{model}}.wim"
            base-file = "out/{{base}}.wim"
            drivers = ["viostor"]
            [[matrix.models]]
            name = "kvm"
            hardware = ["kvm.json"]
            [[matrix.models]]
            name = "bare"
            hardware = ["bare.json"]
            [[matrix.models]]
            name = "lab"
            bases = ["wim"]
        "#
    );
    file(&top, "b.toml", &text);
    top
}

const JOBS: [&str; 7] = [
    "dir", "wim", "dir-kvm", "dir-bare", "wim-kvm", "wim-bare", "wim-lab",
];

/// The WIM files in `out`, and that nothing else is there but their records.
fn outputs(top: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for (path, bytes) in content(&top.join("out")) {
        let name = path.to_str().unwrap().to_owned();
        match name.strip_suffix(".wim") {
            Some(job) => drop(found.insert(job.to_owned(), bytes.unwrap())),
            None => assert!(name.ends_with(".wimwright-build"), "{name}"),
        }
    }
    found
}

/// What an undisturbed build of everything makes.
fn expected(top: &Path) -> BTreeMap<String, Vec<u8>> {
    process(top, "build b.toml");
    let built = outputs(top);
    assert_eq!(built.len(), JOBS.len());
    fs::remove_dir_all(top.join("out")).unwrap();
    built
}

#[test]
fn models_get_the_drivers_of_their_hardware() {
    let top = matrix();
    let found = process(top.path(), "build b.toml --json");
    let found: Value = serde_json::from_slice(&found.stdout).unwrap();
    let outputs = found["outputs"].as_array().unwrap();
    let mut names: Vec<_> = outputs
        .iter()
        .map(|output| output["name"].as_str().unwrap())
        .collect();
    names.sort_unstable();
    let mut jobs = JOBS;
    jobs.sort_unstable();
    assert_eq!(names, jobs);
    // The steps that all have in common are done once a base.
    let images = found["images"].as_array().unwrap();
    assert_eq!(images.len(), JOBS.len());
    let put = images.iter().filter(|image| {
        let steps = image["steps"].as_array().unwrap();
        steps.iter().any(|step| step["step"] == "put")
    });
    assert_eq!(put.count(), 2);
    for (job, drivers) in [
        ("dir", 0),
        ("wim-kvm", 1),
        ("dir-kvm", 1),
        ("wim-bare", 0),
        ("wim-lab", 1),
    ] {
        let listed = run_in(top.path(), &format!("drivers list @out/{job}.wim --json")).json();
        let listed = listed["images"][0]["drivers"].as_array().unwrap().len();
        assert_eq!(listed, drivers, "{job}");
        run_in(top.path(), &format!("verify @out/{job}.wim")).ends(ExitCode::Done);
        run_in(top.path(), &format!("cat @out/{job}.wim Tools/a.txt")).ends(ExitCode::Done);
    }
    run_in(top.path(), "diff @out/wim-kvm.wim @out/wim-lab.wim").ends(ExitCode::Done);
    let again = process(top.path(), "build b.toml");
    let said = String::from_utf8(again.stdout).unwrap();
    assert!(said.contains("nothing to build"), "{said}");
}

#[test]
fn a_job_alone_makes_the_same_whatever_is_there() {
    let top = matrix();
    let expected = expected(top.path());
    // Without its base it does all of it, and leaves no base.
    process(top.path(), "build b.toml --only wim-kvm");
    let alone = outputs(top.path());
    assert_eq!(alone.keys().collect::<Vec<_>>(), ["wim-kvm"]);
    assert!(alone["wim-kvm"] == expected["wim-kvm"]);
    fs::remove_dir_all(top.path().join("out")).unwrap();
    // With it, it begins there: what was done is not done again.
    process(top.path(), "build b.toml --only wim");
    let run = process(top.path(), "build b.toml --only wim-kvm --json");
    let found: Value = serde_json::from_slice(&run.stdout).unwrap();
    assert_eq!(found["images"].as_array().unwrap().len(), 1);
    assert!(outputs(top.path())["wim-kvm"] == expected["wim-kvm"]);
    // A base that is not what it was is not begun from.
    fs::remove_file(top.path().join("out/wim-kvm.wim")).unwrap();
    let base = top.path().join("out/wim.wim");
    run_in(top.path(), "set @out/wim.wim --description odd").ends(ExitCode::Done);
    process(top.path(), "build b.toml --only wim-kvm");
    assert!(outputs(top.path())["wim-kvm"] == expected["wim-kvm"]);
    assert!(fs::read(base).unwrap() != expected["wim"]);
}

/// A program in place of wimwright that is killed at odd moments, three times a
/// job at most, and notes it.
const KILLED: &str = r#"#!/bin/sh
tried="$STATE/$(printf %s "$*" | tr -c 'A-Za-z0-9' _)"
count=$(cat "$tried" 2>/dev/null || echo 0)
echo $((count + 1)) > "$tried"
"$REAL" "$@" &
job=$!
if [ "$count" -lt 3 ]; then
  # At first at once, then later.
  sleep "0.$(printf %02d $((($$ % 4) * (count * 2 + 1))))"
  kill -9 $job 2> /dev/null
fi
wait $job
code=$?
[ $code -lt 128 ] || echo "$*" >> "$STATE/killed"
exit $code
"#;

/// A folder with that program.
struct Killer(TempDir);

impl Killer {
    fn new() -> Killer {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("wimwright");
        fs::write(&path, KILLED).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        Killer(folder)
    }

    fn program(&self) -> PathBuf {
        self.0.path().join("wimwright")
    }

    /// Runs an engine until it succeeds; jobs were killed meanwhile.
    fn run(&self, mut engine: impl FnMut() -> Command) {
        let mut last = None;
        for _ in 0..20 {
            let mut command = engine();
            command
                .env("STATE", self.0.path())
                .env("REAL", env!("CARGO_BIN_EXE_wimwright"));
            let done = command.env(EPOCH.0, EPOCH.1).output().unwrap();
            if done.status.success() {
                let killed = fs::read_to_string(self.0.path().join("killed")).unwrap_or_default();
                assert!(killed.lines().count() >= 3, "killed: {killed}");
                return;
            }
            last = Some(said(&done));
        }
        panic!("{last:?}");
    }
}

fn said(done: &Output) -> String {
    let text = [&done.stdout[..], &done.stderr].concat();
    String::from_utf8_lossy(&text).into_owned()
}

#[test]
fn make_runs_the_jobs_and_killed_ones_again() {
    if !program("make", "make_runs_the_jobs_and_killed_ones_again") {
        return;
    }
    let top = matrix();
    let expected = expected(top.path());
    process(top.path(), "build b.toml --matrix --as make -o jobs.mk");
    let killer = Killer::new();
    killer.run(|| {
        let mut make = Command::new("make");
        make.args(["-f", "jobs.mk", "-k", "-j", "2"])
            .current_dir(top.path());
        make.env("WIMWRIGHT", killer.program());
        make
    });
    assert!(outputs(top.path()) == expected);
}

#[test]
fn snakemake_runs_the_jobs_and_killed_ones_again() {
    if !program("snakemake", "snakemake_runs_the_jobs_and_killed_ones_again") {
        return;
    }
    let top = matrix();
    let expected = expected(top.path());
    process(
        top.path(),
        "build b.toml --matrix --as snakemake -o Snakefile",
    );
    let killer = Killer::new();
    killer.run(|| {
        let mut snakemake = Command::new("snakemake");
        snakemake.args([
            "-s",
            "Snakefile",
            "--cores",
            "2",
            "--keep-going",
            "--rerun-incomplete",
        ]);
        snakemake.arg("--config");
        snakemake.arg(format!("wimwright={}", killer.program().display()));
        snakemake.current_dir(top.path());
        snakemake
    });
    assert!(outputs(top.path()) == expected);
}

#[test]
fn each_index_of_an_array_is_one_job() {
    let top = matrix();
    let expected = expected(top.path());
    let list = |engine: &str| {
        let run = process(top.path(), &format!("build b.toml --matrix --as {engine}"));
        String::from_utf8(run.stdout).unwrap()
    };
    let slurm = list("slurm");
    assert!(slurm.contains("\n#SBATCH --array=0-6\n"), "{slurm}");
    assert!(
        slurm.contains("--array=0-1 FILE) --array=2-6 FILE"),
        "{slurm}"
    );
    fs::write(top.path().join("jobs.sh"), slurm).unwrap();
    let index = |number: usize| {
        let mut bash = Command::new("bash");
        bash.arg("jobs.sh")
            .env("SLURM_ARRAY_TASK_ID", number.to_string());
        bash
    };
    let run = |mut command: Command| {
        let program = env!("CARGO_BIN_EXE_wimwright");
        command
            .current_dir(top.path())
            .env("WIMWRIGHT", program)
            .env(EPOCH.0, EPOCH.1);
        let done = command.output().unwrap();
        assert!(done.status.success(), "{}", said(&done));
    };
    for number in 0..JOBS.len() {
        run(index(number));
        assert_eq!(outputs(top.path()).len(), number + 1);
    }
    assert!(outputs(top.path()) == expected);

    let test = "each_index_of_an_array_is_one_job";
    let Some(python) = python_with("yaml", test) else {
        return;
    };
    fs::write(top.path().join("job.yaml"), list("kubernetes")).unwrap();
    let script = "import json, sys, yaml; print(json.dumps(yaml.safe_load(open(sys.argv[1]))))";
    let mut read = Command::new(python);
    let read = read
        .args(["-c", script])
        .arg(top.path().join("job.yaml"))
        .output()
        .unwrap();
    let job: Value = serde_json::from_slice(&read.stdout).unwrap();
    assert_eq!(job["kind"], "Job");
    assert_eq!(job["spec"]["completionMode"], "Indexed");
    assert_eq!(job["spec"]["completions"], JOBS.len());
    let container = &job["spec"]["template"]["spec"]["containers"][0];
    let words = |name: &str| {
        let words = container[name].as_array().unwrap().iter();
        words
            .map(|word| word.as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let command = [words("command"), words("args")].concat();
    fs::remove_dir_all(top.path().join("out")).unwrap();
    // In any order.
    for number in (0..JOBS.len()).rev() {
        let mut pod = Command::new(&command[0]);
        pod.args(&command[1..])
            .env("JOB_COMPLETION_INDEX", number.to_string());
        run(pod);
    }
    assert!(outputs(top.path()) == expected);
}

#[test]
fn names_that_engines_read_otherwise_are_quoted() {
    let top = matrix();
    let odd = top.path().join("odd $x {y}");
    fs::create_dir(&odd).unwrap();
    copy(top.path(), &odd);
    let run = process(top.path(), "build b.toml --matrix --as make");
    let text = String::from_utf8(run.stdout).unwrap();
    assert!(
        text.contains("\twim-kvm: wim\n") || text.contains("\nwim-kvm: wim\n"),
        "{text}"
    );
    for engine in ["make", "snakemake", "slurm", "kubernetes"] {
        let mut words = vec!["build".to_owned(), odd.join("b.toml").display().to_string()];
        words.extend(["--matrix", "--as", engine].map(str::to_owned));
        let text = super::support::run(&words).ends(ExitCode::Done).out;
        let quoted = match engine {
            "make" => "odd $$x {y}",
            "snakemake" => "odd $x {{y}}",
            _ => "odd $x {y}",
        };
        assert!(
            text.contains(&format!("{quoted}/b.toml'")),
            "{engine}: {text}"
        );
    }
    run_in(top.path(), "build @b.toml --matrix").ends(ExitCode::Usage);
    fs::write(top.path().join("jobs.mk"), "mine").unwrap();
    run_in(top.path(), "build @b.toml --matrix --as make -o @jobs.mk")
        .ends(ExitCode::Refused)
        .complains(&["is there already", "--force"]);
    file(&top, "c.toml", &super::one("base.wim"));
    run_in(top.path(), "build @c.toml --matrix --as make")
        .ends(ExitCode::Usage)
        .complains(&["has no `[matrix]`"]);
    let text = fs::read_to_string(top.path().join("b.toml")).unwrap();
    for (from, to, expected) in [
        (
            "{base}-{model}.wim",
            "{base}.wim",
            "`{model}` has to stand in the name",
        ),
        ("\"lab\"", "\"kvm\"", "two models have the name `kvm`"),
        (
            "bases = [\"wim\"]",
            "bases = [\"mac\"]",
            "there is no source `mac`",
        ),
        (
            "\"kvm.json\"",
            "\"none.json\"",
            "`none.json` does not exist",
        ),
        ("\"lab\"", "\"a/b\"", "`a/b` is no name"),
    ] {
        assert!(text.contains(from), "{from}");
        file(&top, "c.toml", &text.replace(from, to));
        let run = run_in(top.path(), "build @c.toml");
        assert_ne!(run.code, ExitCode::Done);
        run.complains(&[expected, "c.toml:"]);
    }
}
