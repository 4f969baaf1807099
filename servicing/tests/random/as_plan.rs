//! What makes one image of another, as a plan: applied, nothing differs.

use std::collections::BTreeSet;
use std::fs;
use std::sync::Arc;

use wimwright_servicing::diff::{AsPlanError, Exclude, Options, as_plan, images};
use wimwright_servicing::plan::{Change, Subject};
use wimwright_servicing::{DirectoryTree, FileTree, Plan};

use crate::found::{compare, told};
use crate::image::{Kind, TestImage};
use crate::made::Random;
use crate::plans;

/// Pairs of images of each kind.
const PAIRS: u64 = 100;

fn everything() -> Options {
    Options {
        metadata: true,
        security: true,
        ..Options::default()
    }
}

/// Makes the bundle that turns `a` into `b`, and applies it.
fn turn(a: &TestImage, b: &TestImage, options: &Options) -> Result<Plan, AsPlanError> {
    let bundle = a.top.path().join("bundle");
    let mut draft = a.look();
    let there = b.look();
    let found = images(&draft, &there, options, &mut |_, _, _| {}).unwrap();
    let made = as_plan(&mut draft, &there, &found, options)?;
    made.write_content(&bundle).unwrap();
    // As it is read back.
    let plan = serde_json::to_string(made.plan()).unwrap();
    let plan: Plan = serde_json::from_str(&plan).unwrap();
    assert_eq!(plan, *made.plan());
    drop(draft);
    let content: Arc<dyn FileTree> = Arc::new(DirectoryTree::open(&bundle).unwrap());
    let sources: Vec<_> = plan.sources.iter().map(|_| Arc::clone(&content)).collect();
    let _ = a.commit(None, |draft| draft.apply_plan(&plan, sources.clone()));
    fs::remove_dir_all(&bundle).unwrap();
    Ok(plan)
}

/// What differs; the host says itself when a directory was changed.
fn left(a: &TestImage, b: &TestImage) -> BTreeSet<String> {
    let (old, new) = (a.look(), b.look());
    let mut found = told(&compare(&old, &new));
    if a.kind == Kind::Directory {
        let is_directory = |line: &String| {
            let path = line.strip_suffix(" written").map(plans::path);
            path.is_some_and(|path| new.has_directory(&path).unwrap())
        };
        found.retain(|line| !is_directory(line));
    }
    found
}

fn turned(kind: Kind) {
    let mut seen = BTreeSet::new();
    let mut refused = 0;
    for seed in 1..=PAIRS {
        let mut random = Random(seed.wrapping_mul(0xD134_2543_DE82_EF95));
        let (a, b) = (TestImage::new(kind), TestImage::new(kind));
        let count = 1 + random.below(15);
        let mut words = Vec::new();
        for image in [&a, &b] {
            let _ = image.commit(None, |draft| {
                words.extend(plans::plan(draft, &mut random, kind, count)?);
                Ok(())
            });
        }
        let words = words.join("\n");
        let plan = match turn(&a, &b, &everything()) {
            Ok(plan) => plan,
            // Links of the host that were given another name.
            Err(AsPlanError::Inexpressible { .. }) if kind == Kind::Directory => {
                refused += 1;
                continue;
            }
            Err(error) => panic!("pair {seed} of {kind:?}: {error}\n{words}"),
        };
        let left = left(&a, &b);
        assert!(
            left.is_empty(),
            "pair {seed} of {kind:?}: {left:#?}\n{plan}\n{words}"
        );
        let kinds = plan.steps.iter().map(|step| step.change.subject());
        seen.extend(
            kinds
                .map(|subject| std::mem::discriminant(&subject))
                .map(|kind| format!("{kind:?}")),
        );
        // Nothing is left to be done.
        let mut draft = a.look();
        let there = b.look();
        let found = images(&draft, &there, &everything(), &mut |_, _, _| {}).unwrap();
        let again = as_plan(&mut draft, &there, &found, &everything()).unwrap();
        if kind == Kind::Wim {
            assert!(!again.plan().writes(), "pair {seed}: {}", again.plan());
        }
    }
    assert!(seen.len() > 3, "{seen:?}");
    assert!(refused < PAIRS / 5, "{refused}");
}

#[test]
fn a_directory_becomes_another() {
    turned(Kind::Directory);
}

#[test]
fn an_image_in_a_wim_file_becomes_another() {
    turned(Kind::Wim);
}

#[test]
fn what_is_left_out_stays() {
    let (a, b) = (
        TestImage::new(Kind::Directory),
        TestImage::new(Kind::Directory),
    );
    let host = |image: &TestImage, path: &str| image.path().join(path);
    fs::write(host(&a, "Data/Sub/Deep/mine.log"), "mine").unwrap();
    fs::remove_dir_all(host(&b, "Data/Sub/Deep")).unwrap();
    fs::write(host(&b, "Data/new.log"), "new").unwrap();
    let options = Options {
        exclude: Exclude::new(&["*.log"]).unwrap(),
        ..Options::default()
    };
    let plan = turn(&a, &b, &options).unwrap();
    assert!(host(&a, "Data/Sub/Deep/mine.log").exists());
    assert!(!host(&a, "Data/Sub/Deep/three").exists());
    assert!(!host(&a, "Data/new.log").exists());
    let removals = plan
        .steps
        .iter()
        .filter(|step| matches!(step.change, Change::Remove { .. }));
    assert_eq!(removals.count(), 2);
}

#[test]
fn what_cannot_be_planned_is_named() {
    let (a, b) = (
        TestImage::new(Kind::Directory),
        TestImage::new(Kind::Directory),
    );
    std::os::unix::fs::symlink("two.bin", b.path().join("Data/second")).unwrap();
    let mut draft = a.look();
    let there = b.look();
    let found = images(&draft, &there, &everything(), &mut |_, _, _| {}).unwrap();
    let made = as_plan(&mut draft, &there, &found, &everything());
    let Err(error @ AsPlanError::Inexpressible { .. }) = made else {
        panic!("a link of the host was planned");
    };
    let error = error.to_string();
    assert!(
        error.contains("a difference cannot be planned: `Data\\second` is a link"),
        "{error}"
    );
}

#[test]
fn a_hive_of_which_more_differs_than_keys_is_put_whole() {
    let (a, b) = (TestImage::new(Kind::Wim), TestImage::new(Kind::Directory));
    // Dirty, without logs that help: taken as it is.
    let path = b.path().join("Windows/System32/config/SOFTWARE");
    let mut bytes = fs::read(&path).unwrap();
    bytes[4] = bytes[4].wrapping_add(1);
    let sum = bytes[..508].chunks_exact(4).fold(0_u32, |sum, word| {
        sum ^ u32::from_le_bytes([word[0], word[1], word[2], word[3]])
    });
    bytes[508..512].copy_from_slice(&sum.to_le_bytes());
    fs::write(&path, bytes).unwrap();
    let only = Options {
        exclude: Exclude::new(&["Data", "More"]).unwrap(),
        security: true,
        ..Options::default()
    };
    let plan = turn(&a, &b, &only).unwrap();
    let put = |step: &wimwright_servicing::plan::Step| {
        step.change.subject() == Subject::Path(plans::path("Windows\\System32\\config\\SOFTWARE"))
    };
    assert!(plan.steps.iter().any(put), "{plan}");
    let (old, new) = (a.look(), b.look());
    let found = images(&old, &new, &only, &mut |_, _, _| {}).unwrap();
    assert_eq!(told(&found), BTreeSet::new());
}
