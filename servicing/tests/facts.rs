//! What an image is: read from its hives, never guessed.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test program")]

use std::sync::Arc;

use wimwright_servicing::registry::{ControlSet, Hives};
use wimwright_servicing::{
    Architecture, FactsError, FileTree, Generation, ImageFacts, MemoryTree, ProductType,
    find_windows,
};
use wimwright_testdata::image::{Data, Windows, hive, software};

const ENVIRONMENT: &str = "ControlSet001\\Control\\Session Manager\\Environment";

fn system() -> Vec<(&'static str, &'static str, Data)> {
    vec![
        ("Select", "Default", Data::Dword(1)),
        ("Select", "Current", Data::Dword(1)),
        ("Select", "LastKnownGood", Data::Dword(1)),
        ("Select", "Failed", Data::Dword(0)),
        (ENVIRONMENT, "PROCESSOR_ARCHITECTURE", Data::Sz("AMD64")),
        (
            "ControlSet001\\Control\\ProductOptions",
            "ProductType",
            Data::Sz("WinNT"),
        ),
    ]
}

fn tree(windows: &str, system: &[u8], software: Option<&[u8]>) -> Arc<dyn FileTree> {
    let mut tree = MemoryTree::new();
    tree.insert(&format!("{windows}\\System32\\config\\SYSTEM"), system)
        .unwrap();
    if let Some(software) = software {
        tree.insert(&format!("{windows}\\System32\\config\\SOFTWARE"), software)
            .unwrap();
    }
    Arc::new(tree)
}

fn facts(tree: &Arc<dyn FileTree>) -> Result<ImageFacts, FactsError> {
    let windows = find_windows(tree.as_ref())?;
    let hives = Hives::new(Arc::clone(tree), &windows).unwrap();
    ImageFacts::read(tree, &windows, &hives)
}

#[test]
fn the_version_is_read_where_it_is_true() {
    for (major, minor, build, shown, generation) in [
        (5, 1, 2600, "5.1.2600", Generation::Nt5),
        (6, 1, 7601, "6.1.7601", Generation::Nt6),
        (6, 2, 9200, "6.2.9200", Generation::DriverDatabase),
        (6, 3, 9600, "6.3.9600", Generation::DriverDatabase),
        (10, 0, 19045, "10.0.19045", Generation::DriverDatabase),
        (10, 0, 26100, "10.0.26100", Generation::DriverDatabase),
    ] {
        let software = software(&Windows::new(major, minor, build));
        let facts = facts(&tree(
            "WINDOWS",
            &hive("SYSTEM", &system()),
            Some(&software),
        ))
        .unwrap();
        assert_eq!(facts.version.to_string(), shown);
        assert_eq!(facts.generation, generation, "{shown}");
        assert_eq!(facts.architecture, Architecture::Amd64, "{shown}");
        assert_eq!(
            facts.product_type,
            Some(ProductType::Workstation),
            "{shown}"
        );
        assert_eq!(facts.windows.to_string(), "WINDOWS", "{shown}");
    }
}

#[test]
fn windows_10_without_its_own_version_number_is_known_by_its_build() {
    // An early 10 has only the 6.3 that 8.1 says too.
    let key = "Microsoft\\Windows NT\\CurrentVersion";
    let software = hive(
        "SOFTWARE",
        &[
            (key, "CurrentVersion", Data::Sz("6.3")),
            (key, "CurrentBuild", Data::Sz("10240")),
        ],
    );
    let facts = facts(&tree(
        "Windows",
        &hive("SYSTEM", &system()),
        Some(&software),
    ))
    .unwrap();
    assert_eq!(facts.version.to_string(), "10.0.10240");
}

#[test]
fn what_an_image_lacks_is_named() {
    let good_system = hive("SYSTEM", &system());
    let good_software = software(&Windows::new(10, 0, 19045));
    let no_select = hive(
        "SYSTEM",
        &[(ENVIRONMENT, "PROCESSOR_ARCHITECTURE", Data::Sz("x86"))],
    );
    let mut wrong_set = system();
    wrong_set.push(("Select", "Default", Data::Dword(7)));
    let mut no_architecture = system();
    no_architecture.retain(|(key, _, _)| *key != ENVIRONMENT);
    let empty = hive("SOFTWARE", &[("Microsoft", "", Data::Sz(""))]);
    for (system, software, word) in [
        (&good_system, None, "no hive SOFTWARE"),
        (&no_select, Some(&good_software), "`Select`"),
        (
            &hive("SYSTEM", &wrong_set),
            Some(&good_software),
            "ControlSet007",
        ),
        (
            &hive("SYSTEM", &no_architecture),
            Some(&good_software),
            "architecture",
        ),
        (&good_system, Some(&empty), "CurrentBuildNumber"),
    ] {
        let error = facts(&tree("Windows", system, software.map(Vec::as_slice))).unwrap_err();
        assert!(error.to_string().contains(word), "{word}: {error}");
    }
}

#[test]
fn a_directory_that_is_no_windows_says_what_was_looked_for() {
    let mut tree = MemoryTree::new();
    tree.insert("home\\me\\file", *b"x").unwrap();
    tree.insert("etc\\passwd", *b"x").unwrap();
    let error = find_windows(&tree).unwrap_err().to_string();
    assert!(error.contains("System32\\config\\SYSTEM"), "{error}");
    assert!(
        error.contains("`home`") && error.contains("`etc`"),
        "{error}"
    );
}

#[test]
fn edits_go_to_the_default_set_and_the_current_one_where_it_differs() {
    let sets = |default, current| {
        let mut values = system();
        values.push(("Select", "Default", Data::Dword(default)));
        values.push(("Select", "Current", Data::Dword(current)));
        values.push(("Select", "LastKnownGood", Data::Dword(3)));
        values.push(("Select", "Failed", Data::Dword(4)));
        for set in [
            "ControlSet002\\Control",
            "ControlSet003\\Control",
            "ControlSet004\\Control",
        ] {
            values.push((set, "x", Data::Dword(0)));
        }
        values.push((
            "ControlSet002\\Control\\Session Manager\\Environment",
            "PROCESSOR_ARCHITECTURE",
            Data::Sz("AMD64"),
        ));
        let software = software(&Windows::new(6, 1, 7601));
        facts(&tree("Windows", &hive("SYSTEM", &values), Some(&software))).unwrap()
    };
    let same = sets(1, 1);
    assert_eq!(same.control_sets.targets(), [ControlSet(1)]);
    assert!(same.findings.is_empty(), "{:?}", same.findings);
    let differ = sets(1, 2);
    assert_eq!(
        differ.control_sets.targets(),
        [ControlSet(1), ControlSet(2)]
    );
    assert_eq!(differ.findings[0].name, "control-sets-differ");
    // Before the first boot there is no current set.
    assert_eq!(sets(2, 0).control_sets.targets(), [ControlSet(2)]);
}
