//! The schemas in `docs/schemas` are those of the types, and everything that
//! is written fits them.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on ends"
)]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use wimwright_testdata::cabinet::{Cabinet, File, Method};
use wimwright_testdata::nt5::{Nt5, XP_SP3};

use support::{broken_package, run_in, sample};

/// Set to write the schemas instead of comparing them.
const REGENERATE: &str = "WIMWRIGHT_WRITE_SCHEMAS";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/schemas")
}

#[test]
fn the_schemas_in_docs_are_those_of_the_types() {
    let folder = folder();
    let wanted = wimwright::json::schemas().unwrap();
    if std::env::var_os(REGENERATE).is_some() {
        for (name, text) in &wanted {
            fs::write(folder.join(name), text).unwrap();
        }
    }
    let advice = format!("write them again: {REGENERATE}=1 cargo test -p wimwright --test schemas");
    for (name, text) in &wanted {
        let found = fs::read_to_string(folder.join(name)).unwrap_or_default();
        // As JSON: the order of fields is nobody's promise.
        let json = |text: &str| serde_json::from_str::<Value>(text).ok();
        assert!(
            json(&found) == json(text),
            "`{name}` differs from what the types give; {advice}"
        );
    }
    let names: BTreeSet<String> = wanted.into_iter().map(|(name, _)| name).collect();
    let listed = fs::read_dir(folder).unwrap();
    let listed = listed.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let listed: BTreeSet<String> = listed.filter(|name| name.ends_with(".json")).collect();
    assert_eq!(listed, names, "{advice}");
}

/// Holds documents against their schemas. Fields that a schema does not name
/// are allowed to readers and forbidden here: they would be undocumented.
const CHECK: &str = r#"
import json, sys
from pathlib import Path
from jsonschema import Draft202012Validator as Validator

def tighten(schema, part):
    if isinstance(schema, dict):
        if "properties" in schema and not part:
            schema["unevaluatedProperties"] = False
        for word, below in schema.items():
            if word in ("oneOf", "anyOf", "allOf"):
                # A part of an object does not know the others; a variant
                # that is a whole does.
                whole = "properties" not in schema
                for each in below:
                    tighten(each, not whole)
            elif word in ("properties", "$defs"):
                for each in below.values():
                    tighten(each, False)
            elif isinstance(below, dict):
                tighten(below, False)

bad = []
for document in json.load(sys.stdin):
    _, name, version = document["schema"].split("/")
    body = dict(document)
    if name == "progress":
        del body["schema"]
    schema = json.loads((Path(sys.argv[1]) / f"{name}-{version}.json").read_text())
    Validator.check_schema(schema)
    tighten(schema, False)
    for error in Validator(schema).iter_errors(body):
        bad.append(f"{name}: {error.json_path}: {error.message[:300]}")
print("\n".join(bad))
sys.exit(bool(bad))
"#;

/// Makes an image differ from the sample in odd ways.
fn make_odd(image: &Path) {
    let config = image.join("Windows/System32/config");
    fs::copy(config.join("DRIVERS"), config.join("SAM")).unwrap();
    let mut dirty = fs::read(config.join("SOFTWARE")).unwrap();
    dirty[4] ^= 1;
    fs::write(config.join("SOFTWARE"), dirty).unwrap();
    fs::rename(image.join("Windows/INF"), image.join("Windows/inf")).unwrap();
    let catalogs = image.join("Windows/System32/CatRoot");
    fs::remove_dir_all(&catalogs).unwrap();
    fs::write(catalogs, "a file now").unwrap();
}

/// An image whose hives differ from the sample's in each way there is.
fn other_image(directory: &Path) {
    use wimwright_testdata::image::{Data, Windows, hive, write};
    let environment = "ControlSet001\\Control\\Session Manager\\Environment";
    let system = hive(
        "SYSTEM",
        &[
            ("Select", "Default", Data::Dword(1)),
            (environment, "PROCESSOR_ARCHITECTURE", Data::Sz("AMD64")),
        ],
    );
    write(directory, &system, &[], &Windows::new(10, 0, 19045), 9);
    let config = directory.join("Windows/System32/config");
    fs::write(config.join("SAM"), hive("SAM", &[])).unwrap();
    fs::remove_file(config.join("DRIVERS")).unwrap();
}

/// An answer file for the sample.
const ANSWER_FILE: &str = r#"<unattend xmlns="urn:schemas-microsoft-com:unattend">
  <settings pass="oobeSystem">
    <component name="Microsoft-Windows-Shell-Setup" processorArchitecture="amd64"
        publicKeyToken="31bf3856ad364e35" language="neutral" versionScope="nonSxS">
      <AutoLogon><Password><Value>x</Value></Password></AutoLogon>
    </component>
  </settings>
</unattend>"#;

/// A build of the sample.
const BUILD: &str = r#"
[sources.sample]
image = "before"
[[steps]]
drivers = { from = ["viostor", "broken"], skip-refused = true }
[[steps]]
registry = { import = ["tweak.reg"] }
[[outputs]]
file = "build/sample.wim"
"#;

/// A package that an image has.
const INSTALLED: &str = "Package_for_KB9~31bf3856ad364e35~amd64~~10.0.1.0";

/// An update for every image.
const MUM: &[u8] = br#"<?xml version="1.0" encoding="utf-8"?>
<assembly xmlns="urn:schemas-microsoft-com:asm.v3" manifestVersion="1.0">
  <assemblyIdentity name="Package_for_KB1" version="10.0.1.0" language="neutral"
    processorArchitecture="amd64" publicKeyToken="31bf3856ad364e35"/>
  <package identifier="KB1" releaseType="Update" restart="possible"/>
</assembly>"#;

/// Containers of every form, with and without an index, and broken ones.
fn containers(folder: &Path) {
    fs::create_dir(folder).unwrap();
    let put = |name: &str, bytes: &[u8]| fs::write(folder.join(name), bytes).unwrap();
    let index = b"<Container><Files><File id='1' name='update.mum'><Delta><Source type='RAW'         name='0'/></Delta></File></Files></Container>";
    let package: [(&str, &[u8]); 2] = [("_manifest_.cix.xml", index), ("0", b"mum")];
    put("u.cab", &Cabinet::of(Method::Mszip, &package).build());
    let package: [(&str, &[u8]); 2] = [("_manifest_.cix.xml", b"<no/>"), ("0", b"mum")];
    put("v.cab", &Cabinet::of(Method::Stored, &package).build());
    let mut quantum = Cabinet::of(Method::Lzx { window: 16 }, &[("update\\update.inf", b"")]);
    let packed = (Method::Named(0x1572), vec![File::new("packed", *b"?")]);
    quantum.folders.push(packed);
    put("w.exe", &[b"MZ".as_slice(), &quantum.build()].concat());
    put("x.cab", b"nothing");
    put(
        "kb.cab",
        &Cabinet::of(Method::Mszip, &[("update.mum", MUM)]).build(),
    );
    let set = Cabinet::of(Method::Stored, &[("big", &[7; 90_000])]);
    for (name, part) in ["1.cab", "2.cab"]
        .iter()
        .zip(set.build_set(&["1.cab", "2.cab"]))
    {
        put(name, &part);
    }
}

/// An image with a component store, and an unpacked update that is not for it.
fn make_update(top: &Path) {
    use wimwright_testdata::cbs_image::{CbsImage, Component, Identity, Package, Update};
    let image = CbsImage::windows_10();
    image.write(&top.join("cbs"));
    let version = [10, 0, 19041, 9];
    let identity = |name| Identity::component(name, version, "amd64");
    let wanted = Identity::package("Package_for_KB9", version, "amd64").xml();
    let package = Package {
        parents: format!("<parent buildCompare=\"EQ\">{wanted}</parent>"),
        updates: vec![Update {
            name: "1_neutral".to_owned(),
            feature: None,
            state: None,
            components: vec![Component::with_file(identity("Test"), "a.dll", b"abc")],
        }],
        ..Package::installed(
            Identity::package("Package_for_KB8", version, "amd64"),
            "Update",
        )
    };
    let update = top.join("update");
    fs::create_dir(&update).unwrap();
    fs::write(update.join("update.mum"), package.mum()).unwrap();
    fs::write(update.join("update.cat"), image.catalog(&package)).unwrap();
    let manifest = package.updates[0].components[0].manifest();
    let name = format!("{}.manifest", identity("Test").component_name());
    fs::write(update.join(name), manifest).unwrap();
}

/// What the program writes, in every shape it has.
fn documents(top: &Path) -> Vec<Value> {
    broken_package(&top.join("broken"));
    fs::create_dir(top.join("image/Users")).unwrap();
    for image in ["before", "odd"] {
        wimwright::sample::write_image(&top.join(image)).unwrap();
    }
    make_odd(&top.join("odd"));
    let software = "REGEDIT4\n[HKEY_LOCAL_MACHINE\\SOFTWARE\\X]\n";
    let tweak = format!("{software}\"a\"=hex(ffff0012):01\n\"b\"=hex(b):1\n@=hex(7):61,00,00\n");
    fs::write(top.join("tweak.reg"), tweak).unwrap();
    let tweaked =
        format!("{software}\"a\"=dword:1\n\"b\"=-\n\"c\"=\"x\"\n[-HKEY_CLASSES_ROOT\\none]\n");
    fs::write(top.join("tweaked.reg"), tweaked).unwrap();
    other_image(&top.join("other"));
    support::wims::small(&top.join("a.wim"));
    let lab = r#"{"schema": "wimwright/hardware/1", "name": "lab", "devices": [
        {"hardware_ids": ["PCI\\VEN_1AF4&DEV_1001"], "description": "disk",
         "installed": {"name": "oem3.inf"}},
        {"hardware_ids": ["PCI\\VEN_9999"]}, {}]}"#;
    fs::write(top.join("lab.json"), lab).unwrap();
    let computer = r#"{"schema": "wimwright/hardware/1", "name": "Model 7", "devices": [
        {"bus": "pci", "hardware_ids": ["PCI\\VEN_1AF4&DEV_1001&CC_010000"]}]}"#;
    fs::write(top.join("model7.json"), computer).unwrap();
    let mut old = Nt5::x86("acpiapic_up");
    old.put_cache("sp3.cab", XP_SP3);
    old.put_kernels(true, XP_SP3);
    old.write(&top.join("old"));
    fs::write(top.join("answer.xml"), ANSWER_FILE).unwrap();
    fs::write(top.join("image/pagefile.sys"), "x").unwrap();
    let log = "[SetupAPI Log]\n[2003/05/22 16:35:47 336.12 Driver Install]\n\
        #I022 Found \"X\" in x.inf; Device: \"Disk\"\n\
        #E122 Device install failed. Error 2: not signed: does not contain a signature.\n\
        #E122 Device install failed. Error 5: not signed.\n\
        [2003/05/22 16:35:48 336.13]\n#E122 Device install failed. Error 2: not signed: does \
        not contain a signature.\n";
    fs::write(top.join("install.log"), log).unwrap();
    containers(&top.join("packages"));
    let key = "HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion";
    let cbs = format!(
        "REGEDIT4\n[{key}\\Component Based Servicing\\Packages\\{INSTALLED}]\n\"CurrentState\"=dword:70\n"
    );
    fs::write(top.join("cbs.reg"), cbs).unwrap();
    make_update(top);
    fs::write(top.join("build.toml"), BUILD).unwrap();
    let mut documents = Vec::new();
    for words in [
        "info @image",
        "dir @image -r",
        "drivers match @image --hardware @lab.json --packages @viostor @viostor @broken",
        "drivers add @image @viostor --for @lab.json --dry-run",
        "drivers list @image",
        "drivers add @image @viostor @broken @none --dry-run --plan-out @plan.json",
        "plan show @plan.json",
        "plan apply @image @plan.json --dry-run",
        "plan diff @plan.json @plan.json",
        "plan apply @image @plan.json --undo-out @undo",
        "undo @image @undo --dry-run",
        "drivers add @image @viostor @broken",
        "drivers list @image --all",
        "drivers match @image --hardware @lab.json --packages @viostor",
        "drivers info @image oem0.inf",
        "drivers info @broken",
        "drivers lint @viostor @broken @none --mode windows",
        "drivers check @image",
        "files delete @image Windows/INF/oem0.inf",
        "drivers check @image",
        "drivers check @image --repair --dry-run",
        "drivers check @image --repair",
        "drivers export @image @out oem0 oem7",
        "drivers remove @image oem0 oem7",
        "drivers remove @image oem0.inf --force --dry-run",
        "drivers remove @image oem0.inf --force",
        "info @image",
        "registry get @image SOFTWARE\\Microsoft -r",
        "registry get @image SYSTEM\\Select Default",
        "registry set @image SOFTWARE\\X n 1 --dry-run",
        "registry set @image SOFTWARE\\X n 1",
        "registry delete @image SOFTWARE\\X @",
        "registry delete @image SOFTWARE\\X --dry-run",
        "registry export @image SOFTWARE\\X @x.reg",
        "registry import @image @tweak.reg",
        "files put @image @tweak.reg Tools/tweak.reg",
        "files delete @image Tools/tweak.reg --dry-run",
        "registry diff @image @x.reg",
        "registry diff @image @tweaked.reg",
        "registry diff @image @other --security",
        "demo @demo --progress json",
        "diff @before @image --metadata",
        "diff @before @odd --security",
        "diff @viostor @odd",
        "info @a.wim",
        "apply @a.wim:1 @other --move-old old --dry-run",
        "apply @a.wim:1 @other --move-old old",
        "extract @a.wim:1 first --to @extracted",
        "split @a.wim @s.swm --size 1 --progress json",
        "join @s.swm @joined.wim",
        "export @a.wim:all @a2.wim --compress xpress",
        "set @a2.wim:1 --boot --flags Professional",
        "verify @a2.wim",
        "delete @a2.wim:1",
        "optimize @a2.wim",
        "capture @image @c.wim --progress json",
        "capture @image @c.wim --force --dry-run",
        "append @image @c.wim",
        "boot predict @image --hardware @model7.json",
        "hal audit @old @image @none/image --target @model7.json acpiapic_mp --progress json",
        "hal audit @old",
        "hal audit --list",
        "hal target @model7.json acpiapic_mp",
        "hal set @old acpiapic_mp --dry-run",
        "hal set @old acpiapic_mp",
        "explain kernel-kind",
        "generalize report --list",
        "generalize report @image",
        "generalize clean @image --dry-run",
        "generalize clean @image",
        "generalize stage @image --answer-file @answer.xml --dry-run",
        "generalize stage @image --answer-file @answer.xml",
        "generalize report @image",
        "describe @image",
        "man @man",
        "report @image",
        "report @cbs --sbom @cbs.spdx.json --html @cbs.html",
        "report @old",
        "packages list @cbs --all",
        "packages info @cbs OptionalFeatures",
        "packages check @cbs @update @nowhere.cab",
        "packages inspect @update",
        "features list @cbs",
        "explain section-not-found",
        "explain 0xC1900101 - 0x20017",
        "explain exit 4",
        "explain @install.log",
        "packages inspect @packages",
        "packages inspect @packages/w.exe",
        "packages inspect @packages/w.exe --extract @unpacked",
        "registry import @image @cbs.reg",
        "packages check @image @packages/kb.cab @packages/x.cab",
        "packages add @image @packages/kb.cab @packages/x.cab",
        "packages add @image @packages/kb.cab --force-unsigned",
        "packages list @image",
        "packages info @image Package_for_KB9~31bf3856ad364e35~amd64~~10.0.1.0",
        "features list @image",
        "packages remove @image 1",
        "build @build.toml --dry-run",
        "build @build.toml",
        "build @build.toml",
    ] {
        let found = run_in(top, &format!("{words} --json"));
        documents.push(found.json());
        for line in found.err.lines().filter(|line| line.starts_with('{')) {
            let mut line: Value = serde_json::from_str(line).unwrap();
            line["schema"] = "wimwright/progress/1".into();
            documents.push(line);
        }
    }
    documents
}

/// What the mount commands write; they start the program itself. `None` where
/// nothing can be mounted.
fn mount_documents(top: &Path) -> Option<Vec<Value>> {
    let test = "documents of mounts fit their schemas";
    if !Path::new("/dev/fuse").exists() {
        wimwright_testdata::skipped(test, "there is no /dev/fuse");
        return None;
    }
    if !wimwright_testdata::program("fusermount3", test) {
        return None;
    }
    fs::create_dir(top.join("mnt")).unwrap();
    let at = |name: &str| top.join(name).to_str().unwrap().to_owned();
    let commands = [
        vec!["mount".to_owned(), at("image"), at("mnt")],
        vec!["mounts".to_owned()],
        vec!["unmount".to_owned(), at("mnt")],
    ];
    let documents = commands.map(|mut words| {
        words.push("--json".to_owned());
        let program = env!("CARGO_BIN_EXE_wimwright");
        let found = Command::new(program).args(&words).output().unwrap();
        let said = String::from_utf8_lossy(&found.stderr);
        assert!(found.status.success(), "{words:?}: {said}");
        serde_json::from_slice(&found.stdout).unwrap()
    });
    Some(documents.to_vec())
}

fn validator(documents: &[Value]) -> Option<(bool, String)> {
    use std::io::Write as _;
    let python = wimwright_testdata::python_with("jsonschema", "documents fit their schemas")?;
    let mut child = Command::new(python)
        .args(["-c", CHECK])
        .arg(folder())
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    input
        .write_all(&serde_json::to_vec(documents).unwrap())
        .unwrap();
    drop(input);
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    Some((output.status.success(), said))
}

#[test]
fn every_document_fits_its_schema() {
    let top = sample();
    let mut documents = documents(top.path());
    let mounts = mount_documents(top.path());
    let can_mount = mounts.is_some();
    documents.extend(mounts.unwrap_or_default());
    let named = |document: &Value| document["schema"].as_str().unwrap().to_owned();
    let seen: BTreeSet<String> = documents.iter().map(named).collect();
    let all = wimwright::json::schemas().unwrap().into_iter();
    let all: BTreeSet<String> = all
        .map(|(file, _)| file.trim_end_matches("-1.json").to_owned())
        // That one is read.
        .filter(|name| name != "build-file")
        .filter(|name| can_mount || !["mount", "mounts", "unmount"].contains(&name.as_str()))
        .map(|name| format!("wimwright/{name}/1"))
        .collect();
    assert_eq!(seen, all, "each schema has a document here");
    let Some((fits, said)) = validator(&documents) else {
        return;
    };
    assert!(fits, "{said}");
    // The check can fail: each of these is wrong in one way.
    for (pointer, value) in [
        ("/images/0/image", Value::Null),
        ("/images/0/unheard_of", 1.into()),
        ("/images/0/hives/0/state", "spotless".into()),
    ] {
        let mut wrong = documents[0].clone();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        wrong.pointer_mut(parent).unwrap()[name] = value;
        let (fits, _) = validator(&[wrong]).unwrap();
        assert!(!fits, "{pointer}");
    }
}
