//! Faults planted in a store by other programs (python with hivex, plain file
//! tools), each alone: the checker names each by its rule.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use wimwright_servicing::update::consistency::Rule;
use wimwright_servicing::update::staging::{StageOptions, stage};
use wimwright_testdata::cbs_image::{CBS, CbsImage};
use wimwright_testdata::python_with;

use crate::support::{Stored, trusted, update_for};

/// Changes a hive: `hive`, then lines of `set KEY NAME TYPE HEX`, `unset KEY
/// NAME`, `delete KEY`, `add KEY`.
const EDIT: &str = r#"
import sys, hivex
h = hivex.Hivex(sys.argv[1], write=True)
def find(path, make=False):
    node = h.root()
    for name in path.split("\\"):
        below = h.node_get_child(node, name)
        if below is None:
            if not make:
                raise SystemExit("no key " + path)
            below = h.node_add_child(node, name)
        node = below
    return node
for line in sys.stdin.read().split("\n"):
    if not line:
        continue
    word, *rest = line.split("\t")
    if word == "set":
        key, name, kind, data = rest
        h.node_set_value(find(key, True), {"key": name, "t": int(kind), "value": bytes.fromhex(data)})
    elif word == "unset":
        key, name = rest
        node = find(key)
        keep = [v for v in h.node_values(node) if h.value_key(v).lower() != name.lower()]
        assert len(keep) < len(h.node_values(node)), "no value " + name
        keep = [{"key": h.value_key(v), "t": h.value_value(v)[0], "value": h.value_value(v)[1]} for v in keep]
        h.node_set_values(node, keep)
    elif word == "delete":
        h.node_delete_child(find(rest[0]))
    elif word == "add":
        find(rest[0], True)
h.commit(None)
"#;

/// A fault: what is done, and the rule that has to find it.
enum Fault {
    /// Lines for [`EDIT`] on COMPONENTS.
    Components(String),
    /// The same on SOFTWARE.
    Software(String),
    /// Something done to the files below Windows.
    Files(Box<dyn Fn(&Path)>),
}

struct Names {
    /// A component with files, and one of these.
    component: String,
    file: String,
    /// The short name of its deployment, and its long one.
    deployment: String,
    deployment_component: String,
    catalog: String,
    package: String,
    inner: String,
    /// The component in use, and its Winners key.
    winner: String,
    winners_key: String,
    version: String,
}

fn copy(from: &Path, to: &Path) {
    let done = Command::new("cp").arg("-a").arg(from).arg(to).status();
    assert!(done.unwrap().success());
}

fn edit(python: &str, hive: &Path, lines: &str) {
    use std::io::Write as _;
    let mut run = Command::new(python)
        .args(["-c", EDIT])
        .arg(hive)
        .stdin(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = run.stdin.take().unwrap();
    input.write_all(lines.as_bytes()).unwrap();
    drop(input);
    assert!(run.wait().unwrap().success(), "{lines}");
}

/// Writes other bytes over a file without touching its other names.
fn overwrite(path: &Path, change: impl Fn(Vec<u8>) -> Vec<u8>) {
    let bytes = change(fs::read(path).unwrap());
    fs::remove_file(path).unwrap();
    fs::write(path, bytes).unwrap();
}

fn names(root: &Path, image: &CbsImage) -> Names {
    let list = |folder: &str| -> Vec<String> {
        let entries = fs::read_dir(root.join("Windows").join(folder)).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    let stack: Vec<String> = image.stack.iter().map(u16::to_string).collect();
    let new = match image.windows.major {
        6 => "6.1.7601.22200",
        _ => "10.0.19041.900",
    };
    let component = list("WinSxS")
        .into_iter()
        .find(|name| name.starts_with("x86_microsoft-windows-calc") && name.contains(new))
        .unwrap();
    let deployment_component = list("WinSxS/Manifests")
        .into_iter()
        .find_map(|name| {
            let name = name.strip_suffix(".manifest")?;
            let starts = name.starts_with("amd64_0000") && name.contains(new);
            starts.then(|| name.to_owned())
        })
        .unwrap();
    // Architecture and culture are not part of the short name; the long one of
    // a deployment here is cut at 24.
    let parts: Vec<&str> = deployment_component.split('_').collect();
    let name = parts[1];
    let short_name = format!("{}..{}", &name[..11], &name[name.len() - 11..]);
    let deployment = format!("{short_name}_{}_{}_{}", parts[2], parts[3], parts[5]);
    let packages = list("servicing/Packages");
    let package = |start: &str| {
        let found = packages.iter().find(|name| name.starts_with(start));
        found.unwrap().trim_end_matches(".cat").to_owned()
    };
    let inner = package("Package_1_for_KB9000001");
    let catalog_file = root.join(format!("Windows/servicing/Packages/{inner}.cat"));
    let digest = Command::new("sha256sum")
        .arg(catalog_file)
        .output()
        .unwrap();
    let catalog = String::from_utf8(digest.stdout).unwrap()[..64].to_owned();
    let winner = image
        .components()
        .into_iter()
        .find(|one| one.identity.name == "Microsoft-Windows-calc");
    let winner = winner.unwrap().identity;
    let _ = stack;
    Names {
        component,
        file: "template.dat".to_owned(),
        deployment,
        deployment_component,
        catalog,
        package: package("Package_for_KB9000001"),
        inner,
        winners_key: format!(
            "Microsoft\\Windows\\CurrentVersion\\SideBySide\\Winners\\{}\\{}.{}",
            winner.winners_name(),
            image.windows.major,
            image.windows.minor
        ),
        version: winner.version_text(),
        winner: winner.component_name(),
    }
}

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

fn wide(text: &str) -> String {
    let units = text.encode_utf16().chain([0]);
    units
        .flat_map(u16::to_le_bytes)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn set(key: &str, name: &str, kind: u32, data: &str) -> String {
    format!("set\t{key}\t{name}\t{kind}\t{data}\n")
}

fn unset(key: &str, name: &str) -> String {
    format!("unset\t{key}\t{name}\n")
}

fn delete(key: &str) -> String {
    format!("delete\t{key}\n")
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn faults(names: &Names) -> Vec<(&'static str, Rule, Fault)> {
    let components = |lines: String| Fault::Components(lines);
    let software = |lines: String| Fault::Software(lines);
    let files = |change: Box<dyn Fn(&Path)>| Fault::Files(change);
    let component = format!("DerivedData\\Components\\{}", names.component);
    let deployment = format!("CanonicalData\\Deployments\\{}", names.deployment);
    let catalog = format!("CanonicalData\\Catalogs\\{}", names.catalog);
    let package = format!("{CBS}\\Packages\\{}", names.package);
    let inner = format!("{CBS}\\Packages\\{}", names.inner);
    let index = names.package.rsplit_once('~').unwrap().0;
    let index = format!("{CBS}\\PackageIndex\\{index}~0.0.0.0");
    let mark = format!("c!{}", names.deployment);
    let path = |path: String| PathBuf::from(path);
    let manifest = path(format!("WinSxS/Manifests/{}.manifest", names.component));
    let folder = path(format!("WinSxS/{}", names.component));
    let payload = folder.join(&names.file);
    let stored_catalog = path(format!("WinSxS/Catalogs/{}.cat", names.catalog));
    let mum = path(format!("servicing/Packages/{}.mum", names.package));
    let mum_catalog = path(format!("servicing/Packages/{}.cat", names.package));
    let linked = path("System32/calc.exe".to_owned());
    let remove = |path: &Path| -> Fault {
        let path = path.to_owned();
        Fault::Files(Box::new(move |windows| {
            fs::remove_file(windows.join(&path)).unwrap();
        }))
    };
    let rewrite = |path: &Path, change: fn(Vec<u8>) -> Vec<u8>| -> Fault {
        let path = path.to_owned();
        Fault::Files(Box::new(move |windows| {
            overwrite(&windows.join(&path), change);
        }))
    };
    let copied = |from: &Path, to: &str| -> Fault {
        let (from, to) = (from.to_owned(), to.to_owned());
        Fault::Files(Box::new(move |windows| {
            copy(&windows.join(&from), &windows.join(&to));
        }))
    };
    let flip = |mut bytes: Vec<u8>| {
        let middle = bytes.len() / 2;
        bytes[middle] ^= 0x20;
        bytes
    };
    let cut = |bytes: Vec<u8>| bytes[..bytes.len() / 2].to_vec();
    let add_line = |mut bytes: Vec<u8>| {
        bytes.extend(b"\r\n");
        bytes
    };
    let unknown = "c!00000000000..00000000000_31bf3856ad364e35_1.0.0.0_0123456789abcdef";
    let manifest_of_other = path(format!(
        "WinSxS/Manifests/{}.manifest",
        names.deployment_component
    ));
    let digest_of_nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let other_name = {
        let (start, _) = names.component.rsplit_once('_').unwrap();
        format!("{start}_0123456789abcdef")
    };
    let mut table = vec![
        ("manifest gone", Rule::ManifestMissing, remove(&manifest)),
        (
            "manifest cut off",
            Rule::ManifestDamaged,
            rewrite(&manifest, cut),
        ),
        (
            "manifest with a line more",
            Rule::ManifestDigest,
            rewrite(&manifest, add_line),
        ),
        (
            "manifest of nobody",
            Rule::ManifestWithoutKey,
            copied(
                &manifest,
                &format!("WinSxS/Manifests/{other_name}.manifest"),
            ),
        ),
        (
            "manifest of another",
            Rule::ComponentName,
            copied(&manifest_of_other, &manifest.display().to_string()),
        ),
        (
            "digest of something else",
            Rule::ManifestDigest,
            components(set(&component, "S256H", 3, digest_of_nothing)),
        ),
        (
            "no digest",
            Rule::ManifestDigest,
            components(unset(&component, "S256H")),
        ),
        (
            "another identity",
            Rule::ComponentIdentity,
            components(set(&component, "identity", 3, &hex("x, Culture=neutral"))),
        ),
        (
            "no identity",
            Rule::ComponentIdentity,
            components(unset(&component, "identity")),
        ),
        (
            "no deployment",
            Rule::ComponentUnused,
            components(unset(&component, &mark)),
        ),
        (
            "a deployment that is not there",
            Rule::DeploymentMissing,
            components(set(&component, unknown, 3, "")),
        ),
        (
            "component that its deployment does not find",
            Rule::DeploymentComponents,
            components(unset(&component, &mark)),
        ),
        (
            "component's key gone",
            Rule::ManifestWithoutKey,
            components(delete(&component)),
        ),
        (
            "component's key gone, folder left",
            Rule::FolderWithoutKey,
            components(delete(&component)),
        ),
        ("file gone", Rule::FileMissing, remove(&payload)),
        ("a bit of a file", Rule::FileDigest, rewrite(&payload, flip)),
        (
            "no value of a file",
            Rule::FileValue,
            components(unset(&component, &format!("f!{}", names.file))),
        ),
        (
            "a value of a file that is not there",
            Rule::FileValue,
            components(set(&component, "f!other.dat", 4, "01000000")),
        ),
        (
            "deployment's key gone",
            Rule::DeploymentMissing,
            components(delete(&deployment)),
        ),
        (
            "deployment's key gone, its package left",
            Rule::PackageParts,
            components(delete(&deployment)),
        ),
        (
            "deployment with another identity",
            Rule::DeploymentName,
            components(set(&deployment, "appid", 3, &hex("x, Culture=neutral"))),
        ),
        (
            "deployment's manifest gone",
            Rule::DeploymentWithoutManifest,
            remove(&manifest_of_other),
        ),
        (
            "deployment without a catalog",
            Rule::DeploymentWithoutCatalog,
            components(unset(&deployment, "CatalogThumbprint")),
        ),
        (
            "deployment with a catalog that is not there",
            Rule::DeploymentWithoutCatalog,
            components(set(
                &deployment,
                "CatalogThumbprint",
                1,
                &wide(digest_of_nothing),
            )),
        ),
        (
            "mark of a package that is not there",
            Rule::PackageMarkUnknown,
            components(set(
                &deployment,
                "s!CBS_gone~31bf3856ad364e35~amd64~~1.0.0.0.u",
                3,
                &format!(
                    "260000000000000{}",
                    &hex("0gone~31bf3856ad364e35~amd64~~1.0.0.0.u")[1..]
                ),
            )),
        ),
        (
            "mark that cannot be read",
            Rule::PackageMark,
            components(set(&deployment, "s!CBS_x", 3, "00")),
        ),
        (
            "catalog's key gone",
            Rule::DeploymentWithoutCatalog,
            components(delete(&catalog)),
        ),
        (
            "catalog's key gone, file left",
            Rule::CatalogWithoutKey,
            components(delete(&catalog)),
        ),
        (
            "catalog gone",
            Rule::CatalogMissing,
            remove(&stored_catalog),
        ),
        (
            "a bit of a catalog",
            Rule::CatalogDigest,
            rewrite(&stored_catalog, flip),
        ),
        (
            "catalog that is none",
            Rule::ManifestNotCovered,
            rewrite(&stored_catalog, |_| b"no catalog".to_vec()),
        ),
        (
            "catalog that does not name its deployment",
            Rule::CatalogDeployment,
            components(unset(&catalog, &mark)),
        ),
        (
            "catalog that names another deployment",
            Rule::CatalogDeployment,
            components(set(&catalog, unknown, 3, "")),
        ),
        ("mum gone", Rule::MumMissing, remove(&mum)),
        ("mum that is none", Rule::MumDamaged, rewrite(&mum, cut)),
        (
            "mum of another",
            Rule::PackageName,
            copied(
                &path(format!("servicing/Packages/{}.mum", names.inner)),
                &format!("servicing/Packages/{}.mum", names.package),
            ),
        ),
        (
            "mum with a line more",
            Rule::MumNotCovered,
            rewrite(&mum, add_line),
        ),
        (
            "mum's catalog gone",
            Rule::MumNotCovered,
            remove(&mum_catalog),
        ),
        (
            "package's key gone",
            Rule::MumWithoutKey,
            software(delete(&package)),
        ),
        (
            "inner package's key gone",
            Rule::PackageParts,
            software(delete(&inner)),
        ),
        (
            "package in no state",
            Rule::PackageState,
            software(unset(&package, "CurrentState")),
        ),
        (
            "broken package",
            Rule::PackageState,
            software(set(&package, "CurrentState", 4, "c0ffffff")),
        ),
        (
            "package that is not found by name",
            Rule::PackageIndex,
            software(delete(&index)),
        ),
        (
            "package under another name",
            Rule::PackageName,
            software(set(&package, "InstallName", 1, &wide("x.mum"))),
        ),
        (
            "held by a package that is not there",
            Rule::PackageOwner,
            software(set(
                &format!("{inner}\\Owners"),
                "x~31bf3856ad364e35~amd64~~1.0.0.0",
                4,
                "40000200",
            )),
        ),
        (
            "winner that is not there",
            Rule::WinnerMissing,
            software(
                set(&names.winners_key, "", 1, &wide("9.9.9.9"))
                    + &set(&names.winners_key, "9.9.9.9", 3, "01"),
            ),
        ),
        (
            "winner without a value",
            Rule::WinnerNotListed,
            software(unset(&names.winners_key, &names.version)),
        ),
        (
            "no winner of what is installed",
            Rule::InstalledWithoutWinner,
            software(delete(names.winners_key.rsplit_once('\\').unwrap().0)),
        ),
        ("linked file gone", Rule::LinkMissing, remove(&linked)),
        (
            "linked file replaced",
            Rule::LinkToOther,
            rewrite(&linked, |bytes| bytes),
        ),
    ];
    let winner = names.winner.clone();
    table.push((
        "the store's file replaced",
        Rule::LinkToOther,
        files(Box::new(move |windows| {
            overwrite(
                &windows.join("WinSxS").join(&winner).join("calc.exe"),
                |b| b,
            );
        })),
    ));
    table
}

#[test]
fn each_planted_fault_is_found_by_its_rule() {
    let test = "each_planted_fault_is_found_by_its_rule";
    let Some(python) = python_with("hivex", test) else {
        return;
    };
    let mut found_rules = std::collections::BTreeSet::new();
    for image in [CbsImage::windows_7(), CbsImage::windows_10()] {
        let mut stored = Stored::new(&image, false);
        let (made, form) = update_for(&image);
        let package = trusted(&made, form);
        let (staged, _) = stored.commit(|draft| stage(draft, &package, StageOptions::default()));
        staged.unwrap();
        assert_eq!(stored.inconsistencies(), []);
        let names = names(&stored.root(), &image);
        let whole = stored.root();
        let spoilt = stored.beside("spoilt");
        for (about, rule, fault) in faults(&names) {
            let _ = fs::remove_dir_all(&spoilt);
            copy(&whole, &spoilt);
            let windows = spoilt.join("Windows");
            let hive = |name: &str| windows.join("System32/config").join(name);
            match fault {
                Fault::Components(lines) => edit(python, &hive("COMPONENTS"), &lines),
                Fault::Software(lines) => edit(python, &hive("SOFTWARE"), &lines),
                Fault::Files(change) => change(&windows),
            }
            stored.look_at(&spoilt);
            let found = stored.inconsistencies();
            stored.look_at(&whole);
            assert!(
                found.iter().any(|one| one.rule == rule),
                "{about}: expected {rule}, found {found:#?}"
            );
            found_rules.insert(rule);
        }
    }
    let missed: Vec<_> = Rule::ALL
        .iter()
        .filter(|rule| !found_rules.contains(rule))
        .collect();
    assert!(missed.is_empty(), "{missed:?}");
}
