//! The signatures of real catalogs, judged here and by OpenSSL and
//! osslsigncode.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test program")]

use std::path::{Path, PathBuf};
use std::process::Command;

use wimwright_servicing::catalog::verify::{
    ChainEnd, Coverage, Purpose, Signature, SignerKind, TimeStampForm, TrustStore, Verdict,
};
use wimwright_servicing::catalog::{Catalog, DigestAlgorithm, FileDigests};
use wimwright_servicing::time;

/// 2026-01-01: every signer's certificate has expired but the test ones.
const NOW: u64 = 1_767_225_600;

const PROGRAM: SignerKind = SignerKind::HardwareProgram { attested: false };
const ATTESTED: SignerKind = SignerKind::HardwareProgram { attested: true };
const CROSS: SignerKind = SignerKind::CrossSigned;
const SHA1: DigestAlgorithm = DigestAlgorithm::Sha1;
const SHA256: DigestAlgorithm = DigestAlgorithm::Sha256;
const COUNTER: Option<TimeStampForm> = Some(TimeStampForm::CounterSignature);
const TOKEN: Option<TimeStampForm> = Some(TimeStampForm::Token);

/// The distinct catalogs of the corpus, as its PROVENANCE.md describes them:
/// signer, hash function and kind; and the form of the time stamp.
#[rustfmt::skip]
const CATALOGS: [(&str, DigestAlgorithm, SignerKind, Option<TimeStampForm>); 30] = [
    ("virtio-viostor-w10-amd64/viostor.cat", SHA256, ATTESTED, TOKEN),
    ("virtio-qemufwcfg-nulldrv/qemufwcfg.cat", SHA256, CROSS, TOKEN),
    ("virtio-netkvm-w10-arm64/netkvm.cat", SHA256, ATTESTED, TOKEN),
    ("wintun-0.14-amd64/wintun.cat", SHA256, PROGRAM, TOKEN),
    ("vigembus-x64/ViGEmBus.cat", SHA256, ATTESTED, TOKEN),
    ("vigembus-x86/ViGEmBus.cat", SHA256, ATTESTED, TOKEN),
    ("codebndr-arduino/arduino.cat", SHA1, CROSS, COUNTER),
    ("codebndr-cdc/atmel_devices_cdc.cat", SHA1, SignerKind::Vendor, COUNTER),
    ("codebndr-flora/flora.cat", SHA1, CROSS, TOKEN),
    ("codebndr-sparkfun/sparkfun.cat", SHA1, CROSS, COUNTER),
    ("codebndr-birdbrain/hbduo.cat", SHA1, CROSS, COUNTER),
    ("codebndr-lightup/lightup.cat", SHA1, CROSS, COUNTER),
    ("codebndr-sparki/sparki_combo.cat", SHA1, CROSS, COUNTER),
    ("codebndr-AVRISP_mkII/avrisp_mkii.cat", SHA1, CROSS, COUNTER),
    ("codebndr-USBasp/usbasp.cat", SHA1, CROSS, COUNTER),
    ("espressif/esp-prog/esp-prog.cat", SHA256, SignerKind::Test, None),
    ("espressif/esp-wrover-kit/esp-wrover-kit.cat", SHA256, SignerKind::Test, None),
    ("espressif/esp32-s2-kaluga/esp32-s2-kaluga.cat", SHA256, SignerKind::Test, None),
    ("espressif/esp32s2/esp32s2.cat", SHA256, SignerKind::Test, None),
    ("espressif/esp32-usb-jtag/USB_JTAG_debug_unit.cat", SHA256, SignerKind::Vendor, TOKEN),
    ("libusb0-atmel-dfu-ia64/atmel_usb_dfu.cat", SHA1, SignerKind::Vendor, COUNTER),
    ("osvr-hdk/osvr_cdc.cat", SHA1, CROSS, COUNTER),
    ("osvr-hdk/osvr_hdk_display.cat", SHA1, CROSS, COUNTER),
    ("osvr-hdk/osvr_hdk_hid.cat", SHA1, CROSS, COUNTER),
    ("osvr-hdk/osvr_hdk_ircam.cat", SHA1, CROSS, COUNTER),
    ("codebndr-ch340/ch341SER.CAT", SHA1, PROGRAM, COUNTER),
    ("ftdi-cdm-2.08.30/ftdibus.cat", SHA256, PROGRAM, TOKEN),
    ("ftdi-cdm-2.08.30/ftdiport.cat", SHA256, PROGRAM, TOKEN),
    ("intel-iastor-xp-f6/iaahci.cat", SHA256, SignerKind::SelfSigned, COUNTER),
    ("intel-iastor-xp-f6/iastor.cat", SHA256, SignerKind::SelfSigned, COUNTER),
];

fn read(corpus: &Path, file: &str) -> Vec<u8> {
    wimwright_testdata::read(&corpus.join("drivers").join(file))
}

/// Judges a catalog that must be signed.
fn judge(bytes: &[u8], trust: &TrustStore) -> Signature {
    Signature::read(bytes, trust).unwrap().unwrap()
}

#[test]
fn every_corpus_catalog_gets_the_verdict_of_its_provenance() {
    let test = "every_corpus_catalog_gets_the_verdict_of_its_provenance";
    let Some(corpus) = wimwright_testdata::corpus(test) else {
        return;
    };
    let trust = TrustStore::default();
    for (file, digest, kind, form) in CATALOGS {
        let signature = judge(&read(&corpus, file), &trust);
        assert_eq!(signature.check, Ok(()), "{file}");
        assert_eq!(signature.digest_algorithm, Some(digest), "{file}");
        assert_eq!(signature.kind, kind, "{file}");
        let stamp = signature.time_stamp.as_ref().map(|stamp| {
            let stamp = stamp
                .as_ref()
                .unwrap_or_else(|fault| panic!("{file}: {fault}"));
            assert!(stamp.is_trusted(), "{file}: {stamp:?}");
            stamp.form
        });
        assert_eq!(stamp, form, "{file}");
        let verdict = signature.verdict(NOW);
        match kind {
            SignerKind::Test | SignerKind::SelfSigned => {
                assert_eq!(verdict, Verdict::NoAnchor(ChainEnd::SelfSigned), "{file}");
            }
            _ => assert_eq!(verdict, Verdict::Trusted, "{file}"),
        }
    }
}

#[test]
fn without_its_time_stamp_an_expired_signer_is_not_trusted() {
    let test = "without_its_time_stamp_an_expired_signer_is_not_trusted";
    let Some(corpus) = wimwright_testdata::corpus(test) else {
        return;
    };
    let trust = TrustStore::default();
    let bytes = read(&corpus, "virtio-viostor-w10-amd64/viostor.cat");
    let mut signature = judge(&bytes, &trust);
    let signer = signature.certificate().unwrap().clone();
    signature.time_stamp = None;
    let not_valid = |time| Verdict::NotValidThen {
        certificate: signer.clone(),
        time,
        stamped: false,
    };
    assert_eq!(signature.verdict(NOW), not_valid(NOW));
    assert_eq!(signature.verdict(signer.not_after), Verdict::Trusted);
    let late = signer.not_after + 1;
    assert_eq!(signature.verdict(late), not_valid(late));
    let early = signer.not_before - 1;
    assert_eq!(signature.verdict(early), not_valid(early));
}

#[test]
fn without_anchors_nobody_is_trusted_and_a_time_stamp_proves_nothing() {
    let test = "without_anchors_nobody_is_trusted_and_a_time_stamp_proves_nothing";
    let Some(corpus) = wimwright_testdata::corpus(test) else {
        return;
    };
    for (file, ..) in CATALOGS {
        let signature = judge(&read(&corpus, file), &TrustStore::empty());
        assert_eq!(signature.check, Ok(()), "{file}");
        assert!(
            matches!(signature.verdict(NOW), Verdict::NoAnchor(_)),
            "{file}"
        );
        assert_eq!(signature.trusted_time_stamp(), None, "{file}");
    }
}

/// The certificates in a catalog as OpenSSL finds them: subject, and PEM.
fn embedded_certificates(catalog: &Path) -> Vec<(String, String)> {
    let output = Command::new("openssl")
        .args(["pkcs7", "-inform", "DER", "-print_certs", "-in"])
        .arg(catalog)
        .output();
    let text = String::from_utf8(output.unwrap().stdout).unwrap();
    let mut found = Vec::new();
    let (mut subject, mut pem) = (String::new(), String::new());
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("subject=") {
            subject = name.replace('"', "");
        } else if line.starts_with("-----BEGIN") || !pem.is_empty() {
            pem.push_str(line);
            pem.push('\n');
            if line.starts_with("-----END") {
                found.push((std::mem::take(&mut subject), std::mem::take(&mut pem)));
            }
        }
    }
    found
}

/// What OpenSSL makes of a certificate in PEM.
fn x509(pem: &str, args: &[&str]) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("certificate.pem");
    std::fs::write(&file, pem).unwrap();
    let output = Command::new("openssl")
        .arg("x509")
        .args(args)
        .arg("-in")
        .arg(file)
        .output();
    output.unwrap().stdout
}

#[test]
fn a_certificate_that_the_user_trusts_makes_its_catalogs_trusted() {
    let test = "a_certificate_that_the_user_trusts_makes_its_catalogs_trusted";
    let Some(corpus) = wimwright_testdata::corpus(test) else {
        return;
    };
    if !wimwright_testdata::program("openssl", test) {
        return;
    }
    for (file, name) in [
        ("intel-iastor-xp-f6/iastor.cat", "Win-RAID CA"),
        (
            "espressif/esp32s2/esp32s2.cat",
            "WDKTestCert JakubKocka,133640507385332792",
        ),
        // An authority in the middle of a chain will do, too.
        (
            "virtio-viostor-w10-amd64/viostor.cat",
            "Microsoft Windows Third Party Component CA 2014",
        ),
    ] {
        let path = corpus.join("drivers").join(file);
        let embedded = embedded_certificates(&path);
        let named = |subject: &str| subject.ends_with(&format!("CN = {name}"));
        let (_, pem) = embedded.iter().find(|(subject, _)| named(subject)).unwrap();
        let der = x509(pem, &["-outform", "DER"]);
        let mut trust = TrustStore::empty();
        let added = trust.add(&der, "test.cer").unwrap();
        assert_eq!(added.name.as_deref(), Some(name));
        assert_eq!(added.purpose, Purpose::User);
        let signature = judge(&read(&corpus, file), &trust);
        assert_eq!(signature.kind, SignerKind::UserTrusted, "{file}");
        assert_eq!(signature.chain.as_ref().unwrap().anchor(), Some(&added));
        let then = signature.certificate().unwrap().not_before;
        assert_eq!(signature.verdict(then), Verdict::Trusted, "{file}");
    }
}

/// The value of the list in a catalog, as OpenSSL's own parser finds it, which
/// is what has to be given to its verifier.
fn signed_content(catalog: &Path, bytes: &[u8]) -> Vec<u8> {
    let output = Command::new("openssl")
        .args(["asn1parse", "-inform", "DER", "-in"])
        .arg(catalog)
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let mut lines = text
        .lines()
        .skip_while(|line| !line.ends_with(":1.3.6.1.4.1.311.10.1"));
    let line = lines.nth(2).unwrap();
    // `   67:d=5  hl=5 l=200194 cons: SEQUENCE`
    let line = line.replace(['=', ':'], " ");
    let number = |name: &str| -> usize {
        let mut words = line.split_whitespace().skip_while(|word| *word != name);
        words.nth(1).unwrap().parse().unwrap()
    };
    let at: usize = line.split_whitespace().next().unwrap().parse().unwrap();
    let (header, len) = (number("hl"), number("l"));
    bytes[at + header..][..len].to_vec()
}

#[test]
fn openssl_gives_the_same_verdict_on_whole_and_changed_catalogs() {
    let test = "openssl_gives_the_same_verdict_on_whole_and_changed_catalogs";
    let Some(corpus) = wimwright_testdata::corpus(test) else {
        return;
    };
    if !wimwright_testdata::program("openssl", test) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (content_file, changed) = (folder.path().join("ctl"), folder.path().join("changed.cat"));
    let openssl = |catalog: &Path| {
        let output = Command::new("openssl")
            .args(["smime", "-verify", "-inform", "DER", "-noverify", "-binary"])
            .args([Path::new("-in"), catalog])
            .args([Path::new("-content"), &content_file])
            .args(["-out", "/dev/null"])
            .output();
        output.unwrap().status.success()
    };
    let trust = TrustStore::default();
    for (file, ..) in CATALOGS {
        let path = corpus.join("drivers").join(file);
        let bytes = wimwright_testdata::read(&path);
        let content = signed_content(&path, &bytes);
        let start = bytes
            .windows(content.len())
            .position(|window| window == content)
            .unwrap();
        std::fs::write(&content_file, &content).unwrap();
        assert!(openssl(&path), "{file}");
        assert_eq!(judge(&bytes, &trust).check, Ok(()), "{file}");

        // One bit of a member's digest; and one of the signature, which is
        // found as what `check` must then complain about.
        let mut damaged = bytes.clone();
        let at = start + content.len() / 2;
        damaged[at] ^= 1;
        if let Ok(Some(signature)) = Signature::read(&damaged, &trust) {
            assert!(signature.check.is_err(), "{file} at {at:#x}");
        }
        std::fs::write(&changed, &damaged).unwrap();
        std::fs::write(&content_file, &damaged[start..start + content.len()]).unwrap();
        assert!(!openssl(&changed), "{file} at {at:#x}");
    }
}

/// The field of a line `name : value` in what osslsigncode prints.
fn printed(text: &str, name: &str) -> Option<String> {
    let line = text
        .lines()
        .map(str::trim)
        .find(|line| line.starts_with(name))?;
    let (_, value) = line.split_once(':')?;
    Some(value.trim().to_owned())
}

/// Our anchors in the form that osslsigncode takes.
fn anchors_as_pem(folder: &Path) -> PathBuf {
    let roots = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/catalog/verify/anchors");
    let mut pem = Vec::new();
    for entry in std::fs::read_dir(roots).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "der") {
            let output = Command::new("openssl")
                .args(["x509", "-inform", "DER", "-in"])
                .arg(&path)
                .output()
                .unwrap();
            pem.extend(output.stdout);
        }
    }
    let path = folder.join("anchors.pem");
    std::fs::write(&path, pem).unwrap();
    path
}

#[test]
fn openssl_builds_the_same_chains_to_the_same_anchors() {
    let test = "openssl_builds_the_same_chains_to_the_same_anchors";
    let Some(corpus) = wimwright_testdata::corpus(test) else {
        return;
    };
    if !wimwright_testdata::program("openssl", test) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let anchors = anchors_as_pem(folder.path());
    let (signer, others) = (folder.path().join("signer"), folder.path().join("others"));
    for (file, ..) in CATALOGS {
        let path = corpus.join("drivers").join(file);
        let signature = judge(&wimwright_testdata::read(&path), &TrustStore::default());
        let facts = signature.certificate().unwrap();
        let embedded = embedded_certificates(&path);
        let serial = format!("serial={}\n", facts.serial);
        let own = embedded
            .iter()
            .find(|(_, pem)| x509(pem, &["-noout", "-serial"]) == serial.as_bytes());
        std::fs::write(&signer, &own.unwrap().1).unwrap();
        let all: String = embedded.iter().map(|(_, pem)| pem.as_str()).collect();
        std::fs::write(&others, all).unwrap();
        // At the time of the stamp, and after everything has expired.
        let stamped = signature.trusted_time_stamp().map(|stamp| stamp.time);
        let chain = signature.chain.as_ref().unwrap();
        for time in [stamped.unwrap_or(facts.not_before), NOW * 2] {
            let output = Command::new("openssl")
                .args(["verify", "-auth_level", "0", "-attime", &time.to_string()])
                .args([
                    Path::new("-CAfile"),
                    &anchors,
                    Path::new("-untrusted"),
                    &others,
                ])
                .arg(&signer)
                .output()
                .unwrap();
            let ours = chain.anchor().is_some() && chain.not_valid_at(time).is_none();
            assert_eq!(
                ours,
                output.status.success(),
                "{file} at {time}: {}",
                String::from_utf8_lossy(&output.stderr)
            );
        }
    }
}

#[test]
fn osslsigncode_reads_the_same_times() {
    let test = "osslsigncode_reads_the_same_times";
    let Some(corpus) = wimwright_testdata::corpus(test) else {
        return;
    };
    if !wimwright_testdata::program("osslsigncode", test) {
        return;
    }
    for (file, ..) in CATALOGS {
        let path = corpus.join("drivers").join(file);
        let signature = judge(&wimwright_testdata::read(&path), &TrustStore::default());
        let output = Command::new("osslsigncode")
            .args(["verify", "-ignore-cdp", "-in"])
            .arg(&path)
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        let ours = signature.time_stamp.as_ref().map(|stamp| {
            let stamp = stamp.as_ref().unwrap();
            as_openssl_writes(stamp.time)
        });
        assert_eq!(ours, printed(&text, "Timestamp time"), "{file}");
    }
}

/// `Sep  9 15:37:05 2021 GMT`.
fn as_openssl_writes(seconds: u64) -> String {
    const MONTHS: &str = "JanFebMarAprMayJunJulAugSepOctNovDec";
    let iso = time::iso(time::from_unix_seconds(seconds));
    let month: usize = iso[5..7].parse().unwrap();
    let day: u32 = iso[8..10].parse().unwrap();
    let month = &MONTHS[(month - 1) * 3..][..3];
    format!("{month} {day:>2} {} {} GMT", &iso[11..19], &iso[..4])
}

/// Digests of programs as osslsigncode computes them, and its word that the
/// catalog lists them.
#[test]
fn osslsigncode_finds_the_same_programs_in_the_same_catalogs() {
    let test = "osslsigncode_finds_the_same_programs_in_the_same_catalogs";
    let Some(corpus) = wimwright_testdata::corpus(test) else {
        return;
    };
    if !wimwright_testdata::program("osslsigncode", test) {
        return;
    }
    let mut compared = 0;
    for (file, ..) in CATALOGS {
        let path = corpus.join("drivers").join(file);
        let catalog = Catalog::parse(&wimwright_testdata::read(&path)).unwrap();
        for program in programs(path.parent().unwrap()) {
            let bytes = wimwright_testdata::read(&program);
            let digests = FileDigests::of(&bytes).unwrap();
            let output = Command::new("osslsigncode")
                .args(["verify", "-ignore-cdp"])
                .args([Path::new("-catalog"), &path, Path::new("-in"), &program])
                .output()
                .unwrap();
            let text = String::from_utf8_lossy(&output.stdout);
            let theirs = printed(&text, "Calculated message digest");
            let listed = text.contains("File is signed in catalog");
            let what = format!("{} in {file}:\n{text}", program.display());
            assert_eq!(catalog.coverage(&bytes).is_listed(), listed, "{what}");
            let Some(theirs) = theirs.filter(|_| listed) else {
                continue;
            };
            let hex = |bytes: &[u8]| -> String {
                bytes.iter().map(|byte| format!("{byte:02X}")).collect()
            };
            let (_, algorithm) = catalog.listed(&digests).unwrap();
            let ours = match theirs.len() {
                40 => hex(&digests.sha1),
                _ => hex(&digests.sha256),
            };
            assert_eq!(ours, theirs, "{algorithm} of {what}");
            compared += 1;
        }
    }
    assert!(compared >= 20, "{compared}");
}

/// The files below `folder` that osslsigncode takes for programs.
fn programs(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(programs(&path));
        } else if path.extension().is_some_and(|ending| {
            ["sys", "dll", "exe"]
                .iter()
                .any(|known| ending.eq_ignore_ascii_case(known))
        }) {
            found.push(path);
        }
    }
    found
}

#[test]
fn infs_that_lost_their_carriage_returns_are_named_as_such() {
    let test = "infs_that_lost_their_carriage_returns_are_named_as_such";
    let Some(corpus) = wimwright_testdata::corpus(test) else {
        return;
    };
    for (folder, name) in [
        ("codebndr-birdbrain", "hbduo"),
        ("codebndr-lightup", "lightup"),
        ("codebndr-sparki", "sparki_combo"),
    ] {
        let catalog = read(&corpus, &format!("{folder}/{name}.cat"));
        let catalog = Catalog::parse(&catalog).unwrap();
        let inf = std::fs::read_dir(corpus.join("drivers").join(folder)).unwrap();
        let inf = inf
            .map(|entry| entry.unwrap().path())
            .find(|path| path.extension().is_some_and(|ending| ending == "inf"))
            .unwrap();
        let mut inf = wimwright_testdata::read(&inf);
        assert_eq!(
            catalog.coverage(&inf),
            Coverage::LineEndsChanged,
            "{folder}"
        );
        // Changed in another way, too: then it is simply another file.
        inf[10] ^= 1;
        assert_eq!(catalog.coverage(&inf), Coverage::NotListed, "{folder}");
    }
}
