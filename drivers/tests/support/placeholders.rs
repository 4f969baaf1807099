//! The files that a real SYSTEM hive says are there, as placeholders: the files
//! of drivers that start with the kernel, the folders, INFs and catalogs of
//! packages, and the INFs that own services.
//!
//! What lies where is worked out here anew, and not with the code under test.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "test support; it makes images on the host"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use wimwright_servicing::registry::{Hive, Key};

use crate::support::pe;

/// What the placeholders are made for.
pub(crate) struct Laid {
    pub(crate) packages: usize,
    pub(crate) boot_files: usize,
}

fn text(key: Key<'_>, name: &str) -> Option<String> {
    let value = key.value(name).unwrap()?.as_string()?;
    (!value.is_empty()).then_some(value)
}

fn put(root: &Path, below: &str, bytes: &[u8]) {
    let mut path = root.to_path_buf();
    for part in below.split('\\') {
        // Names differ by case between the hive and what is there.
        let found = fs::read_dir(&path).ok().and_then(|entries| {
            let mut names = entries.map(|entry| entry.unwrap().file_name());
            names.find(|name| name.to_string_lossy().eq_ignore_ascii_case(part))
        });
        path.push(found.unwrap_or_else(|| part.into()));
    }
    if !path.exists() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

/// Lays out what the SYSTEM hive of an image names. `catalog` is one that can
/// be read.
pub(crate) fn lay_out(root: &Path, catalog: &[u8]) -> Laid {
    let config = root.join("Windows/System32/config");
    let read = |name: &str| fs::read(config.join(name)).ok();
    let logs: Vec<Vec<u8>> = ["SYSTEM.LOG1", "SYSTEM.LOG2"]
        .into_iter()
        .filter_map(read)
        .collect();
    let system = read("SYSTEM").unwrap();
    // The logs of one dirty hive are lost.
    let hive = match logs.is_empty() {
        true => Hive::open_accepting_dirty(system).unwrap(),
        false => Hive::open_with_logs(system, &logs).unwrap().0,
    };
    let select = hive.key("Select").unwrap().unwrap();
    let default = select.value("Default").unwrap().unwrap().as_u32().unwrap();
    let set = format!("ControlSet{default:03}");
    let environment = format!("{set}\\Control\\Session Manager\\Environment");
    let architecture = hive
        .key(&environment)
        .unwrap()
        .and_then(|key| text(key, "PROCESSOR_ARCHITECTURE"));
    let machine = match architecture.as_deref() {
        Some("AMD64") => 0x8664,
        _ => 0x14C,
    };
    let mut laid = Laid {
        packages: 0,
        boot_files: 0,
    };
    if let Some(database) = hive.key("DriverDatabase").unwrap() {
        laid.packages = lay_packages(root, database, catalog);
    }
    if let Some(services) = hive.key(&format!("{set}\\Services")).unwrap() {
        for service in services.subkeys().unwrap() {
            let service = service.unwrap();
            laid.boot_files += usize::from(lay_service(root, service, machine));
        }
    }
    let critical = hive
        .key(&format!("{set}\\Control\\CriticalDeviceDatabase"))
        .unwrap();
    for id in critical.iter().flat_map(|key| key.subkeys().unwrap()) {
        if let Some(package) = text(id.unwrap(), "DriverPackageId") {
            let inf = package.split("_x86_").next().unwrap();
            put(
                root,
                &format!("{REPOSITORY}\\{package}\\{inf}"),
                b"; placeholder\r\n",
            );
        }
    }
    laid
}

const REPOSITORY: &str = "Windows\\System32\\DriverStore\\FileRepository";

/// The file of a driver that starts with the kernel, and the INFs that own it.
fn lay_service(root: &Path, service: Key<'_>, machine: u16) -> bool {
    let number = |name: &str| {
        service
            .value(name)
            .unwrap()
            .and_then(|value| value.as_u32())
    };
    let owners = service
        .value("Owners")
        .unwrap()
        .and_then(|value| value.as_multi_string());
    for owner in owners.unwrap_or_default() {
        if !owner.is_empty() && !owner.starts_with('!') {
            put(
                root,
                &format!("Windows\\INF\\{owner}"),
                b"; placeholder\r\n",
            );
        }
    }
    if number("Start") != Some(0) || !matches!(number("Type"), Some(1 | 2 | 8)) {
        return false;
    }
    let path = text(service, "ImagePath").unwrap_or_else(|| {
        format!(
            "System32\\Drivers\\{}.sys",
            service.name().unwrap().to_string_lossy()
        )
    });
    let lower = path.to_lowercase();
    let below = match lower.strip_prefix("\\systemroot\\") {
        Some(rest) => path[path.len() - rest.len()..].to_owned(),
        None => path,
    };
    assert!(below.to_lowercase().starts_with("system32\\"), "{below}");
    put(root, &format!("Windows\\{below}"), &pe(machine));
    true
}

fn lay_packages(root: &Path, database: Key<'_>, catalog: &[u8]) -> usize {
    let mut ids: BTreeMap<String, Vec<String>> = BTreeMap::new();
    if let Some(index) = database.subkey("DeviceIds").unwrap() {
        indexed(index, &mut Vec::new(), &mut ids);
    }
    let mut count = 0;
    let packages = database.subkey("DriverPackages").unwrap();
    for package in packages.iter().flat_map(|key| key.subkeys().unwrap()) {
        let package = package.unwrap();
        count += 1;
        let id = package.name().unwrap().to_string_lossy();
        let published = text(package, "").unwrap();
        let Some(original) = text(package, "InfName") else {
            let inf = format!("; placeholder for {id}\r\n");
            put(
                root,
                &format!("{REPOSITORY}\\{id}\\{published}"),
                inf.as_bytes(),
            );
            put(root, &format!("Windows\\INF\\{published}"), inf.as_bytes());
            continue;
        };
        let stem = original.rsplit_once('.').unwrap().0.to_lowercase();
        let name = text(package, "Catalog").unwrap_or_else(|| format!("{stem}.cat"));
        let ids = ids
            .get(&published.to_lowercase())
            .cloned()
            .unwrap_or_default();
        let version = package.value("Version").unwrap().unwrap().data().unwrap();
        let provider = text(package, "Provider").unwrap();
        let inf = inf(&version, &provider, &name, &ids);
        put(
            root,
            &format!("{REPOSITORY}\\{id}\\{original}"),
            inf.as_bytes(),
        );
        put(root, &format!("{REPOSITORY}\\{id}\\{name}"), catalog);
        put(root, &format!("Windows\\INF\\{published}"), inf.as_bytes());
        let number = published.strip_suffix(".inf").unwrap();
        let catalogs = "Windows\\System32\\CatRoot\\{F750E6C3-38EE-11D1-85E5-00C04FC295EE}";
        put(root, &format!("{catalogs}\\{number}.cat"), catalog);
    }
    count
}

/// Under which ids each published name (lower case) is listed.
fn indexed(key: Key<'_>, path: &mut Vec<String>, ids: &mut BTreeMap<String, Vec<String>>) {
    for below in key.subkeys().unwrap() {
        let below = below.unwrap();
        path.push(below.name().unwrap().to_string_lossy());
        for value in below.values().unwrap() {
            let value = value.unwrap();
            // The class index has no data.
            if value.data_len() == 4 {
                let name = value.name().unwrap().to_string_lossy().to_lowercase();
                ids.entry(name).or_default().push(path.join("\\"));
            }
        }
        indexed(below, path, ids);
        path.pop();
    }
}

/// An INF with the class, date, version and ids that the hive has.
fn inf(version: &[u8], provider: &str, catalog: &str, ids: &[String]) -> String {
    let guid = |at: usize, len: usize| -> String {
        version[8 + at..8 + at + len]
            .iter()
            .rev()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    };
    let rest: String = version[16..24]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let class = format!(
        "{{{}-{}-{}-{}-{}}}",
        guid(0, 4),
        guid(4, 2),
        guid(6, 2),
        &rest[..4],
        &rest[4..]
    );
    let part = |at: usize| u16::from_le_bytes([version[at], version[at + 1]]);
    let days = u64::from_le_bytes(version[24..32].try_into().unwrap()) / 864_000_000_000;
    let (year, month, day) = civil(days);
    let mut inf = format!(
        "[Version]\r\nSignature=\"$Windows NT$\"\r\nClass=Placeholder\r\nClassGuid={class}\r\n\
         Provider=\"{provider}\"\r\nDriverVer={month:02}/{day:02}/{year},{}.{}.{}.{}\r\n\
         CatalogFile={catalog}\r\n[Manufacturer]\r\n\"{provider}\"=M,NTamd64\r\n[M.NTamd64]\r\n",
        part(38),
        part(36),
        part(34),
        part(32)
    );
    for id in ids {
        inf.push_str(&format!("\"Device\"=S,{id}\r\n"));
    }
    inf.push_str("[S.NT]\r\n");
    inf
}

/// The date of a day since 1601-01-01.
fn civil(days: u64) -> (u64, u64, u64) {
    let (mut year, mut left) = (1601, days);
    let leap = |year: u64| {
        year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
    };
    let len = |year| if leap(year) { 366 } else { 365 };
    while left >= len(year) {
        left -= len(year);
        year += 1;
    }
    let months = [
        31,
        28 + u64::from(leap(year)),
        31,
        30,
        31,
        30,
        31,
        31,
        30,
        31,
        30,
        31,
    ];
    let mut month = 0;
    while left >= months[month] {
        left -= months[month];
        month += 1;
    }
    (year, month as u64 + 1, left + 1)
}

/// A copy of a directory with all in it.
pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target: PathBuf = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &target),
            false => {
                fs::copy(entry.path(), target).unwrap();
            }
        }
    }
}
