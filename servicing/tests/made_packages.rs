//! The update packages that tests make are what they claim to be: read by this
//! crate and by other programs.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test program")]

use std::process::Command;

use wimwright_servicing::catalog::verify::{Signature, TrustStore, Verdict};
use wimwright_servicing::catalog::{Catalog, FileDigests};
use wimwright_servicing::update::key_form::component_name;
use wimwright_servicing::update::mum::{Mum, Part};
use wimwright_servicing::update::xml;
use wimwright_servicing::update::{Identity, identity};
use wimwright_testdata::program;
use wimwright_testdata::update_package::{
    Brings, CatalogForm, Component, Deployment, Package, cabinet, root_certificate,
};

/// 2026-01-02.
const NOW: u64 = 1_767_312_000;

fn package() -> Package {
    let long = "Microsoft-Windows-Test-Component-With-A-Name-Of-More-Than-40";
    let component = Component::new(long, "amd64", "10.0.19041.5")
        .file("test.dll", Some("$(runtime.system32)\\"), b"a library")
        .file("only.in.store", None, b"a template & <more>")
        .key(
            "HKEY_LOCAL_MACHINE\\SOFTWARE\\Test & More",
            &[("n", "REG_DWORD", "0x00000001")],
            true,
        );
    let deployment = Deployment::new(1, "10.0.19041.5", vec![component]);
    let inner = Package::new("Package_1_for_KB1", "10.0.1.0", ("Parent", "10.0.19041.1"));
    let inner = inner.with(
        "1-1_neutral",
        Some("install"),
        Brings::Deployment(deployment),
    );
    Package::new("Package_for_KB1", "10.0.1.0", ("Parent", "10.0.19041.1")).with(
        "1-2_neutral_PACKAGE",
        None,
        Brings::Package(inner),
    )
}

#[test]
fn descriptions_names_and_catalogs_fit_each_other() {
    let mut trust = TrustStore::default();
    trust.add(&root_certificate(), "test").unwrap();
    for form in [CatalogForm::V1, CatalogForm::V2] {
        let members = package().members(form);
        let mut manifests = 0;
        for (name, bytes) in &members {
            if name.ends_with(".mum") {
                let mum = Mum::parse(bytes).unwrap();
                assert!(mum.unknown.is_empty(), "{:?}", mum.unknown);
                let file = match name.as_str() {
                    "update.mum" => "Package_for_KB1~31bf3856ad364e35~amd64~~10.0.1.0",
                    name => name.strip_suffix(".mum").unwrap(),
                };
                assert_eq!(mum.identity.package_name(), file);
                assert!(matches!(
                    (&mum.updates[0].parts[0], file.contains("_1_")),
                    (Part::Component { .. }, true) | (Part::Package { .. }, false)
                ));
            } else if name.ends_with(".manifest") {
                let root = xml::parse(bytes).unwrap();
                let inside = root.child("assemblyIdentity").unwrap();
                let inside = Identity::from_attributes(|name| inside.attribute(name));
                let inside: Result<Identity, identity::IdentityError> = inside;
                let expected = format!("{}.manifest", component_name(&inside.unwrap()));
                assert_eq!(*name, expected);
                manifests += 1;
            } else if name.ends_with(".cat") {
                let signature = Signature::read(bytes, &trust).unwrap().unwrap();
                assert_eq!(signature.check, Ok(()), "{name}");
                assert_eq!(signature.verdict(NOW), Verdict::Trusted, "{name}");
                let untrusted = Signature::read(bytes, &TrustStore::default());
                let verdict = untrusted.unwrap().unwrap().verdict(NOW);
                assert!(matches!(verdict, Verdict::NoAnchor(_)), "{verdict:?}");
                let mum = &members[&name.replace(".cat", ".mum")];
                let catalog = Catalog::parse(bytes).unwrap();
                assert!(catalog.coverage(mum).is_listed(), "{name}");
                let listed = |bytes: &[u8]| {
                    let digests = FileDigests::of(bytes).unwrap();
                    catalog.listed(&digests).is_some()
                };
                let covered = members.values().filter(|bytes| listed(bytes));
                assert_eq!(covered.count(), if name == "update.cat" { 1 } else { 3 });
            }
        }
        assert_eq!(manifests, 2);
    }
}

#[test]
fn other_programs_read_the_cabinets_and_the_catalogs() {
    let test = "other_programs_read_the_cabinets_and_the_catalogs";
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let package = package();
    let members = package.members(CatalogForm::V2);
    std::fs::write(at("package.cab"), cabinet(&members)).unwrap();
    std::fs::write(at("package.msu"), package.msu(&members)).unwrap();
    if program("cabextract", test) {
        for (file, to) in [
            ("package.msu", "msu"),
            ("msu/Windows-KB1-amd64.cab", "inner"),
            ("package.cab", "cab"),
        ] {
            let run = Command::new("cabextract")
                .arg("-q")
                .arg("-d")
                .arg(at(to))
                .arg(at(file))
                .output()
                .unwrap();
            let said = String::from_utf8_lossy(&run.stderr).into_owned();
            assert!(run.status.success() && said.is_empty(), "{file}: {said}");
        }
        for (name, bytes) in &members {
            for to in ["inner", "cab"] {
                let path = at(to).join(name.replace('\\', "/"));
                assert_eq!(std::fs::read(path).unwrap(), *bytes, "{to} {name}");
            }
        }
    }
    if program("osslsigncode", test) && program("openssl", test) {
        std::fs::write(at("root.der"), root_certificate()).unwrap();
        let pem = Command::new("openssl")
            .args(["x509", "-inform", "DER", "-in"])
            .arg(at("root.der"))
            .arg("-out")
            .arg(at("root.pem"))
            .status();
        assert!(pem.unwrap().success());
        std::fs::write(at("update.mum"), &members["update.mum"]).unwrap();
        std::fs::write(at("update.cat"), &members["update.cat"]).unwrap();
        let run = Command::new("osslsigncode")
            .args(["verify", "-CAfile"])
            .arg(at("root.pem"))
            .arg("-in")
            .arg(at("update.cat"))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&run.stdout).into_owned();
        assert!(
            run.status.success() && said.contains("Signature verification: ok"),
            "{said}{}",
            String::from_utf8_lossy(&run.stderr)
        );
    }
}
