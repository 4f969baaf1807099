//! Every mechanism: put in place, listed, unchanged by a second run, taken back
//! without a trace.

use wimwright_servicing::Severity;
use wimwright_servicing::update::deferral::{FirstBootState, Mechanism, PackageKind, Payload};
use wimwright_testdata::image::Data;

use super::support::{Bench, Done, FOLDER, SCRIPTS, SEVEN, TEN, VISTA, XP, package};

const SYSPREP_INF: &[u8] = b"[Unattended]\r\nOemSkipEula=Yes\r\n\r\n[GuiRunOnce]\r\n\
    Command0=\"C:\\first.cmd\"\r\n\r\n[Data]\r\nx=\xE4\r\n";

/// Two packages with names that cmd.exe would read as something else.
fn packages(nt5: bool) -> Vec<Payload> {
    match nt5 {
        true => vec![
            package("Hot & fix 100%.exe", PackageKind::HotfixExe),
            package("^KB2!.exe", PackageKind::HotfixExe),
        ],
        false => vec![
            package("a & b %PATH% (1)^!.msu", PackageKind::Msu),
            package("Ünïcode update.cab", PackageKind::Cab),
        ],
    }
}

#[test]
fn each_state_gets_its_mechanism_and_everything_can_be_taken_back() {
    let sealed = || {
        let bench = Bench::new(XP);
        bench.put("Sysprep/sysprep.inf", SYSPREP_INF);
        bench
    };
    let with_install_files = || {
        let bench = Bench::new(XP);
        let inf = b"[Unattended]\nInstallFilesPath = \"C:\\Sysprep\\i386\"\n";
        bench.put("Sysprep/sysprep.inf", inf);
        bench
    };
    let unattended = || {
        let bench = Bench::new(XP);
        bench.put("Sysprep/sysprep.exe", b"MZ");
        bench
    };
    let scripted = || {
        let bench = Bench::new(TEN);
        let script = b"@echo off\r\nrem \x84\r\nexit /b 7";
        bench.put("Windows/Setup/Scripts/SetupComplete.cmd", script);
        bench
    };
    use FirstBootState::{Armed, Deployed, SealedNt5};
    for (name, bench, state, mechanism) in [
        ("xp", Bench::new(XP), Deployed, Mechanism::Service),
        ("7", Bench::new(SEVEN), Deployed, Mechanism::Service),
        ("10", Bench::new(TEN), Deployed, Mechanism::Service),
        ("xp sealed", sealed(), SealedNt5, Mechanism::GuiRunOnce),
        (
            "xp unattended",
            unattended(),
            SealedNt5,
            Mechanism::GuiRunOnce,
        ),
        (
            "xp cmdlines",
            with_install_files(),
            SealedNt5,
            Mechanism::CmdLines,
        ),
        (
            "vista armed",
            Bench::new(VISTA),
            Armed,
            Mechanism::SetupComplete,
        ),
        (
            "7 armed",
            Bench::new(SEVEN),
            Armed,
            Mechanism::SetupComplete,
        ),
        ("10 armed", Bench::new(TEN), Armed, Mechanism::SetupComplete),
        ("10 scripted", scripted(), Armed, Mechanism::SetupComplete),
    ] {
        bench.keep();
        let packages = packages(name.starts_with("xp"));
        let Done {
            results, writes, ..
        } = bench.defer(&packages, &state).unwrap();
        assert!(writes, "{name}");
        let numbers: Vec<_> = results.iter().map(|one| one.number).collect();
        assert_eq!(numbers, [1, 2], "{name}");
        assert!(
            results
                .iter()
                .all(|one| one.mechanism == mechanism && !one.unchanged)
        );

        let found = bench.deferred().unwrap();
        assert_eq!(found.mechanism, mechanism, "{name}");
        assert!(found.armed, "{name}");
        for (waiting, package) in found.packages.iter().zip(&packages) {
            assert_eq!(waiting.name, package.name, "{name}");
            assert!(waiting.complete && waiting.result.is_none(), "{name}");
            let content = bench.read(&waiting.path.to_string().replace('\\', "/"));
            assert_eq!(content.unwrap(), package.name.as_bytes());
        }
        // Only names of ours reach cmd.exe.
        let script = bench.text(&format!("{FOLDER}/run.cmd"));
        assert!(script.is_ascii() && !script.contains("%PATH%"), "{script}");
        assert!(script.lines().count() == script.matches("\r\n").count());

        let again = bench.defer(&packages, &state).unwrap();
        assert!(again.results.iter().all(|one| one.unchanged), "{name}");
        assert!(!again.writes, "{name}");

        // The second alone: the first goes on waiting.
        bench.withdraw(&[packages[1].name.as_str()]).unwrap();
        let left = bench.deferred().unwrap();
        assert!(left.armed && left.packages.len() == 1, "{name}");
        assert_eq!(left.packages[0].number, 1);
        bench.withdraw(&["1"]).unwrap();
        assert_eq!(bench.deferred(), None, "{name}");
        bench.is_as_kept();
    }
}

#[test]
fn the_script_runs_each_package_with_the_program_of_its_windows() {
    for (windows, state, expected) in [
        (
            XP,
            FirstBootState::Deployed,
            ["\"%here%01.exe\" /quiet /norestart /n", "\"%here%02.exe\""],
        ),
        (
            VISTA,
            FirstBootState::Armed,
            [
                "\"%system%\\wusa.exe\" \"%here%01.msu\" /quiet /norestart",
                "\"%system%\\pkgmgr.exe\" /ip \"/m:%here%02.cab\"",
            ],
        ),
        (
            TEN,
            FirstBootState::Armed,
            [
                "\"%system%\\wusa.exe\" \"%here%01.msu\" /quiet /norestart",
                "\"%system%\\dism.exe\" /online /add-package \"/packagepath:%here%02.cab\" /quiet \
                 /norestart",
            ],
        ),
    ] {
        let bench = Bench::new(windows);
        bench.defer(&packages(windows == XP), &state).unwrap();
        let script = bench.text(&format!("{FOLDER}/run.cmd"));
        let places = expected.map(|command| script.find(command).unwrap());
        assert!(places[0] < places[1]);
    }
}

#[test]
fn a_script_that_was_there_is_kept_byte_for_byte_behind_ours() {
    let bench = Bench::new(TEN);
    let script = b"\xEF\xBB\xBFrem \x84\xE4\nexit /b 7".to_vec();
    bench.put(&format!("{SCRIPTS}/SetupComplete.cmd"), &script);
    bench.keep();
    let first = [package("a.msu", PackageKind::Msu)];
    bench.defer(&first, &FirstBootState::Armed).unwrap();
    let with = bench.read(&format!("{SCRIPTS}/SetupComplete.cmd")).unwrap();
    assert!(with.ends_with(&script) && with.len() > script.len());

    // Somebody adds to it: that stays when ours goes.
    let added = [with.as_slice(), b"\r\nrem mine\r\n"].concat();
    bench.put(&format!("{SCRIPTS}/SetupComplete.cmd"), &added);
    assert!(bench.deferred().unwrap().armed);
    // Somebody changes ours: it is seen, mended, and goes whole.
    let broken = String::from_utf8_lossy(&added).replace("@ver >nul", "@rem");
    bench.put(&format!("{SCRIPTS}/SetupComplete.cmd"), broken.as_bytes());
    assert!(!bench.deferred().unwrap().armed);
    bench.put(&format!("{SCRIPTS}/SetupComplete.cmd"), &added);
    bench.withdraw(&["a.msu"]).unwrap();
    let left = bench.read(&format!("{SCRIPTS}/SetupComplete.cmd")).unwrap();
    assert_eq!(left, [script.as_slice(), b"\r\nrem mine\r\n"].concat());
}

#[test]
fn what_starts_the_packages_is_put_back_where_it_was_lost() {
    let bench = Bench::new(SEVEN);
    let first = [package("a.msu", PackageKind::Msu)];
    bench.defer(&first, &FirstBootState::Armed).unwrap();
    bench.put(&format!("{SCRIPTS}/SetupComplete.cmd"), b"rem another\r\n");
    assert!(!bench.deferred().unwrap().armed);
    let again = bench.defer(&first, &FirstBootState::Armed).unwrap();
    assert!(again.writes && bench.deferred().unwrap().armed);
    let script = bench.text(&format!("{SCRIPTS}/SetupComplete.cmd"));
    assert!(script.ends_with("rem another\r\n"));
}

#[test]
fn another_state_moves_what_waits_to_its_mechanism() {
    let bench = Bench::new(TEN);
    bench.keep();
    let first = [package("a.msu", PackageKind::Msu)];
    let both = [first[0].clone(), package("b.msu", PackageKind::Msu)];
    bench.defer(&first, &FirstBootState::Deployed).unwrap();
    bench.defer(&both, &FirstBootState::Armed).unwrap();
    let found = bench.deferred().unwrap();
    assert_eq!(found.mechanism, Mechanism::SetupComplete);
    assert!(found.armed && found.packages.len() == 2);
    bench.defer(&both, &FirstBootState::Deployed).unwrap();
    assert_eq!(bench.read(&format!("{SCRIPTS}/SetupComplete.cmd")), None);
    bench.withdraw(&["1", "2"]).unwrap();
    bench.is_as_kept();
}

#[test]
fn numbers_are_never_given_twice_while_something_waits() {
    let bench = Bench::new(TEN);
    let named = |name: &str| package(name, PackageKind::Msu);
    let state = FirstBootState::Armed;
    bench
        .defer(&[named("a"), named("b"), named("c")], &state)
        .unwrap();
    bench.withdraw(&["2"]).unwrap();
    bench.defer(&[named("d")], &state).unwrap();
    let found = bench.deferred().unwrap();
    let order: Vec<_> = found
        .packages
        .iter()
        .map(|one| (one.number, one.name.as_str()))
        .collect();
    assert_eq!(order, [(1, "a"), (3, "c"), (4, "d")]);
    assert_eq!(bench.read(&format!("{FOLDER}/02.msu")), None);
}

#[test]
fn a_key_of_the_maker_is_warned_of_where_it_matters_and_never_shown() {
    let nt = "Microsoft\\Windows NT\\CurrentVersion";
    let id = (nt, "ProductId", Data::Sz("00330-80000-00000-AAOEM"));
    let channel = "xx OEM:DM"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let channel = (nt, "DigitalProductId4", Data::Binary(channel));
    let retail = (nt, "ProductId", Data::Sz("00330-80000-00000-AA123"));
    let enterprise = (nt, "EditionID", Data::Sz("Enterprise"));
    let file = "<ProductKey>ABCDE-FGHIJ-KLMNO-PQRST-UVWXY</ProductKey>";
    for (windows, values, answer, severity) in [
        (TEN, vec![id.clone()], None, Some(Severity::Warning)),
        (TEN, vec![channel], None, Some(Severity::Warning)),
        (TEN, vec![retail.clone()], None, Some(Severity::Note)),
        (TEN, vec![retail], Some(file), Some(Severity::Warning)),
        (TEN, vec![id.clone(), enterprise], None, None),
        (SEVEN, vec![id], None, None),
    ] {
        let bench = Bench::new(windows);
        bench.software(windows, &values);
        if let Some(answer) = answer {
            bench.put("Windows/Panther/unattend.xml", answer.as_bytes());
        }
        let first = [package("a.msu", PackageKind::Msu)];
        let Done { findings, .. } = bench.defer(&first, &FirstBootState::Armed).unwrap();
        let found = findings
            .iter()
            .find(|one| one.name == "oem-key-skips-script");
        assert_eq!(found.map(|one| one.severity), severity, "{findings:?}");
        assert!(findings.iter().all(|one| !one.message.contains("ABCDE")));
    }
}
