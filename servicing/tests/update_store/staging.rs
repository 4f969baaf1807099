//! Staging, and taking it back.

use std::sync::Arc;

use wimwright_servicing::diff;
use wimwright_servicing::registry::{HiveName, KeyPath};
use wimwright_servicing::update::Identity;
use wimwright_servicing::update::staging::{StageError, StageOptions, stage, unstage};
use wimwright_servicing::update::store::{PackageState, PackageStore};
use wimwright_servicing::{CommitError, FileTree as _, ImagePath};
use wimwright_testdata::cbs_image::{CbsImage, Pending};
use wimwright_testdata::update_package::CatalogForm;

use crate::support::{Stored, captured, on_every_image, opened, trusted, update_for};

const OPTIONS: StageOptions<'_> = StageOptions {
    accept_untrusted: false,
    source_name: None,
};

#[test]
fn a_generated_image_is_whole() {
    on_every_image(|_, stored| assert_eq!(stored.inconsistencies(), []));
}

#[test]
fn a_staged_package_is_in_the_store_and_not_in_use() {
    on_every_image(|image, stored| {
        let (made, form) = update_for(image);
        let package = trusted(&made, form);
        let calculator = ImagePath::parse("Windows\\System32\\calc.exe").unwrap();
        let before = stored.look().read(&calculator, 999).unwrap();
        let (staged, receipt) = stored.commit(|draft| stage(draft, &package, OPTIONS));
        let staged = staged.unwrap();
        let branches = if image.windows.major == 6 { 2 } else { 1 };
        assert!(!staged.unchanged && staged.state == PackageState::STAGED);
        assert_eq!(staged.new_components.len(), 3 * branches);
        // Payload, manifests, two catalogs and two descriptions; the store's
        // catalog is that of the inner package.
        assert_eq!(staged.new_files, 3 * branches + 3 * branches + 1 + 4);
        assert!(receipt.basis.inferred > 0);
        assert_eq!(stored.inconsistencies(), []);

        let draft = stored.look();
        assert_eq!(draft.read(&calculator, 999).unwrap(), before);
        let store = PackageStore::read(&draft).unwrap();
        for name in &staged.packages {
            let identity = Identity::from_package_name(name).unwrap();
            let found = store.package(&identity).unwrap();
            assert_eq!(found.state, PackageState::STAGED);
            assert_eq!(found.client.as_deref(), Some("wimwright"));
        }
        assert!(
            !draft
                .has_key(HiveName::Software, &KeyPath::from("Test"))
                .unwrap()
        );

        // A second run changes nothing, to the byte.
        let bytes = stored.bytes();
        let (again, receipt) = stored.commit(|draft| stage(draft, &package, OPTIONS));
        assert!(again.unwrap().unchanged);
        assert!(receipt.written.is_empty() && !receipt.plan.writes());
        assert!(stored.bytes() == bytes);
    });
}

#[test]
fn taken_back_the_image_is_what_it_was() {
    on_every_image(|image, stored| {
        let pristine = Stored::new(image, false);
        let (made, form) = update_for(image);
        let package = trusted(&made, form);
        let (staged, _) = stored.commit(|draft| stage(draft, &package, OPTIONS));
        let staged = staged.unwrap();
        let (gone, _) = stored.commit(|draft| unstage(draft, &staged.identity));
        let gone = gone.unwrap();
        assert_eq!(gone.components.len(), staged.new_components.len());
        assert_eq!(gone.packages.len(), 2);
        let (old, new) = (pristine.look(), stored.look());
        let options = diff::Options {
            metadata: false,
            ..diff::Options::default()
        };
        let difference = diff::images(&old, &new, &options, &mut |_, _, _| ()).unwrap();
        assert!(difference.files.is_empty(), "{:?}", difference.files);
        assert!(difference.registry.is_empty(), "{:?}", difference.registry);
        assert_eq!(stored.inconsistencies(), []);
        let (error, _) = stored.commit(|draft| unstage(draft, &staged.identity));
        assert!(matches!(error, Err(StageError::NoPackage { .. })));
    });
}

#[test]
fn what_two_packages_bring_stays_until_both_are_gone() {
    let image = CbsImage::windows_10();
    let stored = Stored::new(&image, false);
    let (first, form) = update_for(&image);
    let mut second = first.clone();
    second.name = "Package_for_KB9000002".to_owned();
    let (one, other) = (trusted(&first, form), trusted(&second, form));
    let (a, _) = stored.commit(|draft| stage(draft, &one, OPTIONS));
    let (b, _) = stored.commit(|draft| stage(draft, &other, OPTIONS));
    let (a, b) = (a.unwrap(), b.unwrap());
    assert_eq!((b.new_components.len(), b.known_components), (0, 3));
    assert_eq!(stored.inconsistencies(), []);
    let (gone, _) = stored.commit(|draft| unstage(draft, &a.identity));
    let gone = gone.unwrap();
    // The inner package is held by the other one.
    assert_eq!((gone.packages.len(), gone.components.len()), (1, 0));
    assert_eq!(stored.inconsistencies(), []);
    let (gone, _) = stored.commit(|draft| unstage(draft, &b.identity));
    assert_eq!(gone.unwrap().components.len(), 3);
    assert_eq!(stored.inconsistencies(), []);
}

#[test]
fn what_is_not_whole_or_not_signed_for_is_not_staged() {
    let image = CbsImage::windows_10();
    let (made, form) = update_for(&image);
    let members = made.members(form);
    let named = |end: &str| {
        let mut names = members.keys().filter(|name| name.ends_with(end));
        names.next().unwrap().clone()
    };
    let stored = Stored::new(&image, false);
    let bytes = stored.bytes();
    let refused = |package: &wimwright_servicing::update::package::Package| {
        let (result, _) = stored.commit(|draft| stage(draft, package, OPTIONS));
        assert!(stored.bytes() == bytes);
        result.unwrap_err()
    };
    // A byte of the payload.
    let mut changed = members.clone();
    changed.get_mut(&named("\\template.dat")).unwrap()[0] ^= 1;
    let error = refused(&opened("x", &changed, true));
    assert!(
        matches!(error, StageError::NotVerified { more: 0, .. }),
        "{error}"
    );
    assert!(!error.can_wait());
    // No payload.
    let mut changed = members.clone();
    changed.remove(&named("\\template.dat"));
    let error = refused(&opened("x", &changed, true));
    assert!(
        matches!(
            &error,
            StageError::NotExpanded {
                beyond_us: false,
                ..
            }
        ),
        "{error}"
    );
    // A manifest that no catalog lists.
    let mut changed = members.clone();
    let manifest = changed.iter_mut().find(|(name, _)| {
        name.starts_with("amd64_microsoft-windows-calc") && name.ends_with(".manifest")
    });
    let text = manifest.unwrap().1;
    *text = String::from_utf8(text.clone())
        .unwrap()
        .replace("Test\"", "test\"")
        .into_bytes();
    let error = refused(&opened("x", &changed, true));
    assert!(matches!(&error, StageError::NotCovered { .. }), "{error}");
    assert!(error.to_string().contains("no catalog lists it"), "{error}");
    // No manifest at all.
    let mut changed = members.clone();
    changed.retain(|name, _| !(name.starts_with("x86_") && name.ends_with(".manifest")));
    let error = refused(&opened("x", &changed, true));
    assert!(
        matches!(&error, StageError::Missing { more: 0, .. }),
        "{error}"
    );
    // Nobody vouches for the signer, unless the user insists.
    let untrusted = opened("x", &members, false);
    let error = refused(&untrusted);
    assert!(matches!(&error, StageError::NotCovered { .. }), "{error}");
    let insist = StageOptions {
        accept_untrusted: true,
        ..OPTIONS
    };
    let mut draft = stored.look();
    assert!(!stage(&mut draft, &untrusted, insist).unwrap().unchanged);
}

#[test]
fn an_image_that_cannot_take_it_is_left_alone() {
    let plain = CbsImage::windows_10();
    let (made, form) = update_for(&plain);
    let package = trusted(&made, form);
    let error = |image: &CbsImage| {
        let stored = Stored::new(image, false);
        let mut draft = stored.look();
        let error = stage(&mut draft, &package, OPTIONS).unwrap_err();
        assert!(draft.plan().steps.is_empty() && draft.plan().sources.is_empty());
        error
    };
    let pending = |pending: Pending| CbsImage {
        pending,
        ..plain.clone()
    };
    for image in [
        pending(Pending {
            file: true,
            ..Pending::default()
        }),
        pending(Pending {
            session: true,
            ..Pending::default()
        }),
        pending(Pending {
            package: true,
            ..Pending::default()
        }),
        pending(Pending {
            reboot: true,
            ..Pending::default()
        }),
    ] {
        let error = error(&image);
        assert!(matches!(error, StageError::Pending { .. }), "{error}");
    }
    let x86 = CbsImage {
        architecture: "x86".to_owned(),
        ..plain.clone()
    };
    let error = error(&x86);
    assert!(matches!(error, StageError::Architecture { .. }), "{error}");

    // Windows' own packages are not ours to take back.
    let stored = Stored::new(&plain, false);
    let names = ["Microsoft-Windows-Foundation-Package", "Nothing"];
    let [known, unknown] = names.map(|name| {
        let name = format!("{name}~31bf3856ad364e35~amd64~~10.0.19041.1");
        Identity::from_package_name(&name).unwrap()
    });
    let mut draft = stored.look();
    let error = unstage(&mut draft, &known).unwrap_err();
    assert!(matches!(error, StageError::NotOurs { .. }), "{error}");
    let error = unstage(&mut draft, &unknown).unwrap_err();
    assert!(matches!(error, StageError::NoPackage { .. }), "{error}");
}

#[test]
fn strict_refuses_what_is_not_sure() {
    let image = CbsImage::windows_7();
    let stored = Stored::new(&image, false);
    let (made, form) = update_for(&image);
    let package = trusted(&made, form);
    let bytes = stored.bytes();
    let (staged, receipt) = stored.try_commit(true, |draft| stage(draft, &package, OPTIONS));
    assert!(staged.is_ok());
    assert!(matches!(receipt, Err(CommitError::NotSure { .. })));
    assert!(stored.bytes() == bytes);
}

#[test]
fn both_forms_of_catalogs_cover() {
    let image = CbsImage::windows_10();
    let (made, _) = update_for(&image);
    for form in [CatalogForm::V1, CatalogForm::V2] {
        let stored = Stored::new(&image, false);
        let package = trusted(&made, form);
        let (staged, _) = stored.commit(|draft| stage(draft, &package, OPTIONS));
        assert!(!staged.unwrap().unchanged);
        assert_eq!(stored.inconsistencies(), []);
    }
}

#[test]
fn captured_again_the_wim_holds_each_payload_once() {
    let image = CbsImage::windows_10();
    let stored = Stored::new(&image, false);
    let (made, form) = update_for(&image);
    let package = Arc::new(trusted(&made, form));
    let (staged, _) = stored.commit(|draft| stage(draft, &package, OPTIONS));
    staged.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let wim = folder.path().join("again.wim");
    captured(&stored.root(), &wim);
    let draft =
        crate::support::open(&wim, wimwright_servicing::Access::Read).look(crate::support::now());
    let found = wimwright_servicing::update::consistency::check(&draft).unwrap();
    assert_eq!(found, []);
}
