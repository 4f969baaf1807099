//! Every value comes from the package or the image: no text in the code names a
//! driver, a vendor or a device. The names that are looked for are those of the
//! corpus' packages.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "a test program"
)]

mod support;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The texts of a Rust source, without those of its comments and tests.
fn texts(source: &str) -> Vec<String> {
    let code = source.split("#[cfg(test)]").next().unwrap_or_default();
    let mut texts = Vec::new();
    for line in code.lines() {
        let mut text: Option<String> = None;
        let mut chars = line.chars().peekable();
        while let Some(c) = chars.next() {
            match (&mut text, c) {
                (None, '/') if chars.peek() == Some(&'/') => break,
                (None, '\'') => {
                    // A character, which may be a quote.
                    if chars.peek() == Some(&'"') {
                        chars.next();
                    }
                }
                (None, '"') => text = Some(String::new()),
                (Some(_), '"') => texts.extend(text.take()),
                (Some(text), '\\') => {
                    text.push('\\');
                    text.extend(chars.next().filter(|c| *c != '\\'));
                }
                (Some(text), c) => text.push(c),
                (None, _) => {}
            }
        }
        // A text that goes on in the next line.
        texts.extend(text);
    }
    texts
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs") {
            found.push(path);
        }
    }
}

/// Whether `text` holds `name` as a word of its own.
fn holds(text: &str, name: &str) -> bool {
    let text = text.to_lowercase();
    let name = name.to_lowercase();
    let word = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(&name).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + name.len()..].chars().next();
        !before.is_some_and(word) && !after.is_some_and(word)
    })
}

/// Whether `text` holds a vendor's or device's number, as in `VEN_8086`.
fn holds_number(text: &str) -> bool {
    let text = text.to_uppercase();
    ["VEN_", "DEV_", "VID_", "PID_", "SUBSYS_"]
        .iter()
        .any(|prefix| {
            text.match_indices(prefix).any(|(at, _)| {
                let digits = text.get(at + prefix.len()..at + prefix.len() + 4);
                digits.is_some_and(|four| four.bytes().all(|b| b.is_ascii_hexdigit()))
            })
        })
}

#[test]
fn no_text_of_the_code_names_a_driver_vendor_or_device() {
    let Some(packages) = support::corpus_packages("no names in the code") else {
        return;
    };
    let mut names: BTreeSet<String> = BTreeSet::new();
    for (_, package) in packages
        .iter()
        .filter(|(_, package)| !package.is_text_setup())
    {
        let found = support::describe(package);
        names.extend(found.provider_name);
        names.extend(found.services.into_iter().map(|service| service.name));
        let files = found
            .files
            .into_iter()
            .filter(|file| file.path.ends_with(".sys"));
        names.extend(files.map(|file| file.path.rsplit('\\').next().unwrap().to_owned()));
        names.insert(package.inf_name());
    }
    names.retain(|name| name.len() > 3);
    for known in ["viostor", "iaStor", "ViGEmBus.sys", "FTDI"] {
        assert!(names.contains(known), "the corpus lost {known}: {names:?}");
    }

    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut files = Vec::new();
    for part in ["hive", "inf", "servicing", "drivers", "cli"] {
        sources(&root.join(part).join("src"), &mut files);
    }
    // The demo's own package is data that it writes, as a corpus file would be.
    files.retain(|file| {
        !file.ends_with("cli/src/sample.rs")
            && !file.ends_with("cli/src/commands/demo.rs")
            && !file.ends_with("tests.rs")
    });
    assert!(files.len() > 150, "{} files", files.len());
    let mut looked_at = 0;
    for file in files {
        let source = std::fs::read_to_string(&file).unwrap();
        for text in texts(&source) {
            looked_at += 1;
            // Where a fact stands, not what is done with it.
            if text.starts_with("https://") {
                continue;
            }
            assert!(!holds_number(&text), "{}: {text:?}", file.display());
            // Makers of processors and hypervisors, told apart by their names.
            let told_apart = ["hardware", "computer"];
            let machines = file
                .components()
                .any(|part| told_apart.iter().any(|folder| part.as_os_str() == *folder));
            for name in &names {
                if machines && ["Intel", "QEMU", "VMware"].contains(&name.as_str()) {
                    continue;
                }
                assert!(
                    !holds(&text, name),
                    "{}: {text:?} names {name}",
                    file.display()
                );
            }
        }
    }
    assert!(looked_at > 2000, "{looked_at} texts");
}

#[test]
fn the_search_finds_what_it_looks_for() {
    let source = "let a = \"viostor\"; // \"hidden\"\nlet b = '\"'; let c = \"PCI\\\\VEN_1AF4\";\n\
                  #[cfg(test)]\nmod tests { const D: &str = \"netkvm\"; }";
    assert_eq!(texts(source), ["viostor", "PCI\\VEN_1AF4"]);
    assert!(holds("the service `VioStor` starts", "viostor"));
    assert!(!holds("viostorage", "viostor"));
    assert!(holds_number("PCI\\VEN_1AF4"));
    assert!(!holds_number("VEN_&DEV_"));
}
