//! What the model says of every real INF of the corpus.
//!
//! The INFs of the driver folders are written out for three targets and
//! compared with `golden/models.txt`, which was read against the INFs. With
//! `WIMWRIGHT_BLESS=1` the file is written anew, to be read again.

#![allow(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test support"
)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use wimwright_drivers::model::{
    Architecture, AssociatedService, CopyFile, DriverModel, ImagePathForm, InfKind, InstallSection,
    ModelOptions, NotApplicable, Operation, RegistryChange, RegistryData, Root, Service, StartType,
    Target, View,
};
use wimwright_inf::{Inf, ParseOptions};

/// All INFs under `folder`, in the order of their paths.
fn infs(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            infs(&path, found);
        } else if path.extension().is_some_and(|extension| {
            ["inf", "inx"].contains(&extension.to_string_lossy().to_lowercase().as_str())
        }) {
            found.push(path);
        }
    }
}

fn read(path: &Path, architecture: Architecture) -> DriverModel {
    let inf = Inf::parse(&fs::read(path).unwrap(), &ParseOptions::default());
    let target = Target::workstation(10, 0, 19041, architecture);
    DriverModel::read(&inf, &target, &ModelOptions::default(), &|_| None)
}

#[test]
fn the_models_of_real_packages_are_as_reviewed() {
    let test = "the_models_of_real_packages_are_as_reviewed";
    let Some(corpus) = wimwright_testdata::corpus(test) else {
        return;
    };
    let drivers = corpus.join("drivers");
    let mut paths = Vec::new();
    infs(&drivers, &mut paths);
    paths.retain(|path| !path.starts_with(drivers.join("inf-only")));
    let mut text = String::new();
    for path in paths {
        let name = path.strip_prefix(&drivers).unwrap();
        writeln!(text, "==== {}", name.display()).unwrap();
        let mut head = String::new();
        for architecture in [Architecture::Amd64, Architecture::X86, Architecture::Arm64] {
            let model = read(&path, architecture);
            let new_head = render_head(&model);
            if head != new_head {
                text.push_str(&new_head);
                head = new_head;
            }
            render(&model, &mut text);
        }
        text.push('\n');
    }
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/models.txt");
    if std::env::var_os("WIMWRIGHT_BLESS").is_some() {
        fs::write(&golden, &text).unwrap();
    }
    let reviewed = fs::read_to_string(&golden).unwrap_or_default();
    for (number, (ours, reviewed)) in (1..).zip(text.lines().zip(reviewed.lines())) {
        assert_eq!(ours, reviewed, "line {number} of {}", golden.display());
    }
    assert_eq!(text.lines().count(), reviewed.lines().count());
}

/// What does not depend on the target.
fn render_head(model: &DriverModel) -> String {
    let version = &model.version;
    let or = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    let mut text = String::new();
    let driver_ver = version.driver_ver.as_ref();
    writeln!(
        text,
        "{:?}, class {} {}, provider {}, {} {}, lockdown {}",
        version.kind,
        or(version.class.clone()),
        or(version.class_guid.map(|guid| guid.to_string())),
        or(version.provider.clone()),
        or(driver_ver.and_then(|v| v.date).map(|date| date.to_string())),
        or(driver_ver.and_then(|v| v.version).map(|v| v.to_string())),
        version.pnp_lockdown,
    )
    .unwrap();
    for catalog in &version.catalogs {
        writeln!(text, "catalog [{}] {}", catalog.decoration, catalog.name).unwrap();
    }
    for file in &model.files.files {
        let architectures: Vec<_> = file.architectures.iter().map(|a| a.name()).collect();
        let places: Vec<_> = file
            .destinations
            .iter()
            .map(|to| format!("{}:{}\\{}", to.dirid, to.subdir, to.name))
            .collect();
        writeln!(
            text,
            "file {}{} for {} to {}",
            file.path(),
            match (file.listed, file.from_windows) {
                (true, _) => "",
                (false, true) => " (of Windows)",
                (false, false) => " (not listed)",
            },
            architectures.join("+"),
            places.join(" ")
        )
        .unwrap();
    }
    text
}

fn render(model: &DriverModel, text: &mut String) {
    let target = &model.target;
    match &model.not_applicable {
        Some(reason) => writeln!(text, "-- {target}: {reason}").unwrap(),
        None => writeln!(
            text,
            "-- {target}: catalog {}",
            model
                .version
                .catalog_for(target.architecture)
                .unwrap_or("-")
        )
        .unwrap(),
    }
    for choice in &model.manufacturers {
        if let Ok(selected) = &choice.selected {
            writeln!(
                text,
                "{} {} [{}]",
                choice.line.name_raw, choice.line.name, selected.section
            )
            .unwrap();
        }
    }
    for found in &model.models {
        let ids: Vec<_> = found.compatible_ids.iter().map(String::as_str).collect();
        writeln!(
            text,
            "{}: {} | {} | {} -> {} | {} | {}",
            found.line,
            found.description_raw,
            found.description,
            found.install_section,
            found.actual_section,
            found.hardware_id.as_deref().unwrap_or("-"),
            ids.join(" ")
        )
        .unwrap();
    }
    for install in &model.installs {
        render_install("install", install, target, text);
    }
    if let Some(install) = &model.class_install {
        render_install("class", install, target, text);
    }
    if let Some(install) = &model.default_install {
        render_install("default", install, target, text);
    }
    for file in model.files.files.iter().filter(|file| file.needed) {
        writeln!(text, "needs {}", file.path()).unwrap();
    }
    for inf in &model.files.copy_infs {
        writeln!(text, "with {inf}").unwrap();
    }
    for finding in &model.findings {
        writeln!(text, "! {finding}").unwrap();
    }
}

fn render_install(what: &str, install: &InstallSection, target: &Target, text: &mut String) {
    let associated = match &install.associated_service {
        AssociatedService::Unsaid => "no service said".to_owned(),
        AssociatedService::Null => "null driver".to_owned(),
        AssociatedService::Named(name) => format!("driven by {name}"),
    };
    write!(text, "{what} [{}] {associated}", install.name).unwrap();
    if !install.exists {
        text.push_str(", does not exist");
    }
    if install.feature_score != 0xFF {
        write!(text, ", feature score {:#x}", install.feature_score).unwrap();
    }
    for (label, names) in [("include", &install.includes), ("needs", &install.needs)] {
        if !names.is_empty() {
            write!(text, ", {label} {}", names.join(" ")).unwrap();
        }
    }
    text.push('\n');
    render_copies("  copy", &install.copy_files, target, text);
    render_registry("  software", &install.registry, text);
    render_registry("  hardware", &install.hardware, text);
    for property in &install.properties {
        writeln!(
            text,
            "  property {} {} type {:#x} {} bytes",
            property.category,
            property.id,
            property.kind,
            property.data.len()
        )
        .unwrap();
    }
    for service in &install.services {
        render_service(service, target, text);
    }
    for service in &install.deleted_services {
        writeln!(
            text,
            "  delete service {} {:#x}",
            service.name, service.flags
        )
        .unwrap();
    }
    if let Some(coinstallers) = &install.coinstallers {
        writeln!(text, "  coinstallers").unwrap();
        render_copies("    copy", &coinstallers.copy_files, target, text);
        render_registry("    software", &coinstallers.registry, text);
    }
    for interface in &install.interfaces {
        writeln!(text, "  interface {}", interface.class).unwrap();
        render_registry("    key", &interface.registry, text);
    }
    if let Some(wdf) = &install.wdf {
        for kmdf in &wdf.kmdf {
            let version = kmdf.library_version.as_deref().unwrap_or("-");
            writeln!(text, "  kmdf {} {version}", kmdf.service).unwrap();
        }
        for (directive, values) in &wdf.directives {
            writeln!(text, "  wdf {directive} {}", values.join(" ")).unwrap();
        }
    }
    for recorded in &install.recorded {
        writeln!(
            text,
            "  recorded {} {}",
            recorded.directive,
            recorded.values.join(" ")
        )
        .unwrap();
    }
    for section in &install.recorded_sections {
        writeln!(text, "  recorded [{section}]").unwrap();
    }
}

fn render_copies(label: &str, files: &[CopyFile], target: &Target, text: &mut String) {
    for file in files {
        let place = match file.destination.location(target) {
            Ok(location) => format!("{:?} {}", location.root, location.path),
            Err(error) => error.to_string(),
        };
        write!(text, "{label} {} -> {place}", file.source).unwrap();
        if file.flags != 0 {
            write!(text, " flags {:#x}", file.flags).unwrap();
        }
        text.push('\n');
    }
}

fn render_service(service: &Service, target: &Target, text: &mut String) {
    let form = match (service.is_driver(), service.start) {
        (true, Some(StartType::Boot)) => ImagePathForm::Relative,
        (true, _) => ImagePathForm::SystemRoot,
        _ => ImagePathForm::Variable,
    };
    let path = service.binary.as_ref().map_or("-".to_owned(), |binary| {
        binary
            .image_path(form, target, Some(r"System32\DriverStore\FileRepository\p"))
            .unwrap_or_else(|error| error.to_string())
    });
    write!(
        text,
        "  service {} flags {:#x} type {:?} start {:?} error {:?} {path}",
        service.name, service.flags, service.kind, service.start, service.error_control
    )
    .unwrap();
    if let Some(group) = &service.load_order_group {
        write!(text, " group {group}").unwrap();
    }
    if let Some(name) = &service.display_name {
        write!(text, " name {} = {}", name.raw, name.text).unwrap();
    }
    if !service.dependencies.is_empty() {
        write!(text, " needs {}", service.dependencies.join(" ")).unwrap();
    }
    text.push('\n');
    render_registry("    key", &service.registry, text);
    if let Some(log) = &service.event_log {
        writeln!(text, "    event log {} {}", log.log, log.name).unwrap();
        render_registry("      key", &log.registry, text);
    }
}

fn render_registry(label: &str, changes: &[RegistryChange], text: &mut String) {
    for change in changes {
        let root = match change.root {
            Root::ClassesRoot => "HKCR",
            Root::CurrentUser => "HKCU",
            Root::LocalMachine => "HKLM",
            Root::Users => "HKU",
            Root::Relative => "HKR",
        };
        write!(text, "{label} {root}\\{}", change.subkey).unwrap();
        if change.view != View::Native {
            write!(text, " {:?}", change.view).unwrap();
        }
        match &change.operation {
            Operation::SetValue {
                name,
                data,
                condition,
            } => {
                write!(text, " {name}={} {condition:?}", render_data(data)).unwrap();
            }
            operation => write!(text, " {operation:?}").unwrap(),
        }
        text.push('\n');
    }
}

fn render_data(data: &RegistryData) -> String {
    if let Some(number) = data.as_dword() {
        format!("dword:{number:#x}")
    } else if let Some(text) = data.as_text() {
        format!("{}:{text:?}", if data.kind == 1 { "sz" } else { "expand" })
    } else if let Some(strings) = data.as_strings() {
        format!("multi:{strings:?}")
    } else {
        format!("{}:{:02x?}", data.kind, data.bytes)
    }
}

#[test]
fn every_inf_of_the_corpus_gives_models_or_a_reason() {
    let test = "every_inf_of_the_corpus_gives_models_or_a_reason";
    let Some(corpus) = wimwright_testdata::corpus(test) else {
        return;
    };
    let mut paths = Vec::new();
    infs(&corpus.join("drivers/inf-only"), &mut paths);
    let mut kinds = BTreeMap::new();
    for path in paths {
        let model = read(&path, Architecture::Amd64);
        let kind = match (&model.not_applicable, model.version.kind) {
            (None, InfKind::Device) => {
                assert!(!model.models.is_empty(), "{}", path.display());
                assert!(!model.installs.is_empty(), "{}", path.display());
                "device"
            }
            (None, InfKind::Primitive) => "primitive",
            (None, InfKind::Class) => "class",
            (None, kind) => panic!("{}: {kind:?}", path.display()),
            (Some(NotApplicable::Template { .. }), _) => "template",
            (Some(NotApplicable::Architecture { .. }), _) => "other architecture",
            (Some(NotApplicable::Requirements { .. }), _) => "other version",
            (Some(NotApplicable::NotAnInf), _) => "no INF",
            (Some(NotApplicable::NoManufacturer), _) => "no devices",
            (Some(NotApplicable::Excluded { .. }), _) => "excluded",
            (Some(NotApplicable::SectionMissing { .. }), _) => "section missing",
        };
        *kinds.entry(kind).or_insert(0) += 1;
    }
    assert_eq!(
        kinds,
        BTreeMap::from([
            ("device", 152),
            ("no INF", 2),
            ("no devices", 1),
            ("other architecture", 21),
            ("primitive", 46),
            ("section missing", 3),
            ("template", 607),
        ])
    );
}

#[test]
fn damaged_infs_give_a_model_too() {
    let test = "damaged_infs_give_a_model_too";
    let Some(corpus) = wimwright_testdata::corpus(test) else {
        return;
    };
    let mut paths = Vec::new();
    infs(&corpus.join("drivers"), &mut paths);
    // A small generator of our own: the same damage in every run.
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    let mut random = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % u64::try_from(below.max(1)).unwrap()).unwrap()
    };
    for path in paths.iter().step_by(5) {
        let whole = Inf::parse(&fs::read(path).unwrap(), &ParseOptions::default());
        // Whole lines are moved, doubled and cut, so that sections meet fields
        // that were not made for them.
        let mut lines: Vec<String> = Vec::new();
        for section in whole.sections() {
            lines.push(format!("[{}]", section.name()));
            for line in section.lines() {
                let fields: Vec<_> = line.raw_fields().map(|f| format!("\"{f}\"")).collect();
                let key = line.raw_key().filter(|_| line.has_equals());
                let key = key.map_or(String::new(), |key| format!("{key}="));
                lines.push(key + &fields.join(","));
            }
        }
        for round in 0..6 {
            let mut text = lines.clone();
            for _ in 0..1 + random(lines.len() / 4) {
                let (at, other) = (random(text.len()), random(text.len()));
                match random(5) {
                    0 => text.swap(at, other),
                    1 => text[at] = text[other].clone(),
                    2 => text.insert(at, lines[random(lines.len())].clone()),
                    3 => text[at] = text[at].replace(['\\', '%', '$'], ",").replace('"', ""),
                    _ => {
                        text.remove(at);
                        text.push("[Manufacturer]".to_owned());
                    }
                }
            }
            let inf = Inf::parse(text.join("\n").as_bytes(), &ParseOptions::default());
            let architecture = Architecture::ALL[round % Architecture::ALL.len()];
            let target = match round {
                0..3 => Target::workstation(10, 0, 19041, architecture),
                _ => Target::workstation(5, 1, 2600, architecture),
            };
            // The INF includes itself, whatever the names.
            let itself = Arc::new(Inf::parse(
                text.join("\n").as_bytes(),
                &ParseOptions::default(),
            ));
            let model = DriverModel::read(&inf, &target, &ModelOptions::default(), &|_| {
                Some(Arc::clone(&itself))
            });
            assert_eq!(
                model.not_applicable.is_some(),
                model.models.is_empty() && {
                    matches!(
                        model.version.kind,
                        InfKind::Device | InfKind::Template | InfKind::Other
                    )
                }
            );
            for file in &model.files.files {
                assert!(!file.path().contains(".."), "{}", file.path());
            }
        }
    }
}
