//! The driver database's entries of one package (write-list rows 4 to 22).

use std::collections::BTreeMap;

use wimwright_servicing::plan::Basis;
use wimwright_servicing::registry::{HiveName, KeyPath, RegData};
use wimwright_servicing::{Draft, Finding};

use super::Placed;
use super::configuration;
use crate::add::read::ReadPackage;
use crate::error::Error;
use crate::model::{Guid, InstallSection, Model, RegistryChange, Root};
use crate::store::device_id::listed_ids;
use crate::store::node::Node;
use crate::store::published_name::with_number;
use crate::store::version_blob::VersionBlob;

const SEEN: Basis = Basis::verified("driverstore 2.4");
const INF_FILES: Basis = Basis::verified("driverstore 2.3");
const DESCRIPTORS: Basis = Basis::verified("driverstore 2.9");
const DEVICE_IDS: Basis = Basis::verified("driverstore 2.11");

/// The first build whose packages carry `ImportDate` (10 1709).
const FIRST_WITH_IMPORT_DATE: u32 = 16_299;
/// The first build whose packages carry `Catalog` (10 1903).
const FIRST_WITH_CATALOG: u32 = 18_362;

/// Writes every entry of the package.
pub(super) fn write(
    draft: &mut Draft,
    package: &ReadPackage,
    placed: &Placed<'_>,
) -> Result<(), Error> {
    map(draft, placed)?;
    inf_file(draft, package, placed)?;
    values(draft, package, placed)?;
    if configurable(draft, package) {
        for install in &package.model.installs {
            configuration::write(draft, package, placed, install)?;
        }
        descriptors(draft, package, placed)?;
    }
    device_ids(draft, package, placed)
}

/// `OemInfMap`, which covers both nodes (row 4).
fn map(draft: &mut Draft, placed: &Placed<'_>) -> Result<(), Error> {
    let root = Node::System.root();
    let map = draft.value(HiveName::System, &root, "OemInfMap")?;
    let map = with_number(
        &map.map(|data| data.bytes).unwrap_or_default(),
        placed.number,
    );
    let basis = Basis::verified("driverstore 2.2");
    let _ = draft.set_value(
        HiveName::System,
        &root,
        "OemInfMap",
        RegData::binary(map),
        &basis,
    )?;
    Ok(())
}

/// Row 6.
fn inf_file(draft: &mut Draft, package: &ReadPackage, placed: &Placed<'_>) -> Result<(), Error> {
    let hive = &placed.node.hive();
    let key = placed.node.inf_file(&placed.number.to_string());
    let id = package.id.as_str();
    let _ = draft.set_value(hive, &key, "", RegData::multi_sz(&[id]), &INF_FILES)?;
    let _ = draft.set_value(hive, &key, "Active", RegData::sz(id), &INF_FILES)?;
    let sections: Vec<&str> = sections(package).collect();
    if !sections.is_empty() {
        let data = RegData::multi_sz(&sections);
        let _ = draft.set_value(hive, &key, "Configurations", data, &INF_FILES)?;
    }
    Ok(())
}

/// The sections that install a device, in the order of the INF.
fn sections(package: &ReadPackage) -> impl Iterator<Item = &str> {
    package
        .model
        .installs
        .iter()
        .map(|install| install.name.as_str())
}

/// Rows 7 to 16.
fn values(draft: &mut Draft, package: &ReadPackage, placed: &Placed<'_>) -> Result<(), Error> {
    let hive = &placed.node.hive();
    let key = placed.node.package(package.id.as_str());
    let version = &package.model.version;
    let build = draft.facts().version.build;
    let major = draft.facts().version.major;
    let architecture = draft.facts().architecture;
    let driver_ver = version.driver_ver.as_ref();
    let date = driver_ver
        .and_then(|ver| ver.date)
        .map_or(0, |date| date.filetime());
    let blob = VersionBlob::third_party(
        architecture,
        placed.class,
        wimwright_servicing::FileTime(date),
        driver_ver.and_then(|ver| ver.version).unwrap_or_default(),
    );
    let mut set = |name: &str, data: RegData, basis: &Basis| {
        draft.set_value(hive, &key, name, data, basis).map(|_| ())
    };
    set("", RegData::sz(&placed.number.to_string()), &SEEN)?;
    set(
        "Version",
        RegData::binary(blob.encode()),
        &Basis::verified("driverstore 2.5"),
    )?;
    set(
        "Provider",
        RegData::sz(version.provider.as_deref().unwrap_or_default()),
        &SEEN,
    )?;
    set("InfName", RegData::sz(&placed.package.inf_name()), &SEEN)?;
    let signer = Basis::verified("driverstore 2.6");
    let score = RegData::dword(package.signer.score.number());
    match &package.signer.name {
        Some(name) => {
            set("SignerScore", score, &signer)?;
            set("SignerName", RegData::sz(name), &signer)?;
        }
        None => set("SignerScore", score, &Basis::inferred("driverstore 2.6"))?,
    }
    if let (Some(catalog), FIRST_WITH_CATALOG..) = (&package.catalog, build) {
        set("Catalog", RegData::sz(&catalog.name), &SEEN)?;
    }
    if let Some(flags) = status_flags(package) {
        // By far the commonest value on 10, and that of cdrom.inf there, which
        // has a service and copies its driver. Legacy directives and 8.1 set
        // further bits, by a rule that is not known.
        let legacy =
            package.model.installs.iter().any(|install| {
                install.coinstallers.is_some() || !install.deleted_services.is_empty()
            });
        let basis = match (flags, major, legacy) {
            (0x12, 10.., false) => Basis::verified("driverstore 2.7"),
            _ => Basis::inferred("driverstore 2.7"),
        };
        set("StatusFlags", RegData::dword(flags), &basis)?;
    }
    if let Some(id) = version.extension_id.filter(|_| version.is_extension()) {
        set("ExtensionId", RegData::binary(id.0), &SEEN)?;
    }
    let boots = package
        .model
        .installs
        .iter()
        .any(InstallSection::has_boot_start_service);
    if boots && draft.facts().version.major == 6 {
        let basis = Basis::inferred("driverstore 2.15");
        let _ = draft.set_value(hive, &key, "BootCritical", RegData::dword(1), &basis)?;
    }
    // What tells when and from where the package came is written once.
    if build >= FIRST_WITH_IMPORT_DATE {
        let now = draft.time().0.to_le_bytes();
        keep_or_set(draft, placed.node, &key, "ImportDate", RegData::binary(now))?;
    }
    let folder = RegData::sz(placed.package.folder());
    keep_or_set(draft, placed.node, &key, "OemPath", folder)?;
    habits(draft, package, placed, &key)
}

fn keep_or_set(
    draft: &mut Draft,
    node: Node,
    key: &KeyPath,
    name: &str,
    data: RegData,
) -> Result<(), Error> {
    if draft.value(node.hive(), key, name)?.is_none() {
        let _ = draft.set_value(node.hive(), key, name, data, &SEEN)?;
    }
    Ok(())
}

/// `FileSize` and `ManifestHash`, where other packages of the image have them
/// (row 14): which builds write them is not known.
fn habits(
    draft: &mut Draft,
    package: &ReadPackage,
    placed: &Placed<'_>,
    key: &KeyPath,
) -> Result<(), Error> {
    let node = placed.node;
    let top = KeyPath::from("DriverDatabase\\DriverPackages");
    let (mut size, mut hash) = (false, false);
    for id in draft.subkeys(node.hive(), &top)? {
        let other = node.package(&id);
        if other == *key || draft.value(node.hive(), &other, "InfName")?.is_none() {
            continue;
        }
        size |= draft.value(node.hive(), &other, "FileSize")?.is_some();
        hash |= draft.value(node.hive(), &other, "ManifestHash")?.is_some();
    }
    let basis = Basis::stated("driverstore 2.4");
    if size {
        let files = package.files.iter().map(|found| found.blob.len());
        let catalog = package.catalog.iter().map(|catalog| catalog.blob.len());
        let total = files.chain(catalog).sum::<u64>() + package.inf_blob.len();
        let _ = draft.set_value(node.hive(), key, "FileSize", RegData::qword(total), &basis)?;
    }
    if hash {
        let data = RegData::qword(u64::MAX);
        let _ = draft.set_value(node.hive(), key, "ManifestHash", data, &basis)?;
    }
    Ok(())
}

/// 0x10: the INF has a service of its own; 0x02: its binary is copied out of
/// the store. `None` for packages without a service.
fn status_flags(package: &ReadPackage) -> Option<u32> {
    let mut flags = 0;
    for install in &package.model.installs {
        for service in install
            .services
            .iter()
            .filter(|service| service.from.is_none())
        {
            flags |= 0x10;
            let binary = service
                .binary
                .as_ref()
                .and_then(|binary| binary.destination.as_ref());
            let copied = binary.is_some_and(|binary| {
                binary.dirid != crate::model::dirid::DRIVER_STORE
                    && package
                        .files
                        .iter()
                        .any(|found| found.file.destinations.contains(binary))
            });
            if copied {
                flags |= 0x02;
            }
        }
    }
    (flags != 0).then_some(flags)
}

/// Whether Windows would judge the package configurable: without legacy
/// directives that reach beyond the device's own keys (seen in its log). One
/// that is not has neither configurations nor descriptors, and the kernel
/// cannot start it by itself; a boot driver gets them all the same.
fn configurable(draft: &mut Draft, package: &ReadPackage) -> bool {
    let installs = &package.model.installs;
    let beyond = |changes: &[RegistryChange]| changes.iter().any(|c| c.root != Root::Relative);
    let legacy = installs.iter().find_map(|install| {
        if !install.deleted_services.is_empty() {
            return Some(format!("[{}] deletes a service", install.name));
        }
        let services = install
            .services
            .iter()
            .map(|service| service.registry.as_slice());
        let lists = [install.registry.as_slice(), install.hardware.as_slice()];
        lists
            .into_iter()
            .chain(services)
            .any(beyond)
            .then(|| format!("[{}] writes outside the device's own keys", install.name))
    });
    let Some(legacy) = legacy else {
        return true;
    };
    let boots = installs.iter().any(InstallSection::has_boot_start_service);
    draft.report(match boots {
        false => Finding::note(
            "not-configurable",
            format!("{legacy}: Windows configures the device when it shows up, not before"),
        ),
        true => Finding::warning(
            "not-configurable",
            format!(
                "{legacy}: Windows would not configure this boot driver ahead of time; it is \
                 configured here so that the machine can boot from it"
            ),
        ),
    });
    boots
}

/// Rows 19 and 20.
fn descriptors(draft: &mut Draft, package: &ReadPackage, placed: &Placed<'_>) -> Result<(), Error> {
    let hive = &placed.node.hive();
    let top = placed.node.package(package.id.as_str());
    let mut strings: BTreeMap<String, String> = BTreeMap::new();
    let mut seen = std::collections::BTreeSet::new();
    for model in &package.model.models {
        let description = token(&model.description_raw, &model.description, &mut strings);
        let manufacturer = token(&model.manufacturer_raw, &model.manufacturer, &mut strings);
        for id in ids(model) {
            // The first line that lists an id describes it.
            if !seen.insert(id.to_lowercase()) {
                continue;
            }
            let key = top.join("Descriptors").join(id);
            for (name, text) in [
                ("Configuration", &model.actual_section),
                ("Description", &description),
                ("Manufacturer", &manufacturer),
            ] {
                let _ = draft.set_value(hive, &key, name, RegData::sz(text), &DESCRIPTORS)?;
            }
        }
    }
    for (name, text) in strings {
        let key = top.join("Strings");
        let _ = draft.set_value(hive, &key, &name, RegData::sz(&text), &DESCRIPTORS)?;
    }
    Ok(())
}

fn ids(model: &Model) -> impl Iterator<Item = &str> {
    let hardware = model.hardware_id.as_deref();
    hardware
        .into_iter()
        .chain(model.compatible_ids.iter().map(String::as_str))
}

/// What the database says in place of a text: a token in lower case, whose
/// text stands in `Strings`, or the text itself.
fn token(raw: &str, text: &str, strings: &mut BTreeMap<String, String>) -> String {
    let raw = raw.trim();
    let inner = raw
        .strip_prefix('%')
        .and_then(|rest| rest.strip_suffix('%'));
    match inner {
        Some(name) if !name.is_empty() && !name.contains('%') && raw != text => {
            let name = name.to_lowercase();
            let shown = format!("%{name}%");
            strings.insert(name, text.to_owned());
            shown
        }
        _ => text.to_owned(),
    }
}

/// Rows 21 and 22.
fn device_ids(draft: &mut Draft, package: &ReadPackage, placed: &Placed<'_>) -> Result<(), Error> {
    let hive = &placed.node.hive();
    let published = placed.number.to_string();
    for (id, flags) in listed_ids(&package.model).values() {
        let key = placed.node.device_id(id);
        let data = RegData::binary(flags.encode());
        let _ = draft.set_value(hive, &key, &published, data, &DEVICE_IDS)?;
    }
    let class: Guid = placed.class;
    let key = placed.node.device_id(&class.to_string());
    let _ = draft.set_value(hive, &key, &published, RegData::none(), &DEVICE_IDS)?;
    Ok(())
}
