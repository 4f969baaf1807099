//! Packages as strangers make them: each gets its own clear reason, and what
//! the draft planned before stays as it was.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "a test program"
)]

mod support;

use std::io;
use std::sync::Arc;

use support::{any_signature, made_package, now, options, pe};
use wimwright_drivers::{AddResult, Outcome, Package, add};
use wimwright_servicing::{
    Access, Blob, Draft, Entry, FileTree, Image, ImagePath, Kind, Metadata, TreeError,
};
use wimwright_testdata::image::{Data, Windows, hive, write};

fn image() -> tempfile::TempDir {
    let environment = "ControlSet001\\Control\\Session Manager\\Environment";
    let system = hive(
        "SYSTEM",
        &[
            ("Select", "Default", Data::Dword(1)),
            (environment, "PROCESSOR_ARCHITECTURE", Data::Sz("AMD64")),
            ("DriverDatabase", "Version", Data::Dword(0x0A00_0000)),
        ],
    );
    let root = tempfile::tempdir().unwrap();
    write(root.path(), &system, &[], &Windows::new(10, 0, 19045), 9);
    root
}

const HEAD: &str = "[Version]\r\nSignature=\"$Windows NT$\"\r\nClass=System\r\nProvider=x\r\n\
    ClassGuid={4D36E97D-E325-11CE-BFC1-08002BE10318}\r\nDriverVer=01/01/2020,1.0.0.0\r\n\
    CatalogFile=x.cat\r\nPnpLockdown=1\r\n[Manufacturer]\r\nx=M,NTamd64\r\n[M.NTamd64]\r\n\
    d=I,ROOT\\X\r\n[I]\r\nCopyFiles=L\r\n[I.Services]\r\nAddService=x,2,S\r\n[S]\r\nServiceType=1\r\n\
    StartType=0\r\nErrorControl=1\r\nServiceBinary=%12%\\x.sys\r\n[SourceDisksNames]\r\n1=x\r\n";

fn tail(dest: &str, line: &str, source: &str) -> String {
    format!(
        "{HEAD}[DestinationDirs]\r\nL={dest}\r\n[L]\r\n{line}\r\n[SourceDisksFiles]\r\n{source}\r\n"
    )
}

fn added(draft: &mut Draft, package: &Package) -> AddResult {
    add(draft, package, &any_signature()).unwrap()
}

#[test]
fn each_bad_package_is_refused_for_its_own_reason_and_spoils_nothing() {
    let root = image();
    let mut draft = Image::open(root.path(), Access::Read).unwrap().look(now());
    let amd64 = pe(0x8664);
    let good = tail("12", "x.sys", "x.sys=1");
    let first = added(&mut draft, &made_package(&good, &[("x.sys", &amd64)]));
    assert_eq!(first.outcome, Outcome::Added, "{first:?}");
    let plan = draft.plan().clone();

    let x86 = pe(0x14C);
    let damaged = b"MZ\0\0PE".to_vec();
    for (inf, files, words) in [
        (good.clone(), vec![], &["lacks `x.sys`"][..]),
        (
            good.clone(),
            vec![("x.sys", &x86)],
            &["`x.sys`", "x86", "amd64"],
        ),
        (
            good.clone(),
            vec![("x.sys", &amd64), ("x.cat", &damaged)],
            &["catalog `x.cat`"],
        ),
        (
            tail("12", "..\\..\\evil.sys", "..\\..\\evil.sys=1"),
            vec![],
            &["..\\..\\evil.sys", "[L]", "line 27"],
        ),
        (
            tail("12", "x.sys", "x.sys=1,..\\up"),
            vec![("x.sys", &amd64)],
            &["..", "SourceDisksFiles"],
        ),
        (
            tail("12", "x.sys,C:\\x.sys", "x.sys=1"),
            vec![("x.sys", &amd64)],
            &["C:\\x.sys"],
        ),
        (
            tail("-1,C:\\Windows", "x.sys", "x.sys=1"),
            vec![("x.sys", &amd64)],
            &["65535"],
        ),
        (
            tail("12,..\\..", "x.sys", "x.sys=1"),
            vec![("x.sys", &amd64)],
            &["..\\.."],
        ),
        (
            good.replace("NTamd64", "NTarm64"),
            vec![("x.sys", &amd64)],
            &["architecture", "arm64"],
        ),
        (
            good.replace("NTamd64", "NTamd64.10.0...99999"),
            vec![],
            &["99999"],
        ),
        (good.replace("NTamd64", "NT$ARCH$"), vec![], &["$ARCH$"]),
        (
            good.replace("ClassGuid", ";"),
            vec![("x.sys", &amd64)],
            &["ClassGuid"],
        ),
        (String::new(), vec![], &["no INF"]),
        ("\u{0}\u{1}\u{2}".repeat(100), vec![], &["no INF"]),
    ] {
        let files: Vec<(&str, &[u8])> = files
            .iter()
            .map(|(name, bytes)| (*name, bytes.as_slice()))
            .collect();
        let result = added(&mut draft, &made_package(&inf, &files));
        assert_eq!(result.outcome, Outcome::Refused, "{words:?}: {result:?}");
        let reason = result.reason.unwrap();
        for word in words {
            assert!(reason.contains(word), "`{word}` is not in `{reason}`");
        }
        assert_eq!(draft.plan(), &plan, "{words:?}: something stayed planned");
    }
    let again = added(&mut draft, &made_package(&good, &[("x.sys", &amd64)]));
    assert_eq!(again.outcome, Outcome::Unchanged, "{again:?}");
}

/// A tree whose only file claims to be huge, and must not be read.
struct Huge;

struct HugeBlob;

impl Blob for HugeBlob {
    fn len(&self) -> u64 {
        200_000_000
    }

    fn read_into(&self, _: u64, _: &mut [u8]) -> io::Result<()> {
        Err(io::Error::other("a 200 MB INF was read"))
    }
}

impl FileTree for Huge {
    fn metadata(&self, _: &ImagePath) -> Result<Option<Metadata>, TreeError> {
        Ok(Some(Metadata::file(200_000_000)))
    }

    fn read_dir(&self, _: &ImagePath) -> Result<Option<Vec<Entry>>, TreeError> {
        Ok(None)
    }

    fn open(&self, _: &ImagePath) -> Result<Option<Arc<dyn Blob>>, TreeError> {
        Ok(Some(Arc::new(HugeBlob)))
    }
}

#[test]
fn an_inf_of_200_mb_is_refused_by_its_length_without_being_read() {
    let root = image();
    let mut draft = Image::open(root.path(), Access::Read).unwrap().look(now());
    let inf = ImagePath::parse("huge.inf").unwrap();
    let package = Package::new("memory", "", Arc::new(Huge), inf);
    let reason = added(&mut draft, &package).reason.unwrap();
    assert!(
        reason.contains("huge.inf") && reason.contains("200000000"),
        "{reason}"
    );
}

#[test]
fn a_hive_that_is_a_directory_is_named() {
    let root = image();
    let config = root.path().join("Windows/System32/config");
    std::fs::remove_file(config.join("DRIVERS")).unwrap();
    std::fs::create_dir(config.join("DRIVERS")).unwrap();
    let mut draft = Image::open(root.path(), Access::Read).unwrap().look(now());
    let inf = tail("12", "x.sys", "x.sys=1");
    let package = made_package(&inf, &[("x.sys", &pe(0x8664))]);
    let error = add(&mut draft, &package, &any_signature()).unwrap_err();
    assert!(
        error.to_string().contains("DRIVERS") && error.to_string().contains("directory"),
        "{error}"
    );
    assert!(draft.plan().steps.is_empty());
}

#[test]
fn an_unsigned_package_says_so_and_is_recorded_so() {
    let root = image();
    let mut transaction = Image::open(root.path(), Access::Write)
        .unwrap()
        .begin(options());
    let inf = tail("12", "x.sys", "x.sys=1").replace("CatalogFile=x.cat\r\n", "");
    let package = made_package(&inf, &[("x.sys", &pe(0x8664))]);
    let mut results = transaction.run("drivers add", |draft| {
        add(draft, &package, &any_signature())
    });
    let result = results.remove(0).unwrap();
    assert!(
        result
            .findings
            .iter()
            .any(|finding| finding.name == "unsigned"),
        "{result:?}"
    );
    let (_, draft) = transaction.drafts().next().unwrap();
    let key = format!(
        "DriverDatabase\\DriverPackages\\{}",
        result.package_id.unwrap()
    )
    .into();
    let system = wimwright_servicing::registry::HiveName::System;
    let score = draft.value(&system, &key, "SignerScore").unwrap();
    assert_eq!(score.unwrap().as_dword(), Some(0x8000_0000));
    assert_eq!(draft.value(&system, &key, "SignerName").unwrap(), None);
    assert!(
        draft
            .read_dir(&ImagePath::root())
            .unwrap()
            .unwrap()
            .iter()
            .all(|e| e.kind == Kind::Directory)
    );
}

#[test]
fn packages_that_share_a_service_do_not_undo_each_other() {
    let root = image();
    let mut draft = Image::open(root.path(), Access::Read).unwrap().look(now());
    let amd64 = pe(0x8664);
    let mut other = amd64.clone();
    other.push(1);
    let inf = tail("12", "x.sys", "x.sys=1");
    let service = "[S]\r\nDisplayName=%Name%\r\nAddReg=R\r\n";
    let one = inf.replace("[S]\r\n", service)
        + "[R]\r\nHKR,P,v,0x00010001,1\r\n[Strings]\r\nName=One\r\n";
    let two = one
        .replace("0x00010001,1", "0x00010001,2")
        .replace("Name=One", "Name=Two");
    let packages = [
        made_package(&one, &[("x.sys", &amd64)]),
        made_package(&two, &[("x.sys", &other)]),
    ];
    for package in &packages {
        assert_eq!(added(&mut draft, package).outcome, Outcome::Added);
    }
    let key = "ControlSet001\\Services\\x".into();
    let system = wimwright_servicing::registry::HiveName::System;
    let value = |draft: &Draft, name: &str| draft.value(&system, &key, name).unwrap().unwrap();
    let owners = value(&draft, "Owners").as_texts().unwrap();
    assert_eq!(owners, ["oem1.inf", "oem0.inf"]);
    assert_eq!(
        value(&draft, "DisplayName").as_text().unwrap(),
        "@oem1.inf,%Name%;Two"
    );
    for package in packages.iter().chain(&packages) {
        assert_eq!(added(&mut draft, package).outcome, Outcome::Unchanged);
    }
}
