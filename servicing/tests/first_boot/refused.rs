//! What is refused, with its reason, and without a change.

use wimwright_servicing::update::deferral::{FirstBootState, PackageKind};
use wimwright_testdata::image::Data;

use super::support::{Bench, FOLDER, SEVEN, TEN, XP, package};

#[test]
fn images_in_which_nothing_can_wait_are_refused_and_stay_as_they_are() {
    let servicing = "Microsoft\\Windows\\CurrentVersion\\Component Based Servicing";
    let key = |name: &str| -> &'static str { format!("{servicing}\\{name}").leak() };
    let with = |values: &[(&str, &str, Data)]| {
        let bench = Bench::new(TEN);
        bench.software(TEN, values);
        bench
    };
    let pending_file = Bench::new(TEN);
    pending_file.put("Windows/WinSxS/pending.xml", b"<PendingTransaction/>");
    let elsewhere = |value: &str| {
        let bench = Bench::new(XP);
        let inf = format!("[Unattended]\r\nInstallFilesPath={value}\r\n");
        bench.put("Sysprep/sysprep.inf", inf.as_bytes());
        bench
    };
    let half = Bench::new(TEN);
    let cut = b"@rem >>> wimwright first boot\r\nrem mine\r\n";
    half.put("Windows/Setup/Scripts/SetupComplete.cmd", cut);
    let damaged = Bench::new(TEN);
    damaged.put(&format!("{FOLDER}/queue.json"), b"{\"schema\":\"x\"}");
    let foreign = Bench::new(TEN);
    foreign.put(
        &format!("{FOLDER}/queue.json"),
        br#"{"schema":"wimwright/first-boot-queue/1","mechanism":"service","packages":[{"number":1,
        "file":"..\\x.exe","name":"x","kind":"msu","installer":"wusa","size":1,"sha256":""}]}"#,
    );
    let elsewhere_in = |queue: &str| {
        let bench = Bench::new(TEN);
        let start = r#"{"schema":"wimwright/first-boot-queue/1","packages":[],"#;
        let text = format!("{start}{queue}}}");
        bench.put(&format!("{FOLDER}/queue.json"), text.as_bytes());
        bench
    };
    let made = r#""mechanism":"service","made":["Windows\\System32"]"#;
    let inserted = r#""mechanism":"setup-complete","made":[],"insertion":{"path":
        "Windows\\System32\\config\\SAM","created":true,"text":"x"}"#;
    let audit = FirstBootState::Unclear {
        reason: "it enters audit mode".to_owned(),
    };
    use FirstBootState::{Armed, Deployed, SealedNt5};
    use PackageKind::{Cab, HotfixExe, Msu};
    for (bench, kind, state, reason) in [
        (Bench::new(TEN), Msu, audit, "it enters audit mode"),
        (
            Bench::new(TEN),
            Msu,
            SealedNt5,
            "state is that of another Windows",
        ),
        (
            Bench::new(XP),
            HotfixExe,
            Armed,
            "state is that of another Windows",
        ),
        (
            Bench::new((5, 0, 2195)),
            HotfixExe,
            Deployed,
            "Windows XP and later",
        ),
        (
            Bench::new(TEN),
            HotfixExe,
            Deployed,
            "10.0.19045 cannot install",
        ),
        (Bench::new(XP), Msu, Deployed, "5.1.2600 cannot install"),
        (Bench::new(XP), Cab, SealedNt5, "5.1.2600 cannot install"),
        (pending_file, Msu, Armed, "pending.xml"),
        (
            with(&[(key("RebootPending"), "", Data::Dword(1))]),
            Msu,
            Armed,
            "RebootPending",
        ),
        (
            with(&[(key("PackagesPending\\Package_1"), "x", Data::Dword(1))]),
            Msu,
            Deployed,
            "Package_1",
        ),
        (
            with(&[(key("SessionsPending"), "Exclusive", Data::Dword(3))]),
            Msu,
            Armed,
            "Exclusive is 3",
        ),
        (
            with(&[(
                "Microsoft\\Windows NT\\CurrentVersion",
                "EditionID",
                Data::Sz("WindowsPE"),
            )]),
            Msu,
            Deployed,
            "WinPE",
        ),
        (
            elsewhere("\\\\server\\share"),
            HotfixExe,
            SealedNt5,
            "server",
        ),
        (elsewhere("D:\\i386"), HotfixExe, SealedNt5, "D:\\i386"),
        (half, Msu, Armed, "has no end"),
        (damaged, Msu, Armed, "queue.json"),
        (foreign, Msu, Armed, "expected `01.msu`"),
        (elsewhere_in(made), Msu, Armed, "folders that are not above"),
        (elsewhere_in(inserted), Msu, Armed, "config\\SAM"),
    ] {
        bench.keep();
        let result = bench.defer(&[package("a", kind)], &state);
        let error = result.map(|_| ()).unwrap_err().to_string();
        assert!(error.contains(reason), "`{reason}` in: {error}");
        bench.is_as_kept();
    }
}

#[test]
fn empty_keys_that_servicing_leaves_behind_are_no_pending_operation() {
    let servicing = "Microsoft\\Windows\\CurrentVersion\\Component Based Servicing";
    let sessions: &'static str = format!("{servicing}\\SessionsPending").leak();
    let packages: &'static str = format!("{servicing}\\PackagesPending").leak();
    let bench = Bench::new(SEVEN);
    bench.software(
        SEVEN,
        &[
            (sessions, "Exclusive", Data::Dword(0)),
            (packages, "x", Data::Dword(0)),
        ],
    );
    bench
        .defer(&[package("a", PackageKind::Msu)], &FirstBootState::Armed)
        .unwrap();
}

#[test]
fn names_that_nothing_or_several_packages_have_take_nothing_back() {
    let bench = Bench::new(TEN);
    let mut second = package("other", PackageKind::Msu);
    second.name = "SAME".to_owned();
    let packages = [package("same", PackageKind::Msu), second];
    bench.defer(&packages, &FirstBootState::Armed).unwrap();
    bench.keep();
    for (names, reason) in [
        (&["x"][..], "no package `x` waits"),
        (&["1", "x"], "no package `x` waits"),
        (&["same"], "by its number: 1, 2"),
        (&["0"], "no package `0`"),
    ] {
        let error = bench.withdraw(names).unwrap_err().to_string();
        assert!(error.contains(reason), "`{reason}` in: {error}");
        bench.is_as_kept();
    }
    let nothing = Bench::new(TEN);
    let error = nothing.withdraw(&["a"]).unwrap_err().to_string();
    assert!(error.contains("no package `a` waits"), "{error}");
}
