//! Names and hashes against the verified vectors, and against every name in
//! real packages.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a panic is how a test fails"
)]

mod packages;

use std::path::Path;

use wimwright_servicing::update::key_form::{
    self, PackageMark, component_name, deployment_name, winners_name,
};
use wimwright_servicing::update::{Identity, Mum, xml};
use wimwright_testdata::corpus;

/// The lines of a table of vectors, without comments and heading.
fn vectors(corpus: &Path, name: &str) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(corpus.join("packages").join(name)).unwrap();
    text.lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .skip(1)
        .map(|line| line.split('\t').map(str::to_owned).collect())
        .collect()
}

#[test]
fn every_vector_of_names_is_computed() {
    let Some(corpus) = corpus("every_vector_of_names_is_computed") else {
        return;
    };
    let lines = vectors(&corpus, "keyform-vectors.tsv");
    for line in &lines {
        let field = |index: usize| Some(line[index].as_str()).filter(|text| *text != "-");
        let identity = Identity::from_attributes(|name| match name {
            "name" => field(1),
            "language" => field(2),
            "type" => field(3),
            "version" => field(4),
            "publicKeyToken" => field(5),
            "processorArchitecture" => field(6),
            "versionScope" => field(7),
            other => panic!("{other}"),
        })
        .unwrap();
        let computed = match line[0].as_str() {
            "component" => component_name(&identity),
            "deployment" => deployment_name(&identity),
            "winners" => winners_name(&identity),
            other => panic!("{other}"),
        };
        assert_eq!(computed, line[8], "{line:?}");
    }
    assert_eq!(lines.len(), 60);
}

#[test]
fn every_vector_of_value_names_is_computed() {
    let Some(corpus) = corpus("every_vector_of_value_names_is_computed") else {
        return;
    };
    let lines = vectors(&corpus, "string-hash-vectors.tsv");
    for line in &lines {
        let [prefix, text, hash, value, ..] = line.as_slice() else {
            panic!("{line:?}");
        };
        let computed = key_form::string_hash(text).unwrap();
        assert_eq!(format!("{computed:016x}"), *hash, "{text}");
        let name = match prefix.as_str() {
            "f!" => key_form::file_value_name(text).unwrap(),
            marked => {
                // Package and update are joined by a dot: the version ends
                // with the fourth number behind the last tilde.
                let version = text.rfind('~').unwrap();
                let dot = text[version..].match_indices('.').nth(3).unwrap().0 + version;
                let package = Identity::from_package_name(&text[..dot]).unwrap();
                let mark = match marked {
                    "p!CBS_" => PackageMark::Pinned,
                    "i!CBS_" => PackageMark::Installed,
                    other => panic!("{other}"),
                };
                key_form::package_value_name(mark, &package, &text[dot + 1..]).unwrap()
            }
        };
        assert_eq!(name, *value);
    }
    assert_eq!(lines.len(), 5);
}

#[test]
fn every_manifest_of_real_packages_is_named_as_computed() {
    let Some(corpus) = corpus("every_manifest_of_real_packages_is_named_as_computed") else {
        return;
    };
    let mut seen = 0;
    let msus = packages::MSUS.map(|name| packages::of_msu(&corpus, name));
    for tree in msus.iter().chain([&packages::hand_made(&corpus)]) {
        for (name, bytes) in packages::ending(tree, ".manifest") {
            let root = xml::parse(&bytes).unwrap();
            let own = root.child("assemblyIdentity").unwrap();
            let identity = Identity::from_attributes(|name| own.attribute(name)).unwrap();
            assert_eq!(format!("{}.manifest", component_name(&identity)), name);
            seen += 1;
        }
    }
    assert_eq!(seen, 10 + 5 + 110);
}

#[test]
fn every_package_of_real_packages_is_read_and_named_as_its_file() {
    let Some(corpus) = corpus("every_package_of_real_packages_is_read_and_named_as_its_file")
    else {
        return;
    };
    let mut seen = 0;
    let msus = packages::MSUS.map(|name| packages::of_msu(&corpus, name));
    for tree in msus.iter().chain([&packages::hand_made(&corpus)]) {
        let mums = packages::ending(tree, ".mum");
        let read: Vec<Mum> = mums
            .iter()
            .map(|(_, bytes)| Mum::parse(bytes).unwrap())
            .collect();
        for ((name, _), mum) in mums.iter().zip(&read) {
            assert_eq!(mum.unknown, [""; 0], "{name}");
            let own = format!("{}.mum", mum.identity);
            // The top of a package has a name of its own.
            if !name.starts_with("update") {
                assert!(own.eq_ignore_ascii_case(name), "{own} and {name}");
            }
            // What it brings lies in the same container.
            for inner in mum.packages() {
                assert!(
                    read.iter().any(|mum| mum.identity == *inner),
                    "{name}: {inner}"
                );
            }
            for (_, deployment) in mum.deployments() {
                let file = format!("{}.manifest", component_name(deployment));
                assert!(!packages::ending(tree, &file).is_empty(), "{name}: {file}");
            }
            seen += 1;
        }
    }
    assert_eq!(seen, 6 + 5 + 1);
}

#[test]
fn what_real_packages_ask_for() {
    let Some(corpus) = corpus("what_real_packages_ask_for") else {
        return;
    };
    let tree = packages::of_msu(&corpus, packages::MSUS[1]);
    let top = &packages::ending(&tree, "update.mum")[0].1;
    let mum = Mum::parse(top).unwrap();
    assert_eq!(
        mum.identity.to_string(),
        "Package_for_KB4528069~31bf3856ad364e35~amd64~~6.1.1.1"
    );
    assert!(mum.deep);
    let asked: Vec<String> = mum.parents[0]
        .identities
        .iter()
        .map(|identity| format!("{} {}", identity.name, identity.version))
        .collect();
    assert_eq!(
        asked,
        [
            "Microsoft-Windows-Client-Features-Package 6.1.7601.17514",
            "Microsoft-Windows-Server-Features-Package 6.1.7601.17514",
            "WinEmb-Shell-Accessories 6.1.7601.17514",
            "WinEmb-Accessories-Core 6.1.7601.17514",
        ]
    );
    assert_eq!(
        mum.parents[0].compare.words(),
        "buildCompare EQ, serviceCompare GE"
    );
    let stack = mum.servicing_stack.unwrap();
    assert_eq!(stack.version.to_string(), "6.1.7601.24516");
}
