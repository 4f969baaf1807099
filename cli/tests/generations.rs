//! The driver commands on images before Windows 8, as a user runs them.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test program"
)]

mod support;

use std::fs;
use std::path::Path;

use support::{content, run_in};
use tempfile::TempDir;
use wimwright::ExitCode;
use wimwright_testdata::image::{self, Data, Windows};

/// A driver that starts at boot, and a `txtsetup.oem` for the same one.
const INF: &str = "[Version]\r\nSignature=\"$Windows NT$\"\r\nClass=SCSIAdapter\r\nProvider=%P%\r\n\
    ClassGuid={4D36E97B-E325-11CE-BFC1-08002BE10318}\r\nDriverVer=01/02/2010,1.2.3.4\r\n\
    [Manufacturer]\r\n%P%=M\r\n[M]\r\nAdapter=I,PCI\\VEN_F1F1&DEV_0001\r\n[I]\r\nCopyFiles=L\r\n\
    [I.Services]\r\nAddService=xstor,2,S\r\n[S]\r\nServiceType=1\r\nStartType=0\r\nErrorControl=1\r\n\
    ServiceBinary=%12%\\xstor.sys\r\n[DestinationDirs]\r\nL=12\r\n[L]\r\nxstor.sys\r\n\
    [SourceDisksNames]\r\n1=d\r\n[SourceDisksFiles]\r\nxstor.sys=1\r\n[Strings]\r\nP=\"Maker\"\r\n";

const SETUP: &str = "[Disks]\r\nd=Disk,\\tag,\\\r\n[Defaults]\r\nscsi=A\r\n[scsi]\r\nA=\"Adapter\"\r\n\
    [Files.scsi.A]\r\ndriver=d,xstor.sys,xstor\r\ninf=d,xstor.inf\r\n\
    [HardwareIds.scsi.A]\r\nid=\"PCI\\VEN_F1F1&DEV_0002\",\"xstor\"\r\n";

fn made(windows: &Windows) -> TempDir {
    let top = tempfile::tempdir().unwrap();
    let environment = "ControlSet001\\Control\\Session Manager\\Environment";
    let system = image::hive(
        "SYSTEM",
        &[
            ("Select", "Default", Data::Dword(1)),
            (environment, "PROCESSOR_ARCHITECTURE", Data::Sz("x86")),
            // What every real hive has: removing leaves no new key behind.
            ("ControlSet001\\Services\\Disk", "Start", Data::Dword(0)),
            (
                "ControlSet001\\Control\\CriticalDeviceDatabase\\gendisk",
                "Service",
                Data::Sz("disk"),
            ),
        ],
    );
    image::write(&top.path().join("image"), &system, &[], windows, 0);
    package(&top.path().join("xstor"));
    top
}

fn package(folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join("xstor.inf"), INF).unwrap();
    fs::write(folder.join("TXTSETUP.OEM"), SETUP).unwrap();
    // No PE file: nothing is said of its processor.
    fs::write(folder.join("xstor.sys"), b"a driver").unwrap();
}

#[test]
fn a_package_waits_is_listed_described_exported_and_removed() {
    for (windows, folder) in [
        (Windows::new(5, 1, 2600), "Drivers"),
        (Windows::new(6, 1, 7601), "OEMDRIVERS"),
    ] {
        let top = made(&windows);
        let image = top.path().join("image");
        let before = content(&image);
        let added = run_in(top.path(), "drivers add @image @xstor/xstor.inf --json")
            .ends(ExitCode::Done)
            .json();
        let result = &added["images"][0]["results"][0];
        assert_eq!(result["outcome"], "pending");
        assert!(result["published_name"].is_null());
        let name = result["package_id"].as_str().unwrap().to_owned();
        let id = name.strip_prefix("pending:").unwrap();
        assert!(
            image
                .join("Windows")
                .join(folder)
                .join(id)
                .join("xstor.inf")
                .exists()
        );

        run_in(top.path(), "drivers add @image @xstor/xstor.inf")
            .ends(ExitCode::Done)
            .says(&["unchanged", "nothing to change"]);
        run_in(top.path(), "drivers list @image")
            .ends(ExitCode::Done)
            .says(&[&name, "xstor.inf", "Maker", "2010-01-02", "1.2.3.4", "yes"]);
        run_in(top.path(), &format!("drivers info @image {name}"))
            .ends(ExitCode::Done)
            .says(&["PCI\\VEN_F1F1&DEV_0001", "xstor.sys", "boot"]);

        run_in(top.path(), &format!("drivers export @image @out {name}"))
            .ends(ExitCode::Done)
            .says(&["exported"]);
        let copied = fs::read(top.path().join("out").join(id).join("xstor.inf")).unwrap();
        assert_eq!(copied, INF.as_bytes());

        let refused = run_in(top.path(), &format!("drivers remove @image {name}"));
        refused
            .ends(ExitCode::Refused)
            .says(&["refused", "xstor", "0x7B", "--force"]);
        run_in(top.path(), &format!("drivers remove @image {name} --force"))
            .ends(ExitCode::Done)
            .says(&["removed"]);
        // Nothing of it is left, neither in the files nor in the registry.
        for (path, content) in before {
            let path = top.path().join("before").join(path);
            match content {
                None => fs::create_dir_all(path).unwrap(),
                Some(content) => {
                    fs::create_dir_all(path.parent().unwrap()).unwrap();
                    fs::write(path, content).unwrap();
                }
            }
        }
        run_in(top.path(), "diff @before @image --security")
            .ends(ExitCode::Done)
            .says(&["no differences"]);
        run_in(top.path(), "drivers list @image")
            .ends(ExitCode::Done)
            .says(&["no third-party driver packages"]);
    }
}

#[test]
fn text_mode_setup_is_taken_where_it_is_known_and_passed_over_elsewhere() {
    let top = made(&Windows::new(5, 2, 3790));
    run_in(top.path(), "drivers add @image @xstor")
        .ends(ExitCode::Done)
        .says(&[
            "pending",
            "xstor.inf",
            "TXTSETUP.OEM",
            "unsigned-prompts",
            "DriverSigningPolicy",
        ]);
    run_in(top.path(), "drivers info @xstor/TXTSETUP.OEM")
        .ends(ExitCode::Done)
        .says(&["PCI\\VEN_F1F1&DEV_0002", "xstor.sys"]);

    let top = made(&Windows::new(6, 1, 7601));
    let added = run_in(top.path(), "drivers add @image @xstor").ends(ExitCode::Done);
    assert!(!added.out.contains("TXTSETUP"), "{}", added.out);
    run_in(top.path(), "drivers add @image @xstor/TXTSETUP.OEM")
        .ends(ExitCode::Refused)
        .says(&["text mode setup"]);
}

#[test]
fn an_image_that_contradicts_itself_is_refused() {
    let top = made(&Windows::new(6, 2, 9200));
    let before = content(&top.path().join("image"));
    run_in(top.path(), "drivers add @image @xstor")
        .ends(ExitCode::Refused)
        .complains(&["DriverDatabase"]);
    assert!(content(&top.path().join("image")) == before);
}

#[test]
fn winpe_of_the_xp_age_is_refused_by_name() {
    let top = tempfile::tempdir().unwrap();
    let system = top.path().join("image/I386/System32");
    fs::create_dir_all(&system).unwrap();
    fs::write(system.join("setupreg.hiv"), b"regf").unwrap();
    package(&top.path().join("xstor"));
    run_in(top.path(), "drivers add @image @xstor/xstor.inf")
        .ends(ExitCode::Refused)
        .complains(&["WinPE of the Windows XP age", "txtsetup.sif"]);
}
