//! The scripts under Wine's cmd.exe, with programs that stand in for those that
//! install packages.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;
use wimwright_servicing::update::deferral::{FirstBootState, Outcome, PackageKind, Payload};
use wimwright_testdata::program;

use super::support::{Bench, FOLDER, SCRIPTS, TEN, VISTA, XP, package};

const COMPILER: &str = "x86_64-w64-mingw32-gcc";
/// The programs of Windows that are stood in for.
const PROGRAMS: [&str; 4] = ["wusa", "dism", "pkgmgr", "sc"];

/// Wine with a folder of its own, in which the programs that install packages
/// stand in for Windows' own. One image at a time is its computer.
struct Wine {
    top: TempDir,
}

impl Drop for Wine {
    fn drop(&mut self) {
        // Its server would write to the folder while that is removed.
        let _ = self.command("wineserver").arg("-k").status();
        let _ = self.command("wineserver").arg("-w").status();
    }
}

impl Wine {
    /// `None`, and a word on standard error, where something is missing.
    fn build(test: &str) -> Option<Wine> {
        if !program(COMPILER, test) || !program("wine", test) {
            return None;
        }
        let wine = Wine {
            top: tempfile::tempdir().unwrap(),
        };
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peer/first_boot.c");
        let built = Command::new(COMPILER)
            .args(["-O2", "-Wall", "-Werror", "-o"])
            .arg(wine.stand_in())
            .arg(source)
            .status()
            .unwrap();
        assert!(built.success(), "first_boot.c compiles");
        // One server for all runs, and not each its own.
        fs::create_dir(wine.top.path().join("prefix")).unwrap();
        assert!(
            wine.command("wineserver")
                .arg("-p60")
                .status()
                .unwrap()
                .success()
        );
        assert_eq!(wine.cmd("exit 0"), 0, "Wine starts");
        for name in PROGRAMS {
            let place = wine.windows().join("system32").join(format!("{name}.exe"));
            let _ = fs::remove_file(&place);
            fs::copy(wine.stand_in(), place).unwrap();
        }
        Some(wine)
    }

    fn stand_in(&self) -> PathBuf {
        self.top.path().join("stand-in.exe")
    }

    fn windows(&self) -> PathBuf {
        self.top.path().join("prefix/drive_c/windows")
    }

    /// Runs a script of `image` as its Windows would. Gives its exit code.
    fn run(&self, image: &Path, script: &str) -> i32 {
        for (folder, place) in [
            ("Windows/Setup", self.windows().join("Setup")),
            ("Windows/Logs", self.windows().join("Logs")),
            ("stand-in", self.windows().with_file_name("stand-in")),
        ] {
            let _ = fs::remove_file(&place);
            fs::create_dir_all(image.join(folder)).unwrap();
            symlink(image.join(folder), place).unwrap();
        }
        self.cmd(&format!("C:\\{}", script.replace('/', "\\")))
    }

    fn cmd(&self, command: &str) -> i32 {
        let mut wine = self.command("wine");
        let status = wine.args(["cmd.exe", "/d", "/c", command]).status();
        status.unwrap().code().unwrap()
    }

    /// A program of Wine, in the folder of its own.
    fn command(&self, program: &str) -> Command {
        let overrides = PROGRAMS.map(|name| format!("{name}.exe")).join(",");
        let mut command = Command::new(program);
        command
            .env("WINEPREFIX", self.top.path().join("prefix"))
            .env("WINEDEBUG", "-all")
            .env(
                "WINEDLLOVERRIDES",
                format!("mscoree,mshtml,winemenubuilder.exe=;{overrides}=n"),
            )
            .env("LC_ALL", "C.UTF-8")
            .env_remove("DISPLAY")
            // No pipe, which Wine's services would hold open for seconds.
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }
}

/// An image in which packages wait, with programs that can be run.
struct Computer<'w> {
    bench: Bench,
    wine: &'w Wine,
}

impl<'w> Computer<'w> {
    fn new(
        wine: &'w Wine,
        windows: (u32, u32, u32),
        packages: &[Payload],
        state: &FirstBootState,
    ) -> Computer<'w> {
        let bench = Bench::new(windows);
        bench.defer(packages, state).unwrap();
        Computer { bench, wine }
    }

    /// The exit codes that the package with that file gives, one a run.
    fn answers(&self, file: &str, codes: &[i32]) {
        let lines: String = codes.iter().map(|code| format!("{code}\n")).collect();
        self.bench
            .put(&format!("stand-in/{file}.codes"), lines.as_bytes());
    }

    fn boot(&self) -> i32 {
        self.wine
            .run(&self.bench.image(), &format!("{FOLDER}/run.cmd"))
    }

    /// What was run since the last time, the programs' names and arguments.
    fn calls(&self) -> Vec<String> {
        let path = self.bench.image().join("stand-in/calls.txt");
        let text = fs::read_to_string(&path).unwrap_or_default();
        let _ = fs::remove_file(path);
        let line = |line: &str| {
            let line = line.replace('"', "").replace("C:\\Windows", "W:");
            line.replace("C:\\windows", "W:").trim().to_owned()
        };
        text.lines().map(line).collect()
    }

    /// The installers among them.
    fn installed(&self) -> Vec<String> {
        let calls = self.calls().into_iter();
        calls.filter(|call| !call.contains("sc.exe")).collect()
    }

    fn has(&self, path: &str) -> bool {
        self.bench.image().join(path).exists()
    }

    /// That the folder holds nothing. Windows removes it, too; Wine's cmd.exe
    /// keeps the script open to its end, and so the folder.
    fn is_empty(&self) -> bool {
        let folder = fs::read_dir(self.bench.image().join(FOLDER));
        folder.is_ok_and(|mut entries| entries.next().is_none())
    }

    fn service(&self) -> Option<String> {
        self.bench
            .read("stand-in/service.txt")
            .map(|text| String::from_utf8(text).unwrap())
    }

    fn results(&self) -> String {
        self.bench
            .text("Windows/Logs/wimwright/first-boot-results.txt")
    }
}

fn packages() -> Vec<Payload> {
    vec![
        package("1 & %x%.msu", PackageKind::Msu),
        package("2.cab", PackageKind::Cab),
        package("3.msu", PackageKind::Msu),
    ]
}

const WUSA_1: &str =
    "W:\\System32\\wusa.exe W:\\Setup\\Scripts\\wimwright\\01.msu /quiet /norestart";
const DISM_2: &str = "W:\\System32\\dism.exe /online /add-package \
    /packagepath:W:\\Setup\\Scripts\\wimwright\\02.cab /quiet /norestart";
const WUSA_3: &str =
    "W:\\System32\\wusa.exe W:\\Setup\\Scripts\\wimwright\\03.msu /quiet /norestart";

#[test]
fn scripts_keep_under_wine_what_they_promise() {
    let Some(wine) = Wine::build("scripts_keep_under_wine_what_they_promise") else {
        return;
    };
    // One test, for Wine's folder is made once and taken away with it.
    let scenarios: [fn(&Wine); 7] = [
        all_are_installed_in_order_and_nothing_is_left,
        one_that_fails_stops_no_other_and_stays_to_be_looked_at,
        a_restart_that_must_come_first_makes_the_rest_wait_in_a_service,
        a_package_that_never_gets_ready_is_given_up_after_three_starts,
        a_package_that_was_cut_off_runs_again_and_one_without_file_is_named,
        setup_complete_answers_as_the_script_that_was_there_does,
        vista_and_xp_have_programs_of_their_own,
    ];
    for scenario in scenarios {
        scenario(&wine);
    }
}

fn all_are_installed_in_order_and_nothing_is_left(wine: &Wine) {
    let computer = Computer::new(wine, TEN, &packages(), &FirstBootState::Armed);
    computer.answers("01.msu", &[3010]);
    computer.answers("02.cab", &[0]);
    computer.answers("03.msu", &[2_359_302]);
    assert_eq!(computer.boot(), 0);
    assert_eq!(computer.installed(), [WUSA_1, DISM_2, WUSA_3]);
    assert!(computer.is_empty(), "everything in the folder goes");
    assert!(computer.has(&format!("{SCRIPTS}/SetupComplete.cmd")));
    assert_eq!(
        computer.results(),
        "01.msu restart 3010\r\n02.cab installed 0\r\n03.msu already 2359302\r\n"
    );
    let queue = computer
        .bench
        .text("Windows/Logs/wimwright/first-boot-queue.json");
    assert!(queue.contains("1 & %x%.msu"), "which package was which");
    assert_eq!(computer.service(), None);
    // The block that is left finds nothing to run.
    let code = wine.run(
        &computer.bench.image(),
        &format!("{SCRIPTS}/SetupComplete.cmd"),
    );
    assert_eq!((code, computer.calls().len()), (0, 0));
}

fn one_that_fails_stops_no_other_and_stays_to_be_looked_at(wine: &Wine) {
    let computer = Computer::new(wine, TEN, &packages(), &FirstBootState::Armed);
    computer.answers("01.msu", &[-2_145_124_329]);
    computer.answers("02.cab", &[5]);
    computer.boot();
    assert_eq!(computer.installed(), [WUSA_1, DISM_2, WUSA_3]);
    assert_eq!(
        computer.results(),
        "01.msu not-applicable -2145124329\r\n02.cab failed 5\r\n03.msu installed 0\r\n"
    );
    assert!(!computer.has(&format!("{FOLDER}/run.cmd")));
    assert!(!computer.has(&format!("{FOLDER}/01.msu")));
    assert!(computer.has(&format!("{FOLDER}/02.cab")));
    let found = computer.bench.deferred().unwrap();
    let results: Vec<_> = found.packages.iter().map(|one| one.result).collect();
    assert_eq!(
        results,
        [
            Some((Outcome::NotApplicable, Some(-2_145_124_329))),
            Some((Outcome::Failed, Some(5))),
            Some((Outcome::Installed, Some(0))),
        ]
    );
    assert!(!found.armed, "nothing starts it again");
    // A package that comes later runs alone.
    let later = [package("4.msu", PackageKind::Msu)];
    computer
        .bench
        .defer(&later, &FirstBootState::Deployed)
        .unwrap();
    computer.boot();
    let installed = computer.installed();
    assert!(
        installed.len() == 1 && installed[0].contains("04.msu"),
        "{installed:?}"
    );
}

fn a_restart_that_must_come_first_makes_the_rest_wait_in_a_service(wine: &Wine) {
    let computer = Computer::new(wine, TEN, &packages(), &FirstBootState::Armed);
    computer.answers("01.msu", &[3010]);
    computer.answers("02.cab", &[-2_146_498_554, 0]);
    computer.boot();
    assert_eq!(computer.installed(), [WUSA_1, DISM_2]);
    let service = computer.service().unwrap();
    for word in [
        "create wimwright-first-boot",
        "start= delayed-auto",
        "cmd.exe /d /c start /min",
        "\\Setup\\Scripts\\wimwright\\run.cmd",
    ] {
        assert!(service.contains(word), "{word}: {service}");
    }
    assert!(computer.has(&format!("{FOLDER}/02.cab")));
    // The next start.
    computer.boot();
    assert_eq!(
        computer.installed(),
        [DISM_2, WUSA_3],
        "01 does not run twice"
    );
    assert_eq!(computer.service(), None);
    assert!(computer.is_empty());
}

fn a_package_that_never_gets_ready_is_given_up_after_three_starts(wine: &Wine) {
    let computer = Computer::new(wine, TEN, &packages(), &FirstBootState::Armed);
    computer.answers("01.msu", &[1618; 5]);
    for _ in 0..3 {
        computer.boot();
        assert_eq!(computer.installed(), [WUSA_1]);
    }
    computer.boot();
    assert_eq!(computer.installed(), [DISM_2, WUSA_3]);
    assert!(computer.results().starts_with("01.msu gave-up none\r\n"));
    assert_eq!(computer.service(), None);
}

fn a_package_that_was_cut_off_runs_again_and_one_without_file_is_named(wine: &Wine) {
    let computer = Computer::new(wine, TEN, &packages(), &FirstBootState::Deployed);
    computer.bench.put(&format!("{FOLDER}/01.try1"), b"");
    fs::remove_file(computer.bench.image().join(FOLDER).join("03.msu")).unwrap();
    computer
        .bench
        .put("stand-in/service.txt", b"as the image has it");
    computer.boot();
    assert_eq!(computer.installed(), [WUSA_1, DISM_2]);
    assert!(computer.has(&format!("{FOLDER}/01.try2")));
    assert!(computer.results().ends_with("03.msu missing none\r\n"));
    assert_eq!(computer.service(), None, "it removes itself");
}

fn setup_complete_answers_as_the_script_that_was_there_does(wine: &Wine) {
    let path = format!("{SCRIPTS}/SetupComplete.cmd");
    for (script, code) in [
        (
            "@echo off\r\nset x=1\r\necho ran>\"C:\\stand-in\\ran.txt\"\r\nexit /b 7\r\n",
            7,
        ),
        ("echo ran>\"C:\\stand-in\\ran.txt\"\r\nexit 9", 9),
        (
            "@if errorlevel 1 exit 1\r\n@echo ran>\"C:\\stand-in\\ran.txt\"\r\n",
            0,
        ),
    ] {
        let bench = Bench::new(TEN);
        bench.put(&path, script.as_bytes());
        bench.defer(&packages(), &FirstBootState::Armed).unwrap();
        let computer = Computer { bench, wine };
        // One fails: that is not the other script's answer.
        computer.answers("01.msu", &[5]);
        assert_eq!(wine.run(&computer.bench.image(), &path), code, "{script}");
        assert_eq!(computer.installed(), [WUSA_1, DISM_2, WUSA_3], "{script}");
        assert!(computer.has("stand-in/ran.txt"), "{script}");
    }
}

fn vista_and_xp_have_programs_of_their_own(wine: &Wine) {
    let vista = Computer::new(wine, VISTA, &packages(), &FirstBootState::Armed);
    vista.answers("01.msu", &[1]);
    vista.answers("02.cab", &[1]);
    vista.boot();
    let calls = vista.installed();
    assert!(
        calls[1].contains("pkgmgr.exe /ip /m:W:\\Setup\\Scripts\\wimwright\\02.cab"),
        "{calls:?}"
    );
    assert!(
        vista
            .results()
            .starts_with("01.msu not-applicable 1\r\n02.cab failed 1\r\n"),
        "{}",
        vista.results()
    );

    let hotfixes = [
        package("KB1.exe", PackageKind::HotfixExe),
        package("KB2.exe", PackageKind::HotfixExe),
    ];
    let xp = Computer::new(wine, XP, &hotfixes, &FirstBootState::Deployed);
    for name in ["01.exe", "02.exe"] {
        fs::copy(wine.stand_in(), xp.bench.image().join(FOLDER).join(name)).unwrap();
    }
    xp.answers("01.exe", &[3010]);
    xp.boot();
    let calls = xp.installed();
    assert_eq!(calls.len(), 2, "{calls:?}");
    assert!(
        calls[0].ends_with("01.exe /quiet /norestart /n"),
        "{calls:?}"
    );
    assert_eq!(
        xp.results(),
        "01.exe restart 3010\r\n02.exe installed 0\r\n"
    );
    assert!(xp.is_empty());
}
