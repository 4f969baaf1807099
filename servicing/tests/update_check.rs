//! Whether images take packages, and how that is explained.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a panic is how a test fails"
)]

mod packages;

use std::path::Path;

use packages::made::{self, Made, parent, stack, update};
use wimwright_servicing::update::applicability::{
    Applicability, Before, Outcome, Verdict, evaluate,
};
use wimwright_servicing::update::batch;
use wimwright_servicing::update::order::Rank;
use wimwright_servicing::update::store::PackageStore;
use wimwright_servicing::update::{Package, package::PackageKind};
use wimwright_servicing::{Access, Draft, FileTime, Image};
use wimwright_testdata::cbs_image::{self, CbsImage, Component, Identity, Pending};
use wimwright_testdata::corpus;

fn look(root: &Path) -> Draft {
    Image::open(root, Access::Read).unwrap().look(FileTime(0))
}

fn ask(image: &CbsImage, package: &Package) -> Applicability {
    let folder = tempfile::tempdir().unwrap();
    image.write(folder.path());
    let draft = look(folder.path());
    let store = PackageStore::read(&draft).unwrap();
    evaluate(&draft, &store, package, &Before::nothing()).unwrap()
}

/// Asserts the verdict, and that the deciding rule says these words.
fn expect(answer: &Applicability, verdict: Verdict, rule: &str, words: &[&str]) {
    assert_eq!(answer.verdict, verdict, "{answer:#?}");
    let mut deciding = answer.deciding();
    let Some(found) = deciding.find(|one| one.rule == rule) else {
        panic!("no deciding rule {rule}: {answer:#?}");
    };
    let text = format!("{} | {} | {:?}", found.asked, found.found, found.hint);
    for word in words {
        assert!(text.contains(word), "{word}: {text}");
    }
}

const SEVEN: [u16; 4] = [6, 1, 7601, 17514];
const TEN: [u16; 4] = [10, 0, 19041, 1];

fn client(version: [u16; 4]) -> Identity {
    Identity::package(
        "Microsoft-Windows-Client-Features-Package",
        version,
        "amd64",
    )
}

fn calc(version: [u16; 4]) -> Component {
    let identity = Identity::component("Microsoft-Windows-calc", version, "amd64");
    Component::with_file(identity, "calc.exe", b"another calculator")
}

/// An update of the calculator that a Windows 7 takes.
fn good() -> Made {
    update("KB1", [6, 1, 1, 0])
        .asking(parent(
            &client(SEVEN),
            "buildCompare=\"EQ\" serviceCompare=\"GE\"",
        ))
        .asking(stack("6.1.7601.24500"))
        .updating(calc([6, 1, 7601, 24600]), "serviceLevel")
}

#[test]
fn a_package_that_fits_is_taken_and_every_rule_says_why() {
    let answer = ask(&CbsImage::windows_7(), &good().open());
    assert_eq!(answer.verdict, Verdict::Applicable, "{answer:#?}");
    let names: Vec<&str> = answer.rules.iter().map(|rule| rule.rule).collect();
    let expected = [
        "architecture",
        "pending",
        "installed",
        "servicing-stack",
        "parent",
        "components",
    ];
    assert_eq!(names, expected);
    let stack = &answer.rules[3];
    assert!(stack.asked.contains("6.1.7601.24500"), "{stack:?}");
    assert!(stack.found.contains("6.1.7601.24544"), "{stack:?}");
    assert!(
        answer.rules[5]
            .found
            .contains("6.1.7601.17514, below 6.1.7601.24600")
    );
}

#[test]
fn a_missing_parent_is_named_with_what_is_there_instead() {
    let wanted = Identity::package("Package_for_KB4132216", [10, 0, 1, 0], "amd64");
    let package = update("KB2", [10, 0, 1, 0])
        .asking(parent(
            &wanted,
            "buildCompare=\"GE\" revisionCompare=\"GE\"",
        ))
        .open();
    let answer = ask(&CbsImage::windows_10(), &package);
    let words = [
        "Package_for_KB4132216~31bf3856ad364e35~amd64~~10.0.1.0",
        "buildCompare GE, revisionCompare GE",
        "none of them in any version",
    ];
    expect(&answer, Verdict::NotApplicable, "parent", &words);
    // There, but for another release.
    let package = update("KB2", [6, 1, 1, 0])
        .asking(parent(&client(SEVEN), "buildCompare=\"EQ\""))
        .open();
    let answer = ask(&CbsImage::windows_10(), &package);
    let words = [
        "6.1.7601.17514",
        "10.0.19041.1` is installed, a version that does not fit",
    ];
    expect(&answer, Verdict::NotApplicable, "parent", &words);
    // There, but only in the store.
    let mut image = CbsImage::windows_7();
    for package in &mut image.packages {
        if package.identity.name.contains("Client-Features") {
            package.state = cbs_image::state::STAGED;
        }
    }
    let answer = ask(&image, &good().open());
    expect(
        &answer,
        Verdict::NotApplicable,
        "parent",
        &["is staged, not installed"],
    );
}

#[test]
fn too_old_a_servicing_stack_blocks_and_both_versions_are_told() {
    let package = good().asking(stack("6.1.7601.24600")).open();
    let answer = ask(&CbsImage::windows_7(), &package);
    let words = [
        "servicing stack 6.1.7601.24600",
        "6.1.7601.24544",
        "add a servicing stack update",
    ];
    expect(&answer, Verdict::Blocked, "servicing-stack", &words);
}

#[test]
fn another_architecture_is_told_before_all_else() {
    let mut package = good();
    package.identity.architecture = "x86".to_owned();
    let answer = ask(&CbsImage::windows_7(), &package.open());
    expect(
        &answer,
        Verdict::NotApplicable,
        "architecture",
        &["x86", "amd64"],
    );
}

#[test]
fn another_language_is_told_with_those_that_are_there() {
    let german = Identity::package(
        "Microsoft-Windows-Client-LanguagePack-Package",
        TEN,
        "amd64",
    )
    .in_language("de-DE");
    let mut package = update("KB3", [10, 0, 1, 0]).asking(parent(&german, "buildCompare=\"EQ\""));
    package.identity = package.identity.in_language("de-DE");
    let answer = ask(&CbsImage::windows_10(), &package.open());
    expect(
        &answer,
        Verdict::NotApplicable,
        "language",
        &["de-DE", "en-US", "language pack"],
    );
    let words = [
        "~de-DE~",
        "is installed (language en-US)",
        "another language",
    ];
    expect(&answer, Verdict::NotApplicable, "parent", &words);
    // A language pack brings its language itself.
    let mut pack = update("X", TEN).asking(parent(&client(TEN), "buildCompare=\"EQ\""));
    pack.identity = german;
    pack.release_type = "Language Pack";
    let pack = pack.open();
    assert_eq!(pack.kind(), PackageKind::LanguagePack);
    assert_eq!(
        ask(&CbsImage::windows_10(), &pack).verdict,
        Verdict::Applicable
    );
}

#[test]
fn what_is_there_or_there_newer_is_told() {
    let installed = |version: [u16; 4], state: u32| {
        let mut image = CbsImage::windows_7();
        let identity = Identity::package("Package_for_KB1", version, "amd64");
        image.packages.push(cbs_image::Package {
            state,
            ..cbs_image::Package::installed(identity, "Update")
        });
        image
    };
    let package = good().open();
    let answer = ask(
        &installed([6, 1, 1, 0], cbs_image::state::INSTALLED),
        &package,
    );
    expect(
        &answer,
        Verdict::Installed,
        "installed",
        &["6.1.1.0` is installed"],
    );
    let answer = ask(
        &installed([6, 1, 1, 0], cbs_image::state::SUPERSEDED),
        &package,
    );
    expect(
        &answer,
        Verdict::Superseded,
        "installed",
        &["is superseded"],
    );
    let answer = ask(
        &installed([6, 1, 2, 0], cbs_image::state::INSTALLED),
        &package,
    );
    let words = ["no version above 6.1.1.0", "6.1.2.0` is installed"];
    expect(&answer, Verdict::Superseded, "newer", &words);
    // An older one, or one that is only in the store, stands in nobody's way.
    let answer = ask(
        &installed([6, 1, 0, 9], cbs_image::state::INSTALLED),
        &package,
    );
    assert_eq!(answer.verdict, Verdict::Applicable);
    let answer = ask(&installed([6, 1, 1, 0], cbs_image::state::STAGED), &package);
    assert_eq!(answer.verdict, Verdict::Applicable);
}

#[test]
fn a_package_without_anything_for_the_image_is_not_applicable() {
    let none = Component::with_file(
        Identity::component("Microsoft-Windows-Nowhere", [6, 1, 7601, 24600], "amd64"),
        "nowhere.dll",
        b"",
    );
    let package = update("KB1", [6, 1, 1, 0])
        .updating(none.clone(), "serviceLevel")
        .open();
    let words = ["`Microsoft-Windows-Nowhere` (amd64) is not in the image"];
    expect(
        &ask(&CbsImage::windows_7(), &package),
        Verdict::NotApplicable,
        "components",
        &words,
    );
    // One that may bring it anew is taken.
    let package = update("KB1", [6, 1, 1, 0]).updating(none, "install").open();
    assert_eq!(
        ask(&CbsImage::windows_7(), &package).verdict,
        Verdict::Applicable
    );
    // As new already.
    let package = update("KB1", [6, 1, 1, 0])
        .updating(calc(SEVEN), "serviceLevel")
        .open();
    let words = ["is 6.1.7601.17514, not below 6.1.7601.17514"];
    let answer = ask(&CbsImage::windows_7(), &package);
    expect(&answer, Verdict::Superseded, "components-newer", &words);
    // For systems that are on the other branch.
    let package = update("KB1", [6, 1, 1, 0])
        .updating(calc([6, 1, 7601, 23140]), "revision")
        .open();
    let answer = ask(&CbsImage::windows_7(), &package);
    expect(
        &answer,
        Verdict::NotApplicable,
        "components",
        &["on another branch"],
    );
}

#[test]
fn pending_operations_block() {
    let image = CbsImage {
        pending: Pending {
            file: true,
            ..Pending::default()
        },
        ..CbsImage::windows_7()
    };
    let answer = ask(&image, &good().open());
    expect(
        &answer,
        Verdict::Blocked,
        "pending",
        &["pending.xml", "start the image once"],
    );
}

#[test]
fn the_real_packages_and_an_image_of_windows_7() {
    let Some(corpus) = corpus("the_real_packages_and_an_image_of_windows_7") else {
        return;
    };
    let [crt, esu] = packages::MSUS.map(|name| made::open(name, packages::of_msu(&corpus, name)));
    // Windows 7 has no universal CRT: the update may bring it anew.
    let answer = ask(&CbsImage::windows_7(), &crt);
    assert_eq!(answer.verdict, Verdict::Applicable, "{answer:#?}");
    let rule = answer
        .rules
        .iter()
        .find(|rule| rule.rule == "components")
        .unwrap();
    assert!(
        rule.found
            .contains("`Microsoft-Windows-UCRT` (amd64) 6.1.7601.18937"),
        "{rule:?}"
    );
    // The calculator is older there, on a lower service level.
    let answer = ask(&CbsImage::windows_7(), &esu);
    assert_eq!(answer.verdict, Verdict::Applicable, "{answer:#?}");
    let old = CbsImage {
        stack: [6, 1, 7601, 17514],
        ..CbsImage::windows_7()
    };
    let words = ["6.1.7601.24516", "6.1.7601.17514"];
    expect(
        &ask(&old, &esu),
        Verdict::Blocked,
        "servicing-stack",
        &words,
    );
    // Neither is for Windows 10.
    for package in [&crt, &esu] {
        let answer = ask(&CbsImage::windows_10(), package);
        expect(
            &answer,
            Verdict::NotApplicable,
            "parent",
            &["10.0.19041.1` is installed"],
        );
    }
    // The package that somebody made asks for nothing, but nobody known
    // vouches for it.
    let own = made::open("NoDefender", packages::hand_made(&corpus));
    assert_eq!(
        ask(&CbsImage::windows_10(), &own).verdict,
        Verdict::Applicable
    );
    assert_eq!(
        ask(&CbsImage::windows_7(), &own).verdict,
        Verdict::Applicable
    );
}

/// A servicing stack update.
fn stack_update(version: [u16; 4]) -> Made {
    let identity = Identity::component("Microsoft-Windows-ServicingStack", version, "amd64");
    let component = Component::with_file(identity, "wcp.dll", b"a servicing stack");
    let [major, minor, _, revision] = version;
    update("KB90", [major, minor, 1, revision])
        .asking(parent(&client(SEVEN), "buildCompare=\"EQ\""))
        .updating(component, "install")
}

fn cumulative(version: [u16; 4]) -> Made {
    let mut package = update("RollupFix", version);
    package.identity.name = "Package_for_RollupFix".to_owned();
    package
}

#[test]
fn packages_given_together_are_put_in_order_with_reasons() {
    let newer = good().asking(stack("6.1.7601.25000"));
    let follows = update("KB5", [6, 1, 1, 0]).asking(parent(
        &Identity::package("Package_for_KB1", [6, 1, 1, 0], "amd64"),
        "buildCompare=\"EQ\"",
    ));
    let given: Vec<Package> = [
        follows,
        cumulative([7601, 300, 1, 0]),
        newer,
        cumulative([7601, 200, 1, 0]),
        stack_update([6, 1, 7601, 25001]),
    ]
    .iter()
    .map(Made::open)
    .collect();
    let folder = tempfile::tempdir().unwrap();
    CbsImage::windows_7().write(folder.path());
    let draft = look(folder.path());
    let store = PackageStore::read(&draft).unwrap();
    let batch = batch::evaluate(&draft, &store, &given).unwrap();
    assert_eq!(batch.cycle, []);
    let order: Vec<usize> = batch.placed.iter().map(|one| one.given).collect();
    // Stack, the earlier cumulative update, the later one, and the rest.
    assert_eq!(order, [4, 3, 1, 2, 0]);
    let ranks: Vec<Rank> = batch.placed.iter().map(|one| one.rank).collect();
    let expected = [
        Rank::ServicingStack,
        Rank::Checkpoint,
        Rank::Cumulative,
        Rank::Rest,
        Rank::Rest,
    ];
    assert_eq!(ranks, expected);
    let reasons: Vec<Vec<&str>> = batch
        .placed
        .iter()
        .map(|one| one.after.iter().map(|edge| edge.reason.as_str()).collect())
        .collect();
    assert!(reasons[0].is_empty() && reasons[1].is_empty());
    assert!(
        reasons[2][0].contains("version 7601.200.1.0, which is older"),
        "{reasons:?}"
    );
    assert!(
        reasons[3][0].contains("needs servicing stack 6.1.7601.25000"),
        "{reasons:?}"
    );
    assert!(
        reasons[4][0].contains("asks for parent `Package_for_KB1~"),
        "{reasons:?}"
    );
    // What goes before counts: alone, each of the last two would not do.
    for placed in &batch.placed {
        assert_eq!(
            placed.applicability.verdict,
            Verdict::Applicable,
            "{placed:#?}"
        );
    }
    for (at, verdict) in [(2, Verdict::Blocked), (0, Verdict::NotApplicable)] {
        let alone = evaluate(&draft, &store, &given[at], &Before::nothing()).unwrap();
        assert_eq!(alone.verdict, verdict);
    }
}

#[test]
fn needs_that_go_round_and_needs_that_nobody_meets_are_named() {
    let of = |kb: &str| Identity::package(&format!("Package_for_{kb}"), [6, 1, 1, 0], "amd64");
    let needing = |kb: &str, other: &str| {
        update(kb, [6, 1, 1, 0])
            .asking(parent(&of(other), "buildCompare=\"EQ\""))
            .open()
    };
    let given = [
        needing("KB1", "KB2"),
        needing("KB2", "KB1"),
        needing("KB3", "KB4"),
    ];
    let folder = tempfile::tempdir().unwrap();
    CbsImage::windows_7().write(folder.path());
    let draft = look(folder.path());
    let store = PackageStore::read(&draft).unwrap();
    let batch = batch::evaluate(&draft, &store, &given).unwrap();
    let round: Vec<(usize, usize)> = batch
        .cycle
        .iter()
        .map(|edge| (edge.before, edge.after))
        .collect();
    assert_eq!(round, [(0, 1), (1, 0)]);
    assert!(batch.cycle[0].reason.contains("Package_for_KB1~"));
    let gap = batch.placed.iter().find(|one| one.given == 2).unwrap();
    let words = ["Package_for_KB4~", "none of them in any version"];
    expect(&gap.applicability, Verdict::NotApplicable, "parent", &words);
    assert!(
        gap.applicability
            .rules
            .iter()
            .all(|rule| rule.outcome != Outcome::Unclear)
    );
}
