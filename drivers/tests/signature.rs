//! Signed and unsigned packages: what is found out, what is refused, and what
//! the image records.

#![allow(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test program"
)]

mod support;

use std::path::Path;
use std::sync::Arc;

use support::{Around, TestImage, any_signature, describe, now, package};
use wimwright_drivers::{
    AddOptions, AddResult, DriverSignature, FileSignature, Outcome, Package, add, info,
};
use wimwright_servicing::catalog::Catalog;
use wimwright_servicing::catalog::verify::{SignerKind, TrustStore};
use wimwright_servicing::registry::HiveName;
use wimwright_servicing::{Access, Draft, ImagePath, MemoryTree, time};

const WHQL: &str = "Microsoft Windows Hardware Compatibility Publisher";
const PROGRAM: SignerKind = SignerKind::HardwareProgram { attested: false };
const ATTESTED: SignerKind = SignerKind::HardwareProgram { attested: true };

fn strict(draft: &mut Draft, package: &Package) -> AddResult {
    add(draft, package, &AddOptions::default()).unwrap()
}

fn look(image: &TestImage) -> Draft {
    image.open(Access::Read).look(now())
}

fn has(result: &AddResult, finding: &str) -> bool {
    result.findings.iter().any(|found| found.name == finding)
}

/// `SignerScore` and `SignerName` that an added package gets.
fn recorded(draft: &Draft, result: &AddResult) -> (Option<u32>, Option<String>) {
    let id = result.package_id.as_ref().unwrap();
    let key = format!("DriverDatabase\\DriverPackages\\{id}").into();
    for hive in [HiveName::System, HiveName::Drivers] {
        let value = |name| draft.value(&hive, &key, name).unwrap();
        if let Some(score) = value("SignerScore") {
            let name = value("SignerName").and_then(|data| data.as_text());
            return (score.as_dword(), name);
        }
    }
    panic!("{id} has no score");
}

#[test]
fn signed_packages_are_added_and_recorded_by_who_signed_them() {
    let test = "signed_packages_are_added_and_recorded_by_who_signed_them";
    let Some(image) = TestImage::new(Around::Windows10_2004, test) else {
        return;
    };
    for (folder, inf, name, kind, score, stamp) in [
        (
            "virtio-viostor-w10-amd64",
            "viostor.inf",
            WHQL,
            ATTESTED,
            0x0D00_0005,
            "2021-09-09T15:37:05Z",
        ),
        (
            "wintun-0.14-amd64",
            "wintun.inf",
            WHQL,
            PROGRAM,
            0x0D00_0005,
            "2021-10-17T04:31:03Z",
        ),
        (
            "codebndr-arduino",
            "arduino.inf",
            "Arduino LLC",
            SignerKind::CrossSigned,
            0x0F00_0000,
            "2014-01-08T14:03:39Z",
        ),
        (
            "codebndr-cdc",
            "atmel_devices_cdc.inf",
            "Atmel Norway",
            SignerKind::Vendor,
            0x0F00_0000,
            "2013-01-09T08:24:10Z",
        ),
    ] {
        let mut draft = look(&image);
        let result = strict(&mut draft, &package(test, folder, inf).unwrap());
        assert_eq!(result.outcome, Outcome::Added, "{folder}: {result:?}");
        assert_eq!(result.driver_signature, DriverSignature::Signed, "{folder}");
        assert_eq!(result.signer_name.as_deref(), Some(name), "{folder}");
        let facts = result.signature.as_ref().unwrap();
        assert_eq!(facts.signer_kind, Some(kind), "{folder}");
        assert_eq!(facts.time_stamp.map(time::iso).as_deref(), Some(stamp));
        assert_eq!(facts.fault, None, "{folder}");
        assert!(facts.trust_anchor.is_some(), "{folder}");
        assert!(
            facts
                .files
                .iter()
                .all(|file| file.signature == FileSignature::Listed),
            "{folder}: {:?}",
            facts.files
        );
        let expected = (Some(score), Some(name.to_owned()));
        assert_eq!(recorded(&draft, &result), expected, "{folder}");
    }
}

/// What is not signed as it should be, and what its reason says.
#[rustfmt::skip]
const NOT_SIGNED: [(&str, &str, DriverSignature, &str); 5] = [
    (
        "codebndr-birdbrain",
        "hbduo.inf",
        DriverSignature::Invalid,
        "CR LF",
    ),
    (
        "codebndr-lightup",
        "lightup.inf",
        DriverSignature::Invalid,
        "CR LF",
    ),
    (
        "codebndr-sparki",
        "sparki_combo.inf",
        DriverSignature::Invalid,
        "CR LF",
    ),
    (
        "espressif/esp-prog",
        "esp-prog.inf",
        DriverSignature::Untrusted,
        "nobody vouches",
    ),
    (
        "espressif/esp32s2",
        "esp32s2.inf",
        DriverSignature::Untrusted,
        "nobody vouches",
    ),
];

#[test]
fn what_is_not_signed_is_refused_on_64_bit_windows_unless_forced() {
    let test = "what_is_not_signed_is_refused_on_64_bit_windows_unless_forced";
    let Some(image) = TestImage::new(Around::Windows10_2004, test) else {
        return;
    };
    for (folder, inf, state, reason) in NOT_SIGNED {
        let package = package(test, folder, inf).unwrap();
        let mut draft = look(&image);
        let empty = draft.plan().clone();
        let result = strict(&mut draft, &package);
        assert_eq!(result.outcome, Outcome::Refused, "{folder}: {result:?}");
        assert_eq!(result.driver_signature, state, "{folder}");
        assert_eq!(result.signer_name, None, "{folder}");
        let said = result.reason.as_ref().unwrap();
        assert!(said.contains(reason), "{folder}: {said}");
        assert!(said.contains("--force-unsigned"), "{folder}: {said}");
        assert_eq!(draft.plan(), &empty, "{folder}");

        let result = add(&mut draft, &package, &any_signature()).unwrap();
        assert_eq!(result.outcome, Outcome::Added, "{folder}: {result:?}");
        assert_eq!(result.driver_signature, state, "{folder}");
        let told = result.findings.iter();
        let told = told
            .map(|finding| finding.message.as_str())
            .find(|text| text.contains("testsigning"));
        assert!(told.unwrap().contains(reason), "{folder}: {result:?}");
        let unsigned = (Some(0x8000_0000), None);
        assert_eq!(recorded(&draft, &result), unsigned, "{folder}");
    }
}

/// The viostor package with its files changed.
fn changed(test: &str, change: impl Fn(&str, &mut Vec<u8>) -> bool) -> Option<Package> {
    let folder = wimwright_testdata::corpus(test)?.join("drivers/virtio-viostor-w10-amd64");
    let mut tree = MemoryTree::new();
    for name in ["viostor.inf", "viostor.sys", "viostor.cat"] {
        let mut bytes = wimwright_testdata::read(Path::new(&folder.join(name)));
        if change(name, &mut bytes) {
            tree.insert(name, bytes).unwrap();
        }
    }
    let inf = ImagePath::parse("viostor.inf").unwrap();
    Some(Package::new("memory", "", Arc::new(tree), inf))
}

#[test]
fn a_changed_file_or_a_lost_catalog_is_named() {
    let test = "a_changed_file_or_a_lost_catalog_is_named";
    let Some(image) = TestImage::new(Around::Windows10_2004, test) else {
        return;
    };
    let flip = |wanted: &'static str, at: usize| {
        move |name: &str, bytes: &mut Vec<u8>| {
            if name == wanted {
                bytes[at] ^= 1;
            }
            true
        }
    };
    let invalid = DriverSignature::Invalid;
    let cases = [
        (
            changed(test, flip("viostor.sys", 0x1000)),
            invalid,
            "`viostor.sys` is not the file",
        ),
        (
            changed(test, |name, bytes| {
                if name == "viostor.inf" {
                    bytes.extend_from_slice(b"; changed\r\n");
                }
                true
            }),
            invalid,
            "`viostor.inf` is not the file",
        ),
        (
            // The digest of a member: the list is not the one signed.
            changed(test, |name, bytes| {
                if name == "viostor.cat" {
                    let catalog = Catalog::parse(bytes).unwrap();
                    let digest = &catalog.members[0].digest.as_ref().unwrap().bytes;
                    let mut places = bytes.windows(digest.len());
                    let at = places.position(|window| window == digest).unwrap();
                    bytes[at] ^= 1;
                }
                true
            }),
            invalid,
            "the signature of `viostor.cat` is not valid",
        ),
        (
            changed(test, |name, bytes| {
                if name == "viostor.cat" {
                    bytes.truncate(1000);
                }
                true
            }),
            invalid,
            "`viostor.cat` is damaged",
        ),
        (
            changed(test, |name, _| name != "viostor.cat"),
            DriverSignature::Unsigned,
            "`viostor.cat`, which is not there",
        ),
    ];
    for (package, state, reason) in cases {
        let package = package.unwrap();
        let described = describe(&package);
        assert_eq!(described.driver_signature, state, "{reason}");
        let result = strict(&mut look(&image), &package);
        assert_eq!(result.outcome, Outcome::Refused, "{reason}: {result:?}");
        assert_eq!(result.driver_signature, state, "{reason}: {result:?}");
        let said = result.reason.as_ref().unwrap();
        assert!(said.contains(reason), "{said}");
    }
}

#[test]
fn where_windows_demands_no_signature_its_lack_is_a_warning() {
    let test = "where_windows_demands_no_signature_its_lack_is_a_warning";
    for (around, outcome) in [
        (Around::Windows7X86, Outcome::Pending),
        (Around::WindowsXpX86, Outcome::Pending),
    ] {
        let Some(image) = TestImage::new(around, test) else {
            return;
        };
        let package = package(test, "codebndr-birdbrain", "hbduo.inf").unwrap();
        let result = strict(&mut look(&image), &package);
        assert_eq!(result.outcome, outcome, "{around:?}: {result:?}");
        assert_eq!(result.driver_signature, DriverSignature::Invalid);
        assert!(has(&result, "signature-invalid"), "{around:?}: {result:?}");
    }
    // XP has a 64-bit edition, too, which loads any driver.
    let Some(image) = TestImage::new(Around::WindowsXpX64, test) else {
        return;
    };
    let package = package(test, "codebndr-birdbrain", "hbduo.inf").unwrap();
    let result = strict(&mut look(&image), &package);
    assert_eq!(result.outcome, Outcome::Pending, "{result:?}");
}

#[test]
fn a_trusted_certificate_makes_a_test_package_signed() {
    let test = "a_trusted_certificate_makes_a_test_package_signed";
    let Some(image) = TestImage::new(Around::Windows10_2004, test) else {
        return;
    };
    let package = package(test, "espressif/esp32s2", "esp32s2.inf").unwrap();
    let mut options = AddOptions::default();
    options
        .trust
        .add(&test_certificate(test), "test.cer")
        .unwrap();
    let mut draft = look(&image);
    let result = add(&mut draft, &package, &options).unwrap();
    assert_eq!(result.outcome, Outcome::Added, "{result:?}");
    assert_eq!(result.driver_signature, DriverSignature::Signed);
    let facts = result.signature.as_ref().unwrap();
    assert_eq!(facts.signer_kind, Some(SignerKind::UserTrusted));
    let (score, name) = recorded(&draft, &result);
    assert_eq!(score, Some(0x0F00_0000));
    assert_eq!(name, result.signer_name);
    // The package has no driver of its own for the kernel to refuse.
    assert!(!has(&result, "signer-trusted-by-you"), "{result:?}");
}

/// The certificate in the test-signed catalog, where it is the only one: the
/// first element of the certificates, which stand behind the signed content.
fn test_certificate(test: &str) -> Vec<u8> {
    let corpus = wimwright_testdata::corpus(test).unwrap();
    let bytes = wimwright_testdata::read(&corpus.join("drivers/espressif/esp32s2/esp32s2.cat"));
    // [0] { SEQUENCE { SEQUENCE { [0] version 3, ..: a certificate in a set.
    let mark = |window: &[u8]| {
        window[..2] == [0xa0, 0x82]
            && window[4..6] == [0x30, 0x82]
            && window[8..10] == [0x30, 0x82]
            && window[12..17] == [0xa0, 0x03, 0x02, 0x01, 0x02]
    };
    let at = bytes.windows(17).position(mark).unwrap() + 4;
    let len = usize::from(u16::from_be_bytes([bytes[at + 2], bytes[at + 3]]));
    bytes[at..at + 4 + len].to_vec()
}

#[test]
fn a_catalog_for_later_windows_is_told() {
    let test = "a_catalog_for_later_windows_is_told";
    let Some(image) = TestImage::new(Around::Windows7X64, test) else {
        return;
    };
    let package_for_10 = package(test, "vigembus-x64", "ViGEmBus.inf").unwrap();
    let result = strict(&mut look(&image), &package_for_10);
    let facts = result.signature.as_ref().unwrap();
    assert_eq!(facts.for_this_windows, Some(false), "{result:?}");
    assert!(has(&result, "catalog-for-later-windows"), "{result:?}");

    // A vendor's catalog may name what it likes: only Microsoft's signature is
    // for certain systems. And what was signed for earlier ones stays good.
    let Some(image) = TestImage::new(Around::Windows10_2004, test) else {
        return;
    };
    for (folder, inf) in [
        ("codebndr-arduino", "arduino.inf"),
        ("codebndr-ch340", "CH341SER.INF"),
    ] {
        let result = strict(&mut look(&image), &package(test, folder, inf).unwrap());
        let facts = result.signature.as_ref().unwrap();
        assert_eq!(facts.for_this_windows, Some(false), "{result:?}");
        assert!(!has(&result, "catalog-for-later-windows"), "{result:?}");
        assert_eq!(result.driver_signature, DriverSignature::Signed);
    }
}

#[test]
fn the_kernels_own_demands_are_told() {
    let test = "the_kernels_own_demands_are_told";
    let Some(image) = TestImage::new(Around::Windows10_2004, test) else {
        return;
    };
    for (folder, inf, told) in [
        ("codebndr-USBasp", "usbasp.inf", Some("cross-signed")),
        (
            "libusb0-atmel-dfu-ia64",
            "atmel_usb_dfu.inf",
            Some("not-cross-signed"),
        ),
        ("virtio-viostor-w10-amd64", "viostor.inf", None),
        // Nothing of its own for the kernel.
        ("codebndr-arduino", "arduino.inf", None),
    ] {
        let result = strict(&mut look(&image), &package(test, folder, inf).unwrap());
        let kernel = ["cross-signed", "not-cross-signed"];
        let found: Vec<&str> = result
            .findings
            .iter()
            .map(|finding| finding.name)
            .filter(|name| kernel.contains(name))
            .collect();
        assert_eq!(
            found,
            told.into_iter().collect::<Vec<_>>(),
            "{folder}: {result:?}"
        );
    }
}

#[test]
fn info_checks_the_files_in_the_store_and_list_says_what_is_recorded() {
    let test = "info_checks_the_files_in_the_store_and_list_says_what_is_recorded";
    let Some(image) = TestImage::new(Around::Windows10_2004, test) else {
        return;
    };
    let viostor = package(test, "virtio-viostor-w10-amd64", "viostor.inf").unwrap();
    let (results, _) = image.add(&[viostor], false);
    let name = results[0].published_name.clone().unwrap();
    let folder = format!(
        "Windows/System32/DriverStore/FileRepository/{}/viostor.sys",
        results[0].package_id.as_ref().unwrap()
    );
    let listed = || {
        let drivers = wimwright_drivers::list(&mut look(&image), false).unwrap();
        let found = drivers.iter().find(|driver| driver.name() == name).unwrap();
        found.driver_signature
    };
    let checked = || {
        let details = info(&mut look(&image), &name, &TrustStore::default()).unwrap();
        (details.driver.driver_signature, details.signature_reason)
    };
    assert_eq!(listed(), DriverSignature::Signed);
    assert_eq!(checked(), (DriverSignature::Signed, None));

    let path = image.path(&folder);
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[0x1000] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    assert_eq!(listed(), DriverSignature::Signed, "nobody looked");
    let (state, reason) = checked();
    assert_eq!(state, DriverSignature::Invalid);
    assert!(reason.unwrap().contains("`viostor.sys`"));
}
