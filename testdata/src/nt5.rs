//! Images of Windows 2000, XP and Server 2003 with HALs and kernels that say of
//! themselves what the real ones say, and hold nothing of them.
//!
//! What stands where (version resource, symbol file, strings and their sections,
//! time stamps, lengths) was read in the files of XP SP1, XP SP3 and XP x64;
//! lengths are kept by zeros.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Cursor, Write as _};
use std::path::Path;

use wimwright_hive::Hive;

use crate::image::{self, Data, Windows};
use crate::pe::{AMD64, Pe, Version, X86, narrow, wide};

/// XP SP3.
pub const XP_SP3: [u16; 4] = [5, 1, 2600, 5512];
/// XP SP1.
pub const XP_SP1: [u16; 4] = [5, 1, 2600, 1106];
/// Server 2003 and XP x64, SP2.
pub const SERVER_2003_SP2: [u16; 4] = [5, 2, 3790, 3959];

/// A HAL of x86.
struct HalRow {
    id: &'static str,
    media: &'static str,
    name: &'static str,
    description: &'static str,
    section: &'static str,
    /// The ids that it holds.
    ids: &'static [&'static str],
    /// Time stamp and length of SP1 and SP3 of XP.
    sp1: (u32, usize),
    sp3: (u32, usize),
}

const fn row(
    names: [&'static str; 5],
    ids: &'static [&'static str],
    sp1: (u32, usize),
    sp3: (u32, usize),
) -> HalRow {
    let [id, media, name, description, section] = names;
    HalRow {
        id,
        media,
        name,
        description,
        section,
        ids,
        sp1,
        sp3,
    }
}

const HALS: [HalRow; 8] = [
    row(
        [
            "e_isa_up",
            "hal.dll",
            "PC Compatible Eisa/Isa HAL",
            "Standard PC",
            "E_ISA_UP_HAL",
        ],
        &["e_isa_up"],
        (0x3D6D_D5B1, 101_376),
        (0x4802_5183, 105_344),
    ),
    row(
        [
            "acpipic_up",
            "halacpi.dll",
            "ACPI Compatible Eisa/Isa HAL",
            "Advanced Configuration and Power Interface (ACPI) PC",
            "ACPIPIC_UP_HAL",
        ],
        &["acpipic_up"],
        (0x3D6D_D5AE, 77_440),
        (0x4802_517F, 81_152),
    ),
    row(
        [
            "acpiapic_up",
            "halaacpi.dll",
            "ACPI 1.0 - APIC platform UP",
            "ACPI Uniprocessor PC",
            "ACPIAPIC_UP_HAL",
        ],
        &["acpiapic_mp", "acpiapic_up"],
        (0x3D6D_D5AE, 127_872),
        (0x4802_517F, 131_840),
    ),
    row(
        [
            "acpiapic_mp",
            "halmacpi.dll",
            "ACPI 1.0 - APIC platform MP",
            "ACPI Multiprocessor PC",
            "ACPIAPIC_MP_HAL",
        ],
        &["acpiapic_mp"],
        (0x3D6D_D5AE, 129_920),
        (0x4802_517F, 134_400),
    ),
    row(
        [
            "mps_up",
            "halapic.dll",
            "UP MPS 1.4 - APIC platform",
            "MPS Uniprocessor PC",
            "MPS_UP_HAL",
        ],
        &["mps_mp", "mps_up"],
        (0x3D6D_D5AE, 146_560),
        (0x4802_517F, 150_528),
    ),
    row(
        [
            "mps_mp",
            "halmps.dll",
            "MPS 1.4 - APIC platform",
            "MPS Multiprocessor PC",
            "MPS_MP_HAL",
        ],
        &["mps_mp"],
        (0x3D6D_D5B1, 148_352),
        (0x4802_5183, 152_576),
    ),
    row(
        [
            "syspro_mp",
            "halsp.dll",
            "SystemPro or compatible MP Hal",
            "Compaq SystemPro Multiprocessor or 100% Compatible",
            "SYSPRO_MP_HAL",
        ],
        &["syspro_mp"],
        (0x3B7D_831D, 76_416),
        (0x4802_5183, 77_696),
    ),
    // Of 2000; its time stamp and length are those of SP4, its ids were not
    // seen.
    row(
        [
            "sgi_mps_mp",
            "halborg.dll",
            "SGI HAL",
            "Silicon Graphics Visual Workstation",
            "SGIBORG_MP_HAL",
        ],
        &[],
        (0x3E25_B981, 148_960),
        (0x3E25_B981, 148_960),
    ),
];

fn hal_row(id: &str) -> &'static HalRow {
    let found = HALS.iter().find(|row| row.id == id);
    found.unwrap_or_else(|| panic!("no HAL `{id}`"))
}

/// The ids of the HALs of x86.
pub fn hal_ids() -> impl Iterator<Item = &'static str> {
    HALS.iter().map(|row| row.id)
}

/// The name on the media of the HAL with this id.
pub fn hal_media(id: &str) -> &'static str {
    hal_row(id).media
}

/// The parts of a HAL of x86, to be changed before it is built.
pub fn hal_parts(id: &str, version: [u16; 4]) -> Pe {
    let row = hal_row(id);
    let (time_date_stamp, len) = match version {
        XP_SP1 => row.sp1,
        XP_SP3 => row.sp3,
        // A hotfix: in nobody's list.
        _ => (0x4500_0000, 140_000),
    };
    let stem = row.media.trim_end_matches(".dll");
    let lead = vec![0xCC; 64];
    // The name twice, as the HALs have it; the ids in UTF-16 only.
    let text = [lead.clone(), narrow(row.name), lead.clone()].concat();
    let ids: Vec<u8> = row.ids.iter().flat_map(|id| wide(id)).collect();
    Pe {
        machine: X86,
        dll: true,
        time_date_stamp,
        version: Some(Version::of_windows(
            version,
            row.media,
            "Hardware Abstraction Layer DLL",
        )),
        pdb: Some(format!("{stem}.pdb")),
        sections: [
            text,
            [lead.clone(), ids].concat(),
            [lead, wide(row.name)].concat(),
        ],
        len: Some(len),
        ..Pe::default()
    }
}

/// The parts of the HAL of x64.
pub fn x64_hal_parts(version: [u16; 4]) -> Pe {
    let (time_date_stamp, len) = match version {
        SERVER_2003_SP2 => (0x45D6_929B, 279_040),
        _ => (0x4500_0000, 280_000),
    };
    let name = "ACPI x64 platform";
    Pe {
        machine: AMD64,
        dll: true,
        time_date_stamp,
        version: Some(Version::of_windows(
            version,
            "hal.dll",
            "Hardware Abstraction Layer DLL",
        )),
        pdb: Some("hal.pdb".to_owned()),
        sections: [
            narrow(name),
            [wide("acpiapic_mp"), wide("acpiapic_up")].concat(),
            wide(name),
        ],
        len: Some(len),
        ..Pe::default()
    }
}

/// The parts of a kernel, by its name on the media.
pub fn kernel_parts(media: &str, machine: u16, version: [u16; 4]) -> Pe {
    let time_date_stamp = match (media, machine, version) {
        ("ntoskrnl.exe", X86, XP_SP3) => 0x4802_5EAB,
        ("ntkrnlmp.exe", X86, XP_SP3) => 0x4802_5DE7,
        ("ntkrnlpa.exe" | "ntkrpamp.exe", X86, XP_SP3) => 0x4802_516A,
        ("ntoskrnl.exe", AMD64, SERVER_2003_SP2) => 0x45D6_9A26,
        ("ntkrnlmp.exe", AMD64, SERVER_2003_SP2) => 0x45D6_9AB4,
        _ => 0x4500_0000,
    };
    let stem = media.trim_end_matches(".exe");
    Pe {
        machine,
        time_date_stamp,
        version: Some(Version::of_windows(version, media, "NT Kernel & System")),
        pdb: Some(format!("{stem}.pdb")),
        ..Pe::default()
    }
}

/// A cabinet with these files.
pub fn cabinet(files: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut builder = cab::CabinetBuilder::new();
    let folder = builder.add_folder(cab::CompressionType::MsZip);
    for (name, _) in files {
        folder.add_file(*name);
    }
    let made = builder.build(Cursor::new(Vec::new()));
    let mut writer = made.unwrap_or_else(|error| panic!("cabinet: {error}"));
    let mut contents = files.iter();
    loop {
        match writer.next_file() {
            Ok(Some(mut file)) => {
                let content = contents.next().map(|(_, content)| content.as_slice());
                file.write_all(content.unwrap_or_default())
                    .unwrap_or_else(|error| panic!("cabinet: {error}"));
            }
            Ok(None) => break,
            Err(error) => panic!("cabinet: {error}"),
        }
    }
    let done = writer.finish();
    done.unwrap_or_else(|error| panic!("cabinet: {error}"))
        .into_inner()
}

/// An image to be made.
#[derive(Clone, Debug)]
pub struct Nt5 {
    /// What its SOFTWARE hive says it is.
    pub windows: Windows,
    /// Its files, by path with slashes.
    pub files: BTreeMap<String, Vec<u8>>,
    /// The SYSTEM hive that it is made around; a small one where there is none.
    pub system: Option<Vec<u8>>,
    /// What is written into its SYSTEM hive.
    pub values: Vec<(String, &'static str, Data)>,
    /// What is deleted from it before.
    pub deleted_keys: Vec<String>,
}

/// Where the class of computers stands.
pub const CLASS: &str = "{4D36E966-E325-11CE-BFC1-08002BE10318}";
/// Its control set.
pub(crate) const SET: &str = "ControlSet001";

impl Nt5 {
    /// XP SP3 with the HAL of this id, its kernels and its registry.
    pub fn x86(id: &str) -> Nt5 {
        let mut image = Nt5::bare(Windows::new(5, 1, 2600), "x86");
        image.number(&format!("{SET}\\Control\\Windows"), "CSDVersion", 0x300);
        image.put_hal(id, XP_SP3);
        image.put_kernels(id.ends_with("_mp"), XP_SP3);
        image.put_registry(id);
        image.put(
            "boot.ini",
            b"[boot loader]\r\ntimeout=30\r\ndefault=multi(0)disk(0)rdisk(0)partition(1)\\WINDOWS\r\n\
              [operating systems]\r\nmulti(0)disk(0)rdisk(0)partition(1)\\WINDOWS=\
              \"Microsoft Windows XP Professional\" /noexecute=optin /fastdetect\r\n",
        );
        image.put("Windows/Inf/hal.inf", hal_inf().as_bytes());
        image
    }

    /// XP x64 SP2, for one processor or several.
    pub fn x64(several: bool) -> Nt5 {
        let mut image = Nt5::bare(Windows::new(5, 2, 3790), "AMD64");
        image.number(&format!("{SET}\\Control\\Windows"), "CSDVersion", 0x200);
        let (id, section, media) = match several {
            false => ("acpiapic_up", "ACPI_AMD64_UP_HAL", "ntoskrnl.exe"),
            true => ("acpiapic_mp", "ACPI_AMD64_MP_HAL", "ntkrnlmp.exe"),
        };
        image.put(
            "Windows/System32/hal.dll",
            &x64_hal_parts(SERVER_2003_SP2).build(),
        );
        let kernel = kernel_parts(media, AMD64, SERVER_2003_SP2).build();
        image.put("Windows/System32/ntoskrnl.exe", &kernel);
        image.put_registry(id);
        let class = format!("{SET}\\Control\\Class\\{CLASS}\\0000");
        image.text(&class, "InfSection", section);
        image
    }

    fn bare(windows: Windows, architecture: &'static str) -> Nt5 {
        let environment = format!("{SET}\\Control\\Session Manager\\Environment");
        Nt5 {
            windows,
            files: BTreeMap::new(),
            system: None,
            values: vec![
                ("Select".to_owned(), "Default", Data::Dword(1)),
                ("Select".to_owned(), "Current", Data::Dword(1)),
                (
                    environment,
                    "PROCESSOR_ARCHITECTURE",
                    Data::Sz(architecture),
                ),
                ("Setup".to_owned(), "CmdLine", Data::Sz("")),
                ("Setup".to_owned(), "SetupType", Data::Dword(0)),
                ("Setup".to_owned(), "SystemSetupInProgress", Data::Dword(0)),
            ],
            deleted_keys: Vec::new(),
        }
    }

    /// Puts a file.
    pub fn put(&mut self, path: &str, bytes: &[u8]) {
        self.files.insert(path.to_owned(), bytes.to_vec());
    }

    /// Puts a HAL.
    pub fn put_hal(&mut self, id: &str, version: [u16; 4]) {
        self.put("Windows/System32/hal.dll", &hal_parts(id, version).build());
    }

    /// Puts a kernel pair.
    pub fn put_kernels(&mut self, several: bool, version: [u16; 4]) {
        let names = match several {
            false => ["ntoskrnl.exe", "ntkrnlpa.exe"],
            true => ["ntkrnlmp.exe", "ntkrpamp.exe"],
        };
        for (installed, media) in ["ntoskrnl.exe", "ntkrnlpa.exe"].into_iter().zip(names) {
            let path = format!("Windows/System32/{installed}");
            self.put(&path, &kernel_parts(media, X86, version).build());
        }
    }

    /// Puts what Setup and Plug and Play write of a HAL.
    pub fn put_registry(&mut self, id: &str) {
        let row = hal_row(id);
        let acpi = id.starts_with("acpi");
        let device = if acpi { "ACPI_HAL" } else { "PCI_HAL" };
        let key = format!("{SET}\\Enum\\Root\\{device}\\0000");
        self.values
            .push((key.clone(), "HardwareID", Data::Multi(vec![row.id])));
        self.text(&key, "ClassGUID", CLASS);
        self.text(&key, "Class", "Computer");
        self.text(&key, "DeviceDesc", row.description);
        self.text(&key, "Driver", &format!("{CLASS}\\0000"));
        let class = format!("{SET}\\Control\\Class\\{CLASS}\\0000");
        self.text(&class, "MatchingDeviceId", row.id);
        self.text(&class, "InfSection", row.section);
        self.text(&class, "DriverDesc", row.description);
        self.text(&class, "InfPath", "hal.inf");
        if acpi {
            let tree = format!("{SET}\\Enum\\ACPI_HAL\\PNP0C08\\0");
            self.text(&tree, "Service", "ACPI");
            self.number(&format!("{SET}\\Services\\ACPI"), "Start", 0);
        }
    }

    /// Puts a driver cache cabinet with all HALs and kernels of x86.
    pub fn put_cache(&mut self, cabinet_name: &str, version: [u16; 4]) {
        let hals = HALS.iter().filter(|row| !row.ids.is_empty());
        let hals = hals.map(|row| (row.media, hal_parts(row.id, version).build()));
        let names = [
            "ntoskrnl.exe",
            "ntkrnlmp.exe",
            "ntkrnlpa.exe",
            "ntkrpamp.exe",
        ];
        let kernels = names.map(|name| (name, kernel_parts(name, X86, version).build()));
        let files: Vec<(&str, Vec<u8>)> = hals.chain(kernels).collect();
        let path = format!("Windows/Driver Cache/i386/{cabinet_name}");
        self.put(&path, &cabinet(&files));
    }

    /// Sets a text in the SYSTEM hive.
    pub fn text(&mut self, key: &str, name: &'static str, text: &str) {
        let data = Data::Text(text.to_owned());
        self.values.push((key.to_owned(), name, data));
    }

    /// Sets a number in the SYSTEM hive.
    pub fn number(&mut self, key: &str, name: &'static str, number: u32) {
        self.values
            .push((key.to_owned(), name, Data::Dword(number)));
    }

    /// Makes it wait for mini-setup.
    pub fn sysprepped(&mut self) {
        self.text("Setup", "CmdLine", "setup.exe -newsetup -mini");
        self.number("Setup", "SetupType", 1);
        self.number("Setup", "SystemSetupInProgress", 1);
        self.number("Setup", "MiniSetupInProgress", 1);
        self.put(
            "Sysprep/sysprep.inf",
            b"[Unattended]\r\nOemSkipEula=Yes\r\n",
        );
    }

    /// The SYSTEM hive.
    pub fn system_hive(&self) -> Vec<u8> {
        let base = match &self.system {
            Some(bytes) => bytes.clone(),
            None => image::hive("SYSTEM", &[]),
        };
        let mut hive = Hive::open(base).unwrap_or_else(|error| panic!("SYSTEM: {error}"));
        for key in &self.deleted_keys {
            let _ = hive
                .delete_key(key, image::NOW)
                .unwrap_or_else(|error| panic!("{key}: {error}"));
        }
        for (key, name, data) in &self.values {
            image::set(&mut hive, key, name, data);
        }
        hive.into_bytes()
    }

    /// Writes it below `root`.
    pub fn write(&self, root: &Path) {
        let put = |path: &str, bytes: &[u8]| {
            let path = root.join(path);
            let parent = path.parent().unwrap_or(root);
            fs::create_dir_all(parent)
                .and_then(|()| fs::write(&path, bytes))
                .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        };
        put("Windows/System32/config/SYSTEM", &self.system_hive());
        put(
            "Windows/System32/config/SOFTWARE",
            &image::software(&self.windows),
        );
        for (path, bytes) in &self.files {
            put(path, bytes);
        }
    }
}

/// The model lines of `hal.inf`: which section takes which ids.
fn hal_inf() -> String {
    let mut text = "[Version]\r\nSignature=\"$Windows NT$\"\r\nClass=Computer\r\n\
                    ClassGuid={4D36E966-E325-11CE-BFC1-08002BE10318}\r\nProvider=Example\r\n\
                    [Manufacturer]\r\nGeneric=Generic\r\n[Generic]\r\n"
        .to_owned();
    for row in HALS.iter().filter(|row| !row.ids.is_empty()) {
        let (section, id) = (row.section, row.id.to_uppercase());
        text.push_str(&format!("\"{}\" = {section}, {id}\r\n", row.description));
    }
    text
}
