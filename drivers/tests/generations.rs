//! Every package of the corpus into an image of every generation: added,
//! pending, or refused for the right reason. The golden table was read against
//! the INFs, line by line.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "a test program"
)]

mod support;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use support::{Around, TestImage, corpus_packages};
use wimwright_drivers::{AddResult, Outcome};

const TEST: &str = "every package into every generation";

/// The columns: what the image is, and whether its dirty hive is accepted.
const COLUMNS: &[(&str, Around, bool)] = &[
    ("2000 x86 (generated)", Around::Windows2000X86, false),
    ("XP SP3 x86", Around::WindowsXpX86, false),
    ("XP x64 SP2", Around::WindowsXpX64, false),
    ("2003 x86 (generated)", Around::Windows2003X86, false),
    ("Vista x86 (generated)", Around::WindowsVistaX86, false),
    ("7 SP1 x86", Around::Windows7X86, false),
    ("7 x64 (generated)", Around::Windows7X64, false),
    ("WinPE 3 x86 (generated)", Around::WindowsPe3X86, false),
    ("8.1 x64, dirty", Around::Windows81, false),
    ("8.1 x64, dirty hive accepted", Around::Windows81, true),
    (
        "10 1709 x64, dirty, log replayed",
        Around::Windows10_1709,
        false,
    ),
    ("10 2004 x64", Around::Windows10_2004, false),
    ("WinPE 10 x64 (generated)", Around::WindowsPe10X64, false),
    ("11 x64 (generated)", Around::Windows11X64, false),
    ("11 arm64 (generated)", Around::Windows11Arm64, false),
];

fn told(result: &AddResult) -> String {
    let name = match (&result.published_name, &result.package_id) {
        (Some(name), _) => name.clone(),
        (None, Some(id)) => id.clone(),
        (None, None) => String::new(),
    };
    let mut text = match result.outcome {
        Outcome::Added => format!("added {name}"),
        Outcome::Pending => format!("pending {name}"),
        Outcome::Unchanged => format!("unchanged {name}"),
        Outcome::Superseded => {
            let by = result.superseded_by.as_deref().unwrap_or_default();
            format!("superseded by {by}")
        }
        Outcome::NotNeeded => "not needed".to_owned(),
        Outcome::Refused => format!("refused: {}", result.reason.as_deref().unwrap_or_default()),
    };
    for finding in &result.findings {
        match finding.name {
            // Says which services start with the kernel.
            "ready-at-boot" => write!(text, "; {}", finding.message).unwrap(),
            "pending-first-boot" => {}
            name => write!(text, "; {name}").unwrap(),
        }
    }
    text
}

in_each_store! {
fn every_package_is_added_pending_or_refused_with_its_reason() {
    let Some(packages) = corpus_packages(TEST) else {
        return;
    };
    // By package, what each image said; images that said the same stand
    // together.
    let mut rows: Vec<Vec<(String, Vec<&str>)>> = vec![Vec::new(); packages.len()];
    let mut refused_images = String::new();
    // Class and version, where any image took it.
    let mut accepted: BTreeMap<usize, String> = BTreeMap::new();
    for (column, around, accept) in COLUMNS {
        let Some(image) = TestImage::new(*around, TEST) else {
            return;
        };
        let before = image.snapshot();
        let only: Vec<_> = packages
            .iter()
            .map(|(_, package)| package.clone())
            .collect();
        match image.try_add(&only, *accept) {
            Err(error) => {
                writeln!(refused_images, "{column}: the image is refused: {error}").unwrap();
                assert_eq!(image.snapshot(), before, "{column}");
            }
            Ok(results) => {
                for (row, result) in results.iter().enumerate() {
                    if result.outcome != Outcome::Refused {
                        let class = result.class_name.as_deref().unwrap_or_default();
                        let version = result.version.as_deref().unwrap_or_default();
                        accepted.insert(row, format!("{class} {version}"));
                    }
                    let told = told(result);
                    match rows[row].iter_mut().find(|(said, _)| *said == told) {
                        Some((_, columns)) => columns.push(column),
                        None => rows[row].push((told, vec![column])),
                    }
                }
                let (after, container) = (image.snapshot(), image.container());
                let again = image.try_add(&only, *accept).unwrap();
                for (first, second) in results.iter().zip(&again) {
                    assert_eq!(first.package_id, second.package_id, "{column}");
                    let expected = match first.outcome {
                        Outcome::Refused => Outcome::Refused,
                        _ => Outcome::Unchanged,
                    };
                    assert_eq!(second.outcome, expected, "{column}: {}", first.inf);
                }
                assert_eq!(
                    image.snapshot(),
                    after,
                    "{column}: a second run changed bytes"
                );
                assert!(
                    image.container() == container,
                    "{column}: a second run changed the WIM file"
                );
            }
        }
    }
    let mut text = refused_images;
    for (row, (folder, package)) in packages.iter().enumerate() {
        let class = accepted
            .get(&row)
            .map_or("accepted by no image", String::as_str);
        writeln!(text, "\n{folder}\\{}: {class}", package.inf()).unwrap();
        for (told, columns) in &rows[row] {
            writeln!(text, "    {told}\n        {}", columns.join(", ")).unwrap();
        }
    }
    support::compare_golden("generations.txt", &text);
}
}
