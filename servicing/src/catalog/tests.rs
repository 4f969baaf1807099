//! Catalogs of real packages, read beside OpenSSL, osslsigncode and `cms`.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::*;

/// The distinct catalogs of the corpus: file, members that match a file,
/// members, version, signer. As listed in the corpus' PROVENANCE.md.
const CATALOGS: [(&str, usize, usize, CatalogVersion, &str); 30] = {
    use CatalogVersion::{V1, V2};
    const WHCP: &str = "Microsoft Windows Hardware Compatibility Publisher";
    const WDK: &str = "WDKTestCert JakubKocka,133640507385332792";
    const CODEBENDER: &str = "CODEBENDER OOD";
    [
        ("virtio-viostor-w10-amd64/viostor.cat", 4, 4, V2, WHCP),
        (
            "virtio-qemufwcfg-nulldrv/qemufwcfg.cat",
            1,
            1,
            V1,
            "Red Hat, Inc.",
        ),
        ("virtio-netkvm-w10-arm64/netkvm.cat", 4, 4, V2, WHCP),
        ("wintun-0.14-amd64/wintun.cat", 2, 2, V1, WHCP),
        ("vigembus-x64/ViGEmBus.cat", 4, 4, V2, WHCP),
        ("vigembus-x86/ViGEmBus.cat", 4, 4, V2, WHCP),
        ("codebndr-arduino/arduino.cat", 1, 1, V1, "Arduino LLC"),
        (
            "codebndr-cdc/atmel_devices_cdc.cat",
            1,
            1,
            V1,
            "Atmel Norway",
        ),
        ("codebndr-flora/flora.cat", 1, 1, V1, "Adafruit Industries"),
        ("codebndr-sparkfun/sparkfun.cat", 1, 1, V1, CODEBENDER),
        ("codebndr-birdbrain/hbduo.cat", 0, 1, V1, CODEBENDER),
        ("codebndr-lightup/lightup.cat", 0, 1, V1, CODEBENDER),
        (
            "codebndr-sparki/sparki_combo.cat",
            0,
            1,
            V1,
            "ArcBotics LLC.",
        ),
        ("codebndr-AVRISP_mkII/avrisp_mkii.cat", 9, 9, V1, CODEBENDER),
        ("codebndr-USBasp/usbasp.cat", 9, 9, V1, CODEBENDER),
        ("espressif/esp-prog/esp-prog.cat", 2, 2, V2, WDK),
        ("espressif/esp-wrover-kit/esp-wrover-kit.cat", 2, 2, V2, WDK),
        (
            "espressif/esp32-s2-kaluga/esp32-s2-kaluga.cat",
            2,
            2,
            V2,
            WDK,
        ),
        ("espressif/esp32s2/esp32s2.cat", 2, 2, V2, WDK),
        (
            "espressif/esp32-usb-jtag/USB_JTAG_debug_unit.cat",
            5,
            5,
            V1,
            "Espressif Systems (Shanghai) Co., Ltd.",
        ),
        (
            "libusb0-atmel-dfu-ia64/atmel_usb_dfu.cat",
            7,
            7,
            V1,
            "Atmel Norway",
        ),
        ("osvr-hdk/osvr_cdc.cat", 1, 1, V1, "Sensics, Inc."),
        ("osvr-hdk/osvr_hdk_display.cat", 1, 1, V1, "Sensics, Inc."),
        ("osvr-hdk/osvr_hdk_hid.cat", 1, 1, V1, "Sensics, Inc."),
        ("osvr-hdk/osvr_hdk_ircam.cat", 1, 1, V1, "Sensics, Inc."),
        ("codebndr-ch340/ch341SER.CAT", 6, 6, V1, WHCP),
        ("ftdi-cdm-2.08.30/ftdibus.cat", 18, 18, V2, WHCP),
        ("ftdi-cdm-2.08.30/ftdiport.cat", 14, 14, V2, WHCP),
        ("intel-iastor-xp-f6/iaahci.cat", 2, 2, V1, "Win-RAID CA"),
        ("intel-iastor-xp-f6/iastor.cat", 2, 2, V1, "Win-RAID CA"),
    ]
};

/// Runs `check` on every catalog of the table: its path, bytes and reading.
fn each_catalog(test: &str, mut check: impl FnMut(&Path, &[u8], &Catalog)) {
    let Some(corpus) = wimwright_testdata::corpus(test) else {
        return;
    };
    for (file, ..) in CATALOGS {
        let path = corpus.join("drivers").join(file);
        let bytes = wimwright_testdata::read(&path);
        let catalog = Catalog::parse(&bytes).unwrap_or_else(|error| panic!("{file}: {error:?}"));
        check(&path, &bytes, &catalog);
    }
}

fn read(corpus: &Path, file: &str) -> Vec<u8> {
    wimwright_testdata::read(&corpus.join("drivers").join(file))
}

#[test]
fn corpus_catalogs_have_the_members_and_signers_of_their_provenance() {
    let test = "corpus_catalogs_have_the_members_and_signers_of_their_provenance";
    let mut table = CATALOGS.iter();
    each_catalog(test, |_, _, catalog| {
        let (file, _, members, version, signer) = *table.next().unwrap();
        assert_eq!(catalog.members.len(), members, "members of {file}");
        assert_eq!(catalog.version, version, "version of {file}");
        assert_eq!(catalog.signers.len(), 1, "signers of {file}");
        assert_eq!(
            catalog.signers[0].common_name.as_deref(),
            Some(signer),
            "{file}"
        );
        assert!(catalog.signers[0].certificate_embedded, "{file}");
        assert_eq!(catalog.list_identifier.len(), 16, "{file}");
        assert!(catalog.this_update.is_some(), "{file}");
    });
}

/// Every file in the catalog's folder and below.
fn files_below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files_below(&path, found);
        } else {
            found.push(path);
        }
    }
}

#[test]
fn member_digests_match_the_files_of_the_packages() {
    let test = "member_digests_match_the_files_of_the_packages";
    let mut table = CATALOGS.iter();
    let (mut matched, mut after_line_ends) = (0, 0);
    each_catalog(test, |path, _, catalog| {
        let (file, expected, ..) = *table.next().unwrap();
        let mut files = Vec::new();
        files_below(path.parent().unwrap(), &mut files);
        let contents: Vec<Vec<u8>> = files
            .iter()
            .map(|file| wimwright_testdata::read(file))
            .collect();
        let digests: Vec<FileDigests> = contents
            .iter()
            .map(|bytes| FileDigests::of(bytes).unwrap())
            .collect();

        let mut found = 0;
        for member in &catalog.members {
            let alone = Catalog {
                members: vec![member.clone()],
                ..catalog.clone()
            };
            if let Some(digests) = digests.iter().find(|digests| alone.find(digests).is_some()) {
                found += 1;
                let kind = if digests.is_pe {
                    SubjectKind::Pe
                } else {
                    SubjectKind::Flat
                };
                assert_eq!(
                    member.kind,
                    Some(kind),
                    "{:?} in {file}",
                    member.file_name()
                );
            } else {
                // The three INFs that lost their carriage returns.
                let restored = contents.iter().any(|bytes| {
                    let text = bytes.split(|&byte| byte == b'\n').collect::<Vec<_>>();
                    alone
                        .find(&FileDigests::of(&text.join(&b"\r\n"[..])).unwrap())
                        .is_some()
                });
                assert!(
                    restored,
                    "{:?} in {file} matches no file",
                    member.file_name()
                );
                after_line_ends += 1;
            }
        }
        assert_eq!(found, expected, "matching members of {file}");
        matched += found;
    });
    if matched > 0 {
        assert_eq!((matched, after_line_ends), (107, 3));
    }
}

#[test]
fn member_tags_equal_those_that_openssl_shows() {
    let test = "member_tags_equal_those_that_openssl_shows";
    if !wimwright_testdata::program("openssl", test) {
        return;
    }
    each_catalog(test, |path, _, catalog| {
        let output = Command::new("openssl")
            .args(["asn1parse", "-inform", "der", "-in"])
            .arg(path)
            .output()
            .unwrap();
        // Tags are the octet strings eight levels down in the signed content,
        // which ends with the next element three levels down.
        let text = String::from_utf8(output.stdout).unwrap();
        let content = text
            .lines()
            .skip_while(|line| !line.ends_with(":1.3.6.1.4.1.311.10.1"));
        let content = content.take_while(|line| !line.contains(":d=3  "));
        let tags = content.filter(|line| line.contains(":d=8  "));
        let tags = tags.filter_map(|line| line.split_once("[HEX DUMP]:"));
        let theirs: Vec<&str> = tags.map(|(_, tag)| tag).collect();
        let ours: Vec<String> = catalog
            .members
            .iter()
            .map(|member| match catalog.version {
                CatalogVersion::V1 => {
                    let stored = member
                        .tag
                        .encode_utf16()
                        .chain([0])
                        .flat_map(u16::to_le_bytes);
                    stored.map(|byte| format!("{byte:02X}")).collect()
                }
                CatalogVersion::V2 => member.tag.clone(),
            })
            .collect();
        assert_eq!(ours, theirs, "{}", path.display());
    });
}

#[test]
fn signers_equal_those_that_osslsigncode_shows() {
    let test = "signers_equal_those_that_osslsigncode_shows";
    if !wimwright_testdata::program("osslsigncode", test) {
        return;
    }
    each_catalog(test, |path, _, catalog| {
        let output = Command::new("osslsigncode")
            .args(["verify", "-in"])
            .arg(path)
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        let field = |name: &str| {
            let line = text
                .lines()
                .map(str::trim)
                .find(|line| line.starts_with(name));
            line.and_then(|line| line.split_once(':'))
                .unwrap()
                .1
                .trim()
                .to_owned()
        };
        let signer = &catalog.signers[0];
        let subject = field("Subject");
        let common_name = signer.common_name.as_deref().unwrap();
        assert!(
            subject.contains(&format!("/CN={common_name}")),
            "{common_name} in {subject}"
        );
        let issuer = field("Issuer");
        let common_name = signer.issuer_common_name.as_deref().unwrap();
        assert!(
            issuer.ends_with(&format!("/CN={common_name}")),
            "{common_name} in {issuer}"
        );
        assert_eq!(signer.serial.as_ref().unwrap().to_string(), field("Serial"));
    });
}

/// The `cms` crate decodes all certificates and signer infos at once.
#[test]
fn certificates_and_serial_numbers_equal_those_that_cms_decodes() {
    use cms::{content_info::ContentInfo, signed_data::SignedData, signed_data::SignerIdentifier};
    use der::Decode as _;
    let test = "certificates_and_serial_numbers_equal_those_that_cms_decodes";
    each_catalog(test, |path, bytes, catalog| {
        let content = ContentInfo::from_der(bytes).unwrap().content;
        let signed: SignedData = content.decode_as().unwrap();
        assert_eq!(
            catalog.embedded_certificates,
            signed.certificates.map_or(0, |set| set.0.len()),
            "{}",
            path.display()
        );
        let signers = signed.signer_infos.0;
        assert_eq!(catalog.signers.len(), signers.len());
        for (ours, theirs) in catalog.signers.iter().zip(signers.iter()) {
            let SignerIdentifier::IssuerAndSerialNumber(theirs) = &theirs.sid else {
                panic!("{}: signer named by key", path.display());
            };
            assert_eq!(
                ours.serial.as_ref().unwrap().as_bytes(),
                theirs.serial_number.as_bytes(),
                "{}",
                path.display()
            );
        }
    });
}

#[test]
fn a_v2_catalog_lists_each_file_by_both_digests() {
    let Some(corpus) = wimwright_testdata::corpus("a_v2_catalog_lists_each_file_by_both_digests")
    else {
        return;
    };
    let catalog = Catalog::parse(&read(&corpus, "virtio-viostor-w10-amd64/viostor.cat")).unwrap();
    // 2021-09-09 15:35:46 UTC
    assert_eq!(catalog.this_update, Some(1_631_201_746));
    let systems = catalog.attribute("os").and_then(NameValue::text).unwrap();
    assert!(systems.starts_with("_v100_X64,_v100_X64_RS1,"), "{systems}");
    assert!(
        catalog
            .attribute("HWID1")
            .and_then(NameValue::text)
            .is_some()
    );
    let listed: Vec<_> = catalog
        .members
        .iter()
        .map(|member| {
            let digest = member.digest.as_ref().unwrap();
            (
                member.file_name().unwrap(),
                digest.algorithm.to_string(),
                member.kind.clone().unwrap(),
            )
        })
        .collect();
    let (sys, inf) = ("viostor.sys".to_owned(), "viostor.inf".to_owned());
    for (file, algorithm, kind) in [
        (&sys, "SHA-1", SubjectKind::Pe),
        (&sys, "SHA-256", SubjectKind::Pe),
        (&inf, "SHA-1", SubjectKind::Flat),
        (&inf, "SHA-256", SubjectKind::Flat),
    ] {
        assert!(
            listed.contains(&(file.clone(), algorithm.to_owned(), kind)),
            "{file} {algorithm} in {listed:?}"
        );
    }
    assert_eq!(catalog.members[0].os_attribute().as_deref(), Some("2:10.0"));
}

#[test]
fn a_v1_catalog_names_renamed_files_by_their_destination() {
    let test = "a_v1_catalog_names_renamed_files_by_their_destination";
    let Some(corpus) = wimwright_testdata::corpus(test) else {
        return;
    };
    let catalog = Catalog::parse(&read(&corpus, "codebndr-USBasp/usbasp.cat")).unwrap();
    let bytes = read(&corpus, "codebndr-USBasp/x86/libusb0_x86.dll");
    let digests = FileDigests::of(&bytes).unwrap();
    let member = catalog.find(&digests).unwrap();
    assert_eq!(member.file_name().as_deref(), Some("libusb0.dll"));
    let digest = member.digest.as_ref().unwrap();
    assert_eq!(digest.bytes, digests.sha1);
    assert_eq!(
        member.tag,
        digests.sha1.map(|byte| format!("{byte:02X}")).concat()
    );
    assert_eq!(
        catalog.find(&FileDigests::of(b"another file").unwrap()),
        None
    );
}

/// A certificate that cannot be read costs the names, not the members.
#[test]
fn an_unreadable_certificate_leaves_the_members_readable() {
    let test = "an_unreadable_certificate_leaves_the_members_readable";
    let Some(corpus) = wimwright_testdata::corpus(test) else {
        return;
    };
    let mut bytes = read(&corpus, "intel-iastor-xp-f6/iastor.cat");
    let whole = Catalog::parse(&bytes).unwrap();
    let serial = whole.signers[0].serial.clone().unwrap();
    assert!(serial.is_negative());
    let field = [&[0x02, serial.as_bytes().len() as u8], serial.as_bytes()].concat();
    let in_certificate = bytes
        .windows(field.len())
        .position(|window| window == field)
        .unwrap();
    bytes[in_certificate] = 0x04; // OCTET STRING instead of INTEGER

    let damaged = Catalog::parse(&bytes).unwrap();
    assert_eq!(damaged.members, whole.members);
    assert_eq!(damaged.embedded_certificates, whole.embedded_certificates);
    assert_eq!(damaged.signers[0].common_name, None);
    assert!(!damaged.signers[0].certificate_embedded);
    assert_eq!(
        damaged.signers[0].issuer_common_name,
        whole.signers[0].issuer_common_name
    );
    assert_eq!(damaged.signers[0].serial, Some(serial));
}

#[test]
fn other_signed_data_and_trailing_bytes_are_refused_by_name() {
    let test = "other_signed_data_and_trailing_bytes_are_refused_by_name";
    let Some(corpus) = wimwright_testdata::corpus(test) else {
        return;
    };
    let mut bytes = read(&corpus, "codebndr-arduino/arduino.cat");
    let len = bytes.len();
    bytes.push(0);
    let error = Catalog::parse(&bytes).unwrap_err();
    assert_eq!(
        error,
        Error::LeftOver {
            what: "content info",
            at: len,
            len: 1
        }
    );

    // The embedded signature of a driver is signed data too, but no catalog.
    let driver = read(&corpus, "vigembus-x64/ViGEmBus.sys");
    let start = driver.windows(13).rposition(|window| {
        window[..2] == [0x30, 0x82] && window[4..] == [6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1]
    });
    let start = start.unwrap();
    let len = usize::from(u16::from_be_bytes([driver[start + 2], driver[start + 3]])) + 4;
    let error = Catalog::parse(&driver[start..start + len]).unwrap_err();
    assert!(
        matches!(error, Error::Identified { .. }),
        "{error:?} for the signature of a driver at {start:#x}"
    );
}

/// One DER element with the shortest length there is.
fn der(tag: u8, value: &[u8]) -> Vec<u8> {
    let len = u32::try_from(value.len()).unwrap();
    let header = match len {
        0..=0x7f => vec![tag, len as u8],
        0x80..=0xff => vec![tag, 0x81, len as u8],
        0x100..=0xffff => [&[tag, 0x82][..], &(len as u16).to_be_bytes()].concat(),
        0x1_0000..=0xff_ffff => [&[tag, 0x83][..], &len.to_be_bytes()[1..]].concat(),
        _ => [&[tag, 0x84][..], &len.to_be_bytes()].concat(),
    };
    [header, value.to_vec()].concat()
}

/// A catalog that nobody signed, of v2, with `members` as its member list.
fn unsigned_catalog(members: &[u8]) -> Vec<u8> {
    let oid = |identifier: ObjectIdentifier| der(0x06, identifier.as_bytes());
    let list = [
        der(0x30, &oid(oid::CATALOG_LIST)),
        der(0x04, &[7; 16]),
        der(0x17, b"700101000001Z"),
        der(0x30, &oid(oid::LIST_MEMBER_V2)),
        der(0x30, members),
    ];
    let content = [
        oid(oid::CERTIFICATE_TRUST_LIST),
        der(0xa0, &der(0x30, &list.concat())),
    ];
    let signed = [
        der(0x02, &[1]),
        der(0x31, &[]),
        der(0x30, &content.concat()),
        der(0x31, &[]),
    ];
    let info = [
        oid(oid::SIGNED_DATA),
        der(0xa0, &der(0x30, &signed.concat())),
    ];
    der(0x30, &info.concat())
}

#[test]
fn an_unsigned_catalog_has_no_signers() {
    let member = der(0x30, &der(0x04, &[0xab; 20]));
    let catalog = Catalog::parse(&unsigned_catalog(&member)).unwrap();
    assert_eq!(catalog.signers, []);
    assert_eq!(catalog.embedded_certificates, 0);
    assert_eq!(catalog.this_update, Some(1));
    let digest = Digest {
        algorithm: DigestAlgorithm::Sha1,
        bytes: vec![0xab; 20],
    };
    assert_eq!(catalog.members[0].digest, Some(digest));
    assert_eq!(catalog.members[0].tag, "AB".repeat(20));
}

#[test]
fn memory_is_bounded_by_the_stated_maxima() {
    // What a member costs without attributes, times the most members there are.
    assert!(size_of::<Member>() * MAX_MEMBERS <= 64 << 20);
    let smallest = der(0x30, &der(0x04, &[]));
    let most = Catalog::parse(&unsigned_catalog(&smallest.repeat(MAX_MEMBERS))).unwrap();
    assert_eq!(most.members.len(), MAX_MEMBERS);
    let error = Catalog::parse(&unsigned_catalog(&smallest.repeat(MAX_MEMBERS + 1))).unwrap_err();
    assert!(matches!(error, Error::TooManyMembers { .. }), "{error:?}");

    let error = Catalog::parse(&vec![0; MAX_CATALOG_LEN + 1]).unwrap_err();
    assert_eq!(
        error,
        Error::TooLong {
            len: MAX_CATALOG_LEN + 1
        }
    );
}

/// Never panics, whatever one byte or the end is changed to.
#[test]
fn damaged_catalogs_give_errors_not_panics() {
    let Some(corpus) = wimwright_testdata::corpus("damaged_catalogs_give_errors_not_panics") else {
        return;
    };
    let mut refused = 0_usize;
    let mut tried = 0_usize;
    for file in [
        "codebndr-USBasp/usbasp.cat",
        "virtio-viostor-w10-amd64/viostor.cat",
    ] {
        let whole = read(&corpus, file);
        for len in (0..whole.len()).step_by(3) {
            assert!(
                Catalog::parse(&whole[..len]).is_err(),
                "{file} cut to {len} bytes"
            );
        }
        let mut damaged = whole.clone();
        for at in 0..whole.len() {
            for value in [0x00, 0x80, 0xff, whole[at] ^ 0x01] {
                damaged[at] = value;
                tried += 1;
                refused += usize::from(Catalog::parse(&damaged).is_err());
            }
            damaged[at] = whole[at];
        }
    }
    // Most bytes are digests, names and signatures, which any value suits.
    assert!(
        refused > tried / 100,
        "{refused} of {tried} changes noticed"
    );
}
