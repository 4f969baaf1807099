//! A small Windows 10 image and a real driver package, for the demo and the
//! tests.
//!
//! Real are the driver package, signed by its maker, and the SYSTEM hive,
//! which a real Windows 10 wrote. That hive is cut down; what is added to it
//! here, and the SOFTWARE and DRIVERS hives, is made by us after the layout of
//! real ones. The image holds no program of Windows and cannot boot.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use wimwright_hive::{Hive, MinorVersion, Security, encode, kind};
use wimwright_servicing::{FileTime, time};

/// The SYSTEM hive of the sample, as Windows wrote it.
pub const SYSTEM_HIVE: &[u8] = include_bytes!("../../testdata/files/SYSTEM-win10-minimal-driverdb");

/// The licence of the driver package.
pub const PACKAGE_LICENSE: &[u8] = include_bytes!("../../testdata/files/virtio-viostor-LICENSE");

/// The files of the driver package, by name.
pub const PACKAGE_FILES: [(&str, &[u8]); 3] = [
    (
        "viostor.inf",
        include_bytes!("../../testdata/files/virtio-viostor-w10-amd64/viostor.inf"),
    ),
    (
        "viostor.sys",
        include_bytes!("../../testdata/files/virtio-viostor-w10-amd64/viostor.sys"),
    ),
    (
        "viostor.cat",
        include_bytes!("../../testdata/files/virtio-viostor-w10-amd64/viostor.cat"),
    ),
];

/// The directories of the image that a driver package goes to.
const DIRECTORIES: [&str; 5] = [
    "Windows/INF",
    "Windows/System32/config",
    "Windows/System32/drivers",
    "Windows/System32/DriverStore/FileRepository",
    "Windows/System32/CatRoot/{F750E6C3-38EE-11D1-85E5-00C04FC295EE}",
];

/// The time in the keys that are made: the sample is the same every time.
fn made() -> FileTime {
    // 2024-01-01
    time::from_unix_seconds(1_704_067_200)
}

/// Writes the sample image into `directory`, which is made.
///
/// # Errors
/// When a file cannot be written.
pub fn write_image(directory: &Path) -> anyhow::Result<()> {
    for below in DIRECTORIES {
        let path = directory.join(below);
        fs::create_dir_all(&path).with_context(|| format!("`{}`", path.display()))?;
    }
    let system = system()?;
    let security = system.root().security()?.to_vec();
    for (name, hive) in [
        ("SOFTWARE", software(&security)?),
        ("DRIVERS", drivers(&security)?),
        ("SYSTEM", system),
    ] {
        let config = directory.join("Windows/System32/config");
        write(&config.join(name), hive.as_bytes())?;
    }
    Ok(())
}

/// Writes the driver package into `directory`, which is made.
///
/// # Errors
/// When a file cannot be written.
pub fn write_package(directory: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(directory).with_context(|| format!("`{}`", directory.display()))?;
    for (name, bytes) in PACKAGE_FILES {
        write(&directory.join(name), bytes)?;
    }
    Ok(())
}

/// Writes one file.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    fs::write(path, bytes).with_context(|| format!("`{}`", path.display()))
}

/// What is added to the real SYSTEM hive: what names the product, and what a
/// database without packages needs.
fn system() -> anyhow::Result<Hive> {
    let mut hive = Hive::open(SYSTEM_HIVE.to_vec())?;
    let set = "ControlSet001";
    let options = format!("{set}\\Control\\ProductOptions");
    add(&mut hive, &options, "ProductType", Data::Sz("WinNT"))?;
    let environment = format!("{set}\\Control\\Session Manager\\Environment");
    add(
        &mut hive,
        &environment,
        "PROCESSOR_ARCHITECTURE",
        Data::Sz("AMD64"),
    )?;
    let code_page = format!("{set}\\Control\\Nls\\CodePage");
    add(&mut hive, &code_page, "ACP", Data::Sz("1252"))?;
    database(&mut hive)?;
    Ok(hive)
}

fn software(security: &[u8]) -> anyhow::Result<Hive> {
    let mut hive = Hive::create(MinorVersion::V1_5, "ROOT", security, made())?;
    let key = "Microsoft\\Windows NT\\CurrentVersion";
    for (name, data) in [
        ("ProductName", Data::Sz("Windows 10 Pro")),
        ("EditionID", Data::Sz("Professional")),
        ("InstallationType", Data::Sz("Client")),
        // As in real ones: it stands still at 6.3.
        ("CurrentVersion", Data::Sz("6.3")),
        ("CurrentMajorVersionNumber", Data::Dword(10)),
        ("CurrentMinorVersionNumber", Data::Dword(0)),
        ("CurrentBuild", Data::Sz("19045")),
        ("CurrentBuildNumber", Data::Sz("19045")),
        ("UBR", Data::Dword(2006)),
    ] {
        add(&mut hive, key, name, data)?;
    }
    Ok(hive)
}

fn drivers(security: &[u8]) -> anyhow::Result<Hive> {
    let mut hive = Hive::create(MinorVersion::V1_5, "ROOT", security, made())?;
    database(&mut hive)?;
    Ok(hive)
}

/// A driver database without packages.
fn database(hive: &mut Hive) -> anyhow::Result<()> {
    let root = "DriverDatabase";
    add(hive, root, "Version", Data::Dword(0x0A00_0000))?;
    add(hive, root, "Architecture", Data::Dword(9))?;
    for below in [
        "DeviceIds",
        "DriverFiles",
        "DriverInfFiles",
        "DriverPackages",
    ] {
        hive.create_key(&format!("{root}\\{below}"), Security::Inherit, made())?;
    }
    Ok(())
}

#[derive(Clone, Copy)]
enum Data<'a> {
    Sz(&'a str),
    Dword(u32),
}

/// Adds a value where it is missing; what Windows wrote stays.
fn add(hive: &mut Hive, key: &str, name: &str, data: Data<'_>) -> anyhow::Result<()> {
    let (key, _) = hive.create_key(key, Security::Inherit, made())?;
    if hive.key_by_id(key)?.value(name)?.is_some() {
        return Ok(());
    }
    let name: Vec<u16> = name.encode_utf16().collect();
    let (kind, bytes) = match data {
        Data::Sz(text) => (kind::SZ, encode::sz(text)),
        Data::Dword(number) => (kind::DWORD, encode::dword(number)),
    };
    hive.set_value(key, &name, kind, &bytes, made())?;
    Ok(())
}
