//! Logs of every kind, told in words. One is real; the others are made here,
//! after the descriptions of their formats and with single messages as
//! Microsoft's pages and public reports quote them.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on ends"
)]

use proptest::prelude::*;
use wimwright_servicing::explain::logs::{
    Log, LogEncoding, LogError, LogKind, LogReader, Outcome, Section,
};

fn read(bytes: &[u8]) -> Result<Log, LogError> {
    let mut reader = LogReader::new();
    for piece in bytes.chunks(1000) {
        reader.feed(piece)?;
    }
    reader.finish()
}

fn only_bad(log: &Log) -> &Section {
    let bad: Vec<&Section> = log
        .sections
        .iter()
        .filter(|section| section.outcome.is_bad())
        .collect();
    assert_eq!(bad.len(), 1, "{bad:#?}");
    bad[0]
}

fn codes(section: &Section) -> Vec<String> {
    let codes = section.codes.iter();
    codes.map(|used| used.code.to_string()).collect()
}

fn facts(section: &Section) -> Vec<&str> {
    let facts = section.facts.iter();
    facts.map(|found| found.fact.name).collect()
}

#[test]
fn a_real_log_of_devices_is_read() {
    let file = wimwright_testdata::files().join("logs/plaso-setupapi.dev.log");
    let log = read(&std::fs::read(file).unwrap()).unwrap();
    assert_eq!(log.kind, LogKind::SetupApi);
    assert_eq!(log.system.as_deref(), Some("Windows 10.0.10240, amd64"));
    assert_eq!((log.succeeded, log.failed), (2, 0));
    let device = &log.sections[0];
    assert_eq!(device.title, "Device Install (Hardware initiated)");
    let instance = "SWD\\IP_TUNNEL_VBUS\\ISATAP_0";
    assert_eq!(device.device.as_deref(), Some(instance));
    assert_eq!(device.started.as_deref(), Some("2015/11/22 17:59:28.110"));
    assert_eq!((device.first_line, device.last_line), (12, 85));
    let ranks: Vec<_> = device
        .drivers
        .iter()
        .map(|driver| (driver.rank.as_deref().unwrap(), driver.selected))
        .collect();
    assert_eq!(ranks, [("0x00ff0000", true), ("0x00ff3000", false)]);
    assert_eq!(device.drivers[0].signer.as_deref(), Some("INBOX"));
}

const UNSIGNED: &str = r">>>  [Setup Import Driver Package - C:\d\viostor.inf]
>>>  Section start 2024/05/01 10:00:00.000
      cmd: pnputil /add-driver C:\d\viostor.inf
     sto: {Setup Import Driver Package: C:\d\viostor.inf} 10:00:00.010
     sig:           {_VERIFY_FILE_SIGNATURE} 10:00:00.020
!    sig:                Verifying file against specific Authenticode(tm) catalog failed.
!    sig:                Error 0x800b0100: No signature was present in the subject.
     sig:           {_VERIFY_FILE_SIGNATURE exit(0x800b0100)} 10:00:00.030
!!!  sig:           Driver package catalog file does not contain a signature, and Code Integrity is enforced.
!!!  sig:           Driver package failed signature validation. Error = 0xE0000247
!!!  sto:      Failed to import driver package into Driver Store. Error = 0xE0000247
     sto: {Setup Import Driver Package - exit (0xe0000247)} 10:00:00.040
<<<  Section end 2024/05/01 10:00:00.050
<<<  [Exit status: FAILURE(0xe0000247)]
";

#[test]
fn an_unsigned_package_is_told_with_the_code_below_the_code() {
    let log = read(UNSIGNED.as_bytes()).unwrap();
    let section = only_bad(&log);
    assert_eq!(section.outcome, Outcome::Failed);
    assert_eq!(section.driver.as_deref(), Some("C:\\d\\viostor.inf"));
    let command = "pnputil /add-driver C:\\d\\viostor.inf";
    assert_eq!(section.command.as_deref(), Some(command));
    let cause = section.cause.as_ref().unwrap();
    assert_eq!(cause.number, 9);
    assert!(cause.text.contains("does not contain a signature"));
    assert_eq!(codes(section), ["0x800B0100", "0xE0000247"]);
    assert_eq!(facts(section), ["unsigned"]);
    let told: Vec<_> = log
        .codes()
        .iter()
        .map(|told| (told.code.value, told.count, told.main))
        .collect();
    assert_eq!(told, [(0xE000_0247, 3, true), (0x800B_0100, 2, false)]);
    assert_eq!((section.errors, section.warnings), (3, 2));
}

#[test]
fn a_device_without_a_driver_and_one_that_keeps_its_own() {
    let none = r">>>  [Device Install (Hardware initiated) - PCI\VEN_1AF4&DEV_1001\3&1]
>>>  Section start 2024/05/01 10:00:00.000
     dvi: {Build Driver List} 10:00:00.010
     dvi:      Searching for hardware ID(s):
     dvi:           pci\ven_1af4&dev_1001
     dvi: {Build Driver List - exit(0x00000000)} 10:00:00.020
!    dvi:                     Selecting driver failed(0xe0000228)
!    dvi:           Error 0xe0000228: There are no compatible drivers for this device.
     ndv:      No drivers found for device.
<<<  Section end 2024/05/01 10:00:00.050
<<<  [Exit status: FAILURE(0xe0000228)]
";
    let kept = r">>>  [Device Install (UpdateDriverForPlugAndPlayDevices) - PCI\VEN_8086&DEV_8C4F]
>>>  Section start 2019/09/26 20:13:01.623
!    ndv: No better matching drivers found for device 'PCI\VEN_8086&DEV_8C4F\3&1'.
!    ndv: No devices were updated.
<<<  Section end 2019/09/26 20:13:01.759
<<<  [Exit status: FAILURE(0x00000103)]
";
    let log = read([none, kept].concat().as_bytes()).unwrap();
    let section = only_bad(&log);
    assert_eq!(facts(section), ["no-driver"]);
    assert_eq!(codes(section), ["0xE0000228"]);
    assert_eq!(section.cause.as_ref().unwrap().number, 8);
    // 0x103 says that nothing better was found: no failure.
    assert_eq!(log.succeeded, 1);
    assert_eq!(facts(&log.sections[1]), ["no-better-driver"]);
}

#[test]
fn the_form_of_the_documentation_is_read_too() {
    let text = "[Device Install Log]\n     OS Version = 6.0.5033\n     Architecture = x86\n\n[BeginLog]\n\
        >>>  [Device Install - PCI\\VEN_104C&DEV_8019]\n\
        >>>  2005/02/13 22:06:28.109: Section start\n\
        !!!  inf:      InfCache: Error flagging 1394.inf for match string\n\
        <<<  [2005/02/13 22:06:29.000: Section end]\n<<<  [Exit Status(0x00000000)]\n\
        >>>  [cut off\n";
    let log = read(text.as_bytes()).unwrap();
    assert_eq!(log.system.as_deref(), Some("Windows 6.0.5033, x86"));
    assert_eq!((log.succeeded, log.no_result), (1, 1));
    let first = &log.sections[0];
    assert_eq!(first.started.as_deref(), Some("2005/02/13 22:06:28.109"));
    assert_eq!(first.ended.as_deref(), Some("2005/02/13 22:06:29.000"));
    assert_eq!(first.errors, 1);
}

#[test]
fn the_log_of_xp_is_read() {
    let text = "[SetupAPI Log]\r\nOS Version = 5.1.2600 Service Pack 3\r\n\
        [2003/05/22 16:35:47 336.12]\r\n\
        #-199 Executing \"C:\\WINDOWS\\system32\\setup.exe\" with command line: setup -newsetup\r\n\
        #I140 Installing Device Class: \"1394\" {6BDD1FC1-810F-11D0-BEC7-08002BE2092F}.\r\n\
        #I141 Class install completed with no errors.\r\n\
        [2003/05/22 16:36:00 336.13 Driver Install]\r\n\
        #-019 Searching for hardware ID(s): pci\\ven_1af4&dev_1001,pci\\ven_1af4\r\n\
        @ 16:36:01.001 #I022 Found \"PCI\\VEN_1AF4\" in C:\\WINDOWS\\inf\\oem1.inf; Device: \"Disk\"; Driver: \"Disk\"\r\n\
        @ 16:36:01.001 #I023 Actual install section: [x.NT]. Rank: 0x00000001. Effective driver date: 1/1/2009.\r\n\
        @ 16:36:01.002 #I063 Selected driver installs from section [x] in \"c:\\windows\\inf\\oem1.inf\".\r\n\
        @ 16:36:01.003 #E122 Device install failed. Error 2: The system cannot find the file specified.\r\n\
        [2003/05/22 16:37:00 336.14 Driver Install]\r\n\
        #E361 An unsigned or incorrectly signed file \"x.sys\" for driver \"y\" will be installed (Policy=Ignore). Error 1168: Element not found.\r\n\
        #I121 Device install of \"ROOT\\X\\0000\" finished successfully.\r\n";
    let log = read(text.as_bytes()).unwrap();
    assert_eq!(log.kind, LogKind::SetupApiXp);
    assert_eq!(
        log.system.as_deref(),
        Some("Windows 5.1.2600 Service Pack 3")
    );
    assert_eq!((log.succeeded, log.failed), (2, 1));
    let section = only_bad(&log);
    assert_eq!(section.title, "Driver Install");
    assert_eq!(codes(section), ["2"]);
    assert_eq!(
        section.driver.as_deref(),
        Some("c:\\windows\\inf\\oem1.inf")
    );
    let driver = &section.drivers[0];
    assert_eq!(
        (driver.rank.as_deref(), driver.selected),
        (Some("0x00000001"), true)
    );
    assert_eq!(facts(&log.sections[2]), ["unsigned-file-xp"]);
}

/// A run of DISM that adds a package which does not fit.
fn dism_run(second: u32, failing: bool) -> String {
    let time = format!("2024-02-15 13:02:{:02}", second % 60);
    let mut text = format!(
        "{time}, Info                  DISM   DISM.EXE: <----- Starting Dism.exe session ----->\r\n\
         {time}, Info                  DISM   DISM.EXE: Host machine information: OS Version=10.0.22631, Running architecture=amd64, Number of processors=16\r\n\
         {time}, Info                  DISM   DISM.EXE: Executing command line: dism /Image:C:\\m /Add-Package /PackagePath:x.cab\r\n\
         {time}, Warning               DISM   DISM Provider Store: PID=1 TID=2 Failed to load the provider - CDISMProviderStore::Internal_GetProvider(hr:0x8007007e)\r\n\
         [4804.1852] [0x8007007b] FIOReadFileIntoBuffer:(1456): The filename is incorrect.\r\n"
    );
    if failing {
        text.push_str(&format!(
            "{time}, Error                 DISM   DISM Package Manager: PID=1 TID=2 The package Package_for_KB1~31bf3856ad364e35~amd64~~1.0.0.1 is not applicable to the image. - CPackageManagerCLIHandler::Private_ProcessPackageChange(hr:0x800f081e)\r\n\
             {time}, Error                 DISM   DISM Package Manager: PID=1 TID=2 Failed while processing command add-package. - CPackageManagerCLIHandler::ExecuteCmdLine(hr:0x800f081e)\r\n\
             {time}, Error                 DISM   DISM.EXE: DISM Package Manager processed the command line but failed. HRESULT=800F081E\r\n"
        ));
    }
    text.push_str(&format!(
        "{time}, Info                  DISM   DISM.EXE: <----- Ending Dism.exe session ----->\r\n"
    ));
    text
}

#[test]
fn runs_of_dism_are_told_apart() {
    let text = [dism_run(1, false), dism_run(2, true), dism_run(3, false)].concat();
    let log = read(text.as_bytes()).unwrap();
    assert_eq!(log.kind, LogKind::Dism);
    assert_eq!((log.succeeded, log.failed), (2, 1));
    let section = only_bad(&log);
    assert!(section.command.as_ref().unwrap().contains("/Add-Package"));
    let package = "Package_for_KB1~31bf3856ad364e35~amd64~~1.0.0.1";
    assert_eq!(section.package.as_deref(), Some(package));
    assert_eq!(section.status.as_ref().unwrap().value, 0x800F_081E);
    assert_eq!(section.cause.as_ref().unwrap().number, 12);
    assert!(codes(section).contains(&"0x800F081E".to_owned()));
    assert_eq!(facts(section), ["not-applicable"]);
}

#[test]
fn sessions_of_servicing_fail_by_the_code_that_they_end_with() {
    let head = "2023-09-04 15:01:5";
    let text = format!(
        "{head}0, Info                  CBS    Loaded Servicing Stack v10.0.14393.4349 with Core: C:\\w\\cbscore.dll\n\
         {head}1, Info                  CBS    Session: 31055555_1 initialized by client WindowsUpdateAgent.\n\
         {head}1, Info                  CBS    Failed to internally open package. [HRESULT = 0x800f0805 - CBS_E_INVALID_PACKAGE]\n\
         {head}2, Info                  CBS    Session: 31055555_2 initialized by client DISM Package Manager Provider, external staging directory: (null)\n\
         {head}2, Info                  CBS    Expecting attribute name [HRESULT = 0x800f080d - CBS_E_MANIFEST_INVALID_ITEM]\n\
         {head}3, Error                 CBS    Package \"Package_for_KB5012170~31bf3856ad364e35~amd64~~14393.5285.1.4\" requires Servicing Stack v10.0.14393.5285 but current Servicing Stack is v10.0.14393.4349. [HRESULT = 0x800f0823 - CBS_E_NEW_SERVICING_STACK_REQUIRED]\n\
         {head}3, Info                  CBS    Failed to initialize internal package [HRESULT = 0x800f0823 - CBS_E_NEW_SERVICING_STACK_REQUIRED]\n\
         {head}4, Info                  CBS    Session: 31055555_2 finalized. Reboot required: no [HRESULT = 0x800f0823 - CBS_E_NEW_SERVICING_STACK_REQUIRED]\n\
         {head}5, Info                  CBS    Session: 31055555_1 finalized. Reboot required: yes [HRESULT = 0x80070bc2 - ERROR_SUCCESS_REBOOT_REQUIRED]\n\
         {head}6, Info                  CSI    00000006 Begin executing advanced installer\n    Old component: [l:0]''\n"
    );
    let log = read(text.as_bytes()).unwrap();
    assert_eq!(log.kind, LogKind::Cbs);
    assert_eq!(
        log.system.as_deref(),
        Some("servicing stack v10.0.14393.4349")
    );
    assert_eq!((log.succeeded, log.failed), (1, 1));
    let section = only_bad(&log);
    let cause = section.cause.as_ref().unwrap();
    assert_eq!(cause.number, 6);
    assert_eq!(facts(section), ["servicing-stack-too-old"]);
    let package = "Package_for_KB5012170~31bf3856ad364e35~amd64~~14393.5285.1.4";
    assert_eq!(section.package.as_deref(), Some(package));
    assert!(section.title.ends_with("of DISM Package Manager Provider"));
    assert_eq!((section.first_line, section.last_line), (4, 8));
}

#[test]
fn setup_and_sysprep_say_which_line_it_was() {
    let text = "2024-01-01 10:00:00, Info                  SYSPRP ========================================================\n\
        2024-01-01 10:00:00, Info                  SYSPRP ===          Beginning of a new sysprep run              ===\n\
        2024-01-01 10:00:01, Info       [0x0f004d] SYSPRP ParseCommands:Found supported command line option 'GENERALIZE'\n\
        2026-08-15 11:15:35, Error                 SYSPRP Package Microsoft.MicrosoftEdge.Stable_151.0_neutral__8wekyb3d8bbwe was installed for a user, but not provisioned for all users. This package will not function properly in the sysprep image.\n\
        2026-08-15 11:15:35, Error                 SYSPRP Failed to remove apps for the current user: 0x80073cf2.\n";
    let log = read(text.as_bytes()).unwrap();
    assert_eq!(log.kind, LogKind::Setup);
    let section = only_bad(&log);
    assert_eq!(section.title, "sysprep run");
    assert_eq!(section.command.as_deref(), Some("sysprep /generalize"));
    assert_eq!(facts(section), ["app-not-provisioned"]);
    assert_eq!(section.cause.as_ref().unwrap().number, 4);
    assert_eq!(codes(section), ["0x80073CF2"]);

    let text = "2019-05-04 17:43:07, Error                 SP     pSPRemoveUpgradeRegTree: failed to delete reg tree[gle=0x00000005]\n\
        2019-05-04 17:43:08, Info                  SP     Crash 0x0000007E detected\n";
    let log = read(text.as_bytes()).unwrap();
    // Errors of Setup are common where all went well: no verdict.
    assert_eq!((log.failed, log.with_errors), (0, 1));
    assert_eq!(codes(only_bad(&log)), ["0x00000005", "0x0000007E"]);
}

#[test]
fn errors_that_come_again_and_again_are_counted_once() {
    let runs: String = (0..500).map(|second| dism_run(second, true)).collect();
    let log = read(runs.as_bytes()).unwrap();
    assert_eq!(log.failed, 500);
    assert_eq!(log.sections.len(), 200, "the last of them are kept");
    assert_eq!(log.repeated.len(), 3);
    assert!(log.repeated.iter().all(|repeated| repeated.count == 500));
    assert_eq!(log.repeated[0].first_line, 6);
}

#[test]
fn the_encoding_changes_nothing() {
    let plain = read(UNSIGNED.as_bytes()).unwrap();
    let wide: Vec<u8> = UNSIGNED.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let marked = [b"\xff\xfe".as_slice(), &wide].concat();
    for bytes in [wide, marked] {
        let log = read(&bytes).unwrap();
        assert_eq!(log.encoding, LogEncoding::Utf16Le);
        assert_eq!(only_bad(&log).cause, only_bad(&plain).cause);
        // Cut in the middle of a character, it is read as far as it goes.
        let cut = read(&bytes[..bytes.len() / 2 - 1]).unwrap();
        assert!(cut.lines < log.lines);
    }
    let ansi = b">>>  [Device Install - USB\\GER\xc4T]\n<<<  [Exit status: SUCCESS]\n";
    let log = read(ansi).unwrap();
    assert_eq!(log.encoding, LogEncoding::Ansi);
    assert_eq!(log.sections[0].device.as_deref(), Some("USB\\GER\u{c4}T"));
}

#[test]
fn what_is_no_log_is_refused_and_early() {
    assert_eq!(read(b"").unwrap_err(), LogError::Empty);
    assert_eq!(
        read(b"just\nsome text\n").unwrap_err(),
        LogError::Unknown { lines: 2 }
    );
    let program: Vec<u8> = (0..100_000_u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    assert_eq!(read(&program).unwrap_err(), LogError::Binary);
    // A gigabyte of another log is not read to its end.
    let mut reader = LogReader::new();
    let line = b"a line of some other program's log\n".repeat(100);
    let fed = (0..1_000_000).take_while(|_| reader.feed(&line).is_ok());
    assert!(fed.count() < 20);
}

#[test]
fn a_line_without_end_is_no_trouble() {
    let mut reader = LogReader::new();
    reader.feed(UNSIGNED.as_bytes()).unwrap();
    for _ in 0..200 {
        reader.feed(&[b'x'; 100_000]).unwrap();
    }
    reader.feed(b"\n").unwrap();
    reader.feed(UNSIGNED.as_bytes()).unwrap();
    let log = reader.finish().unwrap();
    assert_eq!((log.cut_lines, log.failed), (1, 2));
}

/// Lines that parsers look into, in any order and damaged.
fn line() -> impl Strategy<Value = String> {
    let known: Vec<String> = UNSIGNED
        .lines()
        .map(str::to_owned)
        .chain(dism_run(1, true).lines().map(str::to_owned))
        .chain(
            [
                "[2003/05/22 16:35:47 336.12 Driver Install]",
                "#E122 Device install failed. Error 2: x",
                "#I022 Found \"x\" in y; Device: \"",
                "@ 16:36:01.003 #-019 Searching for hardware ID(s): ",
                "2023-09-04 15:01:50, Info CBS Session: 1_2 initialized by client X.",
                "2023-09-04 15:01:50, Info CBS Session: 1_2 finalized. [HRESULT = 0x",
                "2023-09-04 15:01:50, Error CBS Exec: Processing complete. Session: 1_2, Package: ",
                "2023-09-04 15:01:50, Error SYSPRP ParseCommands:Found supported command line option '",
                "[BeginLog]",
                "     OS Version = ",
            ]
            .map(str::to_owned),
        )
        .collect();
    (
        proptest::sample::select(known),
        any::<Option<prop::sample::Index>>(),
        "\\PC{0,6}",
    )
        .prop_map(|(line, cut, noise)| match cut {
            Some(cut) => {
                let at = cut.index(line.len() + 1);
                let at = (0..=at)
                    .rev()
                    .find(|at| line.is_char_boundary(*at))
                    .unwrap_or(0);
                format!("{}{noise}", &line[..at])
            }
            None => line,
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..6000), step in 1_usize..700) {
        let mut reader = LogReader::new();
        for piece in bytes.chunks(step) {
            if reader.feed(piece).is_err() {
                break;
            }
        }
        let _ = reader.finish();
    }

    #[test]
    fn damaged_logs_are_read_the_same_in_any_pieces(
        lines in prop::collection::vec(line(), 0..120),
        wide in any::<bool>(),
        step in 1_usize..400,
    ) {
        let text = lines.join("\r\n");
        let bytes = match wide {
            true => [vec![0xFF, 0xFE], text.encode_utf16().flat_map(u16::to_le_bytes).collect()].concat(),
            false => text.into_bytes(),
        };
        let mut reader = LogReader::new();
        for piece in bytes.chunks(step) {
            let _ = reader.feed(piece);
        }
        let (pieces, whole) = (reader.finish(), read(&bytes));
        prop_assert_eq!(format!("{pieces:?}"), format!("{whole:?}"));
        if let Ok(log) = whole {
            let counted = log.succeeded + log.failed + log.with_errors + log.no_result;
            prop_assert!(log.sections.len() as u64 <= counted);
            for section in &log.sections {
                prop_assert!(section.first_line <= section.last_line);
                prop_assert!(section.last_line <= log.lines);
            }
        }
    }
}
