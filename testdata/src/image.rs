//! Windows-shaped image directories around real or made SYSTEM hives.
//!
//! A real SYSTEM hive of the corpus says nothing of the build: that stands in
//! SOFTWARE, which the corpus does not have. SOFTWARE and DRIVERS are made here
//! with the values that Windows has there, and a few INFs of ours carry the
//! section names of the inbox INFs that packages include.

use std::fs;
use std::path::Path;

use wimwright_hive::{FileTime, Hive, KeyId, MinorVersion, Security, encode, kind};

/// 2026-01-01, for everything the builder dates.
pub(crate) const NOW: FileTime = FileTime(134_116_992_000_000_000);

/// `O:BA G:SY D:(A;CI;KA;;;SY)(A;CI;KA;;;BA)(A;CI;KR;;;BU)`, self-relative:
/// what the root keys of SOFTWARE and DRIVERS look like.
pub(crate) fn root_security() -> Vec<u8> {
    let sid = |parts: &[u32]| {
        let mut sid = vec![1, parts.len() as u8, 0, 0, 0, 0, 0, 5];
        sid.extend(parts.iter().flat_map(|part| part.to_le_bytes()));
        sid
    };
    let administrators = sid(&[32, 544]);
    let system = sid(&[18]);
    let users = sid(&[32, 545]);
    let ace = |mask: u32, sid: &[u8]| {
        let len = 8 + sid.len() as u16;
        let mut ace = vec![0, 2];
        ace.extend(len.to_le_bytes());
        ace.extend(mask.to_le_bytes());
        ace.extend(sid);
        ace
    };
    let aces = [
        ace(0xF003F, &system),
        ace(0xF003F, &administrators),
        ace(0x20019, &users),
    ];
    let acl_len = 8 + aces.iter().map(Vec::len).sum::<usize>();
    let mut acl = vec![2, 0];
    acl.extend((acl_len as u16).to_le_bytes());
    acl.extend((aces.len() as u16).to_le_bytes());
    acl.extend([0, 0]);
    acl.extend(aces.concat());
    let owner = 20;
    let group = owner + administrators.len();
    let dacl = group + system.len();
    let mut descriptor = vec![1, 0];
    descriptor.extend(0x8004_u16.to_le_bytes());
    for offset in [owner, group, 0, dacl] {
        descriptor.extend((offset as u32).to_le_bytes());
    }
    descriptor.extend(administrators);
    descriptor.extend(system);
    descriptor.extend(acl);
    descriptor
}

/// A value to put into a made hive.
#[derive(Clone, Debug)]
pub enum Data {
    /// `REG_SZ`.
    Sz(&'static str),
    /// `REG_SZ` made at run time.
    Text(String),
    /// `REG_EXPAND_SZ`.
    Expand(&'static str),
    /// `REG_DWORD`.
    Dword(u32),
    /// `REG_MULTI_SZ`.
    Multi(Vec<&'static str>),
    /// `REG_BINARY`.
    Binary(Vec<u8>),
}

/// Which Windows the image claims to be.
#[derive(Clone, Debug)]
pub struct Windows {
    /// Major version.
    pub major: u32,
    /// Minor version.
    pub minor: u32,
    /// Build number.
    pub build: u32,
    /// `EditionID`.
    pub edition: &'static str,
}

impl Windows {
    /// A client Windows of this version.
    pub fn new(major: u32, minor: u32, build: u32) -> Windows {
        Windows {
            major,
            minor,
            build,
            edition: "Professional",
        }
    }
}

/// A new hive with these values, by key path.
pub fn hive(root: &str, values: &[(&str, &str, Data)]) -> Vec<u8> {
    let made = Hive::create(MinorVersion::V1_5, root, &root_security(), NOW);
    let mut hive = made.unwrap_or_else(|error| panic!("{root}: {error}"));
    for (key, name, data) in values {
        set(&mut hive, key, name, data);
    }
    hive.into_bytes()
}

/// Sets one value, creating its key.
pub fn set(hive: &mut Hive, key: &str, name: &str, data: &Data) {
    let id = create(hive, key);
    let (kind, bytes) = match data {
        Data::Sz(text) => (kind::SZ, encode::sz(text)),
        Data::Text(text) => (kind::SZ, encode::sz(text)),
        Data::Expand(text) => (kind::EXPAND_SZ, encode::sz(text)),
        Data::Dword(number) => (kind::DWORD, number.to_le_bytes().to_vec()),
        Data::Multi(texts) => (kind::MULTI_SZ, encode::multi_sz(texts)),
        Data::Binary(bytes) => (kind::BINARY, bytes.clone()),
    };
    let name: Vec<u16> = name.encode_utf16().collect();
    hive.set_value(id, &name, kind, &bytes, NOW)
        .unwrap_or_else(|error| panic!("{key}: {error}"));
}

/// Creates one key, with those above it.
pub fn create(hive: &mut Hive, key: &str) -> KeyId {
    hive.create_key(key, Security::Inherit, NOW)
        .unwrap_or_else(|error| panic!("{key}: {error}"))
        .0
}

/// A SOFTWARE hive as this Windows would say its version.
pub fn software(windows: &Windows) -> Vec<u8> {
    let key = "Microsoft\\Windows NT\\CurrentVersion";
    let build = windows.build.to_string();
    let mut values = vec![
        (key, "CurrentBuild", Data::Text(build.clone())),
        (key, "CurrentBuildNumber", Data::Text(build)),
        (key, "EditionID", Data::Sz(windows.edition)),
        (key, "InstallationType", Data::Sz("Client")),
    ];
    if windows.major >= 10 {
        values.extend([
            (key, "CurrentVersion", Data::Sz("6.3")),
            (key, "CurrentMajorVersionNumber", Data::Dword(windows.major)),
            (key, "CurrentMinorVersionNumber", Data::Dword(windows.minor)),
            (key, "ProductName", Data::Sz("Windows 10 Pro")),
        ]);
    } else {
        let version = format!("{}.{}", windows.major, windows.minor);
        values.push((key, "CurrentVersion", Data::Text(version)));
    }
    // As a real SOFTWARE hive of XP x64 has it.
    values.push((
        "Microsoft\\Windows\\CurrentVersion",
        "DevicePath",
        Data::Expand("%SystemRoot%\\inf"),
    ));
    values.push((
        "Microsoft\\Windows\\CurrentVersion\\Setup",
        "BootDir",
        Data::Sz("C:\\"),
    ));
    hive("SOFTWARE", &values)
}

/// A DRIVERS hive with an empty database, as far as it is known.
pub fn drivers(windows: &Windows, architecture: u32) -> Vec<u8> {
    let version = windows.major << 24 | windows.minor << 16;
    hive(
        "DRIVERS",
        &[
            ("DriverDatabase", "Version", Data::Dword(version)),
            ("DriverDatabase", "Architecture", Data::Dword(architecture)),
        ],
    )
}

/// `winusb.inf` with the section names that packages need, in words of ours.
pub const WINUSB_INF: &str = "[Version]\r\nSignature=\"$Windows NT$\"\r\nClass=USBDevice\r\n\
ClassGuid={88bae032-5a81-49f0-bc3d-a4ff138216d6}\r\nProvider=%Us%\r\nDriverVer=06/21/2006,10.0.1.1\r\n\
[WINUSB.NT]\r\nFeatureScore=F0\r\n\
[WINUSB.NT.HW]\r\nAddReg=WinUsb.HwReg\r\n[WinUsb.HwReg]\r\nHKR,,DeviceUsesIsolation,0x00010001,1\r\n\
[WINUSB.NT.Services]\r\nAddService=WinUSB,0x00000002,WinUsb.Service\r\n\
[WinUsb.Service]\r\nDisplayName=%Svc%\r\nServiceType=1\r\nStartType=3\r\nErrorControl=1\r\n\
ServiceBinary=%12%\\WinUSB.sys\r\n[Strings]\r\nUs=\"Test\"\r\nSvc=\"WinUSB Driver\"\r\n";

/// `mdmcpq.inf` with the section names that serial-over-USB packages need.
pub const MDMCPQ_INF: &str = "[Version]\r\nSignature=\"$Windows NT$\"\r\nClass=Modem\r\n\
ClassGuid={4d36e96d-e325-11ce-bfc1-08002be10318}\r\nProvider=%Us%\r\nDriverVer=06/21/2006,10.0.1.1\r\n\
[FakeModemCopyFileSection]\r\nusbser.sys,,,0x20\r\n[DestinationDirs]\r\nFakeModemCopyFileSection=12\r\n\
[LowerFilterAddReg]\r\nHKR,,LowerFilters,0x00010000,usbser\r\n\
[Strings]\r\nUs=\"Test\"\r\n";

/// `usb.inf`, included by several packages that need nothing of it.
pub const USB_INF: &str = "[Version]\r\nSignature=\"$Windows NT$\"\r\nClass=USB\r\n\
ClassGuid={36fc9e60-c465-11cf-8056-444553540000}\r\nProvider=%Us%\r\nDriverVer=06/21/2006,10.0.1.1\r\n\
[Strings]\r\nUs=\"Test\"\r\n";

/// Writes an image directory: SYSTEM as given (with its logs, by ending),
/// SOFTWARE, for Windows 8 and later DRIVERS, and the inbox INFs.
pub fn write(
    root: &Path,
    system: &[u8],
    logs: &[(&str, Vec<u8>)],
    windows: &Windows,
    architecture: u32,
) {
    let put = |path: &str, bytes: &[u8]| {
        let path = root.join(path);
        let parent = path.parent().unwrap_or(root);
        fs::create_dir_all(parent)
            .and_then(|()| fs::write(&path, bytes))
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    };
    put("Windows/System32/config/SYSTEM", system);
    for (ending, log) in logs {
        put(&format!("Windows/System32/config/SYSTEM.{ending}"), log);
    }
    put("Windows/System32/config/SOFTWARE", &software(windows));
    if (windows.major, windows.minor) >= (6, 2) {
        put(
            "Windows/System32/config/DRIVERS",
            &drivers(windows, architecture),
        );
    }
    put("Windows/INF/winusb.inf", WINUSB_INF.as_bytes());
    put("Windows/INF/mdmcpq.inf", MDMCPQ_INF.as_bytes());
    put("Windows/INF/usb.inf", USB_INF.as_bytes());
    put("Windows/System32/drivers/gm.dls", b"a file of Windows\r\n");
    put(
        "Windows/System32/CatRoot/{F750E6C3-38EE-11D1-85E5-00C04FC295EE}/inbox.cat",
        b"",
    );
}
