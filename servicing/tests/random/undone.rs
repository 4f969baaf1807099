//! A thousand random plans, applied and undone: the image is as before.

use std::sync::Arc;

use wimwright_servicing::{DirectoryTree, FileTree};

use crate::image::{Kind, TestImage};
use crate::made::Random;
use crate::{plans, snapshot};

/// Plans of each kind of image.
const PLANS: u64 = 500;

fn undone(kind: Kind) {
    let first = TestImage::new(kind);
    let before = snapshot::files(&first.look(), kind);
    let hives = first.look();
    let image = TestImage::new(kind);
    let mut changed = 0;
    for seed in 1..=PLANS {
        let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let bundle = image.top.path().join("bundle");
        let count = 1 + random.below(12);
        let mut told = Vec::new();
        let receipt = image.commit(Some(&bundle), |draft| {
            told = plans::plan(draft, &mut random, kind, count)?;
            Ok(())
        });
        let told = told.join("\n");
        let after = image.look();
        changed += u32::from(
            snapshot::files(&after, kind) != before || !snapshot::hives(&hives, &after).is_empty(),
        );
        let content: Arc<dyn FileTree> = Arc::new(DirectoryTree::open(&bundle).unwrap());
        let sources = receipt.undo.sources.iter().map(|_| Arc::clone(&content));
        let sources: Vec<_> = sources.collect();
        let _ = image.commit(None, |draft| {
            let applied = draft.apply_plan(&receipt.undo, sources.clone());
            assert!(
                applied.is_ok(),
                "plan {seed} of {kind:?}: {applied:?}\n{told}"
            );
            Ok(())
        });
        std::fs::remove_dir_all(&bundle).unwrap();
        let after = image.look();
        let found = snapshot::files(&after, kind);
        for (path, seen) in &before {
            assert_eq!(
                found.get(path),
                Some(seen),
                "plan {seed} of {kind:?} leaves `{path}` otherwise:\n{told}"
            );
        }
        for path in found.keys() {
            assert!(
                before.contains_key(path),
                "plan {seed} of {kind:?} leaves `{path}`:\n{told}"
            );
        }
        let differ = snapshot::hives(&hives, &after);
        assert!(
            differ.is_empty(),
            "plan {seed} of {kind:?}: {differ:?}\n{told}"
        );
    }
    // Hardly any plan changes nothing.
    assert!(u64::from(changed) > PLANS * 9 / 10, "{changed} of {PLANS}");
}

#[test]
fn random_plans_are_undone_in_a_directory() {
    undone(Kind::Directory);
}

#[test]
fn random_plans_are_undone_in_a_wim_file() {
    undone(Kind::Wim);
}
