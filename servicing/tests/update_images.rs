//! The update state of generated images, read as the product reads it and as
//! hivex does.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a panic is how a test fails"
)]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use wimwright_servicing::registry::HiveName;
use wimwright_servicing::update::compressed_manifest::{Bases, Storage, expand, storage};
use wimwright_servicing::update::identity::Identity;
use wimwright_servicing::update::key_form::component_name;
use wimwright_servicing::update::manifest::Manifest;
use wimwright_servicing::update::store::{
    self, FeatureState, PackageState, PackageStore, base_manifest, features,
};
use wimwright_servicing::{Access, Draft, FileTime, FileTree as _, Image};
use wimwright_testdata::cbs_image::{BASE_MANIFEST, CbsImage, Pending};
use wimwright_testdata::{python_with, skipped};

fn both() -> [CbsImage; 2] {
    [CbsImage::windows_7(), CbsImage::windows_10()]
}

fn look(root: &Path) -> Draft {
    let image = Image::open(root, Access::Read).unwrap();
    image.look(FileTime(0))
}

#[test]
fn packages_stack_and_features_are_read() {
    for made in both() {
        let folder = tempfile::tempdir().unwrap();
        made.write(folder.path());
        let draft = look(folder.path());
        let store = PackageStore::read(&draft).unwrap();
        let mut expected: Vec<String> = made
            .packages
            .iter()
            .map(|one| one.identity.package_name())
            .collect();
        expected.sort();
        let mut found: Vec<String> = store
            .packages
            .iter()
            .map(|one| one.identity.to_string())
            .collect();
        found.sort();
        assert_eq!(found, expected);
        let foundation = store
            .named("microsoft-windows-foundation-package")
            .next()
            .unwrap();
        assert_eq!(foundation.state, PackageState::PERMANENT);
        assert!(foundation.time.is_some() && foundation.owners.len() == 1);
        assert_eq!(store.languages(), ["en-US"]);
        assert_eq!(store.pending, []);
        let stack = store.servicing_stack.as_ref().unwrap();
        assert_eq!(stack.version.0, made.stack);
        assert!(stack.evidence.ends_with("Version"), "{}", stack.evidence);

        let (features, findings) = features(&draft, &store).unwrap();
        assert_eq!(findings, []);
        let states: Vec<(&str, FeatureState)> = features
            .iter()
            .map(|one| (one.name.as_str(), one.state))
            .collect();
        let expected = [
            ("TelnetClient", FeatureState::Enabled),
            ("TFTP", FeatureState::Disabled),
        ];
        assert_eq!(states, expected);
        assert_eq!(features[0].display_name.as_deref(), Some("Telnet Client"));
    }
}

#[test]
fn every_manifest_of_the_store_is_read_and_has_its_key() {
    for made in both() {
        let folder = tempfile::tempdir().unwrap();
        made.write(folder.path());
        let draft = look(folder.path());
        let base = base_manifest(&draft).unwrap().unwrap().unwrap();
        assert_eq!(base, BASE_MANIFEST);
        let components = draft.hive(HiveName::Components).unwrap().unwrap();
        let keys = components.key("DerivedData\\Components").unwrap().unwrap();
        let manifests = draft.facts().windows.join("WinSxS\\Manifests").unwrap();
        let entries = draft.read_dir(&manifests).unwrap().unwrap();
        assert_eq!(entries.len() as u32, keys.subkey_count());
        for entry in entries {
            let bytes = draft
                .read(&manifests.child(entry.name.clone()), 1 << 20)
                .unwrap()
                .unwrap();
            let compressed = storage(&bytes).unwrap() == Storage::BaseManifest;
            assert_eq!(compressed, made.compressed);
            let bases = Bases {
                manifest: Some(&base),
                ..Bases::default()
            };
            let plain = expand(&bytes, bases).unwrap();
            let manifest = Manifest::parse(&plain).unwrap();
            let name = component_name(&manifest.identity);
            assert_eq!(entry.name.to_string(), format!("{name}.manifest"));
            assert!(keys.subkey(&name).unwrap().is_some(), "{name}");
        }
    }
}

#[test]
fn the_version_in_use_of_a_component_is_found() {
    let folder = tempfile::tempdir().unwrap();
    CbsImage::windows_7().write(folder.path());
    let draft = look(folder.path());
    let of = |name: &str, version: &str| {
        let mut identity =
            Identity::from_package_name(&format!("{name}~31bf3856ad364e35~amd64~~{version}"))
                .unwrap();
        identity.version_scope = Some("nonSxS".to_owned());
        store::winner(&draft, &identity)
            .unwrap()
            .map(|version| version.to_string())
    };
    assert_eq!(
        of("Microsoft-Windows-calc", "6.1.9999.1").as_deref(),
        Some("6.1.7601.17514")
    );
    // Other minor versions stand beside it.
    assert_eq!(of("Microsoft-Windows-calc", "6.2.0.0"), None);
    assert_eq!(of("Microsoft-Windows-TFTP-Client", "6.1.0.0"), None);
}

#[test]
fn what_is_pending_is_found_wherever_it_is() {
    let cases = [
        (
            Pending {
                file: true,
                ..Pending::default()
            },
            "pending.xml",
        ),
        (
            Pending {
                session: true,
                ..Pending::default()
            },
            "SessionsPending",
        ),
        (
            Pending {
                package: true,
                ..Pending::default()
            },
            "PackagesPending",
        ),
        (
            Pending {
                reboot: true,
                ..Pending::default()
            },
            "RebootPending",
        ),
    ];
    for (pending, place) in cases {
        let folder = tempfile::tempdir().unwrap();
        let made = CbsImage {
            pending,
            ..CbsImage::windows_10()
        };
        made.write(folder.path());
        let store = PackageStore::read(&look(folder.path())).unwrap();
        let [sign] = store.pending.as_slice() else {
            panic!("{:?}", store.pending);
        };
        assert!(sign.place.contains(place), "{sign:?}");
    }
}

#[test]
fn the_hives_say_the_same_to_hivex() {
    let test = "the_hives_say_the_same_to_hivex";
    let Some(python) = python_with("hivex", test) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    CbsImage::windows_10().write(folder.path());
    let script = r#"
import hivex, sys
h = hivex.Hivex(sys.argv[1])
def down(path):
    node = h.root()
    for part in path.split("\\"):
        node = h.node_get_child(node, part)
    return node
for node in h.node_children(down(sys.argv[2])):
    value = h.node_get_value(node, sys.argv[3])
    kind, data = h.value_value(value)
    print(h.node_name(node), data.hex(), sep="\t")
"#;
    let run = |hive: &str, key: &str, value: &str| -> BTreeMap<String, String> {
        let path = folder.path().join("Windows/System32/config").join(hive);
        let output = Command::new(python)
            .args(["-c", script])
            .arg(path)
            .args([key, value])
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let text = String::from_utf8(output.stdout).unwrap();
        let lines = text.lines().filter_map(|line| line.split_once('\t'));
        lines
            .map(|(name, data)| (name.to_owned(), data.to_owned()))
            .collect()
    };
    let draft = look(folder.path());
    let store = PackageStore::read(&draft).unwrap();
    let states = run(
        "SOFTWARE",
        &format!("{}\\Packages", store::CBS_KEY),
        "CurrentState",
    );
    assert_eq!(states.len(), store.packages.len());
    for package in &store.packages {
        let state = (package.state.0 as u32).to_le_bytes();
        let state: String = state.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(states[&package.identity.to_string()], state);
    }
    let identities = run("COMPONENTS", "DerivedData\\Components", "identity");
    if identities.is_empty() {
        skipped(test, "no components");
    }
    for (name, identity) in identities {
        let bytes: Vec<u8> = (0..identity.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&identity[at..at + 2], 16).unwrap())
            .collect();
        // The text says the same identity as the name.
        let text = String::from_utf8(bytes).unwrap();
        let mut parts = text.split(", ");
        let own = parts.next().unwrap();
        let rest: BTreeMap<&str, &str> = parts.map(|part| part.split_once('=').unwrap()).collect();
        let identity = Identity::from_attributes(|attribute| match attribute {
            "name" => Some(own),
            "language" => rest.get("Culture").copied(),
            "version" => rest.get("Version").copied(),
            "publicKeyToken" => rest.get("PublicKeyToken").copied(),
            "processorArchitecture" => rest.get("ProcessorArchitecture").copied(),
            "versionScope" => rest.get("versionScope").copied(),
            _ => None,
        });
        assert_eq!(component_name(&identity.unwrap()), name);
    }
}
