//! Packages that the image holds a newer one for, and packages that only look
//! as if.

#![allow(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test program"
)]

mod support;

use std::sync::Arc;

use support::{Around, TestImage, any_package, any_signature, made_package, now, package};
use wimwright_drivers::{AddOptions, AddResult, Outcome, Package, add};
use wimwright_servicing::{Access, Draft, ImagePath, MemoryTree};

const SYSTEM: &str = "{4D36E97D-E325-11CE-BFC1-08002BE10318}";
const PORTS: &str = "{4D36E978-E325-11CE-BFC1-08002BE10318}";
const EXTENSION: &str = "{e2f84ce7-8efa-411c-aa69-97454ca4cb57}";

/// What an INF says, as far as it counts here.
#[derive(Clone, Copy)]
struct Says {
    ver: &'static str,
    /// The ids of its one model, separated by commas.
    ids: &'static str,
    class: &'static str,
    /// Further lines of `[Version]`.
    more: &'static str,
    /// Lines of the install section.
    install: &'static str,
}

const NEW: Says = Says {
    ver: "02/02/2022,2.0.0.0",
    ids: r"PCI\VEN_F1F1&DEV_0001,PCI\VEN_F1F1&DEV_0002",
    class: SYSTEM,
    more: "",
    install: "",
};

const OLD: Says = Says {
    ver: "01/01/2021,1.0.0.0",
    ..NEW
};

impl Says {
    /// A package without files: the device needs no driver of its own.
    fn package(self) -> Package {
        let Says {
            ver,
            ids,
            class,
            more,
            install,
        } = self;
        // An extension gives the device no service.
        let services = match class == EXTENSION {
            true => "",
            false => "[I.NT.Services]\nAddService=,2\n",
        };
        made_package(
            &format!(
                "[Version]\nSignature=\"$Windows NT$\"\nClass=Made\nClassGuid={class}\n\
                 Provider=Us\nDriverVer={ver}\n{more}[Manufacturer]\nUs=M,NTx86,NTamd64\n\
                 [M]\nDevice=I,{ids}\n[M.NTx86]\nDevice=I,{ids}\n[M.NTamd64]\nDevice=I,{ids}\n\
                 [I.NT]\n{install}{services}"
            ),
            &[],
        )
    }
}

fn look(image: &TestImage) -> Draft {
    image.open(Access::Read).look(now())
}

fn lenient(draft: &mut Draft, package: &Package) -> AddResult {
    add(draft, package, &any_signature()).unwrap()
}

#[test]
fn a_package_is_superseded_only_where_windows_would_never_take_it() {
    let test = "a_package_is_superseded_only_where_windows_would_never_take_it";
    for around in [
        Around::Windows10_2004,
        Around::Windows7X86,
        Around::WindowsXpX86,
    ] {
        let Some(image) = TestImage::new(around, test) else {
            return;
        };
        #[rustfmt::skip]
        let cases = [
            ("older", NEW, OLD, true),
            ("older by its version", NEW, Says { ver: "02/02/2022,1.9.9.9", ..OLD }, true),
            ("older by its date", NEW, Says { ver: "02/01/2022,2.0.0.0", ..OLD }, true),
            ("newer", OLD, NEW, false),
            ("as new", NEW, Says { more: "; other\n", ..NEW }, false),
            ("older, but of a higher version", NEW, Says { ver: "01/01/2021,3.0.0.0", ..OLD }, false),
            ("newer, but of a lower version", NEW, Says { ver: "03/03/2023,1.0.0.0", ..OLD }, false),
            ("for fewer devices", NEW, Says { ids: r"pci\ven_f1f1&dev_0001", ..OLD }, true),
            ("for one more device", NEW, Says { ids: r"PCI\VEN_F1F1&DEV_0001,PCI\VEN_F1F1&DEV_0003", ..OLD }, false),
            ("for other devices", NEW, Says { ids: r"PCI\VEN_F1F1&DEV_0009", ..OLD }, false),
            ("of another class", NEW, Says { class: PORTS, ..OLD }, false),
            ("a better match", NEW, Says { ids: r"PCI\VEN_F1F1&DEV_0002", ..OLD }, false),
            ("an earlier compatible id", Says { ids: r"A\1,B\2,B\3", ..NEW }, Says { ids: r"A\1,B\3", ..OLD }, false),
            ("a better feature score", NEW, Says { install: "FeatureScore=80\n", ..OLD }, false),
            ("no date", NEW, Says { ver: ",1.0.0.0", ..OLD }, false),
        ];
        for (what, there, added, superseded) in cases {
            let mut draft = look(&image);
            let first = lenient(&mut draft, &there.package());
            assert!(
                matches!(first.outcome, Outcome::Added | Outcome::Pending),
                "{around:?}, {what}: {first:?}"
            );
            let before = draft.plan().clone();
            let package = added.package();
            let result = lenient(&mut draft, &package);
            let found = result.outcome == Outcome::Superseded;
            assert_eq!(found, superseded, "{around:?}, {what}: {result:?}");
            if !superseded {
                assert_eq!(
                    result.outcome, first.outcome,
                    "{around:?}, {what}: {result:?}"
                );
                assert_eq!(result.superseded_by, None);
                continue;
            }
            assert_eq!(draft.plan(), &before, "{around:?}, {what}");
            let name = first.published_name.as_ref().or(first.package_id.as_ref());
            assert_eq!(result.superseded_by.as_ref(), name, "{around:?}, {what}");
            assert_eq!(result.published_name, None);
            assert_eq!(result.package_id, None);
            let reason = result.reason.unwrap();
            assert!(reason.contains("2022-02-02, 2.0.0.0"), "{reason}");
            assert!(reason.contains("--allow-older"), "{reason}");

            let result = add(&mut draft, &package, &any_package()).unwrap();
            assert_eq!(
                result.outcome, first.outcome,
                "{around:?}, {what}: {result:?}"
            );
            // What is there is not superseded any more.
            let again = lenient(&mut draft, &package);
            assert_eq!(
                again.outcome,
                Outcome::Unchanged,
                "{around:?}, {what}: {again:?}"
            );
            assert_eq!(again.package_id, result.package_id);
        }
    }
}

#[test]
fn an_extension_is_superseded_by_its_own_newer_version_alone() {
    let test = "an_extension_is_superseded_by_its_own_newer_version_alone";
    let Some(image) = TestImage::new(Around::Windows10_2004, test) else {
        return;
    };
    const ONE: &str = "ExtensionId={11111111-1111-1111-1111-111111111111}\n";
    const TWO: &str = "ExtensionId={22222222-2222-2222-2222-222222222222}\n";
    let extension = |says: Says, more| Says {
        class: EXTENSION,
        more,
        ..says
    };
    for (what, there, added, superseded) in [
        ("beside a newer driver", NEW, extension(OLD, ONE), false),
        ("a driver beside it", extension(NEW, ONE), OLD, false),
        (
            "beside another extension",
            extension(NEW, TWO),
            extension(OLD, ONE),
            false,
        ),
        (
            "after its newer version",
            extension(NEW, ONE),
            extension(OLD, ONE),
            true,
        ),
    ] {
        let mut draft = look(&image);
        let first = lenient(&mut draft, &there.package());
        assert_eq!(first.outcome, Outcome::Added, "{what}: {first:?}");
        let result = lenient(&mut draft, &added.package());
        let expected = match superseded {
            true => Outcome::Superseded,
            false => Outcome::Added,
        };
        assert_eq!(result.outcome, expected, "{what}: {result:?}");
    }
}

/// An unsigned package ranks behind every signed one, however new it is.
#[test]
fn a_signed_package_is_not_superseded_by_an_unsigned_one() {
    let test = "a_signed_package_is_not_superseded_by_an_unsigned_one";
    let Some(image) = TestImage::new(Around::Windows10_2004, test) else {
        return;
    };
    let folder = wimwright_testdata::corpus(test).unwrap();
    let folder = folder.join("drivers/virtio-viostor-w10-amd64");
    let dated = |date: &str| {
        let mut tree = MemoryTree::new();
        for name in ["viostor.inf", "viostor.sys"] {
            let mut bytes = wimwright_testdata::read(&folder.join(name));
            if name == "viostor.inf" {
                let text = String::from_utf8(bytes).unwrap();
                assert!(text.contains("08/30/2021"), "{text}");
                bytes = text.replace("08/30/2021", date).into_bytes();
            }
            tree.insert(name, bytes).unwrap();
        }
        let inf = ImagePath::parse("viostor.inf").unwrap();
        Package::new("memory", "", Arc::new(tree), inf)
    };
    let signed = package(test, "virtio-viostor-w10-amd64", "viostor.inf").unwrap();
    let newer = dated("08/30/2022");

    let mut draft = look(&image);
    assert_eq!(lenient(&mut draft, &newer).outcome, Outcome::Added);
    let strict = AddOptions::default();
    let result = add(&mut draft, &signed, &strict).unwrap();
    assert_eq!(result.outcome, Outcome::Added, "{result:?}");

    // The other way round, the signed one is good enough for an older one.
    let mut draft = look(&image);
    let result = add(&mut draft, &signed, &strict).unwrap();
    assert_eq!(result.outcome, Outcome::Added, "{result:?}");
    let result = lenient(&mut draft, &dated("08/30/2020"));
    assert_eq!(result.outcome, Outcome::Superseded, "{result:?}");
    // Refused before it is compared.
    let result = add(&mut draft, &dated("08/30/2019"), &strict).unwrap();
    assert_eq!(result.outcome, Outcome::Refused, "{result:?}");
}
